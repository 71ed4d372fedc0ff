"""What the desk's lists show above their rows."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import date_hierarchy

register = template.Library()


@register.inclusion_tag("admin/date_hierarchy.html")
def years_first(cl) -> dict[str, Any] | None:
    """Offer the days of a list as the admin does; of a long one all years from its first day to its last.

    Which years have rows would take a look at each row; the first and the last day stand at the ends of an index.
    """
    name = cl.date_hierarchy
    if not cl.paginator.is_long:
        # Of few rows PostgreSQL would look for the first day from the end of an index of all: these are read instead.
        few = copy(cl)
        few.queryset = cl.queryset.order_by().values("pk", name).distinct()
        return date_hierarchy(few)
    if any(given.startswith(f"{name}__") for given in cl.params):
        return date_hierarchy(cl)
    days = cl.queryset.filter(**{f"{name}__isnull": False}).order_by(name).values_list(name, flat=True)
    first, last = days.first(), days.last()
    years = range(first.year, last.year + 1) if first else ()
    choices = [
        {"link": cl.get_query_string({f"{name}__year": year}, [f"{name}__"]), "title": str(year)} for year in years
    ]
    return {"show": True, "choices": choices}
