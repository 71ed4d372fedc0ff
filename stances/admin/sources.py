"""Sources, with what was coded from them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string

from stances.admin.base import CuratedAdmin
from stances.admin.columns import list_link, stance_lines
from stances.forms import SourceForm
from stances.models import Source, Stance, Statement

LISTED = 100


class SourceChangeList(ChangeList):
    """The list of sources, with how many statements each has."""

    def get_queryset(self, request, *args, **kwargs):
        coded = Statement.objects.filter(source=OuterRef("pk")).order_by().values("source").annotate(n=Count("pk"))
        rows = super().get_queryset(request, *args, **kwargs)
        return rows.annotate(coded=Coalesce(Subquery(coded.values("n")), 0))


@admin.register(Source)
class SourceAdmin(CuratedAdmin):
    form = SourceForm
    list_display = ["title", "publisher", "published_on", "kind", "coverage", "statement_count", "slug"]
    list_filter = ["coverage", "kind", "date_basis"]
    list_select_related = ["publisher"]
    date_hierarchy = "published_on"
    search_fields = ["title", "author", "publisher__name", "publisher__aliases", "slug", "url"]
    search_help_text = "Titles, authors, publishers and addresses."
    ordering = ["-published_on", "-id"]
    names = ("title", "publisher__name", "publisher__short_name")
    autocomplete_fields = ["publisher", "found_in"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["coded_here"]
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["kind", "title", "publisher", "author", "slug"]}),
        ("When it appeared", {"fields": [("published_on", "date_basis"), "date_note"]}),
        ("Where it is found", {"fields": ["url", "archive_url", "found_in", "language"]}),
        ("Coding", {"fields": ["coverage"]}),
        ("Text, for editors only", {"fields": ["text", "text_sha256"], "classes": ["collapse"]}),
    ]

    def choice(self, row):
        told = [row.publisher.label if row.publisher else "", row.published_on.isoformat() if row.published_on else ""]
        return f"{row.title} ({', '.join(filter(None, told)) or 'no publisher, no date'})"

    def get_queryset(self, request):
        return super().get_queryset(request).defer("text")

    def get_fieldsets(self, request, obj=None):
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj:
            fieldsets[3] = ("Coding", {"fields": ["coverage", "coded_here"]})
        return fieldsets

    def get_changelist(self, request, **kwargs):
        return SourceChangeList

    def view_on_site(self, obj):
        return obj.get_absolute_url() if Source.objects.public().filter(pk=obj.pk).exists() else None

    @admin.display(description="statements", ordering="coded")
    def statement_count(self, source):
        return list_link("statement", str(source.coded), source__id__exact=source.pk) if source.coded else 0

    @admin.display(description="Statements")
    def coded_here(self, source):
        stances = Stance.objects.select_related("actor", "topic").order_by("topic__rank", "pk")
        rows = source.statements.select_related("speaker").order_by("pk")
        listed = rows.prefetch_related(Prefetch("stances", stances))[:LISTED]
        context = {
            "rows": [(row, stance_lines(row.stances.all())) for row in listed],
            "every": list_link("statement", f"All {rows.count()} in a list", source__id__exact=source.pk),
            "source": source,
        }
        return render_to_string("admin/stances/coded.html", context)
