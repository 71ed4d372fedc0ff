"""Dates known in part, as the codebook writes them: a range of days, its first day perhaps unknown."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

from django import forms
from django.core.exceptions import ValidationError

NOTATION = "Write 2024-02-13, 2024-02, 2024, a range 2024-04-01/2024-04-07, or ../2024-03-25 (on that day or before)."
_PART = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


def today() -> dt.date:
    """Give the day by UTC, as all days here are."""
    return dt.datetime.now(dt.UTC).date()


@dataclass(frozen=True)
class PartialDate:
    """The days on which something may have happened: `earliest` (None: not known) to `latest`, both inclusive."""

    earliest: dt.date | None
    latest: dt.date

    def __post_init__(self) -> None:
        if self.earliest is not None and self.earliest > self.latest:
            raise ValueError(f"The range begins on {self.earliest}, after it ends on {self.latest}.")

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read the codebook's notation.

        >>> PartialDate.parse("2024-02").latest
        datetime.date(2024, 2, 29)

        Raises ValueError, with a message for the person who wrote it.
        """
        text = text.strip()
        first, slash, last = text.partition("/")
        if not slash:
            return cls(*_days(first))
        if first == "..":
            return cls(None, _days(last)[1])
        return cls(_days(first)[0], _days(last)[1])

    def lies_within(self, start: dt.date | None, end: dt.date | None) -> bool:
        """Tell whether all its days lie from `start` to before `end`, either open; unknown where no first day is."""
        if self.earliest is None:
            return False
        return (start is None or start <= self.earliest) and (end is None or end > self.latest)

    def __str__(self) -> str:
        if self.earliest is None:
            return f"../{self.latest}"
        if self.earliest == self.latest:
            return f"{self.latest}"
        for short in (f"{self.latest.year:04}", f"{self.latest.year:04}-{self.latest.month:02}"):
            if _days(short) == (self.earliest, self.latest):
                return short
        return f"{self.earliest}/{self.latest}"

    @property
    def is_exact(self) -> bool:
        return self.earliest == self.latest

    def bare_words(self, *, short: bool = False) -> str:
        """Say it after "since" or "of": "13 February 2024", "February 2024"."""
        return self.words(short=short).removeprefix("in ")

    def words(self, *, short: bool = False, preposition: bool = False) -> str:
        """Say it to a reader: "13 February 2024", "in February 2024", "1 to 7 April 2024", "before 25 March 2024".

        An open range ends with its latest day: "../2024-03-25" reads "before 25 March 2024" as the codebook has it
        for what was said earlier than an article of that day. `preposition` writes "on" before a single day.
        """
        return _words(self, short, preposition)


@lru_cache(maxsize=8192)
def _words(date: PartialDate, short: bool, preposition: bool) -> str:
    month = "%b" if short else "%B"

    def day(it: dt.date, form: str = f"{month} %Y") -> str:
        return f"{it.day} {it:{form}}" if it.year >= 1000 else f"{it.day} {it:%B} {it.year}"

    if date.earliest is None:
        return f"before {day(date.latest)}"
    if date.is_exact:
        return f"{'on ' if preposition else ''}{day(date.latest)}"
    text = str(date)
    if len(text) == 4:
        return f"in {text}"
    if len(text) == 7:
        return f"in {date.latest:{month} %Y}"
    if (date.earliest.year, date.earliest.month) == (date.latest.year, date.latest.month):
        return f"{date.earliest.day} to {day(date.latest)}"
    if date.earliest.year == date.latest.year:
        return f"{day(date.earliest, month)} to {day(date.latest)}"
    return f"{day(date.earliest)} to {day(date.latest)}"


def _days(text: str) -> tuple[dt.date, dt.date]:
    """Give the first and the last day of a year, a month or a day."""
    match = _PART.fullmatch(text)
    if not match:
        raise ValueError(f"“{text}” is not a date. {NOTATION}")
    year, month, day = (int(part or 0) for part in match.groups())
    try:
        if match[2] is None:
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
        if match[3] is None:
            return dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
        date = dt.date(year, month, day)
    except (ValueError, calendar.IllegalMonthError):
        raise ValueError(f"“{text}” is no day of the calendar.") from None
    return date, date


class PartialDateField(forms.CharField):
    """A form's field in the codebook's notation; cleans to a PartialDate, or None where it may be empty."""

    def __init__(self, **kwargs):
        kwargs.setdefault("help_text", NOTATION)
        super().__init__(**{"max_length": 30, **kwargs})

    def to_python(self, value):
        text = super().to_python(value)
        if not text:
            return None
        try:
            return PartialDate.parse(text)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from None

    def run_validators(self, value):
        pass  # the length is checked by parsing

    def prepare_value(self, value):
        return str(value) if isinstance(value, PartialDate) else value
