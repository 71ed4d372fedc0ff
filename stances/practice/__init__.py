"""An article of our own invention to practise coding on, with the actors that it names; for `manage.py demo` alone.

It comes uncoded, and no reader finds it or its actors. It has no topics of its own, which would be public: it is
practised with those of the data, some of which `hint` names. Nobody in it is head of a government, for readers find
every head of one.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from stances.models import Actor, Affiliation, Source, Topic
from stances.models.sources import sha256_of
from stances.vocabulary import ActorKind, Authority, Coverage, DateBasis, SourceKind
from stances.wording import joined
from stances.writes import public_write

SLUG = "practice-falken-looks-north"
REASON = "practice article"

#: Slug after "practice-", kind, name, other names.
ACTORS: list[tuple[str, ActorKind, str, str]] = [
    ("aldoria", ActorKind.GOVERNMENT, "Aldoria", ""),
    ("brenmark", ActorKind.GOVERNMENT, "Brenmark", ""),
    ("castoria", ActorKind.GOVERNMENT, "Castoria", ""),
    ("estmere", ActorKind.GOVERNMENT, "Estmere", ""),
    ("falken", ActorKind.GOVERNMENT, "Falken", ""),
    ("gorland", ActorKind.GOVERNMENT, "Gorland", ""),
    ("northern-pact", ActorKind.GROUP, "Northern Pact", "members of the Northern Pact\nthe Pact"),
    ("maren", ActorKind.PERSON, "Ilse Maren", "Minister for Defence of Falken"),
    ("vask", ActorKind.PERSON, "Joren Vask", ""),
    ("brisk", ActorKind.PERSON, "Oda Brisk", "Foreign Minister of Castoria"),
    ("brenmark-official", ActorKind.PERSON, "Unnamed official, Government of Brenmark", ""),
    ("oyelaran", ActorKind.PERSON, "Tamsin Oyelaran", ""),
    ("estmere-embassy", ActorKind.BODY, "Embassy of Estmere in Halvik", ""),
    ("university", ActorKind.BODY, "University of Halvik", ""),
    ("halvik-post", ActorKind.PUBLICATION, "Halvik Post", ""),
    ("gorland-courier", ActorKind.PUBLICATION, "Gorland Courier", ""),
]

#: Actor, of, title, authority, first day, end.
AFFILIATIONS: list[tuple[str, str, str, str, dt.date | None, dt.date | None]] = [
    ("aldoria", "northern-pact", "member", "", dt.date(2019, 5, 1), None),
    ("brenmark", "northern-pact", "member", "", dt.date(2019, 5, 1), None),
    ("castoria", "northern-pact", "member", "", dt.date(2019, 5, 1), None),
    ("maren", "falken", "Minister for Defence", Authority.MINISTER, dt.date(2023, 2, 3), None),
    ("vask", "falken", "Minister for Defence", Authority.MINISTER, dt.date(2020, 1, 9), dt.date(2023, 2, 3)),
    ("brisk", "castoria", "Foreign Minister", Authority.MINISTER, dt.date(2022, 11, 1), None),
    ("brenmark-official", "brenmark", "unnamed official", Authority.UNNAMED, None, None),
    ("oyelaran", "university", "professor", Authority.INDEPENDENT, None, None),
    ("estmere-embassy", "estmere", "embassy", Authority.MISSION, None, None),
    ("gorland-courier", "gorland", "state newspaper", Authority.STATE_MEDIA, None, None),
]


def article() -> Source | None:
    """Give the article, where it is."""
    return Source.objects.filter(slug=SLUG).first()


def hint(source: Source) -> str:
    """Say of the article on which topics of the data to code it, up to three of them; of other sources nothing."""
    if source.slug != SLUG:
        return ""
    asked = Topic.objects.filter(featured=True).values("pk")
    names = Topic.objects.in_order().filter(parent__in=asked).values_list("name", flat=True)[:3]
    such_as = f", such as {joined([f'“{name}”' for name in names])}" if names else ""
    return (
        "Invented, to practise coding on. It has no topics of its own, which readers would see: take those of the "
        f"list that come nearest{such_as}. Leave what you code here as drafts, or delete it."
    )


def place() -> bool:
    """Add the article and its actors, once: what was changed or deleted since stays so. Tell whether it was added."""
    if Source.history.filter(slug=SLUG).exists():
        return False
    with public_write():
        actors = {slug: _actor(f"practice-{slug}", kind, name, aliases) for slug, kind, name, aliases in ACTORS}
        for actor, of, title, authority, start, end in AFFILIATIONS:
            held = {"actor": actors[actor], "of": actors[of], "title": title, "start": start}
            if not Affiliation.objects.filter(**held).exists():
                _save(Affiliation(**held, authority=authority, end=end))
        text = (Path(__file__).parent / "article.txt").read_text(encoding="utf-8").strip()
        _save(
            Source(
                slug=SLUG,
                kind=SourceKind.ARTICLE,
                title="Practice: Falken looks north again",
                publisher=actors["halvik-post"],
                published_on=dt.date(2024, 8, 30),
                date_basis=DateBasis.PRINTED,
                date_note="Invented, to practise coding on. Leave what you code here as drafts, or delete it.",
                coverage=Coverage.PART,
                text=text,
                text_sha256=sha256_of(text),
            )
        )
    return True


def _actor(slug: str, kind: ActorKind, name: str, aliases: str) -> Actor:
    found = Actor.objects.filter(slug=slug).first()
    return found or _save(Actor(slug=slug, kind=kind, name=f"Practice: {name}", short_name=name, aliases=aliases))


def _save(row):
    row.full_clean()
    row._change_reason = REASON
    row.save()
    return row
