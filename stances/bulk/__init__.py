"""Import of whole files, at any size: rows set aside, shaped, checked and written in sets, all or nothing.

`reading` gives a file's rows, `staging` sets them aside, `shaping` makes of them rows as they would be, `checking`
tells what is wrong, `writing` writes; `indexes` takes out of the way what slows down the loading of very many rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stances import dialects
from stances.bulk import checking, reading, shaping, staging, writing
from stances.imports import Problem, Problems
from stances.models import Import
from stances.models.imports import reason_of
from stances.sheets import SheetError
from stances.writes import public_write

SHOWN = 100
Tell = Callable[[str], None]


class ImportFailed(Exception):
    """A file that cannot be imported, with the first of what is wrong; nothing was written."""

    def __init__(self, problems: list[Problem], count: int) -> None:
        self.problems, self.count = problems, count
        more = [f"... and {count - len(problems):,} more."] if count > len(problems) else []
        super().__init__("\n".join([*map(str, problems), *more]))


@dataclass
class Imported:
    """What an import did: how many rows it read, and by kind how many are new or were changed."""

    rows: int
    counts: writing.Counts = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.counts)


def load_file(path: Path, *, update: bool = False, by: Any = None, tell: Tell = lambda text: None) -> Imported:
    """Import a file, CSV or JSON Lines. Raises SheetError and ImportFailed; nothing is written then."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    problems = Problems()
    lines = reading.lines_of(path, problems)
    return _load(lines, problems, name=path.name, digest=digest, update=update, by=by, tell=tell)


def load(
    rows: Iterable[Mapping[str, Any]],
    *,
    name: str,
    digest: str = "",
    update: bool = False,
    by: Any = None,
    tell: Tell = lambda text: None,
) -> Imported:
    """Import rows of the bulk format, each its cells by column; see `load_file`."""
    problems = Problems()
    lines = reading.lines_from(enumerate(rows, 1), problems)
    return _load(lines, problems, name=name, digest=digest, update=update, by=by, tell=tell)


def _load(lines, problems: Problems, *, name: str, digest: str, update: bool, by: Any, tell: Tell) -> Imported:
    reason, pk = reason_of(name, digest), by and by.pk
    with public_write() as write:
        dialects.suit_many_rows()
        count = staging.Staging(problems, tell).take(lines)
        _refuse(problems)
        if not count:
            raise SheetError("The table has no rows under its header.")
        tell(f"{count:,} rows read, comparing them with what stands")
        shaping.shape(file=name, by=pk, at=write.moment, reason=f"Withdrawn before it was {reason}.")
        checking.check(problems, update=update)
        _refuse(problems)
        counts = writing.count()
        if counts:
            tell("Writing")
            writing.write(counts, by=pk, at=write.moment, reason=reason)
            Import.objects.create(name=name[:255], sha256=digest, by=by, at=write.moment, counts=counts)
            write.touch_public()
        dialects.drop(*shaping.TABLES)
    return Imported(count, counts)


def _refuse(problems: Problems) -> None:
    if problems.count:
        raise ImportFailed(problems.first(SHOWN), problems.count)
