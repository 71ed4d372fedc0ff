"""Rows of the bulk format set aside in temporary tables: what each says of a statement, a stance, and what they name.

A cell that is blank says nothing and is NULL there; one that clears a value is the empty text.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.core.validators import MaxLengthValidator

from stances import dialects
from stances.bulk.reading import Line
from stances.cells import ACTOR, COLUMNS, EVERY, NAMED, SOURCE, STANCE, STATEMENT, TOPIC, Meaning, rule_of_missing
from stances.dates import PartialDate
from stances.exports import CLEAR, restored
from stances.faults import rule_of_name
from stances.imports import Problems
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.models.curated import CuratedModel
from stances.tables import in_words, name_of_actor

CHUNK = 20_000
#: How many rows are read together: as many as stay near the processor.
AT_ONCE = 50
#: How many different cells of a column, and names with what is said of them, are remembered.
REMEMBERED = 10_000
TOLD_EVERY = 100_000


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
        super().__init__({"": None})
        self.meaning = meaning
        field: Any = meaning.field
        self.names = field.related_model if meaning.is_reference else None
        #: How long a cell may be that any text fills, which needs no reading.
        self.room = 0
        plain = meaning.is_text and not meaning.is_reference and not field.choices
        if plain and all(type(rule) is MaxLengthValidator for rule in field.validators):
            self.room = field.max_length or sys.maxsize

    def __missing__(self, cell: str) -> str | None:
        if "\x00" in cell:
            raise ValueError("A NUL character is in it, which no text has.")
        written: str | None
        if self.names and not rule_of_name(self.names, cell):
            written = cell
        elif not (text := cell.strip()):
            written = None
        else:
            written = restored(cell) if len(cell) <= self.room and text != CLEAR else self._read(cell)
        if self.room != sys.maxsize:
            if len(self) == REMEMBERED:
                self.clear()
                self[""] = None
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
        #: What the row before says of its statement.
        self.before: tuple = ()
        for stage in STAGES:
            stage.make()

    def take(self, lines: Iterable[Line]) -> int:
        """Set all rows aside; give their number."""
        lines, count = iter(lines), 0
        while some := list(islice(lines, AT_ONCE)):
            rows, columns = self._said(some)
            self._set_aside(rows, columns)
            before, count = count, count + len(rows)
            if len(self.waiting[STANCES]) >= CHUNK:
                self._write()
            if before // TOLD_EVERY < count // TOLD_EVERY:
                self.tell(f"{count // TOLD_EVERY * TOLD_EVERY:,} rows read")
        self._write()
        dialects.analyse(*(stage.table for stage in STAGES))
        return count

    def _said(self, rows: list[Line]) -> tuple[list[Line], list[list[str | None]]]:
        """Give what rows say, by column, and these rows, without those in which something is wrong, which is told.

        Looking up column by column, not cell by cell, leaves the loop to the interpreter's own code.
        """
        cells = zip(*(cells for _, cells in rows), strict=True)
        try:
            said = [list(map(reader.__getitem__, column)) for reader, column in zip(self.readers, cells, strict=True)]
            if not any(None in said[place] for place in NAMED_PLACES):
                return rows, said
        except ValueError:
            pass
        right = [row for row in rows if self._is_right(*row)]
        return right, self._said(right)[1] if right else [[] for _ in COLUMNS]

    def _is_right(self, number: int, cells: Sequence[str]) -> bool:
        """Tell what is wrong with a row, if anything is; one that is blank is no row."""
        if not any(cell.strip() for cell in cells):
            return False
        right = True
        for column, reader, cell in zip(COLUMNS, self.readers, cells, strict=True):
            try:
                if not reader[cell] and column in NAMED:
                    raise ValueError(rule_of_missing())
            except ValueError as error:
                self.problems.add(number, column, cell.replace("\x00", "�"), str(error))
                right = False
        return right

    def _set_aside(self, rows: list[Line], said: list[list[str | None]]) -> None:
        def of(places: tuple[int, ...]) -> Iterator[tuple]:
            return zip(*(said[place] for place in places), strict=True)

        statements = self.waiting[STATEMENTS]
        numbers = [number for number, _ in rows]
        for number, statement in zip(numbers, of(PLACES[STATEMENTS]), strict=True):
            if statement != self.before:
                statements.append((number, *statement))
                self.before = statement
        self.waiting[STANCES] += zip(numbers, *(said[place] for place in PLACES[STANCES]), strict=True)
        actors, topics, sources = self.seen[ACTORS], self.seen[TOPICS], self.seen[SOURCES]
        for number, actor in zip(numbers, of(PLACES[ACTORS]), strict=True):
            if (one := (*actor, 1, 0)) not in actors:
                self._name(ACTORS, number, one)
        for number, topic in zip(numbers, of(PLACES[TOPICS]), strict=True):
            if topic not in topics:
                self._name(TOPICS, number, topic)
                if parent := topic[2]:
                    self._name(TOPICS, number, (parent, None, None, None))
        for (number, cells), speaker in zip(rows, of(SPEAKER_PLACES), strict=True):
            if (one := (*speaker, 0, 0)) not in actors:
                self._of_named(number, cells, one, "speaker", ACTORS)
        for (number, cells), source, publisher in zip(rows, of(PLACES[SOURCES]), said[PUBLISHER], strict=True):
            if source not in sources:
                self._of_named(number, cells, source, "source", SOURCES)
                if publisher:
                    self._name(ACTORS, number, (publisher, None, None, 0, 1))

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

    def _write(self) -> None:
        for stage, rows in self.waiting.items():
            if rows:
                dialects.write(stage.table, ", ".join(stage.columns), rows)
                rows.clear()


def _places(*columns: str) -> tuple[int, ...]:
    return tuple(map(COLUMNS.index, columns))


#: Where what rows say of a kind stands among the columns: its name first, then its fields.
PLACES = {
    ACTORS: _places("actor", *ACTORS.said.values()),
    TOPICS: _places("topic", *TOPICS.said.values()),
    SOURCES: _places("source", *SOURCES.said.values()),
    STATEMENTS: _places("statement_key", *STATEMENTS.said.values()),
    STANCES: _places("statement_key", *STANCES.said.values(), "actor", "topic"),
}
NAMED_PLACES = _places(*NAMED)
SPEAKER_PLACES = _places("speaker", "speaker_name", "speaker_kind")
PUBLISHER = COLUMNS.index("publisher")
