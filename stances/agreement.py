"""Agreement between coders: Krippendorff's alpha for ordinal data. No database here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence


def krippendorff_alpha(
    units: Iterable[Sequence[int | None]], *, values: Sequence[int] = (-2, -1, 0, 1, 2)
) -> float | None:
    """Compute alpha with the ordinal metric, 1 for perfect agreement, 0 for what chance would give.

    `units` holds for each unit the values that its coders gave, None where one gave none; `values` is the scale in
    order. Gives None where alpha is not defined: no unit has two values, or all values are the same.

    Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C, ordinal metric.
    """
    coincidences: Counter[tuple[int, int]] = Counter()
    for unit in units:
        given = [value for value in unit if value is not None]
        for place, first in enumerate(given):
            for other, second in enumerate(given):
                if place != other:
                    coincidences[first, second] += 1 / (len(given) - 1)  # type: ignore[assignment]
    totals = {value: sum(coincidences[value, other] for other in values) for value in values}
    number = sum(totals.values())
    if number < 2 or sum(total > 0 for total in totals.values()) < 2:
        return None

    def distance(first: int, second: int) -> float:
        low, high = sorted((values.index(first), values.index(second)))
        between = sum(totals[values[place]] for place in range(low, high + 1))
        return (between - (totals[first] + totals[second]) / 2) ** 2

    pairs = [(first, second) for place, first in enumerate(values) for second in values[place + 1 :]]
    observed = sum(coincidences[pair] * distance(*pair) for pair in pairs)
    expected = sum(totals[first] * totals[second] * distance(first, second) for first, second in pairs)
    return 1 - (number - 1) * observed / expected
