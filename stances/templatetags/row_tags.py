"""The rows of the lists of statements. A page has fifty, and templates take four times as long to draw them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.safestring import SafeString

from stances.asof import source_of
from stances.markup import NOTHING, filled, joined
from stances.models import Stance
from stances.templatetags.stance_tags import (
    badge,
    condition,
    day,
    in_quotes,
    on,
    quoted,
    reasons,
    said_by,
    source_line,
    tile,
    was,
    when,
    words,
)
from stances.vocabulary import Voice

if TYPE_CHECKING:
    from stances.hits import Hit, Shown
    from stances.views.lists import StanceRow
    from stances.views.search import Found

register = template.Library()

COLLEAGUES_DIFFER = SafeString('<span class="flag">colleagues differ</span>')
REPEAT = SafeString('<span class="flag soft">repeat</span>')
SAME = SafeString('<p class="small muted">Same statement as above.</p>')


@register.simple_tag
def stance_row(row: StanceRow) -> SafeString:
    """Draw a stance in a list: its position and day, on what, the words, who said them and where."""
    return repeated(row) if row.stance.repeat else said(row)


def repeated(row: StanceRow) -> SafeString:
    stance, statement = row.stance, row.stance.statement
    source, first = source_of(stance), statement.repeats
    assert first  # a repeat repeats something
    return filled(
        '<li class="repeat"><div class="left">{}{}</div><div><h3>{}</h3><p>{} printed {} again, from '
        '<a href="{}">{}, {}</a>. Not a new position. <a href="{}">Statement<span class="sr"> that repeats it</span>'
        "</a></p></div></li>",
        REPEAT,
        day(source.published_on),
        on(stance),
        source.publisher.label if source.publisher else source.title,
        filled('<span class="said">{}</span>', quoted(statement)) if statement.quote else "it",
        first.get_absolute_url(),
        statement.speaker.label,
        when(first.date),
        statement.get_absolute_url(),
    )


def said(row: StanceRow) -> SafeString:
    stance, statement = row.stance, row.stance.statement
    meta: list[Any] = [] if row.again else about(statement, row.office, statement.occasion, source_of(stance))
    link = filled(
        '<a href="{}">Statement<span class="sr"> of {} on {}</span></a>',
        statement.get_absolute_url(),
        stance.actor.label,
        stance.topic.name,
    )
    return filled(
        '<li{}><div class="left"><a class="reason" href="{}"><span class="sr">Why </span>{}</a>{}{}{}{}</div>\n'
        "<div><h3>{}</h3>{}{}{}\n{}</div></li>",
        SafeString(' class="reported"') if row.reported else NOTHING,
        reasons(stance.actor, stance.topic),
        tile(stance.position, stance.terms, heard=row.reported),
        NOTHING if row.again else when(row.date),
        badge(row.kind) if row.kind else NOTHING,
        COLLEAGUES_DIFFER if stance.colleagues_differ else NOTHING,
        before(row),
        on(stance),
        SAME if row.again else words(statement),
        filled('<p class="cond"><span class="muted">Terms:</span> {}</p>', condition(stance))
        if stance.condition
        else NOTHING,
        standing(row),
        listed([*meta, row.how, link]),
    )


def before(row: StanceRow) -> SafeString:
    """Say what the position was before, of a stance that changed one."""
    position = row.position
    if not row.kind or position is None or position.previous_value is None:
        return NOTHING
    return was(position.previous_value, position.previous_terms)


def standing(row: StanceRow) -> SafeString:
    """Say why a stance moves no position, where it does not."""
    if row.reported:
        return filled(
            '<p class="cond"><span class="flag hatch">reported by {}</span> '
            "It never moves the actor’s own position.</p>",
            row.reporter,
        )
    if row.passed_over:
        return filled(
            '<p class="cond"><span class="flag soft">passed over</span> Other words decide the position; '
            '<a href="{}">see why</a>.</p>',
            row.stance.statement.get_absolute_url(),
        )
    return NOTHING


@register.simple_tag
def brief_row(stance: Stance) -> SafeString:
    """Draw a stance on a topic in brief: whose it is, with the words, who said them and where."""
    statement, publisher = stance.statement, source_of(stance).publisher
    reported = stance.attribution != Voice.OWN
    return filled(
        '<li><div class="left">{} {}</div><div><h3><a href="{}"><strong>{}</strong></a></h3>{}'
        '<p class="meta"><a href="{}">{}</a>{}</p></div></li>',
        tile(stance.position, stance.terms, reported, reported),
        when(statement.date),
        stance.actor.get_absolute_url(),
        stance.actor.name,
        words(statement),
        statement.get_absolute_url(),
        statement.speaker.name,
        f", in {publisher.name}" if publisher and publisher.pk != statement.speaker_id else "",
    )


@register.simple_tag
def found_row(found: Found) -> SafeString:
    """Draw a statement that a search found, what was looked for marked in it, with the positions it shows."""
    statement: Hit = found.row
    marked = found.marked
    day_said = when(statement.date)
    link = filled(
        '<a href="{}">Statement<span class="sr"> of {}, {}</span></a>',
        statement.get_absolute_url(),
        statement.speaker.label,
        day_said,
    )
    occasion = statement.occasion and (marked.get("occasion") or statement.occasion)
    return filled(
        '<li><div class="left">{}{}</div>\n<div>{}<p class="summary"><span class="muted">In our words:</span> {}</p>\n'
        "{}\n{}</div></li>",
        day_said,
        REPEAT if statement.repeats_id else NOTHING,
        in_quotes(statement, filled("“{}”", marked.get("quote") or statement.quote)) if statement.quote else NOTHING,
        marked.get("summary") or statement.summary,
        shows(statement.stances),
        listed([*about(statement, found.office, occasion, statement.source, authority=False), link]),
    )


@register.simple_tag
def shows(stances: Iterable[Stance | Shown]) -> SafeString:
    """List whose positions on what a statement shows."""
    return filled('<ul class="shows">{}</ul>', joined(map(shown, stances)))


def shown(stance: Stance | Shown) -> SafeString:
    reported = stance.attribution != Voice.OWN
    return filled(
        "<li>{} {}{}{}</li>",
        on(stance),
        tile(stance.position, stance.terms, reported, reported),
        filled(' <span class="cond">{}</span>', condition(stance)) if stance.condition else NOTHING,
        filled(" {}", COLLEAGUES_DIFFER) if stance.colleagues_differ else NOTHING,
    )


def about(statement: Any, office: str, occasion: Any, source: Any, *, authority: bool = True) -> list[Any]:
    """Say of a statement who made it, with what authority and when, and where it stands."""
    told = (
        said_by(statement, office),
        statement.get_authority_display() if authority else "",
        occasion,
        source_line(source, statement.locator),
    )
    return [it for it in told if it]


def listed(facts: list[Any]) -> SafeString:
    return filled('<ul class="meta">{}</ul>', joined(filled("<li>{}</li>", it) for it in facts))
