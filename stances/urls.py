"""The public addresses. Each list has twins in CSV and JSON, each page of one thing a twin in JSON."""

from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from stances.api.pages import ColumnsView
from stances.views import figures, lists, pages
from stances.views.compare import CompareView
from stances.views.counts import CountsView
from stances.views.feeds import ChangesFeed
from stances.views.health import healthz
from stances.views.history import HistoryView
from stances.views.search import Search


def list_paths(address: str, view, name: str) -> list:
    """Name a list's page, or a history's, and, with .csv and .json in place of its final slash, its exports."""
    return [
        path(f"{address}/", view.as_view(), name=name),
        path(f"{address}.csv", view.as_view(), {"format": "csv"}, name=f"{name}-csv"),
        path(f"{address}.json", view.as_view(), {"format": "json"}, name=f"{name}-json"),
    ]


def detail_paths(address: str, view, name: str) -> list:
    """Name a thing's page and its twin in JSON, which the view tells by its argument `format`."""
    return [
        path(f"{address}/", view.as_view(), name=name),
        path(f"{address}.json", view.as_view(), {"format": "json"}, name=f"{name}-json"),
    ]


def figure_paths(address: str, view, name: str) -> list:
    """Name a page's figure as a drawing and as the table of what it shows."""
    return [
        path(f"{address}.{format}", view.as_view(), {"format": format}, name=f"{name}-{format}")
        for format in ("svg", "csv")
    ]


urlpatterns = [
    path("", pages.HomeView.as_view(), name="home"),
    path("about/", pages.AboutView.as_view(), name="about"),
    path("codebook/", pages.CodebookView.as_view(), name="codebook"),
    path("about/columns/", ColumnsView.as_view(), name="columns"),
    *list_paths("stances", lists.StanceList, "stance-list"),
    *list_paths("changes", lists.ChangeList, "change-list"),
    *list_paths("changes/differ", lists.DifferList, "differ-list"),
    *list_paths("positions", lists.PositionList, "position-list"),
    *list_paths("actors", lists.ActorList, "actor-list"),
    *detail_paths("actors/<slug:slug>", pages.ActorView, "actor"),
    *list_paths("actors/<slug:slug>/on/<slug:topic>", HistoryView, "history"),
    *figure_paths("actors/<slug:slug>/timeline", figures.ActorTimeline, "actor-timeline"),
    *list_paths("topics", lists.TopicList, "topic-list"),
    *detail_paths("topics/<slug:slug>", pages.TopicView, "topic"),
    *figure_paths("topics/<slug:slug>/timeline", figures.TopicTimeline, "topic-timeline"),
    *list_paths("topics/<slug:slug>/counts", CountsView, "topic-counts"),
    path("topics/<slug:slug>/counts.svg", CountsView.as_view(), {"format": "svg"}, name="topic-counts-svg"),
    *list_paths("compare", CompareView, "compare"),
    path("compare.svg", CompareView.as_view(), {"format": "svg"}, name="compare-svg"),
    path(
        "statements/",
        csrf_exempt(require_safe(RedirectView.as_view(pattern_name="stance-list", query_string=True))),
    ),
    *detail_paths("statements/<slug:key>", pages.StatementView, "statement"),
    *list_paths("sources", lists.SourceList, "source-list"),
    *detail_paths("sources/<slug:slug>", pages.SourceView, "source"),
    *list_paths("search", Search, "search"),
    path("api/", include("stances.api.urls")),
    path("feeds/changes.atom", ChangesFeed.as_view(), name="changes-feed"),
    path("healthz", healthz, name="healthz"),
]
