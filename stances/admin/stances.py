"""Stances: inside their statement, where they are made and end, and as a list to search."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Q

from stances.admin.base import CuratedFields
from stances.admin.coding import beside_stance
from stances.admin.columns import tile
from stances.admin.exporting import EXPORTS, StanceExport
from stances.admin.filters import AuthorityFilter, TopicFilter
from stances.admin.life import may_change
from stances.admin.lists import of_names
from stances.admin.recoding import RecodingAdmin
from stances.forms import ReasonedStanceForm, StanceForm, StanceFormSet
from stances.models import Stance, Statement

ROWS: list[Any] = [
    ("actor", "topic"),
    "position",
    "terms",
    ("condition", "basis"),
    "attribution",
    "rationale",
]


class StanceInline(CuratedFields, admin.StackedInline):
    model = Stance
    form = StanceForm
    formset = StanceFormSet
    template = "admin/stances/statement/stances.html"
    fields = [ROWS[0], "topic_in_words", *ROWS[1:]]
    readonly_fields = ["topic_in_words"]
    autocomplete_fields = ["actor", "topic"]
    ordering = ["topic__rank", "id"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor", "topic")

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # Beside these narrow fields stands only what adds a row that is missing.
            field.widget.can_change_related = field.widget.can_view_related = False
        return field

    @admin.display(description="Proposition")
    def topic_in_words(self, stance):
        return beside_stance(stance)

    def get_extra(self, request, obj=None, **kwargs):
        return 0 if obj and obj.stances.exists() else 1

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or may_change(request.user, obj))


@admin.register(Stance)
class StanceAdmin(RecodingAdmin, StanceExport):
    """A list to search and to mend by; stances come and go with their statement's form."""

    actions: Any = ["recode_selected", *EXPORTS]
    form = ReasonedStanceForm
    list_display = ["actor", "topic", "held", "stated", "attribution", "speaker", "status"]
    list_filter = [
        "statement__status",
        "position",
        "terms",
        "attribution",
        "basis",
        AuthorityFilter,
        "role",
        TopicFilter,
    ]
    list_select_related = ["actor", "topic", "speaker", "statement"]
    date_hierarchy = "stated_on"
    search_fields = ["actor__name", "actor__aliases", "topic__name", "condition", "rationale", "statement__key"]
    search_help_text = "Actors, topics, conditions, rationales, and how keys of statements begin."
    ordering = ["-stated_on", "-id"]
    autocomplete_fields = ["actor", "topic"]
    readonly_fields = ["statement", "stated_on", "role"]
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["statement", "stated_on", *ROWS]}),
        ("In its series", {"fields": ["role"]}),
    ]

    def get_search_results(self, request, queryset, search_term):
        def also(word: str) -> Q:
            keyed = Statement.objects.filter(key__startswith=word.lower()).order_by().values("pk")
            return Q(condition__icontains=word) | Q(rationale__icontains=word) | Q(statement__in=keyed)

        return queryset.filter(of_names(search_term.replace("\x00", ""), also)), False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or may_change(request.user, obj.statement))

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="position", ordering="position")
    def held(self, stance):
        return tile(stance.position, stance.terms)

    @admin.display(description="status", ordering="statement__status")
    def status(self, stance):
        return stance.statement.get_status_display()

    @admin.display(description="said", ordering="stated_on")
    def stated(self, stance):
        return stance.statement.date.words(short=True)
