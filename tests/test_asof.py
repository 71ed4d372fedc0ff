"""What is shown for an actor on a topic on a day: which position, why it is shown, and in what words."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from stances.asof import board, reporter_words, years_after
from stances.models import Stance, Statement
from stances.tree import TopicTree
from stances.vocabulary import Status
from tests.factories import (
    AffiliationFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    PublicationFactory,
    StanceFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]
DAY = dt.date(2024, 6, 1)


@pytest.fixture
def government():
    return GovernmentFactory(slug="aldoria")


@pytest.fixture
def topic():
    return TopicFactory(slug="sharing", name="Sharing", short_name="Sharing")


def say(actor, topic, date, position=2, **kwargs):
    return StanceFactory(actor=actor, topic=topic, statement__date=date, position=position, **kwargs)


def shown(actor, topic, day=DAY):
    tree = TopicTree.load()
    return board(tree, day, actors=[actor.pk], topics=[tree.by_id[topic.pk]]).shown(actor.pk, tree.by_id[topic.pk])


def test_nothing_recorded_shows_nothing(government, topic):
    assert shown(government, topic) is None


def test_own_position_is_solid(government, topic):
    say(government, topic, "2024-02-13")
    it = shown(government, topic)
    assert (it.reason, it.hollow, it.words) == ("own", False, "for")


def test_own_position_comes_before_a_newer_reported_one(government, topic):
    say(government, topic, "2024-02-13", 2)
    say(government, topic, "2024-03-01", -2, attribution="reported")
    assert shown(government, topic).reason == "own"


def test_reported_position_is_hollow_and_names_the_publication(government, topic):
    paper = PublicationFactory(name="Halvik Post")
    say(government, topic, "2024-02-13", attribution="reported", statement__speaker=paper)
    it = shown(government, topic)
    assert it.hollow
    assert it.heard
    assert it.by == "reported by Halvik Post, 13 Feb 2024"


def test_reported_position_comes_before_an_own_one_on_the_wider_topic(government, topic):
    child = TopicFactory(parent=topic)
    say(government, topic, "2024-02-13", 2)
    say(government, child, "2024-02-13", -2, attribution="reported")
    assert shown(government, child).reason == "reported"


def test_nearest_wider_topic_with_own_words_is_shown_hollow(government, topic):
    middle = TopicFactory(parent=topic, name="Tools in general")
    leaf = TopicFactory(parent=TopicFactory(parent=middle))
    say(government, topic, "2024-02-13", 2)
    say(government, middle, "2024-02-14", -2)
    it = shown(government, leaf)
    assert (it.reason, it.value, it.by) == ("wider", -2, "on tools in general")


def test_what_others_report_on_the_wider_topic_is_not_shown(government, topic):
    say(government, topic, "2024-02-13", attribution="reported")
    assert shown(government, TopicFactory(parent=topic)) is None


def test_unnamed_source_is_named_with_the_publication_that_printed_it(government, topic):
    someone = PersonFactory(name="Unnamed official")
    paper = PublicationFactory(name="Halvik Post")
    say(
        government,
        topic,
        "2024-02-13",
        attribution="reported",
        statement__speaker=someone,
        statement__authority="unnamed",
        statement__source__publisher=paper,
    )
    assert shown(government, topic).reporter == "Halvik Post (unnamed official)"


def test_state_media_are_named_as_such(government, topic):
    paper = PublicationFactory(name="Gazette")
    say(
        government,
        topic,
        "2024-02-13",
        attribution="reported",
        statement__speaker=paper,
        statement__authority="state_media",
    )
    assert shown(government, topic).reporter == "Gazette (state media)"


def test_stated_once(government, topic):
    say(government, topic, "2024-02-13")
    assert shown(government, topic).record == "stated once"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("2024-02-13", "held in 3 statements since 13 February 2024"),
        ("2024-02", "held in 3 statements since February 2024"),
        ("2023", "held in 3 statements since 2023"),
        ("2024-02-01/2024-02-07", "held in 3 statements since 1 to 7 February 2024"),
        ("../2024-02-13", "held in 3 statements, the first before 13 February 2024"),
    ],
)
def test_held_counts_the_opener_and_its_confirmations(government, topic, first, words):
    for date in (first, "2024-03-01", "2024-04-01"):
        say(government, topic, date)
    assert shown(government, topic).record == words


def test_passed_over_statement_of_the_same_day_does_not_count(government, topic):
    say(government, topic, "2024-02-13", statement__authority="head")
    say(government, topic, "2024-02-13", statement__authority="official")
    assert shown(government, topic).statements == 1


@pytest.mark.parametrize(
    ("day", "words"),
    [(dt.date(2026, 2, 13), "stated once"), (dt.date(2026, 2, 14), "last stated in 2024")],
)
def test_after_two_years_it_is_last_stated_in_its_year(government, topic, day, words):
    say(government, topic, "2024-02-13")
    assert shown(government, topic, day).record == words


def test_two_years_after_29_february_is_the_28th():
    assert years_after(dt.date(2024, 2, 29), 2) == dt.date(2026, 2, 28)


@pytest.mark.parametrize(
    ("date", "words"),
    [("../2024-02-13", "last stated before 13 February 2024"), ("2024-02", "last stated in 2024")],
)
def test_old_date_known_in_part_is_told_so(government, topic, date, words):
    say(government, topic, date)
    assert shown(government, topic, dt.date(2027, 1, 1)).old == words


def test_stated_under_a_head_who_left_names_that_head_short_of_two_years_too(government, topic):
    AffiliationFactory(
        actor=PersonFactory(name="Ada Low"), of=government, title="Prime Minister", authority="head", end="2024-05-01"
    )
    say(government, topic, "2024-02-13")
    assert shown(government, topic).record == "last stated in 2024, under Prime Minister Ada Low"


@pytest.mark.parametrize(
    "office",
    [
        {"end": "2024-06-02"},
        {"start": "2024-02-14", "end": "2024-05-01"},
        {"end": "2024-02-13"},
        {"end": "2024-05-01", "authority": "minister"},
        {},
    ],
)
def test_no_earlier_head_is_named_unless_one_held_then_and_has_ended(government, topic, office):
    AffiliationFactory(of=government, title="Prime Minister", **{"authority": "head", **office})
    say(government, topic, "2024-02-13")
    assert shown(government, topic).record == "stated once"


@pytest.mark.parametrize(("date", "under"), [("2024-04", "Ada Low"), ("2024", ""), ("../2024-04-30", "")])
def test_an_earlier_head_is_named_who_held_on_all_the_days_of_a_date(government, topic, date, under):
    ada, ben = PersonFactory(name="Ada Low"), PersonFactory(name="Ben Orr")
    AffiliationFactory(actor=ada, of=government, authority="head", end="2024-10-01")
    AffiliationFactory(actor=ben, of=government, authority="head", start="2024-10-01", end="2025-01-01")
    say(government, topic, date)
    head = shown(government, topic, dt.date(2025, 2, 1)).head
    assert (head.name if head else "") == under


@pytest.mark.parametrize(("date", "age"), [("2024-02-29", "on this day"), ("2024-02", "by this day")])
def test_what_was_said_in_part_of_a_month_was_said_by_its_last_day(government, topic, date, age):
    say(government, topic, date)
    assert shown(government, topic, dt.date(2024, 2, 29)).age == age


def test_head_who_holds_another_office_now_is_no_earlier_one(government, topic):
    ada = PersonFactory()
    AffiliationFactory(actor=ada, of=government, title="President", authority="head", end="2024-05-01")
    AffiliationFactory(actor=ada, of=government, title="Prime Minister", authority="head", start="2024-05-01")
    say(government, topic, "2024-02-13")
    assert shown(government, topic).old == ""


def test_condition_is_said_where_the_words_stand_in_the_quotation(government, topic):
    say(
        government,
        topic,
        "2024-02-13",
        1,
        terms="scope",
        condition="step by step",
        statement__quote="Yes, step by step",
    )
    assert shown(government, topic).condition_said
    other = TopicFactory()
    say(government, other, "2024-02-13", 1, terms="scope", condition="in steps", statement__quote="Yes, step by step")
    assert not shown(government, other).condition_said


def test_condition_is_not_said_across_a_gap_of_the_quotation(government, topic):
    say(government, topic, "2024-02-13", 1, terms="scope", condition="a … b", statement__quote="a … b")
    assert not shown(government, topic).condition_said


def test_group_speaks_for_its_member(government, topic):
    say(government, topic, "2024-02-13", statement__speaker=GroupFactory(name="The Pact"), statement__authority="act")
    assert shown(government, topic).by == "The Pact, 13 Feb 2024"


def test_queries_do_not_grow_with_actors_and_topics(topic):
    def queries() -> int:
        tree = TopicTree.load()
        from stances.models import Actor

        governments = list(Actor.objects.governments().values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as captured:
            found = board(tree, DAY, actors=governments, topics=tree)
            assert [(cell.by, cell.record, cell.reporter) for cell in found.cells.values()]
        return len(captured)

    say(GovernmentFactory(), topic, "2024-02-13")
    few = queries()
    for _ in range(5):
        government, child = GovernmentFactory(), TopicFactory(parent=topic)
        AffiliationFactory(of=government, authority="head", end="2024-05-01")
        for date in ("2024-02-13", "2024-03-13"):
            say(government, child, date)
            say(government, child, date, attribution="reported")
    assert queries() == few == 5  # of a new tree


days = st.integers(0, 24).map(lambda n: dt.date(2024, 1, 1) + dt.timedelta(days=n))
dates = st.one_of(
    days.map(str),
    days.map(lambda day: f"../{day}"),
    st.tuples(days, days).map(lambda pair: "/".join(str(day) for day in sorted(pair))),
)
said = st.tuples(
    dates,
    st.sampled_from([-2, -1, 0, 1, 2]),
    st.sampled_from(["own", "own", "reported"]),
    st.integers(0, 2),
    st.sampled_from(["head", "minister", "official"]),
    st.booleans(),
)


@settings(max_examples=25)
@given(statements=st.lists(said, min_size=1, max_size=7), day=days)
def test_a_day_shows_what_it_would_show_had_nothing_been_said_later(django_db_blocker, statements, day):
    from django.db import transaction

    with transaction.atomic():
        root = TopicFactory(name="Root")
        topics = [root, TopicFactory(parent=root), TopicFactory()]
        actor, group, speakers = GovernmentFactory(), GroupFactory(), [PersonFactory(), PersonFactory()]
        for date, position, voice, place, authority, together in statements:
            say(
                actor,
                topics[place],
                date,
                position,
                attribution=voice,
                statement__authority=authority,
                statement__speaker=group if together else speakers[place % 2],
            )

        def all_shown():
            tree = TopicTree.load()
            found = board(tree, day, actors=[actor.pk], topics=tree)
            cells = [found.shown(actor.pk, topic) for topic in tree]
            return [
                it
                and (
                    it.reason,
                    it.value,
                    it.terms,
                    it.since,
                    it.statements,
                    it.latest.pk,
                    it.began,
                    it.record,
                    it.by,
                )
                for it in cells
            ], [it and it.latest.colleagues_differ for it in cells]

        before = all_shown()
        later = Statement.objects.filter(latest__gt=day)
        later.update(status=Status.DRAFT, published_at=None)
        assert not Stance.objects.public().filter(stated_on__gt=day).exists()
        assert all_shown() == before
        transaction.set_rollback(True)


@pytest.mark.parametrize(("name", "words"), [("Unnamed official", "unnamed official"), ("US official", "US official")])
def test_an_unnamed_speaker_keeps_the_letters_of_a_name(name, words):
    assert reporter_words(name, "person", "unnamed", "Halvik Post") == f"Halvik Post ({words})"


def test_a_figure_calls_no_reports_of_others_a_change(client, government, topic):
    for date, position in (("2024-01-01", 2), ("2024-02-01", -2)):
        say(government, topic, date, position, attribution="reported", statement__authority="independent")
    page = client.get(f"/actors/{government.slug}/").content.decode()
    assert "1 Feb 2024: against, reported by" in page
    assert "(reversal)" not in page
