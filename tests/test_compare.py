"""The page that compares a few actors on a topic, and its twins."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django.asserts import assertContains, assertNotContains

from stances.models import Topic
from tests.factories import GovernmentFactory, StanceFactory, StatementFactory, TopicFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("compare")
FORMATS = ["compare-csv", "compare-json", "compare-svg"]
BOTH = {"actor": ["aldoria", "brenmark"], "topic": "sharing", "on": "2024-05-01"}


def say(actor, topic, date, position=2, **kwargs):
    return StanceFactory(actor=actor, topic=topic, statement__date=date, position=position, **kwargs)


@pytest.fixture
def topic():
    return TopicFactory(slug="sharing", name="Sharing", proposition="Members should share.")


@pytest.fixture
def two(topic):
    """Both for from 11 to 20 April 2024, then one of them against until 1 May: 10 of 21 days on one side."""
    aldoria, brenmark = (GovernmentFactory(slug=slug) for slug in ("aldoria", "brenmark"))
    say(aldoria, topic, "2024-04-01", 2)
    say(brenmark, topic, "2024-04-11", 1)
    say(aldoria, topic, "2024-04-21", -2, statement__source__published_on=dt.date(2024, 5, 1))
    return aldoria, brenmark


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


def rows_of(client, **query) -> list[dict[str, str]]:
    return list(csv.DictReader(client.get(reverse("compare-csv"), query).content.decode().splitlines()))


def test_page_tells_the_counts_first_and_words_where_statements_are_few(client, two):
    response = client.get(PAGE, BOTH)
    text = text_of(response)
    stood = "on the same side, then on opposite sides"
    assert f"2 and 1 statements; both spoke on no day; both carried forward on 21 days: {stood}" in text
    assert f"The two can be compared on 21 days: {stood}. Both spoke on no day." in text
    assert "Statements: 2 and 1 Days both spoke: 0 Days with both positions carried forward: 21" in text
    assert f"How they stood on these: {stood.capitalize()} Mean distance: too few statements" in text
    assert "Aldoria, on 21 April 2024; Brenmark has not changed" in text
    assert "2024 Aldoria and Brenmark: 10 of 21 days" in text
    assert "48%" not in text
    assertContains(response, "<h1>Aldoria and Brenmark on sharing</h1>")
    kinds = [stretch.kind for stretch in response.context["compared"].strips[0].stretches]
    assert kinds == ["same", "opposed"]


def test_drawing_holds_all_the_words_of_a_pair(client, two):
    drawing = "".join(strip_tags(client.get(reverse("compare-svg"), BOTH).content.decode()).split())
    [pair] = client.get(PAGE, BOTH).context["compared"].pairs
    assert pair.words.replace(" ", "") in drawing


def test_page_gives_a_share_where_both_have_three_statements(client, two, topic):
    say(two[0], topic, "2024-04-25", -2)
    say(two[1], topic, "2024-04-25", 1)
    assert "%" not in client.get(PAGE, BOTH).context["compared"].pairs[0].words
    say(two[1], topic, "2024-04-26", 1)
    text = text_of(client.get(PAGE, BOTH))
    assert "How they stood on these: Same side on 48% of these days Mean distance: 2.05" in text
    assert "3 and 3 statements; both spoke on one day; both carried forward on 21 days: same side on 48%" in text
    assert "10 of 21 days: 48%, mean distance 2.05" in text


def test_few_statements_with_many_turns_are_told_by_the_last(client, topic):
    aldoria, brenmark = (GovernmentFactory(slug=slug) for slug in ("aldoria", "brenmark"))
    say(brenmark, topic, "2024-04-01", 2)
    for day, position in enumerate((2, -2, 0, -2), start=1):
        say(aldoria, topic, f"2024-04-0{day}", position)
    [pair] = client.get(PAGE, BOTH).context["compared"].pairs
    assert pair.stood == "on opposite sides at the end, after three turns"


def test_twins_tell_the_same(client, two):
    whole, year = rows_of(client, **BOTH)
    assert (whole["days"], whole["same_side_days"], whole["same_side"], whole["mean_distance"]) == (
        "21",
        "10",
        "0.4762",
        "2.0476",
    )
    assert (whole["statements"], whole["other_statements"]) == ("2", "1")
    assert (whole["moved_first"], whole["moved_on"], whole["followed_on"]) == ("aldoria", "2024-04-21", "")
    assert (whole["both_spoke_days"], whole["last_day"]) == ("0", "2024-05-01")
    assert (year["year"], year["days"], year["statements"], year["other_statements"]) == ("2024", "21", "2", "1")
    data = client.get(reverse("compare-json"), BOTH).json()
    assert data["actors"] == ["aldoria", "brenmark"]
    assert data["pairs"][0]["years"][0] == {
        "year": 2024,
        "days": 21,
        "same_side_days": 10,
        "same_side": 0.4762,
        "mean_distance": 2.0476,
        "statements": [2, 1],
    }
    assert (data["pairs"][0]["both_spoke_days"], data["pairs"][0]["last_day"]) == (0, "2024-05-01")
    assert [len(told["own"]) for told in data["histories"]] == [2, 1]


def test_each_two_of_six_are_compared(client, topic):
    for place in range(6):
        say(GovernmentFactory(slug=f"g-{place}"), topic, "2024-04-01")
    query = {"actor": [f"g-{place}" for place in range(6)], "topic": "sharing"}
    assert len(client.get(PAGE, query).context["compared"].pairs) == 15


def test_reported_and_wider_positions_enter_no_agreement(client, two, topic):
    say(GovernmentFactory(slug="heard"), topic, "2024-04-01", attribution="reported")
    child = TopicFactory(slug="part", parent=topic)
    say(two[0], child, "2024-04-01")
    assert rows_of(client, actor=["aldoria", "heard"], topic="sharing")[0]["days"] == "0"
    assert rows_of(client, actor=["aldoria", "brenmark"], topic="part")[0]["days"] == "0"
    text = text_of(client.get(PAGE, {"actor": ["aldoria", "heard"], "topic": "sharing"}))
    assert "No day on which both positions are carried forward" in text


def test_nothing_is_counted_after_the_last_source_on_either(client, two, topic):
    later = dt.date(2024, 8, 1)
    say(GovernmentFactory(), topic, "2024-07-01", statement__source__published_on=later)
    asked = BOTH | {"on": "2026-11-22"}
    [pair] = client.get(PAGE, asked).context["compared"].pairs
    assert (pair.whole.days, pair.last_day) == (21, dt.date(2024, 5, 1))
    assert {row["last_day"] for row in rows_of(client, **asked)} == {"2024-05-01", ""}


@pytest.fixture
def apart(topic):
    """Both for on three days of January 2018, and again three years later."""
    actors = [GovernmentFactory(slug=slug) for slug in ("aldoria", "brenmark")]
    for year in (2018, 2021):
        for place in range(1, 4):
            for actor in actors:
                say(actor, topic, f"{year}-01-0{place}", 1, statement__source__published_on=dt.date(year, 1, 31))
    return actors


def test_position_is_carried_forward_for_two_years(client, apart):
    whole, *years = rows_of(client, **BOTH)
    days = [(dt.date(2020, 1, 3) - dt.date(2018, 1, 1)).days + 1, 31]
    assert (whole["days"], whole["last_day"]) == (str(sum(days)), "2021-01-31")
    assert [(year["year"], year["days"]) for year in years] == [
        ("2018", "365"),
        ("2019", "365"),
        ("2020", "3"),
        ("2021", "31"),
    ]
    kinds = client.get(PAGE, BOTH).context["compared"].strips[0].stretches
    assert len(kinds) == 2


def test_year_without_words_says_so_and_has_no_share(client, apart):
    text = text_of(client.get(PAGE, BOTH))
    assert "2019 Aldoria and Brenmark: nothing said; carried forward on 365 days" in text
    year = next(row for row in rows_of(client, **BOTH) if row["year"] == "2019")
    assert (year["days"], year["statements"], year["same_side"], year["mean_distance"]) == ("365", "0", "", "")
    [pair] = client.get(reverse("compare-json"), BOTH).json()["pairs"]
    assert pair["both_spoke_days"] == 6
    assert [it["same_side"] for it in pair["years"]] == [1, None, None, 1]
    assert "Both spoke on 6 days" in text


def test_long_histories_are_carried_forward_alike(client, apart, monkeypatch):
    whole = rows_of(client, **BOTH)
    monkeypatch.setattr("stances.comparing.READ", 4)
    assert client.get(PAGE, BOTH).context["compared"].histories[0].omitted
    assert rows_of(client, **BOTH) == whole


def test_where_nothing_can_be_compared_the_page_says_who_is_silent_and_where_both_spoke(client, two, topic):
    silent, elsewhere = (
        GovernmentFactory(name="Silent", slug="silent"),
        TopicFactory(name="Elsewhere", slug="elsewhere"),
    )
    say(silent, elsewhere, "2024-04-01")
    say(two[0], elsewhere, "2024-04-01")
    say(two[1], TopicFactory(name="Lone"), "2024-04-01")
    response = client.get(PAGE, {"actor": ["aldoria", "silent"], "topic": "sharing"})
    text = text_of(response)
    assert "Silent has no own position on record on sharing, so there is nothing to compare." in text
    assert "Both are recorded on: Elsewhere." in text
    assertContains(response, "/compare/?actor=aldoria&amp;actor=silent&amp;topic=elsewhere")
    assert client.get(PAGE, BOTH).context["both"] == []
    three = text_of(client.get(PAGE, BOTH | {"actor": ["aldoria", "brenmark", "silent"]}))
    assert "On no day two or more of them spoke. Silent has no own position on record." in three


def test_day_looked_at_ends_the_comparison(client, two):
    assert rows_of(client, **(BOTH | {"on": "2024-04-20"}))[0]["same_side"] == "1.0"
    assertContains(client.get(PAGE, BOTH), "As of 1 May 2024: nothing said later is shown.")


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ({}, "Choose two to six actors and a topic."),
        ({"actor": "aldoria"}, "Choose one more actor and a topic."),
        ({"topic": "sharing"}, "Choose two to six actors."),
        ({"actor": ["aldoria", "aldoria"], "topic": "sharing"}, "Choose one more actor."),
        ({"actor": ["aldoria", "brenmark"]}, "Choose a topic."),
    ],
)
def test_what_is_still_to_be_chosen_is_said(client, two, query, hint):
    response = client.get(PAGE, query)
    assertContains(response, hint)
    assertNotContains(response, 'role="alert"')
    for name in FORMATS:
        assert client.get(reverse(name), query).status_code == 400


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"actor": ["aldoria", "atlantis"]}, "actor", "“atlantis” is no known actor"),
        ({"actor": ["aldoria", "-brenmark"]}, "actor", "without the minus"),
        ({"actor": [f"g-{n}" for n in range(7)]}, "actor", "7 are too many: give 6 at most"),
        ({"topic": "nothing"}, "topic", "“nothing” is no known topic"),
        ({"topic": ["sharing", "trade"]}, "topic", "2 are too many: give one at most"),
        ({"on": "soon"}, "on", "is not a date"),
        ({"on": "9999-12-31"}, "on", "has not come yet"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(client, two, query, field, message):
    TopicFactory(slug="trade")
    for place in range(7):
        say(GovernmentFactory(slug=f"g-{place}"), TopicFactory(), "2024-04-01")
    asked = BOTH | query
    response = client.get(PAGE, asked)
    assert response.status_code == 200
    assertContains(response, f'id="{field}-problem" role="alert"')
    assertContains(response, message)
    assert response.context["compared"] is None
    for name in FORMATS:
        refused = client.get(reverse(name), asked)
        assert refused.status_code == 400
        assertContains(refused, message, status_code=400)


def test_unknown_parameter_gets_a_message(client, two):
    assertContains(client.get(PAGE, BOTH | {"colour": "red"}), "There is no parameter “colour”")


def test_form_lists_who_has_an_own_position_on_the_topic(client, two, topic):
    say(GovernmentFactory(slug="heard", name="Heard"), topic, "2024-04-01", attribution="reported")
    say(GovernmentFactory(name="Elsewhere"), TopicFactory(), "2024-04-01")
    response = client.get(PAGE, {"topic": "sharing", "actor": "brenmark"})
    assert [(actor.slug, *rest) for actor, *rest in response.context["choices"]] == [
        ("brenmark", True, True),
        ("aldoria", False, True),
    ]
    silent = client.get(PAGE, {"topic": "sharing", "actor": ["aldoria", "heard"]})
    assert "Heard (no own position)" in text_of(silent)
    assert "Aldoria (no" not in text_of(silent)


def test_menu_names_all_others_who_are_recorded_on_the_topic(client, two, topic):
    say(GovernmentFactory(slug="heard", name="Heard"), topic, "2024-04-01", attribution="reported")
    say(GovernmentFactory(slug="elsewhere", name="Elsewhere"), TopicFactory(), "2024-04-01")
    response = client.get(PAGE, {"topic": "sharing", "actor": "brenmark"})
    assertContains(response, '<option value="heard">Heard</option>', html=True)
    assertNotContains(response, "Elsewhere")
    assertContains(client.get(PAGE, BOTH | {"actor": ["aldoria", "brenmark", "heard", ""]}), "Brenmark and Heard")


def test_menu_that_cannot_hold_all_is_narrowed_by_a_name(client, two, topic, monkeypatch):
    monkeypatch.setattr("stances.views.compare.OFFERED", 1)
    for name in ("Daily", "Hearsay"):
        say(GovernmentFactory(name=name), topic, "2024-04-01", attribution="reported")
    response = client.get(PAGE, BOTH)
    assert [actor.name for actor in response.context["others"]] == ["Daily"]
    assertContains(response, 'id="find"')
    response = client.get(PAGE, BOTH | {"find": "hearsa"})
    assert [actor.name for actor in response.context["others"]] == ["Hearsay"]
    assert response.context["compared"] is not None
    assertContains(client.get(PAGE, BOTH | {"find": "***"}), 'id="find-problem"')
    assertContains(client.get(PAGE, BOTH | {"find": "nobody"}), "No name like “nobody”")


def test_each_actor_is_removed_by_a_link(client, two):
    chosen = client.get(PAGE, BOTH).context["chosen"]
    assert [url for _, url in chosen] == [
        f"{PAGE}?actor=brenmark&topic=sharing&on=2024-05-01",
        f"{PAGE}?actor=aldoria&topic=sharing&on=2024-05-01",
    ]


def test_ticks_are_kept_where_too_many_are_given(client, topic):
    slugs = [f"g-{place}" for place in range(7)]
    for slug in slugs:
        say(GovernmentFactory(slug=slug), topic, "2024-04-01")
    choices = client.get(PAGE, {"actor": slugs, "topic": "sharing"}).context["choices"]
    assert [(actor.slug, chosen) for actor, chosen, _ in choices] == [(slug, True) for slug in slugs]


def test_former_slugs_name_the_same_actors(client, two):
    two[0].slug = "new-aldoria"
    two[0].save()
    assert client.get(reverse("compare-json"), BOTH).json()["actors"] == ["new-aldoria", "brenmark"]
    assertContains(client.get(PAGE, {"actor": ["aldoria", "new-aldoria"], "topic": "sharing"}), "one more actor")


def test_pages_of_actor_and_topic_lead_here(client, two):
    assertContains(client.get("/actors/aldoria/"), "/compare/?actor=aldoria")
    assertContains(client.get("/topics/sharing/"), "/compare/?topic=sharing")


@pytest.mark.every_case
@pytest.mark.parametrize("name", ["compare", *FORMATS])
def test_drafts_never_show(client, two, topic, name):
    draft = StatementFactory(key="hidden-1", date="2024-04-15", speaker__name="Hidden speaker")
    StanceFactory(statement=draft, actor=two[1], topic=topic, position=-2)
    hidden = GovernmentFactory(slug="hidden-actor", name="Hidden actor")
    StanceFactory(statement=draft, actor=hidden, topic=topic)
    response = client.get(reverse(name), BOTH)
    assert response.status_code == 200
    assert "Hidden" not in response.content.decode()
    assert client.get(PAGE, BOTH).context["compared"].pairs[0].whole.same_days == 10
    refused = client.get(reverse(name), BOTH | {"actor": ["aldoria", "hidden-actor"]})
    assert "is no known actor" in refused.content.decode()


@pytest.mark.once
@pytest.mark.parametrize("name", ["compare", *FORMATS])
def test_queries_do_not_grow(client, two, topic, name):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(name), asked).status_code == 200
        return len(captured)

    asked = BOTH
    few = queries()
    for place in range(4):
        government = GovernmentFactory(slug=f"g-{place}")
        for date, position in (("2024-04-02", 2), ("2024-04-03", -2)):
            say(government, topic, date, position)
    TopicFactory(parent=Topic.objects.get(slug="sharing"))
    asked = BOTH | {"actor": ["aldoria", "brenmark", *(f"g-{place}" for place in range(4))]}
    assert queries() == few
