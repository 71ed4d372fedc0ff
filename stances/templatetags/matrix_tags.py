"""The cells of the first page's table. A page has a hundred, and templates take ten times as long to draw them."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from stances.asof import Shown
from stances.markup import NOTHING, filled, joined
from stances.matrix import Cell, Difference, Line, Matrix, Row, Rows
from stances.templatetags.stance_tags import tile
from stances.wording import first_up

register = template.Library()

VOID = SafeString('<p class="face void">no position recorded</p>')
NOT_RECORDED = SafeString('<span class="by">no position recorded</span>')
COLLEAGUES_DIFFER = SafeString('<span class="old">colleagues differ</span>')
ITSELF = SafeString('<span class="sr"> itself</span>')
CLASS_VOID = SafeString(' class="void"')


HEAD = '<tr role="row">\n<th class="band" role="columnheader" scope="rowgroup" colspan="{}">{}</th>\n</tr>'
ROW = '<tr role="row">\n<th scope="row" role="rowheader"><a href="{}{}">{}</a></th>\n{}{}</tr>'
SILENT = '<td role="cell" class="unsaid">No position recorded: {}</td>\n'


@register.simple_tag
def bodies(matrix: Matrix, as_of: str) -> SafeString:
    """Draw the rows of the table, by their groups."""
    return joined(body(group, matrix, as_of) for group in matrix.groups)


def body(group: Rows, matrix: Matrix, as_of: str) -> SafeString:
    head = filled(HEAD, matrix.width, group.name)
    drawn = joined((row(it, as_of, matrix.whole) for it in group.rows), "\n")
    return filled('<tbody role="rowgroup">\n{}\n{}\n</tbody>\n', head, drawn)


def row(it: Row, as_of: str, whole: bool) -> SafeString:
    silent = it.silent
    return filled(
        ROW,
        it.actor.get_absolute_url(),
        as_of,
        it.actor.label,
        joined(cell(each, whole) for each in it.cells),
        filled(SILENT, silent) if silent else NOTHING,
    )


def cell(it: Cell, whole: bool) -> SafeString:
    """Draw a cell of the table: its column's heading for phones, what is shown, and the lines of the topics under it.

    A table that is not `whole` has no room to say how often and how long ago each was stated.
    """
    return filled(
        '<td role="cell"{}><span class="col" aria-hidden="true">{}</span><div class="cell">{}{}</div></td>\n',
        NOTHING if it.shown or it.lines else CLASS_VOID,
        it.topic.short_name,
        face(it.shown, it.difference, whole) if it.shown else VOID,
        kids(it) if it.lines else NOTHING,
    )


def face(shown: Shown, difference: Difference | None, whole: bool) -> SafeString:
    """Draw what is shown on the column's own topic."""
    return filled(
        '<div class="face {}{}{}"><a class="pos" href="{}"><span class="sr">Why </span><b aria-hidden="true">{}</b> '
        '{}{}</a> <a class="by" href="{}">{}</a>{}{}{}</div>',
        shown.css,
        " hollow" if shown.hollow else "",
        " heard" if shown.heard else "",
        shown.why,
        shown.sign,
        shown.words,
        filled(": {}", terms(shown)) if shown.condition and not shown.wider else NOTHING,
        shown.url,
        first_up(shown.by),
        filled('<span class="old">{}</span>', shown.told) if whole and shown.told else NOTHING,
        COLLEAGUES_DIFFER if shown.differs else NOTHING,
        differs(difference) if difference else NOTHING,
    )


def kids(it: Cell) -> SafeString:
    """Draw the lines under a cell, the last of many folded."""
    if not it.folded:
        return filled('<ul class="kids">{}</ul>', lines(it.open_lines))
    return filled(
        '<ul class="kids">{}</ul><details class="kids"><summary>{} more under it</summary><ul>{}</ul></details>',
        lines(it.open_lines),
        len(it.folded),
        lines(it.folded),
    )


def lines(some: list[Line]) -> SafeString:
    return joined(map(line, some), "\n")


def line(it: Line) -> SafeString:
    """Draw what is shown on one topic under the column's, or on several alike."""
    shown = it.shown
    return filled(
        '<li{}><span class="kid">{}{}</span> <span>{}</span></li>',
        NOTHING if shown else CLASS_VOID,
        it.label,
        ITSELF if it.itself else NOTHING,
        stand(shown, it.difference) if shown else NOT_RECORDED,
    )


def stand(shown: Shown, difference: Difference | None) -> SafeString:
    own = not shown.wider
    return filled(
        '<a class="reason" href="{}"><span class="sr">Why </span>{}</a> {}'
        '<span class="by"><a href="{}">{}</a>{}{}{}</span>{}',
        shown.why,
        tile(shown.value, shown.terms, shown.hollow, shown.heard),
        filled("{}, ", terms(shown)) if own and shown.condition else NOTHING,
        shown.url,
        shown.by,
        shown.under if own else "",
        f"; {shown.statements} statements" if own and shown.statements > 1 else "",
        "; colleagues differ" if shown.differs else "",
        filled(" {}", differs(difference)) if difference else NOTHING,
    )


def terms(shown: Shown) -> SafeString | str:
    """Write the terms, as a quotation where they are the speaker's own words."""
    return filled('<q class="said">{}</q>', shown.condition) if shown.condition_said else shown.condition


def differs(it: Difference) -> SafeString:
    """Say what was shown on the day that the table is compared with."""
    sign = filled('<span aria-hidden="true">{}</span> ', it.sign) if it.sign else NOTHING
    return filled(
        '<span class="differs"><b aria-hidden="true">≠</b><span class="sr">differs:</span> was {}{}</span>',
        sign,
        it.was,
    )
