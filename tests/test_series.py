"""An actor's position over time, rule by rule of the codebook's section 6, without a database."""

import datetime as dt
from dataclasses import replace
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stances import series
from stances.dates import PartialDate
from stances.series import RULES, UNDATED, Entry, colleagues_of, compute, contradicted, counting, decide
from stances.vocabulary import WORDS, Authority, kind_of_change, side, wording

NUMBERS = count(1)


def entry(date, position="for", **given):
    """Make an entry from a date in the codebook's notation and a position in its words."""
    days = PartialDate.parse(date)
    value, terms = next(held for held, words in WORDS.items() if words == position)
    number = next(NUMBERS)
    usual = {"key": f"k-{number:06}", "basis": "explicit", "by_group": False, "authority": "minister"}
    return Entry(
        stance=number,
        earliest=days.earliest,
        latest=days.latest,
        value=value,
        terms=terms,
        **usual | {"speaker": number} | given,
    )


def told(entries):
    """Tell a series as lines: since, until, words, kind, confirmations, last stated."""
    return [
        (
            str(interval.since),
            str(interval.until or ""),
            wording(*interval.held),
            str(interval.kind),
            interval.confirmations,
            str(interval.last_stated_on),
        )
        for interval in compute(entries)[0]
    ]


def roles(entries):
    """Give the role of each entry, in the order given."""
    verdicts = compute(entries)[1]
    return [verdicts[one.stance].role for one in entries]


# ---- one entry, confirmations, changes ----


def test_nothing_said_is_no_position():
    assert compute([]) == ([], {})
    assert counting([]) == ([], [])


def test_a_first_entry_is_first_recorded_and_stands():
    assert told([entry("2024-02-13")]) == [("2024-02-13", "", "for", "first", 0, "2024-02-13")]


def test_a_position_counts_from_the_latest_day():
    assert told([entry("2024-02")])[0][0] == "2024-02-29"
    assert told([entry("2024-04-01/2024-04-07")])[0][0] == "2024-04-07"
    assert told([entry("../2024-03-25")])[0][0] == "2024-03-25"


def test_later_days_of_the_same_value_and_terms_confirm():
    entries = [entry("2024-02-13"), entry("2024-03-01"), entry("2024-05-09")]
    assert told(entries) == [("2024-02-13", "", "for", "first", 2, "2024-05-09")]
    assert roles(entries) == ["opened", "confirmed", "confirmed"]
    assert compute(entries)[1][entries[2].stance].by == entries[0]


def test_same_value_on_other_terms_is_a_change():
    assert told([entry("2024-02-13", "for, later"), entry("2024-03-01", "for, in part")]) == [
        ("2024-02-13", "2024-03-01", "for, later", "first", 0, "2024-02-13"),
        ("2024-03-01", "", "for, in part", "terms", 0, "2024-03-01"),
    ]


def test_a_position_taken_up_again_is_a_new_one():
    entries = [entry("2024-01-01"), entry("2024-01-02", "against"), entry("2024-01-03")]
    assert told(entries) == [
        ("2024-01-01", "2024-01-02", "for", "first", 0, "2024-01-01"),
        ("2024-01-02", "2024-01-03", "against", "reversal", 0, "2024-01-02"),
        ("2024-01-03", "", "for", "reversal", 0, "2024-01-03"),
    ]


def test_the_order_of_entries_does_not_matter():
    entries = [entry("2024-01-03"), entry("2024-01-01", "undecided"), entry("2024-01-02", "against")]
    assert told(entries) == told(entries[::-1])


@pytest.mark.parametrize(
    ("before", "after", "kind", "size"),
    [
        ("for", "against", "reversal", -4),
        ("against", "for", "reversal", 4),
        ("for, later", "has doubts", "reversal", -2),
        ("not now", "leans for", "reversal", 2),
        ("against", "for, in part", "reversal", 3),
        ("for", "undecided", "shift", -2),
        ("leans for", "undecided", "shift", -1),
        ("undecided", "not now", "shift", -1),
        ("against", "undecided", "shift", 2),
        ("undecided", "for", "shift", 2),
        ("for", "for, if …", "terms", -1),
        ("leans for", "for", "terms", 1),
        ("for, later", "for, in part", "terms", 0),
        ("against", "has doubts", "terms", 1),
        ("not now", "against", "terms", -1),
    ],
)
def test_kind_and_size_of_a_change(before, after, kind, size):
    first, second = compute([entry("2024-01-01", before), entry("2024-01-02", after)])[0]
    assert second.kind == kind
    assert second.previous == first.held
    assert second.value - first.value == size
    assert first.kind == "first"


def test_a_side_is_the_sign_of_the_position():
    assert [side(value) for value in (-2, -1, 0, 1, 2)] == [-1, -1, 0, 1, 1]
    assert kind_of_change(0, 0) == "terms"


# ---- open earliest days ----


def test_undated_words_count_where_nothing_else_stands_up_to_that_day():
    entries = [entry("../2024-03-25"), entry("2024-04-01", "against")]
    assert told(entries) == [
        ("2024-03-25", "2024-04-01", "for", "first", 0, "2024-03-25"),
        ("2024-04-01", "", "against", "reversal", 0, "2024-04-01"),
    ]


@pytest.mark.parametrize("dated", ["2024-02-01", "2024-03-25", "2024-03", "2024-01-01/2024-03-25"])
def test_undated_words_are_passed_over_where_something_dated_stands_up_to_that_day(dated):
    first, undated = entry(dated), entry("../2024-03-31", "against")
    assert told([first, undated]) == told([first])
    verdict = compute([first, undated])[1][undated.stance]
    assert (verdict.role, verdict.by, verdict.rule) == ("passed over", None, UNDATED)


def test_undated_words_are_passed_over_after_other_undated_words():
    first, later = entry("../2024-03-25"), entry("../2024-03-26", "against")
    assert told([first, later]) == told([first])
    assert roles([first, later]) == ["opened", "passed over"]


def test_undated_words_do_not_even_confirm():
    assert told([entry("2024-01-01"), entry("../2024-03-25")]) == [("2024-01-01", "", "for", "first", 0, "2024-01-01")]


def test_undated_words_of_one_latest_day_enter_together_and_are_ranked():
    entries = [entry("../2024-03-25", authority="official"), entry("../2024-03-25", "against")]
    assert told(entries) == [("2024-03-25", "", "against", "first", 0, "2024-03-25")]
    assert roles(entries) == ["passed over", "opened"]
    assert compute(entries)[1][entries[0].stance].rule == "a higher authority comes first"


def test_a_dated_entry_of_the_same_day_keeps_undated_ones_out_whatever_its_rank():
    entries = [
        entry("../2024-03-25", authority="head"),
        entry("2024-03-25", "against", basis="implied", by_group=True, authority="mission"),
    ]
    assert told(entries) == [("2024-03-25", "", "against", "first", 0, "2024-03-25")]


def test_words_of_a_range_count_though_others_stand_within_it():
    entries = [entry("2024-02-10", "against"), entry("2024-02")]
    assert [line[:3] for line in told(entries)] == [
        ("2024-02-10", "2024-02-29", "against"),
        ("2024-02-29", "", "for"),
    ]


# ---- several of one series on one day ----

DAY = "2024-03-01"
HIGH_TO_LOW = list(Authority)


@pytest.mark.parametrize(
    ("winner", "loser", "rule"),
    [
        # explicit before implied, whatever else
        (
            {"position": "against", "by_group": True, "authority": "mission", "key": "z"},
            {"position": "for", "basis": "implied", "authority": "head", "key": "a"},
            "explicit words come before implied ones",
        ),
        # the actor alone before a group, whatever authority
        (
            {"position": "against", "authority": "mission", "key": "z"},
            {"position": "for", "by_group": True, "authority": "head", "key": "a"},
            "the actor alone comes before a group",
        ),
        # authority, though the lower one has the position held before
        (
            {"position": "against", "authority": "head", "key": "z"},
            {"position": "for", "authority": "act", "key": "a"},
            "a higher authority comes first",
        ),
        *(
            (
                {"position": "against", "authority": higher, "key": "z"},
                {"position": "for", "authority": lower, "key": "a"},
                "a higher authority comes first",
            )
            for higher, lower in pairwise(HIGH_TO_LOW)
        ),
        # the position held before, though the other is nearer 0
        (
            {"position": "for", "key": "z"},
            {"position": "undecided", "key": "a"},
            "the position held before stands",
        ),
        (
            {"position": "for", "key": "z"},
            {"position": "against", "key": "a"},
            "the position held before stands",
        ),
        # neither was held: nearest 0
        (
            {"position": "undecided", "key": "z"},
            {"position": "leans for", "key": "a"},
            "the position nearer to undecided is taken",
        ),
        (
            {"position": "leans for", "key": "z"},
            {"position": "against", "key": "a"},
            "the position nearer to undecided is taken",
        ),
        # of +n and -n, -n
        (
            {"position": "has doubts", "key": "z"},
            {"position": "leans for", "key": "a"},
            "of for and against at one distance, against is taken",
        ),
        # same value, other terms: the lowest key
        (
            {"position": "for, later", "key": "a"},
            {"position": "for, if …", "key": "b"},
            "of equals, the lowest key is taken",
        ),
        # in byte order: capitals before small letters, a hyphen before digits, digits before an underscore
        ({"position": "not now", "key": "Z"}, {"position": "has doubts", "key": "a"}, RULES[-1]),
        ({"position": "not now", "key": "a-10"}, {"position": "has doubts", "key": "a-2"}, RULES[-1]),
        ({"position": "not now", "key": "a-2"}, {"position": "has doubts", "key": "a2"}, RULES[-1]),
        ({"position": "not now", "key": "a2"}, {"position": "has doubts", "key": "a_1"}, RULES[-1]),
        ({"position": "not now", "key": "a"}, {"position": "has doubts", "key": "a-1"}, RULES[-1]),
        # the very same position twice
        ({"position": "for", "key": "a"}, {"position": "for", "key": "b"}, RULES[-1]),
    ],
)
def test_of_several_on_one_day_one_decides_and_the_rule_is_named(winner, loser, rule):
    before = entry("2024-02-01", "for")
    first, second = entry(DAY, **winner), entry(DAY, **loser)
    for entries in ([before, first, second], [second, first, before]):
        intervals, verdicts = compute(entries)
        assert intervals[-1].held == first.held
        assert verdicts[first.stance].decides
        passed = verdicts[second.stance]
        assert (passed.role, passed.by, passed.rule) == ("passed over", first, rule)


def test_on_the_first_day_no_position_was_held_before():
    entries = [entry(DAY, "for", key="a"), entry(DAY, "against", key="b")]
    assert told(entries) == [(DAY, "", "against", "first", 0, DAY)]


def test_the_position_held_before_is_that_of_the_same_terms():
    entries = [
        entry("2024-02-01", "for, later"),
        entry(DAY, "for, in part", key="a"),
        entry(DAY, "for, later", key="b"),
    ]
    assert told(entries) == [("2024-02-01", "", "for, later", "first", 1, DAY)]


def test_the_position_held_before_stands_only_among_the_highest_ranked():
    entries = [
        entry("2024-02-01", "for"),
        entry(DAY, "for", authority="official"),
        entry(DAY, "against"),
        entry(DAY, "undecided"),
    ]
    assert told(entries)[-1][:4] == (DAY, "", "undecided", "shift")


def test_several_on_one_day_confirm_once():
    entries = [entry("2024-02-01"), entry(DAY, key="b"), entry(DAY, key="a")]
    assert told(entries) == [("2024-02-01", "", "for", "first", 1, DAY)]
    assert roles(entries) == ["opened", "passed over", "confirmed"]


def test_passed_over_words_do_not_say_when_a_position_was_last_stated():
    entries = [entry("2024-02-01", "for"), entry(DAY, "for", basis="implied"), entry(DAY, "against")]
    assert told(entries)[0][5] == "2024-02-01"


def test_a_day_of_one_entry_is_decided_by_it():
    only = entry(DAY)
    assert decide([only], None) == (only, {})
    assert decide([only], (-2, "")) == (only, {})


# ---- for all inputs ----

DATES = st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 12))
ENTRIES = st.lists(
    st.builds(
        lambda first, last, open_, held, **rest: Entry(
            earliest=None if open_ else min(first, last),
            latest=max(first, last),
            value=held[0],
            terms=held[1],
            **rest,
        ),
        first=DATES,
        last=DATES,
        open_=st.booleans(),
        held=st.sampled_from([(2, ""), (1, "time"), (1, "scope"), (0, ""), (-1, "time"), (-2, "")]),
        stance=st.integers(1, 10**6),
        key=st.from_regex(r"[A-Za-z0-9]([-_]?[A-Za-z0-9]){0,2}", fullmatch=True),
        basis=st.sampled_from(["explicit", "implied"]),
        by_group=st.booleans(),
        authority=st.sampled_from(["head", "minister", "official"]),
        speaker=st.integers(1, 3),
    ),
    max_size=12,
    unique_by=(lambda one: one.stance, lambda one: one.key),
)


@given(ENTRIES, DATES)
def test_entries_up_to_a_day_give_the_same_as_the_whole_cut_off_there(entries, day):
    known = compute([one for one in entries if one.latest <= day])[0]
    cut = []
    for interval in compute(entries)[0]:
        if interval.since <= day:
            until = interval.until if interval.until and interval.until <= day else None
            cut.append(replace(interval, until=until, deciding=[e for e in interval.deciding if e.latest <= day]))
    assert known == cut


@given(ENTRIES)
def test_intervals_adjoin_and_differ(entries):
    intervals = compute(entries)[0]
    assert bool(intervals) == bool(entries)
    for before, after in pairwise(intervals):
        assert before.until == after.since > before.since
        assert before.held != after.held == after.opening.held
        assert after.previous == before.held
    if intervals:
        assert intervals[0].since == min(one.latest for one in entries)
        assert intervals[0].previous is None
        assert intervals[-1].until is None


@given(ENTRIES)
def test_each_entry_has_one_verdict_and_each_day_at_most_one_decides(entries):
    intervals, verdicts = compute(entries)
    assert verdicts.keys() == {one.stance for one in entries}
    deciding = [one for one in entries if verdicts[one.stance].decides]
    assert len({one.latest for one in deciding}) == len(deciding)
    assert sum(1 + interval.confirmations for interval in intervals) == len(deciding)
    assert all(bool(v.rule) != v.decides for v in verdicts.values())


@given(ENTRIES, st.randoms(use_true_random=False))
def test_the_order_in_which_entries_come_never_matters(entries, random):
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert compute(shuffled) == compute(entries)


# ---- colleagues differ ----


@pytest.mark.parametrize(
    ("differ", "earlier", "later"),
    [
        pytest.param(True, {}, {}, id="another side, the same authority"),
        pytest.param(True, {"authority": "head"}, {"authority": "official"}, id="the later one is lower"),
        pytest.param(False, {"authority": "official"}, {"authority": "head"}, id="the later one is higher"),
        pytest.param(False, {"position": "leans for"}, {"position": "for"}, id="the same side"),
        pytest.param(True, {"position": "undecided"}, {"position": "for"}, id="undecided is a side"),
        pytest.param(False, {"speaker": 7}, {"speaker": 7}, id="one and the same speaker"),
        pytest.param(False, {"by_group": True}, {}, id="the earlier one is a group"),
        pytest.param(False, {}, {"by_group": True}, id="the later one is a group"),
        pytest.param(True, {}, {"date": "2024-03-31"}, id="30 days later"),
        pytest.param(False, {}, {"date": "2024-04-01"}, id="31 days later"),
        pytest.param(False, {}, {"date": "2024-03-01"}, id="on the same day neither is later"),
        pytest.param(True, {"basis": "implied"}, {"basis": "implied"}, id="implied words differ too"),
    ],
)
def test_colleagues_differ(differ, earlier, later):
    first = entry(**{"date": "2024-03-01", "position": "for"} | earlier)
    second = entry(**{"date": "2024-03-10", "position": "against"} | later)
    assert contradicted(second, [first, second]) == ([first] if differ else [])
    assert contradicted(first, [first, second]) == []


def test_colleagues_are_those_that_the_whole_series_would_give():
    start = dt.date(2020, 1, 1)
    entries = [
        entry(str(start + dt.timedelta(days=day * 7 % 400)), ("for", "against", "undecided")[day % 3], speaker=day % 4)
        for day in range(120)
    ]
    told = colleagues_of(entries)
    assert told
    for one in entries:
        assert set(contradicted(one, entries)) == set(told.get(one.stance, []))


def test_a_long_series_asks_each_entry_about_its_thirty_days_alone(monkeypatch):
    asked = []
    monkeypatch.setattr(series, "side", lambda value: asked.append(value) or side(value))
    start = dt.date(2010, 1, 1)
    days = [str(start + dt.timedelta(days=day)) for day in range(1000)]
    assert (
        len(colleagues_of([entry(day, ("for", "against")[n % 2], speaker=n % 2) for n, day in enumerate(days)])) == 999
    )
    assert len(asked) < 100 * len(days)


def test_the_first_year_of_the_calendar_has_no_thirty_days_before_it():
    first = [entry("0001-01-01"), entry("0001-01-20", "against")]
    assert list(colleagues_of(first)) == [first[1].stance]
