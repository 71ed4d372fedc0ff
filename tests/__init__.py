"""Tests, one file a subject; `python -m tests` runs them on every database and browser that is there."""
