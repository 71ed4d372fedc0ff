"""Fill a database, serve it, and time requests and raw queries."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bench.databases import empty

HOST = "127.0.0.1"
COOKIE = "sessionid"
#: What every query of a list asks for: rows that readers may see.
_STANCES = "FROM stances_stance WHERE public AND NOT repeat"
_OWN = "FROM stances_position WHERE voice = 'own' AND previous_value IS NOT NULL"
#: Status, bytes, lines and tag.
Answer = tuple[int, int, int, str]


@dataclass(frozen=True)
class Row:
    """A row of the table: what is asked, by what address, and the raw query that it rests on; milliseconds to reach.

    An address with `{{day}}` is asked for with another day each time.
    """

    name: str
    address: str
    raw: str
    target: float | None = None
    #: Bytes are counted to the last, rows by their lines.
    is_export: bool = False
    #: Asked under one name of the server; else under another each time, so that no page comes from the memory of pages.
    again: bool = False

    def runs(self, runs: int) -> int:
        """Give how often it is asked for: an export takes long."""
        return min(runs, EXPORTS) if self.is_export else runs


#: How often exports are asked for at the most.
EXPORTS = 3
ROWS = [
    Row("filtered list, 50 rows", "/api/v1/stances/?topic={topic}&position=2",
        "SELECT id {stances} AND topic_id = {topic_id} AND position = 2 ORDER BY stated_on DESC, id DESC LIMIT 51", 20),
    Row("the same with facets", "/stances/?topic={topic}&position=2",
        "SELECT id {stances} AND topic_id = {topic_id} AND position = 2 ORDER BY stated_on DESC, id DESC LIMIT 51", 40),
    Row("stances, with facets", "/stances/", "SELECT id {stances} ORDER BY stated_on DESC, id DESC LIMIT 51", 40),
    Row("the same, filters not asked before", "/stances/?before={{day}}",
        "SELECT id {stances} AND stated_on <= '2024-03-01' ORDER BY stated_on DESC, id DESC LIMIT 51"),
    Row("the latest 50 changes", "/api/v1/changes/", "SELECT id {own} ORDER BY since DESC, id DESC LIMIT 51", 15),
    Row("one government's changes", "/api/v1/changes/?actor={actor}",
        "SELECT id {own} AND actor_id = {actor_id} ORDER BY since DESC, id DESC LIMIT 51", 15),
    Row("first page on a day, with its matrix", "/?on=2024-03-01",
        "SELECT actor_id, topic_id, value FROM stances_position WHERE since <= '2024-03-01' "
        "AND (until IS NULL OR until > '2024-03-01') AND voice = 'own'", 40),
    Row("search, a word of many", "/search/?q={word}", "SELECT * FROM ({search}) found LIMIT 51", 20),
    Row("a page far down a list", "/api/v1/stances/?cursor={deep}",
        "SELECT id {stances} AND (stated_on, id) < ('{deep_day}', {deep_id}) "
        "ORDER BY stated_on DESC, id DESC LIMIT 51", 20),
    Row("a government's page", "/actors/{actor}/",
        "SELECT id {own} AND actor_id = {actor_id} ORDER BY since DESC, id DESC LIMIT 51"),
    Row("a topic's page", "/topics/{topic}/",
        "SELECT id {stances} AND topic_id = {topic_id} ORDER BY stated_on DESC, id DESC LIMIT 51"),
    Row("a topic's counts", "/topics/{topic}/counts/",
        "SELECT position, COUNT(*) {stances} AND topic_id = {topic_id} GROUP BY position"),
    Row("positions on a day", "/positions/?on=2024-03-01",
        "SELECT id FROM stances_position WHERE since <= '2024-03-01' "
        "AND (until IS NULL OR until > '2024-03-01') ORDER BY since DESC, id DESC LIMIT 51"),
    Row("the same page asked again", "/?on=2024-03-01", "SELECT number FROM stances_publicversion", again=True),
    Row("an unchanged page (304)", "/stances/", "SELECT number FROM stances_publicversion", again=True),
    Row("desk: statements, first page", "/admin/stances/statement/",
        "SELECT id FROM stances_statement ORDER BY latest DESC, id DESC LIMIT 50", 60),
    Row("desk: statements, last page", "/admin/stances/statement/?p={last_page}",
        "SELECT id FROM stances_statement ORDER BY latest, id LIMIT 50", 60),
    Row("desk: statements, search", "/admin/stances/statement/?q={word}",
        "SELECT * FROM ({search}) found LIMIT 51", 60),
    Row("export of stances, CSV", "/stances.csv", "SELECT COUNT(*) {stances}", is_export=True),
]  # fmt: skip


@dataclass
class Figure:
    """Milliseconds of a request and of its raw query, the medians; bytes; rows of an export."""

    ms: float
    raw_ms: float
    bytes: int
    status: int
    rows: int = 0


@dataclass
class Result:
    """What was measured on one database; megabytes of the larger worker before and after."""

    database: str
    statements: int
    stances: int
    #: How many requests each figure is the median of.
    runs: int
    #: Of the corpus, where it was made for this; None of a database that held statements.
    seed: int | None
    #: Which page of the list of stances is the one far down it.
    deep_page: int
    filled_s: float | None
    figures: dict[str, Figure] = field(default_factory=dict)
    memory: tuple[float, float] = (0, 0)
    #: What `bench.loading` told of `loaddata`, and of the import of all stances.
    fixture: dict[str, float] = field(default_factory=dict)
    imported: dict[str, float] = field(default_factory=dict)


#: So many objects `loaddata` loads.
OBJECTS = 20_000


def load(result: Result, url: str, server: str) -> None:
    """Load empty databases of the same kind: a fixture, and all stances of the one that was measured, as a file."""
    kind = result.database.split()[0]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stances.csv"
        environment = {**os.environ, "DATABASE_URL": url}
        subprocess.run([sys.executable, "manage.py", "export_stances", str(file), "-v0"], check=True, env=environment)
        with empty(kind, server) as other:
            result.imported = _loaded(other, "stances", str(file))
    with empty(kind, server) as other:
        result.fixture = _loaded(other, "fixture", str(OBJECTS))
    print(f"import of {result.imported['rows']:,} stances {result.imported['s']:.0f} s; "
          f"loaddata of {result.fixture['objects']:,} objects {result.fixture['s']:.1f} s")  # fmt: skip


def _loaded(url: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.loading", *arguments]
    environment = {**os.environ, "DATABASE_URL": url}
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout)


def measure(url: str, statements: int, *, seed: int, runs: int) -> Result:
    """Fill a database where it is empty, and measure every row; the raw queries over a connection of their own."""
    os.environ.update(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="config.settings", HTTPS="0")
    command = [sys.executable, "-m", "bench.filling", str(statements), str(seed)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    result = Result(
        told["database"],
        told["statements"],
        told["stances"],
        runs=runs,
        seed=None if told["filled_s"] is None else seed,
        deep_page=told["deep_page"],
        filled_s=told["filled_s"],
    )
    print(f"\n{result.database}, {result.statements:,} statements, {result.stances:,} stances")
    values, session = told | {"stances": _STANCES, "own": _OWN}, told["session"]
    query = _raw(url)
    with served(url) as server:
        result.memory = (server.memory(), 0)
        for row in ROWS:
            figure = server.figure(row, row.address.format(**values), session, runs)
            figure.raw_ms = _median(lambda row=row: query(row.raw.format(**values)), row.runs(runs))  # type: ignore[misc]
            result.figures[row.name] = figure
            print(f"{row.name:40}{figure.ms:10.1f} ms{figure.raw_ms:10.2f} ms raw{figure.bytes / 1024:10.0f} KB"
                  + (f"   answered {figure.status}" if figure.status not in (200, 304) else ""))  # fmt: skip
        result.memory = (result.memory[0], server.memory())
    return result


def _median(work: Callable[[], object], runs: int) -> float:
    """Give the median of the milliseconds that a piece of work takes, after one run that is not counted."""
    found = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        work()
        found.append((time.perf_counter() - begin) * 1000)
    return statistics.median(found[1:])


def _raw(url: str) -> Callable[[str], list]:
    """Open a connection that answers queries without Django."""
    if url.startswith("sqlite"):
        import sqlite3

        file = sqlite3.connect(url.removeprefix("sqlite:///"))
        return lambda sql: file.execute(sql).fetchall()
    import psycopg

    connection = psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True)
    return lambda sql: connection.execute(sql).fetchall()  # type: ignore[arg-type, call-overload]


@dataclass
class Server:
    """Gunicorn on a port of this machine."""

    process: subprocess.Popen
    port: int
    #: Ports that a request may name, each but once: a page is another one under another name of its server.
    numbers: Iterator[int] = field(default_factory=lambda: count(1000))

    def ask(
        self, connection: http.client.HTTPConnection, address: str, headers: dict[str, str]
    ) -> tuple[int, int, int, str]:
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        size = lines = 0
        while piece := answer.read(1 << 18):
            size, lines = size + len(piece), lines + piece.count(b"\n")
        return answer.status, size, lines, answer.headers.get("ETag", "")

    def figure(self, row: Row, address: str, session: str, runs: int) -> Figure:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=900)
        headers = {"Cookie": f"{COOKIE}={session}"} if address.startswith("/admin/") else {}

        def ask() -> Answer:
            number = 1 if row.again else next(self.numbers)
            day = dt.date(2024, 3, 1) - dt.timedelta(days=number % 300)
            return self.ask(connection, address.format(day=day), headers | {"Host": f"localhost:{number}"})

        for _ in range(4):  # both workers are warm
            *_, tag = ask()
        if row.name.endswith("(304)"):
            headers["If-None-Match"] = tag
        found: list[Answer] = []
        ms = _median(lambda: found.append(ask()), row.runs(runs))
        connection.close()
        status, size, lines, _ = found[-1]
        return Figure(ms, 0, size, status, lines if row.is_export else 0)

    def memory(self) -> float:
        """Give the megabytes that the larger worker holds at its most."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        peaks = []
        for pid in " ".join(task.read_text() for task in tasks).split():
            peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            peaks.append(int(peak[1]) / 1024 if peak else 0)
        return max(peaks)


def _ready(port: int) -> None:
    """Ask whether a worker answers, not the process above it, which listens before it has any. Raises OSError."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    connection.close()


@contextmanager
def served(url: str) -> Iterator[Server]:
    """Serve a database by gunicorn with two workers that keep connections."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "bench" * 12, "HTTPS": "0", "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--workers", "2", "--worker-class", "gthread",
               "--threads", "2", "--bind", f"{HOST}:{port}", "--timeout", "900", "--log-level", "error"]  # fmt: skip
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(300):
            try:
                _ready(port)
                break
            except OSError:
                time.sleep(0.1)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(timeout=30)
