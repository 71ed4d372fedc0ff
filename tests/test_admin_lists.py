"""The desk's lists where they are long: pages from either end, estimates that say so, and what a search finds."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.templatetags import admin_list
from django.contrib.admin.templatetags.admin_list import admin_list_filter
from django.db import connection
from django.template import Context, Engine
from django.test import SimpleTestCase
from django.test.utils import CaptureQueriesContext

from stances import search_index
from stances.admin import lists
from stances.models import Source, Statement, Topic
from stances.templatetags.desk_tags import rows, years_first
from stances.templatetags.stance_tags import thousands
from tests.factories import AffiliationFactory, SourceFactory, StanceFactory, StatementFactory, TopicFactory

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


def told_beside_the_search(client, address) -> str:
    """Give what stands beside the search box, as it is read."""
    content = client.get(address).content.decode()
    beside = content.split('class="small quiet">')[1].split("</span>")[0]
    return " ".join(re.sub(r"<[^>]+>", "", beside).split())


def test_an_estimate_is_told_as_one_wherever_a_list_says_how_many_it_has(admin_client, many):
    content = admin_client.get(STATEMENTS).content.decode()
    number = "about 150" if connection.vendor == "postgresql" else "120"
    assert told_beside_the_search(admin_client, STATEMENTS) == f"{number} results"
    assert f"All statements selected ({number})" in content
    assert f"Select all statements ({number})</a>" in content
    foot = " ".join(content.split('class="paginator"')[1].split("</p>")[0].split())
    assert f" {number} statements" in foot


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "2 results"),
        ("?o=2&_popup=1", "2 results"),
        ("?q=nothing", "0 results (Show all)"),
        ("?status__exact=draft", "1 result (Show all)"),
        ("?latest__year=2024", "2 results (Show all)"),
    ],
)
def test_all_is_offered_of_a_list_that_leaves_rows_out(admin_client, asked, told):
    StatementFactory(published=True)
    StatementFactory()
    assert told_beside_the_search(admin_client, f"{STATEMENTS}{asked}") == told


@pytest.mark.parametrize("model", ["statement", "source", "actor", "affiliation", "topic", "stance", "position"])
def test_every_list_says_how_many_rows_it_has(admin_client, model):
    StanceFactory(statement__published=True)
    AffiliationFactory()
    address = f"/admin/stances/{model}/"
    number = shown(admin_client, address).result_count
    assert number
    assert told_beside_the_search(admin_client, address) == f"{number} result{'' if number == 1 else 's'}"


@pytest.mark.parametrize(("is_estimated", "told"), [(False, "20,050"), (True, "about 20,050")])
def test_a_number_of_rows_has_its_thousands_set_apart(monkeypatch, is_estimated, told):
    monkeypatch.setattr(lists.DeskPaginator, "is_estimated", is_estimated)
    assert lists.DeskPaginator(range(20_050), 50).counted == told
    assert thousands(20_050) == "20,050"


def test_a_list_counts_beside_its_filters_when_it_is_asked_to(admin_client):
    StatementFactory(published=True)
    StatementFactory()
    assert "Show counts" in admin_client.get(STATEMENTS).content.decode()
    content = admin_client.get(f"{STATEMENTS}?_facets=True").content.decode()
    assert {"draft (1)", "published (1)", "dismissed (0)"} <= set(re.findall(r">([^<>]+)</a>", content))


def test_a_long_list_neither_offers_nor_makes_counts_beside_its_filters(admin_client, many):
    asked = [admin_client.get(f"{STATEMENTS}{query}").content.decode() for query in ("", "?_facets=True")]
    assert not any(re.search(r"Show counts|Hide counts|draft \(\d", content) for content in asked)
    narrowed = admin_client.get(f"{STATEMENTS}?_facets=True&latest__year=2019").content.decode()
    assert "published (1)" in narrowed


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


def test_no_query_of_a_list_is_compiled(admin_client):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite compiles none")
    compiled = []

    def jit() -> str:
        return connection.connection.execute("SHOW jit").fetchone()[0]

    def note(execute, sql, params, many, context):
        compiled.append(jit())
        return execute(sql, params, many, context)

    StanceFactory()
    before = jit()
    with connection.execute_wrapper(note):
        admin_client.get(STATEMENTS)
    asked_by_middleware = 2  # the session and the user
    assert set(compiled[asked_by_middleware:]) == {"off"}
    assert jit() == before


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Statement.objects.exclude(review_comment="").order_by("-latest", "-pk"), "statement_commented"),
        (Statement.objects.filter(status="draft").order_by("-pk"), "statement_unpublished"),
        (Statement.objects.filter(status__in=["draft", "submitted"]).order_by("pk"), "statement_unpublished"),
    ],
)
def test_what_few_statements_have_is_found_by_an_index_of_these(rows, index):
    if connection.vendor == "sqlite" and index == "statement_unpublished":
        pytest.skip("SQLite sorts what the index of statuses finds")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    assert index in rows.values("pk")[:5].explain()


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("submarines", {"told"}),  # in any form
        ("submar", {"told", "a-paper-seven"}),  # begun
        ("marine", set()),  # within a word
        ("told", {"told"}),  # a key
        ("paper seven", {"a-paper-seven"}),  # a key, in its parts
        ("secret draft", {"a-paper-seven"}),
        ("sec sub", {"a-paper-seven"}),  # each begun, of what is not published
        ("organizat", {"a-paper-seven"}),  # in the midst of an ending
        ("premier", {"a-paper-seven"}),  # its speaker
        ("gazette", {"a-paper-seven"}),  # its source
        ("daily paper", {"told"}),
        ("nothing", set()),
        ("!", set()),
        ("the", set()),
    ],
)
def test_a_search_finds_published_statements_and_drafts(admin_client, q, found):
    source = SourceFactory(title="The Daily Paper on boats")
    StanceFactory(statement=StatementFactory(published=True, key="told", summary="Submarine plans.", source=source))
    StatementFactory(
        key="a-paper-seven",
        summary="A secret submarine of the organization.",
        occasion="A draft",
        speaker__aliases="The Premier",
        source__title="Gazette",
    )
    assert {row.key for row in shown(admin_client, f"{STATEMENTS}?q={q}").result_list} == found


def test_a_search_gives_what_it_found_as_one_value_and_reads_what_it_shows_alone(admin_client, many, monkeypatch):
    monkeypatch.setattr(lists, "MOST_COUNTED", 5_000)
    with CaptureQueriesContext(connection) as captured:
        found = shown(admin_client, f"{STATEMENTS}?q=summary&p=2")
    assert (found.result_count, len(found.result_list)) == (119, 50)
    reading = [query["sql"] for query in captured if '"stances_statement"."primary_url"' in query["sql"]]
    assert len(reading) == 1
    assert "LIMIT" not in reading[0]
    asked = "json_each" if connection.vendor == "sqlite" else "unnest"
    assert all(asked in query["sql"] for query in captured if query["sql"].count(",") > 110)
    assert not shown(admin_client, f"{STATEMENTS}?q=nothing").result_list


def test_what_a_search_found_is_counted_and_paged_without_a_second_look(admin_client, many):
    with CaptureQueriesContext(connection) as captured:
        pages = [shown(admin_client, f"{STATEMENTS}?q=summary&p={page}") for page in (1, 2, 3)]
    assert not [query["sql"] for query in captured if re.search(r"COUNT\(|MIN\(|unnest|json_each", query["sql"])]
    found = [row.key for listed in pages for row in listed.result_list]
    assert found == [f"s-{n}" for n in reversed(range(119))]
    assert pages[0].result_count == 119
    by_key = shown(admin_client, f"{STATEMENTS}?q=summary&o=-1").result_list
    assert [row.key for row in by_key] == sorted(found, reverse=True)[:50]


@pytest.mark.parametrize("asked", ["", "&latest__year=2024", "&latest__year=2024&latest__month=2", "&o=1"])
@pytest.mark.parametrize(
    "dates", [("2019-03-01", "2024-01-31"), ("2024-01-01", "2024-02-29", "2024-02-01"), ("2024-02-29",), ()]
)
def test_a_search_offers_the_days_of_what_it_found_as_the_admin_does(admin_client, dates, asked):
    for date in dates:
        StatementFactory(published=True, date=date, summary="Boats.")
        StatementFactory(date=date, summary="Boats.")
    StatementFactory(date="2022-05-05", summary="Planes.")
    listed = shown(admin_client, f"{STATEMENTS}?q=boats{asked}")
    assert years_first(listed) == admin_list.date_hierarchy(listed)


def test_a_search_follows_a_statement_through_its_life(admin_client, admin_user):
    stance = StanceFactory(statement__status="submitted", statement__summary="A frigate.")
    statement = stance.statement

    def found(q: str) -> tuple[bool, bool]:
        """Tell whether the desk finds it, and whether a reader does."""
        listed = shown(admin_client, f"{STATEMENTS}?q={q}").result_list
        return statement in listed, Statement.objects.published().search(q).exists()

    assert found("frig") == (True, False)
    statement.publish(by=admin_user)
    assert found("frigate") == (True, True)
    statement.retract(by=admin_user, reason="Wrong.")
    assert found("frig") == (True, False)
    source = Source.objects.get()
    source.title = "The Bugle"
    source.save()
    assert found("bugle") == (True, False)
    speaker = statement.speaker
    speaker.name = "Zebedee"
    speaker.save()
    assert found("zebe") == (True, False)
    assert search_index.differences() == []


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


@pytest.mark.parametrize("asked", ["", "?form__exact=act&q=%22%26"])
def test_a_filter_is_drawn_as_the_admin_draws_it(admin_client, asked):
    StanceFactory(topic__name="“Quoted” & <more>")
    listed = shown(admin_client, f"{STATEMENTS}{asked}")
    engine = Engine([str(Path(admin.__file__).parent / "templates")], libraries={"i18n": "django.templatetags.i18n"})
    own = engine.get_template("admin/filter.html")
    for spec in listed.filter_specs:
        choices = list(spec.choices(listed))
        drawn = own.render(Context({"title": spec.title, "choices": choices, "spec": spec}))
        SimpleTestCase().assertHTMLEqual(admin_list_filter(listed, spec), drawn)


@pytest.mark.parametrize("asked", ["", "?form__exact=act&q=%2500%26", "?topic={}&status__exact=draft", "?_facets=1"])
def test_the_topics_of_a_filter_are_offered_as_the_admin_offers_them(admin_client, asked):
    top = TopicFactory(rank=2, name="B")
    TopicFactory(rank=1, name="A")
    TopicFactory(parent=TopicFactory(parent=top, rank=2), rank=1)
    TopicFactory(parent=top, rank=1)
    listed = shown(admin_client, f"{STATEMENTS}{asked.format(top.slug)}")
    spec = next(spec for spec in listed.filter_specs if spec.title == "topic")
    assert list(spec.choices(listed)) == list(SimpleListFilter.choices(spec, listed))
    in_order = Topic.objects.in_order().values_list("slug", "name", "tree_depth")
    assert spec.lookup_choices == [(slug, "\u2003" * depth + name) for slug, name, depth in in_order]


@pytest.mark.parametrize("asked", ["", "?o=1", "?all=", "?_popup=1", "?q=a"])
@pytest.mark.parametrize("model", ["statement", "source", "actor", "affiliation", "topic", "stance", "position"])
def test_rows_are_drawn_as_the_admin_draws_them(admin_client, model, asked):
    StanceFactory(statement__published=True, topic__name="“Quoted” & <more>", actor__name="A & B")
    AffiliationFactory(title="<Minister>")
    listed = shown(admin_client, f"/admin/stances/{model}/{asked}")
    assert list(rows(listed)) == ["".join(cells) for cells in admin_list.results(listed)]
