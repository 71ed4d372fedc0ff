"""What was brought in by whole files, each one entry in the history of the data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import models

BATCH = 500


class ImportManager(models.Manager):
    def begin_history(self, rows: models.QuerySet) -> None:
        """Enter rows that are about to change, and that an import brought, into the history as it brought them.

        An import is one entry in the history, and its rows have none of their own until then.
        """
        model: Any = rows.model
        for brought in self.all():
            ids = brought.counts.get(model._meta.model_name, {})
            if "first" in ids:
                entries = model.history.model.objects.filter(id=models.OuterRef("pk"))
                without = rows.filter(~models.Exists(entries), pk__range=(ids["first"], ids["last"])).order_by()
                batches = iter(without.iterator(chunk_size=BATCH))
                while batch := list(islice(batches, BATCH)):
                    model.history.bulk_history_create(
                        batch,
                        default_user=brought.by,
                        default_change_reason=brought.reason,
                        default_date=brought.at,
                    )


class Import(models.Model):
    """A file of statements that was imported: its name and sum, by whom, when, and how much of what."""

    name = models.CharField("file", max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="imported by"
    )
    at = models.DateTimeField("imported")
    counts = models.JSONField(
        help_text="By kind of row: how many are new, the first and the last of their ids, and how many were changed."
    )

    objects = ImportManager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self):
        return f"{self.name}, {self.at:%Y-%m-%d}"

    @property
    def done(self) -> str:
        """Say how many rows of each kind it made and changed."""
        return ", ".join(counted(self.counts))

    @property
    def reason(self) -> str:
        """Give the words by which the history names it."""
        return reason_of(self.name, self.sha256)


def reason_of(name: str, sha256: str) -> str:
    return f"imported from {name}, SHA-256 {sha256}" if sha256 else f"imported from {name}"


def counted(counts: dict[str, dict[str, int]]) -> Iterator[str]:
    """Say how many rows of each kind are new and how many were changed."""
    from stances.models import CURATED

    for model in CURATED:
        of_kind = counts.get(str(model._meta.model_name), {})
        for word in ("new", "changed"):
            if count := of_kind.get(word):
                noun = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
                yield f"{count:,} {word} {noun}"
