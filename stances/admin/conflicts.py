"""Two editors on one row: the second sees what the first changed, field by field, and chooses; nothing typed is lost.

Each form carries the newest entries of the history that it was opened on. Where there are newer ones as it is sent,
it is not saved: it comes back as typed, with the rows inside it as they stand now, and asks about what differs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Q
from django.utils.text import capfirst

from stances.admin.history import Change, changes_between, fields_of, names_of
from stances.admin.typed import (
    TypedRow,
    as_recorded,
    author_of,
    columns_of,
    in_words,
    plain,
    put_value,
    records_since,
    sent_values,
)
from stances.forms import ids_among
from stances.models.curated import CuratedModel
from stances.states import Part, State, newest_ids, state

REFUSED = "Nothing is saved yet: this was changed since you opened it. See above what differs, choose, and save again."
MINE, THEIRS = "mine", "theirs"
CHOICE, LOST = "choice-", "lost-"


@dataclass
class Clash:
    """One field, or one row inside the form, that others changed, and what to choose between."""

    name: str
    label: str
    row: str
    record: Any
    before: Any
    theirs: Any
    mine: Any
    #: The form's field that the three values are of, or the form of the whole row that `mine` is.
    field: forms.Field | None = None
    form: Any = None
    mine_label: str = "Keep mine"
    theirs_label: str = "Take theirs"
    chosen: str = ""
    by: str = ""
    their_change: Change | None = None
    my_change: Change | None = None
    is_mine_as_before: bool = False


@dataclass
class Conflict:
    """What others changed since a form was opened."""

    since: str
    #: Whether it is known what the form was opened on.
    known: bool
    clashes: list[Clash] = field(default_factory=list)
    #: What they changed that the form cannot: a step that was taken.
    told: list[Change] = field(default_factory=list)
    told_by: str = ""
    #: Rows that they deleted, as typed, kept until it is chosen what becomes of them.
    lost: list[tuple[str, str]] = field(default_factory=list)


class GuardedForms(admin.ModelAdmin):
    """Change forms that save nothing over what others changed meanwhile."""

    model: type[CuratedModel]
    history_parts: tuple[Part, ...] = ()

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        context = dict(extra_context or {})
        if pk := ids_among([unquote(object_id or "")]):
            newest = token(newest_ids(self.model, int(pk[0]), self.history_parts))  # before the form reads its row
            context["opened"] = newest
            row = self.get_object(request, pk[0]) if request.method == "POST" else None
            if row and self.has_change_permission(request, row):
                request.conflict = Comparison(self, request, row, newest).settle()
        return super().changeform_view(request, object_id, form_url, context)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        if getattr(request, "conflict", None):
            return type(form.__name__, (form,), {"refused": REFUSED})
        return form

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        form = context["adminform"].form
        if "opened" in context and not form.is_bound:
            form.initial["opened"] = context["opened"]
        context["conflict"] = getattr(request, "conflict", None)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        """Say who deleted a row while its form was open, and where it is found."""
        request.nothing_saved = True
        answer = super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc]
        pk = ids_among([unquote(object_id)])
        record = self.model.history.filter(id=pk[0]).order_by("history_id").last() if pk else None
        if record and record.history_type == "-" and self.has_delete_permission(request):
            by = f" by {record.history_user}" if record.history_user else ""
            words = f"It was deleted{by}. Bring it back from “Deleted {opts.verbose_name_plural}”, and open it again: "
            self.message_user(request, f"{words}what you typed is kept in your browser.", messages.WARNING)
        return answer


class Comparison:
    """What was typed, held against what the row and its parts were when the form was opened, and what they are now."""

    def __init__(self, desk: GuardedForms, request, row: CuratedModel, newest: str) -> None:
        self.desk, self.request, self.row, self.newest = desk, request, row, newest
        self.data = request.POST.copy()
        self.form = desk.get_form(request, row, change=True)
        self.formsets = {
            formset.model: (formset, inline) for formset, inline in desk.get_formsets_with_inlines(request, row)
        }
        self.choices = {
            name.removeprefix(CHOICE): value
            for name, value in self.data.items()
            if name.startswith(CHOICE) and value in (MINE, THEIRS)
        }
        self.parts = [part for part in desk.history_parts if part.model in self.formsets]

    def settle(self) -> Conflict | None:
        """Do what was chosen, and give the conflict that is left to be settled."""
        opened, asked = self.data.get("opened", ""), self.data.getlist("asked")
        if opened == self.newest and not asked:
            return None
        if opened != self.newest:
            self.choices = {}  # made before the newest change was seen
        settled = opened == self.newest and all(name in self.choices for name in asked)
        since = self.data.get("since", "") if asked else opened
        conflict = self._compare(since, settled)
        self.request.POST = self.data
        if settled or not (conflict.clashes or conflict.told):
            return None
        self.data["opened"] = self.newest
        return conflict

    def _compare(self, since: str, settled: bool) -> Conflict:
        ids, newest = _ids(since), _ids(self.newest)
        known = len(ids) == len(newest) and ids[0] and all(old <= new for old, new in zip(ids, newest, strict=True))
        within = [Q(history_id__lte=i) for i in ids] if known else [Q(pk=None)] * len(newest)
        base = state(self.desk.model, self.row.pk, self.desk.history_parts, within)
        conflict = Conflict(since, bool(known))
        later = records_since(self.desk.model, "id", self.row.pk, ids[0] if known else 0)
        self._compare_fields(conflict, self.form, self.data, "", "", base.row, self.row, later.get(self.row.pk, []))
        self._tell(conflict, base)
        for number, part in enumerate(self.desk.history_parts, start=1):
            if part in self.parts:
                records = records_since(part.model, part.key, self.row.pk, ids[number] if known else 0)
                self._compare_rows(conflict, part, base.parts[number - 1], records, settled)
        if not settled:
            self._word(conflict)
        return conflict

    def _tell(self, conflict: Conflict, base: State) -> None:
        """Tell what changed in fields that the form does not have."""
        last = self.desk.model.history.filter(id=self.row.pk).order_by("history_id").last()
        if not (base.row and last) or base.row.pk == last.pk:
            return
        shown = {attname for name in self.form.base_fields for attname in columns_of(self.form, name)}
        fields = [f for f in fields_of(last) if f.attname not in shown]
        names = names_of([base.row, last], fields)
        conflict.told = changes_between(base.row, last, fields, names)
        conflict.told_by = names["users"].get(last.history_user_id, "")

    # ---- one row's fields ----

    def _compare_fields(self, conflict, form_class, data, prefix, title, base, now, records) -> None:
        """Ask about each field that others changed and that was typed otherwise; do what was chosen of it."""
        current = form_class(instance=now)
        before = form_class(instance=as_recorded(base)) if base else None
        for name, each in current.fields.items():
            attnames = columns_of(form_class, name)
            if not attnames or each.disabled:
                continue
            theirs = current.get_initial_for_field(each, name)
            old = before.get_initial_for_field(each, name) if before else None
            if before and each.prepare_value(old) == each.prepare_value(theirs):
                continue
            mine = each.widget.value_from_datadict(data, {}, name)
            if not each.has_changed(theirs, plain(mine)):
                continue
            key = f"{prefix}{name}"
            if self.choices.get(key) == THEIRS:
                put_value(data, name, each, theirs)
            untouched = before is not None and not each.has_changed(old, plain(mine))
            conflict.clashes.append(
                Clash(
                    name=key,
                    label=str(each.label or capfirst(name)),
                    row=title,
                    record=author_of(records, base, attnames),
                    before=old if before else None,
                    theirs=theirs,
                    mine=mine,
                    field=each,
                    chosen=self.choices.get(key) or (THEIRS if untouched else ""),
                )
            )

    # ---- rows inside the form ----

    def _compare_rows(self, conflict, part: Part, base: dict[int, Any], records, settled: bool) -> None:
        formset_class, inline = self.formsets[part.model]
        prefix = formset_class.get_default_prefix()
        stored = list(formset_class(instance=self.row, queryset=inline.get_queryset(self.request)).get_queryset())
        now = {row.pk: row for row in stored}
        typed = self._typed(prefix, formset_class)
        mine = {row.pk: row for row in typed if row.pk}
        form_class = formset_class.form
        kept = {pk: row for pk, row in mine.items() if pk in now and not row.lost}
        fresh = [row for row in typed if row.pk is None]
        for pk, stored_row in now.items():
            typed_row = kept.setdefault(pk, TypedRow(pk, sent_values(form_class(instance=stored_row))))
            if conflict.known and pk not in base and records.get(pk):
                self._compare_added(conflict, prefix, typed_row, stored_row, records[pk])
            else:
                self._compare_kept(conflict, prefix, form_class, typed_row, base.get(pk), stored_row, records[pk])
        for pk, row in mine.items():
            if pk not in now and (self._compare_deleted(conflict, prefix, form_class, row, base, records) == MINE):
                fresh.append(TypedRow(None, row.values))
                conflict.lost = [pair for pair in conflict.lost if not pair[0].startswith(f"{LOST}{prefix}-{pk}-")]
        self._write_rows(prefix, [kept[row.pk] for row in stored], fresh)

    def _compare_kept(self, conflict, prefix, form_class, row: TypedRow, base, now, records) -> None:
        data = row.data()
        if row.is_deleted:
            key = f"{prefix}-{row.pk}-row"
            changed = [record for record in records if record.history_type == "~"]
            if not changed:
                return
            chosen = self.choices.get(key, "")
            if chosen == THEIRS:
                row.values = sent_values(form_class(instance=now))
            conflict.clashes.append(
                Clash(
                    key,
                    "You deleted it, and it was changed",
                    str(now),
                    changed[-1],
                    None,
                    str(now),
                    "deleted",
                    mine_label="Delete it",
                    theirs_label="Keep it, as it was changed",
                    chosen=chosen,
                )
            )
            return
        self._compare_fields(conflict, form_class, data, f"{prefix}-{row.pk}-", str(now), base, now, records)
        row.values = dict(data.lists())

    def _compare_added(self, conflict, prefix, row: TypedRow, stored, records) -> None:
        key = f"{prefix}-{row.pk}-row"
        if self.choices.get(key) == MINE:
            row.values["DELETE"] = ["on"]
        conflict.clashes.append(
            Clash(
                key,
                "Added",
                str(stored),
                records[0],
                None,
                str(stored),
                "no such row",
                mine_label="Take it out",
                theirs_label="Keep it",
                chosen=self.choices.get(key) or THEIRS,
            )
        )

    def _compare_deleted(self, conflict, prefix, form_class, row: TypedRow, base, records) -> str:
        """Ask what becomes of a typed row that others deleted; give what was chosen."""
        was = base.get(row.pk)
        if row.is_deleted or (was is None and not records.get(row.pk)):
            return ""
        key = f"{prefix}-{row.pk}-row"
        before = form_class(instance=as_recorded(was)) if was else None
        data = row.data()
        changed = before is None or any(
            each.has_changed(
                before.get_initial_for_field(each, name), plain(each.widget.value_from_datadict(data, {}, name))
            )
            for name, each in before.fields.items()
        )
        chosen = self.choices.get(key) or ("" if changed else THEIRS)
        last = (records.get(row.pk) or [was])[-1]
        conflict.clashes.append(
            Clash(
                key,
                "Deleted",
                "",
                last,
                None,
                "deleted",
                data,
                form=form_class,
                mine_label="Add it again, as I typed it",
                theirs_label="Leave it deleted",
                chosen=chosen,
            )
        )
        for name, values in row.values.items():
            conflict.lost += [(f"{LOST}{prefix}-{row.pk}-{name}", value) for value in values if name != "id"]
        return self.choices.get(key, "")

    def _typed(self, prefix: str, formset_class) -> list[TypedRow]:
        """Read the rows of a formset from what was sent, and those that others had deleted before."""
        rows: dict[tuple[bool, int], dict[str, list[str]]] = defaultdict(dict)
        pattern = re.compile(rf"({LOST})?{re.escape(prefix)}-([0-9]{{1,18}})-(\w+)", re.ASCII)
        for key, values in self.data.lists():
            if match := pattern.fullmatch(key):
                rows[bool(match[1]), int(match[2])][match[3]] = values
        total = ids_among([self.data.get(f"{prefix}-TOTAL_FORMS", "")])
        count = min(int(total[0]), formset_class.absolute_max) if total else 0
        typed = []
        for (lost, number), values in sorted(rows.items()):
            if lost:
                typed.append(TypedRow(number, values, lost=True))
            elif number < count:
                pk = ids_among(values.get("id", []))
                typed.append(TypedRow(int(pk[0]) if pk else None, values))
        return typed

    def _write_rows(self, prefix: str, kept: list[TypedRow], fresh: list[TypedRow]) -> None:
        """Send the rows as if the form had been opened on those that stand now."""
        pattern = re.compile(rf"({LOST})?{re.escape(prefix)}-[0-9]+-\w+", re.ASCII)
        for key in [key for key in self.data if pattern.fullmatch(key)]:
            del self.data[key]
        for number, row in enumerate([*kept, *fresh]):
            for name, values in row.values.items():
                if name != "id":
                    self.data.setlist(f"{prefix}-{number}-{name}", values)
            self.data[f"{prefix}-{number}-id"] = str(row.pk or "")
        self.data[f"{prefix}-INITIAL_FORMS"] = str(len(kept))
        self.data[f"{prefix}-TOTAL_FORMS"] = str(len(kept) + len(fresh))

    # ---- words ----

    def _word(self, conflict: Conflict) -> None:
        """Say each value as an editor reads it: a query for each kind of row that is named, however many clash."""
        wanted: dict[Any, set[int]] = defaultdict(set)
        for clash in conflict.clashes:
            for each, value in _values(clash):
                if isinstance(each, forms.ModelChoiceField) and each.queryset is not None:
                    wanted[each.queryset.model] |= {int(pk) for pk in ids_among([value])}
        named = {model: model._base_manager.in_bulk(pks) for model, pks in wanted.items()}
        records = [clash.record for clash in conflict.clashes if clash.record]
        users = names_of(records, [])["users"] if records else {}
        for clash in conflict.clashes:
            words = [in_words(each, value, named) for each, value in _values(clash)]
            clash.by = users.get(clash.record.history_user_id, "") if clash.record else ""
            if clash.form:
                labels = [str(each.label) for each, _ in _values(clash)]
                clash.mine = "; ".join(f"{label}: {said}" for label, said in zip(labels, words, strict=True) if said)
            elif clash.field:
                before, theirs, mine = words
                clash.their_change = Change.between("", before, theirs)
                clash.my_change = Change.between("", before, mine)
                clash.is_mine_as_before = before == mine


def _values(clash: Clash) -> list[tuple[forms.Field, Any]]:
    """Give what a clash tells of, and the fields that these are values of."""
    if clash.form:
        named = [(name, each) for name, each in clash.form().fields.items() if columns_of(clash.form, name)]
        return [(each, each.widget.value_from_datadict(clash.mine, {}, name)) for name, each in named]
    return [(clash.field, value) for value in (clash.before, clash.theirs, clash.mine)] if clash.field else []


def token(ids: Sequence[int]) -> str:
    return "-".join(str(i) for i in ids)


def _ids(sent: str) -> list[int]:
    parts = sent.split("-")
    return [int(part) for part in parts] if parts == ids_among(parts) else [0]
