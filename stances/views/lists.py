"""The lists: stances, changes, positions, actors, topics, sources."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import Count, Max, QuerySet, Window
from django.db.models.functions import RowNumber

from stances import dialects, exports
from stances.asof import condition_said, reporter, stated_date
from stances.dates import PartialDate, today
from stances.facets import Actors, Choices, Topics, Years
from stances.filters import (
    NEWEST,
    OLDEST,
    ActorFilter,
    ChangeFilter,
    DifferFilter,
    PositionFilter,
    SourceFilter,
    StanceFilter,
    TopicFilter,
)
from stances.histories import Offices
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.models.statements import Role
from stances.moves import Move, disagreements, moves, who_differ
from stances.paging import ID, Column, Keyset, Page, TreeInPages
from stances.tallies import capped_counts, counted
from stances.views.filtered import FilteredList
from stances.vocabulary import ActorKind, Authority, Basis, ChangeKind, Form, Terms, Value, Voice
from stances.wording import joined

OWN_FORMS: dict[str, str] = {Form.DIRECT: "own words", Form.INDIRECT: "own, in indirect speech", Form.ACT: "own deed"}


class Opened(NamedTuple):
    """What a row shows of the position that its stance opened."""

    kind: str
    previous_value: int | None
    previous_terms: str


@dataclass(frozen=True)
class StanceRow:
    """A stance in a list, with what it did, and whether the row above shows the same statement."""

    stance: Stance
    position: Opened | None
    office: str
    again: bool

    @property
    def date(self) -> PartialDate:
        return stated_date(self.stance)

    @property
    def reported(self) -> bool:
        return self.stance.attribution == Voice.REPORTED

    @property
    def reporter(self) -> str:
        return reporter(self.stance)

    @property
    def condition_said(self) -> bool:
        return condition_said(self.stance)

    @property
    def how(self) -> str:
        """Say whose words these are, in what form, and how plainly they show the position."""
        whose = "reported" if self.reported else OWN_FORMS[self.stance.statement.form]
        return f"{whose}, {self.stance.get_basis_display()}"

    @property
    def passed_over(self) -> bool:
        return self.stance.role == Role.PASSED_OVER

    @property
    def kind(self) -> str:
        """Name the news: a kind of change, "confirmed", or nothing where it moved no position of the actor's own."""
        if self.reported or self.stance.repeat:
            return ""
        if self.position:
            return self.position.kind
        return "confirmed" if self.stance.role == Role.CONFIRMED else ""


def stance_rows(stances: Iterable[Stance]) -> list[StanceRow]:
    """Prepare stances that were read with their evidence; two queries."""
    stances = list(stances)
    found = Position.objects.filter(opening__in=stances).order_by()
    opened = {pk: Opened(*told) for pk, *told in found.values_list("opening", *Opened._fields)}
    offices = Offices(stance.speaker_id for stance in stances if stance.speaker_id)
    rows: list[StanceRow] = []
    for stance in stances:
        again = bool(rows) and rows[-1].stance.statement_id == stance.statement_id and not stance.repeat
        office = offices.of(stance.statement, among=stance.actor)
        rows.append(StanceRow(stance, opened.get(stance.pk), office, again))
    return rows


class StanceList(FilteredList):
    filterset_class = StanceFilter
    template_name = "stances/stance_list.html"
    name, noun, nouns, heading = "stance-list", "stance", "stances", "Statements"
    columns = exports.LISTED_STANCES
    boxes = ("q", "after", "before", "repeats")
    facets = (
        Actors(),
        Topics(),
        Choices("position", "Position", Value.choices, tiles=True),
        Choices("terms", "Terms, on either side", Terms.choices),
        Years("stated_on"),
        Choices("form", "Form", Form.choices),
        Choices("authority", "Who spoke", Authority.choices),
        Choices("attribution", "Attribution", Voice.choices),
        Choices("basis", "Basis", Basis.choices),
    )

    def queryset(self) -> QuerySet:
        return Stance.objects.public()

    def shown(self) -> QuerySet:
        related = ("actor", "topic", "statement__speaker", "statement__repeats", "source__publisher")
        return Stance.objects.select_related(*related).defer("source__text", "topic__coding_notes", "topic__about")

    def keyset(self) -> Keyset:
        return Keyset((Column("stated_on", dt.date), ID), falling=not self.oldest_first)

    def rows(self, page: Page) -> list:
        return stance_rows(page.rows)

    def context(self, page: Page) -> dict[str, Any]:
        return {**super().context(page), **self.kept("coverage", coverage)}


def coverage() -> dict[str, Any]:
    """Say how many statements there are, from how many sources, published when."""
    sources = Source.objects.public().filter(published_on__isnull=False).values_list("published_on", flat=True)
    statements, read = capped_counts([Statement.objects.published().filter(repeats=None), Source.objects.public()])
    return {
        "statements": counted(statements),
        "sources": counted(read),
        "published_from": sources.order_by("published_on").first(),
        "published_to": sources.order_by("-published_on").first(),
    }


@dataclass(frozen=True)
class ChangeGroup:
    """What one statement changed in the positions of one actor."""

    opening: Stance
    office: str
    moves: list[Move]
    again: bool

    @property
    def has_before(self) -> bool:
        return any(move.before for move in self.moves)

    @property
    def date(self) -> PartialDate:
        return stated_date(self.opening)


#: What changes of a kind are called, one and several.
CALLED = {
    ChangeKind.REVERSAL: ("reversal", "reversals"),
    ChangeKind.SHIFT: ("shift", "shifts"),
    ChangeKind.TERMS: ("change of terms", "changes of terms"),
}
FIRST_CALLED = ("first recorded position", "first recorded positions")


class ChangeList(FilteredList):
    filterset_class = ChangeFilter
    template_name = "stances/change_list.html"
    name, noun, nouns = "change-list", "change", "changes"
    columns = exports.CHANGES
    most_rows = 40
    boxes = ("after", "before")
    facets = (
        Choices("kind", "Kind", ChangeKind.choices, switch=ChangeKind.FIRST),
        Actors(),
        Topics(),
        Years("since"),
    )

    def queryset(self) -> QuerySet:
        return Position.objects.own()

    def complete(self, rows: Any) -> QuerySet:
        return rows.with_before()

    def shown(self) -> QuerySet:
        return super().shown().with_evidence()  # type: ignore[attr-defined]

    def keyset(self) -> Keyset:
        return Keyset((Column("since", dt.date), ID), falling=not self.oldest_first)

    @property
    def kinds(self) -> list[str]:
        return self.sound.value("kind") or []

    def called(self) -> tuple[str, str]:
        """Name the kinds that are shown: "reversals and shifts", "changes and first recorded positions"."""
        asked = [names for kind, names in CALLED.items() if kind in self.kinds]
        names = asked if 0 < len(asked) < len(CALLED) else [(self.noun, self.nouns)]
        if ChangeKind.FIRST in self.kinds:
            names = [*names, FIRST_CALLED]
        one, several = zip(*names, strict=True)
        return joined(one, "or"), joined(several)

    def context(self, page: Page) -> dict[str, Any]:
        with_first = "" if self.kinds else self.url(kind=ChangeKind.FIRST)
        without_first = self.url(kind="") if self.kinds == [ChangeKind.FIRST] else ""
        feed = "" if self.problems else self._address("changes-feed", {"order": ""})
        urls = {"first_url_too": with_first, "first_url_out": without_first, "feed_url": feed}
        shared = super().context(page)
        return {**shared, **urls, "first": next(facet.switch for facet in shared["facets"] if facet.name == "kind")}

    def rows(self, page: Page) -> list:
        offices = Offices(position.opening.speaker_id for position in page.rows)
        groups: list[ChangeGroup] = []
        by_statement = groupby(moves(page.rows), lambda it: (it.position.opening.statement_id, it.position.actor_id))
        for _, of_statement in by_statement:
            found = list(of_statement)
            opening, actor = found[0].position.opening, found[0].position.actor
            office = offices.of(opening.statement, among=actor)
            again = bool(groups) and groups[-1].opening.statement_id == opening.statement_id
            groups.append(ChangeGroup(opening, office, found, again))
        return groups


class DifferList(FilteredList):
    """Colleagues who differ: two speakers of one actor on different sides within 30 days."""

    filterset_class = DifferFilter
    template_name = "stances/differ_list.html"
    name, noun, nouns = "differ-list", "difference between colleagues", "differences between colleagues"
    columns = exports.DIFFERING
    most_rows = 40
    boxes = ("after", "before")
    facets = (Actors(), Topics(), Years("stated_on"))

    def queryset(self) -> QuerySet:
        return who_differ()

    def shown(self) -> QuerySet:
        return who_differ().with_evidence()

    def keyset(self) -> Keyset:
        return Keyset((Column("stated_on", dt.date), ID), falling=not self.oldest_first)

    def rows(self, page: Page) -> list:
        return disagreements(page.rows)


class PositionList(FilteredList):
    filterset_class = PositionFilter
    template_name = "stances/position_list.html"
    name, noun, nouns = "position-list", "position", "positions"
    columns = exports.POSITIONS
    boxes = ("on", "since", "voice")
    facets = (
        Actors(),
        Topics(),
        Choices("position", "Position", Value.choices, tiles=True),
        Choices("terms", "Terms, on either side", Terms.choices),
    )

    @property
    def day(self) -> dt.date | None:
        return self.filters.value("on")

    def queryset(self) -> QuerySet:
        return Position.objects.all()

    @property
    def orders(self) -> list[tuple[str, str, bool]]:
        if not self.day:
            return super().orders
        order = self.filters.value("order")
        return [
            ("by actor", self.url(order=""), not order),
            ("newest first", self.url(order=NEWEST), order == NEWEST),
            ("oldest first", self.url(order=OLDEST), order == OLDEST),
        ]

    def steps(self) -> tuple[dt.date | None, dt.date | None]:
        """Give the last day before the one looked at, and the first after it, on which a position opened."""
        if not self.day:
            return None, None
        days = self.filters.without("on", "since").order_by().values_list("since", flat=True)
        return (
            days.filter(since__lt=self.day).order_by("-since").first(),
            days.filter(since__gt=self.day, since__lte=today()).order_by("since").first(),
        )

    def complete(self, rows: Any) -> QuerySet:
        return rows.with_record_on(self.day) if self.day else rows.with_record()

    def shown(self) -> QuerySet:
        return super().shown().with_evidence()  # type: ignore[attr-defined]

    def keyset(self) -> Keyset:
        if self.day and not self.filters.value("order"):
            return Keyset((Column("actor__name", str), Column("actor_id", int), ID))
        return Keyset((Column("since", dt.date), ID), falling=not self.oldest_first)

    def rows(self, page: Page) -> list:
        return [(actor, list(held)) for actor, held in groupby(page.rows, lambda position: position.actor)]

    def context(self, page: Page) -> dict[str, Any]:
        voices = [("", "Own and reported"), *Voice.choices]
        previous, following = self.steps()
        chosen = self.sound.value("voice") or ""
        return {
            **super().context(page),
            "on": self.day,
            "today_url": self.url(on=today().isoformat()),
            "all_url": self.url(on="", since=""),
            "since": self.filters.value("since"),
            "previous_day": previous and (previous, self.url(on=previous.isoformat(), since="")),
            "next_day": following and (following, self.url(on=following.isoformat(), since="")),
            "voices": [(value, words, value == chosen) for value, words in voices],
        }


#: So many positions are shown beside the actors of a page, as many of each.
POSITIONS_A_PAGE = 250


@dataclass(frozen=True)
class ActorRow:
    """An actor in a list: what it holds today, and how often it is spoken of and speaks."""

    actor: Actor
    held: list[Position]
    more: bool
    described: dict[str, Any]
    spoke: int


class ActorList(FilteredList):
    filterset_class = ActorFilter
    template_name = "stances/actor_list.html"
    name, noun, nouns = "actor-list", "actor", "actors"
    columns = exports.ACTORS
    boxes = ("q",)
    facets = (Choices("kind", "Kind", ActorKind.choices), Topics())

    def queryset(self) -> QuerySet:
        return Actor.objects.public()

    def queryset_of_page(self) -> QuerySet:
        known = self.kept("public actors", lambda: list(self.queryset().order_by().values_list("pk", flat=True)))
        return Actor.objects.filter(pk__in=dialects.among(known))

    def keyset(self) -> Keyset:
        return Keyset((Column("name", str), ID))

    @property
    def only_governments(self) -> bool:
        return self.filters.value("kind") == [ActorKind.GOVERNMENT]

    def called(self) -> tuple[str, str]:
        return ("government", "governments") if self.only_governments else super().called()

    def context(self, page: Page) -> dict[str, Any]:
        return {**super().context(page), "only_governments": self.only_governments}

    def rows(self, page: Page) -> list:
        most = POSITIONS_A_PAGE // max(len(page.rows), 1)
        held = held_by(page.rows, most + 1)
        ids = tuple(actor.pk for actor in page.rows)
        described, spoke = self.kept(("actors", ids), lambda: records_of_actors(ids))
        return [
            ActorRow(
                actor,
                held[actor.pk][:most],
                len(held[actor.pk]) > most,
                described.get(actor.pk, {}),
                spoke.get(actor.pk, {}).get("n", 0),
            )
            for actor in page.rows
        ]


#: The order of what an actor holds: own words come before reported ones.
HELD_IN_ORDER = ("topic__rank", "topic__name", "topic", "voice")
#: So many topics are looked at first for each that is shown beside an actor.
TOPICS_LOOKED_AT = 4


def held_by(actors: list[Actor], most: int) -> dict[int, list[Position]]:
    """Give what each actor holds today on so many topics: its own position, else the one that others report.

    Who has spoken on much holds enough on the first topics; of the others alone all positions are read.
    """
    topics = list(Topic.objects.order_by("rank", "name", "pk").values_list("pk", flat=True))
    first = topics[: TOPICS_LOOKED_AT * most]
    found = list(_held(actors).filter(topic__in=first))
    met = Counter(actor for actor, _ in {(position.actor_id, position.topic_id) for position in found})
    if few := [actor for actor in actors if met[actor.pk] < most] if len(first) < len(topics) else []:
        place = Window(RowNumber(), partition_by="actor", order_by=HELD_IN_ORDER)
        found = [position for position in found if met[position.actor_id] >= most]
        found += _held(few).annotate(place=place).filter(place__lte=2 * most)
    held: dict[int, dict[int, Position]] = defaultdict(dict)
    for position in found:
        held[position.actor_id].setdefault(position.topic_id, position)
    return defaultdict(list, {actor: list(of.values())[:most] for actor, of in held.items()})


def _held(actors: list[Actor]) -> QuerySet:
    positions = Position.objects.on(today()).filter(actor__in=actors)
    return positions.select_related("topic__parent").order_by(*HELD_IN_ORDER)


def records_of_actors(ids: Collection[int]) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
    """Count, by actor, the statements in which it is spoken of, and those that it spoke: all are passed over."""
    said, statements = Stance.objects.in_series().order_by(), Count("statement", distinct=True)
    described = _by("actor", said.filter(actor__in=ids), n=statements, last=Max("stated_on"))
    return described, _by("speaker", said.filter(speaker__in=ids), n=statements)


@dataclass(frozen=True)
class TopicRow:
    """A topic in the tree: how many governments are recorded on each side today, and how much was said."""

    topic: Topic
    level: int
    held: list[tuple[int, int]]
    said: dict[str, Any]


class TopicList(FilteredList):
    filterset_class = TopicFilter
    template_name = "stances/topic_list.html"
    name, noun, nouns = "topic-list", "topic", "topics"
    columns = exports.TOPICS
    boxes = ("q",)
    facets = (Actors(),)

    def queryset(self) -> QuerySet:
        return Topic.objects.all()

    def shown(self) -> QuerySet:
        return Topic.objects.with_tree_fields()

    def keyset(self) -> TreeInPages:
        return TreeInPages()

    def rows(self, page: Page) -> list:
        ids = tuple(topic.pk for topic in page.rows)
        held, said = self.kept(("topics", ids, today()), lambda: records_of_topics(ids))
        return [
            TopicRow(topic, min(topic.tree_depth, 4), held.get(topic.pk, []), said.get(topic.pk, {}))
            for topic in page.rows
        ]


def records_of_topics(
    ids: Collection[int],
) -> tuple[dict[int, list[tuple[int, int]]], dict[int, dict[str, Any]]]:
    """Count, by topic, the governments that hold each position today, and what was said: all are passed over."""
    held: dict[int, list[tuple[int, int]]] = defaultdict(list)
    positions = Position.objects.own().on(today()).filter(topic__in=ids, actor__kind=ActorKind.GOVERNMENT)
    positions = positions.order_by("-value")
    for topic, value, number in positions.values_list("topic", "value").annotate(n=Count("actor", distinct=True)):
        held[topic].append((value, number))
    said = Stance.objects.in_series().filter(topic__in=ids).order_by()
    statements = Count("statement", distinct=True)
    return held, _by("topic", said, n=statements, stances=Count("pk"), last=Max("stated_on"))


@dataclass(frozen=True)
class SourceRow:
    """A source in a list, and how much was coded from it."""

    source: Source
    statements: int
    repeats: int


class SourceList(FilteredList):
    filterset_class = SourceFilter
    template_name = "stances/source_list.html"
    name, noun, nouns = "source-list", "source", "sources"
    columns = exports.SOURCES
    boxes = ("q", "after", "before")
    facets = (Actors(), Topics(), Years("published_on"))

    def queryset(self) -> QuerySet:
        return Source.objects.public()

    def shown(self) -> QuerySet:
        return Source.objects.select_related("publisher", "found_in").defer("text", "found_in__text")

    def keyset(self) -> Keyset:
        return Keyset((Column("published_on", dt.date, nullable=True), ID), falling=not self.oldest_first)

    def rows(self, page: Page) -> list:
        published = Statement.objects.published().filter(source__in=page.rows).order_by()
        coded = _by("source", published, n=Count("pk"), repeats=Count("repeats"))
        return [
            SourceRow(source, *(coded.get(source.pk, {}).get(key, 0) for key in ("n", "repeats")))
            for source in page.rows
        ]


def _by(column: str, rows: QuerySet, **aggregates) -> dict[int, dict[str, Any]]:
    return {row[column]: row for row in rows.values(column).annotate(**aggregates)}
