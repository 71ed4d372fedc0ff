"""What the database holds: actors, topics, sources, statements, stances, and the positions computed from them."""

from stances.models.actors import Actor, Affiliation
from stances.models.addresses import FormerSlug, resolve
from stances.models.dismissals import Dismissal
from stances.models.imports import Import
from stances.models.positions import Position, PublicVersion
from stances.models.sources import Source
from stances.models.statements import Stance, Statement
from stances.models.topics import Topic

#: The models that editors curate, in the order in which their rows can be made.
CURATED = (Actor, Affiliation, Topic, Source, Statement, Stance)

__all__ = [
    "CURATED",
    "Actor",
    "Affiliation",
    "Dismissal",
    "FormerSlug",
    "Import",
    "Position",
    "PublicVersion",
    "Source",
    "Stance",
    "Statement",
    "Topic",
    "resolve",
]
