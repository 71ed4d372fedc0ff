"""The base of every list: what an address asks for, as a page, as CSV and as JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst

from stances import facets
from stances.citations import Citation, Seen
from stances.citations import page as cite
from stances.dates import today
from stances.exports import Column, at, export, file_name, refuse
from stances.facets import Facet, chips, without
from stances.filters import OLDEST, ListFilterSet, Problem
from stances.paging import Keyset, Page, WholeTree
from stances.parameters import SlugsField, plainest
from stances.tallies import MOST_COUNTED, Memory, capped_counts, counted
from stances.views.public import PublicView

ROWS_A_PAGE = 50
#: The counts of so many addresses are kept in memory, some tens of kilobytes each.
remembered = Memory(100)


class FilteredList(PublicView, ABC):
    """A list by its filter: names its rows, its filter, its order, its facets and the columns of its exports."""

    filterset_class: ClassVar[type[ListFilterSet]]
    template_name: ClassVar[str]
    #: The name of its address, and what one row and several are called.
    name: ClassVar[str]
    noun: ClassVar[str]
    nouns: ClassVar[str]
    #: What the list itself is called, where that is not its rows' name.
    heading: ClassVar[str] = ""
    columns: ClassVar[tuple[Column, ...]]
    facets: ClassVar[tuple] = ()
    #: Parameters with a box of their own on the page, beside the facets.
    boxes: ClassVar[tuple[str, ...]] = ()
    #: Rows of much text are fewer on a page, which stays below 100 KB.
    most_rows: ClassVar[int] = ROWS_A_PAGE

    @abstractmethod
    def queryset(self) -> QuerySet:
        """Give the rows that a reader may see."""

    def queryset_of_page(self) -> QuerySet:
        """Give the same rows for a page, which asks of them several times where an export asks once."""
        return self.queryset()

    @abstractmethod
    def keyset(self) -> Keyset | WholeTree:
        """Give the order of the rows, by which the list is paged."""

    def complete(self, rows: QuerySet) -> QuerySet:
        """Add to rows what is worked out for the columns of the exports."""
        return rows

    def shown(self) -> QuerySet:
        """Give rows with all that a page shows of them, so that rendering adds no query."""
        return self.complete(self.filters.queryset.model._default_manager.all())

    def called(self) -> tuple[str, str]:
        """Say what one row and several are called, as the address asks for them."""
        return self.noun, self.nouns

    @property
    def size(self) -> int:
        return min(ROWS_A_PAGE, self.most_rows)

    def page(self, key: Any) -> Page:
        """Read the page that a cursor leads to."""
        return self.keyset().page(self.filters.qs, key, self.size, self.shown())

    def rows(self, page: Page) -> list:
        """Prepare a page's rows for the template."""
        return page.rows

    def get(self, request: HttpRequest, format: str = "html") -> HttpResponseBase:
        queryset = self.queryset_of_page() if format == "html" else self.queryset()
        self.filters = self.filterset_class(request.GET, queryset=queryset)
        self.problems = self.filters.problems
        key = None
        try:
            key = self.keyset().read(request.GET.get("cursor", ""))
        except ValidationError as error:
            self.problems.append(Problem("cursor", (request.GET["cursor"],), error.messages[0]))
        if format == "html":
            page = Page()
            if self.numbers[0]:  # counted once, while the first of a few rare rows is searched for each time
                try:
                    page = self.page(key)
                except ValidationError as error:  # a cursor that is sound, of what is not in this list
                    self.problems.append(Problem("cursor", (request.GET["cursor"],), error.messages[0]))
                    self.numbers = [0, 0]
            return render(request, self.template_name, self.context(page))
        if self.problems:
            return refuse(self.problems, format=format)
        rows = self.keyset().ordered(self.complete(self.filters.qs))
        columns = at(self.columns, request.build_absolute_uri(reverse("home")))
        name = file_name(self.nouns, plainest(self.filters.form))
        return export(rows, columns, format=format, name=name, head=request.method == "HEAD")

    @cached_property
    def sound(self) -> ListFilterSet:
        """The filter without the parameters that make no sense, from which the page's boxes are drawn."""
        if not self.problems:
            return self.filters
        data = self.request.GET.copy()
        for name in {*self.filters.errors, *(problem.parameter for problem in self.problems)}:
            data.pop(name, None)
        sound = self.filterset_class(data, queryset=self.filters.queryset)
        return sound if sound.is_valid() else self.filterset_class(None, queryset=self.filters.queryset)

    def context(self, page: Page) -> dict[str, Any]:
        matching, whole = self.numbers
        active = chips(self.sound)
        words = "; ".join(chip.words for chip in active)
        noun, nouns = self.called()
        few = all(problem.parameter for problem in self.problems)
        matching_words = f"{counted(matching)} {noun if matching == 1 else nouns}"
        heading = self.heading or capfirst(nouns)
        return {
            "title": f"{heading}: {words}" if words else heading,
            "canonical": self.canonical,
            "rows": self.rows(page),
            "problems": [
                (it, without(self.request.GET, it.parameter) if few else "", *self.told(it)) for it in self.problems
            ],
            "sound_url": without(self.sound.data, "cursor"),
            "errors": self.errors,
            "facets": self.build_facets(),
            "given": {name: self.request.GET.get(name, "") for name in self.boxes},
            "hidden": self.hidden,
            "chips": active,
            "has_topic": bool(self.sound.value("topic")),
            "without_subtopics": self.sound.value("subtopics") == "0",
            "nouns": nouns,
            "all_nouns": self.nouns,
            "matching": matching,
            "matching_words": matching_words,
            "of_all": f"of {counted(whole)}{'' if nouns == self.nouns else f' {self.nouns}'}"
            if matching < whole
            else "",
            "span": span(page, matching),
            "orders": self.orders,
            "oldest_first": self.oldest_first,
            "first_url": self.url(),
            "previous_url": self.url(cursor=page.previous) if page.previous else "",
            "next_url": self.url(cursor=page.next) if page.next else "",
            "csv_url": self.twin("csv"),
            "json_url": self.twin("json"),
            "citation": self.citation(f"{matching_words} ({words})" if words else matching_words),
        }

    @property
    def canonical(self) -> str:
        """Give the one address of what is shown, without what says nothing or makes no sense."""
        told = plainest(self.sound.form)
        if (cursor := self.request.GET.get("cursor")) and not self.problems:
            told.append(("cursor", cursor))
        address = reverse(self.name)
        return self.request.build_absolute_uri(f"{address}?{urlencode(told)}" if told else address)

    def citation(self, what: str) -> Citation:
        """Write how to cite the rows, as they stood when they were looked up."""
        seen = Seen(today(), self.state[0] if self.state else 0)
        return cite(capfirst(what), self.request.build_absolute_uri(self.url()), seen, kind="dataset")

    def remembered(self, what: str, work_out: Callable[[], Any]) -> Any:
        """Work out what this address shows beside its rows, once while the public data are the same."""
        asked = ((name, *values) for name, values in self.sound.data.lists() if name != "cursor")
        return self.kept((self.name, what, *sorted(asked)), work_out)

    def kept(self, key: Hashable, work_out: Callable[[], Any]) -> Any:
        """Work something out once while the public data are the same."""
        return remembered.get(key, work_out, self.state)

    @cached_property
    def numbers(self) -> list[int]:
        """Give how many rows the address asks for, and how many there are."""
        return [0, 0] if self.problems else self.remembered("numbers", self.count)

    def count(self) -> list[int]:
        unfiltered = self.filterset_class(None, queryset=self.filters.queryset)
        return capped_counts([self.filters.qs, unfiltered.qs])

    def build_facets(self) -> list[Facet]:
        built = self.remembered("facets", self.count_facets)
        return [
            replace(facet, errors=self.errors[facet.name]) if facet.name in self.errors else facet for facet in built
        ]

    def count_facets(self) -> list[Facet]:
        return facets.build(self.facets, self.sound, lambda key, work_out: self.kept((self.name, key), work_out))

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for problem in self.problems:
            found.setdefault(problem.parameter, []).append(problem.message)
        return found

    def told(self, problem: Problem) -> tuple[str, str]:
        """Name what a problem is about, and say what is wrong where no field on the page says it."""
        name = problem.parameter
        if not name:
            return "", problem.message
        legends = {facet.name: facet.legend for facet in self.facets}
        if name in self.filters.form.fields:
            label = legends.get(name, self.filters.form.fields[name].label)
            return label, "" if name in legends or name in self.boxes else problem.message
        if name in self.filters.form.beside:
            return "Page", problem.message
        return problem.name, "This list has no such filter."

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form has no box for, and must carry on: what a minus leaves out, and the less usual parameters."""
        ticked = {facet.name for facet in self.facets}
        return [
            (name, value)
            for name, form_field in self.sound.form.fields.items()
            if name not in self.boxes
            for value in self.sound.data.getlist(name)
            if value.strip()
            and (name not in ticked or (isinstance(form_field, SlugsField) and value.strip().startswith("-")))
        ]

    @property
    def orders(self) -> list[tuple[str, str, bool]]:
        """Name the ends of the dates to begin with, each with its address and whether it is the one."""
        if "order" not in self.filterset_class.base_filters:
            return []
        return [
            ("newest first", self.url(order=""), not self.oldest_first),
            ("oldest first", self.url(order=OLDEST), self.oldest_first),
        ]

    @property
    def oldest_first(self) -> bool:
        return self.filters.value("order") == OLDEST

    def url(self, **changes: str) -> str:
        """Write this list's address with some parameters changed or taken out, from its first page on."""
        return self._address(self.name, changes)

    def twin(self, format: str) -> str:
        """Write the address of the same rows in another format."""
        return self._address(f"{self.name}-{format}", {})

    def _address(self, name: str, changes: dict[str, str]) -> str:
        data = self.request.GET.copy()
        data.pop("cursor", None)
        for parameter, value in changes.items():
            data.pop(parameter, None)
            if value:
                data[parameter] = value
        return f"{reverse(name)}?{data.urlencode()}" if data else reverse(name)


def span(page: Page, matching: int, *, ends: bool = True) -> str:
    """Say which of the rows that were counted a page shows, as far as is known: "1 to 50 of 66".

    `ends` tells whether the last page ends with the last of them.
    """
    number, of_all = len(page.rows), counted(matching)
    if page.previous and (page.next or matching > MOST_COUNTED or not ends):
        return f"{number} of {of_all}"
    first = matching - number + 1 if page.previous else 1
    return f"{first:,} to {first + number - 1:,} of {of_all}"
