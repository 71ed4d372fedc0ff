"""Publish statements from a process of its own: `python -m tests.writer EDITOR KEY...`, when a line comes in."""

import os
import sys
from urllib.parse import urlsplit

import django


def address() -> str:
    """Give the test database's address."""
    from django.db import connection

    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def main(editor: str, keys: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.contrib.auth import get_user_model

    from stances.models import Statement

    by = get_user_model().objects.get(pk=editor)
    print("ready", flush=True)
    sys.stdin.readline()
    for key in keys:
        Statement.objects.get(key=key).publish(by=by)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
