"""The events of an actor's history in words: a page has forty."""

from __future__ import annotations

from django import template
from django.utils.dateformat import format as formatted
from django.utils.safestring import SafeString

from stances.asof import source_of
from stances.histories import Event
from stances.markup import NOTHING, each, filled
from stances.models import Stance, Topic
from stances.templatetags.stance_tags import badge, change, tile, when, words

register = template.Library()

REPEAT = (
    '<li><p class="when">{}</p><div>{} '
    '<span class="small muted"><a href="{}">{}</a> printed the words of {} again.</span></div></li>'
)
EVENT = '<li>{}<div><div class="shift">{}{}{}</div>{}{}<p class="meta">{}<a href="{}">{}</a>{}</p></div></li>'
REPORTED = '{} <span class="flag hatch">reported by {}</span>'
NEVER_MOVES = SafeString("It never moves the actor’s own position. ")


@register.simple_tag
def event(it: Event, again: Topic | None) -> SafeString:
    """Draw what was said and what it did; `again` names the topic above under which the same words stand."""
    stance, statement, source = it.stance, it.stance.statement, source_of(it.stance)
    publisher = source.publisher
    if it.repeat:
        return filled(
            REPEAT,
            formatted(it.printed_on, "j M Y"),
            badge("repeat"),
            statement.get_absolute_url(),
            publisher.label if publisher else source.title,
            when(it.date, bare=True),
        )
    own = it.own
    printed = f", in {publisher.name}" if publisher and source.publisher_id != stance.speaker_id else ""
    same = filled('<p class="small muted">The same words as under {}, above.</p>', again.name) if again else None
    return filled(
        EVENT,
        when(it.date),
        moved(it, stance, own=own),
        filled('<span class="flag soft">passed over: {}</span>', it.rule) if it.rule else NOTHING,
        each('<span class="flag">{}</span>', ((difference.words,) for difference in it.differs)),
        filled('<p class="cond">Terms: {}</p>', stance.condition) if stance.condition and not it.said else NOTHING,
        same or words(statement),
        NOTHING if own else NEVER_MOVES,
        statement.get_absolute_url(),
        stance.speaker.name if stance.speaker else "",
        f"{f', {it.office}' if it.office else ''}{printed}{'' if own else f', {source.cited_title}'}",
    )


def moved(it: Event, stance: Stance, *, own: bool) -> SafeString:
    if not own:
        return filled(REPORTED, tile(stance.position, stance.terms, True, True), it.reporter)
    if it.opened:
        drawn = change(it.value_before, it.terms_before, stance.position, stance.terms)
        return filled("{} {}", drawn, badge(it.kind))
    if it.role == "confirmed":
        return filled("{} {}", tile(stance.position, stance.terms), badge("confirmed"))
    return tile(stance.position, stance.terms)
