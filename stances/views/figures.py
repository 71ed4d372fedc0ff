"""The figures of the pages as files: a drawing that stands alone, and a table of what it shows."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.http import urlencode

from stances.charts import Axis, row
from stances.dates import today
from stances.drawings import About, timeline
from stances.exports import table
from stances.histories import IN_FILES, Event, History, span
from stances.models import Actor, PublicVersion, Topic
from stances.panels import TopicPanels
from stances.parameters import OneOfField, SlugsField
from stances.profiles import Profile
from stances.views.detail import DayParameters, OneOf, Page
from stances.vocabulary import ChangeKind
from stances.wording import day_words, first_up

LAST_RECORDED = "Last recorded positions, never “current policy”."
ROWS = 60  # governments that a drawing has

EVENT_COLUMNS = (
    "date",
    "actor",
    "topic",
    "attribution",
    "position",
    "terms",
    "words",
    "did",
    "rule",
    "kind",
    "from_position",
    "from_terms",
    "until",
    "shown_on",
    "statement_key",
)


def actors_field(**kwargs: Any) -> SlugsField:
    return SlugsField(model=Actor, public=Actor.objects.public_among, label="Actor", required=False, **kwargs)


def topics_field(**kwargs: Any) -> SlugsField:
    return SlugsField(model=Topic, public=set, label="Topic", required=False, **kwargs)


def subtopics_field() -> OneOfField:
    return OneOfField(choices=[("1", "with subtopics"), ("0", "without")], default="1", required=False)


def drawing(content: bytes, name: str) -> HttpResponse:
    """Answer with a drawing that a browser shows, and saves under its name."""
    headers = {"Content-Disposition": f'inline; filename="{name}-{today()}.svg"'}
    return HttpResponse(content, content_type="image/svg+xml", headers=headers)


def about(page: Page, title: str, notes: Iterable[str], path: str, **parameters: Any) -> About:
    """Say where a drawing comes from: the page that shows it, the version of the data, the day."""
    address = page.address(f"{path}?{urlencode({**parameters, 'on': page.day.isoformat()}, doseq=True)}")
    version = f"version {PublicVersion.objects.current()} of the data, {day_words(today())}"
    origin = f"Source: Stances, {address}; {version}."
    return About(title, [note for note in notes if note], origin, page.address)


def axis_notes(axis: Axis, day: dt.date) -> list[str]:
    """Say where an axis ends before the day looked at."""
    if axis.end == day:
        return []
    return [
        f"The axis ends on {day_words(axis.end)}: nothing that is drawn was said between then and {day_words(day)}."
    ]


def events_of(histories: Iterable[History]) -> Iterable[tuple[Any, ...]]:
    """Give what a timeline shows, a row an event, history by history, the oldest first."""
    for told in histories:
        for event in told.events:
            yield event_cells(told, event)


def event_cells(told: History, event: Event) -> tuple[Any, ...]:
    before = event.before or ("", "")
    kind = event.interval.kind if event.interval and event.opened else ""
    return (
        str(event.date),
        told.actor.slug,
        told.topic.slug,
        event.stance.attribution,
        event.stance.position,
        event.stance.terms,
        event.stance.wording,
        event.role,
        event.rule,
        ChangeKind(kind).value if kind else "",
        *before,
        event.interval.until if event.interval and event.opened else "",
        event.shown_on,
        event.stance.statement.key,
    )


class Timeline(OneOf):
    """The timeline of a page as a file."""

    def respond(self, row: Any, format: str) -> HttpResponseBase:
        if format == "csv":
            return table(EVENT_COLUMNS, events_of(self.histories(row)), name=f"{row.slug}-timeline")
        return drawing(self.draw(row), f"{row.slug}-timeline")

    @abstractmethod
    def histories(self, row: Any) -> list[History]:
        """Give the histories that the figure shows."""

    @abstractmethod
    def draw(self, row: Any) -> bytes:
        """Draw the figure."""


class ActorTimelineParameters(DayParameters):
    topic = topics_field()
    subtopics = subtopics_field()


class ActorTimeline(Timeline):
    """An actor's positions over time, a row a topic; all topics unless some are asked for."""

    model = Actor
    name = "actor-timeline"
    parameters = ActorTimelineParameters

    def rows(self):
        return Actor.objects.public()

    def histories(self, actor: Actor) -> list[History]:
        wanted = self.form.cleaned_data["topic"]
        return [
            told
            for told in Profile(actor, self.tree, self.day, most=IN_FILES).histories
            if (not wanted.included or told.topic.pk in wanted.included_ids)
            and told.topic.pk not in wanted.excluded_ids
        ]

    def draw(self, actor: Actor) -> bytes:
        histories = self.histories(actor)
        axis = Axis.on_paper(histories, self.day)
        title = f"{actor.name}: recorded positions by topic, to {day_words(self.day)}"
        told = about(self, title, [covered(histories), *axis_notes(axis, self.day)], actor.get_absolute_url())
        return timeline(told, [row(it, axis) for it in histories], axis, by_actor=False)


class TopicTimelineParameters(DayParameters):
    actor = actors_field()


class TopicTimeline(Timeline):
    """Every government's positions on a topic over time, a row each; all unless some are asked for."""

    model = Topic
    name = "topic-timeline"
    parameters = TopicTimelineParameters

    def rows(self):
        return Topic.objects.all()

    def histories(self, topic: Topic) -> list[History]:
        wanted = self.form.cleaned_data["actor"]
        return [
            told
            for told in TopicPanels(topic, self.tree, self.day, most=IN_FILES, rows=ROWS, alone=True).panel.histories
            if (not wanted.included or told.actor.pk in wanted.included_ids)
            and told.actor.pk not in wanted.excluded_ids
        ]

    def draw(self, topic: Topic) -> bytes:
        histories = self.histories(topic)
        axis = Axis.on_paper(histories, self.day)
        title = f"{self.tree.question(topic)}: recorded positions of governments, to {day_words(self.day)}"
        told = about(self, title, [covered(histories), *axis_notes(axis, self.day)], topic.get_absolute_url())
        return timeline(told, [row(it, axis) for it in histories], axis, by_actor=True)


def covered(histories: Iterable[History]) -> str:
    """Say what period the sources of a figure cover, and how its dates are read."""
    period = span(histories)
    if not period:
        return "Nothing is recorded."
    return f"{first_up(period)}. A date known in part counts from its latest possible day. {LAST_RECORDED}"
