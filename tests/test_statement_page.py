"""The page of a statement: the evidence, why it decides, its record, how to cite it."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django.asserts import assertContains, assertNotContains

from stances import citations
from stances.dates import today
from stances.models import Stance, Statement
from stances.vocabulary import SourceKind, Status
from stances.wording import day_words
from tests.factories import (
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db
SEEN = citations.Seen(dt.date(2026, 11, 21), 12)


def page_of(statement):
    return reverse("statement", args=[statement.key])


def json_of(statement):
    return reverse("statement-json", args=[statement.key])


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


@pytest.fixture
def aldoria():
    return GovernmentFactory(slug="aldoria", name="Aldoria")


@pytest.fixture
def topic():
    return TopicFactory(slug="sharing", name="Sharing", proposition="Members should share.")


@pytest.fixture
def say(aldoria, topic):
    def make(date, position=2, **kwargs):
        return StanceFactory(**{"actor": aldoria, "topic": topic} | kwargs, statement__date=date, position=position)

    return make


def test_evidence_tells_words_speaker_office_day_source_and_locator(client, say, aldoria):
    ada = PersonFactory(name="Ada Low")
    AffiliationFactory(actor=ada, of=aldoria, title="Prime Minister", authority="head")
    stance = say(
        "2024-02",
        statement__speaker=ada,
        statement__authority="head",
        statement__quote="We will share … in time",
        statement__occasion="News conference, Halvik",
        statement__locator="4-6",
        statement__source__title="A queue at the door",
        statement__source__url="https://example.org/queue",
    )
    response = client.get(page_of(stance.statement))
    assertContains(response, 'We will share <span class="gap">…</span> in time')
    text = text_of(response)
    for words in (
        "Ada Low, Prime Minister, Aldoria; head of state or government; own words",
        "in February 2024 2024-02",
        "counts from 29 February 2024",
        "News conference, Halvik",
        "A queue at the door",
        "par. 4–6",
        "Direct quotation",
        stance.statement.key,
    ):
        assert words in text, words
    assertContains(response, 'href="https://example.org/queue"')


def test_indirect_speech_shows_the_summary_without_quotation_marks(client, say):
    response = client.get(page_of(say("2024-02-13", statement__summary="She would share.").statement))
    assertContains(response, "She would share.")
    assertNotContains(response, "<blockquote")


def test_stance_tells_rationale_terms_basis_and_attribution(client, say):
    stance = say("2024-02-13", 1, terms="time", condition="in some years", basis="implied", rationale="It is implied.")
    text = text_of(client.get(page_of(stance.statement)))
    for words in (
        "Why it was coded so: It is implied.",
        "Time: later, not now: in some years",
        "Implied: inferred by the coder",
        "Own:",
    ):
        assert words in text, words


def test_first_recorded_position(client, say):
    exhibit = client.get(page_of(say("2024-02-13").statement)).context["exhibits"][0]
    assert exhibit.event.kind == "first"
    assert exhibit.heading == "Why this decides Aldoria’s position on Sharing"
    assert "is first recorded" in exhibit.steps[2]


def test_change_tells_size_duration_and_the_words_before(client, say):
    before = say("2024-04-11", -2, statement__quote="Never that")
    after = say("2026-03-18", 1, terms="proviso")
    response = client.get(page_of(after.statement))
    assert "Size +3, after 1 year 11 months. Before: “Never that”" in text_of(response)
    assertContains(response, before.statement.get_absolute_url())
    assertContains(response, "reversal")


def test_replaced_position_tells_by_whom_and_when(client, say):
    before = say("2026-03-18", 2)
    say("2026-04-07", -1, terms="leaning", statement__speaker__name="Ben High")
    response = client.get(page_of(before.statement))
    assert "Replaced after 20 days, on 7 April 2026, by Ben High: has doubts" in text_of(response)
    exhibit = response.context["exhibits"][0]
    assert exhibit.heading.startswith("Why this decided")
    assert "It decided until 7 April 2026." in exhibit.steps[2]
    assert [it.verdict for it in exhibit.considered] == ["Yes: the newest own statement", "Until 7 Apr 2026"]


def test_confirmation_leads_to_what_it_confirms(client, say):
    opener = say("2024-02-13")
    response = client.get(page_of(say("2024-03-13").statement))
    assert "Nothing: it confirms the position held since 13 February 2024." in text_of(response)
    assertContains(response, opener.statement.get_absolute_url())
    assert "held in 2 statements since 13 February 2024" in text_of(response)


def test_passed_over_statement_names_the_rule_and_what_decides(client, say):
    winner = say("2024-02-13", statement__authority="head", statement__speaker__name="Ada Low")
    loser = say("2024-02-13", -2, statement__authority="official")
    response = client.get(page_of(loser.statement))
    text = text_of(response)
    assert "it was passed over. A higher authority comes first." in text
    assert "Ada Low decides that day." in text
    assertContains(response, winner.statement.get_absolute_url())
    assert "It came first among two statements of that day" in text_of(client.get(page_of(winner.statement)))
    exhibit = response.context["exhibits"][0]
    assert exhibit.heading.startswith("Why this does not decide")
    assert [it.verdict for it in exhibit.considered if it.this] == ["No: a higher authority comes first"]


def test_undated_earlier_words_say_so(client, say):
    say("2024-02-13")
    loser = say("../2024-03-01", -2)
    assert "passed over: undated earlier words" in text_of(client.get(page_of(loser.statement)))


def test_reported_position_moves_nothing(client, say):
    say("2024-02-13")
    heard = say("2024-03-13", -2, attribution="reported", statement__speaker__name="Halvik Post")
    exhibit = client.get(page_of(heard.statement)).context["exhibits"][0]
    assert exhibit.heading.startswith("Why this does not decide")
    assert client.get(json_of(heard.statement)).json()["stances"][0]["kind"] is None
    assert "Only own words decide a position. These are reported, by Halvik Post" in exhibit.steps[1]
    assert "One own statement stands on record." in exhibit.steps[1]


def test_deed_of_a_group_speaks_for_each_member(client, aldoria, topic):
    pact = GroupFactory(name="The Pact")
    statement = StatementFactory(published=True, form="act", speaker=pact, authority="act")
    for actor in (aldoria, GovernmentFactory(name="Brenmark")):
        StanceFactory(statement=statement, actor=actor, topic=topic)
    response = client.get(page_of(statement))
    assert [exhibit.stance.actor.name for exhibit in response.context["exhibits"]] == ["Aldoria", "Brenmark"]
    assert "The Pact spoke or acted together" in text_of(response)
    assertContains(response, "Two stances: two actors, one topic.")


def test_repeat_leads_to_the_first_and_the_first_to_its_repeats(client, say):
    first = say("2024-02-13", statement__quote="We share")
    source = SourceFactory(published_on=dt.date(2024, 3, 3), title="A new tone", publisher__name="Drevia Ledger")
    repeat = say("2024-02-13", statement__repeats=first.statement, statement__source=source)
    response = client.get(page_of(first.statement))
    assertContains(response, "Printed again")
    assertContains(response, "Drevia Ledger")
    assert "One repeats earlier words and is left out; one remains." in response.context["exhibits"][0].steps[0]
    response = client.get(page_of(repeat.statement))
    assert "Nothing: it repeats words that are recorded already." in text_of(response)
    assertContains(response, first.statement.get_absolute_url())


def test_json_twin_holds_the_evidence_and_csl(client, say):
    stance = say("2024-02-13", statement__quote="We share")
    data = client.get(json_of(stance.statement)).json()
    assert (data["quote"], data["date"], data["status"]) == ("We share", "2024-02-13", "published")
    assert data["citation"]["csl"]["id"] == stance.statement.key
    assert data["stances"][0]["decides"] is True


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED])
def test_unpublished_statement_is_not_found(client, topic, status):
    statement = StatementFactory(status=status)
    StanceFactory(statement=statement, topic=topic)
    assert client.get(page_of(statement)).status_code == 404
    assert client.get(json_of(statement)).status_code == 404
    assert statement.key not in client.get(json_of(statement)).content.decode()


def test_unknown_statement_is_not_found(client):
    assert client.get("/statements/none-1/").status_code == 404


@pytest.mark.parametrize("address", [page_of, json_of])
def test_retracted_statement_is_gone_with_its_reason_and_nothing_else(client, say, address):
    stance = say(
        "2024-02-13",
        statement__quote="Secret words",
        statement__summary="Secret summary",
        statement__occasion="Secret talk",
        statement__speaker__name="Secret speaker",
        statement__source__title="A queue at the door",
        rationale="Secret rationale",
    )
    stance.statement.retract(by=EditorFactory(is_superuser=True), reason="The paper withdrew it.")
    response = client.get(address(stance.statement))
    assert response.status_code == 410
    content = response.content.decode()
    assert today().isoformat() in content or day_words(today()) in content
    for words in (stance.statement.key, "The paper withdrew it.", "A queue at the door"):
        assert words in content
    for words in ("Secret", "Aldoria", "Sharing", "2024-02-13", "13 February"):
        assert words not in content


def test_retracted_statement_appears_on_no_other_page(client, say, aldoria, topic):
    stance = say("2024-02-13", statement__summary="Secret summary", statement__source__title="Secret source")
    kept = say("2024-03-13")
    stance.statement.retract(by=EditorFactory(is_superuser=True), reason="Wrong.")
    source = stance.statement.source
    assert client.get(reverse("source", args=[source.slug])).status_code == 404
    for address in (page_of(kept.statement), json_of(kept.statement), aldoria.get_absolute_url(), "/about/"):
        assertNotContains(client.get(address), "Secret")
        assertNotContains(client.get(address), stance.statement.key)
    assertNotContains(client.get(topic.get_absolute_url()), stance.statement.key)


def test_retracted_statement_names_the_repeat_that_takes_its_place_and_where_it_counts(client, say, aldoria):
    editor = EditorFactory(is_superuser=True)
    low = PersonFactory(name="Ada Low")
    first = say("2024-02-13", statement__speaker=low)
    again, late = (
        say("2024-02-13", statement__speaker=low, statement__repeats=first.statement, statement__source=source)
        for source in (SourceFactory(published_on=f"2024-03-0{day}") for day in (1, 2))
    )
    for gone, heir in ((first, again), (again, late)):
        Statement.objects.get(pk=gone.statement_id).retract(by=editor, reason="Wrong.")
        for withdrawn in {first, gone}:
            response = client.get(page_of(withdrawn.statement))
            assertContains(response, "<h1>Withdrawn: Ada Low, 13 February 2024</h1>", html=True, status_code=410)
            assertContains(response, heir.statement.get_absolute_url(), status_code=410)
            assertContains(response, "Aldoria on Sharing", status_code=410)
            told = client.get(json_of(withdrawn.statement)).json()
            assert told["takes_its_place"] == heir.statement.key
    Statement.objects.get(pk=late.statement_id).retract(by=editor, reason="Wrong.")
    for withdrawn in (first, again, late):
        response = client.get(page_of(withdrawn.statement))
        assertNotContains(response, "Ada Low", status_code=410)
        assert client.get(json_of(withdrawn.statement)).json()["takes_its_place"] is None


def test_retracted_repeat_leads_to_what_it_repeated(client, say):
    first = say("2024-02-13")
    repeat = say("2024-02-13", statement__repeats=first.statement)
    repeat.statement.retract(by=EditorFactory(is_superuser=True), reason="Wrong.")
    assert client.get(json_of(repeat.statement)).json()["takes_its_place"] == first.statement.key


def test_statement_that_was_no_repeat_when_it_was_retracted_has_no_heir(client, say):
    first = say("2024-02-13")
    other = say("2024-02-13", statement__repeats=first.statement).statement
    other.repeats = None
    other.save()
    first.statement.retract(by=EditorFactory(is_superuser=True), reason="Wrong.")
    assertNotContains(client.get(page_of(first.statement)), other.key, status_code=410)


def test_repeat_that_takes_the_place_of_a_retracted_statement_does_not_name_it(client, say):
    first = say("2024-02-13", statement__quote="We share")
    repeat = say("2024-02-13", statement__repeats=first.statement)
    first.statement.retract(by=EditorFactory(is_superuser=True), reason="Wrong.")
    response = client.get(page_of(repeat.statement))
    assert response.context["record"][0].what == "Repeats"
    for address in (page_of(repeat.statement), json_of(repeat.statement)):
        assertNotContains(client.get(address), first.statement.key)


def test_considered_statements_are_public_ones_alone(client, say):
    stance = say("2024-02-13")
    draft = StatementFactory(date="2024-03-13", speaker=PersonFactory(name="Secret speaker"))
    StanceFactory(statement=draft, actor=stance.actor, topic=stance.topic, position=-2)
    response = client.get(page_of(stance.statement))
    assertNotContains(response, "Secret")
    assertNotContains(response, draft.key)
    assert len(response.context["exhibits"][0].considered) == 1


def test_record_begins_with_the_first_publication_and_names_no_user(client, aldoria, topic):
    coder, editor = (
        CoderFactory(username="cora-coder", is_superuser=True),
        EditorFactory(username="eddy-editor", is_superuser=True),
    )
    statement = StatementFactory(summary="A draft nobody should read.", coder=coder, locator="4", date="2024-02-13")
    stance = StanceFactory(statement=statement, actor=aldoria, topic=topic, position=-2)
    statement.summary = "What is published."
    statement.save()
    stance.position = 2
    stance.save()
    statement.submit(by=coder)
    statement.publish(by=editor)
    statement.locator = "4-6"
    statement._history_user = editor
    statement._change_reason = "Told by cora-coder in confidence"
    statement.save()
    stance = Stance.objects.get(pk=stance.pk)
    stance.position, stance.terms = 1, "scope"
    stance._history_user = coder
    stance.save()
    response = client.get(page_of(statement))
    record = [(change.what, change.before, change.after, change.who) for change in response.context["record"]]
    assert record == [
        ("Position: Aldoria on Sharing", "for", "for, in part", "coder"),
        ("Paragraphs", "4", "4-6", "editor"),
        ("Published", "", "", "editor"),
    ]
    for words in ("nobody should read", "cora-coder", "eddy-editor", "in confidence"):
        assertNotContains(response, words)
        assert words not in client.get(json_of(statement)).content.decode()


def test_record_tells_of_stances_added_and_taken_out(client, say, aldoria):
    stance = say("2024-02-13")
    added = StanceFactory(statement=stance.statement, actor=aldoria, topic=TopicFactory(name="Tea"))
    added.delete()
    record = client.get(page_of(stance.statement)).context["record"]
    assert [change.what for change in record][:2] == [
        "Stance taken out: Aldoria on Tea",
        "Stance added: Aldoria on Tea",
    ]


def test_record_names_nobody_who_is_known_from_drafts_alone(client, say):
    stance = say("2024-02-13")
    statement = stance.statement
    statement.speaker = PersonFactory(name="New speaker")
    former = statement.__class__.objects.get(pk=statement.pk).speaker.name
    statement.save()
    change = client.get(page_of(statement)).context["record"][0]
    assert (change.what, change.before, change.after) == ("Speaker", "another", "New speaker")
    assertNotContains(client.get(page_of(statement)), former)


def test_plain_citation(say):
    stance = say(
        "2024-02-13",
        statement__key="halvik-1",
        statement__speaker__name="Ada Low",
        statement__locator="4-6",
        statement__source=SourceFactory(
            title="A queue", publisher__name="Halvik Post", published_on=dt.date(2024, 2, 14)
        ),
    )
    assert citations.plain(stance.statement, "https://x.org/s/", SEEN) == (
        "Ada Low, 13 February 2024, in “A queue”, Halvik Post, 14 February 2024, par. 4–6. "
        "Coded in Stances, halvik-1, as of 21 November 2026, version 12 of the data. https://x.org/s/"
    )


def test_bibtex_escapes_what_tex_would_take_for_commands(say):
    stance = say("2024-02-13", statement__source__title="100 % {sure} & $5_000 #1 \\end ~ ^", statement__key="halvik-1")
    entry = citations.bibtex(stance.statement, "https://x.org/s/", SEEN)
    assert entry.startswith("@article{halvik-1,\n")
    assert r"100 \% \{sure\} \& \$5\_000 \#1 \textbackslash{}end \textasciitilde{} \textasciicircum{}" in entry
    assert entry.count("{") == entry.count("}")
    assert "month   = feb," in entry


def test_bibtex_cites_the_article_in_its_paper_and_our_record_in_the_note(say):
    source = {"url": "https://halvik.example/a_b", "publisher__name": "Halvik Post", "title": "[A queue]"}
    stance = say("2024-02-13", **{f"statement__source__{name}": value for name, value in source.items()})
    entry = citations.bibtex(stance.statement, "https://x.org/s_1/", SEEN)
    assert "url     = {https://halvik.example/a_b}" in entry
    assert "journal = {Halvik Post}," in entry
    assert "title supplied by the coder; coded in Stances, " in entry
    assert r"https://x.org/s\_1/}," in entry


def test_bibtex_of_what_is_no_paper_tells_who_published_it(say):
    stance = say("2024-02-13", statement__source__kind="transcript", statement__source__publisher__name="Halvik Office")
    entry = citations.bibtex(stance.statement, "https://x.org/s/", SEEN)
    assert entry.startswith("@misc{")
    assert "howpublished = {Halvik Office}," in entry
    assert "url          = {https://x.org/s/}" in entry


def test_csl_names_speaker_source_day_and_place(say):
    stance = say(
        "../2024-02-13",
        statement__speaker__name="Ada Low",
        statement__locator="4-6",
        statement__source=SourceFactory(kind=SourceKind.ARTICLE, author="B. Writer", published_on=dt.date(2024, 2, 14)),
    )
    item = citations.csl(stance.statement, "https://x.org/s/", SEEN)
    assert item["type"] == "article-newspaper"
    assert item["author"] == [{"literal": "B. Writer"}]
    assert item["note"].startswith("Statement by Ada Low, before 13 February 2024; par. 4–6; coded in Stances, ")
    assert item["archive_location"] == "https://x.org/s/"
    assert item["issued"] == {"date-parts": [[2024, 2, 14]]}
    assert (item["locator"], item["label"]) == ("4-6", "paragraph")
    assert json.loads(citations.of_statement(stance.statement, "https://x.org/s/", SEEN).csl_text) == item


@pytest.mark.parametrize("kind", SourceKind.values)
def test_every_kind_of_source_has_a_type_in_csl(kind):
    statement = StatementFactory(source__kind=kind, source__publisher=None, source__published_on=None)
    assert citations.csl(statement, "https://x.org/", SEEN)["type"]
    assert citations.plain(statement, "https://x.org/", SEEN)


@pytest.mark.once
def test_queries_do_not_grow_with_stances_history_repeats_and_record(client, topic):
    statement = StatementFactory(published=True, date="2024-02-13", quote="We share", speaker=GroupFactory())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(statement)).status_code == 200
            assert client.get(json_of(statement)).status_code == 200
        return len(captured)

    def grow(number: int) -> None:
        for _ in range(number):
            actor = GovernmentFactory()
            AffiliationFactory(of=actor, authority="head", end="2024-05-01")
            StanceFactory(statement=statement, actor=actor, topic=TopicFactory(parent=topic))
            StanceFactory(statement=statement, actor=actor, topic=topic)
            for date, position in (("2024-01-01", -2), ("2024-02-13", 0), ("2024-03-01", 1)):
                StanceFactory(actor=actor, topic=topic, statement__date=date, position=position)
                StanceFactory(actor=actor, topic=topic, statement__date=date, attribution="reported")
            repeat = StatementFactory(published=True, date="2024-02-13", quote="We share", repeats=statement)
            StanceFactory(statement=repeat, actor=actor, topic=topic)
            statement.occasion = f"Occasion {actor.slug}"
            statement.save()

    grow(1)
    few = queries()
    grow(3)
    assert queries() == few
