"""Exporting from the desk's lists, drafts too: what was selected, or all that the filters keep, as one table."""

from __future__ import annotations

import tempfile
from typing import ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse

from stances import sheets
from stances.admin.base import READING, CuratedAdmin
from stances.dates import today
from stances.exports import STANCES, cells_of, export
from stances.models import Stance

FORMATS = ("csv", "xlsx")
EXPORTS = [f"export_{format}" for format in FORMATS]


class TableExport(CuratedAdmin):
    """A list that is exported as a table of stances: an action on selected rows, an address for a filtered list."""

    #: The column of a stance that names its row of this list.
    stances_by: ClassVar[str]

    def stances_of(self, rows):
        """Give the stances that rows of this list have."""
        return Stance.objects.filter(**{f"{self.stances_by}__in": rows.order_by().values("pk")})

    @admin.action(description="Export as CSV", permissions=["view"])
    def export_csv(self, request, queryset):
        return self._exported(request, queryset, "csv")

    @admin.action(description="Export as XLSX", permissions=["view"])
    def export_xlsx(self, request, queryset):
        return self._exported(request, queryset, "xlsx")

    def get_urls(self):
        view = self.admin_site.admin_view(self.export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path(f"export/{f}/", view, {"format": f}, name=f"{name}_{f}") for f in FORMATS] + super().get_urls()

    def changelist_view(self, request, extra_context=None):
        opts = self.opts
        address = f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}_export_"
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        exports = [(format.upper(), reverse(f"{address}{format}") + query) for format in FORMATS]
        context = {**(extra_context or {}), "exports": exports}
        actions = request.POST.getlist("action")
        if request.method == "POST" and actions and all(action in EXPORTS for action in actions):
            return super(CuratedAdmin, self).changelist_view(request, context)  # it only reads, and needs no lock
        return super().changelist_view(request, context)

    def export_view(self, request, format: str):
        if not self.has_view_permission(request):
            raise PermissionDenied
        back = HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        if request.method not in READING:
            return back
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            self.message_user(request, "The list has no such filter; nothing was exported.", messages.ERROR)
            return back
        return self._exported(request, rows, format) or back

    def _exported(self, request, rows, format: str) -> HttpResponseBase | None:
        """Answer with a file, or with nothing where that cannot be, which is told."""
        stances = self.stances_of(rows).order_by("-stated_on", "statement_id", "topic__rank", "pk")
        if format == "csv":
            return export(stances, STANCES, format="csv", name="stances")
        file = tempfile.TemporaryFile()  # noqa: SIM115, the response closes it
        columns = [(column.name, column.is_text) for column in STANCES]
        try:
            sheets.write_xlsx(file, columns, cells_of(stances, STANCES, defused=True))
        except sheets.SheetError as error:
            file.close()
            self.message_user(request, str(error), messages.ERROR)
            return None
        file.seek(0)
        name = f"stances-{today()}.xlsx"
        return FileResponse(file, as_attachment=True, filename=name, content_type=sheets.XLSX)


class StatementExport(TableExport):
    """A list of statements: one without a stance has no row in the table."""

    stances_by = "statement"

    def _exported(self, request, rows, format):
        answer = super()._exported(request, rows, format)
        if answer and (bare := rows.filter(stances=None).count()):
            told = "1 statement has" if bare == 1 else f"{bare} statements have"
            self.message_user(request, f"{told} no stance yet, and so no row in the exported table.", messages.WARNING)
        return answer


class StanceExport(TableExport):
    """A list of stances."""

    stances_by = "pk"
