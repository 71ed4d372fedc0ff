"""The terms of the codebook, their words for readers and their order."""

from django.db import models


class ActorKind(models.TextChoices):
    GOVERNMENT = "government", "government"
    BODY = "body", "body"
    GROUP = "group", "group of governments"
    PERSON = "person", "person"
    PUBLICATION = "publication", "publication"


class SourceKind(models.TextChoices):
    ARTICLE = "article", "article"
    NEWSLETTER = "newsletter", "newsletter"
    TRANSCRIPT = "transcript", "transcript"
    COMMUNIQUE = "communique", "communiqué"
    DOCUMENT = "document", "document"
    BROADCAST = "broadcast", "broadcast"


class DateBasis(models.TextChoices):
    """How a source's date of publication is known."""

    PRINTED = "printed", "printed on it"
    PUBLISHER = "publisher", "given by the publisher"
    INFERRED = "inferred", "inferred"


class Coverage(models.TextChoices):
    """How much of a source was coded."""

    WHOLE = "whole", "the whole text"
    PART = "part", "a part of the text"
    NOTHING = "nothing", "read, nothing found to code"


class Authority(models.TextChoices):
    """Who speaks, in the order in which the rules prefer them (codebook, section 2)."""

    HEAD = "head", "head of state or government"
    ACT = "act", "deed of governments"
    MINISTER = "minister", "minister"
    OFFICIAL = "official", "senior official or spokesperson"
    MISSION = "mission", "embassy or mission"
    UNNAMED = "unnamed", "unnamed official"
    STATE_MEDIA = "state_media", "state media"
    FORMER = "former", "former office-holder, legislator or party"
    INDEPENDENT = "independent", "expert, company or publication"

    @property
    def rank(self) -> int:
        """0 for the highest authority."""
        return list(Authority).index(self)


#: Authorities that express a government's own position, through an affiliation that holds on the day.
OWN_VOICE = frozenset(list(Authority)[:5])


class Form(models.TextChoices):
    DIRECT = "direct", "direct quotation"
    INDIRECT = "indirect", "indirect speech"
    ACT = "act", "a deed"


class Status(models.TextChoices):
    DRAFT = "draft", "draft"
    SUBMITTED = "submitted", "submitted for review"
    PUBLISHED = "published", "published"
    RETRACTED = "retracted", "retracted"


#: The steps before a statement is public.
UNPUBLISHED = (Status.DRAFT, Status.SUBMITTED)


class Value(models.IntegerChoices):
    FOR = 2, "for"
    FOR_ON_TERMS = 1, "for, on terms"
    UNDECIDED = 0, "undecided"
    AGAINST_ON_TERMS = -1, "against, on terms"
    AGAINST = -2, "against"


class Terms(models.TextChoices):
    """What limits a position of +1 or -1; where several apply, the first in this order."""

    PROVISO = "proviso", "proviso: if, unless"
    TIME = "time", "time: later, not now"
    SCOPE = "scope", "scope: in part"
    LEANING = "leaning", "leaning: leans, has doubts"


class Basis(models.TextChoices):
    EXPLICIT = "explicit", "explicit"
    IMPLIED = "implied", "implied"


class Voice(models.TextChoices):
    """Whose words: a stance's attribution, and the series of positions that it enters."""

    OWN = "own", "own words"
    REPORTED = "reported", "reported by others"


class ChangeKind(models.TextChoices):
    FIRST = "first", "first recorded"
    REVERSAL = "reversal", "reversal"
    SHIFT = "shift", "shift"
    TERMS = "terms", "terms"


WORDS: dict[tuple[int, str], str] = {
    (2, ""): "for",
    (1, "time"): "for, later",
    (1, "scope"): "for, in part",
    (1, "proviso"): "for, if …",
    (1, "leaning"): "leans for",
    (0, ""): "undecided",
    (-1, "time"): "not now",
    (-1, "scope"): "against, in part",
    (-1, "proviso"): "against, unless …",
    (-1, "leaning"): "has doubts",
    (-2, ""): "against",
}
#: The words of a text that anchor a position (codebook, section 5), in the order in which coders choose.
ANCHORS: dict[tuple[int, str], str] = {
    (2, ""): "agrees, signs, pledges, welcomes, urges, is keen; acts on it",
    (1, "proviso"): "once a security clearance system stands",
    (1, "time"): "“as Pillar II becomes more mature”",
    (1, "scope"): "“project by project”, “on specific projects”",
    (1, "leaning"): "open to, expressed interest, “natural candidate”, raises the possibility, briefs a candidate; "
    "one who could refuse offers or announces that it will consider",
    (0, ""): "has not decided: “whether or not”, “a matter for them”, explores",
    (-1, "proviso"): "not unless something comes first",
    (-1, "time"): "“no plans”, “not proposed”, “not until there are results”",
    (-1, "scope"): "not this part of it",
    (-1, "leaning"): "concerns, costs, complications, “be prudent”, “cast a shadow”",
    (
        -2,
        "",
    ): "rules out, would not join, would not accept, condemns; says that it does harm (“destabilise”, “arms race”)",
}
SIGNS = {2: "++", 1: "+", 0: "0", -1: "−", -2: "−−"}
CSS = {2: "p2", 1: "p1", 0: "z0", -1: "n1", -2: "n2"}


def wording(value: int, terms: str) -> str:
    """Give a position in the codebook's words; one that breaks its rules, as a form may hold it, in figures.

    >>> wording(1, "time")
    'for, later'
    """
    return WORDS.get((value, terms), f"{value:+d} {terms}".strip())


def side(value: int) -> int:
    """Give the side of a position in -2..2: 1 for, 0 undecided, -1 against."""
    return (value > 0) - (value < 0)


def kind_of_change(before: int, after: int) -> ChangeKind:
    """Name a change between two positions that differ in value or in terms (codebook, section 6)."""
    if side(before) == side(after):
        return ChangeKind.TERMS
    if side(before) * side(after) < 0:
        return ChangeKind.REVERSAL
    return ChangeKind.SHIFT
