"""The figures of counts: who spoke when, and how much: for and against on two sides of a line, undecided astride it.

Where the statements of a month, quarter or year are few each is a block of its own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stances.asof import stated_date
from stances.charts import Tick, percent
from stances.models import Stance
from stances.periods import MONTH, QUARTER, YEAR, Period, period_of
from stances.vocabulary import CSS, SIGNS, Value, side

PITCH, BLOCK, GAP = 19, 17, 10
TOP = 26
PARTS = {MONTH: 12, QUARTER: 4, YEAR: 1}  # of a year
COLUMNS = 40  # at most so many are drawn, the newest
YEARS = 14  # more years than this are not all named
STACK = 14  # a higher stack than this is drawn as one block for each position, with its number
STEP, NARROW_STEP = 2.6, 9.0  # percent of a wide and of a narrow figure that the name of a month or quarter needs
WRITTEN, NUMBERED = 12.0, 3.4  # pixels of height, percent of width that the sign, and its number too, need in a block
LETTER = 6.6  # pixels of a letter in a block
NUMBERED_PART = 9.0  # percent of a bar that sign and number need


@dataclass(frozen=True)
class Block:
    """One stance, or all of a position in a quarter where they are many; `href` is empty for many."""

    href: str
    title: str
    css: str
    sign: str
    x: str
    middle: str
    width: str
    y: float
    height: float
    number: int = 1
    stance: Stance | None = None

    def named(self, room: float) -> str:
        """Write sign and government, by its code where the name has no room in so many pixels; else what fits."""
        actor = self.stance.actor if self.stance else None
        names = [actor.label, actor.iso] if actor else []
        fitting = (f"{self.sign} {name}" for name in names if name and LETTER * (len(name) + 3) <= room)
        return next(fitting, self.words)

    @property
    def words(self) -> str:
        """Write what fits in it: its sign, and its number where it stands for several."""
        if self.height < WRITTEN:
            return ""
        return f"{self.sign} {self.number}" if self.number > 1 and float(self.width[:-1]) >= NUMBERED else self.sign

    @property
    def text_y(self) -> float:
        return self.y + self.height / 2 + 4.5


@dataclass(frozen=True)
class Quarter:
    """A month, quarter or year in which there are statements."""

    period: Period
    favour: int
    undecided: int
    against: int

    @property
    def label(self) -> str:
        return self.period.label

    @property
    def total(self) -> int:
        return self.favour + self.undecided + self.against


@dataclass(frozen=True)
class Year:
    label: str
    x: str
    middle: str


@dataclass(frozen=True)
class Number:
    """How many statements a column has on one side, written at its end."""

    words: str
    x: str
    y: float


@dataclass(frozen=True)
class Quarters:
    """The counts as a figure and as the rows of a table; what has no statement has no row."""

    quarters: list[Quarter]
    blocks: list[Block]
    years: list[Year]
    zero: float
    bottom: float
    signs: bool
    by: str = QUARTER
    close: bool = False  # too close for signs in a narrow figure
    drawn_from: int = 0  # the first year drawn, where not all are
    steps: Sequence[Tick] = ()  # the names of months or quarters
    steps_close: bool = False  # too close for a narrow figure
    numbers: Sequence[Number] = ()

    @property
    def drawn(self) -> list[Quarter]:
        """List those that are in the figure."""
        return [quarter for quarter in self.quarters if quarter.period.first.year >= self.drawn_from]

    @property
    def step_y(self) -> float:
        return self.bottom + 31

    @property
    def tick_y(self) -> float:
        return self.bottom + (47 if self.steps else 31)

    @property
    def side_y(self) -> float:
        return self.bottom + 16

    @property
    def height(self) -> float:
        return self.tick_y + 7

    @property
    def favour(self) -> int:
        return sum(quarter.favour for quarter in self.quarters)

    @property
    def undecided(self) -> int:
        return sum(quarter.undecided for quarter in self.quarters)

    @property
    def against(self) -> int:
        return sum(quarter.against for quarter in self.quarters)


@dataclass(frozen=True)
class Counted:
    """So many own stances with one position on one day; one alone leads to its statement."""

    day: dt.date
    position: int
    number: int
    stance: Stance | None = None


def each(stances: Iterable[Stance]) -> list[Counted]:
    return [Counted(stance.statement.latest, stance.position, 1, stance) for stance in stances]


Link = Callable[[Period, int], str]


def quarters(counted: Iterable[Counted], day: dt.date, by: str = QUARTER, link: Link | None = None) -> Quarters | None:
    """Stack own stances by month, quarter or year of their latest day, up to a day's year; nothing of nothing.

    `link` gives the address of the list of a position's stances in a stretch of the calendar.
    """
    stacks: dict[Period, dict[int, list[Counted]]] = defaultdict(lambda: {1: [], 0: [], -1: []})
    for it in sorted(counted, key=lambda it: (abs(it.position), it.day)):
        stacks[period_of(by, it.day)][side(it.position)].append(it)
    if not stacks:
        return None
    rows = [Quarter(period, *(total(stack[key]) for key in (1, 0, -1))) for period, stack in sorted(stacks.items())]
    parts, last = PARTS[by], max(rows[-1].period.first.year, day.year)
    first = max(rows[0].period.first.year, last - COLUMNS // parts + 1)
    drawn = {period: stack for period, stack in sorted(stacks.items()) if period.first.year >= first}
    scale = Scale.of(drawn.values())
    column = 100 / (parts * (last - first + 1))
    blocks, numbers = [], []
    for period, stack in drawn.items():
        x = (parts * (period.first.year - first) + (period.first.month - 1) * parts // 12) * column
        where = percent(x + column * 0.1), percent(x + column / 2), percent(column * 0.8)
        blocks += [it for key, found in stack.items() for it in scale.blocks(key, found, period, where, link)]
        numbers += [
            Number(str(total(stack[key])), where[1], scale.end(key, total(stack[key])))
            for key in (1, -1)
            if stack[key] and column >= STEP
        ]
    step = next((step for step in (1, 2, 5, 10, 20) if (last - first) / step < YEARS), 50)
    years = [
        Year(
            str(year), percent(parts * (year - first) * column), percent((parts * (year - first) + parts / 2) * column)
        )
        for year in range(first, last + 1)
        if year % step == 0 or step == 1
    ]
    cut = first if first > rows[0].period.first.year else 0
    steps, each_step = steps_of(by, first, last, column)
    return Quarters(
        rows,
        blocks,
        years,
        scale.zero,
        scale.bottom,
        column * 0.8 > 1.3,
        by,
        column * 0.8 <= 2.4,
        cut,
        steps,
        each_step < NARROW_STEP,
        numbers,
    )


def steps_of(by: str, first: int, last: int, column: float) -> tuple[list[Tick], float]:
    """Name the months or quarters of the years, or every second one, with the percent that each name has."""
    names = {MONTH: [f"{dt.date(1, month, 1):%b}" for month in range(1, 13)], QUARTER: ["Q1", "Q2", "Q3", "Q4"]}
    if by not in names:
        return [], 0.0
    step = 1 if column >= STEP else 2
    ticks = [
        Tick(percent(((year - first) * PARTS[by] + place + 0.5) * column), names[by][place])
        for year in range(first, last + 1)
        for place in range(0, PARTS[by], step)
    ]
    return ticks, step * column


@dataclass(frozen=True)
class Part:
    """The statements of one position in a bar, from `x` on, in percent of the widest."""

    css: str
    words: str
    x: str
    middle: str
    width: str


def diverging(tallies: Sequence[Mapping[int, int]]) -> tuple[str, list[list[Part]]]:
    """Lay out numbers by position as bars on one scale, about one line; give the line, and the parts of each bar.

    Against lies to the left of the line, the firmest farthest from it, for to the right, undecided astride it.
    """

    def reach(positions: Mapping[int, int], way: int) -> float:
        return sum(number / (1 if position else 2) for position, number in positions.items() if position * way >= 0)

    left = max((reach(positions, -1) for positions in tallies), default=0)
    right = max((reach(positions, 1) for positions in tallies), default=0)
    scale = 100 / ((left + right) or 1)
    bars = []
    for positions in tallies:
        x, parts = (left - reach(positions, -1)) * scale, []
        for position, number in sorted(positions.items()):
            width = number * scale
            words = f"{SIGNS[position]} {number}" if width >= NUMBERED_PART else ""
            parts.append(Part(CSS[position], words, percent(x), percent(x + width / 2), percent(width)))
            x += width
        bars.append(parts)
    return percent(left * scale), bars


def total(counted: Iterable[Counted]) -> int:
    return sum(it.number for it in counted)


@dataclass(frozen=True)
class Scale:
    """The heights of the figure: a stance's `pitch`, and the line from which the stacks rise and hang."""

    many: bool
    pitch: float
    reach: float
    zero: float
    bottom: float

    @classmethod
    def of(cls, stacks: Iterable[dict[int, list[Counted]]]) -> Scale:
        tallest = dict.fromkeys((1, 0, -1), 0)
        many = False
        for stack in stacks:
            for key, found in stack.items():
                tallest[key] = max(tallest[key], total(found))
                many |= any(it.stance is None for it in found)
        many |= max(tallest.values()) > STACK
        pitch = PITCH * STACK / max(tallest.values()) if many else PITCH
        reach = max(tallest[0] * pitch / 2, GAP)
        zero = TOP + tallest[1] * pitch + reach
        return cls(many, pitch, reach, round(zero, 1), round(zero + reach + tallest[-1] * pitch + 8, 1))

    def end(self, key: int, number: int) -> float:
        """Give where the number of a side of a column stands, beyond its last block."""
        reach = self.reach + number * self.pitch
        return round(self.zero - reach - 4 if key > 0 else self.zero + reach + 12, 1)

    def blocks(
        self, key: int, found: list[Counted], period: Period, where: tuple[str, str, str], link: Link | None
    ) -> Iterator[Block]:
        """Lay out one side of a quarter, from the line outward; many stances of a position make one block."""
        if self.many:
            pieces = [
                Counted(same[0].day, position, total(same))
                for position in sorted({it.position for it in found}, key=abs)
                if (same := [it for it in found if it.position == position])
            ]
        else:
            pieces = found
        gap = 0 if self.many else self.pitch - BLOCK
        outward = 0.0 if key else -total(found) * self.pitch / 2
        for it in pieces:
            height = it.number * self.pitch - gap
            if key > 0:
                y = self.zero - self.reach - outward - height
            else:
                y = self.zero + outward + (self.reach if key else gap / 2)
            outward += it.number * self.pitch
            yield block(it, period, where, round(y, 1), round(height, 1), link)


def block(
    it: Counted, period: Period, where: tuple[str, str, str], y: float, height: float, link: Link | None
) -> Block:
    if it.stance is None:
        title = f"{period.label}: {it.number} {Value(it.position).label}"
        href = link(period, it.position) if link else ""
    else:
        stance = it.stance
        when = stated_date(stance).words(short=True)
        title = f"{stance.actor.name}, {stance.topic.name}, {when}: {stance.wording}"
        href = stance.statement.get_absolute_url()
    x, middle, width = where
    return Block(href, title, CSS[it.position], SIGNS[it.position], x, middle, width, y, height, it.number, it.stance)
