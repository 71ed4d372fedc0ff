"""The base of the pages of one thing: found by its address, former ones too, as a page and as JSON."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from stances.citations import Seen
from stances.dates import today
from stances.exports import FORMATS, refuse
from stances.filters import Problem, problems_of
from stances.models import resolve
from stances.near import near_slugs
from stances.parameters import DayLookedAtField, ParametersForm, plainest, shown
from stances.tree import TopicTree
from stances.twins import written
from stances.views.filtered import remembered
from stances.views.public import PublicView


class PageParameters(ParametersForm):
    """The parameters of a page that is no list: none, unless a field says so."""

    beside = frozenset()

    def clean(self):
        if self.fields:
            return super().clean()
        for name in self.data:
            self._refuse(name, f"There is no parameter {shown(name)} on this page.")
        return self.cleaned_data


class DayParameters(PageParameters):
    """The day looked at."""

    on = DayLookedAtField(required=False)


class Page(PublicView):
    """A page with parameters: what makes no sense is told at its field, and 400 in JSON."""

    template_name: ClassVar[str]
    parameters: ClassVar[type[PageParameters]] = PageParameters

    @cached_property
    def form(self) -> PageParameters:
        form = self.parameters(self.request.GET)
        form.is_valid()
        return form

    @property
    def problems(self) -> list[Problem]:
        return problems_of(self.form)

    @cached_property
    def day(self) -> dt.date:
        """The day looked at: today, unless a sound one is given."""
        return self.form.cleaned_data.get("on") or today()

    @property
    def as_of(self) -> str:
        """Give the query that keeps the day looked at; nothing for today."""
        return "" if self.day == today() else f"?on={self.day}"

    @property
    def up_to(self) -> dict[str, dt.date]:
        """Narrow a list to what was said by the day looked at; nothing for today."""
        return {} if self.day == today() else {"before": self.day}

    @cached_property
    def tree(self) -> TopicTree:
        return remembered.get("tree", TopicTree.load, self.state)

    @cached_property
    def seen(self) -> Seen:
        return Seen(today(), self.state[0] if self.state else 0)

    @property
    def canonical(self) -> str:
        """Give the one address of what is shown, without what says nothing or makes no sense."""
        query = urlencode(plainest(self.form, leaving_out={"on"} if self.day == today() else ()))
        return self.address(f"{self.request.path}?{query}" if query else self.request.path)

    def address(self, path: str) -> str:
        return self.request.build_absolute_uri(path)

    def show(self, context: dict[str, Any], *, status: int = 200) -> HttpResponseBase:
        shared = {
            "problems": self.problems,
            "canonical": self.canonical,
            "day": self.day,
            "is_today": self.day == today(),
            "as_of": self.as_of,
            "today": today(),
            "on": self.request.GET.get("on", ""),
            "wrong": self.form.errors,
        }
        return render(self.request, self.template_name, shared | context, status=status)


class OneOf(Page, ABC):
    """One row, found by its address, in some formats."""

    model: ClassVar[type[models.Model]]
    name: ClassVar[str]

    def get(self, request: HttpRequest, slug: str, format: str = "html") -> HttpResponseBase:
        row: Any = resolve(self.model, [slug]).get(slug)
        if row is None or not self.is_public(row):
            return missing(request, self.model, slug, format)
        if row.slug != slug:
            address = reverse(self.name if format == "html" else f"{self.name}-{format}", args=[row.slug])
            query = request.META.get("QUERY_STRING", "")
            return redirect(f"{address}?{query}" if query else address, permanent=True)
        if self.problems and format != "html":
            return refuse(self.problems, format=format)
        return self.respond(row, format)

    @abstractmethod
    def respond(self, row: Any, format: str) -> HttpResponseBase:
        """Answer in a format."""

    @abstractmethod
    def rows(self) -> models.QuerySet:
        """Give the rows that a reader may see."""

    def is_public(self, row: Any) -> bool:
        return self.rows().filter(pk=row.pk).exists()


class DetailPage(OneOf):
    """The page of one row, and its twin in JSON."""

    def respond(self, row: Any, format: str) -> HttpResponseBase:
        return self.show(self.context(row)) if format == "html" else answer(self.data(row))

    @abstractmethod
    def context(self, row: Any) -> dict[str, Any]:
        """Give what the page's template shows."""

    @abstractmethod
    def data(self, row: Any) -> dict[str, Any]:
        """Give what the twin in JSON holds."""


def missing(request: HttpRequest, model: type[models.Model], slug: str, format: str) -> HttpResponseBase:
    """Answer, in its own format, that an address leads to no row; a page names those whose addresses are like it."""
    message = f"There is no such {model._meta.verbose_name}."
    if format == "html":
        return render(request, "404.html", {"message": message, "near": near_slugs(model, slug)}, status=404)
    if format == "json":
        return answer({"errors": [{"message": message}]}, status=404)
    return HttpResponse(f"{message}\n", status=404, content_type="text/plain; charset=utf-8")


def answer(data: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(written(data), status=status, content_type=FORMATS["json"])
