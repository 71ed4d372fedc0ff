"""Differences between two texts, word by word."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stances import differences as module
from stances.differences import Piece, around, differences

words = st.lists(st.sampled_from(["a", "b", "c ", " ", "\n", "\n\n", "é", "…"]), max_size=60).map("".join)
texts = st.one_of(words, st.text(max_size=80))


def text(pieces, kind):
    return "".join(piece.text for piece in pieces if piece.kind in ("same", kind))


@given(texts, texts)
def test_the_pieces_make_up_both_texts(before, after):
    pieces = differences(before, after)
    assert (text(pieces, "gone"), text(pieces, "new")) == (before, after)
    assert all(piece.text for piece in pieces)


@given(texts, texts)
def test_neighbours_are_of_different_kinds(before, after):
    kinds = [piece.kind for piece in differences(before, after)]
    assert all(one != other for one, other in pairwise(kinds))


@given(texts)
def test_a_text_does_not_differ_from_itself(same):
    assert {piece.kind for piece in differences(same, same)} <= {"same"}


def test_changed_words_are_told_and_no_others():
    pieces = differences("The pact may grow one day.", "The pact will grow one day.")
    assert pieces == [
        Piece("same", "The pact "),
        Piece("gone", "may "),
        Piece("new", "will "),
        Piece("same", "grow one day."),
    ]


def test_of_a_long_text_only_the_words_around_a_change_are_shown():
    paragraphs = [" ".join(f"w{n}-{m}" for m in range(100)) for n in range(200)]
    before = "\n\n".join(paragraphs)
    paragraphs[100] = paragraphs[100].replace("w100-50", "other")
    shown = around(differences(before, "\n\n".join(paragraphs)), words=3)
    assert [piece.kind for piece in shown] == ["same", "gone", "new", "same"]
    assert shown[0].text == " … w100-47 w100-48 w100-49 "
    assert shown[3].text == "w100-51 w100-52 w100-53  … "


def test_long_words_that_are_new_are_shortened_too():
    (piece,) = around(differences("", "word " * 1000), long=10)
    assert (piece.kind, len(piece.text.split())) == ("new", 11)


def test_texts_of_twenty_thousand_other_words_are_not_compared_pair_by_pair(monkeypatch):
    compared = []
    matcher = module.SequenceMatcher
    monkeypatch.setattr(module, "SequenceMatcher", lambda _, a, b: compared.append(len(a) * len(b)) or matcher(_, a, b))
    before, after = "a b " * 10_000, "b c " * 10_000
    pieces = differences(before, after)
    assert (text(pieces, "gone"), text(pieces, "new")) == (before, after)
    assert max(compared, default=0) <= module.PAIRS
