"""How much was said on a topic, by time, topic, government, speaker and authority."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from stances import counts
from stances.periods import period_of
from stances.quarters import COLUMNS, Counted, diverging, quarters
from tests.factories import GovernmentFactory, PersonFactory, StanceFactory, StatementFactory, TopicFactory

pytestmark = pytest.mark.django_db
NAMES = ["topic-counts", "topic-counts-csv", "topic-counts-json", "topic-counts-svg"]


def say(actor, topic, date, position=2, **kwargs):
    return StanceFactory(actor=actor, topic=topic, statement__date=date, position=position, **kwargs)


def address(name="topic-counts", **query):
    return reverse(name, args=["sharing"], query=query)


def rows_of(client, **query) -> list[dict[str, str]]:
    return list(csv.DictReader(client.get(address("topic-counts-csv", **query)).content.decode().splitlines()))


@pytest.fixture
def topic():
    return TopicFactory(slug="sharing", name="Sharing", proposition="Members should share.")


@pytest.fixture
def said(topic):
    aldoria, brenmark = GovernmentFactory(slug="aldoria"), GovernmentFactory(slug="brenmark")
    part = TopicFactory(slug="part", parent=topic)
    ada = PersonFactory(slug="ada", name="Ada Low")
    first = say(aldoria, topic, "2023-12-31", 2, statement__speaker=ada, statement__authority="head")
    say(aldoria, topic, "2024-01-01", 1, statement__speaker=ada, statement__authority="head")
    say(aldoria, part, "2024-02-13", 0)
    say(brenmark, part, "2024-03-13", -2)
    say(brenmark, topic, "2024-03-14", -1, attribution="reported", statement__authority="independent")
    say(aldoria, topic, "2023-12-31", 2, statement__repeats=first.statement)
    say(PersonFactory(), topic, "2024-03-15", 2)
    return aldoria, brenmark


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            "month",
            [
                ("2023-12", "1", "0", "0"),
                ("2024-01", "1", "0", "0"),
                ("2024-02", "0", "1", "0"),
                ("2024-03", "0", "0", "1"),
            ],
        ),
        ("quarter", [("2023-Q4", "1", "0", "0"), ("2024-Q1", "1", "1", "1")]),
        ("year", [("2023", "1", "0", "0"), ("2024", "1", "1", "1")]),
    ],
)
def test_own_statements_with_subtopics_are_counted_by_side(client, said, by, expected):
    rows = rows_of(client, by=by)
    assert [(row["period"], row["supporting"], row["undecided"], row["opposing"]) for row in rows] == expected


def test_file_tells_the_days_and_the_positions_too(client, said):
    row = rows_of(client)[1]
    assert (row["first_day"], row["last_day"]) == ("2024-01-01", "2024-03-31")
    assert [row[f"position_{it}"] for it in ("2", "1", "0", "minus_1", "minus_2")] == ["0", "1", "1", "0", "1"]


def test_json_tells_who_speaks_most_and_with_what_authority(client, said):
    data = client.get(address("topic-counts-json")).json()
    assert [(it["actor"], it["supporting"], it["opposing"]) for it in data["by_government"]] == [
        ("aldoria", 2, 0),
        ("brenmark", 0, 1),
    ]
    assert data["by_speaker"][0] == {"speaker": "ada", "supporting": 2, "undecided": 0, "opposing": 0}
    assert [(it["topic"], it["undecided"]) for it in data["by_topic"]] == [("sharing", 0), ("part", 1)]
    assert [(it["authority"], it["attribution"], it["opposing"]) for it in data["by_authority"]] == [
        ("head", "own", 0),
        ("minister", "own", 1),
        ("independent", "reported", 1),
    ]


def test_every_count_leads_to_a_list_of_as_many(client, said, monkeypatch):
    monkeypatch.setattr(counts, "ONE_BY_ONE", 0)
    context = client.get(address()).context
    told = context["told"]
    for it in told.linked([*told.governments, *told.speakers, *told.topics, *told.authorities]):
        assert client.get(it.href).context["matching"] == it.total, it
    assert [it.href for it in context["authorities"]] == [it.href for it in told.linked(told.authorities)]
    for block in context["counts"].blocks:
        assert client.get(block.href).context["matching"] == int(block.title.split(": ")[1].split()[0])


def test_few_statements_are_drawn_one_by_one_and_lead_to_their_words(client, said):
    blocks = client.get(address(by="year")).context["counts"].blocks
    assert len(blocks) == 4
    assert all(block.href.startswith("/statements/") for block in blocks)


def test_page_leads_to_the_other_stretches_and_files(client, said):
    response = client.get(address(by="month", on="2024-02-01"))
    assertContains(response, "/topics/sharing/counts/?by=year&amp;on=2024-02-01")
    assertContains(response, "/topics/sharing/counts.svg?by=month&amp;on=2024-02-01")
    assertContains(client.get("/topics/sharing/"), "/topics/sharing/counts/")


def test_day_looked_at_ends_the_counts(client, said):
    assert [row["period"] for row in rows_of(client, on="2023-12-31")] == ["2023-Q4"]


def test_topic_on_which_nobody_spoke_says_so(client, topic):
    assertContains(client.get(address()), "No government has spoken on this in its own words.")
    assert rows_of(client) == []
    assert client.get(address("topic-counts-json")).json()["periods"] == []
    assertContains(client.get(address("topic-counts-svg")), "No government has spoken")


@pytest.mark.parametrize("name", NAMES)
def test_wrong_stretch_gets_a_message(client, said, name):
    response = client.get(address(name, by="week"))
    assert response.status_code == (200 if name == "topic-counts" else 400)
    assert "month, quarter, year" in response.content.decode()


def test_former_address_leads_to_the_present_one(client, topic):
    topic.slug = "giving"
    topic.save()
    assert client.get(address("topic-counts-csv", by="year")).url == "/topics/giving/counts.csv?by=year"


@pytest.mark.parametrize("by", ["month", "quarter", "year"])
def test_of_many_years_the_newest_are_drawn_and_all_are_counted(by):
    counted = [Counted(dt.date(year, 5, 1), 2, 1) for year in range(1500, 2025)]
    found = quarters(counted, dt.date(2024, 6, 1), by)
    assert len(found.quarters) == 525
    assert len(found.blocks) <= COLUMNS
    assert found.drawn_from > 1500
    assert len(found.years) <= 20
    assert all(0 <= float(block.x[:-1]) < 100 for block in found.blocks)


@pytest.mark.parametrize("unit", ["day", "week", "month", "quarter", "year", "decade", "century"])
def test_every_day_lies_in_its_stretch_and_the_next_begins_after_it(unit):
    for day in (dt.date.min, dt.date(2024, 2, 29), dt.date(1999, 12, 31), dt.date(2000, 1, 1), dt.date.max):
        period = period_of(unit, day)
        assert period.first <= day <= period.last
        assert period_of(unit, period.first) == period_of(unit, period.last) == period
        if period.last < dt.date.max:
            assert period_of(unit, period.last + dt.timedelta(days=1)).first == period.last + dt.timedelta(days=1)


@pytest.mark.every_case
@pytest.mark.parametrize("name", NAMES)
def test_drafts_never_show(client, said, topic, name):
    draft = StatementFactory(key="hidden-1", date="2024-05-15", speaker__name="Hidden speaker")
    StanceFactory(statement=draft, actor=said[0], topic=topic, position=-2)
    StanceFactory(statement=draft, actor=GovernmentFactory(name="Hidden government"), topic=topic)
    assertNotContains(client.get(address(name)), "Hidden")
    assert len(rows_of(client)) == 2


@pytest.mark.once
@pytest.mark.parametrize("many", [False, True])
def test_queries_do_not_grow(client, said, topic, many, monkeypatch):
    monkeypatch.setattr(counts, "ONE_BY_ONE", 0 if many else 1000)

    def queries(name: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(name)).status_code == 200
        return len(captured)

    few = {name: queries(name) for name in NAMES}
    for place in range(4):
        child = TopicFactory(parent=topic)
        for position in (2, 0, -2):
            say(GovernmentFactory(), child, f"2022-0{place + 1}-02", position)
    assert {name: queries(name) for name in NAMES} == few


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("quarter", ["Q1", "Q2", "Q3", "Q4"]),
        ("month", ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]),
        ("year", []),
    ],
)
@pytest.mark.once
def test_axis_names_the_months_or_quarters(by, names):
    found = quarters([Counted(dt.date(2023, 5, 1), 2, 1)], dt.date(2024, 6, 1), by)
    assert [step.label for step in found.steps] == names * 2
    assert [year.label for year in found.years] == ["2023", "2024"]
    block, step = found.blocks[0], {"year": 0, "quarter": 1, "month": 4}[by]
    if names:
        assert block.middle == found.steps[step].x
        assert found.steps_close == (by == "month")


@pytest.mark.once
@pytest.mark.parametrize(
    ("years", "by", "names"),
    [(8, "month", ["Jan", "Feb"]), (4, "quarter", ["Q1", "Q2"]), (15, "quarter", ["Q1", "Q3"])],
)
def test_axis_names_each_second_where_there_is_no_room_for_all(years, by, names):
    found = quarters([Counted(dt.date(2025 - years, 5, 1), 2, 1)], dt.date(2024, 6, 1), by)
    assert [step.label for step in found.steps[:2]] == names


@pytest.mark.once
def test_block_of_many_tells_how_many_where_it_has_room():
    found = quarters([Counted(dt.date(2024, 5, 1), 2, 40), Counted(dt.date(2024, 5, 2), 1, 1)], dt.date(2024, 6, 1))
    assert [(block.css, block.words) for block in found.blocks] == [("p1", ""), ("p2", "++ 40")]


@pytest.mark.once
def test_bars_lie_on_both_sides_of_one_line_on_one_scale():
    zero, bars = diverging([{-2: 1, 0: 2, 1: 2}, {2: 6}])
    assert zero == "25.00%"
    assert [[(part.css, part.x, part.width, part.words) for part in bar] for bar in bars] == [
        [
            ("n2", "0.00%", "12.50%", "−− 1"),
            ("z0", "12.50%", "25.00%", "0 2"),
            ("p1", "37.50%", "25.00%", "+ 2"),
        ],
        [("p2", "25.00%", "75.00%", "++ 6")],
    ]
    assert diverging([]) == ("0.00%", [])


def test_page_shows_positions_not_sides_in_their_colours(client, said):
    tallies = client.get(address()).context["governments"]
    assert [(it.favour, it.undecided, it.against) for it in tallies] == [(2, 1, 0), (0, 0, 1)]
    assert [it.positions for it in tallies] == [{2: 1, 1: 1, 0: 1}, {-2: 1}]


def test_page_and_drawing_say_alike_what_is_counted(client, said):
    response = client.get(address())
    assertContains(response, response.context["note"])
    drawn = client.get(address("topic-counts-svg")).content.decode()
    assert response.context["note"] in drawn
    assert "Q1" in drawn


def test_all_that_is_counted_is_asked_for_in_one_pass(client, said, monkeypatch):
    monkeypatch.setattr(counts, "ONE_BY_ONE", 0)
    with CaptureQueriesContext(connection) as queries:
        client.get(address())
    asked = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert len(asked) == (1 if connection.vendor == "postgresql" else 5)


@pytest.mark.parametrize("by", ["month", "quarter", "year"])
def test_page_of_many_speakers_and_topics_stays_small_and_leads_to_the_rest(client, topic, monkeypatch, by):
    monkeypatch.setattr(counts, "ONE_BY_ONE", 0)
    for n in range(12):
        of, on = GovernmentFactory(name=f"Government {n}"), TopicFactory(name=f"Part {n}", parent=topic)
        for m in range(n, 120, 12):
            said_by = {"statement__speaker": of, "terms": "leaning" if m % 5 in (1, 3) else ""}
            say(of, on, f"{2014 + m % 10}-{1 + m % 11:02}-13", (2, 1, 0, -1, -2)[m % 5], **said_by)
    page = client.get(address(by=by)).content.decode()
    assert len(page.encode()) < 100_000
    assert page.count("The first 10 of 12") == 3
    assert page.count(f'<a href="/topics/sharing/counts.json?by={by}') == 3  # of governments, of topics, of the page
    assert page.count('role="rowheader"') == 10 + 10 + 10 + 1
    told = client.get(address("topic-counts-json", by=by)).json()
    assert (len(told["by_government"]), told["speakers"]) == (12, 12)


def test_table_of_the_figure_has_what_is_drawn_and_says_where_the_rest_is(client, topic):
    actor = GovernmentFactory()
    for year in (1990, 2020):
        say(actor, topic, f"{year}-02-13")
    page = client.get(address(on="2024-03-01")).content.decode()
    assert "2020, quarter 1" in page
    assert '<th scope="row">1990, quarter 1</th>' not in page
    assert "and those before 2015: the CSV has all" in page
    assert len(rows_of(client)) == 2
