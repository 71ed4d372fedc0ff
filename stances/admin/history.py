"""The history of a curated row: who changed what, when and why, its parts' changes among its own; a number of queries
that does not grow with the entries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.http import Http404
from django.shortcuts import render
from django.template.defaultfilters import date as formatted
from django.urls import reverse
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin
from simple_history.template_utils import ObjDiffDisplay

from stances.changes import is_named
from stances.differences import Piece, around, differences
from stances.models.curated import CuratedModel
from stances.states import Part

__all__ = ["HistoryPages", "Part"]

DONE = {"+": "made", "~": "changed", "-": "deleted"}
SHORTENED = 400
#: Values of so many words are compared word by word, where so much of them is the same.
WORDS = 8
ALIKE = 0.25


@dataclass(frozen=True)
class Change:
    """One field before and after, and word by word where it is long."""

    label: str
    before: str
    after: str
    pieces: list[Piece] = field(default_factory=list)

    @classmethod
    def between(cls, label: str, before: str, after: str) -> Change:
        short = ObjDiffDisplay(max_length=SHORTENED, min_begin_len=40, min_end_len=40, min_common_len=40)
        old, new = short.common_shorten_repr(before, after)
        return cls(label, old, new, word_by_word(before, after))


@dataclass
class Entry:
    """One line of a history: a record and what it changed; `title` names the part, where it is one's."""

    record: Any
    done: str
    title: str
    by: str
    changes: list[Change] = field(default_factory=list)
    url: str = ""
    together: str = ""
    restore_url: str = ""


class HistoryPages(SimpleHistoryAdmin):
    """The pages of a row's history: its list, and the row as it was after one entry."""

    model: type[CuratedModel]
    history_list_per_page = 50
    #: Rows whose changes are told with this one's.
    history_parts: tuple[Part, ...] = ()
    #: Rows whose changes are told, too, and which an earlier state does not bring back.
    history_beside: tuple[Part, ...] = ()

    def history_view(self, request, object_id, extra_context=None):
        row, title = self._row_with_history(request, object_id)
        parts = (Part(self.model, self.model._meta.pk.attname, ""), *self.history_parts, *self.history_beside)
        paginator = Paginator(_lines(parts, row.pk), self.history_list_per_page)
        page = paginator.get_page(request.GET.get(PAGE_VAR))
        lines = list(page.object_list)
        entries = _entries(parts, lines)
        standing = row._state.db is not None and self.has_change_permission(request, row)
        for entry, (moment, number, pk) in zip(entries, lines, strict=True):
            if is_named(entry.record.history_change_reason):
                kind = entry.record.instance_type._meta.model_name
                entry.together = reverse("admin:stances_changes_one", args=[kind, entry.record.pk])
            if not entry.title:
                entry.url = self._history_url("simple_history", row.pk, entry.record.pk)
            is_newest = page.number == 1 and moment == lines[0][0]
            restores = number <= len(self.history_parts)
            if standing and restores and not is_newest and (entry.title or entry.done != DONE["-"]):
                entry.restore_url = self._history_url("restore", row.pk, number, pk)
        context = {
            "title": f"History: {title}",
            "row": row,
            "row_name": title,
            "entries": entries,
            "page_obj": page,
            "page_range": paginator.get_elided_page_range(page.number),
            "page_var": PAGE_VAR,
            "parts": [part.model._meta.verbose_name_plural for part in parts[1:]],
        }
        return self._render_history(request, "admin/stances/history.html", context | (extra_context or {}))

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        """Show the row as it was; to bring it back is a change like any other, and goes through the form."""
        row, title = self._row_with_history(request, object_id)
        if request.method != "GET":
            raise PermissionDenied
        records = self.model.history.filter(**{self.model._meta.pk.attname: row.pk})
        record = records.filter(pk=version_id).first() if version_id.isdecimal() else None
        if record is None:
            raise Http404
        fields = fields_of(record)
        names = names_of([record], fields)
        context = {
            "title": f"{title}, as it was",
            "row": row,
            "row_name": title,
            "entry": Entry(record, DONE[record.history_type], "", names["users"].get(record.history_user_id, "")),
            "values": [(capfirst(f.verbose_name), shown(f, record, names)) for f in fields],
            "history_url": self._history_url("history", row.pk),
        }
        return self._render_history(request, "admin/stances/version.html", context | (extra_context or {}))

    def _row_with_history(self, request, object_id) -> tuple[Any, str]:
        """Find a row, one that was deleted too, and its title; see that the user may read its history."""
        row = self.get_object(request, unquote(object_id))
        title = str(row)
        if row is None:
            try:
                pk = self.model._meta.pk.to_python(unquote(object_id))
            except ValidationError:
                raise Http404 from None
            record = self.model.history.filter(**{self.model._meta.pk.attname: pk}).first()
            if record is None:
                raise Http404
            row, title = record.instance, f"{self.model._meta.verbose_name} {pk}, deleted"
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return row, title

    def _history_url(self, name: str, *args) -> str:
        opts = self.model._meta
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=args)

    def _render_history(self, request, template, context):
        opts = self.model._meta
        request.current_app = self.admin_site.name
        each = self.admin_site.each_context(request)
        return render(request, template, {**each, "opts": opts, "app_label": opts.app_label, **context})


def _lines(parts: Iterable[Part], pk):
    """Give when, of which part, and the id of each record of a row and its parts, the newest first."""
    lines = [
        part.model.history.filter(**{part.key: pk})
        .order_by()
        .annotate(part=Value(number, models.IntegerField()))
        .values_list("history_date", "part", "history_id")
        for number, part in enumerate(parts)
    ]
    return lines[0].union(*lines[1:], all=True).order_by("-history_date", "part", "-history_id")


def _entries(parts: tuple[Part, ...], lines: list[tuple[dt.datetime, int, int]]) -> list[Entry]:
    """Read a page's records, part by part, in the order of its lines."""
    told = {}
    for number, part in enumerate(parts):
        if wanted := [pk for _, line, pk in lines if line == number]:
            told.update({(number, entry.record.pk): entry for entry in _entries_of(part, wanted)})
    return [told[number, pk] for _, number, pk in lines]


def _entries_of(part: Part, pks: list[int]) -> Iterator[Entry]:
    """Tell what records changed, by the one before each."""
    records = list(_with_previous(part.model, pks))
    earlier = part.model.history.in_bulk([record.previous for record in records if record.previous])
    fields = fields_of(records[0])
    names = names_of([*records, *earlier.values()], fields)
    told = [f for f in fields if f.name != part.key]
    for record in records:
        title = part.title.format(**{f.name: shown(f, record, names) for f in fields})
        entry = Entry(record, DONE[record.history_type], title, names["users"].get(record.history_user_id, ""))
        if record.history_type == "~" and record.previous in earlier:
            entry.changes = changes_between(earlier[record.previous], record, told, names)
        elif title:
            values = [(str(capfirst(f.verbose_name)), shown(f, record, names)) for f in told]
            made = record.history_type == "+"
            entry.changes = [Change(label, "" if made else v, v if made else "") for label, v in values if v]
        yield entry


def _with_previous(model: type[CuratedModel], pks: list[int]):
    """Read records with the id of the one before each."""
    history = model.history.model.objects
    pk = model._meta.pk.attname
    before = (
        history.filter(**{pk: OuterRef(pk)})
        .filter(
            Q(history_date__lt=OuterRef("history_date"))
            | Q(history_date=OuterRef("history_date"), history_id__lt=OuterRef("history_id"))
        )
        .order_by(F("history_date").desc(), F("history_id").desc())
    )
    return history.filter(pk__in=pks).annotate(previous=Subquery(before.values("history_id")[:1]))


def fields_of(record) -> list[models.Field]:
    return [f for f in record.tracked_fields if not f.primary_key]


def labels_of(rows: list[Any], fields: list[models.Field]) -> dict[Any, dict[Any, str]]:
    """Name the rows that records or rows point to: a query for each model."""
    wanted: dict[Any, set[Any]] = defaultdict(set)
    for f in fields:
        if f.is_relation:
            wanted[f.related_model] |= {getattr(row, f.attname) for row in rows} - {None}
    found = {model: model._base_manager.in_bulk(pks) for model, pks in wanted.items()}
    return {model: {pk: str(row) for pk, row in rows.items()} for model, rows in found.items()}


def names_of(records: list[Any], fields: list[models.Field]) -> dict[Any, dict[Any, str]]:
    """Name the rows that records point to, and under "users" those who made them."""
    who = records[0]._meta.get_field("history_user")
    named = labels_of(records, [*fields, who])
    return {**named, "users": named[who.related_model]}


def shown(f: models.Field, record, names) -> str:
    """Say a field's value as an editor reads it."""
    value = getattr(record, f.attname)
    if value is None or value == "":
        return ""
    if f.is_relation:
        return names[f.related_model].get(value, f"deleted, number {value}")
    if f.choices:
        return str(dict(f.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return formatted(value, "DATETIME_FORMAT")
    return str(value)


def changes_between(before, after, fields: list[models.Field], names) -> list[Change]:
    changes = []
    for f in fields:
        if getattr(before, f.attname) != getattr(after, f.attname):
            old, new = shown(f, before, names), shown(f, after, names)
            changes.append(Change.between(str(capfirst(f.verbose_name)), old, new))
    return changes


def word_by_word(before: str, after: str) -> list[Piece]:
    """Compare two values by their words; nothing where they are short, or hardly alike."""
    length = max(len(before), len(after))
    if max(before.count(" "), after.count(" ")) < WORDS:
        return []
    pieces = differences(before, after)
    alike = sum(len(piece.text) for piece in pieces if piece.kind == "same")
    return around(pieces) if alike >= ALIKE * length else []
