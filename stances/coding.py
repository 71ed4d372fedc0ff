"""An article as it is coded: its statements where they stand in its text, and those that no longer stand there."""

from __future__ import annotations

import bisect
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db.models import Prefetch
from django.db.models.functions import MD5
from django.utils.functional import cached_property

from stances.models import Source, Stance, Statement
from stances.passages import Mark, Paragraph, Segment, Span, cut, find_pieces, paragraphs
from stances.vocabulary import CSS, SIGNS, Status, Voice

MOVED = "The text between its offsets is another one than when it was coded: choose the words again."


@dataclass
class Coded:
    """A statement of an article, with the parts of the text that are its words, or why these do not hold."""

    statement: Statement
    stances: list[Stance]
    spans: list[Span] = field(default_factory=list)
    problem: str = ""
    number: int = 0

    @property
    def css(self) -> str:
        """Give the classes of its marks: the side of its first stance, whether it is reported or a repeat."""
        if not self.stances:
            return "bare"
        first = self.stances[0]
        heard = " hear" if first.attribution == Voice.REPORTED else ""
        return f"{CSS[first.position]}{heard}{' echo' if self.statement.repeats_id else ''}"

    @property
    def signs(self) -> str:
        return " ".join(dict.fromkeys(SIGNS[stance.position] for stance in self.stances))

    @property
    def words(self) -> str:
        """Say its positions to one who does not see signs."""
        return "; ".join(dict.fromkeys(stance.wording for stance in self.stances)) or "no stance yet"

    @property
    def voices(self) -> str:
        """Say whose words its stances rest on: own, reported, or both."""
        return " and ".join(dict.fromkeys(stance.attribution for stance in self.stances))

    @property
    def stage(self) -> str:
        returned = self.statement.status == Status.DRAFT and self.statement.review_comment
        return "returned" if returned else Status(self.statement.status).value

    @property
    def place(self) -> int | None:
        """Give the first paragraph that its locator names."""
        first = re.match(r"[0-9]+", self.statement.locator)
        return int(first[0]) if first else None


class CodedArticle:
    """A source with its text, paragraph by paragraph, and what was coded from it; a constant number of queries."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        return paragraphs(self.text)

    @cached_property
    def statements(self) -> list[Coded]:
        """List the statements in the order in which they stand in the article."""
        stances = Stance.objects.select_related("actor", "topic").order_by("topic__rank", "pk")
        rows = self.source.statements.select_related("speaker", "repeats").prefetch_related(
            Prefetch("stances", stances)
        )
        coded = [Coded(row, list(row.stances.all())) for row in rows.order_by("pk")]
        if self.text:
            self._place(coded)
        starts = {paragraph.number: paragraph.start for paragraph in self.paragraphs}
        beyond = len(self.text)

        def order(one: Coded) -> tuple[int, int]:
            return one.spans[0].start if one.spans else starts.get(one.place or 0, beyond), one.statement.pk

        coded.sort(key=order)
        for number, one in enumerate(coded, 1):
            one.number = number
        return coded

    @cached_property
    def lost(self) -> list[Coded]:
        """List the statements whose words or offsets do not hold in the text as it is now."""
        return [one for one in self.statements if one.problem]

    def segments(self) -> Iterator[list[Segment[Coded]]]:
        """Cut each paragraph where the words of a statement begin or end."""
        marks = [Mark(*span, one) for one in self.statements for span in one.spans]
        return cut(self.paragraphs, marks)

    def _place(self, coded: Iterable[Coded]) -> None:
        moved = self._moved([one.statement for one in coded])
        for one in coded:
            row = one.statement
            if problems := row.problems_in(self.text):
                one.problem = " ".join(problems.values())
            elif row.pk in moved:
                one.problem = MOVED
            elif row.quote:
                found = find_pieces(self.text, row.quote_pieces, row.start or 0, row.end)
                one.spans = found if isinstance(found, list) else []
            elif row.start is not None and row.end is not None:
                one.spans = [Span(row.start, row.end)]

    def _moved(self, statements: Iterable[Statement]) -> set[int]:
        """Find those without a quotation whose offsets were given in a text that had other words there."""
        given = {row.pk: (row.start, row.end) for row in statements if row.end is not None and not row.quote}
        if not given:
            return set()
        versions = list(
            self.source.history.annotate(digest=MD5("text"))
            .order_by("history_date", "history_id")
            .values_list("history_date", "history_id", "digest")
        )
        if len({digest for *_, digest in versions}) < 2:
            return set()
        dates = [date for date, *_ in versions]
        coded_in = {}
        for pk, date in self._given_on(given).items():
            if index := bisect.bisect_right(dates, date):
                coded_in[pk] = versions[index - 1][1]
        records = self.source.history.filter(history_id__in=set(coded_in.values()))
        texts = dict(records.order_by().values_list("history_id", "text"))
        return {
            pk
            for pk, version in coded_in.items()
            if (before := texts[version]) and before[slice(*given[pk])] != self.text[slice(*given[pk])]
        }

    def _given_on(self, given: Mapping[int, tuple[int | None, int | None]]) -> dict[int, dt.datetime]:
        """Find since when statements have the offsets that they have."""
        since: dict[int, dt.datetime] = {}
        records = Statement.history.filter(id__in=given).order_by("history_date", "history_id")
        for pk, start, end, date in records.values_list("id", "start", "end", "history_date"):
            if (start, end) != given[pk]:
                since.pop(pk, None)
            else:
                since.setdefault(pk, date)
        return since
