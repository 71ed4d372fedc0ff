"""What was said between coder and reviewer, read from a statement's history, where nothing of it is overwritten."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from stances.models import Statement
from stances.vocabulary import Status

SHOWN = 100


@dataclass(frozen=True)
class Turn:
    """One step of a statement's life, with the words that went with it."""

    at: dt.datetime
    by: str
    done: str
    words: str


def conversation(statement: Statement) -> list[Turn]:
    """List the steps of a statement in order of time: when its status changed, by whom, with which words."""
    turns, before = [], Status.DRAFT.value
    records = statement.history.order_by("history_date", "history_id").values_list(  # type: ignore[attr-defined]
        "history_date", "history_user__username", "status", "review_comment", "retraction_reason"
    )
    for at, by, status, comment, reason in records.iterator():
        if status != before:
            words = reason if status == Status.RETRACTED else "" if status == Status.PUBLISHED else comment
            turns.append(Turn(at, by or "", DONE.get(status, status), words))
        before = status
    return turns[-SHOWN:]


DONE = {
    Status.DRAFT.value: "returned",
    Status.SUBMITTED.value: "submitted",
    Status.PUBLISHED.value: "published",
    Status.RETRACTED.value: "retracted",
}
