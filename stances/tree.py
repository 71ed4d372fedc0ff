"""The topics as a tree in memory: who stands under whom, and what a topic is called inside a sentence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from stances.governments import Governments
from stances.models import Topic

Known = TypeVar("Known")


class OutdatedTree(KeyError):
    """A topic is not among those of a tree: it was published after the state of the data that the tree is of."""


class ById(dict[int, Known]):
    def __missing__(self, pk: int) -> Known:
        raise OutdatedTree(pk)


class TopicTree:
    """All topics in the order of the tree; one query to load, none to walk."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = list(topics)
        self.by_id = ById((topic.pk, topic) for topic in self.topics)
        self.places = ById((topic.pk, place) for place, topic in enumerate(self.topics))
        self.children: dict[int | None, list[Topic]] = defaultdict(list)
        for topic in self.topics:
            self.children[topic.parent_id].append(topic)

    @classmethod
    def load(cls) -> TopicTree:
        return cls(Topic.objects.in_order().select_related("candidate", "group"))

    @cached_property
    def governments(self) -> Governments:
        """Those whom the topics are asked of, for as long as the tree is kept."""
        return Governments.load()

    def __iter__(self) -> Iterator[Topic]:
        return iter(self.topics)

    @property
    def featured(self) -> Topic | None:
        return next((topic for topic in self.topics if topic.featured), None)

    def ancestors(self, topic: Topic) -> list[Topic]:
        """List the topics above one, the nearest first."""
        above, parent = [], topic.parent_id
        while parent is not None:
            above.append(self.by_id[parent])
            parent = above[-1].parent_id
        return above

    def descendants(self, topic: Topic) -> list[Topic]:
        """List the topics under one, each before what stands under it."""
        below = []
        for child in self.children[topic.pk]:
            below += [child, *self.descendants(child)]
        return below

    def subtree(self, topic: Topic) -> list[Topic]:
        return [topic, *self.descendants(topic)]

    def with_ancestors(self, topics: Iterable[Topic]) -> list[Topic]:
        wanted = {topic.pk for topic in topics}
        wanted |= {above.pk for pk in list(wanted) for above in self.ancestors(self.by_id[pk])}
        return [topic for topic in self.topics if topic.pk in wanted]

    @cached_property
    def proper_nouns(self) -> set[str]:
        """Collect words that keep their capital inside a sentence, as the propositions and the actors' names show."""
        words = set()
        for topic in self.topics:
            words.update(re.findall(r"(?<=[^.?!\s]\s)[A-Z]\w*", topic.proposition))
            for actor in (topic.candidate, topic.group):
                words.update(re.findall(r"\w+", actor.name) if actor else ())
        return words

    def in_sentence(self, topic: Topic) -> str:
        """Write a topic's name as it stands inside a sentence: "growth in general"."""
        first = re.match(r"\w+", topic.name)
        if not first or first[0] in self.proper_nouns or first[0][1:] != first[0][1:].lower():
            return topic.name
        if re.match(r"['’]s\b", topic.name[first.end() :]):
            return topic.name
        return topic.name[0].lower() + topic.name[1:]

    def question(self, topic: Topic) -> str:
        """Write a topic's proposition for a place of its own, with the group it concerns, or the root topic."""
        lineage = [topic, *self.ancestors(topic)]
        group = next((it.group for it in lineage if it.group), None)
        wider, proposition = group.label if group else lineage[-1].name, topic.proposition.rstrip(".")
        named = topic.pk == lineage[-1].pk or wider.casefold() in proposition.casefold()
        return proposition if named else f"{proposition} ({wider})"

    def in_general(self, topic: Topic) -> str:
        """Say on what a wider position was stated: "on expansion in general"."""
        name = self.in_sentence(topic)
        return f"on {name}" if name.endswith("in general") else f"on {name} in general"
