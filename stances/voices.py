"""Who may express whose position on a day (codebook, section 2). What it suggests, the coder decides."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from stances.dates import PartialDate
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
    return Voices([speaker]).suggest(speaker, actor, day)


def government_of(speaker: Actor, day: dt.date) -> Actor | None:
    """Give the one government whose position a speaker expresses on a day in its own voice, if it is one."""
    if speaker.kind == ActorKind.GOVERNMENT:
        return speaker
    chains = Voices([speaker])._chains(speaker, day)
    found = {chain[-1].of for chain in chains if _is_own(chain) and chain[-1].of.kind == ActorKind.GOVERNMENT}
    return found.pop() if len(found) == 1 else None


class Voices:
    """The affiliations of some speakers, of all days, read in a query a level: suggests for many statements at once."""

    def __init__(self, speakers: Iterable[Actor]) -> None:
        speakers = list(speakers)
        self.above: dict[int, list[Affiliation]] = defaultdict(list)
        frontier = {speaker.pk for speaker in speakers}
        seen: set[int] = set()
        for _ in range(LEVELS):
            if not frontier:
                break
            seen |= frontier
            links = Affiliation.objects.filter(actor__in=frontier).exclude(authority="").select_related("of")
            for link in links.order_by("pk"):
                self.above[link.actor_id].append(link)
            frontier = {link.of_id for pk in frontier for link in self.above[pk]} - seen
        self.members: dict[tuple[int, int], list[Affiliation]] = defaultdict(list)
        if groups := [speaker for speaker in speakers if speaker.kind == ActorKind.GROUP]:
            for link in Affiliation.objects.filter(of__in=groups).select_related("of"):
                self.members[link.of_id, link.actor_id].append(link)

    def offices(self, speaker: Actor, first: dt.date, last: dt.date) -> list[Affiliation]:
        """List a speaker's affiliations with an authority that hold on a day from `first` to `last`."""
        return [link for link in self.above[speaker.pk] if _holds(link, first, last)]

    def suggest(self, speaker: Actor, actor: Actor, day: dt.date) -> Suggestion:
        """Suggest for one of the speakers; see `suggest` above."""
        chains = self._chains(speaker, day)
        if speaker.pk == actor.pk:
            return Suggestion(self._own_authority(speaker, chains, day), Voice.OWN)
        if speaker.kind == ActorKind.GROUP:
            member = next((link for link in self.members[speaker.pk, actor.pk] if _holds(link, day, day)), None)
            if member:
                return Suggestion(Authority.ACT, Voice.OWN, (member,))
        reaching = [chain for chain in chains if chain[-1].of_id == actor.pk and chain[-1].of.kind != ActorKind.GROUP]
        if reaching:
            best = min(reaching, key=lambda chain: (not _is_own(chain), len(chain), Authority(chain[0].authority).rank))
            return Suggestion(Authority(best[0].authority), Voice.OWN if _is_own(best) else Voice.REPORTED, best)
        return Suggestion(self._own_authority(speaker, chains, day), Voice.REPORTED)

    def _own_authority(self, speaker: Actor, chains: list[tuple[Affiliation, ...]], day: dt.date) -> Authority:
        """Give the authority with which a speaker speaks of anybody."""
        if speaker.kind == ActorKind.GROUP:
            return Authority.ACT
        if speaker.kind == ActorKind.GOVERNMENT:
            return Authority.OFFICIAL
        known = [Authority(chain[0].authority) for chain in chains if len(chain) == 1]
        if any(link.end and link.end <= day and link.authority in OWN_VOICE for link in self.above[speaker.pk]):
            known.append(Authority.FORMER)
        return min(known, key=lambda authority: authority.rank, default=Authority.INDEPENDENT)

    def _chains(self, speaker: Actor, day: dt.date) -> list[tuple[Affiliation, ...]]:
        """Walk up from a speaker through affiliations with an authority that hold on a day."""
        chains: list[tuple[Affiliation, ...]] = []
        frontier: dict[int, tuple[Affiliation, ...]] = {speaker.pk: ()}
        seen = {speaker.pk}
        for _ in range(LEVELS):
            held = [link for pk in frontier for link in self.above[pk] if _holds(link, day, day)]
            following: dict[int, tuple[Affiliation, ...]] = {}
            for link in sorted(held, key=lambda link: link.pk):
                chain = (*frontier[link.actor_id], link)
                chains.append(chain)
                if link.of_id not in seen:
                    following.setdefault(link.of_id, chain)
            seen |= following.keys()
            frontier = following
        return chains


def _holds(link: Affiliation, first: dt.date, last: dt.date) -> bool:
    return (link.start is None or link.start <= last) and (link.end is None or link.end > first)


def members(group: Actor, day: dt.date) -> list[Actor]:
    """List the governments that belong to a group on a day, whose positions it expresses together."""
    if group.kind != ActorKind.GROUP:
        return []
    held = Affiliation.objects.on(day).filter(of=group, actor__kind=ActorKind.GOVERNMENT)
    return list(Actor.objects.filter(pk__in=held.order_by().values("actor")).order_by("name", "pk"))


def why(speaker: Actor, actor: Actor, day: dt.date, suggestion: Suggestion) -> str:
    """Say what a suggestion rests on: "Minister for Defence, Falken, since 3 Feb 2024"."""
    if suggestion.through:
        return ", of ".join(_office(link) for link in suggestion.through)
    if speaker.kind == ActorKind.GROUP:
        return "a group, which speaks for its members"
    offices = Affiliation.objects.on(day).filter(actor=speaker).exclude(authority="").select_related("of")
    if held := list(offices.order_by("pk")[:3]):
        return "; ".join(_office(link) for link in held)
    ended = speaker.affiliations.filter(end__lte=day).exclude(authority="").select_related("of")
    if last := ended.order_by("-end", "pk").first():
        return _office(last)
    if speaker.kind == ActorKind.PERSON:
        return f"no office is recorded on {_day(day)}"
    return f"{speaker.get_kind_display()}"


def _office(link: Affiliation) -> str:
    since = f", since {_day(link.start)}" if link.start and not link.end else ""
    until = f", {_day(link.start) + ' ' if link.start else ''}until {_day(link.end)}" if link.end else ""
    return f"{link.title}, {link.of.name}{since}{until}"


def _day(day: dt.date) -> str:
    return PartialDate(day, day).words(short=True)


def _is_own(chain: tuple[Affiliation, ...]) -> bool:
    return all(link.authority in OWN_VOICE for link in chain)
