"""The history of a row at the desk: who changed what, when and why."""

from __future__ import annotations

import pytest

from stances.models import Actor, Statement
from stances.vocabulary import Status
from tests.desk import address, errors, queries, send, signed_in
from tests.factories import (
    ActorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    return signed_in(EditorFactory(username="eda"))


def entries(client, row):
    return client.get(address(row, "history")).context["entries"]


def changes(entry):
    return [(change.label, change.before, change.after) for change in entry.changes]


def test_a_change_tells_who_what_and_why(desk):
    old, new = SourceFactory(title="Old"), SourceFactory(title="New")
    statement = StatementFactory(source=old, authority="head")
    send(desk, address(statement), source=new.pk, authority="minister", change_reason="the byline")
    entry = entries(desk, statement)[0]
    assert (entry.done, entry.by, entry.record.history_change_reason) == ("changed", "eda", "the byline")
    assert changes(entry) == [("Source", "Old", "New"), ("Authority", "head of state or government", "minister")]


@pytest.mark.parametrize("reason", ["recode 1: moved", " merged a into b (3) "])
def test_no_reason_is_taken_for_the_name_of_a_merge_or_recode(desk, reason):
    stance = StanceFactory()
    page = send(desk, address(stance.statement), change_reason=reason, **{"stances-0-position": "-2"})
    assert "use other words" in errors(page)["change_reason"][0]
    stance.refresh_from_db()
    assert stance.position == 2


def test_the_changes_of_a_statements_stances_are_among_its_own(desk):
    stance = StanceFactory(actor__name="Ruritania", topic__name="Singing", position=2)
    send(desk, address(stance.statement), change_reason="misread", **{"stances-0-position": "-2"})
    entry = entries(desk, stance.statement)[0]
    assert entry.title == "Stance of Ruritania on Singing"
    assert (entry.by, entry.record.history_change_reason) == ("eda", "misread")
    assert changes(entry) == [("Position", "for", "against")]


def test_a_deleted_stance_is_still_told(desk):
    stance = StanceFactory(actor__name="Ruritania", statement__published=False)
    send(desk, address(stance.statement), **{"stances-0-DELETE": "on"})
    entry = entries(desk, stance.statement)[0]
    assert (entry.title, entry.done, entry.by) == (f"Stance of Ruritania on {stance.topic}", "deleted", "eda")
    assert ("Position", "for", "") in changes(entry)


def test_the_changes_of_an_actors_affiliations_are_among_its_own(desk):
    held = AffiliationFactory(title="Minister", of__name="Ruritania")
    send(desk, address(held.actor), **{"affiliations-0-end": "2024-02-01"})
    entry = entries(desk, held.actor)[0]
    assert entry.title == "Affiliation “Minister”, Ruritania"
    assert changes(entry) == [("End", "", "2024-02-01")]


def test_the_verbs_are_in_the_history(desk):
    statement = StanceFactory().statement
    desk.post(address(statement, "retract"), {"words": "Not said."})
    entry = entries(desk, statement)[0]
    assert (entry.by, entry.record.history_change_reason) == ("eda", "retracted")
    assert ("Status", "published", "retracted") in changes(entry)


def test_what_a_row_named_and_is_deleted_since_has_its_number(desk):
    gone = SourceFactory()
    statement = StatementFactory(source=gone)
    statement.source = SourceFactory(title="New")
    statement.save()
    number = gone.pk
    gone.delete()
    assert changes(entries(desk, statement)[0]) == [("Source", f"deleted, number {number}", "New")]


def test_a_deleted_row_keeps_its_history(desk):
    statement = StatementFactory(summary="It was here.")
    pk = statement.pk
    statement.delete()
    statement.pk = pk
    assert [entry.done for entry in entries(desk, statement)] == ["deleted", "made"]
    record = Statement.history.filter(id=pk).last()
    page = desk.get(f"{address(statement, 'history')}{record.pk}/")
    assert "It was here." in page.content.decode()


def test_the_row_as_it_was(desk):
    actor = ActorFactory(name="Before")
    actor.name = "After"
    actor.save()
    record = Actor.history.filter(id=actor.pk).earliest()
    words = desk.get(f"{address(actor, 'history')}{record.pk}/").content.decode()
    assert "Before" in words
    assert "<form" not in words.split('id="content-main"')[1].split("</body>")[0].split("<footer")[0]


def test_an_earlier_state_cannot_be_posted_back_past_the_verbs(desk):
    statement = StanceFactory().statement
    published = Statement.history.filter(id=statement.pk).first()
    desk.post(address(statement, "retract"), {"words": "Not said."})
    url = f"{address(statement, 'history')}{published.pk}/"
    assert desk.post(url, {"summary": "Back."}).status_code == 403
    statement.refresh_from_db()
    assert statement.status == Status.RETRACTED


@pytest.mark.parametrize("page", ["history", "history/1", "history/x"])
@pytest.mark.parametrize("pk", ["999999", "abc", "9" * 30])
def test_a_history_of_nothing_is_not_found(desk, page, pk):
    assert desk.get(f"{address(Statement, 'changelist')}{pk}/{page}/").status_code == 404


def test_a_record_of_another_row_is_not_found(desk):
    one, other = ActorFactory(), ActorFactory()
    record = Actor.history.filter(id=other.pk).first()
    assert desk.get(f"{address(one, 'history')}{record.pk}/").status_code == 404


def test_what_is_written_in_a_row_is_escaped(desk):
    actor = ActorFactory(name="<i>One</i>")
    actor.name = "<i>Two</i>"
    actor.save()
    assert "<i>" not in desk.get(address(actor, "history")).content.decode()


def rewrite(statement, times):
    for n in range(times):
        statement.summary = f"Version {n} of {times}."
        statement.source, statement.speaker = SourceFactory(), ActorFactory()
        statement._history_user = CoderFactory()
        statement.save()
        stance = StanceFactory(statement=statement)
        stance.topic = TopicFactory()
        stance.save()


@pytest.mark.once
def test_a_long_history_asks_no_more(desk):
    short, long = StatementFactory(), StatementFactory()
    rewrite(short, 3)
    rewrite(long, 10)
    assert queries(desk, address(long, "history")) == queries(desk, address(short, "history"))
    longer = StatementFactory()
    rewrite(longer, 30)
    assert queries(desk, address(longer, "history")) == queries(desk, address(short, "history"))
    page = desk.get(address(longer, "history") + "?p=2")
    assert page.context["page_obj"].number == 2
    assert len(page.context["entries"]) == 91 - 50


def test_the_oldest_entry_of_a_page_is_compared_with_the_next_page(desk):
    statement = StatementFactory(summary="Start.")
    for n in range(60):
        statement.summary = f"Version {n}."
        statement.save()
    assert changes(entries(desk, statement)[-1]) == [("Summary", "Version 9.", "Version 10.")]
