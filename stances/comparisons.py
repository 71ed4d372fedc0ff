"""How two actors' positions stood to each other over time. No database here.

A is one actor's own series of positions, B the other's. A position is carried forward from each day on which it was
stated for two years, until another one is recorded, and no further than the sources reach. Let D be the days on which
both are carried forward, a(d) and b(d) their values from -2 to 2 on day d, and side(v) the sign of v:

    same side     = |{d in D: side(a(d)) = side(b(d))}| / |D|
    mean distance = sum over d in D of |a(d) - b(d)| / |D|, from 0 to 4

Two who are both undecided are on the same side. Terms do not enter: "for, later" and "for, in part" have distance 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stances.asof import OLD_YEARS, years_after
from stances.vocabulary import side

ONE_DAY = dt.timedelta(days=1)


class Held(Protocol):
    """A position as it was held, until the day before `until` (None: it stands); `stances.series.Interval` is one."""

    @property
    def since(self) -> dt.date: ...

    @property
    def until(self) -> dt.date | None: ...

    @property
    def value(self) -> int: ...


@dataclass(frozen=True)
class Carried:
    """Days over which a position is carried forward, until the day before `until`."""

    since: dt.date
    until: dt.date
    value: int


@dataclass(frozen=True)
class Overlap:
    """Days on which both held one position each, both ends inclusive."""

    first: dt.date
    last: dt.date
    mine: int
    other: int

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def distance(self) -> int:
        return abs(self.mine - self.other)

    @property
    def kind(self) -> str:
        """Name how they stood: on the `same` side, `opposed`, or `apart`, where one was undecided."""
        if side(self.mine) == side(self.other):
            return "same"
        return "opposed" if side(self.mine) * side(self.other) < 0 else "apart"


@dataclass(frozen=True)
class Agreement:
    """The counts that an agreement rests on, and the figures that follow from them."""

    days: int
    same_days: int
    distance_days: int

    @property
    def share(self) -> float | None:
        """Give the share of the days on the same side; None where no day is shared."""
        return self.same_days / self.days if self.days else None

    @property
    def mean_distance(self) -> float | None:
        return self.distance_days / self.days if self.days else None


@dataclass(frozen=True)
class Move:
    """The first change of position after both had one: by `mine`, by `other`, or by both on one day."""

    day: dt.date
    by_mine: bool
    by_other: bool
    followed_on: dt.date | None = None

    @property
    def days_after(self) -> int | None:
        """Say how many days later the other one changed too."""
        return (self.followed_on - self.day).days if self.followed_on else None


def carried(held: Sequence[Held], stated: Iterable[dt.date]) -> list[Carried]:
    """Cut positions to the days on which they were stated, and two years from each; both come in order of time."""
    found: list[Carried] = []
    place = 0
    for day in stated:
        while place < len(held) - 1 and (until := held[place].until) and until <= day:
            place += 1
        it, end = held[place], years_after(day, OLD_YEARS) + ONE_DAY
        end = min(end, it.until or end)
        if found and found[-1].until >= day and found[-1].value == it.value:
            found[-1] = Carried(found[-1].since, end, it.value)
        else:
            found.append(Carried(day, end, it.value))
    return found


def overlaps(mine: Sequence[Held], other: Sequence[Held], day: dt.date) -> list[Overlap]:
    """Find the days up to and with `day` on which both series have a position; both come in order of time."""
    found = []
    i = j = 0
    while i < len(mine) and j < len(other):
        a, b = mine[i], other[j]
        first = max(a.since, b.since)
        a_last = min(a.until - ONE_DAY, day) if a.until else day
        b_last = min(b.until - ONE_DAY, day) if b.until else day
        last = min(a_last, b_last)
        if first <= last:
            found.append(Overlap(first, last, a.value, b.value))
        if a_last <= b_last:
            i += 1
        else:
            j += 1
    return found


def agreement(found: Iterable[Overlap]) -> Agreement:
    """Count over overlaps: the days, those on the same side, and the sum of the distances."""
    days = same = distance = 0
    for it in found:
        days += it.days
        same += it.days if it.kind == "same" else 0
        distance += it.days * it.distance
    return Agreement(days, same, distance)


def within(found: Iterable[Overlap], first: dt.date, last: dt.date) -> list[Overlap]:
    """Cut overlaps to the days from `first` to `last`, both inclusive."""
    return [
        Overlap(max(it.first, first), min(it.last, last), it.mine, it.other)
        for it in found
        if max(it.first, first) <= min(it.last, last)
    ]


def by_year(found: Sequence[Overlap]) -> dict[int, Agreement]:
    """Give the agreement of each year in which there are days to count."""
    years: dict[int, list[Overlap]] = {}
    for it in found:
        for year in range(it.first.year, it.last.year + 1):
            years.setdefault(year, []).extend(within([it], dt.date(year, 1, 1), dt.date(year, 12, 31)))
    return {year: agreement(parts) for year, parts in sorted(years.items())}


def first_move(mine: Sequence[Held], other: Sequence[Held], day: dt.date) -> Move | None:
    """Find who changed first after both had a position, up to `day`; None where neither did.

    A change is any new own position: a reversal, a shift or other terms.
    """
    if not mine or not other:
        return None
    both = max(mine[0].since, other[0].since)
    a = next((it.since for it in mine[1:] if both < it.since <= day), None)
    b = next((it.since for it in other[1:] if both < it.since <= day), None)
    days = [it for it in (a, b) if it]
    if not days:
        return None
    earliest, latest = min(days), max(days)
    return Move(earliest, a == earliest, b == earliest, latest if len(days) == 2 and latest > earliest else None)
