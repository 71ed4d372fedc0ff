"""Merging two rows of one kind: all that rests on the one moves to the other, and its address leads there."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from stances.changes import Change, begin, stamped, tell
from stances.models import FormerSlug, Stance
from stances.models.curated import CuratedModel
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
            for row in field.model._base_manager.filter(**{field.name: source}):
                if row == target:  # it stood under the one that it takes over
                    _move(target, field, getattr(source, field.name), change)
                else:
                    _move(row, field, target, change)
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


def _move(row, field: models.ForeignKey, target, change: Change) -> None:
    before = getattr(row, field.attname)
    setattr(row, field.name, target)
    if isinstance(row, Stance) and (twin := _twin(row)):
        if any(getattr(row, name) != getattr(twin, name) for name in ALIKE):
            raise ValidationError(differ(row, twin))
        setattr(row, field.attname, before)  # the history tells it as it was
        with stamped(row, change):
            row.delete()
        return
    try:
        row.full_clean(exclude=[f.name for f in row._meta.fields if f.name != field.name])
        row.validate_constraints()
    except ValidationError as error:
        raise ValidationError(f"{row._meta.verbose_name.capitalize()} “{row}”: {' '.join(error.messages)}") from None
    with stamped(row, change):
        row.save()


def differ(one: Stance, twin: Stance) -> str:
    """Say that two stances of one statement would meet, and differ."""
    return (
        f"Statement {one.statement.key} has a stance of each, and they differ: {twin.wording}, {one.wording}. "
        "Settle that first."
    )


def _twin(stance: Stance) -> Stance | None:
    same = Stance.objects.filter(statement=stance.statement_id, actor=stance.actor_id, topic=stance.topic_id)
    return same.exclude(pk=stance.pk).first()
