"""Coding in the text: the statement's form beside its article, filled in from the words that were chosen there."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from stances import practice
from stances.admin.columns import tile
from stances.admin.life import LifeOfStatements
from stances.coding import Coded, CodedArticle
from stances.dates import PartialDate, today
from stances.forms import ids_among
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.models.sources import sha256_of
from stances.passages import Segment, quotations, select
from stances.vocabulary import ANCHORS, Authority, Form, Voice
from stances.voices import government_of, members, suggest, why
from stances.warnings import warnings_of
from stances.wording import joined

MEMBERS = "_members-"
#: Of the fields that are folded away, those that show themselves where they hold something else than this.
PLAIN = {"repeats": None, "primary_url": "", "language": "en", "translated": False}


def may_read_texts(user) -> bool:
    """Tell whether a user may see articles' texts: they are copyright, and for those who code from them alone."""
    return user.has_perm("stances.change_source") or user.has_perm("stances.change_statement")


def may_code(user) -> bool:
    return user.has_perm("stances.add_statement") or user.has_perm("stances.change_statement")


def statement_url(pk: int) -> str:
    return reverse("admin:stances_statement_change", args=[pk])


def coding_url(source: int, **more) -> str:
    return f"{reverse('admin:stances_statement_add')}?{urlencode({'source': source, **more})}"


@dataclass
class CodingPage:
    """What stands beside the form: the article, its statements, and the words of the codebook."""

    article: CodedArticle | None = None
    current: Statement | None = None
    anchors: list[tuple[SafeString, str]] = field(
        default_factory=lambda: [(tile(*held), words) for held, words in ANCHORS.items()]
    )

    @property
    def source(self) -> Source | None:
        return self.article.source if self.article else None

    @property
    def hint(self) -> str:
        """Say how the article to practise on is coded."""
        return practice.hint(self.source) if self.source else ""

    @property
    def new_url(self) -> str:
        return coding_url(self.source.pk) if self.source else ""

    @property
    def paragraphs(self) -> list[tuple[int, SafeString]]:
        """Give each paragraph's number and its text as HTML, with marks and links to what they belong to."""
        if self.article is None:
            return []
        aside = defaultdict(list)
        for one in self.article.statements:
            if not one.spans and not one.problem:
                aside[one.place].append(one)
        return [
            (paragraph.number, self._paragraph(paragraph, segments, aside[paragraph.number]))
            for paragraph, segments in zip(self.article.paragraphs, self.article.segments(), strict=True)
        ]

    def _paragraph(self, paragraph, segments: list[Segment[Coded]], aside: list[Coded]) -> SafeString:
        text = self.article.text if self.article else ""
        line = text[paragraph.start : paragraph.end]
        quoted = " ".join(f"{start}-{end}" for start, end in quotations(line))
        parts = [self._segment(text, segment) for segment in segments]
        chips = [self._chip(one) for one in aside]
        return format_html(
            '<p id="paragraph-{}" data-start="{}" data-quoted="{}">{}{}</p>',
            paragraph.number,
            paragraph.start,
            quoted,
            mark_safe("".join(parts)),  # noqa: S308
            mark_safe("".join(chips)),  # noqa: S308
        )

    def _segment(self, text: str, segment: Segment[Coded]) -> SafeString:
        words = text[segment.start : segment.end]
        if not segment.marks:
            return format_html("{}", words)
        owners = [mark.owner for mark in segment.marks]
        shown = next((one for one in owners if self._is_current(one)), owners[-1])
        css = [shown.css, *(["current"] if self._is_current(shown) else []), *(["several"] if len(owners) > 1 else [])]
        ending = [one for one in owners if one.spans[-1].end == segment.end]
        return format_html(
            '<mark class="{}" data-statement="{}">{}</mark>{}',
            " ".join(css),
            shown.number,
            words,
            mark_safe("".join(self._chip(one) for one in ending)),  # noqa: S308
        )

    def _chip(self, one: Coded) -> SafeString:
        return format_html(
            '<sup class="chip"><a href="{}"{}><span aria-hidden="true">{} {}</span>'
            '<span class="visually-hidden">Statement {}: {}</span></a></sup>',
            statement_url(one.statement.pk),
            mark_safe(' aria-current="true"') if self._is_current(one) else "",
            one.number,
            one.signs,
            one.number,
            one.words,
        )

    def _is_current(self, one: Coded) -> bool:
        return self.current is not None and one.statement.pk == self.current.pk

    @property
    def here(self) -> Coded | None:
        """Give the statement in the form, as it stands in the article."""
        coded = self.article.statements if self.article else []
        return next((one for one in coded if self._is_current(one)), None)

    @property
    def found(self) -> str:
        """Say where the saved quotation stands in the article: characters are counted from 1 in each paragraph."""
        if self.article is None or not (here := self.here) or not here.statement.quote or not here.spans:
            return ""
        places: dict[int, list[str]] = defaultdict(list)
        for paragraph in self.article.paragraphs:
            for span in here.spans:
                if paragraph.start <= span.start < paragraph.end:
                    end = min(span.end, paragraph.end)
                    places[paragraph.number].append(f"{span.start - paragraph.start + 1}–{end - paragraph.start}")
        told = [f"paragraph {number}, characters {joined(places[number])}" for number in places]
        return f"Found word for word in {'; '.join(told)}."

    @property
    def checked(self) -> str:
        """Say whether the text is still the one that was hashed."""
        source = self.source
        if source is None or not source.text or not source.text_sha256:
            return ""
        return "text matches its checksum" if sha256_of(source.text) == source.text_sha256 else "text has changed"

    @property
    def rows(self) -> list[tuple[Coded, str, bool]]:
        """List the article's statements, each with its address, and whether it is the one in the form."""
        coded = self.article.statements if self.article else []
        return [(one, statement_url(one.statement.pk), self._is_current(one)) for one in coded]

    @property
    def last(self) -> Statement | None:
        """Give the statement that was recorded last, whose day and occasion the next one often shares."""
        rows = self.article.statements if self.article else []
        return max((one.statement for one in rows), key=lambda statement: statement.pk, default=None)

    @property
    def previous(self) -> str:
        return self._beside(-1)

    @property
    def next(self) -> str:
        return self._beside(1)

    def _beside(self, step: int) -> str:
        """Give the address of the statement before or after; a new one stands after the last and before the first."""
        rows = self.rows
        here = next((number for number, (*_, current) in enumerate(rows) if current), None)
        first = 0 if step > 0 else len(rows) - 1
        there = first if here is None else here + step
        return rows[there][1] if 0 <= there < len(rows) else ""


class CodingOfStatements(LifeOfStatements):
    """The statement's form as the screen to code on: the article beside it, suggestions, the next one after it."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("suggest/", view(self.suggest_view), name="stances_statement_suggest"),
            path("notes/", view(self.notes_view), name="stances_statement_notes"),
            *super().get_urls(),
        ]

    # ---- the page ----

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        page = context["coding"] = CodingPage(current=obj)
        before = ["admin/js/jquery.init.js", "admin/js/inlines.js", "admin/js/autocomplete.js"]
        context["media"] += Media(js=[*before, "admin/stances/coding.js"])  # which finds the rows that these make
        source = self._source_to_code(request, obj)
        if source is not None and may_read_texts(request.user) and not context["is_popup"]:
            page.article = CodedArticle(source)
            context["show_save_and_add_another"] = False
            context["show_save_and_next"] = self.has_add_permission(request)
            if source.text:
                context["is_nav_sidebar_enabled"] = False  # the article takes its room
            context["title"] = f"Code “{source.title}”"
            context["subtitle"] = obj.key if obj else None
            if add and source.published_on and (said := context["adminform"].form.fields.get("said")):
                said.help_text = "Suggested: by the day it was printed. Write the day itself where the text tells."
        lost = add and source is None and bool(self.named_source(request))
        # Asked as the page is written: a field may be filled in until then.
        context["seldom_open"] = lambda: lost or self._holds_more(context["adminform"].form)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _holds_more(self, form) -> bool:
        """Tell whether a field that is folded away has an error, or something that is seldom there."""
        folded = {"source", "key", "start", "end", *PLAIN}
        held = {name: form[name].value() for name in PLAIN.keys() & form.fields.keys()}
        return bool(folded & set(form.errors)) or any(
            (value or None) != (PLAIN[name] or None) for name, value in held.items()
        )

    def named_source(self, request) -> str:
        """Give the number of the source that a form of a new statement is opened beside, where one is named."""
        return next(iter(ids_among([(request.POST or request.GET).get("source", "")])), "")

    def _source_to_code(self, request, obj) -> Source | None:
        if obj is not None:
            return Source.objects.filter(pk=obj.source_id).first()
        named = self.named_source(request)
        return Source.objects.filter(pk=named).first() if named else None

    def get_changeform_initial_data(self, request):
        """Fill in a new form from the words that an address names, as far as the source's text has them."""
        initial = super().get_changeform_initial_data(request)
        given = {name: initial.pop(name) for name in ("start", "end", "quote") if name in initial}
        source = self._source_to_code(request, None)
        if source is not None and source.published_on:
            # All that is known before anybody has read: it was said by the day on which it was printed.
            initial.setdefault("said", str(PartialDate(None, source.published_on)))
        if not given or source is None or not source.text or not may_read_texts(request.user):
            return initial
        places = [int(value) for value in ids_among([given.get("start", ""), given.get("end", "")])]
        chosen = select(source.text, *places) if len(places) == 2 else None
        if chosen is None:
            self.message_user(request, "The address names words that the text does not have.", messages.WARNING)
            return initial
        fields: dict[str, Any] = {"start": chosen.start, "end": chosen.end, "locator": chosen.locator}
        fields["quote"] = chosen.quote
        asked = Statement(quote=str(given.get("quote", "")), start=chosen.start, end=chosen.end)
        if asked.quote and not asked.problems_in(source.text):
            fields["quote"] = asked.quote
        fields["form"] = Form.DIRECT if fields["quote"] else Form.INDIRECT
        return {**fields, **initial, "quote": fields["quote"]}

    # ---- after a save ----

    def response_add(self, request, obj, post_url_continue=None):
        return self._next_to_code(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._next_to_code(request, obj) or super().response_change(request, obj)

    def _next_to_code(self, request, obj):
        if any(name.startswith(MEMBERS) for name in request.POST):
            return HttpResponseRedirect(statement_url(obj.pk))
        if "_next" not in request.POST or not self.has_add_permission(request):
            return None
        link = format_html('<a href="{}">{}</a>', statement_url(obj.pk), obj.key)
        raised = [warning.code.label for warning in warnings_of([obj])[obj.pk] if warning.is_open]
        told = format_html(" Warned of: {}.", "; ".join(dict.fromkeys(raised))) if raised else ""
        message = format_html("{} is saved.{} Here is the form for the next one.", link, told)
        self.message_user(request, message, messages.WARNING if raised else messages.SUCCESS)
        return HttpResponseRedirect(f"{coding_url(obj.source_id)}{_paragraph_of(obj)}")

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        asked = {name.removeprefix(MEMBERS) for name in request.POST if name.startswith(MEMBERS)}
        for formset in formsets:
            for row in formset.forms:
                if row.prefix in asked and row.instance.pk and row not in formset.deleted_forms:
                    self._give_every_member(request, row.instance)

    def _give_every_member(self, request, stance: Stance) -> None:
        """Make the stance that one row holds for each other member of the group that speaks."""
        statement = stance.statement
        group = statement.speaker
        governments = members(group, statement.latest)
        if not governments:
            words = f"{group} is no group with members on {statement.date.words()}: record these as its affiliations."
            self.message_user(request, f"{words} What you wrote is saved.", messages.WARNING)
            return
        held = set(Stance.objects.filter(statement=statement, topic=stance.topic).values_list("actor", flat=True))
        copied = ("topic", "position", "terms", "condition", "basis", "attribution", "rationale")
        made = [actor for actor in governments if actor.pk not in held]
        for actor in made:
            another = Stance(statement=statement, actor=actor, **{name: getattr(stance, name) for name in copied})
            another.full_clean()
            another._change_reason = f"the same stance for every member of {group.slug}"
            another.save()
        names = ", ".join(actor.label for actor in made)
        self.message_user(request, f"Stances made: {names}." if made else "Every member had one already.")

    # ---- what the form's script asks for ----

    def suggest_view(self, request):
        """Suggest authority and attribution for a speaker and an actor on the day it was said, and say why."""
        self._refuse_who_may_not_code(request)
        asked = {name: ids_among([request.GET.get(name) or ""]) for name in ("speaker", "actor", "source")}
        for name, found in asked.items():
            if request.GET.get(name) and not found:
                return JsonResponse({"words": f"Name the {name} by its number."}, status=400)
        try:
            said = PartialDate.parse(request.GET["said"]) if request.GET.get("said") else None
        except ValueError as error:
            return JsonResponse({"words": str(error)})
        actors = Actor.objects.in_bulk({int(pk) for name in ("speaker", "actor") for pk in asked[name]})
        speaker, actor = (next((actors.get(int(pk)) for pk in asked[name]), None) for name in ("speaker", "actor"))
        published = Source.objects.filter(pk__in=asked["source"]).values_list("published_on", flat=True).first()
        day = said.latest if said else published or today()
        reading = {"reading": said.words()} if said else {}
        return JsonResponse(reading | (_suggestion(speaker, actor, day) if speaker else {}))

    def notes_view(self, request):
        """Give a topic's proposition and coding notes."""
        self._refuse_who_may_not_code(request)
        found = ids_among([request.GET.get("topic") or ""])
        if not found:
            return JsonResponse({"words": "Name the topic by its number."}, status=400)
        topic = Topic.objects.without_tree_fields().filter(pk=found[0]).first()
        return JsonResponse({"proposition": topic.proposition, "notes": topic.coding_notes} if topic else {})

    def _refuse_who_may_not_code(self, request) -> None:
        if not may_code(request.user):
            raise PermissionDenied


def _suggestion(speaker: Actor, actor: Actor | None, day: dt.date) -> dict[str, Any]:
    suggestion = suggest(speaker, actor or speaker, day)
    rests_on = why(speaker, actor or speaker, day, suggestion)
    on = PartialDate(day, day).words(short=True, preposition=True)
    answer: dict[str, Any] = {
        "authority": suggestion.authority.value,
        "authority_words": f"{capfirst(Authority(suggestion.authority).label)} {on}: {rests_on}.",
        "members": [{"id": str(one.pk), "name": str(one)} for one in members(speaker, day)],
    }
    if (government := government_of(speaker, day)) is not None:
        answer["actor"] = {"id": str(government.pk), "name": str(government)}
    if actor is not None:
        own = suggestion.attribution == Voice.OWN
        voice = "Speaks for" if own else "Does not speak for"
        answer["attribution"] = suggestion.attribution.value
        answer["attribution_words"] = f"{voice} {actor.label} {on}: {rests_on}."
    return answer


def _paragraph_of(statement: Statement) -> str:
    """Give the fragment of the article's page that leads to the paragraph where a statement ends."""
    numbers = re.findall(r"\d+", statement.locator)
    return f"#paragraph-{numbers[-1]}" if numbers else ""


def beside_stance(stance: Any) -> SafeString:
    """Show what the codebook says of a stance's topic, and the button of a joint statement."""
    topic = stance.topic if stance.topic_id else None
    lines = [("", topic.proposition), ("quiet", topic.coding_notes)] if topic else []
    notes = format_html_join("", '<p class="{}">{}</p>', (line for line in lines if line[1]))
    button: SafeString | str = ""
    if row := getattr(stance, "in_row", ""):
        statement = stance.statement
        if not hasattr(statement, "joint"):  # asked once for all rows of a form; who speaks may not be known yet
            known = statement.speaker_id and statement.latest
            statement.joint = not known or bool(members(statement.speaker, statement.latest))
        if statement.joint:
            button = format_html(
                '<button type="submit" class="button every-member" name="{}{}" value="1">'
                "Same stance for every member</button>",
                MEMBERS,
                row,
            )
    return format_html('<div class="topic-notes">{}</div>{}', notes, button)
