"""Seeds: what coders write by hand in YAML, read with its lines, checked, and compiled to a fixture."""

from stances.seeds.compiling import compile_fixture
from stances.seeds.reading import SeedError, Seeds, read_seeds
from stances.seeds.texts import check_texts

__all__ = ["SeedError", "Seeds", "check_texts", "compile_fixture", "read_seeds"]
