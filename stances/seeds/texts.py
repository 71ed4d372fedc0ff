"""Holding seeds against the articles' texts, which stay outside the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stances.models.sources import normalise_text, sha256_of
from stances.passages import GAP, quotations
from stances.seeds.compiling import Record
from stances.seeds.reading import Document, Location, Problem, SeedError, Seeds


def check_texts(seeds: Seeds, folder: Path) -> int:
    """Hold each source against its SHA-256, each quotation against the text word for word, each locator against its
    paragraphs; give the number of quotations held, or raise SeedError with every place that fails.
    """
    problems: list[Problem] = []
    quotations = 0
    for document in seeds.articles:
        for number, source in enumerate(document.data["sources"]):
            where: Location = ("sources", number)
            found = list(_source_problems(document, where, source, folder))
            problems += found
            quotations += sum("quote" in statement for statement in source.get("statements", []))
    if problems:
        raise SeedError(problems)
    return quotations


def numbers(text: str) -> list[int]:
    """Read a locator: "2-3, 6" is [2, 3, 6]."""
    found: list[int] = []
    for part in text.split(", "):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def _source_problems(document: Document, where: Location, source: Record, folder: Path) -> Iterator[Problem]:
    place = source["text"]
    path = folder / place["file"]
    if not path.is_file():
        yield document.problem((*where, "text", "file"), f"There is no text {place['file']} in the folder of texts.")
        return
    text = normalise_text(path.read_bytes().decode("utf-8"))
    if "lines" in place:
        first, last = map(int, place["lines"].split("-"))
        text = "\n".join(text.split("\n")[first - 1 : last])
    if sha256_of(text) != place["sha256"]:
        yield document.problem(
            (*where, "text", "sha256"),
            f"The text of {source['slug']} is another one: its SHA-256 is {sha256_of(text)}.",
        )
        return
    lines = text.split("\n")
    body = [lines[number - 1].strip() if number <= len(lines) else "" for number in numbers(place["body"])]
    if not all(body):
        empty = [number for number, line in zip(numbers(place["body"]), body, strict=True) if not line]
        yield document.problem((*where, "text", "body"), f"Line {empty[0]} is no paragraph: it is empty or missing.")
        return
    for number, statement in enumerate(source.get("statements", [])):
        yield from _statement_problems(document, (*where, "statements", number), statement, body)


def _statement_problems(document: Document, where: Location, statement: Record, body: list[str]) -> Iterator[Problem]:
    named = numbers(statement["paragraphs"])
    if beyond := [number for number in named if number > len(body)]:
        yield document.problem(
            (*where, "paragraphs"), f"There is no paragraph {beyond[0]}: the body has {len(body)} paragraphs."
        )
        return
    if "quote" not in statement:
        return
    paragraphs = [body[number - 1] for number in named]
    begin = (0, 0)
    for piece in statement["quote"].split(GAP):
        spot = _find(piece, paragraphs, begin)
        if spot is None:
            elsewhere = [number + 1 for number, text in enumerate(body) if piece in text]
            hint = f"; it stands in paragraph {elsewhere[0]}" if elsewhere else ""
            yield document.problem(
                (*where, "quote"),
                f"“{piece}” does not stand so, within quotation marks and in this order, in paragraphs "
                f"{statement['paragraphs']}{hint}.",
            )
            return
        begin = spot


def _find(piece: str, paragraphs: list[str], begin: tuple[int, int]) -> tuple[int, int] | None:
    """Find a piece inside quotation marks at or after a place; give the place behind it."""
    for number in range(begin[0], len(paragraphs)):
        for opened, closed in quotations(paragraphs[number]):
            start = max(opened, begin[1] if number == begin[0] else 0)
            spot = paragraphs[number].find(piece, start, closed)
            if spot >= 0:
                return number, spot + len(piece)
    return None
