"""What a merge would do, before anybody does it: what moves, what meets, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q

from stances.merging import are_alike, differ, joint_aliases, meeting, pointers
from stances.models import Actor, Affiliation, FormerSlug, Source, Stance, Topic
from stances.models.actors import find_loop
from stances.moving import named

LISTED = 50
#: What a merge moves, by model and field.
LABELS = {
    ("affiliation", "actor"): "what it belongs to",
    ("affiliation", "of"): "who belongs to it",
    ("statement", "speaker"): "statements as speaker",
    ("statement", "source"): "statements found in it",
    ("stance", "actor"): "stances",
    ("stance", "topic"): "stances",
    ("source", "publisher"): "sources that it published",
    ("source", "found_in"): "sources found in it",
    ("topic", "group"): "topics that concern it as a group",
    ("topic", "candidate"): "topics that name it as candidate",
    ("topic", "parent"): "topics under it",
}


@dataclass
class Moving:
    """Rows of one kind that would move: how many, and the first of them."""

    label: str
    count: int
    rows: list[Any]

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@dataclass
class Preview:
    """All that a merge would do."""

    moving: list[Moving] = field(default_factory=list)
    folded: list[tuple[Stance, Stance]] = field(default_factory=list)
    differing: list[tuple[Stance, Stance]] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look_ahead(source: Any, target: Any) -> Preview:
    """Say what merging `source` into `target` would do; it takes a number of queries that does not grow with rows."""
    made = Preview()
    model = type(source)
    if model is not type(target) or source.pk == target.pk:
        made.obstacles.append("Merge two different rows of one kind.")
        return made
    pairs = meeting(source, target)
    for stance, twin in pairs:
        (made.folded if are_alike(stance, twin) else made.differing).append((stance, twin))
    for pointer in pointers(model):
        rows = pointer.model._base_manager.filter(**{pointer.name: source}).order_by("pk")
        if pointer.model is model:
            rows = rows.exclude(pk=target.pk)  # it takes the place of what it stood under
        if pointer.model is Stance:
            rows = rows.exclude(pk__in=[stance.pk for stance, _ in pairs])
        if pointer.model is Source:
            rows = rows.defer("text")
        if count := rows.count():
            label = LABELS.get((pointer.model._meta.model_name or "", pointer.name), str(pointer.verbose_name))
            made.moving.append(Moving(label, count, list(named(rows)[:LISTED])))
    if hasattr(target, "aliases"):
        made.aliases = joint_aliases(source, target).splitlines()
    former = FormerSlug.objects.for_model(model).filter(**{str(model._meta.model_name): source})
    made.addresses = [source.slug, *former.values_list("slug", flat=True)[:LISTED]]
    if getattr(source, "kind", None) != getattr(target, "kind", None):
        made.notes.append(f"“{source}” is of the kind {source.kind}, “{target}” of the kind {target.kind}.")
    made.obstacles = _obstacles(source, target) + [differ(stance, twin) for stance, twin in made.differing[:LISTED]]
    return made


def _obstacles(source: Any, target: Any) -> list[str]:
    if isinstance(source, Actor):
        return _of_affiliations(source, target)
    told = []
    above = "parent_id" if isinstance(source, Topic) else "found_in_id"
    if _stands_far_under(target, source, above):
        told.append(f"“{target}” stands under “{source}”, with others between them: merge it the other way round.")
    if isinstance(source, Source) and target.published_on:
        late = source.statements.filter(latest__gt=target.published_on)
        if late.exists():
            keys = ", ".join(late.order_by("key").values_list("key", flat=True)[:LISTED])
            told.append(f"Said after {target.published_on}, when “{target}” was published: {keys}.")
    if isinstance(source, Source) and target.text:
        told += [
            f"Statement {statement.key}: {' '.join(problems.values())}"
            for statement in source.statements.order_by("key")
            if (problems := statement.problems_in(target.text))
        ]
    return told[:LISTED]


def _of_affiliations(source: Actor, target: Actor) -> list[str]:
    both = Q(actor=source, of=target) | Q(actor=target, of=source)
    told = [
        f"“{tie}” ties the two to each other." for tie in Affiliation.objects.filter(both).select_related("actor", "of")
    ]
    if not told and (find_loop([(source.pk, target.pk)]) or find_loop([(target.pk, source.pk)])):
        told.append(f"“{source}” and “{target}” belong to each other through others.")
    for side, far in (("actor", "of"), ("of", "actor")):
        twin = Affiliation.objects.filter(**{side: target, far: OuterRef(far)}, title=OuterRef("title"))
        held = Affiliation.objects.filter(**{side: source}).select_related("actor", "of").order_by("pk")
        doubled = held.filter(
            Exists(twin.filter(start=OuterRef("start"))) | Q(start=None) & Exists(twin.filter(start=None))
        )
        told += [f"“{row}” is recorded for both: delete one of the two." for row in doubled[:LISTED]]
    return told


def _stands_far_under(lower: Any, upper: Any, above: str) -> bool:
    """Tell whether a row stands under another with others between: one that stands right under it takes its place."""
    parents = dict(type(lower)._base_manager.exclude(**{above: None}).order_by().values_list("pk", above))
    steps, at, seen = 0, lower.pk, set()
    while at in parents and at not in seen:
        seen.add(at)
        at, steps = parents[at], steps + 1
        if at == upper.pk:
            return steps > 1
    return False
