"""Krippendorff's alpha, against a published example and at its edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stances.agreement import krippendorff_alpha

# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units.
EXAMPLE = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""


def test_published_example_is_met():
    observers = [
        [None if value == "." else int(value) for value in line.split()] for line in EXAMPLE.strip().splitlines()
    ]
    alpha = krippendorff_alpha(zip(*observers, strict=True), values=(1, 2, 3, 4, 5))
    assert alpha == pytest.approx(0.815, abs=0.001)


@pytest.mark.parametrize("units", [[], [(1, None)], [(2, 2), (2, 2)]])
def test_alpha_is_not_defined_without_pairs_or_variation(units):
    assert krippendorff_alpha(units) is None


def test_systematic_disagreement_is_below_zero():
    assert krippendorff_alpha([(2, -2), (-2, 2), (2, -2), (-2, 2)]) < 0


positions = st.integers(-2, 2)


@given(st.lists(st.tuples(positions, positions), min_size=2, max_size=30))
def test_order_of_coders_and_direction_of_scale_do_not_matter(units):
    alpha = krippendorff_alpha(units)
    swapped = krippendorff_alpha([(b, a) for a, b in units])
    mirrored = krippendorff_alpha([(-a, -b) for a, b in units])
    assert swapped == (alpha if alpha is None else pytest.approx(alpha))
    assert mirrored == (alpha if alpha is None else pytest.approx(alpha))


@given(st.lists(positions, min_size=2, max_size=30).filter(lambda values: len(set(values)) > 1))
def test_perfect_agreement_is_one(values):
    assert krippendorff_alpha([(value, value) for value in values]) == pytest.approx(1)
