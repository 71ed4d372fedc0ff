"""Long histories as a whole: how much was said when, and the positions held long enough to be seen in a figure.

Four queries for any number of histories, whose answers grow with the figure's width and not with what was said.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Count, F, Min, Q
from django.db.models.functions import TruncDay, TruncMonth, TruncQuarter, TruncWeek, TruncYear

from stances.charts import Axis
from stances.histories import History, Overview
from stances.models import Position, Stance
from stances.periods import DAY, MONTH, QUARTER, UNITS, WEEK, period_of

MARKS, BANDS = 100, 120  # so many marks and bands, at most, are drawn of all long histories together
TRUNCATED = {DAY: TruncDay, WEEK: TruncWeek, MONTH: TruncMonth, QUARTER: TruncQuarter}


def add_overviews(histories: Iterable[History], day: dt.date) -> None:
    """Give histories that were not read whole their overview, as of a day.

    What is counted stands in the indexes of series, so that no row is read for it.
    """
    histories = list(histories)
    long = {(told.actor.pk, told.topic.pk): told for told in histories if told.omitted}
    if not long:
        return
    series = series_of(long)
    positions = Position.objects.filter(series, since__lte=day).order_by()
    for actor, topic, first in positions.values_list("actor", "topic").annotate(Min("since")):
        long[actor, topic].overview = Overview(first)
    axis = Axis.over(histories, day)
    unit = unit_of(axis, len(long))
    for told in long.values():
        whole_of(told).unit = unit
    least = dt.timedelta(days=(axis.end - axis.start).days * len(long) // BANDS + 1)
    seen = positions.own().filter(Q(until=None) | Q(until__gt=F("since") + least))
    for position in seen.order_by("since"):
        whole_of(long[position.actor_id, position.topic_id]).held.append(position)
    trunc = TRUNCATED.get(unit, TruncYear)
    said = Stance.objects.public().filter(series, stated_on__lte=day).order_by()
    numbers = said.values_list("actor", "topic", trunc("stated_on")).annotate(Count("stated_on"))
    for actor, topic, start, number in numbers:
        whole_of(long[actor, topic]).said[period_of(unit, start)] += number
    opened = positions.own().values_list("actor", "topic", trunc("since")).annotate(Count("since"))
    for actor, topic, start, number in opened:
        whole_of(long[actor, topic]).opened[period_of(unit, start)] += number


def series_of(pairs: Iterable[tuple[int, int]]) -> Q:
    """Ask for the series of actors and topics: those of one actor, or on one topic, as few conditions to be planned."""
    actors, topics = defaultdict(set), defaultdict(set)
    for actor, topic in pairs:
        actors[topic].add(actor)
        topics[actor].add(topic)
    if len(actors) < len(topics):
        return reduce(or_, (Q(topic=topic, actor__in=some) for topic, some in actors.items()))
    return reduce(or_, (Q(actor=actor, topic__in=some) for actor, some in topics.items()))


def unit_of(axis: Axis, rows: int) -> str:
    """Choose the stretches of the calendar: as fine as the width of the plot and the marks of a page allow."""
    units = list(UNITS)
    days = (axis.end - axis.start).days
    fine = units[units.index(axis.unit) :]
    return next((unit for unit in fine if days / UNITS[unit] * rows <= MARKS), fine[-1])


def whole_of(told: History) -> Overview:
    assert told.overview
    return told.overview
