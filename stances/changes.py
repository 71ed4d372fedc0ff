"""Changes of many rows at once: how the history names each, and how its rows are found again, to be undone.

All entries of one change bear the same moment and the same reason, "merged a into b (17)" or "recode 18: a name"; the
number is that of the public version that the change makes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from stances.models import PublicVersion
from stances.models.curated import CuratedModel
from stances.writes import PublicWrite

MERGED = r"merged \S+ into \S+ \([0-9]+\)"
MERGE = re.compile(r"merged (?P<source>\S+) into (?P<target>\S+) \((?P<number>[0-9]+)\)")
RECODE = re.compile(r"recode (?P<number>[0-9]+): (?P<name>.+)")
#: How many addresses, merged one into the other, are followed.
STEPS = 20
#: How many rows one query writes.
BATCH = 1000


@dataclass(frozen=True)
class Change:
    """One change of many rows, as the history tells it."""

    reason: str
    at: dt.datetime
    by: Any = None

    @property
    def kind(self) -> str:
        return "merge" if MERGE.fullmatch(self.reason) else "recode"

    @property
    def undoing(self) -> str:
        """Give the reason that the history keeps where it is undone."""
        if match := RECODE.fullmatch(self.reason):
            return f"recode {match['number']} reverted: {match['name']}"
        return f"merge undone: {self.reason}"

    def records(self, model: type[CuratedModel]) -> Any:
        """Give a model's entries of this change, in the order in which they were written."""
        entries = model.history.filter(history_date=self.at, history_change_reason=self.reason)
        return entries.order_by("history_id")


def is_named(reason: str | None) -> bool:
    """Tell whether a reason of the history is that of a change of many rows."""
    return bool(reason and (MERGE.fullmatch(reason) or RECODE.fullmatch(reason)))


def begin(write: PublicWrite, words: str, by) -> Change:
    """Begin a change inside a write: `words` are its reason, with its number at {number}."""
    write.touch_public()
    return Change(words.replace("{number}", str(PublicVersion.objects.current() + 1)), timezone.now(), by)


def find(model: type[CuratedModel], history_id: int) -> Change | None:
    """Find the change that an entry of the history belongs to."""
    record = model.history.filter(history_id=history_id).select_related("history_user").first()
    if record is None or not is_named(record.history_change_reason):
        return None
    return Change(record.history_change_reason, record.history_date, record.history_user)


@contextmanager
def stamped(row: Any, change: Change, reason: str = "") -> Iterator[None]:
    """Have the history entries of a row bear a change's reason, moment and user, as long as this lasts."""
    row._change_reason, row._history_date = reason or change.reason, change.at
    if change.by is not None:
        row._history_user = change.by
    try:
        yield
    finally:
        for name in ("_change_reason", "_history_date", "_history_user"):
            row.__dict__.pop(name, None)


def enter(change: Change, rows: list[Any], kind: str = "~") -> None:
    """Enter rows of one model, written in bulk, into the history: "+" made, "~" changed, "-" deleted."""
    if rows:
        history = type(rows[0]).history.model
        entries = [
            history(
                history_date=change.at,
                history_type=kind,
                history_user=change.by or history.get_default_history_user(row),
                history_change_reason=change.reason,
                **values_of(row),
            )
            for row in rows
        ]
        history.objects.bulk_create(entries, batch_size=BATCH)


def tell(change: Change, row: models.Model | None = None, model: type[models.Model] | None = None) -> None:
    """Enter a change into the admin's own log, where the desk lists changes of many rows; one of nobody is left out."""
    if change.by is not None:
        LogEntry.objects.create(
            user=change.by,
            action_time=change.at,
            content_type=ContentType.objects.get_for_model(row or model),  # type: ignore[arg-type]
            object_id=row.pk if row else None,
            object_repr=str(row)[:200] if row else change.reason[:200],
            action_flag=CHANGE,
            change_message=change.reason,
        )


def logged() -> Any:
    """Give the admin's log of changes of many rows, the newest first; what undid them is left out."""
    named = Q(change_message__startswith="merged ") | Q(change_message__startswith="recode ")
    undone = Q(change_message__regex=r"^recode [0-9]+ reverted: ")
    return LogEntry.objects.filter(named).exclude(undone).select_related("user").order_by("-action_time", "-pk")


# ---- rows as the history has them ----


def values_of(row: Any) -> dict[str, Any]:
    """Give what the history keeps of a row, or of one of its entries, by column."""
    record = row if hasattr(row, "history_id") else type(row).history.model
    return {field.attname: getattr(row, field.attname) for field in record.tracked_fields}


def before(model: type[CuratedModel], change: Change, pks: Iterable[int] | None = None) -> dict[int, Any]:
    """Give the last entry before a change of each row that it wrote, by id; rows that have none are left out."""
    history = model.history.model.objects
    written = change.records(model)
    if pks is not None:
        written = written.filter(id__in=list(pks))
    earlier = history.filter(id=OuterRef("id"), history_date__lt=change.at)
    previous = Subquery(earlier.order_by(F("history_date").desc(), F("history_id").desc()).values("history_id")[:1])
    ids = written.order_by().annotate(previous=previous).values("previous")
    return {record.id: record for record in history.filter(history_id__in=ids)}


def successors(model: type[CuratedModel], pks: Iterable[int | None]) -> dict[int, int]:
    """Say which row stands for each id now: itself, or the one that it was merged into; one that is gone is left out.

    It takes a few queries for each merge after a merge, and none for each row.
    """
    at = {pk: pk for pk in pks if pk is not None}
    found: dict[int, int] = {}
    for _ in range(STEPS):
        standing = set(model._base_manager.filter(pk__in=set(at.values())).values_list("pk", flat=True))
        found |= {pk: now for pk, now in at.items() if now in standing}
        at = {pk: now for pk, now in at.items() if now not in standing}
        if not at:
            break
        targets = merged_into(model, set(at.values()))
        at = {pk: targets[now] for pk, now in at.items() if now in targets}
    return found


def merged_into(model: type[CuratedModel], pks: set[int]) -> dict[int, int]:
    """Say into which row each of some rows, which are gone, was merged; what ended otherwise is left out."""
    ends = model.history.filter(id__in=pks, history_type="-").order_by("history_date", "history_id")
    newest = {end.id: end for end in ends}
    newest = {pk: end for pk, end in newest.items() if MERGE.fullmatch(end.history_change_reason or "")}
    reasons = {end.history_change_reason: pk for pk, end in newest.items()}
    dates = {end.history_date for end in newest.values()}
    heirs = model.history.filter(history_date__in=dates, history_change_reason__in=reasons, history_type="~")
    found = {}
    for slug, reason, heir in heirs.values_list("slug", "history_change_reason", "id"):
        match = MERGE.fullmatch(reason)
        if match and match["target"] == slug:
            found[reasons[reason]] = heir
    return found
