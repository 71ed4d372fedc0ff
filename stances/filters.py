"""The filters of every list, for pages, exports and the API alike: which rows an address asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import QueryDict

from stances import dialects, search
from stances.models import Actor, Position, Source, Stance, Topic
from stances.parameters import (
    ChangeKindsField,
    DayField,
    DayLookedAtField,
    ManyOfField,
    OneOfField,
    OrderField,
    ParametersForm,
    PositionsField,
    Slugs,
    SlugsField,
    TextField,
    shown,
)
from stances.tallies import MOST_COUNTED
from stances.vocabulary import ActorKind, Authority, Basis, ChangeKind, Form, Terms, Value, Voice

NEWEST, OLDEST = "-date", "date"


class SlugFilter(filters.Filter):
    """Keeps rows of any of the named ones, leaves out those with a minus."""

    field_class = SlugsField

    def filter(self, qs, value: Slugs):
        lookup = f"{self.field_name}__{self.lookup_expr}"
        if value.included:
            qs = qs.filter(**{lookup: value.included_ids})
        if value.excluded:
            qs = qs.exclude(**{lookup: value.excluded_ids})
        return qs


class ManyFilter(filters.Filter):
    """Keeps rows with any of the values."""

    field_class = ManyOfField

    def filter(self, qs, value: list[str]):
        return qs.filter(**{f"{self.field_name}__{self.lookup_expr}": value}) if value else qs


class PositionsFilter(ManyFilter):
    field_class = PositionsField


class OneFilter(filters.Filter):
    """Keeps rows with the value."""

    field_class = OneOfField


class DayFilter(filters.Filter):
    field_class = DayField


class HeldOnFilter(DayFilter):
    """Keeps the positions that were held on a day."""

    field_class = DayLookedAtField

    def filter(self, qs, value):
        return qs.on(value) if value else qs


class AfterFilter(DayFilter):
    """Keeps the positions that were taken after a day."""

    field_class = DayLookedAtField


class SubtopicsFilter(OneFilter):
    """Says whether `topic` takes in what stands under it; the topics themselves are widened with the form."""

    def filter(self, qs, value):
        return qs


class OrderFilter(OneFilter):
    """Says by which end of the dates to begin; the paging and the exports put it in order."""

    field_class = OrderField

    def filter(self, qs, value):
        return qs


class RepeatsFilter(OneFilter):
    """Leaves repeats out unless they are asked for; `none` is what the column holds where a row is no repeat."""

    def __init__(self, *args, none, **kwargs):
        super().__init__(*args, **kwargs)
        self.none = none

    def filter(self, qs, value):
        return qs if value == "1" else qs.filter(**{f"{self.field_name}__{self.lookup_expr}": self.none})


class ChangeKindFilter(ManyFilter):
    """Keeps changes of the named kinds, all where none is named; first recorded positions come only when asked for."""

    field_class = ChangeKindsField
    #: It leaves rows out even where it is not given.
    always = True

    def filter(self, qs, value: list[str]):
        kinds = set(value) - {ChangeKind.FIRST} or {ChangeKind.REVERSAL, ChangeKind.SHIFT, ChangeKind.TERMS}
        if ChangeKind.FIRST in value:
            return qs.own().filter(**{f"{self.field_name}__{self.lookup_expr}": kinds | {ChangeKind.FIRST}})
        qs = qs.changes()
        return qs.filter(**{f"{self.field_name}__{self.lookup_expr}": kinds}) if len(kinds) < 3 else qs


class SearchFilter(filters.Filter):
    """Keeps rows in which the words are found; see `stances.search`."""

    field_class = TextField

    def filter(self, qs, value: str):
        return qs.search(value) if value else qs


#: So many problems of an address are told, and so many of the values given: it may hold some hundreds.
PROBLEMS_TOLD = 10


@dataclass(frozen=True)
class Problem:
    """What is wrong with a parameter: its name, the values given, and what a reader is told.

    Without a parameter it counts those that are not told.
    """

    parameter: str
    values: tuple[str, ...]
    message: str

    @property
    def name(self) -> str:
        """The parameter's name as it can be shown."""
        return shown(self.parameter)[1:-1]

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.parameter else self.message

    @property
    def data(self) -> dict[str, Any]:
        """The problem as JSON has it."""
        named = {"parameter": self.parameter, "values": list(self.values)} if self.parameter else {}
        return {**named, "message": self.message}


def problems_of(form: forms.Form) -> list[Problem]:
    """Tell what is wrong with an address, of much the first, and how much more there is."""
    wrong = [(name, message) for name, messages in form.errors.items() for message in messages]
    told = [
        Problem(name, tuple(form.data.getlist(name)[:PROBLEMS_TOLD]), str(message))  # type: ignore[attr-defined]
        for name, message in wrong[:PROBLEMS_TOLD]
    ]
    more = len(wrong) - PROBLEMS_TOLD
    return [*told, Problem("", (), f"And {more} more.")] if more > 0 else told


#: The rows that lead to each value, by its text, and whether these are all the rows.
Linked = tuple[dict[str, set[int]], bool]


class ListFilterSet(filters.FilterSet):
    """A list's filter. Where anything is wrong it keeps no row, and says what is wrong in `errors` and `problems`."""

    class Meta:
        form = ParametersForm

    def __init__(self, data: QueryDict | None, queryset: QuerySet) -> None:
        """Share the filters with all requests: they hold nothing of one, and copies take longer than filtering."""
        self.data, self.queryset = QueryDict() if data is None else data, queryset
        self._without: dict[frozenset[str], QuerySet] = {}
        self.is_bound, self.form_prefix, self.filters = True, None, self.base_filters  # type: ignore[attr-defined]

    def get_form_class(self) -> type[ParametersForm]:
        return _form_of(type(self))  # type: ignore[arg-type]

    @property
    def qs(self):
        return super().qs if self.is_valid() else self.queryset.none()

    def filter_queryset(self, queryset, without: Collection[str] = ()):
        for name, filter_ in self.filters.items():
            if name not in without:
                queryset = filter_.filter(queryset, self.form.cleaned_data[name])
        return queryset

    def without(self, *names: str) -> QuerySet:
        """Give the rows that all but the named parameters ask for; facets ask for the same ones ten times."""
        if not self.is_valid():
            return self.queryset.none()
        left_out = frozenset(names)
        if left_out not in self._without:
            self._without[left_out] = self.filter_queryset(self.queryset.all(), without=left_out)
        return self._without[left_out].all()

    def counting(self, name: str, values: Collection) -> QuerySet:
        """Give the rows that there were if a parameter asked for these values, the others as they are."""
        return self.without(*self.narrowing([name])).filter(**{f"{self.filters[name].field_name}__in": values})

    def narrowing(self, names: Collection[str]) -> frozenset[str]:
        """Name those of some parameters that leave rows out as they are."""
        return frozenset(
            name for name in names if any(self.data.getlist(name)) or getattr(self.filters[name], "always", False)
        )

    def is_direct(self, name: str) -> bool:
        """Tell whether a parameter asks for a column of the rows themselves, of which each has one."""
        return True

    def linked(self, name: str, most: int, most_in_series: int) -> Linked:
        """Name the rows that lead to each value of an indirect parameter, as far as so many rows tell.

        Where series of positions lead to them, more rows are looked at.
        """
        raise NotImplementedError

    def value(self, name: str):
        """Give a parameter's value as it was understood, or None."""
        return self.form.cleaned_data.get(name) if self.is_valid() else None

    @property
    def problems(self) -> list[Problem]:
        return problems_of(self.form)


@cache
def _form_of(filterset: type[ListFilterSet]) -> type[ParametersForm]:
    fields = {name: asked.field for name, asked in filterset.base_filters.items()}  # type: ignore[attr-defined]
    return type(f"{filterset.__name__}Form", (filterset._meta.form,), fields)  # type: ignore[attr-defined]


class ThroughStances(ListFilterSet):
    """Filters what stances lead to: what is asked for holds of one public stance, what is left out of none."""

    link = ""
    through: tuple[str, ...] = ()

    def filter_queryset(self, queryset, without: Collection[str] = (), asking: dict | None = None):
        queryset = super().filter_queryset(queryset, {*without, *self.through})
        stances = Stance.objects.public().order_by().filter(**{self.link: OuterRef("pk")})
        for name in [name for name in self.through if name not in without]:
            lookup, value = f"{self.filters[name].field_name}__in", self.form.cleaned_data[name]
            if value.excluded:
                queryset = queryset.exclude(Exists(stances.filter(**{lookup: value.excluded_ids})))
        wanted = self._wanted(without) | (asking or {})
        return queryset.filter(Exists(stances.filter(**wanted))) if wanted else queryset

    def _wanted(self, without: Collection[str]) -> dict:
        """Say what is asked of one stance."""
        values = {name: self.form.cleaned_data[name] for name in self.through if name not in without}
        return {f"{self.filters[name].field_name}__in": it.included_ids for name, it in values.items() if it.included}

    def is_direct(self, name: str) -> bool:
        return name not in self.through

    def linked(self, name: str, most: int, most_in_series: int) -> Linked:
        most = most_in_series if self._in_series(name) else most
        rows = list(self.without(name).order_by().values_list("pk", flat=True)[: most + 1])
        return self._linked_from(name, rows[:most]), len(rows) <= most

    def _in_series(self, name: str) -> bool:
        """Tell whether a parameter, and what is asked besides, links actors and topics alone."""
        lookups = {self.filters[name].field_name, self.link, *self._wanted({name})}
        return {lookup.removesuffix("__in") for lookup in lookups} == {"actor", "topic"}

    def _linked_from(self, name: str, rows: list[int]) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        if rows:
            wanted = {**self._wanted({name}), f"{self.link}__in": dialects.among(rows)}
            stances = Stance.objects.public().order_by().filter(**wanted)
            looked_at: list[QuerySet] = [stances.distinct()]
            if self._in_series(name):
                # Who spoke on what has a first position, unless all that is public is repeats: far fewer than stances.
                firsts = Position.objects.first_of_series().order_by().filter(**wanted)
                looked_at = [firsts, stances.filter(repeat=True).distinct()]
            for of in looked_at:
                asked = of.values(leads=F(self.filters[name].field_name), led_to=F(self.link))
                for value, met in dialects.gathered(*asked.query.sql_with_params(), "leads", "led_to"):
                    found.setdefault(str(value), set()).update(met)
        return found

    def counting(self, name: str, values: Collection) -> QuerySet:
        if name not in self.through or not self.is_valid():
            return super().counting(name, values)
        asking = {f"{self.filters[name].field_name}__in": values}
        return self.filter_queryset(self.queryset.all(), without=(name,), asking=asking)


def actors_of(field_name: str, label: str = "Actor") -> SlugFilter:
    return SlugFilter(
        field_name=field_name, lookup_expr="in", model=Actor, public=Actor.objects.public_among, label=label
    )


def topics_of(field_name: str) -> SlugFilter:
    return SlugFilter(field_name=field_name, lookup_expr="in", model=Topic, public=set, label="Topic")


def public_sources(pks: set[int]) -> set[int]:
    return set(Source.objects.public().filter(pk__in=pks).values_list("pk", flat=True))


def sources_of(field_name: str) -> SlugFilter:
    return SlugFilter(field_name=field_name, lookup_expr="in", model=Source, public=public_sources, label="Source")


def with_subtopics() -> SubtopicsFilter:
    choices = [("1", "with subtopics"), ("0", "without subtopics")]
    return SubtopicsFilter(field_name="topic", lookup_expr="exact", choices=choices, default="1", label="Subtopics")


def by_date() -> OrderFilter:
    choices = [(NEWEST, "newest first"), (OLDEST, "oldest first")]
    return OrderFilter(field_name="order", lookup_expr="exact", choices=choices, label="Order")


def with_repeats(field_name: str, lookup_expr: str, none) -> RepeatsFilter:
    choices = [("0", "repeats left out"), ("1", "repeats shown")]
    return RepeatsFilter(
        field_name=field_name,
        lookup_expr=lookup_expr,
        none=none,
        choices=choices,
        default="0",
        label="Repeats",
    )


def many(field_name: str, choices: Iterable[tuple], label: str) -> ManyFilter:
    return ManyFilter(field_name=field_name, lookup_expr="in", choices=list(choices), label=label)


def positions_of(field_name: str) -> PositionsFilter:
    return PositionsFilter(field_name=field_name, lookup_expr="in", choices=list(Value.choices), label="Position")


def from_day(field_name: str) -> DayFilter:
    return DayFilter(field_name=field_name, lookup_expr="gte", label="From")


def to_day(field_name: str) -> DayFilter:
    return DayFilter(field_name=field_name, lookup_expr="lte", label="To")


def in_words() -> SearchFilter:
    return SearchFilter(field_name="q", lookup_expr="search", label="Words")


class StanceFilter(ListFilterSet):
    """Which stances."""

    q = in_words()
    actor = actors_of("actor")
    topic = topics_of("topic")
    subtopics = with_subtopics()
    source = sources_of("source")
    speaker = actors_of("speaker", "Speaker")
    position = positions_of("position")
    terms = many("terms", Terms.choices, "Terms")
    authority = many("authority", Authority.choices, "Who spoke")
    attribution = many("attribution", Voice.choices, "Attribution")
    basis = many("basis", Basis.choices, "Basis")
    form = many("statement__form", Form.choices, "Form")
    after = from_day("stated_on")
    before = to_day("stated_on")
    repeats = with_repeats("repeat", "exact", False)
    order = by_date()


class StatementFilter(ThroughStances):
    """Which statements."""

    link = "statement"
    through = ("actor", "topic")

    q = in_words()
    actor = actors_of("actor")
    topic = topics_of("topic")
    subtopics = with_subtopics()
    source = sources_of("source")
    speaker = actors_of("speaker", "Speaker")
    authority = many("authority", Authority.choices, "Who spoke")
    form = many("form", Form.choices, "Form")
    after = from_day("latest")
    before = to_day("latest")
    repeats = with_repeats("repeats", "isnull", True)
    order = by_date()


#: So many of the newest statements that words find are ranked, and counted in facets: a search takes as long with a
#: million statements as with a thousand.
MOST_LOOKED_AT = 500


class SearchFilterSet(StatementFilter):
    """Which statements of those that words find; none without words."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._newest: dict[frozenset[str], dict[int, dt.date]] = {}

    def filter_queryset(self, queryset, without: Collection[str] = (), asking: dict | None = None):
        if not self.form.cleaned_data["q"]:
            return queryset.none()
        return super().filter_queryset(queryset, without, asking)

    @cached_property
    def query(self) -> search.Query:
        return search.asked(self.form.cleaned_data.get("q") or "") if self.is_valid() else search.Query()

    def newest(self, *without: str) -> list[int]:
        """Give the ids of the newest that all but the named parameters ask for, up to a number."""
        return list(self._found(frozenset(name for name in without if any(self.data.getlist(name)))))

    def count(self) -> int:
        """Count what is found, up to the cap of counts and one more: the newest, and what follows them."""
        newest, most = self._found(frozenset()), MOST_COUNTED + 1
        if len(newest) < MOST_LOOKED_AT:
            return len(newest)
        return len(newest) + len(self._find(frozenset(), most - len(newest), before=list(newest.items())[-1]))

    def _found(self, without: frozenset[str]) -> dict[int, dt.date]:
        if not self.is_valid() or not self.form.cleaned_data["q"]:
            return {}
        if without not in self._newest:
            self._newest[without] = self._find(without, MOST_LOOKED_AT)
        return self._newest[without]

    def _find(self, without: frozenset[str], most: int, **beyond: Any) -> dict[int, dt.date]:
        rows = self.filter_queryset(self.queryset.all(), without={*without, "q"})
        return search.newest(rows, {search.STATEMENTS: self.query}, most, **beyond)

    def without(self, *names: str) -> QuerySet:
        """Give the newest rows that all but the named parameters ask for."""
        newest = self.newest(*names)
        return self.queryset.filter(pk__in=dialects.among(newest)) if newest else self.queryset.none()

    def linked(self, name: str, most: int, most_in_series: int) -> Linked:
        return self._linked_from(name, self.newest(name)), True


class ChangeFilter(ListFilterSet):
    """Which changes of position, in the actors' own voice."""

    actor = actors_of("actor")
    topic = topics_of("topic")
    subtopics = with_subtopics()
    source = sources_of("opening__source")
    speaker = actors_of("opening__speaker", "Speaker")
    kind = ChangeKindFilter(field_name="kind", lookup_expr="in", choices=list(ChangeKind.choices), label="Kind")
    after = from_day("since")
    before = to_day("since")
    order = by_date()


class FeedForm(ParametersForm):
    beside = frozenset()


class FeedFilter(ChangeFilter):
    """Which changes a feed tells: the same, on one page, always the newest first."""

    order = None  # type: ignore[assignment]

    class Meta:
        form = FeedForm


class DifferFilter(ListFilterSet):
    """Which stances that differ from a colleague's."""

    actor = actors_of("actor")
    topic = topics_of("topic")
    subtopics = with_subtopics()
    source = sources_of("source")
    speaker = actors_of("speaker", "Speaker")
    after = from_day("stated_on")
    before = to_day("stated_on")
    order = by_date()


class PositionForm(ParametersForm):
    def clean(self):
        cleaned = super().clean()
        since, on = cleaned.get("since"), cleaned.get("on")
        if since and on and since > on:
            self._refuse("since", f"{shown(str(since))} lies after the day looked at, {on}: give an earlier day.")
        return cleaned


class PositionFilter(ListFilterSet):
    """Which positions: those held on a day, or all intervals; with `since` those that were taken after that day."""

    class Meta:
        form = PositionForm

    actor = actors_of("actor")
    topic = topics_of("topic")
    subtopics = with_subtopics()
    source = sources_of("opening__source")
    speaker = actors_of("opening__speaker", "Speaker")
    position = positions_of("value")
    terms = many("terms", Terms.choices, "Terms")
    voice = OneFilter(field_name="voice", lookup_expr="exact", choices=list(Voice.choices), label="Voice")
    on = HeldOnFilter(field_name="since", lookup_expr="lte", label="On")
    since = AfterFilter(field_name="since", lookup_expr="gt", label="Taken after")
    order = by_date()


class ActorFilter(ThroughStances):
    """Which actors."""

    link = "actor"
    through = ("topic", "source", "speaker")

    q = in_words()
    actor = actors_of("pk")
    topic = topics_of("topic")
    subtopics = with_subtopics()
    source = sources_of("source")
    speaker = actors_of("speaker", "Speaker")
    kind = many("kind", ActorKind.choices, "Kind")


class TopicFilter(ThroughStances):
    """Which topics."""

    link = "topic"
    through = ("actor", "source", "speaker")

    q = in_words()
    actor = actors_of("actor")
    topic = topics_of("pk")
    subtopics = with_subtopics()
    source = sources_of("source")
    speaker = actors_of("speaker", "Speaker")


class SourceFilter(ThroughStances):
    """Which sources."""

    link = "source"
    through = ("actor", "topic", "speaker")

    q = in_words()
    actor = actors_of("actor")
    topic = topics_of("topic")
    subtopics = with_subtopics()
    source = sources_of("pk")
    speaker = actors_of("speaker", "Speaker")
    after = from_day("published_on")
    before = to_day("published_on")
    order = by_date()
