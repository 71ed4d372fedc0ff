"""Dates known in part: notation, wording, form field."""

import datetime as dt

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st

from stances.dates import NOTATION, PartialDate, PartialDateField, today

DAYS = st.dates()


@st.composite
def partial_dates(draw):
    first, last = sorted([draw(DAYS), draw(DAYS)])
    return draw(
        st.sampled_from(
            [
                PartialDate(first, last),
                PartialDate(last, last),
                PartialDate(None, last),
                PartialDate.parse(f"{last:%Y}".zfill(4)),
                PartialDate.parse(last.isoformat()[:7]),
            ]
        )
    )


def day(text):
    return dt.date.fromisoformat(text)


@given(partial_dates())
def test_what_is_printed_is_read_as_the_same_date(date):
    assert PartialDate.parse(str(date)) == date


@given(partial_dates(), st.booleans(), st.booleans())
def test_every_date_has_words(date, short, preposition):
    words = date.words(short=short, preposition=preposition)
    assert str(date.latest.year) in words
    assert words.startswith("before ") == (date.earliest is None)


@given(st.text(max_size=30) | st.text("01239-/. ", max_size=22))
def test_any_text_is_a_date_or_a_message(text):
    form = Form({"date": text})
    if form.is_valid():
        date = form.cleaned_data["date"]
        assert PartialDate.parse(str(date)) == date
    else:
        assert len(form.errors["date"]) == 1


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "printed"),
    [
        ("2024-02-13", "2024-02-13", "2024-02-13", "2024-02-13"),
        (" 2024-02-13\n", "2024-02-13", "2024-02-13", "2024-02-13"),
        ("2024-02", "2024-02-01", "2024-02-29", "2024-02"),
        ("2023-02", "2023-02-01", "2023-02-28", "2023-02"),
        ("2024", "2024-01-01", "2024-12-31", "2024"),
        ("2024-04-01/2024-04-07", "2024-04-01", "2024-04-07", "2024-04-01/2024-04-07"),
        ("2024-04/2024-05", "2024-04-01", "2024-05-31", "2024-04-01/2024-05-31"),
        ("2023/2024-02-03", "2023-01-01", "2024-02-03", "2023-01-01/2024-02-03"),
        ("2024-04-01/2024-04-30", "2024-04-01", "2024-04-30", "2024-04"),
        ("2024-01-01/2024-12-31", "2024-01-01", "2024-12-31", "2024"),
        ("2024-04-07/2024-04-07", "2024-04-07", "2024-04-07", "2024-04-07"),
        ("../2024-03-25", None, "2024-03-25", "../2024-03-25"),
        ("../2024-03", None, "2024-03-31", "../2024-03-31"),
        ("../2024", None, "2024-12-31", "../2024-12-31"),
    ],
)
def test_notation_is_read_and_printed(text, earliest, latest, printed):
    date = PartialDate.parse(text)
    assert date == PartialDate(earliest and day(earliest), day(latest))
    assert str(date) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a date"),
        ("yesterday", "is not a date"),
        ("13.2.2024", "is not a date"),
        ("24-02-13", "is not a date"),
        ("2024-2-13", "is not a date"),
        ("2024-02-13T10:00", "is not a date"),
        ("２０２４-02-13", "is not a date"),
        ("2024-02-13/", "is not a date"),
        ("/2024-02-13", "is not a date"),
        ("2024-02-13/..", "is not a date"),
        ("../..", "is not a date"),
        ("..", "is not a date"),
        ("2024/2025/2026", "is not a date"),
        ("2024-02-30", "“2024-02-30” is no day of the calendar"),
        ("2024-13", "“2024-13” is no day of the calendar"),
        ("2024-00", "“2024-00” is no day of the calendar"),
        ("0000", "“0000” is no day of the calendar"),
        ("../2023-02-29", "“2023-02-29” is no day of the calendar"),
        ("2024-04-07/2024-04-01", "begins on 2024-04-07, after it ends on 2024-04-01"),
    ],
)
def test_wrong_notation_is_refused_with_a_message(text, message):
    with pytest.raises(ValueError, match=r"date|calendar|begins") as refusal:
        PartialDate.parse(text)
    assert message in str(refusal.value)


def test_the_message_says_what_to_write():
    with pytest.raises(ValueError, match="not a date") as refusal:
        PartialDate.parse("soon")
    assert NOTATION in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "words", "short", "preposition"),
    [
        ("2024-02-13", "13 February 2024", "13 Feb 2024", "on 13 February 2024"),
        ("2024-02", "in February 2024", "in Feb 2024", "in February 2024"),
        ("2024", "in 2024", "in 2024", "in 2024"),
        ("2024-04-01/2024-04-07", "1 to 7 April 2024", "1 to 7 Apr 2024", "1 to 7 April 2024"),
        (
            "2024-03-28/2024-04-07",
            "28 March to 7 April 2024",
            "28 Mar to 7 Apr 2024",
            "28 March to 7 April 2024",
        ),
        (
            "2023-12-28/2024-01-03",
            "28 December 2023 to 3 January 2024",
            "28 Dec 2023 to 3 Jan 2024",
            "28 December 2023 to 3 January 2024",
        ),
        ("../2024-03-25", "before 25 March 2024", "before 25 Mar 2024", "before 25 March 2024"),
    ],
)
def test_wording_for_readers(text, words, short, preposition):
    date = PartialDate.parse(text)
    assert date.words() == words
    assert date.words(short=True) == short
    assert date.words(preposition=True) == preposition


@pytest.mark.parametrize(("text", "exact"), [("2024-02-13", True), ("2024-02", False), ("../2024-02-13", False)])
def test_only_a_single_day_is_exact(text, exact):
    assert PartialDate.parse(text).is_exact is exact


def test_a_range_does_not_end_before_it_begins():
    with pytest.raises(ValueError, match="begins on 2024-02-02, after it ends on 2024-02-01"):
        PartialDate(day("2024-02-02"), day("2024-02-01"))


def test_today_is_a_day():
    assert type(today()) is dt.date


class Form(forms.Form):
    date = PartialDateField()
    other = PartialDateField(required=False)


def test_form_field_cleans_to_a_partial_date():
    form = Form({"date": " 2024-02 ", "other": ""})
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"date": PartialDate.parse("2024-02"), "other": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This field is required."),
        ("   ", "This field is required."),
        ("2024-02-30", "“2024-02-30” is no day of the calendar."),
        ("x" * 5000, "is not a date"),
        ("2024\x00", ""),
    ],
)
def test_form_field_refuses_with_a_message(text, message):
    form = Form({"date": text})
    assert not form.is_valid()
    assert message in form.errors["date"][0]


def test_form_field_shows_the_notation():
    form = Form(initial={"date": PartialDate.parse("2024-02")})
    assert 'value="2024-02"' in str(form["date"])
    assert form.fields["date"].help_text == NOTATION


def test_form_field_shows_wrong_input_again():
    assert 'value="2024-02-30"' in str(Form({"date": "2024-02-30"})["date"])


def test_form_field_notices_a_change():
    initial = {"date": PartialDate.parse("2024-02")}
    assert not Form({"date": "2024-02-01/2024-02-29"}, initial=initial).has_changed()
    assert Form({"date": "2024-03"}, initial=initial).has_changed()
