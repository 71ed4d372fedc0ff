"""What was brought in by whole files, each one entry in the history of the data."""

from __future__ import annotations

from django.conf import settings
from django.db import models


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

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self):
        return f"{self.name}, {self.at:%Y-%m-%d}"

    @property
    def reason(self) -> str:
        """Give the words by which the history names it."""
        return reason_of(self.name, self.sha256)


def reason_of(name: str, sha256: str) -> str:
    return f"imported from {name}, SHA-256 {sha256}" if sha256 else f"imported from {name}"
