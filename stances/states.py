"""What a row and the rows inside its form were, by their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Max, Q

from stances.models.curated import CuratedModel


@dataclass(frozen=True)
class Part:
    """Rows that belong to another and change with it: their model, its key to that row, and how to name one of them."""

    model: Any
    key: str
    title: str


@dataclass(frozen=True)
class State:
    """A row's record, None where there was no such row, and its parts' records by their ids, kind by kind."""

    row: Any
    parts: tuple[dict[int, Any], ...]


def state(model: type[CuratedModel], pk, parts: Sequence[Part], within: Sequence[Q]) -> State:
    """Read what stood by the newest records within a bound: `within` has one for the row and one for each part."""
    rows = _newest(model, model._meta.pk.attname, pk, within[0])
    return State(
        rows.get(pk),
        tuple(_newest(part.model, part.key, pk, q) for part, q in zip(parts, within[1:], strict=True)),
    )


def newest_ids(model: type[CuratedModel], pk, parts: Sequence[Part]) -> list[int]:
    """Give the id of the newest record of a row, and of each kind of its parts; 0 where there is none."""
    of = [(model, model._meta.pk.attname), *((part.model, part.key) for part in parts)]
    return [_ever(each, key, pk).aggregate(newest=Max("history_id"))["newest"] or 0 for each, key in of]


def _ever(model: type[CuratedModel], key: str, pk) -> models.QuerySet:
    """Read all records of the rows that had a key to a row at some time."""
    history = model.history.model.objects.order_by()
    attname = model._meta.pk.attname
    if key == attname:
        return history.filter(**{key: pk})
    return history.filter(**{f"{attname}__in": history.filter(**{key: pk}).values(attname)})


def _newest(model: type[CuratedModel], key: str, pk, within: Q) -> dict[int, Any]:
    attname = model._meta.pk.attname
    last = _ever(model, key, pk).filter(within).values(attname).annotate(last=Max("history_id")).values("last")
    standing = model.history.model.objects.filter(history_id__in=last, **{key: pk}).exclude(history_type="-")
    return {getattr(record, attname): record for record in standing.order_by(attname)}
