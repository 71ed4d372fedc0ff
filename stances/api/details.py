"""What the details hold, for the schema: `stances.twins` writes them, as it does for the pages' own JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from stances.api.rows import ActorRow, SourceRow, StanceRow, TopicRow
from stances.vocabulary import Authority, Basis, ChangeKind, Form, Terms, Value, Voice


def text(note: str = "", **options: Any) -> serializers.CharField:
    return serializers.CharField(read_only=True, help_text=note, **options)


def day(note: str = "", **options: Any) -> serializers.DateField:
    return serializers.DateField(read_only=True, help_text=note, **options)


def count(note: str = "", **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(read_only=True, help_text=note, **options)


def flag(note: str = "") -> serializers.BooleanField:
    return serializers.BooleanField(read_only=True, help_text=note)


def term(choices: Any, **options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices.choices, read_only=True, **options)


def several(note: str = "") -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), read_only=True, help_text=note)


class Shown(serializers.Serializer):
    """What is shown for an actor on a topic on a day."""

    actor = text()
    topic = text()
    shown = text("Why it is shown: the actor's own words, a report, or what it said of a wider topic.")
    wider_topic = text(allow_null=True)
    position = term(Value)
    terms = term(Terms, allow_blank=True)
    words = text("The position in words.")
    condition = text("The terms in words.")
    since = day()
    last_stated_on = day()
    statements = count("In how many statements it is held.")
    statement_key = text("The latest of them.")
    record = text("The record in words.")


class Interval(serializers.Serializer):
    """A position while it was held."""

    since = day()
    until = day("The next position's first day; null while it stands.", allow_null=True)
    position = term(Value)
    terms = term(Terms, allow_blank=True)
    kind = term(ChangeKind, allow_null=True)  # null for what others report
    from_position = term(Value, allow_null=True)
    from_terms = term(Terms, allow_blank=True)
    confirmations = count()
    last_stated_on = day()
    statement_key = text("The statement that opened it.")


class Event(serializers.Serializer):
    """What a stance did in the history of its actor and topic."""

    statement_key = text()
    date = text("As far as it is known.")
    position = term(Value)
    terms = term(Terms, allow_blank=True)
    attribution = term(Voice)
    role = text("What it did to its series.")
    rule = text("The rule that passed it over.")
    colleagues_differ = several("Statements of colleagues that differ.")


class Considered(Event):
    """A stance that was considered for a position."""

    verdict = text("What the rule made of it.")


class Period(serializers.Serializer):
    first = day(allow_null=True)
    last = day(allow_null=True)


class History(serializers.Serializer):
    """An actor on a topic over time."""

    actor = text()
    topic = text()
    sources_published = Period(allow_null=True, read_only=True)
    own = Interval(many=True, read_only=True)
    reported = Interval(many=True, read_only=True)
    stances = Event(many=True, read_only=True)


class Affiliation(serializers.Serializer):
    """Who belongs to whom."""

    actor = text()
    of = text()
    title = text()
    authority = term(Authority, allow_blank=True)
    start = day(allow_null=True)
    end = day("The first day on which it held no more, where that has come.", allow_null=True)


class OtherStance(serializers.Serializer):
    """A stance of an actor that is no government."""

    actor = text()
    position = term(Value)
    terms = term(Terms, allow_blank=True)
    attribution = term(Voice)
    statement_key = text()


class Lists(serializers.Serializer):
    """Where all of it is, of a history that is too long to be told here."""

    stances = serializers.URLField(read_only=True)
    positions = serializers.URLField(read_only=True)
    changes = serializers.URLField(read_only=True)


class Exhibit(serializers.Serializer):
    """A stance of a statement: what it did, and why."""

    actor = text()
    actor_name = text()
    topic = text()
    proposition = text()
    position = term(Value)
    terms = term(Terms, allow_blank=True)
    words = text("The position in words.")
    condition = text()
    basis = term(Basis)
    attribution = term(Voice)
    rationale = text()
    role = text()
    rule = text()
    kind = term(ChangeKind, allow_null=True)
    colleagues_differ = several()
    decides = flag("Whether it decides the position that stands.")
    why = several("The rule, step by step.")
    considered = Considered(many=True, read_only=True)
    all = Lists(allow_null=True, read_only=True)


class RecordEntry(serializers.Serializer):
    """What happened to a record since it was published."""

    at = serializers.DateTimeField(read_only=True)
    what = text()
    before = text()
    after = text()
    who = text("The role of who did it.")


class Citation(serializers.Serializer):
    plain = text()
    bibtex = text()
    csl = serializers.DictField(read_only=True)


class Actor(ActorRow):
    """An actor with its positions and its history."""

    on = day("The day looked at.")
    affiliations = Affiliation(many=True, read_only=True)
    positions = Shown(many=True, read_only=True)
    histories = History(many=True, read_only=True)
    speaks_in = several("Keys of the statements in which it speaks.")
    all = Lists(allow_null=True, read_only=True)


class Topic(TopicRow):
    """A topic with the positions and histories on it, and on those under it."""

    question = text()
    on = day("The day looked at.")
    topics_under_it = several()
    positions = Shown(many=True, read_only=True)
    histories = History(many=True, read_only=True)
    others = OtherStance(many=True, read_only=True)
    all = Lists(allow_null=True, read_only=True)


class Source(SourceRow):
    """A source and all that was coded from it; never its text."""

    reprints = several()
    stances = StanceRow(many=True, read_only=True)


class Statement(serializers.Serializer):
    """A statement: the evidence, what it shows and did, its record, and how to cite it."""

    statement_key = text()
    address = text("Its page.")
    status = text()
    date = text("As far as it is known.")
    occasion = text()
    form = term(Form)
    authority = term(Authority)
    speaker = text()
    speaker_name = text()
    summary = text()
    quote = text()
    language = text()
    translated = flag()
    locator = text()
    start = count(allow_null=True)
    end = count(allow_null=True)
    primary_url = text()
    repeats = text(allow_null=True)
    repeated_by = several()
    source = SourceRow(read_only=True)
    stances = Exhibit(many=True, read_only=True)
    record = RecordEntry(many=True, read_only=True)
    citation = Citation(read_only=True)

    @classmethod
    def names(cls) -> list[str]:
        return list(cls._declared_fields)  # type: ignore[attr-defined]


class Retracted(serializers.Serializer):
    """What is left of a retracted statement."""

    statement_key = text()
    status = text()
    source_title = text()
    retraction_reason = text()
    retracted_on = day(allow_null=True)
    takes_its_place = text(allow_null=True)
