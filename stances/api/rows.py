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
    "colleague": serializers.CharField,
    "colleague_position": serializers.IntegerField,
    "colleague_terms": serializers.CharField,
    "colleague_statement_key": serializers.CharField,
    "colleague_reads_as": serializers.CharField,
    "address": serializers.URLField,
}
#: What querysets add to their rows.
ANNOTATED = (
    "last_stated_then",
    "before_key",
    "asked_on",
    "colleague_speaker",
    "colleague_position",
    "colleague_terms",
    "colleague_key",
)
#: Those of them that not each row has.
ABSENT = ("size", "days", "from_statement_key", "from_reads_as", "on")
NOTES = {
    "statement_key": "The key of the statement; it never changes. Of a position or change: of the one that opened it.",
    "date": "As far as it is known: `2024-02-13`, `2024-02`, `2024`, `2024-04-01/2024-04-07`, `../2024-03-25`. "
    "Of a change: the day from which the new position counts.",
    "occasion": "Where and when it was said, in words.",
    "form": "How the words come to us.",
    "authority": "With what authority the speaker spoke.",
    "speaker": "The slug of who said it.",
    "speaker_name": "The name of who said it.",
    "speaker_kind": "What kind of actor said it.",
    "summary": "What was said, in the editors' words.",
    "quote": "The speaker's own words, pieces that do not adjoin joined by ` … `.",
    "locator": "Paragraphs of the source, from 1.",
    "start": "Where the words begin in the source's text, in characters from 0.",
    "end": "Where they end.",
    "repeats": "The key of the statement whose words are printed again.",
    "source": "The slug of the source.",
    "source_title": "The title of the source.",
    "source_kind": "What kind of document the source is.",
    "publisher": "The slug of who published it.",
    "publisher_name": "The name of who published it.",
    "published_on": "The day on which it was published.",
    "url": "The address of the source itself, on its publisher's site.",
    "actor": "The slug of whose position it is; in a list of actors, of the actor.",
    "actor_name": "The name of whose position it is.",
    "actor_kind": "What kind of actor it is.",
    "topic": "The slug of the topic.",
    "topic_name": "The name of the topic.",
    "topic_parent": "The slug of the wider topic, empty at the root of a tree.",
    "proposition": "What one can be for or against.",
    "position": "Whether for or against, as a number from 2 to -2.",
    "terms": "What limits a position of 1 or -1.",
    "condition": "The terms in words.",
    "basis": "How plainly the words show the position.",
    "attribution": "Whether somebody who speaks for the actor said it, or others report it.",
    "rationale": "What leads from the words to the position.",
    "status": "Public statements are published.",
    "counted_on": "The day from which it counts: the latest on which it may have been said.",
    "reads_as": "The position in words.",
    "address": "The page of it on this site; of a position and a change, the page that explains it.",
    "voice": "The series of the actor's own words, or of what others report.",
    "since": "The first day.",
    "until": "The next position's first day; null or empty while it stands.",
    "confirmations": "How many later statements confirmed it; with `on`, up to that day.",
    "last_stated_on": "The day on which it was last stated; with `on`, up to that day.",
    "said": "When the words were said, as far as it is known.",
    "on": "The day that was asked for; null or empty where all intervals were.",
    "kind": "Of a change: reversal, shift, new terms, or first recorded. Of an actor or a source: what it is.",
    "from_position": "The position before.",
    "from_terms": "The terms before.",
    "from_reads_as": "The position before in words.",
    "size": "The new position less the old.",
    "days": "How long the position before was held, in days; between colleagues, how far their words are apart.",
    "from_statement_key": "The key of the statement that stated the position before last.",
    "colleague": "The slug of the colleague.",
    "colleague_position": "The position that the colleague took.",
    "colleague_terms": "The terms of that position.",
    "colleague_statement_key": "The key of the colleague's statement.",
    "colleague_reads_as": "The colleague's position in words.",
    "name": "The name.",
    "short_name": "A shorter name, where there is one.",
    "iso": "The code of a government: ISO 3166-1 alpha-3.",
    "aliases": "Other names, with semicolons between them.",
    "wikidata": "The identifier in Wikidata.",
    "group": "The slug of the group that the topic concerns.",
    "candidate": "The slug of the government that the topic names.",
    "title": "The title.",
    "author": "Who wrote it.",
    "date_basis": "How the day of publication is known.",
    "date_note": "What is known of it in words.",
    "language": "The language of the text, as `en` or `ja`.",
    "archive_url": "The address of an archived copy.",
    "found_in": "The slug of the source in which it was found.",
    "coverage": "How much of the text was coded.",
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
    def told_by(cls, key: str, rows: QuerySet, fields: Collection[str], site: str) -> dict[int, list[dict[str, Any]]]:
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


class DifferRow(RowSerializer):
    """A stance that differs from a colleague's; the API has no list of them."""

    model, columns = Stance, exports.DIFFERING


class StanceOfStatement(RowSerializer):
    """A stance within its statement."""

    model, columns = Stance, exports.OF_STANCE


class StatementRow(RowSerializer):
    """A statement with its stances."""

    model, columns = Statement, exports.STATEMENTS
    stances = StanceOfStatement(many=True, read_only=True)

    @classmethod
    def told_by(cls, key: str, rows: QuerySet, fields: Collection[str], site: str) -> dict[int, list[dict[str, Any]]]:
        told = super().told_by(key, rows, fields, site)
        if "stances" in fields:
            stances = Stance.objects.filter(statement__in=list(told)).order_by("topic__rank", "id")
            shown = StanceOfStatement.told_by("statement", stances, StanceOfStatement.names(), site)
            for pk, [row] in told.items():
                row["stances"] = shown.get(pk, [])
        return told
