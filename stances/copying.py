"""Exports that PostgreSQL writes itself, by COPY: the bytes are passed on, and equal the lines of `exports`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING

from django.core.exceptions import EmptyResultSet
from django.db import connections, transaction
from django.db.models import QuerySet

if TYPE_CHECKING:
    from stances.exports import Column

Pieces = Generator[bytes, None, None]
ROWS_A_PIECE = 200
#: Dates are written as ISO has them; and one reader's export takes one process of the server.
SETTINGS = {"DateStyle": "ISO", "max_parallel_workers_per_gather": "0", "jit": "off"}
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
    forced = ", ".join(f"c{n}" for n, column in enumerate(columns) if column.is_text)
    options = f"FORMAT csv, FORCE_QUOTE ({forced})" if forced else "FORMAT csv"
    # The header goes with the first rows: what takes too long until then is still answered in words.
    header = ",".join(column.name for column in columns).encode() + b"\r\n"
    with closing(_copied(rows, columns, _csv_cell, "SELECT {cells} FROM {rows}", options)) as copied:
        for lines in copied:
            yield header + b"\r\n".join(lines) + b"\r\n"
            header = b""
    if header:
        yield header


def json_pieces(rows: QuerySet, columns: tuple[Column, ...]) -> Pieces:
    """Give the bytes of a list of objects, some at a time."""
    before = b"[\n"
    with closing(_objects(rows, columns)) as objects:
        for lines in objects:
            yield before + b",\n".join(lines)
            before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def json_line_pieces(rows: QuerySet, columns: tuple[Column, ...]) -> Pieces:
    """Give the bytes of JSON Lines, some at a time."""
    with closing(_objects(rows, columns)) as objects:
        for lines in objects:
            yield b"\n".join(lines) + b"\n"


def _objects(rows: QuerySet, columns: tuple[Column, ...]) -> Generator[list[memoryview], None, None]:
    names = ", ".join(f'"{column.name}"' for column in columns)
    statement = f"SELECT row_to_json(y) FROM (SELECT {{cells}} FROM {{rows}}) AS y({names})"  # noqa: S608  (the columns' own names)
    # JSON has no control characters, and so a row is written as it is.
    return _copied(rows, columns, _json_cell, statement, r"FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01'")


def _csv_cell(column: Column, value: str) -> str:
    """Write nothing for what is empty, which COPY else puts in quotes, to tell it from what is missing."""
    if not column.is_text:
        return f"nullif(({value})::text, '')"
    is_risky = f"ascii({value}) IN ({_FIRST}) AND {value} ~ {_FORMULA}"
    return f"CASE WHEN {value} = '' THEN NULL WHEN {is_risky} THEN '''' || {value} ELSE {value} END"


def _json_cell(column: Column, value: str) -> str:
    return f"coalesce({value}, '')" if column.is_text else value


def _copied(
    rows: QuerySet, columns: tuple[Column, ...], cell: Callable[[Column, str], str], statement: str, options: str
) -> Generator[list[memoryview], None, None]:
    """Give the lines that COPY writes, without their ends, some at a time.

    It is one statement, and so one state of the data. Whoever closes the iterator before its end stops the query.
    """
    starts: list[int] = []
    paths: list[str] = []
    for column in columns:
        starts.append(len(paths))
        paths += column.paths
    connection = connections[rows.db]
    try:
        sql, params = rows.values_list(*paths).query.get_compiler(rows.db).as_sql()
    except EmptyResultSet:
        return
    cells = []
    for n, (start, column) in enumerate(zip(starts, columns, strict=True)):
        values = [f"v{start + k}" for k in range(len(column.paths))]
        cells.append(f"{cell(column, column.sql.format(*values) if column.sql else values[0])} AS c{n}")
    names = ", ".join(f"v{n}" for n in range(len(paths)))
    with transaction.atomic(using=rows.db), connection.cursor() as cursor, connection.wrap_database_errors:
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SETTINGS.items())
        cursor.execute(f"SELECT {settings}")
        # The server takes no parameters for COPY.
        read = cursor.mogrify(sql, params)
        wanted = statement.format(cells=", ".join(cells), rows=f"({read}) AS x({names})")
        with cursor.copy(f"COPY ({wanted} LIMIT {ALL}) TO STDOUT WITH ({options})") as copy:
            lines: list[memoryview] = []
            for line in copy:
                lines.append(line[:-1])
                if len(lines) == ROWS_A_PIECE:
                    yield lines
                    lines = []
            if lines:
                yield lines
