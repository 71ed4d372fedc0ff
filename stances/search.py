"""Full-text search: what a reader types, as a question to the index of the database at hand.

Words must all be found, in any form and without regard to case and accents; "words in quotes" next to each other in
this order, each still in any form; a minus leaves out. Everything else is text. The index itself, and what keeps it
right, is in `stances.search_index`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.safestring import SafeString

from stances import dialects
from stances.search_index import ACTORS, FOLDED, SOURCES, STATEMENTS, TOPICS, UNPUBLISHED, Index, day_of, rowid_of

__all__ = [
    "ACTORS",
    "SOURCES",
    "STATEMENTS",
    "TOPICS",
    "UNPUBLISHED",
    "Query",
    "asked",
    "marks",
    "newest",
    "parse",
    "ranked",
    "unanswerable",
]

MOST_TERMS = 64
LONGEST_WORD = 100
MOST_VARIANTS = 8
#: Words that nearly every sentence has. They are left out of a search unless they stand in quotation marks.
_COMMON = """
    a an and are as at be been but by did do does for from had has have he her his how if in is it its me my of on or
    our she so that the their them they this to was we were what when where which who why will with would you your
"""
COMMON = frozenset(_COMMON.split())
_NUMBERS = """
    1 i one, 2 ii two, 3 iii three, 4 iv four, 5 v five, 6 vi six, 7 vii seven, 8 viii eight, 9 ix nine, 10 x ten,
    11 xi eleven, 12 xii twelve
"""
#: By each way to write a number after a name all of them, as in "Pillar 2", "Pillar II" and "Pillar Two".
SAME = {way: ways for ways in (tuple(each.split()) for each in _NUMBERS.split(",")) for way in ways}
#: Those that stand on their own, or are other words, too: they belong to the word before where both have capitals.
_DOUBTFUL = frozenset(("i", "v", "x")).union(ways[2] for ways in SAME.values())
_ISO = re.compile("[a-z]{3}")

_FOLDED = str.maketrans(FOLDED)
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_CHUNK = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+)')
_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"(?<=\w)['’ʼ]s(?!\w)", re.IGNORECASE)
OPEN, CLOSE = "\x02", "\x03"
#: So many rows that words find are looked up by their ids.
FEW = 1000
#: By the table of an index and the words asked of it what they find, or None where it is more.
Known = dict[tuple[str, str], list[int] | None]


@dataclass(frozen=True)
class Term:
    """Words that stand next to each other, one at the least."""

    words: tuple[str, ...]
    excluded: bool = False
    #: Whether the last word may be the beginning of a longer one.
    begun: bool = False
    #: Other words that do as well.
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write it as it can be typed."""
        words = " ".join(self.words)
        quoted = words if len(self.words) == 1 else f'"{words}"'
        return f"-{quoted}" if self.excluded else quoted

    @property
    def variants(self) -> list[tuple[str, ...]]:
        """Give the ways to write the words, as they stand first: "Pillar 2" is "Pillar II", but 2 alone is no II."""
        ways = [(word, *(way for way in SAME.get(word, ()) if way != word)) for word in self.words[1:]]
        found = list(itertools.islice(itertools.product(self.words[:1], *ways), MOST_VARIANTS + 1))
        return [*(found if len(found) <= MOST_VARIANTS else [self.words]), *filter(None, [self.also])]


@dataclass(frozen=True)
class Query:
    """What is looked for. It is false where there is nothing to look for."""

    terms: tuple[Term, ...] = ()
    #: The common words that were passed over.
    passed_over: tuple[str, ...] = ()

    @property
    def included(self) -> list[Term]:
        return [term for term in self.terms if not term.excluded]

    @property
    def words(self) -> list[str]:
        return [word for term in self.included for word in term.words]

    def __bool__(self) -> bool:
        return bool(self.included)

    def begun(self) -> Query:
        """Take the last word for the beginning of a longer one, as somebody who types a name means it."""
        if not self.terms or self.terms[-1].excluded or len(self.terms[-1].words[-1]) < 2:
            return self
        *before, last = self.terms
        return Query((*before, Term(last.words, begun=True)), self.passed_over)

    def begun_each(self) -> Query:
        """Take each word, of a phrase the last, for the beginning of a longer one."""
        terms = (replace(each, begun=not each.excluded and len(each.words[-1]) > 1) for each in self.terms)
        return replace(self, terms=tuple(terms))

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
    before: tuple[str, Term] | None = None  # the word that a number may belong to, as it was typed
    for chunk in _CHUNK.finditer(text):
        typed = chunk["word"]
        content = chunk["phrase"] if typed is None else typed
        excluded = bool(chunk["minus"]) if typed is None else typed.startswith("-")
        bare = _WORD.findall(_POSSESSIVE.sub("", content)) if typed is not None else []
        # A name is found without its 's; within a phrase it stands between its neighbours, in the index too.
        words = tuple(word[:LONGEST_WORD].lower() for word in (bare if len(bare) == 1 else _WORD.findall(content)))
        alone = len(bare) == 1 and not excluded
        numbers = alone and before and _numbers(before[0], bare[0])
        if before and numbers:
            terms.pop(before[1])
            words = (*before[1].words, *words)
        before = None
        if alone and not numbers and words[0] in COMMON:
            common[words[0]] = None
        elif words:
            term = Term(words, excluded)
            terms[term] = None
            before = (bare[0], term) if alone and not numbers else None
    return Query(tuple(itertools.islice(terms, MOST_TERMS)), tuple(common))


def _numbers(before: str, typed: str) -> bool:
    """Tell whether what was typed is the number of the word before it, as the II of Pillar II."""
    word = typed.lower()
    if word not in SAME or before.lower() in SAME:
        return False
    return word not in _DOUBTFUL or (before[0].isupper() and typed[0].isupper())


def asked(text: str) -> Query:
    """Read what was typed in search of statements: a government's ISO code alone is its name, too."""
    from stances.models import Actor

    query = parse(text)
    if len(query.terms) != 1 or not query or not _ISO.fullmatch(code := " ".join(query.terms[0].words)):
        return query
    actor = Actor.objects.filter(iso=code.upper()).first()
    if actor is None or not Actor.objects.public_among({actor.pk}):
        return query
    [term] = query.terms
    return replace(query, terms=(replace(term, also=tuple(parse(f'"{actor.name}"').words)),))


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
        sql = f"SELECT id FROM {index.table} WHERE document @@ to_tsquery('{index.configuration}', %s)"  # noqa: S608
    return RawSQL(sql, [query.written()])  # noqa: S611  (names of our own; what was typed is a parameter)


class Typed(str):
    """What a reader typed, with what is known of it while the request is answered, which asks for it several times."""

    known: Known

    def __new__(cls, text: str) -> Typed:
        typed = super().__new__(cls, text)
        typed.known = {}
        return typed


def filtered(rows: Any, index: Index, text: str, *, column: str = "pk", begun: bool = False) -> Any:
    """Keep the rows that a text finds, by a column that holds the ids of the index."""
    query = asked(text) if index is STATEMENTS else parse(text)
    if not query:
        return rows.none()
    query = query.begun() if begun else query
    ids = few(index, query, text.known if isinstance(text, Typed) else {}) if index.date else None
    return rows.filter(**{f"{column}__in": found(index, query) if ids is None else dialects.among(ids)})


def few(index: Index, query: Query, known: Known) -> list[int] | None:
    """Give the ids of what a query finds, where these are few, and keep them among what is known.

    PostgreSQL takes any word that is not among the commonest to stand in some thousand entries, and would look for the
    newest fifty of them by walking through all rows by date. SQLite always begins with what is found.
    """
    if connection.vendor == "sqlite":
        return None
    written = query.written()
    if (index.table, written) not in known:
        sql = f"SELECT id FROM {index.table} WHERE document @@ to_tsquery('{index.configuration}', %s) LIMIT %s"  # noqa: S608
        ids = [pk for (pk,) in dialects.ask(sql, [written, FEW + 1])]
        known[index.table, written] = ids if len(ids) <= FEW else None
    return known[index.table, written]


def newest(
    rows: QuerySet, asked_of: dict[Index, Query], most: int, *, before: tuple[int, dt.date] | None = None
) -> dict[int, dt.date]:
    """Give the newest of some rows that queries find, each by walking through its index by date: their ids and days.

    `before` names the last of those that are known, with its day: these follow it.
    The rows come without an order and without the query: a planner that is asked for rows "in" what is found looks up
    the entry of each row. Rows that are all there are, are those of the indexes, and are not looked at.
    """
    sql, params, join = "", (), ""
    if rows.query.has_filters():
        try:
            sql, params = rows.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            return {}
    is_sqlite = connection.vendor == "sqlite"
    parts: list[str] = []
    values: list[Any] = []
    for index, query in asked_of.items():
        entry_id = index.id_sql if is_sqlite else "entry.id"
        if sql:
            join = f"{'CROSS ' if is_sqlite else ''}JOIN ({sql}) among ON among.pk = {entry_id}"
        beyond: list[Any] = []
        if is_sqlite:  # the day is in the rowid
            found = f"SELECT {index.table}.rowid AS date, {entry_id} AS id FROM {index.table} {join} "  # noqa: S608
            found += f"WHERE {index.table} MATCH %s "
            if before:
                found, beyond = f"{found} AND {index.table}.rowid < %s ", [rowid_of(*before)]
            found += f"ORDER BY {index.table}.rowid DESC LIMIT %s"
        else:
            found = f"SELECT entry.date, entry.id FROM {index.table} entry {join} "  # noqa: S608
            found += f"WHERE entry.document @@ to_tsquery('{index.configuration}', %s) "
            if before:
                found, beyond = f"{found} AND (entry.date, entry.id) < (%s, %s) ", [before[1], before[0]]
            found += "ORDER BY entry.date DESC, entry.id DESC LIMIT %s"
        parts.append(f"SELECT * FROM ({found}) of_{index.table}")  # noqa: S608
        values += [*params, query.written(), *beyond, most]
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(parts)} ORDER BY date DESC, id DESC LIMIT %s", [*values, most])
        return {pk: day_of(day) if is_sqlite else day for day, pk in cursor.fetchall()}


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
            pk: {
                name: marked(getattr(originals[pk], name), text, query)
                for name, text in zip(fields, texts, strict=True)
            }
            for pk, *texts in cursor.fetchall()
        }


def marked(text: str, found: str, query: Query) -> SafeString:
    """Mark in a text the places that are marked in its copy, which is the same but for its punctuation."""
    parts = re.split(f"[{OPEN}{CLOSE}]", found)
    if len(parts) % 2 == 0 or sum(map(len, parts)) != len(text):
        return SafeString(escape(text))  # it holds such signs itself
    ends = list(itertools.accumulate(map(len, parts)))
    places = list(zip(ends[0::2], ends[1::2], strict=False))
    if connection.vendor == "postgresql" and any(len(words) > 1 for term in query.included for words in term.variants):
        places = in_phrases(text, places, query)
    pieces, place = [], 0
    for start, end in places:
        pieces += [escape(text[place:start]), "<mark>", escape(text[start:end]), "</mark>"]
        place = end
    return SafeString("".join([*pieces, escape(text[place:])]))  # each piece is escaped


def in_phrases(text: str, places: list[tuple[int, int]], query: Query) -> list[tuple[int, int]]:
    """Keep of the places, which are single words, those that stand next to each other as the query has them.

    PostgreSQL marks each word of a phrase wherever it stands. Which of the query's words it took for which is told by
    the first two letters, which stemming hardly ever changes, and of numbers by the whole.
    """
    words = list(_WORD.finditer(text))
    hit = {word.start() for word in words for start, end in places if start <= word.start() < end}
    kept = [
        (run[0].start(), run[-1].end())
        for variant in (variant for term in query.included for variant in term.variants)
        for run in zip(*(words[n:] for n in range(len(variant))), strict=False)
        if all(word.start() in hit and _alike(word[0], wanted) for word, wanted in zip(run, variant, strict=True))
    ]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(kept):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _alike(word: str, wanted: str) -> bool:
    if wanted in SAME:
        return word.lower() == wanted
    first, other = (unicodedata.normalize("NFKD", each.translate(_FOLDED)).lower()[:2] for each in (word, wanted))
    return first == other
