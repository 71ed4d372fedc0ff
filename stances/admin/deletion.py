"""Deleting at the desk: what stands in the way is told in words, before anything is tried."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.db.models import ProtectedError

from stances.models.curated import CuratedModel

EXAMPLES = 5
LISTED = 100


class GuardedDeletion(admin.ModelAdmin):
    """Pages that ask before a deletion, and name what keeps a row from being deleted."""

    model: type[CuratedModel]

    def get_deleted_objects(self, objs, request):
        """Tell what goes, what else goes with it, whose rows these are not, and what keeps them.

        It asks for counts and a few examples, where Django would read every row that hangs on these.
        """
        objs = list(objs)
        rows = self.model._base_manager.filter(pk__in=[obj.pk for obj in objs])
        opts = self.model._meta
        forbidden = {f"{opts.verbose_name}: {obj}" for obj in objs if not self.has_delete_permission(request, obj)}
        counts = {str(opts.verbose_name_plural): len(objs)}
        for relation in _pointing_at(self.model, models.CASCADE):
            if going := _holders(relation, rows).count():
                counts[str(relation.related_model._meta.verbose_name_plural)] = going
        return _listed([str(obj) for obj in objs]), counts, forbidden, self.obstacles(rows)

    def obstacles(self, rows) -> list[str]:
        """Say why rows may not be deleted."""
        try:
            rows.refuse_to_delete()
        except ProtectedError as error:
            kept = sorted(str(row) for row in error.protected_objects)
            return [error.args[0], _examples(kept, len(kept))]
        told = []
        for relation in _pointing_at(self.model, models.PROTECT):
            holders = _holders(relation, rows)
            if count := holders.count():
                opts = relation.related_model._meta
                name = opts.verbose_name if count == 1 else opts.verbose_name_plural
                keys = [f.name for f in opts.fields if isinstance(f, models.ForeignKey)]
                examples = [str(row) for row in holders.select_related(*keys)[:EXAMPLES]]
                field = relation.field.verbose_name
                told.append(f"{count:,} {name}, as “{field}”: {_examples(examples, count)}")
        return told


def _pointing_at(model: type[models.Model], on_delete) -> list:
    return [relation for relation in model._meta.related_objects if relation.on_delete is on_delete]


def _holders(relation, rows):
    return relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": rows}).order_by("pk")


def _listed(names: list[str]) -> list[str]:
    more = [f"and {len(names) - LISTED:,} more"] if len(names) > LISTED else []
    return names[:LISTED] + more


def _examples(names: list[str], count: int) -> str:
    shown = names[:EXAMPLES]
    more = f"; and {count - len(shown):,} more" if count > len(shown) else ""
    return "; ".join(shown) + more
