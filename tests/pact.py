"""What the tests of lists share: a small world of positions, and parameters that make no sense."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.apps import apps
from django.db import connection

from stances.models import PublicVersion
from stances.vocabulary import Authority, Basis, Voice
from tests.factories import (
    GovernmentFactory,
    PersonFactory,
    PublicationFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

_made: list[tuple[str, list]] = []


def place():
    """Put the world's rows in place: made by the factories the first time, and from then on copied as they were."""
    with connection.cursor() as cursor:
        if not _made:
            build()
            _made.extend(inserts(cursor))
            return
        PublicVersion.objects.all().delete()
        for sql, values in _made:
            cursor.execute(sql, values)


def inserts(cursor) -> Iterator[tuple[str, list]]:
    """Give for each table that has rows the statement, and its values, that put them into an empty one."""
    quote = connection.ops.quote_name
    for model in apps.get_app_config("stances").get_models():
        names = [field.column for field in model._meta.concrete_fields]
        table, columns = quote(model._meta.db_table), ", ".join(map(quote, names))
        cursor.execute(f"SELECT {columns} FROM {table}")
        if rows := cursor.fetchall():
            places = ", ".join(["(" + ", ".join(["%s"] * len(names)) + ")"] * len(rows))
            yield f"INSERT INTO {table} ({columns}) VALUES {places}", [value for row in rows for value in row]


def build():
    """Two governments that speak on a pact, on Japan's part in it and on trade; a repeat, a change and a draft."""
    australia = GovernmentFactory(slug="australia", name="Australia", iso="AUS")
    japan = GovernmentFactory(slug="japan", name="Japan")
    minister = PersonFactory(slug="minister", name="Jane Minister")
    paper = PublicationFactory(slug="paper", name="The Daily Paper")
    pact = TopicFactory(slug="pact", name="Pact")
    pact_japan = TopicFactory(slug="pact-japan", name="Pact: Japan", short_name="Japan", parent=pact)
    trade = TopicFactory(slug="trade", name="Trade", proposition="Trade should be free.")
    early = SourceFactory(slug="early", title="Early news", publisher=paper, published_on=dt.date(2024, 2, 14))
    late = SourceFactory(slug="late", title="Later news", author="A. Writer", published_on=dt.date(2024, 5, 1))
    interview = StatementFactory(
        key="interview",
        source=early,
        speaker=minister,
        date="2024-02-13",
        quote="As the pact matures",
        occasion="Interview in Canberra",
        authority=Authority.MINISTER,
        published=True,
    )
    StanceFactory(statement=interview, actor=australia, topic=pact_japan, position=1, terms="time")
    account = StatementFactory(
        key="account",
        source=late,
        speaker=paper,
        date="../2024-03-25",
        summary="Tokyo is said to worry.",
        authority=Authority.INDEPENDENT,
        published=True,
    )
    StanceFactory(
        statement=account,
        actor=japan,
        topic=pact,
        position=-2,
        attribution=Voice.REPORTED,
        basis=Basis.IMPLIED,
    )
    speech = StatementFactory(
        key="speech",
        source=late,
        speaker=japan,
        date="2024-04",
        form="act",
        authority=Authority.ACT,
        published=True,
    )
    StanceFactory(statement=speech, actor=australia, topic=pact_japan, position=-2)
    StanceFactory(statement=speech, actor=japan, topic=trade, position=0)
    again = StatementFactory(
        key="again",
        source=late,
        speaker=minister,
        date="2024-02-13",
        quote="As the pact matures",
        repeats=interview,
        published=True,
    )
    StanceFactory(statement=again, actor=australia, topic=pact_japan, position=1, terms="time")
    secret = StatementFactory(
        key="secret",
        source=SourceFactory(slug="secret-source"),
        speaker=PersonFactory(slug="secret-speaker"),
        date="2024-02-13",
    )
    StanceFactory(statement=secret, actor=GovernmentFactory(slug="secret-actor"), topic=pact, position=2)


#: Query, the parameter that is told off, and a part of what is said of it; on every list.
WRONG = [
    ("actor=atlantis", "actor", "atlantis"),
    ("actor=australia&actor=-atlantis", "actor", "atlantis"),
    ("actor=-", "actor", "no known actor"),
    ("actor=Atlantis", "actor", "Atlantis"),
    ("actor=%00", "actor", "no known actor"),
    ("actor=a%00b", "actor", "no known actor"),
    ("topic=nothing", "topic", "no known topic"),
    ("source=nothing", "source", "no known source"),
    ("speaker=nothing", "speaker", "no known actor"),
    ("actor=" + "x" * 5000, "actor", "no known actor"),
    ("&".join(f"actor=a{n}" for n in range(101)), "actor", "too many"),
    ("topic=pact&subtopics=2", "subtopics", "2"),
    ("topic=pact&subtopics=yes", "subtopics", "yes"),
    ("topic=pact&subtopics=1&subtopics=0", "subtopics", "more than once"),
    ("subtopics=1", "subtopics", "without a topic"),
    ("topic=&subtopics=0", "subtopics", "without a topic"),
    ("nonsense=1", "nonsense", "There is no parameter"),
    ("%00=1", "\0", "There is no parameter"),
    ("Actor=japan", "Actor", "There is no parameter"),
    ("cursor=a&cursor=b", "cursor", "more than once"),
]
WRONG_DATES = [
    ("after=2024", "after", "2024"),
    ("after=2024-02-30", "after", "no day of the calendar"),
    ("after=0000-01-01", "after", "no day of the calendar"),
    ("after=10000-01-01", "after", "not a date"),
    ("after=20240213", "after", "not a date"),
    ("after=2024-W07-2", "after", "not a date"),
    ("after=today", "after", "not a date"),
    ("after=%D9%A2%D9%A0%D9%A2%D9%A4-01-01", "after", "not a date"),
    ("before=2024-02-13%00", "before", "not a date"),
    ("after=2024-03-01&before=2024-02-01", "before", "lies before"),
    ("after=2024-01-01&after=2024-01-02", "after", "more than once"),
    ("order=name", "order", "-date, date"),
    ("order=date&order=date", "order", "more than once"),
]
WRONG_ON = {
    "stances": [
        *WRONG_DATES,
        ("position=3", "position", "3"),
        ("position=99999999999999999999", "position", "none of: 2, 1, 0, -1, -2"),
        ("position=%2B%2B1", "position", "none of"),
        ("position=1.0", "position", "none of"),
        ("position=for", "position", "none of"),
        ("position=%00", "position", "none of"),
        ("terms=never", "terms", "proviso, time, scope, leaning"),
        ("authority=king", "authority", "head"),
        ("attribution=hearsay", "attribution", "own, reported"),
        ("basis=guess", "basis", "explicit, implied"),
        ("form=song", "form", "direct, indirect, act"),
        ("repeats=maybe", "repeats", "0, 1"),
        ("repeats=0&repeats=1", "repeats", "more than once"),
        ("q=%00", "q", "Null characters"),
        ("q=" + "x" * 201, "q", "201 characters"),
        ("q=a&q=b", "q", "more than once"),
        ("kind=reversal", "kind", "There is no parameter"),
        ("on=2024-01-01", "on", "There is no parameter"),
    ],
    "changes": [*WRONG_DATES, ("kind=flip", "kind", "first, reversal, shift, terms"), ("q=x", "q", "no parameter")],
    "positions": [
        ("on=yesterday", "on", "not a date"),
        ("on=2024-13-01", "on", "no day of the calendar"),
        ("on=9999-12-31", "on", "has not come yet"),
        ("on=2024-01-01&on=2024-01-02", "on", "more than once"),
        ("voice=loud", "voice", "own, reported"),
        ("voice=own&voice=reported", "voice", "more than once"),
        ("after=2024-01-01", "after", "There is no parameter"),
    ],
    "actors": [
        ("kind=king", "kind", "government, body, group, person, publication"),
        ("order=date", "order", "no para"),
    ],
    "topics": [("order=date", "order", "There is no parameter"), ("q=%00", "q", "Null characters")],
    "sources": [*WRONG_DATES, ("kind=article", "kind", "There is no parameter")],
    "statements": [*WRONG_DATES, ("position=1", "position", "There is no parameter")],
}
