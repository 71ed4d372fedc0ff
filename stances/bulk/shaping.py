"""Rows set aside as rows of the models: what stands under their names, and how each would be after the import.

For each model a temporary table has its columns and, besides, `n`, the row of the file that first tells of it, whether
it is new, and whether it differs from what stands. All is done in sets, the same on both databases.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Any

from django.db import connection

from stances import dialects
from stances.bulk.staging import ACTORS, CHUNK, SOURCES, STAGES, STANCES, STATEMENTS, TOPICS, Stage
from stances.models import Actor
from stances.tables import in_words, source_named_after
from stances.vocabulary import WORDS, ActorKind, Basis, Form, SourceKind, Status, Terms
from stances.voices import Voices


def names(stage: Stage) -> str:
    """Name the table of a stage's names: which row each means, by its id."""
    return f"stances_name_{stage.model._meta.model_name}"


def shaped(stage: Stage) -> str:
    """Name the table of a stage's rows as they would be."""
    return f"stances_new_{stage.model._meta.model_name}"


VOICES = "stances_suggested_voice"
TABLES = (
    *(stage.table for stage in STAGES),
    *(names(stage) for stage in STAGES if stage is not STANCES),
    *(shaped(stage) for stage in STAGES),
    VOICES,
)


def columns_of(stage: Stage) -> list[str]:
    return [quote(field.column) for field in stage.model._meta.concrete_fields]


def quote(column: Any) -> str:
    return connection.ops.quote_name(column)


def literal(value: Any) -> str:
    return connection.schema_editor().quote_value(value)


def shape(*, file: str, by: int | None, at: dt.datetime, reason: str) -> None:
    """Make the rows as they would be: new ones coded by `by`, published at `at`, and retracted for `reason`."""
    _name(STATEMENTS)
    _add_usual_source(source_named_after(file))
    for stage in (ACTORS, TOPICS, SOURCES):
        _name(stage)
    _shape_actors()
    _shape_topics()
    _shape_sources()
    _shape_statements(by, at, reason)
    _suggest_voices()
    _shape_stances()
    _summarise()
    for stage in STAGES:
        _find_differences(stage)


# ---- names ----


def _name(stage: Stage) -> None:
    """Find what stands under each name, former addresses too, and give ids to what is new, in the file's order."""
    model = stage.model
    table, kind = model._meta.db_table, model._meta.model_name
    text = 'text COLLATE "C"' if dialects.is_postgresql() else "text"
    dialects.temporary(names(stage), f"name {text}, id bigint, n integer, is_new boolean", key="name")
    if stage is STATEMENTS:
        standing = f"SELECT id, key AS name FROM {table}"
    else:
        standing = (
            f"SELECT id, slug AS name FROM {table} UNION ALL "
            f"SELECT {kind}_id, slug FROM stances_formerslug WHERE kind = '{kind}' AND {kind}_id IS NOT NULL "
            f"AND slug NOT IN (SELECT slug FROM {table})"
        )
    dialects.run(
        f"INSERT INTO {names(stage)} SELECT said.name, MIN(there.id), MIN(said.n), false "
        f"FROM {stage.table} said JOIN ({standing}) there ON there.name = said.name GROUP BY said.name"
    )
    first = dialects.take_ids(table, 0)
    made = dialects.run(
        f"INSERT INTO {names(stage)} "
        f"SELECT said.name, {first - 1} + ROW_NUMBER() OVER (ORDER BY MIN(said.n), said.name), MIN(said.n), true "
        f"FROM {stage.table} said LEFT JOIN {names(stage)} named ON named.name = said.name "
        "WHERE named.id IS NULL GROUP BY said.name"
    )
    dialects.take_ids(table, made)
    dialects.analyse(names(stage))


def _add_usual_source(slug: str) -> None:
    """Give new statements that name no source one that is named after the file."""
    usual = dialects.quoted(slug)
    named = (
        f"SELECT said.name FROM {STATEMENTS.table} said JOIN {names(STATEMENTS)} named ON named.name = said.name "
        "WHERE named.is_new GROUP BY said.name HAVING COUNT(said.said_source) = 0"
    )
    changed = dialects.run(
        f"UPDATE {STATEMENTS.table} SET said_source = {usual} WHERE said_source IS NULL AND name IN ({named})"
    )
    if changed:
        dialects.run(
            f"INSERT INTO {SOURCES.table} (n, name, usual_name) "
            f"SELECT MIN(n), {usual}, {dialects.quoted(in_words(slug))} FROM {STATEMENTS.table} "
            f"WHERE said_source = {usual}"
        )


# ---- rows as they would be ----


def are_several(stage: Stage) -> bool:
    """Tell whether the file speaks of any row several times."""
    ((rows, named),) = dialects.ask(
        f"SELECT (SELECT COUNT(*) FROM {stage.table}), (SELECT COUNT(DISTINCT id) FROM {names(stage)})"
    )
    return rows > named


def _said(stage: Stage) -> str:
    """Write a query of what the file says of each row; of a row that stands several times, of all of these together.

    Where they contradict each other, which is told elsewhere, it is one of them.
    """
    table, several = names(stage), are_several(stage)
    parts = ["named.id", "named.is_new"]
    for name in stage.columns:
        most = "MAX" if name.startswith("as_") else "MIN"
        parts.append(f"{most}(said.{name}) AS {name}" if several else f"said.{name}")
    return (
        f"SELECT {', '.join(parts)} FROM {stage.table} said JOIN {table} named ON named.name = said.name"
        f"{' GROUP BY named.id, named.is_new' if several else ''}"
    )


def _text(name: str, default: str = "''") -> str:
    return f"COALESCE(g.said_{name}, o.{quote(name)}, {default})"


def _or_none(name: str, value: str) -> str:
    """Write a value that a cell may clear."""
    return f"CASE WHEN g.said_{name.removesuffix('_id')} IS NULL THEN o.{quote(name)} ELSE {value} END"


def _shape(stage: Stage, said: str, values: dict[str, str], joins: str = "") -> None:
    """Fill a table of rows as they would be: `values` writes columns from g, what is said, and o, what stands."""
    table, new = stage.model._meta.db_table, shaped(stage)
    dialects.run(f"DROP TABLE IF EXISTS {new}")
    dialects.run(
        f"CREATE TEMPORARY TABLE {new} AS SELECT t.*, 0 AS n, t.id > 0 AS is_new, t.id > 0 AS differs "
        f"FROM {table} t WHERE t.id < 0"
    )
    editor: Any = connection.schema_editor()
    filled = []
    for field in stage.model._meta.concrete_fields:
        stands = f"o.{quote(field.column)}"
        default = editor.effective_default(field)
        usual = stands if default is None else f"COALESCE({stands}, {literal(default)})"
        filled.append(values.get(str(field.column), usual))
    dialects.run(
        f"INSERT INTO {new} ({', '.join(columns_of(stage))}, n, is_new, differs) "
        f"SELECT {', '.join(filled)}, g.n, g.is_new, g.is_new FROM ({said}) g "
        f"LEFT JOIN {table} o ON o.id = g.id {joins}"
    )
    if not dialects.is_postgresql():
        dialects.run(f"CREATE UNIQUE INDEX {new}_id ON {new} (id)")
    dialects.analyse(new)


def _find_differences(stage: Stage) -> None:
    table, new = stage.model._meta.db_table, shaped(stage)
    some = " OR ".join(dialects.differs(f"o.{column}", f"{new}.{column}") for column in columns_of(stage))
    dialects.run(
        f"UPDATE {new} SET differs = true FROM {table} o WHERE o.id = {new}.id AND NOT {new}.is_new AND ({some})"
    )


def _shape_actors() -> None:
    kind = (
        f"CASE WHEN g.as_actor = 1 THEN '{ActorKind.GOVERNMENT}' WHEN g.as_publisher = 1 "
        f"THEN '{ActorKind.PUBLICATION}' ELSE '{ActorKind.PERSON}' END"
    )
    values = {
        "id": "g.id",
        "slug": "COALESCE(o.slug, g.name)",
        "name": _text("name", "g.usual_name"),
        "kind": _text("kind", kind),
    }
    _shape(ACTORS, _said(ACTORS), values)


def _shape_topics() -> None:
    name = _text("name", "g.usual_name")
    values = {
        "id": "g.id",
        "slug": "COALESCE(o.slug, g.name)",
        "name": name,
        "short_name": f"COALESCE(o.short_name, SUBSTR({name}, 1, 60))",
        "proposition": _text("proposition", name),
        "parent_id": _or_none("parent_id", "parent.id"),
    }
    _shape(TOPICS, _said(TOPICS), values, f"LEFT JOIN {names(TOPICS)} parent ON parent.name = g.said_parent")


def _shape_sources() -> None:
    values = {
        "id": "g.id",
        "slug": "COALESCE(o.slug, g.name)",
        "title": _text("title", "g.usual_name"),
        "kind": _text("kind", f"'{SourceKind.ARTICLE}'"),
        "url": _text("url"),
        "published_on": _or_none("published_on", dialects.day("NULLIF(g.said_published_on, '')")),
        "publisher_id": _or_none("publisher_id", "publisher.id"),
    }
    publisher = f"LEFT JOIN {names(ACTORS)} publisher ON publisher.name = g.said_publisher"
    _shape(SOURCES, _said(SOURCES), values, publisher)


def _shape_statements(by: int | None, at: dt.datetime, reason: str) -> None:
    status = _text("status", f"'{Status.DRAFT}'")
    earliest = "NULLIF(SUBSTR(g.said_date, 1, LENGTH(g.said_date) - 11), '')"
    latest = "SUBSTR(g.said_date, LENGTH(g.said_date) - 9)"
    number = "CAST(NULLIF(g.said_{0}, '') AS integer)"
    values = {
        "id": "g.id",
        "key": "g.name",
        "source_id": "COALESCE(source.id, o.source_id)",
        "speaker_id": "COALESCE(speaker.id, o.speaker_id, actor.id)",
        "earliest": f"CASE WHEN g.said_date IS NULL THEN o.earliest ELSE {dialects.day(earliest)} END",
        "latest": f"COALESCE({dialects.day(latest)}, o.latest)",
        "start": _or_none("start", number.format("start")),
        "end": _or_none("end", number.format("end")),
        "repeats_id": _or_none("repeats_id", "COALESCE(repeated.id, standing.id)"),
        "status": status,
        "published_at": f"COALESCE(o.published_at, CASE WHEN {status} IN ('{Status.PUBLISHED}', '{Status.RETRACTED}') "
        f"THEN {dialects.moment(at)} END)",
        "retraction_reason": f"CASE WHEN {status} = '{Status.RETRACTED}' AND COALESCE(o.retraction_reason, '') = '' "
        f"THEN {dialects.quoted(reason)} ELSE COALESCE(o.retraction_reason, '') END",
        "coder_id": f"CASE WHEN g.is_new THEN {literal(by)} ELSE o.coder_id END",
        "form": _text("form", f"'{Form.INDIRECT}'"),
    }
    values |= {name: _text(name) for name in ("occasion", "authority", "summary", "quote", "locator")}
    # Most files name the speaker in each row, and few repeats: then there is next to nothing to join.
    silent = f"SELECT n FROM {STATEMENTS.table} WHERE said_speaker IS NULL"
    first = f"SELECT n, actor FROM {STANCES.table} WHERE n IN ({silent})"
    joins = (
        f"LEFT JOIN {names(SOURCES)} source ON source.name = g.said_source "
        f"LEFT JOIN {names(ACTORS)} speaker ON speaker.name = g.said_speaker "
        f"LEFT JOIN {names(STATEMENTS)} repeated ON repeated.name = g.said_repeats "
        "LEFT JOIN stances_statement standing ON standing.key = g.said_repeats "
        f"LEFT JOIN ({first}) first ON first.n = g.n AND g.is_new AND g.said_speaker IS NULL "
        f"LEFT JOIN {names(ACTORS)} actor ON actor.name = first.actor"
    )
    _shape(STATEMENTS, _said(STATEMENTS), values, joins)


def _suggest_voices() -> None:
    """Suggest authority and attribution where neither the file nor what stands says them."""
    dialects.temporary(VOICES, "n integer, authority text, attribution text", key="n")
    kinds = (
        f"SELECT id, kind FROM {shaped(ACTORS)} UNION SELECT id, kind FROM stances_actor WHERE id IN "
        f"(SELECT speaker_id FROM {shaped(STATEMENTS)}) AND id NOT IN (SELECT id FROM {shaped(ACTORS)})"
    )
    actors = {pk: Actor(pk=pk, kind=kind) for pk, kind in dialects.stream(kinds)}
    asked = dialects.stream(
        f"SELECT said.n, st.speaker_id, actor.id, st.latest FROM {STANCES.table} said "
        f"JOIN {names(STATEMENTS)} named ON named.name = said.name JOIN {shaped(STATEMENTS)} st ON st.id = named.id "
        f"JOIN {names(ACTORS)} actor ON actor.name = said.actor "
        "WHERE (said.said_attribution IS NULL OR st.authority = '' AND st.n = said.n) AND st.latest IS NOT NULL"
    )
    voices: Voices | None = None
    while rows := list(islice(asked, CHUNK)):
        voices = voices or Voices(actors.values())
        suggested = []
        for n, speaker, actor, day in rows:
            voice = voices.suggest(actors[speaker], actors[actor], dialects.as_day(day))
            suggested.append((n, str(voice.authority), str(voice.attribution)))
        dialects.write(VOICES, "n, authority, attribution", suggested)
    dialects.analyse(VOICES)
    new = shaped(STATEMENTS)
    dialects.run(
        f"UPDATE {new} SET authority = v.authority FROM {VOICES} v WHERE v.n = {new}.n AND {new}.authority = ''"
    )


def _shape_stances() -> None:
    position = "COALESCE(CAST(g.said_position AS integer), o.position)"
    values = {
        "id": "g.id",
        "statement_id": "st.id",
        "actor_id": "g.actor_id",
        "topic_id": "g.topic_id",
        "position": position,
        "terms": f"CASE WHEN g.said_terms IS NOT NULL THEN g.said_terms WHEN g.said_position IS NULL THEN o.terms "
        f"WHEN {position} NOT IN (1, -1) THEN '' ELSE COALESCE(NULLIF(o.terms, ''), '{Terms.LEANING}') END",
        "condition": _text("condition"),
        "basis": _text("basis", f"'{Basis.EXPLICIT}'"),
        "attribution": _text("attribution", "COALESCE(v.attribution, '')"),
        "rationale": _text("rationale"),
        "stated_on": "st.latest",
        "earliest_on": "st.earliest",
        "public": f"st.status = '{Status.PUBLISHED}'",
        "repeat": "st.repeats_id IS NOT NULL",
        "authority": "st.authority",
        "speaker_id": "st.speaker_id",
        "source_id": "st.source_id",
    }
    first = dialects.take_ids("stances_stance", 0)
    said = (
        "SELECT said.*, named.id AS statement_id, actor.id AS actor_id, topic.id AS topic_id, "
        "there.id IS NULL AS is_new, "
        f"COALESCE(there.id, {first - 1} + ROW_NUMBER() OVER (PARTITION BY there.id IS NULL ORDER BY said.n)) AS id "
        f"FROM {STANCES.table} said JOIN {names(STATEMENTS)} named ON named.name = said.name "
        f"JOIN {names(ACTORS)} actor ON actor.name = said.actor JOIN {names(TOPICS)} topic ON topic.name = said.topic "
        "LEFT JOIN stances_stance there ON there.statement_id = named.id AND there.actor_id = actor.id "
        "AND there.topic_id = topic.id"
    )
    joins = f"JOIN {shaped(STATEMENTS)} st ON st.id = g.statement_id LEFT JOIN {VOICES} v ON v.n = g.n"
    _shape(STANCES, said, values, joins)
    ((made,),) = dialects.ask(f"SELECT COUNT(*) FROM {shaped(STANCES)} WHERE is_new")
    dialects.take_ids("stances_stance", made)


def _summarise() -> None:
    """Give new statements without a summary one that says what their first stance does."""
    words = " ".join(
        f"WHEN h.position = {value} AND h.terms = '{terms}' THEN {dialects.quoted(text)}"
        for (value, terms), text in WORDS.items()
    )
    new = shaped(STATEMENTS)
    dialects.run(
        f"UPDATE {new} SET summary = a.name || ' on ' || t.name || COALESCE(': ' || CASE {words} END, '') || '.' "
        f"FROM {shaped(STANCES)} h JOIN {shaped(ACTORS)} a ON a.id = h.actor_id "
        f"JOIN {shaped(TOPICS)} t ON t.id = h.topic_id "
        f"WHERE h.n = {new}.n AND {new}.summary = ''"
    )
