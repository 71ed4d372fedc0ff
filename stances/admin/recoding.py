"""Recoding many stances from their list: choose what to set, look at each that would differ, apply as one change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.text import capfirst

from stances.admin.base import CuratedAdmin
from stances.admin.changes import ChangesPages, change_page, differences
from stances.forms import ChosenSelect
from stances.models import Actor, Stance, Topic
from stances.recoding import Plan, plan_recode, recode
from stances.vocabulary import SIGNS, WORDS, Basis, Voice

LISTED = 100
KEEP = [("", "as it is")]
SIDES = [(f"{value} {terms}".strip(), f"{SIGNS[value]} {words}") for (value, terms), words in WORDS.items()]


class RecodeForm(forms.Form):
    """What to set on many stances; what is left empty stays as it is."""

    name = forms.CharField(
        max_length=80,
        widget=AdminTextInputWidget,
        help_text="What the change is, as in “exercises moved to their own topic”. The history keeps it.",
    )
    topic: Any = forms.ModelChoiceField(queryset=Topic.objects.all(), required=False)
    actor: Any = forms.ModelChoiceField(queryset=Actor.objects.all(), required=False)
    position = forms.ChoiceField(label="Position and terms", choices=[*KEEP, *SIDES], required=False)
    attribution = forms.ChoiceField(choices=[*KEEP, *Voice.choices], required=False)
    basis = forms.ChoiceField(choices=[*KEEP, *Basis.choices], required=False)
    condition = forms.CharField(max_length=300, required=False, widget=AdminTextInputWidget)
    no_condition = forms.BooleanField(label="Empty the condition", required=False)

    prefix = "set"
    required_css_class = "required"

    def __init__(self, *args, site, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("topic", "actor"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # for the type checker
            field.widget = ChosenSelect(Stance._meta.get_field(name), site)
            field.widget.choices = field.choices

    def clean(self):
        super().clean()
        if self.cleaned_data.get("condition") and self.cleaned_data.get("no_condition"):
            self.add_error("no_condition", "Write a condition, or empty it.")
        if not self.errors and not self.values():
            raise ValidationError("Choose what to set.")

    def values(self) -> dict[str, Any]:
        """Give what is to be set, by field of the stance."""
        data = self.cleaned_data
        values = {name: data[name] for name in ("topic", "actor", "attribution", "basis", "condition") if data[name]}
        if data["position"]:
            value, _, terms = data["position"].partition(" ")
            values |= {"position": int(value), "terms": terms}
        if data["no_condition"]:
            values["condition"] = ""
        return values


class RecodingAdmin(ChangesPages, CuratedAdmin):
    """The action on many stances, whose pages are answers of the list itself: they know its filters and selection."""

    actions: Any = ["recode_selected"]

    @admin.action(description="Recode…", permissions=["change"])
    def recode_selected(self, request, queryset):
        sent = request.POST
        form = RecodeForm(sent if "set-name" in sent else None, site=self.admin_site)
        if "again" in sent or not form.is_bound or not form.is_valid():
            return self._recode_page(request, queryset, form, None)
        values, name = form.values(), form.cleaned_data["name"]
        if "apply" in sent:
            try:
                change = recode(queryset, values, name=name, by=request.user, expected=sent.get("expected") or "-")
            except ValidationError as error:  # it refuses before it writes anything
                self.message_user(request, " ".join(error.messages), messages.ERROR)
            else:
                written = change.records(Stance).order_by()
                url = change_page(Stance, written.values_list("history_id", flat=True)[:1].get())
                count = written.count()
                words = "{}: {} changed. <a href='{}'>It can be reverted as one.</a>"
                told = format_html(
                    words, capfirst(change.reason), "1 stance" if count == 1 else f"{count:,} stances", url
                )
                self.message_user(request, told, messages.SUCCESS)
                return None
        return self._recode_page(request, queryset, form, plan_recode(queryset, values, by=request.user))

    def _recode_page(self, request, queryset, form: RecodeForm, plan: Plan | None):
        count = queryset.count()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Recode {count:,} stance{'' if count == 1 else 's'}",
            "opts": self.opts,
            "form": form,
            "media": self.media + form.media,
            "selected": {
                "name": ACTION_CHECKBOX_NAME,
                "values": request.POST.getlist(ACTION_CHECKBOX_NAME),
                "across": "1" if request.POST.get("select_across") == "1" else "0",
            },
            "plan": plan,
            "rows": differences(plan, LISTED) if plan else [],
            "more": len(plan.rows) - LISTED if plan else 0,
            "problems": plan.problems[:LISTED] if plan else [],
            "more_problems": len(plan.problems) - LISTED if plan else 0,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/stances/recode.html", context)
