"""The geometry of the timelines, computed without a database from histories that are made by hand."""

import datetime as dt
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stances.charts import APART, NARROW, NOW, REFERENCE, Axis, row, spread, targets
from stances.drawings import WIDTH, About, timeline
from stances.histories import history
from tests.factories import (
    GovernmentFactory,
    PersonFactory,
    PublicationFactory,
    SourceFactory,
    StanceFactory,
    TopicFactory,
)

DAY = dt.date(2026, 6, 1)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(stances, day=DAY):
    told = history(stances[0].actor, stances[0].topic, stances)
    axis = Axis.over([told], day)
    return row(told, axis), axis


@pytest.fixture
def say(db):
    actor, topic = GovernmentFactory(name="Aldoria"), TopicFactory(name="Sharing")

    def make(date, position=2, **kwargs):
        return StanceFactory(actor=actor, topic=topic, statement__date=date, position=position, **kwargs)

    return make


def number(text: str) -> float:
    return float(text.removesuffix("%"))


def test_axis_begins_with_the_year_of_the_first_mark(say):
    _, axis = drawn([say("2022-05-09")])
    assert axis.start == dt.date(2022, 1, 1)
    assert [tick.label for tick in axis.ticks] == ["2022", "2023", "2024", "2025", "2026"]


def test_axis_of_a_short_record_begins_with_its_month(say):
    _, axis = drawn([say("2024-02-13")], dt.date(2024, 6, 1))
    assert axis.start == dt.date(2024, 2, 1)
    assert axis.ticks[0].label == "Feb 2024"


def test_axis_of_nothing_stands():
    axis = Axis.over([], DAY)
    assert axis.at(DAY) == NOW
    assert axis.at(dt.date(1900, 1, 1)) == 0


def test_long_axis_has_few_ticks():
    ticks = Axis(dt.date(1950, 1, 1), DAY).ticks
    assert len(ticks) <= 8


def test_first_position_opens_a_band_without_a_head(say):
    it, axis = drawn([say("2024-02-13")])
    (mark,) = it.marks
    assert mark.band.x == axis.x(dt.date(2024, 2, 13))
    assert mark.band.css == "p2"
    assert mark.head is None
    assert it.void == mark.x


def test_band_is_thin_two_years_after_it_was_stated(say):
    it, axis = drawn([say("2022-05-09")])
    full, thin = it.marks[0].band.segments
    assert (full.thin, thin.thin) == (False, True)
    assert thin.x == axis.x(dt.date(2024, 5, 9))
    assert number(thin.x) + number(thin.width) == pytest.approx(NOW, abs=0.02)


def test_confirmation_within_two_years_keeps_the_band_full(say):
    it, _ = drawn([say("2023-01-01"), say("2024-12-01")], dt.date(2025, 6, 1))
    assert [segment.thin for segment in it.marks[0].band.segments] == [False]
    assert it.marks[1].band is None


def test_confirmation_after_more_makes_the_band_full_again(say):
    it, _ = drawn([say("2022-01-01"), say("2025-01-01")], dt.date(2025, 6, 1))
    assert [segment.thin for segment in it.marks[0].band.segments] == [False, True, False]


def test_segments_of_a_band_adjoin_and_end_with_the_next(say):
    it, axis = drawn([say("2021-01-01"), say("2024-04-01", -2)])
    segments = it.marks[0].band.segments
    for first, second in pairwise(segments):
        assert number(first.x) + number(first.width) == pytest.approx(number(second.x), abs=0.02)
    assert number(segments[-1].x) + number(segments[-1].width) == pytest.approx(axis.at(dt.date(2024, 4, 1)), abs=0.02)


@pytest.mark.parametrize(
    ("before", "after", "shape", "reversal"),
    [
        ((2, ""), (-2, ""), "down", True),
        ((-2, ""), (2, ""), "up", True),
        ((0, ""), (2, ""), "up", False),
        ((0, ""), (-2, ""), "down", False),
        ((2, ""), (0, ""), "down", False),
        ((1, "time"), (1, "scope"), "terms", False),
        ((1, "leaning"), (2, ""), "terms", False),
    ],
)
def test_head_shows_the_kind_of_change(say, before, after, shape, reversal):
    it, _ = drawn([say("2023-02-13", before[0], terms=before[1]), say("2024-02-13", after[0], terms=after[1])])
    head = it.marks[1].head
    assert (head.shape, head.reversal) == (shape, reversal)


def test_date_known_in_part_has_a_whisker_and_a_vague_edge(say):
    it, axis = drawn([say("2023")])
    (mark,) = it.marks
    assert mark.approx
    assert mark.whisker == axis.x(dt.date(2023, 1, 1))
    assert mark.x == axis.x(dt.date(2023, 12, 31))
    assert mark.band.vague.x == axis.x(dt.date(2023, 1, 1))


def test_date_before_a_day_has_an_arrow_and_no_whisker(say):
    it, _ = drawn([say("../2023-03-25")])
    assert it.marks[0].open_start
    assert it.marks[0].whisker == ""
    assert it.marks[0].band.vague is None


def test_reported_series_has_a_lane_under_the_void(say):
    paper = PublicationFactory(name="Halvik Post")
    it, _ = drawn([say("2024-02-13", -2, attribution="reported", statement__speaker=paper)])
    assert it.marks == []
    assert it.void == f"{NOW:.2f}%"
    assert it.reports[0].lane.css == "n2"
    assert it.reports[0].title == "13 Feb 2024: against, reported by Halvik Post"


def test_lane_is_never_thin(say):
    it, _ = drawn([say("2021-02-13", attribution="reported")])
    assert [segment.thin for segment in it.reports[0].lane.segments] == [False]


def test_repeat_is_a_ring_where_it_was_printed(say):
    first = say("2024-02-13")
    source = SourceFactory(published_on=dt.date(2024, 3, 3), publisher__name="Drevia Ledger")
    it, axis = drawn([first, say("2024-02-13", statement__repeats=first.statement, statement__source=source)])
    assert len(it.marks) == 1
    assert it.rings[0].x == axis.x(dt.date(2024, 3, 3))
    assert it.rings[0].title == "3 Mar 2024: printed again. Drevia Ledger"


def test_every_mark_leads_to_its_statement_and_says_what_it_shows(say):
    ada = PersonFactory(name="Ada Low")
    stances = [
        say("2024-02-13", 1, terms="time", statement__speaker=ada),
        say("2024-04-09", 1, terms="scope", statement__speaker=ada),
        say("2024-05-09", 1, terms="scope", statement__speaker=ada),
        say("../2024-04-10", 0, statement__speaker=ada),
    ]
    it, _ = drawn(stances)
    assert {mark.href for mark in it.marks} == {stance.statement.get_absolute_url() for stance in stances}
    assert [mark.title for mark in it.marks] == [
        "13 Feb 2024: for, later, first recorded. Ada Low",
        "9 Apr 2024: for, in part, after for, later (terms). Ada Low",
        "before 10 Apr 2024: undecided, passed over: "
        "undated earlier words: their day is unknown, and other words are on record up to that day. Ada Low",
        "9 May 2024: for, in part, confirmed. Ada Low",
    ]


def test_word_is_written_where_it_fits_and_only_the_sign_where_not(say):
    it, _ = drawn([say("2022-01-01", 2), say("2026-05-20", -2)])
    assert it.marks[0].band.fits == "word"
    assert it.marks[1].band.fits == ""


def test_marks_of_one_day_stand_apart(say):
    it, _ = drawn([say("2024-02-13", statement__authority=rank) for rank in ("head", "minister", "official")])
    assert [(mark.dx, mark.band is None) for mark in it.marks] == [("0", False), ("10.5", True), ("21", True)]


def test_row_without_anything_is_empty(db):
    told = history(GovernmentFactory(), TopicFactory(), [])
    assert row(told, Axis.over([told], DAY)).empty


@given(st.lists(st.floats(0, 100), max_size=30).map(sorted))
def test_spread_keeps_the_order_and_the_distance(at):
    placed = [x / 100 * REFERENCE + shift for x, shift in zip(at, spread(at, APART), strict=True)]
    assert all(second - first >= APART - 1e-6 for first, second in pairwise(placed))


@given(st.lists(st.floats(0, 100), max_size=30).map(sorted))
def test_spread_moves_nothing_that_is_apart_already(at):
    if all((second - first) / 100 * REFERENCE > APART for first, second in pairwise(at)):
        assert spread(at, APART) == pytest.approx([0] * len(at), abs=1e-6)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30).map(sorted))
def test_spread_keeps_the_middle(at):
    assert sum(spread(at, APART)) == pytest.approx(0, abs=1e-4)


@given(st.lists(st.floats(0, 99.3), max_size=30).map(sorted))
@pytest.mark.once
def test_marks_are_pointed_at_in_24_pixels_or_in_the_room_that_their_neighbours_leave(at):
    shifts = spread(at, APART)
    for x, shift, target in zip(at, shifts, targets(at, shifts), strict=True):
        left, width = float(target.x), float(target.width)
        near = [abs((other - x) / 100 * NARROW + aside - shift) for other, aside in zip(at, shifts, strict=True)]
        alone = sorted(near)[1:2] == [] or sorted(near)[1] >= 24
        assert left < shift < left + width <= shift + 12.1
        assert 10 <= width <= 24.1
        assert not alone or width > 23.8


def test_keys_and_rows_of_a_saved_timeline_hold_what_is_drawn(say):
    first = say("2020-02-13", 2)
    heard = say("2024-02-13", -1, terms="leaning", attribution="reported", statement__authority="independent")
    drawn_with = []
    for stances in ([first], [first, say("2024-02-14", 2, statement__repeats=first.statement)], [heard]):
        it, axis = drawn(stances)
        drawn_with.append(timeline(About("Title", [], "Source"), [it], axis, by_actor=True).decode())
    plain, repeated, reported = drawn_with
    assert [">not stated for two years<" in figure for figure in drawn_with] == [True, True, False]
    assert not any(">reversal<" in figure or ">before that day<" in figure for figure in drawn_with)
    assert [">repeat<" in figure for figure in (plain, repeated)] == [False, True]
    assert "reported by" in reported


def saved(client, stance) -> ElementTree.Element:
    address = f"/topics/{stance.topic.slug}/timeline.svg"
    return ElementTree.fromstring(client.get(address).content)  # noqa: S314


def test_saved_timeline_fits_a_page_of_paper_in_letters_of_11_pixels(say, client):
    name = " ".join(["A very long name of a paper"] * 6)
    who = {"statement__authority": "independent", "statement__speaker__name": name}
    say("2024-02-13", 1, terms="time")
    say("2024-04-09", 1, terms="scope")
    root = saved(client, say("2024-02-13", -1, terms="leaning", attribution="reported", **who))
    assert root.attrib["viewBox"].startswith(f"0 0 {WIDTH} ")
    assert WIDTH <= 620
    sizes = {float(node.attrib["font-size"]) for node in root.iter() if "font-size" in node.attrib}
    assert min(sizes) >= 11
    assert root.find(f"{SVG}rect").attrib["fill"] == "#fff"
    rows = [float(node.attrib["y1"]) for node in root.iter(f"{SVG}line") if node.attrib.get("x2") == f"{WIDTH - 8}"]
    notes = [float(node.attrib["y"]) for node in root.iter(f"{SVG}text") if node.attrib.get("font-size") == "11"]
    assert sum(rows[0] < y < rows[1] for y in notes) >= 3


def test_axis_of_a_saved_timeline_ends_soon_after_its_last_mark(say):
    told = history(*(lambda it: (it.actor, it.topic, [it]))(say("2020-02-13")))
    assert Axis.on_paper([told], DAY).end == dt.date(2020, 4, 13)
    assert Axis.on_paper([told], dt.date(2020, 12, 1)).end == dt.date(2020, 12, 1)


def test_deciding_mark_stands_on_its_day_and_others_move_aside(say):
    say_on = {"statement__authority": "minister"}
    it, axis = drawn(
        [
            say("2024-02-13", 1, terms="time"),
            say("2024-04-08/2024-04-09", 1, terms="leaning", statement__key="a", **say_on),
            say("2024-04-09", 1, terms="scope", statement__key="b", statement__authority="head"),
            say("../2024-04-10", 1, terms="scope", statement__key="c", **say_on),
        ]
    )
    first, deciding, same_day, undated = it.marks
    assert (deciding.head.shape, deciding.dx, deciding.x) == ("terms", "0", axis.x(dt.date(2024, 4, 9)))
    assert first.dx == "0"
    assert float(same_day.dx) >= APART
    assert float(undated.dx) - float(same_day.dx) >= 24


@pytest.mark.parametrize(("day", "left"), [("2022-03-01", False), ("2025-09-01", True)])
def test_change_is_named_at_its_mark_on_the_side_that_has_room(say, day, left):
    it, _ = drawn([say("2022-02-13", 1, terms="time"), say(day, 1, terms="scope")])
    head = it.marks[1].head
    assert (head.label, head.label_left) == ("for, later → for, in part", left)
    assert it.labelled


def test_change_without_room_is_told_under_the_name(say):
    it, _ = drawn([say(f"2022-02-{day}", 1 if day % 2 else -1, terms="time") for day in range(10, 16)])
    assert not it.labelled
    assert it.moved == "last changed 15 Feb 2022: not now → for, later"


def test_key_names_only_marks_that_occur(say):
    it, _ = drawn([say("2025-02-13", 2), say("2026-02-13", -2)])
    assert it.signs == {"held", "statement", "reversal", "void"}


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(1, 30), st.sampled_from([1.0, 1e6])), max_size=20).map(sorted),
)
def test_spread_keeps_each_room_and_moves_a_pinned_mark_only_for_another(marks):
    at, rooms, weights = zip(*marks, strict=True) if marks else ((), (), ())
    shifts = spread(at, rooms, weights)
    placed = [x / 100 * REFERENCE + shift for x, shift in zip(at, shifts, strict=True)]
    assert all(b - a >= room - 1e-3 for (a, b), room in zip(pairwise(placed), rooms[1:], strict=False))
    if weights.count(1e6) == 1:
        assert abs(shifts[weights.index(1e6)]) < 0.01
