"""The pages about the API and the columns of the data: drawn from the endpoints and columns themselves."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from rest_framework import serializers

from stances.api import rows, views
from stances.api.parameters import DESCRIPTIONS, MOST_ROWS_A_PAGE, ROWS_A_PAGE
from stances.dates import today
from stances.models import Position
from stances.views.detail import Page
from stances.views.filtered import FilteredList
from stances.views.lists import DifferList

LISTS = (
    views.StanceList,
    views.ChangeList,
    views.PositionList,
    views.StatementList,
    views.ActorList,
    views.TopicList,
    views.SourceList,
)
DETAILS = (views.ActorDetail, views.TopicDetail, views.SourceDetail, views.StatementDetail)


class Address(NamedTuple):
    """An address of the API: what stands for the thing in it, and what it gives."""

    url: str
    named: str
    gives: SafeString


class Described(NamedTuple):
    """A column, as it is described to readers; of a fixed term each value with its words."""

    name: str
    note: SafeString
    values: list[tuple[Any, str]]


def in_code(note: str) -> SafeString:
    """Set in code what stands between backticks in a note."""
    parts = enumerate(note.split("`"))
    return format_html_join("", "{}", ((format_html("<code>{}</code>", it) if n % 2 else it,) for n, it in parts))


def _gives(view: type) -> SafeString:
    """Take the first line of what a class says of itself."""
    return in_code((view.__doc__ or "").splitlines()[0])


def addresses() -> list[Address]:
    lists = [Address(reverse(f"api-{view.listing.nouns}"), "", _gives(view)) for view in LISTS]
    things = [
        Address(reverse(f"api-{view.operation.removesuffix('-detail')}"), view.named, _gives(view)) for view in DETAILS
    ]
    return lists + things


def parameters() -> list[tuple[str, SafeString, str]]:
    """Give each parameter of the lists with what it means and the lists that take it."""
    takers: dict[str, list[str]] = {}
    for view in LISTS:
        for name in view.filterset().base_filters:
            takers.setdefault(name, []).append(view.listing.nouns)
    return [
        (name, in_code(note), "all" if len(takers[name]) == len(LISTS) else ", ".join(takers[name]))
        for name, note in DESCRIPTIONS.items()
        if name in takers
    ]


def newest_change() -> tuple[int, list[int]]:
    """Give the year of the newest change, and the ids of the two newest of that year; today's year where none is."""
    found = list(Position.objects.changes().order_by("-since", "-pk").values_list("since", "pk")[:2])
    year = found[0][0].year if found else today().year
    return year, [pk for since, pk in found if since.year == year]


def answer_of(ids: list[int], asked: str, site: str) -> str:
    """Write what the API answers where it is asked for the first of these changes; nothing where there is none."""
    told = rows.ChangeRow.told(Position.objects.with_before(), ids[:1], rows.ChangeRow.names(), site)
    answer = {"next": f"{asked}&cursor=…" if len(ids) > 1 else None, "previous": None, "results": told}
    return json.dumps(answer, indent=2, ensure_ascii=False, default=str) if told else ""


def described(serializer: type[rows.RowSerializer]) -> list[Described]:
    fields = serializer().get_fields()
    return [
        Described(column.name, in_code(fields[column.name].help_text or ""), _values(fields[column.name]))
        for column in serializer.columns
    ]


def _values(field: serializers.Field) -> list[tuple[Any, str]]:
    if not isinstance(field, serializers.ChoiceField):
        return []
    told = [(value, str(words).removeprefix(f"{value}:").strip()) for value, words in field.choices.items()]
    return [(value, "" if words == value else words) for value, words in told]


@method_decorator(csp_update({"img-src": ["data:"]}), name="dispatch")
class ApiDocsView(Page):
    """The API to be read and tried out; its script reads the schema, and its stylesheet carries its own pictures."""

    template_name = "stances/api_docs.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        year, ids = newest_change()
        query = f"?after={year}-01-01&before={year}-12-31"
        asked = f"{self.address(reverse('api-changes'))}{query}&page_size=1"
        return self.show(
            {
                "addresses": addresses(),
                "year": year,
                "asked": asked,
                "example": answer_of(ids, asked, self.address(reverse("home"))),
                "all_rows": f"{self.address(reverse('change-list-json'))}{query}",
                "api_parameters": parameters(),
                "rows_a_page": ROWS_A_PAGE,
                "most_rows": MOST_ROWS_A_PAGE,
            }
        )


class ColumnsView(Page):
    """What each column of the files and each field of the API means."""

    template_name = "stances/columns.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        lists: list[tuple[type[FilteredList], type[rows.RowSerializer]]]
        lists = [(view.listing, view.serializer_class) for view in LISTS]
        lists.insert(2, (DifferList, rows.DifferRow))
        return self.show(
            {
                "tables": [
                    (
                        capfirst(listing.nouns),
                        f"columns-{listing.name}",
                        "" if listing is views.PublishedStatements else reverse(f"{listing.name}-csv"),
                        described(serializer),
                    )
                    for listing, serializer in lists
                ]
            }
        )
