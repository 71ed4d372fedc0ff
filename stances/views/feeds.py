"""The feed of changes: the list's filters, the newest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from stances.exports import refuse
from stances.facets import chips
from stances.feeds import changes_feed
from stances.filters import FeedFilter
from stances.models import Position, PublicVersion
from stances.moves import moves
from stances.views.public import PublicView

ENTRIES = 50


class ChangesFeed(PublicView):
    """The newest changes that the filters of the list of changes ask for."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        filters = FeedFilter(request.GET, queryset=Position.objects.own().with_evidence())
        if filters.problems:
            return refuse(filters.problems, format="csv")
        newest = filters.qs.with_before().order_by("-since", "-id")[:ENTRIES]
        words = "; ".join(chip.words for chip in chips(filters))
        query = request.GET.urlencode()
        feed = changes_feed(
            moves(newest),
            title=f"Changes of position: {words}" if words else "Changes of position",
            page=request.build_absolute_uri(f"{reverse('change-list')}?{query}" if query else reverse("change-list")),
            address=request.build_absolute_uri(),
            changed_at=PublicVersion.objects.changed_at(),
            absolute=request.build_absolute_uri,
        )
        response = HttpResponse(content_type="application/atom+xml; charset=utf-8")
        feed.write(response, "utf-8")
        return response
