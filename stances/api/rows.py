"""The rows of the API: each is written by the columns that the exports write, read with one query."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django.db import models
from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from stances import exports
from stances.exports import Column
from stances.models import Actor, Position, Source, Stance, Statement, Topic

#: The types of columns that are worked out, which no model's field tells.
MADE: dict[str, type[serializers.Field]] = {
    "date": serializers.CharField,
    "said": serializers.CharField,
    "confirmations": serializers.IntegerField,
    "last_stated_on": serializers.DateField,
    "size": serializers.IntegerField,
    "aliases": serializers.CharField,
    "days": serializers.IntegerField,
    "from_statement_key": serializers.CharField,
}
#: What querysets add to their rows.
ANNOTATED = ("last_stated_then", "before_key")
#: Those of them that a first recorded position has not.
ABSENT = ("size", "days", "from_statement_key")
NOTES = {
    "days": "How long the position before was held, in days.",
    "from_statement_key": "The key of the statement that stated the position before last.",
    "statement_key": "The key of the statement; it never changes.",
    "actor": "A slug.",
    "topic": "A slug.",
    "topic_parent": "The slug of the wider topic, empty at the root of a tree.",
    "source": "A slug.",
    "speaker": "The slug of who said it.",
    "publisher": "A slug.",
    "group": "The slug of the group that the topic concerns.",
    "candidate": "The slug of the government that the topic names.",
    "found_in": "The slug of the source in which it was found.",
    "date": "As far as it is known: `2024-02-13`, `2024-02`, `2024`, `2024-04-01/2024-04-07`, `../2024-03-25`. "
    "Of a change: the day from which the new position counts.",
    "said": "When the words were said, as far as it is known.",
    "quote": "The speaker's own words, pieces that do not adjoin joined by ` … `.",
    "locator": "Paragraphs of the source, from 1.",
    "repeats": "The key of the statement whose words are printed again.",
    "condition": "The terms in words.",
    "rationale": "What leads from the words to the position.",
    "since": "The first day.",
    "until": "The next position's first day; null while it stands.",
    "confirmations": "How many later statements confirmed it.",
    "size": "The new position less the old.",
    "aliases": "Other names, with semicolons between them.",
    "text_sha256": "Of the text that was coded, which is not given.",
}


def field_of(column: Column, model: type[models.Model]) -> serializers.Field:
    """Describe a column by the model's field that it shows."""
    options: dict[str, Any] = {"read_only": True, "help_text": NOTES.get(column.name, "")}
    if column.make or column.paths[0] in ANNOTATED:
        return MADE[column.name](allow_null=column.name in ABSENT, **options)
    nullable, at, field = False, model, None
    for name in column.paths[0].split("__"):
        field = at._meta.get_field(name)
        nullable = nullable or field.null
        at = field.related_model  # type: ignore[assignment]
    assert isinstance(field, models.Field)
    if not column.is_text:
        options["allow_null"] = nullable
    if field.choices or column.name in ("terms", "from_terms"):
        choices = field.choices or Stance._meta.get_field("terms").choices
        return serializers.ChoiceField(choices=choices, allow_blank=field.blank, **options)
    if isinstance(field, models.DateField):
        return serializers.DateField(**options)
    if isinstance(field, models.IntegerField):
        return serializers.IntegerField(**options)
    return serializers.CharField(**options)


def value_at(row: Any, path: str) -> Any:
    for name in path.split("__"):
        if row is None:
            return None
        row = getattr(row, name)
    return row


def cell(row: Any, column: Column) -> Any:
    """Give what the exports write; text that is missing is empty."""
    values = [value_at(row, path) for path in column.paths]
    made = column.make(*values) if column.make else values[0]
    return made or "" if column.is_text else made


def reading(rows: QuerySet, paths: Collection[str]) -> QuerySet:
    """Read just what stands at these paths, related rows with the same query."""
    stored = {path for path in paths if path not in rows.query.annotations}
    related = {path.rpartition("__")[0] for path in stored if "__" in path}
    rows = rows.select_related(None)
    return (rows.select_related(*sorted(related)) if related else rows).only(*sorted(stored))


class RowSerializer(serializers.Serializer):
    """Writes a row by its columns: all of them, or those that the context's `fields` name.

    What a class declares comes beside the columns.
    """

    model: ClassVar[type[models.Model]]
    columns: ClassVar[tuple[Column, ...]]

    @classmethod
    def names(cls) -> list[str]:
        return [*(column.name for column in cls.columns), *cls._declared_fields]  # type: ignore[attr-defined]

    @classmethod
    def chosen(cls, fields: Collection[str]) -> list[Column]:
        return [column for column in cls.columns if column.name in fields]

    @classmethod
    def read(cls, rows: QuerySet, fields: Collection[str], also: Collection[str] = ()) -> QuerySet:
        """Read what these fields need, and what stands at other paths."""
        return reading(rows, {path for column in cls.chosen(fields) for path in column.paths} | set(also))

    def get_fields(self) -> dict[str, serializers.Field]:
        return {column.name: field_of(column, self.model) for column in self.columns} | super().get_fields()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        columns = self.chosen(self.context.get("fields", self.names()))
        return {column.name: cell(instance, column) for column in columns}


class ActorRow(RowSerializer):
    """An actor: a government, body, group of governments, person or publication."""

    model, columns = Actor, exports.ACTORS


class TopicRow(RowSerializer):
    """A topic: a proposition that one can be for or against."""

    model, columns = Topic, exports.TOPICS


class SourceRow(RowSerializer):
    """A source: a published document."""

    model, columns = Source, exports.SOURCES


class StanceRow(RowSerializer):
    """A stance, with its statement, source and topic."""

    model, columns = Stance, exports.STANCES


class PositionRow(RowSerializer):
    """What an actor held on a topic, from a day to another."""

    model, columns = Position, exports.POSITIONS


class ChangeRow(RowSerializer):
    """A change from one position to another."""

    model, columns = Position, exports.CHANGES


class StanceOfStatement(RowSerializer):
    """A stance within its statement."""

    model, columns = Stance, exports.OF_STANCE


class StatementRow(RowSerializer):
    """A statement with its stances."""

    model, columns = Statement, exports.STATEMENTS
    stances = StanceOfStatement(many=True, read_only=True)

    @classmethod
    def read(cls, rows: QuerySet, fields: Collection[str], also: Collection[str] = ()) -> QuerySet:
        rows = super().read(rows, fields, also)
        if "stances" not in fields:
            return rows
        nested = StanceOfStatement
        stances = nested.read(Stance.objects.order_by("topic__rank", "id"), nested.names(), also=["statement"])
        return rows.prefetch_related(Prefetch("stances", stances))

    def to_representation(self, instance: Any) -> dict[str, Any]:
        told = super().to_representation(instance)
        if "stances" in self.context.get("fields", self.names()):
            told["stances"] = StanceOfStatement(instance.stances.all(), many=True).data
        return told
