"""What the two databases write differently when many rows are moved, and a quick way in for rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def suit_many_rows() -> None:
    """Let what follows in this transaction sort and join in memory, and compile nothing."""
    if is_postgresql():
        for setting in ("work_mem = '64MB'", "jit = off"):
            run(f"SET LOCAL {setting}")


def run(sql: str) -> int:
    """Run a statement without parameters; give the number of rows that it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


def ask(sql: str, params: Sequence[Any] | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def count_by(sql: str, params: Sequence[Any], sets: Sequence[Sequence[str]]) -> list[list[tuple]]:
    """Count the rows of a query by each set of its columns: a row a group, with the set's columns and the number.

    PostgreSQL passes over the rows once for all sets, SQLite once for each.
    """
    found: list[list[tuple]] = [[] for _ in sets]
    columns = sorted({column for columns in sets for column in columns})
    if not is_postgresql():
        for place, of_set in enumerate(sets):
            names = ", ".join(of_set)
            found[place] = ask(f"SELECT {names}, COUNT(*) FROM ({sql}) AS counted GROUP BY {names}", params)
        return found
    names, groups = ", ".join(columns), ", ".join(f"({', '.join(of_set)})" for of_set in sets)
    rows = ask(
        f"SELECT GROUPING({names}), {names}, COUNT(*) FROM ({sql}) AS counted GROUP BY GROUPING SETS ({groups})", params
    )
    for place, of_set in enumerate(sets):
        left_out = int("".join(str(int(column not in of_set)) for column in columns), 2)
        take = itemgetter(*(columns.index(column) + 1 for column in of_set), -1)
        found[place] = [take(row) for row in rows if row[0] == left_out]
    return found


def gathered(sql: str, params: Sequence[Any], by: str, what: str) -> Iterator[tuple[Any, Iterator[int]]]:
    """Gather the ids in one column of a query by the values of another: a row a value, where pairs were thousands."""
    joined = f"string_agg(CAST({what} AS text), ',')" if is_postgresql() else f"group_concat({what})"
    for value, ids in ask(f"SELECT {by}, {joined} FROM ({sql}) AS pairs GROUP BY {by}", params):
        yield value, map(int, ids.split(","))


def count_by_each(sql: str, params: Sequence[Any], columns: Sequence[str]) -> list[list[tuple[Any, int]]]:
    """Count the rows of a query by each of its columns, in one pass over them: a value and its number a row."""
    if is_postgresql():
        return count_by(sql, params, [[column] for column in columns])
    parts = (f"SELECT {place}, {name}, COUNT(*) FROM counted GROUP BY {name}" for place, name in enumerate(columns))
    found: list[list[tuple[Any, int]]] = [[] for _ in columns]
    for place, value, number in ask(f"WITH counted AS MATERIALIZED ({sql}) {' UNION ALL '.join(parts)}", params):
        found[place].append((value, number))
    return found


def among(ids: Iterable[int]) -> RawSQL:
    """Select ids that are at hand, as one parameter: of a thousand in a list Django makes a parameter of each."""
    if is_postgresql():
        # Written here once: the driver takes a millisecond for a thousand, with each query that asks.
        return RawSQL("SELECT unnest(CAST(%s AS bigint[]))", [f"{{{','.join(map(str, ids))}}}"])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(ids))])


def stream(sql: str, size: int = 5000) -> Iterator[tuple]:
    """Give the rows of a query as they come; others may be written meanwhile."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(size):
            yield from rows


def write(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Add rows to a table, by COPY where there is one."""
    with connection.cursor() as cursor:
        if is_postgresql():
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join("?" * len(columns.split(",")))
            cursor.cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)


def quoted(text: str) -> str:
    """Write a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def moment(at: dt.datetime) -> str:
    """Write a time as a literal of SQL."""
    text = quoted(str(connection.ops.adapt_datetimefield_value(at)))
    return f"CAST({text} AS timestamptz)" if is_postgresql() else text


def differs(one: str, other: str) -> str:
    return f"{one} IS DISTINCT FROM {other}" if is_postgresql() else f"{one} IS NOT {other}"


def day(text: str) -> str:
    """Write an ISO day, as text that may be missing, as a day."""
    return f"CAST({text} AS date)" if is_postgresql() else text


def as_day(value: Any) -> Any:
    """Read a day of a temporary table, where SQLite knows of texts alone."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def temporary(name: str, columns: str, key: str = "") -> None:
    """Make a temporary table anew; by its key SQLite finds rows, where PostgreSQL joins whole tables and needs none."""
    drop(name)
    primary = f", PRIMARY KEY ({key})" if key and not is_postgresql() else ""
    run(f"CREATE TEMPORARY TABLE {name} ({columns}{primary})")


def enter_history(model: Any, ids: str, *, kind: str, at: dt.datetime, reason: str, by: int | None = None) -> None:
    """Enter rows as they stand into the history, in one query; `ids` lists or selects which: "+" made, "~" changed."""
    history = model.history.model
    kept = ", ".join(connection.ops.quote_name(field.column) for field in history.tracked_fields)
    run(
        f"INSERT INTO {history._meta.db_table} "
        f"({kept}, history_date, history_change_reason, history_type, history_user_id) "
        f"SELECT {kept}, {moment(at)}, {quoted(reason)}, '{kind}', {by or 'NULL'} FROM {model._meta.db_table} "
        f"WHERE id IN ({ids}) ORDER BY id"
    )


def drop(*tables: str) -> None:
    for table in tables:
        run(f"DROP TABLE IF EXISTS {table}")


def analyse(*tables: str) -> None:
    """Tell the planner how large tables are that were just filled."""
    if is_postgresql():
        for table in tables:
            run(f"ANALYZE {table}")


def take_ids(table: str, count: int) -> int:
    """Set ids of a table apart; give the first. The lock of the public data keeps others from taking the same."""
    if is_postgresql():
        (sequence,) = ask("SELECT pg_get_serial_sequence(%s, 'id')", [table])[0]
        ((last, called),) = ask(f"SELECT last_value, is_called FROM {sequence}")
        first = last + called
        if count:
            ask("SELECT setval(%s, %s)", [sequence, first + count - 1])
        return first
    ((first,),) = ask(
        f"SELECT 1 + MAX(COALESCE((SELECT MAX(id) FROM {table}), 0), "
        "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0))",
        [table],
    )
    return first
