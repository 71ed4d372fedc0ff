"""Tables of stances, a row each: what each row means, and how it compares with what stands. No request, no admin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils.text import capfirst, slugify

from stances import faults
from stances.cells import (
    ACTOR,
    MEANINGS,
    NAMED,
    SOURCE,
    SPEAKER,
    STANCE,
    STATEMENT,
    TOPIC,
    Meaning,
    rule_of_missing,
    wrong_columns,
)
from stances.imports import Change, Comparison, Given, Problems, Record, batches, shortened
from stances.models import Actor, Source, Stance, Statement, Topic, resolve
from stances.models.curated import CuratedModel
from stances.sheets import Row, Sheet
from stances.vocabulary import ActorKind, Authority, SourceKind, Terms, Voice
from stances.voices import Suggestion, Voices


def compare(sheet: Sheet, *, update: bool = False) -> Comparison:
    """Hold a table against what stands here. `update` takes what differs from drafts, and is else told as wrong."""
    return _Comparing(sheet, update).compare()


class _Comparing:
    def __init__(self, sheet: Sheet, update: bool) -> None:
        self.sheet = sheet
        self.update = update
        self.problems = Problems()
        self.found: dict[type[CuratedModel], dict[str, Any]] = {}
        self.records: dict[type[CuratedModel], dict[str, Record]] = {m: {} for m in (Actor, Topic, Source, Statement)}
        self.keys = {row.cells.get("statement_key", "").strip() for row in sheet.rows}
        self.standing_stances: dict[tuple[int, int, int], Stance] = {}
        self.default_source = source_named_after(sheet.name)

    def compare(self) -> Comparison:
        rows = list(self._read()) if self._header_is_right() else []
        self._find(rows)
        for row, values in rows:
            self._gather(row, values)
        for record in self._all(Statement):
            self._complete_statement(record)
        every: dict[type[CuratedModel], list[Record]] = {
            model: self._all(model) for model in (Actor, Topic, Source, Statement)
        }
        every[Stance] = [stance for record in every[Statement] for stance in record.stances.values()]
        for records in every.values():
            for record in records:
                self._make(record)
        voices = Voices(record.instance for record in every[Actor] if not record.is_new)
        for stance in every[Stance]:
            self._complete_stance(stance, voices)
        faults.find(every, self.problems, update=self.update)
        return Comparison(self.sheet, self.problems, every)

    def _all(self, model: type[CuratedModel]) -> list[Record]:
        """List the records of a model, each once: one that is named by a former address too stands under both."""
        return list(dict.fromkeys(self.records[model].values()))

    # ---- reading ----

    def _header_is_right(self) -> bool:
        for name, rule in wrong_columns(self.sheet.columns):
            self.problems.add(1, name, "", rule)
        return not self.problems.count

    def _read(self) -> Iterator[tuple[Row, dict[str, Given]]]:
        """Give the rows whose names can be read, with their cells' values."""
        for row in self.sheet.rows:
            for column, (value, rule) in row.wrong.items():
                self.problems.add(row.number, column, value, rule)
            values = {}
            for column, cell in row.cells.items():
                if column in MEANINGS and cell.strip():
                    try:
                        values[column] = Given(MEANINGS[column].read(cell), row.number, column, cell)
                    except ValueError as error:
                        self.problems.add(row.number, column, cell, str(error))
            missing = [name for name in NAMED if name not in values]
            for name in missing:
                if name not in row.wrong and not row.cells.get(name, "").strip():
                    cut = () if name in row.cells else (len(row.cells) + len(row.wrong), len(self.sheet.columns))
                    self.problems.add(row.number, name, "", rule_of_missing(*cut))
            if not missing:
                yield row, values

    def _find(self, rows: list[tuple[Row, dict[str, Given]]]) -> None:
        """Find what stands under the names in the table, former addresses too, in a query for many."""
        named: dict[type[CuratedModel], set[str]] = {Actor: set(), Topic: set(), Source: {self.default_source}}
        keys: set[str] = set()
        for _, values in rows:
            for column, given in values.items():
                if MEANINGS[column].is_reference and given.value is not None:
                    model = _model_of(MEANINGS[column])
                    (keys if model is Statement else named[model]).add(given.value)
        for model, slugs in named.items():
            found = self.found[model] = {}
            for some in batches(sorted(slugs)):
                found.update(resolve(model, some))
        prefetch_related_objects(list(self.found[Source].values()), "publisher")
        prefetch_related_objects(list(self.found[Topic].values()), "parent")
        statements = self.found[Statement] = {}
        known = Statement.objects.select_related("speaker", "source", "repeats").defer("source__text")
        for some in batches(sorted(keys)):
            statements.update((row.key, row) for row in known.filter(key__in=some))
        for some in batches([row.pk for row in statements.values()]):
            for stance in Stance.objects.filter(statement__in=some).select_related("actor", "topic"):
                self.standing_stances[stance.statement_id, stance.actor_id, stance.topic_id] = stance

    # ---- gathering ----

    def _record(self, model: type[CuratedModel], name: str, row: int, column: str) -> Record:
        """Give the record of a row by its name; two names of one row have one record."""
        records = self.records[model]
        if name not in records:
            standing = self.found[model].get(name)
            if standing is None:
                records[name] = Record(model, name, row, column)
            else:
                now = standing.key if model is Statement else standing.slug
                records[name] = records.setdefault(now, Record(model, now, row, column, standing))
        return records[name]

    def _gather(self, row: Row, values: dict[str, Given]) -> None:
        statement = self._record(Statement, values["statement_key"].value, row.number, "statement_key")
        actor = self._record(Actor, values["actor"].value, row.number, "actor")
        topic = self._record(Topic, values["topic"].value, row.number, "topic")
        actor.said_as.add("actor")
        if twin := statement.stances.get((actor, topic)):
            rule = f"Row {twin.row} has a stance of this actor on this topic in the same statement already."
            self.problems.add(row.number, "topic", values["topic"].cell, rule)
            return
        stance = Record(Stance, f"{statement.name}: {actor.name} on {topic.name}", row.number, "topic")
        if not (statement.is_new or actor.is_new or topic.is_new):
            stance.standing = self.standing_stances.get((statement.standing.pk, actor.standing.pk, topic.standing.pk))
        statement.stances[actor, topic] = stance
        for name, record in (("statement", statement), ("actor", actor), ("topic", topic)):
            stance.given[name] = Given(record, row.number, name, record.name)
        speaker = self._reference(values.get("speaker"), Actor)
        source = self._reference(values.get("source"), Source)
        owners = {STANCE: stance, STATEMENT: statement, ACTOR: actor, TOPIC: topic, SPEAKER: speaker, SOURCE: source}
        for column, given in values.items():
            meaning = MEANINGS[column]
            if column not in NAMED:
                self._put(owners[meaning.owner], meaning, given)

    def _reference(self, given: Given | None, model: type[CuratedModel]) -> Record | None:
        if given is None or given.value is None:
            return None
        record = self._record(model, given.value, given.row, given.column)
        record.said_as.add(given.column)
        return record

    def _put(self, owner: Record | None, meaning: Meaning, given: Given) -> None:
        if owner is None:
            needed = "speaker" if meaning.owner == SPEAKER else "source"
            self.problems.add(given.row, meaning.column, given.cell, f"Name the {needed} of which this is said.")
            return
        if meaning.is_reference and given.value is not None:
            model = _model_of(meaning)
            if model is Statement and given.value not in self.found[model] and given.value not in self.keys:
                rule = "There is no such statement, neither here nor in the table."
                self.problems.add(given.row, meaning.column, given.cell, rule)
                return
            record = self._reference(given, model)
            given = Given(record, given.row, given.column, given.cell)
        before = owner.given.setdefault(meaning.name, given)
        if before.value != given.value:
            rule = f"Row {before.row} says “{shortened(_shown(before.value))}” of the same {owner.noun}."
            self.problems.add(given.row, given.column, given.cell, rule)

    def _complete_statement(self, record: Record) -> None:
        """Say of a new statement who speaks and where it stands, where the table does not."""
        if not record.is_new or not record.stances:
            return
        actor, _ = next(iter(record.stances))
        if "speaker" not in record.given:
            record.given["speaker"] = Given(actor, record.row, "speaker", "")
        if "source" not in record.given:
            source = self._record(Source, self.default_source, record.row, "source")
            record.given["source"] = Given(source, record.row, "source", "")

    # ---- as it would be ----

    def _make(self, record: Record) -> None:
        """Make the row as it would be, and list what differs from what stands."""
        if record.instance is not None:
            return
        if record.is_new:
            record.instance = record.model(**DEFAULTS[record.model](record))
        else:
            record.instance = record.standing
            record.changes = [
                change for name, given in record.given.items() if (change := _change(record, name, given))
            ]
        for name, given in record.given.items():
            value = given.value
            setattr(record.instance, name, self._instance_of(value) if isinstance(value, Record) else value)

    def _instance_of(self, record: Record) -> Any:
        self._make(record)
        return record.instance

    def _complete_stance(self, record: Record, voices: Voices) -> None:
        """Give what follows from the rest: terms that a position asks for or rules out, authority, attribution."""
        stance, statement = record.instance, record.instance.statement
        limited = stance.position in (1, -1)
        if "position" in record.given and "terms" not in record.given and limited != bool(stance.terms):
            before, stance.terms = stance.terms, Terms.LEANING if limited else ""
            if not record.is_new:
                record.changes.append(Change("terms", before, stance.terms, record.given["position"]))
        if statement.latest is None:
            return
        if not (statement.authority and stance.attribution):
            suggested = _suggest(statement.speaker, stance.actor, statement.latest, voices)
            statement.authority = statement.authority or suggested.authority
            stance.attribution = stance.attribution or suggested.attribution
        if not statement.summary:
            held = "" if stance.position is None else f": {stance.wording}"
            statement.summary = f"{stance.actor.name} on {stance.topic.name}{held}."


def _suggest(speaker: Actor, actor: Actor, day: dt.date, voices: Voices) -> Suggestion:
    if speaker.pk:
        return voices.suggest(speaker, actor, day)
    authority = {ActorKind.GROUP: Authority.ACT, ActorKind.GOVERNMENT: Authority.OFFICIAL}.get(
        ActorKind(speaker.kind), Authority.INDEPENDENT
    )
    return Suggestion(authority, Voice.OWN if speaker is actor else Voice.REPORTED)


IDENTITY = {"statement", "actor", "topic"}


def _change(record: Record, name: str, given: Given) -> Change | None:
    """Tell what a cell would change in what stands, if anything."""
    if record.model is Stance and name in IDENTITY:
        return None
    before, after = getattr(record.standing, name), given.value
    if before == (after.standing if isinstance(after, Record) else after) and not _is_new(after):
        return None
    return Change(name, _shown(before), _shown(after), given)


def _is_new(value: Any) -> bool:
    return isinstance(value, Record) and value.is_new


def source_named_after(file: str) -> str:
    """Give the slug of the source of what a file says without naming one."""
    return slugify(PurePath(file).stem)[:100].strip("-_").replace("_", "-") or "imported"


def name_of_actor(slug: str) -> str:
    return slug.replace("-", " ").title()


def in_words(slug: str) -> str:
    return str(capfirst(slug.replace("-", " ")))


def _defaults_of_actor(record: Record) -> dict[str, Any]:
    kind = ActorKind.GOVERNMENT if "actor" in record.said_as else ActorKind.PERSON
    if "actor" not in record.said_as and "publisher" in record.said_as:
        kind = ActorKind.PUBLICATION
    return {"slug": record.name, "name": name_of_actor(record.name), "kind": kind}


def _defaults_of_topic(record: Record) -> dict[str, Any]:
    given = record.given.get("name")
    name = given.value if given else in_words(record.name)
    return {"slug": record.name, "name": name, "short_name": name[:60], "proposition": name}


def _defaults_of_source(record: Record) -> dict[str, Any]:
    return {"slug": record.name, "title": in_words(record.name), "kind": SourceKind.ARTICLE}


DEFAULTS: dict[type[CuratedModel], Callable[[Record], dict[str, Any]]] = {
    Actor: _defaults_of_actor,
    Topic: _defaults_of_topic,
    Source: _defaults_of_source,
    Statement: lambda record: {"key": record.name},
    Stance: lambda record: {},
}


def _model_of(meaning: Meaning) -> type[CuratedModel]:
    field = meaning.field
    assert field is not None
    return field.related_model  # type: ignore[return-value]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Record):
        return value.name
    if isinstance(value, Statement):
        return value.key
    return str(getattr(value, "slug", value))
