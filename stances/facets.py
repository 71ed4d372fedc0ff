"""A page's filters as a reader meets them: what there is to choose, how many rows it has, what is chosen."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import ExtractMonth, ExtractYear
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from stances.filters import ListFilterSet
from stances.models import Actor, Position, Topic
from stances.parameters import Slugs
from stances.templatetags.stance_tags import tile
from stances.vocabulary import ActorKind

#: Rows are counted exactly up to this number; past it "1,000+" is as good to a reader, and much quicker.
MOST_COUNTED = 1000
#: Up to so many rows are passed over to count them by all values at once; past it each value is looked up.
MOST_GROUPED = 20_000
MOST_YEARS = 40


def counted(number: int) -> str:
    """Write a number of rows, capped as it was counted."""
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"


def capped_counts(querysets: Sequence[QuerySet]) -> list[int]:
    """Count the rows of each queryset, no further than the cap and one more; one query for all."""
    numbers = [0] * len(querysets)
    parts: list[str] = []
    params: list = []
    places: list[int] = []
    for place, rows in enumerate(querysets):
        try:
            sql, values = rows.order_by().values("pk")[: MOST_COUNTED + 1].query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS counted)")  # noqa: S608  (the ORM wrote the SQL)
        params += values
        places.append(place)
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", params)
            for place, number in zip(places, cursor.fetchone(), strict=True):
                numbers[place] = number
    return numbers


def grouped_counts(rows: QuerySet, by: Combinable) -> dict | None:
    """Count rows by a value in one pass, where there are few enough to pass over; else None."""
    try:
        few = rows.order_by().annotate(counted=by).values("counted")[: MOST_GROUPED + 1]
        sql, params = few.query.sql_with_params()
    except EmptyResultSet:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT counted, COUNT(*) FROM ({sql}) AS few GROUP BY counted", params)  # noqa: S608
        numbers = dict(cursor.fetchall())
    return numbers if sum(numbers.values()) <= MOST_GROUPED else None


def counts(filters: ListFilterSet, name: str, groups: Sequence[Collection]) -> list[int]:
    """Count the rows that there were if a parameter asked for each group of values, the others as they are."""
    if filters.is_direct(name):
        found = grouped_counts(filters.without(name), F(filters.filters[name].field_name))
        if found is not None:
            return [sum(found.get(value, 0) for value in group) for group in groups]
    else:
        linked = filters.linked(name)
        if linked is not None:
            return [len(set().union(*(linked.get(value, ()) for value in group))) for group in groups]
    return capped_counts([filters.counting(name, group) for group in groups])


@dataclass
class Option:
    """A value to choose."""

    value: str
    label: str | SafeString
    count: int
    chosen: bool = False
    depth: int = 0
    share: int = 0
    url: str = ""

    @property
    def counted(self) -> str:
        return counted(self.count)


@dataclass
class Facet:
    """A parameter with its values to choose from, and what is wrong with those that were given."""

    name: str
    legend: str
    options: list[Option]
    errors: list[str] = field(default_factory=list)
    links: bool = False

    @property
    def wide(self) -> bool:
        """Tell whether the numbers need room for thousands."""
        return any(option.count >= MOST_COUNTED for option in self.options)

    def __post_init__(self) -> None:
        most = max((option.count for option in self.options), default=0)
        for option in self.options:
            option.share = round(100 * min(option.count, MOST_COUNTED) / min(most, MOST_COUNTED)) if most else 0


class Choices:
    """A facet over the few values of a term of the codebook."""

    def __init__(self, name: str, legend: str, choices: Iterable[tuple], *, tiles: bool = False) -> None:
        self.name, self.legend, self.choices, self.tiles = name, legend, list(choices), tiles

    def build(self, filters: ListFilterSet) -> Facet:
        numbers = counts(filters, self.name, [[value] for value, label in self.choices])
        chosen = filters.value(self.name) or []
        options = [
            Option(str(value), tile(value) if self.tiles else capfirst(label), number, str(value) in chosen)
            for (value, label), number in zip(self.choices, numbers, strict=True)
        ]
        return Facet(self.name, self.legend, options)


class Actors:
    """A facet over the governments and groups that public data has positions of."""

    name, legend = "actor", "Government or group"

    def build(self, filters: ListFilterSet) -> Facet:
        chosen = (filters.value(self.name) or Slugs()).included_ids
        held = Q(kind__in=[ActorKind.GOVERNMENT, ActorKind.GROUP]) & Exists(
            Position.objects.order_by().filter(actor=OuterRef("pk"))
        )
        actors = list(Actor.objects.filter(held | Q(pk__in=chosen)).order_by("name", "id"))
        numbers = counts(filters, self.name, [[actor.pk] for actor in actors])
        options = [
            Option(actor.slug, actor.label, number, actor.pk in chosen)
            for actor, number in zip(actors, numbers, strict=True)
            if number or actor.pk in chosen
        ]
        return Facet(self.name, self.legend, options)


class Topics:
    """A facet over the tree of topics; a topic counts what stands under it, unless subtopics are left out."""

    name, legend = "topic", "Topic"

    def build(self, filters: ListFilterSet) -> Facet:
        chosen = {topic.pk for topic in (filters.value(self.name) or Slugs()).included}
        topics = list(Topic.objects.in_order())
        under = {topic.pk: {topic.pk} for topic in topics}
        if filters.value("subtopics") != "0":
            for topic in reversed(topics):
                if topic.parent_id:
                    under[topic.parent_id] |= under[topic.pk]
        numbers = counts(filters, self.name, [under[topic.pk] for topic in topics])
        seen = {topic.pk for topic, number in zip(topics, numbers, strict=True) if number} | chosen
        for topic in reversed(topics):
            if topic.pk in seen and topic.parent_id:
                seen.add(topic.parent_id)
        options = [
            Option(topic.slug, in_tree(topic), number, topic.pk in chosen, topic.tree_depth)
            for topic, number in zip(topics, numbers, strict=True)
            if topic.pk in seen
        ]
        return Facet(self.name, self.legend, options)


def in_tree(topic: Topic) -> str | SafeString:
    """Name a topic where it is seen under its parent: shortly for the eye, wholly for the ear."""
    if topic.short_name == topic.name or topic.parent_id is None:
        return topic.name
    return format_html('<span aria-hidden="true">{}</span><span class="sr">{}</span>', topic.short_name, topic.name)


Days = tuple[dt.date, dt.date]


class Years:
    """A facet over years, as links that set both ends of the dates; the year looked at opens to its months."""

    name, legend = "year", "Year"

    def __init__(self, column: str) -> None:
        self.column = column

    def build(self, filters: ListFilterSet) -> Facet:
        ends = filters.queryset.order_by().aggregate(first=Min(self.column), last=Max(self.column))
        if not ends["first"]:
            return Facet(self.name, self.legend, [], links=True)
        after, before = asked = (filters.value("after"), filters.value("before"))
        years = range(max(ends["first"].year, ends["last"].year - MOST_YEARS + 1), ends["last"].year + 1)
        spans = [(dt.date(year, 1, 1), dt.date(year, 12, 31)) for year in years]
        numbers = self._counts(filters, spans, ExtractYear(self.column), list(years))
        options = []
        for year, span, number in zip(years, spans, numbers, strict=True):
            options.append(self._option(filters, str(year), span, number, chosen=asked == span))
            if after and before and after.year == before.year == year:
                options += self._months(filters, year, asked)
        return Facet(self.name, self.legend, options, links=True)

    def _months(self, filters: ListFilterSet, year: int, asked: Days) -> list[Option]:
        spans = [(dt.date(year, month, 1), dt.date(year, month, monthrange(year, month)[1])) for month in range(1, 13)]
        numbers = self._counts(filters, spans, ExtractMonth(self.column), list(range(1, 13)))
        return [
            self._option(filters, f"{span[0]:%B}", span, number, chosen=asked == span, depth=1)
            for span, number in zip(spans, numbers, strict=True)
            if number or asked == span
        ]

    def _counts(self, filters: ListFilterSet, spans: list[Days], by: Combinable, keys: list) -> list[int]:
        """Count the rows of each period, whatever days are asked for; `keys` are what `by` makes of its days."""
        within = {f"{self.column}__range": (spans[0][0], spans[-1][1])}
        rows = filters.without("after", "before").filter(**within)
        found = grouped_counts(rows, by)
        if found is None:
            return capped_counts([rows.filter(**{f"{self.column}__range": span}) for span in spans])
        return [int(found.get(key, 0)) for key in keys]

    def _option(self, filters: ListFilterSet, label: str, span: Days, count: int, *, chosen: bool, depth=0) -> Option:
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
