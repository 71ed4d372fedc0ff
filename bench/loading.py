"""Load an empty database by commands, and tell how long each took; a process of its own, so that its memory is its own.

python -m bench.loading fixture OBJECTS      loaddata of so many objects, and Django's own of a tenth
python -m bench.loading stances FILE         import_stances
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: A corpus has so many objects for each statement, about.
OBJECTS_A_STATEMENT = 2.97


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    told = fixture(int(sys.argv[2])) if sys.argv[1] == "fixture" else stances(sys.argv[2])
    print(json.dumps(told | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def seconds(work: Callable[[], Any]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def stances(file: str) -> dict[str, float]:
    """Import a file of stances."""
    from django.core.management import call_command

    from stances.models import Stance

    took = seconds(lambda: call_command("import_stances", file, verbosity=0))
    return {"rows": Stance.objects.count(), "s": took}


def fixture(objects: int) -> dict[str, float]:
    """Load records by natural key into an empty database, and a tenth of them as Django does, row by row."""
    from django.core.management import call_command
    from django.core.management.commands.loaddata import Command as Plain

    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few.json", Path(folder) / "many.json"
        plain_objects = dump(objects // 10, few)
        plain = seconds(lambda: call_command(Plain(), str(few), verbosity=0))
        call_command("flush", interactive=False, verbosity=0)
        all_of_them = dump(objects, many)
        many.write_text(json.dumps([named(record) for record in json.loads(many.read_text())]))
        took = seconds(lambda: call_command("loaddata", str(many), verbosity=0))
    return {"objects": all_of_them, "s": took, "plain_objects": plain_objects, "plain_s": plain}


def dump(objects: int, path: Path) -> int:
    """Write so many objects of a corpus, about, as Django dumps them, and empty the database; give their number."""
    from django.core.management import call_command

    from stances.models import CURATED

    call_command("generate_corpus", statements=round(objects / OBJECTS_A_STATEMENT), seed=1, verbosity=0)
    labels = [model._meta.label for model in CURATED]
    natural = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    call_command("dumpdata", *labels, **natural, output=str(path), verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    return len(json.loads(path.read_text()))


def named(record: dict[str, Any]) -> dict[str, Any]:
    """Make a record one that a fixture may hold: without what is derived and who coded it, a withdrawn one a draft."""
    from stances.fixtures import MODELS, NEVER_NAMED

    out = {*NEVER_NAMED, *getattr(MODELS[record["model"]], "DERIVED", ())}
    fields = {name: value for name, value in record["fields"].items() if name not in out}
    if fields.get("status") == "retracted":
        fields |= {"status": "draft", "retraction_reason": ""}
    return record | {"fields": fields}


if __name__ == "__main__":
    main()
