"""Lists of the desk, of any length: an address that makes no sense is a wrong filter, no error of the server."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext

from stances.models import Actor, Topic

#: Rows up to this number are counted; the database estimates how many more there are, where it can.
MOST_COUNTED = 5_000
#: So many of the rows that a search finds in a long table are listed, the newest.
MOST_FOUND = 1_000


class LongPaginator(Paginator):
    """Pages of a list that may have millions of rows: no full count, and no walk through rows from the farther end."""

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
        if not self.is_long:
            return super().page(number)
        number = self.validate_number(number)
        rows: Any = self.object_list
        first, last = (number - 1) * self.per_page, min(number * self.per_page, self.count)
        keys = rows.values_list("pk", flat=True)
        if first > self.count - last:
            found = list(keys.reverse()[self.count - last : self.count - first])
        else:
            found = list(keys[first:last])
        return Page(rows.filter(pk__in=found), number, self)


class CheckedLists(admin.ModelAdmin):
    """A list whose address may hold anything."""

    paginator: ClassVar[Any] = LongPaginator

    def get_changelist_instance(self, request):
        """Treat numbers and days that no database or calendar has as the wrong filters that they are."""
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError) as error:
            raise IncorrectLookupParameters(str(error)) from error

    def action_checkbox(self, obj):
        """Show the box by which a row is chosen, as the admin does, without a template for each."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            gettext("Select this object for an action - {}").format(obj),
        )

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))


def of_names(term: str, also: Any = None) -> Q:
    """Look for each word in the names of a row's actor and topic, which two small tables hold; or where `also` says."""
    found = Q()
    for word in term.split():
        named = Q(actor__in=_named(Actor, word, "name", "aliases")) | Q(topic__in=_named(Topic, word, "name"))
        found &= named | also(word) if also else named
    return found


def _named(model: Any, word: str, *names: str) -> QuerySet:
    said = Q()
    for name in names:
        said |= Q(**{f"{name}__icontains": word})
    return model._base_manager.filter(said).values("pk")
