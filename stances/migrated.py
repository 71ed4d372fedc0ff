"""Whether the database has the tables that this program asks for."""

from __future__ import annotations

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

BEHIND = "The database has no tables yet, or old ones: run manage.py migrate."


def is_behind() -> bool:
    """Tell whether migrations wait; of a database that does not answer nobody knows it."""
    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Error:
        return False
