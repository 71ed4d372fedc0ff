"""Bringing back what was: an earlier state of a row, or a row that was deleted. Both are new writes like any other.

Neither is a way round the verbs: what they alone set is left as it is, and what comes back from the bin is a draft.
What a row named and was merged since is named by what it was merged into.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import ProtectedError, Q
from django.template.defaultfilters import date as formatted
from django.utils.text import capfirst

from stances import rules
from stances.changes import MERGED, Change, enter, merged_into, successors
from stances.merging import are_alike
from stances.models import FormerSlug, Stance
from stances.models.curated import CuratedModel, SluggedModel
from stances.states import Part, State, state
from stances.vocabulary import Status
from stances.wording import in_words
from stances.writes import PublicWrite, public_write


@dataclass
class Plan:
    """What a restored state changes: the row, and of its parts those to change, to make and to delete."""

    row: Any
    changed: list[str] = field(default_factory=list)
    parts: list[tuple[Any, list[str]]] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    deleted: list[Any] = field(default_factory=list)
    #: All parts that there will be.
    there: list[Any] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.parts or self.made or self.deleted)


def restorable(model: type[models.Model]) -> list[models.Field]:
    """List the fields that editors write: what the verbs set, and a statement's key, are not among them."""
    return [f for f in model._meta.concrete_fields if f.editable and not f.primary_key and f.name != "key"]


def state_of(model: type[CuratedModel], pk, parts: Sequence[Part], moment: dt.datetime) -> State:
    """Read what a row and its parts were when the write of a moment was done."""
    return state(model, pk, parts, [Q(history_date__lte=moment)] * (len(parts) + 1))


def plan(row: Any, parts: Sequence[Part], past: State) -> Plan:
    """Set a row and its parts, in memory, to what they were, and tell what that changes."""
    done = Plan(row)
    _follow([past.row] if past.row is not None else [])
    if past.row is not None:
        done.changed = _set(row, past.row)
    for part, records in zip(parts, past.parts, strict=True):
        standing = {each.pk: each for each in part.model._base_manager.filter(**{part.key: row})}
        for each in standing.values():
            setattr(each, part.key, row)
        _follow(list(records.values()))
        records = _unfolded(part, records, standing)
        missing = [record for pk, record in records.items() if pk not in standing]
        surplus = [each for pk, each in standing.items() if pk not in records]
        for record in missing:
            # A part that says the same of the same rows is changed rather than deleted and made anew.
            twin = next((each for each in surplus if _is_alike(part, each, record)), None)
            if twin:
                surplus.remove(twin)
                records = {**records, twin.pk: record}
            else:
                done.made.append(_made(part.model, record, **{part.key: row}))
        done.deleted += surplus
        done.parts += [
            (each, names)
            for pk, each in standing.items()
            if pk in records and (names := [n for n in _set(each, records[pk]) if n != part.key])
        ]
        done.there += [each for pk, each in standing.items() if pk in records]
    done.there += done.made
    return done


def restore(done: Plan, *, by, moment: dt.datetime) -> None:
    """Write a planned state as a new one. Raises ValidationError, with nothing written, where a rule forbids it."""
    reason = f"restored from {formatted(moment, 'Y-m-d H:i:s')} UTC"
    with public_write() as write:
        _refuse_doubles(done.there)
        if done.changed:
            _write(done.row, by, reason)
        first, last = done.deleted, []
        if not done.parts and done.made:  # beyond a draft, a statement is never without a stance
            first, last = [], done.deleted
        for each in first:
            _delete(each, by, reason)
        changed = [each for each, _ in done.parts]
        exchanging = _exchanging(changed)
        _take_out(exchanging, write)
        for each in changed:
            if each not in exchanging:
                _write(each, by, reason)
        _put_back(exchanging, Change(reason, write.moment, by))
        for each in done.made:
            _write(each, by, reason)
        for each in last:
            _delete(each, by, reason)


def deleted(model: type[CuratedModel]) -> models.QuerySet:
    """Read the last records of rows that are deleted, the newest first; what was merged lives on in another."""
    history = model.history.model.objects
    later = history.filter(id=models.OuterRef("id"), history_id__gt=models.OuterRef("history_id"))
    standing = model._base_manager.filter(pk=models.OuterRef("id"))
    gone = history.filter(history_type="-").exclude(models.Exists(later.order_by()))
    gone = gone.exclude(history_change_reason__regex=f"^{MERGED}$")  # undoing the merge brings these back
    return gone.exclude(models.Exists(standing.order_by())).order_by("-history_date", "-history_id")


def bring_back(model: type[CuratedModel], record: Any, parts: Sequence[Part], *, by) -> Any:
    """Make a deleted row again, as the same row, with the parts that went with it; a statement comes back as a draft.

    Raises ValidationError, with nothing written, where what it rests on is gone or a rule forbids it.
    """
    reason = "brought back"
    with public_write():
        _follow([record])
        row = _made(model, record)
        if hasattr(row, "status"):
            row.status = Status.DRAFT
        _write(row, by, reason)
        for part in parts:
            gone = part.model.history.filter(
                **{part.key: row.pk}, history_type="-", history_date=record.history_date
            ).order_by("id")
            records = {each.id: each for each in gone}
            _follow(list(records.values()))
            for each in _unfolded(part, records).values():
                _write(_made(part.model, each, **{part.key: row}), by, reason)
        if issubclass(model, SluggedModel):
            slugs = model.history.filter(id=row.pk).values_list("slug", flat=True)
            kind = str(model._meta.model_name)
            left_behind: Any = FormerSlug.objects.for_model(model).filter(slug__in=list(slugs), **{kind: None})
            left_behind.update(**{kind: row})
    return row


def told(error: ValidationError | ProtectedError, model: type[models.Model]) -> list[str]:
    """Say why something cannot be brought back, with the names of the fields."""
    if isinstance(error, ProtectedError):
        return [str(error.args[0])]
    return list(in_words(error, model))


def _follow(records: Sequence[Any]) -> None:
    """Have records of one model name what stands now for rows that were merged: a query or two for each kind."""
    if not records:
        return
    named: dict[Any, list[str]] = defaultdict(list)
    for f in restorable(records[0].instance_type):
        if f.is_relation and issubclass(f.related_model, SluggedModel):  # type: ignore[arg-type]
            named[f.related_model].append(f.attname)
    for model, names in named.items():
        now = successors(model, {getattr(record, name) for record in records for name in names})
        for record in records:
            for name in names:
                old = getattr(record, name)
                setattr(record, name, now.get(old, old))


def _unfolded(part: Part, records: dict[int, Any], standing: Container[int] = ()) -> dict[int, Any]:
    """Leave out stances that a merge made one with another, which says the same."""
    if part.model is not Stance:
        return records
    kept: dict[tuple, Any] = {}
    for pk in sorted(records, key=lambda pk: pk not in standing):
        record = records[pk]
        twin = kept.setdefault((record.actor_id, record.topic_id), record)
        if twin is not record and not are_alike(twin, record):
            kept[pk,] = record  # which breaks a rule, and is told
    return {record.id: record for record in kept.values()}


def _set(row: Any, record: Any) -> list[str]:
    """Give a row the values of a record; name the fields that this changes."""
    changed = []
    for f in restorable(type(row)):
        value = getattr(record, f.attname)
        if f.related_model is type(row) and value == row.pk:
            continue  # what it stood under was merged into it
        if getattr(row, f.attname) != value:
            setattr(row, f.attname, value)
            changed.append(f.name)
    return changed


def _made(model: type[CuratedModel], record: Any, **related: Any) -> Any:
    row: Any = model(**{f.attname: getattr(record, f.attname) for f in record.tracked_fields})
    for name, value in related.items():
        setattr(row, name, value)
    return row


def _is_alike(part: Part, row: Any, record: Any) -> bool:
    """Tell whether a part is of the same other rows: a stance of its actor and topic, an affiliation of its actor."""
    own = [f.attname for f in restorable(part.model) if f.is_relation and f.name != part.key]
    return all(getattr(row, name) == getattr(record, name) for name in own)


def _unique_keys(row: Any) -> Iterator[tuple[models.UniqueConstraint, tuple]]:
    """Give what of a row there may be once, by each rule that says so."""
    for rule in row._meta.constraints:
        if isinstance(rule, models.UniqueConstraint):
            values = tuple(getattr(row, row._meta.get_field(name).attname) for name in rule.fields)
            if not (rule.condition and not rules.holds(rule.condition, row)):
                yield rule, values


def _refuse_doubles(there: list[Any]) -> None:
    """Raise ValidationError where two parts could not be beside each other."""
    seen = set()
    for row in there:
        for rule, values in _unique_keys(row):
            if None not in values and (rule.name, values) in seen:
                raise ValidationError(f"{_name(row)}: {rule.get_violation_error_message()}")
            seen.add((rule.name, values))


def _exchanging(changed: list[Any]) -> list[Any]:
    """Find parts that take what another one, which is changed too, still holds."""
    if len(changed) < 2:
        return []
    holders = {}
    for model in {type(row) for row in changed}:
        for stored in model._base_manager.filter(pk__in=[row.pk for row in changed if isinstance(row, model)]):
            holders.update({(rule.name, values): stored for rule, values in _unique_keys(stored)})
    return [
        row
        for row in changed
        if any(holders.get((rule.name, values), row) != row for rule, values in _unique_keys(row))
    ]


def _take_out(rows: list[Any], write: PublicWrite) -> None:
    """Take rows out for a moment, so that they do not clash on their way; their history does not tell."""
    for model in {type(row) for row in rows}:
        stored: Any = model._base_manager.filter(pk__in=[row.pk for row in rows if isinstance(row, model)])
        stored.note(write)
        stored._raw_delete(stored.db)


def _put_back(rows: list[Any], change: Change) -> None:
    """Write rows that were taken out, as changed."""
    for model in {type(row) for row in rows}:
        own = [row for row in rows if isinstance(row, model)]
        for row in own:
            _check(row)
        model.objects.bulk_create(own)
        enter(change, own)


def _write(row: Any, by, reason: str) -> None:
    _check(row)
    _stamp(row, by, reason)
    row.save()


def _check(row: Any) -> None:
    _refuse_what_rests_on_nothing(row)
    try:
        row.full_clean()
    except ValidationError as error:
        raise ValidationError([f"{_name(row)}: {words}" for words in in_words(error, type(row))]) from None


def _delete(row: Any, by, reason: str) -> None:
    _stamp(row, by, reason)
    row.delete()


def _stamp(row: Any, by, reason: str) -> None:
    row._history_user, row._change_reason = by, reason


def _refuse_what_rests_on_nothing(row: Any) -> None:
    """Raise ValidationError where a row names others that are deleted, by their last names."""
    missing = []
    for f in row._meta.concrete_fields:
        pk = getattr(row, f.attname)
        if f.is_relation and f.editable and pk is not None and not f.related_model._base_manager.filter(pk=pk).exists():
            name = _last_name(f.related_model, pk)
            missing.append(f"{capfirst(f.verbose_name)}: {name} is deleted. Bring it back first.")
    if missing:
        raise ValidationError(missing)


def _last_name(model: Any, pk: int) -> str:
    while issubclass(model, SluggedModel) and (heir := merged_into(model, {pk}).get(pk)):
        pk = heir
    record = model.history.filter(id=pk).order_by("history_id").last() if hasattr(model, "history") else None
    return f"“{_name_of(record)}”" if record else f"number {pk}"


def _name_of(row: Any) -> str:
    names = (getattr(row, name, "") for name in ("key", "title", "name"))
    return next((name for name in names if name), str(row))


def _name(row: Any) -> str:
    return capfirst(f"{row._meta.verbose_name} “{_name_of(row)}”")
