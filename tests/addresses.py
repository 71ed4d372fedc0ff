"""Every public address of the small world, from the addresses that the project names: a new one is among them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

NAMES = {"actors": "australia", "topics": "pact", "sources": "early", "statements": "interview"}
#: What an address needs to show anything.
QUERIES = {"/compare": "?actor=australia&actor=japan&topic=pact-japan", "/search": "?q=pact"}


def public_addresses() -> list[str]:
    """Give the address of each page, twin, figure, feed and endpoint."""
    found = []
    for route, arguments in _routes(get_resolver().url_patterns, ""):
        if not route.startswith("admin/") and "(" not in route:
            for name in arguments:
                of = [part for part in route.split(f"<slug:{name}>")[0].split("/") if part in NAMES]
                route = route.replace(f"<slug:{name}>", "pact-japan" if name == "topic" else NAMES[of[-1]])
            path = f"/{route}"
            found.append(path + QUERIES.get(path.rstrip("/").split(".")[0], ""))
    return found


def _routes(patterns: list, before: str) -> Iterator[tuple[str, list[str]]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, list(pattern.pattern.converters)
