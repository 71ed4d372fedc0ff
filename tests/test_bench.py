"""What the benchmark asks for is there to be asked for."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from bench.filling import to_ask
from bench.loading import fixture
from bench.measuring import ROWS, Figure, Result
from bench.report import write
from stances.models import Position, Stance


@pytest.mark.once
def test_what_is_measured_is_found_in_a_corpus(client, db):
    call_command("generate_corpus", statements=200, seed=1, verbosity=0)
    told = json.loads(json.dumps(to_ask()))
    for address in (
        f"/stances/?actor={told['actor']}&topic={told['topic']}",
        f"/stances/?cursor={told['deep']}",
        f"/search/?q={told['word']}",
    ):
        response = client.get(address)
        assert (response.status_code, len(response.context["rows"]) > 0) == (200, True), address
    named = ("statement__key", "actor__slug", "topic__slug")
    rows = Stance.objects.public().filter(repeat=False).order_by("-stated_on", "-id").values_list(*named)
    first = (told["deep_page"] - 1) * 50
    found = client.get(f"/api/v1/stances/?cursor={told['deep']}").json()["results"]
    assert first > 0
    assert [(row["statement_key"], row["actor"], row["topic"]) for row in found] == list(rows[first : first + 50])


@pytest.mark.once
def test_a_fixture_of_a_corpus_loads_as_django_loads_it_and_as_we_do(transactional_db):
    told = fixture(400)
    assert told["objects"] > 4 * told["plain_objects"] > 0
    assert Stance.objects.exists()
    assert Position.objects.exists()


def result(runs: int, ms: float, *, seed: int | None, deep_page: int) -> Result:
    told = Result("sqlite 3", 100_000, 105_000, runs=runs, seed=seed, deep_page=deep_page, filled_s=None)
    told.figures = {row.name: Figure(ms, 0.5, 2048, 200, rows=100 if row.is_export else 0) for row in ROWS}
    told.memory = (50, 250)
    told.imported = {"rows": 100_000, "s": 10, "mb": 80}
    told.fixture = {"objects": 20_000, "s": 7, "plain_objects": 2_000, "plain_s": 4}
    return told


def test_the_report_says_what_was_measured_and_what_reached_its_figure(tmp_path):
    file = tmp_path / "results.md"
    write(file, [result(15, 20.0, seed=3, deep_page=2_112), result(15, 20.1, seed=None, deep_page=10_000)])
    told = file.read_text()
    for words in (
        "the median of 15 requests, of 3 for an export",
        "100,000 statements with 105,000 stances, made with seed 3",
        "105,000 stances, as it was found",
        "| filtered list, 50 rows | 20 | 20.0 (0.50; 2 KB), reached | 20.1 (0.50; 2 KB), missed |",
        "| page 2,112: 20.0 (0.50; 2 KB), reached | page 10,000: 20.1 (0.50; 2 KB), missed |",
        "| a topic's page |  | 20.0 (0.50; 2 KB) | 20.1 (0.50; 2 KB) |",
        "5,000 rows/s (100 rows), missed",
        "50, 250 MB, missed",
        "10 s, 80 MB (100,000 rows), reached",
        "7.0 s, 0.35 ms each (2.0 ms each), missed",
    ):
        assert words in told
    write(file, [result(1, 20.0, seed=3, deep_page=1)])
    assert "not counted: one request." in file.read_text()
