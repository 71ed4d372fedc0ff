"""Factories of valid rows. A row that another one needs is made along with it, unless it is given."""

from __future__ import annotations

import datetime as dt
from importlib import import_module

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from stances.dates import PartialDate
from stances.models import Actor, Affiliation, Dismissal, Source, Stance, Statement, Topic
from stances.vocabulary import ActorKind, Authority, Basis, Form, Status, Voice


class ActorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Actor

    kind = ActorKind.BODY
    slug = factory.Sequence(lambda n: f"actor-{n}")
    name = factory.LazyAttribute(lambda actor: actor.slug.replace("-", " ").title())


class GovernmentFactory(ActorFactory):
    kind = ActorKind.GOVERNMENT
    slug = factory.Sequence(lambda n: f"government-{n}")


class BodyFactory(ActorFactory):
    kind = ActorKind.BODY
    slug = factory.Sequence(lambda n: f"body-{n}")


class PersonFactory(ActorFactory):
    kind = ActorKind.PERSON
    slug = factory.Sequence(lambda n: f"person-{n}")


class GroupFactory(ActorFactory):
    kind = ActorKind.GROUP
    slug = factory.Sequence(lambda n: f"group-{n}")


class PublicationFactory(ActorFactory):
    kind = ActorKind.PUBLICATION
    slug = factory.Sequence(lambda n: f"publication-{n}")


class AffiliationFactory(factory.django.DjangoModelFactory):
    """A person's office in a government, since always."""

    class Meta:
        model = Affiliation

    actor = factory.SubFactory(PersonFactory)
    of = factory.SubFactory(GovernmentFactory)
    title = "Minister"
    authority = Authority.MINISTER


class TopicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Topic

    slug = factory.Sequence(lambda n: f"topic-{n}")
    name = factory.LazyAttribute(lambda topic: topic.slug.replace("-", " ").title())
    short_name = factory.SelfAttribute("name")
    proposition = factory.LazyAttribute(lambda topic: f"{topic.name} should come about.")


class FeaturedTopicFactory(TopicFactory):
    featured = True
    question = factory.LazyAttribute(lambda topic: f"Should {topic.name} come about?")


class SourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Source

    slug = factory.Sequence(lambda n: f"source-{n}")
    title = factory.LazyAttribute(lambda source: source.slug.replace("-", " ").title())
    publisher = factory.SubFactory(PublicationFactory)
    published_on = dt.date(2024, 2, 13)


class StatementFactory(factory.django.DjangoModelFactory):
    """A draft; `published=True` makes it public. `date` takes the codebook's notation, for the two days."""

    class Meta:
        model = Statement

    class Params:
        published = False
        date = None

    speaker = factory.SubFactory(PersonFactory)
    earliest = factory.LazyAttribute(lambda it: PartialDate.parse(it.date).earliest if it.date else it.latest)
    latest = factory.LazyAttribute(lambda it: PartialDate.parse(it.date).latest if it.date else dt.date(2024, 2, 13))
    source = factory.SubFactory(SourceFactory, published_on=factory.SelfAttribute("..latest"))
    form = factory.LazyAttribute(lambda it: Form.DIRECT if it.quote else Form.INDIRECT)
    quote = ""
    authority = Authority.MINISTER
    summary = factory.Sequence(lambda n: f"Summary {n} of what was said.")
    status = factory.LazyAttribute(lambda it: Status.PUBLISHED if it.published else Status.DRAFT)
    published_at = factory.LazyAttribute(
        lambda it: timezone.now() if it.status in (Status.PUBLISHED, Status.RETRACTED) else None
    )
    retraction_reason = factory.LazyAttribute(lambda it: "It was wrong." if it.status == Status.RETRACTED else "")


class StanceFactory(factory.django.DjangoModelFactory):
    """A government's own stance in a published statement, whose date is `statement__date="2024-02"`."""

    class Meta:
        model = Stance

    statement = factory.SubFactory(StatementFactory, published=True)
    actor = factory.SubFactory(GovernmentFactory)
    topic = factory.SubFactory(TopicFactory)
    position = 2
    terms = factory.LazyAttribute(lambda stance: "leaning" if stance.position in (1, -1) else "")
    basis = Basis.EXPLICIT
    rationale = factory.LazyAttribute(lambda stance: "The words imply it." if stance.basis == Basis.IMPLIED else "")
    attribution = Voice.OWN


def in_groups(*usual: str) -> factory.PostGeneration:
    """Put a user into groups by their names, the usual ones unless others are given."""

    def join(user, create, names, **kwargs):
        if create:
            user.groups.add(*(role(name) for name in (usual if names is None else names)))

    return factory.PostGeneration(join)


class UserFactory(factory.django.DjangoModelFactory):
    """A user without a usable password, in the groups that are named: `UserFactory(groups=["coder"])`."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user-{n}")
    password = factory.django.Password(None)
    groups = in_groups()


class CoderFactory(UserFactory):
    is_staff = True
    groups = in_groups("coder")


class EditorFactory(UserFactory):
    is_staff = True
    groups = in_groups("editor")


class AdministratorFactory(UserFactory):
    is_staff = True
    groups = in_groups("administrator")


def role(name: str) -> Group:
    """Find a role's group, or make it again: a test with transactions of its own empties all tables."""
    group, missing = Group.objects.get_or_create(name=name)
    if missing:
        names = import_module("stances.migrations.0002_groups").ROLES[name]
        codes = [permission.partition(".")[2] for permission in names]
        group.permissions.set(Permission.objects.filter(codename__in=codes))
    return group


class DismissalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Dismissal

    statement = factory.SubFactory(StatementFactory)
    code = "jump"
    word = "It was so."
    by = factory.SubFactory(EditorFactory)
