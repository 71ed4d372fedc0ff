"""The first page's table: governments by topics, with what is shown for each on a day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from stances.asof import Board, Shown, board
from stances.models import Actor, Affiliation, Position, Topic
from stances.tree import TopicTree
from stances.vocabulary import ActorKind

IN_SHORT = 12
LINES = 5  # so many lines under a cell are open, the rest unfold


@dataclass(frozen=True)
class Difference:
    """What is shown of a government on a topic, where another day showed something else or nothing."""

    actor: Actor
    topic: Topic
    before: Shown | None
    now: Shown

    @property
    def was(self) -> str:
        return words_of(self.before)

    @property
    def sign(self) -> str:
        return self.before.sign if self.before else ""

    @property
    def is_(self) -> str:
        return words_of(self.now)


def words_of(shown: Shown | None) -> str:
    if shown is None:
        return "no position recorded"
    return f"{shown.words}{', reported' if shown.heard else ''}"


@dataclass(frozen=True)
class Line:
    """A line under a cell: what is shown on one topic or several alike under the column's, for one reason."""

    topics: list[Topic]
    shown: Shown | None
    itself: bool = False
    difference: Difference | None = None

    @property
    def label(self) -> str:
        return ", ".join(topic.short_name for topic in self.topics)


@dataclass(frozen=True)
class Cell:
    topic: Topic
    shown: Shown | None
    lines: list[Line]
    difference: Difference | None = None

    @property
    def short(self) -> Shown | None:
        """Choose what to say in a word: own words before reported ones, the column's topic before those under it."""
        found = [it for it in (self.shown, *(line.shown for line in self.lines)) if it and not it.wider]
        return min(found, key=lambda it: it.heard, default=None)

    @property
    def open_lines(self) -> list[Line]:
        return self.lines if len(self.lines) <= LINES + 1 else self.lines[:LINES]

    @property
    def folded(self) -> list[Line]:
        return self.lines[len(self.open_lines) :]


@dataclass(frozen=True)
class Row:
    actor: Actor
    cells: list[Cell]

    @property
    def short(self) -> list[Shown]:
        """Say where a government stands in a line: one position of each column in which any is recorded."""
        return [cell.short for cell in self.cells if cell.short]


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
    children: dict[int, int] = field(default_factory=dict)
    since: dt.date | None = None
    differences: list[Difference] = field(default_factory=list)

    @property
    def heads(self) -> list[tuple[Topic, int]]:
        """List the columns, each with how many topics stand right under it that can be opened."""
        return [(column, self.children[column.pk] if column.pk != self.topic.pk else 0) for column in self.columns]

    @property
    def in_short(self) -> list[Row]:
        """List whom a line is given to before the table: where there are few, all."""
        rows = [row for group in self.groups for row in group.rows]
        return rows if len(rows) <= IN_SHORT else []

    @property
    def governments(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def width(self) -> int:
        return len(self.columns) + 1


def matrix(tree: TopicTree, topic: Topic, day: dt.date, since: dt.date | None = None) -> Matrix:
    """Lay out a topic and its children for all governments that the question concerns; five queries.

    With `since`, an earlier day, what differs from it is marked; three queries more.
    """
    columns = [topic, *tree.children[topic.pk]]
    subtree = tree.subtree(topic)
    governments = {actor.pk: actor for actor in Actor.objects.governments()}
    of_governments = Actor.objects.governments().order_by().values("pk")
    on_day = board(tree, day, actors=of_governments, topics=subtree)
    parts = [
        (name, sorted(actors, key=lambda actor: (actor.label.casefold(), actor.pk)))
        for name, actors in rows_of(topic, subtree, governments, on_day)
    ]
    found = {}
    if since:
        before = board(tree, since, actors=of_governments, topics=subtree)
        actors = [actor for _, listed in parts for actor in listed]
        found = {(it.actor.pk, it.topic.pk): it for it in differences(before, on_day, actors, subtree)}
    groups = [
        Rows(name, [Row(actor, [cell(on_day, actor, column, topic, found) for column in columns]) for actor in actors])
        for name, actors in parts
    ]
    rows = [row for group in groups for row in group.rows]
    return Matrix(
        day,
        topic,
        columns,
        groups,
        [tally(on_day, rows, column) for column in columns],
        {column.pk: len(tree.children[column.pk]) for column in columns},
        since,
        list(found.values()),
    )


def differences(before: Board, now: Board, actors: Iterable[Actor], topics: list[Topic]) -> Iterable[Difference]:
    """Compare what two days show of governments on topics, own or reported; what rests on a wider one counts there."""
    for actor in actors:
        for topic in topics:
            was = before.own(actor.pk, topic) or before.reported(actor.pk, topic)
            shown = now.own(actor.pk, topic) or now.reported(actor.pk, topic)
            if shown and (was is None or (was.value, was.terms, was.voice) != (shown.value, shown.terms, shown.voice)):
                yield Difference(actor, topic, was, shown)


def changed_days(tree: TopicTree, topic: Topic, day: dt.date, today: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """Give the last day before `day`, and the first after it up to today, on which a table changed; two queries."""
    topics = [it.pk for it in tree.with_ancestors(tree.subtree(topic))]
    opened = Position.objects.filter(topic__in=topics, actor__kind=ActorKind.GOVERNMENT, since__lte=today)
    days = opened.order_by().values_list("since", flat=True)
    return (
        days.filter(since__lt=day).order_by("-since").first(),
        days.filter(since__gt=day).order_by("since").first(),
    )


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


Found = dict[tuple[int, int], Difference]


def cell(on_day: Board, actor: Actor, column: Topic, root: Topic, found: Found) -> Cell:
    below = [] if column.pk == root.pk else on_day.tree.descendants(column)
    shown = on_day.shown(actor.pk, column)
    return Cell(column, shown, lines_of(on_day, actor, below, shown, found), found.get((actor.pk, column.pk)))


def lines_of(on_day: Board, actor: Actor, topics: list[Topic], above: Shown | None, found: Found) -> list[Line]:
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
            difference = found.get((actor.pk, topic.pk))
            lines.append(Line([topic], shown, itself=topic.candidate_id == actor.pk, difference=difference))
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
