"""A page's filters as a reader meets them: what there is to choose, how many rows it has, what is chosen."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from django.db.models import F, Max, Min, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import ExtractYear
from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from stances.filters import ListFilterSet
from stances.hits import Named
from stances.markup import each, filled
from stances.models import Actor, Topic
from stances.parameters import Slugs
from stances.tallies import MOST_COUNTED, Count, Kept, Tallies, capped_counts, counted, worked_out
from stances.templatetags.stance_tags import tile
from stances.vocabulary import ActorKind

#: A menu names so many values where there are more: the most frequent, and those that are chosen.
MOST_LISTED = 24
#: A box beside it offers so many of the next.
MOST_OFFERED = 60
MOST_YEARS = 40


BAR = '<span>{}</span><svg aria-hidden="true"><rect width="{}%"/></svg><span class="n">{}</span>'
LINK = '<li><a class="{}" href="{}"{}>{}</a></li>\n'
TICK = '<label class="{}"><input type="checkbox" id="in-{}-{}" name="{}" value="{}"{}>{}</label>\n'


@dataclass
class Option:
    """A value to choose."""

    value: str
    label: str | SafeString
    counts: Count
    chosen: bool = False
    depth: int = 0
    share: int = 0
    url: str = ""

    @property
    def css(self) -> str:
        sub = f" sub sub-{self.depth}" if self.depth else ""
        return f"choice{sub}" if any(self.counts) else f"choice{sub} zero-n"

    @property
    def count(self) -> int:
        return self.counts.number

    @property
    def counted(self) -> str:
        return counted(self.count, at_least=self.counts.at_least)

    @property
    def drawn(self) -> SafeString:
        return filled(BAR, self.label, self.share, self.counted)


@dataclass
class Facet:
    """A parameter with its values to choose from, and what is wrong with those that were given."""

    name: str
    legend: str
    options: list[Option]
    errors: list[str] = field(default_factory=list)
    links: bool = False
    #: Other values that a reader may want, by what an address has for them.
    others: list[tuple[str, str]] = field(default_factory=list)
    #: A value that adds rows where the others leave some out: a switch of its own.
    switch: Option | None = None

    @property
    def wide(self) -> bool:
        """Tell whether the numbers need room for thousands."""
        return any(option.count >= MOST_COUNTED for option in self.options)

    @cached_property
    def choices(self) -> SafeString:
        """Draw the values as links or as boxes to tick: there may be a hundred, drawn once for many pages."""
        name = self.name
        if self.links:
            current = mark_safe(' aria-current="true"')
            rows = ((it.css, it.url, current if it.chosen else "", it.drawn) for it in self.options)
            return each(LINK, rows)
        ticked = (
            (it.css, name, it.value, name, it.value, " checked" if it.chosen else "", it.drawn) for it in self.options
        )
        return each(TICK, ticked)

    @cached_property
    def offered(self) -> SafeString:
        return each('<option value="{}">{}</option>', self.others)

    def __post_init__(self) -> None:
        most = max((option.count for option in self.options), default=0)
        for option in self.options:
            option.share = round(100 * min(option.count, MOST_COUNTED) / min(most, MOST_COUNTED)) if most else 0


BY_NAME = attrgetter("name")


class ByValue:
    """A facet over the values of a parameter."""

    name: str

    def column(self, filters: ListFilterSet) -> Combinable | None:
        """Give the column of the rows that it counts by, where they have it themselves."""
        return F(filters.filters[self.name].field_name) if filters.is_direct(self.name) else None


class Choices(ByValue):
    """A facet over the few values of a term of the codebook."""

    def __init__(
        self, name: str, legend: str, choices: Iterable[tuple], *, tiles: bool = False, switch: str = ""
    ) -> None:
        self.name, self.legend, self.choices, self.tiles, self.switch = name, legend, list(choices), tiles, switch

    def build(self, tallies: Tallies) -> Facet:
        numbers = tallies.numbers(self.name, [[value] for value, label in self.choices])
        chosen = tallies.filters.value(self.name) or []
        options = [
            Option(str(value), tile(value) if self.tiles else capfirst(label), number, str(value) in chosen)
            for (value, label), number in zip(self.choices, numbers, strict=True)
        ]
        switch = next((option for option in options if option.value == self.switch), None)
        return Facet(self.name, self.legend, [it for it in options if it is not switch], switch=switch)


class Actors(ByValue):
    """A facet over governments and groups: the most frequent of them."""

    name, legend = "actor", "Government or group"

    def build(self, tallies: Tallies) -> Facet:
        chosen = (tallies.filters.value(self.name) or Slugs()).included_ids
        met = [int(value) for value in tallies.values(self.name)]
        held = Q(kind__in=[ActorKind.GOVERNMENT, ActorKind.GROUP], pk__in=met) | Q(pk__in=chosen)
        known = Actor.objects.filter(held).order_by().values_list("pk", "slug", "name", "short_name")
        by_id = {pk: Named("actor", pk, *told) for pk, *told in known}
        frequent = [pk for pk in met if pk in by_id]
        listed = sorted({*frequent[:MOST_LISTED], *chosen}, key=lambda pk: (by_id[pk].name, pk))
        numbers = tallies.numbers(self.name, [[pk] for pk in listed])
        options = [
            Option(by_id[pk].slug, by_id[pk].label, number, pk in chosen)
            for pk, number in zip(listed, numbers, strict=True)
        ]
        others = sorted((by_id[pk] for pk in frequent[MOST_LISTED:MOST_OFFERED] if pk not in chosen), key=BY_NAME)
        return Facet(self.name, self.legend, options, others=[(actor.slug, actor.label) for actor in others])


class Topics(ByValue):
    """A facet over the tree of topics; a topic counts what stands under it, unless subtopics are left out."""

    name, legend = "topic", "Topic"

    def build(self, tallies: Tallies) -> Facet:
        chosen = {topic.pk for topic in (tallies.filters.value(self.name) or Slugs()).included}
        topics = branches()
        by_id = {topic.pk: topic for topic in topics}
        under = {topic.pk: {topic.pk} for topic in topics}
        if tallies.filters.value("subtopics") != "0":
            for topic in reversed(topics):
                if topic.parent_id:
                    under[topic.parent_id] |= under[topic.pk]
        met = [int(value) for value in tallies.values(self.name) if int(value) in by_id]
        listed, others = set(chosen), []
        for pk in met:
            if len(listed) < MOST_LISTED:
                listed.add(pk)
            else:
                others.append(pk)
        for topic in reversed(topics):
            if topic.pk in listed and topic.parent_id:
                listed.add(topic.parent_id)
        shown = [topic for topic in topics if topic.pk in listed]
        numbers = tallies.numbers(self.name, [under[topic.pk] for topic in shown])
        options = [
            Option(topic.slug, in_tree(topic), number, topic.pk in chosen, topic.depth)
            for topic, number in zip(shown, numbers, strict=True)
        ]
        offered = sorted((by_id[pk] for pk in others[:MOST_OFFERED] if pk not in listed), key=BY_NAME)
        return Facet(self.name, self.legend, options, others=[(topic.slug, topic.name) for topic in offered])


class Branch(NamedTuple):
    """A topic where it stands in the tree, as far as a menu names it."""

    depth: int
    pk: int
    parent_id: int | None
    slug: str
    name: str
    short_name: str


def branches() -> list[Branch]:
    """Read the topics in the order of their tree: there may be hundreds, with long texts that no menu shows."""
    under: dict[int | None, list[tuple]] = defaultdict(list)
    topics = Topic.objects.without_tree_fields().order_by("rank", "name", "pk")
    for row in topics.values_list("pk", "parent", "slug", "name", "short_name"):
        under[row[1]].append(row)

    def walk(parent: int | None, depth: int) -> Iterator[Branch]:
        for row in under[parent]:
            yield Branch(depth, *row)
            yield from walk(row[0], depth + 1)

    return list(walk(None, 0))


def in_tree(topic: Branch) -> str | SafeString:
    """Name a topic where it is seen under its parent: shortly for the eye, wholly for the ear."""
    if topic.short_name == topic.name or topic.parent_id is None:
        return topic.name
    return filled('<span aria-hidden="true">{}</span><span class="sr">{}</span>', topic.short_name, topic.name)


def build(facets: Iterable, filters: ListFilterSet, kept: Kept = worked_out) -> list[Facet]:
    """Build the facets of a list from one account of its rows; `kept` may know some of their counts."""
    columns = {facet.name: facet.column(filters) for facet in facets}
    tallies = Tallies(filters, {name: column for name, column in columns.items() if column is not None}, kept)
    return [facet.build(tallies) for facet in facets]


Days = tuple[dt.date, dt.date]


class Years:
    """A facet over years, as links that set both ends of the dates; the year looked at opens to its months."""

    name, legend = "year", "Year"

    def __init__(self, path: str) -> None:
        self.path = path

    def column(self, filters: ListFilterSet) -> Combinable:
        return ExtractYear(self.path)

    def build(self, tallies: Tallies) -> Facet:
        filters = tallies.filters
        ends = filters.queryset.order_by().aggregate(first=Min(self.path), last=Max(self.path))
        if not ends["first"]:
            return Facet(self.name, self.legend, [], links=True)
        after, before = asked = (filters.value("after"), filters.value("before"))
        years = range(max(ends["first"].year, ends["last"].year - MOST_YEARS + 1), ends["last"].year + 1)
        spans = [(dt.date(year, 1, 1), dt.date(year, 12, 31)) for year in years]
        options = []
        for year, span, number in zip(years, spans, self._numbers(tallies, years, spans), strict=True):
            options.append(self._option(filters, str(year), span, number, chosen=asked == span))
            if after and before and after.year == before.year == year:
                options += self._months(filters, year, asked)
        return Facet(self.name, self.legend, options, links=True)

    def _numbers(self, tallies: Tallies, years: Iterable[int], spans: Sequence[Days]) -> list[Count]:
        """Count the rows of each year, whatever days are asked for."""
        span_of = dict(zip(years, spans, strict=True))

        def look_up(groups: list[Collection]) -> list[int]:
            rows = tallies.filters.without("after", "before")
            wanted = [rows.filter(**{f"{self.path}__range": span_of[year]}) for [year] in groups]
            return capped_counts(wanted, self.path)

        return tallies.numbers(self.name, [[year] for year in years], look_up)

    def _months(self, filters: ListFilterSet, year: int, asked: Days) -> list[Option]:
        spans = [(dt.date(year, month, 1), dt.date(year, month, monthrange(year, month)[1])) for month in range(1, 13)]
        rows = filters.without("after", "before")
        numbers = capped_counts([rows.filter(**{f"{self.path}__range": span}) for span in spans], self.path)
        return [
            self._option(filters, f"{span[0]:%B}", span, Count(number), chosen=asked == span, depth=1)
            for span, number in zip(spans, numbers, strict=True)
            if number or asked == span
        ]

    def _option(self, filters: ListFilterSet, label: str, span: Days, count: Count, *, chosen: bool, depth=0) -> Option:
        query = filters.data.copy()
        query.pop("cursor", None)
        query["after"], query["before"] = (day.isoformat() for day in span)
        return Option(label, label, count, chosen, depth, url=f"?{query.urlencode()}")


@dataclass(frozen=True)
class Chip:
    """An active filter in words, and the address of the list without it."""

    words: str
    url: str


def without(data: QueryDict, name: str, value: str | None = None) -> str:
    """Write the query of a list without a parameter, or without one value of it, from its first page."""
    query = data.copy()
    query.pop("cursor", None)
    kept = [given for given in query.getlist(name) if value is not None and given != value]
    query.setlist(name, kept)
    if not kept:
        query.pop(name, None)
    if not any(topic.strip() for topic in query.getlist("topic")):
        query.pop("subtopics", None)
    return f"?{query.urlencode()}"


def chips(filters: ListFilterSet) -> list[Chip]:
    """Put the active filters in words, in the order of the parameters."""
    if not filters.is_valid():
        return []
    found = []
    for name, form_field in filters.form.fields.items():
        for given in filters.data.getlist(name):
            words = given.strip() and form_field.in_words(given, filters.form.cleaned_data[name])
            if words:
                found.append(Chip(words, without(filters.data, name, given)))
    return found
