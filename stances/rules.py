"""The models' check constraints asked of rows in memory: the same rules and words, without a query for each."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

Truth = bool | None


def broken(row: models.Model) -> list[models.CheckConstraint]:
    """List the check constraints that a row breaks; what compares with nothing is unknown, and breaks none."""
    checks = (rule for rule in row._meta.constraints if isinstance(rule, models.CheckConstraint))
    return [rule for rule in checks if holds(rule.condition, row) is False]


def holds(condition: Any, row: models.Model) -> Truth:
    """Evaluate a condition as a database does, where NULL makes it unknown."""
    if isinstance(condition, Q):
        parts = [holds(part, row) for part in condition.children]
        truth = _every(parts) if condition.connector == Q.AND else _any(parts)
        return truth if not condition.negated or truth is None else not truth
    path, expected = condition
    name, _, lookup = path.partition("__")
    actual = _value(row, name)
    if isinstance(expected, F):
        expected = _value(row, expected.name)  # type: ignore[attr-defined]
    return _compare(actual, lookup or "exact", expected)


def _value(row: models.Model, name: str) -> Any:
    field: Any = row._meta.pk if name == "id" else row._meta.get_field(name)
    return getattr(row, field.attname)


def _every(parts: list[Truth]) -> Truth:
    return False if False in parts else None if None in parts else True


def _any(parts: list[Truth]) -> Truth:
    return True if True in parts else None if None in parts else False


def _compare(actual: Any, lookup: str, expected: Any) -> Truth:
    if lookup == "isnull" or (lookup == "exact" and expected is None):
        return (actual is None) == (expected is None or expected is True)
    if actual is None or expected is None:
        return None
    match lookup:
        case "exact":
            return actual == expected
        case "in":
            return actual in expected
        case "lt":
            return actual < expected
        case "lte":
            return actual <= expected
        case "gt":
            return actual > expected
        case "gte":
            return actual >= expected
    raise NotImplementedError(f"A constraint asks by “{lookup}”: teach it to stances.rules.")
