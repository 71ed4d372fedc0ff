import sys
from contextlib import closing
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from stances.exports import STANCES, pieces
from stances.models import Stance
from stances.vocabulary import Status

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class Command(BaseCommand):
    help = (
        "Write all stances with their statements to a file, those of drafts and of withdrawn statements too, as "
        "import_stances reads them. This is no backup: articles' texts, who held which office when, memberships, the "
        "history and the desk's users are not in it. pg_dump, or dumpdata, writes these."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", help="Ends in .csv, .jsonl or .ndjson; “-” writes CSV to the standard output.")
        parser.add_argument(
            "--status",
            action="append",
            choices=Status.values,
            help="Only statements of this status; may be repeated. “published” alone is what readers see.",
        )

    def handle(self, *, file, status, verbosity, **options):
        path = Path(file)
        format = "csv" if file == "-" else FORMATS.get(path.suffix.lower())
        if not format:
            raise CommandError(f"{path.name} ends in none of {', '.join(FORMATS)}.")
        rows = Stance.objects.order_by("statement_id", "topic__rank", "id")
        if status:
            rows = rows.filter(statement__status__in=status)
        with closing(pieces(rows, STANCES, format=format)) as written:
            if file == "-":
                for piece in written:
                    sys.stdout.buffer.write(piece)
                return
            # The file has its name once it is whole.
            part = path.with_name(f"{path.name}.part")
            try:
                with part.open("wb") as out:
                    for piece in written:
                        out.write(piece)
                part.replace(path)
            except OSError as error:
                raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
            finally:
                part.unlink(missing_ok=True)
        if verbosity:
            self.stdout.write(f"{path}: {path.stat().st_size:,} bytes.")
