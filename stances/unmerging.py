"""Undoing a merge: what it moved goes back, the merged row stands again, and what was changed since stays as it is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from stances.changes import MERGE, STEPS, Change, before, begin, stamped, successors, tell, values_of
from stances.merging import pointers
from stances.models import Actor, FormerSlug, Source, Stance, Statement, Topic
from stances.models.curated import CuratedModel
from stances.moving import bring_back, move, named
from stances.writes import public_write

MERGED: tuple[type[CuratedModel], ...] = (Actor, Topic, Source)


@dataclass
class Undoing:
    """What undoing a merge would do: the row that comes back, what goes back to it, what is left, and why."""

    change: Change
    source: Any = None
    target: Any = None
    back: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    folded: list[Stance] = field(default_factory=list)
    addresses: list[FormerSlug] = field(default_factory=list)
    of_target: dict[str, Any] = field(default_factory=dict)
    left: list[tuple[Any, str]] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)


def plan(change: Change) -> Undoing:
    """Look up what undoing a merge would do; it takes a number of queries that does not grow with its rows."""
    made = Undoing(change)
    found = _ends(change)
    if found is None:
        made.obstacles.append("The history does not tell which row was merged.")
        return made
    gone, heir = found
    model = gone.instance_type
    made.source, made.target = gone.instance, model._base_manager.filter(pk=heir.id).first()
    if model._base_manager.filter(pk=gone.id).exists():
        made.obstacles.append(f"“{gone.slug}” stands again: this merge was undone.")
    elif model._base_manager.filter(slug=gone.slug).exists():
        made.obstacles.append(f"“{gone.slug}” is the address of another now: give that one another address first.")
    if made.target is None:
        made.obstacles.append(f"“{heir.slug}” was itself merged or deleted since: undo that first.")
    if made.obstacles:
        return made
    _mend_references(made)
    for of in dict.fromkeys(pointer.model for pointer in pointers(model)):
        _find_moved(made, of)
    _find_own(made, heir)
    former = FormerSlug.objects.for_model(model).filter(**{model._meta.model_name: made.target})
    made.addresses = list(former.filter(slug__in=_addresses_of(model, gone)).exclude(slug=gone.slug))
    return made


def undo(change: Change, *, by=None) -> Change:
    """Undo a merge, in one transaction.

    Raises ValidationError, with nothing written, where its rows can no longer be parted, or would break a rule.
    """
    if by is not None and not by.has_perm("stances.merge_actor"):
        raise PermissionDenied("You may not undo a merge.")
    with public_write() as write:
        made = plan(change)
        if made.obstacles:
            raise ValidationError(made.obstacles)
        undoing = begin(write, change.undoing, by)
        source, target = made.source, made.target
        kind = source._meta.model_name
        FormerSlug.objects.for_model(type(source)).filter(slug=source.slug, **{kind: target}).delete()
        _write(source, undoing, force_insert=True)
        alike: dict[tuple, list[Any]] = defaultdict(list)
        for row, old in made.back:
            alike[type(row), *sorted(old.items())].append(row)
        for (_, *values), rows in alike.items():
            move(rows, dict(values), undoing)
        bring_back(made.folded, {pointer.attname: source.pk for pointer in _of_stances(source)}, undoing)
        FormerSlug.objects.filter(pk__in=[former.pk for former in made.addresses]).update(**{kind: source})
        _write(target, undoing, made.of_target)
        tell(undoing, source)
    return undoing


def _ends(change: Change) -> tuple[Any, Any] | None:
    """Find the last entry of the row that was merged, and that of the one into which it was."""
    match = MERGE.fullmatch(change.reason)
    if match is None:
        return None
    for model in MERGED:
        gone = change.records(model).filter(history_type="-", slug=match["source"]).last()
        heir = change.records(model).filter(history_type="~", slug=match["target"]).last()
        if gone and heir:
            return gone, heir
    return None


def _mend_references(made: Undoing) -> None:
    """Have the row that comes back name what stands now for what it named, and nothing where that is gone."""
    for column in made.source._meta.concrete_fields:
        pk = getattr(made.source, column.attname)
        if column.is_relation and pk is not None:
            now = successors(column.related_model, [pk]).get(pk)
            setattr(made.source, column.attname, now)
            if now is None:
                made.left.append((made.source, f"its “{column.verbose_name}” is gone, and is left empty"))


def _find_moved(made: Undoing, model: Any) -> None:
    """Tell the rows of a model that go back from those that were changed since."""
    records = {record.id: record for record in made.change.records(model)}
    if model is type(made.source):
        records = {pk: record for pk, record in records.items() if pk not in (made.source.pk, made.target.pk)}
    if not records:
        return
    earlier = before(model, made.change, records)
    rows = named(model._base_manager.all()).in_bulk(list(records))
    for pk, record in records.items():
        row, was = rows.get(pk), earlier.get(pk)
        if record.history_type == "-":
            continue
        if row is None:
            made.left.append((f"{model._meta.verbose_name} {pk}", "deleted since"))
        elif values_of(row) != values_of(record):
            made.left.append((row, "changed since"))
        elif was is None:
            made.left.append((row, "how it was before is not recorded"))
        else:
            now = values_of(row)
            made.back.append((row, {name: value for name, value in values_of(was).items() if value != now[name]}))
    if folded := [record for record in records.values() if record.history_type == "-"]:
        _find_folded(made, folded)


def _find_folded(made: Undoing, records: list[Any]) -> None:
    """Make the stances again that were one with another of their statement, not saved yet."""
    merged = {pointer.attname for pointer in _of_stances(made.source)}
    now = {
        column.attname: successors(column.related_model, [getattr(record, column.attname) for record in records])
        for column in records[0].tracked_fields
        if column.is_relation and column.attname not in merged and column.name != "statement"
    }
    standing = set(Stance.objects.filter(pk__in=[record.id for record in records]).values_list("pk", flat=True))
    statements = Statement.objects.in_bulk([record.statement_id for record in records])
    for record in records:
        stance = Stance(**values_of(record))
        for name, found in now.items():
            setattr(stance, name, found.get(getattr(record, name)))
        if stance.statement_id not in statements:
            made.left.append((f"stance {stance.pk}", "its statement was deleted since"))
        elif stance.pk in standing or any(getattr(stance, name) is None for name in now):
            made.left.append((f"stance {stance.pk}", "it stands again, or what it names is gone"))
        else:
            stance.statement = statements[stance.statement_id]
            made.folded.append(stance)


def _find_own(made: Undoing, heir: Any) -> None:
    """Say what the merge changed in the target itself, where nobody changed that since; of its aliases, those added."""
    target, left = made.target, values_of(heir)
    was = before(type(target), made.change, [target.pk]).get(target.pk)
    now = values_of(target)
    for name, value in (values_of(was) if was else {}).items():
        if name == "aliases" or value == left[name]:
            continue
        if now[name] == left[name]:
            made.of_target[name] = value
        else:
            made.left.append((target, f"its “{type(target)._meta.get_field(name).verbose_name}” was changed since"))
    if hasattr(target, "aliases"):
        if was and target.aliases == heir.aliases:
            made.of_target["aliases"] = was.aliases
        else:
            own = {line.strip() for line in was.aliases.splitlines()} if was else set()
            added = {made.source.name, *made.source.alias_list} - own
            made.of_target["aliases"] = "\n".join(name for name in target.alias_list if name not in added)


def _addresses_of(model: type[CuratedModel], gone: Any) -> set[str]:
    """Name the former addresses that a row had as it was merged: its own, and those of rows merged into it before."""
    ended = {gone.id: gone.history_date}
    frontier = dict(ended)
    for _ in range(STEPS):
        taken = model.history.filter(id__in=frontier, history_change_reason__startswith="merged ", history_type="~")
        merges = [
            (reason, at)
            for pk, slug, reason, at in taken.values_list("id", "slug", "history_change_reason", "history_date")
            if (match := MERGE.fullmatch(reason)) and match["target"] == slug and at <= frontier[pk]
        ]
        ends = model.history.filter(
            history_type="-",
            history_change_reason__in=[reason for reason, _ in merges],
            history_date__in=[at for _, at in merges],
        )
        frontier = {end.id: end.history_date for end in ends if end.id not in ended}
        last = dict(
            model.history.filter(id__in=frontier, history_type="-")
            .order_by("history_date")
            .values_list("id", "history_date")
        )
        frontier = {pk: at for pk, at in frontier.items() if last[pk] == at}  # it was merged elsewhere since
        if not frontier:
            break
        ended |= frontier
    bore = model.history.filter(id__in=ended).values_list("id", "slug", "history_date")
    return {slug for pk, slug, at in bore if at <= ended[pk]}


def _of_stances(source: Any) -> list[models.ForeignKey]:
    return [pointer for pointer in pointers(type(source)) if pointer.model is Stance]


def _write(row: Any, change: Change, values: dict[str, Any] | None = None, *, force_insert: bool = False) -> None:
    for name, value in (values or {}).items():
        setattr(row, name, value)
    try:
        if values:
            row.clean()
        row.validate_unique()
        row.validate_constraints()
    except ValidationError as error:
        raise ValidationError(f"{row._meta.verbose_name.capitalize()} “{row}”: {' '.join(error.messages)}") from None
    with stamped(row, change):
        row.save(force_insert=force_insert)
