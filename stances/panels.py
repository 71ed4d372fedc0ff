"""The page of a topic: every government's history on one axis, and below it those on the topics under it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Count

from stances.asof import Board, Shown, board
from stances.charts import Axis, Row, row
from stances.histories import Event, History, by_series, covers, history, up_to
from stances.models import Actor, Affiliation, Stance, Topic
from stances.models.statements import StanceQuerySet
from stances.quarters import Counted, Quarters, each, quarters
from stances.tree import TopicTree
from stances.vocabulary import ActorKind, Voice
from stances.wording import counted, first_up, joined, number

ROWS_SHOWN = 60
STANCES_DRAWN = 1500
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

    @property
    def events(self) -> list[tuple[History, Event]]:
        """List what the figure shows, as rows of a table, newest first."""
        told = [(history, event) for history in self.histories for event in history.events]
        return sorted(told, key=lambda pair: (pair[1].shown_on, pair[1].stance.statement.key), reverse=True)

    @property
    def facts(self) -> str:
        """Count what is drawn: "8 own statements by 4 governments, one position reported; sources published ..."."""
        events = [event for _, event in self.events]
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
        return covers(event.stance for _, event in self.events) if self.events else ""

    @property
    def others(self) -> str:
        """Say in words what is shown of the governments that are not drawn."""
        by_words: dict[str, list[str]] = {}
        for told in self.beside:
            shown = told.shown
            words = f"{shown.words} {shown.wider_words}, nothing recorded here" if shown else "no position recorded"
            by_words.setdefault(words, []).append(told.actor.label)
        return " ".join(f"{joined(names)}: {words}." for words, names in by_words.items())


class TopicPanels:
    """All that a topic's page tells, as of a day, in a constant number of queries."""

    def __init__(
        self, topic: Topic, tree: TopicTree, day: dt.date, *, whole: bool = False, alone: bool = False
    ) -> None:
        """Tell of a topic and those under it: `whole` however much that is, `alone` without those under it."""
        self.topic, self.tree, self.day, self.whole, self.alone = tree.by_id[topic.pk], tree, day, whole, alone

    @cached_property
    def subtree(self) -> list[Topic]:
        return [self.topic] if self.alone else self.tree.subtree(self.topic)

    @cached_property
    def counts(self) -> dict[int, int]:
        """How many stances of governments there are on each topic, repeats left out."""
        stances = self._of_governments().filter(repeat=False, stated_on__lte=self.day).order_by()
        return dict(stances.values_list("topic").annotate(Count("pk")))

    @cached_property
    def drawn(self) -> list[Topic]:
        """The topic, and those under it until the page would grow past reading; all where the whole is asked for."""
        found, stances = [self.topic], self.counts.get(self.topic.pk, 0)
        for topic in self.subtree[1:]:
            stances += self.counts.get(topic.pk, 0)
            if self.whole or stances <= STANCES_DRAWN:
                found.append(topic)
        return found

    @property
    def not_drawn(self) -> list[Topic]:
        """List the topics under it whose figures stand on their own pages only."""
        return [topic for topic in self.subtree if topic not in self.drawn]

    def _of_governments(self) -> StanceQuerySet:
        topics = [topic.pk for topic in self.subtree]
        return Stance.objects.public().filter(topic__in=topics, actor__kind=ActorKind.GOVERNMENT)

    @cached_property
    def stances(self) -> list[Stance]:
        """The stances that are drawn, repeats among them."""
        rows = self._of_governments().filter(topic__in=[topic.pk for topic in self.drawn])
        if not self.whole and sum(self.counts.values()) > STANCES_DRAWN:
            rows = rows.filter(actor__in=self.first_actors)
        return up_to(rows, self.day)

    @cached_property
    def first_actors(self) -> set[int]:
        """Choose, where there are more governments than rows, whose histories are drawn: the first by position."""
        bare = [History(it, self.topic, shown=self.board.shown(it.pk, self.topic)) for it in self.governments]
        return {told.actor.pk for told in sorted(bare, key=by_last_position)[:ROWS_SHOWN]}

    @cached_property
    def governments(self) -> list[Actor]:
        """List whom the question concerns: who has a position near it, the group's members, the candidates."""
        around = self.tree.subtree([self.topic, *self.tree.ancestors(self.topic)][-1])
        groups = {topic.group_id for topic in around} - {None}
        members = Affiliation.objects.on(self.day).filter(of__in=groups).order_by().values("actor")
        positions = Stance.objects.in_series().filter(topic__in=[t.pk for t in around], stated_on__lte=self.day)
        named = [topic.candidate_id for topic in around if topic.candidate_id]
        governments = Actor.objects.governments()
        return list(
            governments.filter(pk__in=members)
            | governments.filter(pk__in=positions.order_by().values("actor"))
            | governments.filter(pk__in=named)
        )

    @cached_property
    def board(self) -> Board:
        actors = [actor.pk for actor in self.governments]
        return board(self.tree, self.day, actors=actors, topics=self.subtree)

    @cached_property
    def histories(self) -> dict[int, list[History]]:
        """The histories of all governments, by topic, in the order in which they stand on the page."""
        grouped = by_series(self.stances)
        return {
            topic.pk: sorted(
                (
                    history(actor, topic, grouped.get((actor.pk, topic.pk), []), self.board.shown(actor.pk, topic))
                    for actor in self.governments
                ),
                key=by_last_position,
            )
            for topic in self.drawn
        }

    @cached_property
    def axis(self) -> Axis:
        return Axis.over([told for found in self.histories.values() for told in found], self.day)

    @cached_property
    def panel(self) -> Panel:
        """The topic's own panel, with every government."""
        told = self.histories[self.topic.pk]
        return Panel(self.topic, [row(it, self.axis) for it in told[:ROWS_SHOWN]], self.axis, told[ROWS_SHOWN:])

    @cached_property
    def below(self) -> list[Panel]:
        """The panels of the topics under it on which anything is recorded."""
        return [panel for topic in self.drawn[1:] if (panel := self._below(topic)).rows]

    def _below(self, topic: Topic) -> Panel:
        told = self.histories[topic.pk]
        drawn = [it for it in told if it.events][:ROWS_SHOWN]
        beside = [it for it in told if it not in drawn]
        return Panel(topic, [row(it, self.axis) for it in drawn], self.axis, beside)

    @property
    def combined(self) -> bool:
        """Tell whether any marks of the figures stand for several statements."""
        return any(drawn.combined for panel in [self.panel, *self.below] for drawn in panel.rows)

    @property
    def silent(self) -> list[Topic]:
        """List the topics under it on which nothing is recorded."""
        return [topic for topic in self.subtree[1:] if not self.counts.get(topic.pk)]

    @cached_property
    def quarters(self) -> Quarters | None:
        """Count what governments said on the topic and those under it, one by one where all of it is drawn."""
        first = [stance for stance in self.stances if not stance.repeat]
        if len(first) == sum(self.counts.values()):
            return quarters(each(stance for stance in first if stance.attribution == Voice.OWN), self.day)
        own = self._of_governments().filter(attribution=Voice.OWN, repeat=False, stated_on__lte=self.day).order_by()
        return quarters(
            [Counted(*row) for row in own.values_list("stated_on", "position").annotate(Count("pk"))], self.day
        )

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
        """List what others than governments hold on the topic itself, newest first."""
        rows = Stance.objects.in_series().filter(topic=self.topic.pk, stated_on__lte=self.day)
        rows = rows.exclude(actor__kind=ActorKind.GOVERNMENT).with_evidence()
        return list(rows.order_by("-stated_on", "-statement__key", "actor__name")[:ROWS_SHOWN])


def by_last_position(told: History) -> tuple:
    """Sort own words first, then reported, then wider ones, from for to against, then by name."""
    shown: Shown | None = told.shown
    if shown is None:
        return 3, 0, told.actor.label.casefold()
    return ("own", "reported", "wider").index(shown.reason), -shown.value, told.actor.label.casefold()
