"""Small matters of English for sentences that are put together from data."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from django.contrib.humanize.templatetags.humanize import apnumber
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.text import capfirst

from stances.dates import PartialDate


def number(count: int) -> str:
    """Write a number as a word up to nine, its thousands apart."""
    return "no" if count == 0 else str(apnumber(count)) if count < 10 else f"{count:,}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: "one statement", "12 statements"."""
    return f"{number(count)} {noun if count == 1 else plural or f'{noun}s'}"


def times(count: int) -> str:
    """Say how often: "once", "twice", "three times"."""
    return {1: "once", 2: "twice"}.get(count, f"{number(count)} times")


def first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


#: The names of states that English does not use without an article.
_WITH_ARTICLE = re.compile(
    r"\b(United|Kingdom|Republic|States|Emirates|Union|Federation|See)\b"
    r"|^(Bahamas|Comoros|Gambia|Maldives|Marshall Islands|Netherlands|Philippines)$"
)


def with_article(name: str) -> str:
    """Write the name of a state as it stands inside a sentence: "the United Kingdom", "Japan"."""
    return f"the {name}" if _WITH_ARTICLE.search(name) else name


def of(name: str) -> str:
    """Write a name as a possessive: "Japan’s", "the United States’"."""
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def joined(parts: Sequence[str], last: str = "and") -> str:
    """List parts in a sentence: "one, two and three"."""
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def in_words(error: ValidationError, *of: type[models.Model]) -> Iterator[str]:
    """Say what breaks rules, each with the name of its field of these models."""
    if not hasattr(error, "error_dict"):
        yield from error.messages
        return
    names = {f.name: f.verbose_name for model in reversed(of) for f in model._meta.fields}
    for name, messages in error.message_dict.items():
        for message in messages:
            yield message if name == NON_FIELD_ERRORS else f"{capfirst(names.get(name, name))}: {message}"


def day_words(day: dt.date, *, short: bool = False, preposition: bool = False) -> str:
    return PartialDate(day, day).words(short=short, preposition=preposition)


def period(first: dt.date | None, last: dt.date | None) -> str:
    """Write the days between which sources were published: "2 Feb 2024 to 10 Apr 2024"."""
    if first is None or last is None:
        return "on a day unknown"
    if first == last:
        return day_words(first, short=True)
    return f"{day_words(first, short=True)} to {day_words(last, short=True)}"


def size_words(size: int) -> str:
    """Say how far a change went: "size +3", "size −3", or of other terms "same side, other terms"."""
    return f"size {'−' if size < 0 else '+'}{abs(size)}" if size else "same side, other terms"


def moved_words(size: int, days: int) -> str:
    """Say how far a change went, and how long the position before had been held: "size +3; 20 days later"."""
    return f"{size_words(size)}; {counted_days(days)} later"


def counted_days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def length(start: dt.date, end: dt.date) -> str:
    """Say how long it is between two days: "20 days", "10 months", "1 year 11 months"."""
    days = (end - start).days
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    years, rest = divmod(months, 12)
    if months < 2:
        return counted_days(days)
    return " ".join(f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in ((years, "year"), (rest, "month")) if n)
