"""Writing rows that were shaped and found right, in sets: what is new, what differs, and what follows from both."""

from __future__ import annotations

import datetime as dt

from django.db.models.expressions import RawSQL

from stances import dialects, positions
from stances.bulk import indexes
from stances.bulk.shaping import columns_of, quote, shaped
from stances.bulk.staging import ACTORS, SOURCES, STAGES, STANCES, STATEMENTS, TOPICS, Stage
from stances.models import Import

Counts = dict[str, dict[str, int]]


def count() -> Counts:
    """Count the rows that an import makes and changes, by kind; of new ones give the first and the last id, too."""
    counts: Counts = {}
    for stage in STAGES:
        ((new, first, last, changed),) = dialects.ask(
            "SELECT COUNT(CASE WHEN is_new THEN 1 END), MIN(CASE WHEN is_new THEN id END), "
            "MAX(CASE WHEN is_new THEN id END), COUNT(CASE WHEN differs AND NOT is_new THEN 1 END) "
            f"FROM {shaped(stage)}"
        )
        found = {"new": new, "first": first, "last": last} if new else {}
        if changed:
            found["changed"] = changed
        if found:
            counts[str(stage.model._meta.model_name)] = found
    return counts


def write(counts: Counts, *, by: int | None, at: dt.datetime, reason: str) -> None:
    """Write all that is new or differs, with the history of what differs, and bring positions up to date."""
    for stage in STAGES:
        if "changed" in counts.get(str(stage.model._meta.model_name), {}):
            _change(stage, by, at, reason)
    with indexes.aside(counts.get("statement", {})):
        for stage in (ACTORS, TOPICS, SOURCES, STATEMENTS):
            _insert(stage)
        _copy_to_stances()
        positions.touch(_touched())
        positions.stage(coming=_new_stances())
        _insert_stances()
        positions.apply()
    positions.forget()


def _change(stage: Stage, by: int | None, at: dt.datetime, reason: str) -> None:
    table, new = stage.model._meta.db_table, shaped(stage)
    ids = f"SELECT id FROM {new} WHERE differs AND NOT is_new"
    Import.objects.begin_history(stage.model._base_manager.filter(pk__in=RawSQL(ids, [])))
    columns = [column for column in columns_of(stage) if column != quote("id")]
    dialects.run(
        f"UPDATE {table} SET {', '.join(f'{column} = t.{column}' for column in columns)} FROM {new} t "
        f"WHERE t.id = {table}.id AND t.differs AND NOT t.is_new"
    )
    dialects.enter_history(stage.model, ids, kind="~", at=at, reason=reason, by=by)


def _insert(stage: Stage) -> None:
    columns, new = ", ".join(columns_of(stage)), shaped(stage)
    order = "" if _are_in_order(stage) else " ORDER BY id"
    dialects.run(
        f"INSERT INTO {stage.model._meta.db_table} ({columns}) SELECT {columns} FROM {new} WHERE is_new{order}"
    )


def _are_in_order(stage: Stage) -> bool:
    """Tell whether rows lie in the order of their ids, as they do where the file names each once; a sort takes longer.

    Rows that follow each other in the file are asked for together, and so they should lie together.
    """
    lying = f"SELECT id, LAG(id) OVER () AS before FROM {shaped(stage)} WHERE is_new"
    return not dialects.ask(f"SELECT 1 FROM ({lying}) lying WHERE before > id LIMIT 1")


def _insert_stances() -> None:
    """Add the new stances, with what each does in its series."""
    columns = [column for column in columns_of(STANCES) if column not in (quote("role"), quote("colleagues_differ"))]
    dialects.run(
        f"INSERT INTO stances_stance ({', '.join(columns)}, role, colleagues_differ) "
        f"SELECT {', '.join(f't.{column}' for column in columns)}, COALESCE(w.role, ''), "
        f"COALESCE(w.colleagues_differ, false) FROM {shaped(STANCES)} t "
        f"LEFT JOIN {positions.ROLES} w ON w.stance_id = t.id WHERE t.is_new ORDER BY t.id"
    )


def _new_stances() -> str:
    return f"(SELECT * FROM {shaped(STANCES)} WHERE is_new)"


def _copy_to_stances() -> None:
    """Bring up to date what stances copy from the statements that differ, those that the file leaves out among them."""
    copied = {
        "stated_on": "t.latest",
        "earliest_on": "t.earliest",
        "public": "t.status = 'published'",
        "repeat": "t.repeats_id IS NOT NULL",
        "authority": "t.authority",
        "speaker_id": "t.speaker_id",
        "source_id": "t.source_id",
    }
    dialects.run(
        f"UPDATE stances_stance SET {', '.join(f'{column} = {value}' for column, value in copied.items())} "
        f"FROM {shaped(STATEMENTS)} t WHERE t.id = stances_stance.statement_id AND t.differs AND NOT t.is_new"
    )


def _touched() -> str:
    """Select the series that what is new or differs has a part in; whether a speaker is a group ranks its words."""
    return (
        f"SELECT actor_id, topic_id FROM {shaped(STANCES)} WHERE is_new AND public OR differs AND NOT is_new "
        f"UNION SELECT h.actor_id, h.topic_id FROM stances_stance h "
        f"JOIN {shaped(STATEMENTS)} t ON t.id = h.statement_id WHERE t.differs AND NOT t.is_new "
        f"UNION SELECT h.actor_id, h.topic_id FROM stances_stance h JOIN {shaped(ACTORS)} t ON t.id = h.speaker_id "
        "WHERE t.differs AND NOT t.is_new"
    )
