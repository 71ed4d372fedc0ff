"""Passages of an article's text: its paragraphs, what stands in quotation marks, where a quotation is found, and how
marks cut a paragraph. Offsets are code points from the beginning of the text; an end is exclusive. No database."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

#: What joins the pieces of a quotation that do not adjoin in print.
GAP = " … "
#: Within one paragraph; one that goes on in the next is opened there again, and not closed before.
QUOTED = re.compile(r"“([^”]*)(?:”|$)|\"([^\"]*)(?:\"|$)|«([^»]*)(?:»|$)|「([^」]*)(?:」|$)")
_SAME = str.maketrans({**dict.fromkeys("“”„‟«»＂", '"'), **dict.fromkeys("‘’‚‛′", "'")})

Owner = TypeVar("Owner")


class Span(NamedTuple):
    start: int
    end: int


class Paragraph(NamedTuple):
    """A line that is not empty, without white space at its ends, numbered from 1 as a locator does."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Mark(Generic[Owner]):
    """A part of the text that belongs to something: a coded statement."""

    start: int
    end: int
    owner: Owner


@dataclass(frozen=True)
class Segment(Generic[Owner]):
    """A part of a paragraph through which the same marks run."""

    start: int
    end: int
    marks: tuple[Mark[Owner], ...]


@dataclass(frozen=True)
class Selection:
    """Words chosen in a text as a statement has them: their place, its paragraphs, and what of them is quoted."""

    start: int
    end: int
    locator: str
    quote: str


def paragraphs(text: str) -> list[Paragraph]:
    """Number the paragraphs of a text that has line feeds.

    >>> paragraphs("One.\\n\\n Two. ")
    [Paragraph(number=1, start=0, end=4), Paragraph(number=2, start=7, end=11)]
    """
    found: list[Paragraph] = []
    start = 0
    for line in text.split("\n"):
        if bare := line.strip():
            begin = start + line.index(bare)
            found.append(Paragraph(len(found) + 1, begin, begin + len(bare)))
        start += len(line) + 1
    return found


def quotations(line: str) -> Iterator[Span]:
    """Give what stands between quotation marks in one paragraph, without the marks."""
    for match in QUOTED.finditer(line):
        start, end = match.span(match.lastindex or 0)
        if end > start:
            yield Span(start, end)


def cut(spans: Iterable[Paragraph], marks: Iterable[Mark[Owner]]) -> Iterator[list[Segment[Owner]]]:
    """Cut each paragraph, in order, wherever a mark begins or ends; the time is linear in the text and what is cut.

    The segments of a paragraph join without a gap from its start to its end; the marks of one stand as they opened.
    """
    waiting = sorted(marks, key=lambda mark: (mark.start, -mark.end))
    position, running = 0, list[Mark[Owner]]()
    for span in spans:
        while position < len(waiting) and waiting[position].start < span.end:
            running.append(waiting[position])
            position += 1
        running = [mark for mark in running if mark.end > span.start and mark.end > mark.start]
        yield _cut_one(span.start, span.end, running)


def _cut_one(start: int, end: int, marks: Sequence[Mark[Owner]]) -> list[Segment[Owner]]:
    opening: dict[int, list[int]] = defaultdict(list)
    closing: dict[int, list[int]] = defaultdict(list)
    for number, mark in enumerate(marks):
        opening[max(mark.start, start)].append(number)
        closing[min(mark.end, end)].append(number)
    points = sorted({start, end, *opening, *closing})
    running: dict[int, Mark[Owner]] = {}
    segments = []
    for point, following in pairwise(points):
        for number in closing[point]:
            running.pop(number, None)
        for number in opening[point]:
            running[number] = marks[number]
        segments.append(Segment(point, following, tuple(running.values())))
    return segments


def find_pieces(text: str, pieces: Iterable[str], begin: int = 0, end: int | None = None) -> list[Span] | str:
    """Find the pieces of a quotation in a text, each after the one before; or give the first that does not stand there.

    Words count as the same whatever quotation marks, apostrophes and white space stand among them.
    """
    plain = text.translate(_SAME)
    end = len(text) if end is None else end
    found = []
    for piece in pieces:
        words = unicodedata.normalize("NFC", piece).translate(_SAME).split()
        if not words:
            continue
        match = re.compile(r"\s+".join(map(re.escape, words))).search(plain, begin, end)
        if match is None:
            return piece
        found.append(Span(*match.span()))
        begin = match.end()
    return found


def select(text: str, start: int, end: int) -> Selection | None:
    """Read chosen words: of those that are quoted, in part or whole, what stands within the marks; else all of them.

    None where nothing but white space was chosen, or what the text does not have.
    """
    if not 0 <= start < end <= len(text):
        return None
    chosen = [
        (paragraph, Span(max(start, paragraph.start), min(end, paragraph.end)))
        for paragraph in paragraphs(text)
        if paragraph.start < end and start < paragraph.end
    ]
    whole = [(paragraph, _trimmed(text, span, "")) for paragraph, span in chosen]
    quoted = [
        (paragraph, _trimmed(text, Span(max(span.start, begin), min(span.end, close)), ","))
        for paragraph, span in chosen
        for begin, close in _within(text, paragraph)
    ]
    pieces = [(paragraph, span) for paragraph, span in quoted if span.end > span.start]
    parts = pieces or [(paragraph, span) for paragraph, span in whole if span.end > span.start]
    if not parts:
        return None
    first, last = parts[0][0].number, parts[-1][0].number
    return Selection(
        start=parts[0][1].start,
        end=parts[-1][1].end,
        locator=f"{first}" if first == last else f"{first}-{last}",
        quote=GAP.join(text[span.start : span.end] for _, span in pieces),
    )


def _within(text: str, paragraph: Paragraph) -> Iterator[Span]:
    for begin, close in quotations(text[paragraph.start : paragraph.end]):
        yield Span(paragraph.start + begin, paragraph.start + close)


def _trimmed(text: str, span: Span, beyond: str) -> Span:
    """Leave out white space at both ends, and at the end what belongs to the sentence around."""
    words = text[span.start : max(span.start, span.end)]
    bare = words.strip()
    start = span.start + (words.index(bare) if bare else 0)
    return Span(start, start + len(bare.rstrip(beyond).rstrip() if beyond else bare))
