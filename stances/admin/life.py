"""The steps of a statement's life at the desk: as actions on many rows, as buttons on one, each by the model's verb."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from stances import effects
from stances.admin.base import CuratedAdmin
from stances.admin.columns import short
from stances.effects import Prospect
from stances.forms import WordsForm, ids_among
from stances.models import Stance, Statement
from stances.queues import waiting_for
from stances.vocabulary import Status
from stances.warnings import warnings_of
from stances.wording import in_words

TOLD = 200
SPELLED_OUT = 50
LEFT_TO_OTHERS = "You coded it: another editor changes what is public."
OWN = "it is your own, and a second person publishes"


@dataclass(frozen=True)
class Step:
    """One step: the model's verb, what the desk calls it, from which status, by whom, and what it wants told."""

    name: str
    verb: str
    label: str
    done: str
    status: Status
    permission: str
    words: str = ""
    question: str = ""
    #: The words may be left empty.
    optional: bool = False
    #: Its button saves the form first.
    saves: bool = False
    #: What it will do to positions is shown before it is taken.
    foretells: Callable[[Iterable[Statement]], list[Prospect]] | None = None

    @property
    def asks(self) -> bool:
        """Tell whether many are asked about before it is taken."""
        return bool(self.words and not self.optional) or self.foretells is not None

    def take(self, statement: Statement, by, words: str = "") -> None:
        getattr(statement, self.verb)(by=by, **({self.words: words} if self.words else {}))

    def to(self, user, statement: Statement) -> Step:
        """Give the step in the words that it has for a user: one's own is taken back, and not returned to its coder."""
        return TAKE_BACK if self == RETURN and statement.coder_id == user.pk else self

    def is_open_to(self, user, statement: Statement) -> bool:
        """Tell whether the step can be taken from here by a user; the verb has the last word."""
        if statement.status != self.status or not user.has_perm(self.permission):
            return False
        if self.name == "publish":
            return statement.coder_id != user.pk or settings.ONE_PERSON_DESK
        return self.name != "submit" or may_change(user, statement)


SUBMIT = Step(
    "submit",
    "submit",
    "Submit for review",
    "submitted for review",
    Status.DRAFT,
    "stances.submit_statement",
    "comment",
    "A comment for the reviewer, if there is one to make:",
    optional=True,
    saves=True,
)
PUBLISH = Step(
    "publish",
    "publish",
    "Publish",
    "published",
    Status.SUBMITTED,
    "stances.review_statement",
    saves=True,
    foretells=effects.of_publishing,
)
RETURN = Step(
    "return",
    "return_to_coder",
    "Return to its coder",
    "returned",
    Status.SUBMITTED,
    "stances.review_statement",
    "comment",
    "What should the coder look at again?",
)
TAKE_BACK = replace(RETURN, label="Take it back", done="taken back", question="What do you look at again?")
RETRACT = Step(
    "retract",
    "retract",
    "Retract",
    "retracted",
    Status.PUBLISHED,
    "stances.retract_statement",
    "reason",
    "Why is it withdrawn? The public page goes on to tell. It is not taken back: what holds after all is coded anew.",
    foretells=effects.of_retracting,
)
STEPS = (SUBMIT, PUBLISH, RETURN, RETRACT)


def may_change(user, statement: Statement) -> bool:
    """Tell whether a user who may change statements may change this one: a coder, drafts of his or her own alone.

    One that is retracted stays as it was when it was withdrawn, and who coded what is public leaves it to others.
    """
    if statement.status == Status.RETRACTED or statement.is_own_and_public(user):
        return False
    own_draft = statement.status == Status.DRAFT and statement.coder_id == user.pk
    return own_draft or user.has_perm("stances.review_statement")


@dataclass
class Outcome:
    """What became of each statement: the keys of those done, and of the others why not."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def take(step: Step, statements: Iterable[Statement], by, words: str = "") -> Outcome:
    """Take one step with each of many statements; what one is refused holds up no other."""
    outcome = Outcome()
    for statement in statements:
        try:
            with transaction.atomic():
                step.take(statement, by, words)
            outcome.done.append(statement.key)
        except (PermissionDenied, ValidationError) as error:
            outcome.refused.append((statement.key, reason(error)))
    return outcome


def digest(foretold: Iterable[Prospect]) -> str:
    """Give a short mark of what was told, by which it is seen whether it still holds."""
    text = "\n".join(f"{prospect.statement.pk} {line}" for prospect in foretold for line in prospect.lines)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _refusal(step: Step, statement: Statement) -> str:
    if statement.status != step.status:
        return f"will not be {step.done}: it is {statement.get_status_display()}"
    return f"will not be {step.done}: {OWN}"


def reason(error: PermissionDenied | ValidationError) -> str:
    """Say why a verb refused, with the names of the fields that are wrong."""
    if not isinstance(error, ValidationError):
        return str(error) or "You may not."
    return " ".join(in_words(error, Statement, Stance))


class LifeOfStatements(CuratedAdmin):
    """Actions, buttons and pages for the steps."""

    actions: Any = ["submit_selected", "publish_selected", "return_selected", "retract_selected"]

    # ---- on many rows ----

    @admin.action(description="Submit for review", permissions=["submit"])
    def submit_selected(self, request, queryset):
        return self._take_selected(request, queryset, SUBMIT)

    @admin.action(description="Publish", permissions=["review"])
    def publish_selected(self, request, queryset):
        return self._take_selected(request, queryset, PUBLISH)

    @admin.action(description="Return to their coders, with a comment", permissions=["review"])
    def return_selected(self, request, queryset):
        return self._take_selected(request, queryset, RETURN)

    @admin.action(description="Retract, with a reason", permissions=["retract"])
    def retract_selected(self, request, queryset):
        return self._take_selected(request, queryset, RETRACT)

    def has_submit_permission(self, request):
        return request.user.has_perm("stances.submit_statement")

    def has_review_permission(self, request):
        return request.user.has_perm("stances.review_statement")

    def has_retract_permission(self, request):
        return request.user.has_perm("stances.retract_statement")

    def _take_selected(self, request, queryset, step: Step):
        # The first of its words comes before what repeats them, so that both can be published at once.
        statements = queryset.order_by(F("repeats").asc(nulls_first=True), "latest", "pk")
        words = ""
        if step.asks:
            foretold = self._foretell(request, step, statements)
            form = WordsForm(request.POST if "words" in request.POST else None)
            if not self._answered(request, step, form, foretold):
                selected = {
                    "name": ACTION_CHECKBOX_NAME,
                    "values": request.POST.getlist(ACTION_CHECKBOX_NAME),
                    "across": request.POST.get("select_across", "0"),
                    "action": f"{step.name}_selected",
                }
                return self._ask(request, step, form, statements, foretold, selected)
            words = form.cleaned_data["words"] if step.words else ""
        self._tell(request, step, take(step, statements, request.user, words))
        return None

    def _foretell(self, request, step: Step, statements) -> list[Prospect]:
        """Tell what a step will do with each, taken with all that it can be taken with; warnings are told beside."""
        if step.foretells is None:
            return []
        rows = list(statements.select_related("repeats"))
        going = [row for row in rows if step.is_open_to(request.user, row)]
        told = {prospect.statement.pk: prospect for prospect in step.foretells(going)}
        return [told.get(row.pk) or Prospect(row, _refusal(step, row)) for row in rows]

    def _answered(self, request, step: Step, form: WordsForm, foretold: list[Prospect]) -> bool:
        """Tell whether the words are there that a step wants, and whether what was told still is what it will do."""
        if step.words:
            return form.is_valid()
        told = request.POST.get("told")
        if told and told != digest(foretold):
            self.message_user(
                request, "The data changed since you looked: this is what it will do now.", messages.WARNING
            )
        return told == digest(foretold)

    def _tell(self, request, step: Step, outcome: Outcome) -> None:
        """Tell a line for each row, first of those done, then of those not."""
        if done := outcome.done:
            lines = format_html_join("", "<li>{}: {}</li>", ((key, step.done) for key in done[:TOLD]))
            self._tell_lines(request, f"{len(done):,} {step.done}", lines, len(done), messages.SUCCESS)
        if refused := outcome.refused:
            lines = format_html_join("", "<li>{}: {}</li>", refused[:TOLD])
            self._tell_lines(request, f"{len(refused):,} not {step.done}", lines, len(refused), messages.ERROR)

    def _tell_lines(self, request, heading: str, lines, count: int, level) -> None:
        more = format_html("<li>and {} more</li>", f"{count - TOLD:,}") if count > TOLD else ""
        message = format_html("{}<ul>{}{}</ul>", heading, lines, more)
        self.message_user(request, message, level)

    # ---- on one ----

    def get_urls(self):
        view = self.admin_site.admin_view(self.step_view)
        steps = [path(f"<int:pk>/{s.name}/", view, {"step": s}, name=f"stances_statement_{s.name}") for s in STEPS]
        return steps + super().get_urls()

    def step_view(self, request, pk: int, step: Step):
        """Ask whether to take a step, and for its words where it wants some; take it."""
        return self._write(request, self._step_view, pk, step)

    def _step_view(self, request, pk: int, step: Step):
        statement = self.get_object(request, str(pk))
        if not request.user.has_perm(step.permission):
            raise PermissionDenied
        if statement is None:
            return self._get_obj_does_not_exist_redirect(request, Statement._meta, str(pk))
        step = step.to(request.user, statement)
        form = WordsForm(request.POST if request.method == "POST" else None, required=not step.optional)
        rows = Statement.objects.filter(pk=pk)
        foretold = self._foretell(request, step, rows)
        if request.method != "POST" or not self._answered(request, step, form, foretold):
            return self._ask(request, step, form, rows, foretold, None)
        words = form.cleaned_data["words"] if step.words else ""
        self._tell(request, step, take(step, [statement], request.user, words))
        if step in (PUBLISH, RETURN, TAKE_BACK):
            self._tell_next(request)
        return HttpResponseRedirect(reverse("admin:stances_statement_change", args=[pk]))

    def _tell_next(self, request) -> None:
        """Lead a reviewer on to what waits longest."""
        if following := waiting_for(request.user).order_by("pk").first():
            url = reverse("admin:stances_statement_change", args=[following.pk])
            self.message_user(request, format_html('Next for review: <a href="{}">{}</a>', url, following.key))

    def _ask(self, request, step: Step, form: WordsForm, statements, foretold: list[Prospect], selected):
        count = len(foretold) or statements.count()
        shown: list[dict[str, Any]]
        if foretold:
            rows = [prospect.statement for prospect in foretold[:SPELLED_OUT]]
            warned = warnings_of(rows) if step is PUBLISH else {}
            shown = [
                {
                    "statement": prospect.statement,
                    "summary": short(prospect.statement.summary),
                    "lines": prospect.lines,
                    "warnings": [each for each in warned.get(prospect.statement.pk, ()) if each.is_open],
                }
                for prospect in foretold[:SPELLED_OUT]
            ]
        else:
            shown = [{"statement": row, "summary": short(row.summary)} for row in statements[:TOLD]]
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": f"{step.label}: {count:,} statement{'' if count == 1 else 's'}",
            "opts": Statement._meta,
            "step": step,
            "form": form,
            "shown": shown,
            "told": digest(foretold) if step.foretells else "",
            "possible": not foretold or not all(prospect.refusal for prospect in foretold),
            "more": count - len(shown),
            "selected": selected,
            "statement": None if selected else statements.first(),
        }
        return TemplateResponse(request, "admin/stances/statement/step.html", context)

    def _changeform_view(self, request, object_id, form_url, extra_context):
        """Lead back to the form, which says why, where what was typed is of what was published meanwhile."""
        pks = ids_among([unquote(object_id or "")]) if request.method == "POST" else []
        row: Any = Statement.objects.filter(pk__in=pks).first()
        if row and row.is_own_and_public(request.user) and self.has_review_permission(request):
            self.message_user(request, "Nothing was saved.", messages.ERROR)
            request.nothing_saved = True
            return HttpResponseRedirect(reverse("admin:stances_statement_change", args=pks))
        return super()._changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Offer the steps: those that want no words save the form first, so that nothing typed is lost."""
        if obj and obj.is_own_and_public(request.user) and self.has_review_permission(request):
            self.message_user(request, LEFT_TO_OTHERS, messages.WARNING)
        at = obj or Statement(coder=request.user)
        offered = [step for step in STEPS if step.is_open_to(request.user, at)]
        may_save = add or self.has_change_permission(request, obj)
        context["saves_in_public"] = bool(obj and obj.is_public and may_save)
        if obj and obj.published_at:
            context["show_delete"] = False  # it is retracted, with a reason, and never deleted
        context["saving_steps"] = [step for step in offered if step.saves and may_save and not context["is_popup"]]
        context["asking_steps"] = [step.to(request.user, at) for step in offered if not step.saves and obj]
        waits = at.status == Status.SUBMITTED and self.has_review_permission(request)
        context["why_not_published"] = OWN if waits and PUBLISH not in offered else ""
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_add(self, request, obj, post_url_continue=None):
        return self._saved_and(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._saved_and(request, obj) or super().response_change(request, obj)

    def _saved_and(self, request, obj):
        step = next((step for step in STEPS if f"_{step.name}" in request.POST and step.saves), None)
        comment = getattr(obj, "_answer", "")
        if comment and step is not SUBMIT:
            self.message_user(request, f"Your comment was not sent, as it goes with submitting: “{comment}”", "warning")
        if step is None:
            return None
        if step.asks and step.is_open_to(request.user, obj):
            return HttpResponseRedirect(reverse(f"admin:stances_statement_{step.name}", args=[obj.pk]))
        outcome = take(step, [obj], request.user, comment if step.words else "")
        self._tell(request, step, outcome)
        if outcome.refused:
            self.message_user(request, "What you wrote is saved.", messages.INFO)
            return HttpResponseRedirect(reverse("admin:stances_statement_change", args=[obj.pk]))
        return self.response_post_save_change(request, obj)
