"""Queries of which the SQL is written once: they find what Django's own find, whatever they are asked with."""

import datetime as dt

import pytest
from django.db.models import Count, Exists, OuterRef

from stances.models import Position, Stance
from stances.written import Together, Written
from tests.factories import GovernmentFactory, StanceFactory, TopicFactory

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]
DAY = dt.date(2024, 3, 1)


@pytest.fixture
def said():
    """Two governments on three topics, by and by."""
    actors, topics = GovernmentFactory.create_batch(2), TopicFactory.create_batch(3)
    for number in range(12):
        date = f"2024-{number // 3 + 1:02d}-13" if number % 4 else f"2024-{number // 3 + 1:02d}"
        StanceFactory(actor=actors[number % 2], topic=topics[number % 3], statement__date=date, position=number % 3 - 1)
    return actors, topics


def of_actors(actors, day):
    later = Stance.objects.filter(actor=OuterRef("actor"), topic=OuterRef("topic"), stated_on__gt=day)
    rows = Stance.objects.filter(~Exists(later), actor__in=actors, stated_on__lte=day).order_by("pk")
    return rows.values_list("pk", "stated_on", "earliest_on", "public", "statement__key", "terms")


def of_topics(day, topics):
    rows = Position.objects.on(day).filter(topic__in=topics).order_by("topic", "value")
    return rows.values_list("topic", "value").annotate(n=Count("*"))


@pytest.mark.parametrize("day", [DAY, dt.date(2024, 1, 31), dt.date(2030, 1, 1), dt.date.min])
def test_finds_what_the_queryset_finds(said, day):
    actors, topics = ([row.pk for row in rows] for rows in said)
    few, many = Written(of_actors), Written(of_topics)
    for number in (1, 2):
        found = few.rows(actors=actors[:number], day=day)
        assert found == list(of_actors(actors[:number], day))
        assert found or day != dt.date(2030, 1, 1)
    for number in (1, 2, 3):
        assert many.rows(day=day, topics=set(topics[:number])) == list(of_topics(day, topics[:number]))


def test_a_number_is_a_value_too(said):
    [actor, _], _ = said
    rows = Written(lambda actor: Stance.objects.filter(actor=actor).order_by("pk").values_list("pk"))
    assert rows.rows(actor=actor.pk) == list(Stance.objects.filter(actor=actor).order_by("pk").values_list("pk"))


def test_nothing_is_found_in_an_empty_list(said, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Written(of_actors).rows(actors=[], day=DAY) == []


def test_rows_are_counted_without_being_read(said):
    rows = Written(lambda day: Stance.objects.filter(stated_on__lte=day).values_list("topic")[:5], over="COUNT(*)")
    assert rows.rows(day=DAY) == [(5,)]
    assert rows.rows(day=dt.date(2000, 1, 1)) == [(0,)]


def test_the_query_is_made_once(said):
    actors, _ = said
    made = []

    def make(actors, day):
        made.append(day)
        return of_actors(actors, day)

    rows = Written(make)
    for number in (1, 2, 1):
        rows.rows(actors=[actor.pk for actor in actors[:number]], day=DAY - dt.timedelta(days=number))
    assert len(made) == 1
    assert DAY not in made


def test_a_value_that_no_condition_holds_is_refused(said):
    rows = Written(lambda day: Stance.objects.filter(stated_on__lte=day + dt.timedelta(days=1)).values_list("pk"))
    with pytest.raises(TypeError, match="day"):
        rows.rows(day=DAY)


def test_queries_of_one_value_are_asked_as_one(said, django_assert_num_queries):
    def said_by(day, topics):
        return Stance.objects.filter(stated_on__lte=day, topic__in=topics)

    asked = Together(
        last=Written(lambda day, topics: said_by(day, topics).order_by("-stated_on").values_list("stated_on")[:1]),
        number=Written(lambda day, topics: said_by(day, topics).values_list("pk"), over="COUNT(*)"),
        public=Written(lambda day, topics: said_by(day, topics).order_by("pk").values_list("public")[:1]),
    )
    topics = [topic.pk for topic in said[1]]
    for some, number, last in ((topics, 9, dt.date(2024, 3, 31)), (topics[:1], 3, dt.date(2024, 3, 13))):
        with django_assert_num_queries(1):
            found = asked.ask(day=dt.date(2024, 3, 31), topics=some)
        assert found == {"last": last, "number": number, "public": True}
    assert asked.ask(day=dt.date(2000, 1, 1), topics=topics) == {"last": None, "number": 0, "public": None}
