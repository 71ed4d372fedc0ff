"""Two writers at once leave the table that one after the other would have left."""

import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from stances import positions
from stances.models import Position, PublicVersion, Statement
from stances.writes import public_write
from tests import from_scratch
from tests.factories import EditorFactory, GovernmentFactory, PersonFactory, StanceFactory, TopicFactory
from tests.writer import address

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60


@pytest.fixture
def postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time; two processes are tried below")


@pytest.fixture
def editor():
    return EditorFactory()


@pytest.fixture
def series():
    """Make statements ready to publish, one a day, of one actor on one topic, by turns for and against."""
    shared = {"actor": GovernmentFactory(), "topic": TopicFactory(), "statement__speaker": PersonFactory()}
    for day in range(1, 21):
        StanceFactory(
            **shared,
            position=2 if day % 2 else -2,
            statement__key=f"day-{day}",
            statement__date=f"2024-01-{day:02}",
            statement__status="submitted",
        )


def statement(day):
    return Statement.objects.get(key=f"day-{day}")


def told():
    return [
        (p.since.day, p.until and p.until.day, p.value, p.confirmations) for p in Position.objects.order_by("since")
    ]


def assert_right():
    stored = Position.objects.order_by("since").values_list(*from_scratch.COLUMNS)
    assert [tuple(map(str, row)) for row in stored] == from_scratch.positions()
    assert positions.differences() == []


def in_a_thread(pool: ThreadPoolExecutor, write) -> Future:
    """Start a write in a thread with a database connection of its own."""

    def work():
        try:
            return write()
        finally:
            connection.close()

    return pool.submit(work)


@contextmanager
def held_open(pool: ThreadPoolExecutor, write):
    """Keep the transaction of a write open in another thread, until the block ends."""
    written, go_on = threading.Event(), threading.Event()

    def work():
        with public_write():
            write()
            written.set()
            assert go_on.wait(PATIENCE)

    first = in_a_thread(pool, work)
    try:
        assert written.wait(PATIENCE) or first.result()
        yield
    finally:
        go_on.set()
    first.result(PATIENCE)


def waits_for_a_lock(second: Future) -> bool:
    """Tell whether a write comes to wait for another's lock; False where it ends without."""
    with connection.cursor() as cursor:
        while not second.done():
            cursor.execute(
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return True
    return False


@pytest.mark.parametrize("version", ["there", "not yet there"])
def test_a_second_transaction_waits_and_sees_what_the_first_wrote(postgresql, series, editor, version):
    statement(1).publish(by=editor)
    if version == "not yet there":
        PublicVersion.objects.all().delete()
    with ThreadPoolExecutor(2) as pool:
        with held_open(pool, lambda: statement(2).publish(by=editor)):
            second = in_a_thread(pool, lambda: statement(3).publish(by=editor))
            assert waits_for_a_lock(second)
        second.result(PATIENCE)
    assert told() == [(1, 2, 2, 0), (2, 3, -2, 0), (3, None, 2, 0)]
    assert_right()


def test_two_verbs_on_one_statement_at_once_are_one(postgresql, series, editor):
    stale = statement(1)
    with ThreadPoolExecutor(2) as pool:
        with held_open(pool, lambda: statement(1).publish(by=editor)):
            second = in_a_thread(pool, lambda: stale.publish(by=editor))
            assert waits_for_a_lock(second)
        with pytest.raises(ValidationError, match="It is published"):
            second.result(PATIENCE)
    assert Statement.history.filter(history_change_reason="published").count() == 1


def test_a_write_that_fails_lets_the_next_one_in(postgresql, series, editor):
    def fail():
        statement(1).publish(by=editor)
        raise RuntimeError

    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(RuntimeError):
            in_a_thread(pool, lambda: _in_one(fail)).result(PATIENCE)
        in_a_thread(pool, lambda: statement(2).publish(by=editor)).result(PATIENCE)
    assert told() == [(2, None, -2, 0)]
    assert_right()


def _in_one(write):
    with public_write():
        write()


def test_many_transactions_of_two_threads_leave_the_right_table(postgresql, series, editor):
    start = threading.Barrier(2)

    def publish(days):
        start.wait(PATIENCE)
        for day in days:
            statement(day).publish(by=editor)

    with ThreadPoolExecutor(2) as pool:
        writers = [in_a_thread(pool, lambda first=first: publish(range(first, 21, 2))) for first in (1, 2)]
        for writer in writers:
            writer.result(PATIENCE)
    assert len(told()) == 20
    assert_right()


def test_two_processes_leave_the_right_table(series, editor):
    version = PublicVersion.objects.current()
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.writer", str(editor.pk), *(f"day-{day}" for day in range(first, 21, 2))],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": address()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in (1, 2)
    ]
    try:
        assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in writers:
            _, errors = writer.communicate(timeout=PATIENCE)
            assert (writer.returncode, errors) == (0, "")
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert len(told()) == 20
    assert PublicVersion.objects.current() == version + 20
    assert_right()
