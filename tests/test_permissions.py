"""Who may do what at the desk, and who may not."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stances.models import Actor, Affiliation, FormerSlug, Import, Position, Source, Stance, Statement, Topic
from stances.vocabulary import Status
from tests.desk import act, address, as_sent, messages, send, signed_in
from tests.factories import (
    ActorFactory,
    AdministratorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    FeaturedTopicFactory,
    GroupFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]
User = get_user_model()
groups = import_module("stances.migrations.0002_groups")
seen = import_module("stances.migrations.0011_import_seen")
MAKERS = {"coder": CoderFactory, "editor": EditorFactory, "administrator": AdministratorFactory}
ROLES = list(MAKERS)


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


def client_of(role: str) -> Client:
    return signed_in(MAKERS[role]())


def rows():
    """Make one row of each model, none of them the user's own."""
    stance = StanceFactory(statement__published=False)
    public = StanceFactory()
    actor = ActorFactory(slug="old")
    actor.slug = "new"
    actor.save()
    return {
        Actor: ActorFactory(),
        Affiliation: AffiliationFactory(),
        Topic: TopicFactory(),
        Source: SourceFactory(),
        Statement: stance.statement,
        Stance: stance,
        Position: Position.objects.get(actor=public.actor),
        FormerSlug: FormerSlug.objects.get(),
        Import: Import.objects.create(name="votes.csv", at=timezone.now(), counts={"statement": {"new": 2}}),
        User: UserFactory(),
        Group: Group.objects.create(name="guests"),
    }


ALL = {"view", "add", "change", "delete"}
#: What a role may do with rows that are not its own.
MAY = {
    "coder": {
        Actor: {"view", "add"},
        Affiliation: {"view"},
        Topic: {"view"},
        Source: {"view", "add"},
        Statement: {"view", "add"},
        Stance: {"view"},
        Position: {"view"},
        FormerSlug: {"view"},
        Import: set(),
        User: set(),
        Group: set(),
    },
    "editor": {
        **dict.fromkeys([Actor, Affiliation, Topic, Source, Statement], ALL),
        Stance: {"view", "change"},
        Position: {"view"},
        FormerSlug: {"view"},
        Import: {"view"},
        User: set(),
        Group: set(),
    },
}
MAY["administrator"] = {**MAY["editor"], User: ALL - {"delete"}, Group: {"view"}}


# ---- by model ----


def test_each_role_may_do_with_each_model_what_it_is_for_and_no_more(role):
    client = client_of(role)
    for model, row in rows().items():
        may = MAY[role][model]
        told = (role, model.__name__)

        def status(url, method="get"):
            return getattr(client, method)(url).status_code

        seen = {
            "view": {status(address(model, "changelist")), status(address(row)), status(address(row, "history"))},
            "add": {status(address(model, "add"))},
            "delete": {status(address(row, "delete"))},
        }
        assert seen == {action: {200 if action in may else 403} for action in seen}, told
        if "change" not in may:
            assert status(address(row), "post") == 403, told
        else:
            assert client.get(address(row)).context["has_change_permission"], told
        if "add" not in may:
            assert status(address(model, "add"), "post") == 403, told
        if "delete" not in may:
            assert client.post(address(row, "delete"), {"post": "yes"}).status_code == 403, told
            act(client, model, "delete_selected", [row], post="yes")
            assert model.objects.filter(pk=row.pk).exists(), told


def test_a_row_that_may_only_be_seen_has_no_field_to_write_in(role):
    client = client_of(role)
    for model, row in rows().items():
        if "change" in MAY[role][model] or not MAY[role][model]:
            continue
        page = client.get(address(row))
        assert not page.context["has_change_permission"], model
        assert "_save" not in page.content.decode(), model
        fields = re.findall(r"<(?:textarea|select|input type=\"(?!hidden|search))[^>]*>", page.content.decode())
        assert [field for field in fields if "nav-filter" not in field] == [], model


# ---- a coder's own drafts ----


@pytest.fixture
def coder():
    return CoderFactory()


@pytest.mark.parametrize(
    ("own", "status", "may"),
    [
        (True, Status.DRAFT, True),
        (True, Status.SUBMITTED, False),
        (True, Status.PUBLISHED, False),
        (True, Status.RETRACTED, False),
        (False, Status.DRAFT, False),
        (False, Status.SUBMITTED, False),
        (False, Status.PUBLISHED, False),
    ],
)
def test_a_coder_changes_own_drafts_and_sees_all_else(coder, own, status, may):
    client = signed_in(coder)
    whose = coder if own else CoderFactory()
    stance = StanceFactory(statement__published=False, statement__status=status, statement__coder=whose)
    for row in (stance.statement, stance):
        page = client.get(address(row))
        assert page.status_code == 200
        assert page.context["has_change_permission"] == may
    sent = {"summary": "Other.", "stances-0-position": "-2"}
    if may:
        send(client, address(stance.statement), **sent)
    else:
        full = as_sent(signed_in(EditorFactory()).get(address(stance.statement)), **sent)
        assert client.post(address(stance.statement), full).status_code == 403
        assert client.post(address(stance), {"position": "-2"}).status_code == 403
    stance.refresh_from_db()
    assert (stance.statement.summary == "Other.") == may
    assert (stance.position == -2) == may
    assert client.get(address(stance.statement, "delete")).status_code == (200 if may else 403)


def test_a_coder_deletes_own_drafts_alone(coder):
    client = signed_in(coder)
    own, others = StatementFactory(coder=coder), StatementFactory(coder=CoderFactory())
    page = act(client, Statement, "delete_selected", [own, others])
    assert str(others) in str(page.context["perms_lacking"])
    assert act(client, Statement, "delete_selected", [own, others], post="yes").status_code == 403
    act(client, Statement, "delete_selected", [own], post="yes")
    assert list(Statement.objects.all()) == [others]


def test_an_imported_draft_without_a_coder_is_no_coders_own(coder):
    assert not signed_in(coder).get(address(StatementFactory())).context["has_change_permission"]


def test_nobody_changes_what_was_retracted(role):
    stance = StanceFactory()
    stance.statement.retract(by=EditorFactory(), reason="Withdrawn.")
    client = client_of(role)
    assert client.post(address(stance.statement), {"summary": "Other."}).status_code == 403
    assert client.post(address(stance), {"position": "0"}).status_code == 403


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.RETRACTED}))
def test_an_editor_changes_statements_of_anybody(status):
    client = signed_in(EditorFactory())
    stance = StanceFactory(statement__published=False, statement__status=status, statement__coder=CoderFactory())
    send(client, address(stance.statement), summary="Other.")
    stance.statement.refresh_from_db()
    assert stance.statement.summary == "Other."


# ---- the steps ----

STEPS = {
    "submit": (Status.DRAFT, Status.SUBMITTED, set(ROLES)),
    "publish": (Status.SUBMITTED, Status.PUBLISHED, {"editor", "administrator"}),
    "return": (Status.SUBMITTED, Status.DRAFT, {"editor", "administrator"}),
    "retract": (Status.PUBLISHED, Status.RETRACTED, {"editor", "administrator"}),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", ["action", "page"])
def test_each_step_is_taken_by_those_who_may(role, step, way):
    before, after, may = STEPS[step]
    user = MAKERS[role]()
    client = signed_in(user)
    coder = user if step == "submit" else CoderFactory()
    row = StanceFactory(statement__published=False, statement__status=before, statement__coder=coder).statement
    if way == "action":
        shown = act(client, Statement, f"{step}_selected", [row], words="Because.")
        if step == "publish":
            act(client, Statement, "publish_selected", [row], told=shown.context.get("told") or "")
    else:
        told = (client.get(address(row, step)).context or {}).get("told") or ""
        answer = client.post(address(row, step), {"words": "Because.", "told": told})
        assert answer.status_code == (302 if role in may else 403)
    row.refresh_from_db()
    assert row.status == (after if role in may else before)


def test_a_role_sees_the_actions_that_it_may_take(role):
    may = {f"{step}_selected" for step, (_, _, roles) in STEPS.items() if role in roles}
    StatementFactory()
    page = client_of(role).get(address(Statement, "changelist"))
    offered = {name for name, _ in page.context["action_form"].fields["action"].choices if name}
    assert offered == may | {"delete_selected", "export_csv", "export_xlsx"}


def test_a_coder_does_not_submit_a_colleagues_draft(coder):
    row = StanceFactory(statement__published=False, statement__coder=CoderFactory()).statement
    page = act(signed_in(coder), Statement, "submit_selected", [row])
    assert "This draft is another coder&#x27;s." in messages(page)[0]
    row.refresh_from_db()
    assert row.status == Status.DRAFT


@pytest.mark.parametrize("button", ["_publish", "_return", "_retract"])
def test_a_coder_gains_nothing_from_a_button_that_was_not_offered(coder, button):
    row = StanceFactory(statement__published=False, statement__coder=coder).statement
    send(signed_in(coder), address(row), **{button: "on"})
    row.refresh_from_db()
    assert row.status == Status.DRAFT


def test_a_view_of_the_desk_never_makes_a_draft_public(role):
    row = StanceFactory(statement__published=False).statement
    client = client_of(role)
    for page in ("change", "history", "delete", "submit"):
        client.get(address(row, page))
    row.refresh_from_db()
    assert row.status == Status.DRAFT


# ---- users ----


def test_nobody_deletes_a_user():
    root = signed_in(User.objects.create_superuser("root"))
    user = UserFactory()
    assert root.get(address(user, "delete")).status_code == 403
    act(root, User, "delete_selected", [user], post="yes")
    assert User.objects.filter(pk=user.pk).exists()


def test_an_administrator_deactivates_users_and_gives_roles():
    client, user = client_of("administrator"), UserFactory(is_staff=True)
    sent = as_sent(client.get(address(user)), groups=[Group.objects.get(name="coder").pk])
    del sent["is_active"]
    client.post(address(user), sent)
    user.refresh_from_db()
    assert not user.is_active
    assert [group.name for group in user.groups.all()] == ["coder"]


def test_what_a_coder_adds_shows_nowhere_before_it_is_published(client):
    question = FeaturedTopicFactory(group=GroupFactory())
    desk = client_of("coder")
    send(desk, address(Actor, "add"), kind="government", name="Ruritania", slug="ruritania")
    actor = Actor.objects.get(slug="ruritania")
    data = {"actor": actor.pk, "of": question.group_id, "title": "member"}
    assert desk.post(address(Affiliation, "add"), data).status_code == 403
    assert client.get(actor.get_absolute_url()).status_code == 404
    assert "Ruritania" not in client.get("/").content.decode()


def test_an_administrator_makes_no_superuser_and_changes_none():
    client, user = client_of("administrator"), UserFactory(is_staff=True)
    page = client.get(address(user))
    assert not {"is_superuser", "user_permissions"} & set(page.context["adminform"].form.fields)
    client.post(address(user), as_sent(page, first_name="Ann", is_superuser="on"))
    user.refresh_from_db()
    assert (user.first_name, user.is_superuser) == ("Ann", False)
    root = User.objects.create_superuser("root")
    assert client.post(address(root), {}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    assert client.get(password).status_code == 403
    assert client.post(password, {}).status_code == 403


def test_a_superuser_hands_out_every_right():
    client = signed_in(User.objects.create_superuser("root"))
    fields = client.get(address(UserFactory())).context["adminform"].form.fields
    assert {"is_superuser", "user_permissions"} <= set(fields)


# ---- the groups ----


def names(group: str) -> set[str]:
    granted = Permission.objects.filter(group__name=group).select_related("content_type")
    return {f"{permission.content_type.app_label}.{permission.codename}" for permission in granted}


def test_the_migration_makes_the_groups_with_their_permissions(role):
    assert names(role) == {*groups.ROLES[role], *(["stances.view_import"] if role in seen.ROLES else [])}


def test_a_role_has_all_that_the_one_before_it_has():
    assert names("coder") < names("editor") < names("administrator")


@pytest.mark.parametrize("permission", ["submit_statement", "review_statement", "retract_statement", "merge_actor"])
def test_who_has_the_rights_beyond_django_s_own(role, permission):
    has = role != "coder" or permission == "submit_statement"
    assert MAKERS[role]().has_perm(f"stances.{permission}") == has


def test_making_the_groups_again_keeps_what_was_added():
    extra = Permission.objects.get(codename="add_topic")
    Group.objects.get(name="coder").permissions.add(extra)
    Permission.objects.get(codename="view_actor").group_set.clear()
    groups.make_groups(apps, connection.schema_editor())
    assert names("coder") == {*groups.CODER, "stances.add_topic"}
    assert Group.objects.count() == 3


def test_the_groups_go_with_the_migration():
    groups.remove_groups(apps, connection.schema_editor())
    assert not Group.objects.exists()
