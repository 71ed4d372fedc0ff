"""Bringing back what was: an earlier state of a row, or a row that was deleted. Both are new writes like any other.

Neither is a way round the verbs: what they alone set is left as it is, and what comes back from the bin is a draft.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import ProtectedError, Q
from django.template.defaultfilters import date as formatted
from django.utils.text import capfirst

from stances.models import FormerSlug
from stances.models.curated import CuratedModel, SluggedModel
from stances.states import Part, State, state
from stances.vocabulary import Status
from stances.writes import public_write


@dataclass
class Plan:
    """What a restored state changes: the row, and of its parts those to change, to make and to delete."""

    row: Any
    changed: list[str] = field(default_factory=list)
    parts: list[tuple[Any, list[str]]] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    deleted: list[Any] = field(default_factory=list)

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
    if past.row is not None:
        done.changed = _set(row, past.row)
    for part, records in zip(parts, past.parts, strict=True):
        standing = {each.pk: each for each in part.model._base_manager.filter(**{part.key: row})}
        for each in standing.values():
            setattr(each, part.key, row)
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
    return done


def restore(done: Plan, *, by, moment: dt.datetime) -> None:
    """Write a planned state as a new one. Raises ValidationError, with nothing written, where a rule forbids it."""
    reason = f"restored from {formatted(moment, 'Y-m-d H:i:s')} UTC"
    with public_write():
        if done.changed:
            _write(done.row, by, reason)
        first, last = done.deleted, []
        if not done.parts and done.made:  # beyond a draft, a statement is never without a stance
            first, last = [], done.deleted
        for each in first:
            _delete(each, by, reason)
        for each, _ in done.parts:
            _write(each, by, reason)
        for each in done.made:
            _write(each, by, reason)
        for each in last:
            _delete(each, by, reason)


def deleted(model: type[CuratedModel]) -> models.QuerySet:
    """Read the last records of rows that are deleted, the newest first."""
    history = model.history.model.objects
    later = history.filter(id=models.OuterRef("id"), history_id__gt=models.OuterRef("history_id"))
    standing = model._base_manager.filter(pk=models.OuterRef("id"))
    gone = history.filter(history_type="-").exclude(models.Exists(later.order_by()))
    return gone.exclude(models.Exists(standing.order_by())).order_by("-history_date", "-history_id")


def bring_back(model: type[CuratedModel], record: Any, parts: Sequence[Part], *, by) -> Any:
    """Make a deleted row again, as the same row, with the parts that went with it; a statement comes back as a draft.

    Raises ValidationError, with nothing written, where what it rests on is gone or a rule forbids it.
    """
    reason = "brought back"
    with public_write():
        row = _made(model, record)
        if hasattr(row, "status"):
            row.status = Status.DRAFT
        _write(row, by, reason)
        for part in parts:
            gone = part.model.history.filter(
                **{part.key: row.pk}, history_type="-", history_date=record.history_date
            ).order_by("id")
            for each in gone:
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
    return list(_told(error, model))


def _told(error: ValidationError, model: type[models.Model]) -> Iterator[str]:
    if not hasattr(error, "error_dict"):
        yield from error.messages
        return
    labels = {f.name: f.verbose_name for f in model._meta.fields}
    for name, messages in error.message_dict.items():
        for message in messages:
            yield message if name == NON_FIELD_ERRORS else f"{capfirst(labels.get(name, name))}: {message}"


def _set(row: Any, record: Any) -> list[str]:
    """Give a row the values of a record; name the fields that this changes."""
    changed = []
    for f in restorable(type(row)):
        value = getattr(record, f.attname)
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


def _write(row: Any, by, reason: str) -> None:
    _refuse_what_rests_on_nothing(row)
    try:
        row.full_clean()
    except ValidationError as error:
        raise ValidationError([f"{_name(row)}: {words}" for words in _told(error, type(row))]) from None
    _stamp(row, by, reason)
    row.save()


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
    record = model.history.filter(id=pk).order_by("history_id").last() if hasattr(model, "history") else None
    return f"“{_name_of(record)}”" if record else f"number {pk}"


def _name_of(row: Any) -> str:
    names = (getattr(row, name, "") for name in ("key", "title", "name"))
    return next((name for name in names if name), str(row))


def _name(row: Any) -> str:
    return capfirst(f"{row._meta.verbose_name} “{_name_of(row)}”")
