"""How PostgreSQL answers public lists and pages: no scan of a big table, and no query more for more rows.

A few thousand rows fit any plan. With `enable_seqscan` off, and told that each table has a million rows, the planner
scans one only where no index serves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import TestCase, skipUnlessDBFeature

from stances import positions
from stances.models import Stance
from stances.writes import public_write

BIG = frozenset(
    f"stances_{name}" for name in ("statement", "stance", "position", "source", "search_statement", "search_source")
)
STATEMENTS = 3_000
#: Pages of lists, the matrix, changes and search, with what is often asked of them: add what must not scan. An export
#: reads all that it writes, and is not among them.
ADDRESSES = [
    "/api/v1/stances/",
    "/api/v1/stances/?topic=aukus-expansion",
    "/api/v1/changes/",
    "/api/v1/changes/?actor=australia",
    "/api/v1/statements/",
    "/?on=2024-03-01",
    "/?on=2024-04-20&since=2024-03-01",
    "/?topic=aukus-pillar-2",
    "/changes/",
    "/changes/?topic=aukus-expansion",
    "/stances/?topic=aukus-expansion&position=2",
    "/stances/?actor=australia&attribution=own",
    "/stances/?before=2020-03-01",
    "/positions/?on=2024-03-01",
    "/actors/australia/",
    "/actors/japan/?on=2024-03-01",
    "/topics/aukus-expansion/",
    "/topics/aukus-pillar-2/?on=2024-03-01",
]
#: What reads rows in order and stops by itself at a limit: anything between that takes in all of them first.
TAKES_ALL = {"Sort", "Aggregate", "Hash", "Hash Join", "Materialize", "WindowAgg", "Gather", "SetOp"}


def fill() -> None:
    """Load the desk's fixture, and copy its statements and stances to later days, thousands of times over."""
    call_command("loaddata", "aukus", verbosity=0)
    with public_write(), connection.cursor() as cursor:
        for table, changed in {
            "statement": {"id": "id + 1000 * n", "key": "key || '-' || n", "repeats_id": "NULL"},
            "stance": {"id": "id + 1000 * n", "statement_id": "statement_id + 1000 * n", "repeat": "false"},
        }.items():
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
                [f"stances_{table}"],
            )
            names = [name for (name,) in cursor.fetchall()]
            days = {name: f"{name} - 7 * n" for name in ("earliest", "latest", "stated_on", "earliest_on")}
            values = ", ".join((days | changed).get(name, f'"{name}"') for name in names)
            columns = ", ".join(f'"{name}"' for name in names)
            copies = f"FROM stances_{table} s, generate_series(1, {STATEMENTS // 42}) n"
            cursor.execute(f"INSERT INTO stances_{table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} {copies}")
        positions.rebuild()
        cursor.execute("ANALYZE")
        # Of a small table all is quickly read: the planner is told that there are a million rows of each.
        cursor.execute("UPDATE pg_class SET reltuples = 1e6 WHERE relname = ANY(%s)", [list(BIG)])


def faults(plan: dict[str, Any], above: tuple[str, ...] = (), table: str = "") -> Iterator[str]:
    """Name the parts of a plan that read a big table from end to end."""
    node, table = plan["Node Type"], plan.get("Relation Name", table)
    stops = "Limit" in above and not TAKES_ALL & set(above[len(above) - above[::-1].index("Limit") :])
    if table in BIG:
        if node == "Seq Scan" and not stops:
            yield f"Seq Scan on {table}"
        elif node in ("Index Scan", "Index Only Scan", "Bitmap Index Scan") and "Index Cond" not in plan and not stops:
            yield f"{node} of all of {plan['Index Name']}"
    for part in plan.get("Plans", []):
        yield from faults(part, (*above, node), table)


@skipUnlessDBFeature("has_native_uuid_field")
class PlanTests(TestCase):
    """PostgreSQL alone."""

    @classmethod
    def setUpTestData(cls):
        fill()

    def plans(self, address: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give each query that an address asks, with its plan as EXPLAIN (FORMAT JSON) tells it."""
        asked: list[tuple[str, Any]] = []

        def note(execute, sql, params, many, context):
            asked.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            response = self.client.get(address)
            b"".join(response) if response.streaming else response.content
        assert response.status_code == 200, address
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            for sql, params in asked:
                if sql.lstrip(" (").upper().startswith(("SELECT", "WITH")):
                    cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
                    [found] = cursor.fetchone()
                    yield sql, (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]

    def test_no_list_reads_a_big_table_from_end_to_end(self):
        assert Stance.objects.count() > STATEMENTS
        for address in ADDRESSES:
            with self.subTest(address):
                assert [(fault, sql) for sql, plan in self.plans(address) for fault in faults(plan)] == []

    def test_what_reads_a_table_from_end_to_end_is_noticed(self):
        def told(sql: str) -> list[str]:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                return list(faults(cursor.fetchone()[0][0]["Plan"]))

        assert told("SELECT * FROM stances_stance WHERE rationale = 'x'") == ["Seq Scan on stances_stance"]
        assert told("SELECT id FROM stances_stance WHERE public ORDER BY stated_on DESC, id DESC LIMIT 9") == []
        counted = told("SELECT COUNT(*) FROM stances_position WHERE voice = 'own' AND previous_value IS NOT NULL")
        assert [" of all of " in fault for fault in counted] == [True]
