from django.core.management.base import BaseCommand

from stances import positions
from stances.models import Position


class Command(BaseCommand):
    help = "Make the derived positions anew from the stances."

    def handle(self, *, verbosity, **options):
        changed = positions.rebuild()
        if verbosity:
            self.stdout.write(
                f"{Position.objects.count()} positions; {'brought up to date' if changed else 'nothing to do'}."
            )
