"""Topics, listed as the tree that they are."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.utils.html import format_html

from stances.admin.lists import DeskPaginator
from stances.admin.merging import MergingAdmin
from stances.models import Topic

DEPTHS = 6
PUBLIC_AT_ONCE = (
    "Readers see a topic as soon as it is saved, with the group and the candidate that it names, whether or not "
    "anything has been published on it. Only the notes for coders stay here."
)


class TopicChangeList(ChangeList):
    """The list of topics, parents first; there is no other order."""

    def get_ordering(self, request, queryset):
        return ["tree_ordering"]


@admin.register(Topic)
class TopicAdmin(MergingAdmin):
    list_display = ["indented", "short_name", "proposition", "candidate", "group", "first_page", "slug"]
    list_select_related = ["candidate", "group"]
    sortable_by = ()
    search_fields = ["name", "short_name", "proposition", "slug"]
    search_help_text = "Names, propositions and addresses."
    list_per_page = 200
    paginator = DeskPaginator  # they are few, and in the order of their tree
    autocomplete_fields = ["parent", "group", "candidate"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["name", "short_name", "proposition", "slug"], "description": PUBLIC_AT_ONCE}),
        ("Its place", {"fields": [("parent", "rank"), ("group", "candidate")]}),
        ("For coders", {"fields": ["coding_notes"]}),
        ("On the first page", {"fields": ["featured", "question", "about"]}),
    ]

    def get_queryset(self, request):
        rows: Any = super().get_queryset(request)
        return rows.in_order()

    def get_changelist(self, request, **kwargs):
        return TopicChangeList

    def view_on_site(self, obj):
        return obj.get_absolute_url()

    @admin.display(description="first page")
    def first_page(self, topic):
        return "asks it" if topic.featured else ""

    @admin.display(description="topic")
    def indented(self, topic):
        return format_html('<span class="depth-{}">{}</span>', min(topic.tree_depth, DEPTHS), topic.name)
