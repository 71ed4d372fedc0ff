import json
import os
from typing import Any

from django.core import serializers
from django.core.management.base import CommandError
from django.core.management.commands import loaddata

from stances import integrity, positions
from stances.fixtures import LoadError, load_records
from stances.models import CURATED
from stances.writes import public_write

LABELS = {model._meta.label_lower for model in CURATED}


class Command(loaddata.Command):
    help = (
        f"{loaddata.Command.help} Curated rows without a primary key are written by natural key, only in the fields "
        "that the fixture names, and never over what editors changed, unless --force is given; positions are right "
        "afterwards."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--force", action="store_true", help="take the fixture's values over what editors changed since"
        )

    def handle(self, *fixture_labels, force=False, **options):
        self.force = force
        self.curated = []
        with public_write():
            super().handle(*fixture_labels, **options)

    def loaddata(self, fixture_labels):
        verbosity, self.verbosity = self.verbosity, 0
        super().loaddata(fixture_labels)
        self.verbosity = verbosity
        report = None
        if self.curated:
            try:
                report = load_records(self.curated, force=self.force)
            except LoadError as error:
                raise CommandError(str(error)) from None
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
        with public_write() as write:
            write.touch_public()
            positions.rebuild()
        if faults := integrity.problems():
            raise CommandError("\n".join(["The fixture breaks rules over several rows:", *faults]))

    def load_label(self, fixture_label):
        """Set the curated records of JSON fixtures aside; load all else as Django does."""
        for path, _, _ in self.find_fixtures(fixture_label):
            _, form, compression = self.parse_name(os.path.basename(path))
            if form != "json":
                super().load_label(fixture_label)
                return
            opener: Any = self.compression_formats[compression]
            with opener[0](path, opener[1]) as stream:
                self._load_json(stream, path)

    def _load_json(self, stream, path):
        self.fixture_count += 1
        try:
            records = json.load(stream)
        except ValueError as error:
            raise CommandError(f"Problem installing fixture '{path}': it is no JSON: {error}") from None
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise CommandError(f"Problem installing fixture '{path}': a fixture is a list of records.")
        others: list[dict] = []
        for record in records:
            ours = str(record.get("model", "")).lower() in LABELS and record.get("pk") is None
            (self.curated if ours else others).append(record)
        try:
            objects = serializers.deserialize(
                "python",
                others,
                using=self.using,
                ignorenonexistent=self.ignore,
                handle_forward_references=True,
            )
            for obj in objects:
                self.fixture_object_count += 1
                self.loaded_object_count += self.save_obj(obj)
        except serializers.base.DeserializationError as error:
            raise CommandError(f"Problem installing fixture '{path}': {error}") from None
