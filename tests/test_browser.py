"""Every public page in a real Chromium: accessible, within its policy of content, no wider than the screen."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import html5lib
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from stances.models import PublicVersion
from stances.palette import STYLESHEET
from tests.barriers import barriers
from tests.factories import (
    AffiliationFactory,
    EditorFactory,
    FeaturedTopicFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    PublicationFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
PAGES = {
    "first page": "/",
    "first page of a day": "/?on=2024-03-01",
    "first page of a wrong day": "/?on=2024-02-30",
    "about": "/about/",
    "columns": "/about/columns/",
    "stances": "/stances/",
    "stances filtered": "/stances/?actor=aldoria&topic=growth&repeats=1",
    "stances without rows": "/stances/?q=nothinglikeit",
    "stances of a wrong filter": "/stances/?topic=nonsense&colour=red",
    "search": "/search/?q=growth",
    "search without words": "/search/",
    "search of a common word": "/search/?q=the",
    "search that finds nothing": "/search/?q=nothinglikeit+growth",
    "changes": "/changes/",
    "colleagues differ": "/changes/differ/",
    "positions": "/positions/",
    "positions of a day": "/positions/?on=2024-03-01",
    "actors": "/actors/",
    "topics": "/topics/",
    "sources": "/sources/",
    "government": "/actors/aldoria/",
    "government of a day": "/actors/aldoria/?on=2024-03-01",
    "government of a wrong day": "/actors/aldoria/?on=soon",
    "person": "/actors/ada/",
    "publication": "/actors/halvik-post/",
    "group": "/actors/pact/",
    "reasons": "/actors/aldoria/on/membership/",
    "reasons of a wider topic": "/actors/aldoria/on/drevia-in/?on=2024-03-01",
    "reasons of nothing": "/actors/brenmark/on/silent/",
    "root topic": "/topics/growth/",
    "leaf topic": "/topics/drevia-in/",
    "silent topic": "/topics/silent/",
    "statement": "/statements/halvik-1/",
    "deed": "/statements/halvik-2/",
    "repeat": "/statements/halvik-3/",
    "retracted statement": "/statements/halvik-4/",
    "source": "/sources/halvik-2024-02-14/",
    "codebook": "/codebook/",
    "newsletter": "/sources/newsletter/",
    "what differs": "/?on=2026-06-01&since=2024-02-13",
    "part as table": "/?topic=membership",
    "comparison to choose": "/compare/?actor=aldoria",
    "comparison": "/compare/?actor=aldoria&actor=drevia&actor=brenmark&topic=membership",
    "wrong comparison": "/compare/?actor=nobody&topic=nothing&on=soon",
    "counts": "/topics/growth/counts/?by=month",
    "counts of nothing": "/topics/silent/counts/",
    "no such page": "/actors/nobody/",
}


def make_world() -> None:
    """Make one of everything that a page can show."""
    pact = GroupFactory(slug="pact", name="The Pact")
    aldoria = GovernmentFactory(slug="aldoria", name="Aldoria", wikidata="Q1")
    brenmark, drevia = (
        GovernmentFactory(slug="brenmark", name="Brenmark"),
        GovernmentFactory(slug="drevia", name="Drevia"),
    )
    gorland = GovernmentFactory(slug="gorland", name="Gorland and the Islands of the Outer Sea")
    for member in (aldoria, brenmark):
        AffiliationFactory(actor=member, of=pact, title="member", authority="", start="2021-09-15")
    ada, ben = PersonFactory(slug="ada", name="Ada Low"), PersonFactory(slug="ben", name="Ben High")
    AffiliationFactory(
        actor=ada, of=aldoria, title="Prime Minister", authority="head", start="2022-01-01", end="2025-01-01"
    )
    AffiliationFactory(actor=ben, of=aldoria, title="Minister for Defence and for All That Goes With It")
    paper = PublicationFactory(slug="halvik-post", name="Halvik Post")
    unnamed = PersonFactory(name="Unnamed official, Government of Gorland", short_name="Unnamed official")
    growth = FeaturedTopicFactory(
        slug="growth",
        name="Growth in general",
        short_name="Growth in general",
        question="Should the Pact take in more countries?",
        about="Given, not drawn.\n\nCoded twice.",
        group=pact,
    )
    membership = TopicFactory(slug="membership", parent=growth, rank=1, name="Full membership")
    drevia_in = TopicFactory(
        slug="drevia-in", parent=membership, name="Full membership: Drevia", short_name="Drevia", candidate=drevia
    )
    works = TopicFactory(
        slug="works", parent=growth, rank=2, name=LONG, short_name=LONG[:60], coding_notes="Only what is joint."
    )
    TopicFactory(slug="silent", name="Silent topic")
    newsletter = SourceFactory(
        slug="newsletter",
        kind="newsletter",
        title=f"Newsletter of {LONG}",
        published_on=dt.date(2024, 3, 4),
        date_basis="inferred",
        date_note="From what it reprints.",
    )
    source = SourceFactory(
        slug="halvik-2024-02-14",
        publisher=paper,
        title="A queue at the door",
        author="B. Writer",
        published_on=dt.date(2026, 4, 10),
        url="https://example.org/queue",
        archive_url="https://archive.example.org/queue",
        found_in=newsletter,
        text="A text.",
    )

    def say(key: str, date: str, speaker, stances: list[tuple], **kwargs):
        statement = StatementFactory(
            key=key, published=True, date=date, speaker=speaker, **{"source": source, "locator": "2-4", **kwargs}
        )
        for actor, topic, position, terms, voice in stances:
            StanceFactory(
                statement=statement, actor=actor, topic=topic, position=position, terms=terms, attribution=voice
            )
        return statement

    first = say(
        "halvik-1",
        "2024-02-13",
        ada,
        [
            (aldoria, membership, -2, "", "own"),
            (aldoria, drevia_in, 1, "scope", "own"),
            (drevia, growth, 2, "", "reported"),
        ],
        quote=f"Project by project … and then {LONG}",
        occasion="News conference, Halvik",
        authority="head",
    )
    first.stances.filter(terms="scope").update(condition="Project by project", rationale="The words name projects.")
    members = [(aldoria, works, 2, "", "own"), (brenmark, works, 2, "", "own")]
    say("halvik-2", "2024-04-08/2024-04-09", pact, members, form="act", authority="act")
    say(
        "halvik-3",
        "2024-02-13",
        ada,
        [(aldoria, membership, -2, "", "own")],
        quote="Project by project",
        repeats=first,
        source=newsletter,
    )
    gone = say("halvik-4", "2024-02-20", ada, [(aldoria, growth, 2, "", "own")])
    say("halvik-5", "2024-02", ada, [(aldoria, growth, 0, "", "own")])
    say("halvik-6", "2026-03-18", ada, [(aldoria, membership, 1, "proviso", "own")], authority="head")
    say("halvik-7", "2026-04-07", ben, [(aldoria, membership, -1, "leaning", "own")])
    say("halvik-8", "2026-04-07", ada, [(aldoria, membership, 0, "", "own")], authority="official")
    say("halvik-9", "../2024-03-25", paper, [(gorland, growth, -1, "time", "reported")], authority="independent")
    say("halvik-10", "2023", unnamed, [(gorland, drevia_in, -1, "proviso", "reported")], authority="unnamed")
    say("halvik-11", "../2025-03-25", ben, [(aldoria, membership, 2, "", "own")])
    say(
        "halvik-12",
        "2024-05-01",
        paper,
        [(paper, growth, 2, "", "own")],
        authority="independent",
        language="fr",
        quote="Oui",
    )
    say("halvik-13", "2024-06-01", ben, [(drevia, drevia_in, 2, "", "own")])
    StanceFactory(statement=StatementFactory(key="draft-1"), actor=aldoria, topic=growth)
    gone.retract(by=EditorFactory(is_superuser=True), reason=f"The paper withdrew it: {LONG}.")


@pytest.fixture
def world(transactional_db):
    PublicVersion.objects.get_or_create(pk=1)
    make_world()


def faults_of(page, url: str) -> list[str]:
    """Open an address and list what is wrong with the page, at each width and in each scheme, all folds unfolded."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    response = page.goto(url)
    faults = [text for text in said if not (response.status >= 400 and "status of 4" in text)]
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    faults += barriers(page)
    return faults + [f"refused: {uri}" for uri in page.evaluate("window.refused")]


@pytest.mark.browser
def test_pages_are_accessible_and_fit_the_screen(world, live_server, browser):
    context = browser.new_context()
    context.add_init_script(
        "window.refused = []; addEventListener('securitypolicyviolation', e => refused.push(e.blockedURI))"
    )
    faults = {}
    for name, address in PAGES.items():
        page = context.new_page()
        faults[name] = faults_of(page, live_server.url + address)
        page.close()
    context.close()
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.browser
def test_first_page_is_read_and_walked_by_keyboard_alone(world, live_server, page):
    page.goto(live_server.url + "/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus("#on")
    page.fill("#on", "2024-03-01")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?on=2024-03-01*")
    assert "On 1 March 2024" in page.inner_text("main")
    page.click("a.step[rel=prev]")
    page.wait_for_url("**/?on=2024-02-29")


@pytest.mark.browser
def test_mark_of_a_timeline_leads_to_the_words(world, live_server, page):
    page.goto(live_server.url + "/actors/aldoria/")
    page.focus("a[aria-label^='18 Mar 2026']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/statements/halvik-6/")


@pytest.mark.browser
def test_public_pages_but_lists_load_no_script_but_the_one_for_the_key(world, live_server, page):
    loaded: set[str] = set()
    page.on("request", lambda request: request.resource_type == "script" and loaded.add(request.url))
    for address in ("/", "/actors/aldoria/", "/topics/growth/", "/statements/halvik-1/"):
        page.goto(live_server.url + address)
    assert loaded == {f"{live_server.url}/static/stances/keys.js"}


@pytest.mark.browser
def test_filters_apply_as_they_are_chosen_and_keep_the_focus(world, live_server, page, complaints):
    page.goto(live_server.url + "/stances/")
    everything = page.inner_text("#count")
    page.focus("#in-position-2")
    page.keyboard.press("Space")
    page.wait_for_url("**/stances/?position=2")
    expect(page.locator("#told")).not_to_be_empty()
    assert page.inner_text("#count") != everything
    assert page.inner_text("#told") == page.inner_text("#count")
    assert page.title().startswith("Statements: Position: for")
    expect(page.locator("#in-position-2")).to_be_focused()
    page.go_back(wait_until="networkidle")
    assert (page.url, page.inner_text("#count")) == (live_server.url + "/stances/", everything)
    assert complaints == []


@pytest.mark.browser
def test_on_a_narrow_screen_the_way_from_the_filters_to_the_results_is_in_reach(world, live_server, browser):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(live_server.url + "/stances/", wait_until="networkidle")
    page.click(".facets > summary")
    page.locator("#in-position-2").check()
    page.wait_for_url("**/stances/?position=2")
    expect(page.locator("#told")).not_to_be_empty()
    button = page.locator(".apply .button")
    expect(button).to_be_in_viewport()
    assert button.inner_text() == f"Show {page.locator('#count').evaluate('it => it.firstChild.data.trim()')}"
    button.click()
    expect(page.locator("#count")).to_be_focused()
    expect(page.locator("#count")).to_be_in_viewport()
    assert not page.locator(".apply").is_visible()
    assert page.locator(".top").evaluate("it => it.offsetHeight") < 120
    page.close()


@pytest.mark.browser
def test_a_link_skips_the_filters(world, live_server, page):
    page.goto(live_server.url + "/stances/")
    page.focus(".to-results")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "count"


@pytest.mark.browser
def test_what_a_form_leaves_blank_is_not_in_the_address(world, live_server, page):
    page.goto(live_server.url + "/")
    page.fill("#on", "2024-03")
    page.press("#on", "Enter")
    page.wait_for_url("**/?on=2024-03")
    assert "On 31 March 2024" in page.inner_text("main")
    page.goto(live_server.url + "/compare/?actor=aldoria")
    page.click("main form .button")
    page.wait_for_load_state()
    assert "=&" not in f"{page.url}&"


@pytest.mark.browser
def test_words_are_looked_for_while_they_are_typed(world, live_server, page):
    page.goto(live_server.url + "/stances/")
    page.type("#q", "words")
    page.wait_for_url("**/stances/?q=words")
    expect(page.locator("#q")).to_be_focused()
    assert page.input_value("#q") == "words"


SHIFTS = """window.shifts = [];
new PerformanceObserver(list => list.getEntries().forEach(it => shifts.push([it.value, it.sources.map(
    source => source.node?.parentElement?.outerHTML.slice(0, 80))])))
  .observe({type: "layout-shift", buffered: true});"""
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
STEADY = ("first page", "stances", "search", "changes", "government", "root topic", "statement", "comparison", "counts")


@pytest.mark.once
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_moves_while_a_page_loads_or_a_filter_applies(world, live_server, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.add_init_script(SHIFTS)
    moved = {}
    for name in STEADY:
        page.goto(live_server.url + PAGES[name])
        page.evaluate(PAINTED)
        moved[name] = page.evaluate("shifts")
    page.goto(live_server.url + "/stances/", wait_until="networkidle")
    page.evaluate("document.querySelector('#list details.facets').open = true")
    page.evaluate(PAINTED)
    page.evaluate("shifts.length = 0")
    page.locator("#in-position-2").check()
    page.wait_for_url("**/stances/?position=2")
    expect(page.locator("#told")).not_to_be_empty()
    page.evaluate(PAINTED)
    moved["filter"] = page.evaluate("shifts")
    page.close()
    assert {name: found for name, found in moved.items() if found} == {}


@pytest.mark.once
@pytest.mark.browser
def test_figure_keeps_its_words_on_paper(world, live_server, page):
    shown = "[...document.querySelectorAll('.bt .bw')].some(it => it.getClientRects().length)"
    page.goto(live_server.url + "/actors/aldoria/")
    seen = {}
    for width in (360, 900, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        seen[width] = page.evaluate(shown)
    page.set_viewport_size({"width": 695, "height": 1000})  # A4 within its margins
    page.emulate_media(media="print")
    assert seen | {"print": page.evaluate(shown)} == {360: False, 900: False, 1280: True, "print": True}
    for gone in (".top nav", ".top form", ".crumbs", ".stepper", ".formats"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.get_by_text("Retrieved").first.is_visible()


@pytest.mark.once
@pytest.mark.browser
def test_marks_take_the_ink_that_a_reader_forces(world, live_server, browser):
    page = browser.new_page(forced_colors="active", color_scheme="dark")
    page.goto(live_server.url + "/actors/aldoria/")
    ink = page.evaluate("getComputedStyle(document.querySelector('.dot:not(.approx-dot)')).fill")
    assert ink == page.evaluate("getComputedStyle(document.body).color")
    page.close()


@pytest.mark.once
@pytest.mark.browser
def test_marks_have_24_pixels_and_show_where_the_focus_is(world, live_server, page):
    page.goto(live_server.url + "/actors/aldoria/")
    sizes = page.evaluate(
        "[...document.querySelectorAll('.row-svg a')].map(it => it.getBoundingClientRect())"
        ".map(it => [it.width, it.height])"
    )
    assert sizes
    assert all(min(size) >= 23.9 or max(size) >= 23.9 for size in sizes)
    page.keyboard.press("Tab")
    page.focus(".row-svg a")
    stroke = "getComputedStyle(document.activeElement.querySelector('.hit')).stroke"
    focus = "getComputedStyle(document.documentElement).getPropertyValue('--focus')"
    assert page.evaluate(stroke) == page.evaluate(
        f"(() => {{ const it = document.createElement('i'); it.style.color = {focus}; document.body.append(it);"
        " return getComputedStyle(it).color })()"
    )


@pytest.mark.once
def test_nothing_is_animated():
    stylesheet = STYLESHEET.read_text(encoding="utf-8")
    assert not re.search(r"\b(animation|transition|scroll-behavior)\b", stylesheet)


_PARSED: dict = {}


def parsed(client, address: str):
    """Give a page and its tree, parsed once for all tests: but for its numbers, the world is the same in each."""
    if address not in _PARSED:
        content = client.get(address).content.decode()
        _PARSED[address] = content, html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parse(content)
    return _PARSED[address]


@pytest.mark.once
def test_pages_are_valid_html(world, client):
    for name, address in PAGES.items():
        content, _ = parsed(client, address)
        for unwanted in (" style=", "<script>", "<style"):
            assert unwanted not in content, name


@pytest.mark.once
def test_ids_are_unique_and_what_refers_to_them_finds_them(world, client):
    for name, address in PAGES.items():
        _, root = parsed(client, address)
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert len(ids) == len(set(ids)), name
        for element in root.iter():
            for attribute in ("for", "aria-labelledby", "aria-describedby"):
                assert set(element.attrib.get(attribute, "").split()) <= set(ids), name
            target = element.attrib.get("href", "")
            assert not target.startswith("#") or target[1:] in ids, name


@pytest.mark.once
def test_links_within_the_site_lead_somewhere(world, client):
    links: set[str] = set()
    for address in PAGES.values():
        links |= {unescape(link) for link in re.findall(r'href="([^"#]*)', client.get(address).content.decode())}
    own = {link for link in links if link.startswith("/") and not link.startswith(("/static/", reverse("admin:index")))}
    answers = {link: client.get(link).status_code for link in own}
    assert {link: status for link, status in answers.items() if status not in (200, 302)} == {}
