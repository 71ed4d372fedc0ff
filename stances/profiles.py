"""The page of an actor: its positions on a day, their history, what it said, and whom it belongs to."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from django.db.models import Count, Q

from stances.asof import DECIDING, Board, Shown, board, source_of
from stances.charts import Axis, Row, row, signs_of
from stances.dates import PartialDate
from stances.facets import MOST_COUNTED
from stances.histories import Event, History, Offices, Reading, covers, read, span, up_to
from stances.models import Actor, Affiliation, Position, Source, Stance, Statement, Topic
from stances.models.statements import StanceQuerySet
from stances.news import capped
from stances.overviews import add_overviews
from stances.tree import TopicTree
from stances.vocabulary import OWN_VOICE, ActorKind, Authority, Voice, wording
from stances.wording import counted, first_up, joined
from stances.written import Written

#: So many stand on the page; the lists and the files have all.
STATEMENTS_SHOWN = 20
EVENTS_SHOWN = 40
SOURCES_SHOWN = 30
STANDINGS_SHOWN = 25
TIES_SHOWN = 40
#: An actor of whom more stances than this are recorded is told by the topics on which it was last spoken of.
STANCES_TOLD = 60
TOPICS_TOLD = 6
SPEAKERS_COUNTED = 200  # where more speak for an actor and its members, it is not counted how much


@dataclass(frozen=True)
class Standing:
    """What is shown on a topic, or on several that rest on the same wider position."""

    topics: list[Topic]
    shown: Shown


@dataclass(frozen=True)
class Tie:
    """Another actor, by which affiliation it is tied, and how much of what it said is on record."""

    affiliation: Affiliation
    other: Actor
    statements: int | None  # None: not counted
    day: dt.date
    by_people: int = 0

    @property
    def ended(self) -> bool:
        return self.affiliation.end is not None and self.affiliation.end <= self.day

    @property
    def last_day(self) -> dt.date | None:
        """Give the last day on which it held, where that has come."""
        return self.affiliation.end - dt.timedelta(days=1) if self.ended and self.affiliation.end else None

    @property
    def own(self) -> bool:
        """Tell whether its words are those of the other: of an office that speaks for it."""
        return self.affiliation.authority in OWN_VOICE

    @property
    def voice(self) -> str:
        if not self.affiliation.authority:
            return ""
        return "own words" if self.own else "reported"


@dataclass(frozen=True)
class Spoken:
    """A statement that the actor made as a speaker, with the stances it shows."""

    statement: Statement
    stances: list[Stance]

    @property
    def source(self) -> Source:
        return source_of(self.stances[0])


PUBLISHED = Written(
    lambda publisher, day: (
        Source.objects.public()
        .filter(Q(published_on=None) | Q(published_on__lte=day), publisher=publisher)
        .values_list("pk")[:SOURCES_SHOWN]
    )
)


LAST_CHANGE = Written(
    lambda actor, day: (
        Position.objects.changes()
        .filter(actor=actor, since__lte=day)
        .order_by("-since", "-id")
        .values_list(
            "kind",
            "topic",
            "previous_value",
            "previous_terms",
            "value",
            "terms",
            "opening__statement__earliest",
            "opening__statement__latest",
        )[:1]
    )
)


class Profile:
    """All that an actor's page tells, as of a day, in a constant number of queries."""

    def __init__(self, actor: Actor, tree: TopicTree, day: dt.date, *, most: int = STANCES_TOLD) -> None:
        """Tell of all topics where there are at most so many stances, else of some, with about so many stances."""
        self.actor, self.tree, self.day, self.most = actor, tree, day, most

    # ---- its positions ----

    @cached_property
    def number(self) -> int:
        """Count the stances, no further than `MOST_COUNTED` or what can be told."""
        said = Stance.objects.public().filter(actor=self.actor, stated_on__lte=self.day).order_by()
        return said.values("pk")[: max(MOST_COUNTED, self.most) + 1].count()

    @property
    def whole(self) -> bool:
        return self.number <= self.most

    @cached_property
    def reading(self) -> Reading:
        if self.whole:
            return Reading(up_to(Stance.objects.filter(actor=self.actor), self.day))
        each = max(self.most // len(self.told), 1) if len(self.told) > 1 else self.most * 2
        return read(Q(actor=self.actor, topic__in=self.told), self.day, each)

    @cached_property
    def told(self) -> list[int]:
        """Choose the topics on which the actor was last spoken of."""
        said = Stance.objects.in_series().filter(actor=self.actor, role__in=DECIDING, stated_on__lte=self.day)
        newest = said.newest(TOPICS_TOLD, "topic").order_by("stated_on").values_list("topic", "stated_on")
        last = dict(newest)
        return sorted(last, key=lambda topic: (-last[topic].toordinal(), topic))[:TOPICS_TOLD]

    @cached_property
    def board(self) -> Board:
        return board(self.tree, self.day, actors=[self.actor.pk], topics=self.tree)

    @property
    def stances(self) -> list[Stance]:
        """The stances that are told."""
        return self.reading.stances

    @cached_property
    def shown(self) -> dict[int, Shown]:
        """What is shown on each topic of the tree, by its id."""
        found = {topic.pk: self.board.shown(self.actor.pk, topic) for topic in self.tree}
        return {pk: shown for pk, shown in found.items() if shown}

    @cached_property
    def read(self) -> list[History]:
        """The histories as they were read, of long ones the newest words alone."""
        return [
            self.reading.history(self.actor, topic, self.shown.get(topic.pk), self.offices)
            for topic in self.tree
            if (self.actor.pk, topic.pk) in self.reading.grouped
        ]

    @cached_property
    def histories(self) -> list[History]:
        """The same, with an overview of the whole of each that is long."""
        add_overviews(self.read, self.day)
        return self.read

    @cached_property
    def newest(self) -> list[tuple[History, list[tuple[Event, Topic | None]]]]:
        """Give the newest events of all histories, each with the topic above under which its words are told already."""
        events = [(event.shown_on, event.stance.pk) for told in self.histories for event in told.events]
        shown = set(sorted(events)[-EVENTS_SHOWN:])
        first: dict[int, Topic] = {}
        found = []
        for told in self.histories:
            newest = [event for event in told.newest_first if (event.shown_on, event.stance.pk) in shown]
            found.append((told, [(event, first.get(event.stance.statement_id)) for event in newest]))
            first |= {it.stance.statement_id: told.topic for it in newest if it.stance.statement_id not in first}
        return found

    @cached_property
    def standings(self) -> list[Standing]:
        """List what is shown, in the order of the tree; topics that rest on one wider position stand together, last."""
        resting: dict[int, list[Shown]] = {}
        found = []
        for topic in self.tree:
            shown = self.shown.get(topic.pk)
            if shown and shown.wider:
                resting.setdefault(shown.wider.pk, []).append(shown)
            elif shown:
                found.append(Standing([topic], shown))
        return found + [Standing([shown.topic for shown in alike], alike[0]) for alike in resting.values()]

    @cached_property
    def standings_shown(self) -> list[Standing]:
        """List the standings last stated, in the order of the tree."""
        last = sorted(enumerate(self.standings), key=lambda it: it[1].shown.last_stated_on, reverse=True)
        return [it for _, it in sorted(last[:STANDINGS_SHOWN], key=lambda it: it[0])]

    @property
    def silent_on(self) -> list[Topic]:
        return [topic for topic in self.tree if topic.pk not in self.shown]

    @cached_property
    def axis(self) -> Axis:
        return Axis.over(self.histories, self.day)

    @cached_property
    def rows(self) -> list[Row]:
        return [row(told, self.axis) for told in self.histories]

    @property
    def signs(self) -> set[str]:
        """Name the kinds of marks that the figure has."""
        return signs_of(self.rows)

    @cached_property
    def offices(self) -> Offices:
        return Offices({stance.statement.speaker_id for stance in self.stances})

    @property
    def covers(self) -> str:
        return span(self.histories)

    # ---- in sentences ----

    @property
    def kicker(self) -> str:
        words = [first_up(self.actor.get_kind_display())]
        if self.actor.kind == ActorKind.GOVERNMENT:
            group = self.tree.featured.group_id if self.tree.featured else None
            words += [f"member of {tie.other.label}" for tie in self.groups if tie.other.pk == group and not tie.ended]
        else:
            words += [f"{tie.affiliation.title}, {tie.other.label}" for tie in self.speaks_for if not tie.ended][:1]
        return ", ".join(words)

    def told_by(self, reason: str) -> int:
        """Count the topics on which its `own` or the `reported` position is shown, however much is recorded."""
        return sum(shown.reason == reason for shown in self.shown.values())

    @property
    def lede(self) -> str:
        """Tell the newest change, or that there is none, in a sentence that holds for the data."""
        name = first_up(self.actor.in_sentence)
        if changed := LAST_CHANGE.rows(actor=self.actor.pk, day=self.day):
            [(kind, topic, *positions, earliest, latest)] = changed
            what = "the terms of its position" if kind == "terms" else "its position"
            before, after = wording(*positions[:2]), wording(*positions[2:])
            when = PartialDate(earliest, latest).words(preposition=True)
            on = self.tree.in_sentence(self.tree.by_id[topic])
            return f"{name} last changed {what} {when}: from “{before}” to “{after}”, on {on}."
        if own := self.told_by("own"):
            kept = "none of them has changed" if own > 1 else "it has not changed"
            return f"{name} has stated a position on {counted(own, 'topic')}; on record {kept}."
        if heard := self.told_by("reported"):
            return (
                f"No own words of {self.actor.in_sentence} are on record. "
                f"Others report its position on {counted(heard, 'topic')}."
            )
        if self.spoken_count:
            whose = {s.actor for it in self.spoken for s in it.stances if s.attribution == Voice.OWN}
            names = [actor.in_sentence for actor in sorted(whose, key=lambda actor: actor.name)]
            behalf = f", on behalf of {joined(names)}" if 0 < len(names) <= 3 else ""
            are = "is" if self.spoken_count == 1 else "are"
            made = first_up(counted(self.spoken_count, "statement"))
            return f"{made} by {self.actor.in_sentence} {are} on record{behalf}."
        return f"No position of {self.actor.in_sentence} is recorded."

    @property
    def facts(self) -> str:
        """Count what is recorded: statements, topics, sources, changes."""
        if not self.whole:
            own_words = f"own words on {self.told_by('own')} of {counted(len(self.tree.topics), 'topic')}"
            return f"{first_up(capped(self.number, 'stance'))} on record; {own_words}."
        own = {s.statement_id for s in self.stances if s.attribution == Voice.OWN and not s.repeat}
        heard = {s.statement_id for s in self.stances if s.attribution == Voice.REPORTED and not s.repeat} - own
        if not self.stances:
            return ""
        parts = []
        if own:
            topics = f"{self.told_by('own')} of {counted(len(self.tree.topics), 'topic')}"
            parts.append(f"{counted(len(own), 'own statement')} on {topics}")
        if heard:
            parts.append(f"{counted(len(heard), 'statement')} by which others report its position")
        sources = counted(len({s.source_id for s in self.stances}), "source")
        changes = sum(len(told.changes) for told in self.histories)
        reversals = sum(len(told.reversals) for told in self.histories)
        told = f"{first_up(joined(parts))}, from {sources} {covers(self.stances).removeprefix('sources ')}."
        if not own:
            return told
        backs = f", {counted(reversals, 'reversal')}" if changes else ""
        return f"{told} {first_up(counted(changes, 'change'))} of position{backs}."

    # ---- what it said and published ----

    @cached_property
    def spoken(self) -> list[Spoken]:
        """List the newest statements in which it speaks of others, or says what moves no position of its own."""
        said = self._spoken.exclude(actor=self.actor.pk)
        newest = said.newest(STATEMENTS_SHOWN, "statement").order_by("-stated_on", "-statement__key")
        keys = list(newest.values_list("statement", "stated_on", "statement__key").distinct()[:STATEMENTS_SHOWN])
        if not keys:
            return []
        grouped: dict[int, list[Stance]] = {pk: [] for pk, *_ in keys}
        for stance in said.filter(statement__in=grouped).with_evidence():
            grouped[stance.statement_id].append(stance)
        for found in grouped.values():
            found.sort(key=lambda stance: (stance.actor.name, self.tree.places[stance.topic_id]))
        return [Spoken(found[0].statement, found) for found in grouped.values()]

    @property
    def _spoken(self) -> StanceQuerySet:
        return Stance.objects.public().filter(speaker=self.actor, repeat=False, stated_on__lte=self.day)

    @cached_property
    def spoken_count(self) -> int:
        some = self._spoken.order_by().values("statement")[: MOST_COUNTED + 1]
        return some.aggregate(n=Count("statement", distinct=True))["n"]

    @cached_property
    def sources(self) -> list[Source]:
        published = [pk for (pk,) in PUBLISHED.rows(publisher=self.actor.pk, day=self.day)]
        return list(Source.objects.filter(pk__in=published)) if published else []

    # ---- people and groups ----

    @cached_property
    def uncounted(self) -> list[Tie]:
        """The ties to others whom a reader may know of, without what these said."""
        known = Affiliation.objects.filter(Q(start=None) | Q(start__lte=self.day)).select_related("actor", "of")
        ordered = known.filter(Q(actor=self.actor) | Q(of=self.actor)).order_by("end", "start", "pk")
        tied = [(a, a.of if a.actor_id == self.actor.pk else a.actor) for a in ordered]
        public = Actor.objects.public_among({other.pk for _, other in tied})
        return [Tie(it, other, None, self.day) for it, other in tied if other.pk in public]

    @cached_property
    def ties(self) -> list[Tie]:
        """The same, with how much they said, where it is counted."""
        public = {tie.other.pk for tie in self.uncounted}
        people = Affiliation.objects.filter(of__in=public).exclude(authority="").exclude(of=self.actor)
        bodies = set(people.order_by().values_list("actor", "of"))
        speakers = public | {person for person, _ in bodies}
        if len(speakers) > SPEAKERS_COUNTED:
            return self.uncounted
        spoken = Stance.objects.public().filter(speaker__in=speakers, stated_on__lte=self.day)
        counts = Counter(dict(spoken.order_by().values_list("speaker").annotate(Count("statement", distinct=True))))
        by_people: Counter[int] = Counter()
        for person, body in bodies:
            by_people[body] += counts[person]
        return [
            replace(tie, statements=counts[tie.other.pk], by_people=by_people[tie.other.pk]) for tie in self.uncounted
        ]

    @property
    def speaks_for(self) -> list[Tie]:
        return [t for t in self._belongs_to if t.own]

    @property
    def quoted_of(self) -> list[Tie]:
        """List what it belongs to without speaking for it: its words on its position are reported."""
        return [t for t in self._belongs_to if not t.own]

    @property
    def _belongs_to(self) -> list[Tie]:
        return [t for t in self.ties if t.affiliation.actor_id == self.actor.pk and t.affiliation.authority]

    @property
    def groups(self) -> list[Tie]:
        return [t for t in self.ties if t.affiliation.actor_id == self.actor.pk and not t.affiliation.authority]

    @property
    def speakers(self) -> list[Tie]:
        """List who speaks for it: those in office first, by authority."""
        return [t for t in self._people if t.own]

    @property
    def quoted(self) -> list[Tie]:
        """List who belongs to it and does not speak for it, in the same order."""
        return [t for t in self._people if not t.own]

    @property
    def _people(self) -> list[Tie]:
        found = [t for t in self.ties if t.affiliation.of_id == self.actor.pk and t.affiliation.authority]
        return sorted(
            found, key=lambda t: (t.ended, Authority(t.affiliation.authority).rank, -(t.statements or 0), t.other.name)
        )

    @property
    def members(self) -> list[Tie]:
        return [t for t in self.ties if t.affiliation.of_id == self.actor.pk and not t.affiliation.authority]
