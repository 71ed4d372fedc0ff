"""Warnings about statements: each kind where it should come and where it should not, and their dismissal."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stances import warnings
from stances.models import Dismissal, Source, Statement
from stances.vocabulary import Status, Voice
from stances.warnings import Code, warnings_of
from tests.factories import (
    AffiliationFactory,
    BodyFactory,
    DismissalFactory,
    GovernmentFactory,
    GroupFactory,
    PublicationFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db


def raised(statement, code=None) -> list[warnings.Warning]:
    return [each for each in warnings_of([statement])[statement.pk] if code in (None, each.code)]


def codes(statement) -> set[str]:
    return {each.code for each in raised(statement)}


@pytest.fixture
def office():
    return AffiliationFactory(actor__name="Jane Minister", of__name="Ruritania")


@pytest.fixture
def fine(office):
    """Make a stance that raises no warning."""
    return StanceFactory(statement__speaker=office.actor, actor=office.of)


def test_a_sound_statement_has_none(fine):
    assert raised(fine.statement) == []


def test_a_retracted_statement_has_none(fine):
    Statement.objects.filter(pk=fine.statement.pk).update(status=Status.RETRACTED, retraction_reason="Wrong.")
    fine.statement.refresh_from_db()
    assert warnings_of([fine.statement]) == {}


# ---- likely a repeat ----

WORDS = "Ruritania will sing together with its neighbours in spring."


def pair(fine, **later):
    """Make a published statement and a draft of much the same words a few days later."""
    fine.statement.summary = WORDS
    fine.statement.save()
    of_it = {
        "speaker": fine.statement.speaker,
        "summary": "In spring, Ruritania is to sing with neighbours.",
        "date": "2024-02-16",
        **later,
    }
    topic = of_it.pop("topic", fine.topic)
    draft = StatementFactory(**of_it)
    StanceFactory(statement=draft, actor=fine.actor, topic=topic)
    return draft


def test_much_the_same_words_a_few_days_later_are_likely_a_repeat(fine):
    draft = pair(fine)
    (warning,) = raised(draft)
    assert (warning.code, warning.about) == (Code.DUPLICATE, fine.statement.key)
    assert warning.link.endswith(f"/{draft.pk}/change/?repeats={fine.statement.pk}")
    assert raised(fine.statement) == []


@pytest.mark.parametrize(
    "other", [{"summary": "Dancing, however, is out of the question."}, {"date": "2024-02-21"}, {"date": "2024-02-05"}]
)
def test_other_words_or_days_are_no_repeat(fine, other):
    draft = pair(fine, **other)
    assert Code.DUPLICATE not in codes(draft) | codes(fine.statement)


def test_what_was_retracted_is_not_repeated(fine):
    draft = pair(fine)
    Statement.objects.filter(pk=fine.statement.pk).update(status=Status.RETRACTED, retraction_reason="Wrong.")
    assert Code.DUPLICATE not in codes(draft)


def test_another_speaker_or_topic_is_no_repeat(fine):
    assert Code.DUPLICATE not in codes(pair(fine, speaker=AffiliationFactory(of=fine.actor).actor))
    assert Code.DUPLICATE not in codes(pair(fine, topic=TopicFactory()))


def test_a_repeat_that_is_marked_as_one_is_not_told_again(fine):
    assert Code.DUPLICATE not in codes(pair(fine, repeats=fine.statement))


def test_words_like_those_of_a_repeat_lead_to_what_it_repeats(fine):
    first = StatementFactory(speaker=fine.statement.speaker, published=True, summary="Quite other words of that day.")
    draft = pair(fine)
    Statement.objects.filter(pk=fine.statement.pk).update(repeats=first)
    assert raised(draft, Code.DUPLICATE)[0].link.endswith(f"?repeats={first.pk}")


def test_the_days_at_the_ends_of_the_calendar_are_days(fine):
    for day in (dt.date.min, dt.date.max):
        Statement.objects.filter(pk=fine.statement.pk).update(earliest=day, latest=day)
        fine.statement.refresh_from_db()
        assert Code.DUPLICATE not in codes(fine.statement)


# ---- who speaks ----


def test_a_minister_without_an_office_on_the_day(fine, office):
    office.start = dt.date(2024, 2, 14)
    office.save()
    assert codes(fine.statement) == {Code.OFFICE, Code.OWN}
    assert "Jane Minister is recorded as minister" in raised(fine.statement, Code.OFFICE)[0].words


def test_an_office_that_held_on_one_of_the_days_is_enough(fine, office):
    office.end = dt.date(2024, 2, 10)
    office.save()
    Statement.objects.filter(pk=fine.statement.pk).update(earliest=dt.date(2024, 2, 1))
    fine.statement.refresh_from_db()
    assert Code.OFFICE not in codes(fine.statement)


@pytest.mark.parametrize("authority", ["independent", "former", "state_media"])
def test_who_claims_no_office_needs_none(authority):
    statement = StatementFactory(authority=authority)
    assert Code.OFFICE not in codes(statement)


@pytest.mark.parametrize("make", [GovernmentFactory, GroupFactory, PublicationFactory])
def test_offices_are_asked_of_persons_and_bodies_alone(make):
    assert Code.OFFICE not in codes(StatementFactory(speaker=make()))
    assert Code.OFFICE in codes(StatementFactory(speaker=BodyFactory()))


def test_own_words_of_one_that_the_speaker_cannot_speak_for(fine):
    stance = StanceFactory(statement=fine.statement, actor__name="Elbonia")
    (warning,) = raised(fine.statement)
    assert (warning.code, warning.about) == (Code.OWN, f"{stance.actor.slug} {stance.topic.slug}")
    assert "does not speak for Elbonia on that day" in warning.words


def test_reported_words_of_one_that_the_speaker_speaks_for(fine):
    fine.attribution = Voice.REPORTED
    fine.save()
    assert codes(fine.statement) == {Code.REPORTED}


def test_an_unnamed_officials_words_are_reported(fine):
    fine.attribution = Voice.REPORTED
    fine.save()
    Statement.objects.filter(pk=fine.statement.pk).update(authority="unnamed")
    fine.statement.refresh_from_db()
    assert codes(fine.statement) == set()


def test_a_group_speaks_for_its_members_alone():
    member = AffiliationFactory(actor=GovernmentFactory(), of=GroupFactory(), authority="", title="member")
    inside = StanceFactory(statement__speaker=member.of, statement__authority="act", actor=member.actor)
    assert raised(inside.statement) == []
    StanceFactory(statement=inside.statement)
    assert codes(inside.statement) == {Code.OWN}


# ---- what is coded ----


def test_a_jump_from_for_to_against(fine):
    StanceFactory(
        statement__speaker=fine.statement.speaker,
        statement__date="2024-01-01",
        actor=fine.actor,
        topic=fine.topic,
        position=-1,
        terms="leaning",
    )
    (warning,) = raised(fine.statement)
    assert (warning.code, warning.words) == (
        Code.JUMP,
        f"Ruritania on {fine.topic.name} goes from has doubts to for: is it so?",
    )


def test_a_step_of_two_is_no_jump(fine):
    StanceFactory(
        statement__speaker=fine.statement.speaker,
        statement__date="2024-01-01",
        actor=fine.actor,
        topic=fine.topic,
        position=0,
    )
    assert raised(fine.statement) == []


def test_a_dismissed_jump_comes_again_where_it_is_another_one(fine):
    before = StanceFactory(
        statement__speaker=fine.statement.speaker,
        statement__date="2024-01-01",
        actor=fine.actor,
        topic=fine.topic,
        position=-1,
    )
    warning = raised(fine.statement)[0]
    DismissalFactory(statement=fine.statement, code=warning.code, about=warning.about)
    assert not raised(fine.statement)[0].is_open
    before.position, before.terms = -2, ""
    before.save()
    assert raised(fine.statement)[0].is_open


@pytest.mark.parametrize(("terms", "warned"), [("proviso", True), ("time", True), ("scope", True), ("leaning", False)])
def test_terms_want_their_condition_in_words(fine, terms, warned):
    fine.position, fine.terms = 1, terms
    fine.save()
    assert codes(fine.statement) == ({Code.CONDITION} if warned else set())
    fine.condition = "once the choir is ready"
    fine.save()
    assert codes(fine.statement) == set()


@pytest.fixture
def child(fine):
    return TopicFactory(parent=fine.topic, name="Singing: Elbonia", candidate=GovernmentFactory(name="Elbonia"))


@pytest.mark.parametrize(
    ("words", "warned"),
    [
        ("Ruritania would sing with Elbonia.", True),
        ("Ruritania would sing with ELBONIA’s choir.", True),
        ("Ruritania would sing with the Land of Mud.", True),
        ("Ruritania would sing with Elbonians.", False),
        ("Ruritania would sing.", False),
    ],
)
def test_a_child_topic_whose_candidate_stands_in_the_words(fine, child, words, warned):
    child.candidate.aliases = "Land of Mud"
    child.candidate.save()
    fine.statement.summary = words
    fine.statement.save()
    assert codes(fine.statement) == ({Code.CHILD} if warned else set())


def test_of_a_direct_quotation_the_words_themselves_count(fine, child):
    statement = fine.statement
    statement.summary, statement.form, statement.quote = "Asked about Elbonia.", "direct", "We sing with anybody"
    statement.save()
    assert codes(statement) == set()


def test_a_child_that_is_coded_too_or_names_who_speaks_is_not_told(fine, child):
    fine.statement.summary = "Ruritania would sing with Elbonia."
    fine.statement.save()
    coded = StanceFactory(statement=fine.statement, actor=fine.actor, topic=child)
    assert codes(fine.statement) == set()
    coded.delete()
    child.candidate = fine.actor
    child.save()
    assert codes(fine.statement) == set()


@pytest.mark.parametrize(
    ("quote", "lost"),
    [
        ("we sing … in spring", ""),
        ("It's spring", ""),
        ("in spring … we sing", "we sing"),
        ("we dance", "we dance"),
    ],
)
def test_a_quotation_is_looked_for_in_the_text_in_order(fine, quote, lost):
    text = "“Perhaps we\u00a0sing,” she said,\n“above all in spring. It’s spring.”"
    Source.objects.filter(pk=fine.statement.source_id).update(text=text)
    fine.statement.form, fine.statement.quote = "direct", quote
    fine.statement.save()
    found = raised(fine.statement)
    assert [warning.code for warning in found] == (["quote"] if lost else [])
    assert all(f"“{lost}”" in warning.words for warning in found)


def test_without_a_text_no_quotation_is_looked_for(fine):
    fine.statement.form, fine.statement.quote = "direct", "we dance"
    fine.statement.save()
    assert raised(fine.statement) == []


def test_a_source_wants_a_date_and_a_publisher(fine):
    Source.objects.filter(pk=fine.statement.source_id).update(published_on=None, publisher=None)
    assert [(each.code, each.about) for each in raised(fine.statement)] == [
        (Code.SOURCE, "date"),
        (Code.SOURCE, "publisher"),
    ]


# ---- dismissed ----


def test_a_dismissed_warning_stays_listed_with_its_word(fine):
    Source.objects.filter(pk=fine.statement.source_id).update(publisher=None)
    dismissal = DismissalFactory(statement=fine.statement, code=Code.SOURCE, about="publisher", word="A leaflet.")
    (warning,) = raised(fine.statement)
    assert (warning.is_open, warning.dismissal) == (False, dismissal)


def test_a_dismissal_is_of_one_statement(fine):
    Source.objects.filter(pk=fine.statement.source_id).update(publisher=None)
    DismissalFactory(code=Code.SOURCE, about="publisher")
    assert raised(fine.statement)[0].is_open


def test_dismissals_go_with_their_draft():
    draft = DismissalFactory().statement
    draft.delete()
    assert not Dismissal.objects.exists()


# ---- cost ----


@pytest.mark.once
def test_more_statements_ask_no_more():
    def cost() -> int:
        rows = list(Statement.objects.all())
        with CaptureQueriesContext(connection) as caught:
            assert len(warnings_of(rows)) == len(rows)
        return len(caught)

    def grow() -> None:
        for number in range(4):
            office = AffiliationFactory(of=AffiliationFactory(actor=BodyFactory(), authority="official").actor)
            parent = TopicFactory()
            TopicFactory(parent=parent, candidate=GovernmentFactory(name="Elbonia"))
            group = AffiliationFactory(actor=office.of, of=GroupFactory(), authority="").of
            text = Source.objects.filter(pk=SourceFactory(publisher=None).pk)
            text.update(text="Said in Elbonia.")
            for speaker in (office.actor, office.actor, group):
                StanceFactory(
                    statement__speaker=speaker,
                    statement__source=text.get(),
                    statement__quote="Said in Elbonia itself",
                    statement__repeats=None,
                    actor=office.of,
                    topic=parent,
                    position=(2, -2)[number % 2],
                )

    grow()
    first = cost()
    grow()
    grow()
    assert cost() == first


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ("", "", 0),
        ("choir", "choir", 0),
        ("choir sings early", "early, the choir sings", 1),
        ("choir sings early songs", "The choir sings late hymns", 0.5),
    ],
)
def test_the_overlap_of_words(one, other, part):
    assert warnings.overlap(warnings.content(one), warnings.content(other)) == part


def test_offsets_that_no_longer_hold_the_quotation_are_told(fine):
    statement = fine.statement
    Source.objects.filter(pk=statement.source_id).update(text="“We sing,” she said.")
    statement.form, statement.quote, statement.start, statement.end = "direct", "We sing", 1, 8
    statement.save()
    assert raised(statement) == []
    Source.objects.filter(pk=statement.source_id).update(text="A line before.\n“We sing,” she said.")
    assert "The quotation is found from 16 to 23" in raised(statement)[0].words
