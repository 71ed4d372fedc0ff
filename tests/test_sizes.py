"""Pages of very much: they stay small, ask the database no more often, and say where the rest is."""

import datetime as dt

import pytest
from django.db import connection, models
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from stances import positions
from stances.histories import read
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.overviews import add_overviews
from stances.writes import public_write
from tests.factories import (
    AffiliationFactory,
    FeaturedTopicFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    SourceFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MOST_BYTES = 100_000
FIRST_DAY = dt.date(1990, 1, 1)


def say(number, *, of, on, speaker, source, since=0):
    """Have a speaker make so many statements, a day each, of these actors and topics in turn."""
    days = [FIRST_DAY + dt.timedelta(days=4 * n) for n in range(since, since + number)]
    statements = [
        Statement(
            key=f"{speaker.slug}-{source.slug}-{n}",
            source=source,
            speaker=speaker,
            earliest=day,
            latest=day,
            occasion="News conference in the capital",
            form="direct",
            authority="minister",
            quote="We have said what we have said, and say it again for all who would hear it",
            summary="The speaker says again what the speaker has to say on the matter.",
            status="published",
            published_at="2024-01-01T00:00Z",
        )
        for n, day in enumerate(days, since)
    ]
    with public_write():
        models.QuerySet.bulk_create(Statement._base_manager.all(), statements)
        stances = [
            Stance(
                statement=statement,
                actor=of[n % len(of)],
                topic=on[n // len(of) % len(on)],
                position=(2, 1, -2, 0, -1)[n // 7 % 5],
                terms="leaning" if n // 7 % 5 in (1, 4) else "",
                condition="on a case by case basis" if n // 7 % 5 in (1, 4) else "",
                attribution="own" if n % 9 else "reported",
            )
            for n, statement in enumerate(statements)
        ]
        Stance.prepare(stances)
        models.QuerySet.bulk_create(Stance._base_manager.all(), stances)
        positions.refresh({(stance.actor_id, stance.topic_id) for stance in stances})


def seen(client, address):
    """Get a page, with how often it asks the database."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(address)
    assert response.status_code == 200
    return response.content.decode(), len(queries)


@pytest.fixture
def spoken():
    """A minister, whose government is of a pact, and an article."""
    minister = PersonFactory(slug="minister", name="Jane Minister")
    drevia = GovernmentFactory(slug="drevia", name="Drevia")
    AffiliationFactory(actor=minister, of=drevia)
    question = FeaturedTopicFactory(slug="growth", name="Growth in general", group=GroupFactory(slug="pact"))
    article = SourceFactory(slug="article", published_on=dt.date(2024, 2, 13))
    return drevia, question, minister, article


SERIES = [
    "/",
    "/actors/drevia/",
    "/actors/minister/",
    "/topics/growth/",
    "/topics/growth/counts/",
    "/actors/drevia/on/growth/",
    "/sources/article/",
    "/statements/minister-article-7/",
    "/statements/minister-article-350/",
    "/compare/?actor=drevia&actor=other&topic=growth",
    "/feeds/changes.atom",
    "/search/?q=says+again",
    "/about/",
]


def test_pages_of_a_long_series_stay_small_and_ask_no_more_often(client, spoken):
    drevia, question, minister, article = spoken
    other = GovernmentFactory(slug="other", name="Other")
    say(360, of=[drevia], on=[question], speaker=minister, source=article)
    say(200, of=[other], on=[question], speaker=PersonFactory(), source=SourceFactory(published_on="2024-02-13"))
    few = {address: seen(client, address) for address in SERIES}
    say(2640, of=[drevia], on=[question], speaker=minister, source=article, since=360)
    for address in SERIES:
        page, queries = seen(client, address)
        assert len(page.encode()) < MOST_BYTES, address
        assert queries <= few[address][1] + 3, address
    page, _ = seen(client, "/actors/drevia/on/growth/")
    assert "3,000 statements, of which this page shows the newest" in page
    assert "/stances/?actor=drevia&amp;topic=growth" in page


def test_what_is_read_of_a_long_series_is_as_if_all_of_it_were_read(spoken):
    drevia, question, minister, article = spoken
    say(300, of=[drevia], on=[question], speaker=minister, source=article)
    day = dt.date(2024, 1, 1)
    series = Q(actor=drevia, topic=question)
    whole = read(series, day, 1000).history(drevia, question)
    part = read(series, day, 50, counted=True).history(drevia, question)
    assert (whole.omitted, part.number) == (0, len(whole.events))
    assert len(part.events) < 60
    newest = part.events[-50:]
    assert [(e.stance.pk, e.role, e.kind, e.rule, e.before) for e in newest] == [
        (e.stance.pk, e.role, e.kind, e.rule, e.before) for e in whole.events[-50:]
    ]
    held = [(it.since, it.until, it.value, it.previous) for it in part.own]
    assert held == [(it.since, it.until, it.value, it.previous) for it in whole.own[-len(held) :]]


def test_series_are_read_by_one_condition_and_each_actor_once_however_many_there_are(spoken):
    _, question, minister, article = spoken
    governments = GovernmentFactory.create_batch(5)
    say(300, of=governments, on=[question], speaker=minister, source=article)
    day = dt.date(2024, 1, 1)
    asked, conditions = [], []
    for some in (governments[:1], governments):
        with CaptureQueriesContext(connection) as queries:
            reading = read(Q(actor__in=some, topic=question), day, 10)
            histories = [reading.history(actor, question) for actor in some]
            add_overviews(histories, day)
        asked.append(len(queries))
        conditions.append(sum(query["sql"].count(" OR ") + query["sql"].count(" UNION ") for query in queries))
    assert asked[0] == asked[1]
    assert conditions[0] == conditions[1]
    assert len({id(stance.actor) for stance in reading.stances}) == len(governments)
    assert {id(stance.speaker) for stance in reading.stances} == {
        id(stance.statement.speaker) for stance in reading.stances
    }


def test_no_row_of_a_figure_or_its_table_takes_a_template(client, spoken):
    _, question, minister, article = spoken
    governments = GovernmentFactory.create_batch(8)
    drawn = []
    for since, some in ((0, governments[:2]), (100, governments)):
        say(20, of=some, on=[question], speaker=minister, source=article, since=since)
        drawn.append(len(client.get(question.get_absolute_url()).templates))
    assert drawn[0] == drawn[1]


def test_of_very_much_it_is_drawn_on_the_page_of_counts_alone_when_it_was_said(client, spoken, monkeypatch):
    drevia, question, minister, article = spoken
    say(120, of=[drevia], on=[question], speaker=minister, source=article)
    link = f'<a href="{question.get_absolute_url()}counts/">Who spoke when'
    page, asked = seen(client, question.get_absolute_url())
    assert 'class="counts"' in page
    assert link not in page
    monkeypatch.setattr("stances.panels.STANCES_CHARTED", 100)
    page, asked_less = seen(client, f"{question.get_absolute_url()}?")
    assert 'class="counts"' not in page
    assert link in page
    assert asked_less < asked


def test_an_old_statement_of_a_long_series_is_told_with_what_followed_it(client, spoken):
    drevia, question, minister, article = spoken
    say(600, of=[drevia], on=[question], speaker=minister, source=article)
    old = Statement.objects.get(key="minister-article-100")
    page, _ = seen(client, old.get_absolute_url())
    assert "600 statements on record tell of Drevia on this topic" in page
    assert "(this statement)" in page
    assert "Yes: the newest own statement" not in page


WIDE = ["/", "/?topic=topic-a", "/?on=2000-01-01&since=1995-01-01", "/topics/growth/", "/actors/land-0/", "/about/"]


def test_pages_of_many_governments_and_topics_stay_small_and_ask_no_more_often(client, spoken):
    _, question, minister, article = spoken
    lands = Actor._base_manager.bulk_create(
        Actor(slug=f"land-{n}", name=f"Land {n}", kind="government") for n in range(200)
    )
    part = TopicFactory(slug="topic-a", name="Part A", parent=question)
    topics = Topic._base_manager.bulk_create(
        Topic(slug=f"part-{n}", name=f"Part {n}", short_name=f"Part {n}", proposition=f"{n} should be.", parent=parent)
        for n, parent in enumerate([question] * 120 + [part] * 120)
    )
    say(400, of=lands[:20], on=topics[:20], speaker=minister, source=article)
    say(1200, of=lands, on=[question, part, *topics[:4]], speaker=minister, source=article, since=400)
    few = {address: seen(client, address)[1] for address in WIDE}
    say(1200, of=lands, on=[part, *topics[120:125]], speaker=minister, source=article, since=1600)
    say(240, of=lands[:1], on=topics, speaker=minister, source=article, since=2800)
    for address in WIDE:
        page, queries = seen(client, address)
        assert len(page.encode()) < MOST_BYTES, address
        assert queries <= few[address] + 3, address
    page, _ = seen(client, "/")
    assert "The first 12 of 200 governments" in page
    assert "/positions/?on=" in page
    assert "all topics" in page
    page, _ = seen(client, "/actors/land-0/")
    assert "all positions on this day" in page


def test_nothing_is_cut_where_little_is_recorded(client, spoken):
    drevia, question, minister, article = spoken
    say(20, of=[drevia], on=[question], speaker=minister, source=article)
    assert Position.objects.count() > 1
    page, _ = seen(client, "/actors/drevia/on/growth/")
    assert "of which this page shows" not in page
    assert "The first" not in seen(client, "/")[0]
    assert Source.objects.count() == 1
