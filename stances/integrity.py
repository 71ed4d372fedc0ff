"""Rules that take several rows, checked by the verbs as they write and again over everything at the end of a load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Exists, F, OuterRef

from stances.dates import today
from stances.models import Actor, Affiliation, FormerSlug, Source, Stance, Statement, Topic
from stances.vocabulary import Basis, Form, Status


def problems() -> list[str]:
    """Describe every breach of a rule over several rows, in an editor's words."""
    return [
        *_statements(),
        *_repeats(),
        *_loops("Topic", Topic.objects.without_tree_fields().exclude(parent=None).values_list("slug", "parent__slug")),
        *_loops("Affiliation", Affiliation.objects.values_list("actor__slug", "of__slug")),
        *_loops("Source", Source.objects.exclude(found_in=None).values_list("slug", "found_in__slug")),
        *_former_slugs(),
    ]


def _statements() -> Iterator[str]:
    stances = Stance.objects.filter(statement=OuterRef("pk"))
    for key in Statement.objects.exclude(status=Status.DRAFT).exclude(Exists(stances)).values_list("key", flat=True):
        yield f"Statement {key} has no stance; only a draft may have none."
    late = Statement.objects.filter(latest__gt=F("source__published_on"))
    for key, latest, day in late.values_list("key", "latest", "source__published_on"):
        yield f"Statement {key} was said on {latest} at the latest, but its source was published on {day}."
    for key, latest in Statement.objects.filter(latest__gt=today()).values_list("key", "latest"):
        yield f"Statement {key} was said on {latest} at the latest, which is still to come."
    for slug, day in Source.objects.filter(published_on__gt=today()).values_list("slug", "published_on"):
        yield f"Source {slug} was published on {day}, which is still to come."
    implied = Stance.objects.filter(statement__form=Form.ACT, basis=Basis.IMPLIED)
    for key in implied.values_list("statement__key", flat=True).distinct():
        yield f"Statement {key} is a deed, which is explicit, but has an implied stance."


def _repeats() -> Iterator[str]:
    repeats = Statement.objects.exclude(repeats=None)
    for key, first in repeats.exclude(repeats__repeats=None).values_list("key", "repeats__key"):
        yield f"Statement {key} repeats {first}, which is a repeat itself."
    public = repeats.filter(status=Status.PUBLISHED).exclude(repeats__status=Status.PUBLISHED)
    for key, first in public.values_list("key", "repeats__key"):
        yield f"Statement {key} is published and repeats {first}, which is not."


def _loops(kind: str, edges: Iterable[tuple[str, str]]) -> Iterator[str]:
    above: dict[str, set[str]] = {}
    for lower, upper in edges:
        above.setdefault(lower, set()).add(upper)
    done: set[str] = set()
    for start in sorted(above):
        stack, path = [(start, iter(sorted(above[start])))], [start]
        while stack and start not in done:
            node, following = stack[-1]
            step = next(following, None)
            if step is None:
                done.add(node)
                stack.pop()
                path.pop()
            elif step in path:
                yield f"{kind}s form a loop: {' → '.join([*path[path.index(step) :], step])}."
                done.update(path)
                return
            elif step not in done and step in above:
                stack.append((step, iter(sorted(above[step]))))
                path.append(step)


def _former_slugs() -> Iterator[str]:
    for model in (Actor, Topic, Source):
        former = FormerSlug.objects.for_model(model).values_list("slug", flat=True)
        for slug in model.objects.filter(slug__in=former).order_by("slug").values_list("slug", flat=True):
            yield f"“{slug}” is a former address of {model._meta.verbose_name_plural}, which is never used again."
