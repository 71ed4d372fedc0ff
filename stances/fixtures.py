"""Loading a fixture of curated rows: by natural keys, in bulk, only the fields it names, never over an editor's work.

A row that still stands as a fixture left it takes a newer fixture's values. What an editor changed, merged or deleted
since is a conflict. What a fixture left is read from the history: its entries bear the reason `LOADED`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from stances import dialects, integrity
from stances.fixture_values import broken_rules, printable, problem_of, problems_of_fields, read
from stances.models import CURATED, Affiliation, FormerSlug, Stance, Statement, resolve
from stances.models.curated import CuratedModel, SluggedModel
from stances.vocabulary import UNPUBLISHED, Status
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
MODELS: dict[str, type[CuratedModel]] = {model._meta.label_lower: model for model in CURATED}
#: Stands for the id of a row that the same fixture is still to make.
TO_BE_MADE = object()


class LoadError(Exception):
    """A fixture that cannot be loaded, with every reason found; nothing was written."""

    def __init__(self, heading: str, problems: list[str]) -> None:
        more = [f"... and {len(problems) - SHOWN} more."] if len(problems) > SHOWN else []
        text = "\n".join([heading, *(f"  {problem}" for problem in problems[:SHOWN]), *more])
        super().__init__(printable(text))
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


def load_records(records: Iterable[tuple[str, dict[str, Any]]], *, force: bool = False, ignore: bool = False) -> Report:
    """Write fixture records of curated models, each with the place where it stands, all or nothing; raise LoadError
    with every conflict or fault. `ignore` passes over fields that a model does not have.
    """
    loader = _Loader(force, ignore)
    with public_write() as write:
        loader.load(records, write)
        if loader.faults:
            raise LoadError("The fixture is not right:", loader.faults)
        if loader.conflicts:
            raise LoadError(CONFLICTS, loader.conflicts)
        if loader.clashes:
            raise LoadError("The fixture breaks a rule:", loader.clashes)
        if faults := integrity.problems():
            raise LoadError("The fixture breaks rules over several rows:", faults)
    return loader.report


def note_loaded(rows: Iterable[CuratedModel]) -> None:
    """Begin the history of rows that a fixture brought with primary keys and without a history of their own."""
    by_model: dict[type[CuratedModel], list[CuratedModel]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, made in by_model.items():
        for batch in _batches(made):
            entries = model.history.filter(id__in=[row.pk for row in batch]).order_by("history_id")
            newest = dict(entries.values_list("id", "history_type"))
            fresh = [row for row in batch if newest.get(row.pk, "-") == "-"]
            model.history.bulk_history_create(fresh, default_change_reason=LOADED)


@dataclass
class _Record:
    """A record of the fixture: its values as the model's columns take them, and by key what it names of its own model,
    which may still be to be made.
    """

    label: str
    values: dict[str, Any]
    own: dict[str, str]
    identity: tuple
    written: tuple


class _Loader:
    def __init__(self, force: bool, ignore: bool) -> None:
        self.force = force
        self.ignore = ignore
        self.loaded_at = timezone.now()
        self.report = Report()
        self.faults: list[str] = []
        self.conflicts: list[str] = []
        self.clashes: list[str] = []
        self.ids: dict[type[models.Model], dict[str, int]] = {}
        self.merged: dict[type[models.Model], set[str]] = {}
        self.former: dict[type[CuratedModel], set[str]] = {}
        self.once_loaded: dict[type[CuratedModel], set[tuple]] = {}
        self.newest: dict[type[CuratedModel], dict[int, str | None]] = {}

    def load(self, records: Iterable[tuple[str, dict[str, Any]]], write: PublicWrite) -> None:
        by_model: dict[type[CuratedModel], list[tuple[str, dict[str, Any]]]] = {model: [] for model in CURATED}
        for place, record in records:
            by_model[MODELS[record["model"].lower()]].append((place, record["fields"]))
        for model, rows in by_model.items():
            if rows and not self.faults and not self.clashes:
                self._load_model(model, rows, write)

    def _load_model(
        self, model: type[CuratedModel], rows: list[tuple[str, dict[str, Any]]], write: PublicWrite
    ) -> None:
        columns = {column.name: column for column in model._meta.concrete_fields}
        sound = [found for place, fields in rows if (found := self._check(model, columns, place, fields))]
        if self.faults:
            return
        self._learn_references(model, [fields for _, fields in sound])
        read = [record for label, fields in sound if (record := self._read(model, columns, label, fields))]
        read = self._without_twins(read)
        if self.faults:
            return
        standing = self._standing(model, read)
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
        self._create(model, fresh)
        self._change(model, changed)
        if self.faults or self.clashes:
            return
        if adopted:
            self._enter(model, adopted, "~")
        if model in (Affiliation, Stance):
            meant = {row.pk for record in read if (row := standing.get(record.identity))}
            self._drop_children(model, read, meant)
        if model is Stance:
            for row, _ in (*fresh, *changed):
                write.touch([(row.actor_id, row.topic_id)])
        if fresh or changed:
            write.touch_public()

    # ---- reading ----

    def _check(
        self, model: type[CuratedModel], columns: dict[str, Any], place: str, fields: dict[str, Any]
    ) -> tuple[str, dict[str, Any]] | None:
        """Hold a record's names and values against the model; give its label and the fields to be read."""
        key = self._key_names(model)
        parts = [part[0] if isinstance(part := fields.get(name), list) and part else part for name in key]
        name = ", ".join(str(part)[:100] for part in parts if part is not None)
        label = f"{model._meta.verbose_name} {name or f'({place})'}"
        if missing := [name for name in key if fields.get(name) in (None, "") and not columns[name].null]:
            self.faults.append(f"{label}: its {missing[0]} is missing.")
            return None
        refused = (*NEVER_NAMED, *getattr(model, "DERIVED", ()))
        for name, value in fields.items():
            if name not in columns and self.ignore:
                continue
            if name not in columns or name in refused:
                self.faults.append(f"{label}: “{name}” is no field that a fixture may name.")
                return None
            if problem := problem_of(columns[name], value):
                self.faults.append(f"{label}: {name}: {problem}")
                return None
        return label, {name: value for name, value in fields.items() if name in columns} if self.ignore else fields

    def _key_names(self, model: type[CuratedModel]) -> tuple[str, ...]:
        return IDENTITY.get(model, ("slug",))

    def _learn_references(self, model: type[CuratedModel], rows: list[dict[str, Any]]) -> None:
        """Find the rows that foreign keys name; of this model itself also those that records name."""
        wanted: dict[type[models.Model], set[str]] = {}
        for column in model._meta.concrete_fields:
            if isinstance(column, models.ForeignKey):
                named = {value[0] for fields in rows if (value := fields.get(column.name))}
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
        key = self._key_names(model)[0]
        self.named = {fields[key] for fields in rows} if model in wanted else set()

    def _read(
        self, model: type[CuratedModel], columns: dict[str, Any], label: str, fields: dict[str, Any]
    ) -> _Record | None:
        values: dict[str, Any] = {}
        own: dict[str, str] = {}
        for name, value in fields.items():
            column = columns[name]
            if value is not None and isinstance(column, models.ForeignKey):
                key, target = value[0], column.related_model
                pk = self.ids[target].get(key)
                if pk is None and (target is not model or key not in self.named):
                    self.faults.append(f"{label}: there is no {name} “{key}”.")
                    return None
                if target is model:
                    own[column.attname] = key
                else:
                    values[column.attname] = pk
                continue
            try:
                values[column.attname] = read(column, value)
            except ValidationError as error:
                self.faults.append(f"{label}: {name}: {' '.join(error.messages)}")
                return None
        identity = self._identity(model, values)
        written = tuple(
            fields[name][0] if columns[name].is_relation else part
            for name, part in zip(self._key_names(model), identity, strict=True)
        )
        return _Record(label, values, own, identity, written)

    def _values(self, model: type[CuratedModel], record: _Record, unmade: Any = None) -> dict[str, Any]:
        """Give a record's values with the rows of its own model that it names; `unmade` stands for what is to come."""
        if not record.own:
            return record.values
        known = self.ids[model]
        return record.values | {attname: known.get(key, unmade) for attname, key in record.own.items()}

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
        """Tell whether a record whose row is missing may be made; a row that someone deleted since is a conflict."""
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
            dropped = model.history.filter(history_type="-", history_change_reason=DROPPED)
            loaded = model.history.filter(history_change_reason=LOADED).exclude(id__in=dropped.values("id"))
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
        values = self._values(model, record, TO_BE_MADE)
        named = [name for name in values if not (name == "slug" and row.slug != record.identity[0])]
        differing = [name for name in named if getattr(row, name) != values[name]]
        if not differing:
            return "same" if self._newest(model, row) == LOADED else "adopt"
        base = self._base(model, row)
        touched = base is None or any(getattr(base, name) != getattr(row, name) for name in named)
        if touched and not self.force:
            theirs = values | record.own
            parts = (
                f"{name}: {_short(getattr(row, name))} here, {_short(theirs[name])} in the fixture"
                for name in differing
            )
            self.conflicts.append(f"{record.label}: edited since ({'; '.join(parts)}).")
            return "keep"
        if isinstance(row, Statement) and row.published_at and values.get("status") in UNPUBLISHED:
            self.faults.append(
                f"{record.label}: status: it was published; what was published is retracted, with a reason."
            )
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

    # ---- writing ----

    def _create(self, model: type[CuratedModel], fresh: list[tuple[Any, _Record]]) -> None:
        if not fresh:
            return
        for row, record in fresh:
            self._require_references(model, record)
            self._apply(row, record.values)
        self._check_rows(fresh)
        if self.faults:
            return
        rows = [row for row, _ in fresh]
        if model is Stance:
            statements = Statement.objects.in_bulk({row.statement_id for row in rows})
            for row in rows:
                row.statement = statements[row.statement_id]
            Stance.prepare(rows)

        def insert(rows: list) -> None:
            for row in rows:
                row.pk, row._state.adding = None, True
            models.QuerySet.bulk_create(model._base_manager.all(), rows, batch_size=BATCH)

        self._write(fresh, insert)
        if self.clashes:
            return
        self._register(model, rows)
        if referring := [(row, record) for row, record in fresh if record.own]:
            names: set[str] = set()
            for row, record in referring:
                names.update(record.own)
                for attname in record.own:
                    setattr(row, attname, self._values(model, record)[attname])
            self._update(model, referring, names)
        self._enter(model, rows, "+")
        self.report.created += len(rows)

    def _change(self, model: type[CuratedModel], changed: list[tuple[Any, _Record]]) -> None:
        if not changed or self.clashes:
            return
        names: set[str] = set()
        for row, record in changed:
            names.update(self._apply(row, self._values(model, record)))
        self._check_rows(changed)
        if self.faults:
            return
        self._update(model, changed, names)
        rows = [row for row, _ in changed]
        self._enter(model, rows, "~")
        self.report.changed += len(rows)

    def _enter(self, model: type[CuratedModel], rows: list[Any], kind: str) -> None:
        for batch in _batches(rows):
            ids = ", ".join(str(row.pk) for row in batch)
            dialects.enter_history(model, ids, kind=kind, at=self.loaded_at, reason=LOADED)

    def _update(self, model: type[CuratedModel], pairs: list[tuple[Any, _Record]], attnames: set[str]) -> None:
        names = sorted(column.name for column in model._meta.concrete_fields if column.attname in attnames)
        self._write(pairs, lambda rows: model._base_manager.bulk_update(rows, names, batch_size=BATCH))

    def _write(self, pairs: list[tuple[Any, _Record]], save: Callable[[list], Any]) -> None:
        """Write rows in bulk; where the database refuses, tell which of them break which rule."""
        refused = _refused(pairs, save)
        while refused:
            again = _refused(refused, save)  # what another row had may be free now
            if len(again) == len(refused):
                break
            refused = again
        for row, record in refused:
            rules = broken_rules(row) or ["the database refuses it."]
            self.clashes += [f"{record.label}: {rule}" for rule in rules]

    def _require_references(self, model: type[CuratedModel], record: _Record) -> None:
        for column in model._meta.concrete_fields:
            if column.is_relation and not column.null and record.values.get(column.attname) is None:
                self.faults.append(f"{record.label}: its {column.name} is missing.")

    def _apply(self, row: Any, values: dict[str, Any]) -> list[str]:
        """Set a record's values on a row; give the names of the columns set."""
        named = list(values)
        if row.pk and isinstance(row, SluggedModel | Statement | Stance):  # what never changes with a load
            named.remove(_identity_columns(type(row))[0])
        for name in named:
            setattr(row, name, values[name])
        if isinstance(row, Statement) and row.status == Status.PUBLISHED and row.published_at is None:
            row.published_at = self.loaded_at
            named.append("published_at")
        if isinstance(row, Statement) and row.status != Status.RETRACTED and row.retraction_reason:
            row.retraction_reason = ""
            named.append("retraction_reason")
        return named

    def _check_rows(self, pairs: list[tuple[Any, _Record]]) -> None:
        """Hold each row's values against its columns, one by one."""
        for row, record in pairs:
            for name, messages in problems_of_fields(row).items():
                self.faults.append(f"{record.label}: {name}: {' '.join(messages)}")

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
        dropped: list[Any] = []
        for record in read:
            kept.setdefault(record.identity[0], set()).add(record.identity)
        for batch in _batches(sorted(kept)):
            for row in model._base_manager.filter(**{f"{column}__in": batch}):
                if self._identity(model, row.__dict__) in kept[getattr(row, column)] or row.pk in meant:
                    continue
                if self._base(model, row) is None:
                    continue
                if self.force or self._newest(model, row) == LOADED:
                    dropped.append(row)
                else:
                    name = ", ".join(str(part) for part in row.natural_key() if part is not None)
                    self.conflicts.append(f"{model._meta.verbose_name} {name}: edited since, here no longer named.")
        if self.conflicts:
            return
        for row in dropped:
            row._change_reason = DROPPED
            row.delete()
            self.report.dropped += 1


def _refused(pairs: list[tuple[Any, _Record]], save: Callable[[list], Any]) -> list[tuple[Any, _Record]]:
    """Write rows, by halves where the database refuses; give those that it refuses singly."""
    try:
        with transaction.atomic():
            save([row for row, _ in pairs])
    except IntegrityError:
        if len(pairs) == 1:
            return pairs
        half = len(pairs) // 2
        return [*_refused(pairs[:half], save), *_refused(pairs[half:], save)]
    return []


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
