"""What pages tell search engines and networks: title, description, one address."""

from __future__ import annotations

import re
import struct
from html import unescape
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import RequestFactory

from stances.dates import today
from stances.models import Actor, Statement
from tests.factories import FeaturedTopicFactory

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/about/",
    "/about/columns/",
    "/stances/",
    "/changes/",
    "/changes/differ/",
    "/positions/",
    "/actors/",
    "/topics/",
    "/sources/",
    "/actors/australia/",
    "/actors/australia/on/pact-japan/",
    "/topics/pact/",
    "/statements/interview/",
    "/sources/early/",
]


def head_of(client, address) -> dict[str, str]:
    content = client.get(address).content.decode()
    head = content[: content.index("</head>")]
    named = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', head)
    canonical = re.findall(r'<link rel="canonical" href="([^"]*)">', head)
    assert len(named) == len(dict(named))
    return {name: unescape(value) for name, value in named} | {
        "title": unescape(re.search("<title>(.*?)</title>", head, re.DOTALL)[1]),
        "canonical": unescape(canonical[0]) if canonical else "",
    }


def test_every_page_has_title_description_and_address_of_its_own(client, world):
    FeaturedTopicFactory(slug="growth")
    heads = {address: head_of(client, address) for address in PAGES}
    for address, head in heads.items():
        assert head["title"] == f"{head['og:title']} – Stances"
        assert head["canonical"] == head["og:url"] == f"http://testserver{address}"
        assert 20 < len(head["description"]) <= 200, address
        assert head["og:description"] == head["description"]
        assert (head["og:site_name"], head["twitter:card"]) == ("Stances", "summary_large_image")
        assert head["og:type"] in ("website", "article", "profile")
        assert head["og:image"] == "http://testserver/static/stances/card.png"
        assert "  " not in head["description"]
    assert len({head["title"] for head in heads.values()}) == len(PAGES)
    assert len({head["description"] for head in heads.values()}) == len(PAGES)


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("/stances/?utm_source=x&actor=japan", "/stances/?actor=japan"),
        ("/stances/?position=%2B1&repeats=0&q=&actor=japan&actor=japan", "/stances/?actor=japan&position=1"),
        ("/stances/?topic=pact&subtopics=1&order=date", "/stances/?topic=pact&order=date"),
        ("/stances/?actor=-japan&after=soon", "/stances/?actor=-japan"),
        ("/changes/differ/?before=2024-05-01", "/changes/differ/?before=2024-05-01"),
        ("/positions/?on=2024-05-01", "/positions/?on=2024-05-01"),
        ("/actors/australia/?on=2024-05-01&fbclid=x", "/actors/australia/?on=2024-05-01"),
        ("/actors/australia/?on=never", "/actors/australia/"),
        (f"/actors/australia/?on={today()}", "/actors/australia/"),
        ("/statements/interview/?utm_campaign=x", "/statements/interview/"),
        (
            "/compare/?topic=pact-japan&actor=japan&actor=australia",
            "/compare/?actor=japan&actor=australia&topic=pact-japan",
        ),
        ("/nothing/", ""),
    ],
)
def test_canonical_address_leaves_out_what_says_nothing(client, world, address, canonical):
    assert head_of(client, address)["canonical"] == (canonical and RequestFactory().get(canonical).build_absolute_uri())


def test_canonical_address_names_actors_as_of_today(client, world):
    actor = Actor.objects.get(slug="australia")
    actor.slug = "commonwealth"
    actor.save()
    assert head_of(client, "/changes/?actor=australia")["canonical"].endswith("/changes/?actor=commonwealth")


def test_hostile_text_stays_text_and_is_cut_between_words(client, world):
    Statement.objects.filter(key="interview").update(summary='"><script>alert(1)</script> & ' + "wordy " * 80)
    content = client.get("/statements/interview/").content.decode()
    assert "<script>alert" not in content
    description = head_of(client, "/statements/interview/")["description"]
    assert description.startswith('">')
    assert len(description) <= 200
    assert description.endswith("…")


def test_picture_of_links_is_of_the_size_that_pages_tell(client, world):
    head = head_of(client, "/actors/australia/")
    picture = Path(finders.find("stances/card.png")).read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture) < 100_000
    assert struct.unpack(">II", picture[16:24]) == (int(head["og:image:width"]), int(head["og:image:height"]))
    assert head["og:image:alt"]
