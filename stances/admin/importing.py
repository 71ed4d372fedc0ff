"""Importing a table at the desk: sent, looked at with its differences, and then confirmed; nothing before that."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export.admin import ImportMixin
from import_export.formats.base_formats import Format
from import_export.forms import ConfirmImportForm, ImportForm
from import_export.resources import Resource
from import_export.tmp_storages import BaseStorage

from stances import sheets
from stances.admin.base import CuratedAdmin
from stances.admin.columns import list_link, stance_lines
from stances.cells import COLUMNS, NEEDED
from stances.imports import Comparison, Record
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.tables import compare
from stances.vocabulary import Status

logger = logging.getLogger(__name__)
SHOWN = 100
KEPT_SECONDS = 24 * 60 * 60
KINDS = (Statement, Stance, Actor, Topic, Source)
SALT = "stances.import"
#: What an import may do, it asks of whoever sends it: all of an editor's rights on what a table tells of.
RIGHTS = (
    "stances.review_statement",
    *(f"stances.{action}_{m}" for action in ("add", "change") for m in ("actor", "source", "statement", "stance")),
    *(f"stances.{action}_topic" for action in ("add", "change")),
)


class TableFormat(Format):
    """CSV or XLSX, told apart by what is in the file."""

    def __init__(self, encoding=None):
        self.encoding = encoding

    def get_title(self):
        return "CSV or XLSX"

    def can_import(self):
        return True

    def create_dataset(self, in_stream):
        return sheets.read(in_stream, "")


class Uploads(BaseStorage):
    """Files between preview and confirmation, in a folder that several servers may share; gone after a day."""

    def save(self, data: bytes) -> None:
        folder = Path(settings.IMPORTS_DIR)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                old.unlink(missing_ok=True)
        self.name = secrets.token_hex(16)
        self._path.write_bytes(data)

    def read(self) -> bytes:
        return self._path.read_bytes()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return Path(settings.IMPORTS_DIR) / self.name


@dataclass
class Outcome:
    """What became of a table, in the shape that the library's views ask for."""

    comparison: Comparison
    written: bool = False

    def has_errors(self) -> bool:
        return bool(self.comparison.problems.count)

    def has_validation_errors(self) -> bool:
        return not self.comparison.has_differences  # then there is nothing to confirm

    @property
    def problems(self) -> list:
        return self.comparison.problems.first(SHOWN)

    @property
    def more_problems(self) -> int:
        return self.comparison.problems.count - len(self.problems)

    @property
    def counts(self) -> list[str]:
        """Say of each kind of row how many are new and how many change."""
        told = []
        for model in KINDS:
            for rows, word in ((self.comparison.new(model), "new"), (self.comparison.changed(model), "changed")):
                noun = model._meta.verbose_name if len(rows) == 1 else model._meta.verbose_name_plural
                told += [f"{len(rows):,} {word} {noun}"] if rows else []
        return told

    @property
    def changed(self) -> list[Record]:
        return [r for model in KINDS for r in self.comparison.changed(model)]

    @property
    def new(self) -> list[tuple[Record, str, SafeString]]:
        """Give each new row with its words and stances; of stances those alone whose statement stands here."""
        listed = []
        for model in (Statement, Actor, Topic, Source):
            for record in self.comparison.new(model):
                row = record.instance
                words = row.summary if model is Statement else getattr(row, "proposition", str(row))
                shown = stance_lines(r.instance for r in record.stances.values())
                listed.append((record, words, shown))
                if len(listed) == SHOWN:
                    return listed
        return listed

    @property
    def added(self) -> list[Record]:
        return [r for r in self.comparison.new(Stance) if not r.given["statement"].value.is_new]


class StanceTable(Resource):
    """The library's name for what reads a table; the reading itself is in `stances.tables`."""

    @classmethod
    def get_display_name(cls):
        return "Table of stances"

    def get_user_visible_fields(self):
        return []

    def import_data(self, dataset, dry_run=False, *, user, form, update=False, digest="", file_name="", **kwargs):
        dataset.name = file_name or "table"
        outcome = Outcome(compare(dataset, update=update))
        if dry_run:
            form.digest = outcome.comparison.digest
        elif not outcome.has_errors() and outcome.comparison.digest == digest:
            try:
                outcome.comparison.write(by=user)
            except IntegrityError as error:
                told = f"The table breaks a rule of the database, and nothing was written: {error}"
                raise ValidationError(told) from error
            outcome.written = True
        return outcome


class TableForm(ImportForm):
    import_file = forms.FileField(
        label="Table",
        help_text="CSV in UTF-8, or XLSX, of which the first sheet is read. "
        f"At most {sheets.MAX_BYTES // 2**20} MB and {sheets.MAX_ROWS:,} rows.",
    )
    update = forms.BooleanField(
        label="Update what differs",
        required=False,
        help_text="Without it, a row that differs from what stands here is an error. "
        "A blank cell leaves what stands, \\N clears it. Of statements only drafts are changed.",
    )

    def __init__(self, formats, resources, **kwargs):
        super().__init__(formats, resources, **kwargs)
        del self.fields["format"], self.fields["resource"]  # there is one of each

    @property
    def media(self):
        return forms.Media()

    def clean_import_file(self):
        file = self.cleaned_data["import_file"]
        if file.size > sheets.MAX_BYTES:
            raise ValidationError(f"The file is larger than {sheets.MAX_BYTES // 2**20} MB: send it in parts.")
        return file

    def clean(self):
        return {**super().clean(), "format": "0"}


class ConfirmForm(ConfirmImportForm):
    """What was looked at: the file that waits and its name, signed for the sender; the sum of what it would write."""

    update = forms.BooleanField(required=False, widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["format"], self.fields["resource"]
        self.user = user
        self.sent_as = ""

    def clean_import_file_name(self):
        try:
            sent = signing.loads(self.cleaned_data["import_file_name"], salt=SALT, max_age=KEPT_SECONDS)
            user, name, self.sent_as = sent
        except (signing.BadSignature, ValueError, TypeError):
            user, name = None, ""
        if user != self.user.pk or not (Path(settings.IMPORTS_DIR) / name).is_file():
            raise ValidationError("This preview is over.")
        return name

    def clean(self):
        return {**super().clean(), "format": "0", "original_file_name": self.sent_as}


class TableImport(ImportMixin, CuratedAdmin):
    """The pages of an import, by the library's two steps."""

    import_template_name = "admin/stances/statement/import.html"
    import_form_class = TableForm
    confirm_form_class = ConfirmForm
    tmp_storage_class = Uploads
    resource_classes = [StanceTable]
    formats = [TableFormat]
    skip_admin_log = True
    ie_base_change_list_template = "admin/stances/change_list.html"

    def init_change_list_template(self):
        """Keep Django's own lookup of the list's template; its tools hold the way to an import."""

    def has_import_permission(self, request):
        return request.user.has_perms(RIGHTS)

    def import_action(self, request, **kwargs):
        answer = super().import_action(request, **kwargs)
        context = answer.context_data
        file = context["form"].files.get("import_file")
        if "confirm_form" not in context and hasattr(file, "tmp_storage_name"):
            Uploads(name=file.tmp_storage_name).remove()
        context |= {"title": "Import a table", "columns": COLUMNS, "needed": NEEDED, "shown": SHOWN}
        return answer

    def add_data_read_fail_error_to_form(self, form, e):
        if not isinstance(e, sheets.SheetError):
            logger.exception("A table could not be read")
        words = (
            str(e) if isinstance(e, sheets.SheetError) else "It cannot be read: save it as CSV UTF-8, and send that."
        )
        form.add_error("import_file", words)

    def process_import(self, request, **kwargs):
        if not self.has_import_permission(request):
            raise PermissionDenied
        again = HttpResponseRedirect(reverse("admin:stances_statement_import"))
        if request.method != "POST":
            return again
        if not self.create_confirm_form(request).is_valid():
            told = "This preview is over, and nothing was written. Send the file again."
            self.message_user(request, told, messages.ERROR)
            return again
        return self._write(request, super().process_import)

    def process_result(self, result, request):
        if result.written:
            return super().process_result(result, request)
        told = "The desk has changed since the preview, and nothing was written. Send the file again, and look anew."
        self.message_user(request, told, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:stances_statement_import"))

    def add_success_message(self, result, request):
        drafts = list_link("statement", "Your drafts", status__exact=Status.DRAFT, coder__id__exact=request.user.pk)
        told = format_html("Imported, as drafts: {}. {}", ", ".join(result.counts), drafts)
        self.message_user(request, told, messages.SUCCESS)

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs["form"]
        told = {name: form.cleaned_data[name] for name in ("update", "digest") if name in form.cleaned_data}
        return {"form": form, **told}

    def get_confirm_form_kwargs(self, request, import_form=None):
        return {**super().get_confirm_form_kwargs(request, import_form), "user": request.user}

    def get_confirm_form_initial(self, request, import_form):
        if import_form is None:
            return {}
        file = import_form.cleaned_data["import_file"]
        return {
            "import_file_name": signing.dumps([request.user.pk, file.tmp_storage_name, file.name], salt=SALT),
            "original_file_name": file.name,
            "update": import_form.cleaned_data["update"],
            "digest": import_form.digest,
        }
