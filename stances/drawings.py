"""Figures as files: SVG that stands alone, with its title, key and address, in the light colours of the palette.

They are laid out for a page of paper, 16 cm wide: names above the bands, no letter under 11 pixels, on white.

Every colour is an attribute of its element, not a style: so the file looks the same in a browser under a strict
policy of content, in a text processor and on paper. There is no script in it, and its links are whole addresses.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from stances.charts import MANY, Axis, Mark, Report, Ring, Row, Strip, signs_of
from stances.palette import LIGHT, POSITIONS
from stances.quarters import Quarters
from stances.vocabulary import CSS, SIGNS, Value
from stances.wording import day_words

WIDTH, MARGIN = 620, 8
PLOT = WIDTH - 2 * MARGIN  # about as wide as the widest on a page
TITLE_CHARS, LINE_CHARS, SMALL_CHARS = 62, 92, 100  # letters of a line in the title, in the notes, and under a name
INK, MUTED, PAGE = LIGHT["ink"], LIGHT["muted"], LIGHT["raised"]
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: object) -> str:
    """Leave out characters that XML cannot hold."""
    return _UNWRITABLE.sub("", str(text))


def add(parent: Element, tag: str, text: object = "", **attributes: object) -> Element:
    """Add an element; an underscore in an attribute's name stands for a hyphen, at its end for nothing."""
    named = {name.rstrip("_").replace("_", "-"): clean(value) for name, value in attributes.items()}
    made = SubElement(parent, tag, named)
    made.text = clean(text) or None
    return made


@dataclass(frozen=True)
class About:
    """What stands around a figure: its title, what a reader should know, and where it comes from."""

    title: str
    notes: Sequence[str]
    origin: str
    #: Makes an address of this site a whole one.
    address: Callable[[str], str] = field(default=str)


class Sheet:
    """A figure while it is drawn, from the top down."""

    def __init__(self, about: About) -> None:
        self.about = about
        self.root = Element(
            "svg",
            {"xmlns": "http://www.w3.org/2000/svg", "font-family": "Arial, Helvetica, sans-serif", "font-size": "12"},
        )
        add(self.root, "title", about.title)
        add(self.root, "desc", " ".join([*about.notes, about.origin]))
        self.ground = add(self.root, "rect", width="100%", height="100%", fill=PAGE)
        defs = add(self.root, "defs")
        for css in (*POSITIONS, MANY):
            hatch = add(
                defs,
                "pattern",
                id=f"h-{css}",
                width=5,
                height=5,
                patternUnits="userSpaceOnUse",
                patternTransform="rotate(45)",
            )
            add(hatch, "line", x1=1, x2=1, y2=5, stroke=LIGHT.get(f"{css}-edge", MUTED), stroke_width=1.6)
        self.y = float(MARGIN)
        for line in textwrap.wrap(clean(about.title), TITLE_CHARS):
            self.y += 20
            add(self.root, "text", line, x=MARGIN, y=self.y, fill=INK, font_size=16, font_weight="bold")
        self.write(about.notes)
        self.y += 10

    def write(self, paragraphs: Iterable[str]) -> None:
        for paragraph in paragraphs:
            for line in textwrap.wrap(clean(paragraph), LINE_CHARS):
                self.y += 17
                add(self.root, "text", line, x=MARGIN, y=self.y, fill=MUTED)

    def link(self, href: str, title: str) -> Element:
        made = add(self.root, "a", href=self.about.address(href)) if href else add(self.root, "g")
        add(made, "title", title)
        return made

    def line(self, x1: float, x2: float, y1: float, y2: float, colour: str, dashes: str = "") -> None:
        more = {"stroke_dasharray": dashes} if dashes else {}
        add(self.root, "line", x1=num(x1), x2=num(x2), y1=num(y1), y2=num(y2), stroke=colour, **more)

    def finish(self) -> bytes:
        self.y += 6
        self.write([self.about.origin])
        height = num(self.y + MARGIN)
        self.root.attrib.update({"width": str(WIDTH), "height": height, "viewBox": f"0 0 {WIDTH} {height}"})
        return ElementTree.tostring(self.root, encoding="utf-8", xml_declaration=True)


def num(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def at(percent: str, left: float = MARGIN, width: float = PLOT) -> float:
    return left + float(percent.removesuffix("%")) / 100 * width


def wide(percent: str, width: float = PLOT) -> float:
    return float(percent.removesuffix("%")) / 100 * width


def fill_of(css: str) -> dict[str, str]:
    """Give a band's colours; many positions together are hatched."""
    if css == MANY:
        return {"fill": f"url(#h-{MANY})", "stroke": MUTED}
    return {"fill": LIGHT[f"{css}-fill"], "stroke": LIGHT[f"{css}-edge"]}


# ---- timelines ----


def timeline(about: About, rows: Sequence[Row], axis: Axis, *, by_actor: bool, strips: Sequence[Strip] = ()) -> bytes:
    """Draw histories on one axis, one row each, with their key; below them strips of pairs that are compared."""
    sheet = Sheet(about)
    top, now = sheet.y, day_words(axis.end, short=True)
    for tick in axis.ticks:
        if at(tick.x) + 6.5 * (len(tick.label) + len(now)) + 10 > at(axis.now):
            continue
        add(sheet.root, "text", tick.label, x=num(at(tick.x) + 4), y=num(top + 16), fill=MUTED)
    add(
        sheet.root,
        "text",
        now,
        x=num(at(axis.now) - 4),
        y=num(top + 16),
        fill=INK,
        font_weight="bold",
        text_anchor="end",
    )
    sheet.y += 24
    for row in rows:
        draw_row(sheet, row, axis, by_actor)
    for strip in strips:
        draw_strip(sheet, strip, axis)
    add(sheet.root, "line", x1=MARGIN, x2=WIDTH - MARGIN, y1=num(sheet.y), y2=num(sheet.y), stroke=LIGHT["line"])
    key(sheet, [*key_of_positions(rows), *key_of_marks(signs_of(rows))])
    return sheet.finish()


def background(sheet: Sheet, axis: Axis, y: float, head: float, height: float) -> None:
    """Rule a row off, and draw the lines of the axis under its words."""
    add(sheet.root, "line", x1=MARGIN, x2=WIDTH - MARGIN, y1=num(y), y2=num(y), stroke=LIGHT["line"])
    for tick in axis.ticks:
        sheet.line(at(tick.x), at(tick.x), y + head, y + height, LIGHT["line"])
    sheet.line(at(axis.now), at(axis.now), y + head, y + height, INK, "1 3")


def draw_row(sheet: Sheet, row: Row, axis: Axis, by_actor: bool) -> None:
    """Draw a history: its name and what is shown of it in a line, what is known in a few words, and its marks."""
    history, shown, top = row.history, row.history.shown, sheet.y
    name = history.actor.label if by_actor else history.topic.name
    css, words = (shown.css, shown.words) if shown else ("", "no position recorded")
    tiled: dict[str, bool] = {"hollow": shown.hollow, "heard": shown.heard} if shown else {}
    room = WIDTH - MARGIN - tile(Element("g"), 0, 0, css, words, **tiled)
    names = textwrap.wrap(clean(name), int((room - MARGIN) / 8))
    below = "" if not shown else shown.wider_words if shown.wider else f"reported by {shown.reporter}" * shown.heard
    parts = [history.note, "" if row.labelled else row.moved]
    if below and not (shown and shown.heard and f"by {shown.reporter}" in history.note):
        parts.append(below)
    told = "; ".join(filter(None, parts))
    notes = textwrap.wrap(clean(told), SMALL_CHARS)
    head = 10 + 16 * len(names) + 14 * len(notes)
    tall = 18 if row.empty else 88 if row.reports and row.rings else 70 if row.reports or row.rings else 54
    background(sheet, axis, top, head, head + tall)
    tile(sheet.root, room, top + 5, css, words, **tiled)
    for place, line in enumerate(names):
        look = {"font_weight": "bold", "fill": INK, "font_size": 13}
        add(sheet.root, "text", line, x=MARGIN, y=num(top + 19 + 16 * place), **look)
    for place, line in enumerate(notes):
        y = top + 19 + 16 * (len(names) - 1) + 14 * (place + 1)
        add(sheet.root, "text", line, x=MARGIN, y=num(y), fill=MUTED, font_size=11)
    y, void = top + head, 6.0 if row.empty else float(row.void_y)
    sheet.line(MARGIN, at(row.void), y + void, y + void, LIGHT["line-strong"], "2 5")
    for mark in row.marks:
        draw_mark(sheet, mark, y)
    for report in row.reports:
        draw_report(sheet, report, y)
    for ring in row.rings:
        draw_ring(sheet, ring, y + float(row.ring_y))
    sheet.y += head + tall


def draw_mark(sheet: Sheet, mark: Mark, y: float) -> None:
    link = sheet.link(mark.href, mark.title)
    x, dx = at(mark.x), float(mark.dx)
    for band in mark.bands:
        if band.vague:
            edge = LIGHT[f"{band.css}-edge"]
            box = {"x": num(at(band.vague.x)), "width": num(wide(band.vague.width)), "y": num(y + 18), "height": 24}
            add(link, "rect", **box, fill="none", stroke=edge, stroke_width=1.5, stroke_dasharray="3 3")
        for segment in band.segments:
            top, tall = (26, 8) if segment.thin else (18, 24)
            box = {"x": num(at(segment.x)), "width": num(wide(segment.width)), "y": num(y + top), "height": tall}
            add(link, "rect", **box, **fill_of(band.css))
        if band.fits:
            words = f"{band.sign} {band.word}" if band.fits == "word" else band.sign
            ink = LIGHT[f"{band.css}-ink"]
            add(link, "text", words, x=num(at(band.x) + 7), y=num(y + 34), fill=ink, font_weight="bold")
    if mark.head:
        head, aside = mark.head, float(mark.head.dx)
        stem = f"M{num(x)} {num(y + 42)}V{num(y + 17)}L{num(x + aside)} {num(y + 12)}"
        add(link, "path", d=stem, fill="none", stroke=INK, stroke_width=1.25)
        look = {"fill": INK if head.reversal else PAGE, "stroke": INK, "stroke_width": 1.25}
        add(link, "path", d=HEADS[head.shape], transform=f"translate({num(x + aside)} {num(y + 8)})", **look)
        if head.label:
            anchor = "end" if head.label_left else "start"
            where = {"x": num(x + float(head.label_dx)), "y": num(y + 12), "text_anchor": anchor}
            add(link, "text", head.label, **where, fill=INK, font_size=11.5, font_weight="bold")
    if mark.whisker:
        whisker(link, at(mark.whisker), x, y + 42)
    if mark.open_start:
        arrow(link, x + dx, y + 42)
    dot(link, x + dx, y + 42, approx=mark.approx, number=mark.combined)


HEADS = {"up": "M0 -5.5 5.5 4.5H-5.5z", "down": "M0 5.5 5.5 -4.5H-5.5z", "terms": "M0 -4.5 4.5 0 0 4.5 -4.5 0z"}


def dot(parent: Element, x: float, y: float, *, approx: bool = False, number: str = "") -> None:
    if number:
        r = 8 if len(number) < 3 else 11
        add(parent, "circle", cx=num(x), cy=num(y), r=r, fill=INK, stroke=PAGE, stroke_width=1.5)
        where = {"x": num(x), "y": num(y + 4), "text_anchor": "middle"}
        add(parent, "text", number, **where, fill=PAGE, font_size=11, font_weight="bold")
    elif approx:
        dashes = {"stroke_width": 1.5, "stroke_dasharray": "2.2 1.6"}
        add(parent, "circle", cx=num(x), cy=num(y), r=4.75, fill=PAGE, stroke=INK, **dashes)
    else:
        add(parent, "circle", cx=num(x), cy=num(y), r=4.75, fill=INK, stroke=PAGE, stroke_width=1.5)


def whisker(parent: Element, x1: float, x2: float, y: float) -> None:
    dashes = {"stroke": INK, "stroke_width": 1.5, "stroke_dasharray": "3 2"}
    add(parent, "line", x1=num(x1), x2=num(x2), y1=num(y), y2=num(y), **dashes)


def arrow(parent: Element, x: float, y: float) -> None:
    place = f"translate({num(x)} {num(y)})"
    path = "M-5 0H-18M-14 -3.5L-18 0L-14 3.5"
    add(parent, "path", d=path, transform=place, fill="none", stroke=INK, stroke_width=1.5)


def draw_report(sheet: Sheet, report: Report, y: float) -> None:
    link = sheet.link(report.href, report.title)
    x, dx = at(report.x), float(report.dx)
    for lane in report.lanes:
        edge = LIGHT[f"{lane.css}-edge"]
        for segment in lane.segments:
            box = {"x": num(at(segment.x)), "width": num(wide(segment.width)), "y": num(y + 51), "height": 15}
            add(link, "rect", **box, fill=PAGE, stroke=edge, stroke_dasharray="4 3")
        if lane.fits:
            words = f"{lane.sign} {lane.word}" if lane.fits == "word" else lane.sign
            where = {"x": num(at(lane.x) + float(report.lane_dx or 0)), "y": num(y + 62.5)}
            add(link, "text", words, **where, fill=INK, font_size=11.5)
    if report.whisker:
        whisker(link, at(report.whisker), x, y + 58.5)
    if report.open_start:
        arrow(link, x + dx + 5, y + 58.5)
    wide_ = 14 if report.number > 1 else 10
    edge = LIGHT[f"{report.css}-edge"]
    box = {"x": num(x + dx), "y": num(y + 51), "width": wide_, "height": 15}
    add(link, "rect", **box, fill=f"url(#h-{report.css})", stroke=edge)


def draw_ring(sheet: Sheet, ring: Ring, y: float) -> None:
    link = sheet.link(ring.href, ring.title)
    r = 5 if ring.number > 1 else 3.5
    add(link, "circle", cx=num(at(ring.x)), cy=num(y), r=r, fill=PAGE, stroke=MUTED, stroke_width=1.25)


def draw_strip(sheet: Sheet, strip: Strip, axis: Axis) -> None:
    """Draw over what days two actors were on one side, and on opposite ones."""
    lines = [*textwrap.wrap(clean(strip.label), LINE_CHARS), *textwrap.wrap(clean(strip.words), SMALL_CHARS)]
    head = 8.0 + 15 * len(lines)
    background(sheet, axis, sheet.y, head, head + 28)
    for place, line in enumerate(lines):
        look = {"fill": MUTED, "font_size": 11} if place else {"fill": INK}
        add(sheet.root, "text", line, x=MARGIN, y=num(sheet.y + 17 + 15 * place), **look)
    for stretch in strip.stretches:
        group = add(sheet.root, "g")
        add(group, "title", stretch.title)
        box = {"x": num(at(stretch.x)), "width": num(wide(stretch.width)), "y": num(sheet.y + head + 6), "height": 12}
        add(group, "rect", **box, **STRIPS[stretch.kind], stroke=INK)
    sheet.y += head + 28


STRIPS: dict[str, dict[str, str]] = {
    "same": {"fill": INK},
    "apart": {"fill": PAGE},
    "opposed": {"fill": f"url(#h-{MANY})"},
}


# ---- counts ----


def counts(about: About, counted: Quarters | None) -> bytes:
    """Draw counts by a stretch of the calendar: for above the line, against below, undecided astride it."""
    sheet = Sheet(about)
    if counted is None:
        sheet.write(["No government has spoken on this in its own words."])
        return sheet.finish()
    top, left, plot = sheet.y, float(MARGIN), float(WIDTH - 2 * MARGIN)
    add(sheet.root, "text", "For ▲", x=MARGIN, y=num(top + 12), fill=INK, font_weight="bold")
    add(sheet.root, "text", "Against ▼", x=MARGIN, y=num(top + counted.side_y), fill=INK, font_weight="bold")
    for year in counted.years:
        x = at(year.x, left, plot)
        sheet.line(x, x, top + 20, top + counted.bottom, LIGHT["line"])
        where = {"x": num(at(year.middle, left, plot)), "y": num(top + counted.tick_y), "text_anchor": "middle"}
        add(sheet.root, "text", year.label, **where, fill=MUTED)
    for step in counted.steps:
        where = {"x": num(at(step.x, left, plot)), "y": num(top + counted.step_y), "text_anchor": "middle"}
        add(sheet.root, "text", step.label, **where, fill=MUTED)
    sheet.line(left, left + plot, top + counted.zero, top + counted.zero, INK)
    for block in counted.blocks:
        link = sheet.link(block.href, block.title)
        box = {"x": num(at(block.x, left, plot)), "width": num(wide(block.width, plot))}
        add(link, "rect", **box, y=num(top + block.y), height=num(block.height), **fill_of(block.css))
        if counted.signs and block.words:
            where = {"x": num(at(block.middle, left, plot)), "y": num(top + block.text_y), "text_anchor": "middle"}
            words = block.named(wide(block.width, plot))
            add(link, "text", words, **where, fill=LIGHT[f"{block.css}-ink"], font_size=11, font_weight="bold")
    for number in counted.numbers:
        where = {"x": num(at(number.x, left, plot)), "y": num(top + number.y), "text_anchor": "middle"}
        add(sheet.root, "text", number.words, **where, fill=INK, font_size=11)
    sheet.y = top + counted.height + 8
    key(sheet, key_of_positions())
    return sheet.finish()


# ---- keys ----


def tile(
    parent: Element, x: float, y: float, css: str, words: str, *, hollow: bool = False, heard: bool = False
) -> float:
    """Draw a position, its sign and words on its colour, and give its width."""
    sign = next((SIGNS[value] for value, name in CSS.items() if name == css), "")
    indent = 14 if heard else 7
    width = indent + 7 + 6.6 * (len(words) + (len(sign) + 1 if sign else 0))
    box = {"x": num(x), "y": num(y), "width": num(width), "height": 20}
    if not css:
        add(parent, "rect", **box, fill="none", stroke=LIGHT["line-strong"], stroke_dasharray="3 3")
    elif hollow:
        edge = LIGHT.get(f"{css}-edge", LIGHT["line-strong"])
        if heard:
            add(parent, "rect", x=num(x), y=num(y), width=9, height=20, fill=f"url(#h-{css})")
        add(parent, "rect", **box, fill="none", stroke=edge, stroke_width=1.5, stroke_dasharray="4 3")
    else:
        add(parent, "rect", **box, **fill_of(css))
    ink = MUTED if not css else INK if hollow else LIGHT[f"{css}-ink"]
    add(parent, "text", f"{sign} {words}".strip(), x=num(x + indent), y=num(y + 14), fill=ink)
    return width


Item = tuple[Callable[[Element, float, float], float], str]


def key_of_positions(rows: Sequence[Row] = ()) -> list[Item]:
    """List the positions, and how one is drawn that is not an actor's own on the very topic, where such are shown."""

    def solid(value: Value) -> Item:
        return lambda parent, x, y: tile(parent, x, y, CSS[value], value.label), ""

    def hollow(heard: bool) -> Callable[[Element, float, float], float]:
        return lambda parent, x, y: tile(parent, x, y, MANY, "hollow", hollow=True, heard=heard)

    reasons = {row.history.shown.reason for row in rows if row.history.shown}
    return [
        *(solid(value) for value in Value),
        *([(hollow(True), "reported by others")] if "reported" in reasons else []),
        *([(hollow(False), "said of the wider topic")] if "wider" in reasons else []),
    ]


def key_of_marks(signs: set[str]) -> list[Item]:
    """List the marks of a timeline that occur in it."""

    def shape(name: str, filled: bool = False) -> Callable[[Element, float, float], float]:
        def draw(parent: Element, x: float, y: float) -> float:
            place, fill = f"translate({num(x + 6)} {num(y + 10)})", INK if filled else PAGE
            add(parent, "path", d=HEADS[name], transform=place, fill=fill, stroke=INK, stroke_width=1.25)
            return 12

        return draw

    def drawn(
        width: float, *steps: Callable[[Element, float, float], None]
    ) -> Callable[[Element, float, float], float]:
        def draw(parent: Element, x: float, y: float) -> float:
            for step in steps:
                step(parent, x, y + 10)
            return width

        return draw

    def held(parent: Element, x: float, y: float) -> None:
        add(parent, "rect", x=num(x), y=num(y - 8), width=20, height=16, **PLAIN)

    def thin(parent: Element, x: float, y: float) -> None:
        add(parent, "rect", x=num(x), y=num(y - 4), width=24, height=8, **PLAIN)

    def many(parent: Element, x: float, y: float) -> None:
        add(parent, "rect", x=num(x), y=num(y - 8), width=24, height=16, **fill_of(MANY))

    def heard(parent: Element, x: float, y: float) -> None:
        add(
            parent, "rect", x=num(x), y=num(y - 8), width=40, height=15, fill=PAGE, stroke=MUTED, stroke_dasharray="4 3"
        )
        add(parent, "rect", x=num(x), y=num(y - 8), width=10, height=15, fill=f"url(#h-{MANY})", stroke=MUTED)

    def ring(parent: Element, x: float, y: float) -> None:
        add(parent, "circle", cx=num(x + 5), cy=num(y), r=3.5, fill=PAGE, stroke=MUTED, stroke_width=1.25)

    def void(parent: Element, x: float, y: float) -> None:
        line = {"x1": num(x), "x2": num(x + 34), "y1": num(y), "y2": num(y)}
        add(parent, "line", **line, stroke=LIGHT["line-strong"], stroke_dasharray="2 5")

    part = drawn(36, lambda e, x, y: whisker(e, x, x + 30, y), lambda e, x, y: dot(e, x + 30, y, approx=True))
    before = drawn(26, lambda e, x, y: arrow(e, x + 20, y), lambda e, x, y: dot(e, x + 20, y, approx=True))
    items: dict[str, Item] = {
        "held": (drawn(20, held), "own position, held"),
        "thin": (drawn(24, thin), "not stated for two years"),
        "many": (drawn(24, many), "many positions, each held for a short time"),
        "reported": (drawn(40, heard), "reported by others, hollow: moves nothing"),
        "statement": (drawn(12, lambda e, x, y: dot(e, x + 6, y)), "statement"),
        "combined": (drawn(18, lambda e, x, y: dot(e, x + 9, y, number="12")), "so many statements, combined"),
        "part": (part, "date known in part; counts from its latest day"),
        "before": (before, "before that day"),
        "reversal": (shape("up", filled=True), "reversal"),
        "shift": (shape("up"), "shift: up towards for, down towards against"),
        "terms": (shape("terms"), "other terms, same side"),
        "repeat": (drawn(10, ring), "repeat"),
        "void": (drawn(34, void), "no position recorded"),
    }
    return [item for name, item in items.items() if name in signs]


PLAIN = {"fill": LIGHT["panel"], "stroke": LIGHT["line-strong"]}


def key(sheet: Sheet, items: Sequence[Item]) -> None:
    """Set the items of a key in lines, as many as fit."""
    x = float(MARGIN)
    sheet.y += 12
    for draw, words in items:
        if x > MARGIN and x + draw(Element("g"), 0, 0) + 6 + 6 * len(words) > WIDTH - MARGIN:
            x, sheet.y = float(MARGIN), sheet.y + 27
        x += draw(sheet.root, x, sheet.y) + 6
        if words:
            add(sheet.root, "text", words, x=num(x), y=num(sheet.y + 14), fill=MUTED)
            x += 6 * len(words)
        x += 16
    sheet.y += 26
