"""Changes with the words on both sides, and colleagues who differ."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from stances.histories import history, up_to
from stances.models import Stance, Statement
from stances.moves import disagreements, who_differ
from stances.vocabulary import Status
from tests.factories import GovernmentFactory, GroupFactory, PersonFactory, StanceFactory, TopicFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def say():
    actor, topic = GovernmentFactory(slug="aldoria", name="Aldoria"), TopicFactory(slug="sharing", name="Sharing")

    def make(key, date, position=2, **kwargs):
        given = {"actor": actor, "topic": topic} | kwargs
        return StanceFactory(**given, statement__key=key, statement__date=date, position=position)

    return make


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


def in_csv(client, address) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(client.get(address).streaming_content).decode())))


def test_change_stands_between_its_words_and_the_last_words_before(client, say):
    say("a", "2024-01-01", -2, statement__quote="Never that")
    say("b", "2024-02-01", -2, statement__quote="Still never")
    say("c", "2024-03-01", 2, statement__quote="Now we will")
    text = text_of(client.get("/changes/"))
    assert "size +4; 60 days later" in text
    assert text.index("“Still never”") < text.index("“Now we will”")
    assert "Never that" not in text
    [row] = in_csv(client, "/changes.csv")
    assert (row["days"], row["from_statement_key"]) == ("60", "b")


def test_statements_that_were_passed_over_are_not_the_words_before(client, say):
    say("a", "2024-01-01", -2, statement__authority="head")
    say("lower", "2024-02-01", -2, statement__authority="head")
    say("passed", "2024-02-01", 2, statement__authority="official")
    say("c", "2024-03-01", 2)
    assert in_csv(client, "/changes.csv")[0]["from_statement_key"] == "lower"


def test_colleagues_who_differ_stand_together_with_the_days_between(client, say):
    say("a", "2024-02-01", 2, statement__quote="We share", statement__speaker__name="Ada Low")
    say("b", "2024-02-08", -2, statement__quote="We do not", statement__speaker__name="Ben High")
    say("c", "2024-06-01", 2, statement__quote="Long after")
    text = text_of(client.get("/changes/differ/"))
    assert "7 days apart" in text
    assert text.index("“We share”") < text.index("“We do not”")
    assert "Long after" not in text
    [row] = in_csv(client, "/changes/differ.csv")
    assert (row["statement_key"], row["colleague_statement_key"], row["days"]) == ("b", "a", "7")
    assert client.get("/changes/differ.json").streaming


def test_the_colleague_is_the_nearest_of_another_side_and_no_lower_authority(client, say):
    ada = PersonFactory(slug="ada")
    say("far", "2024-02-01", 2, statement__authority="minister")
    say("near", "2024-02-05", 0, statement__authority="head")
    say("same-side", "2024-02-06", -1, terms="time", statement__authority="minister")
    say("lower", "2024-02-07", 2, statement__authority="official")
    say("group", "2024-02-07", 2, statement__authority="minister", statement__speaker=GroupFactory())
    say("herself", "2024-02-07", 2, statement__authority="minister", statement__speaker=ada)
    say("later", "2024-02-10", -2, statement__authority="minister", statement__speaker=ada)
    rows = {row["statement_key"]: row["colleague_statement_key"] for row in in_csv(client, "/changes/differ.csv")}
    assert rows["later"] == "near"


@settings(max_examples=25)
@given(
    said=st.lists(
        st.tuples(
            st.integers(1, 28),
            st.sampled_from([-2, 0, 2]),
            st.sampled_from(["head", "minister", "official"]),
            st.integers(0, 2),
        ),
        max_size=6,
    )
)
def test_whoever_is_marked_has_the_colleague_that_the_rule_names(said):
    with transaction.atomic():
        actor, topic = GovernmentFactory(), TopicFactory()
        people = [PersonFactory() for _ in range(3)]
        for day, position, authority, person in said:
            StanceFactory(
                actor=actor,
                topic=topic,
                position=position,
                statement__date=f"2024-02-{day:02}",
                statement__authority=authority,
                statement__speaker=people[person],
            )
        told = history(actor, topic, up_to(Stance.objects.filter(actor=actor), dt.date(2024, 3, 1)))
        nearest = {it.stance.pk: it.differs[0].days for it in told.events if it.differs}
        assert {row.later.pk: row.days for row in disagreements(who_differ().with_evidence())} == nearest
        transaction.set_rollback(True)


@pytest.mark.parametrize("days", [30, 31])
def test_the_stored_mark_bounds_the_days(client, say, days):
    say("a", "2024-01-01", 2)
    say("b", f"2024-01-{days + 1:02}" if days == 30 else "2024-02-01", -2)
    assert len(in_csv(client, "/changes/differ.csv")) == (days == 30)


@pytest.mark.every_case
@pytest.mark.parametrize("secret", ["a", "b"])
@pytest.mark.parametrize("status", [Status.DRAFT, Status.RETRACTED])
@pytest.mark.parametrize("address", ["/changes/", "/changes.csv", "/changes/differ/", "/changes/differ.json"])
def test_nothing_unpublished_is_told_on_either_side(client, say, secret, status, address):
    for key, date, position in (("a", "2024-02-01", 2), ("b", "2024-02-08", -2)):
        say(key, date, position, statement__summary=f"Words of {key}.")
    Statement.objects.filter(key=secret).update(status=status, retraction_reason="Wrong.")
    response = client.get(address)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    assert f"Words of {secret}".encode() not in content
    assert f"/statements/{secret}/".encode() not in content
    assert b'"colleague_statement_key"' not in content


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=aldoria", True),
        ("actor=-aldoria", False),
        ("topic=sharing", True),
        ("after=2024-02-08", True),
        ("after=2024-02-09", False),
        ("before=2024-02-07", False),
        ("speaker=ben", True),
        ("speaker=ada", False),
    ],
)
def test_disagreements_are_filtered_by_the_later_words(client, say, query, found):
    say("a", "2024-02-01", 2, statement__speaker__slug="ada")
    say("b", "2024-02-08", -2, statement__speaker__slug="ben")
    assert bool(in_csv(client, f"/changes/differ.csv?{query}")) == found


@pytest.mark.parametrize(
    ("query", "count", "heading"),
    [
        ("", "3 changes", "Changes of position"),
        ("kind=reversal", "1 reversal", "Reversals"),
        ("kind=terms", "2 changes of terms", "Changes of terms"),
        ("kind=reversal&kind=terms", "3 reversals and changes of terms", "Reversals and changes of terms"),
        ("kind=reversal&kind=shift&kind=terms", "3 changes", "Changes of position"),
        ("kind=first", "4 changes and first recorded positions", "Changes and first recorded positions"),
        (
            "kind=first&kind=reversal",
            "2 reversals and first recorded positions",
            "Reversals and first recorded positions",
        ),
        ("kind=shift", "0 shifts", "Shifts"),
    ],
)
def test_changes_are_called_what_is_shown(client, say, query, count, heading):
    for key, date, position in (("a", "2024-01-01", 2), ("b", "2024-03-01", -2), ("c", "2024-05-01", -1)):
        say(key, date, position)
    say("d", "2024-07-01", -2)
    response = client.get(f"/changes/?{query}")
    assert response.context["matching_words"] == count
    assertContains(response, f"<h1>{heading}</h1>", html=True)
    assert f" {count}" in response.context["citation"].plain
    if query == "kind=shift":
        assertContains(response, "No shifts match all of these filters")
        assertContains(response, "Show all changes")
    assert ("show changes alone" in response.content.decode()) == (query == "kind=first")


def test_wrong_filters_of_disagreements_are_told(client, say):
    assertContains(client.get("/changes/differ/?kind=reversal"), "This list has no such filter.")
    assert client.get("/changes/differ.csv?kind=reversal").status_code == 400


def test_changes_lead_to_the_list_of_disagreements(client, say):
    assertContains(client.get("/changes/"), 'href="/changes/differ/"')
    assertNotContains(client.get("/changes/differ/"), "None")


@pytest.mark.once
@pytest.mark.parametrize("address", ["/changes/", "/changes/differ/"])
def test_queries_do_not_grow_with_the_rows(client, say, address):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    say("a", "2024-01-01")
    say("b", "2024-01-02", -2)
    few = queries()
    for n in range(12):
        say(f"c-{n}", f"2024-02-{n + 1:02}", (2, -2)[n % 2])
    assert queries() == few
