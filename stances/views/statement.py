"""The page of a statement: the evidence, what it shows and did, and how to cite it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render

from stances import citations, twins
from stances.evidence import Exhibit, exhibits, voice_words
from stances.exports import refuse
from stances.histories import IN_FILES, Offices
from stances.models import Source, Statement
from stances.records import record_of, retracted_on, takes_its_place
from stances.views.detail import Page, answer
from stances.vocabulary import Status
from stances.wording import counted, times


class StatementView(Page):
    """A published statement; of a retracted one only that it was, and why; of any other, nothing."""

    template_name = "stances/statement_detail.html"

    def get(self, request: HttpRequest, key: str, format: str = "html") -> HttpResponseBase:
        statement = Statement.objects.with_evidence().filter(key=key).first()
        if statement is None or statement.status not in (Status.PUBLISHED, Status.RETRACTED):
            if format == "html":
                raise Http404("There is no such statement.")
            return answer({"errors": [{"message": "There is no such statement."}]}, status=404)
        if statement.status == Status.RETRACTED:
            return self.retracted(statement, format)
        if format == "html":
            return self.show(self.context(statement))
        return refuse(self.problems, format=format) if self.problems else answer(self.data(statement))

    def retracted(self, statement: Statement, format: str) -> HttpResponseBase:
        """Answer that it is gone: its key, its source's title, the day and the reason, and where its words still count.

        Who spoke, and when, is told only where a published statement says so.
        """
        withdrawn_on, heir = retracted_on(statement), takes_its_place(statement)
        if format != "html":
            told = {
                "statement_key": statement.key,
                "status": statement.status,
                "source_title": statement.source.title,
                "retraction_reason": statement.retraction_reason,
                "retracted_on": withdrawn_on,
                "takes_its_place": heir.key if heir else None,
            }
            return answer(told, status=410)
        source = Source.objects.public().filter(pk=statement.source_id).first()
        context: dict[str, Any] = {
            "key": statement.key,
            "title": statement.source.title,
            "cited": statement.source.cited_title,
            "source": source,
            "withdrawn_on": withdrawn_on,
            "reason": statement.retraction_reason,
            "heir": heir,
            "heirs_date": heir.date.words() if heir else "",
            "still_counts": [it for it in self.exhibits(heir) if it.event.interval] if heir else [],
        }
        return render(self.request, "stances/statement_retracted.html", context, status=410)

    def url(self, statement: Statement) -> str:
        return self.address(statement.get_absolute_url())

    def exhibits(self, statement: Statement, *, most: int = 0) -> list[Exhibit]:
        return exhibits(statement, self.tree, self.day, most=most)

    def repeats(self, statement: Statement) -> list[Statement]:
        rows = Statement.objects.published().filter(repeats=statement).with_evidence()
        return list(rows.order_by("source__published_on", "key"))

    def context(self, statement: Statement) -> dict[str, Any]:
        found, repeats = self.exhibits(statement), self.repeats(statement)
        return {
            "statement": statement,
            "date_words": statement.date.words(),
            "where": ", ".join(citations.publication(statement)) + ".",
            "shows_words": shows_words(found),
            "repeats_words": times(len(repeats)),
            "office": Offices({statement.speaker_id}).of(statement),
            "voice": voice_words(statement, found),
            "exhibits": found,
            "repeats": repeats,
            "first": Statement.objects.published().filter(pk=statement.repeats_id).with_evidence().first(),
            "record": record_of(statement),
            "citation": citations.of_statement(statement, self.url(statement), self.seen),
        }

    def data(self, statement: Statement) -> dict[str, Any]:
        return twins.of_statement(
            statement,
            self.exhibits(statement, most=IN_FILES),
            self.repeats(statement),
            record_of(statement),
            self.address,
            citations.of_statement(statement, self.url(statement), self.seen),
        )


def shows_words(exhibits: list[Exhibit]) -> str:
    """Say how many stances there are, and of whom: "Two stances of one government, each on its own topic."."""
    actors = {exhibit.stance.actor_id for exhibit in exhibits}
    topics = {exhibit.stance.topic_id for exhibit in exhibits}
    if len(exhibits) == 1:
        return "One stance."
    stances = counted(len(exhibits), "stance").capitalize()
    if len(actors) == 1:
        return f"{stances} of {exhibits[0].stance.actor.name}, each on its own topic."
    return f"{stances}: {counted(len(actors), 'actor')}, {counted(len(topics), 'topic')}."
