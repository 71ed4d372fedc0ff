"""The comparison of a few actors on a topic: their histories on one axis, and how each two stood to each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, groupby

from django.db.models import Count, Q

from stances.asof import board
from stances.charts import Axis, Row, Stretch, Strip, percent, row
from stances.comparisons import Agreement, Move, Overlap, agreement, by_year, first_move, overlaps, within
from stances.histories import History, covers, read
from stances.models import Actor, Position, Stance, Topic
from stances.periods import period_of
from stances.tree import TopicTree
from stances.vocabulary import Voice
from stances.wording import counted, day_words

READ = 72  # so many statements are drawn one by one or combined, the newest of each
STRETCHES = 40  # more stretches of a pair than this are drawn by the axis's stretches of the calendar
#: A share of days is told where each has so many own statements; fewer could make any share, and are told in words.
ENOUGH = 3
TURNS = 3  # so many stretches of one kind are named one after the other
KINDS = {"same": "on the same side", "apart": "one undecided", "opposed": "on opposite sides"}


@dataclass(frozen=True)
class Pair:
    """Two of the actors, and the days on which both had an own position."""

    mine: History
    other: History
    day: dt.date

    @property
    def label(self) -> str:
        return f"{self.mine.actor.label} and {self.other.actor.label}"

    @cached_property
    def overlaps(self) -> list[Overlap]:
        return overlaps(self.mine.held, self.other.held, self.day)

    @cached_property
    def whole(self) -> Agreement:
        return agreement(self.overlaps)

    @cached_property
    def years(self) -> dict[int, Agreement]:
        return by_year(self.overlaps)

    @property
    def statements(self) -> tuple[int, int]:
        """Count the own statements of each."""
        return self.mine.said, self.other.said

    @cached_property
    def move(self) -> Move | None:
        return first_move(self.mine.held, self.other.held, self.day)

    @property
    def first(self) -> str:
        """Say who moved first: "Australia, on 9 April 2024; Japan 20 days later"."""
        move, names = self.move, (self.mine.actor.label, self.other.actor.label)
        if not self.whole.days:
            return "no day on which both have an own position"
        if move is None:
            return "neither has changed since both have a position"
        when = day_words(move.day, preposition=True)
        if move.by_mine and move.by_other:
            return f"both {when}"
        name, follower = names if move.by_mine else names[::-1]
        if move.days_after is None:
            return f"{name}, {when}; {follower} has not changed since both have a position"
        return f"{name}, {when}; {follower} {counted(move.days_after, 'day')} later"

    @property
    def enough(self) -> bool:
        """Tell whether both have statements enough for a share of days to mean something."""
        return min(self.statements) >= ENOUGH

    @property
    def rests_on(self) -> str:
        """Give the counts: "rests on 2 and 3 statements; both recorded on 214 days"."""
        both = "both recorded on no day" if not self.whole.days else f"both recorded on {days_words(self.whole.days)}"
        mine, other = self.statements
        return f"rests on {mine} and {other} statement{'' if mine == other == 1 else 's'}; {both}"

    @property
    def stood(self) -> str:
        """Say how they stood: a share of days where statements are enough, else what came after what."""
        if self.whole.share is None:
            return ""
        if self.enough:
            return f"same side on {self.whole.share:.0%} of these days"
        kinds = [kind for kind, _ in groupby(it.kind for it in self.overlaps)]
        if len(kinds) > TURNS:
            return f"{KINDS[kinds[-1]]} at the end, after {counted(len(kinds) - 1, 'turn')}"
        return ", then ".join(KINDS[kind] for kind in kinds)

    @property
    def words(self) -> str:
        """Sum it up, the counts first."""
        return f"{self.rests_on}: {self.stood}" if self.stood else self.rests_on

    def strip(self, axis: Axis) -> Strip:
        """Lay out on the axis how the two stood to each other."""
        runs = [list(run) for _, run in groupby(self.overlaps, lambda it: it.kind)]
        if len(runs) > STRETCHES:
            runs = [
                found
                for unit in sorted({period_of(axis.unit, it.first) for it in self.overlaps})
                if (found := within(self.overlaps, unit.first, unit.last))
            ]
        return Strip(self.label, self.words, [stretch(run, axis) for run in runs])


def days_words(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def stretch(run: Sequence[Overlap], axis: Axis) -> Stretch:
    """Lay out days that follow each other; of several kinds, what held on most of them."""
    days: dict[str, int] = {}
    for it in run:
        days[it.kind] = days.get(it.kind, 0) + it.days
    kind = max(days, key=lambda name: days[name])
    start, end = axis.at(run[0].first), axis.at(run[-1].last + dt.timedelta(days=1))
    whole = agreement(run)
    mostly = "" if len(days) == 1 else f" on {days[kind]} of {whole.days} days"
    words = f"{day_words(run[0].first, short=True)} to {day_words(run[-1].last, short=True)}: {KINDS[kind]}{mostly}"
    return Stretch(percent(start), percent(end - start), kind, words)


class Comparison:
    """A few actors on one topic, as of a day, in a constant number of queries."""

    def __init__(self, actors: Sequence[Actor], topic: Topic, tree: TopicTree, day: dt.date) -> None:
        self.actors, self.topic, self.tree, self.day = actors, tree.by_id[topic.pk], tree, day

    @cached_property
    def histories(self) -> list[History]:
        pks = [actor.pk for actor in self.actors]
        series = Q(actor__in=pks, topic=self.topic.pk)
        reading = read(series, self.day, READ // len(pks))
        shown = board(self.tree, self.day, actors=pks, topics=[self.topic])
        found = [reading.history(actor, self.topic, shown.shown(actor.pk, self.topic)) for actor in self.actors]
        if reading.omitted:
            self._add_whole(series, found)
        return found

    def _add_whole(self, series: Q, histories: list[History]) -> None:
        """Add to histories that were not read whole all positions, and how much was said, for the agreement."""
        positions = Position.objects.own().filter(series, since__lte=self.day).order_by("since")
        said = Stance.objects.in_series().filter(series, attribution=Voice.OWN, stated_on__lte=self.day).order_by()
        numbers = dict(said.values_list("actor").annotate(Count("pk")))
        by_actor: dict[int, list[Position]] = {}
        for position in positions:
            by_actor.setdefault(position.actor_id, []).append(position)
        for told in histories:
            told.positions, told.own_said = by_actor.get(told.actor.pk, []), numbers.get(told.actor.pk, 0)

    @cached_property
    def axis(self) -> Axis:
        return Axis.over(self.histories, self.day)

    @cached_property
    def rows(self) -> list[Row]:
        return [row(told, self.axis) for told in self.histories]

    @property
    def combined(self) -> bool:
        return any(drawn.combined for drawn in self.rows)

    @cached_property
    def pairs(self) -> list[Pair]:
        return [Pair(mine, other, self.day) for mine, other in combinations(self.histories, 2)]

    @cached_property
    def strips(self) -> list[Strip]:
        return [pair.strip(self.axis) for pair in self.pairs]

    @property
    def years(self) -> list[tuple[int, list[tuple[Pair, Agreement | None]]]]:
        """List the years, newest first, with the agreement of each pair in them."""
        found = sorted({year for pair in self.pairs for year in pair.years}, reverse=True)
        return [(year, [(pair, pair.years.get(year)) for pair in self.pairs]) for year in found]

    @property
    def covers(self) -> str:
        events = [event.stance for told in self.histories for event in told.events]
        return covers(events) if events else ""
