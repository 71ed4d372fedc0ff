"""Review in a real browser: a warning dismissed and a statement published by keyboard, on pages without a barrier."""

from __future__ import annotations

import pytest
from django.urls import reverse

from stances.models import Dismissal, Statement
from tests.barriers import barriers
from tests.desk import address, sign_in
from tests.factories import CoderFactory, DismissalFactory, EditorFactory, StanceFactory, StatementFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("groups")]


@pytest.fixture
def waiting():
    """Make a statement that waits for review with a warning and a conversation."""
    row = StanceFactory(statement__published=False, statement__coder=CoderFactory(), actor__name="Ruritania").statement
    row.submit(by=row.coder, comment="See paragraph 2, and the one with-a-very-long-word" + "-and-longer" * 20)
    return row


def test_the_pages_of_review_have_no_barrier(page, live_server, waiting):
    editor = EditorFactory()
    sign_in(page, editor, live_server)
    returned = StatementFactory(coder=editor, review_comment="Which day?")
    DismissalFactory(statement=returned, code="office", about=returned.speaker.slug)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    for url in (
        reverse("admin:index"),
        address(waiting, "publish"),
        address(waiting, "return"),
        f"{reverse('admin:stances_statement_warnings')}?state=all",
    ):
        told.clear()  # axe tries inline styles, too
        page.goto(live_server.url + url)
        assert told == [], url
        assert barriers(page) == [], url
    page.goto(live_server.url + address(waiting))
    assert [fault for fault in barriers(page) if "review" in fault or "warned" in fault or "turn" in fault] == []


def test_a_reviewer_dismisses_and_publishes_by_keyboard(page, live_server, waiting):
    sign_in(page, EditorFactory(), live_server)
    page.goto(live_server.url + reverse("admin:index"))
    page.locator("section[aria-labelledby=queue-waiting] li a").press("Enter")
    page.locator(".warned input[name=word]").first.fill("An oversight of the newspaper")
    page.keyboard.press("Enter")
    page.locator("text=stays listed with your word").wait_for()
    assert Dismissal.objects.get().word == "An oversight of the newspaper"
    assert "is the first record of Ruritania" in page.locator(".review").inner_text()
    page.locator("[name=_publish]").press("Enter")
    page.locator("input[value=Publish]").press("Enter")
    page.locator(".messagelist li.success", has_text="1 published").wait_for()
    assert Statement.objects.get(pk=waiting.pk).is_public
