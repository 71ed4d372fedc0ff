"""The news: positions of governments first recorded, changed or confirmed by own words, statement by statement."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery

from stances.asof import DECIDING
from stances.facets import MOST_COUNTED
from stances.models import Actor, Position, Stance, Statement, Topic
from stances.models.positions import PositionQuerySet
from stances.models.statements import StanceQuerySet
from stances.tree import TopicTree
from stances.vocabulary import ActorKind, ChangeKind, Voice
from stances.wording import counted, first_up, period
from stances.written import Together, Written

MOST_STANCES = 2000  # up to so many are counted exactly
NAMED = ("statement", "actor", "statement__key", "actor__name")  # what makes an item, and what orders those of a day
LOOKED_AT = 20  # so many stances are looked at for each item wanted


class Line(NamedTuple):
    """What a statement did to one position: opened it, in place of one `before` or as the first; or confirmed it."""

    topic: Topic
    value: int
    terms: str
    kind: str
    before: tuple[int, str] | None
    colleagues_differ: bool


@dataclass(frozen=True)
class Item:
    """What one statement did to the positions of one government."""

    statement: Statement
    actor: Actor
    lines: list[Line]
    speaker: str
    publisher: str | None
    same_statement: bool = False


@dataclass(frozen=True)
class Coverage:
    """How much was said, by how many, found in what, and what it changed."""

    statements: int
    actors: int
    sources: int
    first_on: dt.date | None
    last_on: dt.date | None
    changes: int = 0
    reversals: int = 0
    many: bool = False  # more was said than is counted: statements and sources are at least so many

    @property
    def said_by(self) -> str:
        """Say how many have spoken: "seven governments have", "one government has"."""
        if not self.actors:
            return "governments have"
        return f"{counted(self.actors, 'government')} {'has' if self.actors == 1 else 'have'}"

    @property
    def statements_words(self) -> str:
        return at_least(self.statements, "statement") if self.many else counted(self.statements, "statement")

    @property
    def words(self) -> str:
        """Say how much is recorded: "15 statements from five sources, published 2 Feb 2024 to 10 Apr 2024"."""
        if not self.statements:
            return "nothing is recorded up to this day"
        days = period(self.first_on, self.last_on)
        if self.many:
            return f"{self.statements_words}, said {days}"
        return f"{self.statements_words} from {counted(self.sources, 'source')}, published {days}"

    @property
    def changes_words(self) -> str:
        return first_up(f"{capped(self.changes, 'change')} of position")

    @property
    def reversals_words(self) -> str:
        return first_up(capped(self.reversals, "reversal"))


def at_least(number: int, noun: str) -> str:
    """Write a number of which only the size is known: "more than 1,900 statements"."""
    return f"more than {(number - 1) // 100 * 100:,} {noun}s"


def capped(number: int, noun: str) -> str:
    """Write a number that was counted no further than the cap."""
    return at_least(number, noun) if number > MOST_COUNTED else counted(number, noun)


def deciding(day: dt.date) -> StanceQuerySet:
    """Take the stances of governments that opened or confirmed an own position up to a day."""
    return own_words(day).filter(actor__kind=ActorKind.GOVERNMENT)


def own_words(day: dt.date) -> StanceQuerySet:
    return Stance.objects.in_series().filter(attribution=Voice.OWN, role__in=DECIDING, stated_on__lte=day)


#: What the page shows of a statement, in the order of the model's fields.
OF_STATEMENT = ("id", "key", "earliest", "latest", "form", "quote", "summary", "language")
TOLD = Written(
    lambda day, statements, actors: (
        own_words(day)
        .filter(statement__in=statements, actor__in=actors)
        .order_by()
        .values_list(
            "actor",
            "topic",
            "colleagues_differ",
            "position",
            "terms",
            "opened__kind",
            "opened__value",
            "opened__terms",
            "opened__previous_value",
            "opened__previous_terms",
            "statement__speaker__name",
            "source__publisher__name",
            *(f"statement__{name}" for name in OF_STATEMENT),
        )
    )
)


class Told(NamedTuple):
    """A stance that decided a position, with all that the news shows of it."""

    actor: int
    line: Line
    speaker: str
    publisher: str | None
    statement: Sequence[Any]


def told(tree: TopicTree, row: Sequence[Any]) -> Told:
    actor, topic, differ, position, terms, kind, *opened, speaker, publisher = row[:12]
    if kind is None:
        line = Line(tree.by_id[topic], position, terms, "confirmed", None, differ)
    else:
        value, its_terms, *before = opened
        line = Line(tree.by_id[topic], value, its_terms, kind, None if before[0] is None else tuple(before), differ)
    return Told(actor, line, speaker, publisher, row[12:])


def latest(tree: TopicTree, parts: Sequence[tuple[list[Topic], int]], day: dt.date) -> list[list[Item]]:
    """Give of each part of the topics so many of the newest items up to a day, newest first.

    The parts have no topic in common. A query, and three at most for each part.
    """
    part_of = {topic.pk: part for part, (topics, _) in enumerate(parts) for topic in topics}
    pairs = [newest_pairs({topic.pk for topic in topics}, day, number) for topics, number in parts]
    statements, actors = ({pair[place] for newest in pairs for pair in newest} for place in (0, 1))
    grouped = defaultdict(list)
    for row in TOLD.rows(day=day, statements=statements, actors=actors):
        it = told(tree, row)
        grouped[part_of.get(it.line.topic.pk), it.statement[0], it.actor].append(it)
    governments = tree.governments.by_id
    items_of: list[list[Item]] = []
    for part, newest in enumerate(pairs):
        items, before = [], None
        for pair in newest:
            ordered = sorted(grouped[part, *pair], key=lambda it: tree.places[it.line.topic.pk])
            if not ordered or pair[1] not in governments:
                continue  # written since the rest was read
            first = ordered[0]
            items.append(
                Item(
                    Statement.from_db(None, OF_STATEMENT, first.statement),
                    governments[first.actor],
                    [it.line for it in ordered],
                    first.speaker,
                    first.publisher,
                    same_statement=pair[0] == before,
                )
            )
            before = pair[0]
        items_of.append(items)
    return items_of


@cache
def newest(number: int) -> Written:
    """Ask for so many of the newest words on any topic."""
    rows = ("stated_on", "topic", *NAMED)
    return Written(lambda day: deciding(day).order_by("-stated_on", "-pk").values_list(*rows)[:number])


@cache
def newest_since(number: int) -> Written:
    """Ask for so many of the newest pairs of a statement and a government from a day on."""

    def make(topics: Any, first: Any, day: Any) -> QuerySet:
        recent = deciding(day).filter(topic__in=topics, stated_on__gte=first)
        named = recent.values_list(*NAMED, "stated_on").distinct()
        return named.order_by("-stated_on", "-statement__key", "actor__name", "actor")[:number]

    return Written(make)


@cache
def days_back(number: int) -> Written:
    """Ask for the day of each topic's word of this number from the newest."""

    def make(topics: Any, day: Any) -> QuerySet:
        newest = deciding(day).filter(topic=OuterRef("pk")).order_by("-stated_on", "-pk")
        last = Subquery(newest.values("stated_on")[number - 1 : number])
        return Topic.objects.filter(pk__in=topics).annotate(last=last).order_by().values_list("last")

    return Written(make)


def newest_pairs(topics: set[int], day: dt.date, number: int) -> list[tuple[int, int]]:
    """Name the newest statements on some topics, each with the government whose position it decided.

    Of many topics the newest words on any are looked at first: mostly these are enough.
    """
    if len(topics) > number * LOOKED_AT:
        rows = newest(number * LOOKED_AT + 1).rows(day=day)
        # The last day may go on past what was looked at.
        known = rows if len(rows) <= number * LOOKED_AT else [row for row in rows if row[0] > rows[-1][0]]
        found = {(stated_on, *named) for stated_on, topic, *named in known if topic in topics}
        if len(found) >= number or known is rows:
            # By the day, the newest first, then by the key of the statement backwards, then by name.
            ordered = sorted(found, key=lambda it: (it[2], it[4]))
            ordered.sort(key=lambda it: (it[0], it[3]), reverse=True)
            return [(statement, actor) for _, statement, actor, *_ in ordered[:number]]
    recent = newest_since(number).rows(topics=topics, first=newest_from(topics, day, number), day=day)
    return [(statement, actor) for statement, actor, *_ in recent]


def newest_from(topics: set[int], day: dt.date, number: int) -> dt.date:
    """Give a day from which on so many statements decided a position, or the first of days where fewer did.

    Each topic is looked up by itself, no further than so many rows: from the day found on there are at most so many on
    each, and those of that day.
    """
    days = days_back(number).rows(topics=topics, day=day)
    return max((last for (last,) in days if last), default=dt.date.min)


OF_GOVERNMENTS = Q(actor__kind=ActorKind.GOVERNMENT)


def said(topics: Any, day: Any) -> StanceQuerySet:
    """Take what governments said on topics up to a day, or others of them."""
    return Stance.objects.public().filter(OF_GOVERNMENTS, topic__in=topics, stated_on__lte=day)


def held(topics: Any, day: Any) -> PositionQuerySet:
    """Take the positions of governments on topics since a day or an earlier one."""
    return Position.objects.filter(OF_GOVERNMENTS, topic__in=topics, since__lte=day).order_by()


def capped_count(make: Callable[[Any, Any], QuerySet]) -> Written:
    """Count rows no further than the cap and one more."""
    return Written(lambda topics, day: make(topics, day).values_list("pk")[: MOST_COUNTED + 1], over="COUNT(*)")


STATEMENTS = Written(
    lambda topics, day: said(topics, day).order_by().values_list("statement")[: MOST_STANCES + 1],
    over="COUNT(*), COUNT(DISTINCT statement)",
)
OF_THEM = Together(
    first=Written(lambda topics, day: held(topics, day).order_by("since").values_list("since")[:1]),
    last=Written(lambda topics, day: said(topics, day).order_by("-stated_on", "-pk").values_list("stated_on")[:1]),
    changes=capped_count(lambda topics, day: held(topics, day).changes()),
    reversals=capped_count(lambda topics, day: held(topics, day).changes().filter(kind=ChangeKind.REVERSAL)),
)


def coverage(topics: Iterable[Topic], day: dt.date, recorded: int) -> Coverage:
    """Count what is recorded of governments on these topics up to a day, own and reported; `recorded` of so many.

    Exactly up to some thousands of stances, past which more is counted as "more than"; three queries at most.
    """
    asked: dict[str, Any] = {"topics": [topic.pk for topic in topics], "day": day}
    [(stances, statements)] = STATEMENTS.rows(**asked)
    found = OF_THEM.ask(**asked)
    if many := stances > MOST_STANCES:
        days = {"first_on": found["first"], "last_on": found["last"]}
        counts = {"statements": statements, "actors": recorded, "sources": 0, **days}
    else:
        printed = Q(repeat=False) | Q(source__published_on=None) | Q(source__published_on__lte=day)
        counts = (
            said(**asked)
            .order_by()
            .filter(printed)
            .aggregate(
                statements=Count("statement", distinct=True, filter=Q(repeat=False)),
                actors=Count("actor", distinct=True),
                sources=Count("source", distinct=True),
                first_on=Min("source__published_on"),
                last_on=Max("source__published_on"),
            )
        )
    return Coverage(**counts, changes=found["changes"], reversals=found["reversals"], many=many)
