"""The editors' desk: its lists, forms and errors, what it writes and how often it asks."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from stances.models import (
    Actor,
    Affiliation,
    FormerSlug,
    Import,
    Position,
    PublicVersion,
    Source,
    Stance,
    Statement,
    Topic,
)
from stances.models.sources import sha256_of
from stances.vocabulary import Form, Status
from tests.desk import act, address, as_sent, errors, messages, queries, send, signed_in
from tests.factories import (
    ActorFactory,
    AdministratorFactory,
    AffiliationFactory,
    EditorFactory,
    FeaturedTopicFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    PublicationFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
CURATED = [Actor, Affiliation, Topic, Source, Statement, Stance]
LISTED = [*CURATED, Position, FormerSlug]


@pytest.fixture
def editor():
    return EditorFactory()


@pytest.fixture
def desk(editor):
    return signed_in(editor)


def valid(source=None):
    """Fill in the form of a new statement."""
    source = source or SourceFactory(published_on=dt.date(2024, 4, 10))
    return {
        "source": source.pk,
        "speaker": PersonFactory().pk,
        "authority": "minister",
        "said": "2024-04-09",
        "form": "indirect",
        "summary": "The minister says so.",
        "stances-0-actor": GovernmentFactory().pk,
        "stances-0-topic": TopicFactory().pk,
        "stances-0-position": "2",
        "stances-0-attribution": "own",
    }


def new_statement(client, **changes):
    """Send the form of a new statement, valid but for the changes."""
    return send(client, address(Statement, "add"), **{**valid(changes.pop("of", None)), **changes})


# ---- statements ----


def test_a_new_statement_is_its_makers_draft_with_the_next_key(desk, editor):
    source = SourceFactory(slug="herald-1", published_on=dt.date(2024, 4, 10))
    new_statement(desk, of=source)
    statement = Statement.objects.get()
    assert (statement.key, statement.status, statement.coder) == ("herald-1-1", Status.DRAFT, editor)
    assert statement.stances.get().position == 2


@pytest.mark.parametrize(
    ("said", "earliest", "latest"),
    [
        ("2024-02-13", dt.date(2024, 2, 13), dt.date(2024, 2, 13)),
        ("2024-02", dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
        ("../2024-03-25", None, dt.date(2024, 3, 25)),
    ],
)
def test_the_date_is_one_field_in_the_notation_of_the_codebook(desk, said, earliest, latest):
    new_statement(desk, said=said)
    statement = Statement.objects.get()
    assert (statement.earliest, statement.latest) == (earliest, latest)
    page = desk.get(address(statement))
    assert as_sent(page)["said"] == said
    assert statement.date.words() in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"said": "2024-13"}, "said", "no day of the calendar"),
        ({"said": "soon"}, "said", "is not a date"),
        ({"said": ""}, "said", "required"),
        ({"said": "2024-04-05/2024-04-01"}, "said", "after it ends"),
        ({"said": "2024-04-11"}, "said", "its source was published on 2024-04-10"),
        ({"form": "direct"}, "quote", "A direct quotation needs its words"),
        ({"quote": "So."}, "quote", "You gave a quote: choose “direct quotation”"),
        ({"quote": "So.", "form": "act"}, "quote", "You gave a quote: choose “direct quotation”"),
        ({"start": "7", "end": "7"}, "end", "the end comes after the start"),
        ({"start": "7"}, "end", "the end comes after the start"),
        ({"locator": "p. 4"}, "locator", "Numbers of paragraphs"),
        ({"key": "ends-with-ü"}, "key", "ASCII letters"),
        ({"source": ""}, "source", "required"),
        ({"source": "999999999"}, "source", "valid choice"),
        ({"summary": "   "}, "summary", "required"),
        ({"stances-0-position": "1"}, "stances-0-terms", "Positions +1 and -1 have terms"),
        ({"stances-0-terms": "time"}, "stances-0-terms", "the others none"),
        ({"stances-0-basis": "implied"}, "stances-0-rationale", "needs its rationale"),
        (
            {"stances-0-basis": "implied", "stances-0-rationale": "So.", "form": "act"},
            "stances-0-basis",
            "A deed is explicit",
        ),
        ({"stances-0-position": "3"}, "stances-0-position", "valid choice"),
    ],
)
def test_each_error_of_a_statement_is_told_at_its_field_and_nothing_is_saved(desk, changes, field, words):
    page = new_statement(desk, **changes)
    assert list(errors(page)) == [field]
    assert words in errors(page)[field][0]
    assert len(errors(page)[field]) == 1
    assert not Statement.objects.exists()


def test_a_key_is_never_used_again(desk):
    StatementFactory(key="gone-1").delete()
    page = new_statement(desk, key="gone-1")
    assert errors(page) == {"key": ["The key “gone-1” was used before, and is never used again."]}


def test_a_key_is_read_only_once_it_is_given(desk):
    statement = StatementFactory(key="kept-1")
    page = desk.get(address(statement))
    assert "key" not in page.context["adminform"].form.fields
    assert "kept-1" in page.content.decode()
    send(desk, address(statement), key="other-1", occasion="Interview")
    statement.refresh_from_db()
    assert (statement.key, statement.occasion) == ("kept-1", "Interview")


def test_status_coder_and_comment_are_shown_and_not_taken_from_the_form(desk, editor):
    statement = StatementFactory(review_comment="Look again.")
    assert "Look again." in desk.get(address(statement)).content.decode()
    send(desk, address(statement), status="published", coder=editor.pk, occasion="Interview")
    statement.refresh_from_db()
    assert (statement.status, statement.coder, statement.occasion) == (Status.DRAFT, None, "Interview")


def test_a_repeat_of_itself_or_of_a_repeat_is_refused_at_its_field(desk):
    first = StanceFactory().statement
    second = StatementFactory(repeats=first)
    third = StatementFactory()
    assert errors(send(desk, address(third), repeats=third.pk)) == {"repeats": ["A statement does not repeat itself."]}
    told = errors(send(desk, address(third), repeats=second.pk))
    assert list(told) == ["repeats"]
    assert f"{second.key} is a repeat itself" in told["repeats"][0]


def test_repeats_offers_only_what_is_no_repeat(desk):
    first = StatementFactory(summary="The words of February.")
    StatementFactory(repeats=first, summary="The words of February again.")
    asked = {"app_label": "stances", "model_name": "statement", "field_name": "repeats", "term": "February"}
    found = desk.get(reverse("admin:autocomplete"), asked).json()["results"]
    assert [row["id"] for row in found] == [str(first.pk)]


def test_two_stances_of_one_actor_on_one_topic_are_refused(desk):
    stance = StanceFactory(statement__published=False)
    again = {
        "stances-TOTAL_FORMS": "2",
        "stances-1-actor": stance.actor_id,
        "stances-1-topic": stance.topic_id,
        "stances-1-position": "-2",
        "stances-1-attribution": "own",
        "stances-1-basis": "explicit",
    }
    page = send(desk, address(stance.statement), **again)
    assert errors(page) == {"stances-1-__all__": ["This statement has a stance of this actor on this topic already."]}
    assert Stance.objects.count() == 1


def test_a_new_statement_with_two_stances_alike_is_refused(desk):
    actor, topic = GovernmentFactory(), TopicFactory()
    rows = {"stances-TOTAL_FORMS": "2", "stances-1-position": "-2", "stances-1-attribution": "own"}
    rows |= {f"stances-{n}-{name}": row.pk for n in range(2) for name, row in (("actor", actor), ("topic", topic))}
    page = new_statement(desk, **rows, **{"stances-1-basis": "explicit"})
    assert errors(page)["stances"] == ["Two stances here are of one actor on one topic; a statement has one."]
    assert not Statement.objects.exists()


def test_a_stance_that_a_colleague_added_meanwhile_is_refused_in_its_row(desk):
    statement = StatementFactory()
    sent = as_sent(desk.get(address(statement)))
    stance = StanceFactory(statement=statement)
    row = {"actor": stance.actor_id, "topic": stance.topic_id, "position": "-2", "attribution": "own"}
    sent |= {f"stances-0-{name}": value for name, value in row.items()}
    page = desk.post(address(statement), sent)
    sent = as_sent(page, asked=[clash.name for clash in page.context["conflict"].clashes])
    page = desk.post(address(statement), sent | {f"choice-{name}": "theirs" for name in sent["asked"]})
    assert errors(page) == {"stances-1-__all__": ["This statement has a stance of this actor on this topic already."]}


def test_only_a_draft_may_lose_its_last_stance(desk):
    stance = StanceFactory()
    page = send(desk, address(stance.statement), **{"stances-0-DELETE": "on"})
    assert errors(page) == {"stances": ["Only a draft may be without a stance."]}
    draft = StanceFactory(statement__published=False)
    send(desk, address(draft.statement), **{"stances-0-DELETE": "on"})
    assert list(Stance.objects.all()) == [stance]


def test_a_changed_stance_of_a_published_statement_moves_the_position(desk):
    stance = StanceFactory(position=2)
    send(desk, address(stance.statement), **{"stances-0-position": "-2"})
    assert Position.objects.get().value == -2


def test_a_stance_in_its_own_form_keeps_the_rules_of_its_statement(desk):
    stance = StanceFactory()
    other = StanceFactory(statement=stance.statement)
    page = send(desk, address(stance), actor=other.actor_id, topic=other.topic_id)
    assert errors(page) == {"__all__": ["This statement has a stance of this actor on this topic already."]}
    send(desk, address(stance), position="-2")
    stance.refresh_from_db()
    assert stance.position == -2


def test_saving_what_was_not_changed_leaves_no_entry_in_the_history(desk):
    source = SourceFactory(text="One line.\nAnother line, and a feed.\n", coverage="whole")
    source.text_sha256 = sha256_of(source.text)
    source.save()
    stance = StanceFactory(statement__quote="One line.\nAnother line", statement__source=source)
    actor = ActorFactory(aliases="One\nTwo")
    version = PublicVersion.objects.current()
    for row in (stance.statement, source, actor, stance.topic):
        sent = as_sent(desk.get(address(row)))
        sent = {name: value.replace("\n", "\r\n") for name, value in sent.items()}  # as browsers send line feeds
        before = type(row).history.count(), Stance.history.count()
        assert not errors_or_none(desk.post(address(row), sent))
        assert (type(row).history.count(), Stance.history.count()) == before
    assert PublicVersion.objects.current() == version


def errors_or_none(answer):
    return errors(answer) if answer.context else {}


# ---- the other curated models ----


def test_the_text_of_a_source_keeps_its_white_space_and_is_hashed(desk):
    text = "  First paragraph.\n\nSecond.\n"
    source = SourceFactory()
    send(desk, address(source), text=text.replace("\n", "\r\n"))
    source.refresh_from_db()
    assert (source.text, source.text_sha256) == (text, sha256_of(text))


def test_another_text_than_the_one_that_was_coded_is_refused(desk):
    source = SourceFactory(text_sha256=sha256_of("One."))
    assert "its SHA-256 differs" in errors(send(desk, address(source), text="Two."))["text"][0]


def test_an_earlier_publication_than_its_statements_is_refused_at_its_field(desk):
    statement = StatementFactory()
    told = errors(send(desk, address(statement.source), published_on="2020-01-01"))
    assert list(told) == ["published_on"]


def test_an_inferred_date_needs_its_note_there(desk):
    told = errors(send(desk, address(SourceFactory()), date_basis="inferred"))
    assert told == {"date_note": ["Note how the day of publication was inferred."]}


def test_a_source_is_not_found_in_itself(desk):
    source = SourceFactory()
    assert list(errors(send(desk, address(source), found_in=source.pk))) == ["found_in"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"featured": "on"}, "question"),
        ({"featured": "on", "question": "Should it?", "parent": "other"}, "featured"),
        ({"parent": "self"}, "parent"),
        ({"parent": "child"}, "parent"),
        ({"slug": "former"}, "slug"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"proposition": " "}, "proposition"),
    ],
)
def test_each_error_of_a_topic_is_told_at_its_field(desk, changes, field):
    topic, other = TopicFactory(), TopicFactory(slug="former")
    other.slug = "present"
    other.save()
    named = {"self": topic.pk, "child": TopicFactory(parent=topic).pk, "other": other.pk}
    page = send(desk, address(topic), **{name: named.get(value, value) for name, value in changes.items()})
    assert list(errors(page)) == [field]


def test_a_second_featured_topic_is_refused(desk):
    FeaturedTopicFactory()
    page = send(desk, address(TopicFactory()), featured="on", question="Should it?")
    assert errors(page) == {"featured": ["Another topic is featured already."]}


def test_iso_codes_are_told_at_their_field(desk):
    GovernmentFactory(iso="AUS")
    assert list(errors(send(desk, address(GovernmentFactory()), iso="AUS"))) == ["iso"]
    assert list(errors(send(desk, address(PersonFactory()), iso="NZL"))) == ["iso"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start": "2024-02-01", "end": "2024-02-01"}, "end"),
        ({"of": "itself"}, "of"),
        ({"of": "below"}, "of"),
    ],
)
def test_each_error_of_an_affiliation_is_told_at_its_field_in_both_forms(desk, changes, field):
    held = AffiliationFactory()
    named = {"itself": held.actor_id, "below": AffiliationFactory(of=held.actor).actor_id}
    changes = {name: named.get(value, value) for name, value in changes.items()}
    assert list(errors(send(desk, address(held), **changes))) == [field]
    inline = {f"affiliations-0-{name}": value for name, value in changes.items()}
    assert list(errors(send(desk, address(held.actor), **inline))) == [f"affiliations-0-{field}"]


@pytest.mark.parametrize("start", ["", "2024-02-01"])
def test_one_affiliation_twice_is_refused(desk, start):
    held = AffiliationFactory(start=start or None)
    twin = {
        "affiliations-TOTAL_FORMS": "2",
        "affiliations-1-of": held.of_id,
        "affiliations-1-title": held.title,
        "affiliations-1-authority": held.authority,
        "affiliations-1-start": start,
    }
    assert errors(send(desk, address(held.actor), **twin))
    new = send(desk, address(Affiliation, "add"), actor=held.actor_id, of=held.of_id, title=held.title, start=start)
    assert errors(new) == {"__all__": [errors(new)["__all__"][0]]}
    assert Affiliation.objects.count() == 1


def test_two_new_affiliations_alike_are_refused_before_either_is_saved(desk):
    of = GovernmentFactory()
    rows = {"affiliations-TOTAL_FORMS": "2", "kind": "person", "name": "A. Person", "slug": "a-person"}
    for n in range(2):
        rows |= {f"affiliations-{n}-of": of.pk, f"affiliations-{n}-title": "Minister"}
    page = send(desk, address(Actor, "add"), **rows)
    assert errors(page) == {"affiliations": ["Two affiliations here have one actor, title and first day."]}


def test_a_renamed_actor_leaves_its_address_behind(desk):
    actor = ActorFactory(slug="old-name")
    send(desk, address(actor), slug="new-name")
    assert FormerSlug.objects.get().target == actor


def test_what_only_saving_notices_is_a_message_and_undoes_all(desk, monkeypatch):
    from django.core.exceptions import ValidationError

    def refuse(self):
        raise ValidationError("Not so.")

    actor = ActorFactory()
    sent = as_sent(desk.get(address(actor)), name="Other")
    monkeypatch.setattr(Actor, "before_save", refuse)
    answer = desk.post(address(actor), sent, follow=True)
    assert messages(answer) == ["Not so."]


# ---- writes ----


def locks(client, method, url, data=None) -> list[int]:
    """Tell where among a request's questions to the app's tables it takes the lock of the public data."""
    with CaptureQueriesContext(connection) as caught:
        answer = getattr(client, method)(url, data)
    assert answer.status_code < 400
    asked = [query["sql"] for query in caught if '"stances_' in query["sql"]]
    return [n for n, sql in enumerate(asked) if sql.startswith("SELECT") and '"stances_publicversion"' in sql]


def test_a_write_takes_the_lock_once_and_first_and_a_read_never(desk):
    stance = StanceFactory(statement__published=False)
    for row in (stance.statement, stance, stance.actor, stance.topic, stance.statement.source, AffiliationFactory()):
        for page in ("change", "delete", "history"):
            if not (isinstance(row, Stance) and page == "delete"):
                assert locks(desk, "get", address(row, page)) == []
        assert locks(desk, "get", address(type(row), "changelist")) == []
        sent = as_sent(desk.get(address(row)), change_reason="so")
        assert locks(desk, "post", address(row), sent) == [0]
    chosen = {"action": "submit_selected", "_selected_action": [stance.statement_id]}
    assert locks(desk, "post", address(Statement, "changelist"), chosen) == [0]
    assert locks(desk, "post", address(stance.statement, "return"), {"words": "Again."}) == [0]
    assert locks(desk, "post", address(stance.statement, "delete"), {"post": "yes"}) == [0]


def test_a_form_with_many_rows_bumps_the_version_once(desk):
    statement = StatementFactory(published=True)
    StanceFactory.create_batch(5, statement=statement)
    before = PublicVersion.objects.current()
    changes = {f"stances-{n}-position": "-2" for n in range(5)}
    send(desk, address(statement), summary="Otherwise.", **changes)
    assert PublicVersion.objects.current() == before + 1
    assert set(Position.objects.values_list("value", flat=True)) == {-2}


# ---- deletion ----


def test_what_was_published_cannot_be_deleted_and_the_page_says_why(desk):
    statement = StanceFactory().statement
    page = desk.get(address(statement, "delete"))
    assert "What was published is retracted, with a reason, and never deleted." in page.content.decode()
    desk.post(address(statement, "delete"), {"post": "yes"})
    act(desk, Statement, "delete_selected", [statement], post="yes")
    assert Statement.objects.filter(pk=statement.pk).exists()


def test_a_draft_is_deleted_with_its_stances(desk):
    statement = StanceFactory(statement__published=False).statement
    assert "<li>Stances: 1</li>" in desk.get(address(statement, "delete")).content.decode()
    desk.post(address(statement, "delete"), {"post": "yes"})
    assert not Statement.objects.exists()


def test_what_others_rest_on_cannot_be_deleted_and_the_page_names_them(desk):
    statement = StatementFactory(key="herald-7")
    for row in (statement.speaker, statement.source, AffiliationFactory(of=statement.speaker).of):
        words = desk.get(address(row, "delete")).content.decode()
        assert "1 statement, as" in words or "1 affiliation, as" in words
        desk.post(address(row, "delete"), {"post": "yes"})
        act(desk, type(row), "delete_selected", [row], post="yes")
        assert type(row).objects.filter(pk=row.pk).exists()


def test_an_obstacle_is_counted_and_not_listed_to_the_end(desk):
    speaker = PersonFactory()
    StatementFactory.create_batch(12, speaker=speaker)
    assert "12 statements, as “speaker”" in desk.get(address(speaker, "delete")).content.decode()
    assert "and 7 more" in desk.get(address(speaker, "delete")).content.decode()


@pytest.mark.parametrize("factory", [ActorFactory, TopicFactory, SourceFactory, AffiliationFactory, StatementFactory])
def test_rows_that_nothing_rests_on_are_deleted_together(desk, factory):
    rows = factory.create_batch(2)
    model = type(rows[0])
    act(desk, model, "delete_selected", rows, post="yes")
    assert not model.objects.filter(pk__in=[row.pk for row in rows]).exists()


def test_all_rows_of_a_long_list_are_deleted_without_sending_each(desk):
    StatementFactory.create_batch(60, source=SourceFactory(), speaker=PersonFactory())
    chosen = {"action": "delete_selected", "select_across": "1", "index": "0"}
    first = Statement.objects.first().pk
    page = desk.post(address(Statement, "changelist"), {**chosen, "_selected_action": [first]})
    words = page.content.decode()
    assert words.count('name="_selected_action"') == 1
    assert 'name="select_across" value="1"' in words
    del chosen["index"]
    desk.post(address(Statement, "changelist"), {**chosen, "_selected_action": [first], "post": "yes"})
    assert not Statement.objects.exists()


def test_one_kept_row_keeps_the_others_chosen_with_it(desk):
    used, unused = StatementFactory().source, SourceFactory()
    act(desk, Source, "delete_selected", [used, unused], post="yes")
    assert Source.objects.filter(pk=unused.pk).exists()


# ---- lists ----


def make_rows(count):
    """Make rows of every model, with all that a list's row shows."""
    source, topic = SourceFactory(), TopicFactory()
    for _ in range(count):
        stance = StanceFactory(statement__source=source, statement__coder=EditorFactory(), topic=topic)
        StanceFactory(statement=stance.statement, actor=stance.actor)
        AffiliationFactory(actor=stance.statement.speaker)
        TopicFactory(parent=topic, group=ActorFactory(), candidate=ActorFactory())
        SourceFactory(found_in=source)
        actor = ActorFactory()
        actor.slug += "-renamed"
        actor.save()


@pytest.mark.once
def test_no_list_asks_more_with_more_rows(desk):
    make_rows(30)  # of most more than a page, which is found by its ids first
    urls = [address(model, "changelist") + search for model in LISTED for search in ("", "?q=a")]
    few = {url: queries(desk, url) for url in urls}
    make_rows(10)
    assert {url: queries(desk, url) for url in urls} == few


@pytest.mark.once
def test_no_list_of_users_asks_more_with_more_rows():
    desk = signed_in(AdministratorFactory())
    few = queries(desk, reverse("admin:auth_user_changelist"))
    EditorFactory.create_batch(10)
    assert queries(desk, reverse("admin:auth_user_changelist")) == few


@pytest.mark.once
def test_a_statement_with_many_stances_asks_no_more(desk):
    few, many = StatementFactory(), StatementFactory()
    StanceFactory.create_batch(3, statement=few)
    StanceFactory.create_batch(30, statement=many)
    for row in (few, few.source):
        desk.get(address(row))  # the first page of a kind asks for its type of content, which is kept
    assert queries(desk, address(many)) == queries(desk, address(few))
    assert queries(desk, address(many.source)) == queries(desk, address(few.source))


@pytest.mark.once
def test_a_joint_statement_of_a_hundred_governments_can_be_saved(desk):
    statement = StatementFactory()
    StanceFactory.create_batch(100, statement=statement)
    send(desk, address(statement), summary="Together.")
    statement.refresh_from_db()
    assert statement.summary == "Together."


@pytest.mark.once
def test_a_refused_form_with_many_stances_shows_them_without_asking_for_each(desk):
    counts = []
    for rows in (3, 30):
        statement = StatementFactory()
        StanceFactory.create_batch(rows, statement=statement)
        sent = as_sent(desk.get(address(statement)), said="soon")
        page = desk.post(address(statement), sent)
        with CaptureQueriesContext(connection) as caught:
            for inline in page.context["inline_admin_formsets"]:
                str(inline.formset)
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 2


@pytest.mark.once
def test_an_actor_with_many_affiliations_and_members_asks_no_more(desk):
    few, many = ActorFactory(), ActorFactory()
    for actor, count in ((few, 3), (many, 30)):
        AffiliationFactory.create_batch(count, actor=actor)
        AffiliationFactory.create_batch(count, of=actor)
    desk.get(address(few))  # the first page of a kind asks for its type of content, which is kept
    assert queries(desk, address(many)) == queries(desk, address(few))
    assert queries(desk, address(many, "delete")) == queries(desk, address(few, "delete"))


@pytest.mark.once
def test_a_source_with_many_statements_asks_no_more(desk):
    few, many = SourceFactory(), SourceFactory()
    for source, count in ((few, 3), (many, 30)):
        StanceFactory.create_batch(count, statement__source=source)
    assert queries(desk, address(many)) == queries(desk, address(few))
    assert queries(desk, address(many, "delete")) == queries(desk, address(few, "delete"))


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("?q=antipodes", "a-government"),  # an alias
        ("?q=canberra a-gov", "a-government"),  # words in any field
        ("?q=AUS", "a-government"),
        ("?q=atlantis", None),
        ("?kind__exact=government", "a-government"),
        ("?kind__exact=group", None),
    ],
)
def test_actors_are_found(desk, url, found):
    GovernmentFactory(slug="a-government", iso="AUS", aliases="Canberra\nthe Antipodes")
    PersonFactory(slug="zed")
    rows = desk.get(address(Actor, "changelist") + url).context["cl"].result_list
    assert [row.slug for row in rows if row.slug != "zed"] == ([found] if found else [])


def test_topics_stand_as_a_tree(desk):
    root = TopicFactory(rank=2, name="Root")
    other = TopicFactory(rank=1, name="Other")
    child = TopicFactory(parent=root, name="Child")
    page = desk.get(address(Topic, "changelist"))
    assert list(page.context["cl"].result_list) == [other, root, child]
    assert '<span class="depth-1">Child</span>' in page.content.decode()


def test_statements_are_found_by_topic_and_what_stands_under_it(desk):
    root = TopicFactory(slug="root")
    under = StanceFactory(topic=TopicFactory(parent=root)).statement
    StanceFactory()
    rows = desk.get(address(Statement, "changelist") + "?topic=root").context["cl"].result_list
    assert list(rows) == [under]


def test_statements_are_found_by_coder(desk, editor):
    mine, others, nobodys = (StatementFactory(coder=coder) for coder in (editor, EditorFactory(), None))
    for value, found in (("me", mine), (others.coder_id, others), ("none", nobodys)):
        rows = desk.get(address(Statement, "changelist") + f"?coder={value}").context["cl"].result_list
        assert list(rows) == [found]


def test_stances_are_found_by_authority(desk):
    found = StanceFactory(statement__authority="head")
    StanceFactory()
    rows = desk.get(address(Stance, "changelist") + "?authority=head").context["cl"].result_list
    assert list(rows) == [found]


def test_affiliations_are_found_by_whether_they_hold(desk):
    now = AffiliationFactory(start=dt.date(2000, 1, 1))
    past = AffiliationFactory(end=dt.date(2001, 1, 1))
    later = AffiliationFactory(start=dt.date(2999, 1, 1))
    for value, found in (("now", now), ("past", past), ("later", later)):
        rows = desk.get(address(Affiliation, "changelist") + f"?holds={value}").context["cl"].result_list
        assert list(rows) == [found]


@pytest.mark.parametrize(
    "query",
    ["?topic=nothing", "?coder=x", "?coder=²", "?status__exact=x&o=abc", "?p=x", "?no=1", "?q=%00", "?latest__year=x"],
)
def test_a_senseless_address_of_a_list_is_no_server_error(desk, query):
    assert desk.get(address(Statement, "changelist") + query, follow=True).status_code == 200


@pytest.mark.every_case
@pytest.mark.parametrize("term", ["", "zzz", "\x00", "%", "'"])
@pytest.mark.parametrize("field", ["speaker", "source", "repeats"])
def test_autocomplete_takes_any_words(desk, field, term):
    asked = {"app_label": "stances", "model_name": "statement", "field_name": field, "term": term}
    assert desk.get(reverse("admin:autocomplete"), asked).status_code == 200


def test_autocomplete_finds_actors_by_alias_and_topics_by_proposition(desk):
    actor = ActorFactory(aliases="The Grey Eminence")
    topic = TopicFactory(proposition="Everybody should sing.")
    for field, term, row in (("actor", "eminence", actor), ("topic", "sing", topic)):
        asked = {"app_label": "stances", "model_name": "stance", "field_name": field, "term": term}
        found = desk.get(reverse("admin:autocomplete"), asked).json()["results"]
        assert [result["id"] for result in found] == [str(row.pk)]


@pytest.mark.parametrize("model", [Position, FormerSlug])
def test_what_the_program_keeps_by_itself_is_read_only(model):
    make_rows(1)
    from django.contrib.auth import get_user_model

    client = signed_in(get_user_model().objects.create_superuser("root"))
    row = model.objects.first()
    assert client.get(address(row)).status_code == 200
    assert client.post(address(row), {}).status_code == 403
    assert client.get(address(model, "add")).status_code == 403
    assert client.get(address(row, "delete")).status_code == 403


def test_an_import_is_listed_with_its_file_and_its_rows():
    editor = EditorFactory()
    counts = {"statement": {"new": 1200, "first": 1, "last": 1200}, "actor": {"new": 1, "changed": 2}}
    row = Import.objects.create(name="votes.csv", sha256="0a" * 32, by=editor, at=timezone.now(), counts=counts)
    for url in (address(Import, "changelist"), address(row)):
        content = signed_in(editor).get(url).content.decode()
        assert "1 new actor, 2 changed actors, 1,200 new statements" in content
        assert "votes.csv" in content
        assert "0a" * 32 in content


def test_long_menus_are_autocompletes(desk):
    ActorFactory.create_batch(3)
    page = desk.get(address(Statement, "add"))
    assert "Actor 2" not in page.content.decode()
    form = page.context["adminform"].form
    inline = page.context["inline_admin_formsets"][0].formset.forms[0]
    fields = [form.fields[name] for name in ("source", "speaker", "repeats")]
    for field in [*fields, inline.fields["actor"], inline.fields["topic"]]:
        assert "admin-autocomplete" in field.widget.widget.build_attrs({})["class"]


# ---- the first page ----


def test_the_desk_leads_from_the_work_to_its_results(desk):
    page = desk.get(reverse("admin:index"))
    app = page.context["app_list"][0]
    names = [model["object_name"] for model in app["models"]]
    kinds = ["Statement", "Source", "Actor", "Affiliation", "Topic", "Stance", "Position", "FormerSlug", "Import"]
    assert names == [*kinds, "Changes"]
    words = page.content.decode()
    assert "Stances: editors&#x27; desk" in words
    assert '<a href="/">View site</a>' in words


def test_only_what_readers_find_has_a_link_to_its_page(desk):
    draft, public = StatementFactory(), StanceFactory().statement
    assert "viewsitelink" not in desk.get(address(draft)).content.decode()
    assert public.get_absolute_url() in desk.get(address(public)).content.decode()
    assert "viewsitelink" not in desk.get(address(draft.speaker)).content.decode()
    assert public.speaker.get_absolute_url() in desk.get(address(public.speaker)).content.decode()
    assert "viewsitelink" not in desk.get(address(draft.source)).content.decode()


def test_a_deed_is_coded_as_one(desk):
    new_statement(desk, form="act")
    assert Statement.objects.get().form == Form.ACT


def test_a_character_that_no_value_has_is_refused_in_an_address(admin_client):
    response = admin_client.get("/admin/stances/statement/?topic=%00", follow=True)
    assert response.redirect_chain == [("/admin/", 302)]
    assert "was not followed" in response.content.decode()


SENSELESS = ["99999999999999999999", "-1", "abc", "\x00", "1\x00", "９", "1e3", " "]


@pytest.mark.every_case
@pytest.mark.parametrize("field", ["source", "speaker", "repeats", "stances-0-actor", "stances-0-topic"])
def test_a_senseless_choice_is_refused_at_its_field(desk, field):
    url = address(Statement, "add")
    sent = as_sent(desk.get(url), **valid())
    for value in SENSELESS:
        page = desk.post(url, {**sent, field: value})
        assert page.status_code == 200, value
        assert field in errors(page), value
    assert not Statement.objects.exists()


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("stances-0-id", "stances-0-statement") for value in SENSELESS),
        *((name, value) for name in ("stances-INITIAL_FORMS", "stances-TOTAL_FORMS") for value in SENSELESS[1:4]),
    ],
)
def test_a_senseless_hidden_field_is_no_server_error(desk, name, value):
    statement = StanceFactory().statement
    assert send(desk, address(statement), **{name: value}).status_code == 200


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ({"stances-TOTAL_FORMS": "9" * 20}, "Please submit at most 1000 forms."),
        ({"stances-TOTAL_FORMS": "400"}, "Rows are missing in what was sent: open the form again."),
        (
            {"stances-TOTAL_FORMS": "400", "stances-399-terms": ""},
            "Rows are missing in what was sent: open the form again.",
        ),
    ],
)
def test_a_form_that_claims_rows_which_it_does_not_send_is_told_so_and_makes_none_of_them(desk, claim, told):
    statement = StanceFactory().statement
    page = send(desk, address(statement), summary="Another.", **claim)
    [inline] = page.context["inline_admin_formsets"]
    assert len(inline.formset.forms) <= 2
    assert errors(page)["stances"] == [told]
    statement.refresh_from_db()
    assert statement.summary != "Another."


@pytest.mark.parametrize("value", SENSELESS)
def test_a_senseless_row_is_no_server_error(desk, value):
    StatementFactory()
    data = {"action": "publish_selected", "_selected_action": [value]}
    assert desk.post(address(Statement, "changelist"), data, follow=True).status_code == 200


def test_a_statement_becomes_a_deed_together_with_its_stances(desk):
    stance = StanceFactory(basis="implied", rationale="So it is.")
    url = address(stance.statement)
    assert errors(send(desk, url, form="act")) == {"stances-0-basis": ["A deed is explicit."]}
    send(desk, url, form="act", **{"stances-0-basis": "explicit"})
    stance.refresh_from_db()
    assert (stance.statement.form, stance.basis) == (Form.ACT, "explicit")


def offered(desk, model: str, field: str, term: str) -> list[str]:
    asked = {"app_label": "stances", "model_name": model, "field_name": field, "term": term}
    return [result["text"] for result in desk.get(reverse("admin:autocomplete"), asked).json()["results"]]


def test_what_is_called_so_is_offered_first_and_told_from_its_like(desk):
    GroupFactory(name="AUKUS", aliases="Australia, United Kingdom, United States")
    GovernmentFactory(name="Australia")
    GroupFactory(name="Australia-New Zealand 2+2")
    wanted = ["Australia (government)", "Australia-New Zealand 2+2 (group of governments)"]
    assert offered(desk, "statement", "speaker", "Australia") == [*wanted, "AUKUS (group of governments)"]


def test_a_source_is_offered_with_its_publisher_and_day(desk):
    times = PublicationFactory(name="The Japan Times")
    SourceFactory(title="On the Japan Times", publisher=None, published_on=None)
    SourceFactory(title="A pact", publisher=times, published_on=dt.date(2024, 3, 3))
    told = offered(desk, "statement", "source", "The Japan Times")
    assert told == ["A pact (The Japan Times, 2024-03-03)", "On the Japan Times (no publisher, no date)"]


@pytest.mark.once
def test_choosing_asks_no_more_with_more_rows(desk):
    url = reverse("admin:autocomplete") + "?app_label=stances&model_name=statement&field_name=source&term=title"
    SourceFactory(title="Title")
    few = queries(desk, url)
    for number in range(5):
        SourceFactory(title=f"Title {number}", publisher=PublicationFactory())
    assert queries(desk, url) == few


@pytest.mark.parametrize("query", [f"?coder={'9' * 30}", f"?coder={'9' * 5000}", "?latest__year=9999&latest__month=12"])
def test_a_number_that_no_database_has_is_a_wrong_filter(desk, query):
    assert desk.get(address(Statement, "changelist") + query, follow=True).status_code == 200


HUGE = "9" * 19


@pytest.mark.parametrize(
    "query",
    [
        *(f"stances/{model}/?{name}__in={HUGE}" for model in ("position", "formerslug") for name in ("id", "pk")),
        *(f"stances/formerslug/?{kind}={HUGE}" for kind in ("actor", "topic", "source")),
        f"stances/position/?since__year={HUGE}",
        f"auth/user/?id__in={HUGE}",
        f"auth/user/?groups__id__exact={HUGE}",
        f"auth/user/?date_joined__year={HUGE}",
    ],
)
def test_so_it_is_in_lists_of_what_nobody_writes_and_of_users(query):
    StanceFactory()
    assert signed_in(AdministratorFactory()).get(f"/admin/{query}", follow=True).status_code == 200


@pytest.mark.parametrize("sent", [["9" * 30], ["x"], ["\x00"]])
def test_a_role_that_is_none_is_told_at_its_field(sent):
    page = send(signed_in(AdministratorFactory()), address(UserFactory()), groups=sent)
    assert "is not a valid value" in errors(page)["groups"][0]


def test_the_list_of_statements_is_filtered_by_what_is_told_again(desk):
    first = StatementFactory()
    again = StatementFactory(repeats=first)
    page = desk.get(address(Statement, "changelist") + "?repeats__isempty=0")
    assert list(page.context["cl"].result_list) == [again]
    assert {"told first", "told again", "without a comment", "with a comment"} <= {
        choice["display"] for spec in page.context["cl"].filter_specs for choice in spec.choices(page.context["cl"])
    }


def test_the_last_day_of_the_calendar_is_no_server_error(desk):
    url = address(Stance, "changelist") + "?stated_on__year=9999&stated_on__month=12&stated_on__day=31"
    assert desk.get(url, follow=True).status_code == 200


def test_a_source_is_not_published_on_a_day_to_come(desk):
    page = send(desk, address(SourceFactory()), published_on="9999-12-31")
    assert errors(page) == {"published_on": ["9999-12-31 is still to come."]}


def test_deleting_is_not_offered_where_it_is_refused(desk):
    draft, public = StatementFactory(), StanceFactory().statement
    assert "deletelink" in desk.get(address(draft)).content.decode()
    assert "deletelink" not in desk.get(address(public)).content.decode()


def test_the_form_of_a_topic_says_that_it_is_public_at_once(admin_client):
    form = admin_client.get("/admin/stances/topic/add/").content.decode()
    assert "Readers see a topic as soon as it is saved" in form
