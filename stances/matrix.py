"""The first page's table: governments by topics, with what is shown for each on a day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from stances.asof import Board, Shown, board
from stances.models import Actor, Affiliation, Topic
from stances.tree import TopicTree


@dataclass(frozen=True)
class Line:
    """A line under a cell: what is shown on one topic or several alike under the column's, for one reason."""

    topics: list[Topic]
    shown: Shown | None
    itself: bool = False

    @property
    def label(self) -> str:
        return ", ".join(topic.short_name for topic in self.topics)


@dataclass(frozen=True)
class Cell:
    topic: Topic
    shown: Shown | None
    lines: list[Line]


@dataclass(frozen=True)
class Row:
    actor: Actor
    cells: list[Cell]


@dataclass(frozen=True)
class Rows:
    """Governments of one kind: members of the topic's group, candidates, others."""

    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Tally:
    """How many governments of the table are for, undecided and against in their own words on a column's topic."""

    topic: Topic
    words: str


@dataclass(frozen=True)
class Matrix:
    day: dt.date
    topic: Topic
    columns: list[Topic]
    groups: list[Rows]
    tallies: list[Tally]

    @property
    def governments(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def width(self) -> int:
        return len(self.columns) + 1


def matrix(tree: TopicTree, topic: Topic, day: dt.date) -> Matrix:
    """Lay out a topic and its children for all governments that the question concerns; five queries."""
    columns = [topic, *tree.children[topic.pk]]
    subtree = tree.subtree(topic)
    governments = {actor.pk: actor for actor in Actor.objects.governments()}
    on_day = board(tree, day, actors=Actor.objects.governments().order_by().values("pk"), topics=subtree)
    groups = []
    for name, actors in rows_of(topic, subtree, governments, on_day):
        ordered = sorted(actors, key=lambda actor: (actor.label.casefold(), actor.pk))
        rows = [Row(actor, [cell(on_day, actor, column, topic) for column in columns]) for actor in ordered]
        groups.append(Rows(name, rows))
    rows = [row for group in groups for row in group.rows]
    return Matrix(day, topic, columns, groups, [tally(on_day, rows, column) for column in columns])


def rows_of(
    topic: Topic, subtree: list[Topic], governments: dict[int, Actor], on_day: Board
) -> Iterable[tuple[str, list[Actor]]]:
    """Part the governments: members on the day, then candidates that topics name, then others with any position."""
    members: set[int] = set()
    if topic.group_id is not None:
        held = Affiliation.objects.on(on_day.day).filter(of=topic.group_id, actor__in=governments)
        members = set(held.order_by().values_list("actor_id", flat=True))
    candidates = {t.candidate_id for t in subtree if t.candidate_id in governments} - members
    others = on_day.actors_with_any(subtree) - members - candidates
    named = f"Members of {topic.group.label}" if topic.group else "Members"
    parts = [(named, members), ("Candidates", candidates), ("Others", others)]
    full = [(name, [governments[pk] for pk in pks]) for name, pks in parts if pks]
    return full if len(full) > 1 or members else [("Governments", actors) for _, actors in full]


def cell(on_day: Board, actor: Actor, column: Topic, root: Topic) -> Cell:
    below = [] if column.pk == root.pk else on_day.tree.descendants(column)
    shown = on_day.shown(actor.pk, column)
    return Cell(column, shown, lines_of(on_day, actor, below, shown))


def lines_of(on_day: Board, actor: Actor, topics: list[Topic], above: Shown | None) -> list[Line]:
    """Give each topic that has words of its own a line; join those that rest on the same wider position, and the void.

    Where nothing at all is known the cell says so once.
    """
    lines: list[Line] = []
    wider: dict[int, list[Topic]] = {}
    resting: dict[int, Shown] = {}
    void = []
    for topic in topics:
        shown = on_day.shown(actor.pk, topic)
        if shown is None:
            void.append(topic)
        elif shown.wider is None:
            lines.append(Line([topic], shown, itself=topic.candidate_id == actor.pk))
        else:
            wider.setdefault(shown.wider.pk, []).append(topic)
            resting[shown.wider.pk] = shown
    lines += [Line(alike, resting[pk]) for pk, alike in wider.items()]
    if void and (lines or above):
        lines.append(Line(void, None))
    return lines


def tally(on_day: Board, rows: list[Row], column: Topic) -> Tally:
    own = [on_day.own(row.actor.pk, column) for row in rows]
    values = Counter(shown.value for shown in own if shown)
    named = ((2, "for"), (1, "for, on terms"), (0, "undecided"), (-1, "against, on terms"), (-2, "against"))
    parts = "; ".join(f"{values[value]} {words}" for value, words in named if values[value])
    silent = own.count(None)
    without = f"{silent} without own words" if silent else ""
    return Tally(column, "; ".join(part for part in (parts, without) if part))
