"""Actors, and the affiliations that say who belongs to whom, and when."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from stances import dialects, search
from stances.models.addresses import address
from stances.models.curated import (
    CuratedModel,
    CuratedQuerySet,
    SluggedModel,
    SluggedQuerySet,
    any_of,
    one_of,
    recorded,
)
from stances.vocabulary import ActorKind, Authority
from stances.wording import with_article
from stances.writes import Pair, PublicWrite, public_write

if TYPE_CHECKING:
    from stances.changes import Change


@functools.cache
def _named_in_public() -> Q:
    """Ask whether the public data names an actor itself; made once, as it takes longer to write than to answer."""
    from stances.models.sources import Source
    from stances.models.statements import Stance
    from stances.models.topics import Topic

    def named(rows, field: str) -> Q:
        return any_of(rows.filter(**{field: models.OuterRef("pk")}))

    return (
        named(Stance.objects.public(), "actor")
        | named(Stance.objects.public(), "speaker")
        | named(Source.objects.public(), "publisher")
        | named(Topic.objects.all(), "group")
        | named(Topic.objects.all(), "candidate")
        | named(Affiliation.objects.filter(of__topics_concerning__isnull=False), "actor")
    )


def _reached(frontier: set[int], ties: Mapping[int, set[int]]) -> set[int]:
    """Collect those to whom ties lead from some actors, at whatever remove."""
    reached: set[int] = set()
    while frontier:
        frontier = {tied for pk in frontier for tied in ties.get(pk, ())} - reached
        reached |= frontier
    return reached


class ActorQuerySet(SluggedQuerySet):
    def governments(self):
        return self.filter(kind=ActorKind.GOVERNMENT)

    def public(self):
        """Keep whom a reader may know of: who speaks or is spoken of in public, and what such an actor belongs to.

        An actor known only from drafts is left out; a member of a group that a topic concerns stands in its table and
        is not. Affiliations lead upwards: a person to a ministry, the ministry to a government, the government to a
        group. These are few, and of them alone it is asked who belongs to them. Whoever heads a government that is
        public without its head is public, too.
        """
        above = set(Affiliation.objects.order_by().values_list("of_id", flat=True).distinct())
        known = Actor._base_manager.all()._known_among(above)
        pairs = Affiliation.objects.heading().values_list("actor_id", "of_id")
        heads = {head for head, government in pairs if government in known}
        return self.filter(Q(pk__in=dialects.among(known | heads)) | _named_in_public())

    def are_public(self) -> bool:
        """Tell whether `public()` keeps any of these; asked of each write, it climbs down from them alone."""
        of_these = set(self.order_by().values_list("pk", flat=True))
        headed = Affiliation.objects.filter(actor__in=of_these, authority=Authority.HEAD, of__kind=ActorKind.GOVERNMENT)
        seen: set[int] = set()
        frontier = of_these | set(headed.order_by().values_list("of_id", flat=True))
        while frontier:
            if Actor._base_manager.filter(pk__in=frontier).filter(_named_in_public()).exists():
                return True
            seen |= frontier
            below = Affiliation.objects.filter(of__in=frontier).order_by()
            frontier = set(below.values_list("actor_id", flat=True)) - seen
        return False

    def public_among(self, pks: set[int]) -> set[int]:
        """Tell which of a few actors are public; most have a stance, which is quickly seen.

        Of the rest, those whom the public data do not name are so by whoever belongs to them, at whatever remove, or as
        heads of a government that is public without them.
        """
        known = self._known_among(pks)
        if rest := pks - known:
            heading = set(Affiliation.objects.heading().filter(actor__in=rest).values_list("actor_id", "of_id"))
            governments = Actor.objects.all()._known_among({government for _, government in heading})
            known |= {head for head, government in heading if government in governments}
        return known

    def _known_among(self, pks: set[int]) -> set[int]:
        from stances.models.statements import Stance

        few = self.filter(pk__in=dialects.among(pks)).order_by().values_list("pk", flat=True)
        known = set(few.filter(any_of(Stance.objects.public().filter(actor=models.OuterRef("pk")))))
        if rest := pks - known:
            known |= set(few.filter(_named_in_public(), pk__in=dialects.among(rest)))
        if rest := pks - known:
            under: dict[int, set[int]] = {}
            for lower, upper in Affiliation.objects.order_by().values_list("actor_id", "of_id"):
                under.setdefault(upper, set()).add(lower)
            below = {pk: _reached({pk}, under) for pk in rest}
            lowers = Actor._base_manager.filter(_named_in_public(), pk__in=dialects.among(set().union(*below.values())))
            named = set(lowers.values_list("pk", flat=True))
            known |= set(few.filter(pk__in=[pk for pk in rest if below[pk] & named]))
        return known

    def spoken_series(self) -> set[Pair]:
        """Name the series in which these actors speak: whether a speaker is a group ranks its words."""
        from stances.models.statements import Stance

        spoken = Stance.objects.public().filter(speaker__in=self.order_by())
        return set(spoken.values_list("actor_id", "topic_id").distinct())

    def update(self, **values) -> int:
        with public_write() as write:
            if "kind" in values:
                write.touch(self._pinned().spoken_series())
            return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def search(self, text: str):
        """Keep those whose names, aliases or ISO code a text finds; the last word may be a beginning."""
        return search.filtered(self, search.ACTORS, text, begun=True)


class Actor(SluggedModel):
    """A government, body, group of governments, person or publication that speaks or is spoken of."""

    kind = models.CharField(
        max_length=12,
        choices=ActorKind,
        help_text="Body: a ministry, embassy, agency or company. Group: governments that speak together.",
    )
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=60, blank=True, help_text="For narrow places, where the name is long.")
    iso = models.CharField(
        "ISO code",
        max_length=3,
        blank=True,
        validators=[RegexValidator(r"\A[A-Z]{3}\Z", "Three capital letters, as in ISO 3166-1 alpha-3.")],
        help_text="ISO 3166-1 alpha-3, for governments only: AUS, GBR.",
    )
    aliases = models.TextField(blank=True, help_text="Other names that find it, one on each line.")
    wikidata = models.CharField(
        "Wikidata id",
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"\AQ[1-9][0-9]*\Z", "A Wikidata id is Q and a number.")],
    )

    objects = ActorQuerySet.as_manager()
    history = recorded()

    class Meta(SluggedModel.Meta):
        abstract = False
        ordering = ["name", "id"]
        permissions = [("merge_actor", "Can merge two actors, topics or sources")]
        constraints = [
            one_of("kind", ActorKind, "actor"),
            models.CheckConstraint(
                condition=Q(iso="") | Q(kind=ActorKind.GOVERNMENT),
                name="actor_iso_of_government",
                violation_error_message="Only a government has an ISO code.",
            ),
            models.UniqueConstraint(
                fields=["iso"],
                condition=~Q(iso=""),
                name="actor_iso_unique",
                violation_error_message="Another government has this ISO code.",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="actor_name_given", violation_error_message="An actor needs a name."
            ),
        ]
        indexes = [models.Index("name", "id", name="actor_by_name")]

    def __str__(self):
        return self.name

    def note_new(self, write: PublicWrite) -> None:
        pass  # readers know an actor by what refers to it alone

    def before_save(self) -> None:
        super().before_save()
        if self.pk is None:
            return
        stored = Actor.objects.filter(pk=self.pk).exclude(kind=self.kind)
        with public_write() as write:
            write.touch(stored.spoken_series())

    @property
    def in_sentence(self) -> str:
        """Write the name as it stands inside a sentence: "the United Kingdom"."""
        return with_article(self.name) if self.kind == ActorKind.GOVERNMENT else self.name

    def get_absolute_url(self):
        return address("actor", self.slug)

    @property
    def label(self) -> str:
        return self.short_name or self.name

    @property
    def alias_list(self) -> list[str]:
        return [line.strip() for line in self.aliases.splitlines() if line.strip()]

    def merge_into(self, target: Actor, *, by=None) -> Change:
        """Move all that rests on this actor to `target`, leave the address behind, and end it.

        Raises ValidationError, naming the statements, where both have differing stances in one statement, or where an
        affiliation would tie the target to itself; nothing is written then.
        """
        from stances.merging import merge

        return merge(self, target, by=by)


class AffiliationQuerySet(CuratedQuerySet):
    def heading(self):
        """Keep the offices of heads of governments, in no order."""
        return self.filter(authority=Authority.HEAD, of__kind=ActorKind.GOVERNMENT).order_by()

    def on(self, day: dt.date):
        """Keep those that hold on a day; the end is exclusive."""
        return self.filter(Q(start=None) | Q(start__lte=day), Q(end=None) | Q(end__gt=day))

    def are_public(self) -> bool:
        """Tell whether readers know of any whom these tie to another: who is unknown is in nobody's list."""
        return Actor._base_manager.filter(pk__in=self.order_by().values("actor")).are_public()

    def get_by_natural_key(self, actor: str, of: str, title: str, start: str | None):
        return self.get(actor__slug=actor, of__slug=of, title=title, start=start)


class Affiliation(CuratedModel):
    """An actor belongs to another: an office held, an embassy of a government, a member of a group."""

    actor = models.ForeignKey(Actor, models.PROTECT, related_name="affiliations")
    of = models.ForeignKey(Actor, models.PROTECT, related_name="members", help_text="The government, body or group.")
    title = models.CharField(max_length=200, help_text="As in “Minister for Defence”, “embassy”, “member”.")
    authority = models.CharField(
        max_length=12,
        choices=Authority,
        blank=True,
        help_text="With what authority it speaks for that actor. Empty for a member of a group.",
    )
    start = models.DateField("first day", null=True, blank=True, help_text="Empty: not known, or always.")
    end = models.DateField("end", null=True, blank=True, help_text="The first day it holds no more. Empty: it goes on.")

    objects = AffiliationQuerySet.as_manager()
    history = recorded()

    class Meta(CuratedModel.Meta):
        abstract = False
        ordering = ["of", "start", "id"]
        constraints = [
            one_of("authority", Authority, "affiliation", blank=True),
            models.CheckConstraint(
                condition=Q(start=None) | Q(end=None) | Q(end__gt=F("start")),
                name="affiliation_ends_after_start",
                violation_error_message="An affiliation ends after it begins.",
            ),
            models.CheckConstraint(
                condition=~Q(actor=F("of")),
                name="affiliation_of_another",
                violation_error_message="An actor is not affiliated to itself.",
            ),
            models.UniqueConstraint(
                fields=["actor", "of", "title", "start"],
                name="affiliation_unique",
                violation_error_message="This affiliation, with this title and first day, is recorded already.",
            ),
            models.UniqueConstraint(
                fields=["actor", "of", "title"],
                condition=Q(start=None),
                name="affiliation_unique_open_start",
                violation_error_message="This affiliation, with this title and no first day, is recorded already.",
            ),
        ]

    def __str__(self):
        return f"{self.actor}, {self.title}, {self.of}"

    def natural_key(self):
        return (self.actor.slug, self.of.slug, self.title, self.start and self.start.isoformat())

    natural_key.dependencies = ["stances.actor"]  # type: ignore[attr-defined]

    def clean(self):
        super().clean()
        if self.actor_id and self.of_id and self.actor_id != self.of_id:
            self.refuse_loop()

    def before_save(self) -> None:
        super().before_save()
        self.refuse_loop()

    def refuse_loop(self) -> None:
        """Raise ValidationError where the other actor belongs, directly or through others, to this one."""
        if loop := find_loop([(self.actor_id, self.of_id)], exclude=self.pk):
            names = " → ".join(Actor.objects.in_bulk(loop)[pk].name for pk in loop)
            raise ValidationError({"of": f"These affiliations would form a loop: {names}."})


def find_loop(edges: list[tuple[int, int]], *, exclude: int | None = None) -> list[int]:
    """Walk up from the new edges' heads through what is stored; give the actors of a loop, or nothing."""
    for start, head in edges:
        paths = {head: [start, head]}
        frontier = [head]
        while frontier:
            if start in frontier:
                return paths[start]
            stored = Affiliation.objects.filter(actor__in=frontier).exclude(pk=exclude)
            frontier = []
            for lower, upper in stored.order_by("pk").values_list("actor_id", "of_id"):
                if upper not in paths:
                    paths[upper] = [*paths[lower], upper]
                    frontier.append(upper)
    return []
