"""How much governments said on a topic and those under it: by time, topic, government, speaker and authority."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import Case, CharField, F, When
from django.db.models.functions import Cast, Substr
from django.urls import reverse

from stances import dialects
from stances.models import Actor, Stance, Topic
from stances.models.statements import StanceQuerySet
from stances.periods import Period, period_of
from stances.quarters import Counted, Quarters, each, quarters
from stances.tree import TopicTree
from stances.vocabulary import ActorKind, Authority, Value, Voice, side

ONE_BY_ONE = 200  # up to so many stances are drawn one by one
OWN = Voice.OWN.value
HIGHEST = int(max(Value))
REPORTED = 10  # a reported position is counted as one so much higher, beyond all own ones
SPEAKERS = 20  # so many are told
NAMED = 40  # an address that asks for the stances counted names up to so many governments


@dataclass(frozen=True)
class Tally:
    """How many stances hold each position, of one topic, government, speaker or authority."""

    label: str
    slug: str
    url: str
    asked: Mapping[str, str]  # what is asked for of the list of its stances
    positions: Mapping[int, int]
    href: str = ""  # of that list: of hundreds that are counted, few are shown

    @property
    def favour(self) -> int:
        return self._of(1)

    @property
    def undecided(self) -> int:
        return self._of(0)

    @property
    def against(self) -> int:
        return self._of(-1)

    @property
    def total(self) -> int:
        return sum(self.positions.values())

    def _of(self, wanted: int) -> int:
        return sum(number for position, number in self.positions.items() if side(position) == wanted)


class Counts:
    """The counts of a topic with those under it as of a day, in a constant number of queries. Repeats never count."""

    def __init__(self, topic: Topic, tree: TopicTree, day: dt.date, by: str) -> None:
        self.topic, self.tree, self.day, self.by = tree.by_id[topic.pk], tree, day, by
        self.subtree = tree.subtree(self.topic)

    @property
    def of_governments(self) -> StanceQuerySet:
        topics = [topic.pk for topic in self.subtree]
        rows = Stance.objects.in_series().filter(topic__in=topics, actor__kind=ActorKind.GOVERNMENT)
        return rows.filter(stated_on__lte=self.day).order_by()

    @property
    def own(self) -> StanceQuerySet:
        return self.of_governments.filter(attribution=Voice.OWN)

    @cached_property
    def _counted(self) -> dict[str, list[tuple]]:
        """Count, in one pass, by topic, actor, speaker, authority and month; each by position, too.

        All of it stands in the index of topics, so that no row is read. Positions that others report are told from own
        ones by a number: each row is grouped five times, and quicker by one column than by two.
        """
        names = ("topic", "actor", "speaker", "authority", "month")
        held = Case(When(attribution=OWN, then=F("position")), default=F("position") + REPORTED)
        rows = self.of_governments.values("topic", "actor", "speaker", "authority", held=held)
        month = Substr(Cast("stated_on", CharField()), 1, 7)
        sql, params = rows.annotate(month=month).query.sql_with_params()
        found = dialects.count_by(sql, params, [(name, "held") for name in names])
        return dict(zip(names, found, strict=True))

    def _own_by(self, name: str) -> dict[Any, dict[int, int]]:
        """Give how many own stances hold each position, by one of what they are counted by."""
        return _positions(row for row in self._counted[name] if row[1] <= HIGHEST)

    @cached_property
    def _own_by_speaker(self) -> dict[int, dict[int, int]]:
        return self._own_by("speaker")

    @cached_property
    def periods(self) -> dict[Period, dict[int, int]]:
        """Give how many own stances hold each position, by stretch of the calendar, in order of time."""
        by_month = self._own_by("month")
        periods = ((period_of(self.by, dt.date.fromisoformat(f"{month}-01")), month) for month in sorted(by_month))
        return _positions((period, *it) for period, month in periods for it in by_month[month].items())

    @property
    def total(self) -> int:
        return sum(number for positions in self.periods.values() for number in positions.values())

    @cached_property
    def quarters(self) -> Quarters | None:
        return self.quarters_to(self.day)

    @property
    def on_paper(self) -> Quarters | None:
        """Give the figure up to the year of the last statement."""
        return self.quarters_to(max((period.first for period in self.periods), default=self.day))

    def quarters_to(self, day: dt.date) -> Quarters | None:
        if self.total <= ONE_BY_ONE:
            return quarters(each(self.own.with_evidence().order_by("stated_on", "pk")), day, self.by)
        counted = [Counted(period.first, *it) for period, found in self.periods.items() for it in found.items()]
        return quarters(counted, day, self.by, self.listed_in)

    def listed(self, **query: Any) -> str:
        """Write the address of the list of the stances counted, narrowed; none where it would name too many."""
        asked = {"topic": self.topic.slug, "attribution": Voice.OWN.value, "before": self.day.isoformat(), **query}
        if "actor" not in asked:
            if len(self._slugs) > NAMED:
                return ""
            asked["actor"] = self._slugs
        return reverse("stance-list", query=asked)

    def linked(self, tallies: Iterable[Tally]) -> list[Tally]:
        """Give tallies with the addresses of their lists."""
        return [replace(it, href=self.listed(**it.asked)) for it in tallies]

    def listed_in(self, period: Period, position: int) -> str:
        last = min(period.last, self.day).isoformat()
        return self.listed(after=period.first.isoformat(), before=last, position=position)

    @cached_property
    def governments(self) -> list[Tally]:
        """List the governments by how much they said in their own words, most first."""
        counted = self._own_by("actor")
        actors = Actor.objects.in_bulk(list(counted))
        found = [
            Tally(
                actors[pk].label,
                actors[pk].slug,
                actors[pk].get_absolute_url(),
                {"actor": actors[pk].slug},
                positions,
            )
            for pk, positions in counted.items()
        ]
        return sorted(found, key=lambda it: (-it.total, it.label.casefold(), it.slug))

    @cached_property
    def _slugs(self) -> list[str]:
        spoken_of = {actor for actor, *_ in self._counted["actor"]}
        return sorted(Actor.objects.filter(pk__in=spoken_of).order_by().values_list("slug", flat=True)[: NAMED + 1])

    @property
    def spoke(self) -> int:
        """Count who spoke in the own voice of governments."""
        return len(self._own_by_speaker)

    @cached_property
    def speakers(self) -> list[Tally]:
        """List the first of those who spoke in the own voice of governments, most first."""
        counted = self._own_by_speaker
        first = sorted(counted, key=lambda pk: (-sum(counted[pk].values()), pk))[:SPEAKERS]
        people = Actor.objects.in_bulk(first)
        found = [
            Tally(
                people[pk].label,
                people[pk].slug,
                people[pk].get_absolute_url(),
                {"speaker": people[pk].slug},
                counted[pk],
            )
            for pk in first
        ]
        return sorted(found, key=lambda it: (-it.total, it.label.casefold(), it.slug))

    @cached_property
    def topics(self) -> list[Tally]:
        """List the topics on which governments spoke in their own words, in the order of the tree."""
        counted = self._own_by("topic")
        return [
            Tally(
                topic.name,
                topic.slug,
                topic.get_absolute_url(),
                {"topic": topic.slug, "subtopics": "0"},
                counted[topic.pk],
            )
            for topic in self.subtree
            if topic.pk in counted
        ]

    @cached_property
    def authorities(self) -> list[Tally]:
        """List with what authority governments' positions were stated, own and reported, highest first."""
        rows = self._counted["authority"]
        counted = _positions(
            ((authority, Voice.OWN), held, number)
            if held <= HIGHEST
            else ((authority, Voice.REPORTED), held - REPORTED, number)
            for authority, held, number in rows
        )
        return [
            Tally(
                f"{authority.label}{', reported' if voice == Voice.REPORTED else ''}",
                f"{authority.value} {voice.value}",
                "",
                {"authority": authority.value, "attribution": voice.value},
                counted[authority, voice],
            )
            for voice in Voice
            for authority in Authority
            if (authority, voice) in counted
        ]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Give each stretch of the calendar in which something was said, with its counts by side and by position."""
        told = self.quarters
        if told is None:
            return []
        return [
            (
                row.period.notation,
                row.period.first,
                row.period.last,
                row.favour,
                row.undecided,
                row.against,
                *(self.periods[row.period].get(value, 0) for value in Value),
            )
            for row in told.quarters
        ]


def _positions(rows: Iterable[tuple[Any, int, int]]) -> dict[Any, dict[int, int]]:
    """Give how many stances of each key hold each position."""
    found: dict[Any, dict[int, int]] = defaultdict(dict)
    for key, position, number in rows:
        found[key][position] = found[key].get(position, 0) + number
    return dict(found)
