"""How long the queries of a public request may take: one that would not end is stopped, and the reader told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from django.db import OperationalError, connection, transaction

#: How many steps SQLite takes between two looks at the clock: some tenths of a millisecond.
STEPS = 10_000
_CANCELLED = "57014"
Found = TypeVar("Found")


class TookTooLong(Exception):
    """A query was stopped at the limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"This took longer than {seconds:g} seconds and was stopped. Narrow it: fewer topics or actors, "
            "a shorter period, one more word."
        )


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop queries of the block that take longer, in seconds; 0 is no limit. Raises TookTooLong.

    PostgreSQL counts for each query by itself (`statement_timeout`), SQLite for the block. PostgreSQL compiles none of
    them meanwhile: that takes longer than any query that ends within the limit gains by it. The connection is as before
    afterwards: it may serve the desk next, which has no limit.
    """
    if not seconds:
        yield
        return
    connection.ensure_connection()
    lift = {"postgresql": _limit_postgresql, "sqlite": _limit_sqlite}[connection.vendor](seconds)
    try:
        yield
    except OperationalError as error:
        if _is_cancelled(error) or str(error) == "interrupted":
            raise TookTooLong(seconds) from error
        raise
    finally:
        lift()


def _is_cancelled(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == _CANCELLED


def within(seconds: float, work: Callable[[], Found]) -> Found | None:
    """Give what work finds, or None where one of its queries takes longer, in seconds; the others' limit stays.

    SQLite, which counts for a whole request, is left to finish.
    """
    if connection.vendor != "postgresql":
        return work()
    connection.ensure_connection()
    driver = connection.connection
    [limit] = driver.execute("SHOW statement_timeout").fetchone()
    driver.execute(f"SET statement_timeout = {round(seconds * 1000)}")
    try:
        # A query that is stopped would end the transaction, had that no point to go back to.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return work()
    except OperationalError as error:
        if _is_cancelled(error):
            return None
        raise
    finally:
        if not driver.closed:
            driver.execute(f"SET statement_timeout = '{limit}'")


@contextmanager
def uncompiled() -> Iterator[None]:
    """Have PostgreSQL compile no query of the block, as under a limit; how long they take is not limited."""
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    lift = _set(jit="off")
    try:
        yield
    finally:
        lift()


def _limit_postgresql(seconds: float) -> Callable[[], None]:
    return _set(statement_timeout=round(seconds * 1000), jit="off")


def _set(**settings: int | str) -> Callable[[], None]:
    driver = connection.connection
    driver.execute("; ".join(f"SET {name} = {value}" for name, value in settings.items()))

    def lift() -> None:
        if driver.closed or driver.info.transaction_status == driver.info.transaction_status.INERROR:
            return  # they end with the connection, or with the transaction that cannot go on
        driver.execute("; ".join(f"RESET {name}" for name in settings))

    return lift


def _limit_sqlite(seconds: float) -> Callable[[], None]:
    driver, end = connection.connection, time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    return lambda: driver.set_progress_handler(None, 0)


def _at_one_moment() -> AbstractContextManager:
    """Read in one transaction on PostgreSQL.

    Outside of one, a server-side cursor is filled to its last row before the first is given, which no limit stops.
    On SQLite a transaction would keep writers out.
    """
    alone = connection.vendor == "postgresql" and not connection.in_atomic_block
    return transaction.atomic() if alone else nullcontext()


class LimitedStream:
    """A stream under a limit from its first piece, which is read at once, until it is closed.

    What takes too long before it gives anything can so be answered in words; later the stream breaks off.
    """

    def __init__(self, pieces: Iterable[bytes], seconds: float) -> None:
        self._rest = self._limited(pieces, seconds)
        self._first = [next(self._rest, b"")]

    @staticmethod
    def _limited(pieces: Iterable[bytes], seconds: float) -> Iterator[bytes]:
        with time_limit(seconds), _at_one_moment():
            yield from pieces

    def __iter__(self) -> LimitedStream:
        return self

    def __next__(self) -> bytes:
        return self._first.pop() if self._first else next(self._rest)

    def close(self) -> None:
        self._rest.close()  # type: ignore[attr-defined]
