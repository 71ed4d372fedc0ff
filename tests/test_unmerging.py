"""Undoing a merge: all goes back, and what was changed in between survives."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from stances import positions
from stances.changes import successors
from stances.merge_preview import look_ahead
from stances.models import Actor, Affiliation, FormerSlug, Position, Source, Stance, Statement, Topic, resolve
from stances.unmerging import plan, undo
from tests.factories import (
    ActorFactory,
    AdministratorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

FACTORIES = {Actor: ActorFactory, Topic: TopicFactory, Source: SourceFactory}
each_kind = pytest.mark.parametrize("make", FACTORIES.values(), ids=[m._meta.model_name for m in FACTORIES])


def state():
    """Tell all rows; positions without their ids, which are computed anew."""
    rows = {
        model: list(model.objects.order_by("pk").values())
        for model in (Actor, Affiliation, Topic, Source, Statement, Stance, FormerSlug)
    }
    positions = [{k: v for k, v in row.items() if k != "id"} for row in Position.objects.values()]
    return rows, sorted(positions, key=lambda p: (p["actor_id"], p["topic_id"], p["voice"], p["since"]))


def again(row):
    return type(row)._base_manager.get(pk=row.pk)


# ---- any world ----

KEYS = st.integers(0, 3)
MAYBE = st.one_of(st.none(), KEYS)
WORLDS = st.fixed_dictionaries(
    {
        "stances": st.lists(st.tuples(KEYS, KEYS, KEYS, st.sampled_from([2, 0, -2]), st.booleans()), max_size=8),
        "speakers": st.lists(KEYS, min_size=4, max_size=4),
        "sources": st.lists(KEYS, min_size=4, max_size=4),
        "days": st.lists(st.integers(1, 4), min_size=4, max_size=4),
        "affiliations": st.lists(st.tuples(KEYS, KEYS), max_size=3),
        "publishers": st.lists(MAYBE, min_size=4, max_size=4),
        "parents": st.lists(MAYBE, min_size=4, max_size=4),
        "found_in": st.lists(MAYBE, min_size=4, max_size=4),
        "candidates": st.lists(st.tuples(MAYBE, MAYBE), min_size=4, max_size=4),
        "renamed": st.lists(KEYS, max_size=2),
        "aliases": st.lists(st.sampled_from(["", "One", "One\nTwo ", "Government 1"]), min_size=4, max_size=4),
    }
)


def place(world):
    """Make a world of four rows of each kind; what breaks a rule is left out."""
    actors = [
        GovernmentFactory(slug=f"actor-{n}", name=f"Government {n}", aliases=world["aliases"][n]) for n in range(4)
    ]
    topics: list[Topic] = []
    sources: list[Source] = []
    for n in range(4):
        parent, (group, candidate) = world["parents"][n], world["candidates"][n]
        topics.append(
            TopicFactory(
                slug=f"topic-{n}",
                parent=topics[parent] if parent is not None and parent < n else None,
                group=actors[group] if group is not None else None,
                candidate=actors[candidate] if candidate is not None else None,
            )
        )
        publisher, within = world["publishers"][n], world["found_in"][n]
        sources.append(
            SourceFactory(
                slug=f"source-{n}",
                published_on=dt.date(2024, 1, 3 + n),
                publisher=actors[publisher] if publisher is not None else None,
                found_in=sources[within] if within is not None and within < n else None,
            )
        )
    statements = [
        StatementFactory(
            speaker=actors[world["speakers"][n]],
            source=sources[world["sources"][n]],
            latest=dt.date(2024, 1, min(world["days"][n], 3 + world["sources"][n])),
            published=n % 2 == 0,
        )
        for n in range(4)
    ]
    for statement, actor, topic, position, own in {stance[:3]: stance for stance in world["stances"]}.values():
        StanceFactory(
            statement=statements[statement],
            actor=actors[actor],
            topic=topics[topic],
            position=position,
            attribution="own" if own else "reported",
            condition=f"as {actor} would",
        )
    for actor, of in dict.fromkeys(world["affiliations"]):
        if actor != of:
            try:
                AffiliationFactory(actor=actors[actor], of=actors[of])
            except ValidationError:
                continue
    for n in world["renamed"]:
        for row in (actors[n], topics[n], sources[n]):
            row.slug = f"{row.slug}-again"
            row.save()
    return {Actor: actors, Topic: topics, Source: sources}


@settings(max_examples=settings.default.max_examples // 4)
@given(world=WORLDS, model=st.sampled_from(list(FACTORIES)), pair=st.permutations(range(4)))
def test_a_merge_and_its_undoing_leave_everything_as_it_was(world, model, pair):
    with transaction.atomic():
        rows = place(world)[model]
        first, second, third = (rows[n] for n in pair[:3])
        before = state()
        foreseen = look_ahead(first, second).obstacles
        change = merged(first, second)
        assert (change is None) == bool(foreseen), foreseen
        if change is None:
            assert state() == before
        else:
            between = state()
            if later := merged(second, third):
                undo(later)
            assert state() == between
            undo(change)
            assert state() == before
            assert positions.differences() == []
        transaction.set_rollback(True)


def merged(source, target):
    """Merge two rows, or give nothing where a rule forbids it."""
    try:
        return source.merge_into(target)
    except ValidationError:
        return None


# ---- what was changed in between ----


def test_a_row_that_was_edited_since_keeps_its_edit_and_its_place():
    kept, edited = StanceFactory(), None
    source, target = kept.actor, GovernmentFactory()
    edited = StanceFactory(actor=source)
    change = source.merge_into(target)
    edited = again(edited)
    edited.rationale = "Mended."
    edited.save()
    assert [(row, why) for row, why in plan(change).left] == [(edited, "changed since")]
    undo(change)
    assert again(kept).actor.slug == source.slug
    assert (again(edited).actor, again(edited).rationale) == (target, "Mended.")
    assert positions.differences() == []


def test_a_row_that_was_deleted_since_is_told():
    tie, target = AffiliationFactory(), PersonFactory()
    change = tie.actor.merge_into(target)
    again(tie).delete()
    assert [why for _, why in plan(change).left] == ["deleted since"]
    undo(change)
    assert not Affiliation.objects.exists()


def test_what_was_moved_on_by_hand_stays_there():
    stance, target, third = StanceFactory(), GovernmentFactory(), GovernmentFactory()
    source = stance.actor
    change = source.merge_into(target)
    stance = again(stance)
    stance.actor = third
    stance.save()
    undo(change)
    assert again(stance).actor == third


def test_rows_that_came_since_stay_with_the_target():
    source, target = GovernmentFactory(), GovernmentFactory()
    change = source.merge_into(target)
    since = StanceFactory(actor=target)
    undo(change)
    assert again(since).actor == target


def test_the_targets_own_edits_survive():
    source = ActorFactory(name="Nippon", aliases="Nihon")
    target = ActorFactory(name="Japan", aliases="Land of the Rising Sun")
    change = source.merge_into(target)
    target = again(target)
    target.name, target.aliases = "Japan, State of", f"{target.aliases}\nYamato"
    target.save()
    undo(change)
    assert (again(target).name, again(target).alias_list) == ("Japan, State of", ["Land of the Rising Sun", "Yamato"])
    assert Actor.objects.get(slug=source.slug).aliases == "Nihon"


def test_a_folded_stance_comes_back_with_its_words():
    one = StanceFactory(condition="in a year")
    two = StanceFactory(statement=one.statement, topic=one.topic, condition="one day")
    source = two.actor
    change = source.merge_into(one.actor)
    assert Stance.objects.get() == one
    undo(change)
    back = again(two)
    assert (back.actor.slug, back.condition, back.public) == (source.slug, "one day", True)
    assert [entry.history_type for entry in two.history.all()] == ["+", "-", "+"]


def test_a_folded_stance_without_its_statement_is_told():
    one = StanceFactory(statement__published=False)
    two = StanceFactory(statement=one.statement, topic=one.topic)
    change = two.actor.merge_into(one.actor)
    Statement.objects.get(pk=one.statement_id).delete()
    assert [why for _, why in plan(change).left] == ["its statement was deleted since"]
    undo(change)
    assert not Stance.objects.exists()


def test_what_the_merged_row_named_is_followed_through_later_merges():
    publisher, heir, last = ActorFactory(), ActorFactory(), ActorFactory()
    source, target = SourceFactory(publisher=publisher), SourceFactory()
    change = source.merge_into(target)
    pk = publisher.pk
    publisher.merge_into(heir)
    heir.merge_into(last)
    undo(change)
    assert Source.objects.get(slug=source.slug).publisher == last
    assert successors(Actor, [pk, last.pk, None, 999999]) == {pk: last.pk, last.pk: last.pk}


def test_what_the_merged_row_named_and_is_gone_is_left_empty_and_told():
    source, target = TopicFactory(group=GovernmentFactory()), TopicFactory()
    group, change = source.group, source.merge_into(target)
    group.delete()
    assert "is gone, and is left empty" in plan(change).left[0][1]
    undo(change)
    assert Topic.objects.get(slug=source.slug).group is None


# ---- what stands in the way ----


def test_a_target_that_was_merged_itself_comes_first():
    one, two, three = ActorFactory(), ActorFactory(slug="two"), ActorFactory()
    change = one.merge_into(two)
    later = two.merge_into(three)
    with pytest.raises(ValidationError, match="“two” was itself merged or deleted since"):
        undo(change)
    undo(later)
    undo(change)
    assert Actor.objects.count() == 3


def test_an_address_that_the_target_took_stands_in_the_way():
    one, two = ActorFactory(slug="one"), ActorFactory(slug="two")
    change = one.merge_into(two)
    two = again(two)
    two.slug = "one"
    two.save()
    with pytest.raises(ValidationError, match="address of another now"):
        undo(change)


def test_a_rule_that_the_row_would_break_now_is_told_and_nothing_is_done():
    one, two = GovernmentFactory(iso="JPN"), GovernmentFactory()
    StanceFactory(actor=one)
    change = one.merge_into(two)
    two = again(two)
    two.iso = "JPN"
    two.save()
    before = state()
    with pytest.raises(ValidationError, match="Another government has this ISO code"):
        undo(change)
    assert state() == before


def test_a_loop_that_the_row_would_close_now_is_told_and_nothing_is_done():
    top = TopicFactory()
    source, target = TopicFactory(parent=top), TopicFactory()
    child = TopicFactory(parent=source)
    change = source.merge_into(target)
    top = again(top)
    top.parent = again(child)
    top.save()
    before = state()
    with pytest.raises(ValidationError, match=f"“{child.name}” would stand under itself"):
        undo(change)
    assert state() == before


def test_a_folded_stance_that_would_be_there_twice_now_is_told_and_nothing_is_done():
    source, target = GovernmentFactory(), GovernmentFactory()
    kept = StanceFactory(actor=target)
    StanceFactory(actor=source, statement=kept.statement, topic=kept.topic)
    StanceFactory(actor=source, statement=kept.statement)
    change = source.merge_into(target)
    kept.topic.merge_into(Topic.objects.exclude(pk=kept.topic_id).get())
    before = state()
    with pytest.raises(ValidationError, match="has a stance of this actor on this topic already"):
        undo(change)
    assert state() == before


@pytest.mark.parametrize("by", [EditorFactory, AdministratorFactory])
def test_who_may_undo(by):
    change = ActorFactory().merge_into(ActorFactory())
    undo(change, by=by())
    assert Actor.objects.count() == 2


def test_a_coder_does_not_undo():
    change = ActorFactory().merge_into(ActorFactory())
    with pytest.raises(PermissionDenied):
        undo(change, by=CoderFactory())


@each_kind
def test_the_addresses_go_back_with_the_row(make):
    source, target = make(slug="first"), make(slug="target")
    source.slug = "second"
    source.save()
    pk, change = source.pk, source.merge_into(target)
    undo(change)
    assert {slug: row.pk for slug, row in resolve(type(target), ["first", "second", "target"]).items()} == {
        "first": pk,
        "second": pk,
        "target": target.pk,
    }


@each_kind
def test_a_merge_that_was_undone_is_made_again(make):
    source, target = make(slug="one"), make()
    first = source.merge_into(target)
    undo(first)
    second = type(target).objects.get(slug="one").merge_into(again(target))
    assert first.reason != second.reason
    undo(second)
    assert type(target).objects.filter(slug="one").exists()


@pytest.mark.once
def test_a_plan_asks_no_more_for_more_rows():
    asked = []
    for count in (1, 5):
        source, target = GovernmentFactory(), GovernmentFactory()
        StanceFactory.create_batch(count, actor=source)
        twins = StanceFactory.create_batch(count, actor=target)
        for twin in twins:
            StanceFactory(statement=twin.statement, topic=twin.topic, actor=source)
        AffiliationFactory.create_batch(count, of=source)
        change = source.merge_into(target)
        with CaptureQueriesContext(connection) as caught:
            plan(change)
        asked.append(len(caught))
    assert asked[0] == asked[1]


def stances_of(count):
    source, target = GovernmentFactory(), GovernmentFactory()
    StanceFactory.create_batch(count, actor=source)
    return source, target


def stances_that_meet(count):
    source, target = GovernmentFactory(), GovernmentFactory()
    for twin in StanceFactory.create_batch(count, actor=target):
        StanceFactory(statement=twin.statement, topic=twin.topic, actor=source)
    return source, target


def stances_on(count):
    source, target = TopicFactory(), TopicFactory()
    StanceFactory.create_batch(count, topic=source)
    return source, target


def words_of(count):
    source, target = PersonFactory(), PersonFactory()
    StanceFactory.create_batch(count, statement__speaker=source, actor=GovernmentFactory(), topic=TopicFactory())
    return source, target


def words_in(count):
    text = "“We welcome Japan,” he said."
    source, target = SourceFactory(text=text), SourceFactory(text=text)
    for statement in StatementFactory.create_batch(count, source=source, quote="We welcome Japan"):
        StanceFactory(statement=statement)
    return source, target


def members_of(count):
    source, target = GovernmentFactory(), GovernmentFactory()
    AffiliationFactory.create_batch(count, of=source)
    return source, target


def offices_of(count):
    source, target = PersonFactory(), PersonFactory()
    AffiliationFactory.create_batch(count, actor=source)
    return source, target


def children_of(count):
    source, target = TopicFactory(), TopicFactory()
    TopicFactory.create_batch(count, parent=source)
    return source, target


def published_by(count):
    source, target = ActorFactory(), ActorFactory()
    SourceFactory.create_batch(count, publisher=source)
    return source, target


def asked(do):
    """Count queries; the parts in which SQLite makes many rows count as one."""
    with CaptureQueriesContext(connection) as caught:
        done = do()
    openings = [query["sql"][:60] for query in caught.captured_queries]
    parts = sum(one == next_one and one.startswith("INSERT") for one, next_one in pairwise(openings))
    return done, len(openings) - parts


@pytest.mark.once
@pytest.mark.parametrize(
    "place",
    [
        stances_of,
        stances_that_meet,
        stances_on,
        words_of,
        words_in,
        members_of,
        offices_of,
        children_of,
        published_by,
    ],
)
def test_merging_and_undoing_ask_no_more_for_more_rows(place):
    counts = []
    for count in (5, 20):
        source, target = place(count)
        _, foreseeing = asked(lambda: look_ahead(source, target))  # noqa: B023
        change, merging = asked(lambda: source.merge_into(target))  # noqa: B023
        _, undoing = asked(lambda: undo(change))  # noqa: B023
        counts.append((foreseeing, merging, undoing))
    assert counts[0] == counts[1]
