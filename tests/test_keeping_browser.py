"""Nothing lost, in a real browser: a session that ends, two editors at once, and the pages that bring things back."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from stances.models import Statement
from tests.barriers import barriers
from tests.desk import address, pick, send, sign_in, signed_in, tick
from tests.factories import (
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("groups")]
PASSWORD = "a-long-one-for-this-test"

#: Autocomplete fields and breadcrumbs are Django's own.
OWN = {"exclude": [[".select2"], [".breadcrumbs"]]}


@pytest.fixture
def coder():
    user = CoderFactory(username="cora")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def complaints(page):
    """Collect the errors of scripts; axe styles the page itself, which the policy of content blocks."""
    told: list[str] = []
    page.on("pageerror", lambda error: told.append(str(error)))
    return told


def kept(page) -> int:
    page.wait_for_load_state()
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('desk-copy:')).length")


def end_session(page) -> None:
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


def log_in(page) -> None:
    page.fill("#id_username", "cora")
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")


def test_a_new_statement_with_its_stances_outlives_its_session(page, live_server, coder, complaints):
    SourceFactory(title="Herald of today")
    GovernmentFactory(name="Ruritania")
    TopicFactory(name="Singing")
    TopicFactory(name="Dancing")
    sign_in(page, coder, live_server)
    url = live_server.url + address(Statement, "add")
    page.goto(url)
    pick(page, "source", "Herald of today")
    pick(page, "speaker", "Ruritania")
    page.select_option("#id_authority", "official")
    page.fill("#id_said", "../2024-02-13")
    page.fill("#id_summary", "Ruritania likes singing.\nAnd dancing.")
    page.click("text=Add another Stance")
    for n, topic in enumerate(["Singing", "Dancing"]):
        pick(page, f"stances-{n}-actor", "Ruritania")
        pick(page, f"stances-{n}-topic", topic)
        tick(page, f"stances-{n}-position", "2")
        page.select_option(f"#id_stances-{n}-attribution", "own")
    end_session(page)
    page.click("input[name=_save]")
    log_in(page)
    assert page.url == url
    assert "that was not saved" in page.locator(".kept-copy").inner_text()
    assert barriers(page, OWN) == []
    page.click("text=Put it back")
    assert page.input_value("#id_summary") == "Ruritania likes singing.\nAnd dancing."
    page.click("input[name=_save]")
    statement = Statement.objects.get()
    assert (statement.source.title, statement.speaker.name) == ("Herald of today", "Ruritania")
    assert {stance.topic.name for stance in statement.stances.all()} == {"Singing", "Dancing"}
    assert kept(page) == 0
    assert complaints == []


def test_a_changed_row_inside_a_form_is_put_back_in_its_place(page, live_server, coder):
    statement = StatementFactory(coder=coder)
    StanceFactory(statement=statement, topic__rank=1)
    second = StanceFactory(statement=statement, topic__rank=2)
    sign_in(page, coder, live_server)
    page.goto(live_server.url + address(statement))
    page.fill("#id_stances-1-rationale", "So it is.")
    end_session(page)
    page.click("input[name=_continue]")
    log_in(page)
    page.click("text=Put it back")
    page.click("input[name=_continue]")
    second.refresh_from_db()
    assert second.rationale == "So it is."
    assert page.locator(".kept-copy").count() == 0


def test_what_is_put_back_over_a_newer_change_is_asked_about(page, live_server, coder):
    statement = StatementFactory(coder=coder)
    sign_in(page, coder, live_server)
    page.goto(live_server.url + address(statement))
    page.fill("#id_summary", "As Cora has it.")
    page.goto(live_server.url + reverse("admin:index"))
    send(signed_in(EditorFactory()), address(statement), summary="As another has it.")
    page.goto(live_server.url + address(statement))
    page.click("text=Put it back")
    page.click("input[name=_save]")
    assert page.locator(".conflict legend").inner_text() == "Summary"


def test_what_is_forgotten_is_not_offered_again(page, live_server, coder):
    sign_in(page, coder, live_server)
    url = live_server.url + address(Statement, "add")
    page.goto(url)
    page.fill("#id_summary", "Never mind.")
    page.goto(url)
    page.click("text=Forget it")
    page.goto(url)
    assert page.locator(".kept-copy").count() == kept(page) == 0


def test_each_text_that_was_not_saved_is_offered(page, live_server, coder):
    sign_in(page, coder, live_server)
    url = live_server.url + address(Statement, "add")
    for words in ("The first summary, a long one.", "The second summary."):
        page.goto(url)
        page.fill("#id_summary", words)
    page.goto(url)
    offers = page.locator(".kept-copy > div")
    assert [line.split("“")[1].split("”")[0] for line in offers.locator("p").all_inner_texts()] == [
        "The second summary.",
        "The first summary, a long one.",
    ]
    offers.last.locator("text=Put it back").click()
    assert page.input_value("#id_summary") == "The first summary, a long one."


def test_a_statement_of_one_source_is_not_offered_beside_another(page, live_server, coder):
    one, other = SourceFactory(text="Words."), SourceFactory(text="Other words.")
    sign_in(page, coder, live_server)
    url = live_server.url + address(Statement, "add")
    page.goto(f"{url}?source={one.pk}")
    page.fill("#id_summary", "Of the first source.")
    page.goto(f"{url}?source={other.pk}")
    assert page.locator(".kept-copy").count() == 0
    page.goto(f"{url}?source={one.pk}")
    assert "Of the first source." in page.locator(".kept-copy").inner_text()


def test_nothing_is_offered_to_another_user_and_nothing_kept_after_logging_out(page, live_server, coder):
    sign_in(page, coder, live_server)
    url = live_server.url + address(Statement, "add")
    page.goto(url)
    page.fill("#id_summary", "Mine.")
    sign_in(page, EditorFactory(), live_server)
    page.goto(url)
    assert (page.locator(".kept-copy").count(), kept(page)) == (0, 1)
    sign_in(page, coder, live_server)
    page.goto(url)
    assert page.locator(".kept-copy").count() == 1
    page.click("#logout-form button")
    assert kept(page) == 0


def test_leaving_with_something_unsaved_asks_and_leaving_otherwise_does_not(page, live_server, coder):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    sign_in(page, coder, live_server)
    url = live_server.url + address(Statement, "add")
    page.goto(url)
    page.goto(live_server.url + reverse("admin:index"))
    assert asked == []
    page.goto(url)
    page.fill("#id_summary", "Not saved.")
    page.goto(live_server.url + reverse("admin:index"))
    assert asked == ["beforeunload"]


def test_neither_passwords_nor_the_token_of_the_form_are_kept(page, live_server, coder):
    sign_in(page, coder, live_server)
    page.goto(live_server.url + address(Statement, "add"))
    page.fill("#id_summary", "Kept.")
    page.goto(live_server.url + reverse("admin:index"))
    stored = page.evaluate("JSON.stringify(Object.assign({}, localStorage))")
    assert "Kept." in stored
    assert "csrf" not in stored


def test_a_form_that_was_open_since_before_signing_in_anew_loses_nothing(page, live_server, coder):
    statement = StatementFactory(coder=coder)
    sign_in(page, coder, live_server)
    page.goto(live_server.url + address(statement))
    page.fill("#id_summary", "As Cora has it.")
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    page.click("input[name=_save]")
    assert "Nothing is saved yet" in page.locator("#content-main").inner_text()
    page.click("text=Open it again")
    page.click("text=Put it back")
    page.click("input[name=_save]")
    statement.refresh_from_db()
    assert statement.summary == "As Cora has it."


def test_two_editors_in_conflict(page, browser, live_server, complaints):
    words = "The minister said that the pact {} grow one day, and not before that day."
    stance = StanceFactory(statement__summary=words.format("may"))
    statement = stance.statement
    sign_in(page, EditorFactory(username="anna"), live_server)
    page.goto(live_server.url + address(statement))
    page.fill("#id_summary", words.format("will"))
    page.fill("#id_occasion", "Interview")

    context = browser.new_context()
    other = context.new_page()
    sign_in(other, EditorFactory(username="bert"), live_server)
    other.goto(live_server.url + address(statement))
    other.fill("#id_summary", words.format("might"))
    tick(other, "stances-0-position", "-2")
    other.click("input[name=_save]")
    context.close()

    page.click("input[name=_save]")
    told = page.locator(".conflict").inner_text()
    assert "By bert" in told
    assert page.locator(".conflict ins").first.inner_text().strip() == "might"
    assert page.input_value("#id_occasion") == "Interview"
    assert barriers(page, OWN) == []
    page.locator(".clash", has_text="Summary").get_by_label("Keep mine").check()
    page.click("input[name=_save]")
    statement.refresh_from_db()
    stance.refresh_from_db()
    assert "will grow" in statement.summary
    assert (statement.occasion, stance.position) == ("Interview", -2)
    assert kept(page) == 0
    assert complaints == []


def test_a_state_is_restored_and_a_draft_comes_back(page, live_server, complaints):
    statement = StanceFactory(statement__published=False).statement
    sign_in(page, EditorFactory(), live_server)
    page.goto(live_server.url + address(statement))
    page.fill("#id_summary", "Second.")
    page.click("input[name=_save]")
    page.goto(live_server.url + address(statement, "history"))
    assert barriers(page, OWN) == []
    page.locator("text=Restore this state").first.click()
    assert barriers(page, OWN) == []
    page.click("input[value='Restore this state']")
    statement.refresh_from_db()
    assert statement.summary != "Second."
    page.goto(live_server.url + address(statement, "delete"))
    page.click("input[type=submit]")
    page.locator(".object-tools").get_by_text("Deleted").click()
    assert barriers(page, OWN) == []
    page.click("text=Bring back")
    assert "It is back" in page.locator(".messagelist").inner_text()
    assert statement.stances.count() == 1
    assert complaints == []
