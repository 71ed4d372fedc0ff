"""Who may express whose position on a day (codebook, section 2). What it suggests, the coder decides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from stances.models.actors import Actor, Affiliation
from stances.vocabulary import OWN_VOICE, ActorKind, Authority, Voice

LEVELS = 4


@dataclass(frozen=True)
class Suggestion:
    """With what authority a speaker speaks, whether it is the actor's own voice, and through which affiliations."""

    authority: Authority
    attribution: Voice
    through: tuple[Affiliation, ...] = ()


def suggest(speaker: Actor, actor: Actor, day: dt.date) -> Suggestion:
    """Suggest authority and attribution for words of `speaker` about the position of `actor` on `day`."""
    chains = _chains(speaker, day)
    if speaker.pk == actor.pk:
        return Suggestion(_own_authority(speaker, chains, day), Voice.OWN)
    if speaker.kind == ActorKind.GROUP:
        member = actor.affiliations.on(day).filter(of=speaker).select_related("actor", "of").first()
        if member:
            return Suggestion(Authority.ACT, Voice.OWN, (member,))
    reaching = [chain for chain in chains if chain[-1].of_id == actor.pk and chain[-1].of.kind != ActorKind.GROUP]
    if reaching:
        best = min(reaching, key=lambda chain: (not _is_own(chain), len(chain), Authority(chain[0].authority).rank))
        return Suggestion(Authority(best[0].authority), Voice.OWN if _is_own(best) else Voice.REPORTED, best)
    return Suggestion(_own_authority(speaker, chains, day), Voice.REPORTED)


def _is_own(chain: tuple[Affiliation, ...]) -> bool:
    return all(link.authority in OWN_VOICE for link in chain)


def _own_authority(speaker: Actor, chains: list[tuple[Affiliation, ...]], day: dt.date) -> Authority:
    """Give the authority with which a speaker speaks of anybody."""
    if speaker.kind == ActorKind.GROUP:
        return Authority.ACT
    if speaker.kind == ActorKind.GOVERNMENT:
        return Authority.OFFICIAL
    known = [Authority(chain[0].authority) for chain in chains if len(chain) == 1]
    if speaker.affiliations.filter(end__lte=day, authority__in=OWN_VOICE).exists():
        known.append(Authority.FORMER)
    return min(known, key=lambda authority: authority.rank, default=Authority.INDEPENDENT)


def _chains(speaker: Actor, day: dt.date) -> list[tuple[Affiliation, ...]]:
    """Walk up from a speaker through affiliations with an authority that hold on a day, a query a level."""
    chains: list[tuple[Affiliation, ...]] = []
    frontier: dict[int, tuple[Affiliation, ...]] = {speaker.pk: ()}
    seen = {speaker.pk}
    for _ in range(LEVELS):
        held = (
            Affiliation.objects.on(day).filter(actor__in=frontier).exclude(authority="").select_related("actor", "of")
        )
        following: dict[int, tuple[Affiliation, ...]] = {}
        for link in held.order_by("pk"):
            chain = (*frontier[link.actor_id], link)
            chains.append(chain)
            if link.of_id not in seen:
                following.setdefault(link.of_id, chain)
        if not following:
            break
        seen |= following.keys()
        frontier = following
    return chains
