"""Import of whole files, at any size: rows set aside, shaped, checked and written in sets, all or nothing.

`reading` gives a file's rows, `staging` sets them aside, `shaping` makes of them rows as they would be, `checking`
tells what is wrong, `naming` what is new, `writing` writes; `indexes` takes out of the way what slows down the loading
of very many rows.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from stances import dialects
from stances.bulk import checking, naming, reading, shaping, staging, writing
from stances.imports import Problem, Problems
from stances.models import Import
from stances.models.imports import reason_of
from stances.sheets import SheetError
from stances.writes import public_write

SHOWN = 100
BLOCK = 4 * 2**20
Tell = Callable[[str], None]


class ImportFailed(Exception):
    """A file that cannot be imported, with the first of what is wrong; nothing was written."""

    def __init__(self, problems: list[Problem], count: int) -> None:
        self.problems, self.count = problems, count
        more = [f"... and {count - len(problems):,} more."] if count > len(problems) else []
        super().__init__("\n".join([*map(str, problems), *more]))


@dataclass
class Imported:
    """What an import did: how many rows it read, by kind how many are new or were changed, the new names in words."""

    rows: int
    counts: writing.Counts = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.counts)


def load_file(
    path: Path, *, update: bool = False, by: Any = None, dry_run: bool = False, tell: Tell = lambda text: None
) -> Imported:
    """Import a file, CSV or JSON Lines, or a pipe; “-” is the standard input.

    In a dry run check and tell all, and write nothing. Raises SheetError, ImportFailed and OSError; nothing is written
    then.
    """
    problems = Problems()
    with _at_rest(path) as resting, ThreadPoolExecutor(1) as beside:
        digest = beside.submit(_digest, resting)
        lines = reading.lines_of(resting, problems)
        return _load(
            lines, problems, name=path.name, digest=digest.result, update=update, by=by, dry_run=dry_run, tell=tell
        )


@contextmanager
def _at_rest(path: Path) -> Iterator[Path]:
    """Give a file that can be read twice: what comes through a pipe is kept until it is imported."""
    if str(path) != "-" and not path.is_fifo():
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=path.suffix) as kept:
        if str(path) == "-":
            shutil.copyfileobj(sys.stdin.buffer, kept, BLOCK)
        else:
            with path.open("rb") as pipe:
                shutil.copyfileobj(pipe, kept, BLOCK)
        kept.flush()
        yield Path(kept.name)


def _digest(path: Path) -> str:
    """Give a file's SHA-256, read in large blocks: between two of them it waits for whoever runs Python."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


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
    return _load(lines, problems, name=name, digest=lambda: digest, update=update, by=by, tell=tell)


def _load(
    lines,
    problems: Problems,
    *,
    name: str,
    digest: Callable[[], str],
    update: bool,
    by: Any,
    tell: Tell,
    dry_run: bool = False,
) -> Imported:
    """Import lines; the file's digest is asked for when they are read, as it is made meanwhile."""
    pk = by and by.pk
    with public_write() as write:
        dialects.suit_many_rows()
        count = staging.Staging(problems, tell).take(lines)
        _refuse(problems)
        if not count:
            raise SheetError("The table has no rows under its header.")
        sha256 = digest()
        reason = reason_of(name, sha256)
        tell(f"{count:,} rows read, comparing them with what stands")
        shaping.shape(file=name, by=pk, at=write.moment, reason=f"Withdrawn before it was {reason}.")
        checking.check(problems, update=update)
        _refuse(problems)
        counts = writing.count()
        done = Imported(count, counts, naming.new_names(counts))
        if dry_run:
            transaction.set_rollback(True)
            return done
        if counts:
            tell("Writing")
            writing.write(counts, by=pk, at=write.moment, reason=reason)
            Import.objects.create(name=name[:255], sha256=sha256, by=by, at=write.moment, counts=counts)
            write.touch_public()
        dialects.drop(*shaping.TABLES)
    return done


def _refuse(problems: Problems) -> None:
    if problems.count:
        raise ImportFailed(problems.first(SHOWN), problems.count)
