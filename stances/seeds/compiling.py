"""Compiling seeds to a fixture: references and rules checked, the records in one order, byte for byte the same."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from stances.dates import PartialDate
from stances.seeds.reading import Document, Location, Problem, SeedError, Seeds

Record = dict[str, Any]


def compile_fixture(seeds: Seeds) -> str:
    """Give the fixture as JSON text; raise SeedError with every breach of a rule."""
    compiler = _Compiler(seeds)
    records = [*compiler.actors(), *compiler.topics(), *compiler.sources()]
    if compiler.problems:
        raise SeedError(compiler.problems)
    lines = ",\n".join(json.dumps(record, ensure_ascii=False, indent=1) for record in records)
    return f"[\n{lines}\n]\n"


def statement_key(source: Record, statement: Record) -> str:
    """Give a statement's key: its source's slug and its number."""
    return f"{source['slug']}-{statement['number']}"


class _Compiler:
    def __init__(self, seeds: Seeds) -> None:
        self.seeds = seeds
        self.problems: list[Problem] = []
        self.actor_slugs = self._slugs([(seeds.actors, "actors")])
        self.topic_slugs = self._slugs([(seeds.topics, "topics")])
        self.source_slugs = self._slugs([(document, "sources") for document in seeds.articles])
        self.repeated: dict[str, str | None] = {}
        for document in seeds.articles:
            for number, source in enumerate(document.data["sources"]):
                for place, statement in enumerate(source.get("statements", [])):
                    key = statement_key(source, statement)
                    if key in self.repeated:
                        self._refuse(document, ("sources", number, "statements", place), f"{key} stands twice.")
                    self.repeated[key] = statement.get("repeats")

    def _refuse(self, document: Document, where: Location, message: str) -> None:
        self.problems.append(document.problem(where, message))

    def _slugs(self, documents: list[tuple[Document, str]]) -> set[str]:
        slugs: set[str] = set()
        for document, name in documents:
            for number, record in enumerate(document.data[name]):
                if record["slug"] in slugs:
                    self._refuse(document, (name, number, "slug"), f"“{record['slug']}” stands twice.")
                slugs.add(record["slug"])
        return slugs

    def _reference(
        self, document: Document, where: Location, slug: str | None, slugs: set[str], kind: str
    ) -> list[str] | None:
        if slug is None:
            return None
        if slug not in slugs:
            self._refuse(document, where, f"There is no {kind} “{slug}”{_nearest(slug, slugs)}.")
        return [slug]

    def actors(self) -> Iterator[Record]:
        document = self.seeds.actors
        for actor in document.data["actors"]:
            yield _record(
                "actor",
                slug=actor["slug"],
                kind=actor["kind"],
                name=actor["name"],
                short_name=actor.get("short_name", ""),
                iso=actor.get("iso", ""),
                aliases="\n".join(actor.get("aliases", [])),
                wikidata=actor.get("wikidata", ""),
            )
        seen = set()
        for number, actor in enumerate(document.data["actors"]):
            for place, affiliation in enumerate(actor.get("affiliations", [])):
                where: Location = ("actors", number, "affiliations", place)
                start, end = (self._day(document, (*where, name), affiliation.get(name)) for name in ("start", "end"))
                if start and end and end <= start:
                    self._refuse(document, (*where, "end"), "An affiliation ends after it begins.")
                identity = (actor["slug"], affiliation["of"], affiliation["title"], start)
                if identity in seen:
                    self._refuse(document, where, "This affiliation stands twice.")
                seen.add(identity)
                yield _record(
                    "affiliation",
                    actor=[actor["slug"]],
                    of=self._reference(document, (*where, "of"), affiliation["of"], self.actor_slugs, "actor"),
                    title=affiliation["title"],
                    authority=affiliation.get("authority", ""),
                    start=start,
                    end=end,
                )

    def topics(self) -> Iterator[Record]:
        document = self.seeds.topics
        above: set[str] = set()
        for number, topic in enumerate(document.data["topics"]):
            where: Location = ("topics", number)
            under = topic.get("under")
            if under in self.topic_slugs - above:
                self._refuse(document, (*where, "under"), f"“{under}” must stand before what stands under it.")
            above.add(topic["slug"])
            yield _record(
                "topic",
                slug=topic["slug"],
                parent=self._reference(document, (*where, "under"), under, self.topic_slugs, "topic"),
                rank=number,
                name=topic["name"],
                short_name=topic["short_name"],
                proposition=topic["proposition"],
                coding_notes=topic.get("coding_notes", ""),
                featured=topic.get("featured") == "yes",
                question=topic.get("question", ""),
                about=topic.get("about", ""),
                group=self._reference(document, (*where, "group"), topic.get("group"), self.actor_slugs, "actor"),
                candidate=self._reference(
                    document, (*where, "candidate"), topic.get("candidate"), self.actor_slugs, "actor"
                ),
            )

    def sources(self) -> Iterator[Record]:
        for document in self.seeds.articles:
            for number, source in enumerate(document.data["sources"]):
                yield self._source(document, ("sources", number), source)
        statements = [
            (document, ("sources", number, "statements", place), source, statement)
            for document in self.seeds.articles
            for number, source in enumerate(document.data["sources"])
            for place, statement in enumerate(source.get("statements", []))
        ]
        for document, where, source, statement in statements:
            yield self._statement(document, where, source, statement)
        for document, where, source, statement in statements:
            yield from self._stances(document, where, source, statement)

    def _source(self, document: Document, where: Location, source: Record) -> Record:
        if source["coverage"] == "nothing" and source.get("statements"):
            self._refuse(document, (*where, "coverage"), "Statements were found in it.")
        if source["date_basis"] == "inferred" and not source.get("date_note"):
            self._refuse(document, (*where, "date_basis"), "An inferred date needs a date_note.")
        return _record(
            "source",
            slug=source["slug"],
            kind=source["kind"],
            publisher=self._reference(document, (*where, "publisher"), source["publisher"], self.actor_slugs, "actor"),
            title=source["title"],
            author=source.get("author", ""),
            published_on=self._day(document, (*where, "published_on"), source["published_on"]),
            date_basis=source["date_basis"],
            date_note=source.get("date_note", ""),
            language=source.get("language", "en"),
            url=source.get("url", ""),
            archive_url=source.get("archive_url", ""),
            found_in=self._reference(
                document, (*where, "found_in"), source.get("found_in"), self.source_slugs, "source"
            ),
            coverage=source["coverage"],
            text_sha256=source["text"]["sha256"],
        )

    def _statement(self, document: Document, where: Location, source: Record, statement: Record) -> Record:
        earliest = latest = None
        try:
            date = PartialDate.parse(statement["date"])
            earliest, latest = date.earliest and date.earliest.isoformat(), date.latest.isoformat()
        except ValueError as error:
            self._refuse(document, (*where, "date"), str(error))
        if latest and latest > source["published_on"]:
            self._refuse(
                document,
                (*where, "date"),
                f"Later than its source, of {source['published_on']}: write the range that ends with that day.",
            )
        if (statement["form"] == "direct") != ("quote" in statement):
            self._refuse(document, (*where, "form"), "A direct quotation needs a quote; the other forms have none.")
        repeats = statement.get("repeats")
        if repeats is not None:
            if repeats not in self.repeated:
                self._refuse(
                    document,
                    (*where, "repeats"),
                    f"There is no statement “{repeats}”{_nearest(repeats, set(self.repeated))}.",
                )
            elif self.repeated[repeats] is not None:
                self._refuse(
                    document,
                    (*where, "repeats"),
                    f"{repeats} is a repeat itself: name {self.repeated[repeats]}.",
                )
        return _record(
            "statement",
            key=statement_key(source, statement),
            source=[source["slug"]],
            speaker=self._reference(document, (*where, "speaker"), statement["speaker"], self.actor_slugs, "actor"),
            earliest=earliest,
            latest=latest,
            occasion=statement.get("occasion", ""),
            form=statement["form"],
            authority=statement["authority"],
            quote=statement.get("quote", ""),
            locator=statement["paragraphs"],
            summary=statement["summary"],
            repeats=repeats and [repeats],
            primary_url=statement.get("primary_url", ""),
            language=statement.get("language", source.get("language", "en")),
            translated=statement.get("translated") == "yes",
            status="published",
        )

    def _stances(self, document: Document, where: Location, source: Record, statement: Record) -> Iterator[Record]:
        seen = set()
        for place, stance in enumerate(statement["stances"]):
            here: Location = (*where, "stances", place)
            position = int(stance["position"])
            if (position in (1, -1)) != ("terms" in stance):
                self._refuse(document, (*here, "position"), "+1 and -1 have terms, the other positions none.")
            if stance.get("basis") == "implied":
                if not stance.get("rationale"):
                    self._refuse(document, (*here, "basis"), "An implied position needs a rationale.")
                if statement["form"] == "act":
                    self._refuse(document, (*here, "basis"), "A deed is explicit.")
            actors = stance["actor"] if isinstance(stance["actor"], list) else [stance["actor"]]
            for actor in actors:
                if (actor, stance["topic"]) in seen:
                    self._refuse(document, here, f"{actor} has a stance on {stance['topic']} already.")
                seen.add((actor, stance["topic"]))
                yield _record(
                    "stance",
                    statement=[statement_key(source, statement)],
                    actor=self._reference(document, (*here, "actor"), actor, self.actor_slugs, "actor"),
                    topic=self._reference(document, (*here, "topic"), stance["topic"], self.topic_slugs, "topic"),
                    position=position,
                    terms=stance.get("terms", ""),
                    condition=stance.get("condition", ""),
                    basis=stance.get("basis", "explicit"),
                    attribution=stance["attribution"],
                    rationale=stance.get("rationale", ""),
                )

    def _day(self, document: Document, where: Location, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            PartialDate.parse(text)
        except ValueError as error:
            self._refuse(document, where, str(error))
        return text


def _record(model: str, **fields) -> Record:
    return {"model": f"stances.{model}", "fields": fields}


def _nearest(slug: str, slugs: set[str]) -> str:
    near = difflib.get_close_matches(slug, sorted(slugs), n=3)
    return f"; near to it: {', '.join(near)}" if near else ""
