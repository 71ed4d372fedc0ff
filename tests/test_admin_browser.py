"""The editors' desk in a real browser, under the strict policy of content: nothing blocked, nothing in the way."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse

from stances.models import Actor, Affiliation, FormerSlug, Position, Source, Stance, Statement, Topic
from stances.vocabulary import Status
from tests.barriers import too_wide
from tests.desk import address, pick, sign_in, tick
from tests.factories import (
    ActorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("groups")]


@pytest.fixture
def rows():
    """Make rows of each model, with long words and many parts."""
    topic = TopicFactory(parent=TopicFactory(parent=TopicFactory()), name="A topic with a name that is rather long")
    stance = StanceFactory(topic=topic, statement__occasion="Remarks after a meeting of ministers, somewhere")
    StanceFactory.create_batch(2, statement=stance.statement, position=-1)
    AffiliationFactory(actor=stance.statement.speaker, title="Deputy Prime Minister and Minister for Everything")
    actor = ActorFactory(slug="former")
    actor.slug = "present"
    actor.save()
    stance.statement.summary = "Otherwise."
    stance.statement.save()
    return stance


def addresses(rows) -> list[str]:
    statement = rows.statement
    record = Statement.history.filter(id=statement.pk).first()
    user = get_user_model().objects.first()
    models = [Statement, Source, Actor, Affiliation, Topic, Stance, Position, FormerSlug, type(user), Group]
    first = [model.objects.order_by("pk").first() for model in models]
    written = [model for model in models if model not in (Stance, Position, FormerSlug)]
    return [
        reverse("admin:index"),
        *(address(model, "changelist") for model in models),
        *(address(row) for row in first),
        address(statement.speaker),
        *(address(model, "add") for model in written),
        *(address(row, "history") for row in first if row is not None),
        f"{address(statement, 'history')}{record.pk}/",
        address(statement, "delete"),
        address(Group.objects.first(), "delete"),
        address(statement, "retract"),
        reverse("admin:auth_user_password_change", args=[user.pk]),
        reverse("admin:password_change"),
    ]


def test_no_page_is_blocked_in_part_or_wider_than_the_screen(page, live_server, rows, complaints):
    sign_in(page, get_user_model().objects.create_superuser("root"), live_server)
    for url in addresses(rows):
        answer = page.goto(live_server.url + url)
        assert answer.status == 200, url
        assert (complaints, too_wide(page)) == ([], []), url


def test_a_coder_codes_and_an_editor_publishes(page, browser, live_server, complaints):
    SourceFactory(title="Herald of today")
    GovernmentFactory(name="Ruritania", aliases="The Land of Songs")
    TopicFactory(name="Singing")
    sign_in(page, CoderFactory(), live_server)
    page.goto(live_server.url + address(Statement, "add"))
    pick(page, "source", "Herald of today")
    pick(page, "speaker", "Ruritania")
    page.select_option("#id_authority", "official")
    page.fill("#id_said", "../2024-02-13")
    page.fill("#id_summary", "Ruritania likes singing.")
    pick(page, "stances-0-actor", "Ruritania")
    pick(page, "stances-0-topic", "Singing")
    tick(page, "stances-0-position", "1")
    page.select_option("#id_stances-0-attribution", "own")
    page.click("text=Save and submit for review")
    assert "have terms" in page.locator(".field-terms .errorlist").inner_text()
    assert page.locator(".field-said .reading").inner_text() == "before 13 February 2024"
    tick(page, "stances-0-terms", "time")
    page.click("text=Save and submit for review")
    assert "1 submitted for review" in page.locator(".messagelist").inner_text()
    statement = Statement.objects.get()
    assert statement.status == Status.SUBMITTED
    assert "for, later" in page.locator("#result_list .tile").inner_text()

    sign_in(page, EditorFactory(), live_server)
    page.goto(live_server.url + address(statement))
    page.click("text=Return to its coder")
    page.fill("textarea", "Where was it said?")
    page.click("input[value='Return to its coder']")
    assert "returned" in page.locator(".messagelist").inner_text()
    page.click("text=Save and submit for review")
    page.locator("#action-toggle").check()
    page.select_option("[name=action]", "publish_selected")
    page.click("button[name=index]")
    assert "is the first record of Ruritania on Singing: for, later" in page.locator(".effect").inner_text()
    page.click("input[value='Publish']")
    assert f"{statement.key}: published" in page.locator(".messagelist").inner_text()
    statement.refresh_from_db()
    assert statement.is_public
    assert complaints == []


def test_rows_calendars_and_themes_work_under_the_policy(page, live_server, rows, complaints):
    sign_in(page, EditorFactory(), live_server)
    page.goto(live_server.url + address(rows.statement))
    page.click("text=Add another Stance")
    pick(page, "stances-3-topic", rows.topic.name)
    page.goto(live_server.url + address(rows.statement.speaker))
    page.click("text=Add another Affiliation")
    page.locator("#affiliations-1 .field-start .datetimeshortcuts a").last.click()
    page.locator(".calendarbox:visible td:not(.nonday) a").first.click()
    assert page.input_value("#id_affiliations-1-start").endswith("-01")
    page.goto(live_server.url + address(Topic, "add"))
    page.fill("#id_name", "What Is Sung")
    page.press("#id_name", "Tab")
    assert page.input_value("#id_slug") == "what-is-sung"
    page.locator(".theme-toggle:visible").first.click()
    assert page.locator("html").get_attribute("data-theme") in ("light", "dark")
    assert complaints == []


def test_on_a_phone_all_of_a_statement_stands_within_the_list(page, live_server):
    sign_in(page, EditorFactory(), live_server)
    StanceFactory(statement__published=True, topic__name="A topic with a name that takes all of a line and then some")
    page.set_viewport_size({"width": 360, "height": 780})
    page.goto(live_server.url + address(Statement, "changelist"))
    for name in ("statement", "stage", "said", "speaker", "shows"):
        box = page.locator(f"#result_list tbody .field-{name}").bounding_box()
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 360, name
    assert page.locator("#action-toggle").bounding_box()["width"] >= 12
