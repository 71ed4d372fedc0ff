"""Changes as an Atom feed (RFC 4287): an entry a change, with an id that no rename, merge or recoding moves."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.db.models import Max
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

from stances.citations import NAME
from stances.models import Stance, Statement
from stances.moves import Move
from stances.vocabulary import Form, wording
from stances.wording import moved_words

#: What XML 1.0 has no place for.
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class TextFeed(Atom1Feed):
    """An Atom feed whose summaries are text, not HTML, and which tells when it was changed even while it is empty."""

    def __init__(self, *args, changed_at: dt.datetime, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.changed_at = changed_at

    def latest_post_date(self) -> dt.datetime:
        return max((item["updateddate"] for item in self.items), default=self.changed_at)

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict) -> None:
        super().add_item_elements(handler, item | {"description": None})
        handler.addQuickElement("link", "", {"rel": "related", "href": item["why"], "title": "Why"})  # type: ignore[arg-type]
        handler.addQuickElement("summary", item["description"], {"type": "text"})


def changes_feed(
    moves: list[Move], *, title: str, page: str, address: str, changed_at: dt.datetime, absolute: Callable[[str], str]
) -> TextFeed:
    """Write a feed of changes, newest first; `page` shows the same rows, `address` is the feed's own. Two queries."""
    edited = last_edited(move.position.opening.statement_id for move in moves)
    feed = TextFeed(
        clean(title),
        link=page,
        description="",
        subtitle="Who changed its position, from what to what, on which words.",
        language="en",
        feed_url=address,
        feed_guid=address,
        author_name=NAME,
        author_link=absolute(reverse("home")),
        changed_at=changed_at,
    )
    for move in moves:
        change, statement = move.position, move.position.opening.statement
        why = reverse("history", args=[change.actor.slug, change.topic.slug])
        feed.add_item(
            clean(title_of(move)),
            link=absolute(statement.get_absolute_url()),
            description=clean(summary_of(move)),
            unique_id=tag(absolute("/"), statement, change.opening_id),
            pubdate=statement.published_at,
            updateddate=max(filter(None, [statement.published_at, edited.get(statement.pk)])),
            categories=[change.kind],
            why=absolute(f"{why}?on={change.since}"),
        )
    return feed


def last_edited(statements: Iterable[int]) -> dict[int, dt.datetime]:
    """Give when statements, or stances of theirs, were last written, by the history."""
    found: dict[int, dt.datetime] = {}
    statements = set(statements)
    for model, column in ((Statement, "id"), (Stance, "statement_id")):
        newest = model.history.filter(**{f"{column}__in": statements}).order_by().values_list(column)
        for pk, at in newest.annotate(Max("history_date")):
            found[pk] = max(at, found.get(pk, at))
    return found


def tag(site: str, statement: Statement, stance: int) -> str:
    """Make a tag URI (RFC 4151) of this site's host, the day of publication, and the stance that opened a position."""
    assert statement.published_at  # what is public has one
    host = urlsplit(site).hostname or "localhost"
    host = host if re.fullmatch(r"[a-z0-9.-]+", host) else "localhost"  # an address in brackets
    return f"tag:{host},{statement.published_at:%Y-%m-%d}:statements/{statement.key}/stances/{stance}"


def clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def title_of(move: Move) -> str:
    change = move.position
    after = wording(change.value, change.terms)
    who = f"{change.actor.label} on {change.topic.name}"
    if change.previous_value is None:
        return f"{who}: {after} ({change.get_kind_display()})"
    return (
        f"{who}: from {wording(change.previous_value, change.previous_terms)} to {after} ({change.get_kind_display()})"
    )


def summary_of(move: Move) -> str:
    """Tell a change in text: from and to, how far and after how long, and the words on both sides."""
    change = move.position
    parts = [f"{title_of(move)}."]
    if change.size is not None and move.days is not None:
        parts.append(f"{moved_words(change.size, move.days)}.")
    parts.append(said(change.opening.statement))
    if move.before:
        parts.append(f"Before: {said(move.before.statement)}")
    return " ".join(part[:1].upper() + part[1:] for part in parts)


def said(statement: Statement) -> str:
    words = f"“{statement.quote}”" if statement.form == Form.DIRECT else statement.summary
    summary = f" In our words: {statement.summary}" if statement.is_fragment else ""
    return f"{statement.speaker.label}, {statement.date.words()}: {words}{summary}"
