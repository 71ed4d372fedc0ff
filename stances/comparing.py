"""The comparison of a few actors on a topic: their histories on one axis, and how each two stood to each other."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, groupby

from django.db.models import Count, Q

from stances.asof import DECIDING, board
from stances.charts import Axis, Row, Stretch, Strip, percent, row, signs_of
from stances.comparisons import (
    ONE_DAY,
    Agreement,
    Move,
    Overlap,
    agreement,
    by_year,
    carried,
    first_move,
    overlaps,
    within,
)
from stances.histories import History, read, span
from stances.models import Actor, Position, Stance, Topic
from stances.overviews import add_overviews
from stances.periods import period_of
from stances.tree import TopicTree
from stances.vocabulary import Voice
from stances.wording import counted, day_words, joined

READ = 72  # so many statements are drawn one by one or combined, the newest of each
STRETCHES = 40  # more stretches of a pair than this are drawn by the axis's stretches of the calendar
#: A share of days is told where each has so many own statements; fewer could make any share, and are told in words.
ENOUGH = 3
TOPICS_OFFERED = 12  # so many other topics are named where there is nothing to compare
TURNS = 3  # so many stretches of one kind are named one after the other
KINDS = {"same": "on the same side", "apart": "one undecided", "opposed": "on opposite sides"}


@dataclass(frozen=True)
class Pair:
    """Two of the actors, and the days on which both have an own position carried forward."""

    mine: History
    other: History
    day: dt.date

    @property
    def label(self) -> str:
        return f"{self.mine.actor.label} and {self.other.actor.label}"

    @property
    def last_day(self) -> dt.date:
        """Give the day on which the comparison ends: the last that the sources of both cover."""
        covered = [it.last_source_on for it in (self.mine, self.other) if it.last_source_on]
        return min(max(covered, default=self.day), self.day)

    @cached_property
    def overlaps(self) -> list[Overlap]:
        mine, other = (carried(it.held, it.stated_on) for it in (self.mine, self.other))
        return overlaps(mine, other, self.last_day)

    @cached_property
    def both_spoke(self) -> int:
        """Count the days on which both spoke."""
        return len(set(self.mine.stated_on) & set(self.other.stated_on))

    @cached_property
    def whole(self) -> Agreement:
        return agreement(self.overlaps)

    @cached_property
    def by_year(self) -> list[tuple[int, Agreement, tuple[int, int]]]:
        """List the years in which both are carried forward, with how many statements each made in them."""
        mine, other = (Counter(day.year for day, _ in it.said_on) for it in (self.mine, self.other))
        return [(year, found, (mine[year], other[year])) for year, found in by_year(self.overlaps).items()]

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
            return "no day on which both positions are carried forward"
        if move is None:
            return "neither has changed since both have been on record"
        when = day_words(move.day, preposition=True)
        if move.by_mine and move.by_other:
            return f"both {when}"
        name, follower = names if move.by_mine else names[::-1]
        if move.days_after is None:
            return f"{name}, {when}; {follower} has not changed since both have been on record"
        return f"{name}, {when}; {follower} {counted(move.days_after, 'day')} later"

    @property
    def enough(self) -> bool:
        """Tell whether both have statements enough for a share of days to mean something."""
        return min(self.statements) >= ENOUGH

    @property
    def rests_on(self) -> str:
        """Give the counts: "2 and 3 statements; both spoke on one day; both carried forward on 214 days"."""
        mine, other = self.statements
        said = f"{mine:,} and {other:,} statement{'' if mine == other == 1 else 's'}"
        both = f"both spoke on {days_words(self.both_spoke)}"
        return f"{said}; {both}; both carried forward on {days_words(self.whole.days)}"

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
        runs: list[list[Overlap]] = []
        for it in self.overlaps:
            if runs and runs[-1][-1].kind == it.kind and runs[-1][-1].last + ONE_DAY == it.first:
                runs[-1].append(it)
            else:
                runs.append([it])
        if len(runs) > STRETCHES:
            runs = [
                found
                for unit in sorted({period_of(axis.unit, it.first) for it in self.overlaps})
                if (found := within(self.overlaps, unit.first, unit.last))
            ]
        return Strip(self.label, self.words, [stretch(run, axis) for run in runs])


def days_words(days: int) -> str:
    return {0: "no day", 1: "one day"}.get(days, f"{days:,} days")


def stretch(run: Sequence[Overlap], axis: Axis) -> Stretch:
    """Lay out days that follow each other; of several kinds, what held on most of them."""
    days: dict[str, int] = {}
    for it in run:
        days[it.kind] = days.get(it.kind, 0) + it.days
    kind = max(days, key=lambda name: days[name])
    start, end = axis.at(run[0].first), axis.at(run[-1].last + ONE_DAY)
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
            add_overviews(found, self.day)
        return found

    def _add_whole(self, series: Q, histories: list[History]) -> None:
        """Add to histories that were not read whole all positions, and when all was said, for the agreement."""
        by_actor = {told.actor.pk: told for told in histories}
        for position in Position.objects.own().filter(series, since__lte=self.day).order_by("since"):
            by_actor[position.actor_id].positions.append(position)
        said = Stance.objects.in_series().filter(series, attribution=Voice.OWN, stated_on__lte=self.day)
        for actor, day, role in said.order_by("stated_on").values_list("actor", "stated_on", "role"):
            by_actor[actor].own_said_on.append((day, role in DECIDING))

    @cached_property
    def axis(self) -> Axis:
        return Axis.over(self.histories, self.day)

    @cached_property
    def rows(self) -> list[Row]:
        return [row(told, self.axis) for told in self.histories]

    @property
    def signs(self) -> set[str]:
        return signs_of(self.rows)

    @cached_property
    def pairs(self) -> list[Pair]:
        return [Pair(mine, other, self.day) for mine, other in combinations(self.histories, 2)]

    @cached_property
    def strips(self) -> list[Strip]:
        return [pair.strip(self.axis) for pair in self.pairs]

    @property
    def years(self) -> list[tuple[int, list[tuple[Pair, Agreement | None, bool]]]]:
        """List the years, newest first, with the agreement of each pair in them, and whether either spoke."""
        told = [(pair, {year: (found, any(said)) for year, found, said in pair.by_year}) for pair in self.pairs]
        years = sorted({year for _, found in told for year in found}, reverse=True)
        return [(year, [(pair, *found.get(year, (None, False))) for pair, found in told]) for year in years]

    @property
    def question(self) -> str:
        return self.tree.question(self.topic)

    @property
    def lede(self) -> str:
        """Say on how many days both spoke; where there is nothing to compare, who has no position."""
        silent = [told for told in self.histories if not told.own]
        verb = "has" if len(silent) == 1 else "have"
        none = f"{joined([told.actor.label for told in silent])} {verb} no own position on record"
        if silent and len(self.histories) - len(silent) < 2:
            heard = joined([told.actor.label for told in silent if told.reported])
            more = f" (others report one of {heard})" if heard else ""
            return f"{none} on {self.tree.in_sentence(self.topic)}{more}, so there is nothing to compare."
        if len(self.pairs) == 1:
            pair = self.pairs[0]
            spoke, days = days_words(pair.both_spoke), days_words(pair.whole.days)
            stood = f": {pair.stood}" if pair.stood else ""
            return f"The two can be compared on {days}{stood}. Both spoke on {spoke}."
        spoken = Counter(day for told in self.histories for day in set(told.stated_on))
        spoke = f"On {days_words(sum(n > 1 for n in spoken.values()))} two or more of them spoke."
        return f"{spoke} {none}." if silent else spoke

    @cached_property
    def elsewhere(self) -> list[Topic]:
        """List the topics on which all of them have an own position, where there is nothing to compare on this one."""
        if any(pair.whole.days for pair in self.pairs):
            return []
        pks = [actor.pk for actor in self.actors]
        held = Position.objects.own().filter(actor__in=pks, since__lte=self.day).order_by().values("topic")
        shared = held.annotate(n=Count("actor", distinct=True)).filter(n=len(pks)).values_list("topic", flat=True)
        found = set(shared) - {self.topic.pk}
        return [topic for topic in self.tree if topic.pk in found][:TOPICS_OFFERED]

    @property
    def covers(self) -> str:
        return span(self.histories)
