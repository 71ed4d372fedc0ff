"""How two series stood to each other, against a count day by day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stances.asof import years_after
from stances.comparisons import ONE_DAY, agreement, by_year, carried, first_move, overlaps, within

DAY_ONE = dt.date(2023, 12, 1)
END = DAY_ONE + dt.timedelta(days=100)


@dataclass
class Held:
    since: dt.date
    until: dt.date | None
    value: int


def series(*held: tuple[int, int]) -> list[Held]:
    """Make a series of (day, value), days counted from DAY_ONE."""
    days = [DAY_ONE + dt.timedelta(days=day) for day, _ in held]
    return [Held(day, until, value) for day, until, (_, value) in zip(days, [*days[1:], None], held, strict=False)]


some_series = st.dictionaries(st.integers(0, 130), st.integers(-2, 2), max_size=8).map(
    lambda held: series(*sorted(held.items()))
)


def on(held: list[Held], day: dt.date) -> int | None:
    return next((it.value for it in held if it.since <= day and (it.until is None or day < it.until)), None)


def sign(value: int) -> int:
    return (value > 0) - (value < 0)


@given(some_series, some_series)
def test_agreement_is_the_count_day_by_day(mine, other):
    pairs = [(on(mine, day), on(other, day)) for day in (DAY_ONE + dt.timedelta(days=n) for n in range(101))]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    found = agreement(overlaps(mine, other, END))
    assert found.days == len(both)
    assert found.same_days == sum(sign(a) == sign(b) for a, b in both)
    assert found.distance_days == sum(abs(a - b) for a, b in both)
    assert (found.share is None) == (not both)


@given(some_series, some_series)
def test_who_is_named_first_does_not_matter(mine, other):
    assert agreement(overlaps(mine, other, END)) == agreement(overlaps(other, mine, END))
    move, back = first_move(mine, other, END), first_move(other, mine, END)
    assert (move is None) == (back is None)
    if move and back:
        assert (move.day, move.by_mine, move.by_other) == (back.day, back.by_other, back.by_mine)
        assert move.followed_on == back.followed_on


@given(some_series, st.sets(st.integers(0, 3000), max_size=6))
def test_position_is_carried_forward_two_years_from_each_day_on_which_it_was_stated(held, said):
    stated = sorted({it.since for it in held} | {day for n in said if held and (day := held[0].since + n * ONE_DAY)})
    found = carried(held, stated)
    for day in (DAY_ONE + dt.timedelta(days=n) for n in range(0, 4000, 7)):
        last = max((it for it in stated if it <= day), default=None)
        fresh = last is not None and day <= years_after(last, 2)
        assert next((it.value for it in found if it.since <= day < it.until), None) == (
            on(held, day) if fresh else None
        )


@given(some_series)
def test_one_agrees_with_itself(mine):
    found = agreement(overlaps(mine, mine, END))
    assert found.same_days == found.days
    assert found.distance_days == 0


@given(some_series, some_series)
def test_years_add_up_to_the_whole(mine, other):
    found = overlaps(mine, other, END)
    years = by_year(found).values()
    assert sum(year.days for year in years) == agreement(found).days
    assert sum(year.distance_days for year in years) == agreement(found).distance_days


@given(some_series, some_series, st.integers(0, 100), st.integers(0, 100))
def test_cutting_keeps_the_days_within(mine, other, start, end):
    first, last = (DAY_ONE + dt.timedelta(days=n) for n in (start, end))
    found = overlaps(mine, other, END)
    days = sum(on(mine, d) is not None and on(other, d) is not None for d in days_between(first, last))
    assert agreement(within(found, first, last)).days == days


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("mine", "other", "moved"),
    [
        ([(0, 2), (10, 1)], [(5, 0), (30, 1)], (10, True, False, 30)),
        ([(0, 2), (40, 1)], [(5, 0), (30, 1)], (30, False, True, 40)),
        ([(0, 2), (10, 1)], [(5, 0), (10, 1)], (10, True, True, None)),
        ([(0, 2), (3, 1)], [(5, 0)], None),  # before both had a position
        ([(0, 2), (5, 1)], [(5, 0)], None),  # on the first day on which both have one
        ([(0, 2), (10, 1)], [(5, 0)], (10, True, False, None)),
        ([(0, 2), (120, 1)], [(5, 0)], None),  # after the day looked at
        ([], [(5, 0), (6, 1)], None),
    ],
)
def test_first_move_is_the_first_change_after_both_have_a_position(mine, other, moved):
    move = first_move(series(*mine), series(*other), END)
    assert (
        move
        and (
            (move.day - DAY_ONE).days,
            move.by_mine,
            move.by_other,
            (move.followed_on - DAY_ONE).days if move.followed_on else None,
        )
    ) == moved
