"""Who may express whose position on a day: the table of the codebook's section 2."""

import datetime as dt

import pytest

from stances.models import Actor, Stance
from stances.vocabulary import Authority
from stances.voices import government_of, suggest
from tests.factories import ActorFactory, AffiliationFactory, StanceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]
OWN = {"head", "act", "minister", "official", "mission"}

#: Slug, kind.
ACTORS = [
    ("land", "government"),
    ("other-land", "government"),
    ("pact", "group"),
    ("ministry", "body"),
    ("embassy", "body"),
    ("company", "body"),
    ("state-news", "publication"),
    ("daily", "publication"),
    ("president", "person"),
    ("minister", "person"),
    ("spokesperson", "person"),
    ("ambassador", "person"),
    ("attache", "person"),
    ("unnamed-official", "person"),
    ("senator", "person"),
    ("former-minister", "person"),
    ("former-minister-at-university", "person"),
    ("former-minister-now-envoy", "person"),
    ("minister-designate", "person"),
    ("adviser", "person"),
    ("professor", "person"),
    ("nobody", "person"),
]

#: Actor, of, authority, first day, end.
AFFILIATIONS = [
    ("land", "pact", "", None, None),
    ("ministry", "land", "official", None, None),
    ("embassy", "land", "mission", None, None),
    ("state-news", "land", "state_media", None, None),
    ("president", "land", "head", None, None),
    ("minister", "land", "minister", "2022-05-01", "2024-03-01"),
    ("minister", "ministry", "minister", "2022-05-01", "2024-03-01"),
    ("spokesperson", "ministry", "official", None, None),
    ("ambassador", "embassy", "mission", None, None),
    ("attache", "embassy", "unnamed", None, None),
    ("unnamed-official", "land", "unnamed", None, None),
    ("senator", "land", "former", None, None),
    ("former-minister", "land", "minister", None, "2023-01-01"),
    ("former-minister-at-university", "land", "minister", None, "2023-01-01"),
    ("former-minister-at-university", "company", "independent", "2023-01-01", None),
    ("former-minister-now-envoy", "other-land", "minister", None, "2023-01-01"),
    ("former-minister-now-envoy", "land", "mission", "2023-01-01", None),
    ("minister-designate", "land", "minister", "2024-06-01", None),
    ("adviser", "land", "independent", None, "2023-01-01"),
    ("professor", "company", "independent", None, None),
]


@pytest.fixture
def world():
    for slug, kind in ACTORS:
        ActorFactory(slug=slug, kind=kind)
    for actor, of, authority, start, end in AFFILIATIONS:
        AffiliationFactory(
            actor=Actor.objects.get(slug=actor),
            of=Actor.objects.get(slug=of),
            title=f"{authority} of {of}",
            authority=authority,
            start=start and dt.date.fromisoformat(start),
            end=end and dt.date.fromisoformat(end),
        )


def suggested(speaker, actor, day="2024-02-13"):
    suggestion = suggest(Actor.objects.get(slug=speaker), Actor.objects.get(slug=actor), dt.date.fromisoformat(day))
    through = [f"{link.actor.slug} of {link.of.slug}" for link in suggestion.through]
    return f"{suggestion.authority}, {suggestion.attribution}", through


#: Speaker, actor, what is suggested, and the affiliations that it rests on.
SUGGESTED = [
    # the government's own voice
    ("president", "land", "head, own", ["president of land"]),
    ("minister", "land", "minister, own", ["minister of land"]),
    ("ministry", "land", "official, own", ["ministry of land"]),
    ("spokesperson", "land", "official, own", ["spokesperson of ministry", "ministry of land"]),
    ("embassy", "land", "mission, own", ["embassy of land"]),
    ("ambassador", "land", "mission, own", ["ambassador of embassy", "embassy of land"]),
    ("former-minister-now-envoy", "land", "mission, own", ["former-minister-now-envoy of land"]),
    ("pact", "land", "act, own", ["land of pact"]),
    ("land", "land", "official, own", []),
    # reported, though they belong to it
    ("unnamed-official", "land", "unnamed, reported", ["unnamed-official of land"]),
    ("attache", "land", "unnamed, reported", ["attache of embassy", "embassy of land"]),
    ("state-news", "land", "state_media, reported", ["state-news of land"]),
    ("senator", "land", "former, reported", ["senator of land"]),
    # reported, for the affiliation does not hold on the day
    ("former-minister", "land", "former, reported", []),
    ("former-minister-at-university", "land", "former, reported", []),
    ("former-minister-now-envoy", "other-land", "mission, reported", []),
    ("minister-designate", "land", "independent, reported", []),
    ("adviser", "land", "independent, reported", []),
    # reported, for they belong elsewhere
    ("president", "other-land", "head, reported", []),
    ("minister", "other-land", "minister, reported", []),
    ("embassy", "other-land", "mission, reported", []),
    ("state-news", "other-land", "state_media, reported", []),
    ("land", "other-land", "official, reported", []),
    ("pact", "other-land", "act, reported", []),
    ("company", "land", "independent, reported", []),
    ("daily", "land", "independent, reported", []),
    ("daily", "pact", "independent, reported", []),
    ("professor", "land", "independent, reported", []),
    ("nobody", "land", "independent, reported", []),
    # a member does not speak for its group, nor one member for another
    ("land", "pact", "official, reported", []),
    ("minister", "pact", "minister, reported", []),
    # for themselves
    ("pact", "pact", "act, own", []),
    ("minister", "minister", "minister, own", []),
    ("state-news", "state-news", "state_media, own", []),
    ("daily", "daily", "independent, own", []),
    ("company", "company", "independent, own", []),
    ("senator", "senator", "former, own", []),
    ("former-minister", "former-minister", "former, own", []),
    ("nobody", "nobody", "independent, own", []),
    # for the body in between
    ("spokesperson", "ministry", "official, own", ["spokesperson of ministry"]),
    ("professor", "company", "independent, reported", ["professor of company"]),
]


def test_who_speaks_for_whom(world):
    found = [(speaker, actor, *suggested(speaker, actor)) for speaker, actor, *_ in SUGGESTED]
    assert found == SUGGESTED


def test_an_office_holds_from_its_first_day_to_the_day_before_its_end(world):
    days = {
        "2022-04-30": "independent, reported",
        "2022-05-01": "minister, own",
        "2024-02-29": "minister, own",
        "2024-03-01": "former, reported",
    }
    assert {day: suggested("minister", "land", day)[0] for day in days} == days


@pytest.mark.parametrize("authority", Authority)
def test_five_authorities_are_the_own_voice(authority):
    office = AffiliationFactory(authority=authority)
    suggestion = suggest(office.actor, office.of, dt.date(2024, 2, 13))
    assert suggestion.authority == authority
    assert (suggestion.attribution == "own") is (authority in OWN)


def test_of_several_offices_the_highest_speaks():
    low = AffiliationFactory(authority="official")
    AffiliationFactory(actor=low.actor, of=low.of, title="Foreign Minister", authority="minister")
    assert suggest(low.actor, low.of, dt.date(2024, 2, 13)).authority == "minister"


def test_an_own_voice_comes_before_a_reported_one():
    reported = AffiliationFactory(authority="unnamed")
    AffiliationFactory(actor=reported.actor, of=reported.of, title="Attaché", authority="mission")
    assert suggest(reported.actor, reported.of, dt.date(2024, 2, 13)).attribution == "own"


def test_later_affiliations_change_no_stance():
    stance = StanceFactory()
    AffiliationFactory(actor=stance.statement.speaker, of=stance.actor, authority="unnamed")
    stance.refresh_from_db()
    assert (stance.attribution, stance.authority) == ("own", "minister")
    assert Stance.objects.get() == stance


def test_the_cost_does_not_grow_with_affiliations(world, django_assert_max_num_queries):
    speaker, land = Actor.objects.get(slug="spokesperson"), Actor.objects.get(slug="land")
    for _ in range(10):
        AffiliationFactory(actor=speaker)
    with django_assert_max_num_queries(5):
        assert suggest(speaker, land, dt.date(2024, 2, 13)).attribution == "own"


def test_the_government_that_a_speaker_expresses_is_known(world):
    expressed = {
        "president": "land",
        "spokesperson": "land",
        "land": "land",
        "pact": None,
        "attache": None,
        "former-minister": None,
        "professor": None,
    }
    day = dt.date(2024, 2, 13)
    found = {speaker: government_of(Actor.objects.get(slug=speaker), day) for speaker in expressed}
    assert {speaker: government and government.slug for speaker, government in found.items()} == expressed
