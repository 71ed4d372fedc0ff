"""How the parameters of a list's address are read, and what is said of a wrong one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.http import QueryDict
from django.utils.text import capfirst

from stances import search
from stances.dates import PartialDate, today
from stances.models import Topic, resolve
from stances.vocabulary import ChangeKind

MOST_VALUES = 100
MOST_CHARACTERS = 200
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MONTH_OR_YEAR = re.compile(r"\d{4}(-\d{2})?", re.ASCII)


def shown(value: str) -> str:
    """Quote a value in a message: printable, and no longer than a reader needs to recognise it."""
    text = "".join(char if char.isprintable() else "�" for char in value)
    return f"“{text if len(text) <= 60 else text[:59] + '…'}”"


@dataclass(frozen=True)
class Slugs:
    """The rows that a parameter names, by what was given: any of those, none of those with a minus."""

    rows: dict = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def included(self) -> list:
        return [row for given, row in self.rows.items() if not given.startswith("-")]

    @property
    def excluded(self) -> list:
        return [row for given, row in self.rows.items() if given.startswith("-")]

    @property
    def included_ids(self) -> set[int]:
        return {row.pk for row in self.included}

    @property
    def excluded_ids(self) -> set[int]:
        return {row.pk for row in self.excluded}

    def extent(self, row) -> str:
        """Say what a row takes in beside itself."""
        return ""


@dataclass(frozen=True)
class Subtrees(Slugs):
    """Topics, each with all that stands under it."""

    @cached_property
    def included_ids(self) -> set[int]:
        return self._under(self.included)

    @cached_property
    def excluded_ids(self) -> set[int]:
        return self._under(self.excluded)

    @cached_property
    def _parents(self) -> dict[int, int | None]:
        return Topic.objects.parents_under([topic.pk for topic in self.rows.values()])

    def _under(self, topics: list) -> set[int]:
        if not topics:
            return set()
        found, fresh = set(), {topic.pk for topic in topics}
        while fresh:
            found |= fresh
            fresh = {pk for pk, parent in self._parents.items() if parent in fresh}
        return found

    def extent(self, row) -> str:
        return ", with subtopics" if row.pk in self._parents.values() else ""


class ManyField(forms.Field):
    """A parameter that may be repeated; gives a list, blanks left out."""

    widget = forms.SelectMultiple
    multiple = True

    def to_python(self, value) -> list[str]:
        values = list(dict.fromkeys(stripped for text in value or [] if (stripped := text.strip(" \t"))))
        if len(values) > MOST_VALUES:
            raise ValidationError(f"{len(values)} values are too many: give {MOST_VALUES} at most.")
        return values

    def validate(self, value):
        pass


#: What a row is called where it is not named by its slug.
NAMES = {"actor": ("name", "short_name", "iso"), "topic": ("name", "short_name"), "source": ("title",)}
#: So many values of a parameter are taken for names, at most: each is looked for by itself.
MOST_NAMES = 10


class SlugsField(ManyField):
    """Slugs, former ones too, each perhaps with a minus that leaves it out. What is not public is not known.

    What is no slug may be a name, as it is typed into the box beside a menu; one that several rows have names none.
    """

    def __init__(self, *, model: type[Model], public: Callable[[set[int]], set[int]], **kwargs):
        self.model, self.public = model, public
        super().__init__(**kwargs)

    def clean(self, value) -> Slugs:
        texts = super().clean(value)
        if not texts:
            return Slugs()
        slugs = {text: text.removeprefix("-") for text in texts}
        found = resolve(self.model, {slug for slug in slugs.values() if _SLUG.fullmatch(slug) and len(slug) <= 100})
        found |= self._named([slug for slug in slugs.values() if slug not in found][:MOST_NAMES])
        pks = {row.pk for row in found.values()}
        known = self.public(pks) if pks else set()
        unknown = [text for text, slug in slugs.items() if slug not in found or found[slug].pk not in known]
        if unknown:
            noun = self.model._meta.verbose_name
            raise ValidationError(
                [f"{shown(text)} is no known {noun}: those that are known stand in /{noun}s/." for text in unknown]
            )
        return Slugs({text: found[slug] for text, slug in slugs.items()})

    def _named(self, texts: list[str]) -> dict[str, Any]:
        """Find the public rows that go by names, of any case: a draft's name makes none doubtful."""
        paths = NAMES[self.model._meta.model_name or ""]
        named = [
            Q(**{f"{path}__iexact": text})
            for path in paths
            for text in texts
            if 0 < len(text) <= MOST_CHARACTERS and "\0" not in text
        ]
        if not named:
            return {}
        alike = {row.pk: row for row in self.model._default_manager.filter(reduce(or_, named)).order_by()}
        found: dict[str, dict[int, Any]] = {}
        for pk in self.public(set(alike)) if alike else ():
            for name in {getattr(alike[pk], path).casefold() for path in paths}:
                found.setdefault(name, {})[pk] = alike[pk]
        rows = {text: list(found.get(text.casefold(), {}).values()) for text in texts}
        return {text: named_so[0] for text, named_so in rows.items() if text and len(named_so) == 1}

    def in_words(self, given: str, value: Slugs) -> str:
        row = value.rows[given.strip()]
        return f"{self.label}: {'not ' if given.strip().startswith('-') else ''}{row}{value.extent(row)}"


class NamedField(SlugsField):
    """Slugs of the rows that a page shows, at most so many, none left out by a minus; gives the rows in their order."""

    def __init__(self, *, most: int = 1, **kwargs):
        self.most = most
        super().__init__(**kwargs)

    def clean(self, value) -> list:  # type: ignore[override]
        slugs = super().clean(value)
        if slugs.excluded:
            raise ValidationError("Nothing can be left out here: write it without the minus.")
        rows = list({row.pk: row for row in slugs.included}.values())
        if len(rows) > self.most:
            raise ValidationError(f"{len(rows)} are too many: give {'one' if self.most == 1 else self.most} at most.")
        return rows


class ManyOfField(ManyField):
    """Values out of a few."""

    def __init__(self, *, choices: list[tuple], **kwargs):
        self.choices = [(str(value), label) for value, label in choices]
        super().__init__(**kwargs)

    def clean(self, value) -> list[str]:
        values = super().clean(value)
        allowed = [value for value, label in self.choices]
        if wrong := [value for value in values if value not in allowed]:
            raise ValidationError([not_one_of(value, allowed) for value in wrong])
        return values

    def in_words(self, given: str, value: list[str]) -> str:
        key = self.to_python([given])[0]
        return f"{self.label}: {dict(self.choices)[key]}"


class PositionsField(ManyOfField):
    """Positions as numbers; +1 is 1, and so is " 1", what a plus in an address comes to when nobody escapes it."""

    def to_python(self, value) -> list[str]:
        return super().to_python([re.sub(r"\A[ +](?=[12]\Z)", "", text) for text in value or []])


class ChangeKindsField(ManyOfField):
    """Kinds of change; "first" leaves none out, and adds first recorded positions."""

    def in_words(self, given: str, value: list[str]) -> str:
        if given.strip() == ChangeKind.FIRST:
            return "With first recorded positions"
        return super().in_words(given, value)


class OneOfField(forms.Field):
    """A value out of a few."""

    def __init__(self, *, choices: list[tuple], default: str = "", **kwargs):
        self.choices = [(str(value), label) for value, label in choices]
        self.default = default
        super().__init__(**kwargs)

    def clean(self, value) -> str:
        text = (value or "").strip()
        allowed = [value for value, label in self.choices]
        if text and text not in allowed:
            raise ValidationError(not_one_of(text, allowed))
        return text or self.default

    def in_words(self, given: str, value: str) -> str:
        return "" if value == self.default else capfirst(dict(self.choices)[value])


class OrderField(OneOfField):
    """The end of the dates to begin with: it leaves nothing out, and so is no filter in words."""

    def in_words(self, given: str, value: str) -> str:
        return ""


class DayField(forms.Field):
    """A day in ISO notation."""

    def clean(self, value) -> dt.date | None:
        text = (value or "").strip()
        if not text:
            return None
        if not _DAY.fullmatch(text):
            raise ValidationError(f"{shown(text)} is not a date: write year, month and day, as in 2024-02-13.")
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise ValidationError(f"{shown(text)} is no day of the calendar.") from None

    def in_words(self, given: str, value: dt.date) -> str:
        return f"{self.label} {PartialDate(value, value).words()}"


class DayLookedAtField(DayField):
    """The day that a page or list looks at, which has come; of a month or a year its last, or today while it runs."""

    def clean(self, value) -> dt.date | None:
        text = (value or "").strip()
        if not _MONTH_OR_YEAR.fullmatch(text):
            day = super().clean(text)
        else:
            try:
                days = PartialDate.parse(text)
            except ValueError:
                raise ValidationError(f"{shown(text)} is no month of the calendar.") from None
            day = min(days.latest, max(days.earliest or today(), today()))
        if day and day > today():
            raise ValidationError(f"{shown(text)} has not come yet: give a day up to {today()}.")
        return day


class TextField(forms.CharField):
    """Words to look for."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.validators += [self._refuse_long, self._refuse_empty]

    @staticmethod
    def _refuse_long(value: str) -> None:
        if len(value) > MOST_CHARACTERS:
            raise ValidationError(f"{len(value)} characters are too many: give {MOST_CHARACTERS} at most.")

    @staticmethod
    def _refuse_empty(value: str) -> None:
        if len(value) <= MOST_CHARACTERS and "\0" not in value and (problem := search.unanswerable(value)):
            raise ValidationError(problem)

    def clean(self, value: Any) -> search.Typed:
        return search.Typed(super().clean(value))

    def in_words(self, given: str, value: str) -> str:
        return f"{self.label}: “{value}”"


def not_one_of(value: str, allowed: list[str]) -> str:
    return f"{shown(value)} is none of: {', '.join(allowed)}."


def plainest(form: forms.Form, leaving_out: Collection[str] = ()) -> list[tuple[str, str]]:
    """Give the parameters of an address that make sense and change what is shown, former slugs as today's."""
    found: dict[tuple[str, str], None] = {}
    for name, form_field in form.fields.items():
        value = form.cleaned_data.get(name) if form.is_bound and name not in form.errors else None
        if not value or name in leaving_out:
            continue
        if isinstance(value, Slugs):
            texts = [f"{'-' if given.startswith('-') else ''}{row.slug}" for given, row in value.rows.items()]
        elif isinstance(form_field, NamedField):
            texts = [row.slug for row in value]
        else:
            texts = value if isinstance(value, list) else [str(value)]
        found.update(((name, text), None) for text in texts if text != getattr(form_field, "default", ""))
    return list(found)


class ParametersForm(forms.Form):
    """The parameters of a list together: none unknown, none given twice that holds one value, none at odds."""

    #: Parameters that belong to the page, not to the filter.
    beside = frozenset({"cursor"})

    data: QueryDict

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        for name in self.data:
            if name not in self.fields and name not in self.beside:
                self._refuse(name, f"There is no parameter {shown(name)}. There are: {', '.join(self.fields)}.")
        for name in [*self.fields, *self.beside]:
            multiple = name in self.fields and getattr(self.fields[name], "multiple", False)
            if not multiple and len(self.data.getlist(name)) > 1:
                self._refuse(name, "It is given more than once: give it once.")
        after, before = cleaned.get("after"), cleaned.get("before")
        if after and before and after > before:
            self._refuse("before", f"{shown(str(before))} lies before “after”, {after}: no day is both.")
        if self.data.get("subtopics") and not any(text.strip() for text in self.data.getlist("topic")):
            self._refuse(
                "subtopics",
                f"{shown(str(self.data['subtopics']))} says nothing without a topic: give “topic” too.",
            )
        if cleaned.get("topic") and cleaned.get("subtopics") == "1":
            cleaned["topic"] = Subtrees(cleaned["topic"].rows)
        return cleaned

    def _refuse(self, name: str, message: str) -> None:
        self.errors.setdefault(name, self.error_class()).append(message)
        self.cleaned_data.pop(name, None)
