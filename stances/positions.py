"""Keeps the table of positions: reads the stances of touched series, computes, and writes what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db.models import Q, QuerySet

from stances.models import Position, Stance
from stances.models.statements import Role
from stances.series import Entry, Interval, compute, contradicted
from stances.vocabulary import ActorKind, Voice
from stances.writes import Pair, public_write

SeriesKey = tuple[int, int, str]
BATCH = 200
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


def rows_of(key: SeriesKey, intervals: Iterable[Interval]) -> Iterator[Position]:
    """Give a computed series as rows, not saved."""
    actor, topic, voice = key
    for interval in intervals:
        previous = interval.previous or (None, "")
        yield Position(
            actor_id=actor,
            topic_id=topic,
            voice=voice,
            since=interval.since,
            until=interval.until,
            value=interval.value,
            terms=interval.terms,
            opening_id=interval.opening.stance,
            previous_value=previous[0],
            previous_terms=previous[1],
            kind=interval.kind,
            confirmations=interval.confirmations,
            last_stated_on=interval.last_stated_on,
        )


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
        for entry in entries:
            verdict = verdicts[entry.stance]
            role = Role(verdict.role) if verdict.decides else Role.PASSED_OVER
            differs = key[2] == Voice.OWN and bool(contradicted(entry, entries))
            roles[entry.stance] = (role, differs)
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


def all_pairs() -> set[Pair]:
    """Name every series that has stances or positions."""
    stances = set(Stance.objects.order_by().values_list("actor_id", "topic_id").distinct())
    return stances | set(Position.objects.order_by().values_list("actor_id", "topic_id").distinct())


def rebuild() -> bool:
    """Compute every series anew; tell whether anything differed."""
    with public_write() as write:
        Stance.objects.stale().copy_from_statements()
        changed = refresh(all_pairs())
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
