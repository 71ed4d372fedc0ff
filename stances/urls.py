"""The public addresses. Each list has twins in CSV and JSON, each page of one thing a twin in JSON."""

from django.urls import path
from django.views.generic import RedirectView

from stances.views import lists, pages
from stances.views.health import healthz


def list_paths(address: str, view, name: str) -> list:
    """Name a list's page and, with .csv and .json in place of its final slash, its exports."""
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


urlpatterns = [
    path("", pages.HomeView.as_view(), name="home"),
    path("about/", pages.AboutView.as_view(), name="about"),
    *list_paths("stances", lists.StanceList, "stance-list"),
    *list_paths("changes", lists.ChangeList, "change-list"),
    *list_paths("positions", lists.PositionList, "position-list"),
    *list_paths("actors", lists.ActorList, "actor-list"),
    *detail_paths("actors/<slug:slug>", pages.ActorView, "actor"),
    *list_paths("topics", lists.TopicList, "topic-list"),
    *detail_paths("topics/<slug:slug>", pages.TopicView, "topic"),
    path("statements/", RedirectView.as_view(pattern_name="stance-list", query_string=True)),
    *detail_paths("statements/<slug:key>", pages.StatementView, "statement"),
    *list_paths("sources", lists.SourceList, "source-list"),
    *detail_paths("sources/<slug:slug>", pages.SourceView, "source"),
    path("healthz", healthz, name="healthz"),
]
