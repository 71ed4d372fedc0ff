"""Two to six actors compared on a topic: as a page, as CSV, as JSON and as a drawing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from stances import citations, twins
from stances.charts import Axis, row
from stances.comparing import ENOUGH, Comparison, Pair
from stances.comparisons import Agreement
from stances.drawings import timeline
from stances.exports import refuse, table
from stances.filters import Problem
from stances.models import Actor, Position, Topic, resolve
from stances.parameters import NamedField, TextField
from stances.views.detail import DayParameters, Page, answer
from stances.views.figures import about, axis_notes, covered, drawing
from stances.vocabulary import Voice
from stances.wording import day_words, joined

FEWEST, MOST = 2, 6
LISTED = 60  # so many actors with an own position are listed to tick
OFFERED = 200  # so many others stand in the menu; the rest are found by name
COLUMNS = (
    "topic",
    "actor",
    "other_actor",
    "year",
    "days",
    "same_side_days",
    "same_side",
    "mean_distance",
    "statements",
    "other_statements",
    "moved_first",
    "moved_on",
    "followed_on",
    "both_spoke_days",
    "last_day",
)


class CompareParameters(DayParameters):
    actor = NamedField(most=MOST, model=Actor, public=Actor.objects.public_among, label="Actor", required=False)
    topic = NamedField(model=Topic, public=set, label="Topic", required=False)
    find = TextField(required=False, label="Name")


class CompareView(Page):
    """The comparison; without two actors and a topic the form to choose them."""

    template_name = "stances/compare.html"
    parameters = CompareParameters

    def get(self, request: HttpRequest, format: str = "html") -> HttpResponseBase:
        actors, topics = (self.form.cleaned_data.get(name) or [] for name in ("actor", "topic"))
        ready = len(actors) >= FEWEST and topics and not self.problems
        compared = Comparison(actors, topics[0], self.tree, self.day) if ready else None
        if format == "html":
            return self.show(self.context(actors, topics, compared))
        if compared is None:
            return refuse(self.problems or list(self.missing(actors, topics)), format=format)
        if format == "csv":
            return table(COLUMNS, rows_of(compared), name=f"{compared.topic.slug}-compared")
        if format == "svg":
            return drawing(self.draw(compared), f"{compared.topic.slug}-compared")
        return answer(self.data(compared))

    def missing(self, actors: list[Actor], topics: list[Topic]) -> Iterable[Problem]:
        given = self.request.GET
        if len(actors) < FEWEST:
            yield Problem("actor", tuple(given.getlist("actor")), f"Give {FEWEST} to {MOST} actors.")
        if not topics:
            yield Problem("topic", tuple(given.getlist("topic")), "Give the topic on which they are compared.")

    def url(self, name: str, compared: Comparison) -> str:
        """Write the address of this comparison on its day, in a format."""
        return reverse(name, query={**self.query(compared, compared.topic), "on": self.day.isoformat()})

    def query(self, compared: Comparison, topic: Topic) -> dict[str, Any]:
        return {"actor": [actor.slug for actor in compared.actors], "topic": topic.slug}

    def title(self, compared: Comparison) -> str:
        return f"{joined([actor.label for actor in compared.actors])} on {self.tree.in_sentence(compared.topic)}"

    def context(self, actors: list[Actor], topics: list[Topic], compared: Comparison | None) -> dict[str, Any]:
        topic = topics[0] if topics else None
        told = {f"{problem.parameter}_problem": problem.message for problem in self.problems}
        fields = self.form.fields
        context: dict[str, Any] = {
            **told,
            "other_problems": [it for it in self.problems if it.parameter not in fields],
            "chosen_topic": topic,
            "topics": [(it, "– " * len(self.tree.ancestors(it))) for it in self.tree],
            **self.offered(actors, topic),
            "given_on": self.request.GET.get("on", ""),
            "given_find": self.request.GET.get("find", ""),
            "hint": self.hint(actors, topics),
            "most": MOST,
            "chosen": [(actor, self.without(actor)) for actor in actors],
            "enough": ENOUGH,
            "compared": compared,
            "both": [(it, reverse("compare", query=self.query(compared, it))) for it in compared.elsewhere]
            if compared
            else [],
        }
        if compared:
            urls = {kind: self.url(f"compare-{kind}", compared) for kind in ("csv", "json", "svg")}
            title = self.title(compared)
            whole = self.address(self.url("compare", compared))
            context |= {"title": title, "urls": urls, "citation": citations.page(title, whole, self.seen, on=self.day)}
        return context

    def hint(self, actors: list[Actor], topics: list[Topic]) -> str:
        """Say what is still to be chosen."""
        lacking = []
        if len(actors) < FEWEST:
            lacking.append("one more actor" if actors else "two to six actors")
        if not topics:
            lacking.append("a topic")
        return f"Choose {joined(lacking)}." if lacking else ""

    def offered(self, actors: list[Actor], topic: Topic | None) -> dict[str, Any]:
        """List whom to choose from: who has an own position, to tick, the chosen first; all others recorded, as a menu.

        With each goes whether it is chosen, and whether it has an own position.

        Without a topic the ticks are of governments with an own position on any.
        """
        positions = Position.objects.filter(actor=OuterRef("pk"))
        if topic:
            positions = positions.filter(topic=topic)
        recorded = Actor.objects.filter(Exists(positions)).order_by("name", "pk")
        own = recorded.filter(Exists(positions.filter(voice=Voice.OWN)))
        chosen = actors or self.ticked()
        pks = [actor.pk for actor in chosen]
        held = (own if topic else own.governments()).exclude(pk__in=pks)
        spoken = set(own.filter(pk__in=pks).values_list("pk", flat=True))
        ticks = [(actor, True, actor.pk in spoken) for actor in chosen] + [(it, False, True) for it in held[:LISTED]]
        others = recorded.exclude(pk__in=[actor.pk for actor, *_ in ticks])
        if find := self.form.cleaned_data.get("find"):
            others = others.search(find)
        menu = list(others[: OFFERED + 1])
        return {"choices": ticks, "others": menu[:OFFERED], "more_others": len(menu) > OFFERED}

    def ticked(self) -> list[Actor]:
        """Give the known actors of an address that names too many or unknown ones, so that no tick is lost."""
        slugs = self.request.GET.getlist("actor")[: 2 * MOST]
        known = {row.pk: row for row in resolve(Actor, slugs).values()}
        public = Actor.objects.public_among(set(known)) if known else set()
        return [row for pk, row in known.items() if pk in public]

    def without(self, actor: Actor) -> str:
        """Write this page's address without one of its actors."""
        query = self.request.GET.copy()
        query.setlist("actor", [it.slug for it in self.form.cleaned_data["actor"] if it != actor])
        query.pop("find", None)
        return f"{reverse('compare')}?{query.urlencode()}"

    def draw(self, compared: Comparison) -> bytes:
        axis = Axis.on_paper(compared.histories, self.day)
        title = f"{self.title(compared)}: recorded positions, to {day_words(self.day)}"
        notes = [
            f"{compared.question}.",
            covered(compared.histories),
            *axis_notes(axis, self.day),
            "Below, how each two stood to each other while both own positions are carried forward, for two years from "
            "each statement and no further than the sources reach: filled, on the same side; empty, one of them "
            "undecided; hatched, on opposite sides.",
        ]
        told = about(
            self,
            title,
            notes,
            reverse("compare"),
            actor=[actor.slug for actor in compared.actors],
            topic=compared.topic.slug,
        )
        rows, strips = [row(it, axis) for it in compared.histories], [pair.strip(axis) for pair in compared.pairs]
        return timeline(told, rows, axis, by_actor=True, strips=strips)

    def data(self, compared: Comparison) -> dict[str, Any]:
        return {
            "address": self.address(self.url("compare", compared)),
            "on": self.day,
            "topic": compared.topic.slug,
            "proposition": compared.topic.proposition,
            "actors": [actor.slug for actor in compared.actors],
            "histories": [twins.of_history(told) for told in compared.histories],
            "pairs": [data_of(pair) for pair in compared.pairs],
        }


def figures_of(found: Agreement, said: tuple[int, int]) -> dict[str, Any]:
    """Give the figures; of days over which neither said anything only how many they are."""
    spoke = any(said)
    return {
        "days": found.days,
        "same_side_days": found.same_days,
        "same_side": rounded(found.share) if spoke else None,
        "mean_distance": rounded(found.mean_distance) if spoke else None,
    }


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def moved(pair: Pair) -> tuple[list[str], Any, Any]:
    """Name who moved first, when, and when the other did."""
    if pair.move is None:
        return [], None, None
    named = zip((pair.mine.actor.slug, pair.other.actor.slug), (pair.move.by_mine, pair.move.by_other), strict=True)
    return [slug for slug, it in named if it], pair.move.day, pair.move.followed_on


def data_of(pair: Pair) -> dict[str, Any]:
    who, day, followed = moved(pair)
    return {
        "actors": [pair.mine.actor.slug, pair.other.actor.slug],
        **figures_of(pair.whole, pair.statements),
        "statements": list(pair.statements),
        "both_spoke_days": pair.both_spoke,
        "last_day": pair.last_day,
        "years": [
            {"year": year, **figures_of(found, said), "statements": list(said)} for year, found, said in pair.by_year
        ],
        "moved_first": who,
        "moved_on": day,
        "followed_on": followed,
    }


def rows_of(compared: Comparison) -> Iterable[tuple[Any, ...]]:
    """Give a row for each pair as a whole, and one for each of its years."""
    for pair in compared.pairs:
        who, day, followed = moved(pair)
        names = (compared.topic.slug, pair.mine.actor.slug, pair.other.actor.slug)
        whole = figures_of(pair.whole, pair.statements).values()
        yield (*names, "", *whole, *pair.statements, " ".join(who), day, followed, pair.both_spoke, pair.last_day)
        for year, found, said in pair.by_year:
            yield (*names, year, *figures_of(found, said).values(), *said, "", "", "", "", "")
