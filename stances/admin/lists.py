"""Lists of the desk, of any length: an address that makes no sense is a wrong filter, no error of the server."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Q, QuerySet

from stances.markup import filled
from stances.models import Actor, Topic

#: Rows up to this number are counted; the database estimates how many more there are, where it can.
MOST_COUNTED = 5_000
#: So many of the rows that a search finds in a long table are listed, the newest.
MOST_FOUND = 1_000
#: So many words of a search are looked for, each in the names of all actors and topics.
MOST_WORDS = 12


class DeskPaginator(Paginator):
    """Pages of a list that says how many rows it has, and whether that is an estimate."""

    @property
    def is_long(self) -> bool:
        return False

    @property
    def is_estimated(self) -> bool:
        return False

    @property
    def counted(self) -> str:
        """Say how many rows there are: "20,050", or of an estimate "about 20,050"."""
        return f"{'about ' if self.is_estimated else ''}{self.count:,}"


class LongPaginator(DeskPaginator):
    """Pages of a list that may have millions of rows: no full count, and no walk through rows from the farther end.

    The ids of a page are found first, and what is shown is read of these rows alone.
    """

    @cached_property
    def count(self) -> int:
        listed: Any = self.object_list
        rows = listed.order_by().values("pk")
        if connection.vendor != "postgresql":
            return rows.count()  # its estimates know nothing of filters
        counted = rows[: MOST_COUNTED + 1].count()
        if counted <= MOST_COUNTED:
            return counted
        [plan] = json.loads(rows.explain(format="json"))
        # Whole pages: which rows are on the last one is not known, so it has the last ones.
        return max(-(-plan["Plan"]["Plan Rows"] // self.per_page), MOST_COUNTED // self.per_page + 1) * self.per_page

    @property
    def is_long(self) -> bool:
        return self.count > MOST_COUNTED

    @property
    def is_estimated(self) -> bool:
        return self.is_long and connection.vendor == "postgresql"

    def page(self, number) -> Page:
        if self.count <= self.per_page:
            return super().page(number)
        number = self.validate_number(number)
        return Page(self.between((number - 1) * self.per_page, number * self.per_page), number, self)

    def between(self, first: int, last: int) -> QuerySet:
        """Give the rows from one place, counted from 0, to before another, read from the nearer end."""
        rows: Any = self.object_list
        first, last = max(first, 0), min(last, self.count)
        keys = rows.values_list("pk", flat=True)
        if first > self.count - last:
            found = list(keys.reverse()[self.count - last : self.count - first])
        else:
            found = list(keys[first:last])
        return rows.filter(pk__in=found)


@dataclass(frozen=True)
class Found:
    """The rows of a list that a search found, the newest first: their days by their ids, and the list without it."""

    rows: QuerySet
    days: dict[int, dt.date]


class FoundPaginator(DeskPaginator):
    """Pages of what a search found, in the order in which it did: what is shown is read by the ids of a page alone."""

    def __init__(self, found: Found, per_page: int) -> None:
        super().__init__(list(found.days), per_page)
        self.found = found

    def page(self, number) -> Page:
        page = super().page(number)
        page.object_list = self.found.rows.filter(pk__in=page.object_list)
        return page


class Days:
    """Days at hand, where the admin asks a queryset for them."""

    def __init__(self, days: Iterable[dt.date]) -> None:
        self.days = set(days)

    def aggregate(self, **ends: Any) -> dict[str, dt.date | None]:
        return {"first": min(self.days, default=None), "last": max(self.days, default=None)}

    def dates(self, name: str, kind: str) -> list[dt.date]:
        """Give the days themselves, or the first ones of their months or years."""
        begin = {"day": {}, "month": {"day": 1}, "year": {"month": 1, "day": 1}}[kind]
        return sorted({day.replace(**begin) for day in self.days})


class InTurn(DeskPaginator):
    """Pages of one list after another, each read as a `LongPaginator` reads it, by an index of its own."""

    def __init__(self, lists: Sequence[QuerySet], per_page: int) -> None:
        super().__init__([], per_page)
        self.parts = [LongPaginator(rows, per_page) for rows in lists]

    @cached_property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    @property
    def is_estimated(self) -> bool:
        return any(part.is_estimated for part in self.parts)

    def page(self, number) -> Page:
        number = self.validate_number(number)
        rows: list[Any] = []
        first, last = (number - 1) * self.per_page, number * self.per_page
        for part in self.parts:
            if first < part.count and last > 0:
                rows += part.between(first, last)
            first, last = first - part.count, last - part.count
        return Page(rows, number, self)


class CheckedLists(admin.ModelAdmin):
    """A list whose address may hold anything."""

    paginator: ClassVar[Any] = LongPaginator

    def get_changelist_instance(self, request):
        """Treat numbers and days that no database or calendar has as the wrong filters that they are.

        Of a long list no counts are offered beside the filters: for each choice all of its rows are passed over.
        """
        try:
            listed = super().get_changelist_instance(request)
        except (OverflowError, ValueError) as error:
            raise IncorrectLookupParameters(str(error)) from error
        if listed.paginator.is_long:
            listed.add_facets = listed.is_facets_optional = False
        return listed

    def action_checkbox(self, obj):
        """Show the box by which a row is chosen, as the admin does, without a template for each."""
        return filled(
            '<input type="checkbox" name="{}" value="{}" class="action-select" '
            'aria-label="Select this object for an action - {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))


def of_names(term: str, also: Any = None) -> Q:
    """Look for each word in the names of a row's actor and topic, which two small tables hold; or where `also` says."""
    found = Q()
    for word in list(dict.fromkeys(term.split()))[:MOST_WORDS]:
        named = Q(actor__in=_named(Actor, word, "name", "aliases")) | Q(topic__in=_named(Topic, word, "name"))
        found &= named | also(word) if also else named
    return found


def _named(model: Any, word: str, *names: str) -> QuerySet:
    said = Q()
    for name in names:
        said |= Q(**{f"{name}__icontains": word})
    return model._base_manager.filter(said).values("pk")
