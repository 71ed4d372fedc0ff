"""Files of the bulk format as rows of cells, in the order of the columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from stances.cells import COLUMNS, NAMED, PASSED_OVER, rule_of_missing, wrong_columns
from stances.imports import Problems
from stances.sheets import SheetError, columns_of, csv_rows

#: A row's number, as whoever made the file counts, and its cells in the order of the columns.
Line = tuple[int, Sequence[str]]
_SURROGATE = re.compile("[\ud800-\udfff]")
JSON_LINES = (".jsonl", ".ndjson")


def lines_of(path: Path, problems: Problems) -> Iterator[Line]:
    """Read a file as it comes, JSON Lines by its name, else CSV. Raises SheetError where it is neither."""
    if path.suffix.lower() in JSON_LINES:
        with path.open("rb") as file:
            yield from lines_from(_objects(file), problems)
        return
    with path.open(encoding="utf-8-sig", newline="") as text:
        try:
            yield from _csv_lines(text, problems)
        except UnicodeDecodeError:
            raise SheetError("The file is not in UTF-8: save it as “CSV UTF-8”.") from None


def _csv_lines(text: Any, problems: Problems) -> Iterator[Line]:
    rows = csv_rows(text)
    columns = columns_of(rows)
    for name, rule in wrong_columns(columns):
        problems.add(1, name, "", rule)
    if problems.count:
        return
    width = len(columns)
    arranged = itemgetter(*(columns.index(name) if name in columns else width for name in COLUMNS))
    for number, cells in rows:
        if len(cells) != width:
            if any(cell.strip() for cell in cells[width:]):
                problems.add(number, "", "", f"It has more cells than the header, which has {width}.")
                continue
            if any(cell.strip() for cell in cells) and (cut := set(NAMED).intersection(columns[len(cells) :])):
                for name in cut:
                    problems.add(number, name, "", rule_of_missing(len(cells), width))
                continue
            cells = [*cells[:width], *[""] * (width - len(cells))]
        cells.append("")
        yield number, arranged(cells)


def _objects(file: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise SheetError(f"Line {number:,} of the file is no JSON: {error}.") from None
        if not isinstance(found, dict):
            raise SheetError(f"Line {number:,} of the file is no object: each has a row's cells by column.")
        yield number, found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name in found if sum(name == other for other, _ in pairs) > 1)
        raise ValueError(f"“{twice}” stands in it twice")
    return found


def lines_from(rows: Iterable[tuple[int, Mapping[str, Any]]], problems: Problems) -> Iterator[Line]:
    """Bring rows that have their cells by column into the order of the columns; what is not there is blank."""
    known = PASSED_OVER.union(COLUMNS)
    for number, row in rows:
        for name in row.keys() - known:
            problems.add(number, name, "", f"There is no such column. There are: {', '.join(COLUMNS)}.")
        cells = [row.get(name) for name in COLUMNS]
        for place, cell in enumerate(cells):
            if cell is None:
                cells[place] = ""
            elif type(cell) is not str:
                if type(cell) is not int:
                    problems.add(number, COLUMNS[place], json.dumps(cell), "A text, a whole number, or null.")
                    cell = ""
                cells[place] = str(cell)
            elif not cell.isprintable() and _SURROGATE.search(cell):
                problems.add(
                    number, COLUMNS[place], cell.encode(errors="replace").decode(), "Half a character is in it."
                )
                cells[place] = ""
        yield number, cells  # type: ignore[misc]
