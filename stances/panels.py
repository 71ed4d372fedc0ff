"""The page of a topic: every government's history on one axis, and below it those on the topics under it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Count, OuterRef, Q, Subquery

from stances.asof import Board, Shown, board
from stances.charts import Axis, Row, row, signs_of
from stances.histories import Event, History, Reading, covers, known, read, span, up_to
from stances.models import Actor, Affiliation, Position, Stance, Topic
from stances.models.statements import StanceQuerySet
from stances.overviews import add_overviews
from stances.periods import QUARTER, YEAR
from stances.quarters import COLUMNS, Counted, Quarters, each, quarters
from stances.tree import TopicTree
from stances.vocabulary import ActorKind, Voice
from stances.wording import counted, first_up, joined, number

ROWS_SHOWN = 20
EVENTS_LISTED = 40  # so many of a figure's statements stand in its table, the newest
ELSEWHERE_SHOWN = 20
OTHERS_LOOKED_AT = 200
STANCES_DRAWN = 80  # a topic of which more is recorded is told by the newest on each government
STANCES_COUNTED = 5000  # more than these are not counted by topic
STANCES_CHARTED = 1000  # of more than these it is drawn on the page of counts alone when they were said
SIDES = ((1, "for"), (0, "undecided"), (-1, "against"))


@dataclass(frozen=True)
class Panel:
    """The histories of governments on one topic, drawn on one axis; `beside` are those of whom nothing is drawn."""

    topic: Topic
    rows: list[Row]
    axis: Axis
    beside: list[History] = field(default_factory=list)

    @property
    def histories(self) -> list[History]:
        return [drawn.history for drawn in self.rows]

    @cached_property
    def events(self) -> list[tuple[History, Event]]:
        """List what the figure shows, as rows of a table, newest first."""
        told = [(history, event) for history in self.histories for event in history.events]
        return sorted(told, key=lambda pair: (pair[1].shown_on, pair[1].stance.statement.key), reverse=True)

    @property
    def listed(self) -> list[tuple[History, Event]]:
        return self.events[:EVENTS_LISTED]

    @property
    def facts(self) -> str:
        """Count what is drawn: "8 own statements by 4 governments, one position reported; sources published ..."."""
        events = [event for _, event in self.events]
        if any(told.omitted for told in self.histories):
            return "More was said than can be told one by one: statements that stand close are drawn as one mark."
        own = {event.stance.statement_id for event in events if event.own and not event.repeat}
        speakers = sum(bool(told.own) for told in self.histories)
        heard = sum(bool(told.reported) for told in self.histories)
        parts = [f"{counted(len(own), 'own statement')} by {counted(speakers, 'government')}"] if own else []
        if heard:
            parts.append(f"the position{'s' if heard > 1 else ''} of {counted(heard, 'government')} reported by others")
        if not parts:
            return ""
        return f"{first_up(joined(parts))}; {covers(event.stance for event in events)}."

    @property
    def covers(self) -> str:
        return span(self.histories)

    @property
    def others(self) -> str:
        """Say in words what is shown of the governments that are not drawn."""
        by_words: dict[str, list[str]] = {}
        for told in self.beside:
            shown = told.shown
            words = "no position recorded"
            if shown:
                wider = f" {shown.wider_words}, nothing recorded here" if shown.wider else ""
                words = f"{shown.words}{wider or (', reported' if shown.heard else '')}"
            by_words.setdefault(words, []).append(told.actor.label)
        return " ".join(f"{joined(names)}: {words}." for words, names in by_words.items())


class TopicPanels:
    """All that a topic's page tells, as of a day, in a constant number of queries."""

    def __init__(
        self,
        topic: Topic,
        tree: TopicTree,
        day: dt.date,
        *,
        most: int = 0,
        rows: int = 0,
        alone: bool = False,
    ) -> None:
        """Tell of a topic and those under it, or of it `alone`: all up to so many stances and rows, else the newest."""
        self.topic, self.tree, self.day, self.alone = tree.by_id[topic.pk], tree, day, alone
        self.most, self.rows = most or STANCES_DRAWN, rows or ROWS_SHOWN

    @cached_property
    def subtree(self) -> list[Topic]:
        return [self.topic] if self.alone else self.tree.subtree(self.topic)

    @cached_property
    def number(self) -> int:
        """Count what governments said on all of it, repeats left out, no further than is of use."""
        rows = self._of_governments().filter(repeat=False, stated_on__lte=self.day)
        return rows.order_by().values("pk")[: max(self.most, STANCES_COUNTED) + 1].count()

    @cached_property
    def counts(self) -> dict[int, int]:
        """How many stances of governments there are on each topic, repeats left out; of many only whether any."""
        if self.number <= max(self.most, STANCES_COUNTED):
            stances = self._of_governments().filter(repeat=False, stated_on__lte=self.day).order_by()
            return dict(stances.values_list("topic").annotate(Count("pk")))
        held = Position.objects.filter(topic=OuterRef("pk"), actor__kind=ActorKind.GOVERNMENT, since__lte=self.day)
        topics = Topic.objects.filter(pk__in=[topic.pk for topic in self.subtree]).order_by()
        some = topics.annotate(held=Subquery(held.order_by("since").values("pk")[:1])).filter(held__isnull=False)
        return dict.fromkeys(some.values_list("pk", flat=True), self.most + 1)

    @cached_property
    def drawn(self) -> list[Topic]:
        """The topic, and those under it until the page would grow past reading."""
        found, stances = [self.topic], self.counts.get(self.topic.pk, 0)
        for topic in self.subtree[1:]:
            stances += self.counts.get(topic.pk, 0)
            if stances <= self.most:
                found.append(topic)
        return found

    @property
    def not_drawn(self) -> list[Topic]:
        """List the topics under it whose figures stand on their own pages only."""
        drawn = set(self.drawn)
        return [topic for topic in self.subtree if topic not in drawn and self.counts.get(topic.pk)]

    @property
    def whole(self) -> bool:
        """Tell whether all that was said on the topic itself is drawn."""
        return self.counts.get(self.topic.pk, 0) <= self.most

    def _of_governments(self) -> StanceQuerySet:
        topics = [topic.pk for topic in self.subtree]
        return Stance.objects.public().filter(topic__in=topics, actor__kind=ActorKind.GOVERNMENT)

    @cached_property
    def reading(self) -> Reading:
        """The stances that are drawn, repeats among them."""
        if self.whole:
            topics = [topic.pk for topic in self.drawn]
            return Reading(up_to(self._of_governments().filter(topic__in=topics), self.day))
        each = max(self.most // max(len(self.first_actors), 1), 2)
        return read(Q(topic=self.topic, actor__in=self.first_actors), self.day, each)

    @property
    def stances(self) -> list[Stance]:
        return self.reading.stances

    @cached_property
    def first_actors(self) -> set[int]:
        """Choose, where more was said than is drawn, whose histories are: the first by position."""
        bare = [History(it, self.topic, shown=self.board.shown(it.pk, self.topic)) for it in self.governments]
        return {told.actor.pk for told in sorted(bare, key=by_last_position)[: self.rows]}

    @cached_property
    def governments(self) -> list[Actor]:
        """List whom the question concerns: who has a position near it, the group's members, the candidates."""
        around = self.tree.subtree([self.topic, *self.tree.ancestors(self.topic)][-1])
        groups = {topic.group_id for topic in around} - {None}
        members = set(Affiliation.objects.on(self.day).filter(of__in=groups).order_by().values_list("actor", flat=True))
        concerned = members | {topic.candidate_id for topic in around}
        governments = self.tree.governments
        concerned |= governments.recorded(around[0].pk, [topic.pk for topic in around], self.day)
        return [actor for pk, actor in governments.by_id.items() if pk in concerned]

    @cached_property
    def board(self) -> Board:
        actors = [actor.pk for actor in self.governments]
        return board(self.tree, self.day, actors=actors, topics=self.drawn)

    @cached_property
    def read(self) -> dict[int, list[History]]:
        """The histories of all governments as they were read, by topic, in the order in which they are told."""
        return {
            topic.pk: sorted(
                (self.reading.history(actor, topic, self.board.shown(actor.pk, topic)) for actor in self.governments),
                key=by_last_position,
            )
            for topic in self.drawn
        }

    @cached_property
    def histories(self) -> dict[int, list[History]]:
        """The same, with an overview of the whole of each that is long."""
        add_overviews((told for histories in self.read.values() for told in histories), self.day)
        return self.read

    @cached_property
    def axis(self) -> Axis:
        return Axis.over([told for found in self.histories.values() for told in found], self.day)

    @cached_property
    def panel(self) -> Panel:
        """The topic's own panel, with every government."""
        told = self.histories[self.topic.pk]
        return Panel(self.topic, [row(it, self.axis) for it in told[: self.rows]], self.axis, told[self.rows :])

    @cached_property
    def below(self) -> list[Panel]:
        """The panels of the topics under it on which anything is recorded."""
        return [panel for topic in self.drawn[1:] if (panel := self._below(topic)).rows]

    def _below(self, topic: Topic) -> Panel:
        told = self.histories[topic.pk]
        drawn = [it for it in told if it.events][: self.rows]
        actors = {it.actor.pk for it in drawn}
        beside = [it for it in told if it.actor.pk not in actors]
        return Panel(topic, [row(it, self.axis) for it in drawn], self.axis, beside)

    @property
    def signs(self) -> set[str]:
        """Name the kinds of marks that the figures have."""
        return signs_of(drawn for panel in [self.panel, *self.below] for drawn in panel.rows)

    @property
    def silent(self) -> list[Topic]:
        """List the topics under it on which nothing is recorded."""
        return [topic for topic in self.subtree[1:] if not self.counts.get(topic.pk)]

    @cached_property
    def quarters(self) -> Quarters | None:
        """Count what governments said on the topic and those under it, one by one where all of it is drawn."""
        if self.number > max(self.most, STANCES_CHARTED):
            return None
        first = [stance for stance in self.stances if not stance.repeat]
        if len(first) == sum(self.counts.values()):
            return quarters(each(stance for stance in first if stance.attribution == Voice.OWN), self.day, self.by)
        own = self._of_governments().filter(attribution=Voice.OWN, repeat=False, stated_on__lte=self.day).order_by()
        days = own.values_list("stated_on", "position").annotate(Count("pk"))
        return quarters([Counted(*row) for row in days], self.day, self.by)

    @cached_property
    def by(self) -> str:
        """Choose by what it is counted when they spoke: by quarter, or by year where there are too many quarters."""
        own = Position.objects.own().filter(topic__in=[it.pk for it in self.subtree], since__lte=self.day)
        first = own.order_by("since").values_list("since", flat=True).first() or self.day
        return QUARTER if (self.day.year - first.year + 1) * 4 <= COLUMNS else YEAR

    @property
    def lede(self) -> str:
        """Say how many governments are for, undecided and against in their own words, never counting those under it."""
        told = self.histories[self.topic.pk]
        own = [it.shown for it in told if it.shown and it.shown.reason == "own"]
        heard = [it for it in told if it.shown and it.shown.reason == "reported"]
        if not own and not heard:
            return "No government’s position on this very proposition is recorded."
        if not own:
            reported = f"Others report the position of {number(len(heard))}."
            return f"No government has spoken on this in its own words. {reported}"
        sides = Counter(shown.side for shown in own)
        more = f" Others report the position of {number(len(heard))} more." if heard else ""
        if len(own) == 1:
            name = next(it.actor.name for it in told if it.shown is own[0])
            return f"One government has spoken on this in its own words: {name}, {own[0].words}.{more}"
        parts = [f"{number(sides[s])} {'is' if sides[s] == 1 else 'are'} {word}" for s, word in SIDES if sides[s]]
        if len(parts) == 1:
            word = next(word for side, word in SIDES if sides[side])
            return f"All {number(len(own))} governments that have spoken on this in their own words are {word}.{more}"
        return f"Of {number(len(own))} governments that have spoken on this in their own words, {joined(parts)}.{more}"

    @cached_property
    def elsewhere(self) -> list[Stance]:
        """List what others than governments hold on the topic itself, newest first.

        They are found by their positions: among the stances of governments they may be few, or none.
        """
        held = Position.objects.on(self.day).filter(topic=self.topic.pk).exclude(actor__kind=ActorKind.GOVERNMENT)
        others = set(held.order_by("-last_stated_on").values_list("actor", flat=True)[:OTHERS_LOOKED_AT])
        rows = Stance.objects.in_series().filter(topic=self.topic.pk, actor__in=others, stated_on__lte=self.day)
        newest = rows.order_by("-stated_on", "-statement__key", "actor__name").values_list("pk", flat=True)
        places = {pk: place for place, pk in enumerate(newest[:ELSEWHERE_SHOWN])}
        return sorted(known(Stance.objects.filter(pk__in=places)), key=lambda stance: places[stance.pk])


def by_last_position(told: History) -> tuple:
    """Sort own words first, then reported, then wider ones, from for to against, then by name."""
    shown: Shown | None = told.shown
    if shown is None:
        return 3, 0, told.actor.label.casefold()
    return ("own", "reported", "wider").index(shown.reason), -shown.value, told.actor.label.casefold()
