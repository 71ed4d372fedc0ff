"""Merging two rows of a kind: what moves, what is refused, what stays behind."""

import datetime as dt
import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from stances import integrity, positions
from stances.merge_preview import look_ahead
from stances.merging import pointers
from stances.models import (
    Actor,
    Affiliation,
    FormerSlug,
    Position,
    Source,
    Stance,
    Statement,
    Topic,
    resolve,
)
from tests.factories import (
    ActorFactory,
    AdministratorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

FACTORIES = {Actor: ActorFactory, Topic: TopicFactory, Source: SourceFactory}
each_kind = pytest.mark.parametrize("make", FACTORIES.values(), ids=[m._meta.model_name for m in FACTORIES])


def state_of_everything():
    """Tell all rows, to show that nothing was written."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Actor, Affiliation, Topic, Source, Statement, Stance, Position, FormerSlug)
    ]


# ---- who, and what with what ----


@each_kind
@pytest.mark.parametrize("by", [EditorFactory, AdministratorFactory])
def test_editors_and_administrators_merge(make, by):
    source, target = make(), make()
    source.merge_into(target, by=by())
    assert not type(source).objects.filter(slug=source.slug).exists()


@each_kind
@pytest.mark.parametrize("by", [CoderFactory, UserFactory])
def test_nobody_else_merges(make, by):
    source, target = make(), make()
    with pytest.raises(PermissionDenied):
        source.merge_into(target, by=by())
    assert type(source).objects.filter(slug=source.slug).exists()


@each_kind
def test_a_row_is_not_merged_with_itself(make):
    row = make()
    with pytest.raises(ValidationError, match="two different rows of one kind"):
        row.merge_into(type(row).objects.get(pk=row.pk))


def test_an_actor_is_not_merged_into_a_topic():
    with pytest.raises(ValidationError, match="two different rows of one kind"):
        ActorFactory().merge_into(TopicFactory())


# ---- addresses ----


@each_kind
def test_the_old_address_leads_to_the_target(make):
    source, target = make(slug="old"), make(slug="new")
    source.merge_into(target)
    assert resolve(type(target), ["old", "new", "nothing"]) == {"old": target, "new": target}


@each_kind
def test_addresses_left_behind_before_lead_to_the_target(make):
    source, target = make(slug="oldest"), make(slug="new")
    source.slug = "old"
    source.save()
    source.merge_into(target)
    last = make(slug="newest")
    target.merge_into(last)
    assert resolve(type(last), ["oldest", "old", "new"]) == dict.fromkeys(["oldest", "old", "new"], last)


@each_kind
def test_the_old_address_is_never_used_again(make):
    source, target = make(slug="old"), make()
    source.merge_into(target)
    with pytest.raises(ValidationError, match="former address"):
        make(slug="old")


def test_the_names_of_a_merged_actor_find_its_target():
    source = ActorFactory(name="Nippon", aliases="Nihon\nJPN\n\nJapan")
    target = ActorFactory(name="Japan", aliases="Land of the Rising Sun")
    source.merge_into(target)
    target.refresh_from_db()
    assert target.alias_list == ["Land of the Rising Sun", "Nippon", "Nihon", "JPN"]


# ---- what moves ----


def test_no_pointer_to_a_merged_row_is_forgotten():
    named = {model: sorted(f"{f.model.__name__}.{f.name}" for f in pointers(model)) for model in FACTORIES}
    assert named == {
        Actor: [
            "Affiliation.actor",
            "Affiliation.of",
            "Source.publisher",
            "Stance.actor",
            "Statement.speaker",
            "Topic.candidate",
            "Topic.group",
        ],
        Topic: ["Stance.topic", "Topic.parent"],
        Source: ["Source.found_in", "Statement.source"],
    }


def test_all_that_rests_on_an_actor_moves():
    source, target = GovernmentFactory(), GovernmentFactory()
    rows = [
        (StanceFactory(actor=source), "actor"),
        (StatementFactory(speaker=source), "speaker"),
        (AffiliationFactory(of=source), "of"),
        (AffiliationFactory(actor=source), "actor"),
        (SourceFactory(publisher=source), "publisher"),
        (TopicFactory(group=source), "group"),
        (TopicFactory(candidate=source), "candidate"),
    ]
    source.merge_into(target, by=EditorFactory())
    for row, field in rows:
        row.refresh_from_db()
        assert getattr(row, field) == target
    assert positions.differences() == []
    assert integrity.problems() == []


def test_all_that_rests_on_a_topic_moves():
    source, target = TopicFactory(), TopicFactory()
    stance, child = StanceFactory(topic=source), TopicFactory(parent=source)
    source.merge_into(target)
    stance.refresh_from_db()
    child = Topic.objects.get(pk=child.pk)
    assert (stance.topic, child.parent) == (target, target)
    assert Position.objects.get().topic == target


def test_all_that_rests_on_a_source_moves():
    source, target = SourceFactory(), SourceFactory()
    stance, reprint = StanceFactory(statement__source=source), SourceFactory(found_in=source)
    key = stance.statement.key
    source.merge_into(target)
    stance.refresh_from_db()
    reprint.refresh_from_db()
    assert (stance.statement.source, stance.source, reprint.found_in) == (target, target, target)
    assert stance.statement.key == key


def test_the_copies_on_stances_follow_a_merged_speaker():
    stance, target = StanceFactory(), PersonFactory()
    stance.statement.speaker.merge_into(target)
    stance.refresh_from_db()
    assert stance.speaker == stance.statement.speaker == target


def test_drafts_move_too():
    draft, target = StanceFactory(statement__published=False), GovernmentFactory()
    draft.actor.merge_into(target)
    draft.refresh_from_db()
    assert draft.actor == target
    assert not Position.objects.exists()


def test_each_row_that_moved_tells_so_in_its_history():
    stance, target, editor = StanceFactory(), GovernmentFactory(slug="new"), EditorFactory()
    source = stance.actor
    source.slug = "old"
    source.save()
    pk = source.pk
    source.merge_into(target, by=editor)
    for entry in (stance.history.first(), Actor.history.filter(id=pk).first(), target.history.first()):
        assert re.fullmatch(r"merged old into new \([0-9]+\)", entry.history_change_reason)
        assert entry.history_user == editor
    assert Actor.history.filter(id=pk).first().history_type == "-"


def test_all_entries_of_a_merge_bear_one_moment_and_one_editor():
    source, target, editor = GovernmentFactory(), GovernmentFactory(), EditorFactory()
    moved, child = StanceFactory.create_batch(3, actor=source), AffiliationFactory(of=source)
    twin = StanceFactory(actor=target)
    folded = StanceFactory(actor=source, statement=twin.statement, topic=twin.topic)
    change = source.merge_into(target, by=editor)
    entries = [row.history.first() for row in (*moved, child, folded, target)]
    assert {(e.history_date, e.history_user, e.history_change_reason) for e in entries} == {
        (change.at, editor, change.reason)
    }
    assert [entry.history_type for entry in entries] == ["~", "~", "~", "~", "-", "~"]


def test_the_history_tells_of_each_row_what_it_became_and_of_a_folded_stance_what_it_was():
    source, target = GovernmentFactory(), GovernmentFactory()
    moved = StanceFactory(actor=source, condition="in a year")
    twin = StanceFactory(actor=target)
    folded = StanceFactory(actor=source, statement=twin.statement, topic=twin.topic, condition="one day")
    pk = source.pk
    source.merge_into(target)
    assert [(e.actor_id, e.condition) for e in moved.history.all()] == [(target.pk, "in a year"), (pk, "in a year")]
    assert [(e.actor_id, e.condition) for e in folded.history.all()] == [(pk, "one day"), (pk, "one day")]


# ---- positions ----


def test_two_histories_become_one():
    source = StanceFactory(position=2, statement__date="2024-01-01")
    target = StanceFactory(position=-2, statement__date="2024-01-02", topic=source.topic)
    again = StanceFactory(position=-2, statement__date="2024-01-03", actor=source.actor, topic=source.topic)
    assert again.actor.positions.changes().count() == 1
    assert target.actor.positions.changes().count() == 0
    source.actor.merge_into(target.actor)
    rows = target.actor.positions.order_by("since").values_list("since", "value", "kind", "confirmations")
    assert list(rows) == [
        (dt.date(2024, 1, 1), 2, "first", 0),
        (dt.date(2024, 1, 2), -2, "reversal", 1),
    ]
    assert Position.objects.count() == 2


def test_a_group_merged_into_one_of_another_kind_ranks_as_it_does():
    government, topic = GovernmentFactory(), TopicFactory()
    shared = {"actor": government, "topic": topic, "statement__date": "2024-01-01"}
    joint = StanceFactory(**shared, statement__speaker=GroupFactory(), position=2)
    StanceFactory(**shared, position=-2, statement__authority="official")
    assert Position.objects.get().value == -2
    joint.statement.speaker.merge_into(PersonFactory())
    assert Position.objects.get().value == 2
    assert positions.differences() == []


# ---- two stances of one statement ----


def test_equal_stances_of_one_statement_become_one():
    one = StanceFactory(position=1, terms="time")
    two = StanceFactory(statement=one.statement, topic=one.topic, position=1, terms="time")
    one.actor.merge_into(two.actor)
    assert list(Stance.objects.all()) == [two]
    assert positions.differences() == []


@pytest.mark.parametrize(
    "differing", [{"position": -1}, {"terms": "scope"}, {"attribution": "reported"}], ids=["value", "terms", "voice"]
)
@pytest.mark.parametrize("field", ["actor", "topic"])
def test_differing_stances_of_one_statement_stop_a_merge(field, differing):
    shared = {"position": 1, "terms": "time"}
    one = StanceFactory(**shared, statement__key="disputed")
    other = {"actor": "topic", "topic": "actor"}[field]
    two = StanceFactory(statement=one.statement, **{other: getattr(one, other)}, **shared | differing)
    StanceFactory(**{field: getattr(one, field)})
    before = state_of_everything()
    with pytest.raises(ValidationError, match="Statement disputed has a stance of each, and they differ"):
        getattr(one, field).merge_into(getattr(two, field))
    assert state_of_everything() == before


# ---- rules that a merge would break ----


def test_a_merge_that_would_tie_an_actor_to_itself_is_refused():
    affiliation = AffiliationFactory()
    before = state_of_everything()
    with pytest.raises(ValidationError, match="not affiliated to itself"):
        affiliation.actor.merge_into(affiliation.of)
    assert state_of_everything() == before


def test_a_merge_that_would_make_affiliations_a_loop_is_refused():
    lower = AffiliationFactory()
    upper = AffiliationFactory(actor=lower.of)
    before = state_of_everything()
    with pytest.raises(ValidationError, match="form a loop"):
        upper.of.merge_into(lower.actor)
    assert state_of_everything() == before


def test_an_affiliation_that_both_have_stops_a_merge():
    one = AffiliationFactory()
    two = AffiliationFactory(of=one.of)
    before = state_of_everything()
    with pytest.raises(ValidationError, match="is recorded already"):
        one.actor.merge_into(two.actor)
    assert state_of_everything() == before


def test_a_merge_that_would_make_topics_a_loop_is_refused():
    top = TopicFactory()
    low = TopicFactory(parent=TopicFactory(parent=top))
    before = state_of_everything()
    with pytest.raises(ValidationError, match="under itself"):
        top.merge_into(low)
    assert state_of_everything() == before


def test_a_merge_into_a_source_whose_text_lacks_a_quotation_is_refused():
    statement = StatementFactory(quote="We welcome Japan", source__text="“We welcome Japan,” he said.")
    other = SourceFactory(text="“We welcome Canada,” he said.")
    before = state_of_everything()
    (foreseen,) = look_ahead(statement.source, other).obstacles
    with pytest.raises(ValidationError, match="“We welcome Japan” does not stand so in the source's text") as told:
        statement.source.merge_into(other)
    assert "“We welcome Japan” does not stand so" in foreseen
    assert told.value.messages[0].startswith(f"Statement “{statement}”: ")
    assert state_of_everything() == before


def test_a_merge_of_speakers_does_not_ask_their_words_again():
    statement = StatementFactory(quote="We welcome Japan", source__text="“We welcome Japan,” he said.")
    Source.objects.filter(pk=statement.source_id).update(text="Another text.")
    target = PersonFactory()
    statement.speaker.merge_into(target)
    statement.refresh_from_db()
    assert statement.speaker == target


def test_affiliations_of_one_title_at_other_times_both_stay():
    one = AffiliationFactory(start=dt.date(2020, 1, 1), end=dt.date(2021, 1, 1))
    two = AffiliationFactory(of=one.of, start=dt.date(2022, 1, 1))
    one.actor.merge_into(two.actor)
    assert set(two.actor.affiliations.all()) == {one, two}


def test_a_merge_that_would_make_sources_a_loop_is_refused():
    top = SourceFactory()
    low = SourceFactory(found_in=SourceFactory(found_in=top))
    before = state_of_everything()
    with pytest.raises(ValidationError, match="not found in itself, nor in what it holds"):
        top.merge_into(low)
    assert state_of_everything() == before


def test_a_merge_that_would_put_words_after_their_source_is_refused():
    late = StatementFactory(date="2024-02-13")
    earlier = SourceFactory(published_on=dt.date(2024, 2, 12))
    before = state_of_everything()
    with pytest.raises(ValidationError, match="its source was published on 2024-02-12"):
        late.source.merge_into(earlier)
    assert state_of_everything() == before


@pytest.mark.parametrize(("make", "field"), [(TopicFactory, "parent"), (SourceFactory, "found_in")])
def test_a_row_takes_over_the_one_that_it_stood_under(make, field):
    source = make(**{field: make()})
    target = make(**{field: source})
    source.merge_into(target)
    target = type(target).objects.get(pk=target.pk)
    assert getattr(target, field) == getattr(source, field)
    assert integrity.problems() == []


@pytest.mark.parametrize(("make", "field"), [(TopicFactory, "parent"), (SourceFactory, "found_in")])
def test_a_row_takes_over_a_root_that_it_stood_under(make, field):
    source = make()
    target = make(**{field: source})
    source.merge_into(target)
    assert getattr(type(target).objects.get(pk=target.pk), field) is None


def test_stale_rows_are_read_anew():
    source, target = GovernmentFactory(slug="old"), GovernmentFactory(name="Stale")
    Actor.objects.filter(pk=target.pk).update(name="Newest")
    source.merge_into(target)
    assert Actor.objects.get(pk=target.pk).name == "Newest"


def test_a_source_in_which_nothing_was_found_is_merged():
    source, target = SourceFactory(coverage="nothing"), SourceFactory()
    source.merge_into(target)
    assert resolve(Source, [source.slug]) == {source.slug: target}
