"""What several pages draw alike: tiles, dates, badges, the words that were said."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from html import unescape

from django import template
from django.core.exceptions import DisallowedHost
from django.templatetags.static import static
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from stances.asof import condition_said, stated_date
from stances.charts import MANY
from stances.dates import PartialDate, today
from stances.markup import each, filled, joined
from stances.models.addresses import address
from stances.quarters import Part, Quarters, diverging
from stances.vocabulary import CSS, SIGNS, Form, Value, Voice, wording
from stances.wording import moved_words

register = template.Library()

#: The entry of the main menu that a detail page belongs to.
SECTIONS = {
    "actor": "actor-list",
    "history": "actor-list",
    "differ-list": "change-list",
    "topic": "topic-list",
    "position-list": "home",
    "source": "stance-list",
    "source-list": "stance-list",
    "statement": "stance-list",
}
INDENT = re.compile(r"\n\s+")
BADGES = {
    "reversal": ("strong", "reversal"),
    "shift": ("", "shift"),
    "terms": ("soft", "terms"),
    "first": ("soft", "first recorded"),
    "confirmed": ("soft", "confirmed"),
    "repeat": ("soft", "repeat"),
}
NO_WORDS = {Form.INDIRECT: "indirect speech; no words to quote", Form.ACT: "a deed; no words to quote"}


def position_words(value: int, terms: str = "") -> str:
    """Give a position in words; without its terms +1 reads "for, on terms"."""
    return wording(value, terms) if terms or abs(value) != 1 else Value(value).label


@register.simple_tag
@lru_cache(maxsize=256)
def tile(value: int | None, terms: str = "", hollow: bool = False, heard: bool = False) -> SafeString:
    """Draw a position: its sign and words on its colour; `hollow` where not own, `heard` where reported."""
    if value is None:
        return mark_safe('<span class="tile none">no position recorded</span>')
    marks = f"{' hollow' if hollow or heard else ''}{' heard' if heard else ''}"
    return filled(
        '<span class="tile {}{}"><b aria-hidden="true">{}</b><span>{}</span></span>',
        CSS[value],
        marks,
        SIGNS[value],
        position_words(value, terms),
    )


@register.simple_tag
def change(before: int | None, terms_before: str, value: int, terms: str) -> SafeString:
    """Draw a position and, where there was one, the position before it."""
    if before is None:
        return tile(value, terms)
    return filled(
        '{}<span aria-hidden="true">→</span><span class="sr">to</span>{}',
        tile(before, terms_before),
        tile(value, terms),
    )


@register.simple_tag
@lru_cache(maxsize=64)
def was(value: int, terms: str) -> SafeString:
    """Say in small print what the position was before: "was + for, later"."""
    return filled(
        '<span class="was">was <span aria-hidden="true">{}</span> {}</span>', SIGNS[value], position_words(value, terms)
    )


@register.simple_tag
@lru_cache(maxsize=64)
def badge(kind: str) -> SafeString:
    """Name a kind of news: a ChangeKind, "confirmed" or "repeat"."""
    css, words = BADGES[str(kind)]
    return filled('<span class="flag{}">{}</span>', css and f" {css}", words)


@register.simple_tag
@lru_cache(maxsize=8192)
def when(date: PartialDate, long: bool = False, preposition: bool = False, bare: bool = False) -> SafeString:
    """Write a date known in part, as a <time> where HTML has a notation for it; `bare` after "since" and "of"."""
    words = date.bare_words(short=not long) if bare else date.words(short=not long, preposition=preposition)
    if date.is_exact:
        return filled('<time datetime="{}">{}</time>', date.latest.isoformat(), words)
    notation = str(date)
    if "/" in notation:
        return filled('<span class="when approx">{}</span>', words)
    return filled('<time datetime="{}"><span class="approx">{}</span></time>', notation, words)


@register.filter
def day(date: dt.date | None, long: str = "") -> SafeString:
    """Write a day as a <time>: "13 Feb 2024", or with "long" "13 February 2024"."""
    return when(PartialDate(date, date), long=bool(long)) if date else SafeString()


@register.filter
def quoted(statement) -> SafeString:
    """Write a statement's words in quotation marks, its gaps marked."""
    pieces = (filled("{}", piece) for piece in statement.quote_pieces)
    return filled("“{}”", joined(pieces, ' <span class="gap">…</span> '))


def in_quotes(statement, marked: SafeString) -> SafeString:
    """Set a statement's words apart, in their language."""
    lang = filled(' lang="{}"', statement.language) if statement.language != "en" else ""
    return filled("<blockquote{}>{}</blockquote>", lang, marked)


@register.simple_tag
def words(statement) -> SafeString:
    """Show what was said: the words, with the summary after a fragment; or the summary where nothing is to quote."""
    if statement.form == Form.DIRECT:
        return filled("{}{}", in_quotes(statement, quoted(statement)), in_our_words(statement))
    return filled(
        '<p class="summary">{} <span class="muted">({})</span></p>', statement.summary, NO_WORDS[statement.form]
    )


@register.simple_tag
def in_our_words(statement) -> SafeString:
    """Show the summary of words too few to be understood alone; nothing of longer ones, or of none."""
    if not statement.is_fragment:
        return SafeString()
    return filled('<p class="summary"><span class="muted">In our words:</span> {}</p>', statement.summary)


@register.filter
def thousands(number: int) -> str:
    """Write a number with its thousands apart."""
    return f"{number:,}"


@register.filter
def curly(text: str) -> str:
    """Set the straight quotation marks of a coder's own sentence as the pages set all others."""
    return re.sub(r'(?<![^\s(\[–—])"', "“", text).replace('"', "”").replace("'", "’")


@register.simple_tag
def condition(stance) -> SafeString | str:
    """Show a stance's terms in words: as a quotation where the speaker's own words hold them."""
    if condition_said(stance):
        return filled('<q class="said">{}</q>', stance.condition)
    return stance.condition


@register.simple_tag
def stated(stance, long: bool = False, bare: bool = False) -> SafeString:
    """Write when a stance was stated."""
    return when(stated_date(stance), long=long, bare=bare)


@register.simple_tag
def record(position) -> SafeString:
    """Say how often a position was stated, and when last; the rows come from `Position.objects.with_record()`."""
    verb = "reported" if position.voice == Voice.REPORTED else "stated"
    if position.statements == 1:
        return filled("{} once", verb)
    return filled("{} {} times, last {}", verb, position.statements, day(position.last_stated_then))


@register.simple_tag
def source_line(source, locator: str = "") -> SafeString:
    """Name a source, its day, and the paragraphs in it."""
    publisher = f"{source.publisher.label}, " if source.publisher else ""
    link = filled('{}<a href="{}">{}</a>', publisher, source.get_absolute_url(), source.cited_title)
    published = filled(", {}", day(source.published_on)) if source.published_on else ""
    paragraphs = filled(', <span class="nowrap">par. {}</span>', locator.replace("-", "–")) if locator else ""
    return mark_safe(f"{link}{published}{paragraphs}")  # noqa: S308  (each part is ready for HTML)


@register.simple_tag
def on(stance) -> SafeString:
    """Name whose stance it is and on what, each with its page."""
    actor, topic = stance.actor, stance.topic
    return filled(
        '<a href="{}"><strong>{}</strong></a> on <a href="{}">{}</a>',
        actor.get_absolute_url(),
        actor.label,
        topic.get_absolute_url(),
        topic.name,
    )


@register.simple_tag
def said_by(statement, office: str = "") -> SafeString:
    """Name a statement's speaker, with the office held on the day."""
    speaker = statement.speaker
    return filled('<a href="{}">{}</a>{}', speaker.get_absolute_url(), speaker.label, f", {office}" if office else "")


@register.simple_block_tag
def as_text(content: str, most: int = 200) -> str:
    """Give what a block shows as one line of text, cut between words; for what stands more than once in a page."""
    return Truncator(" ".join(unescape(strip_tags(content)).split())).chars(most)


@register.simple_block_tag
def dense(content: str) -> SafeString:
    """Leave out the blanks that indent a part of a page, a fifth of a long list."""
    return mark_safe(INDENT.sub("\n", content))  # noqa: S308  (the part is ready for HTML)


@register.simple_tag
def reasons(actor, topic, on: dt.date | None = None) -> str:
    """Give the address of the page that explains a position, as of a day or of today."""
    page = address("history", actor.slug, topic.slug)
    return f"{page}?on={on}" if on and on != today() else page


@register.simple_tag
def moved(size: int, days: int) -> str:
    """Say how far a change went, and how long the position before had been held."""
    return moved_words(size, days)


@register.simple_tag(takes_context=True)
def card(context) -> str:
    """Give the whole address of the picture that stands for a page where it is linked.

    Nothing without a request, nor to one for a host that is not this one: its error page has no address.
    """
    request = context.get("request")
    try:
        return request.build_absolute_uri(static("stances/card.png")) if request else ""
    except DisallowedHost:
        return ""


@register.simple_tag(takes_context=True)
def nav_link(context, name: str, words: str, query: str = "") -> SafeString:
    """Write an entry of the main menu, marked where the page is that entry or stands under it."""
    match = getattr(context.get("request"), "resolver_match", None)
    here = match.url_name if match else ""
    current = "page" if here == name else "true" if SECTIONS.get(here) == name else ""
    marked = filled(' aria-current="{}"', current) if current else ""
    return filled(
        '<li><a href="{}"{}>{}</a></li>', f"{address(name)}?{query}" if query else address(name), marked, words
    )


BAR = '<svg aria-hidden="true"><line class="zero" x1="{0}" x2="{0}" y1="0" y2="20"/>{1}</svg>'
PART = '<g class="{}"><rect class="unit" x="{}" y="1" width="{}" height="18"/>{}</g>'
PART_WORDS = '<text class="ut" x="{}" y="14">{}</text>'


@register.filter
def bars(tallies) -> list[tuple[object, SafeString]]:
    """Draw tallies as bars about one line, each beside its tally."""
    zero, drawn = diverging([it.positions for it in tallies])
    return [(it, filled(BAR, zero, each(PART, map(_part, parts)))) for it, parts in zip(tallies, drawn, strict=True)]


def _part(part: Part) -> tuple[str, ...]:
    words = filled(PART_WORDS, part.middle, part.words) if part.words else ""
    return part.css, part.x, part.width, words


UNIT = '<title>{}</title><rect class="unit" x="{}" y="{}" width="{}" height="{}"/>{}'
SIGN = '<text class="ut{}" x="{}" y="{}" aria-hidden="true">{}</text>'
G = '<g class="{}">{}</g>'
LINKED = '<a class="{}" href="{}" aria-label="{}">{}</a>'
END = '<text class="tick{}" x="{}" y="{}">{}</text>'


@register.simple_tag
def blocks(counts: Quarters) -> SafeString:
    """Draw the blocks of a figure of counts, of which there may be hundreds, and the numbers at their ends."""
    close, narrow = (" opt" if it else "" for it in (counts.close, counts.steps_close))
    drawn = []
    for it in counts.blocks:
        sign = filled(SIGN, close, it.middle, f"{it.text_y:g}", it.words) if counts.signs and it.words else ""
        unit = filled(UNIT, it.title, it.x, it.y, it.width, it.height, sign)
        drawn.append(filled(LINKED, it.css, it.href, it.title, unit) if it.href else filled(G, it.css, unit))
    ends = ((narrow, it.x, it.y, it.words) for it in counts.numbers)
    return joined([*drawn, each(END, ends)])


HATCH = (
    '<pattern id="h-{0}" class="{0}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line class="hatchline" x1="1" x2="1" y2="5" /></pattern>'
)


@register.simple_tag
def hatches() -> SafeString:
    """Draw the hatch of each position, for figures that fill with it."""
    return each(HATCH, ((css,) for css in [*CSS.values(), MANY]))
