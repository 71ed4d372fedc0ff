"""All rows of a list as CSV or JSON, streamed: memory does not grow with the rows."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from stances.dates import PartialDate, today

ROWS_AT_ONCE = 2000
ROWS_A_CHUNK = 200
FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
#: What a spreadsheet would take for a formula; apostrophes may stand before it, so that taking one off restores it.
#: The same is done for the two characters with which an import clears a value.
_FORMULA = re.compile(r"'*(?:[=+\-@\t\r\n＝＋－＠]|\\N\Z)")
CLEAR = r"\N"


def defuse(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula: put an apostrophe before it.

    Whoever reads the file takes one apostrophe off each cell that begins with apostrophes and such a sign.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """Take off what `defuse` put before a text."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


@dataclass(frozen=True)
class Column:
    """A column of an export: its name, the paths it is made of, and how, where it is more than one value."""

    name: str
    paths: tuple[str, ...]
    make: Callable | None = None
    is_text: bool = False


def text(name: str, path: str = "") -> Column:
    """A column of text: never empty of value, and kept from being run as a formula."""
    return Column(name, (path or name,), is_text=True)


def plain(name: str, path: str = "") -> Column:
    """A column of numbers, days or fixed terms, written as they are."""
    return Column(name, (path or name,))


def made(name: str, *paths: str, make: Callable, is_text: bool = False) -> Column:
    """A column that is worked out from several values."""
    return Column(name, paths, make, is_text)


@lru_cache(maxsize=4096)
def notation(earliest, latest) -> str:
    """Write a date known in part as the codebook does."""
    return str(PartialDate(earliest, latest)) if latest else ""


def size(before: int | None, after: int) -> int | None:
    return None if before is None else after - before


def days(before: dt.date | None, after: dt.date) -> int | None:
    return None if before is None else (after - before).days


STANCES = (
    text("statement_key", "statement__key"),
    made("date", "statement__earliest", "statement__latest", make=notation),
    text("occasion", "statement__occasion"),
    plain("form", "statement__form"),
    plain("authority", "statement__authority"),
    text("speaker", "statement__speaker__slug"),
    text("speaker_name", "statement__speaker__name"),
    plain("speaker_kind", "statement__speaker__kind"),
    text("summary", "statement__summary"),
    text("quote", "statement__quote"),
    text("locator", "statement__locator"),
    plain("start", "statement__start"),
    plain("end", "statement__end"),
    text("repeats", "statement__repeats__key"),
    text("source", "statement__source__slug"),
    text("source_title", "statement__source__title"),
    plain("source_kind", "statement__source__kind"),
    text("publisher", "statement__source__publisher__slug"),
    plain("published_on", "statement__source__published_on"),
    text("url", "statement__source__url"),
    text("actor", "actor__slug"),
    text("actor_name", "actor__name"),
    plain("actor_kind", "actor__kind"),
    text("topic", "topic__slug"),
    text("topic_name", "topic__name"),
    text("topic_parent", "topic__parent__slug"),
    text("proposition", "topic__proposition"),
    plain("position"),
    plain("terms"),
    text("condition"),
    plain("basis"),
    plain("attribution"),
    text("rationale"),
    plain("status", "statement__status"),
)
_OF_STATEMENT = "statement__"
#: The same columns where a row is a statement, and those of its stances that it holds.
STATEMENTS = tuple(
    replace(column, paths=tuple(path.removeprefix(_OF_STATEMENT) for path in column.paths))
    for column in STANCES
    if column.paths[0].startswith(_OF_STATEMENT)
)
OF_STANCE = tuple(column for column in STANCES if not column.paths[0].startswith(_OF_STATEMENT))
# The day on which a position opens is the latest on which its words may have been said: this tells all that is known.
OPENED = made("said", "opening__statement__earliest", "opening__statement__latest", make=notation)
POSITIONS = (
    text("actor", "actor__slug"),
    text("topic", "topic__slug"),
    plain("voice"),
    plain("position", "value"),
    plain("terms"),
    plain("since"),
    plain("until"),
    text("statement_key", "opening__statement__key"),
    made("confirmations", "statements", make=lambda statements: statements - 1),
    plain("last_stated_on", "last_stated_then"),
    OPENED,
)
#: The last two want rows that come with what was before: see `PositionQuerySet.with_before()`.
CHANGES = (
    plain("date", "since"),
    text("actor", "actor__slug"),
    text("topic", "topic__slug"),
    plain("kind"),
    plain("from_position", "previous_value"),
    plain("from_terms", "previous_terms"),
    plain("position", "value"),
    plain("terms"),
    made("size", "previous_value", "value", make=size),
    text("statement_key", "opening__statement__key"),
    OPENED,
    made("days", "before_since", "since", make=days),
    text("from_statement_key", "before_key"),
)
DIFFERING = (
    plain("date", "stated_on"),
    text("actor", "actor__slug"),
    text("topic", "topic__slug"),
    text("speaker", "speaker__slug"),
    plain("authority"),
    plain("position"),
    plain("terms"),
    text("statement_key", "statement__key"),
    made("said", "statement__earliest", "statement__latest", make=notation),
    text("colleague", "colleague_speaker"),
    plain("colleague_position"),
    plain("colleague_terms"),
    text("colleague_statement_key", "colleague_key"),
    made("days", "colleague_on", "stated_on", make=days),
)
ACTORS = (
    text("actor", "slug"),
    text("name"),
    text("short_name"),
    plain("kind"),
    plain("iso"),
    made("aliases", "aliases", make=lambda aliases: "; ".join(aliases.splitlines()), is_text=True),
    plain("wikidata"),
)
TOPICS = (
    text("topic", "slug"),
    text("topic_parent", "parent__slug"),
    text("name"),
    text("short_name"),
    text("proposition"),
    text("group", "group__slug"),
    text("candidate", "candidate__slug"),
)
SOURCES = (
    text("source", "slug"),
    plain("kind"),
    text("title"),
    text("author"),
    text("publisher", "publisher__slug"),
    text("publisher_name", "publisher__name"),
    plain("published_on"),
    plain("date_basis"),
    text("date_note"),
    plain("language"),
    text("url"),
    text("archive_url"),
    text("found_in", "found_in__slug"),
    plain("coverage"),
    plain("text_sha256"),
)


def cells_of(rows: QuerySet, columns: tuple[Column, ...], *, defused: bool) -> Iterator[list]:
    """Give each row's cells; text that is missing is empty, as it is where it is stored."""
    paths = [path for column in columns for path in column.paths]
    steps: list[tuple[int, int, Callable | None, bool]] = []
    for column in columns:
        start = steps[-1][1] if steps else 0
        steps.append((start, start + len(column.paths), column.make, column.is_text))
    for values in rows.values_list(*paths).iterator(chunk_size=ROWS_AT_ONCE):
        cells = []
        for start, end, make, is_text in steps:
            cell = make(*values[start:end]) if make else values[start]
            if is_text:
                cell = cell or ""
                if defused:
                    cell = defuse(cell)
            cells.append(cell)
        yield cells


#: With these at its end, a line has its cells quoted that hold one of them: what opens a file may split cells there.
_ENDING = "\t;\r\n"


def line_writer():
    """Write rows as lines of CSV, each given back by `writerow`."""
    return csv.writer(Line(), lineterminator=_ENDING)


class Line:
    """A file that gives back what is written to it, with the usual ending."""

    def write(self, line: str) -> str:
        return line.removesuffix(_ENDING) + "\r\n"


def csv_lines(rows: QuerySet, columns: tuple[Column, ...]) -> Iterator[str]:
    writer = line_writer()
    yield writer.writerow([column.name for column in columns])
    for cells in cells_of(rows, columns, defused=True):
        yield writer.writerow(cells)


def json_lines(rows: QuerySet, columns: tuple[Column, ...]) -> Iterator[str]:
    names = [column.name for column in columns]
    encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
    before = "[\n"
    for cells in cells_of(rows, columns, defused=False):
        yield before + encode(dict(zip(names, cells, strict=True)))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def in_chunks(lines: Iterable[str]) -> Iterator[bytes]:
    """Join lines, so that a server sends thousands of bytes at once."""
    chunk: list[str] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == ROWS_A_CHUNK:
            yield "".join(chunk).encode()
            chunk.clear()
    if chunk:
        yield "".join(chunk).encode()


def export(
    rows: QuerySet, columns: tuple[Column, ...], *, format: str, name: str, head: bool = False
) -> HttpResponseBase:
    """Answer with all the rows; to HEAD with the headers alone, without reading them."""
    lines = {"csv": csv_lines, "json": json_lines}[format](rows, columns)
    headers = {"Content-Disposition": f'attachment; filename="{name}-{today()}.{format}"'}
    if head:
        return HttpResponse(content_type=FORMATS[format], headers=headers)
    return StreamingHttpResponse(in_chunks(lines), content_type=FORMATS[format], headers=headers)


def table(names: Sequence[str], rows: Iterable[Sequence[Any]], *, name: str) -> HttpResponse:
    """Answer with rows that are at hand, the figures of a page, as CSV."""
    writer = line_writer()
    lines = [writer.writerow(names)]
    lines += [writer.writerow([defuse(cell) if isinstance(cell, str) else cell for cell in row]) for row in rows]
    headers = {"Content-Disposition": f'attachment; filename="{name}-{today()}.csv"'}
    return HttpResponse("".join(lines), content_type=FORMATS["csv"], headers=headers)


def refuse(problems: list, *, format: str) -> HttpResponse:
    """Answer that an address makes no sense: which parameter, which value, and what is allowed."""
    if format != "json":
        words = "".join(f"{problem}\n" for problem in problems)
        return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")
    content: dict[str, Any] = {
        "errors": [
            {"parameter": problem.parameter, "values": list(problem.values), "message": problem.message}
            for problem in problems
        ]
    }
    return HttpResponse(json.dumps(content, ensure_ascii=False), status=400, content_type=FORMATS["json"])
