"""What was typed in a form and what its row holds, in the same terms: as sent, and as an editor reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from stances.dates import PartialDate
from stances.forms import ids_among


@dataclass
class TypedRow:
    """A row inside the form as it was typed: its values by the names of its fields."""

    pk: int | None
    values: dict[str, list[str]]
    lost: bool = False

    def data(self) -> QueryDict:
        data = QueryDict(mutable=True)
        for name, values in self.values.items():
            data.setlist(name, values)
        return data

    @property
    def is_deleted(self) -> bool:
        return forms.CheckboxInput().value_from_datadict(self.data(), MultiValueDict(), "DELETE")


def records_since(model, key: str, pk, newest: int) -> dict[int, list[Any]]:
    """Read the records made since, by row, oldest first."""
    found: dict[int, list[Any]] = defaultdict(list)
    for record in model.history.filter(**{key: pk}, history_id__gt=newest).order_by("history_id"):
        found[record.id].append(record)
    return found


def author_of(records: list[Any], base, attnames: Iterable[str]):
    """Find the record that gave a field its value of now."""
    found, before = None, base
    for record in records:
        if before is None or any(getattr(record, name) != getattr(before, name) for name in attnames):
            found = record
        before = record
    return found


def as_recorded(record):
    """Make the row that a record tells of, without asking for what the history leaves out."""
    model = record.instance_type
    return model(**{f.attname: getattr(record, f.attname) for f in record.tracked_fields})


def columns_of(form_class, name: str) -> list[str]:
    """Name the columns that a field of a form writes."""
    standing = [column for column, field_name in form_class.stands_for.items() if field_name == name]
    known = {f.name: f.attname for f in form_class._meta.model._meta.concrete_fields if not f.primary_key}
    return standing or ([known[name]] if name in known else [])


def sent_values(form) -> dict[str, list[str]]:
    """Give a row's values as its form would send them."""
    data = QueryDict(mutable=True)
    for name, each in form.fields.items():
        put_value(data, name, each, form.get_initial_for_field(each, name))
    return dict(data.lists())


def put_value(data: QueryDict, name: str, each: forms.Field, value: Any) -> None:
    """Write a value into what was sent, as a browser would."""
    prepared = each.prepare_value(value)
    if isinstance(each, forms.BooleanField):
        data.pop(name, None)
        if prepared:
            data[name] = "on"
    else:
        data[name] = "" if prepared is None else str(prepared)


def plain(value):
    """Take off what browsers add to line ends."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def in_words(each: forms.Field, value: Any, named: dict[type[models.Model], dict[Any, models.Model]]) -> str:
    """Say a value, stored or typed, as an editor reads it."""
    if isinstance(each, forms.ModelChoiceField) and each.queryset is not None:
        pks = ids_among([value])
        row = named.get(each.queryset.model, {}).get(int(pks[0])) if pks else None
        return str(row) if row else str(value or "")
    if isinstance(each, forms.ChoiceField):
        offered: Any = each.choices
        choices = {str(key): str(words) for key, words in offered if not isinstance(words, list | tuple)}
        return choices.get(str(value), str(value)) if value not in (None, "") else ""
    if isinstance(each, forms.BooleanField):
        return "yes" if value else "no"
    if isinstance(value, str):
        try:
            value = each.to_python(plain(value))
        except ValidationError:
            return str(value)
    if isinstance(value, PartialDate):
        return f"{value} ({value.words()})"
    return "" if value is None else str(value)
