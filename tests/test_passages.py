"""Passages of a text: paragraphs, quotations, where words stand, and marks that overlap. No database."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stances.passages import GAP, Mark, Span, cut, find_pieces, paragraphs, quotations, select

TEXT = """The minister spoke on Tuesday.

“We are open to it,” she said. “The ships are another matter.”
  Her country, an aide added, “will wait.  """

texts = st.text(alphabet='ab “”"\n’🙂', max_size=60)
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def words(text: str, found: list[Span]) -> list[str]:
    return [text[start:end] for start, end in found]


@given(texts)
def test_paragraphs_are_the_lines_that_are_not_empty_in_their_order(text):
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    found = paragraphs(text)
    assert [text[start:end] for _, start, end in found] == lines
    assert [number for number, _, _ in found] == list(range(1, len(lines) + 1))


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("“One,” he said. “Two.”", ["One,", "Two."]),
        ('He said "one" and "two".', ["one", "two"]),
        ("“It goes on in the next paragraph.", ["It goes on in the next paragraph."]),
        ("Elle a dit «non».", ["non"]),
        ("彼は「賛成」と言った。", ["賛成"]),
        ("None, though it’s the minister’s word.", []),
        ("“” is empty.", []),
    ],
)
def test_quotations_are_what_stands_between_the_marks(line, quoted):
    assert words(line, list(quotations(line))) == quoted


@given(texts, spans)
def test_segments_join_to_their_paragraph_and_have_the_marks_that_cover_them(text, bounds):
    marks = [Mark(start, end, number) for number, (start, end) in enumerate(bounds)]
    numbered = paragraphs(text)
    for paragraph, segments in zip(numbered, cut(numbered, marks), strict=True):
        assert "".join(text[s.start : s.end] for s in segments) == text[paragraph.start : paragraph.end]
        for segment in segments:
            for place in range(segment.start, segment.end):
                covering = {mark.owner for mark in marks if mark.start <= place < mark.end}
                assert {mark.owner for mark in segment.marks} == covering


def test_a_long_text_with_many_marks_is_cut_once_at_each_end():
    text = "\n".join(" ".join(["word"] * 50) for _ in range(400))
    marks = [Mark(start, start + 300, start) for start in range(0, 100_000, 500)]
    segments = [segment for line in cut(paragraphs(text), marks) for segment in line]
    assert len(segments) <= 400 + 2 * len(marks)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=5), min_size=3, max_size=12), st.data())
def test_pieces_that_stand_in_order_are_found_where_they_stand(parts, data):
    text = " ".join(parts)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(parts) - 1), min_size=1)))
    found = find_pieces(text, [parts[number] for number in chosen])
    assert not isinstance(found, str)
    assert words(text, found) == [parts[number] for number in chosen]
    assert all(before.end <= after.start for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("We are open to it", ["We are open to it"]),
        ("We are open to it … another matter", ["We are open to it", "another matter"]),
        ("another matter … We are open to it", "We are open to it"),
        ("We were open to it", "We were open to it"),
        ("an aide\u00a0added", ["an aide added"]),
        ("to it,\" she said. 'The", "to it,\" she said. 'The"),
        ('to it," she said. "The', ["to it,” she said. “The"]),
        ("matter.” Her", ["matter.”\n  Her"]),
        ("", []),
    ],
)
def test_a_quotation_stands_word_for_word_and_in_order(quote, found):
    result = find_pieces(TEXT, quote.split(GAP))
    assert (result if isinstance(result, str) else words(TEXT, result)) == found


def test_a_quotation_is_looked_for_between_two_places():
    text = "So it is. So it is."
    assert find_pieces(text, ["So it is"], 4) == [Span(10, 18)]
    assert find_pieces(text, ["So it is"], 4, 17) == "So it is"


def test_composed_and_decomposed_letters_are_the_same_words():
    assert find_pieces("Un café.", ["cafe\u0301"]) == [Span(3, 7)]


@pytest.mark.parametrize(
    ("chosen", "quote", "locator"),
    [
        ("spoke on Tuesday", "", "1"),
        ("“We are open to it,” she said. “The ships are another", "We are open to it … The ships are another", "2"),
        ("open to it,” she", "open to it", "2"),
        ("spoke on Tuesday.\n\n“We are open", "We are open", "2"),
        ("matter.”\n  Her country, an aide added, “will wait.  ", "matter. … will wait.", "2-3"),
        ("Tuesday.\n\n“", "", "1-2"),
    ],
)
def test_a_selection_gives_the_quoted_words_and_their_paragraphs(chosen, quote, locator):
    start = TEXT.index(chosen)
    selection = select(TEXT, start, start + len(chosen))
    assert (selection.quote, selection.locator) == (quote, locator)


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 3), (0, 9999), (30, 32)])
def test_a_selection_of_nothing_is_none(start, end):
    assert select(TEXT, start, end) is None


@given(texts, st.integers(0, 60), st.integers(0, 60))
def test_the_quote_of_a_selection_stands_between_its_offsets(text, start, end):
    selection = select(text, start, end)
    if selection is not None:
        assert start <= selection.start < selection.end <= end
        assert not isinstance(find_pieces(text, selection.quote.split(GAP), selection.start, selection.end), str)
