"""What the desk's lists show in a cell: positions as tiles, links to other rows, words cut short."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from stances.markup import each, filled
from stances.vocabulary import CSS, SIGNS, wording


def tile(value: int, terms: str) -> SafeString:
    """Show a position: its colour, and its sign and words beside it."""
    return filled(
        '<span class="tile {}"><b aria-hidden="true">{}</b> {}</span>', CSS[value], SIGNS[value], wording(value, terms)
    )


def stance_lines(stances: Iterable) -> SafeString:
    """Show a statement's stances, a line each; actors and topics are loaded before."""
    lines = ((tile(stance.position, stance.terms), stance.actor.label, stance.topic.name) for stance in stances)
    return each('<div class="stance-line">{} {}, {}</div>', lines)


def list_link(model: str, text: str, **filters) -> SafeString:
    """Link to a list of the desk, filtered."""
    return filled('<a href="{}?{}">{}</a>', reverse(f"admin:stances_{model}_changelist"), urlencode(filters), text)


def short(text: str, length: int = 140) -> str:
    return Truncator(text).chars(length, truncate="…")


def change_url(row) -> str:
    """Give the address of a row's form."""
    return reverse(f"admin:stances_{row._meta.model_name}_change", args=[row.pk])


def named(row) -> str:
    """Name a row in a list of many; a stance by its statement, too."""
    key = getattr(row, "statement_id", None) and row.statement.key
    return f"{key}: {row}" if key else str(row)
