"""The synthetic corpus: the same for the same seed, of the shape of the real one, and within the codebook."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command

from stances import integrity
from stances.bulk import load_file
from stances.cells import MEANINGS
from stances.corpus import COLUMNS, COMMON_WORD, Corpus
from stances.models import Actor, Affiliation, Position, Statement, Topic
from stances.vocabulary import OWN_VOICE, Authority, Basis, Form, Status, Voice

NUMBER = 4000


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in Corpus(NUMBER, seed=7).rows()]


@pytest.fixture(scope="module")
def statements(rows) -> dict[str, dict[str, str]]:
    return {row["statement_key"]: row for row in rows}


@pytest.mark.once
def test_it_has_as_many_statements_as_asked_for_and_some_more_stances(rows, statements):
    assert len(statements) == NUMBER
    assert 1.1 < len(rows) / NUMBER < 1.3


@pytest.mark.parametrize("name", ["c.csv", "c.jsonl"])
@pytest.mark.once
def test_the_same_seed_makes_the_same_bytes(tmp_path, name):
    def written(seed: int) -> bytes:
        call_command("generate_corpus", statements=50, seed=seed, output=str(tmp_path / name), verbosity=0)
        return (tmp_path / name).read_bytes()

    first = written(3)
    assert written(3) == first
    assert written(4) != first


@pytest.mark.once
def test_both_formats_hold_the_same_rows(tmp_path):
    for name in ("c.csv", "c.jsonl"):
        call_command("generate_corpus", statements=50, output=str(tmp_path / name), verbosity=0)
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    objects = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in objects] == table


@pytest.mark.once
def test_every_cell_is_one_that_an_import_reads(rows):
    for row in rows:
        for column, cell in row.items():
            if column != "status" and cell:
                MEANINGS[column].check(MEANINGS[column].read(cell))


@pytest.mark.once
def test_a_row_keeps_the_rules_of_the_codebook(rows, statements):
    for row in rows:
        assert (row["position"] in ("1", "-1")) == bool(row["terms"])
        assert (row["form"] == Form.DIRECT) == bool(row["quote"])
        assert row["rationale"] or row["basis"] == Basis.EXPLICIT
        assert row["form"] != Form.ACT or row["basis"] == Basis.EXPLICIT
        own = row["authority"] in OWN_VOICE or row["speaker"] == row["actor"]
        assert (row["attribution"] == Voice.OWN) == own
        assert MEANINGS["date"].read(row["date"]).latest.isoformat() <= row["published_on"]
        if row["repeats"]:
            first = statements[row["repeats"]]
            assert (first["repeats"], first["status"]) == ("", Status.PUBLISHED)


@pytest.mark.once
def test_the_stances_of_a_statement_differ_in_actor_or_topic(rows):
    pairs = [(row["statement_key"], row["actor"], row["topic"]) for row in rows]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.once
def test_all_kinds_of_statements_are_in_it(rows, statements):
    def told(column: str) -> set[str]:
        return {row[column] for row in rows}

    assert told("form") == set(Form.values)
    assert told("authority") == set(Authority.values)
    assert told("status") == set(Status.values)
    assert told("position") == {"2", "1", "0", "-1", "-2"}
    dates = told("date")
    for notation in (r"..", "/20"):
        assert any(notation in date for date in dates)
    assert any(len(date) == len("2024-02") for date in dates)
    assert any(row["start"] for row in rows)
    assert any(row["repeats"] for row in rows)
    assert {row["topic_parent"] == "" for row in rows} == {True, False}


@pytest.mark.once
def test_few_actors_and_topics_have_most_rows(rows):
    for column in ("actor", "topic"):
        most = Counter(row[column] for row in rows).most_common()
        tenth = max(1, len(most) // 10)
        assert sum(number for _, number in most[:tenth]) > 0.25 * len(rows)


@pytest.mark.once
def test_positions_persist_and_some_change(rows):
    series = defaultdict(list)
    for row in rows:
        if not row["repeats"]:
            series[row["actor"], row["topic"], row["attribution"]].append((row["position"], row["terms"]))
    steps = [(a, b) for held in series.values() for a, b in pairwise(held)]
    assert 0.1 < sum(a != b for a, b in steps) / len(steps) < 0.2


@pytest.mark.once
def test_a_known_word_stands_in_a_twentieth_of_the_summaries(statements):
    found = sum(COMMON_WORD in row["summary"] for row in statements.values())
    assert 0.035 < found / len(statements) < 0.065


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"statements": 0, "output": "c.csv"}, "At least 1"),
        ({"statements": 1, "output": "c.xlsx"}, "neither in .csv nor"),
        ({"statements": 1, "output": "/nowhere/c.csv"}, "cannot be written"),
    ],
)
@pytest.mark.once
def test_what_makes_no_sense_is_told(options, words):
    with pytest.raises(CommandError, match=words):
        call_command("generate_corpus", **options)


@pytest.mark.parametrize("number", [1, 2, 10])
@pytest.mark.once
def test_a_corpus_may_be_small(number):
    assert len({row[0] for row in Corpus(number).rows()}) == number


@pytest.mark.django_db
def test_a_corpus_in_the_database_has_its_offices_its_question_and_right_positions(tmp_path):
    call_command("generate_corpus", statements=300, verbosity=0)
    assert Statement.objects.count() == 300
    assert integrity.problems() == []
    assert Position.objects.exists()
    call_command("check_positions", verbosity=0)
    spoke = Actor.objects.filter(kind="person", statements__authority="head").first()
    assert spoke.affiliations.get().title == "Prime Minister"
    assert Topic.objects.get(featured=True).children.exists()
    assert Affiliation.objects.filter(of__kind="group").exists()


@pytest.mark.django_db
def test_a_corpus_that_is_generated_again_changes_nothing():
    call_command("generate_corpus", statements=40, verbosity=0)
    offices = Affiliation.objects.count()
    call_command("generate_corpus", statements=40, verbosity=0)
    assert (Statement.objects.count(), Affiliation.objects.count()) == (40, offices)
    with pytest.raises(CommandError, match="Nothing was written"):
        call_command("generate_corpus", statements=40, seed=2, verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["all.csv", "all.jsonl"])
def test_a_corpus_that_is_exported_and_imported_changes_nothing(tmp_path, name):
    call_command("generate_corpus", statements=60, verbosity=0)
    call_command("export_stances", str(tmp_path / name), verbosity=0)
    assert not load_file(tmp_path / name).changed
    assert not load_file(tmp_path / name, update=True).changed
