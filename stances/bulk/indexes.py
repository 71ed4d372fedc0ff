"""What slows down the loading of very many rows into small tables, taken out of the way until they are in.

Indexes and references are made anew over all rows at once, which takes a fraction of the time; the search index is
filled in one go. It all happens within the transaction of the import: readers of these tables wait for its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from stances import dialects, search_index

#: From how many new statements on it is worth while, where no more than as many stand.
MANY = 20_000
TABLES = (
    "stances_source",
    "stances_statement",
    "stances_stance",
    "stances_position",
    *(index.table for index in search_index.OF_STATEMENTS),
)


@contextmanager
def aside(new: dict[str, int]) -> Iterator[None]:
    """Load new statements, of which the number and the first and last id are given, without what slows it down."""
    with ExitStack() as stack:
        if new.get("new", 0) >= MANY:
            ((stand,),) = dialects.ask("SELECT COUNT(*) FROM stances_statement")
            if stand <= new["new"]:
                stack.enter_context(_without_indexes())
                stack.enter_context(search_index.filled_afterwards(new["first"], new["last"]))
        yield


@contextmanager
def _without_indexes() -> Iterator[None]:
    take, restore = _on_postgresql() if dialects.is_postgresql() else _on_sqlite()
    for sql in take:
        dialects.run(sql)
    yield
    for sql in restore:
        dialects.run(sql)


def _on_postgresql() -> tuple[list[str], list[str]]:
    """Give what drops these tables' references, and the indexes that no other's rests on, and what makes them anew."""
    tables = ", ".join(f"'{table}'::regclass" for table in TABLES)
    rules = dialects.ask(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint rule "
        f"WHERE contype IN ('f', 'u') AND conrelid IN ({tables}) AND (contype = 'f' OR NOT EXISTS "
        "(SELECT 1 FROM pg_constraint other WHERE other.contype = 'f' AND other.conindid = rule.conindid)) "
        "ORDER BY contype DESC, conrelid, conname"
    )
    indexes = dialects.ask(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        f"WHERE indrelid IN ({tables}) AND NOT indisunique AND indisvalid ORDER BY indrelid, indexrelid"
    )
    take = [
        "SET LOCAL maintenance_work_mem = '256MB'",
        "SET CONSTRAINTS ALL IMMEDIATE",  # a table with checks that wait cannot be altered
        "SET CONSTRAINTS ALL DEFERRED",
        *(f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in rules),
        *(f"DROP INDEX {name}" for name, _ in indexes),
    ]
    restore = [
        *(definition for _, definition in indexes),
        *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in rules),
    ]
    return take, restore


def _on_sqlite() -> tuple[list[str], list[str]]:
    tables = ", ".join(map(dialects.quoted, TABLES))
    indexes = dialects.ask(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT LIKE 'CREATE UNIQUE %' "
        f"AND tbl_name IN ({tables}) ORDER BY name"
    )
    return [f'DROP INDEX "{name}"' for name, _ in indexes], [sql for _, sql in indexes]
