"""The database of stances: models, computation of positions, pages, the editors' admin and the commands.

`vocabulary`, `dates` and `series` know no database; `models` holds the rules of every row; `writes` keeps
positions right.
"""

__version__ = "0.1.0"
