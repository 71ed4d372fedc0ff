"""A synthetic corpus of any size, for trials and benchmarks: rows of a table of stances, the same for the same seed.

Few governments and topics have most of the rows (Zipf); a position persists, and changes in some 15 % of statements.
Offices are held for five years each. The text is drawn from a vocabulary by Zipf's law; `COMMON_WORD` stands in 5 % of
the summaries. Rows come in the order of time, from 2000 to 2024, source by source.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from typing import Generic, NamedTuple, TypeVar

from stances.bulk import load
from stances.exports import STANCES
from stances.models import Actor, Affiliation, Topic
from stances.vocabulary import OWN_VOICE, WORDS, ActorKind, Authority, Basis, Form, SourceKind, Status, Terms, Voice
from stances.writes import public_write

COLUMNS = tuple(column.name for column in STANCES)
#: A word that stands in this share of the summaries, and nowhere else.
COMMON_WORD, COMMON_SHARE = "frigate", 0.05

FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2024, 12, 31)
DAYS = [FIRST_DAY + dt.timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
ISO = [day.isoformat() for day in DAYS]
TERM_YEARS = 5
TERMS_OF_OFFICE = 5
#: The offices of each government, with their titles.
OFFICES = (
    (Authority.HEAD, "Prime Minister"),
    (Authority.MINISTER, "Minister for Foreign Affairs"),
    (Authority.MINISTER, "Minister for Defence"),
    (Authority.OFFICIAL, "Secretary for Foreign Affairs"),
    (Authority.OFFICIAL, "Spokesperson"),
)
OCCASIONS = ("", "", "news conference", "interview", "speech in parliament", "joint press conference", "hearing")
#: Against to for, so that neighbours are near each other.
SCALE = [(str(value), terms) for value, terms in reversed(WORDS)]
#: A topic without one above it.
ROOT = "topic-0"
CHANGES = 0.13
SECOND_TOPIC = 0.13
REPEATS = 0.05
RECENT = 500

#: The most frequent words, as a text has them, and syllables that make the rest of the vocabulary.
FREQUENT = """
    the of to and in a that for on with is it as we will by our be not this have are from or has more would its at
    they was should an which government security cooperation region minister partners countries defence capability
    technology agreement treaty alliance peace stability industry exercise programme project discussion member
    membership decision question proposal interest concern condition clearance information parliament policy export
"""
SYLLABLES = """
    ba co de fi ga lo mi na po ra se ti vo lu ken dor mas tel win sor gar pel nim rov cas den
"""
VOCABULARY = 6000
RING = 1 << 17


Item = TypeVar("Item")


class Party(NamedTuple):
    """An actor as a row names it."""

    slug: str
    name: str
    kind: str


class Office(NamedTuple):
    """An office that a person holds, or a membership; the end is exclusive."""

    actor: str
    of: str
    title: str
    authority: str
    start: dt.date | None
    end: dt.date | None


def party(kind: str, number: int) -> Party:
    return Party(f"{kind}-{number}", f"{kind.title()} {number}", str(kind))


class Zipf(Generic[Item]):
    """Draws items by Zipf's law, many at once: the first is the most frequent."""

    def __init__(self, items: Sequence[Item], chance: random.Random, exponent: float) -> None:
        self.items, self.chance = items, chance
        self.weights = list(accumulate(1 / rank**exponent for rank in range(1, len(items) + 1)))
        self.drawn: list[Item] = []

    def draw(self) -> Item:
        if not self.drawn:
            self.drawn = self.chance.choices(self.items, cum_weights=self.weights, k=5000)
        return self.drawn.pop()


@dataclass
class Said:
    """A statement, without its key and its source, as another source may print it again."""

    key: str
    cells: tuple[str, ...]
    stances: list[tuple[str, ...]]


class Corpus:
    """The actors and topics of a corpus, and its rows."""

    def __init__(self, statements: int, *, seed: int = 1) -> None:
        self.statements = statements
        self.chance = random.Random(seed)  # noqa: S311  (no secret)
        self.governments = [party(ActorKind.GOVERNMENT, n) for n in range(max(3, min(200, statements // 20)))]
        self.publications = [party(ActorKind.PUBLICATION, n) for n in range(max(2, len(self.governments) // 3))]
        held = len(self.governments) * len(OFFICES) * TERMS_OF_OFFICE
        self.experts = [party(ActorKind.PERSON, held + n) for n in range(max(2, len(self.governments)))]
        self.members = {
            party(ActorKind.GROUP, n): self.chance.sample(self.governments, min(len(self.governments), 2 + n % 5))
            for n in range(max(1, len(self.governments) // 16))
        }
        self.groups = list(self.members)
        self.topics = self._topics()
        self.words, self.starts = self._words()
        self.held: dict[tuple[str, str, str], int] = {}
        self.recent: deque[Said] = deque(maxlen=RECENT)

    def _topics(self) -> list[tuple[str, ...]]:
        """Make the topics, each with its parent and proposition: roots, topics under them, and those under these."""
        number = max(5, min(5000, round(240 * (self.statements / 1_000_000) ** 0.3)))
        roots, second = max(1, number // 12), max(2, number * 2 // 3)
        topics: list[tuple[str, ...]] = []
        for n in range(number):
            above = "" if n < roots else f"topic-{n % roots if n < second else roots + n % (second - roots)}"
            topics.append((f"topic-{n}", f"Topic {n}", above, f"Topic {n} should come about."))
        self.chance.shuffle(topics)
        return topics

    def _words(self) -> tuple[str, list[int]]:
        """Write a long text by Zipf's law, of which the rows have pieces, and say where its words start."""
        syllables = SYLLABLES.split()
        made = dict.fromkeys(FREQUENT.split())
        while len(made) < VOCABULARY:
            made["".join(self.chance.choices(syllables, k=self.chance.randint(2, 4)))] = None
        words = Zipf(list(made), self.chance, 1.0)
        text = [words.draw() for _ in range(RING)]
        return " ".join(text), list(accumulate((len(word) + 1 for word in text), initial=0))

    def _text(self, least: int, most: int) -> str:
        first = int(self.chance.random() * (RING - most))
        length = least + int(self.chance.random() * (most - least + 1))
        return self.words[self.starts[first] : self.starts[first + length] - 1]

    def _sentence(self, least: int, most: int) -> str:
        text = self._text(least, most)
        return f"{text[0].upper()}{text[1:]}."

    def offices(self) -> Iterator[Office]:
        """List who holds or held which office, and which governments belong to which group."""
        for g, government in enumerate(self.governments):
            for o, (authority, title) in enumerate(OFFICES):
                for term in range(TERMS_OF_OFFICE):
                    start = dt.date(FIRST_DAY.year + term * TERM_YEARS, 1, 1)
                    end = dt.date(start.year + TERM_YEARS, 1, 1) if term < TERMS_OF_OFFICE - 1 else None
                    holder = self._holder(g, o, term)
                    yield Office(holder.slug, government.slug, title, authority, start, end)
            yield Office(f"body-{g}", government.slug, "embassy", Authority.MISSION, None, None)
        for group, members in self.members.items():
            for member in members:
                yield Office(member.slug, group.slug, "member", "", None, None)

    def _holder(self, government: int, office: int, term: int) -> Party:
        return party(ActorKind.PERSON, (government * len(OFFICES) + office) * TERMS_OF_OFFICE + term)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows, cells in the order of `COLUMNS`, the rows of a statement one after the other."""
        chance = self.chance
        governments = Zipf(range(len(self.governments)), chance, 0.9)
        topics = Zipf(self.topics, chance, 0.9)
        publishers = Zipf(self.publications, chance, 1.0)
        kinds = Zipf(list(SourceKind.values), chance, 2.0)
        made = 0
        for number in count():
            if made >= self.statements:
                return
            day = int(made / self.statements * len(DAYS))
            publisher = publishers.draw()
            slug = f"source-{number}"
            title = self._text(5, 11).capitalize()
            source = (slug, title, kinds.draw(), publisher.slug, ISO[day], f"https://example.org/{slug}")
            subject = topics.draw()
            for n in range(1, min(chance.randint(4, 16), self.statements - made) + 1):
                made += 1
                key = f"{slug}-{n}"
                if self.recent and chance.random() < REPEATS:
                    said = self.recent[int(chance.random() * len(self.recent))]
                    repeats, status = said.key, Status.PUBLISHED.value
                else:
                    topic = subject if chance.random() < 0.5 else topics.draw()
                    second = topics.draw() if chance.random() < SECOND_TOPIC else topic
                    chosen = [topic] if second is topic else [topic, second]
                    said = self._say(key, day, governments.draw(), publisher, chosen)
                    repeats, status = "", self._status()
                    if status == Status.PUBLISHED:
                        self.recent.append(said)
                for stance in said.stances:
                    yield (key, *said.cells, repeats, *source, *stance, status)

    def _status(self) -> str:
        roll = self.chance.random()
        if roll < 0.94:
            return Status.PUBLISHED.value
        return (Status.DRAFT if roll < 0.97 else Status.SUBMITTED if roll < 0.985 else Status.RETRACTED).value

    def _say(self, key: str, day: int, number: int, publisher: Party, topics: list[tuple[str, ...]]) -> Said:
        """Make a statement on the position of a government, a group of them, or the speaker's own."""
        chance = self.chance
        speaker, authority, actors = self._speaker(day, number, publisher)
        voice = Voice.OWN if authority in OWN_VOICE or actors == [speaker] else Voice.REPORTED
        form = Form.ACT if authority == Authority.ACT else Form.DIRECT if chance.random() < 0.6 else Form.INDIRECT
        summary = self._sentence(10, 28)
        if chance.random() < COMMON_SHARE:
            summary = f"{summary[:-1]} {COMMON_WORD}."
        quote = start = end = ""
        if form == Form.DIRECT:
            quote = self._text(6, 36)
            if chance.random() < 0.15:
                quote += f" … {self._text(3, 12)}"
            if chance.random() < 0.3:
                first = int(chance.random() * 5000)
                start, end = str(first), str(first + len(quote))
        paragraph = 1 + int(chance.random() * 30)
        locator = str(paragraph) if chance.random() < 0.8 else f"{paragraph}-{paragraph + 2}"
        occasion = OCCASIONS[int(chance.random() * len(OCCASIONS))]
        date = self._date(day)
        stances = [self._stance(actor, topic, voice.value, form) for topic in topics for actor in actors]
        cells = (date, occasion, form.value, authority.value, *speaker, summary, quote, locator, start, end)
        return Said(key, cells, stances)

    def _speaker(self, day: int, number: int, publisher: Party) -> tuple[Party, Authority, list[Party]]:
        """Choose who speaks, with what authority, and of whose position."""
        chance = self.chance
        government = [self.governments[number]]
        term = min((DAYS[day].year - FIRST_DAY.year) // TERM_YEARS, TERMS_OF_OFFICE - 1)
        roll = chance.random()
        if roll < 0.58:
            office = int(chance.random() * len(OFFICES))
            return self._holder(number, office, term), OFFICES[office][0], government
        if roll < 0.62:
            return party(ActorKind.BODY, number), Authority.MISSION, government
        if roll < 0.68:
            return government[0], Authority.ACT, government
        if roll < 0.70:
            group = self.groups[number % len(self.groups)]
            return group, Authority.ACT, self.members[group]
        if roll < 0.75:
            return party(ActorKind.BODY, len(self.governments) + number), Authority.UNNAMED, government
        if roll < 0.90:
            return publisher, Authority.INDEPENDENT, government
        if roll < 0.92:
            return self.publications[number % len(self.publications)], Authority.STATE_MEDIA, government
        if roll < 0.96 and term:
            return self._holder(number, int(chance.random() * len(OFFICES)), term - 1), Authority.FORMER, government
        expert = self.experts[int(chance.random() ** 2 * len(self.experts))]
        return expert, Authority.INDEPENDENT, [expert]

    def _date(self, day: int) -> str:
        """Write when something was said that is printed on a day: mostly the day before or so, some known in part."""
        chance = self.chance
        roll = chance.random()
        said = max(0, day - int(chance.random() ** 2 * 5))
        if roll < 0.84:
            return ISO[said]
        if roll < 0.89:
            return f"../{ISO[day]}"
        if roll < 0.94:
            return ISO[said] if said < 7 else f"{ISO[said - 6]}/{ISO[said]}"
        before = DAYS[day].replace(day=1) - dt.timedelta(days=1)
        if before < FIRST_DAY:
            return ISO[said]
        return f"{before:%Y-%m}" if roll < 0.995 or before.year == FIRST_DAY.year else f"{DAYS[day].year - 1}"

    def _stance(self, actor: Party, topic: tuple[str, ...], voice: str, form: str) -> tuple[str, ...]:
        """Say what an actor holds now: as before, mostly, else something near it."""
        chance = self.chance
        series = (actor.slug, topic[0], voice)
        place = self.held.get(series)
        if place is None:
            place = int(chance.random() * len(SCALE))
        elif chance.random() < CHANGES:
            place = (place + (1 + int(chance.random() ** 3 * 6)) * (1 if chance.random() < 0.5 else -1)) % len(SCALE)
        self.held[series] = place
        position, terms = SCALE[place]
        condition = f"{_BEFORE[terms]} {self._text(3, 9)}" if terms and chance.random() < 0.7 else ""
        implied = form != Form.ACT and chance.random() < 0.08
        rationale = self._sentence(6, 18) if implied or chance.random() < 0.3 else ""
        basis = (Basis.IMPLIED if implied else Basis.EXPLICIT).value
        return (*actor, *topic, position, terms, condition, basis, voice, rationale)


_BEFORE: dict[str, str] = {Terms.PROVISO: "if", Terms.TIME: "after", Terms.SCOPE: "only for", Terms.LEANING: "with"}


def load_corpus(corpus: Corpus, *, name: str, tell: Callable[[str], None] = lambda text: None) -> None:
    """Import a corpus, with its offices; where no topic is featured, the first page asks the question of a root.

    Raises ImportFailed where other rows stand under its names; nothing is written then.
    """
    with public_write():
        load((dict(zip(COLUMNS, row, strict=True)) for row in corpus.rows()), name=name, tell=tell)
        actors = dict(Actor.objects.values_list("slug", "pk"))
        standing = set(Affiliation.objects.values_list("actor__slug", "of__slug", "title"))
        Affiliation.objects.bulk_create(
            Affiliation(
                actor_id=actors[office.actor],
                of_id=actors[office.of],
                title=office.title,
                authority=office.authority,
                start=office.start,
                end=office.end,
            )
            for office in corpus.offices()
            if office.actor in actors and office.of in actors and office[:3] not in standing
        )
        root = Topic.objects.filter(slug=ROOT).first()
        if root and not Topic.objects.featured().exists():
            root.featured, root.question = True, f"Should {root.name} come about?"
            root.save()
