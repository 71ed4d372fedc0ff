"""What a fixture's record may hold: the kind of value that a column takes, and the words where a row breaks a rule."""

from __future__ import annotations

import functools
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

#: What stands in JSON for a column; Django itself would make texts of numbers and numbers of texts.
KINDS: tuple[tuple[type[models.Field], type, str], ...] = (
    (models.BooleanField, bool, "true or false"),
    (models.IntegerField, int, "a whole number"),
    (models.DateTimeField, str, "a time, as “2024-02-13T09:30:00Z”"),
    (models.DateField, str, "a day, as “2024-02-13”"),
    (models.CharField, str, "a text"),
    (models.TextField, str, "a text"),
)
#: Texts that are taken as they stand: an address is never mended, and a source's SHA-256 counts its white space.
UNSTRIPPED = ("slug", "key", "text")
UNSTORABLE = "it holds characters that no text may hold."


def problem_of(column: models.Field, value: Any) -> str:
    """Say what is wrong with a value for a column, or nothing; a foreign key takes a natural key of one part."""
    if value is None:
        return "" if column.null else "null is no value for it."
    if column.is_relation:
        if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], str):
            return "a reference is a list of one text: the other row's natural key."
        return "" if _is_storable(value[0]) else UNSTORABLE
    kind, words = _kind_of(column)
    if type(value) is not kind:
        return f"it must be {words}."
    return UNSTORABLE if isinstance(value, str) and not _is_storable(value) else ""


def read(column: models.Field, value: Any) -> Any:
    """Bring a value to what its column holds; texts lose the white space at their ends, as in forms."""
    value = column.to_python(value)
    return value.strip() if isinstance(value, str) and column.name not in UNSTRIPPED else value


def problems_of_fields(row: Any) -> dict[str, list[str]]:
    """Tell what is wrong with a row's values, one by one; what it refers to is looked at elsewhere."""
    references = [column.name for column in row._meta.concrete_fields if column.is_relation]
    try:
        row.clean_fields(exclude=[*references, *getattr(row, "DERIVED", ())])
    except ValidationError as error:
        return error.message_dict
    return {}


def broken_rules(row: models.Model) -> list[str]:
    """Tell which rules of its model a row breaks that the database refused, in the words of the constraints."""
    found: list[str] = []
    for check in (row.validate_unique, row.validate_constraints):
        try:
            check()
        except ValidationError as error:
            found += error.messages
    return found


def printable(text: str) -> str:
    """Write out what a terminal may not take: the halves of characters that JSON can name."""
    return text.encode(errors="backslashreplace").decode()


@functools.cache
def _kind_of(column: models.Field) -> tuple[type, str]:
    return next((kind, words) for columns, kind, words in KINDS if isinstance(column, columns))


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
