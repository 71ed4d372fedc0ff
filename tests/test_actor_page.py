"""The page of an actor: positions today, histories, what it said, whom it belongs to."""

import datetime as dt
import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from stances.models import Statement
from stances.vocabulary import Status
from tests.factories import (
    AffiliationFactory,
    BodyFactory,
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

pytestmark = pytest.mark.django_db


def page_of(actor, **query):
    return reverse("actor", args=[actor.slug], query=query or None)


def json_of(actor, **query):
    return reverse("actor-json", args=[actor.slug], query=query or None)


def say(actor, topic, date, position=2, **kwargs):
    return StanceFactory(actor=actor, topic=topic, statement__date=date, position=position, **kwargs)


@pytest.fixture
def aldoria():
    return GovernmentFactory(slug="aldoria", name="Aldoria")


@pytest.fixture
def topic():
    return TopicFactory(slug="sharing", name="Sharing", short_name="Sharing")


def test_lede_tells_the_newest_change(client, aldoria, topic):
    say(aldoria, topic, "2024-02-13", 1, terms="time")
    say(aldoria, topic, "2024-04", 2)
    assertContains(
        client.get(page_of(aldoria)),
        "Aldoria last changed the terms of its position in April 2024: from “for, later” to “for”, on sharing.",
    )


def test_lede_without_a_change(client, aldoria, topic):
    say(aldoria, topic, "2024-02-13")
    assertContains(
        client.get(page_of(aldoria)), "Aldoria has stated a position on one topic; on record it has not changed."
    )


def test_lede_where_only_others_speak(client, aldoria, topic):
    say(aldoria, topic, "2024-02-13", attribution="reported")
    assertContains(client.get(page_of(aldoria)), "No own words of Aldoria are on record.")


@pytest.fixture
def topics():
    return TopicFactory.create_batch(9)


def test_lede_of_a_long_record_counts_all_topics(client, aldoria, topics):
    for topic in topics:
        for month in range(1, 9):
            say(aldoria, topic, f"2023-{month:02}-10")
    told = client.get(page_of(aldoria)).context["profile"]
    assert not told.whole
    assert told.lede == "Aldoria has stated a position on nine topics; on record none of them has changed."


def test_lede_of_a_long_record_denies_no_old_words(client, aldoria, topics):
    say(aldoria, topics[0], "2020-01-01")
    for topic in topics[1:]:
        for month in range(1, 10):
            say(aldoria, topic, f"2023-{month:02}-10", attribution="reported", statement__authority="independent")
    told = client.get(page_of(aldoria)).context["profile"]
    assert not told.whole
    assert told.lede == "Aldoria has stated a position on one topic; on record it has not changed."


def test_lede_of_a_long_record_of_others_counts_all_topics(client, aldoria, topics):
    for topic in topics:
        for month in range(1, 9):
            say(aldoria, topic, f"2023-{month:02}-10", attribution="reported", statement__authority="independent")
    told = client.get(page_of(aldoria)).context["profile"]
    assert told.lede == "No own words of Aldoria are on record. Others report its position on nine topics."


def test_kicker_names_the_group_of_the_question(client, aldoria):
    pact = GroupFactory(name="Pact")
    FeaturedTopicFactory(group=pact)
    say(aldoria, TopicFactory(), "2024-02-13")
    AffiliationFactory(actor=aldoria, of=pact, title="member", authority="", start="2024-01-01")
    assertContains(client.get(page_of(aldoria)), "Government, member of Pact")
    assertNotContains(client.get(page_of(aldoria, on="2023-01-01")), "member of Pact")


def test_every_stance_stands_in_the_history_with_what_it_did(client, aldoria, topic):
    ada = PersonFactory(name="Ada Low")
    first = say(aldoria, topic, "2024-02-13", statement__speaker=ada, statement__authority="head")
    say(aldoria, topic, "2024-02-20")
    say(aldoria, topic, "2024-03-13", -2, statement__authority="minister")
    say(aldoria, topic, "2024-03-13", 0, statement__authority="official")
    say(aldoria, topic, "2024-03-14", 2, attribution="reported", statement__speaker__name="Halvik Post")
    source = SourceFactory(published_on=dt.date(2024, 3, 20), publisher__name="Drevia Ledger")
    say(aldoria, topic, "2024-02-13", statement__repeats=first.statement, statement__source=source)
    response = client.get(page_of(aldoria))
    told = response.context["profile"].histories[0]
    days = [event.shown_on for event in told.newest_first]
    assert days == sorted(days, reverse=True)
    assert {(event.kind, event.shown_on.isoformat()) for event in told.events} == {
        ("repeat", "2024-03-20"),
        ("first", "2024-03-14"),
        ("passed over", "2024-03-13"),
        ("reversal", "2024-03-13"),
        ("confirmed", "2024-02-20"),
        ("first", "2024-02-13"),
    }
    for words in (
        "reported by Halvik Post",
        "passed over: a higher authority comes first",
        "Drevia Ledger</a> printed the words of",
        "Sources published 13 Feb 2024 to 20 Mar 2024.",
    ):
        assertContains(response, words)


def test_history_flags_colleagues_who_differ(client, aldoria, topic):
    say(aldoria, topic, "2024-03-18", 2, statement__speaker=PersonFactory(name="Ada Low"))
    say(aldoria, topic, "2024-04-07", -2)
    assertContains(client.get(page_of(aldoria)), "colleagues differ: 20 days after Ada Low")


def test_positions_on_one_wider_topic_stand_together(client, aldoria, topic):
    for name in ("Tea", "Salt"):
        TopicFactory(parent=topic, name=name, rank=1)
    say(aldoria, topic, "2024-02-13")
    standings = client.get(page_of(aldoria)).context["profile"].standings
    assert [[t.name for t in standing.topics] for standing in standings] == [["Sharing"], ["Salt", "Tea"]]


def test_topics_without_a_position_are_named(client, aldoria, topic):
    TopicFactory(name="Lamps")
    say(aldoria, topic, "2024-02-13")
    assert [t.name for t in client.get(page_of(aldoria)).context["profile"].silent_on] == ["Lamps"]


def test_person_page_shows_what_was_said_and_for_whom(client, aldoria, topic):
    ada = PersonFactory(slug="ada", name="Ada Low")
    AffiliationFactory(actor=ada, of=aldoria, title="Minister for Salt")
    say(aldoria, topic, "2024-02-13", statement__speaker=ada, statement__quote="Salt for all")
    response = client.get(page_of(ada))
    assertContains(response, "Person, Minister for Salt, Aldoria")
    assertContains(response, "“Salt for all”")
    assertContains(response, "One statement by Ada Low is on record, on behalf of Aldoria.")
    assertContains(client.get(page_of(aldoria)), "Who speaks for Aldoria")


def test_a_body_counts_what_its_people_said(client, aldoria, topic):
    ministry = BodyFactory(name="Ministry of Salt")
    AffiliationFactory(actor=ministry, of=aldoria, title="ministry")
    spokesperson, silent = PersonFactory(), PersonFactory(name="Ben High")
    for person in (spokesperson, silent):
        AffiliationFactory(actor=person, of=ministry, title="spokesperson", authority="official")
    say(aldoria, topic, "2024-02-13", statement__speaker=spokesperson)
    say(aldoria, topic, "2024-03-13", statement__speaker=spokesperson)
    assertContains(client.get(page_of(aldoria)), "2 statements by its people")
    ties = client.get(page_of(ministry)).context["profile"].speakers
    assert [(tie.statements, tie.by_people) for tie in ties] == [(2, 0)]


def test_person_with_own_positions_has_their_history(client, topic):
    ada = PersonFactory(name="Ada Low")
    say(ada, topic, "2024-02-13", statement__speaker=ada, statement__authority="independent")
    response = client.get(page_of(ada))
    assertContains(response, "Ada Low has stated a position on one topic")
    assertContains(response, "How the position moved")


def test_publication_page_lists_its_sources_and_what_it_reported(client, aldoria, topic):
    paper = PublicationFactory(name="Halvik Post")
    say(
        aldoria,
        topic,
        "2024-02-13",
        attribution="reported",
        statement__speaker=paper,
        statement__source__publisher=paper,
        statement__source__title="A queue at the door",
    )
    SourceFactory(publisher=paper, title="Secret source")
    response = client.get(page_of(paper))
    assertContains(response, "What Halvik Post wrote and reported")
    assertContains(response, "A queue at the door")
    assertNotContains(response, "Secret")


def test_group_page_lists_its_members(client, aldoria, topic):
    pact = GroupFactory(name="Pact")
    AffiliationFactory(actor=aldoria, of=pact, title="member", authority="")
    say(aldoria, topic, "2024-02-13", statement__speaker=pact, statement__authority="act", statement__form="act")
    response = client.get(page_of(pact))
    assertContains(response, "Members")
    assertContains(response, "Aldoria")


def test_body_page_says_whom_it_speaks_for(client, aldoria, topic):
    embassy = BodyFactory(name="Embassy of Aldoria")
    AffiliationFactory(actor=embassy, of=aldoria, title="Embassy in Drevia", authority="mission")
    say(aldoria, topic, "2024-02-13", statement__speaker=embassy, statement__authority="mission")
    assertContains(client.get(page_of(embassy)), "Body, Embassy in Drevia, Aldoria")


def test_offices_are_those_of_the_day(client, aldoria, topic):
    ada = PersonFactory(name="Ada Low")
    AffiliationFactory(actor=ada, of=aldoria, title="Minister for Salt", end="2024-02-01")
    AffiliationFactory(actor=ada, of=aldoria, title="Minister for Tea", start="2024-02-01")
    say(aldoria, topic, "2024-01-31", statement__speaker=ada)
    say(aldoria, topic, "2024-02-01", statement__speaker=ada)
    events = client.get(page_of(aldoria)).context["profile"].histories[0].events
    assert [event.office for event in events] == ["Minister for Salt", "Minister for Tea"]


@pytest.mark.parametrize(
    ("date", "authority", "office"),
    [
        ("2024-01", "minister", "Minister for Salt"),
        ("2024-02", "minister", "Minister for Tea"),
        ("2024", "minister", ""),
        ("2024-01-31/2024-02-01", "minister", ""),
        ("../2024-01-15", "minister", ""),
        ("2024-06-01", "minister", "Minister for Tea"),
        ("2024-06-01", "head", "Regent"),
        ("2024-06-01", "official", "Regent"),
    ],
)
def test_an_office_is_named_that_held_on_all_the_days_with_the_authority_that_is_recorded(
    client, aldoria, topic, date, authority, office
):
    ada = PersonFactory(name="Ada Low")
    AffiliationFactory(actor=ada, of=aldoria, title="Minister for Salt", start="2023-01-01", end="2024-02-01")
    AffiliationFactory(actor=ada, of=aldoria, title="Minister for Tea", start="2024-02-01")
    AffiliationFactory(actor=ada, of=aldoria, title="Regent", authority="head", start="2024-06-01")
    say(aldoria, topic, date, statement__speaker=ada, statement__authority=authority)
    [event] = client.get(page_of(aldoria)).context["profile"].histories[0].events
    assert event.office == office


def test_affiliations_end_only_once_that_day_has_come(client, aldoria, topic):
    ada = PersonFactory(name="Ada Low")
    AffiliationFactory(actor=ada, of=aldoria, title="Minister", start="2024-01-01", end="2024-05-01")
    say(aldoria, topic, "2024-02-13", statement__speaker=ada)
    assertContains(client.get(page_of(aldoria)), "1 Jan 2024 to 30 Apr 2024")
    assertNotContains(client.get(page_of(aldoria, on="2024-04-30")), "30 Apr 2024;")
    assertNotContains(client.get(page_of(aldoria, on="2023-12-31")), "Ada Low")


def test_links_give_the_data_of_the_actor(client, aldoria, topic):
    say(aldoria, topic, "2024-02-13")
    response = client.get(page_of(aldoria))
    for name in ("stances", "changes", "positions"):
        for format in ("csv", "json"):
            assertContains(response, f"/{name}.{format}?actor=aldoria")


def test_json_twin_tells_the_same(client, aldoria, topic):
    say(aldoria, topic, "2024-02-13", 1)
    say(aldoria, topic, "2024-04-09", -2)
    data = client.get(json_of(aldoria)).json()
    assert data["name"] == "Aldoria"
    assert [(p["topic"], p["shown"], p["position"]) for p in data["positions"]] == [("sharing", "own", -2)]
    assert [(i["since"], i["until"], i["kind"]) for i in data["histories"][0]["own"]] == [
        ("2024-02-13", "2024-04-09", "first"),
        ("2024-04-09", None, "reversal"),
    ]


def test_former_address_leads_to_the_present_one(client, aldoria, topic):
    say(aldoria, topic, "2024-02-13")
    aldoria.slug = "new-aldoria"
    aldoria.save()
    response = client.get("/actors/aldoria/?on=2024-03-01")
    assert (response.status_code, response.url) == (301, "/actors/new-aldoria/?on=2024-03-01")
    response = client.get("/actors/aldoria.json")
    assert (response.status_code, response.url) == (301, "/actors/new-aldoria.json")


def test_unknown_actor_is_not_found(client):
    assert client.get("/actors/nobody/").status_code == 404
    response = client.get("/actors/nobody.json")
    assert response.status_code == 404
    assert response.json()["errors"]


def test_wrong_parameters_get_messages(client, aldoria, topic):
    say(aldoria, topic, "2024-02-13")
    assertContains(client.get(page_of(aldoria, on="soon")), "“soon” is not a date")
    assertContains(client.get(page_of(aldoria, colour="red")), "There is no parameter “colour”")
    response = client.get(json_of(aldoria, on="soon"))
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "on"


def test_actor_known_from_drafts_alone_is_not_found(client, aldoria, topic):
    draft = StatementFactory(speaker=PersonFactory(slug="secret"))
    StanceFactory(statement=draft, actor=GovernmentFactory(slug="hidden"), topic=topic)
    for slug in ("secret", "hidden"):
        assert client.get(f"/actors/{slug}/").status_code == 404
        assert client.get(f"/actors/{slug}.json").status_code == 404


@pytest.mark.every_case
@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.RETRACTED])
def test_nothing_unpublished_shows(client, aldoria, topic, status):
    say(aldoria, topic, "2024-02-13")
    secret = PersonFactory(name="Secret speaker")
    AffiliationFactory(actor=secret, of=aldoria, title="Secret minister")
    statement = StatementFactory(
        status=status, summary="Secret summary", speaker=secret, source__title="Secret source", occasion="Secret talk"
    )
    StanceFactory(statement=statement, actor=aldoria, topic=TopicFactory(), condition="Secret terms", position=1)
    assertNotContains(client.get(page_of(aldoria)), "Secret")
    assert "Secret" not in client.get(json_of(aldoria)).content.decode()
    assert statement.key not in client.get(json_of(aldoria)).content.decode()


@pytest.mark.once
def test_queries_do_not_grow(client, aldoria):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(aldoria)).status_code == 200
        return len(captured)

    def grow(number: int) -> None:
        for _ in range(number):
            topic, ada = TopicFactory(), PersonFactory()
            AffiliationFactory(actor=ada, of=aldoria, end="2024-05-01", authority="head", title=f"Head {ada.slug}")
            AffiliationFactory(actor=aldoria, of=GroupFactory(), title="member", authority="")
            for position in (2, -2):
                date = f"2024-0{position + 4}-01"
                first = say(aldoria, topic, date, position, statement__speaker=ada)
                say(aldoria, topic, date, position, attribution="reported")
                say(aldoria, topic, date, position, statement__repeats=first.statement)
                say(GovernmentFactory(), topic, date, attribution="reported", statement__speaker=aldoria)
                say(aldoria, TopicFactory(parent=topic), date, statement__speaker=GroupFactory())

    grow(1)
    few = queries()
    grow(3)
    assert queries() == few


@pytest.mark.once
def test_queries_of_the_json_twin_do_not_grow(client, aldoria, topic):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(json_of(aldoria)).status_code == 200
        return len(captured)

    first = say(aldoria, TopicFactory(parent=topic), "2024-02-13")
    AffiliationFactory(of=aldoria, actor=first.statement.speaker)
    few = queries()
    for day in range(14, 20):
        stance = say(aldoria, TopicFactory(parent=topic), f"2024-02-{day}")
        AffiliationFactory(of=aldoria, actor=stance.statement.speaker)
    assert queries() == few


days = st.integers(0, 24).map(lambda n: dt.date(2024, 1, 1) + dt.timedelta(days=n))


@settings(max_examples=6)
@given(
    statements=st.lists(
        st.tuples(
            st.one_of(days.map(str), days.map(lambda day: f"../{day}")),
            st.sampled_from([-2, 0, 1, 2]),
            st.sampled_from(["own", "reported"]),
            st.integers(0, 1),
        ),
        min_size=1,
        max_size=6,
    ),
    day=days,
)
def test_pages_of_a_day_are_as_if_nothing_had_been_said_later(client, statements, day):
    with transaction.atomic():
        pact = GroupFactory(slug="pact", name="Pact")
        question = FeaturedTopicFactory(slug="growth", name="Growth", group=pact)
        topics = [question, TopicFactory(slug="tea", name="Tea", parent=question)]
        actor = GovernmentFactory(slug="aldoria", name="Aldoria")
        ada = PersonFactory(slug="ada", name="Ada Low")
        AffiliationFactory(actor=actor, of=pact, title="member", authority="")
        AffiliationFactory(actor=ada, of=actor, title="Head", authority="head", end="2024-01-12")
        for number, (date, position, voice, place) in enumerate(statements):
            say(
                actor,
                topics[place],
                date,
                position,
                attribution=voice,
                statement__key=f"s-{number}",
                statement__speaker=ada,
                statement__summary=f"Words {number}.",
                statement__source__title=f"Source {number}",
                statement__source__slug=f"source-of-{number}",
                statement__source__publisher__slug=f"paper-{number}",
            )

        def pages():
            addresses = [page_of(actor, on=day), json_of(actor, on=day), f"/topics/growth/?on={day}"]
            told = [client.get(address).content for address in [*addresses, f"/topics/growth.json?on={day}"]]
            counted = rb"version(&quot;: &quot;| |%20|%22%3A%20%22)\d+"  # all writes
            return [re.sub(counted, b"", page) for page in told]

        def overview():
            context = client.get(f"/?on={day}").context
            shown = [
                (row.actor.slug, cell.shown and cell.shown.record, [line.label for line in cell.lines])
                for group in context["matrix"].groups
                for row in group.rows
                for cell in row.cells
            ]
            return shown, [item.statement for item in context["news"]], context["coverage"], context["previous"]

        before = pages(), overview()
        Statement.objects.filter(latest__gt=day).update(status=Status.DRAFT, published_at=None)
        assert (pages(), overview()) == before
        transaction.set_rollback(True)


@pytest.mark.parametrize("asked", ["", "?on=2024-03-01"])
def test_what_the_page_of_a_day_offers_ends_with_the_day(client, aldoria, topic, asked):
    say(aldoria, topic, "2024-02-13", statement__speaker=aldoria)
    page = client.get(f"{page_of(aldoria)}{asked}").content.decode()
    assert f'href="/actors/aldoria.json{asked}"' in page
    for address in ("stances.csv?actor=aldoria", "changes.csv?actor=aldoria"):
        assert (f"/{address}&amp;before=2024-03-01" in page) is bool(asked), address
        assert f"/{address}" in page
    assert ("/positions.csv?actor=aldoria&amp;on=2024-03-01" in page) is bool(asked)


def test_who_belongs_to_it_without_speaking_for_it_stands_apart(client, aldoria, topic):
    minister, former = PersonFactory(name="Ada Low"), PersonFactory(name="Ben High")
    AffiliationFactory(actor=minister, of=aldoria, title="minister", authority="minister")
    AffiliationFactory(actor=former, of=aldoria, title="former minister", authority="former")
    for person in (minister, former):
        say(aldoria, topic, "2024-02-13", statement__speaker=person, attribution="reported")
    profile = client.get(page_of(aldoria)).context["profile"]
    assert [[tie.other for tie in ties] for ties in (profile.speakers, profile.quoted)] == [[minister], [former]]
    assertContains(client.get(page_of(former)), "Belongs to, without speaking for it")
    assertNotContains(client.get(page_of(former)), ">Speaks for<")
    assertContains(client.get(page_of(minister)), ">Speaks for<")


def test_a_saved_figure_names_who_reports_a_position_once(client, aldoria, topic):
    paper = PublicationFactory(name="Halvik Post")
    say(aldoria, topic, "2024-02-13", attribution="reported", statement__speaker=paper)
    drawn = client.get(f"{page_of(aldoria)}timeline.svg").content.decode()
    assert "reported once, by Halvik Post" in drawn
    assert "; reported by Halvik Post" not in drawn
