"""The geometry of the figures, for templates to draw as SVG: x and widths in percent, heights and shifts in pixels.

No database and no HTML. Every mark names the statement that it leads to and says in words what it shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from stances.asof import OLD_YEARS, source_of, years_after
from stances.dates import PartialDate
from stances.histories import Event, History
from stances.series import Interval
from stances.vocabulary import CSS, SIGNS, ChangeKind, wording

NOW = 99.3  # where the day looked at stands, in percent: a little room remains for the marks on it
NARROW, WIDE = 308, 608  # pixels of the plot where signs alone, and where words too, are written in the bands
APART, HEADS_APART = 10.5, 13.0  # pixels between the middles of dots, of heads, so that they do not touch
REFERENCE = 560  # pixels of the plot for which marks are set apart
CHAR = 7.0  # pixels of a letter in a band
MARKS = 150  # at most so many statements of a row are drawn, the newest
MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)


def percent(value: float) -> str:
    return f"{value:.2f}%"


def pixels(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True)
class Tick:
    x: str
    label: str


@dataclass(frozen=True)
class Axis:
    """Days from `start` to the day looked at, laid out from 0 to NOW percent."""

    start: dt.date
    end: dt.date

    @classmethod
    def over(cls, histories: Iterable[History], day: dt.date) -> Axis:
        """Begin with the year, or the month where the record is short, of the first mark."""
        days = [event.date.earliest or event.date.latest for history in histories for event in history.events]
        first = min([*days, day])
        if (day - first).days >= 300:
            return cls(first.replace(month=1, day=1), day)
        start = first.replace(day=1)
        if (day - start).days < 28 and start > dt.date.min:
            start = (start - dt.timedelta(days=1)).replace(day=1)
        return cls(start, day)

    def at(self, day: dt.date) -> float:
        span = max((self.end - self.start).days, 1)
        return min(max((day - self.start).days / span, 0), 1) * NOW

    def x(self, day: dt.date) -> str:
        return percent(self.at(day))

    @property
    def now(self) -> str:
        return percent(NOW)

    @property
    def ticks(self) -> list[Tick]:
        months = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1
        step = next((step for step in MONTHS if months / step <= 6), MONTHS[-1])
        first = self.start.year * 12 + self.start.month - 1
        ticks = []
        for month in range(-(-first // step) * step, self.end.year * 12 + self.end.month, step):
            day = dt.date(month // 12, month % 12 + 1, 1)
            near = self.at(day) > NOW - 8
            ticks.append(Tick(self.x(day), "" if near else f"{day.year}" if step >= 12 else f"{day:%b %Y}"))
        return ticks


@dataclass(frozen=True)
class Segment:
    """A stretch of a band: thin where the position was stated more than two years before."""

    x: str
    width: str
    thin: bool


@dataclass(frozen=True)
class Band:
    """A position as it was held: its stretches, and its sign and words where they fit."""

    css: str
    sign: str
    word: str
    x: str
    segments: list[Segment]
    vague: Segment | None
    fits: str  # "": nothing fits; "wide": the sign, in wide figures; "sign": the sign; "word": sign and word


@dataclass(frozen=True)
class Head:
    """The mark of a change above a band: a triangle, filled for a reversal, or a diamond for other terms."""

    shape: str
    reversal: bool
    dx: str
    points: str
    label: str
    label_dx: str


@dataclass(frozen=True)
class Mark:
    """A statement on a row, with the band that it opens and the change that it makes, all one link."""

    href: str
    title: str
    x: str
    dx: str
    approx: bool
    whisker: str
    open_start: bool
    band: Band | None = None
    head: Head | None = None


@dataclass(frozen=True)
class Report:
    """A position as others reported it: a hatched mark, and the lane that it opens."""

    href: str
    title: str
    css: str
    x: str
    dx: str
    whisker: str
    open_start: bool
    lane: Band | None = None
    lane_dx: str = ""


@dataclass(frozen=True)
class Ring:
    href: str
    title: str
    x: str


@dataclass(frozen=True)
class Row:
    """One history on the axis."""

    history: History
    label: str
    void: str
    marks: list[Mark] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    left_out: int = 0

    @property
    def empty(self) -> bool:
        return not (self.marks or self.reports or self.rings)

    @property
    def css(self) -> str:
        return "row-svg empty" if self.empty else "row-svg tall" if self.reports and self.rings else "row-svg"

    @property
    def void_y(self) -> str:
        return "21" if self.empty else "30"

    @property
    def ring_y(self) -> str:
        return "77" if self.reports else "57"


def row(history: History, axis: Axis) -> Row:
    """Lay out one history on an axis that ends on the day looked at."""
    label = f"{history.actor.name} on {history.topic.name}"
    own = [event for event in history.statements if event.date.latest <= axis.end]
    drawn = own[-MARKS:]
    void = axis.x(history.own[0].since) if history.own else axis.now
    shifts = spread([axis.at(event.date.latest) for event in drawn], APART)
    changed = [event for event in drawn if event.before]
    heads = heads_of(changed, [axis.at(event.date.latest) for event in changed])
    marks = []
    for event, shift in zip(drawn, shifts, strict=True):
        opens = event.interval if event.opened else None
        marks.append(
            Mark(
                event.stance.statement.get_absolute_url(),
                title_of(event),
                axis.x(event.date.latest),
                pixels(shift),
                not event.date.is_exact,
                whisker(event.date, axis),
                event.date.earliest is None,
                band(opens, axis, event.date) if opens else None,
                heads.get(event.stance.pk),
            )
        )
    heard = history.reports[-MARKS:]
    asides = spread([axis.at(event.date.latest) for event in heard], APART)
    reports = [
        report(event, axis, shift, clear(place, heard, asides, axis))
        for place, (event, shift) in enumerate(zip(heard, asides, strict=True))
    ]
    rings = [ring(event, axis) for event in history.events if event.repeat][-MARKS:]
    return Row(history, label, void, marks, reports, rings, left_out=len(own) - len(drawn))


def title_of(event: Event) -> str:
    """Say in words what a mark shows: "9 Apr 2024: for, in part, after for, later (terms). Anthony Albanese"."""
    stance = event.stance
    said = f"{event.date.words(short=True)}: {stance.wording}"
    if event.before:
        said += f", after {wording(*event.before)} ({event.kind})"
    elif event.kind == ChangeKind.FIRST:
        said += ", first recorded" if event.own else ""
    elif event.role == "confirmed":
        said += ", confirmed"
    else:
        said += f", passed over: {event.rule}"
    if event.own:
        return f"{said}. {stance.statement.speaker.label}"
    return f"{said}, reported by {event.reporter}"


def band(interval: Interval, axis: Axis, date: PartialDate, *, lead: float = 0) -> Band:
    """Lay out a position from its first day until the next one's, thin where it was not stated for two years.

    `lead` is for a lane, a reported position: the pixels after which its words can stand. A lane is never thin.
    """
    lane = lead > 0
    end = min(interval.until or axis.end, axis.end)
    days = [entry.latest for entry in interval.deciding] + [end]
    segments: list[tuple[dt.date, dt.date, bool]] = []
    for stated, following in pairwise(days):
        fresh = following if lane else min(following, years_after(stated, OLD_YEARS))
        segments.append((stated, fresh, False))
        if fresh < following:
            segments.append((fresh, following, True))
    joined: list[tuple[dt.date, dt.date, bool]] = []
    for start, stop, thin in segments:
        if joined and joined[-1][2] == thin:
            joined[-1] = (joined[-1][0], stop, thin)
        else:
            joined.append((start, stop, thin))
    word = wording(interval.value, interval.terms) + (", reported" if lane else "")
    room = axis.at(joined[0][1]) - axis.at(joined[0][0])
    vague = None
    if date.earliest and date.earliest < date.latest and not lane:
        vague = Segment(axis.x(date.earliest), percent(axis.at(date.latest) - axis.at(date.earliest)), False)
    return Band(
        CSS[interval.value],
        SIGNS[interval.value],
        word,
        axis.x(interval.since),
        [Segment(axis.x(a), percent(axis.at(b) - axis.at(a)), thin) for a, b, thin in joined],
        vague,
        fitting(room, word, lead=lead or 7),
    )


def fitting(room: float, word: str, *, lead: float) -> str:
    """Tell what can be written in `room` percent of a plot."""
    sign = lead + 18
    if room / 100 * NARROW < sign:
        return "wide" if room / 100 * WIDE >= sign else ""
    return "word" if room / 100 * WIDE >= sign + 8 + CHAR * len(word) else "sign"


def whisker(date: PartialDate, axis: Axis) -> str:
    """Give where the whisker of a date known in part begins, or nothing."""
    return axis.x(date.earliest) if date.earliest and date.earliest < date.latest else ""


def clear(place: int, events: Sequence[Event], shifts: Sequence[float], axis: Axis) -> float:
    """Give the pixels from a report's place after which its lane is free of the hatched marks that stand close by."""
    start = axis.at(events[place].date.latest)
    edge = shifts[place] + 14
    for event, shift in zip(events[place + 1 :], shifts[place + 1 :], strict=True):
        left = (axis.at(event.date.latest) - start) / 100 * REFERENCE + shift
        if left > edge + 4:
            break
        edge = left + 14
    return edge


def report(event: Event, axis: Axis, shift: float, lead: float) -> Report:
    opens = event.interval if event.opened else None
    return Report(
        event.stance.statement.get_absolute_url(),
        title_of(event),
        CSS[event.stance.position],
        axis.x(event.date.latest),
        pixels(shift),
        whisker(event.date, axis),
        event.date.earliest is None,
        band(opens, axis, event.date, lead=lead) if opens else None,
        pixels(lead),
    )


def ring(event: Event, axis: Axis) -> Ring:
    source = source_of(event.stance)
    by = source.publisher.label if source.publisher else source.title
    when = PartialDate(event.printed_on, event.printed_on).words(short=True)
    return Ring(event.stance.statement.get_absolute_url(), f"{when}: printed again. {by}", axis.x(event.printed_on))


def heads_of(changes: Sequence[Event], at: list[float]) -> dict[int, Head]:
    """Draw the changes of a row, set apart; name them beside where there is room to the left."""
    shifts = spread(at, HEADS_APART)
    heads = {}
    before = 0.0
    for place, (event, x, shift) in enumerate(zip(changes, at, shifts, strict=True)):
        touching = place + 1 < len(at) and (at[place + 1] - x) / 100 * REFERENCE < HEADS_APART
        lone = not touching and (x - before) / 100 * WIDE > 70
        before = x
        up = event.stance.position > (event.before or (0, ""))[0]
        same_side = event.kind == ChangeKind.TERMS
        points = " ".join(f"{pixels(shift + dx)},{8 + dy}" for dx, dy in ((0, -4.5), (4.5, 0), (0, 4.5), (-4.5, 0)))
        heads[event.stance.pk] = Head(
            "terms" if same_side else "up" if up else "down",
            event.kind == ChangeKind.REVERSAL,
            pixels(shift),
            points,
            event.kind if lone else "",
            pixels(shift - 10),
        )
    return heads


def spread(at: Sequence[float], apart: float) -> list[float]:
    """Give the shifts in pixels by which marks at these percentages, in order, come to stand `apart` from each other.

    The least shifts, by squares: the pool of adjacent violators, of the places less their rank's share (Barlow and
    others 1972, Statistical Inference under Order Restrictions).
    """
    wanted = [x / 100 * REFERENCE for x in at]
    pools: list[tuple[float, int]] = []
    for rank, place in enumerate(wanted):
        pools.append((place - rank * apart, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (mean, count), (earlier, before) = pools.pop(), pools.pop()
            pools.append(((earlier * before + mean * count) / (before + count), before + count))
    placed = [mean for mean, count in pools for _ in range(count)]
    return [place + rank * apart - want for rank, (place, want) in enumerate(zip(placed, wanted, strict=True))]
