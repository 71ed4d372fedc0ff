"""Sources, with what was coded from them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from stances import search
from stances.admin.coding import coding_url, may_code, may_read_texts
from stances.admin.columns import list_link, stance_lines
from stances.admin.merging import MergingAdmin
from stances.coding import CodedArticle
from stances.forms import SourceForm
from stances.models import Source, Stance, Statement
from stances.vocabulary import Coverage

LISTED = 100


class SourceChangeList(ChangeList):
    """The list of sources, with how many statements each has."""

    def get_queryset(self, request, *args, **kwargs):
        coded = Statement.objects.filter(source=OuterRef("pk")).order_by().values("source").annotate(n=Count("pk"))
        rows = super().get_queryset(request, *args, **kwargs)
        return rows.annotate(coded=Coalesce(Subquery(coded.values("n")), 0))


@admin.register(Source)
class SourceAdmin(MergingAdmin):
    form = SourceForm
    list_display = ["title", "publisher", "published_on", "kind", "how_much", "statement_count", "slug"]
    list_filter = ["coverage", "kind", "date_basis"]
    list_select_related = ["publisher"]
    date_hierarchy = "published_on"
    search_fields = ["title", "author", "publisher__name", "publisher__aliases", "slug", "url"]
    search_help_text = "Titles, authors, publishers and addresses."
    ordering = ["-published_on", "-id"]
    names = ("title", "publisher__name", "publisher__short_name")
    autocomplete_fields = ["publisher", "found_in"]
    prepopulated_fields = {"slug": ["title"]}
    bin_fields = ("title", "published_on")
    readonly_fields = ["coded_here", "no_longer_there"]
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["kind", "title", "publisher", "author", "slug"]}),
        ("When it appeared", {"fields": [("published_on", "date_basis"), "date_note"]}),
        ("Where it is found", {"fields": ["url", "archive_url", "found_in", "language"]}),
        ("Coding", {"fields": ["coverage"]}),
        ("Text, for editors only", {"fields": ["text", "text_file", "text_sha256"], "classes": ["collapse"]}),
    ]

    def choice(self, row):
        told = [row.publisher.label if row.publisher else "", row.published_on.isoformat() if row.published_on else ""]
        return f"{row.title} ({', '.join(filter(None, told)) or 'no publisher, no date'})"

    def get_queryset(self, request):
        return super().get_queryset(request).defer("text")

    def get_search_results(self, request, queryset, search_term):
        """Find sources by the index of search, and by the beginning of their addresses."""
        term = search_term.replace("\x00", "").strip()
        if not term:
            return queryset, False
        found = search.filtered(Source.objects.order_by(), search.SOURCES, term, begun=True).values("pk")
        return queryset.filter(Q(pk__in=found) | Q(slug__startswith=term.lower()) | Q(url__startswith=term)), False

    def get_fieldsets(self, request, obj=None):
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj:
            lost = ["no_longer_there"] if obj.text and may_read_texts(request.user) else []
            fieldsets[3] = ("Coding", {"fields": ["coverage", "coded_here", *lost]})
        name, text = fieldsets[4]
        if obj is None:  # the text is what a source is added for
            text = {"fields": ["text", "text_file"]}
            fieldsets[4] = (name, text)
        if not may_read_texts(request.user):
            fieldsets[4] = (name, {**text, "fields": ["text_sha256"] if obj else []})
        elif not self.has_change_permission(request, obj):
            fieldsets[4] = (name, {**text, "fields": ["text", "text_sha256"]})
        return fieldsets

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if may_code(request.user) and not context["is_popup"]:
            context["show_save_and_code"] = True
            if obj:
                context["coding_url"] = coding_url(obj.pk)
        return super().render_change_form(request, context, add, change, form_url, obj)

    # ---- after a save ----

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if obj.text_sha256 and "text" in form.changed_data:
            same = Source.objects.filter(text_sha256=obj.text_sha256).exclude(pk=obj.pk).first()
            if same:
                link = format_html('<a href="{}">{}</a>', reverse("admin:stances_source_change", args=[same.pk]), same)
                self.message_user(request, format_html("{} has the same text.", link), messages.WARNING)

    def response_add(self, request, obj, post_url_continue=None):
        return self._code(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._code(request, obj) or super().response_change(request, obj)

    def _code(self, request, obj):
        if "_code" not in request.POST or not may_code(request.user):
            return None
        self.message_user(request, f"{obj} is saved. Select words in it to record the first statement.")
        return HttpResponseRedirect(coding_url(obj.pk))

    def get_changelist(self, request, **kwargs):
        return SourceChangeList

    def _row_with_history(self, request, object_id):
        if not may_read_texts(request.user):
            raise PermissionDenied  # its texts are in it
        return super()._row_with_history(request, object_id)

    def view_on_site(self, obj):
        return obj.get_absolute_url() if Source.objects.public().filter(pk=obj.pk).exists() else None

    @admin.display(description="coverage", ordering="coverage")
    def how_much(self, source):
        """Say how much of it was coded; of one with no statements nothing is claimed that was not found."""
        begun = source.coded or source.coverage == Coverage.NOTHING
        return source.get_coverage_display() if begun else "not coded yet"

    @admin.display(description="statements", ordering="coded")
    def statement_count(self, source):
        return list_link("statement", f"{source.coded:,}", source__id__exact=source.pk) if source.coded else 0

    @admin.display(description="No longer in the text")
    def no_longer_there(self, source):
        return render_to_string("admin/stances/source/lost.html", {"lost": CodedArticle(source).lost})

    @admin.display(description="Statements")
    def coded_here(self, source):
        stances = Stance.objects.select_related("actor", "topic").order_by("topic__rank", "pk")
        rows = source.statements.select_related("speaker").order_by("pk")
        listed = rows.prefetch_related(Prefetch("stances", stances))[:LISTED]
        context = {
            "rows": [(row, stance_lines(row.stances.all())) for row in listed],
            "every": list_link("statement", f"All {rows.count():,} in a list", source__id__exact=source.pk),
            "source": source,
        }
        return render_to_string("admin/stances/coded.html", context)
