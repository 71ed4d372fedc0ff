"""Merging, recoding and undoing in a real browser: accessible pages, nothing blocked, no wider than the screen."""

from __future__ import annotations

import pytest

from stances.models import Actor, Stance
from tests.barriers import barriers
from tests.desk import address, pick, sign_in
from tests.factories import (
    AffiliationFactory,
    EditorFactory,
    GovernmentFactory,
    StanceFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("groups")]

#: The frame of the page and its autocomplete fields are Django's own.
OWN = {"include": [["#content"]], "exclude": [[".select2"]]}


def look(page, complaints):
    """See that the page is accessible in both schemes, and fits a narrow screen."""
    page.wait_for_load_state()
    assert complaints == [], page.url
    assert barriers(page, OWN) == [], page.url
    complaints.clear()  # the checker's own style is blocked


def test_an_editor_merges_and_undoes_it(page, live_server, complaints):
    source, target = GovernmentFactory(name="Nippon", slug="nippon"), GovernmentFactory(name="Japan")
    stance = StanceFactory(actor=source)
    twin = StanceFactory(actor=target)
    StanceFactory(actor=source, statement=twin.statement, topic=twin.topic)
    AffiliationFactory(of=source, title="Minister of Something Rather Long")
    sign_in(page, EditorFactory(), live_server)
    page.goto(live_server.url + address(source))
    page.click("text=Merge into another")
    look(page, complaints)
    pick(page, "into", "Japan")
    page.click("text=Show what would move")
    look(page, complaints)
    page.click("input[value='Merge']")
    assert "is merged into" in page.locator(".messagelist").inner_text()
    page.click("text=Its history")
    page.click("text=All rows of this change")
    look(page, complaints)
    page.click("input[value='Undo the merge']")
    assert "Undone by" in page.locator("#content").inner_text()
    look(page, complaints)
    stance.refresh_from_db()
    assert stance.actor == Actor.objects.get(slug="nippon")
    assert Stance.objects.count() == 3


def test_an_editor_recodes_and_reverts_it(page, live_server, complaints):
    StanceFactory.create_batch(3, position=2, condition="whatever comes")
    TopicFactory(name="Elsewhere")
    sign_in(page, EditorFactory(), live_server)
    page.goto(live_server.url + address(Stance, "changelist"))
    page.locator("#action-toggle").check()
    page.select_option("[name=action]", "recode_selected")
    page.click("button[name=index]")
    look(page, complaints)
    page.fill("#id_set-name", "moved elsewhere")
    pick(page, "set-topic", "Elsewhere")
    page.select_option("#id_set-position", "-1 time")
    page.click("text=Show what would change")
    look(page, complaints)
    page.click("input[name=apply]")
    assert "3 stances changed" in page.locator(".messagelist").inner_text()
    assert Stance.objects.filter(topic__name="Elsewhere", position=-1).count() == 3
    page.click("text=It can be reverted as one")
    look(page, complaints)
    page.click("input[value='Revert it']")
    assert "reverted: moved elsewhere" in page.locator(".messagelist").inner_text()
    assert Stance.objects.filter(position=2).count() == 3


def test_what_stands_in_the_way_is_accessible_too(page, live_server, complaints):
    tie = AffiliationFactory()
    sign_in(page, EditorFactory(), live_server)
    page.goto(f"{live_server.url}{address(tie.actor, 'merge')}?into={tie.of_id}")
    assert page.locator("input[value='Merge']").count() == 0
    look(page, complaints)
    page.goto(f"{live_server.url}{address(tie.actor, 'merge')}?address=nothing")
    assert "No other one has this address" in page.locator(".errorlist").inner_text()
    look(page, complaints)
