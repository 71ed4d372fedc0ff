"""What the API answers where it cannot: the same shape as the lists' JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler

from stances.filters import Problem


class Refused(exceptions.APIException):
    """An address that makes no sense: each parameter with what is wrong with it."""

    status_code = 400

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error that is the client's; any other is none of this function's."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or None)
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    told = [it.data for it in error.problems] if isinstance(error, Refused) else [{"message": str(error.detail)}]
    response.data = {"errors": told}
    response.headers["Cache-Control"] = "no-store" if error.status_code >= 500 else "no-cache"
    return response


class Error(serializers.Serializer):
    """One thing that is wrong; with the parameter and its values where it is one."""

    parameter = serializers.CharField(read_only=True)
    values = serializers.ListField(child=serializers.CharField(), read_only=True)
    message = serializers.CharField(read_only=True)


class Errors(serializers.Serializer):
    errors = Error(many=True, read_only=True)  # type: ignore[assignment]
