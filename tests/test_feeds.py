"""The feed of changes, by what RFC 4287 requires and the W3C's validator checks."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from pytest_django.asserts import assertContains

from stances.models import Actor, Stance, Statement
from stances.positions import rebuild
from stances.vocabulary import Status
from tests.factories import StanceFactory

pytestmark = pytest.mark.django_db
FEED = "/feeds/changes.atom"
ATOM = "{http://www.w3.org/2005/Atom}"
XML = "{http://www.w3.org/XML/1998/namespace}"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}-\d\d-\d\d:[\w/-]+")


def feed_of(client, query=""):
    return ET.fromstring(client.get(f"{FEED}{query}").content)  # noqa: S314  (it is ours)


def entries(root):
    return root.findall(f"{ATOM}entry")


def texts(root, name) -> list[str]:
    return [element.text or "" for element in root.iter(f"{ATOM}{name}")]


def nodes(root):
    return [root, *entries(root)]


def links_of(node):
    return node.findall(f"{ATOM}link")


def is_absolute(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def times(node, name) -> list[dt.datetime]:
    return [dt.datetime.fromisoformat(text) for text in texts(node, name)]


def alternates(node) -> list[tuple]:
    return [
        (link.get("type"), link.get("hreflang"))
        for link in links_of(node)
        if link.get("rel", "alternate") == "alternate"
    ]


#: What RFC 4287 requires, by its sections, and what the W3C's validator warns of.
RULES = {
    "4.1.1 the document is a feed": lambda root: root.tag == f"{ATOM}feed",
    "4.1 only elements of Atom that stand where they may": lambda root: (
        {node.tag.removeprefix(ATOM) for node in root} <= FEED_MAY_HOLD
        and {node.tag.removeprefix(ATOM) for entry in entries(root) for node in entry} <= ENTRY_MAY_HOLD
    ),
    "4.1.1, 4.1.2 exactly one id, title and updated": lambda root: all(
        len(node.findall(f"{ATOM}{name}")) == 1 for node in nodes(root) for name in ("id", "title", "updated")
    ),
    "4.1.1 the feed names an author, whom entries inherit": lambda root: len(root.findall(f"{ATOM}author")) == 1,
    "4.1.1 one link to itself": lambda root: [it.get("rel") for it in links_of(root)].count("self") == 1,
    "4.1.1 one alternate link of a type and language": lambda root: all(
        len(alternates(node)) == len(set(alternates(node))) for node in nodes(root)
    ),
    "4.1.2 an entry without content has an alternate link": lambda root: all(map(alternates, entries(root))),
    "4.1.2 one summary and one published at most": lambda root: all(
        len(entry.findall(f"{ATOM}{name}")) == 1 for entry in entries(root) for name in ("summary", "published")
    ),
    "4.2.1 a person has a name, and an absolute address": lambda root: (
        all(texts(root.find(f"{ATOM}author"), "name")) and all(map(is_absolute, texts(root, "uri")))
    ),
    "4.2.2 a category has a term": lambda root: all(node.get("term") for node in root.iter(f"{ATOM}category")),
    "4.2.6 ids are absolute": lambda root: all(urlsplit(name).scheme for name in texts(root, "id")),
    "4.2.6 ids of entries are tags that differ": lambda root: (
        all(TAG.fullmatch(name) for name in texts(root, "id")[1:])
        and len(texts(root, "id")) == len(set(texts(root, "id")))
    ),
    "4.2.7 links are absolute, whatever the base": lambda root: (
        all(is_absolute(link.get("href")) for node in nodes(root) for link in links_of(node))
        and not [node for node in root.iter() if XML + "base" in node.attrib]
    ),
    "3.1 text is text: no markup that a reader would show as such": lambda root: (
        all(node.get("type") == "text" for node in root.iter(f"{ATOM}summary"))
        and {node.get("type", "text") for name in ("title", "subtitle") for node in root.iter(ATOM + name)} == {"text"}
        and not [node for name in ("title", "summary") for node in root.iter(ATOM + name) if len(node)]
    ),
    "3.1 titles say something": lambda root: all(text.strip() for text in texts(root, "title")),
    "3.3 times as in RFC 3339, with a zone": lambda root: all(
        RFC_3339.fullmatch(text) for name in ("updated", "published") for text in texts(root, name)
    ),
    "3.3 nothing is updated before it is published, nor the feed before its entries": lambda root: (
        all(times(entry, "published") <= times(entry, "updated") for entry in entries(root))
        and times(root, "updated")[0] == max(times(root, "updated"))
    ),
    "2 the language is told": lambda root: root.get(XML + "lang") == "en",
}
FEED_MAY_HOLD = {"id", "title", "subtitle", "updated", "link", "author", "entry"}
ENTRY_MAY_HOLD = {"id", "title", "summary", "updated", "published", "link", "category"}


def assert_valid(root) -> None:
    assert [rule for rule, holds in RULES.items() if not holds(root)] == []


@pytest.mark.parametrize(
    "query", ["", "?kind=first", "?actor=australia&topic=pact", "?kind=shift", "?actor=japan&after=2025-01-01"]
)
def test_feed_is_valid(client, world, query):
    response = client.get(f"{FEED}{query}")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert response.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    root = feed_of(client, query)
    assert_valid(root)
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {"self": f"http://testserver{FEED}{query}", "alternate": f"http://testserver/changes/{query}"}


def test_entry_tells_from_what_to_what_and_the_words_on_both_sides(client, world):
    [entry] = entries(feed_of(client))
    assert entry.find(f"{ATOM}title").text == "Australia on Pact: Japan: from for, later to against (reversal)"
    summary = entry.find(f"{ATOM}summary").text
    for words in (
        "Size −3; 77 days later.",
        "Before: Jane Minister, 13 February 2024: “As the pact",
    ):
        assert words in summary
    links = {link.get("rel"): link.get("href") for link in entry.findall(f"{ATOM}link")}
    assert links == {
        "alternate": "http://testserver/statements/speech/",
        "related": "http://testserver/actors/australia/on/pact-japan/?on=2024-04-30",
    }


@pytest.mark.parametrize(
    ("query", "number"),
    [("", 1), ("?kind=first", 3), ("?kind=reversal", 1), ("?actor=japan", 0), ("?topic=trade", 0), ("?topic=pact", 1)],
)
def test_filters_are_those_of_the_list(client, world, query, number):
    assert len(entries(feed_of(client, query))) == number == client.get(f"/changes/{query}").context["matching"]


def test_ids_outlive_a_rename_and_a_new_computation(client, world):
    before = texts(feed_of(client, "?kind=first"), "id")[1:]
    actor = Actor.objects.get(slug="australia")
    actor.slug = "commonwealth"
    actor.save()
    rebuild()
    assert texts(feed_of(client, "?kind=first"), "id")[1:] == before


@pytest.mark.parametrize(
    "query", ["colour=red", "cursor=x", "order=date", "actor=nobody", "after=soon", "utm_source=x"]
)
def test_what_makes_no_sense_is_refused_in_words(client, world, query):
    response = client.get(f"{FEED}?{query}")
    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/plain")
    assert query.split("=")[0] in response.content.decode()


@pytest.mark.every_case
@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.RETRACTED])
def test_nothing_unpublished_is_fed(client, world, status):
    Statement.objects.filter(key="speech").update(status=status, retraction_reason="Wrong.")
    content = client.get(f"{FEED}?kind=first").content.decode()
    assert "speech" not in content
    assert "ecret" not in content


def test_characters_that_xml_lacks_do_no_harm(client, world):
    Statement.objects.filter(key="speech").update(summary="A <b>\x0b deed & more")
    assert "A <b>\ufffd deed & more" in texts(feed_of(client), "summary")[0]


@pytest.mark.once
def test_feed_ends_with_the_newest_fifty(client, world):
    first = StanceFactory(statement__date="2023-01-01", position=2)
    for day in range(60):
        StanceFactory(
            actor=first.actor,
            topic=first.topic,
            statement__date=f"2023-{2 + day // 28:02}-{1 + day % 28:02}",
            position=(-2, 2)[day % 2],
        )
    with CaptureQueriesContext(connection) as captured:
        root = feed_of(client)
    assert len(entries(root)) == 50
    assert_valid(root)
    assert len(captured) <= 6


def test_tag_holds_until_the_data_changes(client, world):
    tag = client.get(FEED)["ETag"]
    assert client.get(FEED, headers={"if-none-match": tag}).status_code == 304
    Statement.objects.filter(key="speech").update(summary="Otherwise.")
    assert client.get(FEED, headers={"if-none-match": tag}).status_code == 200


def test_list_offers_the_feed_of_its_filters(client, world):
    response = client.get("/changes/?actor=australia&topic=pact&order=date")
    feed = f"{FEED}?actor=australia&topic=pact"
    assertContains(
        response, f'type="application/atom+xml" title="{escape(response.context["title"])}" href="{escape(feed)}"'
    )


def test_an_entry_tells_when_its_statement_was_changed(client, world):
    stance = Stance.objects.get(statement__key="speech", topic__slug="pact-japan")
    before = client.get("/feeds/changes.atom").content.decode()
    stance.condition = "Once all agree"
    stance.position, stance.terms = -1, "proviso"
    stance.save()
    at = stance.history.latest().history_date
    after = client.get("/feeds/changes.atom").content.decode()
    stamp = f"<updated>{at:%Y-%m-%dT%H:%M:%S}"
    assert (stamp in before, stamp in after) == (False, True)
