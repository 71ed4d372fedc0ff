"""`make bench`: measure the pages on a synthetic corpus. Prints figures and judges nothing: machines differ.

Environment: BENCH_STATEMENTS (20000), BENCH_DATABASE_URL (an empty database; a temporary SQLite file by default).
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable

RUNS = 15
STATEMENTS = int(os.environ.get("BENCH_STATEMENTS", "20000"))

RAW = {
    "stances": "SELECT id FROM stances_stance WHERE public ORDER BY stated_on DESC, id DESC LIMIT 51",
    "changes": "SELECT id FROM stances_position WHERE voice = 'own' AND previous_value IS NOT NULL "
    "ORDER BY since DESC, id DESC LIMIT 51",
    "one government's changes": "SELECT id FROM stances_position WHERE actor_id = (SELECT id FROM stances_actor WHERE "
    "slug = 'bench-7') AND voice = 'own' AND previous_value IS NOT NULL ORDER BY since DESC, id DESC LIMIT 51",
    "as-of matrix": "SELECT actor_id, topic_id, value, terms FROM stances_position WHERE since <= '2024-03-01' "
    "AND (until IS NULL OR until > '2024-03-01')",
}
PAGES = [
    ("stances, first page", "/stances/", "stances"),
    ("stances of a topic and its children", "/stances/?topic=aukus-expansion&position=2", "stances"),
    ("changes, the latest 50", "/changes/", "changes"),
    ("one government's changes", "/changes/?actor=bench-7", "one government's changes"),
    ("positions on a day", "/positions/?on=2024-03-01", "as-of matrix"),
    ("first page on a day", "/?on=2024-03-01", "as-of matrix"),
    ("a government's page", "/actors/bench-7/", "one government's changes"),
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        os.environ.update(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="config.settings", HTTPS="0")
        import django

        django.setup()
        from bench.corpus import fill

        spent = timed(lambda: fill(STATEMENTS))
        print(f"{STATEMENTS} statements made, with their positions, in {spent / 1000:.1f} s")
        measure_pages()
        measure_export()


def timed(work: Callable[[], object]) -> float:
    """Give the milliseconds that a piece of work takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def median(work: Callable[[], object]) -> float:
    work()
    return statistics.median(timed(work) for _ in range(RUNS))


def measure_pages() -> None:
    from django.db import connection
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    print(f"\n{'page':40}{'ms':>9}{'raw ms':>9}{'ratio':>8}{'KB':>8}")
    for name, address, raw in PAGES:

        def query(sql: str = RAW[raw]) -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                cursor.fetchall()

        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
        page, limit = median(lambda address=address: client.get(address).content), median(query)  # type: ignore[misc]
        print(f"{name:40}{page:9.1f}{limit:9.2f}{page / limit:8.0f}{len(answer.content) / 1024:8.0f}")


def measure_export() -> None:
    from django.test import Client

    answer = Client(headers={"host": "localhost"}).get("/stances.csv")
    rows = 0

    def drain() -> None:
        nonlocal rows
        rows = sum(chunk.count(b"\n") for chunk in answer.streaming_content) - 1

    spent = timed(drain)
    print(f"\nexport of {rows} stances as CSV: {spent / 1000:.1f} s, {rows / spent * 1000:,.0f} rows/s")


if __name__ == "__main__":
    main()
