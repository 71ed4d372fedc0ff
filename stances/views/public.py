"""What all public addresses share: nothing to write, a tag by which caches know them, and an end to every query."""

from __future__ import annotations

import hashlib
from functools import cache, wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_safe

from stances.dates import today
from stances.limits import LimitedStream, time_limit
from stances.models import PublicVersion


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
    state = PublicVersion.objects.filter(pk=1).values_list("number", "changed_at").first()
    parts = (state, today(), program(), settings.STATIC_URL, request.build_absolute_uri())
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def limited(view):
    """Stop the queries of a view that take too long; those of a stream have longer. Raises TookTooLong."""

    @wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        with time_limit(settings.STATEMENT_TIMEOUT):
            response = view(request, *args, **kwargs)
        if response.streaming and request.method != "HEAD":  # of which no row is read
            response.streaming_content = LimitedStream(response.streaming_content, settings.EXPORT_TIMEOUT)
        return response

    return answer


def public(view):
    """Let any cache keep what a view answers, and ask whether it still holds; errors are not kept.

    The version is read before the rows, over the same connection: what is written meanwhile is asked for again.
    """
    tagged = condition(etag_func=public_etag)(limited(view))

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
