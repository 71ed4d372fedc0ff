"""Figures as files: drawings that stand alone, and tables of what they show."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from stances.charts import Axis, row
from stances.histories import history
from stances.models import Actor, Topic
from stances.palette import LIGHT
from stances.profiles import Profile
from tests.factories import (
    ActorFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

SVG = "{http://www.w3.org/2000/svg}"
DAY = dt.date(2026, 6, 1)
#: Addresses of the world of tests/pact.py.
DRAWINGS = ["/actors/australia/timeline.svg", "/topics/pact-japan/timeline.svg", "/topics/pact-japan/counts.svg"]
TABLES = ["/actors/australia/timeline.csv", "/topics/pact-japan/timeline.csv", "/topics/pact-japan/counts.csv"]
COMPARED = "/compare.svg?actor=australia&actor=japan&topic=pact-japan"


def parsed(content: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(content)  # noqa: S314 our own


def rows_of(response) -> list[dict[str, str]]:
    return list(csv.DictReader(response.content.decode().splitlines()))


@pytest.mark.parametrize("address", [*DRAWINGS, COMPARED])
def test_drawing_stands_alone(client, world, address):
    response = client.get(address)
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.headers["Content-Disposition"].startswith('inline; filename="')
    root = parsed(response.content)
    names = {element.tag for element in root.iter()}
    assert names.isdisjoint({f"{SVG}{name}" for name in ("script", "style", "image", "foreignObject", "use")})
    attributes = [(name, value) for element in root.iter() for name, value in element.attrib.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("style", "class")]
    assert all(value.startswith("http://testserver/") for name, value in attributes if name == "href")
    used = {value for name, value in attributes if name in ("fill", "stroke") and value.startswith("#")}
    assert used <= set(LIGHT.values())
    hatches = {f"url(#{element.attrib['id']})" for element in root.iter(f"{SVG}pattern")}
    assert {value for _, value in attributes if value.startswith("url(")} <= hatches
    assert root.find(f"{SVG}title").text


@pytest.mark.parametrize("address", [*DRAWINGS, *TABLES])
def test_unchanged_figure_is_not_sent_again(client, world, address):
    tag = client.get(address).headers["ETag"]
    assert client.get(address, headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize("address", [*DRAWINGS, *TABLES])
def test_figure_of_what_makes_no_sense_says_so(client, world, address):
    response = client.get(address, {"on": "soon", "colour": "red"})
    assert response.status_code == 400
    assert "soon" in response.content.decode()
    assert "colour" in response.content.decode()


@pytest.mark.parametrize("address", [*DRAWINGS, *TABLES])
def test_figure_of_nothing_known_is_not_found(client, world, address):
    assert client.get(re.sub("australia|pact-japan", "nowhere", address)).status_code == 404


@pytest.mark.parametrize("address", [*DRAWINGS, *TABLES])
def test_drafts_never_show(client, world, address):
    def shown() -> bytes:
        return re.sub(rb"version \d+", b"", client.get(address).content)

    before = shown()
    australia, topic = Actor.objects.get(slug="australia"), Topic.objects.get(slug="pact-japan")
    draft = StatementFactory(key="hidden-1", date="2024-02-13", speaker__name="Hidden speaker")
    StanceFactory(statement=draft, actor=australia, topic=topic, position=0)
    assert shown() == before


def test_timeline_shows_what_its_table_tells(client, world):
    said = rows_of(client.get("/actors/australia/timeline.csv"))
    assert [(row["date"], row["words"], row["did"], row["kind"], row["until"]) for row in said] == [
        ("2024-02-13", "for, later", "opened", "first", "2024-04-30"),
        ("2024-04", "against", "opened", "reversal", ""),
        ("2024-02-13", "for, later", "repeat", "", ""),
    ]
    root = parsed(client.get("/actors/australia/timeline.svg").content)
    linked = {link.attrib["href"].split("/")[-2] for link in root.iter(f"{SVG}a")}
    assert linked == {row["statement_key"] for row in said}


def test_timeline_of_a_day_shows_nothing_later(client, world):
    assert len(rows_of(client.get("/actors/australia/timeline.csv?on=2024-03-01"))) == 1
    assert "speech" not in client.get("/topics/pact-japan/timeline.svg?on=2024-03-01").content.decode()


def test_timeline_keeps_to_the_topics_and_actors_that_are_asked_for(client, world):
    topics = {row["topic"] for row in rows_of(client.get("/actors/japan/timeline.csv?topic=pact"))}
    assert topics == {"pact"}
    topics = {row["topic"] for row in rows_of(client.get("/actors/japan/timeline.csv?topic=-pact"))}
    assert topics == {"trade"}
    assert rows_of(client.get("/topics/pact-japan/timeline.csv?actor=japan")) == []


def test_former_address_of_a_figure_leads_to_the_present_one(client, world):
    topic = Topic.objects.get(slug="pact-japan")
    topic.slug = "japan-in"
    topic.save()
    response = client.get("/topics/pact-japan/timeline.svg?on=2024-03-01")
    assert (response.status_code, response.url) == (301, "/topics/japan-in/timeline.svg?on=2024-03-01")


def test_words_of_a_mark_stand_beside_it_for_who_points_at_it_or_tabs_to_it(client, world):
    page = client.get("/topics/pact-japan/").content.decode()
    for link in re.findall(r'<a href="/statements/[^"]+" aria-label="([^"]+)">\s*<title>', page):
        assert f"<p>{link}</p></foreignObject>" in re.sub(r">\s+<", "><", page)
    assert page.count("foreignObject") >= 2 * 3


def test_title_of_a_drawing_names_the_group_or_the_wider_topic(client, world):
    topic = Topic.objects.get(slug="pact-japan")
    Topic.objects.filter(pk=topic.pk).update(proposition="Japan should join.")
    for named in ("Pact", "Four Powers"):
        title = parsed(client.get("/topics/pact-japan/timeline.svg").content).find(f"{SVG}title").text
        assert title.startswith(f"Japan should join ({named}): recorded positions")
        Topic.objects.filter(pk=topic.parent_id).update(group=ActorFactory(name="Four Powers"))
    Topic.objects.filter(pk=topic.pk).update(proposition="Japan should join the Four Powers.")
    assert "(Four Powers)" not in client.get("/topics/pact-japan/timeline.svg").content.decode()


def test_reversal_has_the_same_sign_on_the_page_and_in_the_file(client, world):
    page, file = (client.get(f"/topics/pact-japan/{name}").content.decode() for name in ("", "timeline.svg"))
    shown = page[: page.index("reversal\n")].rsplit("<path", 1)[1]
    assert 'd="M7 5 12.5 15H1.5z"' in shown  # upright
    saved = file[: file.index(">reversal<")].rsplit("<path", 1)[1]
    assert 'd="M0 -5.5 5.5 4.5H-5.5z"' in saved


def test_counts_as_a_file_name_governments_and_numbers(client, world):
    actor, topic = Actor.objects.get(slug="australia"), Topic.objects.get(slug="pact-japan")
    for day in range(1, 4):
        StanceFactory(actor=actor, topic=topic, statement__date=f"2024-02-0{day}", position=2)
    file = parsed(client.get("/topics/pact-japan/counts.svg?by=year").content)
    words = [node.text for node in file.iter(f"{SVG}text")]
    assert "−− Australia" in words
    assert words.count("++ Australia") == 3
    assert {"4", "1"} <= set(words)
    assert not any("current policy" in (text or "") for text in words)
    assert [it for it in words if it and it.isdigit() and len(it) == 4] == ["2024"]


def test_names_cannot_break_a_drawing(client, db):
    actor = GovernmentFactory(slug="odd", name="<A> & \x0b\"B\" 'C' ]]>")
    StanceFactory(actor=actor, statement__date="2024-02-13")
    text = "".join(parsed(client.get("/actors/odd/timeline.svg").content).itertext())
    assert "<A> & \"B\" 'C' ]]>: recorded positions" in text


def test_page_names_its_figure_as_a_file(client, world):
    text = client.get("/actors/australia/?on=2024-03-01").content.decode()
    assert "/actors/australia/timeline.svg?on=2024-03-01" in text
    assert "/topics/pact-japan/timeline.csv" in client.get("/topics/pact-japan/").content.decode()


@pytest.mark.once
@pytest.mark.parametrize("address", ["actor-timeline-svg", "topic-timeline-csv"])
def test_queries_do_not_grow(client, db, address):
    actor, topic = GovernmentFactory(slug="a"), TopicFactory(slug="a")

    def queries() -> int:
        for _ in range(3):
            StanceFactory(actor=actor, topic=TopicFactory(), statement__date="2024-02-13")
            StanceFactory(actor=GovernmentFactory(), topic=topic, statement__date="2024-02-14")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(address, args=["a"])).status_code == 200
        return len(captured)

    assert queries() == queries()


# ---- dense marks ----


@pytest.fixture
def many(db):
    """Make any number of statements of one actor on one topic, some days apart, without writing them one by one."""
    actor, topic = GovernmentFactory(slug="aldoria", name="Aldoria"), TopicFactory(slug="sharing")

    def make(number: int, days: float, held=lambda place: (2, ""), **kwargs):
        first = dt.date(1990, 1, 3)
        speaker, source = ActorFactory(), SourceFactory(published_on=DAY)
        stances = []
        for place in range(number):
            day = first + dt.timedelta(days=int(place * days))
            statement = StatementFactory.build(
                pk=place + 1, key=f"s-{place}", latest=day, earliest=day, speaker=speaker, source=source
            )
            position, terms = held(place)
            stances.append(
                StanceFactory.build(
                    pk=place + 1,
                    statement=statement,
                    source=source,
                    actor=actor,
                    topic=topic,
                    position=position,
                    terms=terms,
                    **kwargs,
                )
            )
        told = history(actor, topic, stances)
        axis = Axis.over([told], stances[-1].statement.latest + dt.timedelta(days=3))
        return row(told, axis), axis

    return make


@pytest.mark.parametrize(("number", "days"), [(3000, 4), (3000, 0.02), (300, 1), (41, 700), (90, 0)])
def test_marks_of_any_number_and_span_stand_apart(many, number, days):
    it, axis = many(number, days)
    assert sum(mark.number for mark in it.marks) == number
    assert len(it.marks) <= 60
    assert axis.unit in ("day", "week", "month", "quarter", "year", "decade")
    assert len(axis.ticks) <= 10


def test_few_marks_are_not_combined(many):
    it, _ = many(20, 90)
    assert [mark.number for mark in it.marks] == [1] * 20
    assert not it.combined


def test_combined_mark_says_how_many_and_leads_to_the_list_of_these_days(many):
    it, _ = many(300, 4, lambda place: (2, "") if place < 284 else (-2, ""))
    assert [mark.title for mark in it.marks][-2:] == [
        "22 statements, 1993, quarter 1 (10 for; 12 against), 1 change, 1 reversal",
        "4 statements, 1993, quarter 2 (4 against)",
    ]
    changed = next(mark for mark in it.marks if "change" in mark.title)
    assert changed.head.reversal
    assert re.fullmatch(
        r"/stances/\?actor=aldoria&topic=sharing&subtopics=0&attribution=own&after=\d{4}-\d\d-01&before=[\d-]{10}",
        changed.href,
    )


def test_list_that_a_combined_mark_leads_to_holds_as_many(client, db):
    actor, topic = GovernmentFactory(), TopicFactory()
    stances = [
        StanceFactory(actor=actor, topic=topic, statement__date=f"2024-0{1 + n % 3}-{n % 9 + 1:02}") for n in range(30)
    ]
    told = history(actor, topic, stances)
    it = row(told, Axis(dt.date(2020, 1, 1), DAY))
    assert it.combined
    for mark in it.marks:
        assert client.get(mark.href).context["matching"] == mark.number


def test_bands_too_short_to_be_told_apart_are_drawn_as_one(many):
    it, _ = many(3000, 4, lambda place: (2, "") if place % 2 else (-2, ""))
    bands = [band for mark in it.marks for band in mark.bands]
    assert len(bands) <= 5 * len(it.marks)
    assert {band.css for band in bands} <= {"many", "p2", "n2"}
    assert any(band.css == "many" and band.word.endswith("positions") for band in bands)


@pytest.fixture
def long(db, monkeypatch):
    """A history of which pages read a few: fifty years, for and against in turn within 2001, then for."""
    monkeypatch.setitem(Profile.__init__.__kwdefaults__, "most", 3)
    for limit in ("panels.STANCES_DRAWN", "comparing.READ", "reasons.READ", "views.figures.IN_FILES"):
        monkeypatch.setattr(f"stances.{limit}", 6)
    actor, topic = GovernmentFactory(slug="aldoria", name="Aldoria"), TopicFactory(slug="sharing", name="Sharing")
    days = [f"19{year}-05-01" for year in range(75, 100)] + [f"2001-{month:02}-01" for month in range(1, 13)]
    for place, day in enumerate(days):
        StanceFactory(actor=actor, topic=topic, statement__date=day, position=-2 if place > 25 and place % 2 else 2)
    other = GovernmentFactory(slug="brenmark", name="Brenmark")
    for year in range(2002, 2013):
        StanceFactory(actor=other, topic=topic, statement__date=f"{year}-01-01")
    return actor, topic


LONG = [
    "/actors/aldoria/on/sharing/",
    "/topics/sharing/",
    "/compare/?actor=aldoria&actor=brenmark&topic=sharing",
    "/actors/aldoria/",
]


def rows_in(response):
    context = response.context
    if "reasons" in context:
        return context["reasons"].rows_drawn[0]
    found = (
        context["panels"].panel.rows if "panels" in context else (context.get("compared") or context["profile"]).rows
    )
    return next(it for it in found if it.history.actor.slug == "aldoria")


def test_figure_of_a_long_history_covers_all_of_it(client, long):
    links = {}
    for address in LONG:
        drawn = rows_in(client.get(address))
        assert sum(mark.number for mark in drawn.marks) == 37, address
        assert re.match(r"\d+ on record, own, reported or repeated, 19[\d to]+; 1 new position", drawn.marks[0].title)
        assert drawn.moved == "last changed 1 Dec 2001: against → for", address
        assert {"many", "combined"} <= drawn.signs, address
        assert drawn.history.note == "37 times on record, 10 changes", address
        bands = [band for mark in drawn.marks for band in mark.bands]
        assert [band.css for band in bands] == ["p2", "many", "p2"], address
        links |= {mark.href: mark.number for mark in drawn.marks}
    assert {link: client.get(link).context["matching"] for link in links} == links


@pytest.mark.parametrize("address", ["/topics/sharing/timeline.svg", "/actors/aldoria/timeline.svg"])
def test_file_of_a_long_history_covers_all_of_it(client, long, address):
    assert "37 times on record" in client.get(address).content.decode()


def test_figure_of_a_long_history_shows_what_was_said_by_the_day_alone(client, long):
    drawn = rows_in(client.get("/topics/sharing/?on=1990-01-01"))
    assert sum(mark.number for mark in drawn.marks) == 15
    assert [band.css for mark in drawn.marks for band in mark.bands] == ["p2"]


def test_queries_of_long_histories_do_not_grow(client, long):
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = {address: queries(address) for address in LONG}
    for year in range(2010, 2020):
        StanceFactory(actor=long[0], topic=long[1], statement__date=f"{year}-01-01", position=0)
    assert {address: queries(address) for address in LONG} == few


def test_reports_and_repeats_are_combined_too(many):
    it, _ = many(500, 4, attribution="reported")
    assert sum(report.number for report in it.reports) == 500
    assert len(it.reports) <= 40
    it, _ = many(500, 0, repeat=True)
    assert [(ring.number, ring.title[:11]) for ring in it.rings] == [(500, "500 repeats")]


def test_files_of_a_long_history_tell_its_newest_and_where_all_is(client, long, monkeypatch):
    monkeypatch.setattr("stances.views.history.IN_FILES", 6)
    monkeypatch.setattr("stances.views.statement.IN_FILES", 6)
    told = client.get("/actors/aldoria/on/sharing.json").json()
    assert len(told["statements"]) < 12 < len(json.loads(client.get(told["all"]["stances"]).getvalue()))
    assert told["statements"][-1]["decides"] == 1
    assert "CSV and JSON hold about the newest 6 of its 37 statements." in " ".join(
        client.get("/actors/aldoria/on/sharing/").content.decode().split()
    )
    rows = b"".join(client.get("/actors/aldoria/on/sharing.csv").streaming_content).decode().splitlines()
    assert len(rows) == 1 + len(told["statements"])
    [exhibit] = client.get(f"/statements/{told['statements'][-1]['statement_key']}.json").json()["stances"]
    assert len(exhibit["considered"]) < 12
    assert exhibit["all"] == told["all"]
    monkeypatch.setattr("stances.views.history.IN_FILES", 37)
    assert client.get("/actors/aldoria/on/sharing.json").json()["all"] is None
