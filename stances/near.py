"""Names that look like what was typed: in a search that found nothing, an address that leads nowhere, an import."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from stances.models import Actor, Source, Topic
from stances.search import Query

MOST_NAMES = 20_000
SHOWN = 5
LEAST_ALIKE = 0.3
SLUG_ALIKE = 0.5
MOST_SLUGS = 5_000
MOST_WORDS = 12


@dataclass(frozen=True)
class Near:
    """A thing whose name is like a word that was typed."""

    name: str
    url: str


def trigrams(word: str) -> set[str]:
    """Give the runs of three signs in a word, its beginning counted twice."""
    padded = f"  {word} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def alike(one: set[str], other: set[str]) -> float:
    """Tell how much of two words' trigrams is common, from 0 to 1."""
    return len(one & other) / len(one | other)


def near_names(query: Query) -> list[Near]:
    """Name the public actors and the topics whose names have a word most like one that was typed."""
    typed = [trigrams(word) for term in query.included for word in term.words if len(word) > 2]
    if not typed:
        return []
    actors = Actor.objects.order_by().values_list("pk", "name", "short_name", "aliases")[:MOST_NAMES]
    topics = Topic.objects.order_by().values_list("pk", "name", "short_name")[:MOST_NAMES]
    rows: list[tuple[type, int, str, list[set[str]]]] = []
    for model, listed in ((Actor, actors), (Topic, topics)):
        for pk, name, *others in listed:
            rows.append((model, pk, name, [trigrams(word) for word in " ".join((name, *others)).casefold().split()]))
    # A word that stands in a name is spelt right: what is looked for then is what the others were meant to be.
    exact = {pk for model, pk, _, words in rows if model is Actor and any(word in typed for word in words)}
    public = Actor.objects.public_among(exact) if exact else set()
    spelt = {frozenset(word) for model, pk, _, words in rows if model is Topic or pk in public for word in words}
    typed = [word for word in typed if frozenset(word) not in spelt] or typed
    scores = [
        (-max((alike(one, other) for one in typed for other in words), default=0.0), len(name), model, pk)
        for model, pk, name, words in rows
    ]
    likely = sorted((it for it in scores if it[0] <= -LEAST_ALIKE), key=lambda it: (it[0], it[1], it[3]))
    pks = {model: {pk for *_, found, pk in likely if found is model} for model in (Actor, Topic)}
    known = Actor.objects.public_among(pks[Actor]) if pks[Actor] else set()
    named: dict[tuple, Actor | Topic] = {(Actor, pk): row for pk, row in Actor.objects.in_bulk(known).items()}
    named |= {(Topic, pk): row for pk, row in Topic.objects.in_bulk(pks[Topic]).items()}
    found = [named[model, pk] for *_, model, pk in likely if (model, pk) in named]
    return [Near(row.name, row.get_absolute_url()) for row in found[:SHOWN]]


def near_slugs(model: type[Model], slug: str) -> list[Near]:
    """Name the public rows whose addresses have words most like those of an address that leads nowhere."""
    typed = [trigrams(word) for word in slug.lower().split("-") if word][:MOST_WORDS]
    if not typed:
        return []

    def likeness(other: str) -> float:
        words = [trigrams(word) for word in other.split("-")]
        return sum(max(alike(one, word) for word in words) for one in typed) / len(typed)

    rows = model._default_manager.order_by().values_list("pk", "slug")[:MOST_SLUGS]
    scores = sorted((-likeness(other), len(other), pk) for pk, other in rows)
    likely = [pk for score, _, pk in scores if score <= -SLUG_ALIKE]
    public = set(likely)
    if model is Actor:
        public = Actor.objects.public_among(public) if public else public
    elif model is Source:
        public = set(Source.objects.public().filter(pk__in=likely).values_list("pk", flat=True))
    found: dict[int, Any] = model._default_manager.in_bulk(public)
    return [Near(str(found[pk]), found[pk].get_absolute_url()) for pk in likely if pk in found][:SHOWN]


def nearest_slugs(model: type[Model], slugs: Collection[str]) -> dict[str, str]:
    """Give for each of these slugs the one most like it that stands, public or not, where one is like it."""
    standing = model._default_manager.order_by("slug").values_list("slug", flat=True)[:MOST_NAMES] if slugs else ()
    parts = {other: trigrams(other) for other in standing}
    found = {}
    for slug in slugs:
        typed = trigrams(slug)
        score, other = max(((alike(typed, of), other) for other, of in parts.items()), default=(0.0, ""))
        if score >= SLUG_ALIKE:
            found[slug] = other
    return found
