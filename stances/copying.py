"""Exports that PostgreSQL writes itself, by COPY: the bytes are passed on, and equal the lines of `exports`."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet, FieldDoesNotExist
from django.db import connections, transaction
from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.expressions import RawSQL

if TYPE_CHECKING:
    from stances.exports import Column

Pieces = Generator[bytes, None, None]
#: Writes what a column adds to a line, which is never null, of the SQL of its values.
Cell = Callable[["Column", Sequence[str]], str]
Mogrify = Callable[..., str]
ROWS_A_PIECE = 200
#: Dates are written as ISO has them; and one reader's export takes one process of the server.
SETTINGS = {"DateStyle": "ISO", "max_parallel_workers_per_gather": "0", "jit": "off"}
#: Rows that many others refer to: what a line tells of one is put together once, and kept by PostgreSQL (Memoize).
SHARED = ("actor", "topic", "source")
#: All rows; but as the planner cannot know it, it plans for the first rows to come soon, as for a cursor. So it walks
#: an index that has many rows in their order, where it would sort them all, on the disk, before the first is sent.
ALL = f"(SELECT {2**62})"
#: The first characters of what `exports.defuse` looks at, and what it puts an apostrophe before.
_FIRST = ", ".join(str(ord(sign)) for sign in "'=+-@\t\r\n\\＝＋－＠")
_FORMULA = r"'^''*([-=+@\t\r\n＝＋－＠]|\\N$)'"
#: `exports.notation` of `{0}`, the earliest day, and `{1}`, the latest.
NOTATION = """CASE WHEN {1} IS NULL THEN ''
WHEN {0} IS NULL THEN '../' || {1}
WHEN {0} = {1} THEN {1}::text
WHEN left({0}::text, 7) = left({1}::text, 5) || '01' AND right({0}::text, 2) = '01' AND right({1}::text, 5) = '12-31'
THEN left({1}::text, 4)
WHEN left({0}::text, 7) = left({1}::text, 7) AND right({0}::text, 2) = '01' AND right(({1} + 1)::text, 2) = '01'
THEN left({1}::text, 7)
ELSE {0} || '/' || {1} END"""


def can_copy(rows: QuerySet, columns: tuple[Column, ...]) -> bool:
    """Tell whether the database writes these columns itself: where it can, and knows how each is made."""
    return connections[rows.db].vendor == "postgresql" and all(not it.make or it.sql for it in columns)


def csv_pieces(rows: QuerySet, columns: tuple[Column, ...]) -> Pieces:
    """Give the bytes of a table with its header, some rows at a time."""
    # The header goes with the first rows: what takes too long until then is still answered in words.
    header = ",".join(column.name for column in columns).encode() + b"\r\n"
    with closing(_copied(rows, columns, _csv_cell)) as copied:
        for lines in copied:
            yield header + b"\r\n".join(lines) + b"\r\n"
            header = b""
    if header:
        yield header


def json_pieces(rows: QuerySet, columns: tuple[Column, ...]) -> Pieces:
    """Give the bytes of a list of objects, some at a time."""
    before = b"[\n{"
    with closing(_copied(rows, columns, _json_cell)) as copied:
        for lines in copied:
            yield before + b"},\n{".join(lines)
            before = b"},\n{"
    yield b"[]\n" if before == b"[\n{" else b"}\n]\n"


def json_line_pieces(rows: QuerySet, columns: tuple[Column, ...]) -> Pieces:
    """Give the bytes of JSON Lines, some at a time."""
    with closing(_copied(rows, columns, _json_cell)) as copied:
        for lines in copied:
            yield b"{" + b"}\n{".join(lines) + b"}\n"


def _csv_cell(column: Column, values: Sequence[str]) -> str:
    """Write text in quotes, where there is any; numbers, days and fixed terms hold nothing that would split a line."""
    if not column.is_text:
        made = column.csv_sql or column.sql
        return f"coalesce(({made.format(*values) if made else values[0]})::text, '')"
    value = column.sql.format(*values) if column.sql else values[0]
    is_risky = f"ascii({value}) IN ({_FIRST}) AND {value} ~ {_FORMULA}"
    quote = f"""CASE WHEN {is_risky} THEN '"''' ELSE '"' END"""
    return f"""CASE WHEN {value} <> '' THEN {quote} || replace({value}, '"', '""') || '"' ELSE '' END"""


def _json_cell(column: Column, values: Sequence[str]) -> str:
    value = column.sql.format(*values) if column.sql else values[0]
    written = f"to_json(coalesce({value}, ''))::text" if column.is_text else f"coalesce(to_json({value})::text, 'null')"
    return f"'{json.dumps(column.name)}:' || {written}"


def _copied(rows: QuerySet, columns: tuple[Column, ...], cell: Cell) -> Generator[list[bytes], None, None]:
    """Give lines of cells parted by commas, without their ends, some at a time.

    It is one statement, and so one state of the data. Whoever closes the iterator before its end stops the query.
    """
    connection = connections[rows.db]
    with transaction.atomic(using=rows.db), connection.cursor() as cursor, connection.wrap_database_errors:
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SETTINGS.items())
        cursor.execute(f"SELECT {settings}")
        try:
            written = _lines(rows, columns, cell, cursor.mogrify)
        except EmptyResultSet:
            return
        # Each row is one value, and the binary format passes it on as it is.
        with cursor.copy(f"COPY ({written}) TO STDOUT WITH (FORMAT binary)") as copy:
            copy.set_types(["bytea"])
            lines: list[bytes] = []
            for (line,) in copy.rows():
                lines.append(line)
                if len(lines) == ROWS_A_PIECE:
                    yield lines
                    lines = []
            if lines:
                yield lines


def _lines(rows: QuerySet, columns: tuple[Column, ...], cell: Cell, mogrify: Mogrify) -> str:
    """Write the query of lines: the rows with their own values, and for each the parts that it shares with others."""
    own: dict[str, str] = {}
    shared: dict[str, list[tuple[Column, ...]]] = {}
    parts = []

    def value(path: str) -> str:
        return own.setdefault(path, f"v{len(own)}")

    for relation, run in groupby(columns, lambda column: _shared_by(rows.model, column.paths)):
        if relation:
            runs = shared.setdefault(relation, [])
            parts.append(f"{relation}.part{len(runs)}")
            runs.append(tuple(run))
        else:
            parts += [cell(column, [value(path) for path in column.paths]) for column in run]
    joins = [
        _shared(rows, relation, runs, f"x.{value(f'{relation}_id')}", cell, mogrify)
        for relation, runs in shared.items()
    ]
    # The server takes no parameters for COPY.
    read = mogrify(*rows.values_list(*own).query.get_compiler(rows.db).as_sql())
    first = f"SELECT * FROM ({read}) AS z LIMIT {ALL}"  # noqa: S608
    return f"SELECT concat_ws(',', {', '.join(parts)}) FROM ({first}) AS x({', '.join(own.values())}) {' '.join(joins)}"  # noqa: S608


def _shared(
    rows: QuerySet, relation: str, runs: list[tuple[Column, ...]], key: str, cell: Cell, mogrify: Mogrify
) -> str:
    """Join the row that others share, as parts of the line; the fence keeps them from being made for each line."""
    own: dict[str, str] = {}
    parts = []
    for place, run in enumerate(runs):
        cells = []
        for column in run:
            paths = [path.removeprefix(f"{relation}__") for path in column.paths]
            cells.append(cell(column, [own.setdefault(path, f"w{len(own)}") for path in paths]))
        parts.append(f"concat_ws(',', {', '.join(cells)}) AS part{place}")
    there: Any = _related(rows.model, relation)
    same = there._base_manager.using(rows.db).filter(pk=RawSQL(key, ()))  # noqa: S611
    read = mogrify(*same.order_by().values_list(*own).query.get_compiler(rows.db).as_sql())
    fenced = f"SELECT {', '.join(parts)} FROM ({read}) AS y({', '.join(own.values())}) OFFSET 0"  # noqa: S608
    return f"JOIN LATERAL ({fenced}) AS {relation} ON true"


def _shared_by(model: type[Model], paths: Sequence[str]) -> str:
    """Name the relation to a row that many share, where all of these paths lead by way of it; else nothing."""
    names = paths[0].split("__")
    for length in range(1, len(names)):
        relation = "__".join(names[:length])
        there = _related(model, relation)
        if there is None:
            break
        if there._meta.model_name in SHARED:
            return relation if all(path.startswith(f"{relation}__") for path in paths) else ""
    return ""


def _related(model: type[Model], relation: str) -> type[Model] | None:
    """Give the model that a path leads to by references that are never missing."""
    there: Any = model
    for name in relation.split("__"):
        try:
            field = there._meta.get_field(name)
        except FieldDoesNotExist:  # a value that the query works out
            return None
        if not isinstance(field, ForeignKey) or field.null:
            return None
        there = field.related_model
    return there
