"""Loading a fixture of curated rows: by natural keys, in bulk, only the fields it names, never over an editor's work.

A row that still stands as a fixture left it takes a newer fixture's values. What an editor changed, merged or deleted
since is a conflict. What a fixture left is read from the history: its entries bear the reason `LOADED`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.utils import timezone

from stances import integrity
from stances.models import CURATED, Affiliation, FormerSlug, Stance, Statement, resolve
from stances.models.curated import CuratedModel, SluggedModel
from stances.vocabulary import Status
from stances.writes import PublicWrite, public_write

LOADED = "loaded from fixture"
DROPPED = "no longer in the fixture"
CONFLICTS = (
    "Editors have changed since what this fixture would write. Nothing was written; --force takes the fixture's values."
)
NEVER_NAMED = ("id", "coder", "reviewer", "published_at")
BATCH = 500
SHOWN = 100

#: The fields that make up a row's natural key, and so tell which row a record means.
IDENTITY: dict[type[CuratedModel], tuple[str, ...]] = {
    Affiliation: ("actor", "of", "title", "start"),
    Stance: ("statement", "actor", "topic"),
    Statement: ("key",),
}


class LoadError(Exception):
    """A fixture that cannot be loaded, with every reason found; nothing was written."""

    def __init__(self, heading: str, problems: list[str]) -> None:
        more = [f"... and {len(problems) - SHOWN} more."] if len(problems) > SHOWN else []
        super().__init__("\n".join([heading, *(f"  {problem}" for problem in problems[:SHOWN]), *more]))
        self.problems = problems


@dataclass
class Report:
    """What a load did."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    dropped: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{self.created} new", f"{self.changed} changed", f"{self.unchanged} as they stood"]
        if self.dropped:
            parts.append(f"{self.dropped} dropped")
        return ", ".join(parts)


def load_records(records: Iterable[dict[str, Any]], *, force: bool = False) -> Report:
    """Write fixture records of curated models, all or nothing; raise LoadError with every conflict or fault."""
    loader = _Loader(force)
    with public_write() as write:
        try:
            loader.load(list(records), write)
        except IntegrityError as error:
            if not loader.conflicts:
                raise LoadError("The fixture breaks a rule:", [_rule_broken(error)]) from error
        if loader.faults:
            raise LoadError("The fixture is not right:", loader.faults)
        if loader.conflicts:
            raise LoadError(CONFLICTS, loader.conflicts)
        if faults := integrity.problems():
            raise LoadError("The fixture breaks rules over several rows:", faults)
    return loader.report


@dataclass
class _Record:
    """A record of the fixture, its values as the model's columns take them."""

    label: str
    values: dict[str, Any]
    identity: tuple
    written: tuple


class _Loader:
    def __init__(self, force: bool) -> None:
        self.force = force
        self.loaded_at = timezone.now()
        self.report = Report()
        self.faults: list[str] = []
        self.conflicts: list[str] = []
        self.ids: dict[type[models.Model], dict[str, int]] = {}
        self.merged: dict[type[models.Model], set[str]] = {}
        self.former: dict[type[CuratedModel], set[str]] = {}
        self.once_loaded: dict[type[CuratedModel], set[tuple]] = {}
        self.newest: dict[type[CuratedModel], dict[int, str | None]] = {}

    def load(self, records: list[dict[str, Any]], write: PublicWrite) -> None:
        by_model: dict[type[CuratedModel], list[dict[str, Any]]] = {model: [] for model in CURATED}
        names: dict[str, type[CuratedModel]] = {model._meta.label_lower: model for model in CURATED}
        for record in records:
            model = names.get(str(record.get("model", "")).lower())
            fields = record.get("fields")
            if model is None:
                self.faults.append(f"{record.get('model')}: a fixture holds curated rows alone.")
            elif not isinstance(fields, dict):
                self.faults.append(f"{record.get('model')}: a record's fields are a table of names and values.")
            elif wrong := [name for name, value in fields.items() if not _is_plain(value)]:
                self.faults.append(f"{record.get('model')}: {', '.join(wrong)}: no value that a fixture may hold.")
            else:
                by_model[model].append(fields)
        for model, rows in by_model.items():
            if rows and not self.faults:
                self._load_model(model, rows, write)

    def _load_model(self, model: type[CuratedModel], rows: list[dict[str, Any]], write: PublicWrite) -> None:
        self._learn_references(model, rows)
        read = [record for fields in rows if (record := self._read(model, fields))]
        read = self._without_twins(read)
        if self.faults:
            return
        standing = self._standing(model, read)
        self_references = [f.attname for f in model._meta.concrete_fields if f.related_model is model]
        fresh, changed, adopted = [], [], []
        for record in read:
            row = standing.get(record.identity)
            if row is None:
                if self._may_create(model, record):
                    fresh.append((model(), record))
                continue
            verdict = self._compare(model, row, record)
            if verdict == "change":
                changed.append((row, record))
            elif verdict == "adopt":
                adopted.append(row)
            if verdict in ("same", "adopt"):
                self.report.unchanged += 1
        self._create(model, fresh, self_references)
        self._change(model, changed)
        if adopted:
            model.history.bulk_history_create(
                adopted, update=True, default_change_reason=LOADED, default_date=self.loaded_at, batch_size=BATCH
            )
        if model in (Affiliation, Stance):
            meant = {row.pk for record in read if (row := standing.get(record.identity))}
            self._drop_children(model, read, meant)
        if model is Stance:
            for row, _ in (*fresh, *changed):
                write.touch([(row.actor_id, row.topic_id)])
        if fresh or changed:
            write.touch_public()

    # ---- reading ----

    def _learn_references(self, model: type[CuratedModel], rows: list[dict[str, Any]]) -> None:
        """Find the rows that foreign keys name, and for slugged models those of the records themselves."""
        wanted: dict[type[models.Model], set[str]] = {}
        for column in model._meta.concrete_fields:
            if isinstance(column, models.ForeignKey):
                named = {value[0] for fields in rows if isinstance(value := fields.get(column.name), list) and value}
                wanted.setdefault(column.related_model, set()).update(named)
        for target, keys in wanted.items():
            known = self.ids.setdefault(target, {})
            missing = keys - known.keys()
            if not missing:
                continue
            if target is Statement:
                for start in _batches(sorted(missing)):
                    known.update(Statement.objects.filter(key__in=start).values_list("key", "pk"))
            else:
                known.update((slug, row.pk) for slug, row in resolve(target, missing).items())

    def _read(self, model: type[CuratedModel], fields: dict[str, Any]) -> _Record | None:
        label = f"{model._meta.verbose_name} {self._name(model, fields)}"
        values: dict[str, Any] = {}
        columns = {column.name: column for column in model._meta.concrete_fields}
        for name, value in fields.items():
            column = columns.get(name)
            if column is None or name in (*NEVER_NAMED, *getattr(model, "DERIVED", ())):
                self.faults.append(f"{label}: “{name}” is no field that a fixture may name.")
                return None
            if isinstance(column, models.ForeignKey):
                own = column.related_model is model
                pk = None
                if value is not None:
                    key = value[0] if isinstance(value, list) and value else value
                    pk = self.ids.get(column.related_model, {}).get(key)
                    if pk is None and not own:
                        self.faults.append(f"{label}: there is no {column.name} “{key}”.")
                        return None
                    values[f"{name}:key"] = key
                values[column.attname] = pk
                continue
            try:
                values[column.attname] = column.to_python(value)
            except ValidationError as error:
                self.faults.append(f"{label}: {name}: {' '.join(error.messages)}")
                return None
        written = tuple(values.get(f"{name}:key", fields.get(name)) for name in IDENTITY.get(model, ("slug",)))
        return _Record(label, values, self._identity(model, values), written)

    def _name(self, model: type[CuratedModel], fields: dict[str, Any]) -> str:
        parts = [fields.get(name) for name in IDENTITY.get(model, ("slug",))]
        return ", ".join(str(part[0] if isinstance(part, list) else part) for part in parts if part is not None)

    def _identity(self, model: type[CuratedModel], values: dict[str, Any]) -> tuple:
        return tuple(values.get(column) for column in _identity_columns(model))

    def _without_twins(self, read: list[_Record]) -> list[_Record]:
        """Refuse a record that stands twice; one that a merge has since made another's twin is a conflict."""
        kept: dict[tuple, _Record] = {}
        for record in read:
            first = kept.setdefault(record.identity, record)
            if first is record:
                continue
            if first.written == record.written:
                self.faults.append(f"{record.label} stands twice in the fixture.")
            elif self.force:
                self.report.notes.append(f"{record.label} stays one with {first.label}.")
            else:
                self.conflicts.append(f"{record.label}: merged with {first.label} since.")
        return list(kept.values())

    # ---- comparing ----

    def _standing(self, model: type[CuratedModel], read: list[_Record]) -> dict[tuple, Any]:
        """Find the rows that records mean, by natural key now, or by the one that a fixture once loaded."""
        found: dict[tuple, Any] = {}
        if issubclass(model, SluggedModel):
            slugs = [record.identity[0] for record in read]
            for slug, row in resolve(model, slugs).items():
                found[slug,] = row
            self._find_merged(model, found)
            return found
        column = _identity_columns(model)[0]
        for batch in _batches(sorted({record.identity[0] for record in read})):
            for row in model._base_manager.filter(**{f"{column}__in": batch}):
                found[self._identity(model, row.__dict__)] = row
        if model is not Statement:
            self._find_rekeyed(model, read, found)
        return found

    def _find_merged(self, model: type[CuratedModel], found: dict[tuple, Any]) -> None:
        """Tell a row that was merged into another from one that was renamed: the other never bore the slug."""
        moved = {slug: row for (slug,), row in found.items() if row.slug != slug}
        bore = set(
            model.history.filter(slug__in=moved, id__in=[row.pk for row in moved.values()]).values_list("slug", "id")
        )
        self.merged[model] = {slug for slug, row in moved.items() if (slug, row.pk) not in bore}

    def _find_rekeyed(self, model: type[CuratedModel], read: list[_Record], found: dict[tuple, Any]) -> None:
        missing = {record.identity for record in read} - found.keys()
        if not missing:
            return
        columns = _identity_columns(model)
        firsts = sorted({identity[0] for identity in missing})
        for batch in _batches(firsts):
            loaded = model.history.filter(history_change_reason=LOADED, **{f"{columns[0]}__in": batch})
            once = {tuple(rest): pk for pk, *rest in loaded.order_by("history_id").values_list("id", *columns)}
            pks = {once[identity] for identity in missing if identity in once}
            claimed = {record.identity for record in read}
            taken = {row.pk for identity, row in found.items() if identity in claimed}
            rows = model._base_manager.in_bulk(pks - taken)
            for identity in missing:
                if once.get(identity) in rows:
                    found[identity] = rows[once[identity]]

    def _may_create(self, model: type[CuratedModel], record: _Record) -> bool:
        """Tell whether a record whose row is missing may be made; a row deleted since is a conflict."""
        if issubclass(model, SluggedModel) and record.identity[0] in self._former(model):
            self.conflicts.append(f"{record.label}: its address was given up since, and is never used again.")
            return False
        if not self.force and record.identity in self._once_loaded(model):
            self.conflicts.append(f"{record.label}: deleted since.")
            return False
        return True

    def _former(self, model: type[CuratedModel]) -> set[str]:
        if model not in self.former:
            self.former[model] = set(FormerSlug.objects.for_model(model).values_list("slug", flat=True))
        return self.former[model]

    def _once_loaded(self, model: type[CuratedModel]) -> set[tuple]:
        if model not in self.once_loaded:
            loaded = model.history.filter(history_change_reason=LOADED)
            self.once_loaded[model] = set(loaded.order_by().values_list(*_identity_columns(model)).distinct())
        return self.once_loaded[model]

    def _compare(self, model: type[CuratedModel], row: Any, record: _Record) -> str:
        """Say what to do with a row that stands: leave the "same", "adopt" it into the history, or "change" it."""
        if issubclass(model, SluggedModel) and record.identity[0] in self.merged.get(model, ()):
            if self.force:
                self.report.notes.append(f"{record.label} stays merged into {row.slug}.")
            else:
                self.conflicts.append(f"{record.label}: merged into {row.slug} since.")
            return "keep"
        named = [
            name
            for name in record.values
            if ":" not in name and not (name == "slug" and row.slug != record.identity[0])
        ]
        self._complete_self_reference(model, record)
        differing = [name for name in named if getattr(row, name) != record.values[name]]
        if not differing:
            return "same" if self._newest(model, row) == LOADED else "adopt"
        base = self._base(model, row)
        touched = base is None or any(getattr(base, name) != getattr(row, name) for name in named)
        if touched and not self.force:
            parts = (
                f"{name}: {_short(getattr(row, name))} here, {_short(record.values[name])} in the fixture"
                for name in differing
            )
            self.conflicts.append(f"{record.label}: edited since ({'; '.join(parts)}).")
            return "keep"
        return "change"

    def _newest(self, model: type[CuratedModel], row: Any) -> str | None:
        """Give the reason of the newest entry of a row's history, empty where it has none."""
        if model not in self.newest:
            entries = model.history.order_by("history_id")
            self.newest[model] = dict(entries.values_list("id", "history_change_reason"))
        return self.newest[model].get(row.pk, "")

    def _base(self, model: type[CuratedModel], row: Any) -> Any:
        """Give the row as a fixture last left it, from its history."""
        loaded = model.history.filter(id=row.pk, history_change_reason=LOADED)
        return loaded.order_by("-history_id").first()

    def _complete_self_reference(self, model: type[CuratedModel], record: _Record) -> None:
        for column in model._meta.concrete_fields:
            key = record.values.get(f"{column.name}:key")
            if column.related_model is model and key is not None:
                record.values[column.attname] = self.ids.get(model, {}).get(key)

    # ---- writing ----

    def _create(self, model: type[CuratedModel], fresh: list[tuple[Any, _Record]], self_references: list[str]) -> None:
        if not fresh:
            return
        for row, record in fresh:
            self._require_references(model, record)
            self._apply(row, record)
            for attname in self_references:
                setattr(row, attname, None)
        rows = [row for row, _ in fresh]
        if self.faults:
            return
        if model is Stance:
            statements = Statement.objects.in_bulk({row.statement_id for row in rows})
            for row in rows:
                row.statement = statements[row.statement_id]
            Stance.prepare(rows)
        models.QuerySet.bulk_create(model._base_manager.all(), rows, batch_size=BATCH)
        self._register(model, rows)
        referring = []
        for row, record in fresh:
            before = [getattr(row, attname) for attname in self_references]
            self._complete_self_reference(model, record)
            for column in model._meta.concrete_fields:
                key = record.values.get(f"{column.name}:key")
                if column.attname in self_references and key is not None:
                    if record.values[column.attname] is None:
                        self.faults.append(f"{record.label}: there is no {column.name} “{key}”.")
                    setattr(row, column.attname, record.values[column.attname])
            if before != [getattr(row, attname) for attname in self_references]:
                referring.append(row)
        if referring and not self.faults:
            model._base_manager.bulk_update(
                referring, [name.removesuffix("_id") for name in self_references], batch_size=BATCH
            )
        model.history.bulk_history_create(
            rows, default_change_reason=LOADED, default_date=self.loaded_at, batch_size=BATCH
        )
        self.report.created += len(rows)

    def _change(self, model: type[CuratedModel], changed: list[tuple[Any, _Record]]) -> None:
        if not changed:
            return
        names = set()
        for row, record in changed:
            names |= {
                model._meta.get_field(attname.removesuffix("_id") if attname.endswith("_id") else attname).name
                for attname in self._apply(row, record)
            }
        if self.faults:
            return
        rows = [row for row, _ in changed]
        model._base_manager.bulk_update(rows, sorted(names), batch_size=BATCH)
        model.history.bulk_history_create(
            rows, update=True, default_change_reason=LOADED, default_date=self.loaded_at, batch_size=BATCH
        )
        self.report.changed += len(rows)

    def _require_references(self, model: type[CuratedModel], record: _Record) -> None:
        for column in model._meta.concrete_fields:
            if column.is_relation and not column.null and record.values.get(column.attname) is None:
                self.faults.append(f"{record.label}: its {column.name} is missing.")

    def _apply(self, row: Any, record: _Record) -> list[str]:
        """Set a record's values on a row and check them one by one; give the names of the columns set."""
        named = [name for name in record.values if ":" not in name]
        if row.pk and isinstance(row, SluggedModel | Statement | Stance):  # what never changes with a load
            named.remove(_identity_columns(type(row))[0])
        for name in named:
            setattr(row, name, record.values[name])
        if isinstance(row, Statement) and row.status == Status.PUBLISHED and row.published_at is None:
            row.published_at = self.loaded_at
            named.append("published_at")
        if isinstance(row, Statement) and row.status != Status.RETRACTED and row.retraction_reason:
            row.retraction_reason = ""
            named.append("retraction_reason")
        references = [column.name for column in row._meta.concrete_fields if column.is_relation]
        try:
            row.clean_fields(exclude=[*references, *getattr(row, "DERIVED", ())])
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                self.faults.append(f"{record.label}: {name}: {' '.join(messages)}")
        return named

    def _register(self, model: type[CuratedModel], rows: list[Any]) -> None:
        known = self.ids.setdefault(model, {})
        for row in rows:
            if isinstance(row, SluggedModel | Statement):
                known[row.natural_key()[0]] = row.pk

    def _drop_children(self, model: type[CuratedModel], read: list[_Record], meant: set[int]) -> None:
        """Take back stances of a statement, or affiliations of an actor, that an earlier fixture gave it and that this
        one, which names others of it, does not name; one that was edited since is a conflict.
        """
        column = _identity_columns(model)[0]
        kept: dict[int, set[tuple]] = {}
        for record in read:
            kept.setdefault(record.identity[0], set()).add(record.identity)
        for batch in _batches(sorted(kept)):
            for row in model._base_manager.filter(**{f"{column}__in": batch}):
                if self._identity(model, row.__dict__) in kept[getattr(row, column)] or row.pk in meant:
                    continue
                if self._base(model, row) is None:
                    continue
                if self.force or self._newest(model, row) == LOADED:
                    row._change_reason = DROPPED
                    row.delete()
                    self.report.dropped += 1
                else:
                    name = ", ".join(str(part) for part in row.natural_key() if part is not None)
                    self.conflicts.append(f"{model._meta.verbose_name} {name}: edited since, here no longer named.")


def _is_plain(value: Any) -> bool:
    """Tell a value of a record: nothing, a number, a text without NUL, or a natural key of such."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(part, str | type(None)) and _is_plain(part) for part in value)
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and "\x00" not in value)


def _identity_columns(model: type[CuratedModel]) -> list[str]:
    """Name the columns of a model's natural key."""
    return [model._meta.get_field(name).attname for name in IDENTITY.get(model, ("slug",))]


def _batches(items: list) -> Iterator[list]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _short(value: Any) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    text = "nothing" if value in (None, "") else f"“{value}”" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…”"


def _rule_broken(error: IntegrityError) -> str:
    """Give the words of the constraint that the database names in its error."""
    text = str(error)
    for model in CURATED:
        for constraint in model._meta.constraints:
            if constraint.name in text:
                return f"{model._meta.verbose_name}: {constraint.violation_error_message}"
    return text.splitlines()[0]
