"""Merging at the desk: choosing the other, looking ahead, merging, undoing; and the addresses left behind."""

from __future__ import annotations

import pytest
from django.urls import reverse

from stances.changes import find
from stances.models import Actor, Source, Stance, Topic, resolve
from tests.desk import act, address, messages, queries, send, signed_in
from tests.factories import (
    ActorFactory,
    AdministratorFactory,
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

FACTORIES = {Actor: ActorFactory, Topic: TopicFactory, Source: SourceFactory}
each_kind = pytest.mark.parametrize("make", FACTORIES.values(), ids=[m._meta.model_name for m in FACTORIES])
CHANGES = reverse("admin:stances_changes")


@pytest.fixture
def desk():
    return signed_in(EditorFactory(username="eda"))


def preview(client, source, target):
    return client.get(address(source, "merge"), {"into": target.pk})


def merge(client, source, target):
    return client.post(address(source, "merge"), {"into": target.pk}, follow=True)


def change_page(row):
    """Give the page of the newest change of many rows in a row's history."""
    model = type(row)
    record = model.history.filter(id=row.pk, history_change_reason__startswith="merged").first()
    return reverse("admin:stances_changes_one", args=[model._meta.model_name, record.pk])


# ---- who ----


@each_kind
@pytest.mark.parametrize("by", [EditorFactory, AdministratorFactory])
def test_who_may_merges_and_undoes(make, by):
    client, source, target = signed_in(by()), make(slug="old"), make()
    assert preview(client, source, target).status_code == 200
    merge(client, source, target)
    assert resolve(make._meta.model, ["old"]) == {"old": target}
    assert client.post(change_page(target), follow=True).status_code == 200
    assert make._meta.model.objects.get(slug="old").pk == source.pk


@each_kind
def test_a_coder_does_not(make):
    client, source, target = signed_in(CoderFactory()), make(), make()
    assert preview(client, source, target).status_code == 403
    assert merge(client, source, target).status_code == 403
    assert "Merge into another" not in client.get(address(source)).content.decode()
    act(client, make._meta.model, "merge_selected", [source, target])
    source.merge_into(target)
    assert client.get(change_page(target)).status_code == 403
    assert client.post(change_page(target)).status_code == 403
    assert make._meta.model.objects.count() == 1


@pytest.mark.parametrize("user", [None, UserFactory])
def test_nobody_outside_the_desk_sees_the_pages(client, user):
    source, target = ActorFactory(), ActorFactory()
    if user:
        client = signed_in(user())
    assert preview(client, source, target).status_code == 302
    assert client.get(CHANGES).status_code == 302
    source.merge_into(target)
    assert client.get(change_page(target)).status_code == 302


# ---- choosing ----


@each_kind
def test_the_change_page_leads_to_the_merge(desk, make):
    row = make()
    assert address(row, "merge") in desk.get(address(row)).content.decode()
    assert desk.get(address(row, "merge")).status_code == 200


@each_kind
def test_two_selected_rows_lead_to_the_preview_of_the_newer_into_the_older(desk, make):
    older, newer = make(), make()
    page = act(desk, make._meta.model, "merge_selected", [newer, older])
    assert (page.context["row"], page.context["target"]) == (newer, older)
    assert preview(desk, newer, older).context["other_way"] == f"{address(older, 'merge')}?into={newer.pk}"


@pytest.mark.parametrize("count", [1, 3])
def test_one_or_three_selected_rows_are_too_few_or_too_many(desk, count):
    page = act(desk, Actor, "merge_selected", ActorFactory.create_batch(count))
    assert messages(page) == ["Choose two rows to merge, no more and no less."]


def test_the_other_is_found_by_its_address_too(desk):
    source, target = ActorFactory(), ActorFactory(slug="the-one")
    assert desk.get(address(source, "merge"), {"address": "the-one"}).context["target"] == target


@pytest.mark.parametrize(
    "sent", [{"into": "9" * 30}, {"into": "nonsense"}, {"into": ""}, {"address": "nothing"}, {"address": "\u00fc"}]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_names_no_other_row_is_told(desk, method, sent):
    page = getattr(desk, method)(address(ActorFactory(), "merge"), sent)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert page.context["target"] is None


def test_a_nul_names_no_other_row(desk):
    source = ActorFactory()
    assert desk.post(address(source, "merge"), {"into": "1\x00", "address": "\x00"}).context["form"].errors


def test_a_row_is_not_merged_with_itself(desk):
    source = ActorFactory(slug="one")
    assert preview(desk, source, source).context["form"].errors
    assert desk.get(address(source, "merge"), {"address": "one"}).context["form"].errors


def test_a_row_that_is_gone_leads_to_the_first_page(desk):
    url = reverse("admin:stances_actor_merge", args=[999999])
    assert "doesn’t exist" in messages(desk.get(url, follow=True))[0]


# ---- looking ahead ----


def test_the_preview_names_every_kind_of_row_that_moves(desk):
    source, target = GovernmentFactory(slug="old", name="Old", aliases="Older"), GovernmentFactory()
    StanceFactory(actor=source)
    StatementFactory(speaker=source)
    AffiliationFactory(of=source)
    AffiliationFactory(actor=source)
    SourceFactory(publisher=source)
    TopicFactory(group=source)
    TopicFactory(candidate=source)
    page = preview(desk, source, target)
    assert {label: count for label, count, _, _ in page.context["moving"]} == {
        "stances": 1,
        "statements as speaker": 1,
        "who belongs to it": 1,
        "what it belongs to": 1,
        "sources that it published": 1,
        "topics that concern it as a group": 1,
        "topics that name it as candidate": 1,
    }
    assert page.context["preview"].aliases == ["Old", "Older"]
    assert page.context["preview"].addresses == ["old"]
    assert Actor.objects.filter(slug="old").exists()


def test_stances_that_would_meet_are_told_apart(desk):
    alike, differing = StanceFactory(position=2), StanceFactory(position=2)
    target = alike.actor
    Stance.objects.filter(pk=differing.pk).update(actor=target)
    source = StanceFactory(statement=alike.statement, topic=alike.topic, position=2).actor
    page = preview(desk, source, target)
    assert [meeting[:2] for meeting in page.context["meeting"]] == [("one of the two stays", 1)]
    StanceFactory(statement=differing.statement, topic=differing.topic, position=-2, actor=source)
    page = preview(desk, source, target)
    assert [meeting[1] for meeting in page.context["meeting"]] == [1, 1]
    assert 'value="Merge"' not in page.content.decode()
    assert address(differing.statement) in page.content.decode()


def test_what_a_rule_forbids_is_told_and_nothing_is_done(desk):
    tie = AffiliationFactory()
    assert "ties the two to each other" in preview(desk, tie.actor, tie.of).content.decode()
    page = merge(desk, tie.actor, tie.of)
    assert "not affiliated to itself" in messages(page)[0]
    assert Actor.objects.filter(pk=tie.actor_id).exists()


def test_two_kinds_of_actors_are_pointed_out(desk):
    page = preview(desk, ActorFactory(), GovernmentFactory())
    assert "of the kind government" in page.content.decode()


def rest_on(actor, count):
    for _ in range(count):
        StanceFactory(actor=actor)
        AffiliationFactory(of=actor)
        SourceFactory(publisher=actor)
        StatementFactory(speaker=actor)


@pytest.mark.once
def test_a_preview_of_many_rows_asks_no_more(desk):
    target, few, many = ActorFactory(), ActorFactory(), ActorFactory()
    rest_on(few, 1)
    rest_on(many, 5)
    urls = [f"{address(row, 'merge')}?into={target.pk}" for row in (few, many)]
    assert queries(desk, urls[0]) == queries(desk, urls[1])


def test_a_preview_lists_the_first_rows_and_counts_the_rest(desk, monkeypatch):
    monkeypatch.setattr("stances.merge_preview.LISTED", 2)
    source = ActorFactory()
    AffiliationFactory.create_batch(3, of=source)
    [(_, count, rows, more)] = preview(desk, source, ActorFactory()).context["moving"]
    assert (count, len(rows), more) == (3, 2, 1)


# ---- undoing ----


def test_a_merge_is_undone_from_the_history_of_its_target(desk):
    stance, target = StanceFactory(), GovernmentFactory()
    source = stance.actor
    merge(desk, source, target)
    history = desk.get(address(target, "history")).content.decode()
    assert change_page(target) in history
    page = desk.get(change_page(target))
    assert [row for row, _ in page.context["merge"].back] == [stance]
    page = desk.post(change_page(target), follow=True)
    assert messages(page)[0].startswith("Merge undone: merged")
    stance.refresh_from_db()
    assert stance.actor == source
    assert stance.history.first().history_user.username == "eda"


def test_what_was_changed_since_is_told_before(desk):
    stance, target = StanceFactory(), GovernmentFactory()
    merge(desk, stance.actor, target)
    send(desk, address(stance), condition="on one condition")
    page = desk.get(change_page(target))
    assert [(row, why) for row, why in page.context["merge"].left] == [(stance, "changed since")]
    assert "changed since" in page.content.decode()


def test_a_merge_is_undone_once(desk):
    source, target = ActorFactory(), ActorFactory()
    merge(desk, source, target)
    desk.post(change_page(target))
    page = desk.get(change_page(target))
    assert "this merge was undone" in page.content.decode()
    assert "this merge was undone" in messages(desk.post(change_page(target), follow=True))[0]


def test_changes_of_many_rows_are_listed_with_who_and_how_many(desk):
    stance, target = StanceFactory(), GovernmentFactory()
    merge(desk, stance.actor, target)
    [change] = desk.get(CHANGES).context["changes"]
    assert (str(change["change"].by), change["count"], change["undone"]) == ("eda", 3, None)
    assert desk.get(change["url"]).status_code == 200
    desk.post(change["url"])
    [change] = desk.get(CHANGES).context["changes"]
    assert change["undone"].user.username == "eda"


@pytest.mark.once
def test_a_longer_list_of_changes_asks_no_more(desk):
    editor = EditorFactory()
    for number in range(2):
        ActorFactory().merge_into(ActorFactory(), by=editor)
        StanceFactory().topic.merge_into(TopicFactory(), by=editor)
        if number == 0:
            first = queries(desk, CHANGES)
    assert queries(desk, CHANGES) == first


@pytest.mark.once
def test_undoing_many_rows_is_looked_up_with_no_more_queries(desk):
    pages = []
    for count in (1, 5):
        source, target = GovernmentFactory(), GovernmentFactory()
        rest_on(source, count)
        source.merge_into(target)
        pages.append(queries(desk, change_page(target)))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("kind", ["actor", "user", "nonsense"])
@pytest.mark.parametrize("record", [0, 999999, 10**25])
def test_a_change_that_is_none_is_not_found(desk, kind, record):
    assert desk.get(f"{CHANGES}{kind}/{record}/").status_code == 404


def test_an_entry_of_another_kind_is_no_change(desk):
    actor = ActorFactory()
    assert find(Actor, actor.history.first().pk) is None
    assert desk.post(reverse("admin:stances_changes_one", args=["actor", actor.history.first().pk])).status_code == 404


def test_a_reason_that_somebody_typed_undoes_nothing(desk):
    actor, other = ActorFactory(slug="one"), ActorFactory(slug="two")
    other._change_reason = "merged one into two (7)"  # which no form of the desk takes
    other.save()
    page = desk.post(change_page(other), follow=True)
    assert "does not tell which row was merged" in messages(page)[0]
    assert Actor.objects.filter(pk=actor.pk).exists()


# ---- addresses ----


@each_kind
def test_former_addresses_are_shown_and_what_a_new_one_does(desk, make):
    row = make(slug="first")
    row.slug = "second"
    row.save()
    page = desk.get(address(row))
    assert (
        page.context["adminform"]
        .form.fields["slug"]
        .help_text.startswith("The address of its page. Another address leaves “second” behind")
    )
    assert "first" in page.content.decode().split("field-former_addresses")[1][:600]
    assert desk.get(address(make._meta.model, "add")).status_code == 200
