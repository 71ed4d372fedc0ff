"""What one statement shows and did: each stance in its history, and the rule applied to it step by step."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q

from stances.asof import Shown, board
from stances.histories import Event, History, Offices, read
from stances.models import Stance, Statement
from stances.series import Interval
from stances.tree import TopicTree
from stances.vocabulary import ActorKind, Authority, Voice, wording
from stances.wording import counted, day_words, first_up, length, number, of, size_words

READ = 100  # so many statements of a history are read around the one that is shown
LISTED = 30  # so many of them stand on the page


@dataclass(frozen=True)
class Considered:
    """A statement that was considered for a position, and what the rule made of it."""

    event: Event
    this: bool
    decides: bool
    verdict: str


@dataclass
class Exhibit:
    """One stance of the statement: its place in the history of its actor and topic."""

    stance: Stance
    history: History
    event: Event
    shown: Shown | None
    office: str

    @property
    def own(self) -> bool:
        return self.event.own

    @property
    def who(self) -> str:
        return self.stance.actor.in_sentence

    @property
    def series(self) -> list[Interval]:
        return self.history.own if self.own else self.history.reported

    @cached_property
    def stances(self) -> dict[int, Stance]:
        return {event.stance.pk: event.stance for event in self.history.events}

    @property
    def previous(self) -> Stance | None:
        """Give the last statement of the position that this one replaced."""
        if not self.event.before or not self.event.interval:
            return None
        place = self.series.index(self.event.interval)
        return self.stances[self.series[place - 1].deciding[-1].stance]

    @property
    def size(self) -> str:
        """Say how far the change went."""
        if not self.event.before:
            return ""
        return size_words(self.stance.position - self.event.before[0])

    @property
    def held_before(self) -> str:
        """Say how long the position before was held."""
        if not self.event.before or not self.event.interval:
            return ""
        place = self.series.index(self.event.interval)
        return length(self.series[place - 1].since, self.event.interval.since)

    @property
    def opening(self) -> Stance | None:
        """Give the statement that opened the position that this one confirms."""
        if self.event.role != "confirmed" or not self.event.interval:
            return None
        return self.stances[self.event.interval.opening.stance]

    @property
    def successor(self) -> Stance | None:
        """Give the statement that replaced the position that this one opened or confirmed."""
        if not self.event.interval or not self.event.interval.until:
            return None
        place = self.series.index(self.event.interval)
        return self.stances[self.series[place + 1].opening.stance]

    @property
    def lasted(self) -> str:
        if not self.event.interval or not self.event.interval.until:
            return ""
        return length(self.stance.statement.latest, self.event.interval.until)

    @property
    def stands(self) -> bool:
        """Tell whether the position is the last recorded one of its series."""
        return bool(self.event.interval) and not self.event.interval.until  # type: ignore[union-attr]

    @property
    def decides(self) -> bool:
        return self.own and self.stands and self.event.interval.deciding[-1].stance == self.stance.pk  # type: ignore[union-attr]

    @property
    def heading(self) -> str:
        whose = f"{of(self.who)} position on {self.stance.topic.name}"
        if self.decides:
            return f"Why this decides {whose}"
        if self.own and self.event.role in ("opened", "confirmed"):
            return f"Why this decided {whose}"
        return f"Why this does not decide {whose}"

    @property
    def attribution(self) -> str:
        """Say why the words count as the actor's own, or as reported."""
        statement = self.stance.statement
        speaker, authority = statement.speaker, Authority(statement.authority)
        if not self.own:
            return f"Reported, by {self.event.reporter}: {authority.label}. It never moves the actor’s own position"
        if speaker.pk == self.stance.actor_id:
            return "Own: the speaker told its own position"
        if speaker.kind == ActorKind.GROUP:
            return f"Own: {speaker.name} spoke or acted together, and so for each of them"
        if self.office:
            when = "on that day" if statement.date.is_exact else "at that time"
            return f"Own: {when} the speaker was {self.office}"
        return f"Own: the speaker is {authority.label}, and expresses its position"

    @property
    def steps(self) -> list[str]:
        """Apply the rule of positions in sentences (codebook, section 6)."""
        return [step for step in (self._step_statements(), self._step_series(), self._step_day()) if step]

    def _step_statements(self) -> str:
        events = self.history.events
        if self.history.omitted:
            number_of = f"{self.history.number:,} statements"
            return f"{number_of} on record tell of {self.who} on this topic; the nearest {len(events)} were read here."
        repeats = sum(event.repeat for event in events)
        tell = "tells" if len(events) == 1 else "tell"
        said = f"{first_up(counted(len(events), 'statement'))} on record {tell} of {self.who} on this topic"
        if not repeats:
            return f"{said}; none repeats another."
        left = len(events) - repeats
        repeat = "repeats earlier words and is" if repeats == 1 else "repeat earlier words and are"
        remain = "remains" if left == 1 else "remain"
        return f"{said}. {first_up(number(repeats))} {repeat} left out; {number(left)} {remain}."

    def _step_series(self) -> str:
        own, heard = len(self.history.statements), len(self.history.reports)
        if self.own:
            others = f"What others report ({counted(heard, 'statement')}) never moves it"
            others = others if heard else "Nothing was reported by others"
            words = f"Only own words decide, where there are any: here {counted(own, 'statement')}"
            why = self.attribution.removeprefix("Own: ")
            return f"{words}, this {'among them' if own > 1 else 'one'}: {why}. {others}."
        mine = f"{first_up(counted(own, 'own statement'))} stand{'s' if own == 1 else ''} on record"
        none = f"No own words of {self.who} are on record, so the reported position is shown, hollow"
        attribution = self.attribution[0].lower() + self.attribution[1:]
        return f"Only own words decide a position. These are {attribution}. {mine if own else none}."

    def _step_day(self) -> str:
        stance, event = self.stance, self.event
        kind = "own statement" if self.own else "report"
        if event.repeat:
            first = stance.statement.repeats
            repeated = first.key if first else "another"
            return f"This statement repeats {repeated}: it shows that the words travelled, and counts for nothing."
        said = day_words(stance.statement.latest)
        latest = f"A statement counts from the latest day on which it may have been made, here {said}."
        if event.role == "passed over":
            by = f" {first_up(event.by.statement.speaker.label)} decides that day." if event.by else ""
            return f"{latest} It was passed over: {event.rule}.{by}"
        same_day = [
            e for e in self.history.events if e.date.latest == event.date.latest and not e.repeat and e.own == event.own
        ]
        tie = f"No other {kind} counts from that day, so nothing had to break a tie."
        if len(same_day) > 1:
            rules = sorted({e.rule for e in same_day if e.rule})
            tie = f"It came first among {counted(len(same_day), 'statement')} of that day: {'; '.join(rules)}."
        if event.role == "confirmed":
            then = "It states again the position that was held, and confirms it."
        elif event.before:
            moved = f"from “{wording(*event.before)}” to “{stance.wording}”"
            then = f"The newest {kind} decides: the position {'' if self.own else 'reported '}changed {moved}."
        else:
            recorded = "recorded" if self.own else "reported"
            then = f"It is the first {kind} on record: “{stance.wording}” is first {recorded}."
        if self.successor:
            then += f" It decided until {day_words(self.event.interval.until)}."  # type: ignore[union-attr, arg-type]
        return f"{latest} {then} {tie}"

    @property
    def considered(self) -> list[Considered]:
        """List the statements on the topic that were read, newest first, with what the rule made of each."""
        return [self._consider(event) for event in self.history.newest_first]

    @property
    def listed(self) -> list[Considered]:
        """List those that a page has room for: the nearest to this one."""
        found = self.considered
        place = next((place for place, it in enumerate(found) if it.this), 0)
        first = max(min(place - LISTED // 2, len(found) - LISTED), 0)
        return found[first : first + LISTED]

    def _consider(self, event: Event) -> Considered:
        decides = (
            event.own
            and event.interval is not None
            and event.interval.until is None
            and event.interval.deciding[-1].stance == event.stance.pk
        )
        return Considered(event, event.stance.pk == self.stance.pk, decides, self._verdict(event, decides))

    def _verdict(self, event: Event, decides: bool) -> str:
        if event.repeat:
            first = event.stance.statement.repeats
            return f"No: repeats the words of {first.date.bare_words(short=True)}" if first else "No: a repeat"
        if event.role == "passed over":
            return f"No: {event.rule}"
        if not event.own:
            return "No: reported by others, and only own words decide"
        if decides:
            return "Yes: the newest own statement"
        assert event.interval
        until = event.interval.until
        if until and event.interval.deciding[-1].stance == event.stance.pk:
            return f"Until {day_words(until, short=True)}"
        return "Confirmed since" if event.role == "opened" or not until else "Confirmed later"


def exhibits(statement: Statement, tree: TopicTree, day: dt.date, *, most: int = 0) -> list[Exhibit]:
    """Put each stance of a published statement into its history up to a day; a constant number of queries.

    Of a history longer than `most`, READ where it is not given, what is nearest in time is read.
    """
    most = most or READ
    own = sorted(statement.stances.all(), key=lambda s: (s.actor.name, tree.places[s.topic_id]))
    pairs = Q(pk__in=[])
    for stance in own:
        pairs |= Q(actor=stance.actor_id, topic=stance.topic_id)
    reading = read(pairs, day, most, after=last_read(statement, pairs, day, most), counted=True)
    shown = board(tree, day, actors={s.actor_id for s in own}, topics=[tree.by_id[s.topic_id] for s in own])
    offices = Offices({statement.speaker_id})
    found = []
    for stance in own:
        made = reading.history(stance.actor, stance.topic)
        event = next((event for event in made.events if event.stance.pk == stance.pk), None)
        if event is None:  # a repeat whose source was published after the day
            event = Event(stance, "repeat")
        office = offices.of(statement)
        topic = tree.by_id[stance.topic_id]
        found.append(Exhibit(event.stance, made, event, shown.shown(stance.actor_id, topic), office))
    return found


def last_read(statement: Statement, series: Q, day: dt.date, most: int) -> dt.date:
    """Find the day up to which a long history is read around a statement, so that what followed it is among it."""
    later = Stance.objects.public().filter(series, stated_on__gt=statement.latest, stated_on__lte=day)
    days = later.order_by("stated_on").values_list("stated_on", flat=True)
    return days[most // 2 : most // 2 + 1].first() or day


def voice_words(statement: Statement, exhibits: list[Exhibit]) -> str:
    """Say whose voice the statement is: own, reported, or both."""
    voices = {exhibit.stance.attribution for exhibit in exhibits}
    if voices == {Voice.OWN}:
        return "own words"
    return "reported" if voices == {Voice.REPORTED} else "own words and reported"
