"""`make bench`: each row of the table of figures as a whole HTTP request, beside the raw query that it rests on.

    python -m bench [STATEMENTS ...] [--database URL ...] [--runs N] [--pages-only]

Fills an empty database with each number of statements (100,000 and 1,000,000, or BENCH_STATEMENTS), serves it by
gunicorn with two workers, asks over kept connections, loads other empty ones by `loaddata` and `import_stances`, and
writes bench/results.md after each. A database that holds statements is measured as it is. No figure makes it fail:
machines differ.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bench.databases import answers, empty
from bench.measuring import Result, load, measure
from bench.report import write

RESULTS = Path(__file__).parent / "results.md"
POSTGRESQL = "postgres://postgres@127.0.0.1:5432/postgres"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    usual = [int(number) for number in os.environ.get("BENCH_STATEMENTS", "100000 1000000").split()]
    parser.add_argument("statements", nargs="*", type=int, default=usual)
    parser.add_argument("--database", action="append", help="measure this one alone; it may be filled")
    parser.add_argument("--runs", type=int, default=15, help="requests of which the median is taken")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--pages-only", action="store_true", help="load no other database by loaddata and import_stances"
    )
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()

    given = options.database or ([os.environ["BENCH_DATABASE_URL"]] if "BENCH_DATABASE_URL" in os.environ else [])
    results: list[Result] = []

    def take(url: str, statements: int) -> None:
        results.append(measure(url, statements, seed=options.seed, runs=options.runs))
        if not options.pages_only:
            load(results[-1], url, url if url.startswith("postgres") else POSTGRESQL)
        write(options.output, results)

    for url in given:
        take(url, options.statements[0])
    if not given:
        kinds = ["sqlite", *(["postgresql"] if answers(POSTGRESQL) else [])]
        if len(kinds) == 1:
            print("No PostgreSQL answers at its local default: SQLite alone is measured.")
        for kind in kinds:
            for statements in options.statements:
                with empty(kind, POSTGRESQL) as url:
                    take(url, statements)
    print(f"\nWritten to {options.output}")


if __name__ == "__main__":
    main()
