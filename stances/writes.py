"""Every write to curated rows passes through here, so that positions and the public version are right when it ends.

The writer takes the lock of PublicVersion first, notes which series (actor, topic) its rows belong to, before and
after, and at the end of the outermost write those series, and no others, are computed anew. On SQLite the lock is the
transaction's own (`transaction_mode=IMMEDIATE`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from asgiref.local import Local
from django.db import connection, transaction
from django.utils import timezone

Pair = tuple[int, int]
_state = Local()


class PublicWrite:
    """What one outermost write has touched: series by actor and topic, and whether anything public; and its moment."""

    def __init__(self) -> None:
        self.moment = timezone.now()
        self.pairs: set[Pair] = set()
        self.public = False

    def touch(self, pairs: Iterable[Pair]) -> None:
        self.pairs.update(pairs)

    def touch_public(self) -> None:
        self.public = True

    def finish(self) -> None:
        from stances.models import PublicVersion
        from stances.positions import refresh

        changed = refresh(self.pairs) if self.pairs else False
        if changed or self.public:
            PublicVersion.objects.bump()


@contextmanager
def public_write() -> Iterator[PublicWrite]:
    """Hold the lock of the public data for a write; nested ones join the outermost, which finishes for all.

    Whoever interrupts it is told, in a note of the KeyboardInterrupt, what came of it.
    """
    outer = getattr(_state, "write", None)
    if outer is not None and connection.in_atomic_block:
        yield outer
        return
    from stances.models import PublicVersion

    try:
        with transaction.atomic():
            PublicVersion.objects.lock()
            write = _state.write = PublicWrite()
            try:
                yield write
                write.finish()
            finally:
                _state.write = None
    except KeyboardInterrupt as interrupt:
        interrupt.add_note("nothing was written")
        raise


def moment_of_write() -> dt.datetime | None:
    """Give the moment of the write that goes on, by which its entries in the history are known to belong together."""
    write = getattr(_state, "write", None)
    return write.moment if write is not None and connection.in_atomic_block else None
