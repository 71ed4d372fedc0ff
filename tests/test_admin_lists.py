"""The desk's lists where they are long: pages from either end, estimates that say so, and what a search finds."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib import admin
from django.db import connection
from django.test import SimpleTestCase
from django.test.utils import CaptureQueriesContext

from stances.admin import lists
from stances.models import Source, Statement
from tests.factories import SourceFactory, StanceFactory, StatementFactory

pytestmark = pytest.mark.django_db
STATEMENTS = "/admin/stances/statement/"


@pytest.fixture
def many(monkeypatch):
    """A hundred and twenty statements in a list that is long from fifty on, of 2019 and 2024."""
    monkeypatch.setattr(lists, "MOST_COUNTED", 50)
    first = StatementFactory(published=True, key="first", date="2019-03-01")
    of = {"source": first.source, "speaker": first.speaker, "form": "indirect", "authority": "minister"}
    day = dt.date(2024, 1, 1)
    Statement.objects.bulk_create(
        Statement(key=f"s-{n}", earliest=day, latest=day, summary=f"Summary {n}.", status="draft", **of)
        for n in range(119)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return first


def shown(client, address):
    return client.get(address).context["cl"]


def test_a_long_list_is_never_counted_in_full_and_its_last_page_is_read_from_its_end(admin_client, many):
    first, last = shown(admin_client, STATEMENTS), shown(admin_client, f"{STATEMENTS}?p=3")
    assert [row.key for row in first.result_list][:2] == ["s-118", "s-117"]
    assert [row.key for row in last.result_list][-2:] == ["s-0", "first"]
    assert first.paginator.num_pages == 3
    with CaptureQueriesContext(connection) as captured:
        content = admin_client.get(f"{STATEMENTS}?p=3").content.decode()
    asked = [query["sql"] for query in captured]
    if connection.vendor == "postgresql":
        assert "about" in content.split('class="paginator"')[1].split("</p>")[0]
        assert not [sql for sql in asked if "COUNT(" in sql and "LIMIT" not in sql and '"stances_statement"' in sql]
    assert not [sql for sql in asked if "OFFSET 100" in sql]


def test_the_pages_of_a_long_list_hold_each_row(admin_client, many):
    found = [row.key for page in (1, 2, 3) for row in shown(admin_client, f"{STATEMENTS}?p={page}&o=3").result_list]
    assert set(found) == set(Statement.objects.values_list("key", flat=True))


def test_a_long_list_offers_the_years_from_its_first_day_to_its_last(admin_client, many):
    content = admin_client.get(STATEMENTS).content.decode()
    assert [year for year in range(2015, 2027) if f"?latest__year={year}" in content] == [
        2019,
        2020,
        2021,
        2022,
        2023,
        2024,
    ]
    assert len(shown(admin_client, f"{STATEMENTS}?latest__year=2019").result_list) == 1


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("submarines", {"told"}),  # in any form
        ("submar", {"told", "draft"}),  # begun
        ("marine", {"draft"}),  # within a word, of what is not yet in the index
        ("told", {"told"}),  # a key
        ("secret draft", {"draft"}),
        ("daily paper", {"told"}),
        ("nothing", set()),
        ("!", set()),
        ("the", set()),
    ],
)
def test_a_search_finds_published_statements_and_drafts(admin_client, q, found):
    source = SourceFactory(title="The Daily Paper on boats")
    StanceFactory(statement=StatementFactory(published=True, key="told", summary="Submarine plans.", source=source))
    StatementFactory(key="draft", summary="A secret submarine.", occasion="A draft")
    assert {row.key for row in shown(admin_client, f"{STATEMENTS}?q={q}").result_list} == found


@pytest.mark.parametrize(
    ("address", "q", "number"),
    [
        ("stance", "Alpha", 1),
        ("stance", "alpha beta", 1),
        ("stance", "once agreed", 1),
        ("stance", "the-key", 1),
        ("stance", "gamma", 0),
        ("position", "alpha beta", 1),
        ("position", "gamma", 0),
        ("source", "boats", 1),
        ("source", "boat", 1),
        ("source", "the-sl", 1),
        ("source", "gamma", 0),
    ],
)
def test_a_search_finds_rows_by_names(admin_client, address, q, number):
    source = SourceFactory(title="All on boats", slug="the-slug")
    StanceFactory(
        statement__key="the-key",
        statement__source=source,
        actor__name="Alphaland",
        topic__name="Betas",
        position=1,
        terms="proviso",
        condition="once all have agreed",
    )
    assert Source.objects.count() == 1
    assert len(shown(admin_client, f"/admin/stances/{address}/?q={q}").result_list) == number


def test_the_box_of_a_row_is_the_admins_own():
    row = StatementFactory(summary="“Quoted” & <more>")
    desk = admin.site.get_model_admin(Statement)
    SimpleTestCase().assertHTMLEqual(desk.action_checkbox(row), admin.ModelAdmin.action_checkbox(desk, row))
