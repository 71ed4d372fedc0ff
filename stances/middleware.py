"""What is asked of every answer."""

from __future__ import annotations

from pathlib import PurePosixPath

from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from stances.limits import TookTooLong
from stances.migrated import is_behind

NO_ANSWER = "The database does not answer at the moment. Try again in a minute: the address stays as it is."
SETTING_UP = "The database is being set up. Try again in a few minutes: the address stays as it is."


def kept_by_nobody(get_response):
    """Let no cache keep what does not say that it may: the desk, errors, addresses of nothing."""

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def told_when_unavailable(get_response):
    """Say with 503, and what helps, that a query took too long, that there is no answer, or are no tables yet."""

    def middleware(request):
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TookTooLong):
            return _unavailable(request, "This took too long", str(error))
        if isinstance(error, OperationalError | InterfaceError) and not _database_answers():
            return _unavailable(request, "No answer at the moment", NO_ANSWER)
        if isinstance(error, OperationalError | ProgrammingError) and is_behind():
            return _unavailable(request, "Being set up", SETTING_UP)
        return None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def _database_answers() -> bool:
    return connection.connection is not None and connection.is_usable()


def _unavailable(request: HttpRequest, title: str, message: str) -> HttpResponse:
    """Answer in the form that the address asks for."""
    if request.path.endswith(".json") or request.path.startswith(reverse("api")):
        return JsonResponse({"errors": [{"message": message}]}, status=503)
    if PurePosixPath(request.path).suffix:
        return HttpResponse(f"{message}\n", status=503, content_type="text/plain; charset=utf-8")
    return render(request, "503.html", {"title": title, "message": message}, status=503)
