"""What the curated models share: writes that keep positions right, slugs that never die, constraints in words."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import NotSupportedError, models
from django.db.models.lookups import IsNull
from django.dispatch import receiver
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from stances.writes import Pair, PublicWrite, moment_of_write, public_write

validate_slug = RegexValidator(
    r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z",
    "Use small letters a to z, digits, and single hyphens between them.",
)


def one_of(field: str, choices: type[models.TextChoices], model: str, *, blank: bool = False) -> models.CheckConstraint:
    """Constrain a field to its choices, with a message that lists them."""
    values = [*choices.values, *([""] if blank else [])]
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": values}),
        name=f"{model}_{field}_valid",
        violation_error_message=f"The {field.replace('_', ' ')} is one of: {', '.join(choices.values)}.",
    )


def any_of(rows: models.QuerySet) -> models.Q:
    """Ask whether there is such a row, by a look into an index for each row that is asked about.

    EXISTS asks the same, but where it stands within an OR, PostgreSQL reads the whole table to answer it.
    """
    return models.Q(IsNull(models.Subquery(rows.order_by().values("pk")[:1]), False))


def begin_history(rows: models.QuerySet) -> None:
    from stances.models.imports import Import

    Import.objects.begin_history(rows)


class CuratedQuerySet(models.QuerySet):
    """A queryset whose writes lock the public data and bring positions up to date."""

    def series(self) -> set[Pair]:
        """Name the series, as pairs of actor and topic, that these rows have a part in."""
        return set()

    def are_public(self) -> bool:
        """Tell whether a reader could see any of these rows."""
        return True

    def synchronise(self) -> None:
        """Bring up to date what other rows copy from these."""

    def note(self, write: PublicWrite) -> None:
        write.touch(self.series())
        if self.are_public():
            write.touch_public()

    def _pinned(self) -> Any:
        return self.model._base_manager.filter(pk__in=list(self.order_by().values_list("pk", flat=True)))

    def update(self, **values) -> int:
        with public_write() as write:
            rows = self._pinned()
            begin_history(rows)
            rows.note(write)
            count = super().update(**values)
            rows.synchronise()
            rows.note(write)
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self):
        with public_write() as write:
            self.refuse_to_delete()
            self.note(write)
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def refuse_to_delete(self) -> None:
        """Raise ProtectedError where a row may not go."""

    def bulk_create(self, objs: Iterable, *args, **kwargs):
        if len(args) > 1 or kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise NotSupportedError("It could not be told what was written, and so positions could not follow.")
        with public_write() as write:
            objs = list(objs)
            model: Any = self.model
            model.prepare(objs)
            made = super().bulk_create(objs, *args, **kwargs)
            rows = model._base_manager.filter(pk__in=[obj.pk for obj in made if obj.pk])
            rows.synchronise()
            rows.note(write)
        return made

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable, *args, **kwargs) -> int:
        with public_write():
            return super().bulk_update(objs, *args, **kwargs)  # in batches of update(), above

    bulk_update.alters_data = True  # type: ignore[attr-defined]


class MadeOnce(HistoryManager):
    """A manager of a history; the class that has its queryset's methods is made once, not at every `row.history`."""

    @classmethod
    @functools.cache
    def from_queryset(cls, queryset_class, class_name=None):
        return super().from_queryset(queryset_class, class_name)


def recorded(**options) -> HistoricalRecords:
    """Keep the history of a model."""
    return HistoricalRecords(history_manager=MadeOnce, **options)


class CuratedModel(models.Model):
    """A row that editors curate, with a history, and that positions or public pages may rest on."""

    COPIED: tuple[str, ...] = ()  # columns that are filled from other rows

    history: Any
    _change_reason: str
    _history_user: Any

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args, **kwargs):
        fresh = self.pk is None
        with public_write() as write:
            if self.pk and not self._state.adding:
                begin_history(self._stored())
                self._stored().note(write)
            self.before_save()
            super().save(*args, **kwargs)
            rows = self._stored()
            if self.COPIED or not fresh:  # no row can have copied from one that is new
                rows.synchronise()
            if fresh:
                self.note_new(write)
            else:
                rows.note(write)

    def note_new(self, write: PublicWrite) -> None:
        """Note a row that is just made: no other refers to it, and what it is seen by may be known without asking."""
        self._stored().note(write)

    def delete(self, *args, **kwargs):
        with public_write() as write:
            rows = self._stored()
            rows.refuse_to_delete()
            rows.note(write)
            return super().delete(*args, **kwargs)

    def _stored(self) -> Any:
        return type(self)._base_manager.filter(pk=self.pk)

    def before_save(self) -> None:
        """Follow a change through, under the lock and before the row is written."""

    @classmethod
    def prepare(cls, objs: list) -> None:
        """Fill in what rows copy from others, before they are made in bulk."""


@receiver(pre_create_historical_record)
def date_by_write(instance, history_instance, **kwargs) -> None:
    """Give all that one write did one moment: what was saved or deleted together is found and restored together."""
    moment = moment_of_write()
    if moment and not hasattr(instance, "_history_date"):
        history_instance.history_date = moment


class SluggedModel(CuratedModel):
    """A curated row with an address: a new slug leaves the old one behind as a redirect, and none is used twice."""

    slug = models.SlugField(
        max_length=100,
        unique=True,
        allow_unicode=False,
        validators=[validate_slug],
        help_text="The address of its page. A new one leaves the old one behind as a redirect.",
        error_messages={"unique": "Another one already has this address."},
    )

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def clean(self):
        super().clean()
        self.refuse_former_slug()

    def refuse_former_slug(self) -> None:
        """Raise ValidationError where the slug is an address that another row left behind."""
        from stances.models.addresses import FormerSlug

        former = FormerSlug.objects.for_model(type(self)).filter(slug=self.slug).first()
        if former and (self.pk is None or former.target_id != self.pk):
            raise ValidationError({"slug": f"“{self.slug}” is a former address, which is never used again."})

    def before_save(self) -> None:
        super().before_save()
        from stances.models.addresses import FormerSlug

        self.refuse_former_slug()
        if self.pk and not self._state.adding:
            old = type(self)._base_manager.filter(pk=self.pk).values_list("slug", flat=True).first()
            if old and old != self.slug:
                FormerSlug.objects.leave_behind(old, self)

    def natural_key(self):
        return (self.slug,)


class SluggedQuerySet(CuratedQuerySet):
    def update(self, **values) -> int:
        if "slug" in values:
            raise NotSupportedError("Rename rows one by one, with save(), which leaves the old address as a redirect.")
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def get_by_natural_key(self, slug: str):
        return self.get(slug=slug)
