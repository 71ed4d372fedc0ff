"""Topics: propositions that one can be for or against, in a tree."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Q
from tree_queries.fields import TreeNodeForeignKey
from tree_queries.models import TreeNode
from tree_queries.query import TreeQuerySet

from stances import search
from stances.models.actors import Actor
from stances.models.addresses import address
from stances.models.curated import SluggedModel, SluggedQuerySet, recorded

if TYPE_CHECKING:
    from stances.changes import Change


PARAGRAPHS = re.compile(r"(?:\r?\n){2,}")


class TopicQuerySet(SluggedQuerySet, TreeQuerySet):
    def search(self, text: str):
        """Keep those whose names or proposition a text finds; the last word may be a beginning."""
        return search.filtered(self, search.TOPICS, text, begun=True)

    def parents_under(self, pks: Collection[int]) -> dict[int, int | None]:
        """Give the parent of each of these topics and of each that stands under them, without a look at any other."""
        inside = ", ".join(["%s"] * len(pks))
        sql = f"""
            WITH RECURSIVE under AS (
                SELECT id, parent_id FROM stances_topic WHERE id IN ({inside})
                UNION SELECT t.id, t.parent_id FROM stances_topic t JOIN under ON t.parent_id = under.id
            )
            SELECT id, parent_id FROM under
        """  # noqa: S608  (numbers alone are put in)
        with connection.cursor() as cursor:
            cursor.execute(sql, list(pks))
            return dict(cursor.fetchall())

    def featured(self):
        """Keep the root topic whose question the first page asks."""
        return self.filter(featured=True)

    def in_order(self):
        """Order as a tree: parents first, children by their rank."""
        return self.with_tree_fields().order_siblings_by("rank", "name")


class Topic(SluggedModel, TreeNode):
    """A proposition that one can be for or against, with the wider one that it stands under."""

    parent = TreeNodeForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name="under",
        help_text="The wider topic. Its position is never averaged from its children.",
    )
    rank = models.PositiveSmallIntegerField(default=0, help_text="Its place among its siblings, lowest first.")
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=60, help_text="For narrow places, read under its parent.")
    proposition = models.CharField(max_length=400, help_text="A sentence that one can be for or against.")
    coding_notes = models.TextField(blank=True, help_text="For coders: what belongs here and what does not.")
    featured = models.BooleanField(default=False, help_text="The first page asks this root topic's question.")
    question = models.CharField(max_length=200, blank=True, help_text="Of a featured topic: what the first page asks.")
    about = models.TextField(
        blank=True,
        help_text="Of a featured topic: how its sources were chosen and coded, and what they do not allow to conclude. "
        "Of several paragraphs the first says what the subject is, and stands on the first page.",
    )
    group = models.ForeignKey(
        Actor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="topics_concerning",
        help_text="The group it concerns, where it does.",
    )
    candidate = models.ForeignKey(
        Actor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="topics_naming",
        help_text="The government whose part it is about, where it names one.",
    )

    objects = TopicQuerySet.as_manager()
    history = recorded()

    class Meta(SluggedModel.Meta):
        abstract = False
        ordering = ["rank", "name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")),
                name="topic_not_its_own_parent",
                violation_error_message="A topic does not stand under itself.",
            ),
            models.CheckConstraint(
                condition=Q(featured=False) | Q(parent=None),
                name="topic_featured_is_root",
                violation_error_message="Only a root topic can be featured.",
            ),
            models.CheckConstraint(
                condition=Q(featured=False) | ~Q(question=""),
                name="topic_featured_has_question",
                violation_error_message="A featured topic needs the question for the first page.",
            ),
            models.UniqueConstraint(
                fields=["featured"],
                condition=Q(featured=True),
                name="topic_featured_once",
                violation_error_message="Another topic is featured already.",
            ),
            models.CheckConstraint(
                condition=~Q(proposition=""),
                name="topic_proposition_given",
                violation_error_message="A topic is a proposition: write the sentence.",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def subject(self) -> str:
        """Say what a featured topic is about: the first of several paragraphs of its account."""
        first, *rest = PARAGRAPHS.split(self.about)
        return first if rest else ""

    @property
    def method(self) -> str:
        """Tell how a featured topic was recorded: its account without the paragraph on the subject."""
        return self.about[len(self.subject) :].strip()

    def get_absolute_url(self):
        return address("topic", self.slug)

    def clean(self):
        self.refuse_loop()
        super().clean()

    def before_save(self) -> None:
        super().before_save()
        self.refuse_loop()

    def refuse_loop(self) -> None:
        """Raise ValidationError where the topic would stand under itself: a loop drops rows from the tree silently."""
        seen = {self.pk} if self.pk else set()
        above = self.parent_id
        while above is not None:
            if above in seen:
                raise ValidationError({"parent": f"“{self.name}” would stand under itself."})
            seen.add(above)
            above = Topic.objects.without_tree_fields().filter(pk=above).values_list("parent_id", flat=True).first()

    def merge_into(self, target: Topic, *, by=None) -> Change:
        """Move all that rests on this topic to `target`; see `Actor.merge_into`."""
        from stances.merging import merge

        return merge(self, target, by=by)
