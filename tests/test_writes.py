"""Positions and the public version are right after every write, whichever way it came."""

import contextlib
import datetime as dt

import pytest
from django.db import IntegrityError, NotSupportedError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from stances import positions
from stances.models import Actor, Affiliation, Position, PublicVersion, Source, Stance, Statement, Topic
from stances.series import compute
from stances.writes import public_write
from tests.factories import (
    AffiliationFactory,
    BodyFactory,
    EditorFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]


def day(text):
    return dt.date.fromisoformat(text)


def told(**of):
    """Tell the positions there are: since, until, value, confirmations."""
    return [
        (str(p.since), str(p.until or ""), p.value, p.confirmations)
        for p in Position.objects.filter(**of).order_by("actor", "topic", "voice", "since")
    ]


@pytest.fixture
def series():
    """Three stances of one actor on one topic: for, for, against, on three days."""
    first = StanceFactory(statement__date="2024-01-01", statement__source__published_on=None)
    rest = [
        StanceFactory(
            actor=first.actor,
            topic=first.topic,
            position=value,
            statement__date=date,
            statement__source=first.statement.source,
        )
        for value, date in ((2, "2024-01-02"), (-2, "2024-01-03"))
    ]
    return [first, *rest]


@pytest.fixture
def bumps():
    """Count how often the public version was raised since the test began, or since it last asked."""
    seen = PublicVersion.objects.current()

    def count():
        nonlocal seen
        before, seen = seen, PublicVersion.objects.current()
        return seen - before

    return count


@pytest.fixture(autouse=True)
def _the_table_is_right_in_the_end(db):
    yield
    if not connection.needs_rollback:
        assert positions.differences() == []
        assert_copies_are_right()


def assert_copies_are_right():
    """Hold what stances copy from their statements against the statements."""
    for stance in Stance.objects.select_related("statement"):
        statement = stance.statement
        assert stance.stated_on == statement.latest
        assert stance.earliest_on == statement.earliest
        assert stance.public == (statement.status == "published")
        assert stance.repeat == (statement.repeats_id is not None)
        assert stance.authority == statement.authority
        assert stance.speaker_id == statement.speaker_id
        assert stance.source_id == statement.source_id


BEFORE = [("2024-01-01", "2024-01-03", 2, 1), ("2024-01-03", "", -2, 0)]


def test_three_stances_are_two_positions(series):
    assert told() == BEFORE


# ---- ways to write a stance ----


def save(stance, **values):
    for field, value in values.items():
        setattr(stance, field, value)
    stance.save()


def save_fields(stance, **values):
    for field, value in values.items():
        setattr(stance, field, value)
    stance.save(update_fields=list(values))


def update(stance, **values):
    Stance.objects.filter(pk=stance.pk).update(**values)


def bulk_update(stance, **values):
    for field, value in values.items():
        setattr(stance, field, value)
    Stance.objects.bulk_update([stance], list(values))


def update_or_create(stance, **values):
    Stance.objects.update_or_create(pk=stance.pk, defaults=values)


def through_the_statement(stance, **values):
    stance.statement.stances.update(**values)


def save_stale(stance, **values):
    """Write from an instance that does not know what the database has since computed."""
    stale = Stance.objects.get(pk=stance.pk)
    Stance.objects.filter(pk=stance.pk).update(position=0, terms="")
    save(stale, **values)


each_way = pytest.mark.parametrize(
    "write", [save, save_fields, update, bulk_update, update_or_create, through_the_statement, save_stale]
)


@each_way
def test_a_new_value_moves_positions_at_once(series, write):
    write(series[1], position=0)
    assert told() == [
        ("2024-01-01", "2024-01-02", 2, 0),
        ("2024-01-02", "2024-01-03", 0, 0),
        ("2024-01-03", "", -2, 0),
    ]


@each_way
@pytest.mark.parametrize("field", ["actor", "topic"])
def test_another_actor_or_topic_moves_positions_of_both(series, write, field):
    other = {"actor": GovernmentFactory, "topic": TopicFactory}[field]()
    write(series[2], **{field: other})
    assert told(**{field: getattr(series[0], field)}) == [("2024-01-01", "", 2, 1)]
    assert told(**{field: other}) == [("2024-01-03", "", -2, 0)]


@each_way
def test_another_voice_moves_positions_of_both(series, write):
    write(series[2], attribution="reported")
    assert told(voice="own") == [("2024-01-01", "", 2, 1)]
    assert told(voice="reported") == [("2024-01-03", "", -2, 0)]


@each_way
def test_another_basis_moves_positions(series, write):
    rival = StanceFactory(actor=series[0].actor, topic=series[0].topic, position=0, statement__date="2024-01-03")
    assert told()[-1] == ("2024-01-03", "", 0, 0)
    write(rival, basis="implied", rationale="So it is.")
    assert told() == BEFORE


# ---- making and ending stances ----


def make_one(stances):
    for stance in stances:
        stance.save(force_insert=True)


def make_in_bulk(stances):
    Stance.objects.bulk_create(stances)


def make_through_the_statement(stances):
    for stance in stances:
        stance.statement.stances.bulk_create([stance])


def make_or_get(stances):
    for stance in stances:
        Stance.objects.get_or_create(
            statement=stance.statement,
            actor=stance.actor,
            topic=stance.topic,
            defaults={"position": stance.position, "attribution": stance.attribution},
        )


@pytest.mark.parametrize("make", [make_one, make_in_bulk, make_through_the_statement, make_or_get])
def test_new_stances_make_positions_at_once(series, make):
    actor, topic = GovernmentFactory(), TopicFactory()
    make([Stance(statement=s.statement, actor=actor, topic=topic, position=2, attribution="own") for s in series])
    assert told(actor=actor) == [("2024-01-01", "", 2, 2)]
    assert told(actor=series[0].actor) == BEFORE


@pytest.mark.parametrize("option", ["ignore_conflicts", "update_conflicts"])
def test_a_bulk_of_which_one_cannot_tell_what_was_written_is_refused(series, option):
    with pytest.raises(NotSupportedError, match="positions"):
        Stance.objects.bulk_create([Stance(statement=series[0].statement)], **{option: True})


@pytest.mark.parametrize("way", ["row", "queryset"])
def test_a_stance_that_goes_takes_its_part_along(series, way):
    # A published statement keeps a stance, so another actor's stands beside it.
    StanceFactory(statement=series[2].statement, topic=series[2].topic)
    if way == "row":
        series[2].delete()
    else:
        Stance.objects.filter(pk=series[2].pk).delete()
    assert told(actor=series[0].actor) == [("2024-01-01", "", 2, 1)]


def test_a_statement_that_goes_takes_its_stances_along(series):
    draft = StanceFactory(actor=series[0].actor, topic=series[0].topic, statement__published=False)
    draft.statement.delete()
    assert told() == BEFORE
    assert not Stance.objects.filter(pk=draft.pk).exists()


# ---- statements ----


def save_statement(statement, **values):
    save(statement, **values)


def update_statement(statement, **values):
    Statement.objects.filter(pk=statement.pk).update(**values)


def bulk_update_statement(statement, **values):
    for field, value in values.items():
        setattr(statement, field, value)
    Statement.objects.bulk_update([statement], list(values))


def update_through_the_source(statement, **values):
    statement.source.statements.filter(pk=statement.pk).update(**values)


each_way_of_a_statement = pytest.mark.parametrize(
    "write", [save_statement, update_statement, bulk_update_statement, update_through_the_source]
)


@each_way_of_a_statement
@pytest.mark.parametrize(
    ("values", "after"),
    [
        ({"latest": day("2024-01-05")}, [("2024-01-02", "2024-01-03", 2, 0), ("2024-01-03", "2024-01-05", -2, 0)]),
        ({"earliest": None}, BEFORE),
        ({"status": "retracted", "retraction_reason": "Wrong."}, [("2024-01-02", "2024-01-03", 2, 0)]),
        ({"status": "draft"}, [("2024-01-02", "2024-01-03", 2, 0)]),
    ],
    ids=["another day", "an open day", "retracted", "a draft again"],
)
def test_a_statement_that_changes_moves_positions_at_once(series, write, values, after):
    write(series[0].statement, **values)
    assert told()[:2] == [*after, ("2024-01-03", "", -2, 0)][:2]


@each_way_of_a_statement
def test_a_statement_that_becomes_a_repeat_counts_no_more(series, write):
    write(series[1].statement, repeats=series[0].statement)
    assert told() == [("2024-01-01", "2024-01-03", 2, 0), ("2024-01-03", "", -2, 0)]


@each_way_of_a_statement
def test_another_authority_or_speaker_moves_positions(series, write):
    rival = StanceFactory(
        actor=series[0].actor,
        topic=series[0].topic,
        position=0,
        statement__date="2024-01-03",
        statement__authority="official",
    )
    assert told() == BEFORE
    write(rival.statement, authority="head")
    assert told()[-1] == ("2024-01-03", "", 0, 0)
    write(rival.statement, speaker=GroupFactory())
    assert told() == BEFORE


@each_way_of_a_statement
def test_another_source_is_copied(series, write):
    source = SourceFactory()
    write(series[0].statement, source=source)
    series[0].refresh_from_db()
    assert series[0].source == source


@pytest.mark.parametrize("way", ["save", "update", "bulk_update"])
def test_a_speaker_of_another_kind_moves_positions(way):
    group, person = GroupFactory(), PersonFactory()
    joint = StanceFactory(position=2, statement__speaker=group)
    StanceFactory(
        actor=joint.actor,
        topic=joint.topic,
        position=-2,
        statement__speaker=person,
        statement__authority="official",
    )
    assert told() == [("2024-02-13", "", -2, 0)]
    group.kind = "person"
    if way == "save":
        group.save()
    elif way == "update":
        Actor.objects.filter(pk=group.pk).update(kind="person")
    else:
        Actor.objects.bulk_update([group], ["kind"])
    assert told() == [("2024-02-13", "", 2, 0)]


# ---- by difference ----


def ids():
    return dict(Position.objects.values_list("since", "pk"))


def test_unchanged_rows_keep_their_ids(series):
    StanceFactory(actor=series[0].actor, topic=series[0].topic, position=0, statement__date="2024-01-04")
    before = ids()
    update(series[2], position=-1, terms="time")
    assert ids() == before


def test_a_new_day_leaves_the_other_rows_in_place(series):
    before = ids()
    StanceFactory(actor=series[0].actor, topic=series[0].topic, position=0, statement__date="2024-01-02")
    StanceFactory(actor=series[0].actor, topic=series[0].topic, position=0, statement__date="2024-01-10")
    after = ids()
    assert {since: after[since] for since in before} == before
    assert len(after) == 3


def test_a_write_to_one_series_reads_no_other(series):
    for _ in range(3):
        StanceFactory(topic=series[0].topic)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        update(series[2], condition="as before")
    read = [query["sql"] for query in queries if "stances_position" in query["sql"]]
    assert read
    assert all(str(series[0].actor_id) in sql for sql in read)
    assert not any("INSERT" in sql or "UPDATE" in sql for sql in read)


def test_the_cost_of_a_write_does_not_grow_with_its_series(series):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            update(series[2], condition="as before")
        return len(queries)

    before = cost()
    for number in range(20):
        StanceFactory(
            actor=series[0].actor,
            topic=series[0].topic,
            position=number % 3,
            terms="time" if number % 3 == 1 else "",
            statement__date=f"2024-02-{number + 1:02}",
        )
    assert cost() == before


# ---- once a transaction ----


def computed(queries):
    """Count how often stances were read as entries of their series."""
    return sum('AS "speaker__kind"' in query["sql"] for query in queries)


def test_one_transaction_computes_once(series, bumps):
    other = GovernmentFactory()
    bumps()
    with CaptureQueriesContext(connection) as queries:
        with public_write():
            for stance in series:
                update(stance, position=0)
                save(stance, position=-2)
            series[2].actor = other
            series[2].save()
            assert computed(queries) == 0
            assert told() == BEFORE
        assert computed(queries) == 1
    assert bumps() == 1
    assert told() == [("2024-01-01", "", -2, 1), ("2024-01-03", "", -2, 0)]


def test_a_verb_computes_once(bumps):
    statement, editor = StanceFactory(statement__status="submitted").statement, EditorFactory()
    bumps()
    with CaptureQueriesContext(connection) as queries:
        statement.publish(by=editor)
    assert computed(queries) == 1
    assert bumps() == 1


def test_a_merge_computes_once(series, bumps):
    target = GovernmentFactory()
    bumps()
    with CaptureQueriesContext(connection) as queries:
        series[0].actor.merge_into(target)
    assert computed(queries) == 1
    assert bumps() == 1


def test_a_write_that_fails_leaves_nothing(series):
    version = PublicVersion.objects.current()
    with contextlib.suppress(IntegrityError), public_write():
        update(series[2], position=0)
        models.QuerySet(Stance).filter(pk=series[0].pk).update(position=7)
    assert told() == BEFORE
    assert PublicVersion.objects.current() == version


def test_a_write_after_one_that_failed_is_a_new_one(series):
    with pytest.raises(RuntimeError), public_write():
        raise RuntimeError
    update(series[1], position=0)
    assert len(told()) == 3


def test_a_part_that_failed_and_was_caught_does_not_spoil_the_whole(series):
    with public_write():
        update(series[1], position=0)
        with pytest.raises(IntegrityError), transaction.atomic():
            models.QuerySet(Stance).filter(pk=series[0].pk).update(position=7)
    assert len(told()) == 3


def test_the_lock_makes_its_row_where_a_flush_took_it_away():
    PublicVersion.objects.all().delete()
    assert PublicVersion.objects.current() == 0
    StanceFactory()
    assert PublicVersion.objects.current() > 0
    assert PublicVersion.objects.get().pk == 1


# ---- the public version ----


def test_a_write_to_public_rows_raises_the_version_once(series, bumps):
    bumps()
    save(series[0], position=0)
    assert bumps() == 1
    update(series[0], rationale="Plain words.")
    assert bumps() == 1
    save(series[0].statement, summary="Other words.")
    assert bumps() == 1
    Statement.objects.filter(pk=series[0].statement_id).update(occasion="news conference")
    assert bumps() == 1


def test_a_topic_is_public_at_once_and_raises_the_version(bumps):
    row = TopicFactory()
    assert bumps() > 0
    row.save()
    assert bumps() == 1
    row.delete()
    assert bumps() == 1


def test_drafts_leave_the_version_as_it_is(bumps):
    source, speaker, actor, topic = SourceFactory(), PersonFactory(), GovernmentFactory(), TopicFactory()
    bumps()
    statement = StatementFactory(source=source, speaker=speaker)
    stance = StanceFactory(statement=statement, actor=actor, topic=topic)
    Stance.objects.bulk_create([Stance(statement=statement, actor=speaker, topic=topic, position=0, attribution="own")])
    save(stance, position=0)
    update(stance, position=-2)
    save(statement, summary="Other words.")
    Statement.objects.update(occasion="news conference")
    editor = EditorFactory()
    statement.submit(by=editor)
    statement.return_to_coder(by=editor, comment="Which day?")
    stance.delete()
    statement.delete()
    assert bumps() == 0


@pytest.mark.parametrize(
    ("make", "raised"),
    [
        (GovernmentFactory, 0),
        (StatementFactory, 0),
        (lambda: StatementFactory(published=True), 1),
        (SourceFactory, 0),
        (lambda: SourceFactory(coverage="nothing"), 1),
    ],
)
def test_a_new_row_raises_the_version_where_readers_see_it_at_once(bumps, make, raised):
    row = make()
    assert (bumps(), type(row)._base_manager.filter(pk=row.pk).are_public()) == (raised, bool(raised))


def test_a_new_actor_is_made_without_asking_who_may_see_it(django_assert_max_num_queries):
    GovernmentFactory()
    with django_assert_max_num_queries(6):
        GovernmentFactory()


def test_publishing_and_retracting_raise_the_version(bumps):
    statement = StanceFactory(statement__status="submitted").statement
    editor = EditorFactory()
    bumps()
    statement.publish(by=editor)
    assert bumps() == 1
    statement.retract(by=editor, reason="It was wrong.")
    assert bumps() == 1


def test_a_refused_step_leaves_the_version_as_it_is(bumps):
    statement = StatementFactory(status="submitted")
    bumps()
    with pytest.raises(Exception, match="at least one stance"):
        statement.publish(by=EditorFactory())
    assert bumps() == 0


def test_the_version_tells_when(series):
    before = PublicVersion.objects.get().changed_at
    save(series[0], position=0)
    assert PublicVersion.objects.get().changed_at > before


# ---- roles ----


def roles():
    return list(Stance.objects.order_by("pk").values_list("role", flat=True))


def test_stances_tell_their_role(series):
    undated = {"statement__date": "../2024-01-09"}
    StanceFactory(actor=series[0].actor, topic=series[0].topic, **undated)
    StanceFactory(actor=series[0].actor, topic=series[0].topic, statement__published=False)
    StanceFactory(actor=series[0].actor, topic=series[0].topic, statement__repeats=series[0].statement, **undated)
    assert roles() == ["opened", "confirmed", "opened", "passed", "", ""]
    save(series[1].statement, status="retracted", retraction_reason="Wrong.")
    assert roles() == ["opened", "", "opened", "passed", "", ""]


def test_stances_tell_that_colleagues_differ(series):
    def differ():
        return list(Stance.objects.order_by("pk").values_list("colleagues_differ", flat=True))

    assert differ() == [False, False, True]
    Statement.objects.update(speaker=series[0].statement.speaker)
    assert differ() == [False, False, False]


def test_reports_do_not_make_colleagues_differ(series):
    Stance.objects.update(attribution="reported")
    assert not Stance.objects.filter(colleagues_differ=True).exists()


# ---- from scratch ----


def spoil():
    """Write into the table what is not so, past the guard."""
    first, last = Position.objects.order_by("since")
    Position.objects.filter(pk=last.pk).update(value=0, last_stated_on=day("2024-02-01"))
    Position.objects.filter(pk=first.pk).update(since=day("2023-01-01"))


def test_differences_are_told(series):
    assert positions.differences() == []
    spoil()
    told = "\n".join(positions.differences())
    assert "value is 0, not -2" in told
    assert "last_stated_on" in told
    assert "since 2024-01-01: missing" in told
    assert "since 2023-01-01: is not so" in told
    positions.rebuild()


def test_rebuilding_mends_the_table_and_tells(series):
    version = PublicVersion.objects.current()
    assert positions.rebuild() is False
    assert PublicVersion.objects.current() == version
    spoil()
    assert positions.rebuild() is True
    assert told() == BEFORE
    assert PublicVersion.objects.current() == version + 1


def test_rebuilding_ends_positions_that_nothing_supports(series):
    models.QuerySet(Statement).update(status="draft")
    assert positions.rebuild() is True
    assert not Position.objects.exists()
    Statement.objects.update(status="published")
    assert told() == BEFORE


def test_copies_that_are_out_of_date_are_told_and_mended(series):
    models.QuerySet(Stance).update(public=False)
    assert any("copy of it is out of date" in difference for difference in positions.differences())
    positions.rebuild()
    assert positions.differences() == []
    assert told() == BEFORE


def test_a_large_write_is_computed_in_batches(series, monkeypatch):
    monkeypatch.setattr(positions, "BATCH", 2)
    topics = TopicFactory.create_batch(5)
    Stance.objects.bulk_create(
        Stance(statement=series[0].statement, actor=series[0].actor, topic=topic, position=2, attribution="own")
        for topic in topics
    )
    assert Position.objects.filter(topic__in=topics).count() == 5


def test_entries_are_read_as_they_stand(series):
    ((key, entries),) = positions.entries_of(Stance.objects.in_series()).items()
    assert key == (series[0].actor_id, series[0].topic_id, "own")
    assert [interval.value for interval in compute(entries)[0]] == [2, -2]
    assert Topic.objects.count() == 1
    assert Source.objects.count() == 1


@pytest.fixture
def version(world):
    """Tell whether the public version went up since it was last asked for."""
    last = [PublicVersion.objects.current()]

    def went_up():
        last.append(PublicVersion.objects.current())
        return last[-1] > last[-2]

    return went_up


def test_what_no_reader_can_see_leaves_the_public_version(version):
    australia, early = Actor.objects.get(slug="australia"), Source.objects.get(slug="early")
    government = GovernmentFactory(name="Unknown", aliases="Nobody")
    person, body = PersonFactory(), BodyFactory()
    AffiliationFactory(actor=person, of=australia, title="Minister to be")
    AffiliationFactory(actor=person, of=government, authority="head")
    AffiliationFactory(actor=body, of=government, authority="mission").delete()
    source = SourceFactory(found_in=early)
    source.title = person.name = "Another"
    source.save()
    person.save()
    Actor.objects.filter(pk=government.pk).update(aliases="")
    topic = Topic.objects.get(slug="trade")
    StanceFactory(statement=StatementFactory(speaker=person, source=source), actor=government, topic=topic)
    Statement.objects.filter(speaker=person).update(summary="Other words.")
    body.delete()
    assert not version()


@pytest.mark.parametrize("slug", ["australia", "minister", "paper"])
@pytest.mark.parametrize("field", ["name", "aliases", "short_name"])
def test_a_known_actor_raises_the_public_version(version, slug, field):
    Actor.objects.filter(slug=slug).update(**{field: "Other"})
    assert version()


def test_what_a_known_actor_belongs_to_raises_the_public_version(version):
    government = GovernmentFactory()
    ministry = AffiliationFactory(actor=BodyFactory(), of=government, authority="minister").actor
    assert not version()
    office = AffiliationFactory(actor=Actor.objects.get(slug="minister"), of=ministry)
    assert version()
    Actor.objects.filter(pk=government.pk).update(name="Other")
    assert version()
    office.title = "Other"
    office.save()
    assert version()
    office.delete()
    assert version()
    Actor.objects.filter(pk=government.pk).update(name="Unknown again")
    assert not version()


def test_a_head_of_a_known_government_raises_the_public_version(version):
    office = AffiliationFactory(of=Actor.objects.get(slug="australia"), authority="head")
    assert version()
    Actor.objects.filter(pk=office.actor_id).update(name="Other")
    assert version()
    Affiliation.objects.filter(pk=office.pk).update(authority="minister")
    assert version()
    Actor.objects.filter(pk=office.actor_id).update(name="Unknown again")
    assert not version()


def test_a_source_that_readers_meet_raises_the_public_version(version):
    source = StanceFactory().statement.source
    holder = SourceFactory()
    version()
    Source.objects.filter(pk=source.pk).update(found_in=holder)
    assert version()
    Source.objects.filter(pk=holder.pk).update(title="Other")
    assert version()
    Statement.objects.get(source=source).retract(by=EditorFactory(), reason="It was wrong.")
    version()
    Source.objects.filter(pk=holder.pk).update(title="Unknown again")
    assert not version()
    Source.objects.filter(pk=source.pk).update(title="Named where the statement stood")
    assert version()
    SourceFactory(coverage="nothing")
    assert version()
