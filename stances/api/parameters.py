"""The parameters that the API has beside those of the pages, and all of them as the schema describes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from stances.filters import ListFilterSet
from stances.parameters import (
    MOST_CHARACTERS,
    DayField,
    ManyField,
    ManyOfField,
    OneOfField,
    PositionsField,
    TextField,
    shown,
)
from stances.views.detail import PageParameters

ROWS_A_PAGE, MOST_ROWS_A_PAGE = 50, 500
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
DESCRIPTIONS = {
    "actor": "Whose position: slugs. Any of those given; a minus before one leaves it out.",
    "topic": "On what: slugs, with the topics under them. Any of those given; a minus before one leaves it out.",
    "subtopics": "With `topic`: 1, the default, takes in the topics under it, 0 does not.",
    "source": "Where it was found: slugs. Any of those given; a minus before one leaves it out.",
    "speaker": "Who said it: slugs. Any of those given; a minus before one leaves it out.",
    "position": "From 2, for, to -2, against. Any of those given.",
    "terms": "What limits a position of 1 or -1. Any of those given.",
    "authority": "With what authority it was said. Any of those given.",
    "attribution": "The actor's own words, or reported by others.",
    "basis": "Whether the position is explicit or implied.",
    "form": "Direct quotation, indirect speech or a deed.",
    "kind": "Any of those given. Changes: `first` adds first recorded positions, which are left out otherwise.",
    "after": "From this day on, by the latest possible day (sources: of publication).",
    "before": "Up to this day, by the latest possible day (sources: of publication).",
    "on": "As of this day; without it, positions are all intervals, and a detail is as of today.",
    "since": "Positions alone that were taken after this day.",
    "voice": "The series of the actor's own words, or of what others report.",
    "q": "Words, all of which are found.",
    "repeats": "1 adds statements that print earlier words again; 0, the default, does not.",
    "order": "By date, newest first (`-date`) or oldest first (`date`).",
    "fields": "Names of fields, with commas between them: the answer holds these alone.",
    "page_size": "How many rows a page holds.",
}


class FieldsField(forms.Field):
    """The fields that an answer is to hold, by name; none named is all."""

    def __init__(self, *, names: Sequence[str], **kwargs):
        self.names = list(names)
        super().__init__(**kwargs)

    def clean(self, value) -> list[str]:
        wanted = list(dict.fromkeys(name.strip() for name in (value or "").split(",") if name.strip()))
        if unknown := [name for name in wanted if name not in self.names]:
            raise ValidationError(
                [f"There is no field {shown(name)}. There are: {', '.join(self.names)}." for name in unknown[:5]]
            )
        return wanted or self.names


class PageSizeField(forms.Field):
    """How many rows a page holds."""

    def clean(self, value) -> int:
        text = (value or "").strip()
        if not text:
            return ROWS_A_PAGE
        if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST_ROWS_A_PAGE:
            raise ValidationError(f"{shown(text)} is no number from 1 to {MOST_ROWS_A_PAGE}.")
        return int(text)


class FieldsFilter(filters.Filter):
    """Says which fields a row has; it keeps all rows."""

    field_class = FieldsField

    def filter(self, qs, value):
        return qs


class PageSizeFilter(filters.Filter):
    """Says how many rows a page has; it keeps all rows."""

    field_class = PageSizeField

    def filter(self, qs, value):
        return qs


@cache
def of_list(filterset: type[ListFilterSet], names: tuple[str, ...]) -> type[ListFilterSet]:
    """Give a list's filter the API's own parameters."""
    added = {"page_size": PageSizeFilter(), "fields": FieldsFilter(names=names)}
    return type(filterset.__name__, (filterset,), added)


@cache
def of_page(form: type[PageParameters], names: tuple[str, ...]) -> type[PageParameters]:
    """Give a page's parameters the API's own."""
    return type(form.__name__, (form,), {"fields": FieldsField(names=names, required=False)})


def described(fields: dict[str, forms.Field]) -> list[OpenApiParameter]:
    return [
        OpenApiParameter(
            name,
            schema_of(field),
            description=DESCRIPTIONS[name],
            explode=False if isinstance(field, FieldsField) else True if isinstance(field, ManyField) else None,
        )
        for name, field in fields.items()
    ]


def schema_of(field: forms.Field) -> Any:
    if isinstance(field, PositionsField):
        return {"type": "array", "items": {"type": "integer", "enum": [int(value) for value, _ in field.choices]}}
    if isinstance(field, ManyOfField):
        return {"type": "array", "items": {"type": "string", "enum": [value for value, _ in field.choices]}}
    if isinstance(field, ManyField):
        return {"type": "array", "items": {"type": "string"}}
    if isinstance(field, FieldsField):
        return {"type": "array", "items": {"type": "string", "enum": field.names}}
    if isinstance(field, OneOfField):
        return {"type": "string", "enum": [value for value, _ in field.choices]}
    if isinstance(field, PageSizeField):
        return {"type": "integer", "minimum": 1, "maximum": MOST_ROWS_A_PAGE, "default": ROWS_A_PAGE}
    if isinstance(field, DayField):
        return {"type": "string", "format": "date"}
    if isinstance(field, TextField):
        return {"type": "string", "maxLength": MOST_CHARACTERS}
    return OpenApiTypes.STR
