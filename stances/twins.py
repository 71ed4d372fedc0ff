"""What the pages of one thing tell, as JSON: the same facts under the names that the exports use."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.urls import reverse

from stances.asof import Shown
from stances.citations import Citation
from stances.evidence import Exhibit
from stances.exports import ACTORS, LISTED_STANCES, SOURCES, TOPICS, Column, at, json_lines
from stances.histories import Event, History
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.panels import TopicPanels
from stances.profiles import Profile, Tie
from stances.reasons import Reasons, Turn
from stances.records import Change
from stances.series import Interval
from stances.vocabulary import Voice

Address = Callable[[str], str]


#: How values of these types are written; what stands in no other way is left to Django.
_WRITTEN: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda value: "null",
    dt.date: lambda day: f'"{day.isoformat()}"',
}
_name = lru_cache(maxsize=1000)(encode_basestring)


def written(data: Any, line: str = "\n") -> str:
    """Write data as JSON, a step of one space a level, as `json` does with `indent=1`, which takes twice as long.

    Names are texts. `line` begins the line on which the data end.
    """
    if write := _WRITTEN.get(type(data)):
        return write(data)
    within = f"{line} "
    if isinstance(data, dict):
        parts = [f"{_name(name)}: {written(value, within)}" for name, value in data.items()]
        return f"{{{within}{f',{within}'.join(parts)}{line}}}" if parts else "{}"
    if isinstance(data, list | tuple):
        parts = [written(value, within) for value in data]
        return f"[{within}{f',{within}'.join(parts)}{line}]" if parts else "[]"
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)


def exported(rows: QuerySet, columns: tuple[Column, ...], address: Address) -> list[dict[str, Any]]:
    """Give rows as the exports write them."""
    return json.loads("".join(json_lines(rows, at(columns, address(reverse("home"))))))


def of_shown(actor: Actor, shown: Shown) -> dict[str, Any]:
    return {
        "actor": actor.slug,
        "topic": shown.topic.slug,
        "shown": shown.reason,
        "wider_topic": shown.wider.slug if shown.wider else None,
        "position": shown.value,
        "terms": shown.terms,
        "words": shown.words,
        "condition": shown.condition,
        "since": shown.since,
        "last_stated_on": shown.last_stated_on,
        "statements": shown.statements,
        "statement_key": shown.latest.key,
        "record": shown.record,
    }


def of_interval(interval: Interval, events: dict[int, Event], *, own: bool) -> dict[str, Any]:
    """Tell a position; what others report is no change of it, and has neither a kind nor one before it."""
    before = (own and interval.previous) or (None, "")
    return {
        "since": interval.since,
        "until": interval.until,
        "position": interval.value,
        "terms": interval.terms,
        "kind": interval.kind if own else None,
        "from_position": before[0],
        "from_terms": before[1],
        "confirmations": interval.confirmations,
        "last_stated_on": interval.last_stated_on,
        "statement_key": events[interval.opening.stance].stance.statement.key,
    }


def of_event(event: Event) -> dict[str, Any]:
    return {
        "statement_key": event.stance.statement.key,
        "date": str(event.date),
        "position": event.stance.position,
        "terms": event.stance.terms,
        "attribution": event.stance.attribution,
        "role": event.role,
        "rule": event.rule,
        "colleagues_differ": [difference.stance.statement.key for difference in event.differs],
    }


def of_history(told: History) -> dict[str, Any]:
    events = {event.stance.pk: event for event in told.events}
    days = told.published
    return {
        "actor": told.actor.slug,
        "topic": told.topic.slug,
        "sources_published": {"first": days[0], "last": days[1]} if days else None,
        "own": [of_interval(interval, events, own=True) for interval in told.own],
        "reported": [of_interval(interval, events, own=False) for interval in told.reported],
        "stances": [of_event(event) for event in told.events],
    }


def of_tie(tie: Tie) -> dict[str, Any]:
    affiliation = tie.affiliation
    return {
        "actor": affiliation.actor.slug,
        "of": affiliation.of.slug,
        "title": affiliation.title,
        "authority": affiliation.authority,
        "start": affiliation.start,
        "end": affiliation.end if tie.ended else None,
    }


def of_actor(profile: Profile, address: Address) -> dict[str, Any]:
    """Tell all of an actor's page, as of its day."""
    return {
        **exported(Actor.objects.filter(pk=profile.actor.pk), ACTORS, address)[0],
        "on": profile.day,
        "affiliations": [of_tie(tie) for tie in profile.uncounted],
        "positions": [of_shown(profile.actor, shown) for shown in profile.shown.values()],
        "histories": [of_history(told) for told in profile.read],
        "speaks_in": [spoken.statement.key for spoken in profile.spoken],
        **rest(profile.whole, address, actor=profile.actor.slug),
    }


def of_topic(panels: TopicPanels, address: Address) -> dict[str, Any]:
    """Tell all of a topic's page, as of its day."""
    told = [history for found in panels.read.values() for history in found]
    return {
        **exported(Topic.objects.filter(pk=panels.topic.pk), TOPICS, address)[0],
        "question": panels.topic.question,
        "on": panels.day,
        "topics_under_it": [topic.slug for topic in panels.subtree[1:]],
        "positions": [of_shown(history.actor, history.shown) for history in told if history.shown],
        "histories": [of_history(history) for history in told if history.events],
        "others": [of_other(stance) for stance in panels.elsewhere],
        **rest(panels.whole and not panels.not_drawn, address, topic=panels.topic.slug),
    }


def rest(whole: bool, address: Address, **query: str) -> dict[str, Any]:
    """Say where all of it is, where the histories told are not whole."""
    if whole:
        return {"all": None}
    lists = {"stances": "stance-list-json", "positions": "position-list-json", "changes": "change-list-json"}
    return {"all": {key: address(reverse(name, query=query)) for key, name in lists.items()}}


def of_other(stance: Stance) -> dict[str, Any]:
    return {
        "actor": stance.actor.slug,
        "position": stance.position,
        "terms": stance.terms,
        "attribution": stance.attribution,
        "statement_key": stance.statement.key,
    }


def of_exhibit(exhibit: Exhibit, address: Address) -> dict[str, Any]:
    stance, interval = exhibit.stance, exhibit.event.interval
    changed = exhibit.event.opened and stance.attribution == Voice.OWN
    return {
        "actor": stance.actor.slug,
        "actor_name": stance.actor.name,
        "topic": stance.topic.slug,
        "proposition": stance.topic.proposition,
        "position": stance.position,
        "terms": stance.terms,
        "words": stance.wording,
        "condition": stance.condition,
        "basis": stance.basis,
        "attribution": stance.attribution,
        "rationale": stance.rationale,
        "role": exhibit.event.role,
        "rule": exhibit.event.rule,
        "kind": interval.kind if interval and changed else None,
        "colleagues_differ": [difference.stance.statement.key for difference in exhibit.event.differs],
        "decides": exhibit.decides,
        "why": exhibit.steps,
        "considered": [
            {**of_event(considered.event), "verdict": considered.verdict} for considered in exhibit.considered
        ],
        **rest(not exhibit.history.omitted, address, actor=stance.actor.slug, topic=stance.topic.slug, subtopics="0"),
    }


def of_statement(
    statement: Statement,
    exhibits: list[Exhibit],
    repeats: Iterable[Statement],
    record: Iterable[Change],
    address: Address,
    citation: Citation,
) -> dict[str, Any]:
    """Tell all of a statement's page: the evidence, what it shows and did, its record, and how to cite it."""
    source = statement.source
    return {
        "statement_key": statement.key,
        "address": address(statement.get_absolute_url()),
        "status": statement.status,
        "date": str(statement.date),
        "occasion": statement.occasion,
        "form": statement.form,
        "authority": statement.authority,
        "speaker": statement.speaker.slug,
        "speaker_name": statement.speaker.name,
        "summary": statement.summary,
        "quote": statement.quote,
        "language": statement.language,
        "translated": statement.translated,
        "locator": statement.locator,
        "start": statement.start,
        "end": statement.end,
        "primary_url": statement.primary_url,
        "repeats": statement.repeats.key if statement.repeats else None,
        "repeated_by": [repeat.key for repeat in repeats],
        "source": exported(Source.objects.filter(pk=source.pk), SOURCES, address)[0],
        "stances": [of_exhibit(exhibit, address) for exhibit in exhibits],
        "record": [
            {"at": change.at, "what": change.what, "before": change.before, "after": change.after, "who": change.who}
            for change in record
        ],
        "citation": citation.data,
    }


def of_turn(turn: Turn) -> dict[str, Any]:
    statement, before = turn.event.stance.statement, turn.words_before
    return {
        "since": turn.interval.since,
        "until": turn.interval.until,
        "kind": turn.interval.kind,
        "from_position": turn.before.value if turn.before else None,
        "from_terms": turn.before.terms if turn.before else "",
        "position": turn.interval.value,
        "terms": turn.interval.terms,
        "size": turn.size,
        "days": turn.days,
        "statement_key": statement.key,
        "words": statement.quote or statement.summary,
        "before_statement_key": before.statement.key if before else None,
        "words_before": (before.statement.quote or before.statement.summary) if before else None,
    }


def of_reasons(reasons: Reasons, url: str, citation: Citation, address: Address) -> dict[str, Any]:
    """Tell all of the page that explains a position, as of its day."""
    history = reasons.history
    return {
        "actor": reasons.actor.slug,
        "actor_name": reasons.actor.name,
        "topic": reasons.topic.slug,
        "proposition": reasons.topic.proposition,
        "address": url,
        "on": reasons.day,
        "shown": of_shown(reasons.actor, reasons.shown) if reasons.shown else None,
        "decides": reasons.exhibit.stance.statement.key if reasons.exhibit else None,
        "why": reasons.exhibit.steps if reasons.exhibit else [],
        "confirmed_by": [event.stance.statement.key for event in reasons.confirmed],
        "passed_over": [
            {"statement_key": passed.event.stance.statement.key, "rule": passed.rule} for passed in reasons.passed_over
        ],
        "positions": [of_turn(turn) for turn in reasons.turns],
        "history": of_history(history),
        "statements": list(reasons.rows),
        "citation": citation.data,
        **rest(not history.omitted, address, actor=history.actor.slug, topic=history.topic.slug, subtopics="0"),
    }


def of_source(source: Source, stances: QuerySet, reprints: Iterable[Source], address: Address) -> dict[str, Any]:
    """Tell all of a source's page; never its text."""
    return {
        **exported(Source.objects.filter(pk=source.pk), SOURCES, address)[0],
        "reprints": [reprint.slug for reprint in reprints],
        "stances": exported(stances, LISTED_STANCES, address),
    }
