"""The public site as a crawler meets it, on the real data: from the first page by every kind of link."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

import html5lib
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import resolve

from tests.test_browser import PAGES

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MOST_BYTES = 100 * 1024
#: Pages of one view are alike: so many are opened of each, with parameters and without.
OF_A_VIEW = 2
HEAD = (r"<title>.{10,}</title>", '<meta name="description" content=".{20,}', '<link rel="canonical" href="http')
ELSEWHERE = ("/static/", "/api/", "/admin/")


@pytest.fixture
def site():
    call_command("loaddata", "aukus", verbosity=0)


def kind_of(address: str) -> tuple[str, bool]:
    parts = urlsplit(address)
    return resolve(parts.path).url_name or "", bool(parts.query)


def faults_of(address: str, content: str, root) -> list[str]:
    found = []
    if len(content.encode()) > MOST_BYTES:
        found.append(f"{len(content.encode())} bytes")
    found += [f"lacks {pattern}" for pattern in HEAD if not re.search(pattern, content, re.DOTALL)]
    if len(list(root.iter("h1"))) != 1:
        found.append("has not one heading of the first level")
    if address.split("?")[0] != "/" and 'aria-label="Breadcrumbs"' not in content:
        found.append("has no breadcrumbs")
    return found


def crawl(client: Client) -> tuple[dict[str, list[str]], set[str]]:
    """Follow the links from the first page; give the faults of each page that has some, and the views that were met."""
    waiting, seen, opened = ["/"], {"/"}, Counter[object]()
    faults: dict[str, list[str]] = {}
    views: set[str] = set()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        opened[kind] += 1
        if opened[kind] > OF_A_VIEW:
            continue
        response = client.get(address)
        content = b"".join(response) if response.streaming else response.content
        if response.status_code != 200:
            faults[address] = [f"answers {response.status_code}"]
            continue
        if not response["Content-Type"].startswith("text/html"):
            continue
        views.add(kind[0])
        text = content.decode()
        try:
            root = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parse(text)
        except html5lib.html5parser.ParseError as error:
            faults[address] = [f"is not valid HTML: {error}"]
            continue
        if found := faults_of(address, text, root):
            faults[address] = found
        for element in root.iter("a"):
            link = element.attrib.get("href", "").split("#")[0]
            link = f"{urlsplit(address).path}{link}" if link.startswith("?") else link
            if link.startswith("/") and not link.startswith(ELSEWHERE) and link not in seen:
                seen.add(link)
                waiting.append(link)
    return faults, views


def test_every_page_that_links_lead_to_is_sound(client, site):
    faults, views = crawl(client)
    assert faults == {}
    known = {kind_of(address)[0] for address in PAGES.values()}
    assert views - known == set()  # these are held against the rules of accessibility, too
    assert len(views) > 12
