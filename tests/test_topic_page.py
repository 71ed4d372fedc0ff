"""The page of a topic: every government side by side, the topics under it, and who spoke when."""

import datetime as dt
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from stances import panels
from stances.quarters import STACK, each, quarters
from tests.factories import (
    AffiliationFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db


def page_of(topic, **query):
    return reverse("topic", args=[topic.slug], query=query or None)


def say(actor, topic, date, position=2, **kwargs):
    return StanceFactory(actor=actor, topic=topic, statement__date=date, position=position, **kwargs)


@pytest.fixture
def topic():
    return TopicFactory(slug="sharing", name="Sharing", short_name="Sharing", proposition="Members should share.")


def test_proposition_is_the_heading(client, topic):
    assertContains(client.get(page_of(topic)), "<h1>Members should share.</h1>")


def test_topic_without_statements_says_so(client, topic):
    assertContains(client.get(page_of(topic)), "No government’s position on this very proposition is recorded.")


def test_lede_counts_sides_of_own_words(client, topic):
    for position in (2, 1, 0, -2):
        say(GovernmentFactory(), topic, "2024-02-13", position)
    say(GovernmentFactory(), topic, "2024-02-13", attribution="reported")
    assertContains(
        client.get(page_of(topic)),
        "Of four governments that have spoken on this in their own words, "
        "two are for, one is undecided and one is against. Others report the position of one more.",
    )


def test_governments_are_sorted_own_first_then_from_for_to_against(client, topic):
    against, favour = GovernmentFactory(slug="against"), GovernmentFactory(slug="favour")
    heard, silent = GovernmentFactory(slug="heard"), GovernmentFactory(slug="silent")
    say(against, topic, "2024-02-13", -2)
    say(favour, topic, "2024-02-13", 2)
    say(heard, topic, "2024-02-13", 2, attribution="reported")
    say(silent, TopicFactory(parent=topic), "2024-02-13")
    rows = client.get(page_of(topic)).context["panels"].panel.rows
    assert [row.history.actor.slug for row in rows] == ["favour", "against", "heard", "silent"]


def test_members_and_candidates_have_a_row_though_nothing_is_recorded(client):
    pact, member, candidate = GroupFactory(), GovernmentFactory(name="Aldoria"), GovernmentFactory(name="Drevia")
    AffiliationFactory(actor=member, of=pact, title="member", authority="")
    topic = TopicFactory(group=pact)
    TopicFactory(parent=topic, candidate=candidate)
    assert {row.history.actor for row in client.get(page_of(topic)).context["panels"].panel.rows} == {member, candidate}


def test_child_has_a_panel_of_its_own_and_is_not_mixed_in(client, topic):
    aldoria, drevia = GovernmentFactory(name="Aldoria"), GovernmentFactory(name="Drevia")
    child = TopicFactory(parent=topic, proposition="Drevia should share.")
    say(aldoria, topic, "2024-02-13", 2)
    say(aldoria, child, "2024-03-13", -2)
    panels = client.get(page_of(topic)).context["panels"]
    own = next(told for told in panels.panel.histories if told.actor == aldoria)
    assert [(interval.value, interval.until) for interval in own.own] == [(2, None)]
    assert [panel.topic for panel in panels.below] == [child]
    assert panels.below[0].others == ""
    say(drevia, topic, "2024-02-13", 2)
    panels = client.get(page_of(topic)).context["panels"]
    assert panels.below[0].others == "Drevia: for on sharing in general, nothing recorded here."


def test_topic_under_it_without_statements_is_named(client, topic):
    TopicFactory(parent=topic, name="Silent topic")
    assertContains(client.get(page_of(topic)), "Silent topic")


def test_figure_names_the_period_of_its_sources(client, topic):
    say(GovernmentFactory(), topic, "2024-02-13")
    say(GovernmentFactory(), topic, "2024-04-09")
    assertContains(client.get(page_of(topic)), "sources published 13 Feb 2024 to 9 Apr 2024")


def test_figure_stands_as_a_table_too(client, topic):
    stance = say(GovernmentFactory(name="Aldoria"), topic, "2024-02-13")
    response = client.get(page_of(topic))
    assertContains(response, "The same figure as a table")
    assert response.content.decode().count(stance.statement.get_absolute_url()) >= 2


def test_others_than_governments_stand_apart(client, topic):
    say(PersonFactory(name="Ada Low"), topic, "2024-02-13")
    response = client.get(page_of(topic))
    assertContains(response, "Who else spoke on it")
    assertContains(response, "Ada Low")
    assert response.context["panels"].quarters is None


def test_quarters_count_own_statements_by_side():
    stances = [
        say(GovernmentFactory(), TopicFactory(), date, position)
        for date, position in (("2024-02-13", 2), ("2024-03-31", 1), ("2024-04-01", 0), ("2025-12-31", -2))
    ]
    counts = quarters(each(stances), dt.date(2026, 6, 1))
    assert [(q.label, q.favour, q.undecided, q.against) for q in counts.quarters] == [
        ("2024, quarter 1", 2, 0, 0),
        ("2024, quarter 2", 0, 1, 0),
        ("2025, quarter 4", 0, 0, 1),
    ]
    assert [year.label for year in counts.years] == ["2024", "2025", "2026"]
    assert (counts.favour, counts.undecided, counts.against) == (2, 1, 1)


def test_blocks_of_a_quarter_do_not_overlap_and_keep_to_their_side():
    stances = [
        say(GovernmentFactory(), TopicFactory(), "2024-02-13", position) for position in (2, 1, 2, 0, 0, 0, -1, -2)
    ]
    counts = quarters(each(stances), dt.date(2024, 6, 1))
    spans = sorted((block.y, block.y + block.height) for block in counts.blocks)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    for block in counts.blocks:
        if block.css in ("p1", "p2"):
            assert block.y + block.height < counts.zero
        if block.css in ("n1", "n2"):
            assert block.y > counts.zero


def test_high_stacks_become_one_block_a_position():
    topic = TopicFactory()
    stances = [say(GovernmentFactory(), topic, "2024-02-13", 2) for _ in range(STACK + 1)]
    blocks = quarters(each(stances), dt.date(2024, 6, 1)).blocks
    assert len(blocks) == 1
    assert blocks[0].title == f"2024, quarter 1: {STACK + 1} for"


def test_page_of_more_than_can_be_drawn_names_the_rest_and_still_counts_it(client, topic, monkeypatch):
    monkeypatch.setattr(panels, "STANCES_DRAWN", 2)
    monkeypatch.setattr(panels, "ROWS_SHOWN", 1)
    child = TopicFactory(parent=topic, name="Crowded topic")
    for _ in range(2):
        government = GovernmentFactory()
        say(government, topic, "2024-02-13", 2)
        say(government, child, "2024-02-13", -2)
    response = client.get(page_of(topic))
    assertContains(response, "More was said under it than one page can draw")
    told = response.context["panels"]
    assert (len(told.panel.rows), told.below, told.not_drawn) == (1, [], [child])
    assert (told.quarters.favour, told.quarters.against) == (2, 2)
    assert len(client.get(reverse("topic-json", args=[topic.slug])).json()["histories"]) == 4


def test_repeats_and_reports_are_not_counted(client, topic):
    aldoria = GovernmentFactory()
    first = say(aldoria, topic, "2024-02-13")
    say(aldoria, topic, "2024-02-13", statement__repeats=first.statement)
    say(aldoria, topic, "2024-02-13", attribution="reported")
    assert client.get(page_of(topic)).context["panels"].quarters.favour == 1


def test_on_shows_nothing_later(client, topic):
    aldoria = GovernmentFactory()
    say(aldoria, topic, "2024-02-13", 2)
    late = say(aldoria, topic, "2024-04-09", -2)
    response = client.get(page_of(topic, on="2024-03-01"))
    assertContains(response, "As of 1 March 2024: nothing said later is shown.")
    assertNotContains(response, late.statement.key)
    assertNotContains(response, "reversal,")


def test_json_twin_tells_the_same(client, topic):
    aldoria = GovernmentFactory(slug="aldoria")
    child = TopicFactory(slug="tea", parent=topic)
    say(aldoria, topic, "2024-02-13", 1)
    data = client.get(reverse("topic-json", args=["sharing"])).json()
    assert data["topics_under_it"] == [child.slug]
    assert [(p["topic"], p["shown"], p["wider_topic"]) for p in data["positions"]] == [
        ("sharing", "own", None),
        ("tea", "wider", "sharing"),
    ]


def test_former_address_leads_to_the_present_one(client, topic):
    topic.slug = "giving"
    topic.save()
    assert client.get("/topics/sharing/").url == "/topics/giving/"
    response = client.get("/topics/sharing.json?on=2024-03-01")
    assert (response.status_code, response.url) == (301, "/topics/giving.json?on=2024-03-01")


def test_unknown_topic_is_not_found(client):
    assert client.get("/topics/nothing/").status_code == 404


@pytest.mark.every_case
@pytest.mark.parametrize("format", ["topic", "topic-json"])
def test_drafts_never_show(client, topic, format):
    say(GovernmentFactory(), topic, "2024-02-13")
    draft = StatementFactory(
        summary="Secret summary", speaker=PersonFactory(name="Secret speaker"), source__title="Secret source"
    )
    StanceFactory(statement=draft, actor=GovernmentFactory(name="Secret government"), topic=topic)
    StanceFactory(statement=draft, actor=PersonFactory(name="Secret person"), topic=topic)
    response = client.get(reverse(format, args=[topic.slug]))
    assertNotContains(response, "Secret")
    assertNotContains(response, draft.key)


@pytest.mark.once
@pytest.mark.parametrize("format", ["topic", "topic-json"])
def test_queries_do_not_grow(client, topic, format):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(format, args=[topic.slug])).status_code == 200
        return len(captured)

    def grow(number: int) -> None:
        for _ in range(number):
            government, child = GovernmentFactory(), TopicFactory(parent=topic, candidate=GovernmentFactory())
            AffiliationFactory(of=government, authority="head", end="2024-05-01")
            for position in (2, -2):
                date = f"2024-0{position + 4}-01"
                for on in (topic, child):
                    first = say(government, on, date, position)
                    say(government, on, date, position, statement__repeats=first.statement)
                    say(government, on, date, position, attribution="reported")
                    say(PersonFactory(), on, date, position)

    grow(1)
    few = queries()
    grow(3)
    assert queries() == few


def test_what_the_page_of_a_past_day_offers_ends_with_the_day(client, topic):
    past, now = (client.get(f"{topic.get_absolute_url()}{asked}").content.decode() for asked in ("?on=2024-03-01", ""))
    assert f'/topics/{topic.slug}.json?on=2024-03-01"' in past
    assert f"/stances.csv?topic={topic.slug}&amp;before=2024-03-01" in past
    assert f'/topics/{topic.slug}.json"' in now
    assert "before=" not in now
