"""Tables at the desk: sent, looked at, confirmed; exported from lists; hostile files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from stances import sheets
from stances.cells import COLUMNS
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.vocabulary import Status
from tests.desk import act, address, messages, queries, signed_in
from tests.factories import (
    AdministratorFactory,
    CoderFactory,
    EditorFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
IMPORT = "/admin/stances/statement/import/"
CONFIRM = "/admin/stances/statement/process_import/"
ONE = "statement_key,date,actor,topic,position\nk-1,2024-02-13,australia,growth,2\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORTS_DIR = str(tmp_path / "imports")
    return tmp_path / "imports"


@pytest.fixture
def editor():
    return EditorFactory()


@pytest.fixture
def client(editor):
    return signed_in(editor)


def sent(client, content: str | bytes, name: str = "table.csv", **more):
    """Send a table and give the page that answers."""
    content = content.encode() if isinstance(content, str) else content
    fields = {"import_file": SimpleUploadedFile(name, content), "csrfmiddlewaretoken": "as a browser sends"}
    page = client.post(IMPORT, {**fields, **more})
    assert page.status_code == 200
    return page


def confirmed(client, page, **changes):
    form = page.context["confirm_form"]
    data = {name: form.initial[name] for name in form.fields if form.initial.get(name) not in (None, False)}
    return client.post(CONFIRM, {**data, **changes}, follow=True)


def imported(client, content, name: str = "table.csv", **more):
    return confirmed(client, sent(client, content, name, **more))


def told(page) -> list[str]:
    """Give what a page says is wrong: at the file, or row by row."""
    form = page.context["form"]
    result = page.context.get("result")
    wrong = [str(problem) for problem in result.problems] if result and result.has_errors() else []
    return [*form.errors.get("import_file", []), *wrong]


def rows_of(answer) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def book(rows, change=None) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if change:
        change(made.active)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


# ---- the two steps ----


def test_nothing_is_written_before_it_is_confirmed(client, folder):
    page = sent(client, ONE)
    assert page.context["result"].counts == [
        *("1 new statement", "1 new stance", "1 new actor", "1 new topic", "1 new source")
    ]
    assert not Statement.objects.exists()
    assert not Actor.objects.exists()
    assert len(list(folder.iterdir())) == 1


def test_what_is_confirmed_arrives_as_drafts_of_who_sent_it(client, editor, folder):
    page = imported(client, ONE.replace("position", "position,status").replace("growth,2", "growth,2,published"))
    told = "Imported, as drafts: 1 new statement, 1 new stance, 1 new actor, 1 new topic, 1 new source."
    [message] = messages(page)
    assert message.startswith(told)
    assert f"?status__exact=draft&amp;coder__id__exact={editor.pk}" in message
    statement = Statement.objects.get()
    assert (statement.status, statement.coder, statement.published_at) == (Status.DRAFT, editor, None)
    assert Stance.objects.get().public is False
    assert list(folder.iterdir()) == []


def test_the_history_names_the_file_and_its_sum_and_who_sent_it(client, editor):
    content = ONE.encode()
    imported(client, content, "new york.csv")
    for model in (Statement, Stance, Actor, Topic, Source):
        [entry] = model.history.all()
        assert entry.history_user == editor
        assert entry.history_change_reason == f"imported from new york.csv, SHA-256 {sheets.read(content, '').sha256}"


def test_drafts_that_arrive_change_nothing_that_readers_see(client):
    imported(client, ONE)
    reader = Client()
    assert reader.get("/statements/k-1/").status_code == 404
    for name in ("stances", "actors", "sources", "positions"):
        assert "australia" not in b"".join(reader.get(f"/{name}.csv").streaming_content).decode()
    assert not Position.objects.exists()


def test_a_table_that_stands_here_already_has_nothing_to_confirm(client, folder):
    imported(client, ONE)
    page = sent(client, ONE)
    assert "confirm_form" not in page.context
    assert "stand here already" in page.content.decode()
    assert list(folder.iterdir()) == []


def test_the_preview_shows_what_differs_field_by_field(client):
    imported(client, ONE)
    page = sent(client, ONE.replace("growth,2", "growth,-2"), update="on")
    [record] = page.context["result"].changed
    [change] = record.changes
    assert (change.name, change.before, change.after) == ("position", "2", "-2")
    assert "<del>2</del>" in page.content.decode()
    confirmed(client, page)
    assert Stance.objects.get().position == -2


def test_what_has_changed_since_the_preview_is_not_overwritten(client):
    imported(client, ONE)
    page = sent(client, ONE.replace("growth,2", "growth,-2"), update="on")
    stance = Stance.objects.get()
    stance.position = 0
    stance.save()
    assert "The desk has changed since the preview" in messages(confirmed(client, page))[0]
    stance.refresh_from_db()
    assert stance.position == 0


def test_a_statement_that_was_published_since_the_preview_stays(client):
    imported(client, ONE)
    page = sent(client, ONE.replace("growth,2", "growth,-2"), update="on")
    statement = Statement.objects.get()
    statement.submit(by=EditorFactory())
    assert "nothing was written" in messages(confirmed(client, page))[0]
    assert Stance.objects.get().position == 2


def test_a_preview_is_confirmed_once(client):
    page = sent(client, ONE)
    confirmed(client, page)
    assert "This preview is over" in messages(confirmed(client, page))[0]
    assert Statement.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"import_file_name": "../../etc/passwd"},
        {"import_file_name": ""},
        {"import_file_name": "x" * 5000},
        {"digest": ""},
        {"original_file_name": ""},
        {"format": "nine", "resource": "nine", "digest": "0" * 64},
    ],
)
def test_a_forged_confirmation_writes_nothing(client, changes):
    page = confirmed(client, sent(client, ONE), **changes)
    assert page.status_code == 200
    assert len(messages(page)) == 1
    assert not Statement.objects.exists()


def test_a_file_keeps_the_name_that_it_was_sent_with(client):
    confirmed(client, sent(client, ONE, "mine.csv"), original_file_name="official.csv")
    assert Statement.history.get().history_change_reason.startswith("imported from mine.csv,")


def test_nobody_confirms_what_another_sent(client):
    page = sent(client, ONE)
    assert "This preview is over" in messages(confirmed(signed_in(EditorFactory()), page))[0]
    assert not Statement.objects.exists()


def test_a_preview_with_errors_leaves_no_file_behind(client, folder):
    assert told(sent(client, ONE.replace(",2\n", ",9\n")))
    assert list(folder.iterdir()) == []


def test_errors_are_shown_up_to_a_hundred_and_the_rest_is_counted(client):
    rows = "".join(f"k-{n},2024-02-13,australia,growth,7\n" for n in range(130))
    page = sent(client, ONE.partition("\n")[0] + "\n" + rows)
    result = page.context["result"]
    assert (len(result.problems), result.more_problems) == (100, 30)
    assert result.problems[0].rule == "A position is -2, -1, 0, 1 or 2."
    assert "and 30 more" in page.content.decode()


def test_one_wrong_row_keeps_all_from_being_written(client):
    page = sent(client, f"{ONE}k-2,2024-13-01,australia,growth,1\n")
    assert told(page) == ["Row 3, date “2024-13-01”: “2024-13-01” is no day of the calendar."]
    assert "confirm_form" not in page.context


# ---- who may ----


@pytest.mark.parametrize("factory", [EditorFactory, AdministratorFactory])
def test_an_editor_imports(factory):
    client = signed_in(factory())
    assert "Import a table" in client.get(address(Statement, "changelist")).content.decode()
    imported(client, ONE)
    assert Statement.objects.count() == 1


@pytest.mark.parametrize("make", [CoderFactory, lambda: UserFactory(is_staff=True)])
def test_others_of_the_desk_do_not_import(make):
    client = signed_in(make())
    assert client.get(IMPORT).status_code == 403
    assert client.post(IMPORT, {"import_file": SimpleUploadedFile("a.csv", ONE.encode())}).status_code == 403
    assert client.post(CONFIRM, {}).status_code == 403
    assert client.get(CONFIRM).status_code == 403


def test_a_coder_is_not_offered_the_import_and_exports():
    page = signed_in(CoderFactory()).get(address(Statement, "changelist")).content.decode()
    assert "Import a table" not in page
    assert "Export list as CSV" in page


# ---- hostile files ----

HOSTILE = {
    "empty": (b"", "The submitted file is empty."),
    "only spaces": (b" \n , \n", "The file is empty. Its first row names the columns."),
    "header only": (ONE.partition("\n")[0].encode(), "The table has no rows under its header."),
    "latin-1": ("statement_key\nf\xfcr\n".encode("latin-1"), "not in UTF-8"),
    "utf-16": (ONE.encode("utf-16"), "not in UTF-8"),
    "a NUL": (ONE.replace("growth", "gro\0wth").encode(), "A NUL character is in it"),
    "a NUL in the header": (ONE.replace("topic", "to\0pic").encode(), "There is no such column"),
    "two headers alike": (ONE.replace("topic", "actor").encode(), "names a column twice: “actor”"),
    "an unknown column": (ONE.replace("topic", "tpoic").encode(), "Row 1, tpoic: There is no such column."),
    "a nameless column": (ONE.replace("topic", "").encode(), "Column 4 of the header has no name."),
    "a cell too many": (ONE.replace(",2\n", ",2,3\n").encode(), "more cells than the header"),
    "a row cut short": (ONE.replace(",australia,growth,2", "").encode(), "this one has 2 cells, the header 5."),
    "a million columns": (b"a," * 1_000_000, "more than 200 columns"),
    "a row of a million cells": (ONE.encode() + b"a," * 1_000_000, "more cells than the header"),
    "an open quotation": (b'statement_key\n"never closed', "is not CSV"),
    "one huge cell": (ONE.encode() + b"k-2," + b"x" * 200_000, "Row 3, date “xxx"),
    "blank lines": (ONE.encode() + b"\n" * sheets.MAX_ROW, "There are rows after row 100,000"),
    "a huge number": (ONE.replace("growth,2", "growth,1e308").encode(), "A position is -2, -1, 0, 1 or 2."),
    "a huge integer": (
        ONE.replace("position", "position,start").replace("growth,2", "growth,2," + "9" * 4000).encode(),
        "A whole number of characters",
    ),
    "a formula for a slug": (ONE.replace("australia", "=1+1").encode(), "Use small letters a to z"),
    "an old Excel file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old Excel file (.xls)"),
    "a broken zip": (b"PK\x03\x04nothing", "cannot be read"),
    "a text": (b"Dear editors,\nplease", "There is no such column"),
    "HTML": (b"<html><body>No</body></html>\n<p>x</p>", "There is no such column"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words(client, name, folder):
    content, words = HOSTILE[name]
    page = sent(client, content)
    assert words in " ".join(told(page))
    assert not Statement.objects.exists()
    assert not folder.exists() or list(folder.iterdir()) == []


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


HEADER, VALUES = ONE.split("\n")[0].split(","), ["k-1", "2024-02-13", "australia", "growth", 2]


def merge(sheet):
    sheet.append(VALUES)
    sheet.merge_cells("A2:A3")


def far_apart() -> bytes:
    """Make a small book of which the second row has a number that no spreadsheet reaches."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book([HEADER, VALUES]))) as made, zipfile.ZipFile(file, "w") as changed:
        for name in made.namelist():
            content = made.read(name)
            changed.writestr(name, content.replace(b'<row r="2"', b'<row r="100000000000"'))
    return file.getvalue()


HOSTILE_BOOKS = {
    "rows left out": (far_apart, "There are rows after row 100,000"),
    "another zip": (lambda: zipped(mimetype=b"application/x"), "no .xlsx"),
    "a zip bomb": (lambda: zipped(xl__sharedStrings=b"\0" * (sheets.MAX_UNPACKED + 1)), "too large"),
    "not a book": (lambda: zipped(**{"xl__workbook.xml": b"<no"}), "cannot be read"),
    "no rows": (lambda: book([]), "The file is empty."),
    "header only": (lambda: book([HEADER]), "no rows under its header"),
    "a formula": (lambda: book([HEADER, [*VALUES[:4], "=1+1"]]), "A formula, which is not computed here"),
    "an error": (lambda: book([HEADER, [*VALUES[:4], "#N/A"]]), "An error of the spreadsheet"),
    "a truth value": (lambda: book([HEADER, [*VALUES[:4], True]]), "A truth value"),
    "merged cells": (lambda: book([HEADER, VALUES], merge), "Cells are merged"),
    "a huge number": (lambda: book([HEADER, [*VALUES[:4], 1e300]]), "A position is"),
    "half a position": (lambda: book([HEADER, [*VALUES[:4], 1.5]]), "A position is"),
    "many columns": (lambda: book([[f"c{n}" for n in range(300)], VALUES]), "more than 200 columns"),
    "numbers for names": (lambda: book([HEADER, [1, 2, 3, 4, 5]]), "is not a date"),
}


@pytest.mark.parametrize("name", HOSTILE_BOOKS)
def test_a_hostile_book_is_refused_in_words(client, name):
    make, words = HOSTILE_BOOKS[name]
    page = sent(client, make(), "table.xlsx")
    assert words in " ".join(told(page))
    assert not Statement.objects.exists()


def test_a_file_that_is_too_large_is_refused(client, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_BYTES", 20)
    assert "larger than" in told(sent(client, ONE))[0]


def test_a_table_of_too_many_rows_is_refused(client, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 1)
    assert told(sent(client, f"{ONE}k-2,2024-02-13,australia,growth,2\n")) == [
        "The table has more than 1 rows: send it in parts."
    ]


def test_a_form_without_a_file_says_so(client):
    assert told(client.post(IMPORT, {"update": "on"})) == ["This field is required."]


def test_days_that_excel_made_of_dates_and_rows_that_it_left_blank_are_read(client):
    def blank(sheet):
        sheet.insert_rows(2, 3)

    imported(client, book([HEADER, ["k-1", dt.datetime(2024, 2, 13), "australia", "growth", 2]], blank), "t.xlsx")
    assert str(Statement.objects.get().date) == "2024-02-13"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_with_semicolons_or_tabs_and_a_byte_order_mark_is_read(client, delimiter):
    imported(client, ("\ufeff" + ONE).replace(",", delimiter))
    assert Stance.objects.get().position == 2


# ---- export ----


@pytest.fixture
def some():
    rows = [StanceFactory(statement__published=False), StanceFactory(), StanceFactory()]
    StanceFactory(statement=rows[0].statement, position=-1, terms="time")
    return rows


@pytest.mark.parametrize("user", [CoderFactory, EditorFactory])
def test_selected_statements_are_exported_with_all_their_stances_drafts_too(some, user):
    answer = act(signed_in(user()), Statement, "export_csv", [some[0].statement, some[1].statement])
    rows = rows_of(answer)
    assert list(rows[0]) == COLUMNS
    assert sorted(row["statement_key"] for row in rows) == sorted([some[0].statement.key] * 2 + [some[1].statement.key])
    assert {row["status"] for row in rows} == {"draft", "published"}


def test_selected_stances_are_exported(client, some):
    [row] = rows_of(act(client, Stance, "export_csv", [some[1]]))
    assert row["topic"] == some[1].topic.slug


@pytest.mark.parametrize("model", [Statement, Stance])
def test_a_list_is_exported_as_it_is_filtered(client, some, model):
    draft = "status__exact=draft" if model is Statement else "statement__status__exact=draft"
    page = client.get(f"{address(model, 'changelist')}?{draft}")
    as_csv, as_xlsx = (url for _, url in page.context["exports"])
    assert f"export/csv/?{draft}" in as_csv
    assert {row["statement_key"] for row in rows_of(client.get(as_csv))} == {some[0].statement.key}
    content = b"".join(client.get(as_xlsx).streaming_content)
    assert {row.cells["statement_key"] for row in sheets.read(content, "").rows} == {some[0].statement.key}


def test_all_rows_of_a_filtered_list_are_exported_across_its_pages(client):
    topic = TopicFactory()
    StanceFactory.create_batch(60, topic=topic)
    answer = act(client, Statement, "export_csv", Statement.objects.all()[:1], select_across="1")
    assert len(rows_of(answer)) == 60


def test_a_statement_without_a_stance_is_told_of(client, some):
    bare = StatementFactory()
    answer = act(client, Statement, "export_csv", [bare, some[0].statement])
    assert len(rows_of(answer)) == 2
    page = client.get(address(Statement, "changelist"))
    assert messages(page) == ["1 statement has no stance yet, and so no row in the exported table."]


def test_cells_of_xlsx_are_text_where_text_is_meant_and_no_formula(client):
    StanceFactory(statement__summary="=1+1", statement__occasion="@x", statement__locator="2-7", position=-2)
    content = b"".join(act(client, Statement, "export_xlsx", Statement.objects.all()).streaming_content)
    header, cells = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows()
    row = {name.value: cell for name, cell in zip(header, cells, strict=True)}
    assert (row["summary"].value, row["summary"].data_type) == ("'=1+1", "s")
    assert (row["occasion"].value, row["locator"].value) == ("'@x", "2-7")
    assert row["locator"].number_format == "@"
    assert (row["position"].value, row["position"].data_type) == (-2, "n")


def test_a_text_longer_than_a_cell_is_told_instead_of_being_cut(client):
    StanceFactory(statement__summary="x" * (sheets.MAX_CELL + 1))
    page = act(client, Statement, "export_xlsx", Statement.objects.all())
    assert messages(page) == ["Row 2, summary: longer than a cell of XLSX can be. Export as CSV."]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_an_export_of_the_desk_changes_nothing_when_it_is_imported(client, some, format):
    content = b"".join(act(client, Statement, f"export_{format}", Statement.objects.all()).streaming_content)
    for update in ({}, {"update": "on"}):
        page = sent(client, content, f"t.{format}", **update)
        assert told(page) == []
        assert page.context["result"].comparison.same == 4
        assert not page.context["result"].comparison.has_differences


def test_a_source_s_text_is_in_no_export(client):
    StanceFactory(statement__source=SourceFactory(text="The whole article."))
    for format in ("csv", "xlsx"):
        content = b"".join(act(client, Statement, f"export_{format}", Statement.objects.all()).streaming_content)
        table = sheets.read(content, "")
        assert not any("The whole article." in cell for row in table.rows for cell in row.cells.values())


@pytest.mark.parametrize("query", ["topic=nowhere", "coder=x", "status__exact=%00", "nonsense__field=1", "q=%00"])
def test_a_filter_that_makes_no_sense_is_no_server_error(client, some, query):
    for format in ("csv", "xlsx"):
        url = reverse(f"admin:stances_statement_export_{format}")
        assert client.get(f"{url}?{query}").status_code in (200, 302, 400)


@pytest.mark.once
@pytest.mark.parametrize("model", [Statement, Stance])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_the_queries_of_an_export_do_not_grow_with_rows(client, some, model, format):
    url = reverse(f"admin:stances_{model._meta.model_name}_export_{format}")
    few = queries(client, url)
    StanceFactory.create_batch(20)
    assert queries(client, url) == few
