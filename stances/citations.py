"""How to cite a statement, a page or a list: in a sentence, as BibTeX and as CSL-JSON; with the day and the version."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.text import slugify

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
#: What appears in a paper or a newsletter, which BibTeX takes for a journal.
PERIODICALS = (SourceKind.ARTICLE, SourceKind.NEWSLETTER)
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


@dataclass(frozen=True)
class Seen:
    """The day on which the data was looked at, and the version that it had."""

    on: dt.date
    version: int

    @property
    def words(self) -> str:
        return f"{day_words(self.on)}, version {self.version} of the data"


@dataclass(frozen=True)
class Citation:
    """One thing to cite, in three notations; as a text it is the sentence."""

    plain: str
    bibtex: str
    csl: dict[str, Any]

    def __str__(self) -> str:
        return self.plain

    @property
    def csl_text(self) -> str:
        """Write the item of CSL-JSON to be read and copied, a field a line."""
        fields = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in self.csl.items()]
        return "{" + ",\n ".join(fields) + "}"

    @property
    def key(self) -> str:
        return self.csl["id"]

    @property
    def data(self) -> dict[str, Any]:
        return {"plain": self.plain, "bibtex": self.bibtex, "csl": self.csl}


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


def of_statement(statement: Statement, url: str, seen: Seen) -> Citation:
    """Cite a statement as it stood on a day."""
    return Citation(plain(statement, url, seen), bibtex(statement, url, seen), csl(statement, url, seen))


def plain(statement: Statement, url: str, seen: Seen) -> str:
    source = statement.source
    written = f"{source.author}, " if source.author else ""
    supplied = " (title supplied by the coder)" if title_supplied(source) else ""
    where = ", ".join([f"in {written}{source.cited_title}{supplied}", *publication(statement)])
    said = f"{statement.speaker.name}, {statement.date.words()}, {where}{f', {source.url}' if source.url else ''}."
    return f"{said} Coded in {NAME}, {statement.key}, as of {seen.words}. {url}"


def bibtex(statement: Statement, url: str, seen: Seen) -> str:
    """Write the entry of a statement's source, as a list of references has it; what is ours stands in the note.

    An article of a named paper is an @article of that journal, all else @misc. The key is the statement's.
    """
    source = statement.source
    issued = source.published_on or statement.latest
    publisher = source.publisher.name if source.publisher else ""
    printed = source.kind in PERIODICALS and publisher
    fields = {
        # Names of persons are taken apart by BibTeX; a body's name in braces is not.
        "author": tex(source.author) or f"{{{tex(author(source))}}}",
        "title": tex(source.title),
        "journal" if printed else "howpublished": tex(publisher),
        "year": f"{issued.year}",
        "month": f"{issued:%b}".lower(),
        "day": f"{source.published_on.day}" if source.published_on else "",
        "note": tex(record_note(statement, url, seen)),
        "url": source.url or url,
    }
    return entry(statement.key, fields, kind="article" if printed else "misc")


def csl(statement: Statement, url: str, seen: Seen) -> dict[str, Any]:
    """Write the item of a statement's source; the record here is its archive."""
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
    return item | {
        "URL": source.url or url,
        "accessed": {"date-parts": [date_parts(seen.on)]},
        "archive": NAME,
        "archive_location": url,
        "note": f"{first_up(record_note(statement, url, seen))}.",
    }


def record_note(statement: Statement, url: str, seen: Seen) -> str:
    """Say what is cited of the source, and where it is recorded here."""
    supplied = "title supplied by the coder" if title_supplied(statement.source) else ""
    coded = f"coded in {NAME}, {statement.key}, as of {seen.words}, {url}"
    return "; ".join(filter(None, [said_by(statement), paragraphs(statement.locator), supplied, coded]))


def title_supplied(source: Source) -> bool:
    """Tell whether a coder gave the title, in brackets, where the text that was coded has none."""
    return source.title == source.cited_title


def page(title: str, url: str, seen: Seen, *, on: dt.date | None = None, kind: str = "webpage") -> Citation:
    """Cite a page, and the day `on` that it looks at; `kind` is its type in CSL."""
    told = title
    if on:
        told += f" On {day_words(on)}" if title.endswith(("?", ".")) else f", on {day_words(on)}"
    name = f"{NAME.lower()}-{key_of(url)}-{seen.on:%Y%m%d}"
    fields = {
        "author": f"{{{NAME}}}",
        "title": tex(told),
        "year": f"{seen.on.year}",
        "month": f"{seen.on:%b}".lower(),
        "note": tex(f"Retrieved {seen.words}"),
        "url": url,
    }
    item = {
        "id": name,
        "type": kind,
        "author": [{"literal": NAME}],
        "title": told,
        "version": str(seen.version),
        "language": "en",
        "URL": url,
        "issued": {"date-parts": [date_parts(seen.on)]},
        "accessed": {"date-parts": [date_parts(seen.on)]},
    }
    sentence = told if told.endswith(("?", ".")) else f"{told}."
    return Citation(f"{NAME} ({seen.on.year}). {sentence} Retrieved {seen.words}. {url}", entry(name, fields), item)


def key_of(url: str) -> str:
    """Make a key of an address: its path in words, and what tells one query from another."""
    parts = urlsplit(url)
    path = slugify(parts.path.replace("/", "-")) or "overview"
    return f"{path}-{hashlib.sha256(parts.query.encode()).hexdigest()[:6]}" if parts.query else path


def entry(key: str, fields: dict[str, str], *, kind: str = "misc") -> str:
    """Write an entry of BibTeX, a field a line; what is empty is left out."""
    width = max(map(len, fields))
    lines = [
        f"  {name:<{width}} = {value if name == 'month' else f'{{{value}}}'}" for name, value in fields.items() if value
    ]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def date_parts(day: dt.date) -> list[int]:
    return [day.year, day.month, day.day]
