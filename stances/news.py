"""The news: positions of governments first recorded, changed or confirmed by own words, statement by statement."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Min, OuterRef, Q, Subquery

from stances.asof import DECIDING, source_of
from stances.facets import MOST_COUNTED, capped_counts
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.models.statements import StanceQuerySet
from stances.tree import TopicTree
from stances.vocabulary import ActorKind, ChangeKind, Voice
from stances.wording import counted, first_up, period

MOST_STANCES = 2000  # up to so many are counted exactly
NAMED = ("statement", "actor", "statement__key", "actor__name")  # what makes an item, and what orders those of a day
LOOKED_AT = 20  # so many stances are looked at for each item wanted


@dataclass(frozen=True)
class Line:
    """What a statement did to one position: `position` is the one that it opened, none where it confirmed."""

    stance: Stance
    position: Position | None

    @property
    def kind(self) -> str:
        return self.position.kind if self.position else "confirmed"


@dataclass(frozen=True)
class Item:
    """What one statement did to the positions of one government."""

    statement: Statement
    actor: Actor
    lines: list[Line]
    same_statement: bool = False

    @property
    def source(self) -> Source:
        return source_of(self.lines[0].stance)


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
    of_governments = Stance.objects.in_series().filter(attribution=Voice.OWN, actor__kind=ActorKind.GOVERNMENT)
    return of_governments.filter(role__in=DECIDING, stated_on__lte=day)


def latest(tree: TopicTree, parts: Sequence[tuple[list[Topic], int]], day: dt.date) -> list[list[Item]]:
    """Give of each part of the topics so many of the newest items up to a day, newest first.

    The parts have no topic in common. Two queries, and three at most for each part.
    """
    part_of = {topic.pk: part for part, (topics, _) in enumerate(parts) for topic in topics}
    pairs = [newest_pairs({topic.pk for topic in topics}, day, number) for topics, number in parts]
    statements, actors = ({pair[place] for newest in pairs for pair in newest} for place in (0, 1))
    grouped = defaultdict(list)
    rows = deciding(day).filter(statement__in=statements, actor__in=actors)
    told = rows.select_related("actor", "statement__speaker", "source__publisher").defer("source__text")
    for stance in told.order_by().prefetch_related("opened"):
        stance.topic = tree.by_id[stance.topic_id]
        grouped[part_of.get(stance.topic_id), stance.statement_id, stance.actor_id].append(stance)
    places = {topic.pk: place for place, topic in enumerate(tree)}
    items_of: list[list[Item]] = []
    for part, newest in enumerate(pairs):
        items, before = [], None
        for statement, actor in newest:
            ordered = sorted(grouped[part, statement, actor], key=lambda stance: places[stance.topic_id])
            lines = [Line(stance, next(iter(stance.opened.all()), None)) for stance in ordered]
            items.append(Item(ordered[0].statement, ordered[0].actor, lines, same_statement=statement == before))
            before = statement
        items_of.append(items)
    return items_of


def newest_pairs(topics: set[int], day: dt.date, number: int) -> list[tuple[int, int]]:
    """Name the newest statements on some topics, each with the government whose position it decided.

    Of many topics the newest words on any are looked at first: mostly these are enough.
    """
    newest = deciding(day).order_by("-stated_on", "-pk")
    if len(topics) > number * LOOKED_AT:
        rows = list(newest.values_list("stated_on", "topic", *NAMED)[: number * LOOKED_AT + 1])
        # The last day may go on past what was looked at.
        known = rows if len(rows) <= number * LOOKED_AT else [row for row in rows if row[0] > rows[-1][0]]
        found = {(stated_on, *named) for stated_on, topic, *named in known if topic in topics}
        if len(found) >= number or known is rows:
            # By the day, the newest first, then by the key of the statement backwards, then by name.
            ordered = sorted(found, key=lambda it: (it[2], it[4]))
            ordered.sort(key=lambda it: (it[0], it[3]), reverse=True)
            return [(statement, actor) for _, statement, actor, *_ in ordered[:number]]
    recent = deciding(day).filter(topic__in=topics, stated_on__gte=newest_from(topics, day, number))
    named = recent.values_list(*NAMED, "stated_on").distinct()
    some = named.order_by("-stated_on", "-statement__key", "actor__name", "actor")[:number]
    return [(statement, actor) for statement, actor, *_ in some]


def newest_from(topics: set[int], day: dt.date, number: int) -> dt.date:
    """Give a day from which on so many statements decided a position, or the first of days where fewer did.

    Each topic is looked up by itself, no further than so many rows: from the day found on there are at most so many on
    each, and those of that day.
    """
    newest = deciding(day).filter(topic=OuterRef("pk")).order_by("-stated_on", "-pk")
    last = Subquery(newest.values("stated_on")[number - 1 : number])
    days = Topic.objects.filter(pk__in=topics).annotate(last=last).order_by().values_list("last", flat=True)
    return max((it for it in days if it), default=dt.date.min)


def coverage(topics: Iterable[Topic], day: dt.date, recorded: int) -> Coverage:
    """Count what is recorded of governments on these topics up to a day, own and reported; `recorded` of so many.

    Exactly up to some thousands of stances, past which more is counted as "more than"; four queries at most.
    """
    of_governments = Q(actor__kind=ActorKind.GOVERNMENT, topic__in=[topic.pk for topic in topics])
    printed = Q(repeat=False) | Q(source__published_on=None) | Q(source__published_on__lte=day)
    said = Stance.objects.public().filter(of_governments, stated_on__lte=day).order_by()
    some = said.values("statement")[: MOST_STANCES + 1]
    counts = some.aggregate(n=Count("*"), statements=Count("statement", distinct=True))
    positions = Position.objects.filter(of_governments, since__lte=day)
    if many := counts.pop("n") > MOST_STANCES:
        counts |= {
            "actors": recorded,
            "sources": 0,
            "first_on": positions.order_by("since").values_list("since", flat=True).first(),
            "last_on": said.order_by("-stated_on", "-pk").values_list("stated_on", flat=True).first(),
        }
    else:
        counts = said.filter(printed).aggregate(
            statements=Count("statement", distinct=True, filter=Q(repeat=False)),
            actors=Count("actor", distinct=True),
            sources=Count("source", distinct=True),
            first_on=Min("source__published_on"),
            last_on=Max("source__published_on"),
        )
    changes = positions.changes()
    changed, reversals = capped_counts([changes, changes.filter(kind=ChangeKind.REVERSAL)])
    return Coverage(**counts, changes=changed, reversals=reversals, many=many)
