"""Stretches of the calendar, from a day to a century, in which statements are counted or drawn together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from stances.dates import PartialDate

DAY, WEEK, MONTH, QUARTER, YEAR, DECADE, CENTURY = "day", "week", "month", "quarter", "year", "decade", "century"
#: From the finest to the coarsest, with the days that each has, about.
UNITS = {DAY: 1, WEEK: 7, MONTH: 30, QUARTER: 91, YEAR: 365, DECADE: 3652, CENTURY: 36524}


@dataclass(frozen=True, order=True)
class Period:
    """Days of one stretch, both ends inclusive."""

    first: dt.date
    last: dt.date
    unit: str = DAY

    @property
    def label(self) -> str:
        """Name it: "Mar 2024", "4 to 10 Mar 2024", "2024, quarter 1"."""
        if self.unit == QUARTER:
            return f"{self.first.year}, quarter {(self.first.month + 2) // 3}"
        if self.unit in (DECADE, CENTURY):
            return f"{self.first.year} to {self.last.year}"
        return PartialDate(self.first, self.last).bare_words(short=True)

    @property
    def notation(self) -> str:
        """Write it for a file: 2024, 2024-Q1, 2024-03, else as the codebook writes dates."""
        if self.unit == QUARTER:
            return f"{self.first.year:04}-Q{(self.first.month + 2) // 3}"
        return str(PartialDate(self.first, self.last))


def period_of(unit: str, day: dt.date) -> Period:
    """Find the stretch of the calendar that a day lies in.

    >>> period_of("month", dt.date(2024, 2, 13)).last
    datetime.date(2024, 2, 29)
    """
    return Period(*_BOUNDS[unit](day), unit)


def _week(day: dt.date) -> tuple[dt.date, dt.date]:
    first = dt.date.fromordinal(max(day.toordinal() - day.weekday(), 1))
    return first, dt.date.fromordinal(min(first.toordinal() + 6, dt.date.max.toordinal()))


def _months(number: int) -> Callable[[dt.date], tuple[dt.date, dt.date]]:
    def bounds(day: dt.date) -> tuple[dt.date, dt.date]:
        first = day.replace(month=(day.month - 1) // number * number + 1, day=1)
        month = first.month + number - 1
        after = dt.date(first.year, month + 1, 1) if month < 12 else None
        return first, after - dt.timedelta(days=1) if after else dt.date(first.year, 12, 31)

    return bounds


def _years(number: int) -> Callable[[dt.date], tuple[dt.date, dt.date]]:
    def bounds(day: dt.date) -> tuple[dt.date, dt.date]:
        first = day.year // number * number
        return dt.date(max(first, 1), 1, 1), dt.date(min(first + number - 1, dt.MAXYEAR), 12, 31)

    return bounds


_BOUNDS: dict[str, Callable[[dt.date], tuple[dt.date, dt.date]]] = {
    DAY: lambda day: (day, day),
    WEEK: _week,
    MONTH: _months(1),
    QUARTER: _months(3),
    YEAR: _months(12),
    DECADE: _years(10),
    CENTURY: _years(100),
}
