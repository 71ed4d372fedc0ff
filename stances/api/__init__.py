"""The API, version 1: the lists and pages as JSON for programs, read-only, under /api/v1/.

Rows, filters, order and columns are those of the pages (`stances.views`, `stances.filters`, `stances.exports`).
"""
