"""What the desk's lists show above their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import date_hierarchy, result_headers
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import display_for_field, display_for_value, lookup_field
from django.contrib.admin.views.main import IGNORED_PARAMS
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.safestring import SafeString

from stances.admin.lists import Days, FoundPaginator
from stances.markup import filled, joined
from stances.templatetags.stance_tags import thousands

register = template.Library()
register.filter(thousands)


@register.filter
def is_narrowed(cl) -> bool:
    """Tell whether a list leaves rows out, by words, a filter or a day."""
    return bool(cl.query) or bool(cl.params.keys() - set(IGNORED_PARAMS))


@register.inclusion_tag("admin/date_hierarchy.html")
def years_first(cl) -> dict[str, Any] | None:
    """Offer the days of a list as the admin does; of a long one all years from its first day to its last.

    Which years have rows would take a look at each row; the first and the last day stand at the ends of an index.
    """
    name = cl.date_hierarchy
    if isinstance(cl.paginator, FoundPaginator):
        few = copy(cl)
        few.queryset = Days(cl.paginator.found.days.values())
        return date_hierarchy(few)
    if not cl.paginator.is_long:
        # Of few rows PostgreSQL would look for the first day from the end of an index of all: these are read instead.
        few = copy(cl)
        few.queryset = cl.queryset.order_by().values("pk", name).distinct()
        return date_hierarchy(few)
    if any(given.startswith(f"{name}__") for given in cl.params):
        return date_hierarchy(cl)
    first, last = cl.queryset.order_by().aggregate(first=models.Min(name), last=models.Max(name)).values()
    years = range(first.year, last.year + 1) if first else ()
    choices = [
        {"link": cl.get_query_string({f"{name}__year": year}, [f"{name}__"]), "title": str(year)} for year in years
    ]
    return {"show": True, "choices": choices}


@register.simple_tag
def filter_choices(choices: Iterable[dict[str, Any]]) -> SafeString:
    """Draw what a filter offers, a line each, as the admin's own template does with a dozen nodes for each."""
    patterns = ('<li><a href="{}">{}</a></li>', '<li class="selected"><a href="{}">{}</a></li>')
    lines = (
        filled(patterns[bool(each["selected"])], iri_to_uri(each["query_string"]), each["display"]) for each in choices
    )
    return joined(lines, "\n")


@register.inclusion_tag("admin/change_list_results.html")
def quick_results(cl) -> dict[str, Any]:
    """Draw a list as the admin's own `result_list` does; what is the same in each row is found once."""
    headers = list(result_headers(cl))
    sorted_by = [header for header in headers if header["sortable"] and header["sorted"]]
    return {
        "cl": cl,
        "result_headers": headers,
        "num_sorted_fields": len(sorted_by),
        "results": [[row] for row in rows(cl)],
    }


def rows(cl) -> Iterator[SafeString]:
    """Draw the rows of a list that is not edited in place."""
    linked = list(cl.list_display_links or ())
    named = next((name for name in cl.list_display if name in linked), None)
    address = _address(cl) if linked else None
    columns = []
    for name in cl.list_display:
        tag = "th" if name == named else "td"
        css = "action-checkbox" if name == "action_checkbox" else f"field-{name}"
        columns.append((_content(cl, name), name in linked, f'<{tag} class="{css}{{}}">{{}}</{tag}>'))
    for result in cl.result_list:
        cells = []
        for content, is_linked, cell in columns:
            shown, kind = content(result)
            if address and is_linked:
                opener = filled(' data-popup-opener="{}"', _value(cl, result)) if cl.is_popup else ""
                shown = filled('<a href="{}"{}>{}</a>', address(result), opener, shown)
            cells.append(filled(cell, kind, shown))
        yield joined(cells)


def _value(cl, result) -> Any:
    return result.serializable_value(str(cl.to_field) if cl.to_field else cl.lookup_opts.pk.attname)


def _address(cl) -> Callable[[Any], str]:
    """Write the address of a row's form, with the filters of the list kept in it."""
    name = f"admin:{cl.opts.app_label}_{cl.opts.model_name}_change"
    context = {"preserved_filters": cl.preserved_filters, "opts": cl.opts}
    before, after = add_preserved_filters(context, reverse(name, args=[0])).rsplit("/0/", 1)
    return lambda result: f"{before}/{getattr(result, cl.pk_attname)}/{after}"


def _content(cl, name: str) -> Callable[[Any], tuple[Any, str]]:
    """Give what shows a column of a row, with what its class has besides its name."""
    desk, empty = cl.model_admin, cl.model_admin.get_empty_value_display()
    try:
        field = cl.lookup_opts.get_field(name)
    except FieldDoesNotExist:
        field = None
    if isinstance(field, models.ForeignKey):
        return lambda result: (empty if getattr(result, field.name) is None else getattr(result, field.name), " nowrap")
    if field:
        kind = " nowrap" if isinstance(field, models.DateField | models.TimeField) else ""
        is_linked = name in (cl.list_display_links or ())
        return lambda result: (
            display_for_field(getattr(result, field.attname), field, empty, avoid_link=is_linked),
            kind,
        )

    method = None if name == "__str__" else getattr(desk, name, None)

    def of_method(result) -> tuple[Any, str]:
        _, attr, value = (None, method, method(result)) if method else lookup_field(name, result, desk)
        if isinstance(value, SafeString) and value:
            return value, ""
        nothing = getattr(attr, "empty_value_display", empty)
        kind = " nowrap" if isinstance(value, dt.date | dt.time) else ""
        value = "" if isinstance(value, str) and not value.strip() else value
        return display_for_value(value, nothing, getattr(attr, "boolean", False)), kind

    return of_method
