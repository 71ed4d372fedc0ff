"""Recoding many stances at once: one named change, looked at before it is made, and reverted as one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from stances.changes import BATCH, RECODE, Change, before, begin, enter, successors, tell, values_of
from stances.models import Stance
from stances.vocabulary import Status
from stances.writes import public_write

#: How many stances one change may hold: they are read at once, and other writers wait for it.
MOST = 20_000
#: What a recode may set.
FIELDS = ("actor", "topic", "position", "terms", "condition", "attribution", "basis")
TOLD = 100
OF_ANOTHER = "A recode is reverted by who made it, or by an editor."


@dataclass
class Plan:
    """What a change would do: each stance that would differ with its new values, and why others stay as they are."""

    rows: list[tuple[Stance, dict[str, Any]]] = field(default_factory=list)
    unchanged: int = 0
    retracted: int = 0
    others: int = 0
    left: list[tuple[Any, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """Sum up what would be written and over what, so that what was looked at is what is done."""
        lines = [f"{stance.pk} {sorted(values_of(stance).items())} {sorted(new.items())}" for stance, new in self.rows]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def may_recode(user, stance: Stance) -> bool:
    """Tell whether a user may recode a stance: an editor each, a coder those of his or her own drafts.

    Those of one's own statement that is public are left to another editor.
    """
    if stance.statement.is_own_and_public(user):
        return False
    own_draft = stance.statement.status == Status.DRAFT and stance.statement.coder_id == user.pk
    return user.has_perm("stances.change_stance") and (own_draft or user.has_perm("stances.review_statement"))


# ---- recode ----


def plan_recode(stances: models.QuerySet[Stance], values: dict[str, Any], *, by) -> Plan:
    """Say what setting `values`, by field, on these stances would do.

    Retracted statements stay as they were withdrawn, and others' drafts are left to their coders. It takes a number of
    queries that does not grow with the rows.
    """
    new = _columns(values)
    made = Plan()
    rows = list(stances.order_by("pk").select_related("statement", "actor", "topic")[: MOST + 1])
    if len(rows) > MOST:
        made.problems.append(f"At most {MOST} stances are recoded at once: narrow the list by its filters.")
        return made
    for stance in rows:
        if stance.statement.status == Status.RETRACTED:
            made.retracted += 1
        elif not may_recode(by, stance):
            made.others += 1
        elif any(getattr(stance, name) != value for name, value in new.items()):
            made.rows.append((stance, new))
        else:
            made.unchanged += 1
    made.problems = broken_rules(made.rows)
    return made


def recode(stances: models.QuerySet[Stance], values: dict[str, Any], *, name: str, by, expected: str = "") -> Change:
    """Set `values` on stances, as one change with a name, in one transaction.

    Raises ValidationError, with nothing written, where a stance would break a rule, where none would differ, or where
    the rows are no longer those of the plan whose fingerprint is `expected`.
    """
    name = " ".join(name.split())
    if not name:
        raise ValidationError("Give the change a name, so that it is found again.")
    with public_write() as write:
        made = plan_recode(stances, values, by=by)
        _refuse(made, expected)
        change = begin(write, f"recode {{number}}: {name}", by)
        _write(made, change)
        tell(change, model=Stance)
    return change


# ---- revert ----


def plan_revert(change: Change, *, by) -> Plan:
    """Say what reverting a recode would do: stances that were changed since, or withdrawn, are left as they are."""
    made = Plan()
    records = {record.id: record for record in change.records(Stance)}
    earlier = before(Stance, change)
    rows = Stance.objects.select_related("statement", "actor", "topic").in_bulk(list(records))
    stands = {
        column.attname: successors(column.related_model, {getattr(was, column.attname) for was in earlier.values()})
        for column in Stance.history.model.tracked_fields
        if column.name in ("actor", "topic")
    }
    for pk, record in records.items():
        stance, was = rows.get(pk), earlier.get(pk)
        if stance is None:
            made.left.append((f"stance {pk}", "deleted since"))
            continue
        old = values_of(was) if was else {}
        old |= {name: found.get(old[name]) for name, found in stands.items() if was}
        if values_of(stance) != values_of(record):
            made.left.append((stance, "changed since"))
        elif stance.statement.status == Status.RETRACTED:
            made.left.append((stance, "its statement was retracted"))
        elif not may_recode(by, stance):
            made.left.append((stance, "it is not yours to change"))
        elif was is None or None in (old["actor_id"], old["topic_id"]):
            made.left.append((stance, "what it was before is not known, or gone"))
        else:
            now = values_of(stance)
            made.rows.append((stance, {name: value for name, value in old.items() if value != now[name]}))
    made.problems = broken_rules(made.rows)
    return made


def may_revert(user, change: Change) -> bool:
    """Tell whether a user may revert a recode: who made it, or a reviewer, since it is then undone as a whole."""
    return (change.by is not None and change.by.pk == user.pk) or user.has_perm("stances.review_statement")


def revert(change: Change, *, by, expected: str = "") -> Change:
    """Bring the stances of a recode back to what they were before it, in one transaction.

    Raises PermissionDenied where it is another coder's.
    """
    if not RECODE.fullmatch(change.reason):
        raise ValidationError("Only a recode is reverted.")
    if not may_revert(by, change):
        raise PermissionDenied(OF_ANOTHER)
    with public_write() as write:
        made = plan_revert(change, by=by)
        _refuse(made, expected)
        reverting = begin(write, change.undoing, by)
        _write(made, reverting)
        tell(reverting, model=Stance)
    return reverting


# ---- rules ----


def broken_rules(rows: Iterable[tuple[Stance, dict[str, Any]]]) -> list[str]:
    """Name the rules that stances would break with new values.

    The rules are the model's own. What many rows share is asked once, so that the queries do not grow with the rows.
    """
    rows = list(rows)
    told: dict[tuple, list[str]] = {}
    found = []
    for stance, new in rows:
        changed = _changed(stance, new)
        shared = (
            *(getattr(changed, name) for name in ("position", "terms", "attribution", "basis")),
            changed.rationale == "",
            changed.statement.form,
        )
        if shared not in told:
            told[shared] = _problems(changed)
        found += [f"Statement {stance.statement.key}, {stance.actor} on {stance.topic}: {it}" for it in told[shared]]
    return found + _doubled(rows)


def _problems(stance: Stance) -> list[str]:
    relations = {f.name for f in Stance._meta.fields if f.is_relation}
    try:
        stance.clean_fields(exclude={*relations, *Stance.DERIVED})
        stance.clean()
        stance.validate_constraints(exclude={"statement"})
    except ValidationError as error:
        return [" ".join(error.messages)]
    return []


def _doubled(rows: list[tuple[Stance, dict[str, Any]]]) -> list[str]:
    """Name the statements that would have two stances of one actor on one topic."""
    moved = {stance.pk: new for stance, new in rows if {"actor_id", "topic_id"} & new.keys()}
    held: dict[tuple, int] = defaultdict(int)
    statements = sorted({stance.statement_id for stance, _ in rows if stance.pk in moved})
    for start in range(0, len(statements), BATCH * 20):
        stored = Stance.objects.filter(statement__in=statements[start : start + BATCH * 20]).order_by()
        for pk, statement, *pair in stored.values_list("pk", "statement_id", "actor_id", "topic_id"):
            new = moved.get(pk, {})
            held[statement, new.get("actor_id", pair[0]), new.get("topic_id", pair[1])] += 1
    keys = {stance.statement_id: stance.statement.key for stance, _ in rows}
    return [
        f"Statement {keys[statement]} would have {count} stances of one actor on one topic."
        for (statement, *_), count in held.items()
        if count > 1
    ]


# ---- writing ----


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Give values by column, as the history names them."""
    unknown = values.keys() - set(FIELDS)
    if unknown or not values:
        raise ValidationError("Choose what to set.")
    return {
        Stance._meta.get_field(name).attname: value.pk if isinstance(value, models.Model) else value  # type: ignore[union-attr]
        for name, value in values.items()
    }


def _changed(stance: Stance, new: dict[str, Any]) -> Stance:
    """Give a stance as it would be, apart from the one that stands."""
    return Stance(statement=stance.statement, **{**_own(stance), **new})


def _own(stance: Stance) -> dict[str, Any]:
    return {name: value for name, value in values_of(stance).items() if name != "statement_id"}


def _refuse(made: Plan, expected: str) -> None:
    if made.problems:
        more = [f"And {len(made.problems) - TOLD} more."] if len(made.problems) > TOLD else []
        raise ValidationError([*made.problems[:TOLD], *more])
    if not made.rows:
        raise ValidationError("No stance would change.")
    if expected and made.fingerprint != expected:
        raise ValidationError("The stances were changed since you looked: look again.", code="changed")


def _write(made: Plan, change: Change) -> None:
    """Write a plan's rows in bulk, and an entry of the history for each."""
    names = sorted({Stance._meta.get_field(name).name for _, new in made.rows for name in new})
    stances = [stance for stance, _ in made.rows]
    for stance, new in made.rows:
        for name, value in new.items():
            setattr(stance, name, value)
    Stance.objects.bulk_update(stances, names, batch_size=BATCH)
    enter(change, stances)
