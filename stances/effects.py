"""What publishing or retracting statements will do to the positions that they touch, told before it is done.

A statement that its verb would refuse to publish is told so, and is left out of what the others are told to do.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.core.exceptions import ValidationError
from django.db.models import Q

from stances.models import Stance, Statement
from stances.positions import SeriesKey, entries_of
from stances.series import UNDATED, Entry, Interval, Verdict, compute
from stances.vocabulary import Status, Voice, wording
from stances.wording import day_words, in_words, joined

Held = tuple[int, str]


@dataclass(frozen=True)
class Outlook:
    """One series as it is, and as it will be."""

    before: dict[int, Entry]
    after: dict[int, Entry]

    @cached_property
    def was(self) -> tuple[list[Interval], dict[int, Verdict]]:
        return compute(self.before.values())

    @cached_property
    def becomes(self) -> tuple[list[Interval], dict[int, Verdict]]:
        return compute(self.after.values())


@dataclass(frozen=True)
class Effect:
    """What becomes of one stance: the role that it will have, how far a change goes that it opens, and all in words."""

    stance: Stance
    role: str
    words: str
    outlook: Outlook | None = None
    size: int = 0


@dataclass
class Prospect:
    """What a step will do with one statement: why the step will be refused, or a line for each stance."""

    statement: Statement
    refusal: str = ""
    effects: list[Effect] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [self.refusal] if self.refusal else [effect.words for effect in self.effects]


def of_publishing(statements: Iterable[Statement]) -> list[Prospect]:
    """Tell what publishing these together will do, as they are stored; published ones are told as they stand."""
    order = [row.pk for row in statements]
    stored = Statement.objects.prefetch_related("source", "repeats", "repeated_by").in_bulk(order)
    statements = [stored[pk] for pk in order if pk in stored]
    stances = _stances_of(statements)
    refused = _refused(statements, stances)
    going = [row.pk for row in statements if row.pk not in refused]
    coming = entries_of(Stance.objects.filter(statement__in=going, repeat=False))
    present = _present(coming)
    outlooks = {}
    for key, entries in coming.items():
        new = {entry.stance: entry for entry in entries}
        before = {pk: entry for pk, entry in present[key].items() if pk not in new}
        outlooks[key] = Outlook(before, {**before, **new})
    return [
        Prospect(row, f"will not be published: {refused[row.pk]}")
        if row.pk in refused
        else _prospect(row, stances[row.pk], outlooks, _published)
        for row in statements
    ]


def openings(statements: Iterable[Statement]) -> dict[int, Interval]:
    """Give the position that each stance opens, or would if its statement alone were published, by the stance's id."""
    pks = [row.pk for row in statements]
    if not pks:
        return {}
    coming = entries_of(Stance.objects.filter(statement__in=pks, repeat=False))
    present = _present(coming)
    found = {}
    for key, entries in coming.items():
        as_it_is = compute(present[key].values())[0]
        for entry in entries:
            public = entry.stance in present[key]
            intervals = as_it_is if public else compute([*present[key].values(), entry])[0]
            found.update({each.opening.stance: each for each in intervals if each.opening == entry})
    return found


def of_retracting(statements: Iterable[Statement]) -> list[Prospect]:
    """Tell what retracting these together will do. A published repeat that stays takes the place of what it repeats."""
    statements = list(statements)
    gone = {row.pk for row in statements}
    stances = _stances_of(statements)
    heirs = _heirs(statements, gone)
    leaving = entries_of(Stance.objects.in_series().filter(statement__in=gone))
    taking = entries_of(Stance.objects.public().filter(statement__in=[heir.pk for heir in heirs.values()]))
    present = _present({**leaving, **taking})
    outlooks = {}
    for key in {**leaving, **taking}:
        without = {entry.stance for entry in leaving.get(key, [])}
        after = {pk: entry for pk, entry in present[key].items() if pk not in without}
        after |= {entry.stance: entry for entry in taking.get(key, [])}
        outlooks[key] = Outlook(present[key], after)
    found = []
    for row in statements:
        prospect = _prospect(row, stances[row.pk], outlooks, _retracted)
        if row.pk in heirs:
            heir = f"{heirs[row.pk].key}, which repeats it, takes its place, and the words go on counting"
            prospect.effects = [replace(effect, words=f"{effect.words}; {heir}") for effect in prospect.effects]
        found.append(prospect)
    return found


def _refused(statements: list[Statement], stances: dict[int, list[Stance]]) -> dict[int, str]:
    """Say which statements the verb would refuse to publish, and why; the first of their words go before repeats."""
    refused: dict[int, str] = {}
    going = set[int]()
    for row in sorted(statements, key=lambda row: row.repeats_id is not None):
        why = "" if row.status == Status.PUBLISHED else _lacking(row, stances[row.pk], going)
        if why:
            refused[row.pk] = why
        else:
            going.add(row.pk)
    return refused


def _lacking(statement: Statement, stances: list[Stance], going: Container[int]) -> str:
    """Say what a statement lacks to be published: what its verb asks, without a query for each.

    What the database sees to, as a constraint or a key, is not asked again.
    """
    first = statement.repeats
    if not stances:
        return "it has no stance"
    if first and first.status != Status.PUBLISHED and first.pk not in going:
        return f"it repeats {first.key}, which is not published"
    row: Statement | Stance = statement
    try:
        row.clean_fields(exclude=_relations(Statement))
        if problems := statement.problems():
            raise ValidationError(problems)
        for row in stances:
            row.statement = statement
            row.clean_fields(exclude={*_relations(Stance), *Stance.DERIVED})
            row.clean()
    except ValidationError as error:
        return " ".join(in_words(error, type(row)))
    return ""


def _relations(model: type[Statement | Stance]) -> set[str]:
    return {f.name for f in model._meta.fields if f.is_relation}


def _stances_of(statements: list[Statement]) -> dict[int, list[Stance]]:
    found: dict[int, list[Stance]] = defaultdict(list)
    rows = Stance.objects.filter(statement__in=[row.pk for row in statements]).select_related("actor", "topic")
    for stance in rows.order_by("topic__rank", "pk"):
        found[stance.statement_id].append(stance)
    return found


def _present(touched: Iterable[SeriesKey]) -> dict[SeriesKey, dict[int, Entry]]:
    """Read the series that are touched, in one query whatever their number, by the stances' ids."""
    touched = set(touched)
    found: dict[SeriesKey, dict[int, Entry]] = defaultdict(dict)
    if not touched:
        return found
    these = Q()
    for actor in {key[0] for key in touched}:
        these |= Q(actor=actor, topic__in={key[1] for key in touched if key[0] == actor})
    for key, entries in entries_of(Stance.objects.in_series().filter(these)).items():
        if key in touched:
            found[key] = {entry.stance: entry for entry in entries}
    return found


def _heirs(statements: list[Statement], gone: set[int]) -> dict[int, Statement]:
    """Find the published repeat that takes the place of each statement; see `Statement.retract`."""
    repeats = Statement.objects.published().filter(repeats__in=gone).exclude(pk__in=gone).select_related("source")
    found: dict[int, Statement] = {}
    order = sorted(repeats, key=lambda row: (row.source.published_on or dt.date.max, row.key.encode()))
    public = {row.pk for row in statements if row.status == Status.PUBLISHED}
    for row in order:
        if row.repeats_id in public:
            found.setdefault(row.repeats_id, row)
    return found


def _key(stance: Stance) -> SeriesKey:
    return stance.actor_id, stance.topic_id, stance.attribution


def _prospect(statement: Statement, stances: list[Stance], outlooks: dict[SeriesKey, Outlook], tell) -> Prospect:
    prospect = Prospect(statement)
    for stance in stances:
        if statement.repeats_id:
            first = statement.repeats.key if statement.repeats else "another"
            nothing = "counts for nothing" if tell is _published else "changes no position"
            words = f"{nothing}, as it repeats {first}: {whose(stance)}"
            prospect.effects.append(Effect(stance, "repeat", words))
        else:
            prospect.effects.append(tell(stance, outlooks[_key(stance)]))
    return prospect


def whose(stance: Stance) -> str:
    """Name a series: "Australia on Full membership: Japan", "China, as reported, on Regional stability"."""
    reported = ", as reported," if stance.attribution == Voice.REPORTED else ""
    return f"{stance.actor.label}{reported} on {stance.topic.name}"


# ---- publishing, in words ----


def _published(stance: Stance, outlook: Outlook) -> Effect:
    intervals, verdicts = outlook.becomes
    verdict, entry, who = verdicts[stance.pk], outlook.after[stance.pk], whose(stance)
    what = wording(*entry.held)
    others = list(_upset(outlook, entry))
    if not verdict.decides:
        return Effect(stance, verdict.role, f"{_passed_over(verdict)}: {who} {_on(intervals, entry)}", outlook)
    place = next(n for n, interval in enumerate(intervals) if entry in interval.deciding)
    interval = intervals[place]
    old, new = outlook.was[0][-1:], intervals[-1]
    if verdict.role == "confirmed":
        main = f"confirms {who}: {what} (since {day_words(interval.since)})"
    elif not outlook.was[0] and len(intervals) == 1:
        main = f"is the first record of {who}: {what}"
    elif interval.until:
        until = day_words(interval.until)
        instead = f"instead of {wording(*interval.previous)}" if interval.previous else "where nothing was recorded"
        main = f"enters the past: {who} {what} from {day_words(interval.since)} until {until}, {instead}"
    elif interval.previous:
        since = day_words(intervals[place - 1].since)
        kind = {"reversal": "a reversal", "shift": "a shift", "terms": "other terms on the same side"}[interval.kind]
        main = f"moves {who} from {wording(*interval.previous)} (since {since}) to {what}: {kind}"
    elif old and interval is new and old[0].held != new.held:
        read = f"{wording(*old[0].held)} (since {day_words(old[0].since)})"
        main = f"has {who} read {what} (since {day_words(new.since)}) in place of {read}"
    else:
        main = f"is the earliest record of {who}: {what}, now from {day_words(interval.since)}"
    size = interval.value - interval.previous[0] if verdict.role == "opened" and interval.previous else 0
    if verdict.role == "opened" and interval.until:
        others += _what_follows(outlook, place)
    return Effect(stance, verdict.role, "; ".join([main, *others]), outlook, size)


def _passed_over(verdict: Verdict) -> str:
    if verdict.by:
        return f"is overruled by {verdict.by.key} of the same day ({verdict.rule})"
    return f"counts for nothing ({verdict.rule})"


def _on(intervals: list[Interval], entry: Entry) -> str:
    """Say what is held on an entry's day, which it does not decide."""
    at = next((each for each in reversed(intervals) if each.since <= entry.latest), None)
    return f"is {wording(*at.held)} (since {day_words(at.since)})" if at else "has nothing recorded by then"


def _upset(outlook: Outlook, entry: Entry) -> Iterator[str]:
    """Tell of other entries that decided and will not, or decide days that others did."""
    was, becomes = outlook.was[1], outlook.becomes[1]
    lost = [pk for pk, verdict in was.items() if verdict.decides and pk in becomes and not becomes[pk].decides]
    for pk in lost:
        other, verdict = outlook.after[pk], becomes[pk]
        if verdict.by is None:
            yield f"{other.key} counts no longer ({UNDATED})"
        elif verdict.by.stance == entry.stance:
            yield f"overrules {other.key} of the same day ({verdict.rule})"
        elif other.latest > entry.latest:
            yield f"{verdict.by.key} then decides {day_words(other.latest)} in place of {other.key} ({verdict.rule})"


def _what_follows(outlook: Outlook, place: int) -> Iterator[str]:
    """Tell how the rest of a history changes after a position that enters it."""
    intervals = outlook.becomes[0]
    following, last = intervals[place + 1], intervals[-1]
    old = next((each for each in outlook.was[0] if each.since == following.since), None)
    if old and old.kind != following.kind:
        now = {"reversal": "a reversal", "shift": "a shift", "terms": "other terms"}[following.kind]
        yield f"what follows, {wording(*following.held)} since {day_words(following.since)}, is then {now}"
    yield f"the last recorded position is {wording(*last.held)} (since {day_words(last.since)})"


# ---- retracting, in words ----


def _retracted(stance: Stance, outlook: Outlook) -> Effect:
    was, becomes = outlook.was[0], outlook.becomes[0]
    who = whose(stance)
    if [_seen(each) for each in was] == [_seen(each) for each in becomes]:
        return Effect(stance, "gone", f"changes no position of {who}", outlook)
    if not becomes:
        return Effect(stance, "gone", f"leaves {who} without a recorded position", outlook)
    old, new = was[-1], becomes[-1]
    since = day_words(new.since)
    if old.held != new.held:
        words = f"moves {who} back from {wording(*old.held)} (since {day_words(old.since)}) to {wording(*new.held)}"
        return Effect(stance, "gone", f"{words} (since {since})", outlook, new.value - old.value)
    if [(each.since, each.held) for each in was[:-1]] != [(each.since, each.held) for each in becomes[:-1]]:
        past = joined([f"{wording(*each.held)} since {day_words(each.since)}" for each in becomes])
        words = f"changes the history of {who}, which then reads: {past}"
    elif old.since != new.since:
        words = f"has {who} count as {wording(*new.held)} since {since}, not since {day_words(old.since)}"
    elif old.confirmations != new.confirmations:
        words = f"takes a confirmation from {who}: {wording(*new.held)} (since {since}), {_times(new)}"
    else:
        words = f"leaves {who} at {wording(*new.held)} (since {since}), {_times(new)}"
    return Effect(stance, "gone", words, outlook)


def _times(interval: Interval) -> str:
    return f"last stated on {day_words(interval.last_stated_on)}" if interval.confirmations else "stated once"


def _seen(interval: Interval) -> tuple:
    """Give what readers see of a position: the words that opened it may be others."""
    return interval.since, interval.until, interval.held, interval.confirmations, interval.last_stated_on
