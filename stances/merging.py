"""Merging two rows of one kind: all that rests on the one moves to the other, and its address leads there."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import OuterRef, Subquery

from stances.changes import Change, begin, stamped, tell
from stances.models import Actor, FormerSlug, Stance, Topic
from stances.models.curated import CuratedModel
from stances.moving import fold, move, named
from stances.writes import public_write

ALIKE = ("position", "terms", "attribution")


def pointers(model: type[models.Model]) -> list[models.ForeignKey]:
    """List the foreign keys of curated rows that point to a model, what is copied or computed left out."""
    return [
        relation.field
        for relation in model._meta.related_objects
        if isinstance(relation.field, models.ForeignKey)
        and issubclass(relation.related_model, CuratedModel)  # type: ignore[arg-type]
        and not (relation.related_model is Stance and relation.field.name in Stance.COPIED)
    ]


def merge(source: Any, target: Any, *, by=None) -> Change:
    """Move everything from `source` to `target`, in one transaction, with a history entry for each row that moved.

    Raises ValidationError, with nothing written, where two stances of one statement would meet and differ, where the
    moved rows would break a rule, or where the two are of different kinds.
    """
    model = type(source)
    if model is not type(target) or source.pk == target.pk:
        raise ValidationError("Merge two different rows of one kind.")
    if by is not None and not by.has_perm("stances.merge_actor"):
        raise PermissionDenied("You may not merge.")
    with public_write() as write:
        source.refresh_from_db()
        target.refresh_from_db()
        change = begin(write, f"merged {source.slug} into {target.slug} ({{number}})", by)
        for field in pointers(model):
            rows = list(named(field.model._base_manager.filter(**{field.name: source})))
            if field.model is Stance:
                folded = _fold(source, target, change)
                rows = [row for row in rows if row not in folded]
            elif target in rows:  # it stood under the one that it takes over
                rows.remove(target)
                move([target], {field.attname: getattr(source, field.attname)}, change)
            move(rows, {field.attname: target.pk}, change)
        FormerSlug.objects.for_model(model).filter(**{model._meta.model_name: source}).update(
            **{model._meta.model_name: target}
        )
        old = source.slug
        if hasattr(target, "aliases"):
            target.aliases = joint_aliases(source, target)
        with stamped(source, change):
            super(CuratedModel, source).delete()  # its page, if readers found one, leads to the target's from now on
        FormerSlug.objects.leave_behind(old, target)
        with stamped(target, change):
            target.save()
        tell(change, target)
    return change


def joint_aliases(source: Any, target: Any) -> str:
    """Give the aliases that find the target of a merge: its own, and the names of the other."""
    names = [*target.alias_list, source.name, *source.alias_list]
    return "\n".join(dict.fromkeys(name for name in names if name != target.name))


def meeting(source: Any, target: Any) -> list[tuple[Stance, Stance]]:
    """Give the stances of the one whose statement has a stance of the other, too, on the same topic or of the same
    actor, with that one."""
    if not isinstance(source, Actor | Topic):
        return []
    name, other = ("actor", "topic") if isinstance(source, Actor) else ("topic", "actor")
    twins = Stance.objects.filter(**{name: target, "statement": OuterRef("statement"), other: OuterRef(other)})
    pairs = (
        Stance.objects.filter(**{name: source})
        .annotate(twin=Subquery(twins.order_by().values("pk")[:1]))
        .exclude(twin=None)
        .select_related("actor", "topic", "statement")
        .order_by("statement__key", "pk")
    )
    stances: list[Any] = list(pairs)
    found = Stance.objects.select_related("actor", "topic").in_bulk([stance.twin for stance in stances])
    return [(stance, found[stance.twin]) for stance in stances]


def are_alike(one: Stance, twin: Stance) -> bool:
    """Tell whether two stances that meet say the same, so that one of them is enough."""
    return all(getattr(one, name) == getattr(twin, name) for name in ALIKE)


def differ(one: Stance, twin: Stance) -> str:
    """Say that two stances of one statement would meet, and differ."""
    return (
        f"Statement {one.statement.key} has a stance of each, and they differ: {twin.wording}, {one.wording}. "
        "Settle that first."
    )


def _fold(source: Any, target: Any, change: Change) -> set[Stance]:
    """End the stances of the one that meet a stance of the other which says the same."""
    pairs = meeting(source, target)
    for stance, twin in pairs:
        if not are_alike(stance, twin):
            raise ValidationError(differ(stance, twin))
    fold([stance for stance, _ in pairs], change)
    return {stance for stance, _ in pairs}
