"""Tables as files: reading CSV and XLSX into rows of text, whatever was sent, and writing XLSX. No database."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TextIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

MAX_BYTES = 20 * 2**20
MAX_UNPACKED = 250 * 2**20
MAX_ROWS = 20_000
MAX_COLUMNS = 200
#: The furthest row that is read: a file may leave rows out, and each of these is gone through.
MAX_ROW = 100_000
MAX_CELL = 32_767  # what a cell of XLSX holds; openpyxl cuts off the rest
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# What XML cannot hold is written as spreadsheets do, "_x000D_", and so is what looks like that.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_WRITTEN = re.compile("_x([0-9A-Fa-f]{4})_")

csv.field_size_limit(MAX_BYTES)  # an export writes texts of any length


class SheetError(Exception):
    """A file that is no table, in words for the person who sent it."""


@dataclass
class Row:
    """A row of a file: its number as a spreadsheet shows it, its cells by column, and what is wrong with some."""

    number: int
    cells: dict[str, str]
    wrong: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Sheet:
    """A table as it was sent: the file's name and SHA-256, the columns of its header, its rows."""

    name: str
    sha256: str
    columns: list[str]
    rows: list[Row]

    def __len__(self) -> int:
        return len(self.rows)


def read(content: bytes, name: str) -> Sheet:
    """Read CSV or XLSX, told apart by what is in it; raise SheetError with words that say what to do."""
    if len(content) > MAX_BYTES:
        raise SheetError(f"The file is larger than {MAX_BYTES // 2**20} MB: send it in parts.")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("This is an old Excel file (.xls): save it as .xlsx or as CSV UTF-8.")
    lines = _xlsx_lines(content) if content.startswith(b"PK") else _csv_lines(content)
    columns, rows = _table(lines)
    return Sheet(name, hashlib.sha256(content).hexdigest(), columns, rows)


def _table(lines: Iterator[tuple[int, list]]) -> tuple[list[str], list[Row]]:
    columns = columns_of(lines)
    rows: list[Row] = []
    for number, cells in lines:
        if not any(map(_is_given, cells)):
            continue
        if len(rows) == MAX_ROWS:
            raise SheetError(f"The table has more than {MAX_ROWS:,} rows: send it in parts.")
        row = Row(number, {})
        if any(map(_is_given, cells[len(columns) :])):
            row.wrong[""] = ("", f"It has more cells than the header, which has {len(columns)}.")
        for column, cell in zip(columns, cells, strict=False):
            if isinstance(cell, _Wrong):
                row.wrong[column] = (cell.value, cell.rule)
            elif "\x00" in cell:
                row.wrong[column] = (cell.replace("\x00", "�"), "A NUL character is in it, which no text has.")
            else:
                row.cells[column] = cell
        rows.append(row)
    if not rows:
        raise SheetError("The table has no rows under its header.")
    return columns, rows


def columns_of(lines: Iterator[tuple[int, list]]) -> list[str]:
    """Read a table up to its header, the first row that holds anything, and give the columns that it names."""
    header = next((cells for _, cells in lines if any(map(_is_given, cells))), [])
    names = ["" if isinstance(cell, _Wrong) else cell.strip() for cell in header]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise SheetError("The file is empty. Its first row names the columns.")
    if len(names) > MAX_COLUMNS:
        raise SheetError(f"The header has more than {MAX_COLUMNS} columns. Is it a table of stances?")
    if "" in names:
        raise SheetError(f"Column {names.index('') + 1} of the header has no name.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SheetError(f"The header names a column twice: {_quoted(twice)}.")
    return names


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name[:60]}”" for name in names)


@dataclass(frozen=True)
class _Wrong:
    """A cell that holds no text."""

    value: str
    rule: str


def _is_given(cell) -> bool:
    return isinstance(cell, _Wrong) or bool(cell.strip())


# ---- CSV ----


def _csv_lines(content: bytes) -> Iterator[tuple[int, list]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetError(
            f"The file is not in UTF-8 (byte {error.start + 1:,}): save it as “CSV UTF-8”, or as .xlsx."
        ) from None
    for number, cells in csv_rows(io.StringIO(text, newline="")):
        _refuse_far(number)
        yield number, cells


def csv_rows(text: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of CSV with their numbers, from 1; what parts the cells is told by the first line."""
    first = text.readline(10_000)
    text.seek(0)
    reader = csv.reader(text, delimiter=max(",;\t", key=first.count), strict=True)
    try:
        yield from enumerate(reader, 1)
    except csv.Error as error:
        raise SheetError(f"Line {reader.line_num:,} of the file is not CSV: {error}.") from None


def _refuse_far(number: int) -> None:
    if number > MAX_ROW:
        raise SheetError(f"There are rows after row {MAX_ROW:,}: delete the empty ones, or send the table in parts.")


# ---- XLSX ----


def _xlsx_lines(content: bytes) -> Iterator[tuple[int, list]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > 2000 or sum(member.file_size for member in members) > MAX_UNPACKED:
                raise SheetError("Unpacked, the file is too large: send the table in parts, or as CSV.")
            if "xl/workbook.xml" not in archive.namelist():
                raise SheetError("This is a packed file, but no .xlsx: save the table as .xlsx or as CSV UTF-8.")
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        sheet = next(iter(book.worksheets), None)
        if sheet is None:
            raise SheetError("The file has no sheet.")
        _refuse_merged_cells(content, sheet)
        sheet.reset_dimensions()  # what the file says of its size need not be so
        before = None
        for number, cells in enumerate(sheet.iter_rows(max_row=MAX_ROW + 1, max_col=MAX_COLUMNS + 1), 1):
            _refuse_far(number)
            if cells is not before:  # openpyxl gives one and the same for all rows that the file leaves out
                yield number, [_cell(cell) for cell in cells]
            before = cells
    except SheetError:
        raise
    except Exception as error:  # openpyxl raises whatever it meets in a broken file
        raise SheetError(
            f"The .xlsx file cannot be read ({type(error).__name__}): open it and save it again, or save it as CSV."
        ) from error


def _refuse_merged_cells(content: bytes, sheet) -> None:
    """Look for merged cells, which leave all but the first of them empty, where openpyxl does not tell."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(sheet._worksheet_path) as part:
        before = b""
        while chunk := part.read(2**20):
            if b"<mergeCell" in before + chunk:
                raise SheetError("Cells are merged: unmerge them, so that each row has its own.")
            before = chunk[-20:]


def _cell(cell: Any) -> str | _Wrong:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return _Wrong(str(value), "A formula, which is not computed here: paste its value.")
    if cell.data_type == "e":
        return _Wrong(str(value), "An error of the spreadsheet stands here.")
    if isinstance(value, bool):
        return _Wrong(str(value).upper(), "A truth value of the spreadsheet: format the cell as text.")
    if isinstance(value, dt.datetime) and not any((value.hour, value.minute, value.second, value.microsecond)):
        return value.date().isoformat()
    if isinstance(value, dt.datetime | dt.time | dt.timedelta):
        return _Wrong(str(value), "The spreadsheet made a time of it: format the cell as text.")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return _WRITTEN.sub(lambda match: chr(int(match[1], 16)), value) if isinstance(value, str) else str(value)


def write_xlsx(
    file: BinaryIO, columns: list[tuple[str, bool]], rows: Iterable[list], *, title: str = "stances"
) -> None:
    """Write a table to a file, its columns by name and whether they are text; text stays text, whatever it begins with.

    Raises SheetError where a text is longer than a cell can be.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    sheet.append([name for name, _ in columns])
    cells = [WriteOnlyCell(sheet) for _ in columns]  # a row is written at once, and its cells serve the next
    for cell in cells:
        cell.number_format = "@"
    try:
        for number, row in enumerate(rows, 2):
            sheet.append(
                [
                    _text_cell(cell, "" if value is None else str(value), name, number)
                    if is_text or not isinstance(value, int | dt.date | None)
                    else value
                    for cell, (name, is_text), value in zip(cells, columns, row, strict=True)
                ]
            )
    except BaseException:
        sheet.close()
        sheet._writer.cleanup()  # its file of temporary rows, which else stays on the disk
        raise
    book.save(file)


def _text_cell(cell: WriteOnlyCell, text: str, column: str, number: int) -> WriteOnlyCell | None:
    if not text:
        return None
    written = _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    if len(written) > MAX_CELL:
        raise SheetError(f"Row {number}, {column}: longer than a cell of XLSX can be. Export as CSV.")
    cell.value = written
    cell.data_type = "s"
    return cell
