"""The pages that bring back what was: an earlier state from a row's history, and a deleted row from the bin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import ProtectedError
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.text import capfirst

from stances.admin.columns import short
from stances.admin.conflicts import token
from stances.admin.history import Change, changes_between, fields_of, labels_of, names_of, shown
from stances.forms import ids_among
from stances.models.curated import CuratedModel
from stances.restoring import bring_back, deleted, plan, restorable, restore, state_of, told
from stances.states import Part, newest_ids

CHANGED_SINCE = "It was changed while you looked. See again what this would change."


class RestoringPages(admin.ModelAdmin):
    """Restore a state from the history; list what is deleted and bring it back."""

    model: type[CuratedModel]
    history_parts: tuple[Part, ...] = ()
    #: By what a deleted row is known in the bin.
    bin_fields: tuple[str, ...] = ("name",)
    _write: Any

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("deleted/", view(self.deleted_view), name=f"{name}_deleted"),
            path("<path:object_id>/restore/<int:part>/<int:version>/", view(self.restore_view), name=f"{name}_restore"),
            *super().get_urls(),
        ]

    # ---- an earlier state ----

    def restore_view(self, request, object_id, part: int, version: int):
        """Show what restoring a state would change; restore it."""
        return self._write(request, self._restore_view, object_id, part, version)

    def _restore_view(self, request, object_id, part: int, version: int):
        row: Any = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            raise PermissionDenied
        of = (Part(self.model, self.opts.pk.attname, ""), *self.history_parts)
        if part >= len(of) or not ids_among([version]):
            raise Http404
        record = of[part].model.history.filter(**{of[part].key: row.pk}, pk=version).first()
        if record is None:
            raise Http404
        opened = token(newest_ids(self.model, row.pk, self.history_parts))
        past = state_of(self.model, row.pk, self.history_parts, record.history_date)
        title = str(row)
        if past.row is None and part == 0:
            raise Http404
        planned = plan(row, self.history_parts, past)
        self._require_permissions(request, planned)
        changes = self._changes(planned)
        refused: list[str] = []
        if request.method == "POST":
            if request.POST.get("opened") == opened:
                refused = self._restore(request, planned, record)
                if not refused:
                    return HttpResponseRedirect(self._address("change", row.pk))
            else:
                refused = [CHANGED_SINCE]
        return self._page(
            request,
            "restore",
            row=row,
            row_name=title,
            record=record,
            opened=opened,
            refused=refused,
            changes=changes,
        )

    def _restore(self, request, planned, record) -> list[str]:
        """Write a state; say what forbids it, where something does."""
        try:
            with transaction.atomic():
                restore(planned, by=request.user, moment=record.history_date)
        except (ValidationError, ProtectedError) as error:
            return told(error, self.model)
        self.message_user(request, f"Restored: {planned.row}", messages.SUCCESS)
        return []

    def _require_permissions(self, request, planned) -> None:
        """See that who restores may do to the parts what the restored state takes."""
        needed = [
            *(("change", each) for each, _ in planned.parts),
            *(("add", each) for each in planned.made),
            *(("delete", each) for each in planned.deleted),
        ]
        if not request.user.has_perms({f"stances.{verb}_{each._meta.model_name}" for verb, each in needed}):
            raise PermissionDenied

    def _changes(self, planned) -> list[tuple[str, list[Change]]]:
        """Tell, row by row, what a plan changes."""
        lines = []
        if planned.changed:
            before = self.model._base_manager.get(pk=planned.row.pk)
            fields = restorable(self.model)
            labels = labels_of([before, planned.row], fields)
            changes = changes_between(before, planned.row, fields, labels)
            lines.append((f"This {self.opts.verbose_name}", changes))
        for part in self.history_parts:
            changed = [each for each, _ in planned.parts if isinstance(each, part.model)]
            stored = part.model._base_manager.in_bulk([each.pk for each in changed])
            rows: list[tuple[Any, Any]] = [
                *((stored[each.pk], each) for each in changed),
                *((None, each) for each in planned.made if isinstance(each, part.model)),
                *((each, None) for each in planned.deleted if isinstance(each, part.model)),
            ]
            lines += self._part_changes(part, rows)
        return lines

    def _part_changes(self, part: Part, rows) -> list[tuple[str, list[Change]]]:
        fields = [f for f in restorable(part.model) if f.name != part.key]
        labels = labels_of([each for pair in rows for each in pair if each], fields)
        lines = []
        for before, after in rows:
            name = part.title.format(**{f.name: shown(f, after or before, labels) for f in fields})
            if before and after:
                lines.append((name, changes_between(before, after, fields, labels)))
            else:
                values = [(str(capfirst(f.verbose_name)), shown(f, after or before, labels)) for f in fields]
                comes = after is not None
                lines.append(
                    (
                        f"{name} {'comes back' if comes else 'is deleted'}",
                        [Change(label, "" if comes else v, v if comes else "") for label, v in values if v],
                    )
                )
        return lines

    # ---- the bin ----

    def changelist_view(self, request, extra_context=None):
        bin_url = self._address("deleted") if self.has_bin(request) else ""
        return super().changelist_view(request, {**(extra_context or {}), "bin_url": bin_url})

    def has_bin(self, request) -> bool:
        """Tell whether a user may see and bring back deleted rows of this kind."""
        return self.has_delete_permission(request) and self.has_add_permission(request)

    def deleted_records(self, request):
        """Read the last records of the deleted rows that a user may bring back."""
        return deleted(self.model)

    def deleted_view(self, request):
        """List what is deleted; bring one back."""
        return self._write(request, self._deleted_view)

    def _deleted_view(self, request):
        if not self.has_bin(request):
            raise PermissionDenied
        records = self.deleted_records(request)
        refused: list[str] = []
        if request.method == "POST":
            pk = ids_among([request.POST.get("record", "")])
            record = records.filter(pk=pk[0]).first() if pk else None
            if record is None:
                refused = ["It is not here any more: somebody brought it back, or deleted it anew."]
            else:
                try:
                    with transaction.atomic():
                        row = bring_back(self.model, record, self.history_parts, by=request.user)
                except (ValidationError, ProtectedError) as error:
                    refused = told(error, self.model)
                else:
                    self.message_user(request, f"It is back: {row}", messages.SUCCESS)
                    return HttpResponseRedirect(self._address("change", row.pk))
        paginator = Paginator(records, 50)
        page = paginator.get_page(request.GET.get(PAGE_VAR))
        return self._page(
            request,
            "deleted",
            entries=self._entries(list(page.object_list)),
            page_obj=page,
            page_range=paginator.get_elided_page_range(page.number),
            page_var=PAGE_VAR,
            refused=refused,
            bins=self._bins(request),
        )

    def _entries(self, records: list[Any]) -> list[dict[str, Any]]:
        if not records:
            return []
        fields = [f for f in fields_of(records[0]) if f.name in self.bin_fields]
        names = names_of(records, fields)
        return [
            {
                "record": record,
                "by": names["users"].get(record.history_user_id, ""),
                "what": [short(shown(f, record, names)) for f in fields],
                "history": self._address("history", record.id),
            }
            for record in records
        ]

    def _bins(self, request) -> list[tuple[str, str]]:
        """Name the bins that a user may open, and their addresses, empty for this one."""
        desks = [desk for desk in self.admin_site._registry.values() if isinstance(desk, RestoringPages)]
        return [
            (str(desk.opts.verbose_name_plural), "" if desk is self else desk._address("deleted"))
            for desk in desks
            if desk.has_bin(request)
        ]

    def _address(self, page: str, *args) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def _page(self, request, name: str, **context):
        request.current_app = self.admin_site.name
        titles = {"restore": "Restore an earlier state", "deleted": f"Deleted {self.opts.verbose_name_plural}"}
        each = self.admin_site.each_context(request)
        return render(
            request,
            f"admin/stances/{name}.html",
            {**each, "opts": self.opts, "app_label": self.opts.app_label, "title": titles[name], **context},
        )
