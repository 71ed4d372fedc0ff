"""Recoding many stances as one change, and reverting it as one: the verbs, and the pages of the desk."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from stances import positions
from stances.models import Position, PublicVersion, Stance, Statement
from stances.recoding import OF_ANOTHER, plan_recode, plan_revert, recode, revert
from stances.vocabulary import WORDS, Status
from tests.desk import address, messages, queries, send, signed_in
from tests.factories import (
    AdministratorFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

CHANGES = reverse("admin:stances_changes")


@pytest.fixture
def editor():
    return EditorFactory(username="eda")


@pytest.fixture
def desk(editor):
    return signed_in(editor)


def everything():
    return list(Stance.objects.order_by("pk").values())


def again(stance):
    return Stance.objects.get(pk=stance.pk)


# ---- the verb ----


@pytest.mark.parametrize(
    "values",
    [
        {"position": -1, "terms": "time"},
        {"attribution": "reported"},
        {"condition": "in a year"},
        {"position": 0, "terms": "", "attribution": "reported", "condition": "x"},
    ],
    ids=str,
)
def test_every_stance_gets_the_values_and_positions_follow(editor, values):
    stances = StanceFactory.create_batch(3, position=2)
    recode(Stance.objects.all(), values, name="a trial", by=editor)
    for stance in stances:
        assert {name: getattr(again(stance), name) for name in values} == values
    assert positions.differences() == []


@pytest.mark.parametrize(("field", "make"), [("topic", TopicFactory), ("actor", GovernmentFactory)])
def test_stances_move_to_another_series(editor, field, make):
    stances, new = StanceFactory.create_batch(2), make()
    recode(Stance.objects.all(), {field: new}, name="a trial", by=editor)
    assert all(getattr(again(stance), field) == new for stance in stances)
    assert {getattr(position, field) for position in Position.objects.all()} == {new}
    assert positions.differences() == []


def test_the_history_of_each_stance_tells_the_name_and_who(editor):
    stances = StanceFactory.create_batch(2)
    recode(Stance.objects.all(), {"condition": "x"}, name="  words   mended ", by=editor)
    entries = [stance.history.first() for stance in stances]
    [reason] = {entry.history_change_reason for entry in entries}
    assert reason == f"recode {PublicVersion.objects.current()}: words mended"
    assert {(entry.history_user, entry.history_type) for entry in entries} == {(editor, "~")}
    assert [stance.history.count() for stance in stances] == [2, 2]


def test_a_stance_that_stands_so_already_gets_no_entry(editor):
    same, other = StanceFactory(condition="x"), StanceFactory()
    plan = plan_recode(Stance.objects.all(), {"condition": "x"}, by=editor)
    assert (len(plan.rows), plan.unchanged) == (1, 1)
    recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=editor)
    assert (same.history.count(), other.history.count()) == (1, 2)


def test_stances_of_retracted_statements_stay_as_they_were(editor):
    gone = StanceFactory(statement__status=Status.RETRACTED)
    StanceFactory()
    assert plan_recode(Stance.objects.all(), {"condition": "x"}, by=editor).retracted == 1
    recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=editor)
    assert again(gone).condition == ""


@pytest.mark.parametrize(
    ("values", "made", "words"),
    [
        ({"position": 1, "terms": ""}, {}, "Positions \\+1 and -1 have terms"),
        ({"position": 7, "terms": ""}, {}, "not a valid choice"),
        ({"basis": "implied"}, {}, "needs its rationale"),
        ({"basis": "implied"}, {"rationale": "so", "statement__form": "act"}, "A deed is explicit"),
        ({"condition": "x" * 301}, {}, "at most 300"),
        ({"statement": 1}, {}, "Choose what to set"),
        ({}, {}, "Choose what to set"),
    ],
)
def test_a_broken_rule_stops_all(editor, values, made, words):
    StanceFactory(rationale="They say so.")
    StanceFactory(**made)
    before = everything()
    with pytest.raises(ValidationError, match=words):
        recode(Stance.objects.all(), values, name="a trial", by=editor)
    assert everything() == before


def test_a_statement_keeps_one_stance_of_an_actor_on_a_topic(editor):
    one = StanceFactory()
    two = StanceFactory(statement=one.statement, actor=one.actor)
    with pytest.raises(ValidationError, match=f"Statement {one.statement.key} would have 2 stances"):
        recode(Stance.objects.filter(pk=two.pk), {"topic": one.topic}, name="a trial", by=editor)
    with pytest.raises(ValidationError, match="would have 2 stances"):
        recode(Stance.objects.all(), {"topic": TopicFactory()}, name="a trial", by=editor)


def test_a_change_needs_a_name_and_something_to_change(editor):
    StanceFactory(condition="x")
    with pytest.raises(ValidationError, match="Give the change a name"):
        recode(Stance.objects.all(), {"condition": "y"}, name="  ", by=editor)
    with pytest.raises(ValidationError, match="No stance would change"):
        recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=editor)


def test_too_many_stances_are_refused(editor, monkeypatch):
    monkeypatch.setattr("stances.recoding.MOST", 2)
    StanceFactory.create_batch(3)
    with pytest.raises(ValidationError, match="At most 2 stances"):
        recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=editor)


def test_what_was_looked_at_is_what_is_done(editor):
    stance = StanceFactory()
    expected = plan_recode(Stance.objects.all(), {"condition": "x"}, by=editor).fingerprint
    stance.rationale = "Mended."
    stance.save()
    with pytest.raises(ValidationError, match="look again"):
        recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=editor, expected=expected)


@pytest.mark.once
def test_more_stances_ask_no_more(editor):
    asked, topic = [], TopicFactory()
    for count in (1, 2, 20):  # the first learns what the others know: the user's permissions, kinds of content
        stances = StanceFactory.create_batch(count)
        rows = Stance.objects.filter(pk__in=[stance.pk for stance in stances])
        with CaptureQueriesContext(connection) as caught:
            plan_recode(rows, {"topic": topic, "basis": "explicit"}, by=editor)
        with CaptureQueriesContext(connection) as written:
            change = recode(rows, {"condition": f"{count}"}, name="a trial", by=editor)
        with CaptureQueriesContext(connection) as reverting:
            plan_revert(change, by=editor)
        asked.append((len(caught), len(written), len(reverting)))
    assert asked[1] == asked[2]


# ---- whose ----


def test_a_coder_recodes_own_drafts_alone():
    coder = CoderFactory()
    own = StanceFactory(statement__published=False, statement__coder=coder)
    others = [
        StanceFactory(statement__published=False, statement__coder=CoderFactory()),
        StanceFactory(statement__published=False),
        StanceFactory(statement__coder=coder),
        StanceFactory(statement__status=Status.SUBMITTED, statement__coder=coder),
    ]
    assert plan_recode(Stance.objects.all(), {"condition": "x"}, by=coder).others == len(others)
    change = recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=coder)
    assert list(Stance.objects.filter(condition="x")) == [own]
    Statement.objects.filter(pk=own.statement_id).update(status=Status.SUBMITTED)
    assert [why for _, why in plan_revert(change, by=coder).left] == ["it is not yours to change"]
    revert(change, by=EditorFactory())
    assert again(own).condition == ""


def test_a_user_without_a_role_recodes_nothing():
    user = UserFactory()
    StanceFactory(statement__published=False, statement__coder=user)
    with pytest.raises(ValidationError, match="No stance would change"):
        recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=user)


def test_drafts_follow_too_and_stay_unseen(editor):
    StanceFactory(statement__published=False)
    recode(Stance.objects.all(), {"position": -2, "terms": ""}, name="a trial", by=editor)
    assert not Position.objects.exists()


# ---- reverting ----


SIDES = st.sampled_from(list(WORDS))
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "topic": st.integers(0, 2),
        "actor": st.integers(0, 2),
        "side": SIDES,
        "attribution": st.sampled_from(["own", "reported"]),
        "condition": st.sampled_from(["", "in a year"]),
    },
)


@settings(max_examples=settings.default.max_examples // 4)
@given(
    world=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), SIDES), max_size=8),
    values=VALUES,
)
def test_a_recode_and_its_revert_leave_everything_as_it_was(world, values):
    editor = EditorFactory()
    topics, actors = TopicFactory.create_batch(3), GovernmentFactory.create_batch(3)
    statements = [StatementFactory(published=n < 2, date=f"2024-01-0{n + 1}") for n in range(3)]
    for (statement, actor, topic), side in {row[:3]: row[3] for row in world}.items():
        place = {"statement": statements[statement], "actor": actors[actor], "topic": topics[topic]}
        StanceFactory(**place, position=side[0], terms=side[1])
    values = dict(values)
    if "side" in values:
        values["position"], values["terms"] = values.pop("side")
    values |= {name: rows[values[name]] for name, rows in (("topic", topics), ("actor", actors)) if name in values}
    rows, before = Stance.objects.filter(statement__in=statements), everything()
    try:
        change = recode(rows, values, name="any", by=editor)
    except ValidationError:
        assert everything() == before
        return
    assert positions.differences() == []
    assert all(getattr(stance, name) == value for stance in rows for name, value in values.items())
    revert(change, by=editor)
    assert everything() == before
    assert positions.differences() == []


def test_what_was_changed_since_is_left(editor):
    kept, edited, withdrawn, dropped = StanceFactory.create_batch(4)
    StanceFactory(statement=dropped.statement)
    change = recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=editor)
    edited.refresh_from_db()
    edited.rationale = "Mended."
    edited.save()
    withdrawn.statement.retract(by=editor, reason="It was wrong.")
    again(dropped).delete()
    plan = plan_revert(change, by=editor)
    assert {str(row): why for row, why in plan.left} == {
        str(edited): "changed since",
        str(withdrawn): "its statement was retracted",
        f"stance {dropped.pk}": "deleted since",
    }
    revert(change, by=editor)
    assert [again(stance).condition for stance in (kept, edited, withdrawn)] == ["", "x", "x"]
    assert kept.history.first().history_change_reason.endswith("reverted: a trial")
    assert positions.differences() == []


def test_a_topic_that_was_merged_since_is_followed(editor):
    stance, other = StanceFactory(), TopicFactory()
    old = stance.topic
    change = recode(Stance.objects.all(), {"topic": other}, name="a trial", by=editor)
    heir = TopicFactory()
    old.merge_into(heir)
    revert(change, by=editor)
    assert again(stance).topic == heir


def test_a_topic_that_is_gone_leaves_its_stances(editor):
    stance = StanceFactory()
    old = stance.topic
    change = recode(Stance.objects.all(), {"topic": TopicFactory()}, name="a trial", by=editor)
    old.delete()
    assert [row for row, _ in plan_revert(change, by=editor).left] == [stance]
    with pytest.raises(ValidationError, match="No stance would change"):
        revert(change, by=editor)


def test_a_recode_is_reverted_once(editor):
    StanceFactory()
    change = recode(Stance.objects.all(), {"condition": "x"}, name="a trial", by=editor)
    revert(change, by=editor)
    with pytest.raises(ValidationError, match="No stance would change"):
        revert(change, by=editor)


# ---- the pages ----


def ask(client, stances, query="", **more):
    """Send the action with some stances, as its pages do."""
    data = {"action": "recode_selected", "_selected_action": [stance.pk for stance in stances], **more}
    return client.post(address(Stance, "changelist") + query, data, follow=True)


def choices(**values):
    return {f"set-{name}": value for name, value in {"name": "a trial", **values}.items()}


def apply(client, stances, query="", across="0", **values):
    """Choose, look, and apply what was looked at."""
    sent = {**choices(**values), "select_across": across}
    page = ask(client, stances, query, **sent, preview="1")
    expected = page.context["plan"].fingerprint
    return ask(client, stances, query, **sent, apply="1", expected=expected)


def test_the_action_asks_what_to_set(desk):
    page = ask(desk, [StanceFactory()])
    assert page.context["plan"] is None
    assert not page.context["form"].errors
    assert "Show what would change" in page.content.decode()


def test_the_preview_shows_before_and_after_and_writes_nothing(desk):
    stance, same = StanceFactory(position=2), StanceFactory(position=-1, terms="time")
    topic = TopicFactory(name="Elsewhere")
    same.topic = topic
    same.save()
    before = everything()
    page = ask(desk, [stance, same], **choices(position="-1 time", topic=topic.pk), preview="1")
    [(row, changes)] = page.context["rows"]
    assert (row, page.context["plan"].unchanged) == (stance, 1)
    assert [label for label, _, _ in changes] == ["Position", "Topic"]
    assert "not now" in changes[0][2]
    assert changes[1][1:] == (stance.topic, topic)
    assert everything() == before


def test_a_selection_is_recoded(desk):
    chosen, other = StanceFactory(), StanceFactory()
    page = apply(desk, [chosen], attribution="reported")
    assert "1 stance changed" in messages(page)[0]
    assert (again(chosen).attribution, again(other).attribution) == ("reported", "own")


def test_all_rows_of_a_filter_are_recoded_across_pages(desk):
    stances = StanceFactory.create_batch(60, position=2)
    other = StanceFactory(position=-2)
    apply(desk, stances[:1], "?position__exact=2", across="1", condition="x")
    assert Stance.objects.filter(condition="x").count() == 60
    assert again(other).condition == ""


def test_a_condition_is_emptied(desk):
    stance = StanceFactory(condition="x")
    apply(desk, [stance], no_condition="on")
    assert again(stance).condition == ""


def test_a_broken_rule_is_told_and_offers_no_way_on(desk):
    stance = StanceFactory()
    page = ask(desk, [stance], **choices(basis="implied"), preview="1")
    assert "needs its rationale" in page.content.decode()
    assert 'name="apply"' not in page.content.decode()
    page = ask(desk, [stance], **choices(basis="implied"), apply="1", expected=page.context["plan"].fingerprint)
    assert "needs its rationale" in messages(page)[0]
    assert again(stance).basis == "explicit"


@pytest.mark.parametrize("expected", ["", "nonsense"])
def test_nothing_is_applied_unseen(desk, expected):
    stance = StanceFactory()
    page = ask(desk, [stance], **choices(condition="x"), apply="1", expected=expected)
    assert "look again" in messages(page)[0]
    assert again(stance).condition == ""


@pytest.mark.parametrize(
    "sent",
    [
        {"name": ""},
        {"name": "x" * 81, "condition": "x"},
        {},
        {"topic": "9" * 30},
        {"actor": "nonsense"},
        {"actor": "1\x00"},
        {"position": "1"},
        {"position": "7"},
        {"attribution": "mine"},
        {"basis": "\x00"},
        {"condition": "\x00"},
        {"condition": "x" * 301},
        {"condition": "x", "no_condition": "on"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told_at_its_field(desk, sent):
    stance = StanceFactory()
    for button in ("preview", "apply"):
        page = ask(desk, [stance], **choices(**sent), **{button: "1"})
        assert page.status_code == 200
        assert page.context["form"].errors
    assert stance.history.count() == 1


def test_one_goes_back_to_the_choices_with_what_was_chosen(desk):
    page = ask(desk, [StanceFactory()], **choices(condition="in a year"), again="1")
    assert page.context["plan"] is None
    assert 'value="in a year"' in page.content.decode()


@pytest.mark.parametrize(("make", "may"), [(EditorFactory, True), (AdministratorFactory, True), (CoderFactory, False)])
def test_who_may_recode_what_is_published(make, may):
    client, stance = signed_in(make()), StanceFactory()
    apply(client, [stance], condition="x")
    assert (again(stance).condition == "x") is may


def test_a_recode_is_listed_and_reverted_from_its_page(desk):
    stances = StanceFactory.create_batch(2)
    apply(desk, stances, condition="x")
    [listed] = desk.get(CHANGES).context["changes"]
    assert listed["name"].endswith(": a trial")
    assert (listed["count"], str(listed["change"].by)) == (2, "eda")
    page = desk.get(listed["url"])
    assert [changes for _, changes in page.context["rows"]] == [[("Condition", "x", "empty")]] * 2
    page = desk.post(listed["url"], {"expected": page.context["plan"].fingerprint}, follow=True)
    assert "reverted: a trial" in messages(page)[0]
    assert not Stance.objects.filter(condition="x").exists()
    [listed] = page.context["changes"]
    assert str(listed["undone"].user) == "eda"


def test_a_revert_that_was_not_looked_at_is_refused(desk):
    stance = StanceFactory()
    apply(desk, [stance], condition="x")
    [listed] = desk.get(CHANGES).context["changes"]
    assert "look again" in messages(desk.post(listed["url"], follow=True))[0]
    assert again(stance).condition == "x"


def test_a_revert_tells_what_is_left(desk):
    stance = StanceFactory()
    apply(desk, [stance], condition="x")
    send(desk, address(stance), rationale="Mended.")
    [listed] = desk.get(CHANGES).context["changes"]
    page = desk.get(listed["url"])
    assert "changed since" in page.content.decode()
    assert 'value="Revert it"' not in page.content.decode()


def test_the_history_of_a_stance_leads_to_its_recode(desk):
    stance = StanceFactory()
    apply(desk, [stance], condition="x")
    [listed] = desk.get(CHANGES).context["changes"]
    assert listed["url"] in desk.get(address(stance, "history")).content.decode()
    assert listed["url"] in desk.get(address(stance.statement, "history")).content.decode()


def test_a_coder_reverts_a_recode_of_own_drafts():
    coder = CoderFactory()
    own = StanceFactory(statement__published=False, statement__coder=coder)
    client = signed_in(coder)
    apply(client, [own], condition="x")
    [listed] = client.get(CHANGES).context["changes"]
    page = client.get(listed["url"])
    client.post(listed["url"], {"expected": page.context["plan"].fingerprint})
    assert again(own).condition == ""


def test_a_coder_does_not_revert_a_part_of_what_an_editor_recoded(desk):
    coder = CoderFactory()
    own = StanceFactory(statement__published=False, statement__coder=coder)
    apply(desk, [own, StanceFactory()], condition="x")
    [listed] = desk.get(CHANGES).context["changes"]
    client = signed_in(coder)
    page = client.get(listed["url"])
    assert (page.context["possible"], page.context["problems"]) == (False, [OF_ANOTHER])
    assert client.post(listed["url"], {"expected": page.context["plan"].fingerprint}).status_code == 403
    assert again(own).condition == "x"
    assert desk.get(CHANGES).context["changes"][0]["undone"] is None


@pytest.mark.once
def test_more_recodes_and_rows_ask_no_more(desk):
    counted = []
    for count in (1, 5):
        stances = StanceFactory.create_batch(count)
        apply(desk, stances, condition=f"x {count}")
        [listed, *_] = desk.get(CHANGES).context["changes"]
        counted.append((queries(desk, CHANGES), queries(desk, listed["url"])))
    assert counted[0] == counted[1]
