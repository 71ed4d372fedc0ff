"""What is asked of every answer."""

from __future__ import annotations


def kept_by_nobody(get_response):
    """Let no cache keep what does not say that it may: the desk, errors, addresses of nothing."""

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
