"""How to cite a statement: plain, BibTeX, CSL-JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from stances.dates import today
from stances.models import Source, Statement
from stances.vocabulary import SourceKind
from stances.wording import day_words, first_up

NAME = "Stances"
CSL_TYPES = {
    SourceKind.ARTICLE: "article-newspaper",
    SourceKind.NEWSLETTER: "article-magazine",
    SourceKind.TRANSCRIPT: "speech",
    SourceKind.COMMUNIQUE: "document",
    SourceKind.DOCUMENT: "document",
    SourceKind.BROADCAST: "broadcast",
}
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
}


def tex(text: str) -> str:
    """Write a text so that TeX prints it as it is."""
    return "".join(_TEX.get(char, char) for char in " ".join(text.split()))


def paragraphs(locator: str) -> str:
    """Write a locator with dashes: "par. 4–6"."""
    return f"par. {locator.replace('-', '–')}" if locator else ""


def publication(statement: Statement) -> list[str]:
    """List where the statement stands: publisher, day, paragraphs, as far as they are known."""
    source = statement.source
    publisher = source.publisher.name if source.publisher else ""
    published = day_words(source.published_on) if source.published_on else ""
    return [part for part in (publisher, published, paragraphs(statement.locator)) if part]


def author(source: Source) -> str:
    """Name who wrote a source, as it says, else who published it."""
    return source.author or (source.publisher.name if source.publisher else "Unknown")


def said_by(statement: Statement) -> str:
    """Say whose words these are, of which the source's author only wrote."""
    return f"statement by {statement.speaker.name}, {statement.date.words()}"


def plain(statement: Statement, url: str, day: dt.date) -> str:
    """Cite a statement in a sentence, as it stood on a day."""
    where = ", ".join([f"in “{statement.source.title}”", *publication(statement)])
    said = f"{statement.speaker.name}, {statement.date.words()}, {where}."
    return f"{said} Coded in {NAME}, {statement.key}, as of {day_words(day)}. {url}"


def page(title: str, url: str, day: dt.date) -> str:
    """Cite a page that looks at a day, as retrieved today."""
    now = today()
    return f"{NAME} ({now.year}). {title}, on {day_words(day)}. Retrieved {day_words(now)}. {url}"


def bibtex(statement: Statement, url: str, day: dt.date) -> str:
    """Cite a statement as a BibTeX entry; its key is the statement's."""
    source = statement.source
    issued = source.published_on or statement.latest
    printed = [source.url] if source.url else []
    note = ", ".join([said_by(statement), *publication(statement), *printed, f"{NAME}, as of {day_words(day)}"])
    fields = {
        # Names of persons are taken apart by BibTeX; a body's name in braces is not.
        "author": tex(source.author) or f"{{{tex(author(source))}}}",
        "title": tex(source.title),
        "year": f"{issued.year}",
        "month": f"{issued:%b}".lower(),
        "note": tex(note),
        "url": url,
    }
    width = max(map(len, fields))
    months = {"month"}
    lines = [
        f"  {name:<{width}} = {value if name in months else f'{{{value}}}'}" for name, value in fields.items() if value
    ]
    return "@misc{" + statement.key + ",\n" + ",\n".join(lines) + "\n}"


def csl(statement: Statement, url: str, day: dt.date) -> dict[str, Any]:
    """Cite a statement as an item of CSL-JSON."""
    source = statement.source
    item: dict[str, Any] = {
        "id": statement.key,
        "type": CSL_TYPES[SourceKind(source.kind)],
        "author": [{"literal": author(source)}],
        "title": source.title,
        "language": source.language,
    }
    if source.publisher:
        item["container-title"] = source.publisher.name
    if source.published_on:
        item["issued"] = {"date-parts": [date_parts(source.published_on)]}
    if statement.locator:
        item |= {"locator": statement.locator, "label": "paragraph"}
    if source.url:
        item["source"] = source.url
    item |= {
        "URL": url,
        "accessed": {"date-parts": [date_parts(day)]},
        "note": f"{first_up(said_by(statement))}. Coded in {NAME}, {statement.key}.",
    }
    return item


def csl_text(statement: Statement, url: str, day: dt.date) -> str:
    """Write the item of CSL-JSON to be read and copied, a field a line."""
    fields = [
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in csl(statement, url, day).items()
    ]
    return "{" + ",\n ".join(fields) + "}"


def date_parts(day: dt.date) -> list[int]:
    return [day.year, day.month, day.day]
