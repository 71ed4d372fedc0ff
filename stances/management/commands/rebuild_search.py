from django.core.management.base import BaseCommand, CommandError

from stances import search_index
from stances.writes import public_write


class Command(BaseCommand):
    help = "Make the index of full-text search anew; with --check compare it only, exit 1 on a difference."

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="compare only, change nothing")

    def handle(self, *, check, verbosity, **options):
        if check:
            if found := search_index.differences():
                more = f"\n... and {len(found) - 100} more" if len(found) > 100 else ""
                raise CommandError("\n".join(line[:200] for line in found[:100]) + more)
            words = "The index of search is as it should be."
        else:
            with public_write():
                words = f"{search_index.rebuild()} entries in the index of search."
        if verbosity:
            self.stdout.write(words)
