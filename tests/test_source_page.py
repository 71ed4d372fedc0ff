"""The page of a source, with all that was coded from it, and the page about the data."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django.asserts import assertContains, assertNotContains

from stances.vocabulary import Coverage
from tests.factories import GovernmentFactory, SourceFactory, StanceFactory, StatementFactory, TopicFactory

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


@pytest.fixture
def topic():
    return TopicFactory(slug="sharing", name="Sharing", proposition="Members should share.")


@pytest.fixture
def say(topic):
    aldoria = GovernmentFactory(slug="aldoria", name="Aldoria")

    def make(date, position=2, **kwargs):
        return StanceFactory(**{"actor": aldoria, "topic": topic} | kwargs, statement__date=date, position=position)

    return make


def source_page(source):
    return reverse("source", args=[source.slug])


def test_source_tells_its_facts_and_what_was_coded_in_order(client, say):
    source = SourceFactory(
        title="A queue at the door",
        published_on=dt.date(2024, 2, 14),
        date_basis="inferred",
        date_note="From the web address.",
        url="https://example.org/queue",
        archive_url="https://archive.example.org/queue",
        publisher__name="Halvik Post",
        author="B. Writer",
        text="The whole text is here.",
    )
    for locator in ("10", "2-3"):
        say("2024-02-13", statement__source=source, statement__locator=locator, statement__summary=f"Par {locator}.")
    response = client.get(source_page(source))
    text = text_of(response)
    for words in (
        "Halvik Post",
        "By B. Writer",
        "14 February 2024",
        "Date inferred. From the web address.",
        "The whole text",
    ):
        assert words in text, words
    assertContains(response, 'href="https://archive.example.org/queue"')
    assert [statement.locator for statement in response.context["statements"]] == ["2-3", "10"]


def test_text_of_a_source_is_never_shown(client, say):
    source = SourceFactory(published_on=dt.date(2024, 2, 14), text="A copyright text.")
    say("2024-02-13", statement__source=source)
    for address in (source_page(source), reverse("source-json", args=[source.slug])):
        assertNotContains(client.get(address), "copyright text")


def test_newsletter_and_its_reprints_lead_to_each_other(client, say):
    newsletter = SourceFactory(title="The newsletter", published_on=dt.date(2024, 3, 4))
    article = SourceFactory(title="The article", found_in=newsletter, published_on=dt.date(2024, 3, 3))
    SourceFactory(title="Secret article", found_in=newsletter)
    say("2024-02-13", statement__source=article)
    assertContains(client.get(source_page(article)), "The newsletter")
    response = client.get(source_page(newsletter))
    assertContains(response, "The article")
    assertNotContains(response, "Secret")


def test_source_read_in_vain_says_so(client):
    source = SourceFactory(coverage=Coverage.NOTHING)
    assertContains(client.get(source_page(source)), "nothing was found to code")


def test_source_of_drafts_alone_is_not_found_and_drafts_do_not_show_beside_others(client, say):
    hidden = StatementFactory(summary="Secret summary")
    assert client.get(source_page(hidden.source)).status_code == 404
    source = say("2024-02-13").statement.source
    StatementFactory(source=source, summary="Secret summary", speaker__name="Secret speaker")
    assertNotContains(client.get(source_page(source)), "Secret")
    assertNotContains(client.get(reverse("source-json", args=[source.slug])), "Secret")


def test_former_address_of_a_source_leads_to_the_present_one(client, say):
    source = say("2024-02-13").statement.source
    old = source.slug
    source.slug = "renamed"
    source.save()
    assert client.get(f"/sources/{old}.json").url == "/sources/renamed.json"


@pytest.mark.once
def test_queries_of_a_source_do_not_grow(client, say):
    source = SourceFactory(published_on=dt.date(2024, 2, 14))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(source_page(source)).status_code == 200
            assert client.get(reverse("source-json", args=[source.slug])).status_code == 200
        return len(captured)

    def grow(number: int) -> None:
        for _ in range(number):
            first = say("2024-02-13", statement__source=source, topic=TopicFactory(parent=TopicFactory()))
            StanceFactory(statement=first.statement, topic=TopicFactory(), attribution="reported")
            say("2024-02-13", statement__source=source, statement__repeats=first.statement)
            say("2024-02-13", statement__source=SourceFactory(found_in=source))

    grow(1)
    few = queries()
    grow(3)
    assert queries() == few


def test_about_counts_what_is_public(client, say, topic):
    topic.featured, topic.question, topic.about = True, "Should they?", "Chosen by hand.\n\nCoded twice."
    topic.save()
    first = say("2024-02-13")
    say("2024-02-13", statement__repeats=first.statement)
    StanceFactory(statement=StatementFactory(source__language="fr"), topic=topic)
    response = client.get(reverse("about"))
    text = text_of(response)
    for words in (
        "One statement from two sources",
        "one repeat of earlier words",
        "en (2)",
        "One government",
        "Coded twice.",
    ):
        assert words in text, words
    assertContains(response, "<p>Chosen by hand.</p>")
    assertContains(response, "https://creativecommons.org/licenses/by/4.0/")
    assertNotContains(response, "fr (")


def test_about_stands_without_data(client):
    assertContains(client.get(reverse("about")), "No statements from no sources")


def test_about_says_what_an_unknown_parameter_is(client):
    assertContains(client.get("/about/?x=1"), "There is no parameter “x” on this page.")
