"""Long histories as a whole: how much was said when, and the positions held long enough to be seen in a figure.

Four queries for any number of histories, whose answers grow with the figure's width and not with what was said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import TruncDay, TruncMonth, TruncQuarter, TruncWeek, TruncYear
from django.db.models.functions.datetime import TruncBase

from stances.charts import Axis
from stances.histories import History, Overview
from stances.models import Position, Stance
from stances.models.positions import PositionQuerySet
from stances.periods import DAY, MONTH, QUARTER, UNITS, WEEK, period_of
from stances.written import Written

MARKS, BANDS = 100, 120  # so many marks and bands, at most, are drawn of all long histories together
TRUNCATED = {DAY: TruncDay, WEEK: TruncWeek, MONTH: TruncMonth, QUARTER: TruncQuarter}


def of_positions(actors: Any, topics: Any, day: Any) -> PositionQuerySet:
    return Position.objects.filter(actor__in=actors, topic__in=topics, since__lte=day).order_by()


FIRST = Written(
    lambda actors, topics, day: of_positions(actors, topics, day).values_list("actor", "topic").annotate(Min("since"))
)


@cache
def said_by(trunc: type[TruncBase]) -> Written:
    """Count what was said of each actor on each topic in each stretch of the calendar."""

    def make(actors: Any, topics: Any, day: Any) -> QuerySet:
        said = Stance.objects.public().filter(actor__in=actors, topic__in=topics, stated_on__lte=day).order_by()
        return said.values_list("actor", "topic", trunc("stated_on")).annotate(Count("stated_on"))

    return Written(make)


@cache
def opened_by(trunc: type[TruncBase]) -> Written:
    """Count the own positions of each actor on each topic that began in each stretch of the calendar."""

    def make(actors: Any, topics: Any, day: Any) -> QuerySet:
        opened = of_positions(actors, topics, day).own()
        return opened.values_list("actor", "topic", trunc("since")).annotate(Count("since"))

    return Written(make)


def add_overviews(histories: Iterable[History], day: dt.date) -> None:
    """Give histories that were not read whole their overview, as of a day.

    What is counted stands in the indexes of series, so that no row is read for it. They are of one topic, or of one
    actor: what is asked of all their actors on all their topics is of no other series, or of short ones.
    """
    histories = list(histories)
    long = {(told.actor.pk, told.topic.pk): told for told in histories if told.omitted}
    if not long:
        return
    asked: dict[str, Any] = {"actors": {actor for actor, _ in long}, "topics": {topic for _, topic in long}, "day": day}
    for actor, topic, first in FIRST.rows(**asked):
        if told := long.get((actor, topic)):
            told.overview = Overview(first)
    axis = Axis.over(histories, day)
    unit = unit_of(axis, len(long))
    for told in long.values():
        whole_of(told).unit = unit
    least = dt.timedelta(days=(axis.end - axis.start).days * len(long) // BANDS + 1)
    seen = of_positions(**asked).own().filter(Q(until=None) | Q(until__gt=F("since") + least))
    for position in seen.order_by("since"):
        if told := long.get((position.actor_id, position.topic_id)):
            whole_of(told).held.append(position)
    trunc = TRUNCATED.get(unit, TruncYear)
    for actor, topic, start, number in said_by(trunc).rows(**asked):
        if told := long.get((actor, topic)):
            whole_of(told).said[period_of(unit, start)] += number
    for actor, topic, start, number in opened_by(trunc).rows(**asked):
        if told := long.get((actor, topic)):
            whole_of(told).opened[period_of(unit, start)] += number


def unit_of(axis: Axis, rows: int) -> str:
    """Choose the stretches of the calendar: as fine as the width of the plot and the marks of a page allow."""
    units = list(UNITS)
    days = (axis.end - axis.start).days
    fine = units[units.index(axis.unit) :]
    return next((unit for unit in fine if days / UNITS[unit] * rows <= MARKS), fine[-1])


def whole_of(told: History) -> Overview:
    assert told.overview
    return told.overview
