"""The rows of the figures of histories and of their tables. A page has hundreds of marks, too many for templates."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.dateformat import format as formatted
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from stances.asof import Shown, source_of
from stances.charts import Band, Head, Mark, Report, Ring, Row, Segment
from stances.histories import Event, History
from stances.markup import NOTHING, each, filled, joined
from stances.templatetags.stance_tags import tile, when

register = template.Library()

#: What is said of a mark, shown while it is pointed at or has the focus.
WORDS = '<foreignObject class="words"><p>{}</p></foreignObject>'
LINK = '<a href="{0}" aria-label="{1}"><title>{1}</title>{2}{3}</a>'
WHISKER = '<line class="whisker" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
OPEN_END = '<path class="open-end" transform="translate({} {})" d="{}"/>'
HIT = '<rect class="hit" x="{}" y="{}" width="{}" height="24"/>'
COMBINED = SafeString("; dense marks are combined")
LABELLED = SafeString(" labelled")
APPROXIMATE = SafeString(" approx-dot")
REVERSAL = SafeString(" rev")
WIDE = SafeString(" wide")
END = SafeString(" end")


@register.simple_tag
def history_rows(rows: Sequence[Row], by_actor: bool) -> SafeString:
    """Draw the rows of a figure, each with its actor, or its topic, before it and what is shown on the day behind."""
    return joined(history_row(row, row.history.actor if by_actor else row.history.topic) for row in rows)


def history_row(row: Row, of) -> SafeString:
    history = row.history
    return filled(
        '<li><div class="label"><h3><a href="{}">{}</a></h3><p>{}{}</p>{}</div>{}<div class="at-end">{}</div></li>',
        of.get_absolute_url(),
        of.label if of is history.actor else of.name,
        history.note,
        COMBINED if row.combined else NOTHING,
        filled('<p class="moved{}">{}</p>', LABELLED if row.labelled else NOTHING, capfirst(row.moved))
        if row.moved
        else NOTHING,
        drawing(row),
        at_end(history.shown) if history.shown else tile(None),
    )


def at_end(shown: Shown) -> SafeString:
    note = shown.wider_words if shown.wider else f"reported by {shown.reporter}" if shown.heard else ""
    return filled(
        '<a class="reason" href="{}"><span class="sr">Why </span>{}</a>{}',
        shown.why,
        tile(shown.value, shown.terms, shown.hollow, shown.heard),
        filled("<p>{}</p>", note) if note else NOTHING,
    )


def drawing(row: Row) -> SafeString:
    return filled(
        '<svg class="{0}" role="group" aria-label="{1}"><use href="#ticks"/>'
        '<line class="void-line" x2="{2}" y1="{3}" y2="{3}"/>{4}{5}{6}</svg>',
        row.css,
        row.label,
        row.void,
        row.void_y,
        joined(map(mark, row.marks)),
        joined(map(report, row.reports)),
        joined(ring(it, row.ring_y) for it in row.rings),
    )


def link(it: Mark | Report | Ring, drawn: SafeString) -> SafeString:
    return filled(LINK, it.href, it.title, drawn, filled(WORDS, it.title))


def mark(it: Mark) -> SafeString:
    if it.combined:
        pattern = '<circle class="dot many" cx="{0}" r="8"/><text class="number" x="{0}" y="3.2">{1}</text>'
        dot = filled(pattern, it.dx, it.combined)
    else:
        dot = filled('<circle class="dot{}" cx="{}" r="4.75"/>', APPROXIMATE if it.approx else NOTHING, it.dx)
    drawn = filled(
        '{}{}{}<svg x="{}" y="42">{}{}{}</svg>',
        joined(map(band, it.bands)),
        head(it.head, it.x) if it.head else NOTHING,
        filled(WHISKER, it.whisker, it.x, 42) if it.whisker else NOTHING,
        it.x,
        filled(OPEN_END, it.dx, 0, "M-5 0H-18M-14 -3.5L-18 0L-14 3.5") if it.open_start else NOTHING,
        dot,
        filled(HIT, it.target.x, -12, it.target.width),
    )
    return link(it, drawn)


def band(it: Band) -> SafeString:
    words = ""
    if it.fits:
        words = filled(
            '<text class="bt{}" x="{}" dx="7" y="34"><tspan class="sign">{}</tspan>{}</text>',
            WIDE if it.fits == "wide" else NOTHING,
            it.x,
            it.sign,
            filled('<tspan class="bw" dx="5">{}</tspan>', it.word) if it.fits == "word" else NOTHING,
        )
    vague = '<rect class="vague-edge" x="{}" y="18" width="{}" height="24"/>'
    return filled(
        '<g class="{}">{}{}{}</g>',
        it.css,
        filled(vague, it.vague.x, it.vague.width) if it.vague else NOTHING,
        joined(map(segment, it.segments)),
        words,
    )


def segment(it: Segment) -> SafeString:
    if it.thin:
        return filled('<rect class="band thin" x="{}" y="26" width="{}" height="8"/>', it.x, it.width)
    return filled('<rect class="band" x="{}" y="18" width="{}" height="24"/>', it.x, it.width)


def head(it: Head, x: str) -> SafeString:
    """Draw the mark of a change, and beside it what changed."""
    if it.shape == "terms":
        shape = filled('<polygon class="head terms" points="{}"/>', it.points)
    else:
        turned = REVERSAL if it.reversal else NOTHING
        shape = filled('<use class="head{}" href="#{}" x="{}" y="8"/>', turned, it.shape, it.dx)
    label = '<text class="ct opt{}" x="{}" dx="{}" y="12">{}</text>'
    return filled(
        '<svg x="{}"><path class="stem" d="M0 42V17L{} 12"/>{}</svg>{}',
        x,
        it.dx,
        shape,
        filled(label, END if it.label_left else NOTHING, x, it.label_dx, it.label) if it.label else NOTHING,
    )


def report(it: Report) -> SafeString:
    drawn = filled(
        '{}{}<svg x="{}" y="51">{}<rect class="hear {}" x="{}" width="{}" height="15"/>{}</svg>',
        joined(lane(drawn, it.lane_dx) for drawn in it.lanes),
        filled(WHISKER, it.whisker, it.x, 58.5) if it.whisker else NOTHING,
        it.x,
        filled(OPEN_END, it.dx, 7.5, "M0 0H-13M-9 -3.5L-13 0L-9 3.5") if it.open_start else NOTHING,
        it.css,
        it.dx,
        14 if it.number > 1 else 10,
        filled(HIT, it.target.x, -3, it.target.width),
    )
    return link(it, drawn)


def lane(it: Band, dx: str) -> SafeString:
    words = ""
    if it.fits:
        words = filled(
            '<text class="lt{}" x="{}" dx="{}" y="62.5">{}{}</text>',
            WIDE if it.fits == "wide" else NOTHING,
            it.x,
            dx,
            it.sign,
            filled('<tspan class="bw" dx="4">{}</tspan>', it.word) if it.fits == "word" else NOTHING,
        )
    stretches = ((stretch.x, stretch.width) for stretch in it.segments)
    drawn = each('<rect class="lane" x="{}" y="51" width="{}" height="15"/>', stretches)
    return filled('<g class="{}">{}{}</g>', it.css, drawn, words)


def ring(it: Ring, y: str) -> SafeString:
    drawn = filled(
        '<circle class="ring" cx="{0}" cy="{1}" r="{2}"/><svg x="{0}" y="{1}">{3}</svg>',
        it.x,
        y,
        5 if it.number > 1 else 3.5,
        filled('<rect class="hit" x="{}" y="-10" width="{}" height="24"/>', it.target.x, it.target.width),
    )
    return link(it, drawn)


@register.simple_tag
def told_rows(told: Sequence[tuple[History, Event]]) -> SafeString:
    """Write what a figure shows as rows of a table."""
    return joined(told_row(history, event) for history, event in told)


def told_row(history: History, event: Event) -> SafeString:
    stance = event.stance
    publisher = source_of(stance).publisher
    return filled(
        '<tr><th scope="row" class="nowrap">{}</th><td>{}</td><td>{}</td><td>{}</td>'
        '<td><a href="{}">{}</a>{}</td></tr>',
        said_on(event),
        history.actor.label,
        tile(stance.position, stance.terms, not event.own, not event.own),
        did(event),
        stance.statement.get_absolute_url(),
        stance.statement.speaker.label,
        filled('<br><span class="muted">{}</span>', publisher.label) if publisher else NOTHING,
    )


def did(event: Event) -> str:
    """Say what a statement did to the position: "reversal", "passed over: ...", "reported by ..."."""
    if event.repeat:
        what = "repeat"
    elif event.role == "passed over":
        what = f"passed over: {event.rule}"
    elif not event.own:
        what = f"reported by {event.reporter}"
    else:
        what = "first recorded" if event.kind == "first" else f"{event.kind}"
    return "; ".join([what, *(difference.words for difference in event.differs)])


@register.simple_tag
def said_on(event: Event) -> SafeString:
    """Write when something was said, and of a repeat when it was printed again."""
    if not event.repeat:
        return when(event.date)
    printed = formatted(event.printed_on, "j M Y")
    return filled('{}<br><span class="muted">printed {}</span>', when(event.date), printed)
