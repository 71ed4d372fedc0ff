"""The site of the editors' desk: Django's admin, with its models in the order of the work."""

from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import include, path, reverse

from stances.forms import ids_among
from stances.limits import uncompiled

ORDER = ["Statement", "Source", "Actor", "Affiliation", "Topic", "Stance", "Position", "FormerSlug", "Import"]


class Autocomplete(AutocompleteJsonView):
    """Rows to choose from, those whose name begins with the words first, each with what tells it from its like."""

    def get_queryset(self):
        told: Any = self.model_admin
        rows = super().get_queryset().select_related(*(told.list_select_related or ()))
        return told.best_first(rows, self.term) if hasattr(told, "best_first") else rows

    def serialize_result(self, obj, to_field_name):
        told: Any = self.model_admin
        result = super().serialize_result(obj, to_field_name)
        return result | {"text": told.choice(obj)} if hasattr(told, "choice") else result


class Desk(admin.AdminSite):
    site_header = "Stances: editors' desk"
    site_title = "Stances: editors' desk"
    index_title = "Desk"

    def admin_view(self, view, cacheable=False):
        """Refuse what a database cannot compare: a NUL in an address, a chosen row that is no id; see Django's own.

        No query of a page is compiled, those that its template asks included.
        """
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def checked(request, *args, **kwargs):
            searching = request.path == reverse(f"{self.name}:autocomplete")  # which finds nothing, as it should
            if not searching and any("\x00" in value for _, values in request.GET.lists() for value in values):
                messages.error(request, "The address held a character that no value has, and was not followed.")
                return HttpResponseRedirect(reverse(f"{self.name}:index"))
            if request.method == "POST" and ACTION_CHECKBOX_NAME in request.POST:
                request.POST = request.POST.copy()
                request.POST.setlist(ACTION_CHECKBOX_NAME, ids_among(request.POST.getlist(ACTION_CHECKBOX_NAME)))
            if request.method != "GET":
                return inner(request, *args, **kwargs)
            with uncompiled():
                answer = inner(request, *args, **kwargs)
                return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer

        return checked

    def autocomplete_view(self, request):
        return Autocomplete.as_view(admin_site=self)(request)

    def get_urls(self):
        of_stances: Any = self.get_model_admin(apps.get_model("stances", "Stance"))
        return [path("stances/", include(of_stances.changes_urls())), *super().get_urls()]

    def index(self, request, extra_context=None):
        from stances import practice  # the models are not there yet when the site is made
        from stances.queues import sections

        queues = sections(request.user)
        nothing_waits = bool(queues) and not any(queue.count for queue in queues)
        context = {
            "sections": queues,
            "nothing_waits": nothing_waits,
            "practice": practice.article() if nothing_waits else None,
        }
        return super().index(request, {**context, **(extra_context or {})})

    def get_app_list(self, request, app_label=None):
        listed = super().get_app_list(request, app_label)
        for app in listed:
            if app["app_label"] == "stances":
                app["models"].sort(key=lambda model: (*ORDER, model["object_name"]).index(model["object_name"]))
                if request.user.has_perm("stances.view_stance"):
                    page = {"name": "Changes of many rows", "object_name": "Changes", "view_only": True}
                    app["models"].append({**page, "admin_url": reverse(f"{self.name}:stances_changes")})
        return sorted(listed, key=lambda app: app["app_label"] != "stances")


class DeskConfig(AdminConfig):
    default_site = "stances.desk.Desk"
