"""Warnings that an editor has looked at and let stand."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from stances.models.statements import Statement


class Dismissal(models.Model):
    """A warning about a statement that somebody dismissed, with a word that says why."""

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="dismissals")
    code = models.CharField(max_length=20)
    about = models.CharField(max_length=400, blank=True)
    word = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()  # one that is taken back is deleted

    class Meta:
        ordering = ["at", "id"]
        default_permissions = ()  # who may change the statement
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "code", "about"],
                name="dismissal_unique",
                violation_error_message="This warning is dismissed already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(word=""),
                name="dismissal_has_word",
                violation_error_message="Say in a word why the warning can be dismissed.",
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.about}: {self.word}"
