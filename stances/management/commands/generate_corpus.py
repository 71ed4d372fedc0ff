import csv
import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from stances.bulk import ImportFailed
from stances.corpus import COLUMNS, Corpus, load_corpus

NUMBERS = {"start", "end", "position"}


class Command(BaseCommand):
    help = (
        "Make a synthetic corpus, for trials and benchmarks: in the database, or as a file that import_stances reads."
    )

    def add_arguments(self, parser):
        parser.add_argument("--statements", type=int, required=True)
        parser.add_argument("--seed", type=int, default=1, help="The same seed and number make the same corpus.")
        parser.add_argument("--output", help="A file that ends in .csv or .jsonl, instead of the database.")

    def handle(self, *, statements, seed, output, verbosity, **options):
        if statements < 1:
            raise CommandError("At least 1 statement.")
        corpus = Corpus(statements, seed=seed)
        if not output:
            self.load(corpus, f"corpus of {statements:,} statements, seed {seed}", verbosity)
            return
        path = Path(output)
        try:
            write = {".csv": write_csv, ".jsonl": write_json_lines}[path.suffix.lower()]
        except KeyError:
            raise CommandError(f"{path.name} ends neither in .csv nor in .jsonl.") from None
        try:
            write(path, corpus)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
        if verbosity:
            self.stdout.write(f"{path}: {statements:,} statements.")

    def load(self, corpus, name, verbosity):
        try:
            load_corpus(corpus, name=name, tell=self.stderr.write if verbosity else lambda text: None)
        except ImportFailed as error:
            raise CommandError(f"{error}\nNothing was written.") from None
        if verbosity:
            self.stdout.write(f"The database holds the {name}.")


def write_csv(path: Path, corpus: Corpus) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(corpus.rows())


def write_json_lines(path: Path, corpus: Corpus) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in corpus.rows():
            cells = dict(zip(COLUMNS, row, strict=True))
            numbers = {name: int(cells[name]) if cells[name] else None for name in NUMBERS}
            file.write(json.dumps(cells | numbers, ensure_ascii=False) + "\n")
