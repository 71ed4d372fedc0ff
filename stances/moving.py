"""Moving many rows at once from what they name to another: their rules, their writing and their history.

No number of queries here grows with the rows. A rule on what does not move held before, and is not asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from stances import rules
from stances.changes import BATCH, Change, enter
from stances.models import Affiliation, Source, Stance, Statement, Topic
from stances.models.curated import CuratedModel
from stances.writes import public_write

#: Which rows stand under which: the columns of the lower one and of the upper one. These never form a loop.
UNDER = {Affiliation: ("actor_id", "of_id"), Topic: ("id", "parent_id"), Source: ("id", "found_in_id")}
#: What the names of rows are made of.
NAMED_BY: dict[type[models.Model], list[str]] = {Stance: ["actor", "topic", "statement"], Affiliation: ["actor", "of"]}


def named(rows: models.QuerySet) -> models.QuerySet:
    """Load what the rows' names are made of."""
    return rows.select_related(*names) if (names := NAMED_BY.get(rows.model)) else rows


def move(rows: list[Any], values: dict[str, Any], change: Change) -> None:
    """Have rows of one model name others: `values` by column, the same for all, with an entry of the history for each.

    Raises ValidationError, with nothing written, that names the first row to break a rule.
    """
    if not rows:
        return
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)
    _refuse(rows, values)
    type(rows[0])._base_manager.filter(pk__in=[row.pk for row in rows]).update(**values)
    enter(change, rows)


def fold(stances: list[Stance], change: Change) -> None:
    """Delete stances that have twins, with an entry of the history for each, as they are."""
    rows: Any = Stance.objects.filter(pk__in=[stance.pk for stance in stances])
    with public_write() as write:
        rows.note(write)
        enter(change, stances, "-")
        # delete() would have each tell its own end; positions that rest on these are computed anew as the write ends.
        rows._raw_delete(rows.db)


def bring_back(stances: list[Stance], values: dict[str, Any], change: Change) -> None:
    """Make stances again that were folded; `values`, by column, are those that all have in common."""
    if stances:
        _refuse(stances, values)
        Stance.objects.bulk_create(stances, batch_size=BATCH)
        enter(change, stances, "+")


def climb(edges: Iterable[Sequence[Any]], start: int) -> set[int]:
    """Give all that stands above one, by edges from the lower to the upper: itself too, where they form a loop."""
    above = defaultdict(set)
    for lower, upper in edges:
        if upper is not None:
            above[lower].add(upper)
    reached, frontier = set[int](), {start}
    while frontier:
        frontier = {upper for lower in frontier for upper in above.get(lower, ())} - reached
        reached |= frontier
    return reached


def _refuse(rows: list[Any], values: dict[str, Any]) -> None:
    """Raise ValidationError where a row, as it would be, breaks a rule that touches what changes."""
    model = type(rows[0])
    looping, doubled = _in_loops(model, rows, values), _doubled(model, rows, values)
    to_another_source = model is Statement and "source_id" in values
    if to_another_source:
        models.prefetch_related_objects(rows, "source")
    for row in rows:
        try:
            if model is Stance or row.pk in looping:
                row.clean()
            if to_another_source and (problems := row.problems_in_source()):
                raise ValidationError(problems)
            if broken := [rule.get_violation_error_message() for rule in [*rules.broken(row), *doubled[row.pk]]]:
                raise ValidationError(broken)
        except ValidationError as error:
            name = str(model._meta.verbose_name).capitalize()
            raise ValidationError(f"{name} “{row}”: {' '.join(error.messages)}") from None


def _in_loops(model: type[CuratedModel], rows: list[Any], values: dict[str, Any]) -> set[int]:
    """Tell which rows could stand above themselves, if any does; their own rule says in words whether they do."""
    columns = UNDER.get(model, ())
    heads = {value for name, value in values.items() if name in columns and value}
    if not heads:
        return set()
    moved = {row.pk: tuple(getattr(row, column) for column in columns) for row in rows}
    edges = {pk: edge for pk, *edge in model._base_manager.order_by().values_list("pk", *columns)} | moved
    loops = [above for head in heads if head in (above := climb(edges.values(), head))]
    return {pk for pk, edge in moved.items() if any(above.issuperset(edge) for above in loops)}


def _doubled(
    model: type[CuratedModel], rows: list[Any], values: dict[str, Any]
) -> dict[int, list[models.UniqueConstraint]]:
    """Tell of which rows there would be two, by the unique constraints that what changes has a part in."""
    found = defaultdict(list)
    moved = {row.pk for row in rows}
    for rule in model._meta.constraints:
        if not isinstance(rule, models.UniqueConstraint):
            continue
        columns = [model._meta.get_field(name).attname for name in rule.fields]  # type: ignore[union-attr]
        if not values.keys() & set(columns):
            continue
        stored = model._base_manager.filter(rule.condition or models.Q(), **values).order_by()
        held = {tuple(key) for pk, *key in stored.values_list("pk", *columns) if pk not in moved}
        for row in rows:
            key = tuple(getattr(row, column) for column in columns)
            if None in key or (rule.condition and not rules.holds(rule.condition, row)):
                continue
            if key in held:
                found[row.pk].append(rule)
            held.add(key)
    return found
