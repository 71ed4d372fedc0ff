"""Sources: the published documents that statements are found in."""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, ProtectedError, Q

from stances import search
from stances.dates import today
from stances.models.actors import Actor
from stances.models.addresses import address
from stances.models.curated import SluggedModel, SluggedQuerySet, any_of, one_of, recorded
from stances.vocabulary import Coverage, DateBasis, SourceKind
from stances.writes import PublicWrite

if TYPE_CHECKING:
    from stances.changes import Change


def normalise_text(text: str) -> str:
    """Bring a text to the form that is hashed and counted in: NFC, line feeds."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def sha256_of(text: str) -> str:
    """Hash a normalised text: SHA-256 of its UTF-8, in hexadecimal."""
    return hashlib.sha256(normalise_text(text).encode()).hexdigest()


#: An article is found in a newsletter, which is found in another: so many levels up what is public shows.
LEVELS = 2


@functools.cache
def _shown_in_public() -> Q:
    """Ask whether the public data shows a source; made once, as it takes longer to write than to answer."""
    from stances.models.statements import Statement

    cited = any_of(Statement.objects.published().filter(source=models.OuterRef("pk")))
    itself = cited | Q(coverage=Coverage.NOTHING)
    held = Source._base_manager.filter(found_in=models.OuterRef("pk"))
    holds = any_of(held.filter(itself))
    return itself | holds | any_of(held.filter(holds))


class SourceQuerySet(SluggedQuerySet):
    def public(self):
        """Keep what a reader may see: sources with a published statement or nothing found, and what holds these."""
        return self.filter(_shown_in_public())

    def are_public(self) -> bool:
        """Tell whether readers see any of these, if only the title, with a statement that was retracted."""
        from stances.models.statements import Statement

        cited = Statement.objects.filter(source=models.OuterRef("pk"), published_at__isnull=False)
        return self.order_by().filter(_shown_in_public() | any_of(cited)).exists()

    def refuse_to_delete(self) -> None:
        if kept := list(self.public()[:20]):
            raise ProtectedError("Readers find this source on a public page: it stays.", set(kept))

    def search(self, text: str):
        """Keep those whose title, author or publisher a text finds; the last word may be a beginning."""
        return search.filtered(self, search.SOURCES, text, begun=True)


class Source(SluggedModel):
    """A published document in which statements are found."""

    kind = models.CharField(max_length=12, choices=SourceKind, default=SourceKind.ARTICLE)
    publisher = models.ForeignKey(Actor, models.PROTECT, null=True, blank=True, related_name="sources_published")
    title = models.CharField(max_length=300)
    author = models.CharField(max_length=300, blank=True)
    published_on = models.DateField(null=True, blank=True)
    date_basis = models.CharField(
        "date known from",
        max_length=10,
        choices=DateBasis,
        default=DateBasis.PRINTED,
        help_text="How the day of publication is known.",
    )
    date_note = models.CharField("note on the date", max_length=400, blank=True)
    language = models.CharField(
        max_length=12,
        default="en",
        validators=[RegexValidator(r"\A[a-z]{2,3}(-[A-Za-z0-9]+)*\Z", "A language tag, as in “en” or “ja”.")],
        help_text="Language tag of its text: en, ja, fr.",
    )
    url = models.URLField("address", max_length=500, blank=True)
    archive_url = models.URLField("archived copy", max_length=500, blank=True)
    found_in = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reprints",
        help_text="The newsletter or page that reprinted it, where it was read there.",
    )
    coverage = models.CharField("coded", max_length=8, choices=Coverage, default=Coverage.WHOLE)
    text = models.TextField(
        blank=True, help_text="The article's text, for editors only: it is copyright and never shown."
    )
    text_sha256 = models.CharField(
        "SHA-256 of the text",
        max_length=64,
        blank=True,
        validators=[RegexValidator(r"\A[0-9a-f]{64}\Z", "64 hexadecimal digits.")],
        help_text="Ties the source to the text it was coded from: of its UTF-8, NFC, with line feeds.",
    )

    objects = SourceQuerySet.as_manager()
    history = recorded()

    class Meta(SluggedModel.Meta):
        abstract = False
        ordering = ["-published_on", "-id"]
        constraints = [
            one_of("kind", SourceKind, "source"),
            one_of("date_basis", DateBasis, "source"),
            one_of("coverage", Coverage, "source"),
            models.CheckConstraint(
                condition=~Q(title=""), name="source_title_given", violation_error_message="A source needs a title."
            ),
            models.CheckConstraint(
                condition=Q(found_in=None) | ~Q(found_in=F("id")),
                name="source_not_found_in_itself",
                violation_error_message="A source is not found in itself.",
            ),
            models.CheckConstraint(
                condition=~Q(date_basis=DateBasis.INFERRED) | Q(published_on=None) | ~Q(date_note=""),
                name="source_inferred_date_has_note",
                violation_error_message="Note how the day of publication was inferred.",
            ),
        ]
        indexes = [models.Index(F("published_on").desc(), F("id").desc(), name="source_by_date")]

    def __str__(self):
        return self.title

    @property
    def cited_title(self) -> str:
        """Give the title in quotation marks, or one that the coder supplied as it stands: in brackets."""
        return self.title if self.title.startswith("[") and self.title.endswith("]") else f"“{self.title}”"

    def get_absolute_url(self):
        return address("source", self.slug)

    def note_new(self, write: PublicWrite) -> None:
        if self.coverage == Coverage.NOTHING:
            write.touch_public()

    def clean(self):
        super().clean()
        if self.published_on and self.published_on > today():
            raise ValidationError({"published_on": f"{self.published_on} is still to come."})
        self.text = normalise_text(self.text)
        if self.text:
            actual = sha256_of(self.text)
            if self.text_sha256 and self.text_sha256 != actual:
                raise ValidationError(
                    {
                        "text": "This is not the text that the source was coded from: its SHA-256 differs. "
                        "Empty the SHA-256 to take the new text."
                    }
                )
            self.text_sha256 = actual
        if self.found_in_id and self.pk:
            seen: set[int] = {self.pk}
            above: int | None = self.found_in_id
            while above is not None:
                if above in seen:
                    raise ValidationError({"found_in": "A source is not found in itself, nor in what it holds."})
                seen.add(above)
                above = Source.objects.filter(pk=above).values_list("found_in_id", flat=True).first()
            below = Source.objects.filter(found_in=self.pk)
            levels = 2 if Source.objects.filter(found_in__in=below).exists() else int(below.exists())
            if len(seen) - 1 + levels > LEVELS:
                raise ValidationError(
                    {"found_in": "An article in a newsletter in another: deeper than that none is found."}
                )
        if self.pk and self.published_on:
            late = self.statements.filter(latest__gt=self.published_on).order_by("key").first()
            if late:
                raise ValidationError({"published_on": f"Its statement {late.key} was made later, on {late.latest}."})

    def merge_into(self, target: Source, *, by=None) -> Change:
        """Move all that rests on this source to `target`; see `Actor.merge_into`."""
        from stances.merging import merge

        return merge(self, target, by=by)
