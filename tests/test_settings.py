"""Settings come from the environment, and are safe to expose where it says nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KEY = "a-key-of-more-than-fifty-characters-0123456789-abcdefghij"
#: Every variable that settings read, so that those of the run do not show through.
READ = [
    *("SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "CONN_MAX_AGE", "HTTPS"),
    *(
        "API_RATE",
        "DATABASE_POOL",
        "EXPORT_TIMEOUT",
        "SHARED_MAX_AGE",
        "STATEMENT_TIMEOUT",
        "ONE_PERSON_DESK",
        "STATIC_MANIFEST",
        "SSL_REDIRECT",
        "BEHIND_PROXY",
        "LOG_LEVEL",
        "DJANGO_SETTINGS_MODULE",
    ),
    "DJANGO_ALLOW_ASYNC_UNSAFE",  # set while a browser runs beside the tests; a deployment is warned of it
]


def run(*arguments, **given):
    environment = {name: value for name, value in os.environ.items() if name not in READ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environment, "DATABASE_URL": "sqlite://:memory:", **given},
        capture_output=True,
        text=True,
        timeout=60,
    )


def settings_of(*names, **given):
    """Read settings as a process of its own has them."""
    code = "import json; from config import settings as s; print(json.dumps([getattr(s, n) for n in {}]))"
    done = run("-c", code.format(list(names)), **given)
    assert done.returncode == 0, done.stderr
    return dict(zip(names, json.loads(done.stdout), strict=True))


@pytest.fixture(autouse=True)
def _no_file_of_settings():
    if (ROOT / ".env").exists():
        pytest.skip("the .env file here sets what these tests would read")


def test_defaults_are_safe():
    found = settings_of(
        "DEBUG",
        "HTTPS",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "X_FRAME_OPTIONS",
        "ONE_PERSON_DESK",
        "API_RATE",
        "ALLOWED_HOSTS",
        "CONTENT_SECURITY_POLICY",
        "TIME_ZONE",
        "USE_TZ",
    )
    policy = json.dumps(found.pop("CONTENT_SECURITY_POLICY"))
    assert "unsafe" not in policy
    assert '"default-src": ["\'none\'"]' in policy
    assert found == {
        "DEBUG": False,
        "HTTPS": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "X_FRAME_OPTIONS": "DENY",
        "ONE_PERSON_DESK": False,
        "API_RATE": "",
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
        "TIME_ZONE": "UTC",
        "USE_TZ": True,
    }


def test_plain_http_is_asked_for():
    found = settings_of("SESSION_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "DEBUG", HTTPS="0")
    assert found == {"SESSION_COOKIE_SECURE": False, "SECURE_HSTS_SECONDS": 0, "DEBUG": False}


@pytest.mark.parametrize(
    ("name", "value", "setting", "expected"),
    [
        ("DEBUG", "1", "DEBUG", True),
        ("ALLOWED_HOSTS", "a.example,b.example", "ALLOWED_HOSTS", ["a.example", "b.example"]),
        ("ONE_PERSON_DESK", "1", "ONE_PERSON_DESK", True),
        ("SSL_REDIRECT", "1", "SECURE_SSL_REDIRECT", True),
        ("API_RATE", "600/hour", "API_RATE", "600/hour"),
        ("SECRET_KEY", KEY, "SECRET_KEY", KEY),
    ],
)
def test_the_environment_decides(name, value, setting, expected):
    assert settings_of(setting, **{name: value}) == {setting: expected}


@pytest.mark.parametrize(("name", "value"), [("DEBUG", "perhaps"), ("API_RATE", "often"), ("API_RATE", "0/hour")])
def test_a_value_that_makes_no_sense_is_refused(name, value):
    assert name in run("-c", "import config.settings", **{name: value}).stderr


def test_each_command_makes_a_key_of_its_own():
    one, two = (settings_of("SECRET_KEY")["SECRET_KEY"] for _ in range(2))
    assert one != two
    assert min(len(one), len(two)) >= 50


def test_sqlite_waits_for_its_turn_to_write():
    options = settings_of("DATABASES", DATABASE_URL="sqlite:////tmp/none.sqlite3")["DATABASES"]["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "journal_mode=WAL" in options["init_command"]


def test_a_postgresql_address_is_taken():
    found = settings_of("DATABASES", DATABASE_URL="postgres://who:secret@db.example:5433/desk")["DATABASES"]["default"]
    assert (found["ENGINE"], found["HOST"], found["PORT"], found["NAME"]) == (
        "django.db.backends.postgresql",
        "db.example",
        5433,
        "desk",
    )
    assert "transaction_mode" not in found.get("OPTIONS", {})


def test_wsgi_demands_a_key():
    refused = run("-c", "import config.wsgi")
    assert refused.returncode != 0
    assert "Set SECRET_KEY" in refused.stderr.splitlines()[-1]
    assert run("-c", "import config.wsgi", SECRET_KEY=KEY).returncode == 0


def test_the_check_for_deployment_demands_a_key():
    refused = run("manage.py", "check", "--deploy")
    assert refused.returncode != 0
    assert "SECRET_KEY" in refused.stderr


def test_the_check_for_deployment_is_clean_with_a_key():
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", SECRET_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.django_db
def test_no_migration_is_missing():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_a_process_that_serves_keeps_a_pool_of_connections_and_a_command_keeps_one():
    given = {"DATABASE_URL": "postgres://someone@localhost/somewhere", "SECRET_KEY": KEY}

    def pooled(**more):
        found = settings_of("DATABASES", **given, **more)["DATABASES"]["default"]
        return found["CONN_MAX_AGE"], found.get("OPTIONS", {}).get("pool", {}).get("max_size")

    assert pooled() == (60, None)
    assert pooled(DATABASE_POOL="20") == (0, 20)
    code = (
        "import config.wsgi; from django.conf import settings; assert settings.DATABASES['default']['OPTIONS']['pool']"
    )
    assert run("-c", code, **given).returncode == 0


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATABASE_URL", "nonsense", "DATABASE_URL is no address of SQLite or PostgreSQL"),
        ("DATABASE_URL", "oracle://x", "DATABASE_URL is no address of SQLite or PostgreSQL"),
        ("DATABASE_URL", "postgres://x:a@b:c@127.0.0.1:99999/y", "DATABASE_URL is no address"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none", "Connection refused"),
        ("DEBUG", "maybe", '"DEBUG" invalid: Not a valid boolean'),
    ],
)
def test_a_wrong_setting_is_told_in_a_line_without_a_traceback(name, value, told):
    done = run("manage.py", "migrate", **{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
