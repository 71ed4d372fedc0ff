"""What waits for whom at the desk: the sections of its first page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse

from stances.models import Statement
from stances.tallies import MOST_COUNTED, capped_counts, counted
from stances.vocabulary import UNPUBLISHED, Status
from stances.warnings import Warning, warnings_of_loaded, with_grounds

SHOWN = 10
EXAMINED = 200


@dataclass(frozen=True)
class Item:
    """One statement that waits: since when, whose it is, and the words that came with it."""

    statement: Statement
    since: dt.datetime | None = None
    words: str = ""
    warnings: list[Warning] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """A queue: how many wait, counted no further than lists are, the oldest of them, and what to do where none does."""

    name: str
    title: str
    count: int
    items: list[Item]
    link: str
    empty: str
    note: str = ""

    @property
    def counted(self) -> str:
        return counted(self.count)

    @property
    def names_coders(self) -> bool:
        return self.name in ("waiting", "warnings")


def sections(user) -> list[Section]:
    """List what waits for a user of the desk, in a number of queries that does not grow with it."""
    if not user.has_perm("stances.view_statement"):
        return []
    mine = Statement.objects.filter(coder=user, status=Status.DRAFT)
    found = []
    if user.has_perm("stances.submit_statement"):
        found += [
            _section(
                "returned",
                "Returned to you",
                mine.exclude(review_comment=""),
                "returned",
                {"status__exact": "draft", "coder": "me", "review_comment__isempty": "0"},
                "Nothing came back to you.",
            ),
            _section(
                "drafts",
                "Your drafts",
                mine.filter(review_comment=""),
                "",
                {"status__exact": "draft", "coder": "me", "review_comment__isempty": "1"},
                "You have no drafts. Open a source and add a statement, or add one below.",
            ),
        ]
    if user.has_perm("stances.review_statement"):
        whose = {} if settings.ONE_PERSON_DESK else {"coder": "others"}
        found.append(
            _section(
                "waiting",
                "Waiting for review",
                waiting_for(user),
                "submitted",
                {"status__exact": "submitted", **whose},
                "Nothing waits for review. Statements come here when a coder submits them.",
            )
        )
    found.append(_warned(user))
    return found


def waiting_for(user) -> QuerySet[Statement]:
    """Keep what waits for a reviewer: what was submitted, but for his or her own where a second person is to look."""
    waiting = Statement.objects.filter(status=Status.SUBMITTED)
    return waiting if settings.ONE_PERSON_DESK else waiting.exclude(coder=user)


def _section(name: str, title: str, rows: QuerySet, step: str, query: dict[str, str], empty: str) -> Section:
    """Make a section of those that wait longest since a step, or since they were made."""
    when = Statement.history.filter(id=OuterRef("pk"))
    when = when.filter(history_change_reason=step) if step else when.filter(history_type="+")
    since = Subquery(when.order_by("-history_date").values("history_date")[:1])
    made_first = Statement.objects.filter(pk__in=rows.order_by("pk").values("pk")[:MOST_COUNTED])
    oldest = made_first.select_related("coder", "reviewer", "speaker").annotate(since=since)
    oldest = oldest.order_by(F("since").asc(nulls_first=True), "pk")[:SHOWN]
    [count] = capped_counts([rows])
    note = f"Of the {MOST_COUNTED:,} that were made first." if count > MOST_COUNTED else ""
    link = f"{reverse('admin:stances_statement_changelist')}?{urlencode(query)}"
    return Section(name, title, count, _items(oldest), link, empty, note)


def _items(rows: Iterable) -> list[Item]:
    return [Item(row, row.since, row.review_comment) for row in rows]


def _warned(user) -> Section:
    """Make the section of statements not yet public that have open warnings: of all coders for who may review."""
    coming = Statement.objects.filter(status__in=UNPUBLISHED)
    reviews = user.has_perm("stances.review_statement")
    if not reviews:
        coming = coming.filter(coder=user)
    rows = list(with_grounds(coming.select_related("coder")).order_by("pk")[: EXAMINED + 1])
    warned = warnings_of_loaded(rows[:EXAMINED])
    open_ones = {row.pk: [each for each in warned.get(row.pk, ()) if each.is_open] for row in rows[:EXAMINED]}
    items = [Item(row, warnings=open_ones[row.pk]) for row in rows[:EXAMINED] if open_ones[row.pk]]
    link = reverse("admin:stances_statement_warnings") + ("" if reviews else "?coder=me")
    note = f"Of the {EXAMINED} oldest that are not yet published." if len(rows) > EXAMINED else ""
    empty = "No warnings on what is not yet published."
    return Section("warnings", "Warnings", len(items), items[:SHOWN], link, empty, note)
