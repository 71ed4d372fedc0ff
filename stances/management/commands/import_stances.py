import time
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from stances.bulk import ImportFailed, load_file
from stances.migrated import is_behind
from stances.models.imports import counted
from stances.sheets import SheetError


class Command(BaseCommand):
    help = (
        "Import a file of stances, CSV or JSON Lines (.jsonl), a row each, in the format that export_stances writes. "
        "All or nothing; what stands as the file has it is skipped. Actors, topics and sources that the file names and "
        "that do not stand are made: --dry-run tells which."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="“-” reads CSV from the standard input.")
        parser.add_argument(
            "--update",
            action="store_true",
            help="Change what differs, in the columns that the file has: blank leaves a value, \\N clears it. "
            "Without it, a row that differs from what stands is an error.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Check and tell everything, write nothing.")
        parser.add_argument("--user", help="The name of the user who imports, as the coder of what is new.")

    def handle(self, *, file, update, dry_run, user, verbosity, **options):
        by = None
        if user:
            by = get_user_model().objects.filter(username=user, is_active=True).first()
            if by is None:
                raise CommandError(f"There is no active user “{user}”.")
        began = time.monotonic()

        def tell(text: str) -> None:
            if verbosity:
                self.stderr.write(f"{time.monotonic() - began:5.0f} s  {text}")

        try:
            done = load_file(file, update=update, by=by, dry_run=dry_run, tell=tell)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except SheetError as error:
            raise CommandError(str(error)) from None
        except ImportFailed as error:
            raise CommandError(f"{error}\nNothing was written.") from None
        except DatabaseError as error:
            if is_behind():
                raise
            raise CommandError(f"The database refuses it, and nothing was written: {error}") from error
        if not verbosity:
            return
        if not done.changed:
            self.stdout.write(f"{done.rows:,} rows stand here already, as the file has them: nothing changed.")
            return
        self.stdout.write("\n".join([f"{done.rows:,} rows: {', '.join(counted(done.counts))}.", *done.names]))
        if dry_run:
            self.stdout.write("A dry run: nothing was written.")
