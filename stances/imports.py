"""What a table would do to the database: the rows it tells of, what differs, what is wrong, and writing it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from stances.models import Actor, Source, Stance, Statement, Topic
from stances.models.curated import CuratedModel
from stances.sheets import Sheet
from stances.writes import public_write

BATCH = 500
KEPT = 1000


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong with a cell or a row: where, what stands there, and the rule that it breaks."""

    row: int
    column: str
    value: str
    rule: str

    def __str__(self) -> str:
        where = f"Row {self.row}" if self.row else "The table"
        cell = f", {self.column}" if self.column else ""
        value = f" “{shortened(self.value)}”" if self.value else ""
        return f"{where}{cell}{value}: {self.rule}"


@dataclass
class Problems:
    """What is wrong with a table: the first in the order of its rows, and how many there are."""

    kept: list[Problem] = field(default_factory=list)
    count: int = 0
    rows: set[int] = field(default_factory=set)

    def add(self, row: int, column: str, value: Any, rule: str) -> None:
        self.count += 1
        self.rows.add(row)
        if len(self.kept) < KEPT:
            self.kept.append(Problem(row, column, str(value), rule))

    def first(self, count: int) -> list[Problem]:
        return sorted(self.kept)[:count]


@dataclass(frozen=True)
class Given:
    """What a cell says."""

    value: Any
    row: int
    column: str
    cell: str


@dataclass(frozen=True)
class Change:
    """A field that differs from what stands."""

    name: str
    before: str
    after: str
    given: Given


@dataclass(eq=False)
class Record:
    """A row of the database that the table tells of: what stands, what is said of it, and as it would be."""

    model: type[CuratedModel]
    name: str
    row: int
    column: str
    standing: Any = None
    given: dict[str, Given] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    said_as: set[str] = field(default_factory=set)
    stances: dict[tuple[Record, Record], Record] = field(default_factory=dict)
    instance: Any = None

    @property
    def noun(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def is_new(self) -> bool:
        return self.standing is None

    @property
    def differs(self) -> bool:
        return self.is_new or bool(self.changes)

    def refers_to(self, name: str) -> Record | None:
        given = self.given.get(name)
        return given.value if given else None


@dataclass
class Comparison:
    """What a table would do here: every row it tells of, and everything that is wrong with it."""

    sheet: Sheet
    problems: Problems
    records: dict[type[CuratedModel], list[Record]]

    def new(self, model: type[CuratedModel]) -> list[Record]:
        return [record for record in self.records[model] if record.is_new]

    def changed(self, model: type[CuratedModel]) -> list[Record]:
        return [record for record in self.records[model] if record.changes]

    @property
    def same(self) -> int:
        """Count the stances that stand as the table has them, with their statements."""
        return sum(
            not (record.differs or stance.differs)
            for record in self.records[Statement]
            for stance in record.stances.values()
        )

    @property
    def has_differences(self) -> bool:
        return any(record.differs for records in self.records.values() for record in records)

    @property
    def digest(self) -> str:
        """Sum up what would be written, so that it can be seen to be what was looked at before."""
        told = hashlib.sha256(self.sheet.sha256.encode())
        for model, records in self.records.items():
            for record in records:
                if record.differs:
                    changes = [(change.name, change.before, change.after) for change in record.changes]
                    told.update(repr((model.__name__, record.name, record.is_new, changes)).encode())
        return told.hexdigest()

    @property
    def reason(self) -> str:
        return f"imported from {self.sheet.name}, SHA-256 {self.sheet.sha256}"

    def write(self, *, by=None) -> None:
        """Write it, with its history, as drafts that `by` has coded; call it under the lock that it was made under."""
        if self.problems.count:
            raise ValueError("A table with errors is not written.")
        now = timezone.now()
        history = {
            "batch_size": BATCH,
            "default_user": by,
            "default_change_reason": self.reason,
            "default_date": now,
        }
        with public_write():
            for model in (Actor, Topic, Source, Statement, Stance):
                for layer in _layers(model, [record.instance for record in self.new(model)]):
                    for rows in batches(layer):
                        for row in rows:
                            if model is Statement:
                                row.coder = by
                        model.objects.bulk_create(rows)
                        model.history.bulk_history_create(rows, **history)
                changed = self.changed(model)
                names = {part for record in changed for change in record.changes for part in _columns_of(change.name)}
                for rows in batches([record.instance for record in changed]):
                    model.objects.bulk_update(rows, sorted(names))
                    model.history.bulk_history_create(rows, update=True, **history)


def batches(items: Iterable) -> Iterator[list]:
    items = list(items)
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"


def _columns_of(name: str) -> tuple[str, ...]:
    return ("earliest", "latest") if name == "date" else (name,)


def _layers(model: type[CuratedModel], rows: list[Any]) -> Iterator[list[Any]]:
    """Give rows in an order in which each finds the row of its own kind that it points to."""
    towards = {Topic: "parent", Statement: "repeats"}.get(model)
    while towards and rows:
        ready = [row for row in rows if (other := getattr(row, towards)) is None or other.pk]
        if not ready:
            break
        later = [row for row in rows if (other := getattr(row, towards)) is not None and not other.pk]
        yield ready
        rows = later
    if rows:
        yield rows
