"""Coding in the text: the article beside the form, what is filled in, what is suggested, and what no longer holds."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from stances import practice
from stances.coding import CodedArticle
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.models.sources import sha256_of
from stances.vocabulary import ANCHORS, WORDS, Status, Terms
from tests.desk import address, as_sent, errors, messages, queries, send, signed_in
from tests.factories import (
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    FeaturedTopicFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

TEXT = """Ruritania may take part, its minister said on Tuesday.
“We are open to it,” she told reporters. “The ships are another matter.”

Its neighbours are said to be worried."""
SUGGEST, NOTES = "admin:stances_statement_suggest", "admin:stances_statement_notes"


@pytest.fixture
def coder():
    return CoderFactory()


@pytest.fixture
def desk(coder):
    return signed_in(coder)


@pytest.fixture
def source():
    return SourceFactory(text=TEXT, published_on=dt.date(2024, 2, 15))


def place(words: str) -> dict[str, int]:
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words)}


def new(source, **more) -> str:
    query = "&".join(f"{name}={value}" for name, value in {"source": source.pk, **more}.items())
    return f"{address(Statement, 'add')}?{query}"


def initial(page) -> dict[str, str]:
    form = page.context["adminform"].form
    return {name: form[name].value() for name in ("quote", "form", "locator", "start", "end")}


def valid(source, **changes):
    given = {
        "source": source.pk,
        "speaker": PersonFactory().pk,
        "authority": "minister",
        "said": "2024-02-13",
        "form": "indirect",
        "summary": "The minister says so.",
        "stances-0-actor": GovernmentFactory().pk,
        "stances-0-topic": TopicFactory().pk,
        "stances-0-position": "2",
        "stances-0-attribution": "own",
    }
    return {**given, **changes}


# ---- the page ----


def test_the_article_stands_beside_the_form_with_its_paragraphs_numbered(desk, source):
    words = desk.get(new(source)).content.decode()
    for number, line in enumerate([line for line in TEXT.split("\n") if line], 1):
        assert f'<span class="number">{number}</span>' in words
        assert line in words


def test_coded_words_are_marked_by_side_and_lead_to_their_statement(desk, source):
    coded = StatementFactory(source=source, quote="We are open to it")
    StanceFactory(statement=coded, position=1, attribution="reported")
    words = desk.get(new(source)).content.decode()
    assert '<mark class="p1 hear" data-statement="1">We are open to it</mark>' in words
    assert f'<sup class="chip"><a href="{address(coded)}">' in words
    assert "Statement 1: leans for" in words


def test_passages_that_overlap_are_both_marked(desk, source):
    for words in ("We are open to it", "it,” she told"):
        StanceFactory(statement=StatementFactory(source=source, **place(words)))
    page = desk.get(new(source)).content.decode()
    assert '<mark class="p2" data-statement="1">We are open to </mark>' in page
    assert '<mark class="p2 several" data-statement="2">it</mark>' in page
    assert '<mark class="p2" data-statement="2">,” she told</mark>' in page


def test_what_names_only_a_paragraph_stands_at_its_end(desk, source):
    coded = StatementFactory(source=source, locator="3-4")
    words = desk.get(new(source)).content.decode()
    assert f'worried.<sup class="chip"><a href="{address(coded)}">' in words


def test_statements_stand_in_the_order_of_the_text_with_the_one_in_the_form_marked(desk, source):
    last = StatementFactory(source=source, locator="3", speaker__name="Last")
    first = StatementFactory(source=source, quote="We are open to it", speaker__name="First")
    middle = StatementFactory(source=source, quote="The ships", speaker__name="Middle")
    coding = desk.get(address(middle)).context["coding"]
    assert [(one.statement, current) for one, _, current in coding.rows] == [
        (first, False),
        (middle, True),
        (last, False),
    ]
    assert (coding.previous, coding.next) == (address(first), address(last))
    on_a_new_one = desk.get(new(source)).context["coding"]
    assert (on_a_new_one.previous, on_a_new_one.next) == (address(last), address(first))


def test_markup_in_a_text_is_text(desk):
    source = SourceFactory(text="<script>alert(1)</script> & “<b>so</b>”")
    StatementFactory(source=source, quote="<b>so</b>")
    words = desk.get(new(source)).content.decode()
    assert "<script>alert(1)" not in words
    assert "<b>so</b>" not in words


def test_a_source_without_text_says_what_to_do(desk):
    source = SourceFactory()
    words = desk.get(new(source)).content.decode()
    assert "Paste or upload one" in words
    assert address(source) in words


def test_a_source_leads_to_its_coding(desk, source):
    words = desk.get(address(source)).content.decode()
    assert f'<a href="{new(source)}">Code this source</a>' in words


def test_a_source_is_saved_and_coded_in_one_step(desk):
    page = send(desk, address(Source, "add"), title="Herald of today", slug="herald-of-today", text=TEXT, _code="1")
    assert page.redirect_chain[-1][0] == new(Source.objects.get())
    assert "Select words in it" in messages(page)[0]


def test_a_text_that_stands_in_another_source_is_told(desk, source):
    source.full_clean()  # which gives it its SHA-256
    source.save()
    page = send(desk, address(Source, "add"), title="Herald again", slug="herald-again", text=TEXT)
    told = f'<a href="{address(source)}">{source}</a> has the same text.'
    assert told in messages(page)


def test_a_source_without_statements_claims_no_coverage(desk, source):
    page = desk.get(address(Source, "changelist")).content.decode()
    assert "not coded yet" in page
    StanceFactory(statement__source=source)
    page = desk.get(address(Source, "changelist")).content.decode()
    assert "not coded yet" not in page


@pytest.mark.once
def test_an_article_with_many_statements_asks_no_more(desk):
    few, many = SourceFactory(text=TEXT), SourceFactory(text=TEXT)
    for source, count in ((few, 3), (many, 30)):
        for _ in range(count):
            StanceFactory(statement=StatementFactory(source=source, **place("worried")))
    assert queries(desk, new(many)) == queries(desk, new(few))
    first = [source.statements.first() for source in (few, many)]
    assert queries(desk, address(first[1])) == queries(desk, address(first[0]))
    assert queries(desk, address(many)) == queries(desk, address(few))


def test_texts_are_for_those_who_code_from_them(source):
    StanceFactory(statement__source=source, statement__published=True)
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_source", "view_statement"]))
    pages = [address(source), address(source.statements.get())]
    for url in pages:
        words = signed_in(viewer).get(url).content.decode()
        assert "Ruritania may take part" not in words
        assert "Ruritania may take part" in signed_in(CoderFactory()).get(url).content.decode()
    assert signed_in(viewer).get(address(source, "history")).status_code == 403
    for url in (source.get_absolute_url(), source.statements.get().get_absolute_url()):
        assert "Ruritania may take part" not in Client().get(url).content.decode()


def test_a_coder_sees_anothers_draft_beside_its_article_and_cannot_change_it(desk, source):
    draft = StanceFactory(statement=StatementFactory(source=source, coder=EditorFactory())).statement
    page = desk.get(address(draft))
    assert "Ruritania may take part" in page.content.decode()
    assert "_next" not in page.content.decode()
    assert desk.post(address(draft), {"_next": "1"}).status_code == 403


# ---- filled in from the words that were chosen ----


@pytest.mark.parametrize(
    ("words", "quote", "form", "locator"),
    [
        ("“We are open to it,” she told reporters. “The ships", "We are open to it … The ships", "direct", "2"),
        ("worried", "", "indirect", "3"),
    ],
)
def test_chosen_words_fill_in_the_form(desk, source, words, quote, form, locator):
    filled = initial(desk.get(new(source, **place(words))))
    assert (filled["quote"], filled["form"], filled["locator"]) == (quote, form, locator)
    assert words.startswith(TEXT[filled["start"] : filled["end"]][:5]) or quote


def test_offsets_are_code_points(desk):
    source = SourceFactory(text="🙂🙂 “Yes 🙂 sir,” he said.")
    filled = initial(desk.get(new(source, start=3, end=14)))
    assert (filled["quote"], filled["start"], filled["end"]) == ("Yes 🙂 sir", 4, 13)


def test_a_quotation_in_the_address_counts_where_the_words_have_it(desk, source):
    chosen = place("“We are open to it,”")
    assert initial(desk.get(new(source, **chosen, quote="open to it")))["quote"] == "open to it"
    assert initial(desk.get(new(source, **chosen, quote="closed to it")))["quote"] == "We are open to it"


@pytest.mark.parametrize(
    "query",
    [
        "start=5",
        "start=x&end=9",
        "start=9&end=5",
        "start=0&end=99999999999999999999",
        "end=7",
        "quote=So",
        "start=-1&end=4",
    ],
)
def test_senseless_places_are_told_and_left_out(desk, source, query):
    page = desk.get(f"{new(source)}&{query}")
    assert page.status_code == 200
    assert "words that the text does not have" in messages(page)[0]
    assert not any(initial(page)[name] for name in ("quote", "start", "end"))


@pytest.mark.parametrize("value", ["99999999999999999999", "999999999", "abc", "-1", "", "９"])
def test_a_senseless_source_in_the_address_is_no_server_error(desk, value):
    assert desk.get(f"{address(Statement, 'add')}?source={value}&start=1&end=2").status_code == 200


def test_the_day_before_which_it_was_said_is_suggested(desk, source):
    page = desk.get(new(source))
    assert str(page.context["adminform"].form["said"].value()) == "../2024-02-15"
    assert 'value="../2024-02-15"' in page.content.decode()


def test_no_day_is_suggested_where_the_source_has_none(desk, source):
    Source.objects.filter(pk=source.pk).update(published_on=None)
    assert not desk.get(new(source)).context["adminform"].form["said"].value()


# ---- saving ----


def test_save_and_next_saves_and_opens_the_form_for_the_same_source(desk, source):
    page = send(desk, new(source), **valid(source, _next="1"))
    assert Statement.objects.get().source == source
    assert page.redirect_chain == [(new(source), 302)]
    assert b'name="_addanother"' not in page.content


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"quote": "We were open to it"}, "quote", "“We were open to it” does not stand so"),
        ({"quote": "We are open to it … ships are mine"}, "quote", "“ships are mine” does not stand so"),
        ({"quote": "The ships … We are open to it"}, "quote", "not after the piece before it"),
        ({"quote": "The ships", "start": "0", "end": "20"}, "start", "does not stand between these characters"),
        ({"quote": "The ships", "start": "0", "end": "20000"}, "end", "text ends after character"),
    ],
)
def test_words_that_do_not_stand_in_the_text_are_refused_at_their_field(desk, source, changes, field, words):
    page = send(desk, new(source), **valid(source, form="direct", **changes))
    assert list(errors(page)) == [field]
    assert words in errors(page)[field][0]
    assert "Ruritania may take part" in page.content.decode()


def test_quotation_marks_and_spaces_of_other_kinds_are_the_same_words(desk, source):
    send(desk, new(source), **valid(source, form="direct", quote='open to  it," she told\u00a0reporters. "The'))
    assert Statement.objects.exists()


def test_a_source_without_text_takes_any_words(desk):
    source = SourceFactory(published_on=dt.date(2024, 2, 15))
    send(desk, new(source), **valid(source, form="direct", quote="Whatever.", start="3", end="900"))
    assert Statement.objects.exists()


# ---- when the text changes ----


def test_words_that_a_later_text_lacks_are_listed_and_not_marked(desk, source):
    held = StatementFactory(source=source, quote="The ships")
    lost = StatementFactory(source=source, quote="We are open to it")
    source.text = TEXT.replace("open to it", "closed to it")
    source.save()
    coded = {one.statement: one for one in CodedArticle(source).statements}
    assert (bool(coded[held].spans), coded[lost].spans) == (True, [])
    for url in (address(source), address(lost)):
        assert "“We are open to it” does not stand so" in desk.get(url).content.decode()


def test_offsets_of_indirect_speech_that_point_to_other_words_now_are_listed(source):
    coded = StatementFactory(source=source, **place("said to be worried"))
    assert CodedArticle(source).lost == []
    source.text = f"Moved. {TEXT}"
    source.save()
    assert [one.statement for one in CodedArticle(source).lost] == [coded]
    coded.summary = "Another change does not hide it."
    coded.save()
    assert CodedArticle(source).lost
    coded.start, coded.end = coded.start + 7, coded.end + 7
    coded.save()
    assert CodedArticle(source).lost == []


def test_a_text_that_changed_elsewhere_leaves_offsets_as_they_are(source):
    StatementFactory(source=source, **place("take part"))
    source.text = f"{TEXT}\nOne more line."
    source.save()
    assert CodedArticle(source).lost == []


# ---- the text of a source ----


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_a_text_comes_from_a_file(start):
    source = SourceFactory()
    file = SimpleUploadedFile("article.txt", start + "One.\r\nCafe\u0301.".encode())
    send(signed_in(EditorFactory()), address(source), text_file=file)
    source.refresh_from_db()
    assert source.text == "One.\nCafé."
    assert source.text_sha256 == sha256_of(source.text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"a\x00b", "no plain text"),
        (b"a" * 5_000_001, "up to 5 MB"),
        (b"", "empty"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_what_to_do(content, words):
    source = SourceFactory()
    page = send(signed_in(EditorFactory()), address(source), text_file=SimpleUploadedFile("article.txt", content))
    assert words in errors(page)["text_file"][0]


def test_save_and_next_tells_of_warnings_and_leads_back_to_the_place(desk, source):
    Source.objects.filter(pk=source.pk).update(publisher=None)
    page = send(desk, new(source), **valid(source, _next="1", locator="2"))
    assert re.search("Warned of: .*source without date or publisher[.]", messages(page)[0])
    assert page.redirect_chain[-1][0].endswith("#paragraph-2")


# ---- suggestions ----


def suggested(client, **asked) -> dict[str, object]:
    answer = client.get(reverse(SUGGEST), asked)
    assert answer.status_code == 200
    return answer.json()


def test_authority_and_attribution_come_from_the_office_on_that_day(desk):
    held = AffiliationFactory(title="Minister for Ships", start=dt.date(2024, 2, 3))
    asked = {"speaker": held.actor_id, "actor": held.of_id}
    on_the_day = suggested(desk, **asked, said="2024-02-13")
    assert (on_the_day["authority"], on_the_day["attribution"]) == ("minister", "own")
    assert f"Minister for Ships, {held.of.name}, since 3 Feb 2024" in on_the_day["authority_words"]
    before = suggested(desk, **asked, said="2024-01-13")
    assert (before["authority"], before["attribution"]) == ("independent", "reported")
    assert "no office is recorded" in before["authority_words"]


def test_the_sources_day_counts_until_it_is_known_when_it_was_said(desk):
    held = AffiliationFactory(end=dt.date(2024, 2, 10))
    source = SourceFactory(published_on=dt.date(2024, 2, 9))
    assert suggested(desk, speaker=held.actor_id, source=source.pk)["authority"] == "minister"
    assert suggested(desk, speaker=held.actor_id)["authority"] == "former"


def test_a_group_names_its_members_on_that_day(desk):
    group, member, former = GroupFactory(), GovernmentFactory(), GovernmentFactory()
    AffiliationFactory(actor=member, of=group, authority="")
    AffiliationFactory(actor=former, of=group, authority="", end=dt.date(2020, 1, 1))
    AffiliationFactory(of=group, authority="official")
    answer = suggested(desk, speaker=group.pk, actor=member.pk, said="2024-02-13")
    assert answer["members"] == [{"id": str(member.pk), "name": member.name}]
    assert (answer["authority"], answer["attribution"]) == ("act", "own")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"speaker": "x"}, 400),
        ({"speaker": "99999999999999999999"}, 400),
        ({"speaker": "999999999"}, 200),
        ({"speaker": "1", "actor": "²"}, 400),
        ({"speaker": "999999999", "said": "soon"}, 200),
        ({"speaker": "999999999", "source": "-1"}, 400),
    ],
)
def test_a_senseless_question_is_answered_in_words_or_with_nothing(desk, asked, status):
    answer = desk.get(reverse(SUGGEST), asked)
    assert answer.status_code == status
    assert set(answer.json()) <= {"words"}


def test_a_topic_tells_its_proposition_and_notes(desk):
    topic = TopicFactory(proposition="Ships should sail.", coding_notes="Not boats.")
    told = desk.get(reverse(NOTES), {"topic": topic.pk}).json()
    assert told == {"proposition": "Ships should sail.", "notes": "Not boats."}
    assert desk.get(reverse(NOTES), {"topic": "99999999999999999999"}).status_code == 400
    assert desk.get(reverse(NOTES), {"topic": "999999999"}).json() == {}


@pytest.mark.parametrize("name", [SUGGEST, NOTES])
def test_only_those_who_code_are_answered(name):
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_statement"))
    assert signed_in(CoderFactory()).get(reverse(name), {"topic": "1"}).status_code == 200
    assert signed_in(EditorFactory()).get(reverse(name), {"topic": "1"}).status_code == 200
    assert signed_in(viewer).get(reverse(name)).status_code == 403
    assert Client().get(reverse(name)).status_code == 302


def test_the_form_tells_a_chosen_topics_proposition_without_script(desk, coder):
    topic = TopicFactory(proposition="Ships should sail.", coding_notes="Not boats.")
    words = desk.get(address(StanceFactory(topic=topic, statement__published=False, statement__coder=coder).statement))
    assert "Ships should sail." in words.content.decode()
    assert "Not boats." in words.content.decode()


def test_every_position_has_the_words_that_anchor_it(desk):
    assert list(ANCHORS) != []
    assert set(ANCHORS) == set(WORDS)
    assert "would not accept, condemns" in desk.get(address(Statement, "add")).content.decode()


# ---- how the form stands ----


def test_position_and_terms_are_radio_buttons_in_a_fieldset_with_the_words_of_both_sides(desk):
    page = desk.get(address(Statement, "add")).content.decode()
    row = page[page.index('id="stances-0"') : page.index('id="stances-empty"')]
    assert row.count('type="radio" name="stances-0-position"') == 5
    assert row.count('type="radio" name="stances-0-terms"') == len(Terms) + 1
    assert "checked" not in row
    for held, words in ANCHORS.items():
        assert words in row, held
    for words in (words for (value, _), words in WORDS.items() if abs(value) == 1):
        assert words in row


def is_open(page) -> bool:
    return '<details class="module seldom" open>' in page.content.decode()


@pytest.mark.parametrize(
    "held", [{"repeats": True}, {"translated": True}, {"language": "ja"}, {"primary_url": "https://example.org/"}]
)
def test_what_is_seldom_asked_for_shows_itself_where_it_holds_something(desk, coder, source, held):
    plain = StatementFactory(source=source, coder=coder)
    assert not is_open(desk.get(address(plain)))
    held = {name: StatementFactory() if name == "repeats" else value for name, value in held.items()}
    assert is_open(desk.get(address(StatementFactory(source=source, coder=coder, **held))))


@pytest.mark.parametrize("wrong", [{"language": "!"}, {"start": "1"}, {"key": "a b"}])
def test_what_is_seldom_asked_for_shows_itself_where_it_has_an_error(desk, source, wrong):
    page = send(desk, new(source), **valid(source, **wrong))
    assert errors(page)
    assert is_open(page)


def test_without_a_source_to_code_from_it_is_the_first_to_choose(desk, source):
    def fieldsets(url):
        return [fieldset.fields for fieldset in desk.get(url).context["adminform"]]

    assert fieldsets(address(Statement, "add"))[0][0] == "source"
    statement, seldom = fieldsets(new(source))
    assert statement[0] == "quote"
    assert seldom[0] == "source"


def test_a_saved_quotation_is_told_where_it_stands(desk, coder, source):
    coded = StatementFactory(source=source, coder=coder, quote="We are open … The ships")
    assert "Found word for word in paragraph 2, characters" in desk.get(address(coded)).content.decode()
    coded = StatementFactory(source=source, coder=coder, form="indirect")
    assert "Found word for word" not in desk.get(address(coded)).content.decode()


def test_the_head_tells_whether_the_text_is_the_one_that_was_hashed(desk, source):
    Source.objects.filter(pk=source.pk).update(text_sha256=sha256_of(TEXT))
    assert "text matches its checksum" in desk.get(new(source)).content.decode()
    Source.objects.filter(pk=source.pk).update(text="Another.")
    page = desk.get(new(source)).content.decode()
    assert "text has changed" in page
    assert "text matches" not in page


def test_a_day_is_read_back_before_anybody_is_chosen(desk):
    assert suggested(desk, said="2024-02") == {"reading": "in February 2024"}


def test_a_returned_draft_opens_with_what_the_reviewer_wants(desk, coder):
    draft = StatementFactory(coder=coder, review_comment="Which day?", reviewer=EditorFactory(username="erna"))
    page = desk.get(address(draft)).content.decode()
    assert page.index("Returned by erna:") < page.index("Which day?") < page.index('name="quote"')


def test_warnings_stand_within_the_form_and_are_dismissed_by_forms_of_their_own(desk, coder):
    draft = StatementFactory(coder=coder, source__publisher=None)
    page = desk.get(address(draft)).content.decode()
    form = page[page.index('id="statement_form"') :]
    form = form[: form.index("</form>")]
    marker = f'form="dismiss-{draft.pk}-1"'
    assert marker in form
    assert f'id="dismiss-{draft.pk}-1"' in page.replace(form, "")


# ---- joint statements ----


@pytest.fixture
def pact():
    group = GroupFactory(slug="pact")
    for slug in ("aland", "beland", "celand"):
        AffiliationFactory(actor=GovernmentFactory(slug=slug), of=group, authority="", title="member")
    return group


def test_every_member_gets_the_stance_of_a_row(desk, source, pact):
    topic = TopicFactory()
    one = Actor.objects.get(slug="beland")
    changes = {"stances-0-actor": one.pk, "stances-0-topic": topic.pk, "stances-0-position": "1"}
    changes |= {"stances-0-terms": "time", "stances-0-condition": "later", "_members-stances-0": "1"}
    page = send(desk, new(source), **valid(source, speaker=pact.pk, authority="act", form="act", **changes))
    stances = Stance.objects.order_by("actor__slug")
    assert [(s.actor.slug, s.topic, s.position, s.terms, s.condition) for s in stances] == [
        (slug, topic, 1, "time", "later") for slug in ("aland", "beland", "celand")
    ]
    assert "Stances made: Aland, Celand." in messages(page)[-1]
    assert page.redirect_chain[-1][0] == address(Statement.objects.get())


def test_members_that_have_a_stance_keep_it(desk, coder, source, pact):
    statement = StatementFactory(speaker=pact, source=source, coder=coder)
    kept = StanceFactory(statement=statement, actor=Actor.objects.get(slug="aland"), position=-2)
    StanceFactory(statement=statement, actor=Actor.objects.get(slug="beland"), topic=kept.topic)
    send(desk, address(statement), **{"_members-stances-1": "1"})
    positions = Stance.objects.order_by("actor__slug").values_list("actor__slug", "position")
    assert list(positions) == [("aland", -2), ("beland", 2), ("celand", 2)]
    page = send(desk, address(statement), **{"_members-stances-1": "1"})
    assert "Every member had one already." in messages(page)[-1]


def test_who_is_no_group_has_no_members_and_what_was_written_is_saved(desk, source):
    page = send(desk, new(source), **valid(source, **{"_members-stances-0": "1"}))
    assert "is no group with members" in messages(page)[-1]
    assert Stance.objects.count() == 1


def test_the_button_of_a_joint_statement_stands_where_a_group_speaks(desk, coder, pact):
    joint = StanceFactory(statement__speaker=pact, statement__published=False, statement__coder=coder).statement
    alone = StanceFactory(statement__published=False, statement__coder=coder).statement
    assert 'name="_members-stances-0"' in desk.get(address(joint)).content.decode()
    assert "_members-" not in desk.get(address(alone)).content.decode()


@pytest.mark.parametrize("name", ["_members-", "_members-stances-99", "_members-stances-x", "_members-\x00"])
def test_a_senseless_row_for_every_member_makes_no_stance(desk, source, pact, name):
    page = send(desk, new(source), **valid(source, speaker=pact.pk, authority="act", **{name: "1"}))
    assert page.status_code == 200
    assert Stance.objects.count() == 1


# ---- the practice article ----


def test_the_practice_article_comes_once_uncoded_and_with_its_text(db):
    assert practice.place()
    assert not practice.place()
    source = Source.objects.get()
    assert len(CodedArticle(source).paragraphs) == 15
    assert source.text_sha256 == sha256_of(source.text)
    assert not Statement.objects.exists()
    assert not Topic.objects.exists()


def test_a_practice_article_that_was_deleted_stays_so(db):
    practice.place()
    Source.objects.get().delete()
    assert not practice.place()


def test_no_reader_finds_the_practice_article_or_its_actors(client, db):
    practice.place()
    assert not Source.objects.public().exists()
    assert not Actor.objects.public().exists()
    for url in ("/", "/actors/", "/sources/", "/topics/", "/stances/", "/actors.csv", "/sources.json"):
        answer = client.get(url)
        words = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert (answer.status_code, b"Practice" in words) == (200, False), url
    assert client.get(Source.objects.get().get_absolute_url()).status_code == 404


def test_the_practice_article_says_on_which_topics_to_code_it(desk, source):
    practice.place()
    url = new(practice.article())
    assert "take those of the list that come nearest. Leave" in desk.get(url).content.decode()
    asked = FeaturedTopicFactory(name="Expansion")
    for rank, name in enumerate(("Membership", "Ships", "Sensors", "Bases")):
        TopicFactory(name=name, parent=asked, rank=rank)
    TopicFactory(name="Elsewhere", parent=TopicFactory())
    hint = desk.get(url).context["coding"].hint
    assert "come nearest, such as “Membership”, “Ships” and “Sensors”. Leave" in hint
    assert desk.get(new(source)).context["coding"].hint == ""


def test_an_empty_desk_says_where_to_begin(desk, coder):
    def begin() -> str:
        content = desk.get(reverse("admin:index")).content.decode()
        return content.split('class="begin"')[1].split("</p>")[0] if 'class="begin"' in content else ""

    assert reverse("admin:stances_source_add") in begin()
    assert "practise" not in begin()
    practice.place()
    assert f'href="{new(practice.article())}"' in begin()
    StatementFactory(coder=coder)
    assert begin() == ""


def test_the_practice_offices_give_suggestions(desk):
    practice.place()
    of = {actor.slug.removeprefix("practice-"): actor.pk for actor in Actor.objects.all()}
    day = "2024-08-28"
    for speaker, actor, authority, attribution in (
        ("maren", "falken", "minister", "own"),
        ("vask", "falken", "former", "reported"),
        ("northern-pact", "aldoria", "act", "own"),
        ("brenmark-official", "brenmark", "unnamed", "reported"),
        ("gorland-courier", "gorland", "state_media", "reported"),
        ("oyelaran", "falken", "independent", "reported"),
    ):
        told = suggested(desk, speaker=of[speaker], actor=of[actor], said=day)
        assert (told["authority"], told["attribution"]) == (authority, attribution), speaker


def test_a_statement_coded_in_the_text_goes_to_review_as_ever(desk, source):
    send(desk, new(source), **valid(source, form="direct", quote="The ships", **place("The ships"), _submit="1"))
    assert Statement.objects.get().status == Status.SUBMITTED


def test_a_form_that_is_sent_as_it_came_keeps_offsets_and_words(desk, coder, source):
    coded = StanceFactory(
        statement=StatementFactory(source=source, quote="The ships", coder=coder, **place("The ships"))
    ).statement
    history = Statement.history.count()
    desk.post(address(coded), as_sent(desk.get(address(coded))))
    assert Statement.history.count() == history
