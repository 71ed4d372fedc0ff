"""Earlier states restored, and deleted rows brought back, as new writes under the same rules."""

from __future__ import annotations

import pytest

from stances.merging import merge
from stances.models import Actor, Affiliation, FormerSlug, Position, Source, Stance, Statement, Topic
from stances.positions import differences
from stances.unmerging import undo
from stances.vocabulary import Status
from tests.desk import act, address, as_sent, messages, queries, send, signed_in
from tests.factories import (
    ActorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    return signed_in(EditorFactory(username="eda"))


def restorable(client, row):
    """Give the addresses at which a row's history offers to restore, the newest first."""
    entries = client.get(address(row, "history")).context["entries"]
    return [entry.restore_url for entry in entries if entry.restore_url]


def restore(client, url):
    page = client.get(url)
    return client.post(url, {"opened": page.context["opened"]}, follow=True)


def bring_back(client, model):
    """Bring back what was deleted last."""
    page = client.get(address(model, "deleted"))
    return client.post(address(model, "deleted"), {"record": page.context["entries"][0]["record"].pk}, follow=True)


def told(page):
    return {
        title: [(change.label, change.before, change.after) for change in changes]
        for title, changes in page.context["changes"]
    }


def values(statement):
    return sorted(statement.stances.values_list("actor", "topic", "position", "terms"))


# ---- an earlier state ----


def test_an_earlier_state_is_restored_as_a_new_one_with_its_reason(desk):
    statement = StatementFactory(summary="First.", occasion="Speech")
    send(desk, address(statement), summary="Second.", occasion="Interview")
    (url,) = restorable(desk, statement)
    assert told(desk.get(url)) == {
        "This statement": [("Occasion", "Interview", "Speech"), ("Summary", "Second.", "First.")]
    }
    before = Statement.history.filter(id=statement.pk).count()
    restore(desk, url)
    statement.refresh_from_db()
    assert (statement.summary, statement.occasion) == ("First.", "Speech")
    entry = desk.get(address(statement, "history")).context["entries"][0]
    assert entry.by == "eda"
    assert entry.record.history_change_reason.startswith("restored from 20")
    assert Statement.history.filter(id=statement.pk).count() == before + 1


def test_the_newest_state_is_not_offered(desk):
    assert restorable(desk, StanceFactory(statement=StatementFactory()).actor) == []


def test_a_statements_stances_are_restored_with_it(desk):
    statement = StanceFactory(position=2).statement
    StanceFactory(statement=statement, position=-1, topic__rank=5)
    before = values(statement)
    send(desk, address(statement), **{"stances-0-position": "-2", "stances-1-DELETE": "on"})
    StanceFactory(statement=statement)
    entries = desk.get(address(statement, "history")).context["entries"]
    made = sorted((e for e in entries if e.title and e.done == "made"), key=lambda entry: entry.record.pk)
    restore(desk, made[1].restore_url)
    assert values(statement) == before
    assert not Position.objects.filter(value=-2).exists()


def test_what_one_form_saved_is_one_state(desk):
    statement = StanceFactory(statement__published=False, position=2).statement
    send(desk, address(statement), summary="Second.", **{"stances-0-position": "0"})
    send(desk, address(statement), summary="Third.", **{"stances-0-position": "-2"})
    entries = desk.get(address(statement, "history")).context["entries"]
    second = next(entry for entry in entries if getattr(entry.record, "summary", "") == "Second.")
    restore(desk, second.restore_url)
    statement.refresh_from_db()
    assert (statement.summary, statement.stances.get().position) == ("Second.", 0)


def test_a_deleted_stance_comes_back_as_the_same_row(desk):
    stance = StanceFactory(statement__published=False)
    StanceFactory(statement=stance.statement, topic__rank=5)
    send(desk, address(stance.statement), **{"stances-0-DELETE": "on"})
    assert not Stance.objects.filter(pk=stance.pk).exists()
    restore(desk, restorable(desk, stance.statement)[0])
    assert Stance.objects.get(pk=stance.pk).actor == stance.actor


def test_the_only_stance_of_a_published_statement_is_exchanged_back(desk):
    stance = StanceFactory()
    statement, pk = stance.statement, stance.pk
    other = StanceFactory(statement=statement)
    stance.delete()
    entries = desk.get(address(statement, "history")).context["entries"]
    first = min((entry for entry in entries if entry.title), key=lambda entry: entry.record.pk)
    restore(desk, first.restore_url)
    assert [stance.pk for stance in statement.stances.all()] == [pk]
    assert not Stance.objects.filter(pk=other.pk).exists()


def test_a_stance_that_was_made_anew_is_changed_and_not_doubled(desk):
    stance = StanceFactory(position=2)
    statement = stance.statement
    StanceFactory(statement=statement)
    actor, topic = stance.actor, stance.topic
    stance.delete()
    again = StanceFactory(statement=statement, actor=actor, topic=topic, position=-2)
    entries = desk.get(address(statement, "history")).context["entries"]
    second = sorted((e for e in entries if e.title and e.done == "made"), key=lambda entry: entry.record.pk)[1]
    restore(desk, second.restore_url)
    again.refresh_from_db()
    assert (again.position, statement.stances.count()) == (2, 2)


def test_a_restore_is_no_way_round_the_verbs(desk):
    coder = CoderFactory()
    statement = StanceFactory(statement__published=False, statement__coder=coder).statement
    send(desk, address(statement), summary="Second.")
    statement.submit(by=EditorFactory())
    statement.publish(by=EditorFactory())
    published_at, reviewer = statement.published_at, statement.reviewer
    restore(desk, restorable(desk, statement)[-2])  # before that it had no stance
    statement.refresh_from_db()
    assert statement.summary != "Second."
    assert (statement.status, statement.published_at) == (Status.PUBLISHED, published_at)
    assert (statement.coder, statement.reviewer) == (coder, reviewer)


def test_a_restored_address_leaves_the_later_one_behind(desk):
    actor = ActorFactory(slug="first")
    send(desk, address(actor), slug="second")
    restore(desk, restorable(desk, actor)[0])
    assert Actor.objects.get().slug == "first"
    assert FormerSlug.objects.get().slug == "second"


def test_what_a_rule_forbids_is_told_and_nothing_is_written(desk):
    government = GovernmentFactory(iso="AUS")
    send(desk, address(government), iso="", name="Other")
    GovernmentFactory(iso="AUS")
    page = restore(desk, restorable(desk, government)[0])
    assert "Another government has this ISO code." in page.context["refused"][0]
    government.refresh_from_db()
    assert (government.iso, government.name) == ("", "Other")


def test_a_state_that_names_what_is_deleted_is_refused_by_its_name(desk):
    source = SourceFactory(title="Gone Herald")
    statement = StatementFactory(source=source)
    send(desk, address(statement), source=SourceFactory().pk)
    source.delete()
    page = restore(desk, restorable(desk, statement)[0])
    assert page.context["refused"] == ["Source: “Gone Herald” is deleted. Bring it back first."]


def test_a_statement_beyond_a_draft_is_not_left_without_a_stance(desk):
    statement = StatementFactory(published=True)
    StanceFactory(statement=statement)
    page = restore(desk, restorable(desk, statement)[-1])
    assert page.context["refused"] == ["Beyond a draft, a statement keeps at least one stance."]
    assert statement.stances.count() == 1


def test_what_changed_while_one_looked_is_looked_at_again(desk):
    statement = StatementFactory(summary="First.")
    send(desk, address(statement), summary="Second.")
    url = restorable(desk, statement)[0]
    opened = desk.get(url).context["opened"]
    send(desk, address(statement), summary="Third.")
    page = desk.post(url, {"opened": opened})
    assert "It was changed while you looked" in page.context["refused"][0]
    statement.refresh_from_db()
    assert statement.summary == "Third."


def test_affiliations_are_restored_with_their_actor(desk):
    held = AffiliationFactory(title="Minister")
    send(desk, address(held.actor), **{"affiliations-0-title": "Prime Minister"})
    restore(desk, restorable(desk, held.actor)[0])
    held.refresh_from_db()
    assert held.title == "Minister"


def test_only_who_may_change_a_row_may_restore_it(desk):
    coder = CoderFactory()
    own, others = StatementFactory(coder=coder), StatementFactory(coder=CoderFactory())
    for statement in (own, others):
        send(desk, address(statement), summary="Second.")
    client = signed_in(coder)
    assert restorable(client, others) == []
    url = restorable(desk, others)[0]
    assert client.get(url).status_code == client.post(url).status_code == 403
    restore(client, restorable(client, own)[0])
    own.refresh_from_db()
    assert own.summary != "Second."


@pytest.mark.parametrize("part", ["0/999999", "1/1", "9/1", f"0/{'9' * 30}"])
def test_a_state_that_never_was_is_not_found(desk, part):
    statement = StatementFactory()
    url = address(statement).replace("change/", f"restore/{part}/")
    assert desk.get(url).status_code == desk.post(url).status_code == 404


def test_the_state_of_another_row_is_not_found(desk):
    one, other = ActorFactory(), ActorFactory()
    record = Actor.history.filter(id=other.pk).first()
    assert desk.get(address(one).replace("change/", f"restore/0/{record.pk}/")).status_code == 404


@pytest.mark.once
def test_a_restore_of_many_stances_is_shown_without_asking_for_each(desk):
    counts = []
    for number in (3, 30):
        statement = StatementFactory()
        stances = StanceFactory.create_batch(number, statement=statement)
        for stance in stances:
            stance.position = -2
            stance.save()
        send(desk, address(statement), summary="Second.")
        entries = desk.get(address(statement, "history") + "?p=all").context["entries"]
        url = next(e.restore_url for e in entries if e.restore_url)
        counts.append(queries(desk, url))
    assert counts[0] == counts[1]


# ---- the bin ----


def test_a_deleted_draft_comes_back_with_its_key_and_its_stances(desk):
    statement = StanceFactory(statement__published=False, statement__key="herald-1").statement
    StanceFactory(statement=statement, position=-1)
    before, pk = values(statement), statement.pk
    desk.post(address(statement, "delete"), {"post": "yes"})
    (entry,) = desk.get(address(Statement, "deleted")).context["entries"]
    assert (entry["by"], entry["what"]) == ("eda", ["herald-1", statement.summary])
    bring_back(desk, Statement)
    back = Statement.objects.get(pk=pk)
    assert (back.key, back.status, values(back)) == ("herald-1", Status.DRAFT, before)
    assert desk.get(address(Statement, "deleted")).context["entries"] == []
    assert back.history.first().history_change_reason == "brought back"


def test_a_stance_that_was_deleted_before_its_statement_stays_deleted(desk):
    statement = StanceFactory(statement__published=False).statement
    StanceFactory(statement=statement, topic__rank=5)
    send(desk, address(statement), **{"stances-0-DELETE": "on"})
    before = values(statement)
    desk.post(address(statement, "delete"), {"post": "yes"})
    bring_back(desk, Statement)
    assert values(Statement.objects.get()) == before


def test_a_submitted_statement_comes_back_as_a_draft(desk):
    statement = StanceFactory(statement__published=False, statement__status=Status.SUBMITTED).statement
    act(desk, Statement, "delete_selected", [statement], post="yes")
    bring_back(desk, Statement)
    assert Statement.objects.get().status == Status.DRAFT


def test_what_came_back_can_be_deleted_and_come_back_again(desk):
    statement = StanceFactory(statement__published=False).statement
    address_of_deletion = address(statement, "delete")
    for _ in range(2):
        desk.post(address_of_deletion, {"post": "yes"})
        bring_back(desk, Statement)
    assert Stance.objects.get().statement == Statement.objects.get()
    assert send(desk, address(Statement.objects.get()), summary="Second.").redirect_chain


def test_the_next_statement_of_its_source_gets_another_key(desk):
    source = SourceFactory(slug="herald")
    StatementFactory(source=source).delete()
    bring_back(desk, Statement)
    assert StatementFactory(source=source).key == "herald-2"


def test_what_it_rests_on_must_come_back_first(desk):
    source = SourceFactory(title="Gone Herald")
    StatementFactory(source=source).delete()
    source.delete()
    page = bring_back(desk, Statement)
    assert page.context["refused"] == ["Source: “Gone Herald” is deleted. Bring it back first."]
    bring_back(desk, Source)
    bring_back(desk, Statement)
    assert Statement.objects.get().source.title == "Gone Herald"


def test_a_stance_that_rests_on_nothing_is_told_and_nothing_comes_back(desk):
    stance = StanceFactory(statement__published=False, topic__name="Singing")
    stance.statement.delete()
    stance.topic.delete()
    page = bring_back(desk, Statement)
    assert page.context["refused"] == ["Topic: “Singing” is deleted. Bring it back first."]
    assert not Statement.objects.exists()


def test_an_address_that_another_has_taken_is_told(desk):
    ActorFactory(slug="taken").delete()
    ActorFactory(slug="taken")
    page = bring_back(desk, Actor)
    assert "Another one already has this address." in page.context["refused"][0]


def test_former_addresses_lead_to_what_came_back(desk):
    actor = ActorFactory(slug="first")
    actor.slug = "second"
    actor.save()
    actor.delete()
    bring_back(desk, Actor)
    assert FormerSlug.objects.get().target == Actor.objects.get()


@pytest.mark.parametrize("factory", [ActorFactory, TopicFactory, SourceFactory, AffiliationFactory])
def test_the_other_curated_rows_come_back_too(desk, factory):
    row = factory()
    model, pk = type(row), row.pk
    before = model.objects.filter(pk=pk).values().get()
    row.delete()
    page = bring_back(desk, model)
    assert messages(page)[0].startswith("It is back")
    assert model.objects.filter(pk=pk).values().get() == before


def test_coders_find_their_own_drafts_alone():
    coder, other = CoderFactory(), CoderFactory()
    own = StatementFactory(coder=coder, summary="Own.")
    theirs = StatementFactory(coder=other, summary="Theirs.")
    record = None
    for statement in (own, theirs):
        statement.delete()
        record = Statement.history.filter(key=statement.key, history_type="-").get()
    client = signed_in(coder)
    page = client.get(address(Statement, "deleted"))
    assert [entry["what"][1] for entry in page.context["entries"]] == ["Own."]
    page = client.post(address(Statement, "deleted"), {"record": record.pk})
    assert "not here any more" in page.context["refused"][0]
    bring_back(client, Statement)
    assert Statement.objects.get().coder == coder


@pytest.mark.parametrize("model", [Actor, Source, Topic, Affiliation, Stance])
def test_coders_have_no_other_bin(model):
    client, url = signed_in(CoderFactory()), address(model, "deleted")
    assert client.get(url).status_code == client.post(url).status_code == 403


@pytest.mark.parametrize("record", ["", "x", "0", "9" * 30, "\x00"])
def test_a_senseless_record_brings_back_nothing(desk, record):
    assert desk.post(address(Statement, "deleted"), {"record": record}).status_code == 200


def test_the_list_leads_to_the_bin_of_who_may_use_it(desk):
    assert desk.get(address(Actor, "changelist")).context["bin_url"] == address(Actor, "deleted")
    assert signed_in(CoderFactory()).get(address(Actor, "changelist")).context["bin_url"] == ""
    names = {name for name, _ in desk.get(address(Actor, "deleted")).context["bins"]}
    assert names == {"actors", "affiliations", "sources", "statements", "topics"}


@pytest.mark.once
def test_a_long_bin_asks_no_more(desk):
    for row in AffiliationFactory.create_batch(3):
        row.delete()
    few = queries(desk, address(Affiliation, "deleted"))
    for row in AffiliationFactory.create_batch(60):
        row.delete()
    assert queries(desk, address(Affiliation, "deleted")) == few
    assert len(desk.get(address(Affiliation, "deleted") + "?p=2").context["entries"]) == 13


def test_a_form_that_was_open_while_its_row_was_deleted_and_came_back_is_saved(desk):
    draft = StatementFactory()
    url, sent = address(draft), as_sent(desk.get(address(draft)), summary="Second.")
    draft.delete()
    bring_back(desk, Statement)
    desk.post(url, sent)
    assert Statement.objects.get().summary == "Second."


# ---- what was merged since ----


def test_a_state_that_names_what_was_merged_since_names_what_it_was_merged_into(desk):
    old, middle, new = SourceFactory(), SourceFactory(), SourceFactory()
    statement = StatementFactory(source=old, summary="First.")
    send(desk, address(statement), summary="Second.")
    for one, other in ((old, middle), (middle, new)):
        merge(one, other, by=EditorFactory())
    restore(desk, restorable(desk, statement)[-1])
    statement.refresh_from_db()
    assert (statement.summary, statement.source) == ("First.", new)


def test_stances_that_a_merge_made_one_come_back_as_one(desk):
    stance = StanceFactory(statement__published=False)
    statement, twin = stance.statement, StanceFactory(statement=stance.statement, actor=stance.actor)
    send(desk, address(statement), summary="Second.")
    merge(twin.topic, stance.topic, by=EditorFactory())
    restore(desk, restorable(desk, statement)[-1])
    restore(desk, restorable(desk, statement)[1])
    assert values(statement) == [(stance.actor_id, stance.topic_id, 2, "")]


def test_a_row_that_took_over_what_it_stood_under_stays_where_it_is(desk):
    upper = TopicFactory()
    topic = TopicFactory(parent=upper, name="First")
    send(desk, address(topic), name="Second")
    merge(upper, topic, by=EditorFactory())
    restore(desk, restorable(desk, topic)[-1])
    topic.refresh_from_db()
    assert (topic.name, topic.parent) == ("First", None)


def test_a_deleted_draft_comes_back_with_what_its_speaker_and_topics_were_merged_into(desk):
    stance = StanceFactory(statement__published=False)
    statement, speaker, topic = stance.statement, PersonFactory(), TopicFactory()
    statement.delete()
    merge(stance.topic, topic, by=EditorFactory())
    merge(statement.speaker, speaker, by=EditorFactory())
    bring_back(desk, Statement)
    statement = Statement.objects.get(key=statement.key)
    assert statement.speaker == speaker
    assert statement.stances.get().topic == topic


def test_what_was_merged_is_not_in_the_bin_and_what_was_deleted_is(desk):
    merged, deleted, target = TopicFactory(), TopicFactory(name="Deleted"), TopicFactory()
    change = merge(merged, target, by=EditorFactory())
    deleted.delete()
    assert [entry["what"] for entry in desk.get(address(Topic, "deleted")).context["entries"]] == [["Deleted"]]
    undo(change, by=EditorFactory())
    Topic.objects.get(slug=merged.slug).delete()
    assert len(desk.get(address(Topic, "deleted")).context["entries"]) == 2


def test_what_was_deleted_after_an_undone_merge_is_not_taken_for_the_other(desk):
    topic, other = TopicFactory(), TopicFactory()
    statement = StanceFactory(statement__published=False, topic=topic).statement
    undo(merge(topic, other, by=EditorFactory()), by=EditorFactory())
    statement.delete()
    Topic.objects.get(slug=topic.slug).delete()
    page = bring_back(desk, Statement)
    assert f"“{topic.name}” is deleted. Bring it back first." in page.context["refused"][0]


# ---- parts that exchange what there may be once ----


@pytest.mark.parametrize("published", [True, False])
def test_stances_that_exchanged_their_topics_are_exchanged_back(desk, published):
    actor, topics = GovernmentFactory(), TopicFactory.create_batch(3)
    statement = StatementFactory(published=published)
    stances = [StanceFactory(statement=statement, actor=actor, topic=topic) for topic in topics[:2]]
    StanceFactory(statement=statement, actor=actor, topic=TopicFactory(), position=0)
    before = values(statement), Position.objects.count()
    entry = Stance.history.latest("history_id")
    for stance, topic, position in zip([*stances, stances[0]], [topics[2], *topics[:2]], [-2, 0, -2], strict=True):
        stance.topic, stance.position = topic, position
        stance.save()
    restore(desk, address(statement).replace("change/", f"restore/1/{entry.pk}/"))
    assert (values(statement), Position.objects.count()) == before
    assert not differences()
    assert [stance.history.latest("history_id").history_type for stance in stances] == ["~", "~"]
    assert [stance.history.latest("history_id").topic_id for stance in stances] == [topic.pk for topic in topics[:2]]


def test_a_state_that_would_hold_two_stances_of_one_kind_is_refused(desk):
    stance = StanceFactory(statement__published=False, position=2)
    statement = stance.statement
    other = StanceFactory(statement=statement, actor=stance.actor, position=-2)
    entry = Stance.history.latest("history_id")
    send(desk, address(statement), **{"stances-0-position": "0", "stances-1-position": "0"})
    merge(other.topic, stance.topic, by=EditorFactory())
    page = restore(desk, address(statement).replace("change/", f"restore/1/{entry.pk}/"))
    assert "has a stance of this actor on this topic already" in page.context["refused"][0]
