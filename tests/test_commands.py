"""The small commands: checking and rebuilding positions, and the demo."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from stances.models import Position
from tests.factories import StanceFactory
from tests.writer import address


@pytest.mark.django_db
def test_check_positions_fails_on_a_difference_and_rebuild_mends_it():
    StanceFactory()
    call_command("check_positions", verbosity=0)
    Position.objects.update(value=-2)
    with pytest.raises(CommandError, match="value is -2, not 2"):
        call_command("check_positions")
    out = StringIO()
    call_command("rebuild_positions", stdout=out)
    assert "brought up to date" in out.getvalue()
    call_command("check_positions", verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["missing", "surplus"])
def test_check_positions_sees_missing_and_surplus_rows(change):
    stance = StanceFactory()
    if change == "missing":
        Position.objects.all().delete()
    else:
        position = Position.objects.get()
        position.pk, position.since, position.until = None, "2020-01-01", "2020-02-01"
        position.save()
    with pytest.raises(CommandError, match="missing" if change == "missing" else "is not so"):
        call_command("check_positions")
    assert stance.pk


def test_demo_refuses_a_busy_port_and_names_another():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} .*PORT={port + 1}"):
            call_command("demo", port=port)


def test_demo_serves_the_data_keeps_edits_and_ends_its_password(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = tmp_path / "demo.sqlite3"
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}", "PYTHONUNBUFFERED": "1"}

    def run(visit):
        command = [sys.executable, "manage.py", "demo", "--port", str(port)]
        with subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as demo:
            lines = []
            for line in demo.stdout:
                lines.append(line)
                if "Ctrl+C" in line:
                    break
            try:
                visit("".join(lines))
            finally:
                demo.send_signal(signal.SIGTERM)
                demo.wait(timeout=30)
        return "".join(lines)

    def home(told):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert answer.status == 200

    first = run(home)
    assert re.search(r"password: \S{12}", first)
    assert f"http://127.0.0.1:{port}/admin/" in first
    second = run(home)
    assert "holds data already" in second
    passwords = [re.search(r"password: (\S+)", told)[1] for told in (first, second)]
    assert passwords[0] != passwords[1]
    assert "publish your own statements" in first
    check = (
        "from django.contrib.auth.models import User; "
        f"print(User.objects.get(username='editor-{port}').has_usable_password())"
    )
    shell = [sys.executable, "manage.py", "shell", "-v0", "-c", check]
    told = subprocess.run(shell, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_a_demo_tells_of_a_database_that_cannot_be_used(tmp_path):
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database " * 1000)
    for url in (f"sqlite:///{broken}", f"sqlite:///{tmp_path}/nowhere/demo.sqlite3"):
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", "--port", "0"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1
        assert "cannot be used" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.django_db
@pytest.mark.every_case
@pytest.mark.parametrize("command", ["loaddata aukus", "import_stances README.md", "check_positions"])
def test_a_command_on_a_database_without_its_tables_says_what_makes_them(tmp_path, command):
    bare = f"sqlite:///{tmp_path / 'bare.sqlite3'}"
    if connection.vendor == "postgresql":
        bare = f"{address()}?options=-c%20search_path%3Dpg_temp"
    done = subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": bare},
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = "manage.py: The database has no tables yet, or old ones: run manage.py migrate.\n"
    assert (done.returncode, done.stderr) == (1, told)
