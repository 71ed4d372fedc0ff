"""The matrix of roles: every address and every action of the desk, as its site has them, by everyone who may try.

An address or action that is missing from the tables below fails by its name: add a line that says who may.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, reverse
from django.utils import timezone

from stances.models import Actor, Affiliation, FormerSlug, Import, Position, Source, Stance, Statement, Topic
from stances.recoding import recode
from tests.desk import address, signed_in
from tests.factories import (
    ActorFactory,
    AdministratorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    SourceFactory,
    StanceFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]
User = get_user_model()
MODELS = {
    model._meta.model_name: model
    for model in (
        *(Actor, Affiliation, Topic, Source, Statement, Stance, Position, FormerSlug, Import),
        *(User, Group, AccessAttempt, AccessLog, AccessFailureLog),
    )
}

# What a coder, an editor and an administrator are answered, about rows that are not their own.
ALL = (200, 200, 200)
EDITORS = (403, 200, 200)
ADMINISTRATORS = (403, 403, 200)
NONE = (403, 403, 403)
LEAD_ON = (302, 302, 302)

SEEN = {"changelist": ALL, "change": ALL, "history": ALL}
HIDDEN = dict.fromkeys(["changelist", "add", "change", "history", "delete"], NONE)
KEPT = {"delete": EDITORS, "deleted": EDITORS, "restore": EDITORS}
EXPORTED = {"export_csv": ALL, "export_xlsx": ALL}
#: By model, and under "" those of none.
ADDRESSES: dict[str, dict[str, tuple[int, int, int]]] = {
    "": {
        "index": ALL,
        "app_list": ALL,
        "login": LEAD_ON,
        "logout": (405, 405, 405),  # by POST alone
        "password_change": ALL,
        "password_change_done": ALL,
        "autocomplete": ALL,
        "jsi18n": ALL,
        "view_on_site": LEAD_ON,
        "stances_changes": ALL,
        "stances_changes_one": ALL,
        "any other": (404, 404, 404),
    },
    "actor": {**SEEN, **KEPT, "simple_history": ALL, "add": ALL, "merge": EDITORS},
    "affiliation": {**SEEN, **KEPT, "simple_history": ALL, "add": EDITORS},
    "topic": {**SEEN, **KEPT, "simple_history": ALL, "add": EDITORS, "merge": EDITORS},
    "source": {**SEEN, **KEPT, "simple_history": ALL, "add": ALL, "merge": EDITORS},
    "statement": {
        **SEEN,
        **EXPORTED,
        "simple_history": ALL,
        **KEPT,
        "add": ALL,
        "deleted": ALL,  # a coder's own drafts
        "suggest": ALL,
        "notes": ALL,
        "warnings": ALL,
        "dismiss": (405, 405, 405),  # by POST alone
        "import": EDITORS,
        "process_import": (403, 302, 302),
        "submit": ALL,  # the page asks; the step itself refuses another coder's draft
        "publish": EDITORS,
        "return": EDITORS,
        "retract": EDITORS,
    },
    "stance": {
        **SEEN,
        **EXPORTED,
        "simple_history": ALL,
        "add": NONE,
        "delete": NONE,
        "deleted": NONE,
        "restore": EDITORS,
    },
    "position": {**SEEN, "add": NONE, "delete": NONE},
    "formerslug": {**SEEN, "add": NONE, "delete": NONE},
    "import": {**dict.fromkeys(["changelist", "change", "history"], EDITORS), "add": NONE, "delete": NONE},
    "user": {
        **dict.fromkeys(["changelist", "add", "change", "history", "password_change"], ADMINISTRATORS),
        "delete": NONE,
    },
    "group": {**dict.fromkeys(["changelist", "change", "history"], ADMINISTRATORS), "add": NONE, "delete": NONE},
    **dict.fromkeys(["accessattempt", "accesslog", "accessfailurelog"], HIDDEN),
}
#: What staff without a role is answered, where it is not 403.
WITHOUT_ROLE = {
    **{
        name: answer[0]
        for name, answer in ADDRESSES[""].items()
        if name not in ("app_list", "autocomplete") and "changes" not in name
    },
    "app_list": 404,
}
#: Where nobody is asked to sign in.
OPEN = {"login": 200, "logout": 302}

DELETE = {"delete_selected": EDITORS}
TABLES = {"export_csv": ALL, "export_xlsx": ALL}
ACTIONS: dict[str, dict[str, tuple[int, int, int]]] = {
    "actor": {**DELETE, "merge_selected": EDITORS},
    "affiliation": DELETE,
    "topic": {**DELETE, "merge_selected": EDITORS},
    "source": {**DELETE, "merge_selected": EDITORS},
    "statement": {
        **TABLES,
        "delete_selected": ALL,  # a coder's own drafts; of others it says whose they are
        "submit_selected": ALL,
        "publish_selected": EDITORS,
        "return_selected": EDITORS,
        "retract_selected": EDITORS,
    },
    "stance": {**TABLES, "recode_selected": ALL},
    "position": {},
    "formerslug": {},
    "import": {},
    "user": {},
    "group": {"delete_selected": NONE},
    "accessattempt": {"delete_selected": NONE, "cleanup_expired_attempts": NONE},
    "accesslog": {"delete_selected": NONE},
    "accessfailurelog": {"delete_selected": NONE},
}

ROLES = {
    "coder": CoderFactory,
    "editor": EditorFactory,
    "administrator": AdministratorFactory,
}


def of_deactivated() -> Client:
    editor = EditorFactory()
    client = signed_in(editor)
    User.objects.filter(pk=editor.pk).update(is_active=False)
    return client


OUTSIDERS = {
    "nobody": Client,
    "reader": lambda: signed_in(UserFactory()),
    "reader in a group": lambda: signed_in(UserFactory(groups=["editor"])),
    "deactivated": of_deactivated,
}


@pytest.fixture
def rows() -> dict[str, object]:
    """Make a row of each model, of other people; the statement is a draft."""
    stance = StanceFactory(statement__published=False, statement__coder=CoderFactory())
    actor = ActorFactory(slug="old")
    actor.slug = "new"
    actor.save()
    attempt = {"username": "x", "ip_address": "127.0.0.1", "path_info": "/", "user_agent": "", "http_accept": ""}
    return {
        "actor": ActorFactory(),
        "affiliation": AffiliationFactory(),
        "topic": TopicFactory(),
        "source": SourceFactory(),
        "statement": stance.statement,
        "stance": stance,
        "position": Position.objects.get(actor=StanceFactory().actor),
        "formerslug": FormerSlug.objects.get(),
        "import": Import.objects.create(name="votes.csv", at=timezone.now(), counts={}),
        "user": UserFactory(),
        "group": Group.objects.create(name="guests"),
        "accessattempt": AccessAttempt.objects.create(**attempt, failures_since_start=1),
        "accesslog": AccessLog.objects.create(**attempt),
        "accessfailurelog": AccessFailureLog.objects.create(**attempt),
    }


def patterns(among=None) -> Iterator:
    for pattern in admin.site.urls[0] if among is None else among:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns)
        else:
            yield pattern


def named(pattern) -> tuple[str, str]:
    """Split the name of an address into its model, if it is of one, and its page."""
    if pattern.name is None:
        return ("", "any other")
    _, _, rest = pattern.name.partition("_")
    model, _, page = rest.partition("_")
    return (model, page) if model in MODELS else ("", pattern.name)


def is_old(pattern) -> bool:
    """Tell Django's address of a row before it had pages, which leads on to the first of them."""
    return pattern.name is None and "object_id" in pattern.pattern.converters


def filled_in(model: str, page: str, rows) -> str:
    """Give an address with what it asks for: the row of its model, an entry of that row's history."""
    if not model:
        published = Statement.objects.published().first()
        content_type = ContentType.objects.get_for_model(Statement).pk
        asked = "?app_label=stances&model_name=statement&field_name=speaker&term="
        return {
            "view_on_site": lambda: reverse("admin:view_on_site", args=[content_type, published.pk]),
            "app_list": lambda: reverse("admin:app_list", args=["stances"]),
            "autocomplete": lambda: reverse("admin:autocomplete") + asked,
            "stances_changes_one": lambda: reverse("admin:stances_changes_one", args=["stance", recoded(rows)]),
            "any other": lambda: "/admin/nowhere/",
        }.get(page, lambda: reverse(f"admin:{page}"))()
    row = rows[model]
    name = f"admin:{row._meta.app_label}_{model}_{page}"
    arguments: list[list] = [[], [row.pk]]
    asked = f"?topic={rows['topic'].pk}" if page == "notes" else ""
    if hasattr(row, "history"):
        entry = row.history.first().pk
        arguments += [[row.pk, entry], [row.pk, 0, entry]]
    for args in arguments:
        try:
            return reverse(name, args=args) + asked
        except NoReverseMatch:
            pass
    raise AssertionError(f"filled_in() does not know what {name} asks for: teach it.")


def recoded(rows) -> int:
    """Recode a published stance once, and give the entry of its history."""
    position = rows["position"]
    stance = Stance.objects.filter(pk=position.opening_id)
    entries = Stance.history.filter(id=position.opening_id, history_change_reason__startswith="recode")
    if not entries.exists():
        recode(stance, {"condition": "So it is."}, name="A trial", by=EditorFactory())
    return entries.first().pk


def expected() -> Iterator[tuple[str, str, tuple[int, int, int]]]:
    for model, pages in ADDRESSES.items():
        for page, answers in pages.items():
            yield model, page, answers


def test_every_address_of_the_desk_stands_in_the_table():
    site = {named(pattern) for pattern in patterns() if not is_old(pattern)}
    table = {(model, page) for model, page, _ in expected()}
    assert site - table == set(), "Say in ADDRESSES who may open these."
    assert table - site == set(), "The desk has these no more."


@pytest.mark.once
@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_answered_as_the_table_says(role, rows):
    client, column = signed_in(ROLES[role]()), list(ROLES).index(role)
    for model, page, answers in expected():
        url = filled_in(model, page, rows)
        got = client.get(url).status_code
        assert got == answers[column], (url, got)
        if answers[column] == 403:
            assert client.post(url).status_code == 403, url


def test_staff_without_a_role_sees_nothing_of_the_data(rows):
    client = signed_in(UserFactory(is_staff=True))
    for model, page, _ in expected():
        url = filled_in(model, page, rows)
        for method in ("get", "post") if model else ("get",):
            got = getattr(client, method)(url).status_code
            answer = 405 if (page, method) == ("dismiss", "get") else 403
            assert got == (answer if model else WITHOUT_ROLE.get(page, 403)), (url, method, got)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", OUTSIDERS)
def test_who_is_not_of_the_desk_is_asked_to_sign_in(who, method, rows):
    client = OUTSIDERS[who]()
    for model, page, _ in expected():
        if page in OPEN:
            if method == "get":
                assert client.get(reverse(f"admin:{page}")).status_code == OPEN[page]
            continue
        url = filled_in(model, page, rows)
        answer = getattr(client, method)(url)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("admin:login")), url


def test_the_old_address_of_a_row_leads_on_to_its_page(rows):
    for row in rows.values():
        old = address(row).removesuffix("change/")
        assert signed_in(EditorFactory()).get(old).url.endswith(address(row))
        assert Client().get(old).url.startswith(reverse("admin:login"))


# ---- actions ----


def actions_of(model: str, user) -> set[str]:
    """Name the actions that a list offers to a user."""
    page = signed_in(user).get(address(MODELS[model], "changelist"))
    if page.status_code == 403:
        return set()
    form = page.context["action_form"]
    return {name for name, _ in form.fields["action"].choices if name} if form else set()


def test_every_list_and_action_of_the_desk_stands_in_the_table(rows):
    root = User.objects.create_superuser("root")
    assert {model._meta.model_name for model in admin.site._registry} == ACTIONS.keys()
    missing = {
        (model._meta.model_name, action)
        for model, made in admin.site._registry.items()
        for action in {name for _, name, _ in made._get_base_actions()} | actions_of(model._meta.model_name, root)
        if action not in ACTIONS[model._meta.model_name]
        # Django has it everywhere; a list whose rows nobody deletes does not offer it.
        and not (action == "delete_selected" and action not in actions_of(model._meta.model_name, root))
    }
    assert missing == set(), "Say in ACTIONS who may take these."


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_offered_the_actions_of_the_table(role, rows):
    column, user = list(ROLES).index(role), ROLES[role]()
    may = {
        model: {action for action, answers in actions.items() if answers[column] == 200}
        for model, actions in ACTIONS.items()
    }
    assert {model: actions_of(model, user) for model in ACTIONS} == may


@pytest.mark.parametrize("role", [*ROLES, "none"])
def test_an_action_that_is_not_offered_does_nothing(role, rows):
    user = ROLES[role]() if role in ROLES else UserFactory(is_staff=True)
    client = signed_in(user)
    every = {action for actions in ACTIONS.values() for action in actions}
    for model, row in rows.items():
        before = type(row).objects.filter(pk=row.pk).values().get()
        for action in sorted(every - actions_of(model, user)):
            data = {"action": action, "_selected_action": [row.pk], "post": "yes", "words": "Because."}
            answer = client.post(address(type(row), "changelist"), data)
            assert answer.status_code in (200, 302, 403), (model, action)
            assert type(row).objects.filter(pk=row.pk).values().get() == before, (model, action)


# ---- others' drafts ----


def test_a_coder_sees_others_drafts_and_cannot_write_in_them(rows):
    client = signed_in(CoderFactory())
    for name in ("statement", "stance"):
        row = rows[name]
        page = client.get(address(row))
        assert page.status_code == 200
        assert not page.context["has_change_permission"]
        assert "_save" not in page.content.decode()
        assert client.post(address(row), {"summary": "Other.", "position": "-2"}).status_code == 403
        assert client.post(address(row, "delete"), {"post": "yes"}).status_code == 403
        assert type(row).objects.filter(pk=row.pk).exists()
