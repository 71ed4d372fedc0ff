"""Exports: all rows, in the columns agreed, that read back as they were stored."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.core.signals import request_finished
from django.db import close_old_connections, connection, models
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from stances import copying, exports
from stances.exports import csv_lines, defuse, in_chunks, json_lines, restored
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.vocabulary import WORDS, Basis
from tests.factories import ActorFactory, SourceFactory, StanceFactory, StatementFactory, TopicFactory
from tests.pact import WRONG, WRONG_ON

pytestmark = pytest.mark.django_db

NAMES = ("stances", "changes", "positions", "actors", "topics", "sources")


def body(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    assert response.streaming
    return b"".join(response.streaming_content).decode()


def in_csv(client, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(client, address), newline="")))


def in_json(client, address: str) -> list[dict]:
    return json.loads(body(client, address))


STANCE_COLUMNS = (
    "statement_key,date,occasion,form,authority,speaker,speaker_name,speaker_kind,summary,quote,locator,start,end,"
    "repeats,source,source_title,source_kind,publisher,published_on,url,actor,actor_name,actor_kind,topic,topic_name,"
    "topic_parent,proposition,position,terms,condition,basis,attribution,rationale,status"
)
LISTED_COLUMNS = f"{STANCE_COLUMNS},counted_on,reads_as,address"
POSITION_COLUMNS = (
    "actor,topic,voice,position,terms,since,until,statement_key,confirmations,last_stated_on,said,"
    "actor_name,topic_name,reads_as,on,address"
)
CHANGE_COLUMNS = (
    "date,actor,topic,kind,from_position,from_terms,position,terms,size,statement_key,said,days,from_statement_key,"
    "actor_name,topic_name,from_reads_as,reads_as,address"
)


@pytest.mark.parametrize(
    ("address", "columns"),
    [
        ("/stances.csv", LISTED_COLUMNS),
        ("/positions.csv", POSITION_COLUMNS),
        ("/positions.csv?on=2024-04-01", POSITION_COLUMNS),
        ("/changes.csv", CHANGE_COLUMNS),
    ],
)
def test_the_columns_are_as_agreed(client, address, columns):
    assert body(client, address) == f"{columns}\r\n"


def test_a_stance_is_written_with_its_statement_source_and_topic(client, world):
    [row] = in_csv(client, "/stances.csv?source=early")
    assert row == {
        "statement_key": "interview",
        "date": "2024-02-13",
        "occasion": "Interview in Canberra",
        "form": "direct",
        "authority": "minister",
        "speaker": "minister",
        "speaker_name": "Jane Minister",
        "speaker_kind": "person",
        "summary": row["summary"],
        "quote": "As the pact matures",
        "locator": "",
        "start": "",
        "end": "",
        "repeats": "",
        "source": "early",
        "source_title": "Early news",
        "source_kind": "article",
        "publisher": "paper",
        "published_on": "2024-02-14",
        "url": "",
        "actor": "australia",
        "actor_name": "Australia",
        "actor_kind": "government",
        "topic": "pact-japan",
        "topic_name": "Pact: Japan",
        "topic_parent": "pact",
        "proposition": row["proposition"],
        "position": "1",
        "terms": "time",
        "condition": "",
        "basis": "explicit",
        "attribution": "own",
        "rationale": "",
        "status": "published",
        "counted_on": "2024-02-13",
        "reads_as": "for, later",
        "address": "http://testserver/statements/interview/",
    }


def test_dates_are_in_the_codebooks_notation_and_repeats_name_their_original(client, world):
    rows = {(row["statement_key"], row["topic"]): row for row in in_csv(client, "/stances.csv?repeats=1")}
    assert {key[0]: row["date"] for key, row in rows.items()} == {
        "interview": "2024-02-13",
        "account": "../2024-03-25",
        "speech": "2024-04",
        "again": "2024-02-13",
    }
    assert rows["again", "pact-japan"]["repeats"] == "interview"


def test_changes_tell_from_what_to_what(client, world):
    assert in_csv(client, "/changes.csv") == [
        {
            "date": "2024-04-30",
            "actor": "australia",
            "topic": "pact-japan",
            "kind": "reversal",
            "from_position": "1",
            "from_terms": "time",
            "position": "-2",
            "terms": "",
            "size": "-3",
            "statement_key": "speech",
            "said": "2024-04",
            "days": "77",
            "from_statement_key": "interview",
            "actor_name": "Australia",
            "topic_name": "Pact: Japan",
            "from_reads_as": "for, later",
            "reads_as": "against",
            "address": "http://testserver/actors/australia/on/pact-japan/?on=2024-04-30",
        }
    ]


def test_first_recorded_positions_have_no_size(client, world):
    rows = in_json(client, "/changes.json?kind=first&actor=japan")
    assert [(row["topic"], row["from_position"], row["size"]) for row in rows] == [("trade", None, None)]


def test_positions_tell_from_when_until_when(client, world):
    rows = in_json(client, "/positions.json?order=date")
    assert [(r["actor"], r["topic"], r["voice"], r["position"], r["since"], r["until"]) for r in rows] == [
        ("australia", "pact-japan", "own", 1, "2024-02-13", "2024-04-30"),
        ("japan", "pact", "reported", -2, "2024-03-25", None),
        ("australia", "pact-japan", "own", -2, "2024-04-30", None),
        ("japan", "trade", "own", 0, "2024-04-30", None),
    ]


def test_positions_tell_names_words_and_the_day_that_was_asked_for(client, world):
    [row] = in_csv(client, "/positions.csv?on=2024-03-01")
    told = [row[name] for name in ("actor_name", "topic_name", "reads_as", "on", "address")]
    address = "http://testserver/actors/australia/on/pact-japan/"
    assert told == ["Australia", "Pact: Japan", "for, later", "2024-03-01", address]
    assert {row["on"] for row in in_csv(client, "/positions.csv")} == {""}
    assert {row["on"] for row in in_json(client, "/positions.json")} == {None}


@pytest.mark.parametrize("name", [*NAMES, "changes/differ", "search"])
def test_the_address_of_a_row_leads_to_its_page(client, world, name):
    speech = Stance.objects.get(statement__key="speech", topic__slug="pact-japan")
    other = StatementFactory(date="2024-05-03", authority=speech.statement.authority, published=True)
    StanceFactory(statement=other, actor=speech.actor, topic=speech.topic, position=2)
    queries = {"changes": "?kind=first", "search": "?q=pact", "actors": "?kind=government"}
    rows = in_json(client, f"/{name}.json{queries.get(name, '')}")
    assert rows
    for row in rows:
        assert row["address"].startswith("http://testserver/")
        assert client.get(row["address"].removeprefix("http://testserver")).status_code == 200


@pytest.mark.parametrize(("position", "terms"), WORDS)
def test_a_position_is_written_in_the_words_of_the_pages(client, position, terms):
    stance = StanceFactory(position=position, terms=terms)
    for name in ("stances", "positions"):
        assert [row["reads_as"] for row in in_csv(client, f"/{name}.csv")] == [stance.wording]


def test_positions_on_a_day_know_nothing_of_later_words(client):
    topic = TopicFactory()
    first = StanceFactory(topic=topic, statement__date="2024-01-01", statement__key="first")
    for date in ("2024-02-01", "2024-03-01"):
        StanceFactory(topic=topic, actor=first.actor, statement__date=date)

    def record(query: str) -> list[tuple]:
        rows = in_json(client, f"/positions.json{query}")
        return [(row["confirmations"], row["last_stated_on"], row["statement_key"]) for row in rows]

    assert record("?on=2023-12-31") == []
    assert record("?on=2024-01-31") == [(0, "2024-01-01", "first")]
    assert record("?on=2024-02-01") == [(1, "2024-02-01", "first")]
    assert record("") == [(2, "2024-03-01", "first")]


@pytest.mark.parametrize("name", NAMES)
def test_csv_and_json_hold_the_same_rows_in_the_same_order(client, world, name):
    as_json = in_json(client, f"/{name}.json")
    assert as_json
    told = [{key: "" if value is None else str(value) for key, value in row.items()} for row in as_json]
    assert [{key: restored(value) for key, value in row.items()} for row in in_csv(client, f"/{name}.csv")] == told


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_export_is_an_empty_list(client, name):
    assert in_json(client, f"/{name}.json") == []
    assert in_csv(client, f"/{name}.csv") == []


def test_rows_come_in_the_order_asked_for(client, world):
    newest = [row["statement_key"] for row in in_json(client, "/stances.json")]
    oldest = [row["statement_key"] for row in in_json(client, "/stances.json?order=date")]
    assert oldest == newest[::-1] == ["interview", "account", "speech", "speech"]
    assert [row["source"] for row in in_json(client, "/sources.json")] == ["late", "early"]
    assert [row["topic"] for row in in_json(client, "/topics.json")] == ["pact", "pact-japan", "trade"]


def test_an_export_holds_all_rows_whatever_the_page(client, world):
    few = len(in_csv(client, "/stances.csv"))
    for _ in range(60):
        StanceFactory()
    second = client.get("/stances/").context["next_url"]
    assert "cursor=" in second
    assert len(in_csv(client, second.replace("/stances/", "/stances.csv"))) == few + 60


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_any_text_is_restored_and_never_a_formula(text):
    cell = defuse(text)
    assert restored(cell) == text
    assert not re.match(r"[=+\-@\t\r\n]", cell)


HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "'=1",
    "''-1",
    'say "hi", then\r\ngo',
    "漢字 é",
    "'",
    "\\N",
]


def test_hostile_texts_read_back_and_numbers_are_left_alone(client):
    for text in HOSTILE:
        StanceFactory(
            position=-2,
            statement__occasion=text[:200],
            statement__summary=f"{text}.",
            basis=Basis.IMPLIED,
            rationale=text,
            topic__name=text,
            actor__name=text,
        )
    rows = in_csv(client, "/stances.csv?order=date")
    assert {row["position"] for row in rows} == {"-2"}
    for column, expected in (
        ("occasion", HOSTILE),
        ("rationale", HOSTILE),
        ("topic_name", HOSTILE),
        ("summary", [f"{text}." for text in HOSTILE]),
    ):
        cells = [row[column] for row in rows]
        assert not any(cell[0] in "=+-@\t\r" for cell in cells)
        assert sorted(restored(cell) for cell in cells) == sorted(expected)
    assert sorted(row["occasion"] for row in in_json(client, "/stances.json")) == sorted(HOSTILE)


def test_text_is_quoted_as_another_separator_would_split_it(client):
    StanceFactory(condition="so;=1+1", rationale="so\t=1+1", statement__occasion="so")
    lines = body(client, "/stances.csv")
    assert ',"so;=1+1",' in lines
    assert ',"so\t=1+1",' in lines
    assert ',"so",' in lines
    assert '""' not in lines
    [row] = in_csv(client, "/stances.csv")
    assert (row["condition"], row["rationale"]) == ("so;=1+1", "so\t=1+1")


DATES = ("2024-02-13", "2024-02", "2023-02", "2024", "2024-04-01/2024-04-07", "2023-02-01/2024-02-29", "../2024-03-25")


QUERIES = ("", "?actor=japan")
ONES = ("/positions.csv?on=2024-04-01", "/positions.json?on=2024-04-01", "/changes.csv?kind=first")
COPY = pytest.mark.skipif(connection.vendor != "postgresql", reason="COPY is PostgreSQL's.")


@COPY
def test_what_copy_writes_is_byte_for_byte_what_the_program_writes(client, world, monkeypatch):
    texts = [*HOSTILE, "\x01\x02\x1f\x7f", "\\.", '\\"', "a,b", "\u2028 𝄞", "''", "％s %s {0}", "\\N ", "x\n=1", "＝1"]
    for n, text in enumerate(texts):
        StanceFactory(
            position=-2,
            statement__date=DATES[n % len(DATES)],
            statement__quote=text,
            statement__start=n,
            statement__end=n + 1,
            basis=Basis.IMPLIED,
            rationale=text,
            topic__name=text,
            topic__proposition=text,
            actor__name=text,
            statement__source__title=text,
            statement__source__author=text,
        )
    names = (*NAMES, "changes/differ")
    addresses = [f"/{name}.{format}{query}" for name in names for format in ("csv", "json") for query in QUERIES]
    for address in (*addresses, *ONES):
        with CaptureQueriesContext(connection) as captured:
            copied = body(client, address)
        assert any("COPY (" in query["sql"] for query in captured) == ("actors" not in address)
        with monkeypatch.context() as program:
            program.setattr(exports, "can_copy", lambda rows, columns: False)
            assert body(client, address) == copied


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Stance, exports.LISTED_STANCES),
        (Statement, exports.STATEMENTS),
        (Position, exports.POSITIONS),
        (Position, exports.CHANGES),
        (Actor, exports.ACTORS),
        (Topic, exports.TOPICS),
        (Source, exports.SOURCES),
    ],
)
def test_what_is_written_without_quotes_is_a_number_a_day_or_of_a_list(model, columns):
    worked_out = {
        "asked_on",
        "last_stated_then",
        "terms",
        "previous_terms",
    }  # positions have the terms of their stances
    for column in columns:
        if column.is_text or column.sql or column.csv_sql or column.paths[0] in worked_out:
            continue
        *relations, name = column.paths[0].split("__")
        there = model
        for relation in relations:
            there = there._meta.get_field(relation).related_model
        field = there._meta.get_field(name)
        assert field.choices or not isinstance(field, models.CharField | models.TextField), column.name


@COPY
def test_codes_that_would_split_a_line_are_quoted(client, world):
    Source.objects.filter(slug="early").update(language='e,"n')
    [row] = [row for row in in_csv(client, "/sources.csv") if row["source"] == "early"]
    assert row["language"] == 'e,"n'


def test_aliases_are_kept_from_being_run_too(client):
    actor = StanceFactory(actor__aliases="=HYPERLINK()\nOther").actor
    [row] = in_csv(client, f"/actors.csv?actor={actor.slug}")
    assert row["aliases"] == "'=HYPERLINK(); Other"


def test_the_text_of_a_source_is_never_exported(client, world):
    Source.objects.filter(slug="early").update(text="The whole copyright text.")
    for address in ("/sources.csv", "/sources.json", "/stances.csv", "/stances.json", "/sources/"):
        response = client.get(address)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        assert b"copyright text" not in content


def test_rows_are_sent_while_the_rest_is_still_to_be_read():
    topic = TopicFactory()
    actors = Actor.objects.bulk_create(ActorFactory.build_batch(450))
    assert len(actors) == 450
    chunks = in_chunks(csv_lines(Actor.objects.order_by("pk"), exports.ACTORS))
    assert next(chunks).count(b"\r\n") == exports.ROWS_A_CHUNK
    rest = b"".join(chunks)
    assert rest.count(b"\r\n") == 451 - exports.ROWS_A_CHUNK
    whole = "".join(json_lines(Topic.objects.order_by("pk"), exports.TOPICS))
    assert json.loads(whole)[0]["topic"] == topic.slug


@pytest.mark.parametrize("format", ["csv", "json"])
@pytest.mark.parametrize("name", NAMES)
def test_an_export_takes_as_many_queries_with_many_rows_as_with_few(client, world, name, format):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            body(client, f"/{name}.{format}")
        return len(captured)

    few = queries()
    for _ in range(5):
        StanceFactory()
    assert queries() == few


@pytest.mark.every_case
@pytest.mark.parametrize("format", ["csv", "json"])
@pytest.mark.parametrize("name", NAMES)
def test_no_draft_leaks_from_an_export(client, world, name, format):
    content = body(client, f"/{name}.{format}{'?repeats=1' if name == 'stances' else ''}")
    assert "secret" not in content
    statement = Stance.objects.get(statement__key="account").statement
    type(statement).objects.filter(pk=statement.pk).update(status="retracted", retraction_reason="wrong")
    if name in ("stances", "positions"):
        assert "account" not in body(client, f"/{name}.{format}")


CASES = [(name, *case) for name in NAMES for case in (*WRONG, *WRONG_ON[name])]


@pytest.mark.parametrize(("name", "query", "parameter", "told"), CASES)
def test_what_makes_no_sense_is_answered_400_with_parameter_value_and_what_is_allowed(
    client, world, name, query, parameter, told
):
    response = client.get(f"/{name}.json?{query}")
    assert response.status_code == 400
    error = json.loads(response.content)["errors"][0]
    assert error["parameter"] == parameter
    assert told in " ".join(error["message"] for error in json.loads(response.content)["errors"])
    assert error["values"]
    response = client.get(f"/{name}.csv?{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert told in response.content.decode()
    assert parameter.replace("\0", "�") in response.content.decode()


@pytest.mark.parametrize("format", ["csv", "json"])
def test_a_wrong_cursor_is_answered_400(client, format):
    assert client.get(f"/stances.{format}?cursor=x").status_code == 400
    assert client.get(f"/topics.{format}?cursor=x").status_code == 400


def test_a_file_is_named_after_the_list_and_the_day(client, monkeypatch):
    monkeypatch.setattr(exports, "today", lambda: dt.date(2024, 5, 1))
    response = client.get("/stances.csv")
    assert response["Content-Disposition"] == 'attachment; filename="stances-2024-05-01.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert client.get("/actors.json")["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/stances.csv?actor=japan", "stances-actor-japan"),
        ("/stances.csv?topic=-trade&position=-1&subtopics=1", "stances-topic-minus-trade-position-minus-1"),
        ("/positions.json?on=2024-03-01", "positions-on-2024-03-01"),
        ("/changes.csv?kind=reversal&kind=shift", "changes-kind-reversal-kind-shift"),
        ("/search.csv?q=%22Frig%C3%A1te%22%0D%0A..%2F%F0%9D%84%9E", "statements-q-frigate"),
        (f"/stances.csv?q={'word%20' * 40}", f"stances-q-{'-'.join(['word'] * 14)}-and-more"),
    ],
)
def test_a_file_is_named_after_its_filter_too(client, world, monkeypatch, address, name):
    monkeypatch.setattr(exports, "today", lambda: dt.date(2024, 5, 1))
    told = client.get(address)["Content-Disposition"]
    assert told.partition("-2024-05-01")[0] == f'attachment; filename="{name}'


def test_head_tells_the_headers_and_reads_no_row(client, world):
    with CaptureQueriesContext(connection) as captured:
        response = client.head("/stances.csv")
    assert (response.status_code, response.content) == (200, b"")
    assert "attachment" in response["Content-Disposition"]
    assert not any("proposition" in query["sql"] for query in captured)


def test_a_source_without_a_date_is_exported_last(client, world):
    source = SourceFactory(slug="undated", published_on=None)
    StanceFactory(statement__source=source)
    for order in ("", "?order=date"):
        assert in_json(client, f"/sources.json{order}")[-1]["source"] == "undated"


# ---- streams ----


def test_a_stream_that_is_left_ends_its_query(world, monkeypatch):
    monkeypatch.setattr(exports, "ROWS_A_CHUNK", 1)
    monkeypatch.setattr(copying, "ROWS_A_PIECE", 1)
    response = exports.export(Stance.objects.public(), exports.STANCES, format="csv", name="stances")
    pieces = iter(response.streaming_content)
    next(pieces), next(pieces)
    request_finished.disconnect(close_old_connections)  # it would close the test's transaction
    response.close()
    request_finished.connect(close_old_connections)
    assert Stance.objects.exists()  # the connection is free for the next query
    assert next(pieces, None) is None


@COPY
@pytest.mark.parametrize("format", ["csv", "json", "jsonl"])
def test_what_a_reader_no_longer_takes_the_server_no_longer_makes(format):
    TopicFactory()
    many = Topic.objects.order_by().extra(tables=["pg_class", "pg_attribute", "pg_proc"])  # more rows than can be sent
    pieces = exports.pieces(many, exports.TOPICS, format=format)
    next(pieces)
    assert len(next(pieces)) > 1000
    pieces.close()
    assert Topic.objects.count() == 1


# ---- export_stances ----


def exported(path: Path, **options) -> list[dict[str, str]]:
    call_command("export_stances", str(path), verbosity=0, **options)
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            return [{k: restored(v) for k, v in row.items()} for row in csv.DictReader(file)]
        rows = [json.loads(line) for line in file]
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


def test_the_command_writes_all_stances_of_whatever_status_and_both_formats_the_same(world, tmp_path):
    rows = exported(tmp_path / "all.csv")
    assert len(rows) == Stance.objects.count()
    assert {row["status"] for row in rows} > {"published"}
    assert exported(tmp_path / "all.jsonl") == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "all.jsonl"]


def test_the_command_leaves_out_what_is_not_public_where_it_is_asked_to(client, world, tmp_path):
    rows = exported(tmp_path / "public.csv", status=["published"])
    assert {row["status"] for row in rows} == {"published"}
    assert "secret" not in (tmp_path / "public.csv").read_text()
    assert sorted(r["statement_key"] for r in rows) == sorted(
        r["statement_key"] for r in in_csv(client, "/stances.csv?repeats=1")
    )


def test_the_command_says_that_it_is_no_backup(capsys):
    with pytest.raises(SystemExit):
        load_command_class("stances", "export_stances").run_from_argv(["manage.py", "export_stances", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "This is no backup" in told
    assert "pg_dump" in told


def test_the_command_refuses_other_names_and_places(world, tmp_path):
    with pytest.raises(CommandError, match="ends in none of"):
        call_command("export_stances", "all.xlsx")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_stances", str(tmp_path / "nowhere" / "all.csv"))


def test_the_command_writes_to_the_standard_output(world, capfdbinary):
    call_command("export_stances", "-")
    assert capfdbinary.readouterr().out.startswith(b"statement_key,date,")


def test_an_export_of_nothing_is_a_header_or_nothing(db, tmp_path):
    for name, content in (("no.csv", f"{STANCE_COLUMNS}\r\n".encode()), ("no.jsonl", b"")):
        call_command("export_stances", str(tmp_path / name), verbosity=0)
        assert (tmp_path / name).read_bytes() == content
