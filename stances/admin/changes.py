"""The desk's page of changes of many rows, and that of each, where it is undone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Min
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from stances.admin.columns import change_url, named, tile
from stances.changes import Change, find, logged
from stances.models import Actor, Affiliation, Source, Stance, Statement, Topic
from stances.recoding import OF_ANOTHER, Plan, may_revert, plan_revert, revert
from stances.unmerging import plan, undo

CURATED: dict[str, Any] = {
    str(model._meta.model_name): model for model in (Actor, Affiliation, Topic, Source, Statement, Stance)
}
LISTED = 100


class ChangesPages(admin.ModelAdmin):
    """Pages of the desk beside the list of stances; the site has their addresses."""

    def changes_urls(self):
        every = self.admin_site.admin_view(self.changes_view)
        each = self.admin_site.admin_view(self.named_change_view)
        return [
            path("changes/", every, name="stances_changes"),
            path("changes/<slug:kind>/<int:record>/", each, name="stances_changes_one"),
        ]

    def changes_view(self, request):
        """List recodes and merges, the newest first: who, when, how many rows, and whether they were undone."""
        if not request.user.has_perm("stances.view_stance"):
            raise PermissionDenied
        paginator = Paginator(logged(), 50)
        page = paginator.get_page(request.GET.get(PAGE_VAR))
        changes = [Change(entry.change_message, entry.action_time, entry.user) for entry in page.object_list]
        counts, urls = _written(changes)
        undone = {entry.change_message: entry for entry in undone_by(changes)}
        context = {
            "title": "Changes of many rows",
            "changes": [
                {
                    "change": change,
                    "name": capfirst(change.reason),
                    "count": counts[change.reason],
                    "url": urls.get(change.reason),
                    "undone": undone.get(change.undoing),
                }
                for change in changes
            ],
            "page_obj": page,
            "page_range": paginator.get_elided_page_range(page.number),
            "page_var": PAGE_VAR,
        }
        return self._changes_page(request, "admin/stances/changes.html", context)

    def named_change_view(self, request, kind: str, record: int):
        """Show what undoing a change would do, and undo it."""
        return self._write(request, self._named_change_view, kind, record)  # type: ignore[attr-defined]

    def _named_change_view(self, request, kind: str, record: int):
        model = CURATED.get(kind)
        change = find(model, record) if model and record < 2**63 else None
        if change is None:
            raise Http404
        needed = "stances.merge_actor" if change.kind == "merge" else "stances.change_stance"
        if not request.user.has_perm(needed):
            raise PermissionDenied
        if request.method == "POST":
            self._undo(request, change)
            return HttpResponseRedirect(reverse("admin:stances_changes"))
        context = self._of_merge(change) if change.kind == "merge" else self._of_recode(request, change)
        context |= {"title": capfirst(change.reason), "change": change}
        return self._changes_page(request, "admin/stances/named_change.html", context)

    def _undo(self, request, change: Change) -> None:
        if change.kind == "merge":
            undo(change, by=request.user)
        else:
            revert(change, by=request.user, expected=request.POST.get("expected") or "-")
        self.message_user(request, format_html("{}.", capfirst(change.undoing)), messages.SUCCESS)

    def _of_merge(self, change: Change) -> dict[str, Any]:
        made = plan(change)
        back = [(_url(row), named(row)) for row, _ in made.back[:LISTED]]
        again = [f"{stance.statement.key}: a stance that was one with another" for stance in made.folded[:LISTED]]
        return {
            "label": "Undo the merge",
            "merge": made,
            "problems": made.obstacles,
            "possible": not made.obstacles,
            "back": back,
            "more": len(made.back) - len(back),
            "again": again,
            "more_again": len(made.folded) - len(again),
            **_left(made.left),
        }

    def _of_recode(self, request, change: Change) -> dict[str, Any]:
        made = plan_revert(change, by=request.user)
        if not may_revert(request.user, change):
            made.problems.insert(0, OF_ANOTHER)
        return {
            "label": "Revert it",
            "plan": made,
            "problems": made.problems[:LISTED],
            "more_problems": len(made.problems) - LISTED,
            "possible": bool(made.rows) and not made.problems,
            "rows": differences(made, LISTED),
            "more": len(made.rows) - LISTED,
            **_left(made.left),
        }

    def _changes_page(self, request, template: str, context: dict[str, Any]):
        request.current_app = self.admin_site.name
        each = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**each, "opts": Stance._meta, **context})


def change_page(model: Any, record: int) -> str:
    """Give the page of a change, by one of its entries in the history."""
    return reverse("admin:stances_changes_one", args=[model._meta.model_name, record])


def undone_by(changes: list[Change]) -> Any:
    """Give the log's entries of what undid changes."""
    reasons = [change.undoing for change in changes]
    return LogEntry.objects.filter(change_message__in=reasons).select_related("user").order_by("action_time")


def _written(changes: list[Change]) -> tuple[Counter[str], dict[str, str]]:
    """Count the rows of changes, and give their pages, by reason: a query a model."""
    counts: Counter[str] = Counter()
    urls: dict[str, str] = {}
    for model in CURATED.values():
        entries = model.history.filter(
            history_date__in=[change.at for change in changes],
            history_change_reason__in=[change.reason for change in changes],
        )
        found = entries.order_by().values("history_change_reason")
        for row in found.annotate(n=Count("id", distinct=True), first=Min("history_id")):
            counts[row["history_change_reason"]] += row["n"]
            urls.setdefault(row["history_change_reason"], change_page(model, row["first"]))
    return counts, urls


def differences(made: Plan, most: int) -> list[tuple[Any, list[tuple[str, Any, Any]]]]:
    """Give the first stances of a plan with what would differ: the field's name, before and after."""
    shown = made.rows[:most]
    names = {
        name: model._base_manager.in_bulk({new[name] for _, new in shown if name in new})
        for name, model in (("actor_id", Actor), ("topic_id", Topic))
    }
    return [(stance, list(_differences(stance, new, names))) for stance, new in shown]


def _differences(stance: Stance, new: dict[str, Any], names: dict[str, Any]):
    value, terms = new.get("position", stance.position), new.get("terms", stance.terms)
    if (value, terms) != (stance.position, stance.terms):
        yield "Position", tile(stance.position, stance.terms), tile(value, terms)
    for name, after in new.items():
        before = getattr(stance, name)
        if name in ("position", "terms") or before == after:
            continue
        column: Any = Stance._meta.get_field(name)
        if column.is_relation:
            yield capfirst(column.verbose_name), getattr(stance, column.name), names[name].get(after, "")
        elif column.choices:
            words = dict(column.flatchoices)
            yield capfirst(column.verbose_name), words.get(before, before), words.get(after, after)
        else:
            yield capfirst(column.verbose_name), before or "empty", after or "empty"


def _left(left: list[tuple[Any, str]]) -> dict[str, Any]:
    shown = [(_url(row), named(row), why) for row, why in left[:LISTED]]
    return {"left": shown, "more_left": len(left) - len(shown)}


def _url(row: Any) -> str:
    """Give the address of a row's form, where there is a row."""
    return "" if isinstance(row, str) else change_url(row)
