"""Queries of which Django writes the SQL once: a page asks a dozen, and each takes longer to write than to answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from stances.dialects import ask, is_postgresql

#: Stand in the SQL for numbers and for days until it is asked; no column holds them. So far is one from the next.
NUMBER, DAY, FAR = -32_768, dt.date(1, 1, 1), 1000

Value = int | dt.date | Collection[int]


#: Of some columns what is called to make their values, and the column as Django knows it.
Converters = Mapping[int, tuple[list[Callable], Any]]


class Sql(NamedTuple):
    """What stands between the values; each value's name, or itself without one; what makes values of some columns."""

    pieces: list[str]
    values: list[tuple[str, Any]]
    converters: Converters


class Written:
    """A query made once, and asked with other values each time: days, numbers, and lists of numbers.

    It is given as a function from these values, by their names, to a queryset of tuples. It puts them into conditions,
    and cannot look at them. `over` is what is counted of the rows, in SQL, where they are not wanted themselves.
    """

    def __init__(self, make: Callable[..., QuerySet], *, over: str = "") -> None:
        self.make, self.over = make, over
        self._write = lru_cache(self._written)

    def rows(self, **values: Value) -> list[tuple]:
        """Ask for the rows; where a list is empty there are none. Raises TypeError where a value has no place."""
        if any(isinstance(value, Collection) and not value for value in values.values()):
            return []
        text, params, converters = self.asked(values)
        return _converted(ask(text, params), converters)

    def asked(self, values: Mapping[str, Value]) -> tuple[str, list[Any], Converters]:
        """Give the SQL that asks with these values, its parameters, and what makes values of some columns."""
        kinds = []
        for name, value in values.items():
            kind = dt.date if isinstance(value, dt.date) else list if isinstance(value, Collection) else int
            kinds.append((name, kind))
        sql = self._write(connection.vendor, tuple(kinds))
        text: list[str] = [sql.pieces[0]]
        params: list[Any] = []
        for (name, value), piece in zip(sql.values, sql.pieces[1:], strict=True):
            asked = values[name] if name else value
            if not name or isinstance(asked, int):
                text.append("%s")
                params.append(asked)
            elif isinstance(asked, dt.date):
                text.append("%s")
                params.append(connection.ops.adapt_datefield_value(asked))
            elif is_postgresql():
                text.append("ANY(CAST(%s AS bigint[]))")
                params.append(list(asked))
            else:
                text.append(f"({', '.join(['%s'] * len(asked))})")
                params += asked
            text.append(piece)
        return "".join(text), params, sql.converters

    def _written(self, vendor: str, kinds: tuple[tuple[str, type], ...]) -> Sql:
        marks = {
            name: DAY + dt.timedelta(days=FAR * place) if kind is dt.date else NUMBER - FAR * place
            for place, (name, kind) in enumerate(kinds)
        }
        lists = {name for name, kind in kinds if kind is list}
        made = self.make(**{name: [mark] if name in lists else mark for name, mark in marks.items()})
        compiler = made.query.get_compiler(connection=connection)
        written, params = compiler.as_sql()
        names = {str(mark): name for name, mark in marks.items()}
        values = [(names.get(str(param), ""), param) for param in params]
        if missing := marks.keys() - {name for name, _ in values}:
            raise TypeError(f"No condition holds {', '.join(sorted(missing))} as it was given.")
        converters = compiler.get_converters([column for column, *_ in compiler.select])
        if self.over:
            written, converters = f"SELECT {self.over} FROM ({written}) AS found", {}  # noqa: S608
        pieces = written.split("%s")
        for place, (name, _) in enumerate(values):
            if name in lists:  # "IN (%s)": what is in the list stands instead of the brackets
                before, after = pieces[place], pieces[place + 1]
                pieces[place] = f"{before.removesuffix('IN (')}{'= ' if is_postgresql() else 'IN '}"
                pieces[place + 1] = after.removeprefix(")")
        return Sql(pieces, values, converters)


def _converted(rows: list[tuple], converters: Converters) -> list[tuple]:
    """Make values of what the database gives, as Django does for each field."""
    if not converters:
        return rows
    made = [list(row) for row in rows]
    for place, (each, column) in converters.items():
        for convert in each:
            for row in made:
                row[place] = convert(row[place], column, connection)
    return [tuple(row) for row in made]


class Together:
    """Queries of one column and of one row, or none, that are asked as one, with the same values."""

    def __init__(self, **queries: Written) -> None:
        self.queries = queries

    def ask(self, **values: Value) -> dict[str, Any]:
        """Give what each finds by its name, None where it finds no row; no list is empty."""
        parts: list[str] = []
        params: list[Any] = []
        converters: dict[int, tuple[list[Callable], Any]] = {}
        for place, query in enumerate(self.queries.values()):
            text, asked, made = query.asked(values)
            parts.append(f"({text})")
            params += asked
            if made:
                [converters[place]] = made.values()
        [row] = _converted(ask(f"SELECT {', '.join(parts)}", params), converters)
        return dict(zip(self.queries, row, strict=True))
