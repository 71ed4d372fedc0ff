"""Search: topics, actors and sources by their names, and the statements that hold the words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from stances import exports, hits, search
from stances.facets import Actors, Choices, Facet, Topics, Years
from stances.filters import MOST_LOOKED_AT, NEWEST, OLDEST, Problem, SearchFilterSet
from stances.histories import Offices
from stances.models import Actor, Source, Statement, Topic
from stances.near import near_names
from stances.paging import DAMAGED, ID, Column, Keyset, Page
from stances.tallies import MOST_COUNTED, capped_counts, counted
from stances.views.filtered import FilteredList, span
from stances.vocabulary import Authority, Form

SHOWN_IN_GROUP = 5
#: So many actors that are called alike are looked at, those of drafts among them.
MOST_NAMED = 20 * MOST_COUNTED


@dataclass(frozen=True)
class BestFirst:
    """The order of what is found: the newest up to a number, the best of them first."""

    #: Gives the ids of the newest, the best first.
    best: Callable[[], list[int]]

    def ordered(self, rows: QuerySet) -> QuerySet:
        return rows.order_by("-latest", "-id")

    def read(self, cursor: str) -> int:
        if not cursor:
            return 0
        if len(cursor) > 4 or not (cursor.isascii() and cursor.isdigit()) or int(cursor) >= MOST_LOOKED_AT:
            raise ValidationError(DAMAGED)
        return int(cursor)

    def find(self, rows: QuerySet, start: int, size: int) -> Page:
        best = self.best()
        return Page(
            best[start : start + size],
            previous=str(max(start - size, 0)) if start else "",
            next=str(start + size) if start + size < len(best) else "",
        )


@dataclass(frozen=True)
class Group:
    """Rows of one kind that are found by name: the best of them, their number, and the address of the others."""

    nouns: str
    rows: list[Any]
    number: int
    url: str

    @property
    def counted(self) -> str:
        return counted(self.number)

    @property
    def more(self) -> bool:
        return self.number > len(self.rows)


@dataclass(frozen=True)
class Found:
    """A row that was found, its texts with what was found in them marked."""

    row: Any
    marked: dict[str, SafeString] = field(default_factory=dict)
    office: str = ""


def named(groups: Iterable[Group], typed: str, *, sure: bool) -> list[Actor]:
    """Give the actors that go by the very name, alias or code that was typed; else the only one, where that will do."""
    actors = [found.row for group in groups if group.nouns == "actors" for found in group.rows]
    if len(actors) == 1 and not sure:
        return actors
    words = search.parse(typed).words
    return [
        actor
        for actor in actors
        if any(
            words == search.parse(name).words
            for name in (actor.name, actor.short_name, actor.iso, *actor.aliases.splitlines())
        )
    ]


class Search(FilteredList):
    filterset_class = SearchFilterSet
    filters: SearchFilterSet
    template_name = "stances/search.html"
    name, noun, nouns = "search", "statement", "statements"
    columns = exports.STATEMENTS
    most_rows = 25
    boxes = ("after", "before", "repeats")
    facets = (
        Actors(),
        Topics(),
        Years("latest"),
        Choices("form", "Form", Form.choices),
        Choices("authority", "Who spoke", Authority.choices),
    )

    def get(self, request: HttpRequest, format: str = "html") -> HttpResponseBase:
        if format != "html" and not request.GET.get("q", "").strip():
            return exports.refuse([Problem("q", (), "Say what to look for.")], format=format)
        return super().get(request, format)

    def queryset(self) -> QuerySet:
        return Statement.objects.published()

    @property
    def query(self) -> search.Query:
        return self.filters.query

    @property
    def ranks(self) -> bool:
        return not self.filters.value("order")

    def keyset(self) -> Any:
        if self.ranks:
            return BestFirst(lambda: self.remembered("best", self.best))
        return Keyset((Column("latest", dt.date), ID), falling=not self.oldest_first)

    def count(self) -> list[int]:
        return [self.filters.count(), 0]  # without words there is nothing to find

    def page(self, key: Any) -> Page:
        found = self.keyset().find(self.queryset() if self.ranks else self.filters.qs, key, self.size)
        return replace(found, rows=hits.read(found.rows))

    def best(self) -> list[int]:
        return search.ranked(search.STATEMENTS, self.query, self.filters.newest())

    @property
    def orders(self) -> list[tuple[str, str, bool]]:
        order = self.filters.value("order")
        return [
            ("best first", self.url(order=""), not order),
            ("newest first", self.url(order=NEWEST), order == NEWEST),
            ("oldest first", self.url(order=OLDEST), order == OLDEST),
        ]

    def build_facets(self) -> list[Facet]:
        return super().build_facets() if self.query or self.problems else []

    def count_facets(self) -> list[Facet]:
        """Leave out values that would find nothing: of one hit, nearly all."""
        return [
            replace(facet, options=[it for it in facet.options if any(it.counts) or it.chosen or facet.links])
            for facet in super().count_facets()
        ]

    def rows(self, page: Page) -> list[Found]:
        marked = search.marks(search.STATEMENTS, self.query, page.rows)
        offices = Offices(hit.speaker.pk for hit in page.rows)
        return [Found(it, marked.get(it.pk, {}), offices.of(it)) for it in page.rows]

    def context(self, page: Page) -> dict[str, Any]:
        context = super().context(page)
        q = self.request.GET.get("q", "").replace("\0", "")
        asked, others = bool(self.query), len(context["chips"]) > 1
        alone = asked and not others and not self.request.GET.get("cursor")
        groups = self.remembered("groups", self.groups) if alone else []
        nothing = asked and not context["matching"]
        whole = context["matching"] <= MOST_LOOKED_AT
        return {
            **context,
            "facets": context["facets"] if others or not nothing else [],
            "title": f"Search: {q}" if q.strip() else "Search",
            "q": q,
            "asked": asked,
            "others": others,
            "groups": groups,
            "named": named(groups, q, sure=not nothing),
            "passed_over": self.query.passed_over,
            "ranks": self.ranks,
            "most": 0 if whole else MOST_LOOKED_AT,
            "span": span(page, context["matching"], ends=whole or not self.ranks),
            "newest_url": self.url(order=NEWEST),
            "words_url": f"{reverse('search')}?{urlencode({'q': q})}",
            "fewer": self.fewer() if nothing else [],
            "near": near_names(self.query) if nothing and not groups else [],
        }

    def groups(self) -> list[Group]:
        """Find topics, actors and sources by the words; those of which there are none are left out."""
        words = self.filters.value("q")
        query = self.query.begun()
        sources = Source.objects.public().search(words).select_related("publisher").defer("text")
        topics = list(Topic.objects.search(words))
        known = Actor.objects.search(words).order_by("pk").values_list("pk", flat=True)[:MOST_NAMED]
        actors = Actor.objects.public_among(set(known))  # of all that are named so, not of the first
        [number] = capped_counts([sources])
        best_actors = search.ranked(search.ACTORS, query, sorted(actors))[:SHOWN_IN_GROUP]
        best_topics = search.ranked(search.TOPICS, query, [topic.pk for topic in topics])[:SHOWN_IN_GROUP]
        by_id = {topic.pk: topic for topic in topics}
        found = Actor.objects.in_bulk(best_actors)
        groups = [
            self.group("topics", search.TOPICS, [by_id[pk] for pk in best_topics], len(topics)),
            self.group("actors", search.ACTORS, [found[pk] for pk in best_actors], len(actors)),
            self.group("sources", search.SOURCES, list(sources[:SHOWN_IN_GROUP]) if number else [], number),
        ]
        return [group for group in groups if group.number]

    def group(self, nouns: str, index: search.Index, rows: Iterable, number: int) -> Group:
        rows = list(rows)
        marked = search.marks(index, self.query.begun(), rows)
        url = f"{reverse(f'{nouns[:-1]}-list')}?{urlencode({'q': self.request.GET['q']})}"
        return Group(nouns, [Found(row, marked.get(row.pk, {})) for row in rows], number, url)

    def fewer(self) -> list[tuple[str, str, str]]:
        """Offer the search without each of its terms, and for each alone, where that finds statements.

        Gives words, their number and the address; those that keep more of the words come first.
        """
        terms = self.query.terms[:6]
        if len(terms) < 2:
            return []
        ways = [" ".join(str(it) for it in terms if it is not term) for term in terms]
        ways = [way for way in dict.fromkeys([*ways, *map(str, terms)]) if search.parse(way)]
        numbers = capped_counts([Statement.objects.published().filter(repeats=None).search(way) for way in ways])
        return [
            (way, counted(number), f"{reverse('search')}?{urlencode({'q': way})}")
            for way, number in zip(ways, numbers, strict=True)
            if number
        ]
