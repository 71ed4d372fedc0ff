"""The page that explains a position: one actor on one topic, on a day."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from stances import citations, twins
from stances.dates import today
from stances.exports import FORMATS, in_chunks, refuse
from stances.histories import IN_FILES
from stances.models import Actor, Topic, resolve
from stances.reasons import SHOWN, Reasons
from stances.views.detail import DayParameters, Page, answer, missing


class HistoryView(Page):
    """Why an actor stands where it stands on a topic; the history as JSON and CSV too, of a long one the newest."""

    template_name = "stances/history_detail.html"
    parameters = DayParameters

    def get(self, request: HttpRequest, slug: str, topic: str, format: str = "html") -> HttpResponseBase:
        actor: Any = resolve(Actor, [slug]).get(slug)
        about: Any = resolve(Topic, [topic]).get(topic)
        if actor is None or about is None or not Actor.objects.public_among({actor.pk}):
            return missing(request, Actor, slug, format) if about else missing(request, Topic, topic, format)
        if (actor.slug, about.slug) != (slug, topic):
            address = reverse("history" if format == "html" else f"history-{format}", args=[actor.slug, about.slug])
            query = request.META.get("QUERY_STRING", "")
            return redirect(f"{address}?{query}" if query else address, permanent=True)
        reasons = Reasons(actor, about, self.tree, self.day, most=0 if format == "html" else IN_FILES)
        if format == "html":
            return self.show(self.context(reasons))
        if self.problems:
            return refuse(self.problems, format=format)
        return self.csv(reasons) if format == "csv" else answer(self.data(reasons))

    def csv(self, reasons: Reasons) -> HttpResponseBase:
        name = f"{reasons.actor.slug}-on-{reasons.topic.slug}-{today()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(in_chunks(reasons.csv_lines()), content_type=FORMATS["csv"], headers=headers)

    def url(self, reasons: Reasons) -> str:
        address = reverse("history", args=[reasons.actor.slug, reasons.topic.slug])
        return self.address(f"{address}?{urlencode({'on': self.day.isoformat()})}")

    def citation(self, reasons: Reasons) -> citations.Citation:
        title = f"{reasons.actor.name} on “{reasons.topic.proposition}”: position and history"
        return citations.page(title, self.url(reasons), self.seen, on=self.day)

    def context(self, reasons: Reasons) -> dict[str, Any]:
        slugs = [reasons.actor.slug, reasons.topic.slug]
        query = "" if self.day == today() else f"?{urlencode({'on': self.day.isoformat()})}"
        about = reasons.history.topic
        stances: dict[str, str | int] = {"actor": reasons.actor.slug, "topic": about.slug, "subtopics": 0, "repeats": 1}
        return {
            "actor": reasons.actor,
            "topic": reasons.topic,
            "ancestors": self.tree.ancestors(reasons.topic)[::-1],
            "reasons": reasons,
            "shown_slice": f":{SHOWN}",
            "most_shown": SHOWN,
            "most_in_files": IN_FILES,
            "csv_url": f"{reverse('history-csv', args=slugs)}{query}",
            "json_url": f"{reverse('history-json', args=slugs)}{query}",
            "all_stances": f"{reverse('stance-list')}?{urlencode(stances)}",
            "citation": self.citation(reasons),
        }

    def data(self, reasons: Reasons) -> dict[str, Any]:
        return twins.of_reasons(reasons, self.url(reasons), self.citation(reasons), self.address)
