"""Positions over time, computed from stances and never written by hand, and the version of the public data."""

from __future__ import annotations

import datetime as dt
import functools

from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from stances.models.actors import Actor
from stances.models.curated import one_of
from stances.models.topics import Topic
from stances.vocabulary import ChangeKind, Value, Voice

TERMED = Q(value__in=[1, -1], terms__in=["proviso", "time", "scope", "leaning"])


class PositionQuerySet(models.QuerySet):
    def own(self):
        return self.filter(voice=Voice.OWN)

    def on(self, day: dt.date):
        """Keep the positions held on a day."""
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)

    def with_record(self):
        """Add in how many `statements` a position was held, when it was `last_stated_then`, and `asked_on`: no day."""
        whenever = models.Value(None, output_field=models.DateField())
        return self.annotate(statements=F("confirmations") + 1, last_stated_then=F("last_stated_on"), asked_on=whenever)

    def with_record_on(self, day: dt.date):
        """Add the same as it was on a day, when later words were not yet said, and the `latest` stance by then."""
        from stances.models.statements import Role, Stance

        record = (
            Stance.objects.in_series()
            .filter(
                actor=models.OuterRef("actor"),
                topic=models.OuterRef("topic"),
                attribution=models.OuterRef("voice"),
                role__in=[Role.OPENED, Role.CONFIRMED],
                stated_on__gte=models.OuterRef("since"),
                stated_on__lte=day,
            )
            .order_by("-stated_on")
        )
        counted = record.order_by().values("actor").annotate(n=models.Count("pk")).values("n")
        ended = Q(last_stated_on__lte=day)  # all was said by then: the row itself tells how often, and when last
        return self.annotate(
            statements=models.Case(models.When(ended, then=F("confirmations") + 1), default=models.Subquery(counted)),
            last_stated_then=models.Case(
                models.When(ended, then=F("last_stated_on")), default=models.Subquery(record.values("stated_on")[:1])
            ),
            latest=models.Subquery(record.values("pk")[:1]),
            asked_on=models.Value(day, output_field=models.DateField()),
        )

    def with_before(self):
        """Add since when the position before was held, and the stance, and its statement's key, that stated it last."""
        return self.annotate(**_before())

    def first_of_series(self):
        """Keep the first position of each series, by which it is known who spoke on what."""
        return self.filter(previous_value=None)

    def changes(self):
        """Keep own positions that replaced another one."""
        return self.own().filter(previous_value__isnull=False)

    def with_evidence(self):
        """Load what a row shows, so that rendering adds no query."""
        return self.select_related(
            "actor",
            "topic",
            "opening__statement__speaker",
            "opening__statement__source__publisher",
        ).defer("opening__statement__source__text", "topic__coding_notes", "topic__about")


@functools.cache
def _before() -> dict[str, models.Subquery]:
    """Say of each column what it is in the position before; made once, as it takes longer than to ask."""
    from stances.models.statements import Role, Stance

    series = {name: models.OuterRef(name) for name in ("actor", "topic")}
    before = Position.objects.filter(**series, voice=models.OuterRef("voice"), since__lt=models.OuterRef("since"))
    words = (
        Stance.objects.in_series()
        .filter(
            **series,
            attribution=models.OuterRef("voice"),
            role__in=[Role.OPENED, Role.CONFIRMED],
            stated_on__lt=models.OuterRef("since"),
        )
        .order_by("-stated_on")
    )
    return {
        "before_since": models.Subquery(before.order_by("-since").values("since")[:1]),
        "before_stance": models.Subquery(words.values("pk")[:1]),
        "before_key": models.Subquery(words.values("statement__key")[:1]),
    }


class Position(models.Model):
    """What an actor held on a topic from `since` until the day before `until`, computed from its stances."""

    actor = models.ForeignKey(Actor, models.CASCADE, related_name="positions")
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="positions")
    voice = models.CharField(max_length=8, choices=Voice)
    since = models.DateField()
    until = models.DateField(null=True, help_text="The next position's first day; empty while it stands.")
    value = models.SmallIntegerField("position", choices=Value)
    terms = models.CharField(max_length=8, blank=True)
    opening = models.ForeignKey("Stance", models.CASCADE, related_name="opened")
    previous_value = models.SmallIntegerField("position before", null=True, choices=Value)
    previous_terms = models.CharField("terms before", max_length=8, blank=True)
    kind = models.CharField("kind of change", max_length=8, choices=ChangeKind)
    confirmations = models.PositiveIntegerField(default=0)
    last_stated_on = models.DateField()

    objects = PositionQuerySet.as_manager()

    class Meta:
        ordering = ["-since", "-id"]
        constraints = [
            one_of("voice", Voice, "position"),
            one_of("kind", ChangeKind, "position"),
            models.UniqueConstraint(fields=["actor", "topic", "voice", "since"], name="position_unique"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="position_until_after_since"
            ),
            models.CheckConstraint(condition=TERMED | Q(value__in=[2, 0, -2], terms=""), name="position_terms_valid"),
            models.CheckConstraint(
                condition=Q(previous_value=None, kind=ChangeKind.FIRST)
                | (Q(previous_value__isnull=False) & ~Q(kind=ChangeKind.FIRST)),
                name="position_first_has_none_before",
            ),
            models.CheckConstraint(condition=Q(last_stated_on__gte=F("since")), name="position_stated_since"),
        ]
        indexes = [
            models.Index(
                F("since").desc(),
                F("id").desc(),
                name="position_latest_changes",
                condition=Q(voice="own", previous_value__isnull=False),
            ),
            models.Index(
                F("actor"),
                F("since").desc(),
                F("id").desc(),
                name="position_actor_changes",
                condition=Q(voice="own", previous_value__isnull=False),
            ),
            models.Index(F("since").desc(), F("id").desc(), name="position_by_date"),
            models.Index(
                F("topic"),
                F("since").desc(),
                F("id").desc(),
                F("actor"),
                F("kind"),
                name="position_topic_changes",
                condition=Q(voice="own", previous_value__isnull=False),
            ),
            # The last columns are there to be counted without a look at the rows.
            models.Index("topic", "since", "until", "voice", "value", "actor", name="position_as_of"),
            # One row a series: who spoke on what.
            models.Index("topic", "actor", name="position_series", condition=Q(previous_value=None)),
        ]

    def __str__(self):
        return f"{self.actor_id} on {self.topic_id} since {self.since}"

    @property
    def last_day(self) -> dt.date | None:
        """The last day on which it was held; none while it stands."""
        return self.until - dt.timedelta(days=1) if self.until else None

    @property
    def size(self) -> int | None:
        """How far a change went: the new value less the old, -4 to 4."""
        return None if self.previous_value is None else self.value - self.previous_value


#: A number, and a time as the database has it.
State = tuple[int, dt.datetime | str]


class PublicVersionManager(models.Manager):
    def lock(self) -> None:
        """Wait for other writers of public data, and keep them out until the transaction ends."""
        if self.select_for_update().filter(pk=1).first() is None:
            self.bulk_create([PublicVersion(pk=1)], ignore_conflicts=True)
            self.select_for_update().get(pk=1)

    def bump(self) -> None:
        self.filter(pk=1).update(number=F("number") + 1, changed_at=timezone.now())

    def changed_at(self) -> dt.datetime:
        return self.filter(pk=1).values_list("changed_at", flat=True).first() or timezone.now()

    def current(self) -> int:
        return self.filter(pk=1).values_list("number", flat=True).first() or 0

    def state(self) -> State | None:
        """Give the number and when it was reached, by which a state of the public data is known; each page asks."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT number, changed_at FROM stances_publicversion WHERE id = 1")
            return cursor.fetchone()


class PublicVersion(models.Model):
    """The version of the public data, one row: its lock orders the writers, its number tells caches what is new."""

    number = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = PublicVersionManager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="public_version_one_row")]

    def __str__(self):
        return str(self.number)
