"""What is new under a name of its own, and what a slip of the pen may have meant instead."""

from __future__ import annotations

from stances import dialects
from stances.bulk.shaping import shaped
from stances.bulk.staging import ACTORS, TOPICS
from stances.bulk.writing import Counts
from stances.near import nearest_slugs

#: So many new names of a kind are told, and of the rest the number.
TOLD = 10


def new_names(counts: Counts) -> list[str]:
    """Name the new actors and topics, in the file's order, each with the name that stands most like it, if any is.

    Both are made by naming them, and a topic is public at once. Asked before they are written.
    """
    told = []
    for stage in (ACTORS, TOPICS):
        if not (new := counts.get(str(stage.model._meta.model_name), {}).get("new", 0)):
            continue
        rows = dialects.ask(f"SELECT slug FROM {shaped(stage)} WHERE is_new ORDER BY n, id LIMIT {TOLD}")
        near = nearest_slugs(stage.model, [slug for (slug,) in rows])
        names = [f"{slug} (is {near[slug]} meant?)" if slug in near else slug for (slug,) in rows]
        more = f" and {new - len(names):,} more" if new > len(names) else ""
        meta = stage.model._meta
        noun = meta.verbose_name if new == 1 else meta.verbose_name_plural
        told.append(f"New {noun}: {', '.join(names)}{more}.")
    return told
