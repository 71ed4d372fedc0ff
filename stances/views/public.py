"""What all public addresses share: nothing to write, a tag by which caches know them, and an end to every query."""

from __future__ import annotations

import hashlib
import zlib
from functools import cache, cached_property, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_safe

from stances.dates import today
from stances.limits import LimitedStream, time_limit
from stances.models import PublicVersion
from stances.models.addresses import one_beginning
from stances.models.positions import State
from stances.tallies import Memory
from stances.tree import OutdatedTree

#: Pages as they were answered, packed, by their tags.
pages = Memory(settings.PAGE_MEMORY * 2**20, size=lambda kept: len(kept[0]))


@cache
def program() -> str:
    """Tell this program from every other by the sum of its sources, the same on each server."""
    found = hashlib.sha256()
    for folder in ("config", "stances"):
        for path in sorted((settings.BASE_DIR / folder).rglob("*")):
            if path.suffix in (".py", ".html"):
                found.update(path.read_bytes())
    return found.hexdigest()


def public_etag(request: HttpRequest, *args, **kwargs) -> str | None:
    """Tag what an address shows: it changes with the public data, the day, the program and the address.

    A client that says "*" has something of any address, even of one that shows nothing: it gets the page.
    """
    if request.headers.get("If-None-Match", "").strip() == "*":
        return None
    request.state = state = PublicVersion.objects.state()  # type: ignore[attr-defined]
    parts = (state, today(), program(), settings.STATIC_URL, request.build_absolute_uri())
    tag = f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'
    request.tag = tag if state else None  # type: ignore[attr-defined]
    return tag


def limited(view):
    """Stop the queries of a view that take too long; those of a stream have longer. Raises TookTooLong."""

    @wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        with time_limit(settings.STATEMENT_TIMEOUT), one_beginning():
            response = view(request, *args, **kwargs)
        if response.streaming and request.method != "HEAD":  # of which no row is read
            response.streaming_content = LimitedStream(response.streaming_content, settings.EXPORT_TIMEOUT)
        return response

    return answer


def answered_once(view):
    """Answer a page that this process answered before from its memory, for as long as its tag is the same.

    A page rests on nothing that its tag does not, and the tag is made before the rows are read. What is no whole page
    of HTML, or says that it differs by reader, is not kept: no data, no stream, no error, no redirect.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        tag = getattr(request, "tag", None)
        if tag is None or request.method != "GET":
            return view(request, *args, **kwargs)
        if kept := pages.find(tag):
            content, headers = kept
            return HttpResponse(zlib.decompress(content), headers=headers)
        response = view(request, *args, **kwargs)
        if is_page(response):
            pages.keep(tag, (zlib.compress(response.content, level=1), dict(response.headers)))
        return response

    return answer


def is_page(response: HttpResponseBase) -> bool:
    """Tell whether an answer is a whole page, the same for all readers."""
    return (
        type(response) is HttpResponse
        and response.status_code == 200
        and response.headers["Content-Type"].startswith("text/html")
        and not response.cookies
        and not {"Vary", "Cache-Control"} & response.headers.keys()
    )


def public(view):
    """Let any cache keep what a view answers, and ask whether it still holds; errors are not kept.

    The version is read before the rows, over the same connection: what is written meanwhile is asked for again.
    """
    tagged = condition(etag_func=public_etag)(answered_once(limited(view)))

    @wraps(view)
    def answer(*args, **kwargs) -> HttpResponseBase:
        response = tagged(*args, **kwargs)
        if response.status_code < 400:
            patch_cache_control(
                response, public=True, max_age=0, s_maxage=settings.SHARED_MAX_AGE, must_revalidate=True
            )
        else:
            response.headers["Cache-Control"] = "no-cache"
            response.headers.pop("ETag", None)
        return response

    return answer


@method_decorator(
    [
        csrf_exempt,  # nothing is written here, and what tries gets 405
        require_safe,
        public,
    ],
    name="dispatch",
)
class PublicView(View):
    """A page that anybody may read and any cache may keep, asking each time whether it still holds."""

    @cached_property
    def state(self) -> State | None:
        """The state of the public data, read once, before the rows: with the tag, where that was asked for."""
        return getattr(self.request, "state", None) or PublicVersion.objects.state()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; once more from the start, where rows are met that were published after the state was read."""
        before = dict(self.__dict__)
        try:
            return super().dispatch(request, *args, **kwargs)
        except OutdatedTree:
            self.__dict__ = before
            request.state = PublicVersion.objects.state()  # type: ignore[attr-defined]
            return super().dispatch(request, *args, **kwargs)
