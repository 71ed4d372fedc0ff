from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from stances.seeds import SeedError, check_texts, compile_fixture, read_seeds


class Command(BaseCommand):
    help = "Compile the seeds to the fixture that loaddata reads, byte for byte the same each time."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="write nothing; fail where the fixture differs")
        parser.add_argument(
            "--texts", type=Path, metavar="DIR", help="hold the seeds against the articles' texts in DIR"
        )
        parser.add_argument("--seeds", type=Path, default=settings.SEEDS_DIR, metavar="DIR", help="the folder of seeds")
        parser.add_argument(
            "--fixtures", type=Path, default=settings.FIXTURE_DIRS[0], metavar="DIR", help="where it goes"
        )

    def handle(self, *, check, texts, seeds, fixtures, verbosity, **options):
        try:
            read = read_seeds(seeds)
            compiled = compile_fixture(read)
            if texts:
                if not texts.is_dir():
                    raise CommandError(f"There is no folder {texts}.")
                held = check_texts(read, texts)
        except SeedError as error:
            raise CommandError(f"The seeds are not right:\n{error}") from None
        target = fixtures / f"{read.desk.data['fixture']}.json"
        if check:
            if not target.is_file() or target.read_text(encoding="utf-8") != compiled:
                raise CommandError(f"{target.name} is not what the seeds compile to: run `manage.py compile_seeds`.")
        else:
            target.parent.mkdir(exist_ok=True)
            target.write_text(compiled, encoding="utf-8", newline="\n")
        if verbosity:
            done = "is what the seeds compile to" if check else "written"
            self.stdout.write(f"{target.name}: {done}.")
            if texts:
                self.stdout.write(f"{held} quotations stand in the texts word for word.")
