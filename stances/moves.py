"""Changes as lists tell them, with the words on both sides; and colleagues who differ, with what each of them said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, IntegerField, OuterRef, Subquery, Value, When
from django.db.models.functions import Sign

from stances.models import Position, Stance
from stances.models.statements import StanceQuerySet
from stances.vocabulary import ActorKind, Authority, Voice


@dataclass(frozen=True)
class Move:
    """A position that was opened, and the last words of the one before it, where there was one."""

    position: Position
    before: Stance | None

    @property
    def days(self) -> int | None:
        """Count the days since the position before was first held."""
        since = self.position.before_since  # type: ignore[attr-defined]  # annotated
        return (self.position.since - since).days if since else None


def moves(positions: Iterable[Position]) -> list[Move]:
    """Add the words before to positions from `with_before()`; one query."""
    positions = list(positions)
    wanted = {position.before_stance for position in positions} - {None}  # type: ignore[attr-defined]
    words = Stance.objects.with_evidence().in_bulk(wanted) if wanted else {}
    return [Move(position, words.get(position.before_stance)) for position in positions]  # type: ignore[attr-defined]


def rank(field: str) -> Case:
    """Rank an authority in SQL: 0 for the highest."""
    ranks = [When(**{field: authority}, then=Value(authority.rank)) for authority in Authority]
    return Case(*ranks, output_field=IntegerField())


def who_differ() -> StanceQuerySet:
    """Give the stances that differ from a colleague's, each with the `colleague`, the nearest one before it.

    That one is found by the rule of `series.contradicted`; its 30 days hold, since the later stance is marked.
    """
    own = Stance.objects.in_series().filter(attribution=Voice.OWN)
    earlier = (
        own.filter(actor=OuterRef("actor"), topic=OuterRef("topic"), stated_on__lt=OuterRef("stated_on"))
        .exclude(speaker=OuterRef("speaker"))
        .exclude(speaker__kind=ActorKind.GROUP)
        .annotate(side=Sign("position"), rank=rank("authority"))
        .exclude(side=OuterRef("side"))
        .filter(rank__lte=OuterRef("rank"))
        .order_by("-stated_on", "-pk")
    )

    def nearest(path: str) -> Subquery:
        return Subquery(earlier.values(path)[:1])

    return (
        own.filter(colleagues_differ=True)
        .annotate(side=Sign("position"), rank=rank("authority"))
        .annotate(colleague=nearest("pk"))
        .annotate(
            colleague_on=nearest("stated_on"),
            colleague_key=nearest("statement__key"),
            colleague_speaker=nearest("speaker__slug"),
            colleague_position=nearest("position"),
            colleague_terms=nearest("terms"),
        )
    )


@dataclass(frozen=True)
class Disagreement:
    """Two speakers of one actor who took different sides: the later stance, and the colleague's before it."""

    later: Stance
    earlier: Stance

    @property
    def days(self) -> int:
        return (self.later.statement.latest - self.earlier.statement.latest).days


def disagreements(stances: Iterable[Stance]) -> list[Disagreement]:
    """Add the colleagues' stances to those from `who_differ()`; one query."""
    stances = list(stances)
    found = Stance.objects.with_evidence().in_bulk({stance.colleague for stance in stances})  # type: ignore[attr-defined]
    return [Disagreement(stance, found[stance.colleague]) for stance in stances]  # type: ignore[attr-defined]
