"""Databases for a run, made empty and taken away after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg

_numbers = count(1)


def answers(url: str) -> bool:
    """Tell whether a PostgreSQL answers at an address."""
    try:
        psycopg.connect(url.replace("postgres://", "postgresql://"), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def empty(kind: str, server: str) -> Iterator[str]:
    """Make an empty database, "sqlite" or "postgresql" on a server; give its address."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"
        return
    name = f"stances_bench_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.replace("postgres://", "postgresql://"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
