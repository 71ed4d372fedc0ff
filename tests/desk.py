"""The editors' desk as a browser uses it: signing in, and sending a form back as it came, with changes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection
from django.forms import MultiWidget
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from stances.models import Statement

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def sign_in(page, user, live_server) -> None:
    """Sign a user in in a browser, without the form."""
    cookie = signed_in(user).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def pick(page, field: str, words: str) -> None:
    """Choose a row in an autocomplete field by words that find it."""
    page.locator(f"#id_{field} + .select2 .select2-selection").click()
    page.locator(".select2-container--open .select2-search__field").fill(words)
    page.locator(".select2-results__option--highlighted:not(.loading-results)", has_text=words).click()


def tick(page, name: str, value: str) -> None:
    """Choose a tile, by the name of its field and its value."""
    page.locator(f"input[name='{name}'][value='{value}']").check()


def ticked(page, name: str) -> str:
    """Give the value of the tile that is chosen; nothing where none is."""
    found = page.locator(f"input[name='{name}']:checked")
    return found.input_value() if found.count() else ""


def address(row_or_model, page: str = "change") -> str:
    """Give a page of a row, or of a model: `changelist`, `add`."""
    opts = row_or_model._meta
    args = [row_or_model.pk] if getattr(row_or_model, "pk", None) and isinstance(row_or_model.pk, int) else []
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)


def as_sent(page, **changes) -> dict[str, Any]:
    """Give the fields of a page's form as a browser would send them, with some changed."""
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {}
    for form in forms:
        for field in form:
            data |= _as_sent(field)
    return {**data, **changes}


def _as_sent(field) -> dict[str, Any]:
    value, widget = field.value(), field.field.widget
    if isinstance(widget, MultiWidget):
        parts = zip(widget.widgets_names, widget.decompress(value), strict=True)
        return {f"{field.html_name}{name}": "" if part is None else str(part) for name, part in parts}
    if value is False:
        return {}
    if isinstance(value, list):
        return {field.html_name: [str(part) for part in value]}
    return {field.html_name: "on" if value is True else "" if value is None else str(value)}


def send(client: Client, url: str, **changes):
    """Open a form, change fields and send it; follow to the page that answers."""
    return client.post(url, as_sent(client.get(url), **changes), follow=True)


def act(client: Client, model, action: str, rows, **more):
    """Take an action of a list with some of its rows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(address(model, "changelist"), data, follow=True)


def publish(client: Client, rows):
    """Publish some rows by the action of their list, which shows first what it will do."""
    shown = act(client, Statement, "publish_selected", rows)
    return act(client, Statement, "publish_selected", rows, told=shown.context.get("told") or "")


def errors(page) -> dict[str, list[str]]:
    """Give what a form that was sent is told, by field: rows of inlines as `stances-0-terms`."""
    told = dict(page.context["adminform"].form.errors)
    for inline in page.context["inline_admin_formsets"]:
        formset = inline.formset
        told |= {f"{formset.prefix}": formset.non_form_errors()} if formset.non_form_errors() else {}
        for form in formset.forms:
            told |= {f"{form.prefix}-{name}": messages for name, messages in form.errors.items()}
    return {name: [str(message) for message in messages] for name, messages in told.items()}


def messages(page) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def queries(client: Client, url: str) -> int:
    """Count the queries of a page, which must answer."""
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return len(caught)
