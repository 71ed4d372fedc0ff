"""The shape of the seed files, as JSON Schema over scalars that are all text."""

from stances.vocabulary import (
    ActorKind,
    Authority,
    Basis,
    Coverage,
    DateBasis,
    Form,
    SourceKind,
    Terms,
    Voice,
)

SLUG = {
    "type": "string",
    "pattern": r"^[a-z0-9]+(-[a-z0-9]+)*$",
    "description": "a slug: small letters, digits, hyphens",
}
TEXT = {"type": "string", "minLength": 1}
DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": "a day, as 2024-02-13"}
YES_NO = {"enum": ["yes", "no"]}
NUMBERS = r"[1-9]\d*(-[1-9]\d*)?"
PARAGRAPHS = {
    "type": "string",
    "pattern": rf"^{NUMBERS}(, {NUMBERS})*$",
    "description": "numbers from 1, as 4, or 2-7, or 2-3, 6",
}


def _table(required: list[str], **fields) -> dict:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": fields}


def _list(item: dict) -> dict:
    return {"type": "array", "items": item}


def _choice(choices) -> dict:
    return {"enum": list(choices.values)}


AFFILIATION = _table(["of", "title"], of=SLUG, title=TEXT, authority=_choice(Authority), start=DAY, end=DAY)
ACTOR = _table(
    ["slug", "kind", "name"],
    slug=SLUG,
    kind=_choice(ActorKind),
    name=TEXT,
    short_name=TEXT,
    iso={"type": "string", "pattern": "^[A-Z]{3}$", "description": "three capital letters, as AUS"},
    aliases=_list(TEXT),
    wikidata={"type": "string", "pattern": r"^Q[1-9]\d*$", "description": "a Wikidata id, as Q408"},
    affiliations=_list(AFFILIATION),
)
TOPIC = _table(
    ["slug", "name", "short_name", "proposition"],
    slug=SLUG,
    under=SLUG,
    name=TEXT,
    short_name=TEXT,
    proposition=TEXT,
    coding_notes=TEXT,
    group=SLUG,
    candidate=SLUG,
    featured=YES_NO,
    question=TEXT,
    about=TEXT,
)
STANCE = _table(
    ["actor", "topic", "position", "attribution"],
    actor={
        "anyOf": [SLUG, {**_list(SLUG), "minItems": 1}],
        "description": "an actor's slug, or a list of them",
    },
    topic=SLUG,
    position={"enum": ["+2", "+1", "0", "-1", "-2"]},
    terms=_choice(Terms),
    condition=TEXT,
    basis=_choice(Basis),
    attribution=_choice(Voice),
    rationale=TEXT,
)
STATEMENT = _table(
    ["number", "speaker", "date", "form", "authority", "paragraphs", "summary", "stances"],
    number={"type": "string", "pattern": r"^[1-9]\d*$", "description": "a number from 1"},
    speaker=SLUG,
    date=TEXT,
    occasion=TEXT,
    form=_choice(Form),
    authority=_choice(Authority),
    paragraphs=PARAGRAPHS,
    quote=TEXT,
    summary=TEXT,
    repeats=TEXT,
    primary_url=TEXT,
    language=TEXT,
    translated=YES_NO,
    stances={**_list(STANCE), "minItems": 1},
)
SOURCE = _table(
    ["slug", "kind", "publisher", "title", "published_on", "date_basis", "coverage", "text"],
    slug=SLUG,
    kind=_choice(SourceKind),
    publisher=SLUG,
    title=TEXT,
    author=TEXT,
    published_on=DAY,
    date_basis=_choice(DateBasis),
    date_note=TEXT,
    language=TEXT,
    url=TEXT,
    archive_url=TEXT,
    found_in=SLUG,
    coverage=_choice(Coverage),
    text=_table(
        ["file", "sha256", "body"],
        file=TEXT,
        lines={
            "type": "string",
            "pattern": r"^[1-9]\d*-[1-9]\d*$",
            "description": "a range of lines, as 5-29",
        },
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "64 hexadecimal digits"},
        body=PARAGRAPHS,
    ),
    statements=_list(STATEMENT),
)

DESK = _table(["fixture"], fixture=SLUG)
ACTORS = _table(["actors"], actors=_list(ACTOR))
TOPICS = _table(["topics"], topics=_list(TOPIC))
ARTICLE = _table(["sources"], sources={**_list(SOURCE), "minItems": 1})
