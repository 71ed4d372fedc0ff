"""The page that explains a position: what decides it, what was passed over and why, the words on both sides."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from stances.dates import today
from stances.models import Statement
from stances.vocabulary import Status
from tests.factories import (
    AffiliationFactory,
    GovernmentFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/actors/aldoria/on/sharing/"


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


@pytest.fixture
def aldoria():
    return GovernmentFactory(slug="aldoria", name="Aldoria")


@pytest.fixture
def topic():
    growth = TopicFactory(slug="growth", name="Growth")
    return TopicFactory(slug="sharing", name="Sharing", proposition="Members should share.", parent=growth)


@pytest.fixture
def say(aldoria, topic):
    def make(key, date, position=2, **kwargs):
        given = {"actor": aldoria, "topic": topic} | kwargs
        return StanceFactory(**given, statement__key=key, statement__date=date, position=position)

    return make


@pytest.fixture
def told(client):
    def get(page=PAGE):
        return client.get(page.rstrip("/") + ".json" if "?" not in page else page.replace("/?", ".json?")).json()

    return get


def test_page_tells_what_decides_with_its_words_and_the_rule(client, say, aldoria):
    ada = PersonFactory(name="Ada Low")
    AffiliationFactory(actor=ada, of=aldoria, title="Prime Minister", authority="head")
    stance = say(
        "a",
        "2024-02-13",
        1,
        terms="time",
        statement__speaker=ada,
        statement__authority="head",
        statement__quote="We share … later",
    )
    response = client.get(PAGE)
    text = text_of(response)
    for words in (
        "Why: Aldoria on “Sharing”",
        "The last recorded position is “for, later”, by Ada Low, 13 February 2024",
        "Ada Low, Prime Minister, Aldoria; head of state or government",
        "Only own words decide, where there are any: here one statement, this one: on that day",
        "The rule is mechanical; how each statement was coded is a judgement",
        "It is the first own statement on record",
        "Sources published 13 Feb 2024",
    ):
        assert words in text, words
    assertContains(response, 'We share <span class="gap">…</span> later')
    assertContains(response, stance.statement.get_absolute_url())


def test_statements_passed_over_stand_with_their_rules(say, told):
    first = say("a", "2024-02-13", statement__authority="head", statement__speaker__name="Ada Low")
    say("lower", "2024-02-13", -2, statement__authority="official")
    say("undated", "../2024-03-01", -2)
    say("heard", "2024-02-20", -2, attribution="reported", statement__speaker__name="Halvik Post")
    again = SourceFactory(published_on=dt.date(2024, 3, 3))
    say("again", "2024-02-13", statement__repeats=first.statement, statement__source=again)
    data = told()
    assert data["decides"] == "a"
    assert {it["statement_key"]: it["rule"] for it in data["passed_over"]} == {
        "lower": "a higher authority comes first; Ada Low decides that day",
        "undated": "undated earlier words: their day is unknown, and other words are on record up to that day",
        "heard": "reported by Halvik Post: only own words decide where there are any",
        "again": "repeat: the words of 13 Feb 2024 were printed again, and count once",
    }


def test_confirmations_are_told_newest_first(say, told):
    for key, date in (("a", "2024-01-01"), ("b", "2024-02-01"), ("c", "2024-03-01")):
        say(key, date)
    assert (told()["decides"], told()["confirmed_by"]) == ("c", ["b", "a"])


def test_change_tells_kind_size_days_and_the_words_on_both_sides(client, say, told):
    say("a", "2024-01-01", -2, statement__quote="Never that")
    say("b", "2024-02-01", -2, statement__quote="Still never")
    say("c", "2024-03-01", 2, statement__quote="Now we will")
    turn = told()["positions"][0]
    assert (turn["kind"], turn["size"], turn["days"]) == ("reversal", 4, 60)
    assert (turn["words_before"], turn["words"]) == ("Still never", "Now we will")
    response = client.get(PAGE)
    assertContains(response, "size +4; 60 days later")
    for words in ("Never that", "Still never", "Now we will"):
        assertContains(response, f"“{words}”", count=1)
    assertContains(response, "The same words as above.", count=3)


def test_other_terms_on_the_same_side_have_no_size(client, say):
    say("a", "2024-01-01", 1, terms="time")
    say("b", "2024-01-31", 1, terms="scope")
    for page in (PAGE, "/changes/", "/statements/b/"):
        text = text_of(client.get(page))
        assert "ame side, other terms" in text
        assert "size 0" not in text.lower()


@pytest.mark.parametrize(
    ("date", "kwargs", "told"),
    [
        ("2024-03-01", {"position": -2}, "Stated once: no other statement on record confirms it."),
        (
            "../2024-03-01",
            {},
            "No later statement confirms it. The same is on record from Ben High, before 1 March 2024",
        ),
        ("../2024-03-01", {"position": -2}, "Stated once: no other statement on record confirms it."),
        ("../2024-03-01", {"attribution": "reported"}, "Stated once: no other statement on record confirms it."),
    ],
)
def test_a_position_stated_once_tells_who_else_is_on_record_with_the_same(client, say, date, kwargs, told):
    say("a", "2024-02-13")
    say("b", date, **kwargs, statement__speaker__name="Ben High")
    assert told in text_of(client.get(PAGE))


def test_words_come_before_the_rule(client, say):
    say("a", "2024-02-13", statement__quote="We share all that we have with all who ask")
    text = text_of(client.get(PAGE))
    assert text.index("We share all") < text.index("applied step by step")
    assert "In our words:" not in text


def test_a_fragment_is_told_in_our_words_too(client, say):
    say("a", "2024-02-13", statement__quote="very … shortly", statement__summary="Low will share very shortly.")
    for page in (PAGE, "/actors/aldoria/", "/changes/?kind=first", "/stances/"):
        assert "In our words: Low will share very shortly." in text_of(client.get(page))


def test_a_reprint_stands_with_the_day_of_printing(client, say):
    first = say("a", "2024-02-13")
    say(
        "b",
        "2024-02-13",
        statement__repeats=first.statement,
        statement__source=SourceFactory(published_on="2024-03-04"),
    )
    for page in (PAGE, "/topics/sharing/", "/statements/a/"):
        assert "13 Feb 2024printed 4 Mar 2024" in text_of(client.get(page)).replace("2024 printed", "2024printed")


@pytest.mark.parametrize("page", [PAGE, "/actors/aldoria/", "/topics/sharing/"])
def test_another_day_is_asked_for_in_a_form(client, say, page):
    say("a", "2024-01-01", -2)
    say("b", "2024-03-01", 2)
    assertContains(client.get(page), f'<form class="stepper" action="{page}">')
    response = client.get(f"{page}?on=2024-02")
    assertContains(response, 'value="2024-02"')
    assert "As of 29 February 2024: nothing said later is shown." in text_of(response)
    assertContains(client.get(f"{page}?on=soon"), 'aria-invalid="true"')


def test_names_take_their_article_inside_a_sentence(client, topic):
    kingdom = GovernmentFactory(slug="kingdom", name="United Kingdom")
    StanceFactory(actor=kingdom, topic=topic, statement__date="2024-02-13")
    text = text_of(client.get("/actors/kingdom/on/sharing/"))
    assert "One statement on record tells of the United Kingdom on this topic" in text
    assert "The United Kingdom has stated a position on one topic" in text_of(client.get("/actors/kingdom/"))


def test_colleagues_who_differ_are_told_with_the_days_between(client, say):
    say("a", "2024-02-01", 2, statement__quote="We share")
    say("b", "2024-02-08", -2, statement__quote="We do not", statement__speaker__name="Ben High")
    text = text_of(client.get(PAGE))
    assert "colleagues differ: 7 days after" in text


def test_only_reported_positions_are_hollow_and_no_changes(client, say, told):
    say("a", "2024-01-01", 2, attribution="reported")
    say("b", "2024-02-01", -2, attribution="reported")
    response = client.get(PAGE)
    assert "No own words of Aldoria are on record. Shown, hollow, is what others report: “against”" in text_of(response)
    assertNotContains(response, "reversal</span>")
    assert told()["shown"]["shown"] == "reported"
    data = client.get(f"{PAGE.removesuffix('/')}.json").json()
    assert [(it["kind"], it["from_position"]) for it in data["history"]["reported"]] == [(None, None), (None, None)]


def test_position_of_a_wider_topic_leads_to_its_reasons(client, say, topic):
    say("a", "2024-01-01", 1, terms="leaning", topic=topic.parent)
    response = client.get(PAGE)
    assert "Nothing of Aldoria is recorded on this very topic." in text_of(response)
    assertContains(response, 'href="/actors/aldoria/on/growth/"')


def test_without_any_position_the_page_says_so(client, say):
    say("a", "2024-01-01", topic=TopicFactory())
    assertContains(client.get(PAGE), "No position of Aldoria is recorded on it")


def test_page_of_a_day_knows_nothing_later(client, say, told):
    say("a", "2024-01-01", -2)
    say("b", "2024-03-01", 2)
    assert told(f"{PAGE}?on=2024-02-01")["decides"] == "a"
    assertNotContains(client.get(f"{PAGE}?on=2024-02-01"), "/statements/b/")


def test_csv_holds_each_statement_with_its_rule(client, say):
    say("a", "2024-01-01", -2, statement__quote="=never")
    say("b", "2024-02-01", 2)
    response = client.get(PAGE.rstrip("/") + ".csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [(row["statement_key"], row["role"], row["size"], row["days"], row["decides"]) for row in rows] == [
        ("a", "opened", "", "", "0"),
        ("b", "opened", "4", "31", "1"),
    ]
    assert rows[0]["quote"] == "'=never"
    assert f"aldoria-on-sharing-{today()}.csv" in response["Content-Disposition"]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.RETRACTED])
@pytest.mark.parametrize("ending", ["/", ".json", ".csv"])
def test_nothing_unpublished_is_told(client, say, status, ending):
    say("a", "2024-01-01")
    secret = say("secret", "2024-02-01", -2, statement__summary="Secret words.")
    Statement.objects.filter(pk=secret.statement_id).update(status=status, retraction_reason="Wrong.")
    response = client.get(PAGE.rstrip("/") + ending)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    assert b"ecret" not in content
    assert b"/statements/a" in content or b"a" in content


@pytest.mark.parametrize(
    "address", ["/actors/nobody/on/sharing", "/actors/aldoria/on/nothing", "/actors/draft/on/sharing"]
)
@pytest.mark.parametrize("ending", ["/", ".json", ".csv"])
def test_what_is_not_public_is_not_found(client, say, topic, address, ending):
    say("a", "2024-01-01")
    StanceFactory(actor=GovernmentFactory(slug="draft"), topic=topic, statement__status=Status.DRAFT)
    assert client.get(address + ending).status_code == 404


def test_former_slugs_lead_to_the_address_of_today(client, say, aldoria, topic):
    say("a", "2024-01-01")
    aldoria.slug = "aldoria-new"
    aldoria.save()
    assertRedirects(
        client.get(f"{PAGE}?on=2024-02-01"), "/actors/aldoria-new/on/sharing/?on=2024-02-01", status_code=301
    )


def test_wrong_parameters_are_told(client, say):
    say("a", "2024-01-01")
    assertContains(client.get(f"{PAGE}?on=soon"), "is not a date")
    assert client.get(f"{PAGE.rstrip('/')}.json?on=soon").status_code == 400
    assert client.get(f"{PAGE.rstrip('/')}.csv?colour=red").status_code == 400


@pytest.mark.once
def test_queries_do_not_grow_with_the_history(client, say):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(PAGE)
        return len(captured)

    say("a", "2024-01-01")
    say("b", "2024-01-02", -2)
    few = queries()
    for n in range(20):
        say(f"c-{n}", f"2024-02-{n + 1:02}", (-2, 0, 2)[n % 3], attribution=("own", "reported")[n % 2])
    assert queries() == few


@pytest.mark.parametrize(
    "address",
    ["/actors/aldoria/", "/topics/sharing/", "/positions/", "/positions/?on=2024-02-01", "/actors/", "/statements/a/"],
)
def test_wherever_a_position_stands_its_reasons_are_a_click_away(client, say, address):
    say("a", "2024-01-01")
    assertContains(client.get(address), f'href="{PAGE}')


def test_the_table_has_no_empty_lines(client, world):
    lines = b"".join(client.get("/actors/australia/on/pact-japan.csv")).decode().split("\r\n")
    assert all(lines[:-1])
    assert lines[-1] == ""
