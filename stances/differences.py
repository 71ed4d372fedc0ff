"""What changed between two texts, word by word. No database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, groupby
from typing import Literal

Kind = Literal["same", "gone", "new"]
WORD = re.compile(r"\S+\s*|\s+")
PARAGRAPH = re.compile(r"[^\n]*\n+|[^\n]+")
#: How many pairs of words or paragraphs are compared; what has more differs as a whole.
PAIRS = 4_000_000
LEFT_OUT = " … "


@dataclass(frozen=True)
class Piece:
    """Words that both texts have, or that one has alone."""

    kind: Kind
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """Cut two texts into what is the same, gone and new: "same" and "gone" make up the one, "same" and "new" the other.

    Paragraphs are compared first, and words only within those that changed, so that a long text is quick.
    """
    pieces: list[Piece] = []
    for same, old, new in _blocks(PARAGRAPH.findall(before), PARAGRAPH.findall(after)):
        if same:
            pieces.append(Piece("same", "".join(old)))
            continue
        pairs = zip(old, new, strict=True) if len(old) == len(new) else [("".join(old), "".join(new))]
        for one, other in pairs:
            for alike, gone, come in _blocks(WORD.findall(one), WORD.findall(other)):
                if alike:
                    pieces.append(Piece("same", "".join(gone)))
                else:
                    pieces += [Piece("gone", "".join(gone)), Piece("new", "".join(come))]
    return list(_joined(piece for piece in pieces if piece.text))


def around(pieces: Sequence[Piece], words: int = 12, long: int = 80) -> list[Piece]:
    """Shorten what is the same to some words on either side of a change, and what changed where it is long."""
    last = len(pieces) - 1
    return [
        Piece(
            piece.kind,
            _shortened(piece.text, words if n else 0, words if n < last else 0)
            if piece.kind == "same"
            else _shortened(piece.text, long // 2, long // 2),
        )
        for n, piece in enumerate(pieces)
    ]


def _blocks(before: list[str], after: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    """Match two lists: whether a stretch is the same, and its parts in either; starts and ends alike are quick."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    yield True, before[:start], after[:start]
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) * len(new) > PAIRS:
        yield False, old, new
    else:
        for tag, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
            yield tag == "equal", old[i:j], new[k:m]
    yield True, before[len(before) - end :], after[len(after) - end :]


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Put neighbours of a kind together; between what is the same, all that is gone comes before what is new."""
    for same, run in groupby(pieces, key=lambda piece: piece.kind == "same"):
        run_list = list(run)
        kinds: tuple[Kind, ...] = ("same",) if same else ("gone", "new")
        for kind in kinds:
            if text := "".join(piece.text for piece in run_list if piece.kind == kind):
                yield Piece(kind, text)


def _shortened(text: str, first: int, last: int) -> str:
    words = WORD.findall(text)
    if len(words) <= first + last + 3:
        return text
    return "".join(chain(words[:first], [LEFT_OUT], words[len(words) - last :]))
