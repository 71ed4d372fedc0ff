"""What a page of search shows of the statements that were found, read as plain values: a page has hundreds of rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from django.db.models import QuerySet

from stances.models import Source, Stance, Statement
from stances.models.addresses import address


class Named(NamedTuple):
    """An actor or a topic, as far as it is named."""

    kind: str
    pk: int
    slug: str
    name: str
    short_name: str

    @property
    def label(self) -> str:
        return self.short_name or self.name

    def get_absolute_url(self) -> str:
        return address(self.kind, self.slug)


class Printed(NamedTuple):
    """A source, as far as hits name it."""

    publisher: Named | None
    slug: str
    title: str
    published_on: dt.date | None

    cited_title = Source.cited_title  # type: ignore[misc]

    def get_absolute_url(self) -> str:
        return address("source", self.slug)


class Hit(NamedTuple):
    """A statement that was found, with the stances that it shows."""

    speaker: Named
    source: Printed
    stances: list[Shown]
    pk: int
    key: str
    earliest: dt.date | None
    latest: dt.date
    authority: str
    language: str
    quote: str
    summary: str
    occasion: str
    locator: str
    repeats_id: int | None

    date = Statement.date  # type: ignore[misc]
    quote_pieces = Statement.quote_pieces  # type: ignore[misc]

    def get_absolute_url(self) -> str:
        return address("statement", self.key)


class Shown(NamedTuple):
    """A stance of a statement that was found."""

    statement: Hit
    actor: Named
    topic: Named
    position: int
    terms: str
    condition: str
    attribution: str
    colleagues_differ: bool


#: What is read of each, beside what of others stands in it.
NAMED, PRINTED, HIT, SHOWN = Named._fields[1:], Printed._fields[1:], Hit._fields[3:], Shown._fields[3:]


def read(ids: Collection[int]) -> list[Hit]:
    """Read statements by their ids, in the order of these; one that is gone meanwhile is left out. Two queries."""
    if not ids:
        return []
    found: dict[int, Hit] = {}
    statements, stances = _asked()
    for row in statements.filter(pk__in=ids):
        own, speaker, source, publisher = _apart(row, HIT, NAMED, PRINTED, NAMED)
        publishers = None if publisher[0] is None else Named("actor", *publisher)
        hit = Hit(Named("actor", *speaker), Printed(publishers, *source), [], *own)
        found[hit.pk] = hit
    for row in stances.filter(statement__in=ids):
        own, actor, topic, [statement] = _apart(row, SHOWN, NAMED, NAMED, ["statement"])
        if statement in found:
            hit = found[statement]
            hit.stances.append(Shown(hit, Named("actor", *actor), Named("topic", *topic), *own))
    return [found[pk] for pk in ids if pk in found]


@cache
def _asked() -> tuple[QuerySet, QuerySet]:
    """Ask for statements and for stances: put together once, as each page asks for some."""
    named = (*_of("speaker", NAMED), *_of("source", PRINTED), *_of("source__publisher", NAMED))
    shown = (*SHOWN, *_of("actor", NAMED), *_of("topic", NAMED), "statement")
    return (
        Statement.objects.order_by().values_list(*HIT, *named),
        Stance.objects.order_by("topic__rank", "pk").values_list(*shown),
    )


def _of(path: str, fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{path}__{field}" for field in fields)


def _apart(row: Sequence, *parts: Sequence[str]) -> Iterator[Sequence]:
    """Part a row into the values of each of some parts."""
    start = 0
    for part in parts:
        yield row[start : start + len(part)]
        start += len(part)
