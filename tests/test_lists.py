"""The lists as pages: rows, facets, filters in words, messages, paging, caching; and no draft anywhere."""

from __future__ import annotations

import base64
import datetime as dt
import html
import json
import re

import html5lib
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains

from stances import tallies
from stances.filters import StanceFilter
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.paging import Page
from stances.views import filtered, lists, public
from stances.vocabulary import Authority, Status, Voice
from tests.factories import (
    AffiliationFactory,
    GovernmentFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)
from tests.pact import WRONG, WRONG_ON

pytestmark = pytest.mark.django_db

NAMES = ("stances", "changes", "positions", "actors", "topics", "sources")


@pytest.fixture(params=[20_000, 0], ids=["grouped", "one by one"])
def either_way(request, monkeypatch):
    """Count as few rows are counted, and as many are."""
    monkeypatch.setattr(tallies, "MOST_GROUPED", request.param)


def text_of(response) -> str:
    """Give the words of a page as they are read, blanks closed up."""
    content = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(content))


def rows_of(response) -> list:
    return response.context["rows"]


def facet(response, name: str) -> dict[str, int]:
    [found] = [facet for facet in response.context["facets"] if facet.name == name]
    return {option.value: option.count for option in found.options}


# ---- rows ----


def test_positions_of_a_day_lead_to_the_days_on_which_one_was_taken(client, world):
    def steps(query: str) -> list[tuple[str, str] | None]:
        context = client.get(f"/positions/?{query}").context
        return [it and (str(it[0]), it[1]) for it in (context["previous_day"], context["next_day"])]

    assert steps("on=2024-04-01&voice=own") == [
        ("2024-02-13", "/positions/?voice=own&on=2024-02-13"),
        ("2024-04-30", "/positions/?voice=own&on=2024-04-30"),
    ]
    assert steps("on=2024-02-13&actor=australia") == [
        None,
        ("2024-04-30", "/positions/?actor=australia&on=2024-04-30"),
    ]
    assert steps("") == [None, None]
    assert "‹ Previous record" in client.get("/positions/?on=2024-04-01").content.decode()


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        ("on=2024-05-01&since=2024-03-01", {"2024-03-25", "2024-04-30"}),
        ("on=2024-05-01&since=2024-03-25", {"2024-04-30"}),
        ("on=2024-05-01&since=2024-04-30", set()),
        ("since=2024-02-12", {"2024-02-13", "2024-03-25", "2024-04-30"}),
    ],
)
def test_since_keeps_the_positions_taken_after_a_day(client, world, query, taken):
    rows = json.loads(client.get(f"/positions.json?{query}").getvalue())
    assert {row["since"] for row in rows} == taken


def test_since_after_the_day_looked_at_is_told(client, world):
    response = client.get("/positions/?on=2024-03-01&since=2024-04-01")
    assert 'id="since-wrong"' in response.content.decode()
    assert "lies after the day looked at" in response.content.decode()
    assert client.get("/positions.csv?on=2024-03-01&since=2024-04-01").status_code == 400


def test_topics_count_governments_and_name_what_they_link_to(client, world):
    paper = Actor.objects.get(slug="paper")
    StanceFactory(statement__speaker=paper, statement__published=True, actor=paper, topic__slug="press")
    shown = {row.topic.slug: row for row in client.get("/topics/").context["rows"]}
    assert shown["press"].held == []
    assert shown["pact-japan"].held == [(-2, 1)]
    assert "2 stances in 2 statements" in text_of(client.get("/topics/"))


def test_a_stance_shows_its_words_who_said_them_where_and_what_it_did(client, world):
    AffiliationFactory(
        actor=Actor.objects.get(slug="minister"),
        of=Actor.objects.get(slug="australia"),
        title="Minister for Defence",
    )
    page = text_of(client.get("/stances/?source=early"))
    assert "Australia on Pact: Japan" in page
    assert "“As the pact matures”" in page
    assert "Jane Minister , Minister for Defence" in page
    assert "The Daily Paper, “Early news” , 14 Feb 2024" in page
    assert "for, later" in page
    assert "first recorded" in page
    assert "own words, explicit" in page


def test_a_reversal_says_what_the_position_was(client, world):
    [row] = rows_of(client.get("/stances/?actor=australia&form=act"))
    assert (row.kind, row.position.previous_value, row.position.previous_terms) == ("reversal", 1, "time")
    assert "was + for, later" in text_of(client.get("/stances/?actor=australia&form=act"))


def test_a_later_statement_of_the_same_confirms(client):
    first = StanceFactory(statement__date="2024-01-01")
    StanceFactory(actor=first.actor, topic=first.topic, statement__date="2024-02-01")
    assert [row.kind for row in rows_of(client.get("/stances/"))] == ["confirmed", "first"]


def test_a_reported_stance_is_hollow_and_names_who_reports_it(client, world):
    response = client.get("/stances/?attribution=reported")
    assert 'class="tile n2 hollow heard"' in response.content.decode()
    assert "reported by The Daily Paper" in text_of(response)
    assert [row.kind for row in rows_of(response)] == [""]


def test_a_stance_that_was_passed_over_says_so(client):
    first = StanceFactory(statement__date="2024-01-01")
    StanceFactory(actor=first.actor, topic=first.topic, statement__date="2024-01-01", position=0)
    assert sorted(row.passed_over for row in rows_of(client.get("/stances/"))) == [False, True]
    assert "passed over" in text_of(client.get("/stances/"))


def test_the_second_stance_of_a_statement_does_not_say_its_words_again(client):
    statement = StatementFactory(published=True, summary="Said one time.")
    StanceFactory(statement=statement)
    StanceFactory(statement=statement)
    response = client.get("/stances/")
    assert [row.again for row in rows_of(response)] == [False, True]
    assert text_of(response).count("Said one time.") == 1
    assert "Same statement as above." in text_of(response)


def test_a_repeat_is_shown_only_when_asked_for_and_names_its_original(client, world):
    assert not any(row.stance.repeat for row in rows_of(client.get("/stances/")))
    response = client.get("/stances/?repeats=1&q=matures")
    assert 'class="repeat"' in response.content.decode()
    assert 'href="/statements/interview/"' in response.content.decode()
    assert "Not a new position." in text_of(response)


def test_changes_of_one_statement_stand_together(client):
    before = [StanceFactory(statement__date="2024-01-01", position=-2) for _ in range(2)]
    actor = before[0].actor
    statement = StatementFactory(published=True, date="2024-02-01", summary="Both change.")
    for stance in before:
        type(stance).objects.filter(pk=stance.pk).update(actor=actor)
        StanceFactory(statement=statement, actor=actor, topic=stance.topic, position=2)
    response = client.get("/changes/")
    [group] = rows_of(response)
    assert [move.position.kind for move in group.moves] == ["reversal", "reversal"]
    assert "size +4" in text_of(response)
    assert text_of(response).count("Both change.") == 1


def test_positions_on_a_day_are_grouped_by_actor_in_the_order_of_names(client, world):
    groups = rows_of(client.get("/positions/?on=2024-04-30"))
    assert [(actor.slug, [p.topic.slug for p in held]) for actor, held in groups] == [
        ("australia", ["pact-japan"]),
        ("japan", ["pact", "trade"]),
    ]


def test_positions_on_a_day_can_be_had_by_date(client, world):
    def days(query: str) -> list[dt.date]:
        return [p.since for _, held in rows_of(client.get(f"/positions/?on=2024-04-30{query}")) for p in held]

    assert days("&order=date") == sorted(days(""))
    assert days("&order=-date") == sorted(days(""), reverse=True)


def test_actors_show_what_they_hold_and_how_often_they_spoke(client, world):
    rows = {row.actor.slug: row for row in rows_of(client.get("/actors/"))}
    assert [position.value for position in rows["australia"].held] == [-2]
    assert rows["australia"].described["n"] == 2
    assert rows["minister"].spoke == 1
    assert rows["japan"].spoke == 1


@pytest.mark.parametrize("most", [1, 2, 3])
def test_an_actor_shows_the_first_topics_on_which_it_holds_something_wherever_they_stand(monkeypatch, most):
    topics = [TopicFactory(rank=rank) for rank in range(6)]
    early, late, both = GovernmentFactory(), GovernmentFactory(), GovernmentFactory()
    for actor, places in {early: (0, 1, 2), late: (3, 4, 5), both: (0, 2, 5)}.items():
        for place in places:
            StanceFactory(actor=actor, topic=topics[place])
    StanceFactory(actor=late, topic=topics[3], attribution="reported")
    monkeypatch.setattr(lists, "TOPICS_LOOKED_AT", 1)
    held = lists.held_by([early, late, both], most)
    assert {actor: [topics.index(position.topic) for position in held[actor.pk]] for actor in (early, late, both)} == {
        early: [0, 1, 2][:most],
        late: [3, 4, 5][:most],
        both: [0, 2, 5][:most],
    }
    assert {position.voice for position in held[late.pk]} == {"own"}


def test_who_is_public_is_asked_once_for_all_lists_of_actors_while_the_data_are_the_same(client, world):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/actors/?kind=government")
            client.get("/actors/?kind=person")
        return len([it["sql"] for it in queries if 'FROM "stances_affiliation"' in it["sql"]])

    StanceFactory()
    assert asked() == 3  # to whom others belong, the heads of governments, and all that is asked of each actor
    assert asked() == 0
    StanceFactory(statement__speaker=PersonFactory(slug="newcomer"))
    assert [row.actor.slug for row in rows_of(client.get("/actors/?kind=person")) if row.actor.slug == "newcomer"]


def test_topics_come_as_a_tree_with_sides_and_statements(client, world):
    rows = rows_of(client.get("/topics/"))
    assert [(row.topic.slug, row.level) for row in rows] == [("pact", 0), ("pact-japan", 1), ("trade", 0)]
    assert [row.held for row in rows] == [[], [(-2, 1)], [(0, 1)]]
    assert [row.said["n"] for row in rows] == [1, 2, 1]


def test_sources_say_how_much_was_coded(client, world):
    rows = {row.source.slug: row for row in rows_of(client.get("/sources/"))}
    assert (rows["late"].statements, rows["late"].repeats) == (3, 1)


def test_a_source_without_a_date_comes_last_either_way(client, world):
    StanceFactory(statement__source=SourceFactory(slug="undated", published_on=None))
    for query in ("", "?order=date"):
        assert rows_of(client.get(f"/sources/{query}"))[-1].source.slug == "undated"


# ---- facets and filters in words ----


def test_a_facet_leaves_its_own_filter_out_and_keeps_the_others(client, world, either_way):
    response = client.get("/stances/?position=1&actor=australia")
    assert facet(response, "position") == {"2": 0, "1": 1, "0": 0, "-1": 0, "-2": 1}
    assert facet(response, "actor") == {"australia": 1}
    response = client.get("/stances/?position=-2")
    assert facet(response, "actor") == {"australia": 1, "japan": 1}


def test_a_topic_counts_what_stands_under_it_unless_subtopics_are_left_out(client, world, either_way):
    assert facet(client.get("/stances/"), "topic") == {"pact": 3, "pact-japan": 2, "trade": 1}
    assert facet(client.get("/stances/?topic=pact&subtopics=0"), "topic") == {"pact": 1, "pact-japan": 2, "trade": 1}


def test_a_facet_over_sources_counts_a_source_once(client, world, either_way):
    response = client.get("/sources/?actor=australia")
    assert facet(response, "actor") == {"australia": 2, "japan": 1}
    assert facet(response, "topic") == {"pact": 2, "pact-japan": 2}


def test_first_recorded_positions_are_counted_beside_the_changes(client, world, either_way):
    response = client.get("/changes/?kind=reversal")
    assert facet(response, "kind") == {"reversal": 1, "shift": 0, "terms": 0}
    assert (response.context["first"].counted, response.context["first"].chosen) == ("2", False)
    assertContains(response, "With first recorded positions (2)")


def test_first_recorded_positions_are_a_switch_that_adds_them(client, world):
    response = client.get("/changes/?kind=first")
    assert [chip.words for chip in response.context["chips"]] == ["With first recorded positions"]
    assert response.context["first"].chosen
    assert 'value="first" checked' in " ".join(response.content.decode().split())


def test_numbers_are_exact_up_to_a_cap(client, monkeypatch, either_way):
    monkeypatch.setattr(tallies, "MOST_COUNTED", 3)
    topic = TopicFactory()
    for count, words in ((3, "3"), (4, "3+"), (5, "3+")):
        while Statement.objects.count() < count:
            StanceFactory(topic=topic)
        response = client.get("/stances/")
        assert response.context["matching_words"] == f"{words} stances"
        options = {(f.name, o.value): o.counted for f in response.context["facets"] for o in f.options}
        assert [options[key] for key in (("position", "2"), ("topic", topic.slug), ("year", "2024"))] == [words] * 3


def test_years_lead_to_their_days(client, world, either_way):
    [years] = [facet for facet in client.get("/stances/?actor=japan").context["facets"] if facet.name == "year"]
    assert [(option.value, option.count) for option in years.options] == [("2024", 2)]
    assert years.options[0].url == "?actor=japan&after=2024-01-01&before=2024-12-31"


def test_the_year_looked_at_opens_to_its_months_in_their_order(client, either_way):
    for day in ((2023, 5, 1), (2024, 11, 2), (2024, 2, 29), (2024, 2, 1)):
        StanceFactory(statement__earliest=dt.date(*day), statement__latest=dt.date(*day))
    [years] = [
        facet
        for facet in client.get("/stances/?after=2024-02-10&before=2024-12-31").context["facets"]
        if facet.name == "year"
    ]
    options = [(option.label, option.count, option.depth, option.chosen) for option in years.options]
    assert options == [
        ("2023", 1, 0, False),
        ("2024", 3, 0, False),
        ("February", 2, 1, False),
        ("November", 1, 1, False),
    ]
    assert years.options[2].url == "?after=2024-02-01&before=2024-02-29"
    page = client.get(f"/stances/{years.options[2].url}")
    assert page.context["matching"] == 2


def test_active_filters_stand_in_words_and_can_be_taken_out(client, world):
    query = "q=pact&actor=australia&actor=-japan&topic=pact&position=%2B1&after=2024-01-01&repeats=1&order=date"
    chips = {chip.words: chip.url for chip in client.get(f"/stances/?{query}").context["chips"]}
    assert set(chips) == {
        "Words: “pact”",
        "Actor: Australia",
        "Actor: not Japan",
        "Topic: Pact, with subtopics",
        "Position: for, on terms",
        "From 1 January 2024",
        "Repeats shown",
    }
    assert chips["Actor: Australia"] == (
        "?q=pact&actor=-japan&topic=pact&position=%2B1&after=2024-01-01&repeats=1&order=date"
    )


def test_taking_out_the_last_topic_takes_out_its_subtopics_parameter(client, world):
    chips = {chip.words: chip.url for chip in client.get("/stances/?topic=pact&subtopics=0").context["chips"]}
    assert chips == {"Topic: Pact": "?", "Without subtopics": "?topic=pact"}


def test_the_form_carries_on_what_it_has_no_box_for(client, world):
    response = client.get("/stances/?topic=-trade&speaker=minister&order=date&q=pact&actor=japan")
    assert set(response.context["hidden"]) == {("topic", "-trade"), ("speaker", "minister"), ("order", "date")}


def test_the_exports_and_the_citation_keep_the_filter_and_leave_the_page(client, world):
    response = client.get("/stances/?actor=japan&order=date")
    assert response.context["csv_url"] == "/stances.csv?actor=japan&order=date"
    assert response.context["json_url"] == "/stances.json?actor=japan&order=date"
    assert "http://testserver/stances/?actor=japan&order=date" in response.context["citation"].plain


# ---- what makes no sense, what is not there ----

CASES = [(name, *case) for name in NAMES for case in (*WRONG, *WRONG_ON[name])]


@pytest.mark.parametrize(("name", "query", "parameter", "told"), CASES)
def test_what_makes_no_sense_gets_a_message_and_no_rows(client, world, name, query, parameter, told):
    response = client.get(f"/{name}/?{query}")
    assert response.status_code == 200
    assert rows_of(response) == []
    assert told in " ".join(response.context["errors"][parameter])
    unknown = response.context["errors"][parameter][0].startswith("There is no parameter")
    shown = "This list has no such filter." if unknown else response.context["errors"][parameter][0]
    assert text_of(response).count(shown) == 1


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/stances/?after=never", 'id="after-wrong"'),
        ("/stances/?before=never", 'id="before-wrong"'),
        ("/stances/?q=%00", 'id="q-wrong"'),
        ("/positions/?on=never", 'id="on-wrong"'),
        ("/stances/?position=9", '<p class="wrong">“9” is none of'),
        ("/positions/?voice=loud", '<p class="wrong">“loud” is none of'),
        ("/stances/?repeats=x", '<p class="wrong">“x” is none of'),
        ("/stances/?subtopics=1", "says nothing without a topic"),
    ],
)
def test_the_message_stands_at_its_field(client, world, address, place):
    assert place in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("rows", "query", "span"),
    [
        (3, "", ""),
        (4, "", "1 to 3 of 4"),
        (4, "next", "4 to 4 of 4"),
        (7, "next", "3 of 7"),
        (7, "order=date", "1 to 3 of 7"),
    ],
)
def test_the_foot_of_a_page_says_which_rows_it_shows(client, monkeypatch, rows, query, span):
    monkeypatch.setattr(filtered, "ROWS_A_PAGE", 3)
    topic = TopicFactory()
    for _ in range(rows):
        StanceFactory(topic=topic)
    address = client.get("/stances/").context["next_url"] if query == "next" else f"/stances/?{query}"
    response = client.get(address)
    pager = re.search(r'<nav class="pager".*?</nav>', response.content.decode(), re.DOTALL)
    assert (f"<span>{span}" in pager[0]) if span else pager is None


def test_past_the_cap_the_last_rows_are_not_numbered(client, monkeypatch):
    assert filtered.span(Page([1] * 50, previous="x"), 1001) == "50 of 1,000+"
    assert filtered.span(Page([1] * 50, next="x"), 1001) == "1 to 50 of 1,000+"


def test_reported_positions_of_governments_are_hollow_where_it_has_no_own_words(client):
    spoken, reported = (TopicFactory(name=name) for name in ("Spoken", "Reported"))
    drevia = GovernmentFactory(name="Drevia")
    StanceFactory(actor=drevia, topic=spoken, position=2)
    for topic in (spoken, reported):
        StanceFactory(actor=drevia, topic=topic, position=-2, attribution="reported")
    response = client.get("/actors/?kind=government")
    [row] = rows_of(response)
    assert sorted((it.topic.name, it.voice) for it in row.held) == [("Reported", "reported"), ("Spoken", "own")]
    assertContains(response, 'class="tile n2 hollow heard"')
    assertContains(response, "Reported, reported")
    assert response.context["matching_words"] == "1 government"


def test_of_many_positions_a_list_of_actors_shows_some_and_leads_to_the_rest(client, monkeypatch):
    monkeypatch.setattr(lists, "POSITIONS_A_PAGE", 2)
    drevia = GovernmentFactory(name="Drevia")
    topics = [TopicFactory(name=f"Topic {n}", rank=n) for n in range(3)]
    for topic in topics:
        for voice in Voice:
            StanceFactory(actor=drevia, topic=topic, attribution=voice)
    [row] = rows_of(client.get("/actors/?kind=government"))
    assert ([it.topic for it in row.held], {it.voice for it in row.held}, row.more) == (topics[:2], {"own"}, True)
    assertContains(client.get("/actors/?kind=government"), 'more<span class="sr"> of Drevia</span>')


def test_the_voice_is_asked_for_once(client, world):
    assert ("voice", "own") not in client.get("/positions/?voice=own").context["hidden"]


def test_what_makes_sense_beside_a_wrong_value_stays_chosen(client, world):
    response = client.get("/stances/?actor=japan&position=9")
    assert [chip.words for chip in response.context["chips"]] == ["Actor: Japan"]
    assert response.context["problems"][0][1] == "?actor=japan"


MANY_UNKNOWN = "&".join(f"p{number}=" for number in range(680))
MANY_TOPICS = "&".join(f"topic=t{number}" for number in range(90))


@pytest.mark.parametrize(
    ("address", "query"),
    [
        *((address, MANY_UNKNOWN) for address in ["/stances/", "/search/", "/", "/actors/japan/", "/compare/"]),
        *((address, MANY_TOPICS) for address in ["/stances/", "/search/"]),
    ],
)
def test_of_many_problems_the_first_are_told_and_how_many_more(client, world, address, query):
    body = client.get(f"{address}?actor=japan&{query}").content
    assert len(body) < 100_000
    assert b" more.</li>" in body


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("/stances.json", MANY_UNKNOWN),
        ("/stances.json", MANY_TOPICS),
        ("/api/v1/stances/", MANY_TOPICS),
        ("/actors/japan.json", MANY_UNKNOWN),
    ],
)
def test_of_many_problems_json_has_the_first_and_how_many_more(client, world, address, query):
    response = client.get(f"{address}?{query}")
    *told, last = response.json()["errors"]
    assert (response.status_code, len(told), list(last)) == (400, 10, ["message"])
    assert max(len(it["values"]) for it in told) <= 10
    assert last["message"] == f"And {query.count('&') + 1 - 10} more."


def test_one_link_takes_out_all_that_could_not_be_read(client, world):
    body = client.get(f"/stances/?actor=japan&{MANY_UNKNOWN}").content.decode()
    assert body.count(">Take ") == 1
    assert '<a href="?actor=japan">Take out all that could not be read</a>' in body
    assert ">Take out all" not in client.get("/stances/?actor=japan&position=9").content.decode()


def test_a_cursor_of_another_list_is_told(client, world):
    response = client.get("/stances/?cursor=nonsense")
    assert rows_of(response) == []
    assert "begin at the first page" in text_of(response)


def test_nothing_found_offers_to_take_filters_out(client, world):
    response = client.get("/stances/?actor=japan&q=matures")
    assert "No stances match all of these filters together." in text_of(response)
    assert 'href="?actor=japan"' in response.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_database_has_its_lists(client, name):
    response = client.get(f"/{name}/")
    assert response.status_code == 200
    assert "yet." in text_of(response)


def test_statements_lead_to_stances(client):
    assert client.get("/statements/?q=x")["Location"] == "/stances/?q=x"


def test_too_many_fields_are_refused(client):
    assert client.get("/stances/?" + "&".join(["actor=a"] * 10_001)).status_code == 400


@pytest.mark.parametrize("name", NAMES)
def test_a_list_is_only_read(client, name):
    assert client.post(f"/{name}/").status_code == 405


# ---- paging ----


def test_pages_lead_on_and_back_by_either_order(client, monkeypatch):
    monkeypatch.setattr(filtered, "ROWS_A_PAGE", 2)
    for _ in range(5):
        StanceFactory(statement__date="2024-02-13")
    for order in ("-date", "date"):
        address, pages = f"/stances/?order={order}&position=2", []
        while address:
            response = client.get(address)
            pages.append([row.stance.pk for row in rows_of(response)])
            last, address = response, response.context["next_url"]
        assert [len(page) for page in pages] == [2, 2, 1]
        met = [pk for page in pages for pk in page]
        assert met == sorted(met, reverse=order == "-date")
        back = client.get(last.context["previous_url"])
        assert [row.stance.pk for row in rows_of(back)] == pages[1]


def test_positions_on_a_day_page_by_actor(client, monkeypatch):
    monkeypatch.setattr(filtered, "ROWS_A_PAGE", 2)
    actors = [GovernmentFactory(name=name) for name in ("Bo", "Al", "Bo")]
    for actor in actors:
        StanceFactory(actor=actor, statement__date="2024-02-13")
    first = client.get("/positions/?on=2024-03-01")
    second = client.get(first.context["next_url"])
    assert [actor.name for page in (first, second) for actor, _ in rows_of(page)] == ["Al", "Bo", "Bo"]
    assert client.get(f"{first.context['next_url']}&order=date").context["errors"].keys() == {"cursor"}


# ---- what is not public ----


@pytest.mark.every_case
@pytest.mark.parametrize(
    "address",
    [
        "/stances/?repeats=1",
        "/changes/?kind=first",
        "/changes/differ/",
        "/positions/",
        "/positions/?on=2024-12-31",
        "/actors/",
        "/topics/",
        "/sources/",
        "/stances/?q=secret",
        "/actors/?q=secret",
        "/sources/?q=secret",
    ],
)
def test_no_draft_leaks_from_rows_counts_or_facets(client, world, address):
    def numbers() -> tuple:
        response = client.get(address)
        options = [(f.name, o.value, o.count) for f in response.context["facets"] for o in f.options]
        return len(rows_of(response)), response.context["matching"], options

    response = client.get(address)
    content = response.content.decode().replace("q=secret", "").replace('value="secret"', "").replace("“secret”", "")
    content = content.replace("``secret&#x27;&#x27;", "").replace("%60%60secret%27%27", "")  # the same in TeX
    content = content.replace("%E2%80%9Csecret%E2%80%9D", "").replace("q%3Dsecret", "")
    assert "secret" not in content.casefold()
    before = numbers()
    for status in (Status.DRAFT, Status.SUBMITTED):
        StanceFactory(
            statement=StatementFactory(status=status, source=SourceFactory(slug=f"secret-{status}")),
            actor=Actor.objects.get(slug="japan"),
            position=2,
        )
    assert numbers()[:2] == before[:2] or address == "/topics/"  # a topic needs no statement to be public
    assert [option for option in numbers()[2] if option not in before[2]] == []


def test_what_is_retracted_leaves_every_list(client, world):
    Statement.objects.filter(key__in=["account", "speech", "again"]).update(
        status=Status.RETRACTED, retraction_reason="It was wrong."
    )
    assert [row.stance.statement.key for row in rows_of(client.get("/stances/?repeats=1"))] == ["interview"]
    assert rows_of(client.get("/changes/")) == []
    assert [row.source.slug for row in rows_of(client.get("/sources/"))] == ["early"]
    assert "japan" not in {row.actor.slug for row in rows_of(client.get("/actors/"))}


# ---- speed, caching, markup ----


LISTED = [
    "/stances/?repeats=1",
    "/stances/?topic=pact&actor=australia&actor=-japan&q=news",
    "/changes/?kind=first",
    "/changes/differ/",
    "/positions/",
    "/positions/?on=2024-12-31",
    "/actors/",
    "/topics/",
    "/sources/",
    "/stances/?position=9",
]


def test_a_page_takes_as_many_queries_with_many_rows_as_with_few(client, world):
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    AffiliationFactory(actor=Actor.objects.get(slug="minister"))
    few = {address: queries(address) for address in LISTED}
    for _ in range(6):
        statement = StatementFactory(published=True, date="2024-06-01", speaker=PersonFactory())
        AffiliationFactory(actor=statement.speaker, authority=Authority.HEAD)
        StanceFactory(statement=statement, topic=TopicFactory(), position=2)
        StanceFactory(statement=statement, attribution=Voice.REPORTED, position=-1, terms="time")
        StatementFactory(published=True, source=SourceFactory(found_in=Source.objects.first()), repeats=statement)
    assert {address: queries(address) for address in LISTED} == few
    assert max(few.values()) < 45


def test_a_parameter_that_is_not_given_asks_the_database_nothing(world):
    with CaptureQueriesContext(connection) as captured:
        assert not StanceFilter(None, queryset=Stance.objects.public()).problems
    assert not captured.captured_queries


def test_a_topic_is_read_with_those_under_it_and_no_other(world):
    parent = TopicFactory()
    child = TopicFactory(parent=parent)
    grandchild = TopicFactory(parent=child)
    under = {parent.pk: None, child.pk: parent.pk, grandchild.pk: child.pk}
    assert Topic.objects.parents_under([parent.pk]) == Topic.objects.parents_under([parent.pk, child.pk]) == under


def test_a_cache_is_told_what_is_new(client, world, monkeypatch):
    def tag(address: str = "/stances/") -> str:
        return client.get(address)["ETag"]

    first = tag()
    response = client.get("/stances/")
    assert response["Cache-Control"] == "public, max-age=0, s-maxage=10, must-revalidate"
    assert "Cookie" not in response.get("Vary", "")
    with CaptureQueriesContext(connection) as captured:
        again = client.get("/stances/", headers={"if-none-match": first})
    assert (again.status_code, len(captured)) == (304, 1)
    assert len({first, tag("/stances/?actor=japan"), tag("/stances.csv"), tag("/changes/")}) == 4
    StanceFactory()
    second = tag()
    assert second != first
    monkeypatch.setattr(public, "today", lambda: dt.date(2031, 1, 1))
    assert tag() != second


def test_a_draft_changes_nothing_for_caches(client, world):
    first = client.get("/stances/")["ETag"]
    StatementFactory(source=Source.objects.get(slug="early"), speaker=Actor.objects.get(slug="minister"))
    assert client.get("/stances/")["ETag"] == first


def test_healthz_answers_where_the_database_does(client, monkeypatch):
    assert client.get("/healthz").status_code == 200

    def fail():
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "address",
    [
        "/stances/?repeats=1",
        "/stances/?actor=japan&q=matures",
        "/stances/?position=9&after=x&nonsense=%3Cb%3E",
        "/changes/?kind=first",
        "/changes/differ/",
        "/positions/",
        "/positions/?on=2024-12-31",
        "/actors/?kind=government",
        "/topics/",
        "/sources/",
        "/no-such-page/",
    ],
)
def test_a_page_is_valid_html_without_inline_style_or_script(client, world, address):
    content = client.get(address).content.decode()
    html5lib.HTMLParser(strict=True).parse(content)
    assert not re.search(r"\sstyle=|<style|<script(?! src=)|\son\w+=", content)
    assert len(re.findall(r"<h1", content)) == 1
    ids = re.findall(r'\sid="([^"]+)"', content)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("given", ["<script>alert(1)</script>", '"><b>', "'; DROP TABLE x; --", "{{ 7*7 }}"])
def test_hostile_text_is_shown_as_text(client, world, given):
    for parameter in ("q", "actor", "after", "nonsense", "cursor", given):
        response = client.get("/stances/", {parameter: given})
        assert response.status_code == 200
        content = response.content.decode()
        assert "<script>alert" not in content
        assert '"><b>' not in content


@pytest.mark.parametrize("address", ["/actors/nobody/", "/stances.json?x=1"])
def test_who_has_something_of_any_address_is_told_what_is_wrong_with_this_one(client, db, address):
    assert client.get(address, headers={"if-none-match": "*"}).status_code == client.get(address).status_code >= 400


@pytest.mark.parametrize(
    "address", ["/", "/stances.json", "/changes.csv", "/actors/nobody/", "/healthz", "/statements/"]
)
@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_nothing_is_written_through_a_public_address(db, address, method):
    strict = Client(enforce_csrf_checks=True)
    assert getattr(strict, method)(address).status_code == 405


@pytest.mark.parametrize("column", ["actor", "speaker"])
def test_what_is_said_of_actors_stands_in_an_index_to_be_counted_without_a_row(column):
    with connection.cursor() as cursor:
        index = connection.introspection.get_constraints(cursor, "stances_stance")[f"stance_by_{column}"]
    assert index["columns"][0] == f"{column}_id"
    assert {"stated_on", "statement_id", "repeat"} <= set(index["columns"])


def test_a_name_typed_into_the_box_beside_a_menu_is_known_in_any_case(client, world):
    by_slug = client.get("/stances/?actor=australia&topic=pact-japan").context["matching"]
    assert by_slug
    for actor in ("Australia", "AUSTRALIA", "aus"):
        assert client.get("/stances/", {"actor": actor, "topic": "pact-japan"}).context["matching"] == by_slug, actor
    assert client.get("/stances/", {"topic": Topic.objects.get(slug="pact-japan").name}).context["matching"]
    assert client.get("/stances/", {"actor": "-Australia"}).context["matching"]


def test_a_name_that_several_have_or_only_drafts_is_not_known(client, world):
    GovernmentFactory(name="Nowhere")
    StanceFactory(actor__name="Secretia", actor__kind="government", statement__status="draft")
    for slug in ("twin-a", "twin-b"):
        StanceFactory(actor__name="Twin", actor__slug=slug, actor__kind="government")
    for name in ("Nowhere", "Secretia", "Twin"):
        context = client.get("/stances/", {"actor": name}).context
        assert [problem.parameter for problem, *_ in context["problems"]] == ["actor"], name


def test_a_name_that_drafts_have_too_stays_known_and_a_minus_alone_names_nothing(client, world):
    TopicFactory(name="Without a short name", short_name="")
    StanceFactory(actor__name="Australia", actor__slug="draft", statement__status="draft")
    assert client.get("/stances/", {"actor": "Australia"}).context["matching"]
    for name in ("actor", "topic"):
        context = client.get("/stances/", {name: "-"}).context
        assert [problem.parameter for problem, *_ in context["problems"]] == [name]


@pytest.mark.parametrize("key", ["[0,9999999999]", "[0, 9223372036854775807]", "[1, 9223372036854775807]"])
def test_a_cursor_of_a_topic_that_is_not_in_the_list_is_told(client, world, key):
    cursor = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    response = client.get(f"/topics/?cursor={cursor}")
    assert response.status_code == 200
    assert [row[0].parameter for row in response.context["problems"]] == ["cursor"]


def test_no_name_is_too_odd_or_too_long_to_be_asked_for(client, world):
    for address in ("/compare/?actor=%00", f"/compare/?actor={'a' * 60_000}", f"/stances/?topic={'a' * 60_000}"):
        assert client.get(address).status_code in (200, 400), address
