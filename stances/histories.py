"""Histories: all that is recorded of an actor on a topic up to a day, with what each statement did and why."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from stances import dialects
from stances.asof import DECIDING, Shown, condition_said, reporter, source_of, stated_date
from stances.dates import PartialDate
from stances.models import Actor, Affiliation, Position, Stance, Statement, Topic
from stances.models.statements import StanceQuerySet
from stances.periods import Period
from stances.series import Entry, Interval, colleagues_of, compute
from stances.vocabulary import ActorKind, Authority, ChangeKind, Voice
from stances.wording import counted_days, day_words, period, times

#: So many stances of a history a file tells one by one, the newest; the lists of stances have all.
IN_FILES = 1500

if TYPE_CHECKING:
    from stances.hits import Hit


@dataclass(frozen=True)
class Difference:
    """A colleague from whom a statement differs, and how many days before it that one spoke."""

    stance: Stance
    days: int

    @property
    def words(self) -> str:
        return f"colleagues differ: {counted_days(self.days)} after {self.stance.statement.speaker.label}"


@dataclass(frozen=True)
class Event:
    """One stance in a history: what it did to its series, or why it did nothing."""

    stance: Stance
    role: str
    rule: str = ""
    by: Stance | None = None
    interval: Interval | None = None
    differs: tuple[Difference, ...] = ()
    office: str = ""

    @property
    def date(self) -> PartialDate:
        return stated_date(self.stance)

    @property
    def own(self) -> bool:
        return self.stance.attribution == Voice.OWN

    @property
    def repeat(self) -> bool:
        return self.role == "repeat"

    @property
    def opened(self) -> bool:
        return self.role == "opened"

    @property
    def kind(self) -> str:
        """Name what it did: a kind of change, `confirmed`, `passed over` or `repeat`."""
        return self.interval.kind if self.interval and self.opened else self.role

    @property
    def before(self) -> tuple[int, str] | None:
        return self.interval.previous if self.interval and self.opened else None

    @property
    def value_before(self) -> int | None:
        return self.before[0] if self.before else None

    @property
    def terms_before(self) -> str:
        return self.before[1] if self.before else ""

    @property
    def reporter(self) -> str:
        return reporter(self.stance)

    @property
    def said(self) -> bool:
        """Tell whether the terms stand in the speaker's own words."""
        return condition_said(self.stance)

    @property
    def printed_on(self) -> dt.date:
        """Give the day from which a reader could know: for a repeat, that of its source."""
        return source_of(self.stance).published_on or self.stance.statement.latest

    @property
    def shown_on(self) -> dt.date:
        return self.printed_on if self.repeat else self.stance.statement.latest


@dataclass
class Overview:
    """A history that is too long to be read, as a whole: how much was said when, and what was held for long."""

    first: dt.date
    unit: str = ""  # the stretches of the calendar in which it is counted
    said: Counter[Period] = field(default_factory=Counter)  # own, reported and repeated
    opened: Counter[Period] = field(default_factory=Counter)  # own positions
    held: list[Position] = field(default_factory=list)  # own ones, in order of time

    @property
    def note(self) -> str:
        """Count all of it: "16,576 times on record, 2,113 changes"."""
        changes = max(self.opened.total() - 1, 0)
        moved = f"{changes:,} change{'s' if changes > 1 else ''}" if changes else "no change"
        moved = moved if self.opened else "no own position"
        return f"{self.said.total():,} times on record, {moved}"


@dataclass
class History:
    """One actor on one topic: its events, oldest first, and both series as they stand on the day."""

    actor: Actor
    topic: Topic
    events: list[Event] = field(default_factory=list)
    own: list[Interval] = field(default_factory=list)
    reported: list[Interval] = field(default_factory=list)
    shown: Shown | None = None
    omitted: int = 0  # so many older or newer stances, at least, were not read
    overview: Overview | None = None
    positions: list[Position] = field(default_factory=list)  # all own ones, where the history was not read whole
    own_said_on: list[tuple[dt.date, bool]] = field(default_factory=list)  # then: each own statement, as `said_on`

    @property
    def held(self) -> Sequence[Interval | Position]:
        """All own positions, as far as they were read."""
        return self.positions or self.own

    @property
    def said_on(self) -> list[tuple[dt.date, bool]]:
        """List for each own statement, in order of time, its latest day and whether it decided the position."""
        return self.own_said_on or [(it.date.latest, it.role in DECIDING) for it in self.statements]

    @property
    def said(self) -> int:
        """Count the own statements."""
        return len(self.said_on)

    @property
    def stated_on(self) -> list[dt.date]:
        """List the days on which own statements decided the position, in order."""
        return [day for day, decided in self.said_on if decided]

    @property
    def last_source_on(self) -> dt.date | None:
        """Give the last day that its sources cover."""
        return max((max(it.printed_on, it.date.latest) for it in self.events), default=None)

    @property
    def number(self) -> int:
        """Count all that is recorded, read or not."""
        return len(self.events) + self.omitted

    @property
    def newest_first(self) -> list[Event]:
        return self.events[::-1]

    @property
    def statements(self) -> list[Event]:
        """List the actor's own statements, repeats left out."""
        return [event for event in self.events if event.own and not event.repeat]

    @property
    def reports(self) -> list[Event]:
        return [event for event in self.events if not event.own and not event.repeat]

    @property
    def changes(self) -> list[Interval]:
        return [interval for interval in self.own if interval.previous]

    @property
    def reversals(self) -> list[Interval]:
        return [interval for interval in self.changes if interval.kind == ChangeKind.REVERSAL]

    @property
    def published(self) -> tuple[dt.date, dt.date] | None:
        return published(event.stance for event in self.events)

    @property
    def covers(self) -> str:
        return covers(event.stance for event in self.events)

    @property
    def note(self) -> str:
        """Sum the history up in a line: "4 statements, 3 changes; reported once, by Kyodo News"."""
        if not self.events:
            return "No own position" if self.shown else "No position recorded"
        said, heard = len(self.statements), self.reports
        changes = len(self.changes)
        if self.overview:
            return self.overview.note
        if self.omitted:
            return f"The newest {len(self.events)} statements, {changes or 'no'} change{'s' if changes > 1 else ''}"
        if said == 0:
            parts = ["No own position"]
        elif said == 1:
            parts = ["Stated once"]
        else:
            parts = [f"{said} statements, {changes or 'no'} change{'s' if changes > 1 else ''}"]
        if heard:
            names = {event.reporter for event in heard}
            by = f", by {names.pop()}" if len(names) == 1 else ""
            parts.append(f"reported {times(len(heard))}{by}")
        if self.shown and not self.shown.hollow and self.shown.old:
            parts.append(self.shown.old)
        return "; ".join(parts)


def published(stances: Iterable[Stance]) -> tuple[dt.date, dt.date] | None:
    """Give the first and last day on which the sources of stances were published."""
    days = [day for stance in stances if (day := source_of(stance).published_on)]
    return (min(days), max(days)) if days else None


def covers(stances: Iterable[Stance]) -> str:
    """Say what period sources cover: "sources published 2 Feb 2024 to 10 Apr 2024"."""
    return f"sources published {period(*(published(stances) or (None, None)))}"


def span(histories: Iterable[History]) -> str:
    """Say what period a figure covers: that of its sources, or since when there are words, where not all were read."""
    histories = list(histories)
    if wholes := [told.overview.first for told in histories if told.overview]:
        return f"recorded from {day_words(min(wholes), short=True)} on"
    stances = [event.stance for told in histories for event in told.events]
    return covers(stances) if stances else ""


def entry_of(stance: Stance) -> Entry:
    return Entry(
        stance.pk,
        stance.statement.key,
        stance.statement.earliest,
        stance.statement.latest,
        stance.position,
        stance.terms,
        stance.basis,
        stance.statement.speaker.kind == ActorKind.GROUP,
        stance.statement.authority,
        stance.statement.speaker_id,
    )


@dataclass
class Reading:
    """The public stances of some series, of long ones the newest, and the positions at the edges of what was read."""

    stances: list[Stance]
    edges: dict[int, Position] = field(default_factory=dict)  # by the stance that opened each
    omitted: dict[tuple[int, int], int] = field(default_factory=dict)  # by actor and topic

    def history(
        self, actor: Actor, topic: Topic, shown: Shown | None = None, offices: Offices | None = None
    ) -> History:
        found = self.grouped.get((actor.pk, topic.pk), [])
        made = history(actor, topic, found, shown, offices, self.edges)
        made.omitted = self.omitted.get((actor.pk, topic.pk), 0)
        return made

    @cached_property
    def grouped(self) -> dict[tuple[int, int], list[Stance]]:
        """Group the stances by actor and topic."""
        grouped = defaultdict(list)
        for stance in self.stances:
            grouped[stance.actor_id, stance.topic_id].append(stance)
        return grouped


def read(series: Q, day: dt.date, most: int, *, after: dt.date | None = None, counted: bool = False) -> Reading:
    """Read the public stances of series, as of a day: all, or where a series is long about `most`, the newest.

    `series` asks for actors and topics. Those read last are the newest up to `after`, where that is given. How many
    were left out is `counted` on request, and is else told as one. Nine queries at most, however much was said.
    """
    pair = {name: OuterRef(name) for name in ("actor", "topic")}
    until = after or day
    said = Stance.objects.public().filter(**pair, stated_on__lte=until)
    first = said.order_by("-stated_on").values("stated_on")[most : most + 1]
    before = Position.objects.filter(**pair, voice=OuterRef("voice"), since__lt=OuterRef("cut")).order_by("-since")
    held = Position.objects.on(day).filter(series).order_by().values_list("actor", "topic")
    found = list(held.annotate(cut=Subquery(first), edge=Subquery(before.values("pk")[:1])))
    cuts = {(actor, topic): cut for actor, topic, cut, _ in found if cut}
    if not cuts and until == day:
        return Reading(up_to(Stance.objects.filter(series), day))
    edges = list(Position.objects.filter(pk__in={edge for *_, edge in found if edge}).order_by())
    if until < day:
        same = Position.objects.filter(**pair, voice=OuterRef("voice"), since__gt=until, since__lte=day)
        following = Position.objects.filter(series, since=Subquery(same.order_by("since").values("since")[:1]))
        edges += list(following.order_by())
    openings = {it.opening_id for it in edges}
    newest = newest_of({(actor, topic): cut for actor, topic, cut, _ in found}, until)
    rows = known(Stance.objects.filter(pk__in={*newest, *openings}))
    stances = [it for it in rows if it.pk in openings or printed_by(it, until)]
    omitted = dict.fromkeys(cuts, 1)
    if counted:
        whole = Stance.objects.public().filter(series, stated_on__lte=day).order_by().values_list("actor", "topic")
        read = Counter((stance.actor_id, stance.topic_id) for stance in stances)
        omitted = {(actor, topic): n - read[actor, topic] for actor, topic, n in whole.annotate(Count("pk"))}
    return Reading(stances, {it.opening_id: it for it in edges}, omitted)


def history(
    actor: Actor,
    topic: Topic,
    stances: Iterable[Stance],
    shown: Shown | None = None,
    offices: Offices | None = None,
    edges: Mapping[int, Position] = MappingProxyType({}),
) -> History:
    """Compute a history from the public stances of one actor on one topic, repeats among them.

    Of a history that is not read whole, `edges` are the positions at its ends by the stances that opened them.
    """
    by_id = {stance.pk: stance for stance in stances}
    made = History(actor, topic, shown=shown)
    for voice in (Voice.OWN, Voice.REPORTED):
        entries = [entry_of(s) for s in by_id.values() if s.attribution == voice and not s.repeat]
        intervals, verdicts = compute(entries)
        for interval in intervals[:1] + intervals[-1:]:
            if edge := edges.get(interval.opening.stance):
                interval.until = interval.until or edge.until
                if edge.previous_value is not None:
                    interval.previous = interval.previous or (edge.previous_value, edge.previous_terms)
        setattr(made, voice, intervals)
        colleagues = colleagues_of(entries) if voice == Voice.OWN else {}
        within = {entry.stance: interval for interval in intervals for entry in interval.deciding}
        for entry in entries:
            verdict = verdicts[entry.stance]
            differs = [
                Difference(by_id[other.stance], (entry.latest - other.latest).days)
                for other in colleagues.get(entry.stance, [])
            ]
            made.events.append(
                Event(
                    by_id[entry.stance],
                    verdict.role,
                    verdict.rule,
                    by_id[verdict.by.stance] if verdict.by else None,
                    within.get(entry.stance),
                    tuple(sorted(differs, key=lambda difference: difference.days)),
                    offices.of(by_id[entry.stance].statement, actor) if offices else "",
                )
            )
    made.events += [Event(stance, "repeat") for stance in by_id.values() if stance.repeat]
    made.events.sort(key=lambda event: (event.shown_on, event.repeat, event.stance.statement.key))
    return made


def newest_of(cuts: Mapping[tuple[int, int], dt.date | None], day: dt.date) -> list[int]:
    """Find the public stances of series, by actor and topic, that were said from a day on, of each its own, to `day`.

    Each series is looked up by itself in the index of series; a condition for each takes longer to plan than to answer.
    """
    if not cuts:
        return []
    row = f"(%s, %s, {dialects.day('%s')})"
    params = [value for (actor, topic), cut in cuts.items() for value in (actor, topic, f"{cut or dt.date.min}")]
    sql = (
        f"WITH wanted (actor, topic, cut) AS (VALUES {', '.join([row] * len(cuts))}) "  # noqa: S608  (no value in it)
        "SELECT id FROM wanted JOIN stances_stance ON actor_id = actor AND topic_id = topic "
        "AND stated_on >= cut AND stated_on <= %s AND public"
    )
    found = dialects.ask(sql, [*params, f"{day}"])
    return [pk for (pk,) in found]


def up_to(stances: StanceQuerySet, day: dt.date) -> list[Stance]:
    """Read public stances with their evidence, as of a day: said by then, and repeats printed by then."""
    return [it for it in known(stances.public().filter(stated_on__lte=day)) if printed_by(it, day)]


def printed_by(stance: Stance, day: dt.date) -> bool:
    return not stance.repeat or (source_of(stance).published_on or day) <= day


def known(stances: StanceQuerySet) -> list[Stance]:
    """Read stances with their evidence, the oldest first: each actor and topic once, however many of them name it."""
    evidence = stances.select_related("statement__repeats", "source").defer("source__text")
    rows = list(evidence.order_by("stated_on", "pk"))
    named = {pk for it in rows for pk in (it.actor_id, it.statement.speaker_id, source_of(it).publisher_id)}
    actors = Actor.objects.in_bulk(named - {None})
    topics = Topic.objects.defer("coding_notes", "about").in_bulk({it.topic_id for it in rows})
    for it in rows:
        it.actor, it.topic = actors[it.actor_id], topics[it.topic_id]
        it.speaker = it.statement.speaker = actors[it.statement.speaker_id]
        if publisher := source_of(it).publisher_id:
            source_of(it).publisher = actors[publisher]
    return rows


class Office(NamedTuple):
    """An office as it is read for a whole page: plain values, as there are hundreds."""

    title: str
    authority: str
    start: dt.date | None
    end: dt.date | None
    of: int
    of_name: str
    of_short_name: str

    PATHS = ("title", "authority", "start", "end", "of", "of__name", "of__short_name")  # type: ignore[misc]


@cache
def _offices() -> QuerySet:
    """Ask for the offices of persons: put together once, as each page of a list asks for some."""
    known = Affiliation.objects.filter(actor__kind=ActorKind.PERSON).exclude(authority__in=["", Authority.UNNAMED])
    return known.order_by("start", "pk").values_list("actor", *Office.PATHS)


class Offices:
    """What offices speakers held when they spoke, read in one query."""

    def __init__(self, speakers: Iterable[int]) -> None:
        self.held: dict[int, list[Office]] = defaultdict(list)
        for speaker, *office in _offices().filter(actor__in=set(speakers)):
            self.held[speaker].append(Office(*office))

    def of(self, statement: Statement | Hit, among: Actor | None = None) -> str:
        """Name the office that a speaker held all the days on which it may have spoken, its government with it.

        Of several it is the one with the statement's authority, else the highest. The government that is looked at
        is not named.
        """
        speaker, authority = statement.speaker, statement.authority
        held = [it for it in self.held[speaker.pk] if statement.date.lies_within(it.start, it.end)]
        if not held:
            return ""
        office = min(held, key=lambda it: (it.authority != authority, Authority(it.authority).rank))
        if office.title.casefold() in speaker.name.casefold():
            return ""
        if among and office.of == among.pk:
            return office.title
        return f"{office.title}, {office.of_short_name or office.of_name}"
