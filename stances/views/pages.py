"""The first page, and the pages of one thing each."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Max, Min, OuterRef
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from stances import citations, news, twins
from stances.codebook import codebook
from stances.dates import today
from stances.histories import IN_FILES
from stances.matrix import changed_days, matrix
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.models.curated import any_of
from stances.panels import TopicPanels
from stances.parameters import DayLookedAtField, NamedField, shown
from stances.profiles import STATEMENTS_SHOWN, Profile
from stances.views.detail import DayParameters, DetailPage, Page
from stances.views.filtered import remembered
from stances.views.statement import StatementView
from stances.vocabulary import OWN_VOICE, WORDS, Authority, ChangeKind, Coverage, Terms
from stances.wording import counted, day_words, first_up, period

NEWS, NEWS_ELSEWHERE = 10, 4
STATEMENTS_OF_SOURCE = 60

__all__ = ["AboutView", "ActorView", "CodebookView", "HomeView", "SourceView", "StatementView", "TopicView"]


def exports(name: str, **parameters: Any) -> dict[str, str]:
    """Give the addresses of a list with these parameters: its page, its CSV and its JSON."""
    query = urlencode({key: value for key, value in parameters.items() if value not in (None, "")})
    routes = {"html": name, "csv": f"{name}-csv", "json": f"{name}-json"}
    return {kind: f"{reverse(route)}?{query}" for kind, route in routes.items()}


class HomeParameters(DayParameters):
    """The day looked at, an earlier one that it is compared with, and the topic whose parts are the columns."""

    since = DayLookedAtField(required=False)
    topic = NamedField(model=Topic, public=set, label="Topic", required=False)

    def clean(self):
        cleaned = super().clean()
        since, on = cleaned.get("since"), cleaned.get("on") or today()
        if since and since > on:
            self._refuse("since", f"{shown(str(since))} lies after the day looked at, {on}: give an earlier day.")
        return cleaned


class HomeView(Page):
    """The question, who stands where, and the latest news."""

    template_name = "stances/home.html"
    parameters = HomeParameters

    def url(self, on: Any, *, since: Any = None, topic: Topic | None = None) -> str:
        """Write this page's address of another day, topic or day compared with."""
        since = since if since and since <= on else None
        query = {"topic": topic and topic.slug, "on": on, "since": since}
        return f"{reverse('home')}?{urlencode({key: value for key, value in query.items() if value})}"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = self.form.cleaned_data.get("topic")
        topic = self.tree.by_id[asked[0].pk] if asked else self.tree.featured
        if topic is None:
            return self.show({"topic": None, "roots": self.tree.children[None], "other_problems": self.problems})
        part = None if topic == self.tree.featured else topic
        since = self.form.cleaned_data.get("since")
        subtree = self.tree.subtree(topic)
        among = {it.pk for it in subtree}
        elsewhere = [other for other in self.tree if other.pk not in among]
        previous, following = changed_days(self.tree, topic, self.day, today())
        table = matrix(self.tree, topic, self.day, since)
        told, told_elsewhere = news.latest(self.tree, [(subtree, NEWS), (elsewhere, NEWS_ELSEWHERE)], self.day)
        boxes = {"on": "on_problem", "since": "since_problem"}
        wrong = {boxes[it.parameter]: it.message for it in self.problems if it.parameter in boxes}
        after = since and since + dt.timedelta(days=1)
        return self.show(
            {
                "topic": topic,
                "part": part,
                "above": self.tree.ancestors(topic)[::-1],
                "in_general": self.tree.in_sentence(topic),
                "day_words": day_words(self.day, preposition=True),
                "given": self.request.GET.get("on", "") or self.day.isoformat(),
                "given_since": self.request.GET.get("since", ""),
                "since": since,
                "since_words": day_words(since) if since else "",
                "differ_words": f"{len(table.differences)} {'differs' if len(table.differences) == 1 else 'differ'}",
                "between": exports("change-list", topic=topic.slug, kind="first", after=after, before=self.day)
                if after and after <= self.day
                else None,
                "other_problems": [problem for problem in self.problems if problem.parameter not in boxes],
                **wrong,
                "matrix": table,
                "heads": [
                    (column, below, self.url(self.day, since=since, topic=column)) for column, below in table.heads
                ],
                "today_url": self.url(today(), topic=part) if part else reverse("home"),
                "previous": previous and (previous, self.url(previous, since=since, topic=part)),
                "next": following and (following, self.url(following, since=since, topic=part)),
                "coverage": news.coverage(subtree, self.day, table.recorded),
                "news": told,
                "news_elsewhere": told_elsewhere,
                "positions": exports("position-list", on=self.day, topic=topic.slug),
                "changes": exports("change-list", topic=topic.slug),
                "reversals": exports("change-list", topic=topic.slug, kind=ChangeKind.REVERSAL),
                "all_stances": exports("stance-list", topic=topic.slug),
                "citation": citations.page(
                    topic.question or topic.proposition,
                    self.address(self.url(self.day, since=since, topic=part)),
                    self.seen,
                    on=self.day,
                ),
            }
        )


class ActorView(DetailPage):
    """An actor: where it stands, how that came about, what it said, whom it belongs to."""

    model = Actor
    name = "actor"
    template_name = "stances/actor_detail.html"
    parameters = DayParameters

    def rows(self):
        return Actor.objects.public()

    def is_public(self, row: Actor) -> bool:
        return bool(Actor.objects.public_among({row.pk}))

    def profile(self, actor: Actor) -> Profile:
        return Profile(actor, self.tree, self.day)

    def context(self, actor: Actor) -> dict[str, Any]:
        profile = self.profile(actor)
        url = self.address(f"{actor.get_absolute_url()}?{urlencode({'on': self.day.isoformat()})}")
        return {
            "actor": actor,
            "profile": profile,
            "standing": exports("position-list", actor=actor.slug, on=self.day),
            "statements_shown": STATEMENTS_SHOWN,
            "stances": exports("stance-list", actor=actor.slug, **self.up_to),
            "positions": exports("position-list", actor=actor.slug, on=self.day if self.as_of else ""),
            "changes": exports("change-list", actor=actor.slug, **self.up_to),
            "spoken": exports("stance-list", speaker=actor.slug, **self.up_to),
            "citation": citations.page(f"{actor.name}: positions and their history", url, self.seen, on=self.day),
        }

    def data(self, actor: Actor) -> dict[str, Any]:
        return twins.of_actor(Profile(actor, self.tree, self.day, most=IN_FILES), self.address)


class TopicView(DetailPage):
    """A topic: every government's history side by side, and those on the topics under it."""

    model = Topic
    name = "topic"
    template_name = "stances/topic_detail.html"
    parameters = DayParameters

    def rows(self):
        return Topic.objects.all()

    def context(self, topic: Topic) -> dict[str, Any]:
        panels = TopicPanels(topic, self.tree, self.day)
        url = self.address(f"{topic.get_absolute_url()}?{urlencode({'on': self.day.isoformat()})}")
        return {
            "topic": panels.topic,
            "ancestors": self.tree.ancestors(topic)[::-1],
            "panels": panels,
            "stances": exports("stance-list", topic=topic.slug, **self.up_to),
            "positions": exports("position-list", topic=topic.slug, on=self.day),
            "changes": exports("change-list", topic=topic.slug, **self.up_to),
            "citation": citations.page(panels.topic.proposition, url, self.seen, on=self.day),
        }

    def data(self, topic: Topic) -> dict[str, Any]:
        return twins.of_topic(TopicPanels(topic, self.tree, self.day, most=IN_FILES, rows=IN_FILES), self.address)


class SourceView(DetailPage):
    """A source: its facts, and all that was coded from it. Its text is copyright, and never shown."""

    model = Source
    name = "source"
    template_name = "stances/source_detail.html"

    def rows(self):
        return Source.objects.public()

    def context(self, source: Source) -> dict[str, Any]:
        source = self.rows().select_related("publisher", "found_in").get(pk=source.pk)
        published = source.statements.published()
        first = sorted(published.values_list("locator", "key", "pk"), key=lambda row: in_order(*row[:2]))
        statements = published.filter(pk__in=[pk for *_, pk in first[:STATEMENTS_OF_SOURCE]]).with_evidence()
        public = Source.objects.public()
        return {
            "source": source,
            "lede": self.lede(source, len(first)),
            "number": len(first),
            "statements": sorted(statements, key=lambda it: in_order(it.locator, it.key)),
            "found_in": source.found_in if public.filter(pk=source.found_in_id).exists() else None,
            "reprints": public.filter(found_in=source).select_related("publisher"),
            "read_only": source.coverage == Coverage.NOTHING,
            "stances": exports("stance-list", source=source.slug, repeats=1),
        }

    @staticmethod
    def lede(source: Source, statements: int) -> str:
        by = f"{source.publisher.name}, " if source.publisher else ""
        day = day_words(source.published_on) if source.published_on else "day not known"
        coded = counted(statements, "statement") if statements else "Nothing"
        return f"{by}{day}. {first_up(coded)} coded from it."

    def data(self, source: Source) -> dict[str, Any]:
        stances = Stance.objects.public().filter(source=source).order_by("statement__key", "actor__slug", "topic__slug")
        reprints = Source.objects.public().filter(found_in=source).order_by("slug")
        return twins.of_source(source, stances, reprints, self.address)


def in_order(locator: str, key: str) -> tuple:
    """Sort statements as they stand in their source."""
    first = locator.split(",")[0].split("-")[0]
    return int(first) if first.isdigit() else 10**6, key


def coverage() -> tuple[dict[str, Any], list[tuple[str, int]], dict[str, Any]]:
    """Count the sources, the languages that they are in, and what was said.

    Statements and stances are counted from indexes that hold the public ones alone; beyond a draft, none of either is
    without the other. Whether a source is public is asked of each, once for all that is told of sources.
    """
    sources = Source.objects.public().order_by("language").values_list("language")
    languages = list(sources.annotate(Count("pk"), Min("published_on"), Max("published_on")))
    first = [first for *_, first, _ in languages if first]
    last = [last for *_, last in languages if last]
    published, said = Statement.objects.published().order_by(), Stance.objects.public().order_by()
    repeats = published.filter(repeats__isnull=False).count()
    actors = Actor.objects.order_by()
    days = said.values_list("stated_on", flat=True)
    return (
        {
            "first": min(first, default=None),
            "last": max(last, default=None),
            "number": sum(number for _, number, *_ in languages),
        },
        [(language, number) for language, number, *_ in languages],
        {
            "statements": published.count() - repeats,
            "repeats": repeats,
            "stances": said.count() - said.filter(repeat=True).count(),
            "speakers": actors.filter(any_of(said.filter(speaker=OuterRef("pk")))).count(),
            "governments": actors.governments().filter(any_of(said.filter(actor=OuterRef("pk")))).count(),
            "first": days.order_by("stated_on").first(),
            "last": days.order_by("-stated_on").first(),
        },
    )


class AboutView(Page):
    """What the data covers, how it was coded, how to read and to cite it."""

    template_name = "stances/about.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        of_sources, languages, counts = remembered.get("about", coverage, self.state)
        statements = first_up(counted(counts["statements"], "statement"))
        return self.show(
            {
                "topic": self.tree.featured,
                "lede": f"{statements} from {counted(of_sources['number'], 'source')}, each anchored in the words "
                "themselves, and the positions that follow from them by a rule that is shown at work.",
                "counts": counts,
                "sources_words": first_up(counted(of_sources["number"], "source")),
                "sources_period": of_sources["first"] and period(of_sources["first"], of_sources["last"]),
                "statements_words": statements,
                "said_period": counts["first"] and period(counts["first"], counts["last"]),
                "repeats_words": counted(counts["repeats"], "repeat"),
                "stances_words": first_up(counted(counts["stances"], "stance")),
                "governments_words": first_up(counted(counts["governments"], "government")),
                "speakers_words": first_up(counted(counts["speakers"], "speaker")),
                "languages": languages,
                "positions": [
                    {
                        "value": value,
                        "terms": terms,
                        "number": f"+{value}" if value > 0 else f"−{-value}" if value else "0",
                        "label": Terms(terms).label if terms else "none",
                    }
                    for value, terms in WORDS
                ],
                "own_voices": "; ".join(authority.label for authority in Authority if authority in OWN_VOICE),
                "other_voices": "; ".join(a.label for a in Authority if a not in OWN_VOICE),
                "citation": citations.page(
                    self.tree.featured.question if self.tree.featured else "What governments say, and how it changes",
                    self.address(reverse("home")),
                    self.seen,
                    kind="dataset",
                ),
            }
        )


class CodebookView(Page):
    """The rules by which articles are coded and positions follow."""

    template_name = "stances/codebook.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return self.show({"codebook": codebook()})
