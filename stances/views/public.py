"""What all public pages share: nothing to write, and a tag by which caches know them."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_safe

from stances import __version__
from stances.dates import today
from stances.models import PublicVersion


def public_etag(request: HttpRequest, *args, **kwargs) -> str | None:
    """Tag what an address shows: it changes with the public data, the day, the program and the address.

    A client that says "*" has something of any address, even of one that shows nothing: it gets the page.
    """
    if request.headers.get("If-None-Match", "").strip() == "*":
        return None
    state = PublicVersion.objects.filter(pk=1).values_list("number", "changed_at").first()
    parts = (state, today(), __version__, request.build_absolute_uri())
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


@method_decorator(
    [
        csrf_exempt,  # nothing is written here, and what tries gets 405
        require_safe,
        cache_control(public=True, max_age=0, must_revalidate=True),
        condition(etag_func=public_etag),
    ],
    name="dispatch",
)
class PublicView(View):
    """A page that anybody may read and any cache may keep, asking each time whether it still holds."""
