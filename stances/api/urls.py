"""The addresses of the API."""

from django.urls import path, re_path

from stances.api import views
from stances.api.pages import ApiDocsView

urlpatterns = [
    path("v1/", views.Index.as_view(), name="api"),
    path("v1/actors/", views.ActorList.as_view(), name="api-actors"),
    path("v1/actors/<slug:slug>/", views.ActorDetail.as_view(), name="api-actor"),
    path("v1/topics/", views.TopicList.as_view(), name="api-topics"),
    path("v1/topics/<slug:slug>/", views.TopicDetail.as_view(), name="api-topic"),
    path("v1/sources/", views.SourceList.as_view(), name="api-sources"),
    path("v1/sources/<slug:slug>/", views.SourceDetail.as_view(), name="api-source"),
    path("v1/statements/", views.StatementList.as_view(), name="api-statements"),
    path("v1/statements/<slug:key>/", views.StatementDetail.as_view(), name="api-statement"),
    path("v1/stances/", views.StanceList.as_view(), name="api-stances"),
    path("v1/positions/", views.PositionList.as_view(), name="api-positions"),
    path("v1/changes/", views.ChangeList.as_view(), name="api-changes"),
    path("v1/schema/", views.SchemaView.as_view(), name="api-schema"),
    path("v1/docs/", ApiDocsView.as_view(), name="api-docs"),
    re_path(r"^(?:.*/)?\Z", views.Nothing.as_view()),
]
