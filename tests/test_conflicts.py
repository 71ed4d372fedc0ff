"""Two editors on one row: nothing is overwritten, nothing typed is lost, and one chooses."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stances.models import Actor, Stance, Statement
from stances.vocabulary import Status
from tests.desk import act, address, as_sent, errors, send, signed_in
from tests.factories import (
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return signed_in(EditorFactory(username="anna"))


@pytest.fixture
def bert():
    return signed_in(EditorFactory(username="bert"))


def clashes(page):
    return {clash.name: clash for clash in page.context["conflict"].clashes}


def choose(page, **choices):
    """Send a refused form again as a browser would, with what is chosen, on top of what is chosen already."""
    conflict = page.context["conflict"]
    sent = as_sent(page, since=conflict.since, asked=[clash.name for clash in conflict.clashes])
    sent |= {f"choice-{clash.name}": clash.chosen for clash in conflict.clashes if clash.chosen}
    sent |= {f"choice-{name}": value for name, value in choices.items()}
    return sent | dict(conflict.lost)


def quicker(first, row, **changes):
    """Have another editor save a row."""
    assert send(first, address(row), **changes).redirect_chain


def test_the_second_editor_does_not_overwrite_and_keeps_what_was_typed(anna, bert):
    statement = StatementFactory(summary="As it was.")
    sent = as_sent(anna.get(address(statement)), summary="As Anna has it.")
    quicker(bert, statement, summary="As Bert has it.", change_reason="clearer")
    page = anna.post(address(statement), sent)
    clash = clashes(page)["summary"]
    assert (clash.by, clash.record.history_change_reason, clash.chosen) == ("bert", "clearer", "")
    assert (clash.their_change.before, clash.their_change.after) == ("As it was.", "As Bert has it.")
    assert clash.my_change.after == "As Anna has it."
    assert as_sent(page)["summary"] == "As Anna has it."
    assert "Nothing is saved yet" in errors(page)["__all__"][0]
    statement.refresh_from_db()
    assert statement.summary == "As Bert has it."


@pytest.mark.parametrize(("choice", "summary"), [("mine", "As Anna has it."), ("theirs", "As Bert has it.")])
def test_what_is_chosen_is_saved(anna, bert, choice, summary):
    statement = StatementFactory()
    sent = as_sent(anna.get(address(statement)), summary="As Anna has it.", occasion="Interview")
    quicker(bert, statement, summary="As Bert has it.")
    page = anna.post(address(statement), sent)
    assert anna.post(address(statement), choose(page, summary=choice)).status_code == 302
    statement.refresh_from_db()
    assert (statement.summary, statement.occasion) == (summary, "Interview")


def test_what_only_the_other_changed_is_theirs_unless_chosen_otherwise(anna, bert):
    statement = StatementFactory(quote="", occasion="Speech", date="2024-02")
    sent = as_sent(anna.get(address(statement)), summary="As Anna has it.")
    quicker(bert, statement, occasion="Interview", said="2024-02-12")
    page = anna.post(address(statement), sent)
    assert {name: clash.chosen for name, clash in clashes(page).items()} == {"said": "theirs", "occasion": "theirs"}
    assert clashes(page)["said"].is_mine_as_before
    assert clashes(page)["said"].their_change.after == "2024-02-12 (12 February 2024)"
    anna.post(address(statement), choose(page))
    statement.refresh_from_db()
    assert (statement.summary, statement.occasion, str(statement.date)) == (
        "As Anna has it.",
        "Interview",
        "2024-02-12",
    )


def test_a_point_without_a_choice_is_asked_again(anna, bert):
    statement = StatementFactory()
    sent = as_sent(anna.get(address(statement)), summary="As Anna has it.")
    quicker(bert, statement, summary="As Bert has it.")
    again = anna.post(address(statement), choose(anna.post(address(statement), sent)))
    assert list(clashes(again)) == ["summary"]
    anna.post(address(statement), choose(again, summary="mine"))
    statement.refresh_from_db()
    assert statement.summary == "As Anna has it."


def test_a_third_change_in_between_is_asked_about_too(anna, bert):
    statement = StatementFactory()
    sent = as_sent(anna.get(address(statement)), summary="As Anna has it.", occasion="Anna's")
    quicker(bert, statement, summary="As Bert has it.")
    page = anna.post(address(statement), sent)
    quicker(bert, statement, occasion="Bert's")
    page = anna.post(address(statement), choose(page, summary="mine"))
    assert {name: clash.chosen for name, clash in clashes(page).items()} == {"occasion": "", "summary": ""}
    anna.post(address(statement), choose(page, summary="mine", occasion="theirs"))
    statement.refresh_from_db()
    assert (statement.summary, statement.occasion) == ("As Anna has it.", "Bert's")


def test_both_having_done_the_same_is_no_conflict(anna, bert):
    statement = StatementFactory()
    sent = as_sent(anna.get(address(statement)), summary="The same.")
    quicker(bert, statement, summary="The same.")
    assert anna.post(address(statement), sent).status_code == 302


@pytest.mark.parametrize("opened", [None, "", "x", "0-0", "999999999-0", "9" * 30, "1-2-3-4", "\x00"])
def test_a_form_without_its_state_is_refused_and_not_saved(anna, opened):
    stance = StanceFactory(statement__summary="As it was.")
    sent = as_sent(anna.get(address(stance.statement)), summary="Crafted.")
    sent = {**sent, "opened": opened} if opened is not None else {k: v for k, v in sent.items() if k != "opened"}
    page = anna.post(address(stance.statement), sent)
    assert page.status_code == 200
    assert clashes(page)["summary"].chosen == ""
    stance.statement.refresh_from_db()
    assert stance.statement.summary == "As it was."


def test_a_step_that_another_took_is_told_before_anything_is_saved(anna, bert):
    statement = StanceFactory(
        statement__published=False, statement__status=Status.SUBMITTED, statement__coder=CoderFactory()
    ).statement
    sent = as_sent(anna.get(address(statement)), summary="As Anna has it.", _publish="on")
    act(bert, Statement, "return_selected", [statement], words="Where was it said?")
    page = anna.post(address(statement), sent)
    told = {change.label: change.after for change in page.context["conflict"].told}
    assert (told["Status"], told["Comment"]) == ("draft", "Where was it said?")
    assert page.context["conflict"].told_by == "bert"
    anna.post(address(statement), choose(page))
    statement.refresh_from_db()
    assert (statement.status, statement.summary) == (Status.DRAFT, "As Anna has it.")


# ---- rows inside the form ----


@pytest.fixture
def stance():
    return StanceFactory(actor=GovernmentFactory(name="Aldoria"), topic=TopicFactory(name="Singing"))


@pytest.mark.parametrize(("choice", "position"), [("mine", 0), ("theirs", -2)])
def test_a_stance_that_both_changed(anna, bert, stance, choice, position):
    name = f"stances-{stance.pk}-position"
    sent = as_sent(anna.get(address(stance.statement)), **{"stances-0-position": "0"})
    quicker(bert, stance.statement, **{"stances-0-position": "-2"})
    page = anna.post(address(stance.statement), sent)
    clash = clashes(page)[name]
    words = [clash.their_change.before, clash.their_change.after, clash.my_change.after]
    assert [word.split(" ", 1)[1] for word in words] == ["for", "against", "undecided"]
    anna.post(address(stance.statement), choose(page, **{name: choice}))
    stance.refresh_from_db()
    assert stance.position == position


def test_a_stance_that_the_other_changed_in_its_own_form_counts_too(anna, bert, stance):
    sent = as_sent(anna.get(address(stance.statement)), summary="As Anna has it.")
    quicker(bert, stance, rationale="So it is.")
    page = anna.post(address(stance.statement), sent)
    assert {name: clash.chosen for name, clash in clashes(page).items()} == {f"stances-{stance.pk}-rationale": "theirs"}


@pytest.mark.parametrize(("choice", "count"), [("theirs", 2), ("mine", 1)])
def test_a_stance_that_the_other_added(anna, bert, stance, choice, count):
    sent = as_sent(anna.get(address(stance.statement)), summary="As Anna has it.")
    added = StanceFactory(statement=stance.statement)
    page = anna.post(address(stance.statement), sent)
    name = f"stances-{added.pk}-row"
    assert clashes(page)[name].chosen == "theirs"
    anna.post(address(stance.statement), choose(page, **{name: choice}))
    stance.statement.refresh_from_db()
    assert (stance.statement.summary, Stance.objects.count()) == ("As Anna has it.", count)


@pytest.mark.parametrize(("choice", "positions"), [("theirs", [2]), ("mine", [-2, 2])])
def test_a_stance_that_the_other_deleted_and_one_has_changed(anna, bert, stance, choice, positions):
    gone = StanceFactory(statement=stance.statement, topic__rank=9)
    sent = as_sent(anna.get(address(stance.statement)), **{"stances-1-position": "-2"})
    quicker(bert, stance.statement, **{"stances-1-DELETE": "on"})
    page = anna.post(address(stance.statement), sent)
    clash = clashes(page)[f"stances-{gone.pk}-row"]
    assert (clash.by, clash.chosen) == ("bert", "")
    assert str(gone.actor) in clash.mine
    assert "against" in clash.mine
    undecided = anna.post(address(stance.statement), choose(page))
    assert dict(undecided.context["conflict"].lost)[f"lost-stances-{gone.pk}-position"] == "-2"
    assert (
        anna.post(address(stance.statement), choose(undecided, **{f"stances-{gone.pk}-row": choice})).status_code == 302
    )
    assert sorted(stance.statement.stances.values_list("position", flat=True)) == positions


def test_a_stance_that_the_other_deleted_and_one_left_alone_stays_deleted(anna, bert, stance):
    gone = StanceFactory(statement=stance.statement, topic__rank=9)
    sent = as_sent(anna.get(address(stance.statement)), summary="As Anna has it.")
    quicker(bert, stance.statement, **{"stances-1-DELETE": "on"})
    page = anna.post(address(stance.statement), sent)
    assert clashes(page)[f"stances-{gone.pk}-row"].chosen == "theirs"
    anna.post(address(stance.statement), choose(page))
    assert list(stance.statement.stances.all()) == [stance]


@pytest.mark.parametrize(("choice", "count"), [("mine", 1), ("theirs", 2)])
def test_a_stance_that_one_deleted_and_the_other_changed(anna, bert, stance, choice, count):
    other = StanceFactory(statement=stance.statement, topic__rank=9)
    sent = as_sent(anna.get(address(stance.statement)), **{"stances-1-DELETE": "on"})
    quicker(bert, stance.statement, **{"stances-1-position": "-2"})
    page = anna.post(address(stance.statement), sent)
    name = f"stances-{other.pk}-row"
    assert clashes(page)[name].chosen == ""
    anna.post(address(stance.statement), choose(page, **{name: choice}))
    assert stance.statement.stances.count() == count
    assert count == 1 or Stance.objects.get(pk=other.pk).position == -2


def test_a_new_stance_that_was_typed_stays_among_rows_that_moved(anna, bert, stance):
    row = {"actor": GovernmentFactory().pk, "topic": TopicFactory().pk, "position": "0", "attribution": "own"}
    row |= {"basis": "explicit", "id": "", "statement": stance.statement_id}
    sent = as_sent(anna.get(address(stance.statement)), **{f"stances-1-{name}": v for name, v in row.items()})
    sent["stances-TOTAL_FORMS"] = "2"
    StanceFactory(statement=stance.statement)
    page = anna.post(address(stance.statement), sent)
    assert as_sent(page)["stances-2-position"] == "0"
    anna.post(address(stance.statement), choose(page))
    assert sorted(stance.statement.stances.values_list("position", flat=True)) == [0, 2, 2]


def test_an_affiliation_that_the_other_changed(anna, bert):
    held = AffiliationFactory(title="Minister")
    sent = as_sent(anna.get(address(held.actor)), name="A. Person")
    quicker(bert, held, title="Prime Minister")
    page = anna.post(address(held.actor), sent)
    assert list(clashes(page)) == [f"affiliations-{held.pk}-title"]
    anna.post(address(held.actor), choose(page))
    held.refresh_from_db()
    assert (held.title, Actor.objects.get(pk=held.actor_id).name) == ("Prime Minister", "A. Person")


def test_a_row_that_is_deleted_while_its_form_is_open_is_told(anna, bert):
    draft = StatementFactory()
    sent = as_sent(anna.get(address(draft)), summary="As Anna has it.")
    bert.post(address(draft, "delete"), {"post": "yes"})
    page = anna.post(address(draft), sent, follow=True)
    assert "deleted by bert" in page.content.decode()


@pytest.mark.once
def test_a_conflict_about_many_rows_asks_hardly_more_than_any_form_that_is_refused(anna):
    more = []
    for number in (3, 30):
        statement = StatementFactory()
        StanceFactory.create_batch(number, statement=statement)
        old = as_sent(anna.get(address(statement)), summary="As Anna has it.")
        for stance in statement.stances.all():
            stance.position, stance.actor = -2, GovernmentFactory()
            stance.save()
        refused = {**old, "opened": as_sent(anna.get(address(statement)))["opened"], "form": "none"}
        asked = []
        for sent in (old, refused):
            with CaptureQueriesContext(connection) as caught:
                page = anna.post(address(statement), sent)
            asked.append(len(caught))
            if sent is old:
                assert len(clashes(page)) == number * 2
        more.append(asked[0] - asked[1])
    assert more[0] == more[1] <= 20


def test_what_was_typed_is_escaped(anna, bert):
    statement = StatementFactory()
    sent = as_sent(anna.get(address(statement)), summary="<i>mine</i>")
    quicker(bert, statement, summary="<i>theirs</i>")
    assert "<i>" not in anna.post(address(statement), sent).content.decode()
