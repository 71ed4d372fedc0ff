"""Pages of the API: the pages' own keyset order, under cursors that a client passes back as they are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from stances.paging import Page


class KeysetPagination(BasePagination):
    """A page of rows, by their ids, with the addresses of the next and the previous one, null where there is none.

    The framework's own cursors tell rows of one date apart by counting them, and lose some where many share it.
    """

    request: Request
    found: Page

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list:
        self.request = request
        self.found = view.keyset.find(queryset, view.key, view.filters.value("page_size"))
        return self.found.rows

    def link(self, cursor: str) -> str | None:
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor) if cursor else None

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {"next": self.link(self.found.next), "previous": self.link(self.found.previous), "results": data}
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "The address of the next page."},
                "previous": {**link, "description": "The address of the page before."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where a page begins: taken from `next` or `previous`, and never made up.",
                "schema": {"type": "string"},
            }
        ]
