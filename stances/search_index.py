"""The index of full-text search: what it holds, the triggers that keep it right, and making it anew.

On SQLite each kind of row has an FTS5 table; on PostgreSQL a narrow table of tsvectors with a GIN index, in a text
search configuration of our own. Triggers in the database keep both, so that no way of writing, COPY among them, passes
them by. Only published statements are in what readers search; the others have an index of their own, for the desk. The
names of speakers and publishers, the conditions of its stances and the names of the actors and topics that they are of
stand in a statement's entry, and so a search is one look into one index; the triggers follow a new name through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.utils import ProgrammingError

#: Two statements of one day come by their ids; in FTS5 only the rowid is in order, so it holds the day as well.
DAY = 2**32
#: From Python's number of a day to the Julian day that ends with its first half, as these begin at noon.
JULIAN = 1_721_424


#: Letters that unicode61 leaves as they are, and what normalize() and unaccent make of them on PostgreSQL: the
#: commonest alone, for SQLite's parser nests no deeper.
FOLDED = {
    "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "½": "1 2", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe",
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
}  # fmt: skip


def folded(sql: str) -> str:
    """Fold the letters of a text on SQLite; most texts have none, which is seen at one glance."""
    replaced = sql
    for letter, plain in FOLDED.items():
        replaced = f"replace({replaced}, '{letter}', '{plain}')"
    return f"CASE WHEN {sql} GLOB '*[{''.join(FOLDED)}]*' THEN {replaced} ELSE {sql} END"


def names(alias: str) -> str:
    return f"{alias}.name || ' ' || {alias}.short_name || ' ' || {alias}.aliases"


def rowid_of(pk: int, day: dt.date) -> int:
    """Give the rowid in FTS5 of a row with a day."""
    return (day.toordinal() + JULIAN) * DAY + pk


def day_of(rowid: int) -> dt.date:
    """Give the day that a rowid of FTS5 holds."""
    return dt.date.fromordinal(rowid // DAY - JULIAN)


@dataclass(frozen=True)
class Field:
    """A part of an entry: where its text comes from, and how much a word in it weighs, from A to D.

    A part that is gathered from several rows names the rows, in the order of which their texts stand.
    """

    name: str
    sql: str
    grade: str
    rows: str = ""
    order: str = ""
    #: Rows of another kind that alone it is made of, under the field's name; of these there are fewer.
    of: str = ""

    @property
    def fts_sql(self) -> str:
        if not self.rows:
            return folded(self.sql)
        ordered = f"SELECT {self.sql} AS words FROM {self.rows} ORDER BY {self.order}"  # noqa: S608
        gathered = folded("COALESCE(group_concat(words, ' '), '')")
        return f"(SELECT {gathered} FROM ({ordered}))"  # noqa: S608

    @property
    def pg_sql(self) -> str:
        if not self.rows:
            return self.sql
        return f"(SELECT COALESCE(string_agg({self.sql}, ' ' ORDER BY {self.order}), '') FROM {self.rows})"  # noqa: S608

    @property
    def weight(self) -> float:
        return {"A": 8.0, "B": 4.0, "C": 2.0, "D": 1.0}[self.grade]


@dataclass(frozen=True)
class Follow:
    """Rows of another table that entries rest on: when these columns change, these entries are made anew."""

    table: str
    columns: tuple[str, ...]
    #: The ids of the entries' rows, for rows of that table whose ids are given.
    affected: str


@dataclass(frozen=True)
class Parts:
    """Rows of another table that belong to a row, and that its entry is gathered from; without any it has no entry."""

    table: str
    #: The column that names the row they belong to, and those that the entry rests on.
    of: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """What of one kind of row is found, by what words."""

    table: str
    source: str
    fields: tuple[Field, ...]
    #: The columns of the rows themselves that an entry rests on.
    columns: tuple[str, ...]
    #: The fields that are shown with what was found in them marked; each is a column of the row.
    shown: tuple[str, ...]
    joins: str = ""
    where: str = ""
    date: str = ""
    follows: tuple[Follow, ...] = ()
    parts: Parts | None = None
    #: Whether words are held by their stems, and so found in any form; else as they stand, and found by beginnings.
    stemmed: bool = True

    @property
    def configuration(self) -> str:
        """Name the text search configuration of PostgreSQL that reads it, and what asks for it."""
        return "stances" if self.stemmed else "stances_plain"

    @property
    def condition(self) -> str:
        """Say which rows have an entry."""
        found = [self.where] if self.where else []
        if self.parts:
            found.append(f"EXISTS (SELECT 1 FROM {self.parts.table} p WHERE p.{self.parts.of} = t.id)")  # noqa: S608
        return " AND ".join(found)

    def place(self, name: str) -> int:
        return [field.name for field in self.fields].index(name)

    # ---- SQLite ----

    @property
    def id_sql(self) -> str:
        return f"({self.table}.rowid & {DAY - 1})" if self.date else f"{self.table}.rowid"

    def rowid_sql(self, row: str) -> str:
        """Write the rowid of a row's entry: the day, then the id."""
        return f"CAST(julianday({row}.{self.date}) AS INTEGER) * {DAY} + {row}.id" if self.date else f"{row}.id"

    def rowids(self, rows: Iterable) -> list[int]:
        """Give the rowids of rows' entries."""
        if not self.date:
            return [row.pk for row in rows]
        return [rowid_of(row.pk, getattr(row, self.date)) for row in rows]

    def fts_insert(self, condition: str) -> str:
        columns = ", ".join(field.name for field in self.fields)
        return f"INSERT INTO {self.table} (rowid, {columns}) {self.fts_select(condition)}"

    def fts_select(self, condition: str = "1") -> str:
        values = ", ".join(field.fts_sql for field in self.fields)
        return (
            f"SELECT {self.rowid_sql('t')}, {values} FROM {self.source} t {self.joins} "  # noqa: S608
            f"WHERE {condition}{self.condition and f' AND {self.condition}'}"
        )

    def fts_create(self) -> str:
        columns = ", ".join(field.name for field in self.fields)
        tokens, begun = "unicode61 remove_diacritics 2", ""
        if self.stemmed:
            tokens = f"porter {tokens}"
        else:
            begun = ", prefix = '2 3 4'"
        return f"CREATE VIRTUAL TABLE {self.table} USING fts5({columns}, tokenize = '{tokens}'{begun})"

    def fts_triggers(self) -> dict[str, str]:
        """Write the triggers by their names."""

        def forget(condition: str, row: str = "") -> str:
            if row:
                return f"DELETE FROM {self.table} WHERE rowid = {self.rowid_sql(row)};"  # noqa: S608
            rows = f"SELECT {self.rowid_sql('t')} FROM {self.source} t WHERE {condition}"  # noqa: S608
            return f"DELETE FROM {self.table} WHERE rowid IN ({rows});"  # noqa: S608

        def differ(columns: Iterable[str]) -> str:
            return " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)

        own = ", ".join(self.columns)
        add = f"{self.fts_insert('t.id = new.id')};"
        found = {
            f"{self.table}_insert": f"AFTER INSERT ON {self.source} BEGIN {add} END",
            f"{self.table}_update": f"AFTER UPDATE OF {own} ON {self.source} WHEN {differ(self.columns)} "
            f"BEGIN {forget('', 'old')} {add} END",
            f"{self.table}_delete": f"AFTER DELETE ON {self.source} BEGIN {forget('', 'old')} END",
        }
        for follow in self.follows:
            condition = f"t.id IN ({follow.affected.format(ids='SELECT new.id')})"
            found[f"{self.table}_follow_{follow.table}"] = (
                f"AFTER UPDATE OF {', '.join(follow.columns)} ON {follow.table} WHEN {differ(follow.columns)} "
                f"BEGIN {forget(condition)} {self.fts_insert(condition)}; END"
            )
        if self.parts:
            table, of, columns = self.parts.table, self.parts.of, (self.parts.of, *self.parts.columns)
            for event, rows, when in (
                ("INSERT", ("new",), ""),
                ("DELETE", ("old",), ""),
                (f"UPDATE OF {', '.join(columns)}", ("old", "new"), f" WHEN {differ(columns)}"),
            ):
                condition = f"t.id IN ({', '.join(f'{row}.{of}' for row in rows)})"
                found[f"{self.table}_part_{event.split()[0].lower()}"] = (
                    f"AFTER {event} ON {table}{when} BEGIN {forget(condition)} {self.fts_insert(condition)}; END"
                )
        return found

    # ---- PostgreSQL ----

    def document_sql(self, made: Iterable[Field] = ()) -> str:
        """Write an entry; between two fields a place is left out, so that no phrase reaches over.

        Of fields that are made already, each in a table of its name, the words are taken from there, with the gap.
        """
        parts = (f"{field.name}.words" if field in made else self._words(field, field.pg_sql) for field in self.fields)
        return f"ts_delete({' || '.join(parts)}, 'xgapx')"

    def _words(self, field: Field, text: str) -> str:
        """Write the words of a field's text, with the gap that parts them from those of the field before."""
        gap = "" if field is self.fields[0] else "'xgapx:1'::tsvector || "
        return f"{gap}setweight({self._reader}({text}), '{field.grade}')"

    @property
    def _reader(self) -> str:
        return "stances_search_words" if self.stemmed else "stances_search_plain_words"

    def pg_fill(self, first: int, last: int) -> list[str]:
        """Write how entries of rows with these ids, which have none, are made in a parallel query.

        What many entries share is made once, and what is gathered is joined: a query with a subquery for each row is
        not parallel. These tables are no temporary ones, which a parallel query cannot read; others never see them, as
        they are gone when the transaction ends.
        """
        wanted = f"t.id BETWEEN {first} AND {last}{self.condition and f' AND {self.condition}'}"
        filled, statements, joins = [self.source, *([self.parts.table] if self.parts else [])], [], []
        for field in self.fields:
            place = f"{self.table}_of_{field.name}"
            if field.of:
                words = f"SELECT {field.name}.id, {self._words(field, field.sql)} AS words FROM {field.of}"  # noqa: S608
                statements.append(f"CREATE UNLOGGED TABLE {place} AS {words}")
                joins.append(f"JOIN {place} {field.name} ON {field.name}.id = t.{field.name}_id")
                filled.append(place)
            elif field.rows:
                text = f"string_agg({field.sql}, ' ' ORDER BY {field.order}) AS text"
                words = f"{self._words(field, 'text')} AS words"
                statements += [
                    f"CREATE UNLOGGED TABLE {place}_texts AS SELECT t.id, {text} FROM {self.source} t, {field.rows} "  # noqa: S608
                    f"AND t.id BETWEEN {first} AND {last} GROUP BY t.id",
                    f"CREATE UNLOGGED TABLE {place}_each AS SELECT DISTINCT text FROM {place}_texts",  # noqa: S608
                    f"CREATE UNLOGGED TABLE {place} AS SELECT text, {words} FROM {place}_each",  # noqa: S608
                ]
                joins.append(
                    f"JOIN {place}_texts {field.name}_texts ON {field.name}_texts.id = t.id "
                    f"JOIN {place} {field.name} ON {field.name}.text = {field.name}_texts.text"
                )
                filled += [f"{place}_texts", f"{place}_each", place]
        made, ready = f"{self.table}_made", [field for field in self.fields if field.of or field.rows]
        date = f", t.{self.date} AS date" if self.date else ""
        return [
            "SET LOCAL work_mem = '64MB'",
            *statements,
            *(f"ANALYZE {table}" for table in filled),
            f"CREATE UNLOGGED TABLE {made} AS SELECT t.id{date}, {self.document_sql(ready)} AS document "  # noqa: S608
            f"FROM {self.source} t {' '.join(joins)} WHERE {wanted}",
            f"INSERT INTO {self.table} SELECT * FROM {made}",  # noqa: S608
            *(f"DROP TABLE {table}" for table in (made, *filled) if table.startswith(self.table)),
        ]

    def pg_select(self, rows: str, condition: str = "true") -> str:
        date = f", t.{self.date}" if self.date else ""
        return (
            f"SELECT t.id{date}, {self.document_sql()} FROM {rows} t {self.joins} "  # noqa: S608
            f"WHERE {condition}{self.condition and f' AND {self.condition}'}"
        )

    def pg_upsert(self, rows: str, condition: str) -> str:
        columns = ["date", "document"] if self.date else ["document"]
        excluded = ", ".join(f"excluded.{column}" for column in columns)
        stored = ", ".join(f"{self.table}.{column}" for column in columns)
        return (
            f"INSERT INTO {self.table} (id, {', '.join(columns)}) {self.pg_select(rows, condition)} "
            f"ON CONFLICT (id) DO UPDATE SET ({', '.join(columns)}) = ROW({excluded}) "
            f"WHERE ({stored}) IS DISTINCT FROM ({excluded})"
        )

    def pg_create(self) -> list[str]:
        date = "date date NOT NULL, " if self.date else ""
        found = [
            f"CREATE TABLE {self.table} (id bigint PRIMARY KEY, {date}document tsvector NOT NULL)",
            f"CREATE INDEX {self.table}_words ON {self.table} USING gin (document)",
        ]
        if self.date:
            found.append(f"CREATE INDEX {self.table}_latest ON {self.table} (date DESC, id DESC)")
        return found

    def pg_triggers(self) -> list[str]:
        def differ(columns: Iterable[str]) -> str:
            old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("was", "t"))
            return f"({old}) IS DISTINCT FROM ({new})"

        def changed(columns: Iterable[str]) -> str:
            return f"SELECT t.id FROM now_is t JOIN was ON was.id = t.id WHERE {differ(columns)}"  # noqa: S608

        gone = f"DELETE FROM {self.table} e USING was WHERE e.id = was.id"  # noqa: S608
        kept = f"now_is t WHERE t.id = was.id{self.condition and f' AND {self.condition}'}"
        insert = self.pg_upsert("now_is", "true")
        update = self.pg_upsert("now_is", f"t.id IN ({changed(self.columns)})")
        steps = {
            f"{self.table}_insert": (self.source, "INSERT", f"{insert};"),
            f"{self.table}_update": (
                self.source,
                "UPDATE",
                f"{gone} AND NOT EXISTS (SELECT FROM {kept}); {update};",
            ),
            f"{self.table}_delete": (self.source, "DELETE", f"{gone};"),
            f"{self.table}_truncate": (self.source, "TRUNCATE", f"DELETE FROM {self.table};"),  # noqa: S608
        }
        for follow in self.follows:
            affected = f"t.id IN ({follow.affected.format(ids=changed(follow.columns))})"
            step = (follow.table, "UPDATE", f"{self.pg_upsert(self.source, affected)};")
            steps[f"{self.table}_follow_{follow.table}"] = step
        if self.parts:
            table, of = self.parts.table, self.parts.of
            added = self.pg_upsert(self.source, f"t.id IN (SELECT {of} FROM now_is)")  # noqa: S608
            left = self.pg_upsert(self.source, f"t.id IN (SELECT {of} FROM was)")  # noqa: S608
            lost = (
                f"DELETE FROM {self.table} e WHERE e.id IN (SELECT {of} FROM was) "  # noqa: S608
                f"AND NOT EXISTS (SELECT 1 FROM {table} p WHERE p.{of} = e.id)"
            )
            steps[f"{self.table}_part_insert"] = (table, "INSERT", f"{added};")
            steps[f"{self.table}_part_delete"] = (table, "DELETE", f"{lost}; {left};")
            steps[f"{self.table}_part_truncate"] = (table, "TRUNCATE", f"DELETE FROM {self.table};")  # noqa: S608
        tables = {
            "INSERT": "REFERENCING NEW TABLE AS now_is",
            "UPDATE": "REFERENCING OLD TABLE AS was NEW TABLE AS now_is",
            "DELETE": "REFERENCING OLD TABLE AS was",
            "TRUNCATE": "",
        }
        return [
            statement
            for name, (table, event, body) in steps.items()
            for statement in (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$",
                f"CREATE TRIGGER {name} AFTER {event} ON {table} {tables[event]} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
            )
        ] + self._pg_part_update()

    def _pg_part_update(self) -> list[str]:
        """Write the trigger of changed parts row by row: most updates touch no column that an entry rests on.

        A trigger of whole statements cannot name columns, and would keep two copies of a million rows to compare.
        """
        if not self.parts:
            return []
        name, columns = f"{self.table}_part_update", (self.parts.of, *self.parts.columns)
        old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
        body = self.pg_upsert(self.source, f"t.id IN (old.{self.parts.of}, new.{self.parts.of})")
        return [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$",
            f"CREATE TRIGGER {name} AFTER UPDATE OF {', '.join(columns)} ON {self.parts.table} FOR EACH ROW "
            f"WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION {name}()",
        ]


NAMED = ("name", "short_name", "aliases")
PUBLISHER = "LEFT JOIN stances_actor publisher ON publisher.id = source.publisher_id"
ABOUT = (
    "stances_stance s JOIN stances_actor a ON a.id = s.actor_id JOIN stances_topic o ON o.id = s.topic_id "
    "WHERE s.statement_id = t.id"
)
STATEMENTS = Index(
    table="stances_search_statement",
    source="stances_statement",
    fields=(
        Field("quote", "t.quote", "A"),
        Field("summary", "t.summary", "A"),
        Field("speaker", names("speaker"), "B", of="stances_actor speaker"),
        Field("occasion", "t.occasion", "C"),
        Field(
            "source",
            f"source.title || ' ' || COALESCE({names('publisher')}, '')",
            "D",
            of=f"stances_source source {PUBLISHER}",
        ),
        Field("condition", "s.condition", "B", rows="stances_stance s WHERE s.statement_id = t.id", order="s.id"),
        Field("about", f"{names('a')} || ' ' || o.name || ' ' || o.short_name", "D", rows=ABOUT, order="s.id"),
    ),
    columns=("status", "latest", "quote", "summary", "occasion", "speaker_id", "source_id"),
    shown=("quote", "summary", "occasion"),
    joins="JOIN stances_actor speaker ON speaker.id = t.speaker_id "
    f"JOIN stances_source source ON source.id = t.source_id {PUBLISHER}",
    where="t.status = 'published'",
    date="latest",
    follows=(
        Follow(
            "stances_source",
            ("title", "publisher_id"),
            "SELECT s.id FROM stances_statement s WHERE s.source_id IN ({ids})",
        ),
        Follow(
            "stances_actor",
            NAMED,
            "SELECT s.id FROM stances_statement s WHERE s.speaker_id IN ({ids}) UNION "
            "SELECT s.id FROM stances_statement s JOIN stances_source o ON o.id = s.source_id "
            "WHERE o.publisher_id IN ({ids}) UNION SELECT s.statement_id FROM stances_stance s "
            "WHERE s.actor_id IN ({ids})",
        ),
        Follow(
            "stances_topic",
            ("name", "short_name"),
            "SELECT s.statement_id FROM stances_stance s WHERE s.topic_id IN ({ids})",
        ),
    ),
    parts=Parts("stances_stance", "statement_id", ("actor_id", "topic_id", "condition")),
)
#: Statements that no reader finds, for the desk: by the beginnings of words.
UNPUBLISHED = Index(
    table="stances_search_unpublished",
    source="stances_statement",
    fields=(Field("key", "t.key", "A"), *(field for field in STATEMENTS.fields if not field.rows)),
    columns=("key", *STATEMENTS.columns),
    shown=(),
    joins=STATEMENTS.joins,
    where="t.status <> 'published'",
    date="latest",
    follows=(
        STATEMENTS.follows[0],
        Follow(
            "stances_actor",
            NAMED,
            "SELECT s.id FROM stances_statement s WHERE s.speaker_id IN ({ids}) UNION "
            "SELECT s.id FROM stances_statement s JOIN stances_source o ON o.id = s.source_id "
            "WHERE o.publisher_id IN ({ids})",
        ),
    ),
    stemmed=False,
)
ACTORS = Index(
    table="stances_search_actor",
    source="stances_actor",
    fields=(
        Field("name", "t.name", "A"),
        Field("short_name", "t.short_name", "A"),
        Field("aliases", "t.aliases", "B"),
        Field("iso", "t.iso", "B"),
    ),
    columns=(*NAMED, "iso"),
    shown=("name",),
)
TOPICS = Index(
    table="stances_search_topic",
    source="stances_topic",
    fields=(
        Field("name", "t.name", "A"),
        Field("short_name", "t.short_name", "A"),
        Field("proposition", "t.proposition", "B"),
    ),
    columns=("name", "short_name", "proposition"),
    shown=("name", "proposition"),
)
SOURCES = Index(
    table="stances_search_source",
    source="stances_source",
    fields=(
        Field("title", "t.title", "A"),
        Field("author", "t.author", "B"),
        Field("publisher", f"COALESCE({names('publisher')}, '')", "B"),
    ),
    columns=("title", "author", "publisher_id"),
    shown=("title", "author"),
    joins=PUBLISHER.replace("source.", "t."),
    follows=(Follow("stances_actor", NAMED, "SELECT o.id FROM stances_source o WHERE o.publisher_id IN ({ids})"),),
)
#: Between them these have all statements.
OF_STATEMENTS = (STATEMENTS, UNPUBLISHED)
INDEXES = (*OF_STATEMENTS, ACTORS, TOPICS, SOURCES)

#: Signs of ASCII that PostgreSQL's parser would take for parts of addresses, files, hosts and numbers, and other marks.
_SIGNS = r"[!-/:-@[-`{-~¡-¿‐-⁞　-〠]"
_PG_WORDS = (
    "asciiword, word, numword, asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart, "
    "int, uint, float, sfloat, version"
)
#: How texts are read as words. ASCII is normal as it is, and a text of so few bytes is not too long.
_PG_READERS = (
    # The same text sign by sign, so that what is found in it is found in the text.
    "CREATE OR REPLACE FUNCTION stances_search_parted(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS "
    f"$$ SELECT regexp_replace($1, '{_SIGNS}', ' ', 'g') $$",
    *(
        f"CREATE OR REPLACE FUNCTION stances_search_{name}(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE "
        f"AS $$ SELECT to_tsvector('{configuration}', stances_search_parted("
        "CASE WHEN octet_length($1) = length($1) AND octet_length($1) <= 100000 THEN $1 "
        "ELSE left(CASE WHEN $1 IS NFKC NORMALIZED THEN $1 ELSE normalize($1, NFKC) END, 100000) END)) $$"
        for name, configuration in {"words": "stances", "plain_words": "stances_plain"}.items()
    ),
)
_PG_SETUP = (
    "CREATE TEXT SEARCH DICTIONARY stances_stem (TEMPLATE = snowball, Language = english)",  # no stop words left out
    "CREATE TEXT SEARCH CONFIGURATION stances (COPY = english)",
    f"ALTER TEXT SEARCH CONFIGURATION stances ALTER MAPPING FOR {_PG_WORDS} WITH unaccent, stances_stem",
    "CREATE TEXT SEARCH CONFIGURATION stances_plain (COPY = simple)",
    f"ALTER TEXT SEARCH CONFIGURATION stances_plain ALTER MAPPING FOR {_PG_WORDS} WITH unaccent, simple",
    *_PG_READERS,
)
MAY_NOT = (
    "Search needs PostgreSQL's extension “unaccent”, which this role may not make. Have an administrator of the server "
    "run CREATE EXTENSION unaccent; in this database, and migrate again. ({error})"
)


class ExtensionMissing(Exception):
    """PostgreSQL's extension is missing, and the role may not make it."""


def create() -> None:
    """Make the index with all that keeps it right, and fill it."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for index in INDEXES:
                cursor.execute(index.fts_create())
            create_triggers()
        else:
            _make_extension(cursor)
            for statement in _PG_SETUP:
                cursor.execute(statement)
            for index in INDEXES:
                for statement in (*index.pg_create(), *index.pg_triggers()):
                    cursor.execute(statement)
        rebuild()


def replace_readers() -> None:
    """Make the functions that read texts on PostgreSQL as they are written here, where entries stay as they are."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for statement in _PG_READERS:
                cursor.execute(statement)


def _make_extension(cursor) -> None:
    try:
        with transaction.atomic():
            cursor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    except ProgrammingError as error:
        raise ExtensionMissing(MAY_NOT.format(error=str(error).strip())) from error


def drop() -> None:
    """Take the index away, with all that keeps it."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            drop_triggers()
            for index in INDEXES:
                cursor.execute(f"DROP TABLE IF EXISTS {index.table}")
            return
        cursor.execute(
            "SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'stances\\_search\\_%' "
            "AND pronamespace = current_schema()::regnamespace"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {function} CASCADE")
        for index in INDEXES:
            cursor.execute(f"DROP TABLE IF EXISTS {index.table}")
        for configuration in ("stances", "stances_plain"):
            cursor.execute(f"DROP TEXT SEARCH CONFIGURATION IF EXISTS {configuration}")
        cursor.execute("DROP TEXT SEARCH DICTIONARY IF EXISTS stances_stem")


def _triggers() -> dict[str, str]:
    return {name: body for index in INDEXES for name, body in index.fts_triggers().items()}


def create_triggers() -> None:
    with connection.cursor() as cursor:
        for name, body in _triggers().items():
            cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")


def drop_triggers() -> None:
    with connection.cursor() as cursor:
        for name in _triggers():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def before_migration() -> None:
    """Let a migration remake tables: SQLite's triggers vanish with a table, or keep it from being renamed."""
    if connection.vendor == "sqlite":
        drop_triggers()


def after_migration() -> None:
    """Make triggers that are missing again, and the index with them, which missed what was written meanwhile."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'stances_search_%'")
        there = {name for (name,) in cursor.fetchall()}
    if not {index.table for index in INDEXES} <= there or _triggers().keys() <= there:
        return
    with transaction.atomic():
        create_triggers()
        rebuild()


@contextmanager
def filled_afterwards(first: int, last: int) -> Iterator[None]:
    """Add statements that are made inside, with ids from the first to the last, to their indexes all at once."""
    triggers = {}
    for index in OF_STATEMENTS:
        triggers[f"{index.table}_insert"] = index.source
        if index.parts:
            triggers[f"{index.table}_part_insert"] = index.parts.table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in triggers:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        else:
            for name, table in triggers.items():
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        yield
        if connection.vendor == "sqlite":
            for index in OF_STATEMENTS:
                cursor.execute(index.fts_insert(f"t.id BETWEEN {first} AND {last}"))
            create_triggers()
        else:
            for index in OF_STATEMENTS:
                for statement in index.pg_fill(first, last):
                    cursor.execute(statement)
            for name, table in triggers.items():
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")


def rebuild() -> int:
    """Make the index anew; give the number of its entries."""
    with transaction.atomic(), connection.cursor() as cursor:
        for index in INDEXES:
            if connection.vendor == "sqlite":
                cursor.execute(f"DELETE FROM {index.table}")  # noqa: S608
                cursor.execute(index.fts_insert("1"))
                cursor.execute(f"INSERT INTO {index.table} ({index.table}) VALUES ('optimize')")  # noqa: S608
            else:  # by difference, so that readers go on reading
                right = f"SELECT t.id FROM {index.source} t{index.condition and f' WHERE {index.condition}'}"  # noqa: S608
                cursor.execute(f"DELETE FROM {index.table} WHERE id NOT IN ({right})")  # noqa: S608
                cursor.execute(index.pg_upsert(index.source, "true"))
                cursor.execute(f"ANALYZE {index.table}")
        counts = " + ".join(f"(SELECT COUNT(*) FROM {index.table})" for index in INDEXES)  # noqa: S608
        cursor.execute(f"SELECT {counts}")
        return cursor.fetchone()[0]


def differences() -> list[str]:
    """Name the entries that are wrong, missing or too many."""
    found = []
    with connection.cursor() as cursor:
        for index in INDEXES:
            if connection.vendor == "sqlite":
                columns = ", ".join(["rowid", *(field.name for field in index.fields)])
                stored, right = f"SELECT {columns} FROM {index.table}", index.fts_select()  # noqa: S608
                cursor.execute(f"INSERT INTO {index.table} ({index.table}) VALUES ('integrity-check')")  # noqa: S608
            else:
                stored = f"SELECT id, {'date, ' if index.date else ''}document FROM {index.table}"  # noqa: S608
                right = index.pg_select(index.source)
            for words, these, those in (("should not have", stored, right), ("lacks", right, stored)):
                cursor.execute(f"SELECT * FROM ({these}) a EXCEPT SELECT * FROM ({those}) b")  # noqa: S608
                found += [f"{index.table} {words} {row}" for row in cursor.fetchall()]
    return found
