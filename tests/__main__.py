"""Run the tests on SQLite and, where a server answers, on PostgreSQL; say at the end what ran on what.

    python -m tests [arguments of pytest]

TEST_DATABASE_URL names the PostgreSQL server; one that is set must answer. REQUIRE_ALL=1 makes a missing
server, or a missing Chromium, an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests import chromium

ROOT = Path(__file__).resolve().parent.parent
LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"
NO_TESTS = 5
#: Each run keeps about one core busy; the longest begin first.
AT_ONCE = 2


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
    """One run of pytest on a database; what it prints is shown as it comes, or where others do so, at its end."""

    def __init__(self, title: str, part: str, url: str, arguments: list[str], *, live: bool = False):
        self.title, self.live = title, live
        self.command = [sys.executable, "-m", "pytest", *arguments]
        self.environment = {**os.environ, "DATABASE_URL": url, "TESTS_PART": part}
        self.code, self.seconds = 0, 0.0

    def run(self) -> None:
        started = time.monotonic()
        done = subprocess.run(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=None if self.live else subprocess.PIPE,
            stderr=None if self.live else subprocess.STDOUT,
            check=False,
        )
        self.code, self.seconds = done.returncode, time.monotonic() - started
        if not self.live:
            say(f"\n== {self.title}\n{done.stdout.decode(errors='replace').rstrip()}")

    @property
    def verdict(self) -> str:
        words = {0: "passed", NO_TESTS: "no test was selected"}.get(
            self.code, f"FAILED (pytest's exit code {self.code})"
        )
        return f"{self.title}: {words}, {self.seconds:.0f} s"


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

    runs = [Run("SQLite", "sqlite", "sqlite://:memory:", arguments, live=True)]
    notes = []
    if refusal:
        notes.append(f"PostgreSQL: skipped, {refusal}")
    else:
        runs.append(Run(f"PostgreSQL {server} at {place(url)}", "postgresql", url, arguments))
        notes.append("Tests that need no database: with SQLite")
    if chrome:
        runs.append(Run(f"Browser tests, on SQLite, in {chrome}", "browser", "sqlite://:memory:", arguments))
    else:
        notes.append(f"Browser tests: skipped, {chromium.MISSING}")
    say("Tests of: " + "; ".join(run.title for run in runs))
    with ThreadPoolExecutor(AT_ONCE) as lanes:
        list(lanes.map(Run.run, runs))
    say("\n" + "\n".join([*(run.verdict for run in runs), *notes]))
    codes = [run.code for run in runs]
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    if not failed and 0 not in codes:
        say("No test was selected.")
        return NO_TESTS
    return failed[0] if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
