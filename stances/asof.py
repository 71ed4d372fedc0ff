"""What is shown for an actor on a topic on a day (codebook, section 6, "Shown"). Nothing of a later day enters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

from django.db.models import OuterRef, Subquery

from stances.dates import PartialDate, today
from stances.governments import Head, Heads
from stances.models import Position, Source, Stance, Topic
from stances.models.addresses import address
from stances.models.statements import Role
from stances.passages import GAP
from stances.tree import TopicTree
from stances.vocabulary import CSS, SIGNS, ActorKind, Authority, Voice, side, wording
from stances.wording import length
from stances.written import Written

DECIDING = (Role.OPENED, Role.CONFIRMED)
REPORTED = Voice.REPORTED.value  # the pages of tables ask hundreds of times
OLD_YEARS = 2
BATCH = 5000


def years_after(day: dt.date, years: int) -> dt.date:
    """Give the same day some years later; of 29 February, the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def is_old(stated_on: dt.date, day: dt.date) -> bool:
    """Tell whether something was stated more than two years before a day."""
    return years_after(stated_on, OLD_YEARS) < day


def stated_date(stance: Stance) -> PartialDate:
    return stance.statement.date


def source_of(stance: Stance) -> Source:
    """Give the source of a stance that is stored; the column is empty only until then."""
    assert stance.source
    return stance.source


def since_words(date: PartialDate) -> str:
    """Say since when: " since 13 February 2024", " since February 2024", ", the first before 25 March 2024"."""
    if date.earliest is None:
        return f", the first {date.words()}"
    return f" since {date.bare_words()}"


def last_words(date: PartialDate) -> str:
    """Say when an old position was last stated: by its year, or as exactly as a date known in part tells."""
    if date.earliest is not None and date.earliest.year == date.latest.year:
        return f"in {date.latest.year}"
    return date.words()


def condition_said(stance: Stance) -> bool:
    """Tell whether the words of a condition stand in the statement's quotation, and so are the speaker's."""
    return any(stance.condition in piece for piece in stance.statement.quote_pieces)


def reporter(stance: Stance) -> str:
    """Name who reports a position: a publication, or a speaker and where the words are printed."""
    speaker, publisher = stance.statement.speaker, source_of(stance).publisher
    return reporter_words(speaker.label, speaker.kind, stance.authority, publisher.label if publisher else "")


def reporter_words(speaker: str, kind: str, authority: str, publisher: str) -> str:
    if kind == ActorKind.PUBLICATION:
        return f"{speaker} (state media)" if authority == Authority.STATE_MEDIA else speaker
    if authority == Authority.UNNAMED and publisher:
        unnamed = f"u{speaker[1:]}" if speaker.startswith("Unnamed ") else speaker  # and "US official" as it is
        return f"{publisher} ({unnamed})"
    return speaker


class Said(NamedTuple):
    """What a cell needs of the stance that decides it, read as plain values: a table has thousands of cells."""

    pk: int
    key: str
    earliest: dt.date | None
    latest: dt.date
    condition: str
    quote: str
    authority: str
    colleagues_differ: bool
    speaker_name: str
    speaker_short: str
    speaker_kind: str
    publisher_name: str | None
    publisher_short: str | None

    PATHS = (  # type: ignore[misc]
        "pk",
        "statement__key",
        "statement__earliest",
        "statement__latest",
        "condition",
        "statement__quote",
        "statement__authority",
        "colleagues_differ",
        "statement__speaker__name",
        "statement__speaker__short_name",
        "statement__speaker__kind",
        "source__publisher__name",
        "source__publisher__short_name",
    )

    @property
    def date(self) -> PartialDate:
        return PartialDate(self.earliest, self.latest)

    @property
    def speaker(self) -> str:
        return self.speaker_short or self.speaker_name

    @property
    def reporter(self) -> str:
        publisher = self.publisher_short or self.publisher_name or ""
        return reporter_words(self.speaker, self.speaker_kind, self.authority, publisher)

    @property
    def condition_said(self) -> bool:
        return any(self.condition in piece for piece in self.quote.split(GAP))


@dataclass(slots=True)
class Shown:
    """The position shown for an actor on a topic: its own, one that others report, or its own on a wider topic."""

    actor_id: int
    topic: Topic
    voice: str
    value: int
    terms: str
    since: dt.date
    statements: int
    began: PartialDate
    latest: Said
    stated: PartialDate
    day: dt.date
    head: Head | None = None
    wider: Topic | None = None
    wider_words: str = ""
    actor_slug: str = ""
    as_of: str = ""

    @property
    def hollow(self) -> bool:
        return self.heard or self.wider is not None

    @property
    def heard(self) -> bool:
        return self.voice == REPORTED

    @property
    def reason(self) -> str:
        """Name what is shown: `own`, `reported` or `wider`."""
        return "wider" if self.wider else "reported" if self.heard else "own"

    @property
    def words(self) -> str:
        return wording(self.value, self.terms)

    @property
    def css(self) -> str:
        return CSS[self.value]

    @property
    def sign(self) -> str:
        return SIGNS[self.value]

    @property
    def side(self) -> int:
        return side(self.value)

    @property
    def condition(self) -> str:
        return self.latest.condition

    @property
    def condition_said(self) -> bool:
        return self.latest.condition_said

    @property
    def last_stated_on(self) -> dt.date:
        return self.latest.latest

    @property
    def reporter(self) -> str:
        return self.latest.reporter

    @property
    def url(self) -> str:
        return address("statement", self.latest.key)

    @property
    def why(self) -> str:
        """Give the address of the page that explains it."""
        return f"{address('history', self.actor_slug, self.topic.slug)}{self.as_of}"

    @property
    def differs(self) -> bool:
        """Tell whether colleagues differ on it: flagged on own words alone."""
        return self.latest.colleagues_differ and not self.hollow

    @property
    def by(self) -> str:
        """Say who stated it last and when, or why it is hollow."""
        when = self.stated.words(short=True)
        if self.wider:
            return self.wider_words
        if self.heard:
            return f"reported by {self.reporter}, {when}"
        return f"{self.latest.speaker}, {when}"

    @property
    def old(self) -> str:
        """Say when it was last stated, where that is more than two years ago or under an earlier head; else nothing."""
        if not self.head and not is_old(self.last_stated_on, self.day):
            return ""
        return f"last {self.verb} {last_words(self.stated)}{self.under}"

    @property
    def under(self) -> str:
        """Name the earlier head under whom it was stated: ", under President Ada Low"."""
        return f", under {self.head.title} {self.head.name}" if self.head else ""

    @property
    def verb(self) -> str:
        return "reported" if self.heard else "stated"

    @property
    def held(self) -> str:
        """Say how often it was stated: "stated once", "held in 3 statements since 13 February 2024"."""
        if self.statements == 1:
            return f"{self.verb} once"
        verb = "reported" if self.heard else "held"
        return f"{verb} in {self.statements} statements{since_words(self.began)}"

    @property
    def age(self) -> str:
        """Say how long before the day it was last stated; of a date known in part, at least how long."""
        if self.last_stated_on == self.day:
            return "on this day" if self.stated.is_exact else "by this day"
        return f"{'' if self.stated.is_exact else 'at least '}{length(self.last_stated_on, self.day)} ago"

    @property
    def told(self) -> str:
        """Say how often it was stated, how old it is and under whom; of a wider topic's that is told with the topic."""
        if self.wider:
            return ""
        often = "once, " if self.statements == 1 else f"{self.held}, last "
        return f"{often}{self.age}{self.under}"

    @property
    def record(self) -> str:
        """Say how often, since when and when last, as the record has it."""
        if self.statements == 1:
            return self.old or self.held
        return f"{self.held}; {self.old}" if self.old else self.held


@dataclass(frozen=True)
class Board:
    """What is shown on a day, for any number of actors and topics."""

    day: dt.date
    tree: TopicTree
    cells: dict[tuple[int, int, str], Shown] = field(default_factory=dict)

    def own(self, actor: int, topic: Topic) -> Shown | None:
        return self.cells.get((actor, topic.pk, Voice.OWN))

    def reported(self, actor: int, topic: Topic) -> Shown | None:
        return self.cells.get((actor, topic.pk, Voice.REPORTED))

    def shown(self, actor: int, topic: Topic) -> Shown | None:
        """Give the own position; failing that the reported one; failing that the nearest wider topic's own."""
        if found := self.own(actor, topic) or self.reported(actor, topic):
            return found
        for above in self.tree.ancestors(topic):
            if wide := self.own(actor, above):
                return replace(wide, topic=topic, wider=above, wider_words=self.tree.in_general(above))
        return None


HELD = Written(
    lambda actors, topics, day: (
        Position.objects.on(day)
        .filter(actor__in=actors, topic__in=topics)
        .order_by()
        .values_list("pk", "actor", "topic", "voice")
    )
)
RECORDS = Written(
    lambda positions, day: (
        Position.objects.filter(pk__in=positions)
        .with_record_on(day)
        .order_by()
        .values_list(
            "actor_id",
            "topic_id",
            "voice",
            "value",
            "terms",
            "since",
            "statements",
            Subquery(Stance.objects.filter(pk=OuterRef("opening")).values("earliest_on")),
            "latest",
            "actor__slug",
        )
    )
)
SAID = Written(lambda stances: Stance.objects.filter(pk__in=stances).order_by().values_list(*Said.PATHS))


def batches(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch


def board(tree: TopicTree, day: dt.date, *, actors: Collection[int], topics: Iterable[Topic]) -> Board:
    """Read what is shown of actors on topics, and above them, on a day: three queries for some thousands of cells.

    What others report of an actor is left out where its own words are known. Two queries more for the governments,
    once for a tree, or one where others are among the actors.
    """
    wanted = [topic.pk for topic in tree.with_ancestors(topics)]
    held = HELD.rows(actors=actors, topics=wanted, day=day)
    spoken = {(actor, topic) for _, actor, topic, voice in held if voice != REPORTED}
    seen = [pk for pk, actor, topic, voice in held if voice != REPORTED or (actor, topic) not in spoken]
    rows = [row for batch in batches(seen) for row in RECORDS.rows(positions=batch, day=day)]
    said: dict[int, Said] = {}
    for batch in batches({latest for *_, latest, _ in rows}):
        said |= {it.pk: it for it in map(Said._make, SAID.rows(stances=batch))}
    governments = tree.governments
    heads = governments.heads if governments.by_id.keys() >= set(actors) else Heads(actors)
    as_of = "" if day == today() else f"?on={day}"
    cells = {}
    for actor, topic, voice, value, terms, since, statements, earliest, latest, slug in rows:
        last = said[latest]
        began, stated = PartialDate(earliest, since), last.date
        head = heads.earlier(actor, stated, day) if voice != REPORTED else None
        facts = (voice, value, terms, since, statements, began, last, stated, day, head)
        cells[actor, topic, voice] = Shown(actor, tree.by_id[topic], *facts, actor_slug=slug, as_of=as_of)
    return Board(day, tree, cells)
