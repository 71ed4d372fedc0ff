"""What all tests share: the database that they run on, quick passwords, and a browser."""

from __future__ import annotations

import gc
import os
from functools import wraps

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import StreamingHttpResponse
from django.test import Client
from hypothesis import HealthCheck, settings

from tests import chromium

# A run repeats itself: HYPOTHESIS_PROFILE=explore looks further, and anew each time.
settings.register_profile(
    "repeatable",
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("explore", settings.get_profile("repeatable"), derandomize=False, max_examples=1000)
# Beside a run on SQLite, which looks at all of them, a few examples tell whether the other database does the same.
settings.register_profile("beside", settings.get_profile("repeatable"), max_examples=10)
#: What a run takes of all tests, one of "sqlite", "postgresql" and "browser"; unset, everything.
PART = os.environ.get("TESTS_PART", "")
#: How many cases of a table run on PostgreSQL beside SQLite, which takes all; EVERY_CASE=1 takes all there, too.
CASES_BESIDE = 2
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "beside" if PART == "postgresql" else "repeatable"))


def pytest_configure(config):
    from django.conf import settings

    os.environ["HTTPS"] = "0"
    Client.request = _streaming(Client.request)  # type: ignore[method-assign]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.PAGE_MEMORY = 0  # each page is made for its test
    settings.WHITENOISE_AUTOREFRESH = True  # else each test's client begins by listing all static files
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


#: The stream that a test asked for last; a server closes each when its reader has gone.
_streams: list[StreamingHttpResponse] = []


def _close_streams() -> None:
    request_finished.disconnect(close_old_connections)
    while _streams:
        _streams.pop().close()
    request_finished.connect(close_old_connections)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Close what a test left open, before its database is put back: a COPY keeps the connection to itself."""
    try:
        return (yield)
    finally:
        _close_streams()


def _streaming(request):
    @wraps(request)
    def noted(self, **environment):
        _close_streams()
        response = request(self, **environment)
        if response.streaming:
            _streams.append(response)
        return response

    return noted


def needs_database(item) -> bool:
    """Tell whether a test may ask the database: pytest-django refuses it to all others."""
    return bool(item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(item.fixturenames))


def part_of(item) -> set[str]:
    """Name the parts that a test is in: what is the same on each database runs once, with SQLite."""
    if item.get_closest_marker("browser"):
        return {"browser"}
    return {"sqlite", "postgresql"} if needs_database(item) and not item.get_closest_marker("once") else {"sqlite"}


def spread(cases: list) -> list:
    """Choose CASES_BESIDE of a table of cases, evenly from the first to the last."""
    if len(cases) <= CASES_BESIDE:
        return cases
    return [cases[number * (len(cases) - 1) // (CASES_BESIDE - 1)] for number in range(CASES_BESIDE)]


def beside(items: list) -> list:
    """Choose what runs on the second database: each test, of a long table of cases some, if their SQL is the same."""
    tables: dict[object, list] = {}
    for item in items:
        whole = item.get_closest_marker("every_case") or not hasattr(item, "function")
        tables.setdefault(item.nodeid if whole else item.function, []).append(item)
    chosen = {item for cases in tables.values() for item in spread(cases)}
    return [item for item in items if item in chosen]


def pytest_collection_modifyitems(config, items):
    if not PART:
        return
    kept = [item for item in items if PART in part_of(item)]
    if PART == "postgresql" and not os.environ.get("EVERY_CASE"):
        kept = beside(kept)
    left = set(items).difference(kept)
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = kept


def pytest_collection_finish(session):
    """Spare the collector of garbage what stays to the end: it takes a sixth of the time of a run otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_runtest_setup(item):
    if item.get_closest_marker("browser") and not chromium.find():
        pytest.skip(chromium.MISSING)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """Keep SQLite's test database in a file, as in use; on a server give each run a database of its own."""
    from django.db import connection

    if connection.vendor == "sqlite":
        name = str(tmp_path_factory.mktemp("database") / "tests.sqlite3")
    else:
        name = f"test_stances_{os.getpid()}"
    connection.settings_dict["TEST"]["NAME"] = name


@pytest.fixture
def world(db):
    """The small world of tests/pact.py."""
    from tests import pact

    pact.place()


@pytest.fixture(scope="session")
def browser():
    """A Chromium, for tests that are marked `browser`."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a machine that is busy with other tests is slow, not wrong
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver has a loop running beside the test
    with sync_playwright() as playwright:
        # It opens nothing but this project's pages, often as root or in a container, where its sandbox cannot start.
        chrome = playwright.chromium.launch(
            executable_path=chromium.find(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chrome
        chrome.close()


@pytest.fixture
def page(browser):
    """A tab of a browser that remembers nothing."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def complaints(page) -> list[str]:
    """Collect what the console is told: errors of scripts, and what the policy of content blocks."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    return told


@pytest.fixture
def groups(transactional_db):
    """Make the roles anew: a test that commits has the database emptied after it."""
    from importlib import import_module

    from django.apps import apps
    from django.db import connection

    import_module("stances.migrations.0002_groups").make_groups(apps, connection.schema_editor())
