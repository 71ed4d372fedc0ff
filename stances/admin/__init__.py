"""The editors' desk: Django's admin for what editors curate, one module a model.

`base` makes every write one transaction under the lock of the public data, `deletion` and `history` are the pages of
these names, `life` takes statements through their steps, `filters` and `columns` serve the lists.
"""

from stances.admin import actors, derived, sources, stances, statements, topics, users

__all__ = ["actors", "derived", "sources", "stances", "statements", "topics", "users"]
