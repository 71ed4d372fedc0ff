"""Run the tests on SQLite and, where a server answers, on PostgreSQL; say at the end what ran on what.

    python -m tests [arguments of pytest]

TEST_DATABASE_URL names the PostgreSQL server; one that is set must answer. REQUIRE_ALL=1 makes a missing
server, or a missing Chromium, an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psycopg

from tests import chromium

ROOT = Path(__file__).resolve().parent.parent
LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"
NO_TESTS = 5


def say(text: str) -> None:
    print(text, flush=True)


def place(url: str) -> str:
    """Give a database's address without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'local socket'}:{parts.port or 5432}"


def version(url: str) -> str:
    """Ask a PostgreSQL server for its version. Raises psycopg.Error where none answers."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return str(connection.info.parameter_status("server_version")).split()[0]


class Run:
    """One run of pytest on a database; its output goes to a file, where one is given, to be shown at its end."""

    def __init__(self, arguments: list[str], url: str, *, beside: bool = False, output: IO[bytes] | None = None):
        self.started = time.monotonic()
        self.output = output
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "DATABASE_TESTS_ONLY": "1" if beside else "0"},
            stdin=subprocess.DEVNULL if output else None,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
        )

    def finish(self) -> None:
        self.code = self.process.wait()
        self.seconds = time.monotonic() - self.started
        if self.output:
            self.output.seek(0)
            say(self.output.read().decode(errors="replace").rstrip())

    @property
    def verdict(self) -> str:
        words = {0: "passed", NO_TESTS: "no test was selected"}.get(
            self.code, f"FAILED (pytest's exit code {self.code})"
        )
        return f"{words}, {self.seconds:.0f} s"


def find_server() -> tuple[str, str, str]:
    """Find the PostgreSQL server: its address, its version, and why there is none."""
    url = os.environ.get("TEST_DATABASE_URL") or LOCAL
    if urlsplit(url).scheme not in ("postgres", "postgresql"):
        return url, "", "TEST_DATABASE_URL is no address of a server, as in postgres://user@host:port/name"
    try:
        return url, version(url), ""
    except psycopg.Error as error:
        return url, "", f"no server answered at {place(url)} ({str(error).strip().splitlines()[0]})"


def main(arguments: list[str]) -> int:
    demanded = os.environ.get("REQUIRE_ALL") == "1"
    url, server, refusal = find_server()
    if refusal and (demanded or os.environ.get("TEST_DATABASE_URL")):
        say(f"PostgreSQL: {refusal}")
        return 1
    chrome = chromium.find()
    if not chrome and (demanded or os.environ.get("CHROMIUM")):
        say(f"Browser tests: {chromium.MISSING}")
        return 1

    with tempfile.TemporaryFile() as output:
        # Both at once: each spends much of its time waiting for its database or its browser.
        on_postgresql = None if refusal else Run(arguments, url, beside=True, output=output)
        say("Tests on SQLite" + ("" if refusal else ", and on PostgreSQL beside them"))
        on_sqlite = Run(arguments, "sqlite://:memory:")
        on_sqlite.finish()
        summary = [f"SQLite: {on_sqlite.verdict}"]
        codes = [on_sqlite.code]
        if on_postgresql:
            say(f"\nTests on PostgreSQL {server} at {place(url)}")
            on_postgresql.finish()
            codes.append(on_postgresql.code)
            summary.append(f"PostgreSQL {server} at {place(url)}: {on_postgresql.verdict}")
            summary.append("Tests that need no database: with SQLite")
        else:
            summary.append(f"PostgreSQL: skipped, {refusal}")
    summary.append(
        f"Browser tests: with SQLite, in {chrome}" if chrome else f"Browser tests: skipped, {chromium.MISSING}"
    )
    say("\n" + "\n".join(summary))
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    if not failed and 0 not in codes:
        say("No test was selected.")
        return NO_TESTS
    return failed[0] if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
