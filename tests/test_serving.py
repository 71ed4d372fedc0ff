"""How public addresses are served: to caches, from read-only databases, and with an end to every query."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import nullcontext

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext, override_script_prefix

from stances.limits import LimitedStream, TookTooLong, time_limit, within
from stances.models import Statement
from stances.models.positions import PublicVersionManager
from stances.tallies import Memory
from stances.views import lists, public
from tests.addresses import public_addresses
from tests.factories import FeaturedTopicFactory, GovernmentFactory, StanceFactory, StatementFactory, TopicFactory

NO_DATA = ("/healthz", "/statements/")
ADDRESSES = [address for address in public_addresses() if address not in NO_DATA]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


def body(response) -> bytes:
    return b"".join(response) if response.streaming else response.content


# ---- caches ----


def test_every_public_address_may_be_kept_and_is_asked_for_again_by_one_small_query(client, world):
    for address in ADDRESSES:
        with CaptureQueriesContext(connection) as captured:
            response = client.get(address)
            assert (response.status_code, bool(body(response))) == (200, True), address
        assert "stances_publicversion" in captured[0]["sql"], f"{address}: the version is read before the rows"
        assert response["Cache-Control"] == "public, max-age=0, s-maxage=10, must-revalidate", address
        assert "cookie" not in response.get("Vary", "").lower(), address
        assert not response.cookies, address
        with CaptureQueriesContext(connection) as captured:
            again = client.get(address, headers={"if-none-match": response["ETag"]})
        assert (again.status_code, body(again), again["ETag"]) == (304, b"", response["ETag"]), address
        assert [query["sql"].count("stances_publicversion") > 0 for query in captured] == [True], address


def test_each_address_has_a_tag_of_its_own_that_another_program_does_not_know(client, world, monkeypatch):
    addresses = ("/stances/", "/stances/?actor=japan", "/stances.csv", "/stances.json", "/api/v1/stances/")
    tags = [client.get(address)["ETag"] for address in addresses]
    monkeypatch.setattr(public, "program", lambda: "the next one")
    tags += [client.get(address)["ETag"] for address in addresses]
    assert len(set(tags)) == 2 * len(addresses)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/actors/nobody/", 404),
        ("/actors/nobody.json", 404),
        ("/nothing/", 404),
        ("/stances.csv?position=9", 400),
        ("/stances.json?position=9", 400),
        ("/api/v1/stances/?position=9", 400),
        ("/statements/account/", 410),
        ("/statements/account.json", 410),
        ("/api/v1/statements/account/", 410),
    ],
)
def test_an_error_has_no_tag_and_no_cache_answers_with_it_unasked(client, world, address, status):
    Statement.objects.filter(key="account").update(status="retracted", retraction_reason="Coded in error.")
    response = client.get(address)
    assert response.status_code == status
    assert "ETag" not in response
    assert response["Cache-Control"] in ("no-cache", "private, no-store")


@pytest.fixture
def memory(monkeypatch):
    """A memory of pages, empty; elsewhere in the tests there is none."""
    kept = Memory(2**20, size=public.pages.size)
    monkeypatch.setattr(public, "pages", kept)
    return kept


def test_a_page_asked_for_again_is_answered_by_one_small_query(client, world, memory):
    for address in ADDRESSES:
        first = client.get(address)
        if not (first["Content-Type"].startswith("text/html") and not first.streaming):
            continue
        with CaptureQueriesContext(connection) as captured:
            again = client.get(address)
        assert (again.content, dict(again.headers)) == (first.content, dict(first.headers)), address
        assert [query["sql"].count("stances_publicversion") > 0 for query in captured] == [True], address


def test_what_is_no_page_is_made_anew_each_time(client, admin_client, world, memory):
    for address in ("/stances.csv", "/stances.json", "/actors/japan.json", "/api/v1/stances/", "/feeds/changes.atom"):
        body(client.get(address))
    for address in ("/actors/nobody/", "/nothing/", "/stances.csv?position=9"):
        client.get(address)
    for address in ("/admin/", "/admin/stances/statement/"):
        admin_client.get(address)
    client.head("/stances/")
    client.get("/stances/", headers={"if-none-match": "*"})
    assert not memory._known


def test_a_page_is_made_anew_after_each_write_each_day_and_by_each_program(client, world, memory, monkeypatch):
    def made() -> bool:
        """Tell whether the page was made, or came from the memory."""
        return client.get("/stances/").context is not None

    assert (made(), made()) == (True, False)
    statement = Statement.objects.published().first()
    statement.status, statement.retraction_reason = "retracted", "Coded in error."
    statement.save()
    assert f"/statements/{statement.key}/" not in client.get("/stances/").content.decode()
    assert made() is False
    monkeypatch.setattr(public, "today", lambda: dt.date(2031, 5, 5))
    assert (made(), made()) == (True, False)
    monkeypatch.setattr(public, "program", lambda: "the next one")
    assert (made(), made()) == (True, False)
    assert client.get("/stances/", HTTP_HOST="127.0.0.1").context is not None


@pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/admin/stances/statement/", "/admin/jsi18n/"])
def test_nothing_of_the_desk_is_kept(client, admin_client, address):
    for either in (client, admin_client):
        response = either.get(address)
        assert "no-store" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]
        assert "public" not in response["Cache-Control"]


# ---- replicas ----


def test_every_public_address_is_answered_by_a_database_that_takes_no_write(client, world):
    read_only, again = {
        "postgresql": ("SET TRANSACTION READ ONLY", ""),  # ends with the savepoint
        "sqlite": ("PRAGMA query_only = 1", "PRAGMA query_only = 0"),
    }[connection.vendor]
    before = transaction.savepoint()
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as captured:
        cursor.execute(read_only)
        for address in [*public_addresses(), "/actors/nobody/", "/stances/?position=9"]:
            response = client.get(address)
            body(response)
            assert response.status_code == {"/actors/nobody/": 404, "/statements/": 302}.get(address, 200)
        if again:
            cursor.execute(again)
    transaction.savepoint_rollback(before)
    assert not [query["sql"] for query in captured if "FOR UPDATE" in query["sql"] or "session" in query["sql"]]


# ---- queries that would not end ----


@pytest.fixture
def endless(monkeypatch, settings, transactional_db):
    """Make the list of stances ask what no database can finish."""
    rows, slow = lists.StanceList.queryset, RawSQL(ENDLESS, [])  # noqa: S611
    monkeypatch.setattr(lists.StanceList, "queryset", lambda self: rows(self).filter(pk__in=slow))
    settings.STATEMENT_TIMEOUT = settings.EXPORT_TIMEOUT = 0.2
    call_command("loaddata", "aukus", verbosity=0)


def test_a_query_that_takes_too_long_is_stopped_and_the_reader_told_what_to_do(client, endless):
    words = "took longer than 0.2 seconds and was stopped. Narrow it"
    for address, kind in {
        "/stances/?actor=japan": "text/html",
        "/stances.csv": "text/plain",
        "/stances.json": "application/json",
        "/api/v1/stances/": "application/json",
    }.items():
        response = client.get(address)
        assert (response.status_code, response["Content-Type"].split(";")[0]) == (503, kind)
        assert words in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert "ETag" not in response
        if kind == "application/json":
            assert words in response.json()["errors"][0]["message"]
        assert ask("SELECT COUNT(*) FROM stances_stance") > 0  # over the same connection


@pytest.fixture
def down(transactional_db):
    """Lose the database, as where its server is started anew."""
    lost = {"sqlite": {"NAME": "/nowhere/none.sqlite3"}, "postgresql": {"HOST": "127.0.0.1", "PORT": "1"}}
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in lost[connection.vendor].items():
            patch.setitem(connection.settings_dict, name, value)
        yield


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/", "text/html"),
        ("/stances/?actor=japan", "text/html"),
        ("/stances.csv", "text/plain"),
        ("/stances.json", "application/json"),
        ("/feeds/changes.atom", "text/plain"),
        ("/api/v1/stances/", "application/json"),
        ("/admin/", "text/html"),
    ],
)
def test_a_database_that_does_not_answer_is_told_with_503(client, down, address, kind):
    client.cookies[settings.SESSION_COOKIE_NAME] = "a-session-at-the-desk"
    response = client.get(address)
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (503, kind)
    assert "The database does not answer at the moment. Try again" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


@pytest.fixture
def unmigrated(transactional_db, tmp_path):
    """Look at a database, or a place in it, that has no tables."""
    bare = {
        "sqlite": {"NAME": str(tmp_path / "bare.sqlite3")},
        "postgresql": {"OPTIONS": {"options": "-c search_path=pg_temp"}},
    }
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in bare[connection.vendor].items():
            patch.setitem(connection.settings_dict, name, value)
        yield
        connection.close()


@pytest.mark.parametrize("address", ["/", "/stances.csv", "/api/v1/stances/", "/admin/stances/statement/"])
def test_a_database_without_its_tables_is_told_with_503(client, unmigrated, address):
    client.cookies[settings.SESSION_COOKIE_NAME] = "a-session-at-the-desk"
    response = client.get(address)
    assert response.status_code == 503
    assert "The database is being set up. Try again in a few minutes" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_an_error_of_a_database_that_answers_is_no_outage(client, monkeypatch, transactional_db):
    def fail(*_):
        raise OperationalError("no such function")

    monkeypatch.setattr(lists.StanceList, "queryset", fail)
    client.raise_request_exception = False
    assert client.get("/stances/").status_code == 500


def ask(sql: str):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_a_limit_ends_with_its_block(transactional_db):
    with pytest.raises(TookTooLong, match=r"than 0\.01 seconds"), time_limit(0.01):
        ask(ENDLESS)
    long = ENDLESS.replace("FROM n)", "FROM n WHERE i < 300000)")  # some tenths of a second
    assert ask(long) == 300_000
    with time_limit(0):
        assert ask(long) == 300_000


@pytest.mark.parametrize("around", [nullcontext, transaction.atomic])
def test_one_query_is_given_up_and_the_others_keep_their_limit(transactional_db, around):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is left to finish")
    with time_limit(20), around():
        assert within(0.01, lambda: ask(ENDLESS)) is None
        assert within(10, lambda: ask("SHOW statement_timeout")) == "10s"
        assert ask("SHOW statement_timeout") == "20s"
        with pytest.raises(DatabaseError, match="nowhere"):
            within(10, lambda: ask("SELECT 1 FROM nowhere"))
    assert ask("SHOW statement_timeout") == "0"


def test_no_query_of_a_block_with_a_limit_is_compiled(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite compiles none")
    before = ask("SHOW jit")
    with time_limit(1):
        assert (ask("SHOW jit"), ask("SHOW statement_timeout")) == ("off", "1s")
    assert (ask("SHOW jit"), ask("SHOW statement_timeout")) == (before, "0")


def test_a_stream_that_takes_too_long_breaks_off_and_one_that_is_left_lifts_its_limit(transactional_db):
    def pieces():
        yield b"first"
        ask(ENDLESS)

    stream = LimitedStream(pieces(), 0.05)
    assert next(stream) == b"first"
    with pytest.raises(TookTooLong):
        next(stream)
    left = LimitedStream(pieces(), 0.05)
    left.close()
    assert list(LimitedStream([], 0.05)) == [b""]
    if connection.vendor == "postgresql":
        assert ask("SHOW statement_timeout") == "0"


def test_addresses_begin_where_the_server_puts_the_site(client, world):
    for begin in ("", "/site"):
        with override_script_prefix(f"{begin}/"):
            page = client.get("/stances/").content.decode()
        found = set(re.findall(r'href="([^"]*)/(actors|topics|statements)/', page))
        assert found == {(begin, kind) for kind in ("actors", "topics", "statements")}


@pytest.mark.parametrize("where", ["/", "topic", "statement", "actor"])
def test_what_is_published_while_a_page_is_read_is_on_it_or_not_but_no_error(client, db, monkeypatch, where):
    question, actor = FeaturedTopicFactory(), GovernmentFactory()
    first = StanceFactory(actor=actor, topic=question).statement
    for address in ("/", question.get_absolute_url(), actor.get_absolute_url(), first.get_absolute_url()):
        assert client.get(address).status_code == 200
    read, told = PublicVersionManager.state, []

    def and_publish(self):
        state = read(self)
        if not told:
            told.append(state)
            statement = StatementFactory(published=True, key="new-1", date="2024-06-01")
            topic = TopicFactory(parent=question, slug="new")
            for of in (question, topic):
                StanceFactory(actor=actor, topic=of, statement=statement)
        return state

    monkeypatch.setattr(PublicVersionManager, "state", and_publish)
    address = {"topic": "/topics/new/", "statement": "/statements/new-1/", "actor": actor.get_absolute_url()}
    assert client.get(address.get(where, where)).status_code == 200
    assert told
