"""The history of a published record: what changed in a statement and its stances since it was first public."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Any

from stances.dates import PartialDate
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.models.statements import WAS_RETRACTED
from stances.vocabulary import Status, wording

#: What an editor decides in the course of review, and what a page computes, is no part of the public record.
PRIVATE = {"id", "coder", "reviewer", "review_comment", "published_at", "retraction_reason", "statement"}
LOADED = "loaded from fixture"


@dataclass(frozen=True)
class Change:
    """One thing that happened to a record, and the role of who did it."""

    at: dt.datetime
    what: str
    before: str
    after: str
    who: str


def record_of(statement: Statement) -> list[Change]:
    """List what happened to a published statement and its stances since its first publication, newest first.

    Names of users and texts of the time before are left out. A constant number of queries.
    """
    entries = list(statement.history.order_by("history_date", "history_id"))
    first = next((place for place, entry in enumerate(entries) if entry.status == Status.PUBLISHED), None)
    if first is None:
        return []
    start = entries[first]
    stances = list(Stance.history.filter(statement=statement.pk).order_by("history_date", "history_id"))
    names = Names([*entries[first:], *stances])
    changes = [Change(start.history_date, "Published", "", "", who(start, statement))]
    for old, new in pairwise(entries[first:]):
        changes += differences(old, new, names, statement)
    changes += stance_changes(stances, start.history_date, names, statement)
    return sorted(changes, key=lambda change: change.at, reverse=True)


def retracted_on(statement: Statement) -> dt.date | None:
    """Give the day on which a retracted statement was withdrawn, by its history; None where that does not tell."""
    entries = statement.history.order_by("-history_date", "-history_id").values_list("status", "history_date")
    retracted = [at for status, at in takewhile(lambda entry: entry[0] == Status.RETRACTED, entries)]
    return retracted[-1].date() if retracted else None


def takes_its_place(statement: Statement) -> Statement | None:
    """Find the published statement in which the words of a retracted one still count: what it repeated, or else the
    repeat that took its place, by the history, and the place of any that was retracted after it.
    """
    if statement.repeats and statement.repeats.is_public:
        return statement.repeats
    repeated = Statement.history.filter(repeats=statement.pk).order_by().values("id")
    key, met = statement.key, {statement.pk}
    while True:
        promoted = Statement.history.filter(
            id__in=repeated, repeats=None, history_change_reason=WAS_RETRACTED.format(key)
        )
        pk = promoted.order_by("-history_date").values_list("id", flat=True).first()
        heir = Statement.objects.with_evidence().filter(pk=pk).first()
        if heir is None or heir.pk in met:
            return None
        if heir.is_public:
            return heir
        met.add(heir.pk)
        key = heir.key


def who(entry, statement: Statement) -> str:
    """Name the role of who wrote an entry, never the person."""
    if entry.history_user_id is None:
        return "program" if entry.history_change_reason != LOADED else "loaded with the data"
    return "coder" if entry.history_user_id == statement.coder_id else "editor"


def differences(old, new, names: Names, statement: Statement) -> Iterator[Change]:
    """Describe what differs between two entries of one statement, a field a line; the two days are one date."""
    by = who(new, statement)
    if old.status != new.status:
        yield Change(new.history_date, new.get_status_display().capitalize(), "", "", by)
    date, dated = (str(PartialDate(entry.earliest, entry.latest)) for entry in (old, new))
    if date != dated:
        yield Change(new.history_date, "Date", date, dated, by)
    for field in Statement._meta.fields:
        if field.name in PRIVATE | {"status", "earliest", "latest"}:
            continue
        before, after = (names.word(entry, field) for entry in (old, new))
        if before != after:
            yield Change(new.history_date, field.verbose_name.capitalize(), before, after, by)


def stance_changes(entries: Iterable[Any], start: dt.datetime, names: Names, statement: Statement) -> Iterator[Change]:
    """Describe what became of the stances after the statement was first public."""
    before: dict[int, Any] = {}
    for entry in entries:
        old = before.get(entry.id)
        if entry.history_date > start:
            told = f"{names.of(Actor, entry.actor_id)} on {names.of(Topic, entry.topic_id)}"
            after = wording(entry.position, entry.terms)
            by = who(entry, statement)
            if entry.history_type == "-":
                yield Change(entry.history_date, f"Stance taken out: {told}", after, "", by)
            elif old is None:
                yield Change(entry.history_date, f"Stance added: {told}", "", after, by)
            else:
                yield from stance_differences(old, entry, told, names, by)
        before[entry.id] = entry


def stance_differences(old, new, told: str, names: Names, by: str) -> Iterator[Change]:
    was, is_now = (wording(entry.position, entry.terms) for entry in (old, new))
    if was != is_now:
        yield Change(new.history_date, f"Position: {told}", was, is_now, by)
    for field in Stance._meta.fields:
        if field.name in PRIVATE | {"position", "terms"} | set(Stance.DERIVED):
            continue
        before, after = (names.word(entry, field) for entry in (old, new))
        if before != after:
            yield Change(new.history_date, f"{field.verbose_name.capitalize()}: {told}", before, after, by)


class Names:
    """Names of the rows that history entries point to, which may be gone since."""

    KINDS: dict[str, type] = {"actor": Actor, "topic": Topic, "speaker": Actor, "source": Source, "repeats": Statement}

    def __init__(self, entries: Iterable[Any]) -> None:
        wanted: dict[type, set[int]] = {Actor: set(), Topic: set(), Source: set(), Statement: set()}
        for entry in entries:
            for name, model in self.KINDS.items():
                if pk := getattr(entry, f"{name}_id", None):
                    wanted[model].add(pk)
        self.found = {
            model: {row.pk: row.key if model is Statement else str(row) for row in self.readable(model, pks)}
            for model, pks in wanted.items()
        }

    @staticmethod
    def readable(model: Any, pks: set[int]) -> Iterable[Any]:
        rows = model._base_manager.filter(pk__in=pks)
        if model is Statement:
            return rows.published()
        return rows if model is Topic else rows.public()

    def of(self, model: type, pk: int | None) -> str:
        return self.found[model].get(pk, "another") if pk else ""

    def word(self, entry, field) -> str:
        if field.name in self.KINDS:
            return self.of(self.KINDS[field.name], getattr(entry, field.attname))
        value = getattr(entry, field.attname)
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        return "" if value is None else str(value)
