"""Markup that is put together in Python, where templates are too slow: rows of lists, cells of tables, menus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

NOTHING = SafeString()


def filled(pattern: str, *values: Any) -> SafeString:
    """Put values into HTML as `format_html` does, in a third of its time: a list of fifty rows asks it 800 times."""
    parts = [
        escape(it) if type(it) is str else it if type(it) is SafeString else conditional_escape(it) for it in values
    ]
    return SafeString(pattern.format(*parts))  # each value is escaped


def each(pattern: str, rows: Iterable[Sequence[Any]]) -> SafeString:
    """Fill a pattern with each of some rows, as `format_html_join` does."""
    return joined(filled(pattern, *row) for row in rows)


def joined(parts: Iterable[SafeString], between: str = "") -> SafeString:
    """Put parts that are ready for HTML one after the other."""
    return SafeString(between.join(parts))
