"""The table of positions after any sequence of writes, held against a computation from scratch in SQL."""

import contextlib
import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from stances import integrity, positions
from stances.dates import PartialDate
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.series import compute
from stances.vocabulary import WORDS, ActorKind
from stances.writes import public_write
from tests import from_scratch
from tests.factories import (
    ActorFactory,
    EditorFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]


def assert_right():
    """Hold the table, and the roles of stances, against both computations from scratch."""
    stored = Position.objects.order_by("actor_id", "topic_id", "voice", "since").values_list(*from_scratch.COLUMNS)
    assert [tuple(map(str, row)) for row in stored] == from_scratch.positions()
    roles = Stance.objects.order_by("pk").values_list("pk", "role", "colleagues_differ")
    assert [(str(pk), role, str(int(differ))) for pk, role, differ in roles] == from_scratch.roles()
    assert positions.differences() == []


# ---- any sequence of writes ----

DAYS = [dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 3), dt.date(2024, 2, 1), dt.date(2024, 2, 3)]
DATES = st.builds(
    lambda days, shape: PartialDate(
        {"day": max(days), "range": min(days), "open": None}[shape],
        max(days),
    ),
    st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)),
    st.sampled_from(["day", "day", "range", "open"]),
)
HELD = st.sampled_from([(2, ""), (1, "time"), (1, "scope"), (0, ""), (-1, "time"), (-2, "")])
BASES = st.sampled_from(["explicit", "explicit", "implied"])
VOICES = st.sampled_from(["own", "own", "own", "reported"])
AUTHORITIES = st.sampled_from(["minister", "minister", "official", "head"])
ANY = st.integers(0, 20)
SELDOM = st.sampled_from([0, 0, 0, 1, 2])
STATEMENTS = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["a", "a-1", "a_1", "B", "b", "Z-"]),
        "date": DATES,
        "authority": AUTHORITIES,
        "speaker": ANY,
        "source": SELDOM,
        "repeats": st.sampled_from([None, None, None, 0, 1]),
        "stances": st.lists(st.tuples(SELDOM, SELDOM, HELD, BASES, VOICES), min_size=1, max_size=2),
    }
)


def pick(rows, number):
    """Choose a row by any number, where there is one."""
    found = rows.order_by("pk")
    return found[number % found.count()] if found else None


class Desk(RuleBasedStateMachine):
    """Editors at work on a few actors, speakers and topics; each run ends as if it had not been."""

    editor = None

    def __init__(self):
        super().__init__()
        self.written = 0
        self.run = transaction.atomic()
        self.run.__enter__()

    def teardown(self):
        assert integrity.problems() == []
        transaction.set_rollback(True)
        self.run.__exit__(None, None, None)

    def write(self, given, **status):
        self.written += 1
        firsts = Statement.objects.published().filter(repeats=None)
        statement = Statement.objects.create(
            key=f"{given['key']}{self.written}",
            source=pick(Source.objects.all(), given["source"]),
            speaker=pick(Actor.objects.exclude(kind=ActorKind.GOVERNMENT), given["speaker"]),
            earliest=given["date"].earliest,
            latest=given["date"].latest,
            authority=given["authority"],
            summary="Said.",
            repeats=None if given["repeats"] is None else pick(firsts, given["repeats"]),
            **status,
        )
        for actor, topic, (value, terms), basis, voice in given["stances"]:
            Stance.objects.get_or_create(
                statement=statement,
                actor=pick(Actor.objects.governments(), actor),
                topic=pick(Topic.objects.all(), topic),
                defaults={
                    "position": value,
                    "terms": terms,
                    "basis": basis,
                    "rationale": "So it is.",
                    "attribution": voice,
                },
            )
        return statement

    @initialize(statements=st.lists(STATEMENTS, min_size=3, max_size=9))
    def begin(self, statements):
        with public_write():
            for given in statements:
                self.write(given, status="published", published_at=timezone.now())

    @rule(given=STATEMENTS)
    def publish(self, given):
        self.write(given, status="submitted").publish(by=self.editor)

    @rule(given=STATEMENTS)
    def draft(self, given):
        self.write(given)

    @rule(number=ANY)
    def retract(self, number):
        if statement := pick(Statement.objects.published(), number):
            statement.retract(by=self.editor, reason="It was wrong.")

    @rule(number=ANY, date=DATES, way=st.sampled_from(["save", "update"]))
    def redate(self, number, date, way):
        statement = pick(Statement.objects.all(), number)
        if way == "save":
            statement.date = date
            statement.save()
        else:
            Statement.objects.filter(pk=statement.pk).update(earliest=date.earliest, latest=date.latest)

    @rule(
        number=ANY,
        held=HELD,
        basis=BASES,
        voice=VOICES,
        way=st.sampled_from(["save", "update", "bulk_update"]),
    )
    def edit(self, number, held, basis, voice, way):
        if not (stance := pick(Stance.objects.all(), number)):
            return
        values = {"position": held[0], "terms": held[1], "basis": basis, "attribution": voice}
        if way == "update":
            Stance.objects.filter(pk=stance.pk).update(**values)
            return
        for field, value in values.items():
            setattr(stance, field, value)
        if way == "save":
            stance.save()
        else:
            Stance.objects.bulk_update([stance], list(values))

    @rule(number=ANY, actor=ANY, topic=ANY, way=st.sampled_from(["save", "update"]))
    def move(self, number, actor, topic, way):
        if not (stance := pick(Stance.objects.all(), number)):
            return
        stance.actor = pick(Actor.objects.governments(), actor)
        stance.topic = pick(Topic.objects.all(), topic)
        with contextlib.suppress(ValidationError):  # there may be such a stance already
            stance.full_clean()
            if way == "save":
                stance.save()
            else:
                Stance.objects.filter(pk=stance.pk).update(actor=stance.actor, topic=stance.topic)

    @rule(number=ANY)
    def delete_a_stance(self, number):
        if stance := pick(Stance.objects.all(), number):
            with contextlib.suppress(models.ProtectedError):
                stance.delete()

    @rule(number=ANY, first=ANY)
    def repeat(self, number, first):
        statement = pick(Statement.objects.all(), number)
        statement.repeats = pick(Statement.objects.all(), first)
        if not statement.problem_of_repeat():
            statement.save()

    @rule(number=ANY, authority=AUTHORITIES, speaker=ANY)
    def name_another_speaker(self, number, authority, speaker):
        statement = pick(Statement.objects.all(), number)
        statement.authority = authority
        statement.speaker = pick(Actor.objects.exclude(kind=ActorKind.GOVERNMENT), speaker)
        statement.save()

    @rule(number=ANY, kind=st.sampled_from(["group", "person"]))
    def turn_a_speaker_into(self, number, kind):
        speaker = pick(Actor.objects.exclude(kind=ActorKind.GOVERNMENT), number)
        speaker.kind = kind
        speaker.save()

    @rule(what=st.sampled_from(["governments", "speakers", "topics", "sources"]), source=ANY, into=ANY)
    def merge(self, what, source, into):
        rows = {
            "governments": Actor.objects.governments(),
            "speakers": Actor.objects.exclude(kind=ActorKind.GOVERNMENT),
            "topics": Topic.objects.all(),
            "sources": Source.objects.all(),
        }[what]
        one, other = pick(rows, source), pick(rows, into)
        with contextlib.suppress(ValidationError):  # of stances that meet and differ, among others
            one.merge_into(other, by=self.editor)

    @invariant()
    def the_table_is_right(self):
        assert_right()


def test_after_any_sequence_of_writes_the_table_is_as_computed_from_scratch():
    GovernmentFactory.create_batch(2)
    ActorFactory.create_batch(2, kind="person")
    ActorFactory(kind="group")
    TopicFactory.create_batch(2)
    SourceFactory.create_batch(2, published_on=dt.date(2024, 3, 1), publisher=None)
    Desk.editor = EditorFactory()
    run_state_machine_as_test(
        Desk, settings=settings(max_examples=settings.default.max_examples // 2, stateful_step_count=8)
    )


# ---- any set of statements ----


@given(st.lists(STATEMENTS, min_size=8, max_size=30))
def test_any_statements_have_the_positions_that_are_computed_from_scratch(given):
    with transaction.atomic():
        actors, topics = GovernmentFactory.create_batch(2), [TopicFactory()]
        speakers = [ActorFactory(kind="person"), ActorFactory(kind="group"), ActorFactory(kind="person")]
        source = SourceFactory(publisher=None)
        statements = [
            Statement(
                key=f"{one['key']}{number}",
                source=source,
                speaker=speakers[one["speaker"] % 3],
                earliest=one["date"].earliest,
                latest=one["date"].latest,
                authority=one["authority"],
                summary="Said.",
                status="published",
                published_at=timezone.now(),
            )
            for number, one in enumerate(given)
        ]
        Statement.objects.bulk_create(statements)
        Stance.objects.bulk_create(
            Stance(
                statement=statement,
                actor=actors[number % 2],
                topic=topics[0],
                position=value,
                terms=terms,
                basis=basis,
                rationale="So it is.",
                attribution=voice,
            )
            for statement, one in zip(statements, given, strict=True)
            for number, (_, _, (value, terms), basis, voice) in enumerate(one["stances"])
        )
        assert_right()
        transaction.set_rollback(True)


# ---- the computation in SQL is itself right ----


def test_the_computation_in_sql_tells_a_history_as_the_codebook_does():
    shared = {"actor": GovernmentFactory(), "topic": TopicFactory()}
    days = ["2024-01-01", "2024-02-01", "2024-03", "2024-04-01"]
    values = [(2, ""), (2, ""), (-1, "time"), (-2, "")]
    stances = [
        StanceFactory(**shared, statement__date=date, position=value, terms=terms)
        for date, (value, terms) in zip(days, values, strict=True)
    ]
    actor, topic = str(shared["actor"].pk), str(shared["topic"].pk)
    ids = [str(stance.pk) for stance in stances]
    columns = [
        ("2024-01-01", "2024-03-31", "2", "", ids[0], "None", "", "first", "1", "2024-02-01"),
        ("2024-03-31", "2024-04-01", "-1", "time", ids[2], "2", "", "reversal", "0", "2024-03-31"),
        ("2024-04-01", "None", "-2", "", ids[3], "-1", "time", "terms", "0", "2024-04-01"),
    ]
    assert from_scratch.positions() == [(actor, topic, "own", *rest) for rest in columns]
    assert from_scratch.roles() == [
        (ids[0], "opened", "0"),
        (ids[1], "confirmed", "0"),
        (ids[2], "opened", "0"),
        (ids[3], "opened", "0"),
    ]
    assert_right()


# ---- questions to the table ----


@pytest.fixture
def history():
    """One actor: for from 1 January, against from 1 March; and a report from 1 February."""
    shared = {"actor": GovernmentFactory(), "topic": TopicFactory()}
    StanceFactory(**shared, statement__date="2024-01-01")
    StanceFactory(**shared, statement__date="2024-03-01", position=-2)
    StanceFactory(**shared, statement__date="2024-02-01", position=0, attribution="reported")


@pytest.mark.parametrize(
    ("day", "held"),
    [
        ("2023-12-31", []),
        ("2024-01-01", [2]),
        ("2024-01-31", [2]),
        ("2024-02-01", [0, 2]),
        ("2024-02-29", [0, 2]),
        ("2024-03-01", [-2, 0]),
        ("2030-01-01", [-2, 0]),
    ],
)
def test_positions_on_a_day(history, day, held):
    rows = Position.objects.on(dt.date.fromisoformat(day))
    assert sorted(rows.values_list("value", flat=True)) == held


def test_changes_are_of_the_own_voice_and_no_first_ones(history):
    StanceFactory(
        actor=Actor.objects.governments().get(),
        topic=Topic.objects.get(),
        statement__date="2024-03-02",
        attribution="reported",
    )
    change = Position.objects.changes().get()
    assert (change.value, change.previous_value, change.size, change.kind) == (-2, 2, -4, "reversal")
    assert Position.objects.own().count() == 2


def test_rows_with_evidence_need_no_more_queries(history, django_assert_num_queries):
    with django_assert_num_queries(1):
        for row in Position.objects.with_evidence():
            statement = row.opening.statement
            str((row.actor, row.topic, row.topic.parent, statement.speaker, statement.source.publisher))


def test_the_database_and_the_plain_computation_rank_keys_alike():
    keys = ["a", "A", "a-1", "a_1", "a1", "Z", "a-10", "a-2", "B2", "b-2"]
    shared = {"actor": GovernmentFactory(), "topic": TopicFactory()}
    for key in keys:
        StanceFactory(**shared, statement__key=key, position=-1, terms="time" if key == "A" else "scope")
    ((_, entries),) = positions.entries_of(Stance.objects.in_series()).items()
    assert compute(entries)[0][0].opening.key == min(keys) == "A"
    assert_right()


def test_every_position_there_is_has_words():
    assert {(value, terms) for value, terms in WORDS if abs(value) == 1} == {
        (value, terms) for value in (1, -1) for terms in ("proviso", "time", "scope", "leaning")
    }
