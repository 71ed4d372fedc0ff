"""What an expert would look at again in a statement. Errors stop a save; a warning is shown, and can be dismissed."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery, TextChoices
from django.urls import reverse

from stances import dialects, effects
from stances.models import Actor, Dismissal, Position, Source, Stance, Statement, Topic
from stances.vocabulary import OWN_VOICE, ActorKind, Authority, Status, Terms, Voice, wording
from stances.voices import Voices
from stances.wording import day_words, joined

NEAR = dt.timedelta(days=7)
ALIKE = 0.5
FEWEST_WORDS = 3
JUMP = 3
ABOUT = 400
CLAIMING_OFFICE = OWN_VOICE - {Authority.ACT} | {Authority.UNNAMED}
WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")
COMMON = """
a also an and are as at be been but by can could did do does for from had has have he her him his how i if in into is it
its may might more no not of on one or our said say says she should so some such than that the their them then there
these they this those to us was we were what when where which while who will with would you
"""
_COMMON = frozenset(COMMON.split())


class Code(TextChoices):
    """The kinds of warnings, in the order in which they are told."""

    DUPLICATE = "duplicate", "likely a repeat"
    QUOTE = "quote", "quotation not in the text"
    OFFICE = "office", "no office on that day"
    OWN = "own", "own words of another"
    REPORTED = "reported", "reported words of its own"
    JUMP = "jump", "a jump of three or more"
    CHILD = "child", "a narrower topic is named"
    CONDITION = "condition", "terms without words"
    SOURCE = "source", "source without date or publisher"


@dataclass(frozen=True)
class Warning:
    """One thing to look at again: about what, in words, and a link that mends it; dismissed, with by whom and why."""

    statement: int
    code: Code
    about: str
    words: str
    link: str = ""
    label: str = ""
    dismissal: Dismissal | None = None

    @property
    def is_open(self) -> bool:
        return self.dismissal is None


def warnings_of(statements: Iterable[Statement]) -> dict[int, list[Warning]]:
    """List the warnings of statements, as they are stored, by their ids, in a number of queries that does not grow.

    Retracted statements have none: they stay as they were.
    """
    pks = [row.pk for row in statements if row.status != Status.RETRACTED]
    return warnings_of_loaded(with_grounds(Statement.objects.filter(pk__in=pks).order_by())) if pks else {}


def with_grounds(rows: QuerySet[Statement]) -> QuerySet[Statement]:
    """Load, with statements, what of their own their warnings rest on: `warnings_of_loaded` asks no more for it."""
    stances = Stance.objects.select_related("actor", "topic").order_by("topic__rank", "pk")
    return rows.select_related("speaker", "source").defer("source__text").prefetch_related(Prefetch("stances", stances))


def warnings_of_loaded(statements: Iterable[Statement]) -> dict[int, list[Warning]]:
    """List the warnings of statements that `with_grounds` loaded, as `warnings_of` does."""
    rows = [row for row in statements if row.status != Status.RETRACTED]
    return Examination(rows).warnings() if rows else {}


class Near(NamedTuple):
    """What of another statement tells whether one repeats it, and on what it is."""

    pk: int
    key: str
    latest: dt.date
    published_on: dt.date | None
    status: str
    quote: str
    summary: str
    repeats: int | None


class Examination:
    """Statements with what their warnings are judged by."""

    def __init__(self, rows: Iterable[Statement]) -> None:
        self.statements = {row.pk: row for row in rows}
        self.stances = {row.pk: list(row.stances.all()) for row in self.statements.values()}
        quoting = {row.source_id for row in self.statements.values() if row.quote}
        texts = Source.objects.filter(pk__in=quoting).exclude(text="").order_by()
        self.texts = dict(texts.values_list("pk", "text")) if quoting else {}

    def warnings(self) -> dict[int, list[Warning]]:
        dismissed = {
            (row.statement_id, row.code, row.about): row
            for row in Dismissal.objects.filter(statement__in=self.statements).select_related("by")
        }
        order = list(Code)
        found: dict[int, list[Warning]] = {}
        for statement in self.statements.values():
            raised = sorted(self._of(statement), key=lambda warning: order.index(warning.code))
            found[statement.pk] = [
                replace(each, dismissal=dismissed.get((each.statement, each.code, each.about))) for each in raised
            ]
        return found

    def _of(self, statement: Statement) -> Iterator[Warning]:
        yield from self._duplicates(statement)
        yield from _lost_words(statement, self.texts.get(statement.source_id, ""))
        yield from self._office(statement)
        yield from _of_source(statement)
        yield from self._children(statement)
        for stance in self.stances[statement.pk]:
            yield from self._voice(statement, stance)
            yield from self._jump(stance)
            if stance.terms not in ("", Terms.LEANING) and not stance.condition:
                yield Warning(
                    statement.pk,
                    Code.CONDITION,
                    _about(stance),
                    f"“{stance.wording}”, of {effects.whose(stance)}, has no condition: give the terms in words.",
                )

    # ---- likely a repeat ----

    @cached_property
    def _near(self) -> dict[int, dict[Near, set[int]]]:
        """Find other statements by their speakers, around their days, with their topics, by the speaker."""
        day = dialects.day("%s")
        around = [(speaker, first, last) for speaker, days in self._days().items() for first, last in _merged(days)]
        values = ", ".join([f"(%s, {day}, {day})"] * len(around))
        found: dict[int, dict[Near, set[int]]] = defaultdict(lambda: defaultdict(set))
        sql = f"""
            WITH around (speaker_id, first, last) AS (VALUES {values})
            SELECT t.id, t.key, t.speaker_id, t.latest, t.status, t.quote, t.summary, t.repeats_id, f.published_on,
                s.topic_id
            FROM around JOIN stances_statement t
                ON t.speaker_id = around.speaker_id AND t.latest BETWEEN around.first AND around.last
            JOIN stances_source f ON f.id = t.source_id JOIN stances_stance s ON s.statement_id = t.id
            WHERE t.status <> '{Status.RETRACTED}' ORDER BY t.latest DESC, t.id DESC
        """  # noqa: S608  (places for values alone are put in)
        params = [str(value) if isinstance(value, dt.date) else value for period in around for value in period]
        for pk, key, speaker, latest, status, quote, summary, repeats, published_on, topic in dialects.ask(sql, params):
            days = dialects.as_day(latest), dialects.as_day(published_on)
            found[speaker][Near(pk, key, *days, status, quote, summary, repeats)].add(topic)
        return found

    def _days(self) -> dict[int, list[dt.date]]:
        days = defaultdict(list)
        for row in self.statements.values():
            days[row.speaker_id].append(row.latest)
        return days

    def _duplicates(self, statement: Statement) -> Iterator[Warning]:
        if statement.repeats_id:
            return
        topics = {stance.topic_id for stance in self.stances[statement.pk]}
        for other, its_topics in self._near[statement.speaker_id].items():
            if (
                other.pk == statement.pk
                or not topics & its_topics
                or abs(other.latest - statement.latest) > NEAR
                or other.repeats == statement.pk
                or _precedence(statement.status, statement.source.published_on, statement.pk)
                < _precedence(other.status, other.published_on, other.pk)
                or not _alike(statement, other)
            ):
                continue
            first = other.repeats or other.pk
            link = f"{reverse('admin:stances_statement_change', args=[statement.pk])}?repeats={first}"
            yield Warning(
                statement.pk,
                Code.DUPLICATE,
                other.key,
                f"{other.key} has much the same words, by the same speaker, {day_words(other.latest)}: "
                "does this one repeat it?",
                link,
                "Fill in “repeats”",
            )

    # ---- who speaks ----

    @cached_property
    def _voices(self) -> Voices:
        return Voices({row.speaker_id: row.speaker for row in self.statements.values()}.values())

    def _office(self, statement: Statement) -> Iterator[Warning]:
        speaker, date = statement.speaker, statement.date
        if speaker.kind not in (ActorKind.PERSON, ActorKind.BODY) or statement.authority not in CLAIMING_OFFICE:
            return
        if not self._voices.offices(speaker, date.earliest or date.latest, date.latest):
            yield Warning(
                statement.pk,
                Code.OFFICE,
                speaker.slug,
                f"{speaker.name} is recorded as {Authority(statement.authority).label}, but has no office then "
                f"({date.words()}).",
                reverse("admin:stances_actor_change", args=[speaker.pk]),
                "See the speaker’s affiliations",
            )

    def _voice(self, statement: Statement, stance: Stance) -> Iterator[Warning]:
        speaker, actor = statement.speaker, stance.actor
        suggested = self._voices.suggest(speaker, actor, statement.latest).attribution
        of_itself = speaker.pk == actor.pk
        if not of_itself and statement.authority not in OWN_VOICE:
            suggested = Voice.REPORTED
        if stance.attribution == suggested:
            return
        if stance.attribution == Voice.OWN:
            words = (
                f"{speaker.name}, {Authority(statement.authority).label}, does not speak for {actor.name} on that day"
            )
            words = f"{words}, by the affiliations: are these {actor.name}’s own words?"
        elif of_itself:
            words = f"{actor.name} speaks of itself: its own words, not reported ones?"
        else:
            words = f"{speaker.name} speaks for {actor.name} on that day: {actor.name}’s own words, not reported ones?"
        code = Code.OWN if stance.attribution == Voice.OWN else Code.REPORTED
        yield Warning(statement.pk, code, _about(stance), f"{stance.topic.name}: {words}")

    # ---- what it does ----

    @cached_property
    def _before(self) -> dict[int, tuple[Any, str]]:
        """Give the position before the one that a stance opens, or would: of what is published, as it is stored."""
        openings = effects.openings(self._may_jump()).items()
        found: dict[int, tuple[Any, str]] = {pk: interval.previous for pk, interval in openings if interval.previous}
        public = Position.objects.filter(
            opening__statement__in=self.statements, opening__public=True, previous_value__isnull=False
        )
        return found | {
            pk: (value, terms) for pk, value, terms in public.values_list("opening", "previous_value", "previous_terms")
        }

    def _may_jump(self) -> list[Statement]:
        """Keep what is not public and far from the position held before its day; only of these series are read."""
        told = [pk for pk, row in self.statements.items() if row.status != Status.PUBLISHED]
        series = Position.objects.filter(
            actor=OuterRef("actor"),
            topic=OuterRef("topic"),
            voice=OuterRef("attribution"),
            since__lt=OuterRef("stated_on"),
        )
        held = Stance.objects.filter(statement__in=told).annotate(
            before=Subquery(series.order_by("-since").values("value")[:1])
        )
        far = held.filter(Q(before__gte=F("position") + JUMP) | Q(before__lte=F("position") - JUMP))
        return [self.statements[pk] for pk in set(far.order_by().values_list("statement", flat=True))] if told else []

    def _jump(self, stance: Stance) -> Iterator[Warning]:
        before = self._before.get(stance.pk)
        if before and abs(stance.position - before[0]) >= JUMP:
            yield Warning(
                stance.statement_id,
                Code.JUMP,
                f"{_about(stance)} {before[0]:+d}{before[1]} {stance.position:+d}{stance.terms}",
                f"{effects.whose(stance)} goes from {wording(*before)} to {stance.wording}: is it so?",
            )

    @cached_property
    def _narrower(self) -> dict[int, list[Topic]]:
        """Give the children that name a candidate, by their parents."""
        topics = {stance.topic_id for stances in self.stances.values() for stance in stances}
        children = Topic.objects.without_tree_fields().filter(parent__in=topics).exclude(candidate=None)
        found = defaultdict(list)
        for topic in children.select_related("candidate").order_by("rank", "pk"):
            found[topic.parent_id].append(topic)
        return found

    def _children(self, statement: Statement) -> Iterator[Warning]:
        words = statement.quote or statement.summary
        stances = self.stances[statement.pk]
        coded = {stance.topic_id for stance in stances}
        actors = {stance.actor_id for stance in stances}
        for topic in {stance.topic_id: stance.topic for stance in stances}.values():
            named = [
                child
                for child in self._narrower[topic.pk]
                if child.candidate
                and child.pk not in coded
                and child.candidate_id not in actors
                and _names(child.candidate, words)
            ]
            if named:
                candidates = joined([child.candidate.label for child in named if child.candidate])
                narrower = joined([f"“{child.name}”" for child in named], "or")
                yield Warning(
                    statement.pk,
                    Code.CHILD,
                    " ".join([topic.slug, *(child.slug for child in named)])[:ABOUT],
                    f"The words name {candidates}: is it {narrower} that they are about, rather than “{topic.name}”?",
                )


def _about(stance: Stance) -> str:
    return f"{stance.actor.slug} {stance.topic.slug}"


def _lost_words(statement: Statement, source_text: str) -> Iterator[Warning]:
    """Warn of a quotation, or of offsets, that do not hold in the source's text as it is now."""
    for words in statement.problems_in(source_text).values():
        yield Warning(statement.pk, Code.QUOTE, words[:ABOUT], words)


def _of_source(statement: Statement) -> Iterator[Warning]:
    source = statement.source
    lacking = [("date", "day of publication")] if source.published_on is None else []
    lacking += [("publisher", "publisher")] if source.publisher_id is None else []
    for about, what in lacking:
        link = reverse("admin:stances_source_change", args=[source.pk])
        yield Warning(statement.pk, Code.SOURCE, about, f"The source has no {what}.", link, "See the source")


def _merged(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Give the periods that days and what is near them cover."""
    found: list[tuple[dt.date, dt.date]] = []
    for day in sorted(set(days)):
        first, last = _back(day), _on(day)
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def _back(day: dt.date) -> dt.date:
    return day - NEAR if day - dt.date.min > NEAR else dt.date.min


def _on(day: dt.date) -> dt.date:
    return day + NEAR if dt.date.max - day > NEAR else dt.date.max


def _precedence(status: str, published_on: dt.date | None, pk: int) -> tuple:
    """Order statements by which came first: what is public, then by its source."""
    return status != Status.PUBLISHED, published_on or dt.date.max, pk


@lru_cache(maxsize=1024)
def content(text: str) -> frozenset[str]:
    """Give the words that carry a text's content, in small letters."""
    return frozenset(word for word in WORD.findall(text.replace("’", "'").casefold()) if word not in _COMMON)


def overlap(one: Set[str], other: Set[str]) -> float:
    """Give the part, 0 to 1, of the shorter set's words that the longer has; 0 where either is too short to tell."""
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer >= FEWEST_WORDS else 0


def _alike(one: Statement, other: Near) -> bool:
    quotes = overlap(content(one.quote), content(other.quote)) if one.quote and other.quote else 0
    return max(quotes, overlap(content(one.summary), content(other.summary))) >= ALIKE


def _names(actor: Actor, text: str) -> bool:
    """Tell whether a text names an actor, by its name or an alias, as whole words."""
    names = [name for name in (actor.name, actor.short_name, *actor.alias_list) if name]
    return bool(re.search(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", text, re.IGNORECASE))
