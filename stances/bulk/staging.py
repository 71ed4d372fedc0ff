"""Rows of the bulk format set aside in temporary tables: what each says of a statement, a stance, and what they name.

A cell that is blank says nothing and is NULL there; one that clears a value is the empty text.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.core.validators import MaxLengthValidator

from stances import dialects
from stances.bulk.reading import Line
from stances.cells import ACTOR, COLUMNS, EVERY, SOURCE, STANCE, STATEMENT, TOPIC, Meaning
from stances.dates import PartialDate
from stances.exports import CLEAR, restored
from stances.faults import rule_of_name
from stances.imports import Problems
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.models.curated import CuratedModel
from stances.tables import in_words, name_of_actor

CHUNK = 20_000
#: How many different cells of a column, and names with what is said of them, are remembered.
REMEMBERED = 10_000
TOLD_EVERY = 100_000
#: What each row names, and cannot be without.
NAMED = ("statement_key", "actor", "topic")


@dataclass(frozen=True, eq=False)
class Stage:
    """A temporary table: of what model its rows tell, and by field the columns of the format that say it."""

    model: type[CuratedModel]
    said: dict[str, str]
    extra: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return f"stances_said_{self.model._meta.model_name}"

    @property
    def columns(self) -> tuple[str, ...]:
        return ("n", "name", *(f"said_{field}" for field in self.said), *self.extra)

    def make(self) -> None:
        kind = 'text COLLATE "C"' if dialects.is_postgresql() else "text"
        numbers = ("n", "as_actor", "as_publisher")
        dialects.temporary(
            self.table, ", ".join(f"{name} {'integer' if name in numbers else kind}" for name in self.columns)
        )


def _said_of(owner: str) -> dict[str, str]:
    return {meaning.name: column for column, meaning in EVERY.items() if meaning.owner == owner and column not in NAMED}


STATEMENTS = Stage(Statement, _said_of(STATEMENT))
STANCES = Stage(Stance, _said_of(STANCE), ("actor", "topic"))
ACTORS = Stage(Actor, _said_of(ACTOR), ("as_actor", "as_publisher", "usual_name"))
TOPICS = Stage(Topic, _said_of(TOPIC), ("usual_name",))
SOURCES = Stage(Source, _said_of(SOURCE), ("usual_name",))
STAGES = (ACTORS, TOPICS, SOURCES, STATEMENTS, STANCES)


def _written(value: Any) -> str:
    """Write what a cell says as it is set aside; of a date the first day, where it is known, and the last."""
    if value is None:
        return ""
    if isinstance(value, PartialDate):
        return f"{value.earliest or ''}/{value.latest}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


class Reader(dict):
    """By the cells of a column what they say, as it is set aside; each is read by the column's rules, and remembered.

    Raises ValueError with the rule that a cell breaks.
    """

    def __init__(self, meaning: Meaning) -> None:
        super().__init__()
        self.meaning = meaning
        field: Any = meaning.field
        self.names = field.related_model if meaning.is_reference else None
        #: How long a cell may be that any text fills, which needs no reading.
        self.room = 0
        plain = meaning.is_text and not meaning.is_reference and not field.choices
        if plain and all(type(rule) is MaxLengthValidator for rule in field.validators):
            self.room = field.max_length or sys.maxsize

    def __missing__(self, cell: str) -> str | None:
        text = cell.strip()
        if not text:
            return None
        written = restored(cell) if len(cell) <= self.room and text != CLEAR else self._read(cell)
        if self.room != sys.maxsize:
            if len(self) == REMEMBERED:
                self.clear()
            self[cell] = written
        return written

    def _read(self, cell: str) -> str:
        value = self.meaning.read(cell)
        if self.names:
            if value and (rule := rule_of_name(self.names, value)):
                raise ValueError(rule)
        else:
            self.meaning.check(value)
        return _written(value)


class Staging:
    """Sets rows aside, thousands at a time; what is wrong with a row's cells is told, and the row left out."""

    def __init__(self, problems: Problems, tell: Callable[[str], None]) -> None:
        self.problems = problems
        self.tell = tell
        self.readers = [Reader(meaning) for meaning in EVERY.values()]
        self.waiting: dict[Stage, list[tuple]] = {stage: [] for stage in STAGES}
        self.seen: dict[Stage, set[tuple]] = {stage: set() for stage in STAGES}
        for stage in STAGES:
            stage.make()

    def take(self, lines: Iterable[Line]) -> int:
        """Set all rows aside; give their number."""
        readers = self.readers
        named, statement_of, stance_of = _pick(*NAMED), _pick_stage(STATEMENTS), _pick_stage(STANCES)
        actor_of, topic_of, source_of = _pick_stage(ACTORS), _pick_stage(TOPICS), _pick_stage(SOURCES)
        speaker_of = _pick("speaker", "speaker_name", "speaker_kind")
        statements, stances = self.waiting[STATEMENTS], self.waiting[STANCES]
        actors, topics, sources = self.seen[ACTORS], self.seen[TOPICS], self.seen[SOURCES]
        before, count = None, 0
        for number, cells in lines:
            try:
                said = [reader[cell] if cell else None for reader, cell in zip(readers, cells, strict=True)]
                key, actor, topic = named(said)
                if not (key and actor and topic) or "\x00" in "".join(cells):
                    raise ValueError
            except ValueError:
                self._explain(number, cells)
                continue
            statement = statement_of(said)
            if statement != before:
                statements.append((number, *statement))
                before = statement
            stances.append((number, *stance_of(said), actor, topic))
            if (one := (*actor_of(said), 1, 0)) not in actors:
                self._name(ACTORS, number, one)
            if (one := topic_of(said)) not in topics:
                self._name(TOPICS, number, one)
                if parent := one[2]:
                    self._name(TOPICS, number, (parent, None, None, None))
            if (one := (*speaker_of(said), 0, 0)) not in actors:
                self._of_named(number, cells, one, "speaker", ACTORS)
            if (one := source_of(said)) not in sources:
                self._of_named(number, cells, one, "source", SOURCES)
                if publisher := said[PUBLISHER]:
                    self._name(ACTORS, number, (publisher, None, None, 0, 1))
            count += 1
            if len(stances) == CHUNK:
                self._write()
                if count % TOLD_EVERY == 0:
                    self.tell(f"{count:,} rows read")
        self._write()
        dialects.analyse(*(stage.table for stage in STAGES))
        return count

    def _name(self, stage: Stage, number: int, row: tuple) -> None:
        """Set aside what is said of a row that others name, once."""
        seen = self.seen[stage]
        if len(seen) == REMEMBERED:
            seen.clear()
        if row not in seen:
            seen.add(row)
            usual = name_of_actor if stage is ACTORS else in_words
            self.waiting[stage].append((number, *row, usual(row[0])))

    def _of_named(self, number: int, cells: Sequence[str], row: tuple, column: str, stage: Stage) -> None:
        if row[0]:
            self._name(stage, number, row)
            return
        self.seen[stage].add(row)
        for name in stage.said.values() if column == "source" else ("speaker_name", "speaker_kind"):
            cell = cells[COLUMNS.index(name)]
            if cell.strip():
                self.seen[stage].discard(row)
                self.problems.add(number, name, cell, f"Name the {column} of which this is said.")

    def _explain(self, number: int, cells: Sequence[str]) -> None:
        """Tell what is wrong with a row; one that is blank is no row."""
        if not any(cell.strip() for cell in cells):
            return
        for column, reader, cell in zip(COLUMNS, self.readers, cells, strict=True):
            try:
                if "\x00" in cell:
                    raise ValueError("A NUL character is in it, which no text has.")
                if not reader[cell] and column in NAMED:
                    raise ValueError("It is needed in each row.")
            except ValueError as error:
                self.problems.add(number, column, cell.replace("\x00", "�"), str(error))

    def _write(self) -> None:
        for stage, rows in self.waiting.items():
            if rows:
                dialects.write(stage.table, ", ".join(stage.columns), rows)
                rows.clear()


PUBLISHER = COLUMNS.index("publisher")


def _pick(*columns: str) -> Callable[[Sequence], tuple]:
    return itemgetter(*map(COLUMNS.index, columns))


def _pick_stage(stage: Stage) -> Callable[[Sequence], tuple]:
    name = {Statement: "statement_key", Stance: "statement_key", Actor: "actor", Topic: "topic", Source: "source"}
    return _pick(name[stage.model], *stage.said.values())
