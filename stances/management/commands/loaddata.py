import json
import os
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.management.base import CommandError
from django.core.management.commands import loaddata
from django.core.serializers import deserialize
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, transaction

from stances import integrity, positions
from stances.fixture_values import broken_rules, printable, problem_of, problems_of_fields
from stances.fixtures import MODELS, LoadError, load_records, note_loaded
from stances.models import CURATED
from stances.writes import public_write

LARGEST_KEY = 2**63 - 1


class Command(loaddata.Command):
    help = (
        f"{loaddata.Command.help} Curated rows load from JSON alone. Those without a primary key are written by "
        "natural key, only in the fields that the fixture names, and never over what editors changed, unless --force "
        "is given. Those with a primary key restore a dump: each is made anew, and none may stand with its key. "
        "Positions are right afterwards. All is written, or nothing."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--force", action="store_true", help="take the fixture's values over what editors changed since"
        )

    def handle(self, *fixture_labels, force=False, **options):
        self.force = force
        self.curated = []  # records by natural key, each with its place
        self.restored = []  # rows that came with a primary key
        self.files = []
        self.place = "fixtures"
        with public_write():
            super().handle(*fixture_labels, **options)

    def loaddata(self, fixture_labels):
        verbosity, self.verbosity = self.verbosity, 0
        try:
            super().loaddata(fixture_labels)
        except CommandError:
            raise
        except Exception as error:  # a broken file or record makes Django and its readers raise anything
            raise CommandError(printable(f"Problem installing {self.place}: {_words(error)}")) from error
        self.verbosity = verbosity
        report = None
        if self.curated:
            try:
                report = load_records(self.curated, force=self.force, ignore=self.ignore)
            except LoadError as error:
                raise CommandError(f"{', '.join(self.files)}: {error}") from None
        if any(model._meta.app_label == "stances" for model in self.models):
            self.follow_up()
        if verbosity >= 1:
            for note in report.notes if report else []:
                self.stdout.write(note)
            if report:
                self.stdout.write(f"Loaded {len(self.curated)} rows from {self.fixture_count} fixture(s): {report}.")
            if self.loaded_object_count or not report:
                self.stdout.write(
                    f"Installed {self.loaded_object_count} object(s) from {self.fixture_count} fixture(s)"
                )

    def follow_up(self):
        """Bring right what rests on rows that came with primary keys, and hold them to the rules over several rows."""
        note_loaded(self.restored)
        with public_write() as write:
            write.touch_public()
            positions.rebuild()
        if faults := integrity.problems():
            raise CommandError("\n".join(["The fixture breaks rules over several rows:", *faults]))

    def load_label(self, fixture_label):
        """Set the curated records of JSON fixtures aside; load all else as Django does."""
        for path, _, _ in self.find_fixtures(fixture_label):
            self.place = f"fixture '{path}'"
            _, self.form, compression = self.parse_name(os.path.basename(path))
            if self.form == "json":
                opener: Any = self.compression_formats[compression]
                with opener[0](path, opener[1]) as stream:
                    self._load_json(stream, path)
            else:
                super().load_label(path)
        self.place = "fixtures"

    def _load_json(self, stream, path):
        self.fixture_count += 1
        self.files.append(os.path.basename(path))
        try:
            records = json.load(stream, parse_constant=_refuse_constant)
        except RecursionError:
            raise DeserializationError("its lists and tables stand too deep in one another.") from None
        except ValueError as error:
            raise DeserializationError(f"it is no JSON: {error}") from None
        if not isinstance(records, list):
            raise DeserializationError("a fixture is a list of records.")
        for number, record in enumerate(records, 1):
            self.place = f"fixture '{path}', record {number}"
            model = self._model_of(record)
            if model not in CURATED:
                self._load_record(record)
            elif not self._excludes(model):
                if record.get("pk") is None:
                    self.curated.append((f"record {number} of {self.files[-1]}", record))
                else:
                    self._check_restored(model, record)
                    self._load_record(record)

    def _model_of(self, record):
        """Give a record's model, none where it is unknown and may be; raise where this is no record."""
        if not isinstance(record, dict):
            raise DeserializationError("a fixture is a list of records, each a table of names and values.")
        name, fields = record.get("model"), record.get("fields")
        if not isinstance(name, str):
            raise DeserializationError("its model is a text, as “stances.actor”.")
        if not isinstance(fields, dict):
            raise DeserializationError("its fields are a table of names and values.")
        if model := MODELS.get(name.lower()):
            return model
        try:
            return apps.get_model(name)
        except (LookupError, ValueError):
            if self.ignore:
                return None
            raise DeserializationError(f"there is no model “{name}”.") from None

    def _excludes(self, model):
        return model in self.excluded_models or model._meta.app_config in self.excluded_apps

    def _check_restored(self, model, record):
        """Hold a curated record with a primary key to the kinds of its columns, which Django takes less strictly."""
        key = record["pk"]
        if type(key) is not int or not 1 <= key <= LARGEST_KEY:
            raise DeserializationError("its primary key is no whole number from 1.")
        for name, value in record["fields"].items():
            try:
                column = model._meta.get_field(name)
            except FieldDoesNotExist:
                continue  # Django tells, or passes over it
            if not column.is_relation and (problem := problem_of(column, value)):
                raise DeserializationError(f"{name}: {problem}")

    def _load_record(self, record):
        options = {"using": self.using, "ignorenonexistent": self.ignore, "handle_forward_references": True}
        for obj in deserialize("python", [record], **options):
            self.fixture_object_count += 1
            self.loaded_object_count += self.save_obj(obj)

    def save_obj(self, obj):
        model = type(obj.object)
        if model not in CURATED or self._excludes(model):
            return super().save_obj(obj)
        if self.form != "json":
            raise CommandError(
                f"Problem installing {self.place}: {model._meta.verbose_name_plural} load from JSON alone, "
                "where they are checked, get a history, and never overwrite an editor's work."
            )
        if faults := problems_of_fields(obj.object):
            name, messages = next(iter(faults.items()))
            raise DeserializationError(f"{name}: {' '.join(messages)}")
        self._insert(obj)
        self.models.add(model)
        self.restored.append(obj.object)
        if obj.deferred_fields:
            self.objs_with_deferred_fields.append(obj)
        return True

    def _insert(self, obj):
        row = obj.object
        try:
            with transaction.atomic(using=self.using):
                obj.save(using=self.using, force_insert=True)
        except IntegrityError as error:
            if type(row)._base_manager.filter(pk=row.pk).exists():
                raise DeserializationError(
                    f"there is {row._meta.verbose_name} {row.pk} already. Records with primary keys restore a dump "
                    "where no such row stands; without one, they change rows by natural key."
                ) from None
            raise DeserializationError(" ".join(broken_rules(row)) or str(error)) from error


def _refuse_constant(name):
    raise ValueError(f"{name} is no number of it.")


def _words(error: Exception) -> str:
    """Give the words of an error, without Django's own words for the place; some errors have them in their cause."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    text = str(error)
    if text.startswith("Problem installing"):
        text = text.partition(": ")[2]
    return text or str(error.__cause__ or type(error).__name__)
