"""What is wrong with rows set aside, asked in sets: each rule is a condition on a table of rows as they would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from stances import dialects
from stances.bulk.shaping import are_several, literal, names, quote, shaped
from stances.bulk.staging import ACTORS, SOURCES, STAGES, STANCES, STATEMENTS, TOPICS, Stage
from stances.dates import PartialDate, today
from stances.faults import PLACES
from stances.imports import Problems, shortened
from stances.models import Source, Statement
from stances.vocabulary import Basis, Form, Status

#: How many problems of one kind are read with their rows; of the rest the number is told.
READ = 1000
#: What was public stays known: the steps of a statement's life that an import may take.
MAY_BECOME = {
    Status.DRAFT: (Status.SUBMITTED, Status.PUBLISHED),
    Status.SUBMITTED: (Status.DRAFT, Status.PUBLISHED),
    Status.PUBLISHED: (Status.RETRACTED,),
    Status.RETRACTED: (),
}


#: Without these a row has no more rules to break; that they are missing is told already.
LACKED = {STATEMENTS: ("latest",), STANCES: ("position", "stated_on")}


@dataclass(frozen=True)
class Rule:
    """What breaks a rule: a condition on `t`, rows as they would be; where it is told, and in what words.

    `value` and `words` are SQL; `joins` is what else they ask of.
    """

    stage: Stage
    condition: str
    column: str
    words: str
    value: str = "''"
    joins: str = ""


def check(problems: Problems, *, update: bool) -> None:
    """Tell all that stands in the way of writing what was set aside."""
    for stage in STAGES:
        _find_contradictions(stage, problems)
    for rule in _rules(update):
        _ask(rule, problems)
    _find_loops(problems)
    _hold_against_texts(problems)


def _ask(rule: Rule, problems: Problems) -> None:
    found = dialects.ask(
        f"SELECT t.n, {rule.value}, {rule.words}, COUNT(*) OVER () FROM {shaped(rule.stage)} t {rule.joins} "
        f"WHERE {rule.condition} ORDER BY t.n LIMIT {READ}"
    )
    for n, value, words, _ in found:
        problems.add(n, rule.column, "" if value is None else value, words)
    if found:
        problems.count += found[0][3] - len(found)


def _rules(update: bool) -> Iterator[Rule]:
    yield from _rules_of_names()
    if not update:
        yield from _rules_of_what_stands()
    yield from _rules_of_one_row()
    yield from _rules_of_statements()


def _rules_of_names() -> Iterator[Rule]:
    for stage, column in ((ACTORS, "actor"), (TOPICS, "topic"), (SOURCES, "source")):
        kind = stage.model._meta.model_name
        yield Rule(
            stage,
            "t.is_new",
            column,
            "'A former address, which is never used again.'",
            "t.slug",
            f"JOIN stances_formerslug f ON f.kind = '{kind}' AND f.slug = t.slug",
        )
    yield Rule(
        STATEMENTS,
        "t.is_new AND EXISTS (SELECT 1 FROM stances_historicalstatement h WHERE h.key = t.key)",
        "statement_key",
        "'This key was used before, and is never used again.'",
        "t.key",
    )
    yield Rule(STATEMENTS, "t.is_new AND t.latest IS NULL", "date", "'A new statement needs its date.'")
    yield Rule(STANCES, "t.is_new AND t.position IS NULL", "position", "'A new stance needs its position.'")
    yield Rule(
        STANCES,
        "t.n > twin.n",
        "topic",
        "'Row ' || twin.n || ' has a stance of this actor on this topic in the same statement already.'",
        "said.topic",
        "JOIN (SELECT statement_id, actor_id, topic_id, MIN(n) AS n "
        f"FROM {shaped(STANCES)} GROUP BY statement_id, actor_id, topic_id HAVING COUNT(*) > 1) twin "
        "ON twin.statement_id = t.statement_id AND twin.actor_id = t.actor_id AND twin.topic_id = t.topic_id "
        f"JOIN {STANCES.table} said ON said.n = t.n",
    )
    yield Rule(
        STATEMENTS,
        "named.name IS NULL AND there.id IS NULL",
        "repeats",
        "'There is no such statement, neither here nor in the file.'",
        "said.said_repeats",
        f"JOIN {STATEMENTS.table} said ON said.name = t.key AND said.said_repeats <> '' "
        f"LEFT JOIN {names(STATEMENTS)} named ON named.name = said.said_repeats "
        "LEFT JOIN stances_statement there ON there.key = said.said_repeats",
    )


def _rules_of_what_stands() -> Iterator[Rule]:
    """Without an update, all that stands stays as it is."""
    yield Rule(
        STANCES,
        "t.is_new AND NOT st.is_new",
        "topic",
        "'The statement stands here without this stance. --update adds it.'",
        "said.topic",
        f"JOIN {shaped(STATEMENTS)} st ON st.id = t.statement_id JOIN {STANCES.table} said ON said.n = t.n",
    )
    for stage in STAGES:
        table = stage.model._meta.db_table
        if not dialects.ask(f"SELECT 1 FROM {shaped(stage)} WHERE differs AND NOT is_new LIMIT 1"):
            continue
        for name, column in stage.said.items():
            fields = ("earliest", "latest") if name == "date" else (_field(stage, name).column,)
            changed = " OR ".join(dialects.differs(f"o.{quote(f)}", f"t.{quote(f)}") for f in fields)
            stands = _shown(stage, name)
            yield Rule(
                stage,
                f"t.differs AND NOT t.is_new AND ({changed})",
                column,
                f"CASE WHEN COALESCE({stands}, '') = '' THEN 'Nothing stands' "
                f"ELSE '“' || SUBSTR({stands}, 1, 80) || '” stands' END || ' here. --update changes it.'",
                _shown(stage, name, "t"),
                f"JOIN {table} o ON o.id = t.id",
            )


def _field(stage: Stage, name: str) -> Any:
    return stage.model._meta.get_field(name)


def _shown(stage: Stage, name: str, row: str = "o") -> str:
    """Write a value as the file would have it."""
    if name == "date":
        earliest, latest = f"CAST({row}.earliest AS text)", f"CAST({row}.latest AS text)"
        both = f"COALESCE({earliest}, '..') || '/' || {latest}"
        return f"CASE WHEN {row}.earliest = {row}.latest THEN {latest} ELSE {both} END"
    field = _field(stage, name)
    column = f"{row}.{quote(field.column)}"
    if not field.is_relation:
        return f"CAST({column} AS text)"
    other = field.related_model
    key = "key" if other is Statement else "slug"
    kinds: dict[Any, str] = {each.model: shaped(each) for each in STAGES}
    return (
        f"COALESCE((SELECT {key} FROM {other._meta.db_table} WHERE id = {column}), "
        f"(SELECT {key} FROM {kinds[other]} WHERE id = {column}))"
    )


def _rules_of_one_row() -> Iterator[Rule]:
    """Ask the check constraints of the models; what is unknown breaks none."""
    editor = connection.schema_editor()
    for stage in STAGES:
        written = " AND ".join(["(is_new OR differs)", *(f"{name} IS NOT NULL" for name in LACKED.get(stage, ()))])
        checks = [rule for rule in stage.model._meta.constraints if isinstance(rule, models.CheckConstraint)]
        broken = [f"NOT ({rule._get_check_sql(stage.model, editor)})" for rule in checks]  # type: ignore[attr-defined]
        if not dialects.ask(f"SELECT 1 FROM {shaped(stage)} WHERE {written} AND ({' OR '.join(broken)}) LIMIT 1"):
            continue
        for rule, condition in zip(checks, broken, strict=True):
            column = PLACES.get(rule.name, "")
            name = next((name for name, said in stage.said.items() if said == column), "")
            yield Rule(
                stage,
                f"t.id IN (SELECT id FROM {shaped(stage)} WHERE {written} AND {condition})",
                column,
                dialects.quoted(str(rule.violation_error_message)),
                _shown(stage, name, "t") if name else "''",
            )


def _rules_of_statements() -> Iterator[Rule]:
    changed = "(t.is_new OR t.differs)"
    now = dialects.day(dialects.quoted(today().isoformat()))
    said = _shown(STATEMENTS, "date", "t")
    published = "CASE WHEN s.id IS NULL THEN o.published_on ELSE s.published_on END"
    of_source = f"LEFT JOIN {shaped(SOURCES)} s ON s.id = t.source_id LEFT JOIN stances_source o ON o.id = t.source_id"
    yield Rule(STATEMENTS, f"{changed} AND t.latest > {now}", "date", "t.latest || ' is still to come.'", said)
    yield Rule(
        STATEMENTS,
        f"{changed} AND t.latest <= {now} AND t.latest > {published}",
        "date",
        f"'Said on ' || t.latest || ' at the latest, but its source was published on ' || {published} || "
        "': write the range that ends with that day.'",
        said,
        of_source,
    )
    day = "CAST(t.published_on AS text)"
    yield Rule(SOURCES, f"{changed} AND t.published_on > {now}", "published_on", f"{day} || ' is still to come.'", day)
    yield Rule(
        SOURCES,
        "t.differs AND NOT t.is_new AND st.id IS NULL AND said.latest > t.published_on",
        "published_on",
        "'Its statement ' || said.key || ' was made later, on ' || said.latest || '.'",
        day,
        f"JOIN stances_statement said ON said.source_id = t.id LEFT JOIN {shaped(STATEMENTS)} st ON st.id = said.id",
    )
    yield Rule(
        STANCES,
        f"({changed} OR st.differs) AND st.form = '{Form.ACT}' AND t.basis = '{Basis.IMPLIED}'",
        "basis",
        "'A deed is explicit.'",
        "t.basis",
        f"JOIN {shaped(STATEMENTS)} st ON st.id = t.statement_id",
    )
    yield from _rules_of_repeats(changed)
    moves = " OR ".join(
        f"o.status = '{before}' AND t.status NOT IN ({', '.join(map(literal, (before, *after)))})"
        for before, after in MAY_BECOME.items()
    )
    yield Rule(
        STATEMENTS,
        f"NOT t.is_new AND ({moves})",
        "status",
        "'It is ' || o.status || ', and cannot become ' || t.status || "
        "': what was published is retracted, and stays so.'",
        "t.status",
        "JOIN stances_statement o ON o.id = t.id",
    )


def _rules_of_repeats(changed: str) -> Iterator[Rule]:
    first = (
        f"LEFT JOIN {shaped(STATEMENTS)} f ON f.id = t.repeats_id "
        "LEFT JOIN stances_statement o ON o.id = t.repeats_id AND f.id IS NULL"
    )
    key = "COALESCE(f.key, o.key)"
    yield Rule(
        STATEMENTS,
        f"{changed} AND t.repeats_id <> t.id AND COALESCE(f.repeats_id, o.repeats_id) IS NOT NULL",
        "repeats",
        f"{key} || ' is a repeat itself: name the one that it repeats.'",
        key,
        first,
    )
    yield Rule(
        STATEMENTS,
        f"{changed} AND t.status = '{Status.PUBLISHED}' AND COALESCE(f.status, o.status) <> '{Status.PUBLISHED}'",
        "repeats",
        f"{key} || ' is not published.'",
        key,
        first,
    )
    others = f"JOIN stances_statement o ON o.repeats_id = t.id LEFT JOIN {shaped(STATEMENTS)} same ON same.id = o.id"
    yield Rule(
        STATEMENTS,
        "t.differs AND NOT t.is_new AND t.repeats_id IS NOT NULL AND same.id IS NULL",
        "repeats",
        "'Others repeat this statement, so it cannot be a repeat itself: ' || o.key || '.'",
        "''",
        others,
    )
    yield Rule(
        STATEMENTS,
        f"t.differs AND NOT t.is_new AND t.status <> '{Status.PUBLISHED}' AND same.id IS NULL "
        f"AND o.status = '{Status.PUBLISHED}'",
        "status",
        "'The published statement ' || o.key || ' repeats it: say in the same file what becomes of that one.'",
        "t.status",
        others,
    )


def _find_contradictions(stage: Stage, problems: Problems) -> None:
    """Tell of cells that say of one row something else than an earlier row of the file does."""
    if stage is STANCES or not are_several(stage):
        return
    apart = " OR ".join(f"MIN(said.said_{name}) <> MAX(said.said_{name})" for name in stage.said)
    named = f"{stage.table} said JOIN {names(stage)} named ON named.name = said.name"
    contradicted = f"SELECT named.id FROM {named} GROUP BY named.id HAVING COUNT(*) > 1 AND ({apart})"
    cells = ", ".join(f"said.said_{name}" for name in stage.said)
    speaks = "said.as_actor = 0" if stage is ACTORS else "false"
    noun = stage.model._meta.verbose_name
    first: dict[tuple[int, str], tuple[int, str]] = {}
    at = None
    rows = dialects.stream(
        f"SELECT named.id, said.n, {speaks}, {cells} FROM {named} WHERE named.id IN ({contradicted}) "
        "ORDER BY named.id, said.n"
    )
    for pk, n, is_speaker, *said in rows:
        if pk != at:
            at, first = pk, {}
        for (name, column), cell in zip(stage.said.items(), said, strict=True):
            if cell is None:
                continue
            row, before = first.setdefault((pk, name), (n, cell))
            if before != cell:
                rule = f"Row {row} says “{shortened(_as_written(name, before))}” of the same {noun}."
                at_column = column.replace("actor", "speaker") if is_speaker else column
                problems.add(n, at_column, _as_written(name, cell), rule)


def _as_written(name: str, said: str) -> str:
    if name != "date":
        return said
    return str(PartialDate.parse(said if said[0] != "/" else f"..{said}"))


def _find_loops(problems: Problems) -> None:
    """Refuse a topic that would stand under itself."""
    placed = dialects.ask(
        f"SELECT id, slug, parent_id, n FROM {shaped(TOPICS)} WHERE (is_new OR differs) AND parent_id IS NOT NULL"
    )
    if not placed:
        return
    above = dict(dialects.ask("SELECT id, parent_id FROM stances_topic"))
    above.update(dialects.ask(f"SELECT id, parent_id FROM {shaped(TOPICS)}"))
    slugs = dict(dialects.ask(f"SELECT id, slug FROM {shaped(TOPICS)}"))
    for pk, slug, parent, n in sorted(placed, key=lambda row: row[3]):
        seen, at = {pk}, parent
        while at is not None and at not in seen:
            seen.add(at)
            at = above.get(at)
        if at is not None:
            problems.add(n, "topic_parent", slugs.get(parent, ""), f"“{slug}” would stand under itself.")


def _hold_against_texts(problems: Problems) -> None:
    """Hold quotations of what goes beyond a draft against their sources' texts, where these are held."""
    rows = dialects.ask(
        f"SELECT t.n, t.source_id, t.quote, t.start, t.{quote('end')} FROM {shaped(STATEMENTS)} t "
        "JOIN stances_source s ON s.id = t.source_id WHERE s.text <> '' AND (t.is_new OR t.differs) "
        f"AND t.status <> '{Status.DRAFT}' AND (t.quote <> '' OR t.{quote('end')} > 0) ORDER BY t.source_id, t.n"
    )
    text, at = "", None
    for n, source, words, start, end in rows:
        if source != at:
            at, text = source, Source.objects.values_list("text", flat=True).get(pk=source)
        statement = Statement(quote=words, start=start, end=end)
        for column, rule in statement.problems_in(text).items():
            problems.add(n, column, words if column == "quote" else str(getattr(statement, column)), rule)
