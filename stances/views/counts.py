"""How much was said on a topic: as a page, as CSV, as JSON and as a drawing."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse

from stances import citations, drawings
from stances.counts import Counts, Tally
from stances.exports import table
from stances.models import Topic
from stances.parameters import OneOfField
from stances.periods import MONTH, QUARTER, YEAR
from stances.views.detail import DayParameters, DetailPage
from stances.views.figures import about, drawing
from stances.wording import counted, day_words, first_up

BY = (MONTH, QUARTER, YEAR)
LISTED = 10  # so many governments, speakers and topics are on the page
COLUMNS = (
    "period",
    "first_day",
    "last_day",
    "supporting",
    "undecided",
    "opposing",
    "position_2",
    "position_1",
    "position_0",
    "position_minus_1",
    "position_minus_2",
)


class CountsParameters(DayParameters):
    by = OneOfField(choices=[(by, by) for by in BY], default=QUARTER, required=False)


class CountsView(DetailPage):
    """The counts of a topic with its subtopics by month, quarter or year; who speaks most; by authority."""

    model = Topic
    name = "topic-counts"
    template_name = "stances/counts.html"
    parameters = CountsParameters

    def rows(self):
        return Topic.objects.all()

    def counts(self, topic: Topic) -> Counts:
        return Counts(topic, self.tree, self.day, self.form.cleaned_data.get("by") or QUARTER)

    def url(self, topic: Topic, by: str, format: str = "") -> str:
        name = f"{self.name}-{format}" if format else self.name
        return reverse(name, args=[topic.slug], query={"by": by, "on": self.day.isoformat()})

    def context(self, topic: Topic) -> dict[str, Any]:
        counts = self.counts(topic)
        title = f"{counts.topic.name}: counts by {counts.by}"
        return {
            "topic": counts.topic,
            "title": title,
            "ancestors": [*self.tree.ancestors(topic)[::-1], counts.topic],
            "told": counts,
            "counts": counts.quarters,
            "note": note(counts),
            "total_words": first_up(counted(counts.total, "own stance")),
            "ways": [(by, by == counts.by, self.url(topic, by)) for by in BY],
            **first(counts, "governments", len(counts.governments)),
            **first(counts, "speakers", counts.spoke),
            **first(counts, "topics", len(counts.topics)),
            "authorities": counts.linked(counts.authorities),
            "urls": {format: self.url(topic, counts.by, format) for format in ("csv", "json", "svg")},
            "citation": citations.page(title, self.address(self.url(topic, counts.by)), self.seen, on=self.day),
        }

    def respond(self, topic: Topic, format: str) -> HttpResponseBase:
        counts = self.counts(topic)
        name = f"{topic.slug}-by-{counts.by}"
        if format == "csv":
            return table(COLUMNS, counts.rows, name=name)
        if format == "svg":
            return drawing(self.draw(counts), name)
        return super().respond(topic, format)

    def draw(self, counts: Counts) -> bytes:
        title = f"{self.tree.question(counts.topic)}: what governments said, by {counts.by}, to {day_words(self.day)}"
        path = reverse(self.name, args=[counts.topic.slug])
        drawn = counts.on_paper
        cut = drawn.drawn_from if drawn else 0
        notes = [note(counts), f"Drawn from {cut} on." if cut else ""]
        return drawings.counts(about(self, title, notes, path, by=counts.by), drawn)

    def data(self, topic: Topic) -> dict[str, Any]:
        counts = self.counts(topic)
        return {
            "address": self.address(self.url(topic, counts.by)),
            "topic": topic.slug,
            "topics": [it.slug for it in counts.subtree],
            "on": self.day,
            "by": counts.by,
            "periods": [dict(zip(COLUMNS, row, strict=True)) for row in counts.rows],
            "by_topic": [data_of(it, "topic") for it in counts.topics],
            "by_government": [data_of(it, "actor") for it in counts.governments],
            "speakers": counts.spoke,
            "by_speaker": [data_of(it, "speaker") for it in counts.speakers],
            "by_authority": [data_of(it, "authority") for it in counts.authorities],
        }


def first(counts: Counts, name: str, number: int) -> dict[str, Any]:
    """Give the tallies of a name that the page lists, and of how many these are where they are not all."""
    return {name: counts.linked(getattr(counts, name)[:LISTED]), f"{name}_of": number if number > LISTED else 0}


def note(counts: Counts) -> str:
    """Say what is counted, beside the figure and in the file."""
    under = " and those under it, each for or against its own proposition" if len(counts.subtree) > 1 else ""
    return (
        f"Governments’ own stances on this topic{under}. A statement that speaks for several governments or on several "
        "topics has several. Counts say how much was said, not how strongly or by how many; reported positions and "
        "repeats are left out."
    )


def data_of(it: Tally, key: str) -> dict[str, Any]:
    sides = {"supporting": it.favour, "undecided": it.undecided, "opposing": it.against}
    if key != "authority":
        return {key: it.slug, **sides}
    authority, attribution = it.slug.split(" ")
    return {key: authority, "attribution": attribution, **sides}
