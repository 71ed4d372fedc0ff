"""What the program keeps by itself, to be looked at: positions, addresses left behind, and files that were imported."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from stances.admin.columns import tile
from stances.admin.filters import TopicFilter
from stances.admin.lists import CheckedLists, of_names
from stances.models import FormerSlug, Import, Position


class ReadOnlyAdmin(CheckedLists):
    """Rows that nobody writes by hand."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    list_display = [
        "actor",
        "topic",
        "held",
        "voice",
        "since",
        "until",
        "before",
        "kind",
        "confirmations",
    ]
    list_filter = ["voice", "kind", "value", TopicFilter]
    list_select_related = ["actor", "topic"]
    date_hierarchy = "since"
    search_fields = ["actor__name", "actor__aliases", "topic__name"]
    search_help_text = "Actors and topics."
    ordering = ["-since", "-id"]
    fields = [
        ("actor", "topic"),
        ("held", "voice"),
        ("since", "until"),
        ("before", "kind"),
        "opened_by",
        ("confirmations", "last_stated_on"),
    ]

    def get_search_results(self, request, queryset, search_term):
        return queryset.filter(of_names(search_term.replace("\x00", ""))), False

    @admin.display(description="position", ordering="value")
    def held(self, position):
        return tile(position.value, position.terms)

    @admin.display(description="before", ordering="previous_value", empty_value="")
    def before(self, position):
        return None if position.previous_value is None else tile(position.previous_value, position.previous_terms)

    @admin.display(description="opened by")
    def opened_by(self, position):
        statement = position.opening.statement
        url = reverse("admin:stances_statement_change", args=[statement.pk])
        return format_html('<a href="{}">{}</a>', url, statement)


@admin.register(FormerSlug)
class FormerSlugAdmin(ReadOnlyAdmin):
    list_display = ["slug", "kind", "leads_to"]
    list_filter = ["kind"]
    list_select_related = ["actor", "topic", "source"]
    search_fields = ["slug"]
    fields = ["slug", "kind", "leads_to"]
    ordering = ["kind", "slug"]

    @admin.display(description="leads to", empty_value="nothing any more")
    def leads_to(self, former):
        if former.target is None:
            return None
        url = reverse(f"admin:stances_{former.kind}_change", args=[former.target_id])
        return format_html('<a href="{}">{}</a>', url, former.target)


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = ["name", "at", "by", "done", "sha256"]
    list_select_related = ["by"]
    date_hierarchy = "at"
    search_fields = ["name", "sha256"]
    search_help_text = "Names and sums of files."
    ordering = ["-at", "-id"]
    fields = ["name", "sha256", "at", "by", "done"]

    @admin.display(description="rows")
    def done(self, imported):
        return imported.done
