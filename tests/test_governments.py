"""The governments in memory: by which days a position of theirs is recorded, in whatever order days are asked for."""

import datetime as dt
import itertools

import pytest

from stances.governments import Governments
from stances.tree import TopicTree
from tests.factories import (
    ActorFactory,
    FeaturedTopicFactory,
    GovernmentFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=20 * number) for number in range(5)]


@pytest.fixture
def topic():
    return TopicFactory()


def say(actor, topic, day, **kwargs):
    StanceFactory(actor=actor, topic=topic, statement__date=str(day), **kwargs)


def test_days_tell_the_same_in_any_order(topic):
    early, late, silent = GovernmentFactory(), GovernmentFactory(), GovernmentFactory()
    say(early, topic, DAYS[1])
    say(early, topic, DAYS[3], position=-2)
    say(late, topic, DAYS[3], attribution="reported")
    say(silent, TopicFactory(), DAYS[0])
    expected = [set(), {early.pk}, {early.pk}, {early.pk, late.pk}, {early.pk, late.pk}]
    for order in itertools.permutations(range(5)):
        governments = Governments.load()
        for number in order:
            assert governments.recorded(topic.pk, [topic.pk], DAYS[number]) == expected[number]


def test_a_day_between_others_is_not_asked_for_again(topic, django_assert_num_queries):
    say(GovernmentFactory(), topic, DAYS[1])
    GovernmentFactory()
    governments = Governments.load()
    for number in (2, 4):
        governments.recorded(topic.pk, [topic.pk], DAYS[number])
    with django_assert_num_queries(0):
        assert len(governments.recorded(topic.pk, [topic.pk], DAYS[3])) == 1


def test_no_draft_and_no_other_kind_of_actor_counts(topic):
    StanceFactory(statement=StatementFactory(date="2024-01-01"), actor=GovernmentFactory(), topic=topic)
    say(ActorFactory(kind="body"), topic, DAYS[0])
    assert Governments.load().recorded(topic.pk, [topic.pk], DAYS[4]) == set()


def test_they_stand_by_name_as_readers_see_it():
    long = GovernmentFactory(name="Zedland", short_name="alpha")
    other = GovernmentFactory(name="Beta")
    assert list(TopicTree.load().governments.by_id) == [long.pk, other.pk]


def test_a_new_name_is_seen_at_once(client):
    question, drevia = FeaturedTopicFactory(), GovernmentFactory(name="Drevia")
    say(drevia, question, DAYS[0])
    assert "Drevia" in client.get("/").content.decode()
    drevia.name = "New Drevia"
    drevia.save()
    assert "New Drevia" in client.get("/").content.decode()
    say(GovernmentFactory(name="Estmere"), question, DAYS[0])
    assert "Estmere" in client.get("/").content.decode()
