"""Full-text search: what a reader types, as a question to the index of the database at hand.

Words must all be found, in any form and without regard to case and accents; "words in quotes" next to each other in
this order, each still in any form; a minus leaves out. Everything else is text. The index itself, and what keeps it
right, is in `stances.search_index`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from stances.search_index import ACTORS, FOLDED, SOURCES, STATEMENTS, TOPICS, Index

__all__ = ["ACTORS", "SOURCES", "STATEMENTS", "TOPICS", "Query", "marks", "newest", "parse", "ranked", "unanswerable"]

MOST_TERMS = 64
LONGEST_WORD = 100
MOST_VARIANTS = 8
#: Words that nearly every sentence has. They are left out of a search unless they stand in quotation marks.
_COMMON = """
    a an and are as at be been but by did do does for from had has have he her his how if in is it its me my of on or
    our she so that the their them they this to was we were what when where which who why will with would you your
"""
COMMON = frozenset(_COMMON.split())
ROMAN = {
    "1": "i",
    "2": "ii",
    "3": "iii",
    "4": "iv",
    "5": "v",
    "6": "vi",
    "7": "vii",
    "8": "viii",
    "9": "ix",
    "10": "x",
    "11": "xi",
    "12": "xii",
}
SAME = {**ROMAN, **{roman: number for number, roman in ROMAN.items()}}

_FOLDED = str.maketrans(FOLDED)
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_CHUNK = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+)')
_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"(?<=\w)['’ʼ]s(?!\w)", re.IGNORECASE)
OPEN, CLOSE = "\x02", "\x03"


@dataclass(frozen=True)
class Term:
    """Words that stand next to each other, one at the least."""

    words: tuple[str, ...]
    excluded: bool = False
    #: Whether the last word may be the beginning of a longer one.
    begun: bool = False

    def __str__(self) -> str:
        """Write it as it can be typed."""
        words = " ".join(self.words)
        quoted = words if len(self.words) == 1 else f'"{words}"'
        return f"-{quoted}" if self.excluded else quoted

    @property
    def variants(self) -> list[tuple[str, ...]]:
        """Give the ways to write the words: "Pillar 2" is "Pillar II"."""
        ways = [(word, SAME[word]) if word in SAME else (word,) for word in self.words]
        found = list(itertools.islice(itertools.product(*ways), MOST_VARIANTS + 1))
        return found if len(found) <= MOST_VARIANTS else [self.words]


@dataclass(frozen=True)
class Query:
    """What is looked for. It is false where there is nothing to look for."""

    terms: tuple[Term, ...] = ()
    #: The common words that were passed over.
    passed_over: tuple[str, ...] = ()

    @property
    def included(self) -> list[Term]:
        return [term for term in self.terms if not term.excluded]

    def __bool__(self) -> bool:
        return bool(self.included)

    def begun(self) -> Query:
        """Take the last word for the beginning of a longer one, as somebody who types a name means it."""
        if not self.terms or self.terms[-1].excluded or len(self.terms[-1].words[-1]) < 2:
            return self
        *before, last = self.terms
        return Query((*before, Term(last.words, begun=True)), self.passed_over)

    def written(self) -> str:
        """Write the query in the language of the database: of FTS5, or of to_tsquery."""
        write, conjunction, without = _LANGUAGES[connection.vendor]
        included, excluded = ([write(term) for term in self.terms if term.excluded is out] for out in (False, True))
        text = conjunction.join(included)
        return f"({text}){without}({_OR[connection.vendor].join(excluded)})" if excluded else text


def _fts5(term: Term) -> str:
    end = " *" if term.begun else ""
    phrases = (" ".join(words).translate(_FOLDED) for words in term.variants)
    return "(" + " OR ".join(f'"{phrase}"{end}' for phrase in phrases) + ")"


def _tsquery(term: Term) -> str:
    end = ":*" if term.begun else ""
    phrases = (" <-> ".join(f"'{word}'" for word in words) + end for words in term.variants)
    return "(" + " | ".join(f"({phrase})" for phrase in phrases) + ")"


_LANGUAGES: dict[str, tuple] = {
    "sqlite": (_fts5, " AND ", " NOT "),
    "postgresql": (_tsquery, " & ", " & !"),
}
_OR = {"sqlite": " OR ", "postgresql": " | "}


def parse(text: str) -> Query:
    """Read what was typed. Nothing raises; letters and digits make words, all else only parts them."""
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES)
    terms: dict[Term, None] = {}
    common: dict[str, None] = {}
    for chunk in _CHUNK.finditer(text):
        typed = chunk["word"]
        content = chunk["phrase"] if typed is None else typed
        excluded = bool(chunk["minus"]) if typed is None else typed.startswith("-")
        bare = _WORD.findall(_POSSESSIVE.sub("", content)) if typed is not None else []
        # A name is found without its 's; within a phrase it stands between its neighbours, in the index too.
        words = tuple(word[:LONGEST_WORD].lower() for word in (bare if len(bare) == 1 else _WORD.findall(content)))
        if len(words) == 1 and typed is not None and not excluded and words[0] in COMMON:
            common[words[0]] = None
        elif words:
            terms[Term(words, excluded)] = None
    return Query(tuple(itertools.islice(terms, MOST_TERMS)), tuple(common))


def unanswerable(text: str) -> str:
    """Say why nothing can be looked for, and what would help; nothing where something can."""
    query = parse(text)
    if query:
        return ""
    if query.terms:
        return "It only says what to leave out: add a word to look for."
    if query.passed_over:
        return (
            f"“{' '.join(query.passed_over[:8])}” stands nearly everywhere: add a word that matters, or put the "
            "words in quotation marks to find them next to each other."
        )
    return "There is no word in it to look for: write words or a name, in letters or digits."


def found(index: Index, query: Query) -> RawSQL:
    """Select the ids of the rows that a query finds."""
    if connection.vendor == "sqlite":
        sql = f"SELECT {index.id_sql} FROM {index.table} WHERE {index.table} MATCH %s"  # noqa: S608
    else:
        sql = f"SELECT id FROM {index.table} WHERE document @@ to_tsquery('stances', %s)"  # noqa: S608
    return RawSQL(sql, [query.written()])  # noqa: S611  (names of our own; what was typed is a parameter)


def filtered(rows: Any, index: Index, text: str, *, column: str = "pk", begun: bool = False) -> Any:
    """Keep the rows that a text finds, by a column that holds the ids of the index."""
    query = parse(text)
    if not query:
        return rows.none()
    return rows.filter(**{f"{column}__in": found(index, query.begun() if begun else query)})


def newest(rows: QuerySet, index: Index, query: Query, most: int) -> list[int]:
    """Give the ids of the newest of some rows that a query finds, by walking through the index by date.

    The rows come without an order and without the query: a planner that is asked for rows "in" what is found looks up
    the entry of each row.
    """
    try:
        sql, params = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return []
    if connection.vendor == "sqlite":
        sql = (
            f"SELECT {index.id_sql} FROM {index.table} CROSS JOIN ({sql}) among "  # noqa: S608
            f"ON among.pk = {index.id_sql} WHERE {index.table} MATCH %s ORDER BY {index.table}.rowid DESC LIMIT %s"
        )
    else:
        sql = (
            f"SELECT entry.id FROM {index.table} entry JOIN ({sql}) among ON among.pk = entry.id "  # noqa: S608
            "WHERE entry.document @@ to_tsquery('stances', %s) ORDER BY entry.date DESC, entry.id DESC LIMIT %s"
        )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, query.written(), most])
        return [pk for (pk,) in cursor.fetchall()]


def ranked(index: Index, query: Query, ids: Collection[int]) -> list[int]:
    """Order ids by how well they match, the best first; equals stay in the order that they came in."""
    if not ids:
        return []
    if connection.vendor == "sqlite":
        # bm25 counts a word in all rows to weigh it; of what is better, the number is smaller.
        weights = ", ".join(str(field.weight) for field in index.fields)
        inside = ", ".join(["%s"] * len(ids))
        sql = (
            f"SELECT {index.id_sql}, -bm25({index.table}, {weights}) FROM {index.table} "  # noqa: S608
            f"WHERE {index.table} MATCH %s AND {index.id_sql} IN ({inside})"
        )
        params: list = [query.written(), *ids]
    else:
        sql = (
            f"SELECT id, ts_rank_cd(document, to_tsquery('stances', %s)) FROM {index.table} "  # noqa: S608
            "WHERE id = ANY(%s)"
        )
        params = [query.written(), list(ids)]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        scores: dict[int, float] = dict(cursor.fetchall())
    return sorted((pk for pk in ids if pk in scores), key=lambda pk: -scores[pk])


def marks(index: Index, query: Query, rows: Iterable[Any]) -> dict[int, dict[str, SafeString]]:
    """Give, by row and field, the texts with what was found in them marked, ready for HTML; one query for all."""
    originals = {row.pk: row for row in rows}
    if not originals:
        return {}
    fields = index.shown
    if connection.vendor == "sqlite":
        columns = [f"highlight({index.table}, {index.place(name)}, %s, %s)" for name in fields]
        inside = ", ".join(str(int(rowid)) for rowid in index.rowids(originals.values()))
        sql = (
            f"SELECT {index.id_sql}, {', '.join(columns)} FROM {index.table} "  # noqa: S608
            f"WHERE {index.table} MATCH %s AND rowid IN ({inside})"
        )
        params: list = [*[OPEN, CLOSE] * len(fields), query.written()]
    else:
        options = f"HighlightAll=true, StartSel={OPEN}, StopSel={CLOSE}"
        columns = [
            f"ts_headline('stances', stances_search_parted(t.{name}), to_tsquery('stances', %s), %s)" for name in fields
        ]
        sql = f"SELECT t.id, {', '.join(columns)} FROM {index.source} t WHERE t.id = ANY(%s)"  # noqa: S608
        params = [*[query.written(), options] * len(fields), list(originals)]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {
            pk: {name: marked(getattr(originals[pk], name), text) for name, text in zip(fields, texts, strict=True)}
            for pk, *texts in cursor.fetchall()
        }


def marked(text: str, found: str) -> SafeString:
    """Mark in a text the places that are marked in its copy, which is the same but for its punctuation."""
    pieces, place = [], 0
    parts = re.split(f"[{OPEN}{CLOSE}]", found)
    if len(parts) % 2 == 0 or sum(map(len, parts)) != len(text):
        return conditional_escape(text)  # it holds such signs itself
    for number, part in enumerate(parts):
        piece, place = text[place : place + len(part)], place + len(part)
        pieces.append(format_html("<mark>{}</mark>", piece) if number % 2 else conditional_escape(piece))
    return mark_safe("".join(pieces))  # noqa: S308  (each piece is escaped)
