"""All rows of a list as CSV or JSON, streamed: memory does not grow with the rows."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify

from stances.copying import NOTATION, Pieces, can_copy, csv_pieces, json_line_pieces, json_pieces
from stances.dates import PartialDate, today
from stances.vocabulary import WORDS, wording

ROWS_AT_ONCE = 2000
ROWS_A_CHUNK = 200
LONGEST_NAME = 80
FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
#: What a spreadsheet would take for a formula; apostrophes may stand before it, so that taking one off restores it.
#: The same is done for the two characters with which an import clears a value.
_FORMULA = re.compile(r"'*(?:[=+\-@\t\r\n＝＋－＠]|\\N\Z)")
#: The first characters of such texts.
RISKY = frozenset("'=+-@\t\r\n\\＝＋－＠")
CLEAR = r"\N"
_SPLITS = re.compile('[,"\r\n]')
DIFFERENCE = "{1} - {0}"
#: `_bare` of `{0}`, a text.
QUOTED_WHERE_SPLIT = """CASE WHEN {0} ~ '[,"\r\n]' THEN '"' || replace({0}, '"', '""') || '"' ELSE {0} END"""
_CASES = " ".join(f"WHEN '{value}{terms}' THEN '{said}'" for (value, terms), said in WORDS.items())
#: `in_words` of `{0}`, a position, and `{1}`, its terms; for CSV, words with a comma in quotes.
IN_WORDS = f"CASE {{0}} || {{1}} {_CASES} END"
IN_WORDS_OF_CSV = re.sub("THEN '([^']*,[^']*)'", r"""THEN '"\1"'""", IN_WORDS)


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
    """A column of an export: its name, the paths it is made of, and how, where it is more than one value.

    `sql` makes it in PostgreSQL, with the values for `{0}` and those that follow, and `csv_sql` for CSV, where that is
    not the same. `page` is the pattern of an address.
    """

    name: str
    paths: tuple[str, ...]
    make: Callable | None = None
    is_text: bool = False
    sql: str = ""
    csv_sql: str = ""
    page: str = ""


def text(name: str, path: str = "") -> Column:
    """A column of text: never empty of value, and kept from being run as a formula."""
    return Column(name, (path or name,), is_text=True)


def plain(name: str, path: str = "") -> Column:
    """A column of numbers, days or fixed terms, written as they are."""
    return Column(name, (path or name,))


def code(name: str) -> Column:
    """A column of codes: written as they are, too, but nothing in the database bounds them."""
    return Column(name, (name,), csv_sql=QUOTED_WHERE_SPLIT)


def made(name: str, *paths: str, make: Callable, is_text: bool = False, sql: str = "") -> Column:
    """A column that is worked out from several values."""
    return Column(name, paths, make, is_text, sql)


def dated(name: str, earliest: str, latest: str) -> Column:
    """A column of dates known in part."""
    return made(name, earliest, latest, make=notation, sql=NOTATION)


def read_as(name: str, position: str, terms: str) -> Column:
    """A column of positions in words."""
    return Column(name, (position, terms), in_words, sql=IN_WORDS, csv_sql=IN_WORDS_OF_CSV)


def page(pattern: str, *paths: str) -> Column:
    """The column of the address of a row's page; the values stand in its pattern for `{0}` and those that follow."""
    return _page_at("/", Column("address", paths, page=pattern))


def _page_at(site: str, column: Column) -> Column:
    pattern = site + column.page
    sql = re.sub(r"\{[0-9]\}", r"' || \g<0> || '", pattern.replace("'", "''"))
    return replace(column, make=pattern.format, sql=f"'{sql}'")


def at(columns: Sequence[Column], site: str) -> tuple[Column, ...]:
    """Give the columns for readers of a site: the addresses of pages begin with its own, which ends in a slash."""
    return tuple(_page_at(site, column) if column.page else column for column in columns)


Day = dt.date | str
_as_day = lru_cache(maxsize=16384)(dt.date.fromisoformat)


def day(stored: Day) -> dt.date:
    """Give a day that a database may have as text."""
    return _as_day(stored) if isinstance(stored, str) else stored


@lru_cache(maxsize=16384)
def notation(earliest: Day | None, latest: Day | None) -> str:
    """Write a date known in part as the codebook does."""
    return str(PartialDate(day(earliest) if earliest else None, day(latest))) if latest else ""


def in_words(position: int | None, terms: str) -> str | None:
    return None if position is None else wording(position, terms)


def size(before: int | None, after: int) -> int | None:
    return None if before is None else after - before


def days(before: Day | None, after: Day) -> int | None:
    return None if before is None else (day(after) - day(before)).days


#: The bulk format, which `import_stances` reads.
STANCES = (
    text("statement_key", "statement__key"),
    dated("date", "statement__earliest", "statement__latest"),
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
#: What is worked out for readers of stances; an import passes it over.
FOR_READERS = (
    plain("counted_on", "statement__latest"),
    read_as("reads_as", "position", "terms"),
    page("statements/{0}/", "statement__key"),
)
LISTED_STANCES = (*STANCES, *FOR_READERS)
#: The same columns where a row is a statement, and those of its stances that it holds.
STATEMENTS = tuple(
    replace(column, paths=tuple(path.removeprefix(_OF_STATEMENT) for path in column.paths))
    for column in LISTED_STANCES
    if column.paths[0].startswith(_OF_STATEMENT)
)
OF_STANCE = tuple(column for column in LISTED_STANCES if not column.paths[0].startswith(_OF_STATEMENT))
NAMES = (text("actor_name", "actor__name"), text("topic_name", "topic__name"))
# The day on which a position opens is the latest on which its words may have been said: this tells all that is known.
OPENED = dated("said", "opening__statement__earliest", "opening__statement__latest")
POSITIONS = (
    text("actor", "actor__slug"),
    text("topic", "topic__slug"),
    plain("voice"),
    plain("position", "value"),
    plain("terms"),
    plain("since"),
    plain("until"),
    text("statement_key", "opening__statement__key"),
    made("confirmations", "statements", make=lambda statements: statements - 1, sql="{0} - 1"),
    plain("last_stated_on", "last_stated_then"),
    OPENED,
    *NAMES,
    read_as("reads_as", "value", "terms"),
    plain("on", "asked_on"),
    page("actors/{0}/on/{1}/", "actor__slug", "topic__slug"),
)
#: Two of them want rows that come with what was before: see `PositionQuerySet.with_before()`.
CHANGES = (
    plain("date", "since"),
    text("actor", "actor__slug"),
    text("topic", "topic__slug"),
    plain("kind"),
    plain("from_position", "previous_value"),
    plain("from_terms", "previous_terms"),
    plain("position", "value"),
    plain("terms"),
    made("size", "previous_value", "value", make=size, sql=DIFFERENCE),
    text("statement_key", "opening__statement__key"),
    OPENED,
    made("days", "before_since", "since", make=days, sql=DIFFERENCE),
    text("from_statement_key", "before_key"),
    *NAMES,
    read_as("from_reads_as", "previous_value", "previous_terms"),
    read_as("reads_as", "value", "terms"),
    page("actors/{0}/on/{1}/?on={2}", "actor__slug", "topic__slug", "since"),
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
    dated("said", "statement__earliest", "statement__latest"),
    text("colleague", "colleague_speaker"),
    plain("colleague_position"),
    plain("colleague_terms"),
    text("colleague_statement_key", "colleague_key"),
    made("days", "colleague_on", "stated_on", make=days, sql=DIFFERENCE),
    *NAMES,
    text("speaker_name", "speaker__name"),
    read_as("reads_as", "position", "terms"),
    read_as("colleague_reads_as", "colleague_position", "colleague_terms"),
    page("statements/{0}/", "statement__key"),
)
ACTORS = (
    text("actor", "slug"),
    text("name"),
    text("short_name"),
    plain("kind"),
    code("iso"),
    made("aliases", "aliases", make=lambda aliases: "; ".join(aliases.splitlines()), is_text=True),
    code("wikidata"),
    page("actors/{0}/", "slug"),
)
TOPICS = (
    text("topic", "slug"),
    text("topic_parent", "parent__slug"),
    text("name"),
    text("short_name"),
    text("proposition"),
    text("group", "group__slug"),
    text("candidate", "candidate__slug"),
    page("topics/{0}/", "slug"),
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
    code("language"),
    text("url"),
    text("archive_url"),
    text("found_in", "found_in__slug"),
    plain("coverage"),
    code("text_sha256"),
    page("sources/{0}/", "slug"),
)


def cells_of(
    rows: QuerySet, columns: tuple[Column, ...], *, defused: bool = False, as_stored: bool = False
) -> Iterator[list]:
    """Give each row's cells; text that is missing is empty, as it is where it is stored.

    `as_stored` leaves days as the database gives them, which takes less time: SQLite has them as text.
    """
    paths = paths_of(columns)
    found = _stored(rows.values_list(*paths)) if as_stored else rows.values_list(*paths).iterator(ROWS_AT_ONCE)
    return made_of(found, columns, defused=defused)


def paths_of(columns: Sequence[Column]) -> list[str]:
    return [path for column in columns for path in column.paths]


def made_of(found: Iterable[Sequence], columns: Sequence[Column], *, defused: bool = False) -> Iterator[list]:
    """Make cells of what stands at the columns' paths in each row; there are two columns or more."""
    starts = list(accumulate((len(column.paths) for column in columns), initial=0))
    first = itemgetter(*starts[:-1])
    makes = [
        (place, slice(starts[place], starts[place + 1]), column.make)
        for place, column in enumerate(columns)
        if column.make
    ]
    texts = [place for place, column in enumerate(columns) if column.is_text]
    for values in found:
        cells = list(first(values))
        for place, part, make in makes:
            cells[place] = make(*values[part])
        for place in texts:
            if cells[place] is None:
                cells[place] = ""
            elif defused:
                cells[place] = defuse(cells[place])
        yield cells


def _stored(rows: QuerySet) -> Iterator[Sequence]:
    """Give rows of values as the database has them; closing it ends the query."""
    connection = connections[rows.db]
    if connection.vendor != "sqlite":
        yield from rows.iterator(ROWS_AT_ONCE)
        return
    try:
        sql, params = rows.query.get_compiler(rows.db).as_sql()
    except EmptyResultSet:
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while some := cursor.fetchmany(ROWS_AT_ONCE):
            yield from some


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
    """Write a table with its header. Text stands in quotes, whatever else would split it."""
    yield ",".join(column.name for column in columns) + "\r\n"
    writers = [_quoted if column.is_text else _bare for column in columns]
    for cells in cells_of(rows, columns, as_stored=True):
        yield ",".join([write(cell) for write, cell in zip(writers, cells, strict=True)]) + "\r\n"


def _quoted(cell: str) -> str:
    if not cell:
        return ""
    if cell[0] in RISKY:
        cell = defuse(cell)
    return '"' + cell.replace('"', '""') + '"'


@lru_cache(maxsize=16384)
def _bare(cell: Any) -> str:
    if cell is None:
        return ""
    written = str(cell)
    return '"' + written.replace('"', '""') + '"' if _SPLITS.search(written) else written


def objects(rows: QuerySet, columns: tuple[Column, ...]) -> Iterator[str]:
    """Write each row as an object of JSON."""
    starts = [f"{'{' if n == 0 else ','}{json.dumps(column.name)}:" for n, column in enumerate(columns)]
    writers = [encode_basestring if column.is_text else _json for column in columns]
    for cells in cells_of(rows, columns, as_stored=True):
        yield "".join([start + write(cell) for start, write, cell in zip(starts, writers, cells, strict=True)]) + "}"


@lru_cache(maxsize=16384)
def _json(cell: Any) -> str:
    return json.dumps(cell, ensure_ascii=False, default=str)


def json_lines(rows: QuerySet, columns: tuple[Column, ...]) -> Iterator[str]:
    before = "[\n"
    for line in objects(rows, columns):
        yield before + line
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def in_chunks(lines: Iterable[str]) -> Pieces:
    """Join lines, so that a server sends thousands of bytes at once."""
    chunk: list[str] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == ROWS_A_CHUNK:
            yield "".join(chunk).encode()
            chunk.clear()
    if chunk:
        yield "".join(chunk).encode()


def file_name(nouns: str, told: Iterable[tuple[str, str]]) -> str:
    """Name a file by its rows and the filter that they passed: "stances-actor-japan"; a long filter is cut."""
    parts = [nouns, *(f"{name}-{re.sub('^-', 'minus-', value)}" for name, value in told)]
    name = "-".join(filter(None, map(slugify, parts)))
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME].rpartition('-')[0]}-and-more"


def export(
    rows: QuerySet, columns: tuple[Column, ...], *, format: str, name: str, head: bool = False
) -> HttpResponseBase:
    """Answer with all the rows; to HEAD with the headers alone, without reading them."""
    headers = {"Content-Disposition": f'attachment; filename="{name}-{today()}.{format}"'}
    if head:
        return HttpResponse(content_type=FORMATS[format], headers=headers)
    return StreamingHttpResponse(pieces(rows, columns, format=format), content_type=FORMATS[format], headers=headers)


def pieces(rows: QuerySet, columns: tuple[Column, ...], *, format: str) -> Pieces:
    """Write all the rows as `csv`, `json` or `jsonl`, some at a time; to close it before the end stops the query."""
    if can_copy(rows, columns):
        return {"csv": csv_pieces, "json": json_pieces, "jsonl": json_line_pieces}[format](rows, columns)
    match format:
        case "csv":
            lines = csv_lines(rows, columns)
        case "json":
            lines = json_lines(rows, columns)
        case _:
            lines = (f"{line}\n" for line in objects(rows, columns))
    return in_chunks(lines)


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
    content = {"errors": [problem.data for problem in problems]}
    return HttpResponse(json.dumps(content, ensure_ascii=False), status=400, content_type=FORMATS["json"])
