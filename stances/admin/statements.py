"""Statements: the form in which a passage is coded, with its stances, and the list that is the desk's queue."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Prefetch
from django.utils.html import format_html

from stances.admin.columns import short, stance_lines
from stances.admin.filters import CoderFilter, StatementTopicFilter
from stances.admin.history import Part
from stances.admin.life import LifeOfStatements, may_change
from stances.admin.stances import StanceInline
from stances.forms import StatementForm
from stances.models import Stance, Statement
from stances.vocabulary import Status

LIFE = ["status", "coder", "reviewer", "review_comment", "retraction_reason", "published_at"]


class StatementChangeList(ChangeList):
    """The list of statements, with the stances of each."""

    def get_queryset(self, request, *args, **kwargs):
        stances = Stance.objects.select_related("actor", "topic").order_by("topic__rank", "pk")
        rows = super().get_queryset(request, *args, **kwargs)
        return rows.prefetch_related(Prefetch("stances", stances))


@admin.register(Statement)
class StatementAdmin(LifeOfStatements):
    form = StatementForm
    inlines = [StanceInline]
    history_parts = (Part(Stance, "statement", "Stance of {actor} on {topic}"),)
    list_display = ["statement", "stage", "said", "speaker", "shows"]
    list_filter = [
        "status",
        CoderFilter,
        "form",
        "authority",
        StatementTopicFilter,
        ("repeats", admin.EmptyFieldListFilter),
        "source__coverage",
    ]
    list_select_related = ["speaker", "coder"]
    date_hierarchy = "latest"
    search_fields = ["key", "summary", "quote", "occasion", "speaker__name", "speaker__aliases", "source__title"]
    search_help_text = "Keys, summaries, quotations, occasions, speakers and sources."
    ordering = ["-latest", "-id"]
    autocomplete_fields = ["source", "speaker", "repeats"]
    readonly_fields = LIFE
    fieldsets: ClassVar[Any] = [
        ("Where it stands", {"fields": ["source", "locator"]}),
        ("Who said it, and when", {"fields": ["speaker", "authority", "said", "occasion"]}),
        ("The words", {"fields": ["form", "quote", ("language", "translated"), "summary"]}),
        ("Links", {"fields": ["repeats", "primary_url"]}),
        ("Address, and offsets in the text", {"fields": ["key", ("start", "end")], "classes": ["collapse"]}),
    ]

    def get_fieldsets(self, request, obj=None):
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj:
            told = [name for name in LIFE if getattr(obj, name) or name in ("status", "coder")]
            fieldsets.insert(0, ("Its life", {"fields": told}))
        return fieldsets

    def get_readonly_fields(self, request, obj=None):
        return [*LIFE, "key"] if obj else LIFE

    def get_changelist(self, request, **kwargs):
        return StatementChangeList

    def get_search_results(self, request, queryset, search_term):
        rows, distinct = super().get_search_results(request, queryset, search_term)
        if request.GET.get("field_name") == "repeats":
            rows = rows.filter(repeats=None)  # a repeat points to a statement that is none itself
        return rows, distinct

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def save_model(self, request, obj, form, change):
        if not change:
            obj.coder = request.user
        super().save_model(request, obj, form, change)

    def view_on_site(self, obj):
        return obj.get_absolute_url() if obj.status in (Status.PUBLISHED, Status.RETRACTED) else None

    @admin.display(description="status", ordering="status")
    def stage(self, statement):
        return format_html('{}<div class="quiet">{}</div>', statement.get_status_display(), statement.coder or "")

    @admin.display(ordering="latest")
    def said(self, statement):
        date = statement.date
        return date.words(short=True) if date.is_exact else f"{date} ({date.words(short=True)})"

    @admin.display(description="statement", ordering="key")
    def statement(self, statement):
        return format_html('{}<div class="quiet">{}</div>', statement.key, short(statement.summary))

    @admin.display(description="stances")
    def shows(self, statement):
        return stance_lines(statement.stances.all())
