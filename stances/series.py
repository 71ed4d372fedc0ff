"""The position of one actor on one topic over time, computed from its stances (codebook, section 6); no database."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from stances.vocabulary import Authority, Basis, ChangeKind, kind_of_change, side

COLLEAGUES_DAYS = 30
RANKS = {str(authority): authority.rank for authority in Authority}
_latest = attrgetter("latest")


class Entry(NamedTuple):
    """One published stance of a series, repeats left out."""

    stance: int
    key: str
    earliest: dt.date | None
    latest: dt.date
    value: int
    terms: str
    basis: str
    by_group: bool
    authority: str
    speaker: int = 0

    @property
    def held(self) -> tuple[int, str]:
        return self.value, self.terms

    @property
    def tier(self) -> tuple[bool, bool, int]:
        """Rank an entry of a day: explicit before implied, the actor alone before a group, then authority."""
        return self.basis != Basis.EXPLICIT, self.by_group, RANKS[self.authority]


@dataclass
class Interval:
    """A position, held from `since` until the day before `until` (None: it stands)."""

    since: dt.date
    value: int
    terms: str
    opening: Entry
    until: dt.date | None = None
    previous: tuple[int, str] | None = None
    deciding: list[Entry] = field(default_factory=list)

    @property
    def held(self) -> tuple[int, str]:
        return self.value, self.terms

    @property
    def kind(self) -> ChangeKind:
        return kind_of_change(self.previous[0], self.value) if self.previous else ChangeKind.FIRST

    @property
    def confirmations(self) -> int:
        return len(self.deciding) - 1

    @property
    def last_stated_on(self) -> dt.date:
        return self.deciding[-1].latest


class Verdict(NamedTuple):
    """What became of an entry: it opened a position, confirmed one, or was passed over by a rule."""

    role: str
    by: Entry | None = None
    rule: str = ""

    @property
    def decides(self) -> bool:
        return self.role in ("opened", "confirmed")


def counting(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Part the entries that count from "undated earlier words".

    One whose earliest day is open counts only where its series has nothing else up to its latest day; open ones of
    the same latest day enter together. So open ones count on the series' first day alone, and only among themselves.
    """
    entries = list(entries)
    if not entries:
        return [], []
    first = min(entry.latest for entry in entries)
    dated_first = any(entry.earliest is not None and entry.latest == first for entry in entries)

    def counts(entry: Entry) -> bool:
        return entry.earliest is not None or (entry.latest == first and not dated_first)

    return [e for e in entries if counts(e)], [e for e in entries if not counts(e)]


def decide(day: list[Entry], held: tuple[int, str] | None) -> tuple[Entry, dict[int, str]]:
    """Choose the entry that decides a day, and name for each other one the rule that passed it over."""

    if len(day) == 1:
        return day[0], {}

    def preference(entry: Entry):
        return *entry.tier, entry.held != held, abs(entry.value), entry.value, entry.key.encode()

    winner = min(day, key=preference)
    rules = {}
    for entry in day:
        if entry is winner:
            continue
        pairs = zip(preference(entry), preference(winner), RULES, strict=True)
        rules[entry.stance] = next(rule for mine, its, rule in pairs if mine != its)
    return winner, rules


RULES = (
    "explicit words come before implied ones",
    "the actor alone comes before a group",
    "a higher authority comes first",
    "the position held before stands",
    "the position nearer to undecided is taken",
    "of for and against at one distance, against is taken",
    "of equals, the lowest key is taken",
)
UNDATED = "undated earlier words: their day is unknown, and other words are on record up to that day"


def compute(entries: Iterable[Entry]) -> tuple[list[Interval], dict[int, Verdict]]:
    """Compute a series: its intervals in order of time, and a verdict for each stance's id."""
    counted, undated = counting(entries)
    intervals: list[Interval] = []
    verdicts: dict[int, Verdict] = {}
    counted.sort(key=_latest)
    for day, group in groupby(counted, key=_latest):
        current = intervals[-1] if intervals else None
        winner, passed_over = decide(list(group), current.held if current else None)
        if current and current.held == winner.held:
            current.deciding.append(winner)
            verdicts[winner.stance] = Verdict("confirmed", current.opening)
        else:
            if current:
                current.until = day
            previous = current.held if current else None
            intervals.append(
                Interval(
                    day,
                    winner.value,
                    winner.terms,
                    winner,
                    previous=previous,
                    deciding=[winner],
                )
            )
            verdicts[winner.stance] = Verdict("opened")
        for stance, rule in passed_over.items():
            verdicts[stance] = Verdict("passed over", winner, rule)
    for entry in undated:
        verdicts[entry.stance] = Verdict("passed over", None, UNDATED)
    return intervals, verdicts


def contradicted(entry: Entry, entries: Iterable[Entry]) -> list[Entry]:
    """Find the colleagues from whom an entry differs: another speaker of the same actor took another side in the
    30 days before it, and the later speaker has no higher authority. Groups are no colleagues.
    """
    if entry.by_group:
        return []
    speaker, taken, day, rank = entry.speaker, side(entry.value), entry.latest, RANKS[entry.authority]
    return [
        other
        for other in entries
        if other.speaker != speaker
        and not other.by_group
        and side(other.value) != taken
        and other.latest < day
        and (day - other.latest).days <= COLLEAGUES_DAYS
        and rank >= RANKS[other.authority]
    ]


def colleagues_of(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    """Give, by the stances of a series whose speaker differs from colleagues, what `contradicted` finds for them.

    Each entry is held against those of the 30 days before it, and not against the whole series.
    """
    entries = sorted(entries, key=_latest)
    if len({entry.speaker for entry in entries}) < 2 or len({side(entry.value) for entry in entries}) < 2:
        return {}
    days = [entry.latest.toordinal() for entry in entries]  # no day lies 30 days before the first of the calendar
    near = (entries[bisect_left(days, day - COLLEAGUES_DAYS) : place] for place, day in enumerate(days))
    found = ((entry.stance, contradicted(entry, before)) for entry, before in zip(entries, near, strict=True))
    return {stance: others for stance, others in found if others}
