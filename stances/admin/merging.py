"""Merging two rows at the desk: choose the other, look at all that would move, merge; and the addresses left behind."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from stances.admin.base import CuratedAdmin
from stances.admin.columns import change_url, named
from stances.forms import ChosenSelect
from stances.merge_preview import look_ahead
from stances.merging import merge
from stances.models import Actor, FormerSlug, Source, Stance, Statement, Topic

LISTED = 50
#: Fields whose autocomplete finds rows of a model.
FOUND_BY: dict[Any, Any] = {
    Actor: Stance._meta.get_field("actor"),
    Topic: Stance._meta.get_field("topic"),
    Source: Statement._meta.get_field("source"),
}


class MergeForm(forms.Form):
    """The other row of a merge, chosen by name or by address."""

    into = forms.ModelChoiceField(queryset=Actor.objects.none(), required=False, label="Merge it into")
    address = forms.SlugField(
        label="or the other's address",
        max_length=100,
        required=False,
        widget=AdminTextInputWidget,
        help_text="As at the end of its page's address.",
    )

    def __init__(self, *args, source, site, **kwargs):
        super().__init__(*args, **kwargs)
        self.source = source
        into = self.fields["into"]
        assert isinstance(into, forms.ModelChoiceField)  # for the type checker
        into.queryset = type(source)._default_manager.exclude(pk=source.pk)
        into.widget = ChosenSelect(FOUND_BY[type(source)], site)
        into.widget.choices = into.choices

    def clean(self):
        super().clean()
        into, address = self.cleaned_data.get("into"), self.cleaned_data.get("address")
        if address and not into:
            into = type(self.source)._default_manager.filter(slug=address).exclude(pk=self.source.pk).first()
            if into is None:
                self.add_error("address", "No other one has this address.")
        if not into and not self.errors:
            self.add_error("into", "Choose the other one.")
        self.cleaned_data["into"] = into


class MergingAdmin(CuratedAdmin):
    """Rows with an address, which can be merged and renamed."""

    actions: Any = ["merge_selected"]

    def has_merge_permission(self, request):
        return request.user.has_perm("stances.merge_actor")

    @admin.action(description="Merge the two", permissions=["merge"])
    def merge_selected(self, request, queryset):
        """Lead to the preview: the newer into the older, which the page can turn round."""
        pks = sorted(queryset.order_by().values_list("pk", flat=True)[:3])
        if len(pks) != 2:
            self.message_user(request, "Choose two rows to merge, no more and no less.", messages.ERROR)
            return None
        return HttpResponseRedirect(self._merge_url(pks[1], pks[0]))

    def _merge_url(self, pk: int, into: int | None = None) -> str:
        url = reverse(f"admin:stances_{self.model._meta.model_name}_merge", args=[pk])
        return f"{url}?{urlencode({'into': into})}" if into else url

    def get_urls(self):
        view = self.admin_site.admin_view(self.merge_view)
        name = f"stances_{self.model._meta.model_name}_merge"
        return [path("<int:pk>/merge/", view, name=name), *super().get_urls()]

    def merge_view(self, request, pk: int):
        """Choose the other row, show what a merge would do, and merge."""
        return self._write(request, self._merge_view, pk)

    def _merge_view(self, request, pk: int):
        if not self.has_merge_permission(request):
            raise PermissionDenied
        source = self.get_object(request, str(pk))
        if source is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        sent = request.POST if request.method == "POST" else request.GET or None
        form = MergeForm(sent, source=source, site=self.admin_site)
        target = form.cleaned_data["into"] if form.is_bound and form.is_valid() else None
        if target and request.method == "POST":
            return self._merge(request, source, target)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Merge {self.opts.verbose_name} “{source}” into another",
            "opts": self.opts,
            "row": source,
            "row_name": str(source),
            "target": target,
            "form": form,
            "media": self.media + form.media,
        }
        if target:
            context |= self._preview(source, target)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/stances/merge.html", context)

    def _merge(self, request, source, target):
        name = str(source)
        merge(source, target, by=request.user)
        url = reverse(f"admin:stances_{self.model._meta.model_name}_history", args=[target.pk])
        words = "“{}” is merged into “{}”. <a href='{}'>Its history</a> tells what moved, and can undo it."
        self.message_user(request, format_html(words, name, target, url), messages.SUCCESS)
        return HttpResponseRedirect(reverse(f"admin:stances_{self.model._meta.model_name}_change", args=[target.pk]))

    def _preview(self, source, target) -> dict[str, Any]:
        made = look_ahead(source, target)
        moving = [
            (it.label, it.count, [(change_url(row), named(row)) for row in it.rows], it.more) for it in made.moving
        ]
        meeting = [("one of the two stays", made.folded), ("they differ, which stops the merge", made.differing)]
        return {
            "preview": made,
            "moving": moving,
            "meeting": [
                (
                    words,
                    len(pairs),
                    [(change_url(one.statement), one.statement.key, one.wording, twin.wording) for one, twin in shown],
                    len(pairs) - len(shown),
                )
                for words, pairs in meeting
                if (shown := pairs[:LISTED])
            ],
            "other_way": self._merge_url(target.pk, source.pk),
        }

    # ---- addresses ----

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj:
            told = f"Another address leaves “{obj.slug}” behind, which leads here for ever, and is never another's."
            kwargs["help_texts"] = {**(kwargs.get("help_texts") or {}), "slug": f"The address of its page. {told}"}
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request, obj=None):
        return [*super().get_readonly_fields(request, obj), "former_addresses"]

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        (name, options), *rest = fieldsets
        fields = [*options["fields"]]
        fields.insert(fields.index("slug") + 1, "former_addresses")
        return [(name, {**options, "fields": fields}), *rest]

    @admin.display(description="Former addresses", empty_value="none")
    def former_addresses(self, row):
        former = FormerSlug.objects.for_model(self.model).filter(**{str(self.model._meta.model_name): row.pk})
        slugs = list(former.values_list("slug", flat=True)[: LISTED + 1])
        more = ", and more" if len(slugs) > LISTED else ""
        return (
            format_html("{}{}", format_html_join(", ", "{}", ((s,) for s in slugs[:LISTED])), more) if slugs else None
        )

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj and self.has_merge_permission(request) and not context["is_popup"]:
            context["merge_url"] = self._merge_url(obj.pk)
        return super().render_change_form(request, context, add, change, form_url, obj)
