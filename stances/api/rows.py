"""The rows of the API: each is told by the columns that the exports write, read with one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from django.db import models
from django.db.models import QuerySet
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
    "reads_as": serializers.CharField,
    "from_reads_as": serializers.CharField,
    "on": serializers.DateField,
    "address": serializers.URLField,
}
#: What querysets add to their rows.
ANNOTATED = ("last_stated_then", "before_key", "asked_on")
#: Those of them that not each row has.
ABSENT = ("size", "days", "from_statement_key", "from_reads_as", "on")
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


class RowSerializer(serializers.Serializer):
    """Describes a row by its columns, and tells rows by those that are asked for.

    What a class declares comes beside the columns.
    """

    model: ClassVar[type[models.Model]]
    columns: ClassVar[tuple[Column, ...]]

    @classmethod
    def names(cls) -> list[str]:
        return [*(column.name for column in cls.columns), *cls._declared_fields]  # type: ignore[attr-defined]

    @classmethod
    def told(cls, rows: QuerySet, ids: Sequence[int], fields: Collection[str], site: str) -> list[dict[str, Any]]:
        """Tell these fields of rows in the order of their ids; one that is gone meanwhile is left out."""
        found = cls.told_by("pk", rows.filter(pk__in=ids).order_by(), fields, site) if ids else {}
        return [row for pk in ids for row in found.get(pk, ())]

    @classmethod
    def told_by(
        cls, key: str, rows: QuerySet, fields: Collection[str], site: str
    ) -> dict[int, list[dict[str, Any]]]:
        """Tell these fields of rows, read as plain values with one query, by what stands at a path."""
        columns = [exports.plain("", "pk"), exports.plain("", key)]
        columns += [column for column in exports.at(cls.columns, site) if column.name in fields]
        names = [column.name for column in columns[2:]]
        told = defaultdict(list)
        for _, at, *cells in exports.made_of(rows.values_list(*exports.paths_of(columns)), columns):
            told[at].append(dict(zip(names, cells, strict=True)))
        return told

    def get_fields(self) -> dict[str, serializers.Field]:
        return {column.name: field_of(column, self.model) for column in self.columns} | super().get_fields()


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

    model, columns = Stance, exports.LISTED_STANCES


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
    def told_by(
        cls, key: str, rows: QuerySet, fields: Collection[str], site: str
    ) -> dict[int, list[dict[str, Any]]]:
        told = super().told_by(key, rows, fields, site)
        if "stances" in fields:
            stances = Stance.objects.filter(statement__in=list(told)).order_by("topic__rank", "id")
            shown = StanceOfStatement.told_by("statement", stances, StanceOfStatement.names(), site)
            for pk, [row] in told.items():
                row["stances"] = shown.get(pk, [])
        return told
