"""Keeps the table of positions: reads the stances of touched series, computes, and writes what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter

from django.db.models import Q, QuerySet

from stances import dialects
from stances.dialects import as_day
from stances.models import Position, Stance
from stances.models.statements import Role
from stances.series import Entry, Interval, Verdict, colleagues_of, compute
from stances.vocabulary import ActorKind, Voice
from stances.writes import Pair, public_write

SeriesKey = tuple[int, int, str]
BATCH = 200
KEY = ("actor_id", "topic_id", "voice", "since")
COMPARED = (
    "until",
    "value",
    "terms",
    "opening_id",
    "previous_value",
    "previous_terms",
    "kind",
    "confirmations",
    "last_stated_on",
)
COLUMNS = (*KEY, *COMPARED)
GROUP = str(ActorKind.GROUP)
PASSED_OVER = str(Role.PASSED_OVER)


def entries_of(stances: QuerySet[Stance]) -> dict[SeriesKey, list[Entry]]:
    """Read stances as entries of their series, by actor, topic and voice."""
    series: dict[SeriesKey, list[Entry]] = defaultdict(list)
    rows = stances.order_by().values_list(
        "actor_id",
        "topic_id",
        "attribution",
        "id",
        "statement__key",
        "earliest_on",
        "stated_on",
        "position",
        "terms",
        "basis",
        "speaker__kind",
        "authority",
        "speaker_id",
    )
    for actor, topic, voice, *rest, kind, authority, speaker in rows.iterator(chunk_size=5000):
        series[actor, topic, voice].append(Entry(*rest, kind == ActorKind.GROUP, authority, speaker))
    return series


def values_of(key: SeriesKey, intervals: Iterable[Interval]) -> Iterator[tuple]:
    """Give a computed series as the values of its rows, in the order of COLUMNS."""
    for interval in intervals:
        yield (
            *key,
            interval.since,
            interval.until,
            interval.value,
            interval.terms,
            interval.opening.stance,
            *(interval.previous or (None, "")),
            str(interval.kind),
            interval.confirmations,
            interval.last_stated_on,
        )


def rows_of(key: SeriesKey, intervals: Iterable[Interval]) -> Iterator[Position]:
    """Give a computed series as rows, not saved."""
    for values in values_of(key, intervals):
        yield Position(**dict(zip(COLUMNS, values, strict=True)))


def roles_of(key: SeriesKey, entries: list[Entry], verdicts: dict[int, Verdict]) -> Iterator[tuple[int, str, bool]]:
    """Say of each stance of a series what it does there, and whether its speaker differs from a colleague."""
    differ = colleagues_of(entries) if key[2] == Voice.OWN else ()
    for entry in entries:
        verdict = verdicts[entry.stance]
        yield entry.stance, verdict.role if verdict.decides else PASSED_OVER, entry.stance in differ


def refresh(pairs: Iterable[Pair]) -> bool:
    """Compute the series of these actors and topics anew and write what differs; tell whether anything did.

    Only inside `public_write()`, which holds the lock. Rows that stay as they are keep their ids.
    """
    changed = False
    ordered = iter(sorted(set(pairs)))
    while batch := list(islice(ordered, BATCH)):
        changed |= _refresh_batch(batch)
    return changed


def _refresh_batch(pairs: list[Pair]) -> bool:
    topics = defaultdict(list)
    for actor, topic in pairs:
        topics[actor].append(topic)
    these = Q()
    for actor, of_actor in topics.items():
        these |= Q(actor=actor, topic__in=of_actor)
    series = entries_of(Stance.objects.in_series().filter(these))
    wanted: dict[tuple, Position] = {}
    roles: dict[int, tuple[str, bool]] = {}
    for key, entries in series.items():
        intervals, verdicts = compute(entries)
        for row in rows_of(key, intervals):
            wanted[*key, row.since] = row
        for stance, role, differs in roles_of(key, entries, verdicts):
            roles[stance] = (role, differs)
    present = {(p.actor_id, p.topic_id, p.voice, p.since): p for p in Position.objects.filter(these)}
    gone = [row.pk for key, row in present.items() if key not in wanted]
    differing, fresh = [], []
    for key, row in wanted.items():
        stored = present.get(key)
        if stored is None:
            fresh.append(row)
        elif any(getattr(stored, field) != getattr(row, field) for field in COMPARED):
            row.pk = stored.pk
            differing.append(row)
    if gone:
        Position.objects.filter(pk__in=gone).delete()
    if differing:
        Position.objects.bulk_update(differing, [field.removesuffix("_id") for field in COMPARED], batch_size=100)
    Position.objects.bulk_create(fresh, batch_size=500)
    return bool(gone or differing or fresh) | _write_roles(these, roles)


def _write_roles(these: Q, roles: dict[int, tuple[str, bool]]) -> bool:
    stored = Stance.objects.filter(these).values_list("pk", "role", "colleagues_differ")
    changes = defaultdict(list)
    for pk, role, differs in stored:
        wanted = roles.get(pk, ("", False))
        if wanted != (role, differs):
            changes[wanted].append(pk)
    for (role, differs), pks in changes.items():
        QuerySet.update(Stance._base_manager.filter(pk__in=pks), role=role, colleagues_differ=differs)
    return bool(changes)


# ---- many series at once ----

#: Temporary tables: the series that are computed anew, their rows as they are wanted, and what their stances do.
TOUCHED = "stances_touched_series"
WANTED = "stances_wanted_position"
ROLES = "stances_wanted_role"
#: What an entry is made of, from `h`, a stance, `st`, its statement, and `speaker`.
_ENTRY = (
    "h.actor_id, h.topic_id, h.attribution, h.id, st.key, h.earliest_on, h.stated_on, h.position, h.terms, h.basis, "
    "speaker.kind, h.authority, h.speaker_id"
)
_COUNTS = "h.public AND NOT h.repeat"
CHUNK = 10_000


def touch(pairs: str) -> None:
    """Name the series that are to be computed anew: `pairs` selects actors and topics."""
    dialects.temporary(TOUCHED, "actor_id bigint, topic_id bigint", key="actor_id, topic_id")
    dialects.run(f"INSERT INTO {TOUCHED} SELECT DISTINCT actor_id, topic_id FROM ({pairs}) pairs")
    dialects.analyse(TOUCHED)


def stage(coming: str = "") -> None:
    """Compute the series that are touched, from what stands and from a table of stances that are to come.

    They are read in the order of the series and set aside as they are computed, so that memory does not grow.
    """
    dialects.temporary(
        WANTED,
        "actor_id bigint, topic_id bigint, voice text, since date, until date, value integer, terms text, "
        "opening_id bigint, previous_value integer, previous_terms text, kind text, confirmations integer, "
        "last_stated_on date",
        key="actor_id, topic_id, voice, since",
    )
    dialects.temporary(ROLES, "stance_id bigint, role text, colleagues_differ boolean", key="stance_id")
    of = "JOIN stances_statement st ON st.id = h.statement_id JOIN stances_actor speaker ON speaker.id = h.speaker_id"
    parts = [
        f"SELECT {_ENTRY} FROM stances_stance h JOIN {TOUCHED} USING (actor_id, topic_id) {of} WHERE {_COUNTS}",
        *([f"SELECT {_ENTRY} FROM {coming} h {of} WHERE {_COUNTS}"] if coming else []),
    ]
    wanted: list[tuple] = []
    roles: list[tuple] = []
    for key, entries in _series(dialects.stream(f"{' UNION ALL '.join(parts)} ORDER BY 1, 2, 3", CHUNK)):
        intervals, verdicts = compute(entries)
        wanted += values_of(key, intervals)
        roles += roles_of(key, entries, verdicts)
        if len(roles) >= CHUNK:
            _set_aside(wanted, roles)
    _set_aside(wanted, roles)
    dialects.analyse(WANTED, ROLES)


def _series(rows: Iterable[tuple]) -> Iterator[tuple[SeriesKey, list[Entry]]]:
    for key, group in groupby(rows, key=itemgetter(0, 1, 2)):
        entries = [
            Entry(stance, name, as_day(first), as_day(last), value, terms, basis, kind == GROUP, authority, speaker)
            for _, _, _, stance, name, first, last, value, terms, basis, kind, authority, speaker in group
        ]
        yield key, entries


def _set_aside(wanted: list[tuple], roles: list[tuple]) -> None:
    dialects.write(WANTED, ", ".join(COLUMNS), wanted)
    dialects.write(ROLES, "stance_id, role, colleagues_differ", roles)
    wanted.clear()
    roles.clear()


def apply() -> bool:
    """Write what differs from what was set aside; tell whether anything did. Rows that stay keep their ids."""
    differ = " OR ".join(dialects.differs(f"p.{column}", f"w.{column}") for column in COMPARED)
    here = " AND ".join(f"p.{column} = w.{column}" for column in KEY)
    changed = dialects.run(
        f"DELETE FROM stances_position WHERE id IN (SELECT p.id FROM stances_position p JOIN {TOUCHED} "
        f"USING (actor_id, topic_id) LEFT JOIN {WANTED} w ON {here} WHERE w.voice IS NULL)"
    )
    changed += dialects.run(
        f"UPDATE stances_position SET {', '.join(f'{column} = w.{column}' for column in COMPARED)} "
        f"FROM {WANTED} w, stances_position p WHERE p.id = stances_position.id AND {here} AND ({differ})"
    )
    changed += dialects.run(
        f"INSERT INTO stances_position ({', '.join(COLUMNS)}) "
        f"SELECT {', '.join(f'w.{column}' for column in COLUMNS)} FROM {WANTED} w "
        f"LEFT JOIN stances_position p ON {here} WHERE p.id IS NULL ORDER BY w.since, w.actor_id, w.topic_id, w.voice"
    )
    role, differs = "COALESCE(w.role, '')", "COALESCE(w.colleagues_differ, false)"
    changed += dialects.run(
        f"UPDATE stances_stance SET role = found.role, colleagues_differ = found.differs "
        f"FROM (SELECT h.id, {role} AS role, {differs} AS differs FROM stances_stance h "
        f"JOIN {TOUCHED} USING (actor_id, topic_id) LEFT JOIN {ROLES} w ON w.stance_id = h.id "
        f"WHERE h.role <> {role} OR h.colleagues_differ <> {differs}) found WHERE found.id = stances_stance.id"
    )
    return changed > 0


def forget() -> None:
    """Drop what was set aside."""
    dialects.drop(TOUCHED, WANTED, ROLES)


def rebuild() -> bool:
    """Compute every series anew; tell whether anything differed."""
    with public_write() as write:
        dialects.suit_many_rows()
        Stance.objects.stale().copy_from_statements()
        touch("SELECT actor_id, topic_id FROM stances_stance UNION SELECT actor_id, topic_id FROM stances_position")
        stage()
        changed = apply()
        forget()
        if changed:
            write.touch_public()
    return changed


def differences() -> list[str]:
    """Hold the table, and what stances copy, against a computation from scratch; describe each difference."""
    stale = Stance.objects.stale().order_by("pk").values_list("statement__key", flat=True)
    found = [f"statement {key}: a stance's copy of it is out of date" for key in stale]
    stored = {(p.actor_id, p.topic_id, p.voice, p.since): p for p in Position.objects.select_related("actor", "topic")}
    for key, entries in entries_of(Stance.objects.in_series()).items():
        for row in rows_of(key, compute(entries)[0]):
            there = stored.pop((*key, row.since), None)
            where = f"actor {key[0]}, topic {key[1]}, {key[2]}, since {row.since}"
            if there is None:
                found.append(f"{where}: missing")
                continue
            found += [
                f"{where}: {field} is {getattr(there, field)!r}, not {getattr(row, field)!r}"
                for field in COMPARED
                if getattr(there, field) != getattr(row, field)
            ]
    found += [
        f"{row.actor.slug}, {row.topic.slug}, {row.voice}, since {row.since}: is not so" for row in stored.values()
    ]
    return found
