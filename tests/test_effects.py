"""What publishing and retracting will do, told before it is done."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from stances import effects
from stances.models import Position, Stance, Statement
from stances.vocabulary import Status, wording
from stances.wording import day_words
from tests.factories import (
    ActorFactory,
    EditorFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)
from tests.test_positions import STATEMENTS

pytestmark = pytest.mark.django_db


class Series:
    """Stances of one actor on one topic, written as they are said."""

    def __init__(self):
        self.actor = GovernmentFactory(name="Australia")
        self.topic = TopicFactory(name="Membership")

    def __call__(self, date, position, terms="", *, status=Status.PUBLISHED, attribution="own", **statement):
        row = StatementFactory(date=date, status=status, source__published_on=dt.date(2024, 12, 31), **statement)
        StanceFactory(
            statement=row,
            actor=self.actor,
            topic=self.topic,
            position=position,
            terms=terms,
            attribution=attribution,
        )
        return row


@pytest.fixture
def said():
    return Series()


def publishing(*rows) -> list[str]:
    return [line for prospect in effects.of_publishing(rows) for line in prospect.lines]


def retracting(*rows) -> list[str]:
    return [line for prospect in effects.of_retracting(rows) for line in prospect.lines]


# ---- publishing ----


def test_the_first_words_are_the_first_record(said):
    assert publishing(said("2024-02-13", 2, status="submitted")) == [
        "is the first record of Australia on Membership: for"
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ((-1, "time"), (1, "time"), "from not now (since 9 April 2024) to for, later: a reversal"),
        ((0, ""), (2, ""), "from undecided (since 9 April 2024) to for: a shift"),
        ((2, ""), (1, "scope"), "from for (since 9 April 2024) to for, in part: other terms on the same side"),
    ],
)
def test_a_change_tells_from_what_to_what_and_of_which_kind(said, before, after, kind):
    said("2024-04-09", *before)
    assert publishing(said("2024-05-01", *after, status="submitted")) == [f"moves Australia on Membership {kind}"]


def test_the_same_words_on_another_day_confirm(said):
    said("2024-02-13", 1, "time")
    assert publishing(said("2024-05-01", 1, "time", status="submitted")) == [
        "confirms Australia on Membership: for, later (since 13 February 2024)"
    ]


def test_one_of_lower_authority_is_overruled_on_its_day(said):
    said("2024-02-13", 2, key="chief", authority="head")
    assert publishing(said("2024-02-13", -2, status="submitted")) == [
        "is overruled by chief of the same day (a higher authority comes first): "
        "Australia on Membership is for (since 13 February 2024)"
    ]


def test_one_of_higher_authority_overrules_another_of_its_day(said):
    said("2024-01-01", 2)
    said("2024-02-13", -2, key="aide", authority="official")
    assert publishing(said("2024-02-13", 0, status="submitted", authority="head")) == [
        "moves Australia on Membership from for (since 1 January 2024) to undecided: a shift; "
        "overrules aide of the same day (a higher authority comes first)"
    ]


def test_earlier_words_enter_the_past_and_leave_the_last_position(said):
    said("2024-01-01", 2)
    said("2024-05-01", -2)
    assert publishing(said("2024-04-09", 0, status="submitted")) == [
        "enters the past: Australia on Membership undecided from 9 April 2024 until 1 May 2024, instead of for; "
        "what follows, against since 1 May 2024, is then a shift; "
        "the last recorded position is against (since 1 May 2024)"
    ]


def test_the_same_words_earlier_begin_the_position_earlier(said):
    said("2024-05-01", 2)
    assert publishing(said("2024-01-01", 2, status="submitted")) == [
        "is the earliest record of Australia on Membership: for, now from 1 January 2024"
    ]


def test_undated_earlier_words_count_for_nothing(said):
    said("2024-02-13", 2)
    assert "counts for nothing (undated earlier words" in publishing(said("../2024-03-01", -2, status="submitted"))[0]


def test_dated_words_take_the_place_of_undated_ones(said):
    said("../2024-02-13", 2, key="undated")
    assert publishing(said("2024-02-13", -2, status="submitted"))[0].startswith(
        "has Australia on Membership read against (since 13 February 2024) in place of for (since 13 February 2024); "
        "undated counts no longer"
    )


def test_a_repeat_counts_for_nothing(said):
    first = said("2024-02-13", 2, key="first")
    assert publishing(said("2024-02-13", 2, status="submitted", repeats=first)) == [
        "counts for nothing, as it repeats first: Australia on Membership"
    ]


def test_reported_words_are_told_as_such(said):
    said("2024-02-13", 2)
    assert publishing(said("2024-03-13", -2, status="submitted", attribution="reported")) == [
        "is the first record of Australia, as reported, on Membership: against"
    ]


def test_those_that_are_published_together_count_together(said):
    rows = [said("2024-02-13", 2, status="submitted"), said("2024-03-13", -2, status="submitted")]
    assert publishing(*rows)[1].startswith("moves Australia on Membership from for (since 13 February 2024)")


# ---- retracting ----


def test_the_only_words_leave_no_position(said):
    assert retracting(said("2024-02-13", 2)) == ["leaves Australia on Membership without a recorded position"]


def test_the_last_words_move_the_position_back(said):
    said("2024-02-13", 2)
    assert retracting(said("2024-03-13", -2)) == [
        "moves Australia on Membership back from against (since 13 March 2024) to for (since 13 February 2024)"
    ]


def test_a_confirmation_is_taken_away(said):
    said("2024-02-13", 2)
    assert retracting(said("2024-03-13", 2)) == [
        "takes a confirmation from Australia on Membership: for (since 13 February 2024), stated once"
    ]


def test_the_opening_words_have_the_position_count_from_later(said):
    first = said("2024-02-13", 2)
    said("2024-03-13", 2)
    assert retracting(first) == [
        "has Australia on Membership count as for since 13 March 2024, not since 13 February 2024"
    ]


def test_words_of_the_past_change_the_history_alone(said):
    said("2024-01-01", 2)
    middle = said("2024-02-01", 0)
    said("2024-03-01", 2)
    assert retracting(middle) == [
        "changes the history of Australia on Membership, which then reads: for since 1 January 2024"
    ]


def test_words_that_were_passed_over_change_nothing(said):
    said("2024-02-13", 2, authority="head")
    assert retracting(said("2024-02-13", -2)) == ["changes no position of Australia on Membership"]


def test_a_published_repeat_takes_the_place(said):
    first = said("2024-02-13", 2)
    said("2024-02-13", 2, key="again", repeats=first)
    assert retracting(first) == [
        "changes no position of Australia on Membership; again, which repeats it, "
        "takes its place, and the words go on counting"
    ]


def test_a_retracted_repeat_changes_nothing(said):
    first = said("2024-02-13", 2, key="first")
    assert retracting(said("2024-02-13", 2, repeats=first)) == [
        "changes no position, as it repeats first: Australia on Membership"
    ]


# ---- what is told is what comes ----


def world(given):
    """Write statements of two actors on two topics, the later half submitted and not yet published."""
    actors, topics = GovernmentFactory.create_batch(2), TopicFactory.create_batch(2)
    speakers = [ActorFactory(kind="person"), ActorFactory(kind="group"), ActorFactory(kind="person")]
    source = SourceFactory(publisher=None, published_on=dt.date(2024, 3, 1))
    made: list[Statement] = []
    for number, one in enumerate(given):
        public = number < len(given) // 2
        firsts = [row for row in made if row.is_public and row.repeats_id is None]
        repeats = None if one["repeats"] is None or not firsts else firsts[one["repeats"] % len(firsts)]
        made.append(
            Statement(
                key=f"{one['key']}{number}",
                source=source,
                speaker=speakers[one["speaker"] % 3],
                earliest=one["date"].earliest,
                latest=one["date"].latest,
                authority=one["authority"],
                summary="Said.",
                repeats=repeats,
                status="published" if public else "submitted",
                published_at=timezone.now() if public else None,
            )
        )
        made[-1].save()
    Stance.objects.bulk_create(
        Stance(
            statement=row,
            actor=actors[number],
            topic=topics[topic % 2],
            position=value,
            terms=terms,
            basis=basis,
            rationale="So it is.",
            attribution=voice,
        )
        for row, one in zip(made, given, strict=True)
        for number, (_, topic, (value, terms), basis, voice) in enumerate(one["stances"])
    )
    return made


def assert_as_told(prospects):
    """Hold what was told against the table: whole series, roles, and the days and words in the sentences."""
    for prospect in prospects:
        for effect in prospect.effects:
            stance = Stance.objects.get(pk=effect.stance.pk)
            role = {"passed": "passed over"}.get(stance.role, stance.role)
            assert role == {"repeat": "", "gone": ""}.get(effect.role, effect.role)
            if effect.outlook is None:
                continue
            rows = Position.objects.filter(actor=stance.actor_id, topic=stance.topic_id, voice=stance.attribution)
            told = [
                (i.since, i.until, i.value, i.terms, i.opening.stance, i.kind, i.confirmations, i.last_stated_on)
                for i in effect.outlook.becomes[0]
            ]
            columns = ["since", "until", "value", "terms", "opening", "kind", "confirmations", "last_stated_on"]
            assert told == list(rows.order_by("since").values_list(*columns))
            last = rows.order_by("since").last()
            held = wording(last.value, last.terms) if last else ""
            for lead in ("moves", "has ", "takes a confirmation"):
                if effect.words.startswith(lead):
                    assert held in effect.words
                    assert effect.words.startswith("moves") or day_words(last.since) in effect.words
            if effect.words.startswith("moves") and " back from " not in effect.words:
                assert effect.size == last.size
                assert (last.opening_id, last.until) == (stance.pk, None)


@settings(max_examples=settings.default.max_examples // 3)
@given(st.lists(STATEMENTS, min_size=4, max_size=12))
def test_what_publishing_is_told_to_do_it_does(given):
    with transaction.atomic():
        editor = EditorFactory()
        rows = world(given)
        coming = [row for row in rows if row.status == Status.SUBMITTED]
        told = effects.of_publishing(coming)
        for row in sorted(coming, key=lambda row: row.repeats_id is not None):
            row.publish(by=editor)
        assert_as_told(told)
        transaction.set_rollback(True)


@settings(max_examples=settings.default.max_examples // 3)
@given(st.lists(STATEMENTS, min_size=4, max_size=12))
def test_what_publishing_one_is_told_to_do_it_does(given):
    with transaction.atomic():
        editor = EditorFactory()
        row = world(given)[-1]
        openings = effects.openings([row])
        told = effects.of_publishing([row])
        row.publish(by=editor)
        assert_as_told(told)
        opened = Position.objects.filter(opening__statement=row).values_list("opening", "value", "since", "kind")
        assert sorted((pk, i.value, i.since, i.kind) for pk, i in openings.items()) == sorted(opened)
        transaction.set_rollback(True)


@settings(max_examples=settings.default.max_examples // 3)
@given(st.lists(STATEMENTS, min_size=6, max_size=16), st.integers(1, 3))
def test_what_retracting_is_told_to_do_it_does(given, count):
    with transaction.atomic():
        editor = EditorFactory()
        going = [row for row in world(given) if row.is_public][:count]
        told = effects.of_retracting(going)
        for row in sorted(going, key=lambda row: row.repeats_id is not None):
            row.refresh_from_db()
            row.retract(by=editor, reason="It was not said.")
        assert_as_told(told)
        transaction.set_rollback(True)


@pytest.mark.once
@pytest.mark.parametrize("tell", [effects.of_publishing, effects.of_retracting, effects.openings])
def test_telling_asks_no_more_for_more_statements(said, tell):
    def cost() -> int:
        rows = list(Statement.objects.select_related("repeats"))
        with CaptureQueriesContext(connection) as caught:
            tell(rows)
        return len(caught)

    first = said("2024-01-01", 2)
    said("2024-01-01", 2, repeats=first)
    said("2024-02-01", 2, status="submitted")
    before = cost()
    for day in range(1, 9):
        said(f"2024-03-0{day}", 1, "time", status="submitted" if day % 2 else "published")
        StanceFactory.create_batch(3)
    assert cost() == before
