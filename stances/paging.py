"""Paging by the key of the last row seen: page 10,000 costs what page 1 costs, and new rows move no page."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet

LARGEST_ID = 2**63 - 1
Key = tuple[bool, list]
DAMAGED = "It does not fit this list: take it out to begin at the first page."


def by_ids(ids: list[int], shown: QuerySet) -> list:
    """Read rows by their ids, in the order of these; one that is gone meanwhile is left out."""
    rows = {row.pk: row for row in shown.filter(pk__in=ids).order_by()} if ids else {}
    return [rows[pk] for pk in ids if pk in rows]


@dataclass(frozen=True)
class Column:
    """A column of an order: its path from the row, the type of its values, and whether it may be empty."""

    path: str
    kind: type
    nullable: bool = False

    def read(self, value: Any) -> Any:
        """Check a value that came with an address; raise ValueError where it cannot be this column's."""
        if value is None and self.nullable:
            return None
        if self.kind is dt.date and type(value) is str and len(value) == 10:
            return dt.date.fromisoformat(value)
        if self.kind is int and type(value) is int and 0 <= value <= LARGEST_ID:
            return value
        if self.kind is str and type(value) is str and "\0" not in value:
            value.encode()  # half a pair is no text
            return value
        raise ValueError(value)


ID = Column("id", int)


@dataclass(frozen=True)
class Keyset:
    """The order of a list: columns that together tell every two rows apart, all rising or all falling.

    Rows without a value in a nullable column come last, whichever the direction; only the first may be nullable.
    """

    columns: tuple[Column, ...]
    falling: bool = False

    def ordered(self, rows: QuerySet) -> QuerySet:
        first, *rest = self._order(backwards=False)
        if self.columns[0].nullable:
            field = F(self.columns[0].path)
            first = field.desc(nulls_last=True) if self.falling else field.asc(nulls_last=True)
        return rows.order_by(first, *rest)

    def _order(self, *, backwards: bool) -> list:
        sign = "-" if self.falling is not backwards else ""
        return [f"{sign}{column.path}" for column in self.columns]

    def _parts(self, rows: QuerySet, key: Key | None) -> list[QuerySet]:
        """Give the rows beyond a key in this order, or all; those without the first value are a part of their own.

        No index has the others first on both databases.
        """
        backwards, values = key or (False, None)
        lookup = "lt" if self.falling is not backwards else "gt"
        order, first = self._order(backwards=backwards), self.columns[0]
        if not first.nullable:
            return [(rows.filter(self._rest(0, values, lookup)) if values else rows).order_by(*order)]
        having, lacking = (rows.filter(**{f"{first.path}__isnull": lacks}) for lacks in (False, True))
        if values and values[0] is None:
            lacking = lacking.filter(self._rest(1, values, lookup))
            having = having if backwards else having.none()
        elif values:
            having = having.filter(self._rest(0, values, lookup))
            lacking = lacking.none() if backwards else lacking
        parts = [having.order_by(*order), lacking.order_by(*order[1:])]
        return parts[::-1] if backwards else parts

    def _rest(self, index: int, values: list, lookup: str) -> Q:
        path, value = self.columns[index].path, values[index]
        strictly = Q(**{f"{path}__{lookup}": value})
        if index == len(self.columns) - 1:
            return strictly
        # The first condition alone bounds the walk through an index; the second settles equal values.
        return Q(**{f"{path}__{lookup}e": value}) & (strictly | self._rest(index + 1, values, lookup))

    def page(self, rows: QuerySet, key: Key | None, size: int, shown: QuerySet | None = None) -> Page:
        """Give the page of rows that a key leads to, the first where there is none."""
        found = self.find(rows, key, size)
        return replace(found, rows=by_ids(found.rows, rows.model._default_manager.all() if shown is None else shown))

    def find(self, rows: QuerySet, key: Key | None, size: int) -> Page:
        """Give the same page with the ids of its rows alone.

        What is shown of them is read by these: a planner that has ten tables to join as well no longer sees which
        index leads to fifty rows.
        """
        backwards, values = key or (False, None)
        paths = [column.path for column in self.columns]
        found: list[tuple] = []
        for part in self._parts(rows, key):
            if len(found) <= size:
                found += part.values_list("pk", *paths)[: size + 1 - len(found)]
        more = len(found) > size
        found = found[size - 1 :: -1] if backwards else found[:size]
        before, after = (more, True) if backwards else (values is not None, more)
        return Page(
            rows=[pk for pk, *_ in found],
            previous=self.write(True, found[0][1:]) if found and before else "",
            next=self.write(False, found[-1][1:]) if found and after else "",
        )

    def write(self, backwards: bool, values: Sequence) -> str:
        """Write the cursor that leads on from a row with these values."""
        text = json.dumps([int(backwards), *values], default=str, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def read(self, cursor: str) -> Key | None:
        """Read the cursor of an address; raises ValidationError where this order did not make it."""
        if not cursor:
            return None
        try:
            text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            backwards, *values = json.loads(text)
            if backwards not in (0, 1) or len(values) != len(self.columns):
                raise ValueError(values)
            read = [column.read(value) for column, value in zip(self.columns, values, strict=True)]
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise ValidationError(DAMAGED) from None
        return bool(backwards), read


@dataclass(frozen=True)
class Page:
    """Rows of a list, or their ids, with the cursors of the pages before and after it, empty where there is none."""

    rows: list = field(default_factory=list)
    previous: str = ""
    next: str = ""


class WholeTree:
    """The order of the topics: as a tree, all on one page."""

    def ordered(self, rows: QuerySet) -> QuerySet:
        return rows.in_order()  # type: ignore[attr-defined]

    def read(self, cursor: str) -> None:
        if cursor:
            raise ValidationError(DAMAGED)

    def page(self, rows: QuerySet, key: Key | None, size: int, shown: QuerySet | None = None) -> Page:
        return Page(list(self.ordered(rows)))


class TreeInPages(WholeTree):
    """The same order in pages of a size: a cursor names the topic that the page before ended with."""

    by_id = Keyset((ID,))

    def read(self, cursor: str) -> Key | None:  # type: ignore[override]
        return self.by_id.read(cursor)

    def page(self, rows: QuerySet, key: Key | None, size: int, shown: QuerySet | None = None) -> Page:
        """Give the page of topics that a key leads to; raises ValidationError where its topic is none of these."""
        found = self.find(rows, key, size)
        return replace(found, rows=by_ids(found.rows, rows if shown is None else shown))

    def find(self, rows: QuerySet, key: Key | None, size: int) -> Page:
        topics = list(self.ordered(rows).values_list("pk", flat=True))
        start = 0
        if key:
            backwards, [pk] = key
            if pk not in topics:
                raise ValidationError(DAMAGED)
            place = topics.index(pk)
            start = max(place - size, 0) if backwards else place + 1
            size = min(size, place) if backwards else size
        found = topics[start : start + size]
        return Page(
            rows=found,
            previous=self.by_id.write(True, found[:1]) if found and start else "",
            next=self.by_id.write(False, found[-1:]) if found and start + size < len(topics) else "",
        )
