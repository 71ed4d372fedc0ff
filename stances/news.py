"""The news: positions of governments first recorded, changed or confirmed by own words, statement by statement."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q

from stances.asof import DECIDING, source_of
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.models.statements import StanceQuerySet
from stances.tree import TopicTree
from stances.vocabulary import ActorKind, ChangeKind, Voice
from stances.wording import counted, first_up, period


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

    @property
    def said_by(self) -> str:
        """Say how many have spoken: "seven governments have", "one government has"."""
        if not self.actors:
            return "governments have"
        return f"{counted(self.actors, 'government')} {'has' if self.actors == 1 else 'have'}"

    @property
    def statements_words(self) -> str:
        return counted(self.statements, "statement")

    @property
    def words(self) -> str:
        """Say how much is recorded: "15 statements from five sources, published 2 Feb 2024 to 10 Apr 2024"."""
        if not self.statements:
            return "nothing is recorded up to this day"
        said = f"{self.statements_words} from {counted(self.sources, 'source')}"
        return f"{said}, published {period(self.first_on, self.last_on)}"

    @property
    def changes_words(self) -> str:
        return first_up(f"{counted(self.changes, 'change')} of position")

    @property
    def reversals_words(self) -> str:
        return first_up(counted(self.reversals, "reversal"))


def deciding(topics: Iterable[Topic]) -> StanceQuerySet:
    """Take the stances of governments that opened or confirmed an own position on these topics."""
    return Stance.objects.in_series().filter(
        role__in=DECIDING,
        attribution=Voice.OWN,
        actor__kind=ActorKind.GOVERNMENT,
        topic__in=[topic.pk for topic in topics],
    )


def latest(tree: TopicTree, topics: Iterable[Topic], day: dt.date, limit: int) -> list[Item]:
    """Give the newest items up to a day, newest first; three queries."""
    order = ("-stated_on", "-statement__key", "actor__name", "actor")
    stances = deciding(topics).filter(stated_on__lte=day).order_by(*order)
    columns = ("statement", "actor", "stated_on", "statement__key", "actor__name")
    newest = [tuple(pair[:2]) for pair in stances.values_list(*columns).distinct()[:limit]]
    rows = stances.filter(statement__in={pair[0] for pair in newest}, actor__in={pair[1] for pair in newest})
    grouped = defaultdict(list)
    for stance in rows.with_evidence().prefetch_related("opened"):
        grouped[stance.statement_id, stance.actor_id].append(stance)
    places = {topic.pk: place for place, topic in enumerate(tree)}
    items, before = [], None
    for statement, actor in newest:
        ordered = sorted(grouped[statement, actor], key=lambda stance: places[stance.topic_id])
        lines = [Line(stance, next(iter(stance.opened.all()), None)) for stance in ordered]
        items.append(Item(ordered[0].statement, ordered[0].actor, lines, same_statement=statement == before))
        before = statement
    return items


def coverage(topics: Iterable[Topic], day: dt.date) -> Coverage:
    """Count what is recorded of governments on these topics up to a day, own and reported; two queries."""
    of_governments = Q(actor__kind=ActorKind.GOVERNMENT, topic__in=[topic.pk for topic in topics])
    printed = Q(repeat=False) | Q(source__published_on=None) | Q(source__published_on__lte=day)
    said = Stance.objects.public().filter(of_governments, printed, stated_on__lte=day)
    counts = said.aggregate(
        statements=Count("statement", distinct=True, filter=Q(repeat=False)),
        actors=Count("actor", distinct=True),
        sources=Count("source", distinct=True),
        first_on=Min("source__published_on"),
        last_on=Max("source__published_on"),
    )
    changes = Position.objects.changes().filter(of_governments, since__lte=day)
    return Coverage(
        **counts,
        **changes.aggregate(changes=Count("pk"), reversals=Count("pk", filter=Q(kind=ChangeKind.REVERSAL))),
    )
