"""English for sentences that are put together from data, and days as readers write them."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from stances import parameters
from stances.parameters import DayLookedAtField
from stances.templatetags.stance_tags import curly
from stances.wording import moved_words, of, with_article


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Japan", "Japan"),
        ("United Kingdom", "the United Kingdom"),
        ("United Arab Emirates", "the United Arab Emirates"),
        ("Dominican Republic", "the Dominican Republic"),
        ("Philippines", "the Philippines"),
        ("New Zealand", "New Zealand"),
    ],
)
def test_names_of_some_states_take_an_article(name, written):
    assert with_article(name) == written


def test_possessive_of_a_plural_has_no_second_s():
    assert (of("Japan"), of("the United States")) == ("Japan’s", "the United States’")


@pytest.mark.parametrize(
    ("size", "days", "words"),
    [
        (4, 60, "size +4; 60 days later"),
        (-3, 1, "size −3; 1 day later"),
        (0, 56, "same side, other terms; 56 days later"),
    ],
)
def test_size_of_a_change(size, days, words):
    assert moved_words(size, days) == words


def test_straight_quotes_are_set_as_all_others():
    assert curly('Says "no" ("not now"), Tokyo\'s word') == "Says “no” (“not now”), Tokyo’s word"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-03-01", dt.date(2024, 3, 1)),
        ("2024-02", dt.date(2024, 2, 29)),
        ("2023", dt.date(2023, 12, 31)),
        ("2024-05", dt.date(2024, 5, 20)),
        ("2024", dt.date(2024, 5, 20)),
    ],
)
def test_the_day_looked_at_is_the_last_of_a_month_or_a_year_or_today(monkeypatch, text, day):
    monkeypatch.setattr(parameters, "today", lambda: dt.date(2024, 5, 20))
    assert DayLookedAtField().clean(text) == day


@pytest.mark.parametrize("text", ["2024-06", "2025", "2024-13", "0000", "2024-2", "March 2024", "2024-05-21"])
def test_days_to_come_and_what_is_no_day_are_refused(monkeypatch, text):
    monkeypatch.setattr(parameters, "today", lambda: dt.date(2024, 5, 20))
    with pytest.raises(ValidationError, match=text):
        DayLookedAtField().clean(text)
