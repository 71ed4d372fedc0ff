"""The steps of a statement's life at the desk: actions on many rows, buttons on one."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from stances.models import PublicVersion, Statement
from stances.vocabulary import Status
from tests.desk import act, address, as_sent, errors, messages, publish, send, signed_in
from tests.factories import CoderFactory, EditorFactory, SourceFactory, StanceFactory, StatementFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor():
    return EditorFactory()


@pytest.fixture
def desk(editor):
    return signed_in(editor)


def statement(status, **fields):
    """Make a statement with its stance; `key` names it in the messages."""
    made = {f"statement__{name}": value for name, value in fields.items()}
    return StanceFactory(statement__published=False, statement__status=status, **made).statement


def told(page) -> list[str]:
    """Give the lines of the messages, headings and rows, in order."""
    return [line for line in re.split(r"<[^>]+>", "<br>".join(messages(page))) if line]


# ---- on many rows ----


def test_submitting_many_tells_what_became_of_each(desk):
    rows = [
        statement(Status.DRAFT, key="a-1"),
        statement(Status.PUBLISHED, key="a-2"),
        StatementFactory(key="a-3"),
        statement(Status.DRAFT, key="a-4"),
    ]
    page = act(desk, Statement, "submit_selected", rows)
    assert told(page) == [
        "2 submitted for review",
        "a-1: submitted for review",
        "a-4: submitted for review",
        "2 not submitted for review",
        "a-2: It is published, and so cannot be submitted.",
        "a-3: A statement needs at least one stance before it goes on.",
    ]
    assert Statement.objects.filter(status=Status.SUBMITTED).count() == 2


def test_publishing_many_takes_what_is_repeated_before_its_repeat(desk):
    first = statement(Status.SUBMITTED, key="later-made")
    repeat = statement(Status.SUBMITTED, key="a-repeat", repeats=first)
    publish(desk, [repeat, first])
    assert set(Statement.objects.values_list("status", flat=True)) == {Status.PUBLISHED}


def test_nobody_publishes_what_is_his_or_her_own(desk, editor, settings):
    own = statement(Status.SUBMITTED, coder=editor, key="own")
    page = publish(desk, [own])
    assert told(page) == ["1 not published", "own: A second person publishes: this statement is your own."]
    settings.ONE_PERSON_DESK = True
    publish(desk, [own])
    own.refresh_from_db()
    assert own.status == Status.PUBLISHED


def test_publishing_many_is_one_version_of_the_public_data(desk):
    rows = [statement(Status.SUBMITTED) for _ in range(3)]
    before = PublicVersion.objects.current()
    publish(desk, rows)
    assert PublicVersion.objects.current() == before + 1


@pytest.mark.parametrize(
    ("action", "status", "field", "after"),
    [
        ("return_selected", Status.SUBMITTED, "review_comment", Status.DRAFT),
        ("retract_selected", Status.PUBLISHED, "retraction_reason", Status.RETRACTED),
    ],
)
def test_returning_and_retracting_ask_for_words_first(desk, action, status, field, after):
    rows = [statement(status, key=f"a-{n}") for n in range(2)]
    page = act(desk, Statement, action, rows)
    content = page.content.decode()
    assert "a-0" in content
    assert "a-1" in content
    assert set(Statement.objects.values_list("status", flat=True)) == {status}
    page = act(desk, Statement, action, rows, words="  ")
    assert page.context["form"].errors == {"words": ["This field is required."]}
    page = act(desk, Statement, action, rows, words="It was not said.")
    assert len(told(page)) == 3
    assert set(Statement.objects.values_list("status", field)) == {(after, "It was not said.")}


def test_all_rows_of_a_long_list_can_be_retracted(desk):
    source = SourceFactory()
    for _ in range(60):
        statement(Status.PUBLISHED, source=source)
    first = Statement.objects.first()
    page = act(desk, Statement, "retract_selected", [first], select_across="1", index="0")
    assert page.context["title"] == "Retract: 60 statements"
    assert 'name="select_across" value="1"' in page.content.decode()
    act(desk, Statement, "retract_selected", [first], select_across="1", words="All wrong.")
    assert Statement.objects.filter(status=Status.RETRACTED).count() == 60


def test_an_invalid_statement_is_refused_with_the_names_of_its_fields(desk):
    broken = statement(Status.DRAFT, key="late")
    SourceFactory._meta.model.objects.filter(pk=broken.source_id).update(published_on="2000-01-01")
    page = act(desk, Statement, "submit_selected", [broken])
    assert told(page)[1].startswith("late: Latest day: Said on 2024-02-13 at the latest")


def test_words_from_rows_are_escaped_in_messages(desk):
    row = StatementFactory(key="x")
    Statement.objects.filter(pk=row.pk).update(locator="<b>")
    StanceFactory(statement=row)
    page = act(desk, Statement, "submit_selected", [row])
    assert "<b>" not in page.content.decode()


# ---- on one ----


def steps_offered(page) -> list[str]:
    return [step.name for step in [*page.context["saving_steps"], *page.context["asking_steps"]]]


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        (Status.DRAFT, ["submit"]),
        (Status.SUBMITTED, ["publish", "return"]),
        (Status.PUBLISHED, ["retract"]),
        (Status.RETRACTED, []),
    ],
)
def test_a_statement_offers_the_steps_that_can_be_taken(desk, status, steps):
    assert steps_offered(desk.get(address(statement(status)))) == steps


def test_an_own_statement_does_not_offer_to_be_published_and_says_why(desk, editor, settings):
    own, anothers = (statement(Status.SUBMITTED, coder=coder) for coder in (editor, CoderFactory()))
    page = desk.get(address(own))
    assert steps_offered(page) == ["return"]
    why = "It is your own, and a second person publishes."
    assert why in page.content.decode().split('class="submit-row"')[1]
    assert why not in desk.get(address(anothers)).content.decode()
    settings.ONE_PERSON_DESK = True
    page = desk.get(address(own))
    assert steps_offered(page) == ["publish", "return"]
    assert why not in page.content.decode()


def test_what_one_submitted_oneself_is_taken_back(desk, editor):
    own, anothers = (statement(Status.SUBMITTED, coder=coder) for coder in (editor, CoderFactory()))
    assert [step.label for step in desk.get(address(own)).context["asking_steps"]] == ["Take it back"]
    assert [step.label for step in desk.get(address(anothers)).context["asking_steps"]] == ["Return to its coder"]
    assert desk.get(address(own, "return")).context["title"] == "Take it back: 1 statement"
    page = desk.post(address(own, "return"), {"words": "The day is wrong."}, follow=True)
    assert told(page)[:2] == ["1 taken back", f"{own.key}: taken back"]
    own.refresh_from_db()
    assert (own.status, own.review_comment) == (Status.DRAFT, "The day is wrong.")


def test_saving_and_submitting_saves_first():
    coder = CoderFactory()
    draft = statement(Status.DRAFT, coder=coder)
    page = send(signed_in(coder), address(draft), summary="Better.", _submit="on")
    assert told(page) == ["1 submitted for review", f"{draft.key}: submitted for review"]
    draft.refresh_from_db()
    assert (draft.summary, draft.status) == ("Better.", Status.SUBMITTED)


def test_what_was_written_stays_when_the_step_is_refused(desk):
    draft = StatementFactory()
    page = send(desk, address(draft), summary="Better.", _submit="on")
    assert "at least one stance" in told(page)[1]
    assert page.redirect_chain[-1][0] == address(draft)
    draft.refresh_from_db()
    assert (draft.summary, draft.status) == ("Better.", Status.DRAFT)


def test_a_form_with_errors_takes_no_step(desk):
    draft = statement(Status.DRAFT)
    page = send(desk, address(draft), said="soon", _submit="on")
    assert list(errors(page)) == ["said"]
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_saving_and_publishing(desk):
    submitted = statement(Status.SUBMITTED)
    page = send(desk, address(submitted), summary="Better.", _publish="on")
    assert page.redirect_chain[-1][0] == address(submitted, "publish")
    submitted.refresh_from_db()
    assert (submitted.summary, submitted.is_public) == ("Better.", False)
    desk.post(address(submitted, "publish"), {"told": page.context["told"]})
    submitted.refresh_from_db()
    assert submitted.is_public


@pytest.mark.parametrize(
    ("step", "status", "after"),
    [("return", Status.SUBMITTED, Status.DRAFT), ("retract", Status.PUBLISHED, Status.RETRACTED)],
)
def test_a_step_that_wants_words_has_its_page(desk, step, status, after):
    row = statement(status)
    assert step in steps_offered(desk.get(address(row)))
    assert desk.get(address(row, step)).status_code == 200
    assert desk.post(address(row, step), {"words": ""}).context["form"].errors
    row.refresh_from_db()
    assert row.status == status
    page = desk.post(address(row, step), {"words": "So it is."}, follow=True)
    assert page.redirect_chain[-1][0] == address(row)
    row.refresh_from_db()
    assert row.status == after


def test_a_step_that_comes_too_late_is_told_and_not_taken(desk):
    row = statement(Status.SUBMITTED)
    sent = as_sent(desk.get(address(row)), _publish="on")
    act(desk, Statement, "return_selected", [row], words="Not yet.")
    page = desk.post(address(row), sent, follow=True)
    assert ("Status", "draft") in [(change.label, change.after) for change in page.context["conflict"].told]
    row.refresh_from_db()
    assert row.status == Status.DRAFT


def test_a_step_of_no_statement_leads_back(desk):
    page = desk.get(reverse("admin:stances_statement_retract", args=[999_999]), follow=True)
    assert "doesn’t exist" in messages(page)[0]


def test_a_step_wants_the_token_of_the_form():
    from django.test import Client

    from tests.desk import BACKEND

    client = Client(enforce_csrf_checks=True)
    client.force_login(EditorFactory(), backend=BACKEND)
    row = statement(Status.PUBLISHED)
    assert client.post(address(row, "retract"), {"words": "So."}).status_code == 403
