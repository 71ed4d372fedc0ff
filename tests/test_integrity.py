"""Rules over several rows, held against everything there is at the end of a load."""

import pytest
from django.db import models

from stances import integrity
from stances.models import Affiliation, FormerSlug, Source, Stance, Statement, Topic
from tests.factories import (
    ActorFactory,
    AffiliationFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db


def write(row, **values):
    """Write past the models' own guards, as a load in bulk does."""
    models.QuerySet(type(row)).filter(pk=row.pk).update(**values)


def test_rows_that_keep_the_rules_have_no_problems():
    stance = StanceFactory(topic__parent=TopicFactory(), statement__source__found_in=SourceFactory())
    StanceFactory(statement__repeats=stance.statement, actor=stance.actor, topic=stance.topic)
    AffiliationFactory(of=AffiliationFactory().actor)
    StatementFactory()
    stance.topic.slug = "new"
    stance.topic.save()
    assert integrity.problems() == []


@pytest.mark.parametrize("status", ["submitted", "published", "retracted"])
def test_only_a_draft_has_no_stance(status):
    StatementFactory(key="bare", status=status)
    assert integrity.problems() == ["Statement bare has no stance; only a draft may have none."]


def test_nothing_is_said_after_its_source_was_published():
    statement = StanceFactory(statement__key="late").statement
    write(statement.source, published_on="2024-02-12")
    assert integrity.problems() == [
        "Statement late was said on 2024-02-13 at the latest, but its source was published on 2024-02-12."
    ]


def test_a_deed_is_explicit():
    stance = StanceFactory(statement__key="deed", statement__form="act")
    StanceFactory(statement=stance.statement, basis="implied")
    assert integrity.problems() == ["Statement deed is a deed, which is explicit, but has an implied stance."]


def test_a_repeat_points_to_no_repeat():
    first, second, third = (StanceFactory(statement__key=key).statement for key in ("first", "second", "third"))
    write(second, repeats=first)
    write(third, repeats=second)
    assert integrity.problems() == ["Statement third repeats second, which is a repeat itself."]


@pytest.mark.parametrize("status", ["draft", "submitted", "retracted"])
def test_a_published_repeat_points_to_what_is_published(status):
    first = StanceFactory(statement__key="first", statement__status=status).statement
    repeat = StanceFactory(statement__key="repeat", statement__repeats=first).statement
    assert integrity.problems() == ["Statement repeat is published and repeats first, which is not."]
    write(repeat, status="submitted")
    assert integrity.problems() == []


def test_topics_form_no_loop():
    topics = [TopicFactory(slug=slug) for slug in "abc"]
    for lower, upper in zip(topics, [*topics[1:], topics[0]], strict=True):
        write(lower, parent=upper)
    assert integrity.problems() == ["Topics form a loop: a → b → c → a."]


def test_affiliations_form_no_loop():
    actors = [GovernmentFactory(slug=slug) for slug in "abcd"]
    pairs = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "b")]
    slugs = {actor.slug: actor for actor in actors}
    models.QuerySet(Affiliation).bulk_create(
        Affiliation(actor=slugs[lower], of=slugs[upper], title="member") for lower, upper in pairs
    )
    assert integrity.problems() == ["Affiliations form a loop: b → d → b."]


def test_two_ways_to_one_actor_are_no_loop():
    actors = {slug: ActorFactory(slug=slug) for slug in "abcd"}
    for lower, upper in ("ab", "ac", "bd", "cd"):
        AffiliationFactory(actor=actors[lower], of=actors[upper])
    assert integrity.problems() == []


def test_sources_form_no_loop():
    outer, inner = SourceFactory(slug="outer"), SourceFactory(slug="inner")
    write(outer, found_in=inner)
    write(inner, found_in=outer)
    assert integrity.problems() == ["Sources form a loop: inner → outer → inner."]


@pytest.mark.parametrize(
    ("make", "plural"),
    [(ActorFactory, "actors"), (TopicFactory, "topics"), (SourceFactory, "sources")],
    ids=["actor", "topic", "source"],
)
def test_a_former_address_is_never_used_again(make, plural):
    row, other = make(slug="used"), make()
    FormerSlug.objects.create(kind=row._meta.model_name, slug="used", **{row._meta.model_name: other})
    assert integrity.problems() == [f"“used” is a former address of {plural}, which is never used again."]


def test_every_problem_is_told():
    for key in ("one", "two"):
        StatementFactory(key=key, published=True)
    topic = TopicFactory(slug="self")
    other = TopicFactory(slug="other", parent=topic)
    write(topic, parent=other)
    assert len(integrity.problems()) == 3


def test_the_cost_does_not_grow_with_rows(django_assert_num_queries):
    def ask():
        with django_assert_num_queries(13) as captured:
            assert integrity.problems() == []
        return captured

    ask()
    StanceFactory.create_batch(5, topic__parent=TopicFactory())
    AffiliationFactory.create_batch(5)
    ask()
    assert Source.objects.count() == Statement.objects.count() == Stance.objects.count() == 5
    assert Topic.objects.count() == 6
