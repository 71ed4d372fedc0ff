"""Actors, with what they belong to and who belongs to them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Prefetch
from django.template.loader import render_to_string

from stances.admin.base import CuratedAdmin, CuratedFields
from stances.admin.columns import list_link
from stances.admin.filters import HoldsFilter
from stances.admin.history import Part
from stances.admin.merging import MergingAdmin
from stances.forms import AffiliationFormSet, CuratedForm
from stances.models import Actor, Affiliation

LISTED = 100
IN_A_CELL = 3


class AffiliationInline(CuratedFields, admin.TabularInline):
    model = Affiliation
    fk_name = "actor"
    form = CuratedForm
    formset = AffiliationFormSet
    fields = ["of", "title", "authority", "start", "end"]
    autocomplete_fields = ["of"]
    ordering = ["start", "id"]
    verbose_name = "affiliation"
    verbose_name_plural = "belongs to"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor", "of")

    def get_extra(self, request, obj=None, **kwargs):
        return 0 if obj else 1


@admin.register(Actor)
class ActorAdmin(MergingAdmin):
    list_display = ["name", "kind", "short_name", "iso", "belongs_to", "slug"]
    list_filter = ["kind"]
    search_fields = ["name", "short_name", "aliases", "iso", "slug"]
    search_help_text = "Names, other names, ISO codes and addresses."
    ordering = ["name", "id"]
    names = ("name", "short_name", "iso")
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["members"]
    inlines = [AffiliationInline]
    history_parts = (Part(Affiliation, "actor", "Affiliation “{title}”, {of}"),)
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["kind", "name", "short_name", "slug"]}),
        ("Found by", {"fields": ["aliases", "iso", "wikidata"]}),
    ]

    def choice(self, row):
        return f"{row.name} ({row.get_kind_display()})"

    def get_fieldsets(self, request, obj=None):
        belonging = [("Who belongs to it", {"fields": ["members"], "classes": ["collapse"]})] if obj else []
        first, found, *rest = super().get_fieldsets(request, obj)
        return [first, found, *belonging, *rest]

    def get_changelist(self, request, **kwargs):
        return ActorChangeList

    def view_on_site(self, obj):
        return obj.get_absolute_url() if Actor.objects.public().filter(pk=obj.pk).exists() else None

    @admin.display(description="belongs to")
    def belongs_to(self, actor):
        held = [f"{held.title}, {held.of.label}" for held in actor.affiliations.all()]
        more = [f"and {len(held) - IN_A_CELL} more"] if len(held) > IN_A_CELL else []
        return "; ".join(held[:IN_A_CELL] + more)

    @admin.display(description="Members, offices, bodies")
    def members(self, actor):
        rows = actor.members.select_related("actor").order_by("-start", "pk")
        every = list_link("affiliation", f"All {rows.count():,} in a list", of__id__exact=actor.pk)
        return render_to_string("admin/stances/members.html", {"rows": rows[:LISTED], "every": every})


class ActorChangeList(ChangeList):
    """The list of actors, with what each belongs to."""

    def get_queryset(self, request, *args, **kwargs):
        held = Prefetch("affiliations", Affiliation.objects.select_related("of").order_by("-start", "pk"))
        return super().get_queryset(request, *args, **kwargs).prefetch_related(held)


@admin.register(Affiliation)
class AffiliationAdmin(CuratedAdmin):
    list_display = ["actor", "title", "of", "authority", "start", "end"]
    list_display_links = ["actor", "title"]
    list_filter = ["authority", HoldsFilter]
    list_select_related = ["actor", "of"]
    search_fields = ["title", "actor__name", "actor__aliases", "of__name", "of__aliases"]
    search_help_text = "Titles, and names of either actor."
    ordering = ["of__name", "start", "id"]
    autocomplete_fields = ["actor", "of"]
    bin_fields = ("actor", "title", "of")
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["actor", "of", "title", "authority"]}),
        ("When it holds", {"fields": [("start", "end")]}),
    ]
