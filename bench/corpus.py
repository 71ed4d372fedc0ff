"""A synthetic corpus: many governments, spread over the topics of the desk's own fixture."""

import datetime as dt
import random

from django.core.management import call_command
from django.db import models
from django.utils import timezone

from stances import positions
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.vocabulary import WORDS
from stances.writes import public_write

GOVERNMENTS = 200
BATCH = 2000


def fill(statements: int, *, seed: int = 1) -> None:
    """Migrate an empty database, load the desk's fixture, and add published statements, 1.2 stances each."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    call_command("migrate", verbosity=0)
    call_command("loaddata", "aukus", verbosity=0)
    topics = list(Topic.objects.values_list("pk", flat=True))
    with public_write():
        actors = Actor.objects.bulk_create(
            Actor(slug=f"bench-{n}", kind="government", name=f"Government {n}") for n in range(GOVERNMENTS)
        )
        sources = Source.objects.bulk_create(
            Source(slug=f"bench-{n}", title=f"Article {n}", published_on=dt.date(2025, 12, 31))
            for n in range(max(1, statements // 10))
        )
        for start in range(0, statements, BATCH):
            numbers = range(start, min(statements, start + BATCH))
            made = [_statement(number, chance, actors, sources) for number in numbers]
            models.QuerySet.bulk_create(Statement._base_manager.all(), made)
            stances = [stance for statement in made for stance in _stances(statement, chance, topics)]
            Stance.prepare(stances)
            models.QuerySet.bulk_create(Stance._base_manager.all(), stances)
        positions.rebuild()


def _statement(number: int, chance: random.Random, actors: list, sources: list) -> Statement:
    day = dt.date(2015, 1, 1) + dt.timedelta(days=chance.randrange(4000))
    return Statement(
        key=f"bench-statement-{number}",
        source=chance.choice(sources),
        speaker=chance.choice(actors),
        earliest=day,
        latest=day,
        form="direct",
        authority=chance.choice(["head", "minister", "official"]),
        quote="We have said what we have said, and say it again.",
        summary=f"The speaker says what the speaker has to say, for the {number}th time.",
        status="published",
        published_at=timezone.now(),
    )


def _stances(statement: Statement, chance: random.Random, topics: list[int]) -> list[Stance]:
    chosen = chance.sample(topics, 2 if chance.random() < 0.2 else 1)
    return [
        Stance(
            statement=statement,
            actor_id=statement.speaker_id,
            topic_id=topic,
            position=position,
            terms=terms,
            attribution="own" if chance.random() < 0.8 else "reported",
        )
        for topic in chosen
        for position, terms in [chance.choice(list(WORDS))]
    ]
