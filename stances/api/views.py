"""The endpoints: the lists and the things of the pages, as JSON that a program reads."""

from __future__ import annotations

import datetime as dt
from functools import cache, cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from stances import exports
from stances.api import details, rows
from stances.api.errors import Errors, Refused
from stances.api.paging import KeysetPagination
from stances.api.parameters import described, of_list, of_page
from stances.filters import ListFilterSet, Problem, StatementFilter
from stances.models import Statement, resolve
from stances.paging import ID, Column, Key, Keyset
from stances.tree import OutdatedTree
from stances.views import lists, pages
from stances.views.detail import DetailPage, Page
from stances.views.filtered import FilteredList
from stances.views.public import public
from stances.views.statement import StatementView
from stances.vocabulary import Status

WRONG = OpenApiResponse(Errors, "What makes no sense, each with its parameter.")
UNKNOWN = OpenApiResponse(Errors, "There is nothing of this name.")
TOO_OFTEN = OpenApiResponse(Errors, "The limit of requests is reached; Retry-After tells for how many seconds.")


class Endpoint(APIView):
    """An address that anybody may read and any cache may keep, asking each time whether it still holds."""

    @method_decorator(public)
    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        return self.answer(request, **kwargs)

    def answer(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        raise NotImplementedError

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


class EndpointSchema(AutoSchema):
    """Describes an endpoint by what the endpoint says of itself."""

    view: Any

    def get_operation_id(self) -> str:
        return self.view.operation

    def get_tags(self) -> list[str]:
        return [self.view.operation.split("-")[0]]

    def get_override_parameters(self) -> list:
        return self.view.parameters()

    def get_response_serializers(self) -> Any:
        return self.view.responses()


class ListEndpoint(Endpoint, GenericAPIView):
    """A list: rows, filter and order of a page's list."""

    listing: ClassVar[type[FilteredList]]
    serializer_class: type[rows.RowSerializer]  # type: ignore[assignment]
    pagination_class = KeysetPagination
    schema = EndpointSchema()

    @property
    def operation(self) -> str:
        return self.listing.nouns

    @classmethod
    def filterset(cls) -> type[ListFilterSet]:
        return of_list(cls.listing.filterset_class, tuple(cls.serializer_class.names()))  # type: ignore[arg-type]

    def parameters(self) -> list[OpenApiParameter]:
        return described({name: asked.field for name, asked in self.filterset().base_filters.items()})

    def responses(self) -> dict[int, Any]:
        return {200: self.serializer_class(many=True), 400: WRONG, 429: TOO_OFTEN}

    @cached_property
    def listed(self) -> FilteredList:
        """The page's list, asked for what the address asks for."""
        listed = self.listing()
        listed.filters = self.filterset()(self.request.GET, queryset=listed.queryset())
        return listed

    @property
    def filters(self) -> ListFilterSet:
        return self.listed.filters

    @cached_property
    def keyset(self) -> Any:
        return self.listed.keyset()

    def answer(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        problems, cursors = self.filters.problems, request.GET.getlist("cursor")
        try:
            self.key: Key | None = self.keyset.read(cursors[0]) if len(cursors) == 1 else None
            if not problems:
                return self.answer_page()
        except ValidationError as error:
            problems.append(Problem("cursor", tuple(cursors), error.messages[0]))
        raise Refused(problems)

    def answer_page(self) -> HttpResponseBase:
        ids = self.paginate_queryset(self.filters.qs)
        rows = self.listed.complete(self.serializer_class.model._default_manager.all())
        site = self.request.build_absolute_uri(reverse("home"))
        return self.get_paginated_response(self.serializer_class.told(rows, ids, self.filters.value("fields"), site))


class DetailEndpoint(Endpoint, GenericAPIView):
    """One thing: what the JSON of its page holds."""

    page_class: ClassVar[type[Page]]
    #: Its name in the schema.
    operation: ClassVar[str]
    named: ClassVar[str] = "slug"
    schema = EndpointSchema()

    @classmethod
    def form(cls):
        return of_page(cls.page_class.parameters, tuple(cls.serializer_class.names()))

    def parameters(self) -> list[OpenApiParameter]:
        of_path = OpenApiParameter(self.named, str, OpenApiParameter.PATH, description=f"Its {self.named}.")
        return [of_path, *described(self.form()().fields)]

    def responses(self) -> dict[int, Any]:
        moved = OpenApiResponse(description="It has a new slug.")
        return {200: self.serializer_class, 301: moved, 400: WRONG, 404: UNKNOWN, 429: TOO_OFTEN}

    @cached_property
    def page(self) -> Any:
        """The page, asked for what the address asks for."""
        page = self.page_class()
        page.setup(self.request._request)
        page.parameters = self.form()  # type: ignore[misc]
        return page

    def told(self, row: Any) -> Response:
        if self.page.problems:
            raise Refused(self.page.problems)
        try:
            data = self.page.data(row)
        except OutdatedTree:  # rows were published after the page's state was read: it is asked anew
            del self.page
            data = self.page.data(row)
        return Response({name: data[name] for name in self.page.form.cleaned_data["fields"]})


class SluggedEndpoint(DetailEndpoint):
    """One thing by its slug; a former one redirects."""

    page_class: ClassVar[type[DetailPage]]

    def answer(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        slug = kwargs["slug"]
        row = resolve(self.page_class.model, [slug]).get(slug)
        if row is None or not self.page.is_public(row):
            raise Http404(f"There is no such {self.page_class.model._meta.verbose_name}.")
        if row.slug == slug:
            return self.told(row)
        address, query = reverse(request.resolver_match.view_name, args=[row.slug]), request.META.get("QUERY_STRING")
        return Response(status=301, headers={"Location": f"{address}?{query}" if query else address})


class StanceList(ListEndpoint):
    """Stances: the position of an actor on a topic, as a statement shows it.

    By date, newest first. Repeats of earlier words are left out unless they are asked for.
    """

    listing, serializer_class = lists.StanceList, rows.StanceRow


class ChangeList(ListEndpoint):
    """Changes of position, in the actors' own words.

    First recorded positions are left out unless they are asked for.
    """

    listing, serializer_class = lists.ChangeList, rows.ChangeRow


class PositionList(ListEndpoint):
    """Positions: what an actor held on a topic, from `since` until the day before `until`.

    With `on`, those held on that day, as it was known then; without it, all intervals.
    """

    listing, serializer_class = lists.PositionList, rows.PositionRow


class ActorList(ListEndpoint):
    """Actors: governments, bodies, groups, persons and publications, by name."""

    listing, serializer_class = lists.ActorList, rows.ActorRow


class TopicList(ListEndpoint):
    """Topics: propositions in a tree, each before those under it."""

    listing, serializer_class = lists.TopicList, rows.TopicRow


class SourceList(ListEndpoint):
    """Sources: published documents, newest first; never their texts."""

    listing, serializer_class = lists.SourceList, rows.SourceRow


class PublishedStatements(FilteredList):
    """Statements, which have no list among the pages: these show their stances."""

    filterset_class = StatementFilter
    name, noun, nouns = "statement-list", "statement", "statements"
    columns = exports.STATEMENTS

    def queryset(self) -> QuerySet:
        return Statement.objects.published()

    def keyset(self) -> Keyset:
        return Keyset((Column("latest", dt.date), ID), falling=not self.oldest_first)


class StatementList(ListEndpoint):
    """Statements: what one speaker said on one occasion, each with its stances. By date, newest first."""

    listing, serializer_class = PublishedStatements, rows.StatementRow


class ActorDetail(SluggedEndpoint):
    """An actor, as of a day: its positions, their histories, whom it belongs to."""

    page_class, serializer_class, operation = pages.ActorView, details.Actor, "actors-detail"


class TopicDetail(SluggedEndpoint):
    """A topic, as of a day: the positions and histories on it and on the topics under it."""

    page_class, serializer_class, operation = pages.TopicView, details.Topic, "topics-detail"


class SourceDetail(SluggedEndpoint):
    """A source and all that was coded from it; never its text."""

    page_class, serializer_class, operation = pages.SourceView, details.Source, "sources-detail"


class StatementDetail(DetailEndpoint):
    """A statement: the evidence, what it shows and did, its record, how to cite it.

    Of a retracted one only that it was, and why: 410.
    """

    page_class, serializer_class, operation = StatementView, details.Statement, "statements-detail"
    named = "key"

    def responses(self) -> dict[int, Any]:
        told = super().responses()
        del told[301]
        return {**told, 410: OpenApiResponse(details.Retracted, "It was retracted.")}

    def answer(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        statement = Statement.objects.with_evidence().filter(key=kwargs["key"]).first()
        if statement is not None and statement.status == Status.RETRACTED:
            return self.page.retracted(statement, "json")
        if statement is None or statement.status != Status.PUBLISHED:
            raise Http404("There is no such statement.")
        return self.told(statement)


class Index(Endpoint):
    """What there is, by name."""

    schema = None

    def answer(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        names = ("actors", "topics", "sources", "statements", "stances", "positions", "changes")
        addresses = {name: f"api-{name}" for name in names} | {"schema": "api-schema", "docs": "api-docs"}
        return Response({name: request.build_absolute_uri(reverse(view)) for name, view in addresses.items()})


@cache
def openapi() -> dict[str, Any]:
    """Describe the API, once for a process: it follows from the program alone."""
    return SchemaGenerator().get_schema(request=None, public=True)


class SchemaView(Endpoint):
    """All of it described for programs, by OpenAPI."""

    schema = None
    renderer_classes = [OpenApiJsonRenderer2]

    def answer(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        return Response(openapi())


class Nothing(APIView):
    """Any other address under /api/."""

    schema = None

    def get(self, request: Request, **kwargs: Any) -> Response:
        raise Http404("There is nothing at this address: /api/v1/ says what there is.")
