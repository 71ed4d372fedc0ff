"""What the desk's pages of curated rows share: one request, one transaction, the lock first."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, ProtectedError, Q, When
from django.http import HttpResponseRedirect

from stances.admin.conflicts import GuardedForms
from stances.admin.deletion import GuardedDeletion
from stances.admin.history import HistoryPages
from stances.admin.keeping import note_saved
from stances.admin.lists import CheckedLists
from stances.admin.restoring import RestoringPages
from stances.forms import ChosenSelect, PlainTextField, ReasonedForm
from stances.writes import public_write

READING = ("GET", "HEAD", "OPTIONS", "TRACE")


class CuratedFields(BaseModelAdmin):
    """Form fields of a curated row or of a row inside its form."""

    formfield_overrides: ClassVar[Any] = {
        models.TextField: {"form_class": PlainTextField},
        models.URLField: {"assume_scheme": "https"},
    }

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False  # not one slip away from the form of another row
        return field

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.autocomplete_fields:
            kwargs["widget"] = ChosenSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class CuratedAdmin(CuratedFields, CheckedLists, GuardedForms, RestoringPages, HistoryPages, GuardedDeletion):
    """Stock admin of a curated model, with its history, its errors in their places, and safe writes."""

    form = ReasonedForm
    list_per_page = 50
    #: The columns that hold a row's own name, by which it is chosen.
    names: ClassVar[tuple[str, ...]] = ()
    show_full_result_count = False

    def view_on_site(self, obj) -> str | None:
        """Give the address of a row's public page, where a reader finds one."""
        return None

    # ---- writes ----

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        return self._write(request, super().changeform_view, object_id, form_url, extra_context)

    def delete_view(self, request, object_id, extra_context=None):
        return self._write(request, super().delete_view, object_id, extra_context)

    def changelist_view(self, request, extra_context=None):
        return self._write(request, super().changelist_view, extra_context)

    def _write(self, request, view, *args):
        """Run a view in one transaction that has the lock of the public data first; one that reads takes none.

        Forms tell what is wrong in its place; what only a write can notice undoes it all and is told in a message.
        """
        if request.method in READING:
            return view(request, *args)
        try:
            with public_write():
                answer = view(request, *args)
            note_saved(request, answer)
            return answer
        except ProtectedError as error:
            self.message_user(request, error.args[0], messages.ERROR)
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request, obj, form, change):
        """Save what was changed; a save without a change would leave an empty entry in the history."""
        if not change or set(form.changed_data) - {"change_reason"}:
            obj._change_reason = form.cleaned_data.get("change_reason") or None
            super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        for formset in formsets:
            for row in formset.forms:
                row.instance._change_reason = form.cleaned_data.get("change_reason") or None
        super().save_related(request, form, formsets, change)

    # ---- what is shown ----

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj and self.has_change_permission(request, obj):
            return [*fieldsets, ("This change", {"fields": ["change_reason", "opened"]})]
        return fieldsets

    def best_first(self, rows, term: str):
        """Order what is offered to choose from: what is called so first, then what begins so, then the rest."""
        called = [Q(**{f"{name}__iexact": term}) for name in self.names]
        begins = [Q(**{f"{name}__istartswith": term}) for name in self.names]
        rank = Case(*(When(q, then=0) for q in called), *(When(q, then=1) for q in begins), default=2)
        return rows.order_by(rank, *(self.ordering or ())) if term.strip("\x00 ") and self.names else rows

    def choice(self, row) -> str:
        """Name a row where it is offered to choose from."""
        return str(row)
