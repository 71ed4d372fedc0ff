"""Statements: the form in which a passage is coded, with its stances, and the list that is the desk's queue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList

from stances import dialects, search
from stances.admin.coding import CodingOfStatements
from stances.admin.columns import short, stance_lines
from stances.admin.exporting import EXPORTS, StatementExport
from stances.admin.filters import CoderFilter, CommentFilter, RepeatsFilter, StatementTopicFilter, WarningFilter
from stances.admin.history import Part
from stances.admin.importing import TableImport
from stances.admin.life import LifeOfStatements, may_change
from stances.admin.lists import MOST_FOUND, Found, FoundPaginator
from stances.admin.review import ReviewOfStatements
from stances.admin.stances import StanceInline
from stances.forms import StatementForm
from stances.markup import filled, joined
from stances.models import Dismissal, Stance, Statement
from stances.vocabulary import Status
from stances.warnings import warnings_of_loaded, with_grounds

#: What is seldom asked for, folded; see admin/coding.py for what opens it.
SELDOM = "Source, language, repeats, primary text, address and offsets"
LIFE = ["status", "coder", "reviewer", "review_comment", "retraction_reason", "published_at"]


class StatementChangeList(ChangeList):
    """The list of statements, with the stances and warnings of each."""

    def get_queryset(self, request, *args, **kwargs):
        return with_grounds(super().get_queryset(request, *args, **kwargs))

    def get_results(self, request):
        super().get_results(request)
        warned = warnings_of_loaded(self.result_list)
        for row in self.result_list:
            row.warned = warned.get(row.pk, [])


@admin.register(Statement)
class StatementAdmin(TableImport, StatementExport, CodingOfStatements, ReviewOfStatements):
    actions: Any = [*LifeOfStatements.actions, *EXPORTS]
    form = StatementForm
    inlines = [StanceInline]
    history_parts = (Part(Stance, "statement", "Stance of {actor} on {topic}"),)
    history_beside = (Part(Dismissal, "statement", "Dismissal of a warning, “{code}” {about}"),)
    bin_fields = ("key", "summary")
    list_display = ["statement", "stage", "said", "speaker", "shows"]
    list_filter = [
        "status",
        CoderFilter,
        WarningFilter,
        "form",
        "authority",
        StatementTopicFilter,
        ("repeats", RepeatsFilter),
        ("review_comment", CommentFilter),
        "source__coverage",
    ]
    list_select_related = ["speaker", "coder"]
    date_hierarchy = "latest"
    search_fields = ["key", "summary", "quote", "occasion", "speaker__name", "speaker__aliases", "source__title"]
    search_help_text = (
        f"Keys, summaries, quotations, occasions, speakers and sources: the newest {MOST_FOUND:,} that are found."
    )
    ordering = ["-latest", "-id"]
    autocomplete_fields = ["source", "speaker", "repeats"]
    readonly_fields = LIFE
    fieldsets: ClassVar[Any] = [
        (
            None,
            {
                "fields": [
                    "quote",
                    ("locator", "form"),
                    "speaker",
                    "authority",
                    "said",
                    "occasion",
                    "summary",
                ]
            },
        ),
        (
            SELDOM,
            {
                "fields": ["source", ("language", "translated"), "repeats", "primary_url", "key", ("start", "end")],
                "classes": ["collapse"],
            },
        ),
    ]

    def get_fieldsets(self, request, obj=None):
        statement, seldom, *others = super().get_fieldsets(request, obj)
        if obj is None and not self.named_source(request):
            # Nothing tells yet which source it is of: that comes first.
            statement = (None, {"fields": ["source", *statement[1]["fields"]]})
            fields = [name for name in seldom[1]["fields"] if name != "source"]
            seldom = (SELDOM.removeprefix("Source, ").capitalize(), {**seldom[1], "fields": fields})
        if obj and obj.status == Status.DRAFT:
            others = [(name, {**options, "fields": [*options["fields"], "answer"]}) for name, options in others]
        fieldsets = [statement, *others]
        fieldsets.append(seldom)
        if obj:
            told = [name for name in LIFE if getattr(obj, name) or name in ("status", "coder")]
            fieldsets.append(("Its life", {"fields": told, "classes": ["collapse"]}))
        return fieldsets

    def get_readonly_fields(self, request, obj=None):
        return [*LIFE, "key"] if obj else LIFE

    def get_changelist(self, request, **kwargs):
        return StatementChangeList

    def get_search_results(self, request, queryset, search_term):
        """Find published statements as readers do, others by the beginnings of words, and any by its key."""
        if request.GET.get("field_name") == "repeats":
            queryset = queryset.filter(repeats=None)  # a repeat points to a statement that is none itself
        text = search_term.replace("\x00", "").strip()
        if not text:
            return queryset, False
        keyed = queryset.filter(key__startswith=text.lower()).order_by("-latest", "-pk")
        days = dict(keyed.values_list("pk", "latest")[:MOST_FOUND])
        if query := search.parse(text):
            asked_of = {search.STATEMENTS: query.begun(), search.UNPUBLISHED: query.begun_each()}
            days |= search.newest(queryset, asked_of, MOST_FOUND)
        newest = sorted(days.items(), key=lambda row: (row[1], row[0]), reverse=True)
        request.found = Found(queryset, dict(newest))
        return queryset.filter(pk__in=dialects.among(days)), False

    def get_paginator(self, request, queryset, per_page, *args, **kwargs):
        """Page what a search found without looking for it again, where it is in the order of the list."""
        found = getattr(request, "found", None)
        if found is None or list(queryset.query.order_by[: len(self.ordering)]) != self.ordering:
            return super().get_paginator(request, queryset, per_page, *args, **kwargs)
        return FoundPaginator(replace(found, rows=with_grounds(found.rows)), per_page)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def deleted_records(self, request):
        records = super().deleted_records(request)
        return records if self.has_review_permission(request) else records.filter(coder=request.user.pk)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.coder = request.user
        obj._answer = form.cleaned_data.get("answer", "")
        super().save_model(request, obj, form, change)

    def view_on_site(self, obj):
        return obj.get_absolute_url() if obj.status in (Status.PUBLISHED, Status.RETRACTED) else None

    @admin.display(description="status", ordering="status")
    def stage(self, statement):
        return filled('{}<div class="quiet">{}</div>', Status(statement.status).label, statement.coder or "")

    @admin.display(ordering="latest")
    def said(self, statement):
        date = statement.date
        return date.words(short=True) if date.is_exact else f"{date} ({date.words(short=True)})"

    @admin.display(description="statement", ordering="key")
    def statement(self, statement):
        open_ones = (warning.code.label for warning in statement.warned if warning.is_open)
        flags = joined((filled('<span class="flag">{}</span>', label) for label in open_ones), " ")
        return filled('{}<div class="quiet">{}</div>{}', statement.key, short(statement.summary), flags)

    @admin.display(description="stances")
    def shows(self, statement):
        return stance_lines(statement.stances.all())
