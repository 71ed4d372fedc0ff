"""Addresses of pages, those that renames and merges left behind, and the one place where a slug is resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import models
from django.urls import get_script_prefix, reverse

KINDS = ("actor", "topic", "source")
#: What is longer names nothing.
LONGEST_SLUG = 100


#: Where the addresses of the request begin that is being answered, as asking the framework takes ten times as long.
_begin: ContextVar[str] = ContextVar("begin")


@contextmanager
def one_beginning() -> Iterator[None]:
    """Ask once, for all addresses of the block, where they begin."""
    token = _begin.set(get_script_prefix())
    try:
        yield
    finally:
        _begin.reset(token)


def address(name: str, *args: str) -> str:
    """Write the address of a page; a list has hundreds, and the framework looks through all patterns for each."""
    return _address(_begin.get(None) or get_script_prefix(), name, args)


@lru_cache(maxsize=10_000)
def _address(prefix: str, name: str, args: tuple[str, ...]) -> str:
    return reverse(name, args=args)


class FormerSlugQuerySet(models.QuerySet):
    def for_model(self, model: type[models.Model]) -> FormerSlugQuerySet:
        return self.filter(kind=model._meta.model_name)

    def leave_behind(self, slug: str, target) -> None:
        """Make `slug` a redirect to `target`; a slug that the target takes back is a redirect no more."""
        kind = target._meta.model_name
        self.filter(kind=kind, slug=target.slug, **{kind: target}).delete()
        self.create(kind=kind, slug=slug, **{kind: target})


class FormerSlug(models.Model):
    """An address that a rename or merge left behind: never used again, it redirects."""

    kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in KINDS])
    slug = models.SlugField(max_length=100)
    actor = models.ForeignKey("Actor", models.SET_NULL, null=True, blank=True, related_name="former_slugs")
    topic = models.ForeignKey("Topic", models.SET_NULL, null=True, blank=True, related_name="former_slugs")
    source = models.ForeignKey("Source", models.SET_NULL, null=True, blank=True, related_name="former_slugs")

    objects = FormerSlugQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "slug"]
        verbose_name = "former address"
        verbose_name_plural = "former addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "slug"],
                name="former_slug_unique",
                violation_error_message="This former address is recorded already.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="actor", topic=None, source=None)
                | models.Q(kind="topic", actor=None, source=None)
                | models.Q(kind="source", actor=None, topic=None),
                name="former_slug_target_of_its_kind",
                violation_error_message="A former address leads to one row of its kind.",
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.slug}"

    @property
    def target_id(self) -> int | None:
        return getattr(self, f"{self.kind}_id")

    @property
    def target(self):
        return getattr(self, self.kind)


def resolve(model: Any, slugs: Iterable[str]) -> dict[str, Any]:
    """Find the rows that slugs name, former slugs too; a slug that names nothing is left out. Two queries at most."""
    if isinstance(model, str):
        model = apps.get_model("stances", model)
    wanted = {slug for slug in slugs if len(slug) <= LONGEST_SLUG and "\0" not in slug}
    found = {row.slug: row for row in model._default_manager.filter(slug__in=wanted)}
    if missing := wanted - found.keys():
        kind = model._meta.model_name
        former = FormerSlug.objects.for_model(model).filter(slug__in=missing).select_related(kind)
        found.update((row.slug, row.target) for row in former if row.target)
    return found
