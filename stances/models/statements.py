"""Statements, the coded passages, with the stances they show and the verbs of their life."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import shorten

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import RegexValidator
from django.db import NotSupportedError, models
from django.db.models import F, OuterRef, ProtectedError, Q, Subquery
from django.utils import timezone

from stances import search
from stances.dates import PartialDate, today
from stances.models.actors import Actor
from stances.models.addresses import address
from stances.models.curated import CuratedModel, CuratedQuerySet, one_of, recorded
from stances.models.sources import Source
from stances.models.topics import Topic
from stances.passages import GAP, find_pieces
from stances.vocabulary import Authority, Basis, Form, Status, Terms, Value, Voice, wording
from stances.writes import Pair, PublicWrite, public_write

validate_key = RegexValidator(
    r"\A[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*\Z", "ASCII letters, digits, hyphens and underscores; it never changes."
)
validate_locator = RegexValidator(
    r"\A[1-9][0-9]*(-[1-9][0-9]*)?(, [1-9][0-9]*(-[1-9][0-9]*)?)*\Z",
    "Numbers of paragraphs, from 1: “4”, “2-7”, or “2-3, 6”.",
)
#: So many rows are looked at for each that is wanted.
LOOKED_AT = 20
STAYS = "A stance stays with its statement: make one there, and delete this one."


class StatementQuerySet(CuratedQuerySet):
    def update(self, **values) -> int:
        if "key" in values:
            raise NotSupportedError("A statement's key never changes.")
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def published(self):
        return self.filter(status=Status.PUBLISHED)

    def search(self, text: str):
        """Keep the published ones whose words, summary, occasion, speaker or source a text finds."""
        return search.filtered(self, search.STATEMENTS, text)

    def with_evidence(self):
        """Load what a page shows of a statement, so that rendering adds no query."""
        stances = Stance.objects.select_related("actor", "topic").order_by("topic__rank", "id")
        return (
            self.select_related("speaker", "source__publisher", "source__found_in", "repeats")
            .defer("source__text", "source__found_in__text")
            .prefetch_related(models.Prefetch("stances", stances))
        )

    def get_by_natural_key(self, key: str):
        return self.get(key=key)

    def series(self) -> set[Pair]:
        stances = Stance.objects.filter(statement__in=self.order_by())
        return set(stances.values_list("actor_id", "topic_id"))

    def are_public(self) -> bool:
        return self.filter(published_at__isnull=False).exists()

    def synchronise(self) -> None:
        Stance.objects.filter(statement__in=self.order_by()).copy_from_statements()

    def refuse_to_delete(self) -> None:
        if kept := list(self.filter(published_at__isnull=False)[:20]):
            raise ProtectedError("What was published is retracted, with a reason, and never deleted.", set(kept))


#: Why a repeat was changed: what it repeated was retracted, and the first of the repeats took its place.
WAS_RETRACTED = "{} was retracted"
#: A quotation of fewer words is followed by the summary.
FEWEST_WORDS = 8


class Statement(CuratedModel):
    """A passage of a source in which one speaker, on one occasion, takes, reports or implies a position."""

    key = models.CharField(
        max_length=120,
        unique=True,
        blank=True,
        validators=[validate_key],
        help_text="Its address, for ever. Empty: the source's slug and the next number.",
        error_messages={"unique": "Another statement has this key."},
    )
    source = models.ForeignKey(Source, models.PROTECT, related_name="statements")
    # An index of its own by speaker and day, below, finds these too.
    speaker = models.ForeignKey(
        Actor, models.PROTECT, related_name="statements", db_index=False, help_text="Who said it."
    )
    earliest = models.DateField("earliest day", null=True, blank=True)
    latest = models.DateField("latest day")
    occasion = models.CharField(max_length=200, blank=True, help_text="As in “news conference” or “interview”.")
    form = models.CharField(
        max_length=8,
        choices=Form,
        default=Form.INDIRECT,
        help_text="Direct: the speaker's own words stand in quotation marks.",
    )
    authority = models.CharField(max_length=12, choices=Authority, help_text="With what authority, as of the day.")
    quote = models.TextField(
        blank=True,
        help_text="Only words between quotation marks, as printed; pieces that do not adjoin are joined by “ … ”. "
        "Empty for indirect speech and for a deed.",
    )
    locator = models.CharField(
        "paragraphs",
        max_length=40,
        blank=True,
        validators=[validate_locator],
        help_text="Of the article's body, from 1: “4”, “2-7”, or “2-3, 6”.",
    )
    start = models.PositiveIntegerField(
        "first character", null=True, blank=True, help_text="Offset in the source's text, in code points."
    )
    end = models.PositiveIntegerField("end character", null=True, blank=True)
    summary = models.TextField(
        help_text="One or two plain, neutral sentences in the coder's own words, readable alone."
    )
    # An index of its own, below, holds repeats alone, as most statements are none.
    repeats = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="repeated_by",
        help_text="The statement whose words are printed here again. It must be no repeat itself.",
    )
    primary_url = models.URLField(
        "primary text", max_length=500, blank=True, help_text="Transcript or communiqué, where known."
    )
    language = models.CharField(
        max_length=12,
        default="en",
        validators=[RegexValidator(r"\A[a-z]{2,3}(-[A-Za-z0-9]+)*\Z", "A language tag, as in “en” or “ja”.")],
        help_text="Language of the words as quoted here.",
    )
    translated = models.BooleanField(default=False, help_text="The words are a translation.")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    coder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="statements_coded"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="statements_reviewed",
    )
    review_comment = models.TextField("comment", blank=True, editable=False)
    retraction_reason = models.TextField(blank=True, editable=False)
    published_at = models.DateTimeField("first published", null=True, blank=True, editable=False)

    objects = StatementQuerySet.as_manager()
    history = recorded()

    class Meta(CuratedModel.Meta):
        abstract = False
        ordering = ["-latest", "-id"]
        permissions = [
            ("submit_statement", "Can submit a statement for review"),
            ("review_statement", "Can publish a statement or return it to its coder"),
            ("retract_statement", "Can retract a published statement"),
        ]
        constraints = [
            one_of("form", Form, "statement"),
            one_of("authority", Authority, "statement"),
            one_of("status", Status, "statement"),
            models.CheckConstraint(
                condition=Q(earliest=None) | Q(earliest__lte=F("latest")),
                name="statement_earliest_not_after_latest",
                violation_error_message="The earliest day is not after the latest.",
            ),
            models.CheckConstraint(
                condition=Q(form=Form.DIRECT) & ~Q(quote="") | ~Q(form=Form.DIRECT) & Q(quote=""),
                name="statement_quote_if_direct",
                violation_error_message="A direct quotation needs its words; indirect speech and a deed have no quote.",
            ),
            models.CheckConstraint(
                condition=Q(repeats=None) | ~Q(repeats=F("id")),
                name="statement_not_repeating_itself",
                violation_error_message="A statement does not repeat itself.",
            ),
            models.CheckConstraint(
                condition=Q(start=None, end=None) | Q(start__isnull=False, end__isnull=False, end__gt=F("start")),
                name="statement_offsets_in_order",
                violation_error_message="The offsets are both empty, or the end comes after the start.",
            ),
            models.CheckConstraint(
                condition=~Q(key=""), name="statement_key_given", violation_error_message="A statement needs its key."
            ),
            models.CheckConstraint(
                condition=~Q(summary=""),
                name="statement_summary_given",
                violation_error_message="A statement needs its summary.",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.RETRACTED) | ~Q(retraction_reason=""),
                name="statement_retracted_with_reason",
                violation_error_message="A retraction needs its reason.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[Status.PUBLISHED, Status.RETRACTED]) | Q(published_at__isnull=False),
                name="statement_published_at_given",
                violation_error_message="What is or was published tells since when.",
            ),
        ]
        indexes = [
            models.Index("status", "latest", name="statement_by_status"),
            models.Index("speaker", "latest", name="statement_by_speaker"),
            models.Index("repeats", "status", name="statement_repeats", condition=Q(repeats__isnull=False)),
            models.Index("form", name="statement_by_form", condition=Q(status=Status.PUBLISHED)),
            models.Index("authority", name="statement_by_authority", condition=Q(status=Status.PUBLISHED)),
            models.Index(F("latest").desc(), F("id").desc(), name="statement_by_date"),
            # An "or" of equals is written by PostgreSQL in the same way when the index is taken away and made again.
            models.Index(
                "id",
                "status",
                name="statement_unpublished",
                condition=Q(status=Status.DRAFT) | Q(status=Status.SUBMITTED),
            ),
            models.Index(
                F("latest").desc(), F("id").desc(), name="statement_commented", condition=~Q(review_comment="")
            ),
        ]

    def __str__(self):
        return f"{self.key}: {shorten(self.summary, 60, placeholder='…')}"

    def get_absolute_url(self):
        return address("statement", self.key)

    def natural_key(self):
        return (self.key,)

    @property
    def date(self) -> PartialDate:
        return PartialDate(self.earliest, self.latest)

    @date.setter
    def date(self, date: PartialDate) -> None:
        self.earliest, self.latest = date.earliest, date.latest

    @property
    def quote_pieces(self) -> list[str]:
        return self.quote.split(GAP) if self.quote else []

    @property
    def is_fragment(self) -> bool:
        """Tell whether so few words are quoted that nobody understands them alone."""
        return bool(self.quote) and sum(len(piece.split()) for piece in self.quote_pieces) < FEWEST_WORDS

    @property
    def is_public(self) -> bool:
        return self.status == Status.PUBLISHED

    def is_own_and_public(self, user) -> bool:
        """Tell whether it is public and a user's own: a second person changes it, as a second person published it."""
        return self.is_public and self.coder_id == user.pk and not settings.ONE_PERSON_DESK

    def clean(self):
        super().clean()
        errors = self.problems()
        if problem := self.problem_of_key():
            errors["key"] = problem
        if errors:
            raise ValidationError(errors)

    def validate_constraints(self, exclude=None):
        if self._state.adding and not self.key:
            exclude = {*(exclude or ()), "key"}  # it is given under the lock, as the row is written
        super().validate_constraints(exclude=exclude)

    def problems(self) -> dict[str, str]:
        """Say, by field, what does not agree with the day, with the source, or with what it repeats."""
        errors = self.problems_in_source()
        if self.latest and self.latest > today():
            errors["latest"] = f"{self.latest} is still to come."
        if self.repeats_id and (problem := self.problem_of_repeat()):
            errors["repeats"] = problem
        return errors

    def problem_of_key(self) -> str:
        """Say what is wrong with the key, or nothing."""
        if self.pk and not self._state.adding:
            stored = Statement.objects.filter(pk=self.pk).values_list("key", flat=True).first()
            return f"The key “{stored}” never changes." if stored and stored != self.key else ""
        # One that comes back from the bin, as the row that it was, keeps its own.
        if self.key and Statement.history.filter(key=self.key).exclude(id=self.pk).exists():
            return f"The key “{self.key}” was used before, and is never used again."
        return ""

    def problem_of_repeat(self) -> str:
        """Say what is wrong with the statement that this one repeats, or nothing."""
        if self.repeats_id is None or self.repeats is None:
            return ""
        if self.repeats_id == self.pk:
            return "A statement does not repeat itself."
        if self.repeats.repeats_id is not None:
            return f"{self.repeats.key} is a repeat itself: name the one that it repeats."
        if self.pk and self.repeated_by.exists():
            return "Others repeat this statement, so it cannot be a repeat itself."
        if self.status == Status.PUBLISHED and self.repeats.status != Status.PUBLISHED:
            return f"{self.repeats.key} is not published."
        return ""

    def problems_in_source(self) -> dict[str, str]:
        """Say, by field, what does not agree with the source: its day of publication, and its text."""
        if not self.source_id:
            return {}
        errors, day = {}, self.source.published_on
        if self.latest and day and self.latest > day:
            errors["latest"] = (
                f"Said on {self.latest} at the latest, but its source was published on {day}: "
                "write the range that ends with that day."
            )
        if self.quote or self.end:
            errors |= self.problems_in(self.source.text)
        return errors

    def problems_in(self, text: str) -> dict[str, str]:
        """Say, by field, what of its quotation and its offsets does not hold in the source's text."""
        if not text:
            return {}
        if self.end and self.end > len(text):
            return {"end": f"The source's text ends after character {len(text)}."}
        found = find_pieces(text, self.quote_pieces)
        if isinstance(found, str):
            stands = not isinstance(find_pieces(text, [found]), str)
            return {
                "quote": f"“{found}” stands in the source's text, but not after the piece before it: "
                "give the pieces in the order of the text."
                if stands
                else f"“{found}” does not stand so in the source's text. Copy the words as they are printed, "
                f"and join pieces that do not adjoin by “{GAP}”."
            }
        if found and self.start is not None and self.end:
            within = find_pieces(text, self.quote_pieces, self.start, self.end)
            if isinstance(within, str):
                first, last = found[0].start, found[-1].end
                return {
                    "start": f"“{within}” does not stand between these characters. The quotation is found from "
                    f"{first} to {last}: write these, or leave both empty."
                }
        return {}

    def note_new(self, write: PublicWrite) -> None:
        if self.published_at:
            write.touch_public()

    def before_save(self) -> None:
        super().before_save()
        if problem := self.problem_of_key():
            raise ValidationError({"key": problem})
        if self._state.adding and not self.key:
            self.key = next_key(self.source)

    # ---- the verbs of its life ----

    def submit(self, *, by, comment: str = "") -> None:
        """Hand a draft in for review, with a comment for the reviewer where there is one to make."""
        with self._transition("submitted", [Status.DRAFT], by, "stances.submit_statement"):
            self._refuse_others_draft(by)
            self._require_complete()
            self.status, self.coder, self.review_comment = Status.SUBMITTED, self.coder or by, comment.strip()

    def return_to_coder(self, *, by, comment: str) -> None:
        """Return a submitted statement to its coder, with a comment that says why."""
        if not comment.strip():
            raise ValidationError({"review_comment": "Tell the coder why it comes back."})
        with self._transition("returned", [Status.SUBMITTED], by, "stances.review_statement"):
            self.status, self.review_comment, self.reviewer = Status.DRAFT, comment.strip(), by

    def publish(self, *, by) -> None:
        """Make a submitted statement public; its coder does not do so, unless the desk is one of one person."""
        with self._transition("published", [Status.SUBMITTED], by, "stances.review_statement"):
            if self.coder_id == by.pk and not settings.ONE_PERSON_DESK:
                raise PermissionDenied("A second person publishes: this statement is your own.")
            self.status, self.reviewer, self.review_comment = Status.PUBLISHED, by, ""
            self.published_at = self.published_at or timezone.now()
            self._require_complete()

    def retract(self, *, by, reason: str) -> None:
        """Withdraw a published statement, for a reason that its page goes on to tell.

        Where others repeat it, the published repeat of the earliest source (then of the lowest key) takes its place.
        """
        if not reason.strip():
            raise ValidationError({"retraction_reason": "A retraction needs its reason."})
        with self._transition("retracted", [Status.PUBLISHED], by, "stances.retract_statement"):
            self.status, self.retraction_reason = Status.RETRACTED, reason.strip()
            self._promote_repeat(by)

    def _promote_repeat(self, by) -> None:
        repeats = list(self.repeated_by.select_related("source"))
        published = [repeat for repeat in repeats if repeat.status == Status.PUBLISHED]
        if not published:
            return

        first = min(published, key=lambda r: (r.source.published_on or dt.date.max, r.key.encode()))
        for repeat in sorted(repeats, key=lambda r: r is not first):
            repeat.repeats = None if repeat is first else first
            repeat._history_user = by
            repeat._change_reason = WAS_RETRACTED.format(self.key)
            repeat.save()

    @contextmanager
    def _transition(self, done: str, allowed: list[Status], by, permission: str) -> Iterator[None]:
        """Take one step of its life: under the lock, from the state that the database has, with its history."""
        if not by.has_perm(permission):
            raise PermissionDenied(f"You may not have a statement {done}.")
        try:
            with public_write():
                self.refresh_from_db()
                if self.status not in allowed:
                    raise ValidationError(f"It is {self.get_status_display()}, and so cannot be {done}.", code="status")
                yield
                self._history_user, self._change_reason = by, done
                self.save()
        except (PermissionDenied, ValidationError):
            self.refresh_from_db()
            raise

    def _refuse_others_draft(self, by) -> None:
        if self.coder_id != by.pk and not by.has_perm("stances.review_statement"):
            whose = "another coder's" if self.coder_id else "nobody's, and an editor submits it"
            raise PermissionDenied(f"This draft is {whose}.")

    def _require_complete(self) -> None:
        self.full_clean()
        stances = list(self.stances.all())
        if not stances:
            raise ValidationError("A statement needs at least one stance before it goes on.")
        for stance in stances:
            stance.full_clean()


def next_key(source: Source) -> str:
    """Give the source's slug and the number after the highest that was ever used with it."""

    def used(**of) -> set[str]:
        rows = (Statement.history.filter(**of), Statement.objects.filter(**of).order_by())
        return {key for some in rows for key in some.values_list("key", flat=True)}

    pattern = re.compile(re.escape(source.slug) + r"-([0-9]+)")
    numbers = (int(match[1]) for key in used(source_id=source.pk) if (match := pattern.fullmatch(key)))
    number = 1 + max(numbers, default=0)
    while used(key=f"{source.slug}-{number}"):
        number += 1
    return f"{source.slug}-{number}"


@functools.cache
def _copies() -> dict[str, Subquery]:
    """Say of each column that a stance copies what it is in its statement; made once, as every write asks for it."""

    def of_statement(expression):
        rows = Statement.objects.filter(pk=OuterRef("statement_id")).order_by()
        return Subquery(rows.annotate(copied=expression).values("copied")[:1])

    return {
        "stated_on": of_statement(F("latest")),
        "earliest_on": of_statement(F("earliest")),
        "public": of_statement(models.Case(models.When(status=Status.PUBLISHED, then=True), default=False)),
        "repeat": of_statement(models.Case(models.When(repeats=None, then=False), default=True)),
        "authority": of_statement(F("authority")),
        "speaker": of_statement(F("speaker_id")),
        "source": of_statement(F("source_id")),
    }


class StanceQuerySet(CuratedQuerySet):
    def public(self):
        """Keep what a reader may see: the stances of published statements."""
        return self.filter(public=True)

    def search(self, text: str):
        """Keep those of the published statements that a text finds."""
        return search.filtered(self, search.STATEMENTS, text, column="statement")

    def in_series(self):
        """Keep what enters a series of positions: public stances, repeats left out."""
        return self.filter(public=True, repeat=False)

    def newest(self, number: int, *columns: str):
        """Keep the newest, among them so many that differ in these columns, with all others of their days.

        What is then sorted and grouped is what was said from that day on, not all that was ever said.
        """
        found = set()
        rows = self.order_by("-stated_on", "-pk").values_list("pk", "stated_on", *columns)
        newest = list(rows[: number * LOOKED_AT])
        for _, day, *row in newest:
            found.add(tuple(row))
            if len(found) == number:
                return self.filter(stated_on__gte=day)
        return self if len(newest) == number * LOOKED_AT else self.filter(pk__in=[pk for pk, *_ in newest])

    def with_evidence(self):
        """Load what a list row shows, so that rendering adds no query."""
        return self.select_related(
            "actor", "topic", "speaker", "statement__speaker", "statement__repeats", "source__publisher"
        ).defer("source__text", "topic__coding_notes", "topic__about")

    def update(self, **values) -> int:
        if {"statement", "statement_id"} & values.keys():
            raise NotSupportedError(STAYS)
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def series(self) -> set[Pair]:
        return set(self.order_by().values_list("actor_id", "topic_id"))

    def are_public(self) -> bool:
        return self.filter(statement__published_at__isnull=False).exists()

    def synchronise(self) -> None:
        self.copy_from_statements()

    def copy_from_statements(self) -> None:
        """Bring up to date the columns that lists need in an index, copied from the statements."""
        models.QuerySet.update(self.model._base_manager.filter(pk__in=self.order_by().values("pk")), **_copies())

    def stale(self):
        """Keep those whose copies are not what their statements say."""
        same = Q(
            stated_on=F("statement__latest"),
            authority=F("statement__authority"),
            speaker=F("statement__speaker"),
            source=F("statement__source"),
        )
        earliest = Q(earliest_on=F("statement__earliest")) | Q(earliest_on=None, statement__earliest=None)
        public = Q(public=True, statement__status=Status.PUBLISHED) | Q(public=False) & ~Q(
            statement__status=Status.PUBLISHED
        )
        repeat = Q(repeat=True, statement__repeats__isnull=False) | Q(repeat=False, statement__repeats=None)
        right = self.model._base_manager.filter(same & earliest & public & repeat)
        return self.exclude(pk__in=right.order_by().values("pk"))

    def refuse_to_delete(self) -> None:
        for stance in self.exclude(statement__status=Status.DRAFT).select_related("statement"):
            others = Stance.objects.filter(statement=stance.statement_id).exclude(pk__in=self.values("pk"))
            if not others.exists():
                raise ProtectedError("Beyond a draft, a statement keeps at least one stance.", {stance})

    def get_by_natural_key(self, statement: str, actor: str, topic: str):
        return self.get(statement__key=statement, actor__slug=actor, topic__slug=topic)


class Role(models.TextChoices):
    """What a stance does in its series."""

    OPENED = "opened", "opened a position"
    CONFIRMED = "confirmed", "confirmed a position"
    PASSED_OVER = "passed", "passed over"


class Stance(CuratedModel):
    """The position of one actor on one topic, as one statement shows it."""

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="stances")
    actor = models.ForeignKey(Actor, models.PROTECT, related_name="stances", help_text="Whose position it is.")
    topic = models.ForeignKey(
        Topic, models.PROTECT, related_name="stances", help_text="The most specific the words name."
    )
    position = models.SmallIntegerField(choices=Value)
    terms = models.CharField(
        max_length=8,
        choices=Terms,
        blank=True,
        help_text="At +1 and -1 only. Where several apply, the first in the order proviso, time, scope, leaning.",
    )
    condition = models.CharField(max_length=300, blank=True, help_text="The terms in words, wherever they were stated.")
    basis = models.CharField(max_length=8, choices=Basis, default=Basis.EXPLICIT)
    attribution = models.CharField(
        max_length=8, choices=Voice, help_text="Own: the speaker expresses the actor's position."
    )
    rationale = models.CharField(
        max_length=500,
        blank=True,
        help_text="One sentence from the words to the value; required where the basis is implied.",
    )
    # Copied from the statement, for the indexes of lists; see copy_from_statements().
    stated_on = models.DateField(editable=False, null=True)
    earliest_on = models.DateField(editable=False, null=True)
    public = models.BooleanField(editable=False, default=False)
    repeat = models.BooleanField(editable=False, default=False)
    authority = models.CharField(max_length=12, editable=False, blank=True)
    speaker = models.ForeignKey(Actor, models.PROTECT, editable=False, null=True, related_name="+")
    source = models.ForeignKey(Source, models.PROTECT, editable=False, null=True, related_name="+")
    # Computed with the positions; see positions.refresh().
    role = models.CharField(max_length=9, choices=Role, editable=False, blank=True)
    colleagues_differ = models.BooleanField(editable=False, default=False)

    COPIED = ("stated_on", "earliest_on", "public", "repeat", "authority", "speaker", "source")
    DERIVED = (*COPIED, "role", "colleagues_differ")

    objects = StanceQuerySet.as_manager()
    history = recorded(excluded_fields=list(DERIVED))

    class Meta(CuratedModel.Meta):
        abstract = False
        ordering = ["-stated_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "actor", "topic"],
                name="stance_unique",
                violation_error_message="This statement has a stance of this actor on this topic already.",
            ),
            models.CheckConstraint(
                condition=Q(position__gte=-2, position__lte=2),
                name="stance_position_in_range",
                violation_error_message="A position is -2, -1, 0, 1 or 2.",
            ),
            models.CheckConstraint(
                condition=Q(position__in=[1, -1], terms__in=Terms.values) | Q(~Q(position__in=[1, -1]), terms=""),
                name="stance_terms_at_one",
                violation_error_message="Positions +1 and -1 have terms (proviso, time, scope or leaning), "
                "the others none.",
            ),
            one_of("basis", Basis, "stance"),
            one_of("attribution", Voice, "stance"),
            models.CheckConstraint(
                condition=Q(basis=Basis.EXPLICIT) | ~Q(rationale=""),
                name="stance_implied_has_rationale",
                violation_error_message="An implied position needs its rationale.",
            ),
        ]
        indexes = [
            models.Index(F("stated_on").desc(), F("id").desc(), name="stance_by_date"),
            models.Index(F("stated_on").desc(), F("id").desc(), name="stance_latest", condition=Q(public=True)),
            models.Index(
                F("topic"),
                F("position"),
                F("stated_on").desc(),
                F("id").desc(),
                name="stance_by_topic",
                condition=Q(public=True),
            ),
            models.Index("actor", "topic", "stated_on", "id", name="stance_series", condition=Q(public=True)),
            models.Index(
                F("stated_on").desc(),
                F("id").desc(),
                F("actor"),
                F("topic"),
                name="stance_differing",
                condition=Q(public=True, colleagues_differ=True),
            ),
            # The last columns of these three are there to be counted without a look at the rows.
            models.Index(
                F("topic"),
                F("stated_on").desc(),
                F("id").desc(),
                F("actor"),
                F("statement"),
                F("repeat"),
                F("attribution"),
                F("position"),
                F("authority"),
                F("speaker"),
                name="stance_of_topic",
                condition=Q(public=True),
            ),
            models.Index(
                F("actor"),
                F("stated_on").desc(),
                F("id").desc(),
                F("statement"),
                F("repeat"),
                name="stance_by_actor",
                condition=Q(public=True),
            ),
            models.Index(
                F("speaker"),
                F("stated_on").desc(),
                F("id").desc(),
                F("actor"),
                F("statement"),
                F("repeat"),
                name="stance_by_speaker",
                condition=Q(public=True),
            ),
            models.Index("actor", "topic", name="stance_repeats", condition=Q(public=True, repeat=True)),
            # Narrow ones, of a byte or two a row: by them a rare value, or one that no row has, is found at once.
            models.Index("terms", "position", name="stance_by_terms", condition=Q(public=True)),
            models.Index("authority", name="stance_by_authority", condition=Q(public=True)),
            models.Index("attribution", name="stance_by_attribution", condition=Q(public=True)),
            models.Index("basis", name="stance_by_basis", condition=Q(public=True)),
        ]

    def __str__(self):
        return f"{self.actor} on {self.topic}: {self.wording}"

    def natural_key(self):
        return (self.statement.key, self.actor.slug, self.topic.slug)

    @property
    def wording(self) -> str:
        return wording(self.position, self.terms)

    def clean(self):
        super().clean()
        statement = getattr(self, "statement", None)  # one that is not saved yet counts too
        if statement and statement.form == Form.ACT and self.basis == Basis.IMPLIED:
            raise ValidationError({"basis": "A deed is explicit."})

    @classmethod
    def prepare(cls, objs: list[Stance]) -> None:
        for stance in objs:
            statement = stance.statement
            stance.stated_on, stance.earliest_on = statement.latest, statement.earliest
            stance.public = statement.status == Status.PUBLISHED
            stance.repeat = statement.repeats_id is not None
            stance.authority = statement.authority
            stance.speaker_id, stance.source_id = statement.speaker_id, statement.source_id

    def before_save(self) -> None:
        super().before_save()
        stored = self._stored().values_list("statement", flat=True).first() if self.pk else None
        if stored not in (None, self.statement_id):
            raise ValidationError({"statement": STAYS})
        self.prepare([self])
