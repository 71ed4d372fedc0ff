"""What a reviewer reads at the desk: warnings with their dismissals, what publishing will do, the conversation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from stances import effects
from stances.admin.columns import short
from stances.admin.life import LifeOfStatements
from stances.admin.lists import InTurn
from stances.conversations import conversation
from stances.forms import DismissalForm, ids_among
from stances.models import Dismissal, Statement
from stances.vocabulary import UNPUBLISHED, Status
from stances.warnings import Code, Warning, warnings_of, warnings_of_loaded, with_grounds

EXAMINED = 200


class WarningsForm(forms.Form):
    """Which warnings the page of warnings lists."""

    code = forms.ChoiceField(label="Warning", required=False, choices=[("", "all"), *Code.choices])
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "open"), ("dismissed", "dismissed"), ("all", "open and dismissed")]
    )
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "all"), *[choice for choice in Status.choices if choice[0] != Status.RETRACTED]],
    )
    coder = forms.ChoiceField(label="Coder", required=False, choices=[("", "all"), ("me", "me")])

    def wanted(self, user) -> list[QuerySet[Statement]]:
        """Give the statements to look at, the newest first: what is not yet public, then what is."""
        rows = with_grounds(Statement.objects.select_related("coder").order_by("-pk"))
        if self.cleaned_data.get("coder"):
            rows = rows.filter(coder=user)
        if status := self.cleaned_data.get("status"):
            return [rows.filter(status=status)]
        return [rows.filter(status__in=UNPUBLISHED), rows.filter(status=Status.PUBLISHED)]

    def keeps(self, warning: Warning) -> bool:
        code, state = self.cleaned_data.get("code"), self.cleaned_data.get("state")
        return code in ("", None, warning.code) and (state == "all" or warning.is_open == (state != "dismissed"))


class ReviewOfStatements(LifeOfStatements):
    """The change form's review, the page of warnings, and what dismisses them."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("warnings/", view(self.warnings_view), name="stances_statement_warnings"),
            path("<int:pk>/dismiss/", view(self.dismiss_view), name="stances_statement_dismiss"),
            *super().get_urls(),
        ]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            warned = warnings_of([obj]).get(obj.pk, [])
            context |= {
                "warned": warned,
                "warnings_open": any(each.is_open for each in warned),
                "may_dismiss": self.has_change_permission(request, obj),
                "foretold": self._foretold(obj),
                "turns": conversation(obj),
                "here": request.path,
            }
            if request.method == "GET":
                self._fill_in_repeats(request, context, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _foretold(self, obj: Statement) -> list[str]:
        return effects.of_publishing([obj])[0].lines if obj.status == Status.SUBMITTED else []

    def _fill_in_repeats(self, request, context, obj: Statement) -> None:
        """Take the statement that this one repeats from the address, where a warning offers it."""
        form = context["adminform"].form
        wanted = ids_among(request.GET.getlist("repeats"))[:1]
        first = Statement.objects.filter(pk__in=wanted, repeats=None).exclude(pk=obj.pk).first()
        if first and "repeats" in form.fields:
            form.initial["repeats"] = first.pk
            self.message_user(request, f"“Repeats” is filled in with {first.key}: save to keep it.", messages.INFO)

    # ---- warnings ----

    def warnings_view(self, request):
        """List warnings of statements, looked for among so many of them a page."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        form = WarningsForm(request.GET)
        form.is_valid()  # a choice that makes no sense is told at its field, and chooses nothing
        paginator = InTurn(form.wanted(request.user), EXAMINED)
        page = paginator.get_page(request.GET.get("p"))
        rows = list(page.object_list)
        warned = warnings_of_loaded(rows)
        query = request.GET.copy()
        query.pop("p", None)
        found: list[dict[str, Any]] = []
        for row in rows:
            if kept := [each for each in warned.get(row.pk, ()) if form.keeps(each)]:
                may = self.has_change_permission(request, row)
                found.append(
                    {"statement": row, "summary": short(row.summary), "warned": kept, "may_dismiss": may},
                )
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": "Warnings",
            "opts": Statement._meta,
            "form": form,
            "found": found,
            "number": sum(len(each["warned"]) for each in found),
            "page_obj": page,
            "examined": paginator.count,
            "query": query.urlencode(),
            "here": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/stances/statement/warnings.html", context)

    def dismiss_view(self, request, pk: int):
        """Dismiss a warning with a word, or take a dismissal back."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return self._write(request, self._dismiss_view, pk)

    def _dismiss_view(self, request, pk: int):
        statement = self.get_object(request, str(pk))
        if statement is None:
            return self._get_obj_does_not_exist_redirect(request, Statement._meta, str(pk))
        if not self.has_change_permission(request, statement):
            raise PermissionDenied
        message, level = self._dismiss(request, statement)
        self.message_user(request, message, level)
        back = request.POST.get("next", "")
        index = reverse("admin:index")
        if not (back.startswith(index) and url_has_allowed_host_and_scheme(back, allowed_hosts=None)):
            back = reverse("admin:stances_statement_change", args=[pk])
        return HttpResponseRedirect(back)

    def _dismiss(self, request, statement: Statement) -> tuple[str, int]:
        form = DismissalForm(request.POST)
        if not form.is_valid():
            return " ".join(str(text) for told in form.errors.values() for text in told), messages.ERROR
        code, about, word = (form.cleaned_data[name] for name in ("code", "about", "word"))
        raised = warnings_of([statement]).get(statement.pk, [])
        warning = next((each for each in raised if (each.code, each.about) == (code, about)), None)
        if warning is None:
            return "This warning is no longer there: nothing was to be done.", messages.WARNING
        if "take_back" in request.POST:
            if warning.dismissal:
                warning.dismissal.delete()  # its history keeps who dismissed what, and why
            return "The warning is open again.", messages.SUCCESS
        if warning.dismissal:
            return "This warning is dismissed already.", messages.WARNING
        if not word:
            return "Say in a word why the warning can be dismissed.", messages.ERROR
        Dismissal.objects.create(statement=statement, code=code, about=about, word=word, by=request.user)
        return "The warning is dismissed, and stays listed with your word.", messages.SUCCESS
