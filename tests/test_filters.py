"""Filters: what each parameter keeps and leaves out, and what a wrong one is told."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from stances.filters import (
    ActorFilter,
    ChangeFilter,
    PositionFilter,
    SourceFilter,
    StanceFilter,
    StatementFilter,
    TopicFilter,
)
from stances.models import Actor, Position, Source, Stance, Statement, Topic
from stances.vocabulary import Authority, Status
from tests.factories import (
    AffiliationFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    StanceFactory,
    TopicFactory,
)
from tests.pact import WRONG, WRONG_ON

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]


#: Each list's filter, the rows that it is given, and how the tests name a row.
LISTS = {
    "stances": (StanceFilter, Stance.objects.public, lambda row: f"{row.statement.key}/{row.topic.slug}"),
    "statements": (StatementFilter, Statement.objects.published, lambda row: row.key),
    "changes": (ChangeFilter, Position.objects.own, lambda row: f"{row.actor.slug}/{row.topic.slug}/{row.value}"),
    "positions": (
        PositionFilter,
        Position.objects.all,
        lambda row: f"{row.actor.slug}/{row.topic.slug}/{row.value}",
    ),
    "actors": (ActorFilter, Actor.objects.public, lambda row: row.slug),
    "topics": (TopicFilter, Topic.objects.all, lambda row: row.slug),
    "sources": (SourceFilter, Source.objects.public, lambda row: row.slug),
}


def filtered(name: str, query: str):
    filterset, rows, _ = LISTS[name]
    return filterset(QueryDict(query), queryset=rows())


def found(name: str, query: str) -> set[str]:
    filters = filtered(name, query)
    assert filters.is_valid(), filters.errors
    return {LISTS[name][2](row) for row in filters.qs}


INTERVIEW, ACCOUNT = "interview/pact-japan", "account/pact"
ACT, TRADE, AGAIN = "speech/pact-japan", "speech/trade", "again/pact-japan"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", {INTERVIEW, ACCOUNT, ACT, TRADE}),
        ("actor=&topic=&position=&after=&q=&order=&subtopics=", {INTERVIEW, ACCOUNT, ACT, TRADE}),
        ("actor=japan", {ACCOUNT, TRADE}),
        ("actor=japan&actor=australia", {INTERVIEW, ACCOUNT, ACT, TRADE}),
        ("actor=-japan", {INTERVIEW, ACT}),
        ("actor=minister", set()),
        ("topic=pact", {INTERVIEW, ACCOUNT, ACT}),
        ("topic=pact&subtopics=1", {INTERVIEW, ACCOUNT, ACT}),
        ("topic=pact&subtopics=0", {ACCOUNT}),
        ("topic=pact&topic=-pact-japan", {ACCOUNT}),
        ("topic=-pact", {TRADE}),
        ("topic=-pact&subtopics=0", {INTERVIEW, ACT, TRADE}),
        ("source=early", {INTERVIEW}),
        ("source=-early", {ACCOUNT, ACT, TRADE}),
        ("speaker=paper", {ACCOUNT}),
        ("speaker=-paper&speaker=-japan", {INTERVIEW}),
        ("position=1", {INTERVIEW}),
        ("position=%2B1", {INTERVIEW}),
        ("position=+1", {INTERVIEW}),
        ("position=1&position=0", {INTERVIEW, TRADE}),
        ("position=-2", {ACCOUNT, ACT}),
        ("position=2", set()),
        ("terms=time", {INTERVIEW}),
        ("terms=proviso&terms=scope", set()),
        ("authority=minister", {INTERVIEW}),
        ("authority=minister&authority=act", {INTERVIEW, ACT, TRADE}),
        ("attribution=reported", {ACCOUNT}),
        ("attribution=own", {INTERVIEW, ACT, TRADE}),
        ("basis=implied", {ACCOUNT}),
        ("basis=explicit", {INTERVIEW, ACT, TRADE}),
        ("form=direct", {INTERVIEW}),
        ("form=act&form=indirect", {ACCOUNT, ACT, TRADE}),
        ("after=2024-03-25", {ACCOUNT, ACT, TRADE}),
        ("after=2024-03-26", {ACT, TRADE}),
        ("after=2024-04-30", {ACT, TRADE}),
        ("after=2024-05-01", set()),
        ("before=2024-03-25", {INTERVIEW, ACCOUNT}),
        ("before=2024-03-24", {INTERVIEW}),
        ("after=2024-02-13&before=2024-02-13", {INTERVIEW}),
        ("q=matures", {INTERVIEW}),
        ("q=MATURES+canberra", {INTERVIEW}),
        ("q=matures+tokyo", set()),
        ("q=worry", {ACCOUNT}),
        ("q=jane", {INTERVIEW}),
        ("q=daily", {INTERVIEW, ACCOUNT}),
        ("q=early", {INTERVIEW}),
        ("q=100%25", set()),
        ("repeats=1", {INTERVIEW, ACCOUNT, ACT, TRADE, AGAIN}),
        ("repeats=0", {INTERVIEW, ACCOUNT, ACT, TRADE}),
        ("repeats=1&q=matures", {INTERVIEW, AGAIN}),
        ("order=date", {INTERVIEW, ACCOUNT, ACT, TRADE}),
    ],
)
def test_stances_are_filtered_by(world, query, kept):
    assert found("stances", query) == kept


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", {"interview", "account", "speech"}),
        ("actor=australia", {"interview", "speech"}),
        ("actor=-australia", {"account"}),
        ("topic=pact&subtopics=0", {"account"}),
        ("topic=trade&actor=japan", {"speech"}),
        ("topic=trade&actor=australia", set()),
        ("source=early", {"interview"}),
        ("speaker=paper", {"account"}),
        ("speaker=-paper", {"interview", "speech"}),
        ("authority=act", {"speech"}),
        ("form=direct", {"interview"}),
        ("after=2024-03-25&before=2024-03-25", {"account"}),
        ("q=canberra", {"interview"}),
        ("repeats=1", {"interview", "account", "speech", "again"}),
    ],
)
def test_statements_are_filtered_by(world, query, kept):
    assert found("statements", query) == kept


FIRST, REVERSAL, FIRST_TRADE = "australia/pact-japan/1", "australia/pact-japan/-2", "japan/trade/0"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", {REVERSAL}),
        ("kind=reversal", {REVERSAL}),
        ("kind=shift", set()),
        ("kind=shift&kind=terms", set()),
        ("kind=first", {REVERSAL, FIRST, FIRST_TRADE}),
        ("kind=first&kind=shift", {FIRST, FIRST_TRADE}),
        ("kind=first&kind=reversal&kind=shift&kind=terms", {REVERSAL, FIRST, FIRST_TRADE}),
        ("actor=australia&topic=pact", {REVERSAL}),
        ("actor=australia&topic=pact&subtopics=0", set()),
        ("actor=japan", set()),
        ("source=late", {REVERSAL}),
        ("source=-late", set()),
        ("speaker=japan", {REVERSAL}),
        ("speaker=minister", set()),
        ("after=2024-04-30", {REVERSAL}),
        ("after=2024-05-01", set()),
        ("before=2024-04-30", {REVERSAL}),
        ("before=2024-04-29", set()),
    ],
)
def test_changes_are_filtered_by(world, query, kept):
    assert found("changes", query) == kept


HEARD = "japan/pact/-2"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", {FIRST, REVERSAL, FIRST_TRADE, HEARD}),
        ("on=2024-02-12", set()),
        ("on=2024-02-13", {FIRST}),
        ("on=2024-04-29", {FIRST, HEARD}),
        ("on=2024-04-30", {REVERSAL, FIRST_TRADE, HEARD}),
        ("on=2024-04-30&voice=own", {REVERSAL, FIRST_TRADE}),
        ("voice=reported", {HEARD}),
        ("position=-2", {REVERSAL, HEARD}),
        ("position=+1", {FIRST}),
        ("terms=time", {FIRST}),
        ("terms=leaning", set()),
        ("actor=-australia", {FIRST_TRADE, HEARD}),
        ("topic=pact&subtopics=0", {HEARD}),
        ("source=early", {FIRST}),
        ("speaker=paper", {HEARD}),
    ],
)
def test_positions_are_filtered_by(world, query, kept):
    assert found("positions", query) == kept


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("kind=government", {"australia", "japan"}),
        ("kind=government&kind=person", {"australia", "japan", "minister"}),
        ("kind=group", set()),
        ("actor=minister", {"minister"}),
        ("actor=-minister&kind=person", set()),
        ("topic=trade", {"japan"}),
        ("topic=pact", {"australia", "japan"}),
        ("topic=pact&subtopics=0", {"japan"}),
        ("topic=-trade&kind=government", {"australia"}),
        ("topic=trade&source=early", set()),
        ("source=early", {"australia"}),
        ("speaker=paper", {"japan"}),
        ("q=jane+minister", {"minister"}),
        ("q=AUS", {"australia"}),
        ("q=nobody", set()),
    ],
)
def test_actors_are_filtered_by(world, query, kept):
    assert found("actors", query) == kept


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", {"pact", "pact-japan", "trade"}),
        ("topic=pact", {"pact", "pact-japan"}),
        ("topic=-pact", {"trade"}),
        ("topic=pact&subtopics=0", {"pact"}),
        ("actor=australia", {"pact-japan"}),
        ("actor=-australia", {"pact", "trade"}),
        ("source=early", {"pact-japan"}),
        ("speaker=paper", {"pact"}),
        ("q=free", {"trade"}),
        ("q=nothing", set()),
    ],
)
def test_topics_are_filtered_by(world, query, kept):
    assert found("topics", query) == kept


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", {"early", "late"}),
        ("actor=japan", {"late"}),
        ("actor=japan&topic=pact-japan", set()),
        ("actor=-japan", {"early"}),
        ("topic=pact-japan", {"early", "late"}),
        ("source=early", {"early"}),
        ("source=-early", {"late"}),
        ("speaker=minister", {"early", "late"}),
        ("speaker=paper", {"late"}),
        ("after=2024-05-01", {"late"}),
        ("after=2024-05-02", set()),
        ("before=2024-02-14", {"early"}),
        ("before=2024-02-13", set()),
        ("q=writer", {"late"}),
        ("q=daily", {"early"}),
        ("q=nothing", set()),
    ],
)
def test_sources_are_filtered_by(world, query, kept):
    assert found("sources", query) == kept


def test_a_former_slug_leads_to_its_row(world):
    japan = Actor.objects.get(slug="japan")
    japan.slug = "nippon"
    japan.save()
    assert found("stances", "actor=japan") == found("stances", "actor=nippon") == {ACCOUNT, TRADE}
    assert found("stances", "actor=-japan") == {INTERVIEW, ACT}


@pytest.mark.parametrize("parameter", ["actor", "source", "speaker"])
def test_a_slug_known_only_from_drafts_answers_like_an_unknown_one(world, parameter):
    drafted = {"actor": "secret-actor", "source": "secret-source", "speaker": "secret-speaker"}[parameter]
    answers = [filtered("stances", f"{parameter}={slug}").errors[parameter] for slug in (drafted, "no-such-one")]
    assert answers[0][0].replace(drafted, "no-such-one") == answers[1][0]


def test_a_former_slug_of_a_drafted_actor_answers_like_an_unknown_one(world):
    actor = Actor.objects.get(slug="secret-actor")
    actor.slug = "renamed"
    actor.save()
    assert "no known actor" in str(filtered("stances", "actor=secret-actor").errors["actor"])


ALL_WRONG = [(name, *case) for name in LISTS for case in [*WRONG, *WRONG_ON[name]]]


@pytest.mark.parametrize(("name", "query", "parameter", "told"), ALL_WRONG)
def test_what_makes_no_sense_is_told_at_its_parameter_and_keeps_no_row(world, name, query, parameter, told):
    filters = filtered(name, query)
    assert not filters.is_valid()
    assert told in " ".join(filters.errors[parameter])
    assert list(filters.qs) == []
    assert [problem.parameter for problem in filters.problems] == [parameter]


def test_several_wrong_parameters_are_told_each():
    filters = filtered("stances", "position=3&after=never&nonsense=1")
    assert {problem.parameter for problem in filters.problems} == {"position", "after", "nonsense"}


def test_a_message_shows_a_value_shortened_and_printable():
    message = filtered("stances", "position=%07%1B" + "9" * 500).problems[0].message
    assert "��999" in message
    assert len(message) < 120


def test_without_parameters_repeats_are_left_out(world):
    assert {row.statement.key for row in StanceFilter(None, queryset=Stance.objects.public()).qs} == {
        "interview",
        "account",
        "speech",
    }


def test_text_with_signs_of_a_pattern_is_taken_word_by_word(world):
    StanceFactory(statement__summary="It costs 100% of a_b \\ more.", topic=Topic.objects.get(slug="trade"))
    assert len(found("stances", "q=100%25")) == 1
    assert len(found("stances", "q=a_b")) == 1
    assert found("stances", "q=a%25b") == found("stances", "q=a_b")


def test_a_hundred_words_are_searched(world):
    assert found("stances", "q=" + "+".join(["x"] * 100)) == found("stances", "q=x")


def test_only_what_is_published_makes_an_actor_public(world):
    known = {"australia", "japan", "minister", "paper"}
    assert known <= set(Actor.objects.public().values_list("slug", flat=True))
    hidden = {"secret-actor", "secret-speaker", Source.objects.get(slug="secret-source").publisher.slug}
    assert not hidden & set(Actor.objects.public().values_list("slug", flat=True))


def test_what_a_public_actor_belongs_to_is_public_and_its_members_are_not(world):
    minister = Actor.objects.get(slug="minister")
    ministry = AffiliationFactory(actor=minister, of=GovernmentFactory(slug="state")).of
    group = AffiliationFactory(actor=ministry, of=GroupFactory(slug="league"), title="member", authority="").of
    colleague = AffiliationFactory(of=ministry, actor=PersonFactory(slug="colleague")).actor
    public = Actor.objects.public()
    assert public.filter(pk=ministry.pk).exists()
    assert public.filter(pk=group.pk).exists()
    assert not public.filter(pk=colleague.pk).exists()


def test_who_heads_a_public_government_or_is_named_by_a_topic_is_public():
    topic = TopicFactory(group=GroupFactory(), candidate=GovernmentFactory())
    head = AffiliationFactory(authority=Authority.HEAD, title="Prime Minister", of=topic.candidate).actor
    assert Actor.objects.public().filter(pk__in=[head.pk, topic.group_id, topic.candidate_id]).count() == 3


def test_a_head_makes_no_government_public():
    head = AffiliationFactory(authority=Authority.HEAD, title="Prime Minister")
    assert not Actor.objects.public().filter(pk__in=[head.actor_id, head.of_id]).exists()
    AffiliationFactory(
        actor=head.actor, authority=Authority.HEAD, of=TopicFactory(candidate=GovernmentFactory()).candidate
    )
    assert list(Actor.objects.public().filter(pk__in=[head.actor_id, head.of_id])) == [head.actor]


def test_a_retracted_statement_takes_its_rows_out_of_every_filter(world):
    before = found("stances", "")
    statement = Statement.objects.get(key="account")
    statement.status, statement.retraction_reason = Status.RETRACTED, "It was wrong."
    statement.save()
    assert found("stances", "") == before - {ACCOUNT}
    assert "account" not in found("statements", "")
    assert found("actors", "speaker=japan") == {"australia", "japan"}


@pytest.mark.parametrize("name", LISTS)
def test_filtering_takes_as_many_queries_with_many_rows_as_with_few(world, name):
    query = "actor=australia&actor=-japan&topic=pact&topic=-trade&source=late&speaker=-paper"

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            list(filtered(name, query).qs)
        return len(captured)

    few = queries()
    for _ in range(5):
        StanceFactory(topic=TopicFactory(parent=Topic.objects.get(slug="pact")))
    assert queries() == few
