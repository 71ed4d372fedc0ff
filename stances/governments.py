"""The governments in memory, who headed them when, and by which days positions of theirs are recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from stances.dates import PartialDate
from stances.models import Actor, Affiliation, Position
from stances.tallies import Memory
from stances.vocabulary import Authority
from stances.written import Written

#: Of so many topics it is kept which governments have a position.
TOPICS_KEPT = 50


def first_found(actors: Any, topics: Any, day: Any) -> QuerySet:
    """Give of each actor the day of any position on these topics up to a day, or nothing.

    Each actor is looked up by itself: a join would read all positions.
    """
    held = Position.objects.filter(actor=OuterRef("pk"), topic__in=topics, since__lte=day).order_by()
    found = Subquery(held.values("since")[:1])
    return Actor.objects.filter(pk__in=actors).order_by().annotate(found=found).values_list("pk", "found")


FOUND = Written(first_found)


class Recorded:
    """Which governments have a position on some topics by a day: what one day told is not asked again for another."""

    def __init__(self) -> None:
        self.since: dict[int, dt.date] = {}  # a position is recorded by this day
        self.silent: dict[int, dt.date] = {}  # none is, up to this day

    def by(self, day: dt.date, actors: Collection[int], topics: Collection[int]) -> set[int]:
        unknown = [
            pk
            for pk in actors
            if self.since.get(pk, dt.date.max) > day and (pk not in self.silent or self.silent[pk] < day)
        ]
        for pk, found in FOUND.rows(actors=unknown, topics=topics, day=day):
            if found:
                self.since[pk] = found
            else:
                self.silent[pk] = day
        return {pk for pk in actors if self.since.get(pk, dt.date.max) <= day}


class Head(NamedTuple):
    """A head's time in office, read as plain values: the governments of a page have hundreds."""

    actor: int
    name: str
    title: str
    start: dt.date | None
    end: dt.date | None

    PATHS = ("actor", "actor__name", "title", "start", "end")  # type: ignore[misc]


HEADS = Written(
    lambda actors: (
        Affiliation.objects.filter(of__in=actors, authority=Authority.HEAD)
        .order_by("start", "pk")
        .values_list("of", *Head.PATHS)
    )
)


class Heads:
    """Heads of state and government over time: under whom something was said that was said under an earlier one."""

    def __init__(self, actors: Collection[int]) -> None:
        self.of: dict[int, list[Head]] = {}
        for of, *head in HEADS.rows(actors=actors):
            self.of.setdefault(of, []).append(Head(*head))

    def earlier(self, actor: int, stated: PartialDate, day: dt.date) -> Head | None:
        """Find the office of a head that held all days of `stated` and had ended by `day`, the latest begun."""
        on_day, heads = PartialDate(day, day), self.of.get(actor, [])
        now = {it.actor for it in heads if on_day.lies_within(it.start, it.end)}
        held = [it for it in heads if stated.lies_within(it.start, it.end) and it.actor not in now]
        return held[-1] if held else None


class Governments:
    """All governments, by name; whom readers may know of is for who shows them to say.

    What is kept here holds as long as the public data are the same.
    """

    def __init__(self, actors: Iterable[Actor]) -> None:
        named = sorted(actors, key=lambda it: (it.label.casefold(), it.pk))
        self.by_id = {actor.pk: actor for actor in named}
        self._recorded = Memory(TOPICS_KEPT)

    @classmethod
    def load(cls) -> Governments:
        return cls(Actor.objects.governments().order_by())

    @cached_property
    def heads(self) -> Heads:
        return Heads(self.by_id)

    def recorded(self, root: int, topics: Collection[int], day: dt.date) -> set[int]:
        """Tell of which any position is recorded by a day on topics: a root's, and all that stand under it."""
        known = self._recorded.find(root)
        if known is None:
            self._recorded.keep(root, known := Recorded())
        return known.by(day, self.by_id, topics)
