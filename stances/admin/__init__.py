"""The editors' desk: Django's admin for what editors curate, one module a model.

`base` makes every write one transaction under the lock of the public data, `deletion`, `history` and `restoring` are
the pages of these names, `conflicts` stands between two editors of one row, `keeping` tells a browser what was saved,
`life` takes statements through their steps, `review` shows warnings and what a step will do, `coding` is the article
beside the form, `filters` and `columns` serve the lists.
"""

from stances.admin import actors, derived, sources, stances, statements, topics, users

__all__ = ["actors", "derived", "sources", "stances", "statements", "topics", "users"]
