"""Paging by keyset: every row once, in order, both ways, whatever dates are shared or missing."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from stances.models import Actor, Source, Topic
from stances.paging import ID, Column, Keyset, TreeInPages, WholeTree
from tests.factories import ActorFactory, SourceFactory, TopicFactory

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]

NEWEST = Keyset((Column("published_on", dt.date, nullable=True), ID), falling=True)
OLDEST = Keyset((Column("published_on", dt.date, nullable=True), ID))
BY_NAME = Keyset((Column("name", str), ID))
FEW_DAYS = st.none() | st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 3))


def walk(keyset: Keyset, size: int) -> tuple[list[int], list[int]]:
    """Go through all pages to the last, and back from there; give the rows met on either way, in order."""
    there, cursor = [], ""
    while True:
        page = keyset.page(Source.objects.all(), keyset.read(cursor), size)
        there += [row.pk for row in page.rows]
        if not page.next:
            break
        cursor = page.next
    back = [row.pk for row in page.rows]
    while page.previous:
        page = keyset.page(Source.objects.all(), keyset.read(page.previous), size)
        back = [row.pk for row in page.rows] + back
    return there, back


@given(days=st.lists(FEW_DAYS, max_size=9), size=st.integers(1, 4))
def test_each_row_is_met_once_and_in_order_on_the_way_there_and_back(days, size):
    with transaction.atomic():
        sources = [SourceFactory(published_on=day, publisher=None) for day in days]
        for keyset, sign in ((NEWEST, -1), (OLDEST, 1)):
            dated = sorted(
                (s for s in sources if s.published_on),
                key=lambda s: (sign * s.published_on.toordinal(), sign * s.pk),
            )
            undated = sorted((s for s in sources if not s.published_on), key=lambda s: sign * s.pk)
            expected = [source.pk for source in (*dated, *undated)]
            there, back = walk(keyset, size)
            assert there == expected
            assert back == expected
            assert [source.pk for source in keyset.ordered(Source.objects.all())] == expected
        transaction.set_rollback(True)


def test_actors_of_one_name_are_told_apart():
    actors = [ActorFactory(name=name) for name in ("Same", "Same", "Other", "Same")]
    names, cursor = [], ""
    while True:
        page = BY_NAME.page(Actor.objects.all(), BY_NAME.read(cursor), 1)
        names += [row.pk for row in page.rows]
        if not page.next:
            break
        cursor = page.next
    assert names == [actors[2].pk, actors[0].pk, actors[1].pk, actors[3].pk]


def test_a_new_row_moves_no_later_page():
    for day in (1, 2, 3, 4):
        SourceFactory(published_on=dt.date(2024, 1, day))
    first = NEWEST.page(Source.objects.all(), None, 2)
    before = NEWEST.page(Source.objects.all(), NEWEST.read(first.next), 2).rows
    SourceFactory(published_on=dt.date(2024, 2, 1))
    assert NEWEST.page(Source.objects.all(), NEWEST.read(first.next), 2).rows == before


def test_a_page_whose_rows_are_gone_is_empty_and_leads_nowhere():
    sources = [SourceFactory(published_on=dt.date(2024, 1, day)) for day in (1, 2)]
    first = NEWEST.page(Source.objects.all(), None, 1)
    sources[0].delete()
    page = NEWEST.page(Source.objects.all(), NEWEST.read(first.next), 1)
    assert (page.rows, page.previous, page.next) == ([], "", "")


def cursor_of(*values) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!!",
        "é",
        "\0",
        "a" * 4000,
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
        cursor_of(),
        cursor_of(0),
        cursor_of(0, "2024-01-01"),
        cursor_of(0, "2024-01-01", 1, 1),
        cursor_of(2, "2024-01-01", 1),
        cursor_of("0", "2024-01-01", 1),
        cursor_of(0, "2024-02-30", 1),
        cursor_of(0, "yesterday!", 1),
        cursor_of(0, 20240101, 1),
        cursor_of(0, ["2024-01-01"], 1),
        cursor_of(0, "2024-01-01", -1),
        cursor_of(0, "2024-01-01", 2**63),
        cursor_of(0, "2024-01-01", 10**400),
        cursor_of(0, "2024-01-01", 1.5),
        cursor_of(0, "2024-01-01", True),
        cursor_of(0, "2024-01-01", None),
        base64.urlsafe_b64encode(b'{"0": 1}').decode(),
        base64.urlsafe_b64encode(b"7").decode(),
    ],
)
def test_a_cursor_that_the_order_did_not_make_is_refused(cursor):
    with pytest.raises(ValidationError, match="begin at the first page"):
        NEWEST.read(cursor)


def test_a_cursor_without_a_date_is_refused_where_every_row_has_one():
    with pytest.raises(ValidationError):
        Keyset((Column("stated_on", dt.date), ID)).read(cursor_of(0, None, 1))


def test_a_name_with_a_null_character_is_refused():
    with pytest.raises(ValidationError):
        BY_NAME.read(cursor_of(0, "a\0b", 1))


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_refused(text):
    try:
        key = NEWEST.read(text)
    except ValidationError:
        return
    assert key is None or len(key[1]) == 2


def test_topics_come_as_a_tree_on_one_page():
    last = TopicFactory(rank=2)
    first = TopicFactory(rank=1)
    child = TopicFactory(parent=first)
    assert WholeTree().page(Topic.objects.all(), None, 1).rows == [first, child, last]
    assert WholeTree().read("") is None
    with pytest.raises(ValidationError):
        WholeTree().read(cursor_of(0, 1))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_tree_in_pages_gives_each_topic_once_there_and_back(size):
    last, first = TopicFactory(rank=2), TopicFactory(rank=1)
    expected = [first, TopicFactory(parent=first), last]
    there, tree, cursor = [], TreeInPages(), ""
    while True:
        page = tree.page(Topic.objects.all(), tree.read(cursor), size)
        there += page.rows
        if not page.next:
            break
        cursor = page.next
    back = page.rows
    while page.previous:
        page = tree.page(Topic.objects.all(), tree.read(page.previous), size)
        back = page.rows + back
    assert there == back == expected


def test_a_topic_that_is_none_of_the_tree_begins_no_page():
    TopicFactory()
    with pytest.raises(ValidationError, match="begin at the first page"):
        TreeInPages().page(Topic.objects.all(), (False, [0]), 1)


def test_half_a_pair_of_characters_is_no_cursor(client, db):
    cursor = "WzAsICJcdWQ4MDAiLCAxXQ"  # [0, "\\ud800", 1]
    for address in ("/actors/", "/api/v1/actors/"):
        answer = client.get(f"{address}?cursor={cursor}")
        assert answer.status_code == (400 if "api" in address else 200)
        assert "does not fit this list" in answer.content.decode()
