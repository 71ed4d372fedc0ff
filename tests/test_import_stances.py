"""Importing whole files: what comes of them, what is refused, and that nothing is half done."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from stances import bulk, dialects, positions, search_index, sheets
from stances.bulk import indexes, shaping, staging, writing
from stances.exports import LISTED_STANCES, STANCES, cells_of, csv_lines, objects
from stances.models import Actor, FormerSlug, Import, Position, PublicVersion, Source, Stance, Statement, Topic
from stances.tables import compare
from tests.factories import (
    ActorFactory,
    AffiliationFactory,
    EditorFactory,
    GroupFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)
from tests.writer import address

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]
ROOT = Path(__file__).resolve().parent.parent
HEADER = "statement_key,date,actor,topic,position"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def load(text: str, **more):
    return bulk.load(rows(text), name=more.pop("name", "test.csv"), **more)


def wrong(text: str, **more) -> list[str]:
    before = everything()
    with pytest.raises(bulk.ImportFailed) as failed, transaction.atomic():
        load(text, **more)
    assert everything() == before
    return [str(problem) for problem in failed.value.problems]


def everything() -> list:
    """Give all that stands, by names instead of ids."""
    kept = dict.fromkeys((Actor, Topic), ("slug", "name")) | {Source: ("slug", "title")}
    told: list = [sorted(cells_of(Stance.objects.order_by("pk"), STANCES, defused=False), key=repr)]
    told += [
        sorted(model.objects.values_list(*names, "kind" if model is not Topic else "short_name"))
        for model, names in kept.items()
    ]
    told.append(sorted(Statement.objects.values_list("key", "coder", "language", "retraction_reason", "translated")))
    told.append(sorted(Position.objects.values_list("actor__slug", "topic__slug", "voice", "since", "until", "value")))
    return told


def whole() -> None:
    """Hold what follows from the stances against a computation from scratch."""
    assert positions.differences() == []
    assert search_index.differences() == []


# ---- the same as the desk's import ----

TABLES = {
    "least": f"{HEADER}\nk-1,../2024-03-25,new-zealand,sea-power,1\n",
    "several rows": f"{HEADER},speaker,summary\nk-1,2024,a,t,1,minister,Both.\nk-1,,b,t,-2,,\n"
    "k-2,2024-02,a,t,0,,Other.\n",
    "apart": f"{HEADER},speaker\nk-1,2024,a,t,1,\nk-2,2024,b,t,2,\nk-1,,b,t,-2,minister\n",
    "office": f"{HEADER},speaker\nk-1,2024-02-13,australia,t,2,minister\nk-2,2024-03-01,australia,t,2,minister\n",
    "group": f"{HEADER},speaker\nk-1,2024-02-13,australia,t,2,pact\nk-2,2024-02-13,japan,t,2,pact\n",
    "parents": f"{HEADER},topic_parent,topic_name,proposition\nk-1,2024,a,child,2,parent,,\n"
    "k-2,2024,a,parent,2,,The parent,It should be.\n",
    "repeat first": f"{HEADER},repeats\nk-2,2024,a,t,2,k-1\nk-1,2024,a,t,2,\n",
    "kinds": f"{HEADER},speaker,source,publisher,actor_kind\nk-1,2024,a,t,2,paper,news,paper,\n"
    "k-2,2024,b,t,2,c,news,,group\nk-3,2024,c,t,0,,,,\n",
    "texts": f"{HEADER},form,quote,start,end,locator,condition,rationale,basis,terms\n"
    "k-1,2024-04-01/2024-04-07,a,t,-1,direct,'=1+1 “so”,0,9,\"2-3, 6\",'\\N,Because,implied,time\n",
    "former": f"{HEADER}\nk-1,2024,burma,t,2\nk-2,2024,myanmar,t,2\n",
    "spaces": f"{HEADER},summary\n k-1 , 2024-02 , a , t , +1 , kept as it is \n",
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_a_file_comes_to_the_same_as_at_the_desk(text):
    AffiliationFactory(actor__slug="minister", of__slug="australia", end="2024-03-01", authority="minister")
    group = GroupFactory(slug="pact")
    AffiliationFactory(actor=Actor.objects.get(slug="australia"), of=group, authority="")
    actor = ActorFactory(slug="burma", kind="government")
    actor.slug = "myanmar"
    actor.save()
    editor = EditorFactory()
    point = transaction.savepoint()
    comparison = compare(sheets.read(text.encode(), "test.csv"))
    assert comparison.problems.first(10) == []
    comparison.write(by=editor)
    at_the_desk = everything()
    transaction.savepoint_rollback(point)
    load(text, by=editor)
    assert everything() == at_the_desk
    whole()


WRONG = {
    "unread": f"{HEADER},form\nk 1,2024-13,a b,t,3,said\n",
    "missing": f"{HEADER}\nk-1,,a,t,\nk-2,2024,a,t,\n",
    "contradiction": f"{HEADER},speaker_name,speaker\nk-1,2024,a,t,1,One,s\nk-1,2025,b,t,1,Other,s\n",
    "twice": f"{HEADER}\nk-1,2024,a,t,1\nk-1,2024,a,t,2\n",
    "constraints": f"{HEADER},form,terms,basis,quote\nk-1,2024,a,t,2,direct,time,explicit,\n"
    "k-2,2024,a,t,1,,time,implied,so\n",
    "deed": f"{HEADER},form,basis,rationale\nk-1,2024,a,t,2,act,implied,For it did.\n",
    "to come": f"{HEADER}\nk-1,2999,a,t,2\n",
    "after its source": f"{HEADER},source,published_on\nk-1,2024-02,a,t,2,s,2024-02-13\n",
    "repeats": f"{HEADER},repeats\nk-1,2024,a,t,2,k-2\nk-2,2024,a,t,2,k-3\nk-3,2024,a,t,2,\nk-4,2024,a,t,2,k-4\n",
    "repeats none": f"{HEADER},repeats\nk-1,2024,a,t,2,none\n",
    "loop": f"{HEADER},topic_parent\nk-1,2024,a,one,2,two\nk-2,2024,a,two,2,one\n",
    "cleared": f"{HEADER},speaker\nk-1,2024,a,t,2,\\N\n",
    "unnamed": f"{HEADER},speaker_name,source_title\nk-1,2024,a,t,2,Name,Title\n",
    "used before": f"{HEADER}\nold,2024,a,t,2\n",
    "given up": f"{HEADER}\nk-1,2024,gone,t,2\n",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_as_at_the_desk(text):
    StatementFactory(key="old", status="draft").delete()
    FormerSlug.objects.create(kind="actor", slug="gone")
    at_the_desk = {(p.column, p.rule) for p in compare(sheets.read(text.encode(), "test.csv")).problems.kept}
    with pytest.raises(bulk.ImportFailed) as failed:
        load(text)
    mine = {(p.column, p.rule.replace("the file", "the table")) for p in failed.value.problems}
    number = str.maketrans("", "", "0123456789")  # rows of a list count from 1, and of a sheet with its header
    assert {(c, r.translate(number)) for c, r in mine} == {(c, r.translate(number)) for c, r in at_the_desk}


# ---- what a file may hold ----


def test_an_export_comes_back_as_it_was_and_then_changes_nothing(tmp_path):
    call_command("loaddata", "aukus", verbosity=0)
    file = tmp_path / "all.csv"
    file.write_text("".join(csv_lines(Stance.objects.order_by("pk"), STANCES)), newline="")
    before = everything()[0]
    assert not bulk.load_file(file).changed
    of_readers = [csv_lines(Stance.objects.all(), LISTED_STANCES), objects(Stance.objects.all(), LISTED_STANCES)]
    for name, lines in zip(("stances.csv", "stances.jsonl"), of_readers, strict=True):
        (tmp_path / name).write_text("\n".join(line.rstrip() for line in lines))
        assert not bulk.load_file(tmp_path / name).changed
    version = PublicVersion.objects.current()
    for model in (Position, Stance, Statement):
        model._base_manager.all()._raw_delete(model._base_manager.db)
    Statement.history.all().delete()
    done = bulk.load_file(file)
    assert done.rows == len(before) == done.counts["stance"]["new"]
    assert everything()[0] == before
    whole()
    assert PublicVersion.objects.current() == version + 1
    kept = Import.objects.get()
    assert (kept.name, kept.counts["stance"]["new"]) == ("all.csv", len(before))
    assert kept.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    out = io.StringIO()
    call_command("import_stances", file, stdout=out, stderr=io.StringIO())
    assert "nothing changed" in out.getvalue()
    assert Import.objects.count() == 1
    assert PublicVersion.objects.current() == version + 1


def test_a_pipe_and_the_standard_input_are_read_like_a_file(tmp_path, monkeypatch):
    pipe, content = tmp_path / "pipe.csv", f"{HEADER}\nk-1,2024-01-02,chile,joining,1\n".encode()
    os.mkfifo(pipe)
    writer = subprocess.Popen([sys.executable, "-c", f"open({str(pipe)!r}, 'wb').write({content!r})"])
    assert bulk.load_file(pipe).rows == 1
    assert writer.wait() == 0
    assert Import.objects.get().name == "pipe.csv"
    assert Import.objects.get().sha256 == hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    call_command("import_stances", "-", verbosity=0)
    assert Import.objects.count() == 1  # it says the same


def test_json_lines_say_the_same_as_csv(tmp_path):
    text = TABLES["texts"]
    (tmp_path / "one.csv").write_text(text)
    bulk.load_file(tmp_path / "one.csv")
    lines = [json.dumps({k: int(v) if k == "position" else v or None for k, v in row.items()}) for row in rows(text)]
    (tmp_path / "one.jsonl").write_text("\n".join(["", *lines, ""]))
    assert not bulk.load_file(tmp_path / "one.jsonl").changed


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "The file is empty"),
        ("a.csv", HEADER.encode(), "no rows under its header"),
        ("a.csv", b"statement_key,colour\nk,red\n", "There is no such column"),
        ("a.csv", f'{HEADER}\n"k-1,2024,a,t,2\n'.encode(), "is not CSV"),
        ("a.csv", f"{HEADER},summary\nk-1,2024,a,t,2,caf".encode() + b"\xe9\n", "not in UTF-8"),
        ("a.csv", f"{HEADER}\nk-1,2024,a,t,2,more\n".encode(), "more cells than the header"),
        ("a.csv", f"{HEADER},summary\nk-1,2024,a,t,2,a\x00b\n".encode(), "NUL character"),
        ("a.jsonl", b'{"statement_key": "k-1"\n', "is no JSON"),
        ("a.jsonl", b"[1]\n", "is no object"),
        ("a.jsonl", b'{"topic": "a", "actor": "b", "topic": "c"}\n', "“topic” stands in it twice"),
        ("a.jsonl", b"[" * 100_000, "is no JSON"),
        ("a.jsonl", b'{"statement_key": ["k-1"], "colour": "red"}\n', "There is no such column"),
        ("a.jsonl", b'{"statement_key": "k-1", "summary": "\\ud800"}\n', "Half a character"),
    ],
)
def test_what_is_no_file_of_stances_is_refused_in_words(tmp_path, name, content, told):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(CommandError, match=told):
        call_command("import_stances", file, stderr=io.StringIO())
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_stances", tmp_path / "none.csv")
    assert not Statement.objects.exists()
    assert not Import.objects.exists()


def test_the_first_hundred_problems_are_told_and_the_number_of_the_rest(tmp_path):
    text = HEADER + "".join(f"\nk-{n},2024,a,t,{3 if n % 2 else 2}" for n in range(3000))
    file = tmp_path / "many.csv"
    file.write_text(text)
    with pytest.raises(CommandError) as failed:
        call_command("import_stances", file, stderr=io.StringIO())
    lines = str(failed.value).splitlines()
    assert lines[0] == "Row 3, position “3”: A position is -2, -1, 0, 1 or 2."
    assert lines[-2:] == ["... and 1,400 more.", "Nothing was written."]
    assert len(lines) == 102


@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_a_wrong_row_hides_none_of_those_that_are_read_with_it(monkeypatch, at_once):
    monkeypatch.setattr(staging, "AT_ONCE", at_once)
    lines = ("k-1,2024,a,t,1,", ",,,,,", "k-2,2024,a,t,9,\x00", "k-3,2024,a,,1,", "k-4,,a,t,1,", "k-1,2023,a,u,1,")
    told = wrong("\n".join([f"{HEADER},quote", *lines]))
    assert told == [
        "Row 3, position “9”: A position is -2, -1, 0, 1 or 2.",
        "Row 3, quote “�”: A NUL character is in it, which no text has.",
        "Row 4, topic: It is needed in each row.",
    ]
    told = wrong("\n".join([f"{HEADER},quote", *lines[:2], *lines[4:]]))
    assert [problem.split(":")[0] for problem in told] == ["Row 3, date", "Row 4, date “2023”"]
    text = "\n".join([f"{HEADER},form", "k-1,2024,a,t,1,", ",,,,,", "k-1,2024,a,u,1,", "", "k-2,2024,b,t,1,act"])
    assert load(text).rows == 3
    assert list(Stance.objects.order_by("pk").values_list("statement__key", "actor__slug", "topic__slug")) == [
        ("k-1", "a", "t"),
        ("k-1", "a", "u"),
        ("k-2", "b", "t"),
    ]


def test_a_row_that_is_cut_short_says_so_and_one_that_ends_with_blanks_need_not_have_them(tmp_path):
    file = tmp_path / "cut.csv"
    file.write_text(f"{HEADER},summary,quote\nk-1,2024,a,t,2\nk-2,2024,a\n\n,\nk-3\nk-4,2024,a,,2\n")
    with pytest.raises(CommandError) as failed:
        call_command("import_stances", file, stderr=io.StringIO())
    assert str(failed.value).splitlines() == [
        "Row 3, topic: It is needed in each row; this one has 3 cells, the header 7.",
        "Row 6, actor: It is needed in each row; this one has 1 cell, the header 7.",
        "Row 6, topic: It is needed in each row; this one has 1 cell, the header 7.",
        "Row 7, topic: It is needed in each row.",
        "Nothing was written.",
    ]


# ---- new names ----


def test_new_actors_and_topics_are_named_with_what_a_slip_may_have_meant(tmp_path):
    ActorFactory(slug="australia")
    TopicFactory(slug="aukus-pillar-2")
    file = tmp_path / "one.csv"
    file.write_text(f"{HEADER},speaker\nk-1,2024,australai,aukus-pillar-22,2,ruritania\nk-2,2024,australia,sea,1,\n")
    before = everything()
    told = [
        "2 rows: 2 new actors, 2 new topics, 1 new source, 2 new statements, 2 new stances.",
        "New actors: australai (is australia meant?), ruritania.",
        "New topics: aukus-pillar-22 (is aukus-pillar-2 meant?), sea.",
    ]
    for options, last in (({"dry_run": True}, ["A dry run: nothing was written."]), ({}, [])):
        assert everything() == before
        out = io.StringIO()
        call_command("import_stances", file, stdout=out, stderr=io.StringIO(), **options)
        assert out.getvalue().splitlines() == told + last
    whole()
    assert set(Topic.objects.values_list("slug", flat=True)) == {"aukus-pillar-2", "aukus-pillar-22", "sea"}
    assert load(file.read_text()).names == []


def test_of_many_new_names_ten_are_told_and_the_number_of_the_rest():
    done = load(HEADER + "".join(f"\nk-{n},2024,country-{n:04},sea,2" for n in range(1200)))
    assert done.names == [
        f"New actors: {', '.join(f'country-{n:04}' for n in range(10))} and 1,190 more.",
        "New topic: sea.",
    ]


def test_a_dry_run_tells_what_is_wrong(tmp_path):
    file = tmp_path / "one.csv"
    file.write_text(f"{HEADER}\nk-1,2024,a,t,9\n")
    with pytest.raises(CommandError, match="A position is -2, -1, 0, 1 or 2"):
        call_command("import_stances", file, dry_run=True, stderr=io.StringIO())


# ---- the status ----


def test_the_status_is_obeyed():
    text = f"{HEADER},status\n" + "".join(
        f"{status},2024-02-13,a,t,2,{status}\n" for status in ("draft", "submitted", "published", "retracted")
    )
    editor = EditorFactory()
    load(text, by=editor)
    told = {s.key: s for s in Statement.objects.all()}
    assert {key: s.status for key, s in told.items()} == {key: key for key in told}
    assert {s.coder for s in told.values()} == {editor}
    assert sorted(key for key, s in told.items() if s.published_at) == ["published", "retracted"]
    assert told["retracted"].retraction_reason == "Withdrawn before it was imported from test.csv."
    assert [p.opening.statement.key for p in Position.objects.all()] == ["published"]
    assert wrong(f"{HEADER},status\npublished,2024-02-13,a,t,2,draft\n", update=True) == [
        "Row 1, status “draft”: It is published, and cannot become draft: "
        "what was published is retracted, and stays so."
    ]
    whole()


def test_a_published_repeat_repeats_what_is_published():
    text = f"{HEADER},repeats,status\nk-1,2024,a,t,2,,draft\nk-2,2024,a,t,2,k-1,published\n"
    assert wrong(text) == ["Row 2, repeats “k-1”: k-1 is not published."]
    load(text.replace("draft", "published"))
    told = wrong(f"{HEADER},status\nk-1,2024,a,t,2,retracted\n", update=True)
    assert told == [
        "Row 1, status “retracted”: The published statement k-2 repeats it: "
        "say in the same file what becomes of that one."
    ]
    whole()


def test_published_words_stand_in_the_text_of_their_source():
    SourceFactory(slug="held", text="He said: “We shall see.”", published_on="2024-03-01")
    text = f"{HEADER},source,form,quote,status\nk-1,2024-02,a,t,2,held,direct,We shall not.,published\n"
    assert "does not stand so in the source's text" in wrong(text)[0]
    load(text.replace("shall not", "shall see"))


# ---- what stands ----


def test_what_differs_is_an_error_unless_it_is_an_update():
    load(f"{HEADER},terms,summary,status\nk-1,2024,a,t,1,time,Said.,published\n")
    text = f"{HEADER},terms,summary\nk-1,2024-02,a,t,1,scope,\nk-1,2024-02,b,t,2,,\n"
    assert wrong(text) == [
        "Row 1, date “2024-02-01/2024-02-29”: “2024-01-01/2024-12-31” stands here. --update changes it.",
        "Row 1, terms “scope”: “time” stands here. --update changes it.",
        "Row 2, topic “t”: The statement stands here without this stance. --update adds it.",
    ]
    editor = EditorFactory()
    done = load(text, update=True, by=editor, digest="0" * 64)
    assert done.counts["statement"] == {"changed": 1}
    assert done.counts["stance"]["changed"] == done.counts["stance"]["new"] == 1
    statement = Statement.objects.get()
    assert (str(statement.date), statement.summary, statement.coder) == ("2024-02", "Said.", None)
    assert sorted(statement.stances.values_list("actor__slug", "terms")) == [("a", "scope"), ("b", "")]
    entry = statement.history.latest()
    assert (entry.history_user, entry.history_change_reason) == (
        editor,
        f"imported from test.csv, SHA-256 {'0' * 64}",
    )
    whole()


def test_blank_leaves_a_value_and_the_sign_clears_it():
    columns = "topic_parent,start,end,occasion,published_on,source"
    load(f"{HEADER},{columns}\nk-1,2024,a,t,2,above,1,2,news conference,2024-12-31,s\n")
    load(f"{HEADER},{columns}\nk-1,,a,t,,,,,,,\n", update=True)
    statement = Statement.objects.get()
    assert (statement.start, statement.occasion, statement.source.published_on.year) == (1, "news conference", 2024)
    load(f"{HEADER},{columns}\nk-1,,a,t,,\\N,\\N,\\N,\\N,\\N,s\n", update=True)
    statement = Statement.objects.get()
    assert (statement.start, statement.end, statement.occasion, statement.source.published_on) == (None, None, "", None)
    assert Topic.objects.get(slug="t").parent is None


@pytest.mark.parametrize("way", ["save", "update", "import"])
def test_what_an_import_brought_enters_the_history_when_it_first_changes(way):
    editor = EditorFactory()
    load(f"{HEADER},summary,status\nk-1,2024,a,t,1,Said.,published\n", by=editor, digest="0" * 64)
    assert not Statement.history.exists()
    assert not Stance.history.exists()
    if way == "save":
        statement = Statement.objects.get()
        statement.summary = "Said again."
        statement.save()
    elif way == "update":
        Statement.objects.update(summary="Said again.")
    else:
        load(f"{HEADER},summary\nk-1,2024,a,t,1,Said again.\n", update=True)
    first = Statement.history.earliest()
    assert (first.summary, first.status, first.history_user) == ("Said.", "published", editor)
    assert first.history_change_reason == Import.objects.earliest("at").reason
    assert first.history_date == Import.objects.earliest("at").at
    assert Statement.objects.get().summary == "Said again."
    assert not Stance.history.exists()


def test_what_follows_from_a_change_follows():
    """A statement's other stances copy it; a speaker that becomes a group ranks its words elsewhere."""
    header = f"{HEADER},speaker,status"
    load(f"{header}\nk-1,2024-01-01,a,t,2,s,published\nk-1,,b,t,2,,\nk-2,2024-02-01,b,t,-2,b,published\n")
    load(f"{HEADER}\nk-1,2024-03-01,a,t,2\n", update=True)
    assert [p.value for p in Position.objects.filter(actor__slug="b", until=None, voice="own")] == [-2]
    assert set(Statement.objects.get(key="k-1").stances.values_list("stated_on", flat=True)) == {
        Statement.objects.get(key="k-1").latest
    }
    load(f"{HEADER},speaker,speaker_kind\nk-1,,a,t,,s,group\n", update=True)
    whole()
    load(f"{header}\nk-1,,a,t,,,retracted\n", update=True)
    assert not Stance.objects.public().filter(statement__key="k-1").exists()
    whole()


def test_texts_are_found_once_published_and_no_sooner():
    load(f"{HEADER},summary,status\nk-1,2024,a,t,2,Wombats agree.,published\nk-2,2024,a,t,2,Wombats differ.,draft\n")
    assert [s.key for s in Statement.objects.search("wombats")] == ["k-1"]


def test_many_rows_come_to_the_same_without_their_indexes(monkeypatch):
    monkeypatch.setattr(indexes, "MANY", 1)
    monkeypatch.setattr(staging, "CHUNK", 2)
    monkeypatch.setattr(staging, "REMEMBERED", 3)
    before = schema()
    load(
        TABLES["several rows"]
        .replace("summary", "summary,status")
        .replace("\n", ",published\n")
        .replace("status,published", "status")
    )
    assert schema() == before
    whole()
    StanceFactory()  # what keeps the index of search is there again
    whole()


@pytest.mark.parametrize("lying", [(1, 2, 3), (3, 1, 2)], ids=["in order", "in another"])
def test_new_rows_are_sorted_only_where_they_do_not_lie_in_the_order_of_their_ids(lying):
    TopicFactory()
    new = shaping.shaped(staging.TOPICS)
    columns = ", ".join(shaping.columns_of(staging.TOPICS))
    dialects.run(f"CREATE TEMPORARY TABLE {new} AS SELECT t.*, t.id > 0 AS is_new FROM stances_topic t")
    for number in lying:
        dialects.run(f"UPDATE stances_topic SET id = {100 + number}, slug = 't-{number}'")
        dialects.run(f"INSERT INTO {new} SELECT t.*, t.id > 0 FROM stances_topic t")
    dialects.run(f"DELETE FROM {new} WHERE slug NOT LIKE 't-%'")
    dialects.run("DELETE FROM stances_topic")
    with CaptureQueriesContext(connection) as asked:
        writing._insert(staging.TOPICS)
    (insert,) = [query["sql"] for query in asked if f"INSERT INTO stances_topic ({columns})" in query["sql"]]
    assert ("ORDER BY" in insert) == (lying != tuple(sorted(lying)))
    place = "ctid" if connection.vendor == "postgresql" else "rowid"
    assert dialects.ask(f"SELECT slug FROM stances_topic ORDER BY {place}") == [("t-1",), ("t-2",), ("t-3",)]


def schema() -> list:
    if connection.vendor == "postgresql":
        query = (
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
            "SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint UNION ALL "
            "SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal"
        )
    else:
        query = "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return sorted(str(row[0]) for row in cursor.fetchall())


# ---- killed ----


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["comparing", "Writing"])
def test_a_killed_import_leaves_the_database_as_it_was(tmp_path, moment):
    load(f"{HEADER},status\nk-1,2024,a,t,1,published\n")
    before = everything()
    file = tmp_path / "many.csv"
    lines = "".join(f"\nmany-{n},2024-02-13,a,t-{n % 7},2,published" for n in range(4000))
    file.write_text(f"{HEADER},status{lines}\n")
    command = [sys.executable, "manage.py", "import_stances", str(file)]
    environment = {**os.environ, "DATABASE_URL": address()}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = next((line for line in process.stderr if moment in line), "")
        process.kill()
    assert said
    assert everything() == before
    assert not Import.objects.exclude(name="test.csv").exists()
    load(f"{HEADER}\nk-2,2024,a,t,1\n")
    whole()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["import_stances", "generate_corpus"])
def test_who_interrupts_a_command_is_told_that_nothing_was_written(tmp_path, command):
    file = tmp_path / "many.csv"
    file.write_text(HEADER + "".join(f"\nmany-{n},2024-02-13,a,t-{n % 7},2" for n in range(4000)))
    arguments = {"import_stances": [str(file)], "generate_corpus": ["--statements", "4000"]}
    call = [sys.executable, "manage.py", command, *arguments[command]]
    environment = {**os.environ, "DATABASE_URL": address()}

    def heed_interrupts() -> None:
        """Take the signal as it comes from a keyboard: a run in the background hands on that it is passed over."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        call,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        assert process.stderr
        assert next((line for line in process.stderr if "comparing" in line), "")
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert (told.splitlines()[-1], process.returncode) == ("Interrupted: nothing was written.", 130)
    assert "Traceback" not in told
    assert not Statement.objects.exists()
