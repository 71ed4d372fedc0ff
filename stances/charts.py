"""The geometry of the figures, for templates to draw as SVG: x and widths in percent, heights and shifts in pixels.

No database and no HTML. Every mark names the statement that it leads to and says in words what it shows.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby, pairwise

from django.urls import reverse

from stances.asof import OLD_YEARS, source_of, years_after
from stances.dates import PartialDate
from stances.histories import Event, History, Overview
from stances.models import Actor, Position, Topic
from stances.periods import UNITS, Period, period_of
from stances.series import Interval
from stances.vocabulary import CSS, SIGNS, ChangeKind, wording

NOW = 99.3  # where the day looked at stands, in percent: a little room remains for the marks on it
NARROW, WIDE = 308, 608  # pixels of the plot where signs alone, and where words too, are written in the bands
APART, HEADS_APART = 10.5, 13.0  # pixels between the middles of dots, of heads, so that they do not touch
ARROW_APART = 26.0  # pixels that a mark with an arrow to its left needs there
PINNED = 1e6  # the weight of a mark that stays on its day, where others beside it move
NEAR_END = 10  # percent before the end of an axis in which marks are moved to the left
REFERENCE = 560  # pixels of the plot for which marks are set apart
CHAR = 7.0  # pixels of a letter in a band
LABEL_CHAR, LABEL_ASIDE = 6.6, 10.0  # pixels of a letter beside the mark of a change, and between the two
HATCH = 10.0  # pixels of the hatched mark of a report, from its place on
REACH, LEAST_REACH = 12.0, 5.0  # pixels about the middle of a mark that lead to it, if none stands closer
CROWD = 40  # more marks of a row than this are combined
TOO_FAR = 2.5 * APART  # pixels: marks that would be shifted farther to stand apart are combined
COMBINED_NARROW, COMBINED_APART = 10, 16.0  # pixels of a stretch that is one mark, in a narrow and in a usual plot
SLIVER = 0.7  # percent of the plot: narrower bands of one mark are drawn as one, of many positions
MANY = "many"  # the class of such a band
WEEKS = 64  # days of an axis up to which weeks are marked
MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)


def percent(value: float) -> str:
    return f"{value:.2f}%"


def pixels(value: float) -> str:
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")  # no minus before a nought


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
    def over(cls, histories: Sequence[History], day: dt.date) -> Axis:
        """Begin with the year, or the month where the record is short, of the first mark."""
        days = [event.date.earliest or event.date.latest for history in histories for event in history.events]
        days += [told.overview.first for told in histories if told.overview]
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

    @classmethod
    def on_paper(cls, histories: Sequence[History], day: dt.date) -> Axis:
        """End some room after the last mark where the day looked at is more than a year later."""
        whole = cls.over(histories, day)
        last = max((event.shown_on for told in histories for event in told.events), default=day)
        end = last + dt.timedelta(days=max((last - whole.start).days // 3, 60))
        return whole if (day - end).days < 365 else cls.over(histories, end)

    @property
    def now(self) -> str:
        return percent(NOW)

    @property
    def unit(self) -> str:
        """Name the stretch of the calendar whose statements make one mark where they are too many to stand apart."""
        a_day = NOW / 100 * NARROW / max((self.end - self.start).days, 1)
        return next((unit for unit, days in UNITS.items() if days * a_day >= COMBINED_NARROW), list(UNITS)[-1])

    @property
    def ticks(self) -> list[Tick]:
        months = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1
        step = next((step for step in MONTHS if months / step <= 6), MONTHS[-1])
        first = self.start.year * 12 + self.start.month - 1
        ticks = []
        if (self.end - self.start).days <= WEEKS:
            days = (self.start + dt.timedelta(days=n) for n in range((self.end - self.start).days + 1))
            weeks = [day for day in days if day.day in (1, 8, 15, 22)]
            return [Tick(self.x(day), f"{day.day} {day:%b}" if self.at(day) <= NOW - 15 else "") for day in weeks]
        for month in range(-(-first // step) * step, self.end.year * 12 + self.end.month, step):
            day = dt.date(month // 12, month % 12 + 1, 1)
            near = self.at(day) > NOW - (8 if step >= 12 else 15)
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
    label: str = ""
    label_dx: str = ""
    label_left: bool = False


@dataclass(frozen=True)
class Target:
    """Where a mark can be pointed at: from `x` on, `width` wide, in pixels from the mark's place."""

    x: str
    width: str

    @classmethod
    def about(cls, middle: float, left: float, right: float) -> Target:
        return cls(pixels(middle - left), pixels(left + right))


@dataclass(frozen=True)
class Mark:
    """A statement on a row, with the band that it opens and the change that it makes, all one link.

    A combined mark stands for several statements of a stretch of the calendar, and leads to the list of them.
    """

    href: str
    title: str
    x: str
    dx: str
    target: Target
    approx: bool = False
    whisker: str = ""
    open_start: bool = False
    bands: tuple[Band, ...] = ()
    head: Head | None = None
    number: int = 1

    @property
    def band(self) -> Band | None:
        return self.bands[0] if self.bands else None

    @property
    def combined(self) -> str:
        """Write how many it stands for, where they are several."""
        return "" if self.number == 1 else f"{self.number}" if self.number < 1000 else f"{self.number // 1000}k"


@dataclass(frozen=True)
class Report:
    """A position as others reported it: a hatched mark, and the lane that it opens."""

    href: str
    title: str
    css: str
    x: str
    dx: str
    target: Target
    whisker: str = ""
    open_start: bool = False
    lanes: tuple[Band, ...] = ()
    lane_dx: str = ""
    number: int = 1

    @property
    def lane(self) -> Band | None:
        return self.lanes[0] if self.lanes else None


@dataclass(frozen=True)
class Ring:
    """A repeat, or several of a stretch of the calendar."""

    href: str
    title: str
    x: str
    target: Target
    number: int = 1


@dataclass(frozen=True)
class Row:
    """One history on the axis."""

    history: History
    label: str
    void: str
    marks: list[Mark] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)

    @property
    def signs(self) -> set[str]:
        """Name the kinds of marks that it has, for a key."""
        segments = [segment for mark in self.marks for band in mark.bands for segment in band.segments]
        heads = [mark.head for mark in self.marks if mark.head]
        said: list[Mark | Report] = [*self.marks, *self.reports]
        alone = [it for it in said if it.number == 1]
        found = {
            "held": bool(segments),
            "many": any(band.css == MANY for mark in self.marks for band in mark.bands),
            "thin": any(segment.thin for segment in segments),
            "reported": bool(self.reports),
            "statement": any(mark.number == 1 and not mark.approx for mark in self.marks),
            "combined": any(it.number > 1 for it in (*said, *self.rings)),
            "part": any(it.whisker for it in alone),
            "before": any(it.open_start for it in alone),
            "reversal": any(head.reversal for head in heads),
            "shift": any(head.shape != "terms" and not head.reversal for head in heads),
            "terms": any(head.shape == "terms" for head in heads),
            "repeat": bool(self.rings),
            "void": self.void != percent(0),
        }
        return {name for name, occurs in found.items() if occurs}

    @property
    def combined(self) -> bool:
        return "combined" in self.signs

    @property
    def moved(self) -> str:
        """Say what its last change was: "9 Apr 2024: for, later → for, in part"."""
        if not self.history.changes:
            return ""
        change = self.history.changes[-1]
        when = PartialDate(change.opening.earliest, change.opening.latest).words(short=True)
        before = wording(*(change.previous or (0, "")))
        last = "last " if len(self.history.changes) > 1 else ""
        return f"{last}changed {when}: {before} → {wording(change.value, change.terms)}"

    @property
    def labelled(self) -> bool:
        """Tell whether each change is named at its mark."""
        return not self.history.overview and all(mark.head.label for mark in self.marks if mark.head)

    @property
    def empty(self) -> bool:
        return not (self.marks or self.reports or self.rings)

    @property
    def css(self) -> str:
        if self.empty:
            return "row-svg empty"
        return (
            "row-svg tall"
            if self.reports and self.rings
            else "row-svg"
            if self.reports or self.rings
            else "row-svg low"
        )

    @property
    def void_y(self) -> str:
        return "21" if self.empty else "30"

    @property
    def ring_y(self) -> str:
        return "77" if self.reports else "57"


@dataclass(frozen=True)
class Stretch:
    """Days on which two positions stood alike: `same` side, `apart` (one undecided), or `opposed`."""

    x: str
    width: str
    kind: str
    title: str


@dataclass(frozen=True)
class Strip:
    """How two actors' positions stood to each other, on the axis of their histories."""

    label: str
    words: str
    stretches: list[Stretch]


def row(history: History, axis: Axis) -> Row:
    """Lay out one history on an axis that ends on the day looked at; marks too dense to stand apart are combined."""
    label = f"{history.actor.name} on {history.topic.name}"
    if history.overview:
        return whole_row(history, history.overview, label, axis)
    own = groups_of(sorted(history.statements, key=lambda event: beside(event, axis)), axis)
    void = axis.x(history.own[0].since) if history.own else axis.now
    at = [middle(group, axis) for group in own]
    room = apart(own)
    rooms = [max(room, ARROW_APART) if len(it) == 1 and it[0].date.earliest is None else room for it in own]
    shifts = spread(at, rooms, [PINNED if any(event.opened for event in it) else 1.0 for it in own])
    changes = [[event for event in group if event.before] for group in own]
    heads = iter(heads_of([it for it in changes if it], [x for x, it in zip(at, changes, strict=True) if it]))
    marks = [
        mark(group, percent(x), pixels(shift), next(heads) if changed else None, axis, target)
        for group, changed, x, shift, target in zip(own, changes, at, shifts, targets(at, shifts), strict=True)
    ]
    heard = groups_of(history.reports, axis)
    at = [middle(group, axis) for group in heard]
    asides = spread(at, apart(heard))
    heard_at = targets(at, [shift + HATCH / 2 for shift in asides])
    reports = [
        report(group, axis, x, shift, clear(place, at, asides), target)
        for place, (group, x, shift, target) in enumerate(zip(heard, at, asides, heard_at, strict=True))
    ]
    repeats = groups_of([event for event in history.events if event.repeat], axis)
    at = [middle(group, axis) for group in repeats]
    rings = [ring(group, axis, x, it) for group, x, it in zip(repeats, at, targets(at, [0.0] * len(at)), strict=True)]
    return Row(history, label, void, marks, reports, rings)


def whole_row(history: History, whole: Overview, label: str, axis: Axis) -> Row:
    """Lay out a history that is too long to be read: a mark for each stretch of the calendar, and the long bands."""
    at = [axis.at(period.first + (min(period.last, axis.end) - period.first) / 2) for period in sorted(whole.said)]
    bands, marks = long_bands(whole, axis), []
    for x, target, (period, number) in zip(at, targets(at, [0.0] * len(at)), sorted(whole.said.items()), strict=True):
        title = f"{number:,} on record, own, reported or repeated, {period.label}"
        if opened := whole.opened[period]:
            title += f"; {opened:,} new position{'' if opened == 1 else 's'}"
        href = listed_in(history, period, axis)
        marks.append(Mark(href, title, percent(x), "0", target, bands=tuple(bands[period]), number=number))
    first = min((period.first for period in whole.opened), default=None)
    return Row(history, label, axis.x(max(first, whole.first)) if first else axis.now, marks)


def long_bands(whole: Overview, axis: Axis) -> dict[Period, list[Band]]:
    """Lay out the positions held for long by the stretch in which they begin; between them, many short ones."""
    found: dict[Period, list[Band]] = defaultdict(list)
    if not whole.opened:
        return found
    free = max(min(whole.opened).first, whole.first)

    def add_many(start: dt.date, end: dt.date) -> None:
        if start < end:
            room = Segment(axis.x(start), percent(axis.at(end) - axis.at(start)), False)
            found[period_of(whole.unit, start)].append(Band(MANY, "", "many positions", room.x, [room], None, ""))

    for position in whole.held:
        add_many(free, position.since)
        free = min(position.until or axis.end, axis.end)
        found[period_of(whole.unit, position.since)].append(long_band(position, free, axis))
    add_many(free, axis.end)
    return found


def long_band(position: Position, end: dt.date, axis: Axis) -> Band:
    """Lay out a position that is stored, thin from two years after it was last stated."""
    fresh = min(end, years_after(position.last_stated_on, OLD_YEARS))
    parts = [(position.since, fresh, False), (fresh, end, True)]
    segments = [Segment(axis.x(a), percent(axis.at(b) - axis.at(a)), thin) for a, b, thin in parts if a < b]
    word, room = wording(position.value, position.terms), axis.at(fresh) - axis.at(position.since)
    fits = fitting(room, word, lead=7)
    return Band(CSS[position.value], SIGNS[position.value], word, axis.x(position.since), segments, None, fits)


def beside(event: Event, axis: Axis) -> tuple[dt.date, bool]:
    """Order marks by their days; on one day the deciding one comes first, so that the others stand to its right."""
    passed_over = event.role == "passed over"
    return event.shown_on, passed_over == (axis.at(event.shown_on) < NOW - NEAR_END)


def signs_of(rows: Iterable[Row]) -> set[str]:
    """Name the kinds of marks that a figure has."""
    return set().union(*(it.signs for it in rows))


def targets(at: Sequence[float], shifts: Sequence[float]) -> list[Target]:
    """Part the room between marks, so that none lies over another's middle even where the figure is narrow."""
    places = [x / 100 * NARROW + shift for x, shift in zip(at, shifts, strict=True)]
    rooms = [min(max((after - place) / 2, LEAST_REACH), REACH) for place, after in pairwise(places)]
    return [
        Target.about(shift, left, right)
        for shift, left, right in zip(shifts, [REACH, *rooms], [*rooms, REACH], strict=False)
    ]


def groups_of(events: Sequence[Event], axis: Axis) -> list[list[Event]]:
    """Part the events of a row into marks: each its own where they can stand apart, else by the axis's stretches."""
    shifts = spread([axis.at(event.shown_on) for event in events], APART)
    if len(events) <= CROWD and max(map(abs, shifts), default=0) <= TOO_FAR:
        return [[event] for event in events]
    return [list(group) for _, group in groupby(events, lambda event: period_of(axis.unit, event.shown_on))]


def apart(groups: Sequence[Sequence[Event]]) -> float:
    return COMBINED_APART if any(len(group) > 1 for group in groups) else APART


def middle(group: Sequence[Event], axis: Axis) -> float:
    return (axis.at(group[0].shown_on) + axis.at(group[-1].shown_on)) / 2


def mark(group: Sequence[Event], x: str, dx: str, head: Head | None, axis: Axis, target: Target) -> Mark:
    event = group[-1]
    bands = tuple(bands_of(group, axis))
    if len(group) > 1:
        title, number = title_of_many(group, axis), len(group)
        return Mark(listed(group, axis), title, x, dx, target, bands=bands, head=head, number=number)
    return Mark(
        event.stance.statement.get_absolute_url(),
        title_of(event),
        x,
        dx,
        target,
        not event.date.is_exact,
        whisker(event.date, axis),
        event.date.earliest is None,
        bands,
        head,
    )


def bands_of(group: Sequence[Event], axis: Axis) -> list[Band]:
    """Lay out the positions that a mark's statements opened; those too short to be told apart become one band."""
    opened = [(event, event.interval) for event in group if event.opened and event.interval]
    if len(group) == 1:
        return [band(interval, axis, event.date) for event, interval in opened]

    def is_sliver(pair: tuple[Event, Interval]) -> bool:
        return axis.at(pair[1].until or axis.end) - axis.at(pair[1].since) < SLIVER

    bands = []
    for sliver, run in groupby(opened, is_sliver):
        pairs = list(run)
        if sliver and len(pairs) > 1:
            start, end = pairs[0][1].since, pairs[-1][1].until or axis.end
            stretch = Segment(axis.x(start), percent(axis.at(end) - axis.at(start)), False)
            bands.append(Band(MANY, "", f"{len(pairs)} positions", stretch.x, [stretch], None, ""))
        else:
            bands += [band(interval, axis, event.date) for event, interval in pairs]
    return bands


def stretch_of(group: Sequence[Event], axis: Axis) -> Period:
    """Give the stretch of the calendar that a combined mark stands for."""
    return period_of(axis.unit, group[-1].shown_on)


def listed(group: Sequence[Event], axis: Axis) -> str:
    """Give the address of the list of what a combined mark stands for."""
    event, days = group[-1], stretch_of(group, axis)
    first, last = days.first, min(days.last, axis.end)
    if event.repeat:  # they stand where they were printed again; the list knows when they were said
        said = [it.stance.statement.latest for it in group]
        first, last = min(said), max(said)
    query = {"attribution": event.stance.attribution, "repeats": "1" if event.repeat else ""}
    return address_of(event.stance.actor, event.stance.topic, first, last, **query)


def listed_in(history: History, period: Period, axis: Axis) -> str:
    """Give the address of the list of all that is recorded in a stretch of the calendar."""
    return address_of(history.actor, history.topic, period.first, min(period.last, axis.end), repeats="1")


def address_of(actor: Actor, topic: Topic, first: dt.date, last: dt.date, **more: str) -> str:
    narrowed = {name: value for name, value in more.items() if value}
    query = {"actor": actor.slug, "topic": topic.slug, "subtopics": "0", **narrowed}
    return reverse("stance-list", query={**query, "after": f"{first}", "before": f"{last}"})


def title_of_many(group: Sequence[Event], axis: Axis) -> str:
    """Say what a combined mark stands for: "12 statements, Mar 2024 (9 for; 3 undecided), 2 changes, 1 reversal"."""
    event = group[-1]
    noun = "repeats" if event.repeat else "statements" if event.own else "reports"
    said = f"{len(group)} {noun}, {stretch_of(group, axis).label}"
    if event.repeat:
        return said
    held = Counter((it.stance.position, it.stance.terms) for it in group)
    words = "; ".join(f"{held[key]} {wording(*key)}" for key in sorted(held, reverse=True))
    changes = [it for it in group if it.before]
    more = f", {len(changes)} change{'' if len(changes) == 1 else 's'}" if changes and event.own else ""
    reversals = sum(it.kind == ChangeKind.REVERSAL for it in changes)
    if more and reversals:
        more += f", {reversals} reversal{'' if reversals == 1 else 's'}"
    return f"{said} ({words}){more}"


def title_of(event: Event) -> str:
    """Say in words what a mark shows: "9 Apr 2024: for, in part, after for, later (terms). Anthony Albanese"."""
    stance = event.stance
    said = f"{event.date.words(short=True)}: {stance.wording}"
    if event.before and event.own:
        said += f", after {wording(*event.before)} ({event.kind})"
    elif event.opened:
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


def clear(place: int, at: Sequence[float], shifts: Sequence[float]) -> float:
    """Give the pixels from a report's place after which its lane is free of the hatched marks that stand close by."""
    edge = shifts[place] + 14
    for x, shift in zip(at[place + 1 :], shifts[place + 1 :], strict=True):
        left = (x - at[place]) / 100 * REFERENCE + shift
        if left > edge + 4:
            break
        edge = left + 14
    return edge


def report(group: Sequence[Event], axis: Axis, x: float, shift: float, lead: float, target: Target) -> Report:
    event = group[-1]
    opened = [(it.interval, it.date) for it in group if it.opened and it.interval]
    lanes = [band(interval, axis, date, lead=lead) for interval, date in opened]
    if len(group) > 1:  # of many lanes only those that can be seen
        lanes = [lane for lane in lanes if float(lane.segments[0].width[:-1]) >= SLIVER]
    css, place, dx = CSS[event.stance.position], percent(x), pixels(shift)
    if len(group) > 1:
        title = title_of_many(group, axis)
        return Report(
            listed(group, axis),
            title,
            css,
            place,
            dx,
            target,
            lanes=tuple(lanes),
            lane_dx=pixels(lead),
            number=len(group),
        )
    return Report(
        event.stance.statement.get_absolute_url(),
        title_of(event),
        css,
        place,
        dx,
        target,
        whisker(event.date, axis),
        event.date.earliest is None,
        tuple(lanes),
        pixels(lead),
    )


def ring(group: Sequence[Event], axis: Axis, at: float, target: Target) -> Ring:
    event, x = group[-1], percent(at)
    if len(group) > 1:
        return Ring(listed(group, axis), title_of_many(group, axis), x, target, len(group))
    source = source_of(event.stance)
    by = source.publisher.label if source.publisher else source.title
    when = PartialDate(event.printed_on, event.printed_on).words(short=True)
    return Ring(event.stance.statement.get_absolute_url(), f"{when}: printed again. {by}", x, target)


def heads_of(changes: Sequence[Sequence[Event]], at: list[float]) -> list[Head]:
    """Draw the changes of a row, set apart; say beside what each was where there is room, to the left or to the right.

    Several of one mark are drawn as the greatest of them: a reversal before a shift before other terms.
    """
    shifts = spread(at, HEADS_APART)
    heads = []
    free = 0.0  # percent from which nothing is written yet
    greatness = [ChangeKind.REVERSAL, ChangeKind.SHIFT, ChangeKind.TERMS]
    for place, (group, x, shift) in enumerate(zip(changes, at, shifts, strict=True)):
        event = min(group, key=lambda it: greatness.index(ChangeKind(it.kind)))
        before = event.before or (0, "")
        same_side = event.kind == ChangeKind.TERMS
        points = diamond(shift)
        label = f"{wording(*before)} → {event.stance.wording}" if len(group) == 1 else f"{len(group)} changes"
        needed = (LABEL_CHAR * len(label) + LABEL_ASIDE + 4) / WIDE * 100
        following = at[place + 1] - HEADS_APART / WIDE * 100 if place + 1 < len(at) else NOW
        left, right = x - free >= needed, following - x >= needed
        free = x + (needed if right and not left else HEADS_APART / WIDE * 100)
        heads.append(
            Head(
                "terms" if same_side else "up" if event.stance.position > before[0] else "down",
                event.kind == ChangeKind.REVERSAL,
                pixels(shift),
                points,
                label if left or right else "",
                pixels(shift - LABEL_ASIDE if left else shift + LABEL_ASIDE),
                left,
            )
        )
    return heads


def diamond(shift: float) -> str:
    return " ".join(f"{pixels(shift + dx)},{8 + dy}" for dx, dy in ((0, -4.5), (4.5, 0), (0, 4.5), (-4.5, 0)))


def spread(at: Sequence[float], apart: float | Sequence[float], weights: Sequence[float] = ()) -> list[float]:
    """Give the shifts in pixels by which marks at these percentages, in order, come to stand `apart` from each other.

    `apart` is the room to the left of each, or of all. The least shifts, by squares, each of its weight: the pool of
    adjacent violators, of the places less the room before them (Barlow and others 1972, Statistical Inference under
    Order Restrictions).
    """
    rooms = list(apart) if isinstance(apart, Sequence) else [apart] * len(at)
    befores = list(accumulate(rooms[1:], initial=0.0))
    wanted = [x / 100 * REFERENCE for x in at]
    pools: list[tuple[float, float, int]] = []
    for place, before, weight in zip(wanted, befores, weights or [1.0] * len(at), strict=False):
        pools.append((place - before, weight, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (mean, heavy, count), (earlier, heavier, number) = pools.pop(), pools.pop()
            total = heavy + heavier
            pools.append(((earlier * heavier + mean * heavy) / total, total, count + number))
    placed = [mean for mean, _, count in pools for _ in range(count)]
    return [place + before - want for place, before, want in zip(placed, befores, wanted, strict=False)]
