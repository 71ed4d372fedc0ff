"""How many rows of a list have each value: exact up to a cap, and as quick with a million rows as with a thousand.

The rows of a list are passed over once for all facets together, up to a number. Where there are more, what was met
often enough is known to reach the cap, and the rest is looked up value by value, for as long as a reader waits; what is
left then is told as "at least so many".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import cached_property, partial
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from stances import dialects
from stances.limits import within
from stances.models import PublicVersion
from stances.models.positions import State

if TYPE_CHECKING:
    from stances.filters import ListFilterSet

#: Rows are counted exactly up to this number; past it "1,000+" is as good to a reader, and much quicker.
MOST_COUNTED = 1000
#: Up to so many rows are passed over to count them by all values at once.
MOST_GROUPED = 10_000
#: Up to so many statements or sources are counted by way of all their stances; actors and topics, by way of positions,
#: up to the number above.
MOST_LINKED = 1000
#: Of a table with more rows, one look-up by way of stances takes as long as all may: none is made.
MOST_LOOKED_UP = 20_000
#: Looking up the values of a facet one by one goes on for so long, so many with a query, or more after a quick one.
SECONDS, AT_ONCE = 0.05, 5
#: A query of it is stopped after so long: to find less than the cap, it may have to pass over all rows of the list.
LONGEST = 0.1
#: Stands for a value in the SQL of a count that is used for many values; no column holds it.
MARK = -32_768

#: How often each value was met, by its text, and whether these are all the rows.
Met = tuple[dict[str, int], bool]


def counted(number: int, *, at_least: bool = False) -> str:
    """Write a number of rows, capped as it was counted; `at_least` where some were perhaps not met."""
    if number > MOST_COUNTED:
        return f"{MOST_COUNTED:,}+"
    return f"{number:,}+" if at_least else f"{number:,}"


class Count(NamedTuple):
    """A number of rows, and whether that is only how many were met."""

    number: int
    at_least: bool = False


def _execute(sql: str, params: Sequence) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _sql(rows: QuerySet) -> tuple[str, tuple] | None:
    """Write the query of some rows; None where it can find nothing."""
    try:
        return rows.query.sql_with_params()
    except EmptyResultSet:
        return None


def _capped(found: Sequence[tuple[str, Sequence] | None]) -> list[int]:
    """Count what each query finds, in one query; one that is None finds nothing."""
    parts = [query for query in found if query]
    if not parts:
        return [0] * len(found)
    selected = ", ".join(f"(SELECT COUNT(*) FROM ({sql}) AS counted)" for sql, _ in parts)  # noqa: S608
    [numbers] = _execute(f"SELECT {selected}", [value for _, params in parts for value in params])
    each = iter(numbers)
    return [next(each) if query else 0 for query in found]


def capped_counts(querysets: Sequence[QuerySet], *by: str) -> list[int]:
    """Count the rows of each queryset, no further than the cap and one more; one query for all.

    Rows of some days are met `by` these: a planner takes them to lie everywhere, and would pass over all that were
    written before them.
    """
    return _capped([_sql(rows.order_by(*by).values("pk")[: MOST_COUNTED + 1]) for rows in querysets])


def capped_by(wanting: Callable[[Collection], QuerySet]) -> Callable[[Sequence[Collection]], list[int]]:
    """Give what counts the rows that want each of some groups of values, as capped; its SQL is written once."""
    written = _sql(wanting([MARK]).order_by().values("pk")[: MOST_COUNTED + 1])
    if written is None:
        return lambda groups: [0] * len(groups)
    sql, params = written
    place = next(number for number, value in enumerate(params) if str(value) == str(MARK))
    pieces = sql.split("%s")
    before, after = "%s".join(pieces[: place + 1]), "%s".join(pieces[place + 1 :])

    def count(groups: Sequence[Collection]) -> list[int]:
        return _capped(
            [
                (f"{before}{', '.join(['%s'] * len(group))}{after}", [*params[:place], *group, *params[place + 1 :]])
                if group
                else None
                for group in groups
            ]
        )

    return count


def grouped(rows: QuerySet, columns: Mapping[str, Combinable]) -> dict[str, Met]:
    """Count rows by each of some columns in one pass over them, up to a number of rows."""
    few = _sql(rows.order_by().values(**{f"by_{name}": by for name, by in columns.items()})[: MOST_GROUPED + 1])
    if few is None:
        return {name: ({}, True) for name in columns}
    counts = dialects.count_by_each(*few, [f"by_{name}" for name in columns])
    return {
        name: (
            {str(value): number for value, number in found if value is not None},
            sum(number for _, number in found) <= MOST_GROUPED,
        )
        for name, found in zip(columns, counts, strict=True)
    }


#: Gives what is known under a key, or what is worked out.
Kept = Callable[[Hashable, Callable[[], Any]], Any]


def worked_out(key: Hashable, work_out: Callable[[], Any]) -> Any:
    return work_out()


class Tallies:
    """The counts of one list, as its filters ask for it; `columns` are those of its rows that facets count by."""

    def __init__(self, filters: ListFilterSet, columns: Mapping[str, Combinable], kept: Kept = worked_out) -> None:
        self.filters, self.columns, self.kept = filters, columns, kept
        self._grouped: dict[frozenset[str], dict[str, Met]] = {}
        self._linked: dict[str, tuple[dict[str, set[int]], bool]] = {}

    def _met(self, name: str, parameters: Collection[str]) -> Met:
        left_out = self.filters.narrowing(parameters)
        if left_out not in self._grouped:
            alike = {
                other: by
                for other, by in self.columns.items()
                if self.filters.narrowing(parameters_of(other)) == left_out
            }
            self._grouped[left_out] = grouped(self.filters.without(*left_out), alike)
        return self._grouped[left_out][name]

    def _links(self, name: str) -> tuple[dict[str, set[int]], bool]:
        if name not in self._linked:
            self._linked[name] = self.filters.linked(name, MOST_LINKED, MOST_GROUPED)
        return self._linked[name]

    @cached_property
    def _is_large(self) -> bool:
        rows = self.filters.queryset.model._base_manager.order_by()
        return rows[MOST_LOOKED_UP : MOST_LOOKED_UP + 1].exists()

    def values(self, name: str) -> list[str]:
        """Name the values that were met, the most frequent first."""
        if self.filters.is_direct(name):
            met = self._met(name, parameters_of(name))[0]
        else:
            met = {value: len(rows) for value, rows in self._links(name)[0].items()}
        return sorted(met, key=lambda value: (-met[value], value))

    def numbers(
        self, name: str, groups: Sequence[Collection], look_up: Callable[[list[Collection]], list[int]] | None = None
    ) -> list[Count]:
        """Count the rows that there were if a parameter asked for each group of values, the others as they are.

        Where the parameter is no list of values, `look_up` counts those of some groups, as capped. What is not looked
        up within a time, the rarest first, is left as it was met. Whatever the parameter asks for itself, these counts
        are the same: where it asks for something, they may be known.
        """
        own = parameters_of(name)
        if not self.filters.narrowing(own):
            return self._numbers(name, groups, look_up)
        others = sorted(
            (other, *values) for other, values in self.filters.data.lists() if other not in {*own, "cursor"}
        )
        key = (name, tuple(map(tuple, groups)), *others)
        return self.kept(key, lambda: self._numbers(name, groups, look_up))

    def _numbers(
        self, name: str, groups: Sequence[Collection], look_up: Callable[[list[Collection]], list[int]] | None
    ) -> list[Count]:
        if self.filters.is_direct(name):
            met, all_of_them = self._met(name, parameters_of(name))
            numbers = [sum(met.get(str(value), 0) for value in group) for group in groups]
        else:
            links, all_of_them = self._links(name)
            numbers = [len(set().union(*(links.get(str(value), ()) for value in group))) for group in groups]
        if all_of_them:
            return [Count(number) for number in numbers]
        counts = [Count(number, at_least=number <= MOST_COUNTED) for number in numbers]
        if not self.filters.is_direct(name) and self._is_large:
            return counts
        unsure = sorted((place for place, count in enumerate(counts) if count.at_least), key=numbers.__getitem__)
        if not unsure:
            return counts
        look_up = look_up or capped_by(partial(self.filters.counting, name))
        at_once = AT_ONCE if self.filters.is_direct(name) else 1  # by way of stances, one takes as long as all may
        left = SECONDS
        while unsure:
            begin = monotonic()
            places, unsure = unsure[:at_once], unsure[at_once:]
            found = within(LONGEST, partial(look_up, [groups[place] for place in places]))
            if found is None:
                break
            for place, number in zip(places, found, strict=True):
                counts[place] = Count(number)
            took = monotonic() - begin
            left -= took
            if left < 0:
                break
            if at_once > 1 and 2 * took < left:
                at_once *= 2
        return counts


def parameters_of(name: str) -> tuple[str, ...]:
    """Name the parameters that a facet sets."""
    return ("after", "before") if name == "year" else (name,)


class Memory:
    """Answers that hold for as long as the public data are the same, the last used ones up to so much in all.

    Each counts as its `size`, one where nothing else is said.
    """

    def __init__(self, most: int, size: Callable[[Any], int] = lambda answer: 1) -> None:
        self.most, self.size = most, size
        self._lock = Lock()
        self._held = 0
        self._known: OrderedDict[Hashable, Any] = OrderedDict()

    def find(self, key: Hashable, default: Any = None) -> Any:
        with self._lock:
            if key not in self._known:
                return default
            self._known.move_to_end(key)
            return self._known[key]

    def keep(self, key: Hashable, answer: Any) -> None:
        """Keep an answer under a key that names the version of the data, which was read before the rows."""
        with self._lock:
            if key in self._known or self.size(answer) > self.most:
                return
            self._known[key] = answer
            self._held += self.size(answer)
            while self._held > self.most:
                self._held -= self.size(self._known.popitem(last=False)[1])

    def get(self, key: Hashable, work_out: Callable[[], Any], state: State | None = None) -> Any:
        """Give what was worked out under this key, or work it out.

        The state is read first, by the caller or here: an answer is never older than the one that it is kept under.
        """
        state = state or PublicVersion.objects.state()
        if state is None:
            return work_out()
        full = (connection.settings_dict["NAME"], state, key)
        answer = self.find(full, self)
        if answer is self:
            self.keep(full, answer := work_out())
        return answer
