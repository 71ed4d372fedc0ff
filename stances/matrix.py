"""The first page's table: governments by topics, with what is shown for each on a day."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Count, QuerySet

from stances.asof import Board, Shown, board
from stances.models import Actor, Affiliation, Position, Topic
from stances.tree import TopicTree
from stances.vocabulary import ActorKind
from stances.written import Together, Written

IN_SHORT = 12
SHORT = 2  # so many positions stand in a government's line
LINES = 5  # so many lines under a cell are open, the rest unfold
ROWS, COLUMNS = 12, 7  # so many are drawn of a larger table
WIDEST = 12  # a table has at most so many columns
CELLS = 300  # where rows times topics are more, the cells have no lines for the topics under theirs


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
    def recorded(self) -> list[Shown]:
        """List what is recorded on the very topics, the column's before those under it."""
        return [it for it in (self.shown, *(line.shown for line in self.lines)) if it and not it.wider]

    @property
    def silent(self) -> list[Topic]:
        """List the topics on which nothing is recorded."""
        below = [topic for line in self.lines if not line.shown for topic in line.topics]
        return below if self.shown else [self.topic, *below]

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

    @cached_property
    def recorded(self) -> list[Shown]:
        """List what is recorded of a government: own words before reported ones, one of each side before the others."""
        found = sorted((it for cell in self.cells for it in cell.recorded), key=lambda it: it.heard)
        first = {it.side: it for it in reversed(found)}
        return sorted(found, key=lambda it: first[it.side] is not it)

    @property
    def short(self) -> list[Shown]:
        return self.recorded[:SHORT]

    @property
    def more(self) -> int:
        return len(self.recorded) - len(self.short)

    @property
    def silent(self) -> str:
        """Name the topics on which nothing is recorded of it."""
        return "; ".join(topic.name for cell in self.cells for topic in cell.silent)


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
    governments: int = 0
    recorded: int = 0  # of so many governments, drawn or not, any position is recorded
    more_columns: list[Topic] = field(default_factory=list)
    whole: bool = True

    @property
    def drawn(self) -> int:
        """Count the governments that have a row."""
        return sum(len(group.rows) for group in self.groups)

    @property
    def more_rows(self) -> int:
        return self.governments - self.drawn

    @property
    def heads(self) -> list[tuple[Topic, int]]:
        """List the columns, each with how many topics stand right under it that can be opened."""
        return [(column, self.children[column.pk] if column.pk != self.topic.pk else 0) for column in self.columns]

    @property
    def in_short(self) -> list[Row]:
        """List whom a line is given to before the table: where there are few, all."""
        rows = [row for group in self.groups for row in group.rows]
        return rows if len(rows) <= IN_SHORT and not self.more_rows else []

    @property
    def width(self) -> int:
        return len(self.columns) + 1


def matrix(tree: TopicTree, topic: Topic, day: dt.date, since: dt.date | None = None) -> Matrix:
    """Lay out a topic and its children for the governments that the question concerns; six queries.

    With `since`, an earlier day, what differs from it is marked; three queries more. Of a large table only the first
    rows and columns are drawn, without the topics under the columns: the work does not grow with what is recorded.
    """
    subtree = tree.subtree(topic)
    parts, recorded = rows_of(tree, topic, subtree, day)
    governments = sum(len(listed) for _, listed in parts)
    drawn = first_rows(parts)
    pks = [pk for _, listed in drawn for pk in listed]
    actor_of = tree.governments.by_id
    actors = [actor_of[pk] for pk in pks]
    children = tree.children[topic.pk]
    whole = len(actors) * len(subtree) <= CELLS and len(children) < WIDEST
    columns = [topic, *(children if whole or len(children) < COLUMNS else children[: COLUMNS - 1])]
    topics = subtree if whole else columns
    on_day = board(tree, day, actors=pks, topics=topics)
    found = {}
    if since:
        before = board(tree, since, actors=pks, topics=topics)
        found = {(it.actor.pk, it.topic.pk): it for it in differences(before, on_day, actors, topics)}
    groups = [
        Rows(
            name,
            [
                Row(actor_of[pk], [cell(on_day, actor_of[pk], column, topic, found, whole) for column in columns])
                for pk in listed
            ],
        )
        for name, listed in drawn
    ]
    return Matrix(
        day,
        topic,
        columns,
        groups,
        tallies(columns, day, governments),
        {column.pk: len(tree.children[column.pk]) for column in columns},
        since,
        list(found.values()),
        governments,
        recorded,
        [child for child in children if child not in columns],
        whole,
    )


def first_rows(parts: list[tuple[str, list[int]]]) -> list[tuple[str, list[int]]]:
    """Keep the governments that a table has rows for: members before candidates before others, each by name."""
    room, kept = ROWS, []
    for name, actors in parts:
        kept.append((name, actors[:room]))
        room -= len(kept[-1][1])
    return [(name, actors) for name, actors in kept if actors]


def differences(before: Board, now: Board, actors: Iterable[Actor], topics: list[Topic]) -> Iterable[Difference]:
    """Compare what two days show of governments on topics, own or reported; what rests on a wider one counts there."""
    for actor in actors:
        for topic in topics:
            was = before.own(actor.pk, topic) or before.reported(actor.pk, topic)
            shown = now.own(actor.pk, topic) or now.reported(actor.pk, topic)
            if shown and (was is None or (was.value, was.terms, was.voice) != (shown.value, shown.terms, shown.voice)):
                yield Difference(actor, topic, was, shown)


def opened(topics: Collection[int], today: dt.date) -> QuerySet:
    rows = Position.objects.filter(topic__in=topics, actor__kind=ActorKind.GOVERNMENT, since__lte=today)
    return rows.values_list("since")


DAYS = Together(
    before=Written(lambda topics, day, today: opened(topics, today).filter(since__lt=day).order_by("-since")[:1]),
    after=Written(lambda topics, day, today: opened(topics, today).filter(since__gt=day).order_by("since")[:1]),
)


def changed_days(tree: TopicTree, topic: Topic, day: dt.date, today: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """Give the last day before `day`, and the first after it up to today, on which a table changed; one query."""
    topics = [it.pk for it in tree.with_ancestors(tree.subtree(topic))]
    found = DAYS.ask(topics=topics, day=day, today=today)
    return found["before"], found["after"]


MEMBERS = Written(
    lambda group, day: (
        Affiliation.objects.on(day)
        .filter(of=group, actor__kind=ActorKind.GOVERNMENT)
        .order_by()
        .values_list("actor_id")
    )
)


def rows_of(
    tree: TopicTree, topic: Topic, subtree: list[Topic], day: dt.date
) -> tuple[list[tuple[str, list[int]]], int]:
    """Part the governments: members on the day, then candidates that topics name, then others with any position.

    Gives the ids of each part by name, and of how many governments any position is recorded. Two queries at most.
    """
    governments = tree.governments.by_id
    recorded = tree.governments.recorded(topic.pk, [it.pk for it in subtree], day)
    members: set[int] = set()
    if topic.group_id is not None:
        members = {pk for (pk,) in MEMBERS.rows(group=topic.group_id, day=day)}
    candidates = {t.candidate_id for t in subtree if t.candidate_id in governments} - members
    named = f"Members of {topic.group.label}" if topic.group else "Members"
    parts: list[tuple[str, Collection[int | None]]] = [
        (named, members),
        ("Candidates", candidates),
        ("Others", recorded - members - candidates),
    ]
    full = [(name, [pk for pk in governments if pk in pks]) for name, pks in parts if pks]
    one = len(full) == 1 and not members
    return [("Governments", pks) for _, pks in full] if one else full, len(recorded)


Found = dict[tuple[int, int], Difference]


def cell(on_day: Board, actor: Actor, column: Topic, root: Topic, found: Found, whole: bool) -> Cell:
    below = on_day.tree.descendants(column) if whole and column.pk != root.pk else []
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


NAMED = ((2, "for"), (1, "for, on terms"), (0, "undecided"), (-1, "against, on terms"), (-2, "against"))


OWN_VALUES = Written(
    lambda topics, day: (
        Position.objects.own()
        .on(day)
        .filter(topic__in=topics, actor__kind=ActorKind.GOVERNMENT)
        .order_by()
        .values_list("topic", "value")
        .annotate(n=Count("*"))
    )
)


def tallies(columns: list[Topic], day: dt.date, governments: int) -> list[Tally]:
    """Count the own words of all governments on each column's topic, drawn or not; one query."""
    values: dict[int, Counter[int]] = defaultdict(Counter)
    for topic, value, number in OWN_VALUES.rows(topics=[it.pk for it in columns], day=day):
        values[topic][value] = number
    return [tally(column, values[column.pk], governments) for column in columns]


def tally(column: Topic, values: Counter[int], governments: int) -> Tally:
    parts = "; ".join(f"{values[value]} {words}" for value, words in NAMED if values[value])
    silent = governments - values.total()
    without = f"{silent} without own words" if silent else ""
    return Tally(column, "; ".join(part for part in (parts, without) if part))
