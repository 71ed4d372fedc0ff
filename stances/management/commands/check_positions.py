from django.core.management.base import BaseCommand, CommandError

from stances import positions
from stances.models import Position


class Command(BaseCommand):
    help = "Compare the derived positions with a computation from scratch; exit 1 on a difference."

    def handle(self, *, verbosity, **options):
        if found := positions.differences():
            more = f"\n... and {len(found) - 100} more" if len(found) > 100 else ""
            raise CommandError("\n".join(found[:100]) + more)
        if verbosity:
            self.stdout.write(f"{Position.objects.count()} positions, all as computed from the stances.")
