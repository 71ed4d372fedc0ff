"""Review at the desk: the queues of its first page, what publishing shows first, the conversation, warnings."""

from __future__ import annotations

import pytest
from django.urls import reverse

from stances import queues as waiting
from stances import tallies
from stances.admin import review
from stances.conversations import conversation
from stances.models import Dismissal, PublicVersion, Source, Stance, Statement
from stances.recoding import plan_recode
from stances.vocabulary import Status
from tests.desk import act, address, as_sent, errors, messages, publish, queries, send, signed_in
from tests.factories import (
    AdministratorFactory,
    CoderFactory,
    DismissalFactory,
    EditorFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
INDEX = "admin:index"
WARNINGS = "admin:stances_statement_warnings"


@pytest.fixture
def editor():
    return EditorFactory(username="eda")


@pytest.fixture
def desk(editor):
    return signed_in(editor)


@pytest.fixture
def coder():
    return CoderFactory(username="cora")


def statement(status, **fields):
    made = {f"statement__{name}": value for name, value in fields.items()}
    return StanceFactory(statement__published=False, statement__status=status, **made).statement


def queues(client) -> dict[str, list[str]]:
    """Give the keys that each section of the first page lists."""
    sections = client.get(reverse(INDEX)).context["sections"]
    return {section.name: [item.statement.key for item in section.items] for section in sections}


def test_the_page_of_warnings_looks_at_all_that_is_not_yet_public_before_the_rest(desk, monkeypatch):
    monkeypatch.setattr(review, "EXAMINED", 2)
    source = SourceFactory(publisher=None)
    keys = [f"s-{n}" for n in range(7)]
    for n, key in enumerate(keys):
        status = (Status.PUBLISHED, Status.DRAFT, Status.SUBMITTED)[n % 3]
        statement(status, key=key, source=source)
    statement(Status.RETRACTED, key="gone", source=source)
    found = []
    for page in (1, 2, 3, 4):
        context = desk.get(reverse(WARNINGS), {"code": "source", "p": page}).context
        found.append([each["statement"].key for each in context["found"]])
    assert found == [["s-5", "s-4"], ["s-2", "s-1"], ["s-6", "s-3"], ["s-0"]]
    assert (context["examined"], context["page_obj"].paginator.num_pages) == (7, 4)


# ---- the first page ----


def test_a_coder_finds_drafts_and_what_came_back_with_the_comment(coder, editor):
    mine = statement(Status.SUBMITTED, coder=coder, key="back", authority="independent")
    mine.return_to_coder(by=editor, comment="Which day was it?")
    statement(Status.DRAFT, coder=coder, key="draft", authority="independent")
    statement(Status.DRAFT, coder=editor, key="hers")
    client = signed_in(coder)
    found = queues(client)
    assert (found["returned"], found["drafts"]) == (["back"], ["draft"])
    assert "waiting" not in found
    assert "Which day was it?" in client.get(reverse(INDEX)).content.decode()


def test_an_editor_finds_what_waits_for_review_but_for_her_own(desk, editor, coder, settings):
    statement(Status.SUBMITTED, coder=coder, key="theirs")
    statement(Status.SUBMITTED, coder=None, key="imported")
    statement(Status.SUBMITTED, coder=editor, key="own")
    assert queues(desk)["waiting"] == ["theirs", "imported"]
    settings.ONE_PERSON_DESK = True
    assert queues(desk)["waiting"] == ["theirs", "imported", "own"]


def test_what_waits_longest_comes_first(desk, coder):
    made_first, made_second = (statement(Status.DRAFT, coder=coder, key=key) for key in ("one", "two"))
    made_second.submit(by=coder)
    made_first.submit(by=coder)
    assert queues(desk)["waiting"] == ["two", "one"]


def test_warnings_of_what_is_not_yet_public_are_on_the_first_page(desk, coder):
    statement(Status.DRAFT, coder=coder, key="draft")
    statement(Status.DRAFT, key="imported")
    statement(Status.PUBLISHED, key="public")
    assert queues(desk)["warnings"] == ["draft", "imported"]
    assert queues(signed_in(coder))["warnings"] == ["draft"]


def test_of_a_long_queue_those_made_first_are_ordered_and_it_is_not_counted_to_its_end(desk, coder, monkeypatch):
    for module in (tallies, waiting):
        monkeypatch.setattr(module, "MOST_COUNTED", 3)
    made = [statement(Status.DRAFT, coder=coder, key=key) for key in ("one", "two", "three", "four", "five")]
    for each in reversed(made):
        each.submit(by=coder)
    assert queues(desk)["waiting"] == ["three", "two", "one"]
    content = desk.get(reverse(INDEX)).content.decode()
    assert "Waiting for review (3+)" in content
    assert "Of the 3 that were made first." in content


def test_each_queue_leads_to_the_list_of_all_that_it_counts(coder, editor):
    for count, (status, fields) in enumerate(
        [
            (Status.DRAFT, {"coder": coder, "review_comment": "Look again."}),
            (Status.DRAFT, {"coder": coder}),
            (Status.SUBMITTED, {"coder": coder}),
            (Status.SUBMITTED, {"coder": None}),
            (Status.SUBMITTED, {"coder": editor}),
        ]
    ):
        for _ in range(11 + count):
            statement(status, **fields)
    for user in (coder, editor):
        client = signed_in(user)
        for section in client.get(reverse(INDEX)).context["sections"]:
            if section.name != "warnings" and section.count:
                assert len(section.items) == 10
                assert client.get(section.link).context["cl"].result_count == section.count


def test_empty_queues_say_what_to_do_next(desk):
    content = desk.get(reverse(INDEX)).content.decode()
    assert "Nothing waits for review. Statements come here when a coder submits them." in content
    assert address(Statement, "add") in content


@pytest.mark.once
def test_the_first_page_asks_no_more_with_more_rows(desk, editor, coder):
    def grow():
        for _ in range(4):
            source = SourceFactory(publisher=None)
            statement(Status.DRAFT, coder=editor, source=source)
            statement(Status.DRAFT, coder=editor, review_comment="Look.", reviewer=EditorFactory())
            statement(Status.SUBMITTED, coder=coder)

    grow()
    before = queries(desk, reverse(INDEX))
    grow()
    assert queries(desk, reverse(INDEX)) == before


def test_staff_without_a_role_finds_no_queues():
    assert queues(signed_in(UserFactory(is_staff=True))) == {}


# ---- publishing, shown first ----


def test_publishing_shows_first_what_it_will_do(desk):
    row = statement(Status.SUBMITTED, key="a")
    page = desk.get(address(row, "publish"))
    assert "is the first record of" in page.content.decode()
    assert "has no office then" in page.content.decode()
    row.refresh_from_db()
    assert row.status == Status.SUBMITTED


@pytest.mark.parametrize("told", [None, "", "0123456789abcdef", "\x00", "x" * 9999])
def test_nothing_is_published_without_having_been_shown(desk, told):
    row = statement(Status.SUBMITTED)
    sent = {} if told is None else {"told": told}
    assert desk.post(address(row, "publish"), sent).status_code == 200
    assert act(desk, Statement, "publish_selected", [row], **sent).status_code == 200
    row.refresh_from_db()
    assert row.status == Status.SUBMITTED


def test_a_reviewer_is_led_on_to_what_waits_next(desk, editor):
    row, mine, following = (
        statement(Status.SUBMITTED),
        statement(Status.SUBMITTED, coder=editor),
        statement(Status.SUBMITTED, key="waits-next"),
    )
    told = desk.get(address(row, "publish")).context["told"]
    page = desk.post(address(row, "publish"), {"told": told}, follow=True)
    assert f'Next for review: <a href="{address(following)}">waits-next</a>' in messages(page)
    assert not any(mine.key in message for message in messages(page))


def test_what_changed_since_it_was_shown_is_shown_again(desk):
    row = statement(Status.SUBMITTED)
    told = desk.get(address(row, "publish")).context["told"]
    stance = row.stances.get()
    StanceFactory(actor=stance.actor, topic=stance.topic, statement__date="2024-01-01", position=-2)
    page = desk.post(address(row, "publish"), {"told": told})
    assert "The data changed since you looked" in messages(page)[0]
    desk.post(address(row, "publish"), {"told": page.context["told"]})
    row.refresh_from_db()
    assert row.is_public


def test_publishing_many_tells_of_each_and_of_those_that_will_be_refused(desk, editor):
    first = statement(Status.SUBMITTED, key="a-first")
    rows = [
        first,
        statement(Status.SUBMITTED, key="b-repeat", repeats=first),
        statement(Status.SUBMITTED, key="c-own", coder=editor),
        statement(Status.DRAFT, key="d-draft"),
        StatementFactory(status=Status.SUBMITTED, key="e-bare"),
        statement(Status.SUBMITTED, key="f-lost", repeats=statement(Status.SUBMITTED, key="z")),
    ]
    page = act(desk, Statement, "publish_selected", rows)
    told = {each["statement"].key: each["lines"][0] for each in page.context["shown"]}
    assert told["a-first"].startswith("is the first record")
    assert told["b-repeat"].startswith("counts for nothing, as it repeats a-first")
    assert told["c-own"] == "will not be published: it is your own, and a second person publishes"
    assert told["d-draft"] == "will not be published: it is draft"
    assert told["e-bare"] == "will not be published: it has no stance"
    assert told["f-lost"] == "will not be published: it repeats z, which is not published"
    page = act(desk, Statement, "publish_selected", rows, told=page.context["told"])
    public = Statement.objects.published().order_by("key").values_list("key", flat=True)
    assert list(public) == ["a-first", "b-repeat"]
    assert "4 not published" in " ".join(messages(page))


def test_what_will_be_refused_is_told_and_the_rest_foretold_without_it(desk):
    first = statement(Status.SUBMITTED, source__text="He said “we will join” then.", quote="we will join")
    Source.objects.filter(pk=first.source_id).update(text="It says something else now.")
    stance = first.stances.get()
    StanceFactory(
        actor=stance.actor,
        topic=stance.topic,
        statement=StatementFactory(key="later", status=Status.SUBMITTED, date="2024-02-14"),
    )
    repeat = statement(Status.SUBMITTED, repeats=first)
    rows = [first, repeat, Statement.objects.get(key="later")]
    shown = act(desk, Statement, "publish_selected", rows).context["shown"]
    lines = {each["statement"].key: " ".join(each["lines"]) for each in shown}
    assert "will not be published: Quote: “we will join” does not stand so" in lines[first.key]
    assert lines[repeat.key] == f"will not be published: it repeats {first.key}, which is not published"
    assert "is the first record of" in lines["later"]
    publish(desk, rows)
    assert [row.key for row in Statement.objects.published()] == ["later"]
    assert desk.get(address(first, "publish")).context["possible"] is False


def test_where_nothing_can_be_published_there_is_no_button(desk):
    assert desk.get(address(statement(Status.DRAFT), "publish")).context["possible"] is False


def test_one_person_publishes_alone_where_the_desk_is_of_one(desk, editor, settings):
    row = statement(Status.SUBMITTED, coder=editor)
    page = desk.get(address(row, "publish"))
    assert page.context["possible"] is False
    desk.post(address(row, "publish"), {"told": page.context["told"]})
    row.refresh_from_db()
    assert row.status == Status.SUBMITTED
    settings.ONE_PERSON_DESK = True
    page = desk.get(address(row, "publish"))
    desk.post(address(row, "publish"), {"told": page.context["told"]})
    row.refresh_from_db()
    assert row.is_public


def test_the_first_fifty_are_spelled_out(desk):
    source = SourceFactory()
    rows = [statement(Status.SUBMITTED, source=source) for _ in range(53)]
    page = act(desk, Statement, "publish_selected", rows)
    assert (len(page.context["shown"]), page.context["more"]) == (50, 3)


def test_retracting_shows_what_it_will_do(desk):
    row = statement(Status.PUBLISHED)
    assert "without a recorded position" in desk.get(address(row, "retract")).content.decode()
    assert "without a recorded position" in act(desk, Statement, "retract_selected", [row]).content.decode()


@pytest.mark.once
@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.PUBLISHED])
def test_asking_about_many_asks_the_database_no_more(desk, status):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    step = {"submitted": "publish", "published": "retract"}[status]

    def cost() -> int:
        rows = list(Statement.objects.all())
        with CaptureQueriesContext(connection) as caught:
            assert act(desk, Statement, f"{step}_selected", rows).context["shown"]
        return len(caught)

    def grow():
        for _ in range(3):
            first = statement(status)
            StanceFactory(statement=first)
            statement(status, repeats=first)

    grow()
    before = cost()
    grow()
    grow()
    assert cost() == before


@pytest.mark.parametrize("status", list(Status))
def test_the_form_of_a_submitted_statement_tells_what_publishing_will_do(desk, status):
    foretold = desk.get(address(statement(status))).context["foretold"]
    assert bool(foretold) == (status == Status.SUBMITTED)


def test_the_form_of_a_submitted_repeat_is_told_what_is_wrong_with_it(desk):
    repeat = statement(Status.SUBMITTED, repeats=statement(Status.PUBLISHED, key="first"))
    page = send(desk, address(repeat), repeats="", summary="")
    assert "summary" in errors(page)
    assert "as it repeats first" in page.context["foretold"][0]


@pytest.mark.once
def test_the_forms_of_statements_ask_no_more_with_more_rows(desk):
    row = statement(Status.SUBMITTED)
    stance = row.stances.get()
    before = queries(desk, address(row))
    for day in range(1, 5):
        StanceFactory(actor=stance.actor, topic=stance.topic, statement__date=f"2024-01-0{day}")
        StanceFactory(statement=row)
        row.review_comment = f"Number {day}"
        row.save()
    assert queries(desk, address(row)) == before


def test_a_dismissal_that_is_taken_back_stays_in_the_history(desk):
    statement = StatementFactory(source__published_on=None)
    url = reverse("admin:stances_statement_dismiss", args=[statement.pk])
    for sent in ({"word": "It has none."}, {"take_back": "1"}):
        desk.post(url, {"code": "source", "about": "date", **sent})
    assert not statement.dismissals.exists()
    gone, made = desk.get(address(statement, "history")).context["entries"][:2]
    assert [(entry.by, entry.done, entry.restore_url) for entry in (made, gone)] == [
        ("eda", "made", ""),
        ("eda", "deleted", ""),
    ]
    assert "It has none." in [change.before for change in gone.changes]


# ---- what is public and one's own ----


def test_who_coded_what_is_public_reads_its_form_and_others_change_it(desk, editor, settings):
    own = statement(Status.PUBLISHED, coder=editor)
    page = desk.get(address(own))
    assert messages(page) == ["You coded it: another editor changes what is public."]
    assert "readers see at once" not in page.content.decode()
    assert not page.context["has_change_permission"]
    other = signed_in(EditorFactory())
    assert "readers see at once" in other.get(address(own)).content.decode()
    send(other, address(own), summary="Better.")
    settings.ONE_PERSON_DESK = True
    send(desk, address(own), occasion="Speech")
    own.refresh_from_db()
    assert (own.summary, own.occasion) == ("Better.", "Speech")


def test_what_was_typed_before_it_was_published_is_not_saved_after(desk, editor):
    own = statement(Status.SUBMITTED, coder=editor, summary="First.")
    sent = as_sent(desk.get(address(own)), summary="Second.")
    own.publish(by=EditorFactory())
    page = desk.post(address(own), sent, follow=True)
    assert messages(page) == ["Nothing was saved.", "You coded it: another editor changes what is public."]
    own.refresh_from_db()
    assert own.summary == "First."


def test_a_public_stance_of_ones_own_is_neither_changed_nor_recoded_nor_restored(desk, editor):
    own = statement(Status.SUBMITTED, coder=editor)
    stance = own.stances.get()
    send(desk, address(stance), position="-2")
    own.publish(by=EditorFactory())
    record = stance.history.last()
    pages = [address(stance), address(own).replace("change/", f"restore/1/{record.pk}/")]
    assert [desk.post(url, {"position": "2"}).status_code for url in pages] == [403, 403]
    assert plan_recode(Stance.objects.all(), {"position": 2}, by=editor).others == 1
    assert plan_recode(Stance.objects.all(), {"position": 2}, by=EditorFactory()).others == 0


# ---- the conversation ----


def test_the_whole_conversation_stays(coder, editor):
    row = statement(Status.DRAFT, coder=coder)
    row.submit(by=coder)
    row.return_to_coder(by=editor, comment="Which day?")
    row.submit(by=coder, comment="The thirteenth, see paragraph 2.")
    row.publish(by=editor)
    row.retract(by=editor, reason="It was said by another.")
    assert [(turn.by, turn.done, turn.words) for turn in conversation(row)] == [
        ("cora", "submitted", ""),
        ("eda", "returned", "Which day?"),
        ("cora", "submitted", "The thirteenth, see paragraph 2."),
        ("eda", "published", ""),
        ("eda", "retracted", "It was said by another."),
    ]


def test_edits_are_no_part_of_the_conversation(desk, coder):
    row = statement(Status.DRAFT, coder=coder)
    row.submit(by=coder)
    send(desk, address(row), summary="Better.", change_reason="returned")
    assert [turn.done for turn in conversation(row)] == ["submitted"]


def test_a_coder_answers_with_submitting(coder, editor):
    row = statement(Status.SUBMITTED, coder=coder)
    row.return_to_coder(by=editor, comment="Which day?")
    client = signed_in(coder)
    assert "Which day?" in client.get(address(row)).content.decode()
    send(client, address(row), answer="The <b>13th</b>.", _submit="on")
    row.refresh_from_db()
    assert (row.status, row.review_comment) == (Status.SUBMITTED, "The <b>13th</b>.")
    assert "The &lt;b&gt;13th&lt;/b&gt;." in client.get(address(row)).content.decode()


def test_an_answer_that_is_not_sent_is_given_back(coder):
    row = statement(Status.DRAFT, coder=coder)
    page = send(signed_in(coder), address(row), answer="The 13th.")
    assert "Your comment was not sent, as it goes with submitting: “The 13th.”" in messages(page)
    assert row.history.count() == 1


@pytest.mark.parametrize("answer", ["x" * 2001, "a\x00b"])
def test_an_answer_that_cannot_be_kept_is_refused_at_its_field(coder, answer):
    row = statement(Status.DRAFT, coder=coder)
    page = send(signed_in(coder), address(row), answer=answer, _submit="on")
    assert "answer" in page.context["adminform"].form.errors


def test_the_page_of_submitting_takes_a_comment_or_none(coder):
    client = signed_in(coder)
    for words in ("See paragraph 2.", ""):
        row = statement(Status.DRAFT, coder=coder)
        client.post(address(row, "submit"), {"words": words})
        row.refresh_from_db()
        assert (row.status, row.review_comment) == (Status.SUBMITTED, words)


# ---- warnings ----


@pytest.fixture
def leaflet(coder):
    """Make a coder's draft that has one warning: its source has no publisher."""
    source = SourceFactory(publisher=None)
    return StatementFactory(source=source, coder=coder, authority="independent", key="leaflet")


def dismissing(client, row, word="A leaflet.", **more):
    data = {"code": "source", "about": "publisher", "word": word, **more}
    return client.post(address(row, "dismiss"), data, follow=True)


def test_a_dismissed_warning_is_shown_with_its_word_and_by_whom(coder, leaflet):
    client = signed_in(coder)
    before = PublicVersion.objects.current()
    page = dismissing(client, leaflet)
    assert page.redirect_chain[-1][0] == address(leaflet)
    content = client.get(address(leaflet)).content.decode()
    assert "Dismissed by cora" in content
    assert "A leaflet." in content
    assert PublicVersion.objects.current() == before


def test_a_dismissal_can_be_taken_back(coder, leaflet):
    client = signed_in(coder)
    dismissing(client, leaflet)
    dismissing(client, leaflet, take_back="1")
    assert not Dismissal.objects.exists()
    assert client.get(address(leaflet)).context["warned"][0].is_open


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"word": ""}, "Say in a word why the warning can be dismissed."),
        ({"word": "   "}, "Say in a word why the warning can be dismissed."),
        ({"word": "x" * 201}, "Say why in 200 characters or fewer."),
        ({"word": "a\x00b"}, "Null characters are not allowed."),
        ({"about": "nothing"}, "This warning is no longer there: nothing was to be done."),
        ({"code": "nothing"}, "This warning is no longer there: nothing was to be done."),
        ({"code": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_dismissed_is_told(coder, leaflet, sent, told):
    page = dismissing(signed_in(coder), leaflet, **sent)
    assert messages(page) == [told]
    assert not Dismissal.objects.exists()


def test_a_warning_is_dismissed_once(coder, leaflet):
    client = signed_in(coder)
    dismissing(client, leaflet)
    page = dismissing(client, leaflet, word="Again.")
    assert messages(page) == ["This warning is dismissed already."]
    assert Dismissal.objects.get().word == "A leaflet."


@pytest.mark.parametrize(
    ("make", "may"),
    [
        (CoderFactory, False),
        (EditorFactory, True),
        (AdministratorFactory, True),
        (lambda: UserFactory(is_staff=True), False),
    ],
)
def test_who_may_change_a_statement_may_dismiss_its_warnings(leaflet, make, may):
    client = signed_in(make())
    answer = client.post(address(leaflet, "dismiss"), {"code": "source", "about": "publisher", "word": "So."})
    assert answer.status_code == (302 if may else 403)
    assert Dismissal.objects.exists() == may
    if client.get(address(leaflet)).status_code == 200:
        assert client.get(address(leaflet)).context["may_dismiss"] == may


def test_nobody_else_reaches_warnings(leaflet, client):
    for url in (reverse(WARNINGS), address(leaflet, "dismiss")):
        for method in (client.get, client.post):
            answer = method(url)
            assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("admin:login"))
    assert signed_in(UserFactory(is_staff=True)).get(reverse(WARNINGS)).status_code == 403


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/admin/\n", "/", "\x00"])
def test_a_dismissal_leads_nowhere_but_to_the_desk(coder, leaflet, back):
    client = signed_in(coder)
    answer = client.post(
        address(leaflet, "dismiss"), {"code": "source", "about": "publisher", "word": "So.", "next": back}
    )
    assert answer.url.startswith("/admin/")
    answer = client.post(
        address(leaflet, "dismiss"), {"code": "source", "about": "x", "word": "So.", "next": reverse(WARNINGS)}
    )
    assert answer.url == reverse(WARNINGS)


def test_a_dismissal_is_sent_and_of_a_statement_that_there_is(desk, leaflet):
    assert desk.get(address(leaflet, "dismiss")).status_code == 405
    for pk in (999_999, 10**30):
        page = desk.post(reverse("admin:stances_statement_dismiss", args=[pk]), {}, follow=True)
        assert "doesn’t exist" in messages(page)[0]


def listed(client, **query) -> list[str]:
    page = client.get(reverse(WARNINGS), query)
    assert page.status_code == 200
    return [each["statement"].key for each in page.context["found"]]


def test_the_page_of_warnings_lists_by_kind_state_status_and_coder(desk, coder, leaflet):
    dismissed = StatementFactory(
        source__publisher=None, authority="independent", key="dismissed", status=Status.PUBLISHED
    )
    DismissalFactory(statement=dismissed, code="source", about="publisher")
    StatementFactory(key="office")
    StatementFactory(key="fine", authority="independent")
    assert listed(desk) == ["office", "leaflet"]
    assert listed(desk, code="source") == ["leaflet"]
    assert listed(desk, state="dismissed") == ["dismissed"]
    assert listed(desk, state="all") == ["office", "leaflet", "dismissed"]
    assert listed(desk, state="all", status="published") == ["dismissed"]
    assert listed(signed_in(coder), coder="me") == ["leaflet"]


@pytest.mark.parametrize("query", [{"code": "x"}, {"state": "\U0001f600"}, {"p": "x"}, {"p": "9" * 40}, {"coder": "1"}])
def test_senseless_choices_of_warnings_choose_nothing(desk, leaflet, query):
    assert listed(desk, **query) == ["leaflet"]


@pytest.mark.once
def test_the_page_of_warnings_asks_no_more_with_more_rows(desk):
    def grow():
        for _ in range(4):
            source = SourceFactory(publisher=None)
            statement(Status.DRAFT, coder=CoderFactory(), source=source)

    grow()
    before = queries(desk, reverse(WARNINGS))
    grow()
    assert queries(desk, reverse(WARNINGS)) == before


def test_warnings_are_paged_by_the_statements_looked_at(desk, monkeypatch):
    monkeypatch.setattr("stances.admin.review.EXAMINED", 2)
    for number in range(5):
        StatementFactory(key=f"office-{number}")
    assert listed(desk) == ["office-4", "office-3"]
    assert listed(desk, p=3) == ["office-0"]


def keys(client, **query) -> list[str]:
    page = client.get(address(Statement, "changelist"), query)
    return [row.key for row in page.context["cl"].result_list]


def test_statements_are_found_by_their_warnings(desk, leaflet):
    fine = StatementFactory(authority="independent", key="fine")
    dismissed = StatementFactory(source__publisher=None, authority="independent", key="dismissed")
    DismissalFactory(statement=dismissed, code="source", about="publisher")
    assert keys(desk, warnings="open") == ["leaflet"]
    assert keys(desk, warnings="dismissed") == ["dismissed"]
    assert fine.key in keys(desk)
    assert desk.get(address(Statement, "changelist"), {"warnings": "x"}).status_code == 302


def test_the_list_of_statements_flags_open_warnings(desk, leaflet):
    url = address(Statement, "changelist")
    assert "source without date or publisher</span>" in desk.get(url).content.decode()
    dismissing(desk, leaflet)
    assert "source without date or publisher</span>" not in desk.get(url).content.decode()


def test_a_warning_opens_the_form_with_repeats_filled_in(desk):
    first, draft = statement(Status.PUBLISHED, key="first"), statement(Status.DRAFT)
    page = desk.get(address(draft), {"repeats": first.pk})
    assert as_sent(page)["repeats"] == str(first.pk)
    draft.refresh_from_db()
    assert draft.repeats is None


@pytest.mark.parametrize("wanted", ["x", "9" * 40, "-1", "", "self", "repeat"])
def test_only_a_statement_that_can_be_repeated_is_filled_in(desk, wanted):
    first, draft = statement(Status.PUBLISHED, key="first"), statement(Status.DRAFT)
    repeat = statement(Status.PUBLISHED, repeats=first)
    page = desk.get(address(draft), {"repeats": {"self": draft.pk, "repeat": repeat.pk}.get(wanted, wanted)})
    assert as_sent(page)["repeats"] == ""


def test_the_text_of_a_source_is_in_no_warning_of_a_coders_page_but_the_quotation(coder):
    source = SourceFactory()
    Source.objects.filter(pk=source.pk).update(text="All that was written.")
    StatementFactory(source=source, quote="never said", coder=coder)
    content = signed_in(coder).get(reverse(WARNINGS)).content.decode()
    assert "never said" in content
    assert "All that was written" not in content
