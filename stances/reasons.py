"""Why a position stands as it does: one actor on one topic, with what decides it, what was passed over, what it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import Q

from stances.asof import Shown, board, source_of
from stances.charts import Axis, Row, row, signs_of
from stances.evidence import Exhibit
from stances.exports import defuse, line_writer
from stances.histories import Event, History, Offices, Reading, read, span
from stances.models import Actor, Stance, Topic
from stances.overviews import add_overviews
from stances.series import Interval
from stances.tree import TopicTree
from stances.wording import counted, day_words, first_up, joined

#: So many of each kind stand on the page, the newest; the files hold more.
SHOWN = 20
#: So many statements of a history are read for the page.
READ = 200


@dataclass(frozen=True)
class Passed:
    """A statement that does not decide, and the rule that passed it over."""

    event: Event
    rule: str


@dataclass(frozen=True)
class Turn:
    """A position of the series: what opened it, the one before it, and the words on both sides."""

    event: Event
    interval: Interval
    before: Interval | None
    words_before: Stance | None
    again: frozenset[int] = frozenset()  # those of the two statements whose words stand further up on the page

    @property
    def statements(self) -> set[int]:
        """Name the statements with the words on both sides."""
        return {stance.statement_id for stance in (self.words_before, self.event.stance) if stance}

    @property
    def size(self) -> int | None:
        return self.interval.value - self.before.value if self.before else None

    @property
    def days(self) -> int | None:
        """Count the days since the position before was first held."""
        return (self.interval.since - self.before.since).days if self.before else None


class Reasons:
    """All that explains the position shown for an actor on a topic, as of a day, in a constant number of queries.

    Where the topic itself has nothing, the history that decides is that of the wider topic on which the actor spoke.
    """

    def __init__(self, actor: Actor, topic: Topic, tree: TopicTree, day: dt.date, *, most: int = 0) -> None:
        """Explain by about so many of the newest statements at `most`; by READ, where it is not given."""
        self.actor, self.topic, self.tree, self.day, self.most = actor, tree.by_id[topic.pk], tree, day, most or READ

    @cached_property
    def shown(self) -> Shown | None:
        on_day = board(self.tree, self.day, actors=[self.actor.pk], topics=[self.topic])
        return on_day.shown(self.actor.pk, self.topic)

    @property
    def wider(self) -> Topic | None:
        return self.shown.wider if self.shown else None

    @cached_property
    def history(self) -> History:
        return self.reading.history(self.actor, self.wider or self.topic, self.shown, self.offices)

    @cached_property
    def reading(self) -> Reading:
        return read(Q(actor=self.actor, topic=self.wider or self.topic), self.day, self.most, counted=True)

    @cached_property
    def offices(self) -> Offices:
        return Offices({stance.statement.speaker_id for stance in self.reading.stances})

    @property
    def series(self) -> list[Interval]:
        return self.history.own or self.history.reported

    @property
    def own(self) -> bool:
        return bool(self.history.own)

    @cached_property
    def events(self) -> dict[int, Event]:
        return {event.stance.pk: event for event in self.history.events}

    @cached_property
    def exhibit(self) -> Exhibit | None:
        """The statement that decides, with the rule applied to it step by step."""
        if not self.series:
            return None
        event = self.events[self.series[-1].deciding[-1].stance]
        office = self.offices.of(event.stance.statement)
        return Exhibit(event.stance, self.history, event, self.shown, office)

    @property
    def confirmed(self) -> list[Event]:
        """List the earlier statements of the position that stands, newest first; the last of them opened it."""
        return [self.events[entry.stance] for entry in self.series[-1].deciding[-2::-1]] if self.series else []

    @property
    def confirmation(self) -> str:
        """Say that nothing confirms the position that stands, and who else is on record with the same."""
        held = self.series[-1].held
        none = f"{'Stated' if self.own else 'Reported'} once: no other statement on record confirms it."
        alike = [
            f"{event.stance.statement.speaker.in_sentence}, {event.date.words()}"
            for event in self.history.newest_first
            if event.role == "passed over"
            and event.own == self.own
            and (event.stance.position, event.stance.terms) == held
        ]
        if not alike:
            return none
        words = f"The same is on record from {joined(alike)}, and is passed over by the rule that stands below."
        return f"No later statement confirms it. {words}"

    @property
    def passed_over(self) -> list[Passed]:
        """List what decided nothing in the series shown, newest first, each with the rule."""
        return [
            Passed(event, self.rule_of(event))
            for event in self.history.newest_first
            if event.repeat or event.role == "passed over" or event.own != self.own
        ]

    def rule_of(self, event: Event) -> str:
        """Say by which rule a statement was passed over; nothing where it decided."""
        if event.repeat:
            first = event.stance.statement.repeats
            of = f" of {first.date.bare_words(short=True)}" if first else ""
            return f"repeat: the words{of} were printed again, and count once"
        if event.own != self.own:
            return f"reported by {event.reporter}: only own words decide where there are any"
        if event.role != "passed over":
            return ""
        by = f"; {event.by.statement.speaker.label} decides that day" if event.by else ""
        return f"{event.rule}{by}"

    @property
    def turns(self) -> list[Turn]:
        """List the positions of the series, newest first."""
        found: list[Turn] = []
        before: Interval | None = None
        for interval in self.series:
            words = self.events[before.deciding[-1].stance].stance if before else None
            found.append(Turn(self.events[interval.opening.stance], interval, before, words))
            before = interval
        return found[::-1]

    @cached_property
    def words_told(self) -> set[int]:
        """Name the statements whose words the page tells before it comes to the turns."""
        events = [*self.confirmed[:SHOWN], *(it.event for it in self.passed_over[:SHOWN] if not it.event.repeat)]
        stances = [event.stance for event in events] + ([self.exhibit.stance] if self.exhibit else [])
        return {stance.statement_id for stance in stances}

    @cached_property
    def turns_told(self) -> list[Turn]:
        """List the turns that a page has room for, each with what the page has told above it."""
        told, found = set(self.words_told), []
        for turn in self.turns[:SHOWN]:
            found.append(replace(turn, again=frozenset(told & turn.statements)))
            told |= turn.statements
        return found

    @property
    def all_told(self) -> set[int]:
        return self.words_told.union(*(turn.statements for turn in self.turns_told))

    @cached_property
    def turn_of(self) -> dict[int, Turn]:
        return {turn.event.stance.pk: turn for turn in self.turns}

    @property
    def differing(self) -> list[Event]:
        return [event for event in self.history.newest_first if event.differs]

    @cached_property
    def axis(self) -> Axis:
        """Give the axis of the figure, which shows a long history as a whole."""
        add_overviews([self.history], self.day)
        return Axis.over([self.history], self.day)

    @cached_property
    def rows_drawn(self) -> list[Row]:
        return [row(self.history, self.axis)]

    @property
    def covers_drawn(self) -> str:
        return span([self.history])

    @property
    def signs(self) -> set[str]:
        return signs_of(self.rows_drawn)

    # ---- in sentences ----

    @property
    def title(self) -> str:
        return f"Why: {self.actor.label} on “{self.topic.name}”"

    @property
    def lede(self) -> str:
        """Say what is shown, of whose words, and why it is hollow where it is."""
        shown, name = self.shown, self.actor.in_sentence
        if shown is None:
            return f"No position of {name} is recorded on it {self.by_then}: nobody has found a statement."
        if shown.wider:
            wide = self.tree.in_sentence(shown.wider)
            return (
                f"Nothing of {name} is recorded on this very topic. Shown, hollow, is what it said on {wide}: "
                f"“{shown.words}”."
            )
        if shown.heard:
            return f"No own words of {name} are on record. Shown, hollow, is what others report: “{shown.words}”."
        said = f"{shown.latest.speaker}, {shown.stated.words()}"
        return f"The last recorded position is “{shown.words}”, by {said}; {shown.record}."

    @property
    def by_then(self) -> str:
        return f"up to {day_words(self.day)}"

    @property
    def facts(self) -> str:
        """Count the history: "Four statements, two changes; sources published 2 Feb 2024 to 10 Apr 2024."."""
        if not self.history.events:
            return ""
        changes = len(self.history.changes)
        told = f"{counted(len(self.history.events), 'statement')}, {counted(changes, 'change')} of position"
        if self.history.omitted:
            told = f"{self.history.number:,} statements, of which this page shows the newest {told}"
        return f"{first_up(told)}; {self.history.covers}."

    # ---- to take away ----

    @property
    def rows(self) -> Iterator[dict[str, Any]]:
        """Give each statement of the history, oldest first, with what it did and why."""
        decisive = self.exhibit.stance.pk if self.exhibit else None
        for event in self.history.events:
            stance, statement, source = event.stance, event.stance.statement, source_of(event.stance)
            turn = self.turn_of.get(stance.pk)
            before = event.before or (None, "")
            yield {
                "date": str(event.date),
                "statement_key": statement.key,
                "actor": self.actor.slug,
                "topic": self.history.topic.slug,
                "speaker": statement.speaker.slug,
                "authority": statement.authority,
                "source": source.slug,
                "published_on": source.published_on,
                "position": stance.position,
                "terms": stance.terms,
                "condition": stance.condition,
                "attribution": stance.attribution,
                "role": event.role,
                "kind": event.interval.kind if event.interval and event.opened else "",
                "from_position": before[0],
                "from_terms": before[1],
                "size": turn.size if turn else None,
                "days": turn.days if turn else None,
                "decides": int(stance.pk == decisive),
                "rule": self.rule_of(event),
                "colleagues_differ": "; ".join(it.stance.statement.key for it in event.differs),
                "summary": statement.summary,
                "quote": statement.quote,
            }

    COLUMNS = [
        "date",
        "statement_key",
        "actor",
        "topic",
        "speaker",
        "authority",
        "source",
        "published_on",
        "position",
        "terms",
        "condition",
        "attribution",
        "role",
        "kind",
        "from_position",
        "from_terms",
        "size",
        "days",
        "decides",
        "rule",
        "colleagues_differ",
        "summary",
        "quote",
    ]
    TEXTS = frozenset({"condition", "rule", "summary", "quote"})

    def csv_lines(self) -> Iterator[str]:
        writer = line_writer()
        yield writer.writerow(self.COLUMNS)
        for told in self.rows:
            cells = (defuse(told[name]) if name in self.TEXTS else told[name] for name in self.COLUMNS)
            yield writer.writerow(cells)
