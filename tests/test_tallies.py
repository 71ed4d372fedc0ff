"""Counts beside lists: what is met, what is looked up, what a menu names, and for how long an answer is kept."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stances import facets, tallies
from stances.models import Position, Topic
from stances.tallies import Count, Memory
from stances.views import filtered
from stances.writes import public_write
from tests.factories import GovernmentFactory, StanceFactory, TopicFactory

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]


def facet(client, address: str, name: str):
    [found] = [facet for facet in client.get(address).context["facets"] if facet.name == name]
    return found


@pytest.mark.parametrize(
    ("count", "words"), [(Count(3), "3"), (Count(3, at_least=True), "3+"), (Count(1001), "1,000+")]
)
def test_a_count_says_whether_more_may_be_there(count, words):
    assert tallies.counted(count.number, at_least=count.at_least) == words


def test_what_is_not_looked_up_in_time_is_told_as_met(client, monkeypatch):
    topic = TopicFactory()
    for _ in range(12):
        StanceFactory(topic=topic, actor=GovernmentFactory())
    monkeypatch.setattr(tallies, "MOST_GROUPED", 5)
    monkeypatch.setattr(tallies, "SECONDS", -1)
    options = facet(client, "/stances/", "actor").options
    assert {option.counts for option in options} <= {Count(1), Count(1, at_least=True)}
    assert sum(not option.counts.at_least for option in options) == tallies.AT_ONCE
    assert [option.counted for option in facet(client, "/stances/", "topic").options] == ["12"]


@pytest.mark.parametrize(("most", "told"), [(2, ["2"]), (1, ["1+"])])
def test_sources_are_not_looked_up_by_way_of_stances_where_there_are_many(client, monkeypatch, most, told):
    actor = GovernmentFactory()
    for _ in range(2):
        StanceFactory(actor=actor)
    monkeypatch.setattr(tallies, "MOST_LINKED", 1)
    monkeypatch.setattr(tallies, "MOST_LOOKED_UP", most)
    assert [option.counted for option in facet(client, "/sources/", "actor").options] == told


def test_a_look_up_that_takes_long_is_given_up(client, monkeypatch):
    for _ in range(3):
        StanceFactory(topic=TopicFactory())
    monkeypatch.setattr(tallies, "MOST_GROUPED", 1)
    monkeypatch.setattr(tallies, "within", lambda seconds, work: None)
    assert {option.counted for option in facet(client, "/stances/", "topic").options} <= {"0+", "1+", "2+"}


def test_more_values_are_looked_up_with_a_query_after_one_that_was_quick(client, monkeypatch):
    topic = TopicFactory()
    for _ in range(12):
        StanceFactory(topic=topic, actor=GovernmentFactory())
    monkeypatch.setattr(tallies, "MOST_GROUPED", 11)
    for seconds, queries in ((60, [5, 7]), (-1, [5])):
        monkeypatch.setattr(tallies, "SECONDS", seconds)
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/stances/?before=2030-01-0{len(queries)}")
        asked = [query["sql"].count("(SELECT COUNT(*)") for query in captured if '"actor_id" IN' in query["sql"]]
        assert list(filter(None, asked)) == queries


def test_years_are_looked_up_in_the_order_of_their_days(client, monkeypatch):
    for year in (2021, 2022, 2023, 2023):
        StanceFactory(statement__date=f"{year}-05-05")
    monkeypatch.setattr(tallies, "MOST_GROUPED", 1)
    with CaptureQueriesContext(connection) as captured:
        options = facet(client, "/stances/", "year").options
    assert [(option.label, option.counted) for option in options] == [("2021", "1"), ("2022", "1"), ("2023", "2")]
    asked = [query["sql"] for query in captured if "BETWEEN" in query["sql"]]
    assert len(asked) == 1
    assert asked[0].count('ORDER BY "stances_stance"."stated_on"') == asked[0].count("BETWEEN") == 3


def test_what_a_parameter_asks_for_changes_no_count_of_its_own_menu_and_has_it_counted_once(client, monkeypatch):
    for year in (2021, 2022, 2023, 2023):
        StanceFactory(statement__date=f"{year}-05-05")
    monkeypatch.setattr(tallies, "MOST_GROUPED", 1)

    def years(query: str) -> tuple[list[tuple[str, bool]], int]:
        """Give the years with their numbers, and in how many queries they were counted."""
        with CaptureQueriesContext(connection) as captured:
            options = facet(client, f"/stances/?{query}", "year").options
        asked = [query["sql"] for query in captured if "BETWEEN" in query["sql"]]
        return [(option.counted, option.chosen) for option in options], len(asked)

    told = [("1", False), ("1", False), ("2", False)]
    assert years("before=2022-12-31") == (told, 1)
    assert years("before=2021-12-31") == (told, 0)
    assert years("after=2022-01-01") == (told, 0)
    assert years("before=2022-12-31&basis=explicit")[1] == 1
    StanceFactory(statement__date="2021-05-05")
    assert years("before=2021-12-30")[0][0] == ("2", False)


def test_a_menu_names_the_most_frequent_and_what_is_chosen_and_offers_the_next(client, monkeypatch):
    monkeypatch.setattr(facets, "MOST_LISTED", 2)
    often, seldom, chosen = (GovernmentFactory(slug=slug, name=slug) for slug in ("often", "seldom", "chosen"))
    for actor in (often, often, often, seldom, seldom, chosen):
        StanceFactory(actor=actor)
    menu = facet(client, "/stances/", "actor")
    assert [option.value for option in menu.options] == ["often", "seldom"]
    assert menu.others == [("chosen", "chosen")]
    assert '<option value="chosen">' in client.get("/stances/").content.decode()
    menu = facet(client, "/stances/?actor=chosen", "actor")
    assert [option.value for option in menu.options] == ["chosen", "often", "seldom"]
    assert menu.others == []


def test_a_menu_of_topics_names_what_stands_above_those_it_names(client, monkeypatch):
    monkeypatch.setattr(facets, "MOST_LISTED", 1)
    parent = TopicFactory(slug="parent")
    child, other = TopicFactory(slug="child", parent=parent), TopicFactory(slug="other")
    for topic in (child, child, other):
        StanceFactory(topic=topic)
    menu = facet(client, "/stances/", "topic")
    assert [(option.value, option.count) for option in menu.options] == [("parent", 2), ("child", 2)]
    assert [slug for slug, name in menu.others] == ["other"]


def test_who_is_linked_to_a_topic_is_known_by_positions_and_by_what_is_repeated_alone(client):
    first = StanceFactory(actor=GovernmentFactory())
    StanceFactory(actor=first.actor, statement__repeats=first.statement, statement__source__published_on="2025-01-01")
    StanceFactory(actor=first.actor, statement__status="draft", statement__published_at=None)
    assert Position.objects.count() == 1
    with CaptureQueriesContext(connection) as queries:
        assert [option.counted for option in facet(client, "/topics/", "actor").options] == ["2"]
    linked = [query["sql"] for query in queries if " AS pairs " in query["sql"]]
    assert [("stances_position" in sql, '"repeat"' in sql) for sql in linked] == [(True, False), (False, True)]


def test_counts_follow_every_write_and_are_asked_for_once_between_two(client):
    StanceFactory()
    assert client.get("/stances/").context["matching"] == 1
    with CaptureQueriesContext(tallies.connection) as captured:
        client.get("/stances/")
    assert not [query for query in captured if "COUNT(*)" in query["sql"]]
    StanceFactory()
    assert client.get("/stances/").context["matching"] == 2


def test_a_list_reads_the_version_of_the_data_once_for_its_tag_and_for_all_it_keeps(client):
    StanceFactory()
    for _ in range(2):
        with CaptureQueriesContext(tallies.connection) as captured:
            client.get("/stances/")
        assert len([query for query in captured if "stances_publicversion" in query["sql"]]) == 1


def test_a_memory_keeps_so_many_answers_of_one_version():
    with public_write() as write:
        write.touch_public()
    memory, asked = Memory(2), []

    def answer(key: str) -> str:
        return memory.get(key, lambda: asked.append(key) or key)

    assert [answer(key) for key in "abacab"] == list("abacab")
    assert asked == ["a", "b", "c", "b"]
    with public_write() as write:
        write.touch_public()
    answer("b")
    assert asked[-1] == "b"
    assert len(asked) == 5


def test_a_memory_that_counts_sizes_lets_go_of_what_was_used_least_lately():
    memory = Memory(6, size=len)
    for answer in ("aa", "bb", "cc"):
        memory.keep(answer, answer)
    memory.find("aa")
    memory.keep("dd", "dd")
    memory.keep("far too large", "far too large")
    assert [memory.find(key) for key in ("aa", "bb", "cc", "dd", "far too large")] == ["aa", None, "cc", "dd", None]


def test_the_tree_of_topics_comes_in_pages(client, monkeypatch):
    monkeypatch.setattr(filtered, "ROWS_A_PAGE", 2)
    parent = TopicFactory(rank=1)
    topics = [parent, TopicFactory(parent=parent), TopicFactory(rank=2)]
    first = client.get("/topics/")
    rows = first.context["rows"] + client.get(first.context["next_url"]).context["rows"]
    assert [row.topic for row in rows] == topics == list(Topic.objects.in_order())
    assert [row.level for row in rows] == [0, 1, 0]
