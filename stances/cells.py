"""The columns of a table of stances: what each cell says of which row, read by the codebook. No queries."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from stances.dates import PartialDate
from stances.exports import CLEAR, FOR_READERS, STANCES, Column, restored
from stances.models import Stance
from stances.vocabulary import Value

#: Whose rows a column tells of, by the path from the stance.
STANCE, STATEMENT, SPEAKER, SOURCE, ACTOR, TOPIC = (
    "",
    "statement",
    "statement__speaker",
    "statement__source",
    "actor",
    "topic",
)
NEEDED = ("statement_key", "date", "actor", "topic", "position")
#: What each row names, and cannot be without.
NAMED = ("statement_key", "actor", "topic")
_NAMES = {"slug", "key"}
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class Meaning:
    """What a column says: a field of the row that `owner` leads to; of a reference, the other row's address."""

    column: str
    owner: str
    name: str
    is_reference: bool
    is_text: bool

    @cached_property
    def field(self) -> models.Field | None:
        """Give the model's field; a date known in part has two, and so none."""
        model: Any = Stance
        for step in filter(None, self.owner.split("__")):
            model = model._meta.get_field(step).related_model
        return None if self.name == "date" else model._meta.get_field(self.name)

    def read(self, cell: str) -> Any:
        """Read a cell that is not blank; what is missing on purpose is "" or None. Raises ValueError with the rule."""
        text = cell.strip()
        if text == CLEAR:
            return self._nothing()
        if self.is_reference:
            return restored(text)
        if self.name == "date":
            return PartialDate.parse(text)
        field = self.field
        assert field is not None
        if field.choices and self.name != "position":
            return _one_of(text, [str(value) for value, _ in field.flatchoices])
        if self.name == "position":
            return _position(text)
        if isinstance(field, models.IntegerField):
            if not _WHOLE_NUMBER.fullmatch(text):
                raise ValueError("A whole number of characters, from 0.")
            return int(text)
        if isinstance(field, models.DateField):
            return _day(text)
        return restored(cell) if self.is_text else cell

    def _nothing(self) -> Any:
        field = self.field
        if field is not None and field.null:
            return None
        if field is not None and field.blank and not self.is_reference:
            return ""
        raise ValueError(f"It is never empty, so “{CLEAR}” cannot clear it.")

    def check(self, value: Any) -> None:
        """Hold a value against the rules of its field alone. Raises ValueError with the rule."""
        if self.field is None or value in (None, "") or self.is_reference:
            return
        try:
            self.field.run_validators(value)
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from None


def _meaning(column: Column) -> Meaning:
    *path, last = column.paths[0].split("__")
    if column.name == "date":
        return Meaning(column.name, STATEMENT, "date", False, False)
    if last in _NAMES:
        *owner, name = path
        return Meaning(column.name, "__".join(owner), name, True, True)
    return Meaning(column.name, "__".join(path), last, False, column.is_text)


#: By column.
EVERY = {column.name: _meaning(column) for column in STANCES}
#: What the desk's import takes: of `status` nothing, as what it brings is a draft.
MEANINGS = {name: meaning for name, meaning in EVERY.items() if name != "status"}
COLUMNS = list(EVERY)
#: What the site's own files have besides, which an import passes over.
PASSED_OVER = frozenset(column.name for column in FOR_READERS)


def wrong_columns(names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give the columns of a header that are not known, or needed and missing, each with the rule."""
    for name in names:
        if name not in COLUMNS and name not in PASSED_OVER:
            yield name, f"There is no such column. There are: {', '.join(COLUMNS)}."
    for name in NEEDED:
        if name not in names:
            yield name, f"This column is needed. Needed are: {', '.join(NEEDED)}."


def rule_of_missing(cells: int = 0, columns: int = 0) -> str:
    """Say that a cell of NAMED is missing, and, of a row that is cut short, how many cells it and the header have."""
    short = f"; this one has {cells} {'cell' if cells == 1 else 'cells'}, the header {columns}" if columns else ""
    return f"It is needed in each row{short}."


def _one_of(text: str, values: list[str]) -> str:
    if text not in values:
        raise ValueError(f"One of: {', '.join(values)}.")
    return text


def _position(text: str) -> int:
    plain = text.replace("−", "-").removeprefix("+")
    if plain not in [str(value) for value in Value.values]:
        raise ValueError("A position is -2, -1, 0, 1 or 2.")
    return int(plain)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError("A day, as in 2024-02-13.") from None
