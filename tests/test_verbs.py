"""The life of a statement: who may take which step, from which state, and what follows from it."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from stances import positions
from stances.models import Position, Stance, Statement
from stances.vocabulary import Status
from tests.factories import (
    AdministratorFactory,
    CoderFactory,
    EditorFactory,
    StanceFactory,
    StatementFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def submit(statement, by):
    statement.submit(by=by)


def return_to_coder(statement, by):
    statement.return_to_coder(by=by, comment="Which day was it?")


def publish(statement, by):
    statement.publish(by=by)


def retract(statement, by):
    statement.retract(by=by, reason="The words were another's.")


STEPS = {
    submit: (Status.DRAFT, Status.SUBMITTED),
    return_to_coder: (Status.SUBMITTED, Status.DRAFT),
    publish: (Status.SUBMITTED, Status.PUBLISHED),
    retract: (Status.PUBLISHED, Status.RETRACTED),
}
each_step = pytest.mark.parametrize("step", STEPS, ids=[step.__name__ for step in STEPS])


def coded(status="draft", **given):
    """Make a statement with a stance, in a state."""
    return StanceFactory(statement__status=status, **{f"statement__{k}": v for k, v in given.items()}).statement


def state(statement):
    return Statement.objects.get(pk=statement.pk).status


# ---- who may ----


@each_step
@pytest.mark.parametrize("make", [EditorFactory, AdministratorFactory])
def test_editors_and_administrators_take_every_step(step, make):
    before, after = STEPS[step]
    statement = coded(before)
    step(statement, make())
    assert statement.status == state(statement) == after


@each_step
def test_a_coder_submits_and_no_more(step):
    before, _ = STEPS[step]
    coder = CoderFactory()
    statement = coded(before, coder=coder)
    if step is submit:
        step(statement, coder)
        assert state(statement) == Status.SUBMITTED
    else:
        with pytest.raises(PermissionDenied, match="You may not"):
            step(statement, coder)
        assert state(statement) == before


@each_step
@pytest.mark.parametrize("make", [UserFactory, lambda: EditorFactory(is_active=False)], ids=["no role", "inactive"])
def test_nobody_else_takes_a_step(step, make):
    before, _ = STEPS[step]
    statement = coded(before)
    with pytest.raises(PermissionDenied):
        step(statement, make())
    assert state(statement) == before


def test_a_coder_does_not_submit_anothers_draft():
    statement = coded(coder=CoderFactory())
    with pytest.raises(PermissionDenied, match="another coder's"):
        submit(statement, CoderFactory())
    assert state(statement) == Status.DRAFT


def test_a_coder_does_not_submit_a_draft_of_nobody():
    statement = coded(coder=None)
    with pytest.raises(PermissionDenied, match="an editor submits it"):
        submit(statement, CoderFactory())
    assert (state(statement), Statement.objects.get().coder) == (Status.DRAFT, None)


def test_an_editor_submits_anothers_draft():
    statement = coded(coder=CoderFactory())
    submit(statement, EditorFactory())
    assert state(statement) == Status.SUBMITTED


@pytest.mark.parametrize("make", [EditorFactory, AdministratorFactory])
def test_nobody_publishes_what_they_coded(make):
    own = make()
    statement = coded("submitted", coder=own)
    with pytest.raises(PermissionDenied, match="this statement is your own"):
        publish(statement, own)
    assert statement.status == state(statement) == Status.SUBMITTED
    publish(statement, EditorFactory())
    assert state(statement) == Status.PUBLISHED


def test_a_desk_of_one_person_publishes_what_it_coded(settings):
    settings.ONE_PERSON_DESK = True
    own = EditorFactory()
    statement = coded(coder=own)
    submit(statement, own)
    publish(statement, own)
    assert state(statement) == Status.PUBLISHED


def test_a_desk_of_one_person_still_lets_no_coder_publish(settings):
    settings.ONE_PERSON_DESK = True
    coder = CoderFactory()
    with pytest.raises(PermissionDenied):
        publish(coded("submitted", coder=coder), coder)


def test_who_submits_a_statement_of_nobody_does_not_publish_it():
    editor = EditorFactory()
    statement = coded(coder=None)
    submit(statement, editor)
    with pytest.raises(PermissionDenied, match="this statement is your own"):
        publish(statement, editor)
    assert Statement.objects.get().coder == editor


# ---- states ----


@pytest.mark.parametrize("status", Status.values)
@each_step
def test_a_step_starts_from_one_state(step, status):
    before, after = STEPS[step]
    statement = coded(status)
    if status == before:
        step(statement, EditorFactory())
        assert state(statement) == after
    else:
        with pytest.raises(ValidationError, match="and so cannot be") as refusal:
            step(statement, EditorFactory())
        assert refusal.value.code == "status"
        assert statement.status == state(statement) == status


@each_step
def test_the_newest_state_in_the_database_decides(step):
    before, after = STEPS[step]
    statement = coded(before)
    stale = Statement.objects.get(pk=statement.pk)
    step(statement, EditorFactory())
    with pytest.raises(ValidationError, match="and so cannot be"):
        step(stale, EditorFactory())
    assert stale.status == after


def test_a_step_keeps_what_was_written_since():
    statement = coded("submitted")
    stale = Statement.objects.get(pk=statement.pk)
    statement.summary = "The newest words."
    statement.save()
    publish(stale, EditorFactory())
    assert Statement.objects.get().summary == "The newest words."


def test_a_step_does_not_carry_unsaved_changes_along():
    statement = coded("submitted", summary="As reviewed.")
    statement.summary = "Slipped in."
    publish(statement, EditorFactory())
    assert Statement.objects.get().summary == "As reviewed."


@each_step
def test_a_step_is_told_in_the_history(step):
    before, after = STEPS[step]
    statement, editor = coded(before), EditorFactory()
    step(statement, editor)
    entry = statement.history.first()
    done = {submit: "submitted", return_to_coder: "returned", publish: "published", retract: "retracted"}
    assert (entry.history_user, entry.history_change_reason) == (editor, done[step])
    assert entry.status == after
    assert statement.history.count() == 2


# ---- submitting ----


@pytest.mark.parametrize("step", [submit, publish])
def test_a_statement_needs_a_stance_before_it_goes_on(step):
    statement = StatementFactory(status=STEPS[step][0])
    with pytest.raises(ValidationError, match="needs at least one stance"):
        step(statement, EditorFactory())
    assert statement.status == state(statement) == STEPS[step][0]


@pytest.mark.parametrize("step", [submit, publish])
def test_a_statement_that_breaks_a_rule_does_not_go_on(step):
    statement = coded(STEPS[step][0], date="2024-02-13", source__published_on=dt.date(2024, 2, 12))
    with pytest.raises(ValidationError, match="its source was published on 2024-02-12"):
        step(statement, EditorFactory())
    assert state(statement) == STEPS[step][0]


@pytest.mark.parametrize("step", [submit, publish])
def test_a_statement_whose_stance_breaks_a_rule_does_not_go_on(step):
    statement = coded(STEPS[step][0], form="act")
    Stance.objects.update(basis="implied", rationale="So it is.")
    with pytest.raises(ValidationError, match="A deed is explicit"):
        step(statement, EditorFactory())
    assert state(statement) == STEPS[step][0]


# ---- returning ----


def test_what_is_returned_bears_a_comment_and_its_reviewer():
    statement, editor = coded("submitted"), EditorFactory()
    statement.return_to_coder(by=editor, comment="  Which day was it? ")
    statement.refresh_from_db()
    assert (statement.review_comment, statement.reviewer) == ("Which day was it?", editor)


@pytest.mark.parametrize("comment", ["", "  \n"])
def test_nothing_is_returned_without_a_comment(comment):
    statement = coded("submitted")
    with pytest.raises(ValidationError, match="Tell the coder why"):
        statement.return_to_coder(by=EditorFactory(), comment=comment)
    assert state(statement) == Status.SUBMITTED


def test_what_was_returned_can_be_submitted_and_published():
    coder, editor = CoderFactory(), EditorFactory()
    statement = coded(coder=coder)
    for step, by in ((submit, coder), (return_to_coder, editor), (submit, coder), (publish, editor)):
        step(statement, by)
    assert state(statement) == Status.PUBLISHED
    assert statement.review_comment == ""


# ---- publishing ----


def test_publishing_makes_a_position():
    statement = coded("submitted", date="2024-02-13")
    assert not Position.objects.exists()
    publish(statement, EditorFactory())
    assert Position.objects.get().since == dt.date(2024, 2, 13)
    assert Stance.objects.get().public


def test_publishing_tells_when_and_by_whom():
    statement, editor = coded("submitted"), EditorFactory()
    publish(statement, editor)
    statement.refresh_from_db()
    assert statement.published_at is not None
    assert statement.reviewer == editor


def test_a_repeat_is_published_after_what_it_repeats():
    first = coded("submitted", key="first")
    repeat = coded("submitted", repeats=first)
    with pytest.raises(ValidationError, match="first is not published"):
        publish(repeat, EditorFactory())
    publish(first, EditorFactory())
    publish(repeat, EditorFactory())
    assert Position.objects.get().opening.statement == first


# ---- retracting ----


def test_retracting_takes_the_position_away_and_keeps_the_statement():
    statement = coded("published")
    assert Position.objects.exists()
    statement.retract(by=EditorFactory(), reason=" The words were another's. ")
    assert not Position.objects.exists()
    statement.refresh_from_db()
    assert statement.retraction_reason == "The words were another's."
    assert statement.published_at is not None
    assert not Stance.objects.public().exists()


@pytest.mark.parametrize("reason", ["", " \n"])
def test_nothing_is_retracted_without_a_reason(reason):
    statement = coded("published")
    with pytest.raises(ValidationError, match="needs its reason"):
        statement.retract(by=EditorFactory(), reason=reason)
    assert state(statement) == Status.PUBLISHED


def repeats_of(first, *given):
    """Make published repeats of one statement, from their keys, days of publication and states."""
    return [
        coded(
            status,
            key=key,
            date="2024-01-01",
            repeats=first,
            source__published_on=published and dt.date.fromisoformat(published),
        )
        for key, published, status in given
    ]


@pytest.mark.parametrize(
    ("given", "promoted"),
    [
        ([("b", "2024-03-02", "published"), ("a", "2024-03-03", "published")], "b"),
        ([("b", "2024-03-02", "published"), ("a", "2024-03-02", "published")], "a"),
        ([("a", "2024-03-02", "published"), ("B", "2024-03-02", "published")], "B"),
        ([("b", "2024-03-02", "published"), ("a", None, "published")], "b"),
        ([("b", "2024-03-02", "submitted"), ("a", "2024-03-03", "published")], "a"),
        ([("b", "2024-03-02", "retracted"), ("a", "2024-03-03", "published")], "a"),
    ],
    ids=["earliest source", "lowest key", "byte order", "no day last", "not submitted", "not retracted"],
)
def test_a_repeat_takes_the_place_of_what_is_retracted(given, promoted):
    first = coded("published", key="first", date="2024-01-01")
    repeats_of(first, *given)
    retract(first, EditorFactory())
    heir = Statement.objects.get(key=promoted)
    assert heir.repeats is None
    assert set(Statement.objects.exclude(key__in=["first", promoted]).values_list("repeats", flat=True)) == {heir.pk}
    assert Position.objects.get().opening.statement == heir
    assert positions.differences() == []


@pytest.mark.parametrize("status", ["draft", "submitted", "retracted"])
def test_only_a_published_repeat_takes_the_place(status):
    first = coded("published", key="first", date="2024-01-01")
    (repeat,) = repeats_of(first, ("a", "2024-03-02", status))
    retract(first, EditorFactory())
    repeat.refresh_from_db()
    assert repeat.repeats == first
    assert not Position.objects.exists()


def test_the_heir_has_the_retraction_in_its_history():
    first = coded("published", key="first", date="2024-01-01")
    (heir,) = repeats_of(first, ("a", "2024-03-02", "published"))
    editor = EditorFactory()
    retract(first, editor)
    entry = heir.history.first()
    assert (entry.history_user, entry.history_change_reason) == (editor, "first was retracted")


def test_a_retracted_repeat_leaves_the_others_as_they_are():
    first = coded("published", key="first", date="2024-01-01")
    one, other = repeats_of(first, ("a", "2024-03-02", "published"), ("b", "2024-03-02", "published"))
    retract(one, EditorFactory())
    other.refresh_from_db()
    assert other.repeats == first
    assert Position.objects.get().opening.statement == first
