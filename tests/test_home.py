"""The first page: the question, who stands where on a day, and the latest news."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django.asserts import assertContains, assertNotContains

from stances import news
from stances.asof import DECIDING
from stances.dates import today
from stances.matrix import matrix
from stances.models import Stance, Topic
from stances.tree import TopicTree
from stances.writes import public_write
from tests.factories import (
    AffiliationFactory,
    FeaturedTopicFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    PublicationFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db
HOME = reverse("home")


def say(actor, topic, date, position=2, **kwargs):
    return StanceFactory(actor=actor, topic=topic, statement__date=date, position=position, **kwargs)


@pytest.fixture
def pact():
    return GroupFactory(slug="pact", name="The Pact")


@pytest.fixture
def question(pact):
    return FeaturedTopicFactory(
        slug="growth", name="Growth in general", short_name="Growth", question="Should the Pact grow?", group=pact
    )


@pytest.fixture
def drevia():
    return GovernmentFactory(slug="drevia", name="Drevia")


def laid_out(question, day):
    tree = TopicTree.load()
    return matrix(tree, tree.by_id[question.pk], day)


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


def test_without_a_featured_topic_the_page_helps(client):
    TopicFactory(name="Salt", proposition="Salt should be free.")
    response = client.get(HOME)
    assertContains(response, "No question is featured yet")
    assertContains(response, "Salt should be free.")


def test_without_anything_the_page_helps(client):
    assertContains(client.get(HOME), "Nothing is recorded yet")


def test_question_stands_with_counts_in_a_sentence(client, question, drevia):
    say(drevia, question, "2024-02-13")
    response = client.get(HOME)
    assertContains(response, "Should the Pact grow?")
    assert "What one government have said" not in text_of(response)
    assert "one government has said on it in one statement" in text_of(response)


def test_rows_are_members_then_candidates_then_others(question, pact, drevia):
    member, other, silent = (GovernmentFactory(slug=slug) for slug in ("aldoria", "gorland", "nowhere"))
    AffiliationFactory(actor=member, of=pact, title="member", authority="", start="2021-01-01")
    TopicFactory(parent=TopicFactory(parent=question), candidate=drevia)
    say(other, question, "2024-02-13", attribution="reported")
    say(silent, TopicFactory(), "2024-02-13")
    groups = laid_out(question, dt.date(2024, 3, 1)).groups
    assert [(group.name, [row.actor.slug for row in group.rows]) for group in groups] == [
        ("Members of The Pact", ["aldoria"]),
        ("Candidates", ["drevia"]),
        ("Others", ["gorland"]),
    ]


def test_a_line_says_in_short_where_each_stands_and_how_much_more_is_recorded(client, question, drevia):
    part = TopicFactory(slug="part", name="A part", parent=question, rank=1)
    under = [TopicFactory(name=f"Under {n}", parent=part, candidate=drevia, rank=n) for n in range(3)]
    say(drevia, part, "2024-01-01", position=-2, attribution="reported")
    for topic in under:
        say(drevia, topic, "2024-01-01", position=2)
    [row] = laid_out(question, today()).in_short
    assert [(it.topic.name, it.value, it.heard) for it in row.short] == [("Under 0", 2, False), ("A part", -2, True)]
    assert "Drevia Why ++for Under 0 Why −−against A part, reported 2 more of Drevia" in text_of(client.get(HOME))
    assertContains(client.get(HOME), f'<a href="{under[0].get_absolute_url()}">Under 0</a>')
    assertNotContains(client.get(HOME, {"topic": "part"}), 'id="in-short"')


def test_what_is_silent_is_told_once_for_narrow_screens(client, question, drevia):
    part = TopicFactory(name="A part", parent=question, rank=1)
    for n in range(2):
        TopicFactory(name=f"Under {n}", parent=part, rank=n)
    TopicFactory(name="Another part", parent=question, rank=2)
    say(drevia, Topic.objects.get(name="Under 0"), "2024-01-01")
    [row] = laid_out(question, today()).groups[0].rows
    assert row.silent == "Growth in general; A part; Under 1; Another part"
    assertContains(client.get(HOME), f"No position recorded: {row.silent}")


def test_what_the_subject_is_stands_on_the_page_where_the_data_say_it(client, question):
    response = client.get(HOME)
    assertNotContains(response, 'class="subject"')
    Topic.objects.filter(pk=question.pk).update(about="The Pact makes ships.\r\n\r\nGiven, not drawn.\n\nCoded.")
    with public_write():
        pass
    assertContains(client.get(HOME), '<p class="subject">The Pact makes ships.</p>')
    about = text_of(client.get(reverse("about")))
    assert about.count("The Pact makes ships.") == 1
    assert "Given, not drawn. Coded." in about


def test_membership_is_of_the_day(question, pact, drevia):
    AffiliationFactory(actor=drevia, of=pact, title="member", authority="", start="2024-03-01", end="2024-05-01")
    TopicFactory(parent=question, candidate=drevia)
    names = {day: laid_out(question, dt.date.fromisoformat(day)).groups[0].name for day in DAYS}
    assert names == dict(zip(DAYS, ["Governments", "Members of The Pact", "Governments"], strict=True))


DAYS = ("2024-02-29", "2024-03-01", "2024-05-01")


def test_member_of_whom_nothing_is_recorded_has_a_page(client, question, pact):
    member = GovernmentFactory(name="Brenmark")
    AffiliationFactory(actor=member, of=pact, title="member", authority="")
    assertContains(client.get(HOME), member.get_absolute_url())
    assertContains(client.get(member.get_absolute_url()), "No position of Brenmark is recorded.")


def test_columns_are_the_topic_and_its_children_in_order(question):
    TopicFactory(parent=question, rank=2, short_name="Second")
    first = TopicFactory(parent=question, rank=1, short_name="First")
    TopicFactory(parent=first, short_name="Deeper")
    assert [topic.short_name for topic in laid_out(question, today()).columns] == ["Growth", "First", "Second"]


def test_candidate_has_a_line_in_the_column_of_its_topic(question, drevia):
    column = TopicFactory(parent=question)
    topic = TopicFactory(parent=column, candidate=drevia, short_name="Drevia")
    say(drevia, topic, "2024-02-13")
    cell = laid_out(question, today()).groups[0].rows[0].cells[1]
    assert cell.shown is None
    assert [(line.label, line.itself, line.shown.words) for line in cell.lines] == [("Drevia", True, "for")]


def test_topics_that_rest_on_one_wider_position_share_a_line(question, drevia):
    column = TopicFactory(parent=question, rank=1)
    for name in ("Drevia", "Estmere"):
        TopicFactory(parent=column, short_name=name)
    say(drevia, question, "2024-02-13")
    cell = laid_out(question, today()).groups[0].rows[0].cells[1]
    assert [(line.label, line.shown.by) for line in cell.lines] == [("Drevia, Estmere", "on growth in general")]


def test_what_is_known_below_stands_beside_what_is_not(question, drevia):
    column = TopicFactory(parent=question)
    known, unknown = (TopicFactory(parent=column, short_name=name, rank=n) for n, name in enumerate(("A", "B")))
    say(drevia, known, "2024-02-13")
    cell = laid_out(question, today()).groups[0].rows[0].cells[1]
    assert [(line.label, line.shown and line.shown.words) for line in cell.lines] == [("A", "for"), ("B", None)]
    assert unknown.short_name == "B"


def test_tally_counts_own_words_alone(question, drevia):
    say(drevia, question, "2024-02-13", 1)
    say(GovernmentFactory(), question, "2024-02-13", -2, attribution="reported")
    assert laid_out(question, today()).tallies[0].words == "1 for, on terms; 1 without own words"


def test_cell_tells_words_speaker_and_day_and_quotes_the_terms(client, question, drevia):
    say(
        drevia,
        question,
        "2024-02-13",
        1,
        terms="scope",
        condition="step by step",
        statement__quote="We go step by step",
        statement__speaker__name="Ada Low",
    )
    response = client.get(HOME)
    assertContains(response, '<q class="said">step by step</q>')
    assert "for, in part: step by step Ada Low, 13 Feb 2024" in text_of(response)


def test_line_under_a_cell_tells_the_terms_too(client, question, drevia):
    topic = TopicFactory(parent=TopicFactory(parent=question), candidate=drevia, short_name="Drevia")
    say(
        drevia,
        topic,
        "2024-02-13",
        1,
        terms="scope",
        condition="step by step",
        statement__quote="We go step by step",
        statement__speaker__name="Ada Low",
    )
    response = client.get(HOME)
    assertContains(response, '<q class="said">step by step</q>, <span class="by"><a href="')
    assertContains(response, "Ada Low, 13 Feb 2024</a>")


def test_held_position_tells_in_how_many_statements(client, question, drevia):
    for date in ("2026-01-13", "2026-02-13"):
        say(drevia, question, date)
    assertContains(client.get(HOME, {"on": "2026-03-01"}), "held in 2 statements since 13 January 2026")


def test_terms_in_the_coders_words_are_no_quotation(client, question, drevia):
    say(drevia, question, "2024-02-13", 1, terms="scope", condition="step by step", statement__summary="A summary.")
    response = client.get(HOME)
    assertContains(response, "step by step")
    assertNotContains(response, '<q class="said">step by step</q>')


def test_cell_links_to_the_statement_that_decides(client, question, drevia):
    opener, confirming = say(drevia, question, "2024-02-13"), say(drevia, question, "2024-02-14")
    html = client.get(HOME).content.decode()
    face = html[html.index('class="face') :]
    assert f'href="{confirming.statement.get_absolute_url()}"' in face[:200]
    assert opener.statement.key != confirming.statement.key


def test_on_shows_an_earlier_day_and_nothing_later(client, question, drevia):
    say(drevia, question, "2024-02-13", 2, statement__summary="The early one.")
    say(drevia, question, "2024-04-09", -2, statement__summary="The late one.")
    response = client.get(HOME, {"on": "2024-03-01"})
    assertContains(response, "The early one.")
    assertNotContains(response, "The late one.")
    assertContains(response, "On 1 March 2024")
    assert "0 for" not in text_of(response)


def test_a_month_is_its_last_day(client, question, drevia):
    say(drevia, question, "2024-02-29", statement__summary="The early one.")
    say(drevia, question, "2024-03-01", statement__summary="The late one.")
    response = client.get(HOME, {"on": "2024-02"})
    assertContains(response, "On 29 February 2024")
    assertContains(response, "The early one.")
    assertNotContains(response, "The late one.")
    assertNotContains(response, "pattern=")


def test_on_the_day_itself_what_is_said_counts(client, question, drevia):
    say(drevia, question, "2024-02-13", statement__summary="The words.")
    assertContains(client.get(HOME, {"on": "2024-02-13"}), "The words.")
    assertNotContains(client.get(HOME, {"on": "2024-02-12"}), "The words.")


@pytest.mark.parametrize("wrong", ["yesterday", "2024-02-30", "2024-13", "9999-12-31", "٢٠٢٤-٠٢-١٣", "<b>"])
def test_wrong_day_gets_a_message_at_the_field_and_today(client, question, drevia, wrong):
    say(drevia, question, "2024-02-13")
    response = client.get(HOME, {"on": wrong})
    assert response.status_code == 200
    assertContains(response, 'aria-describedby="on-problem"')
    assertContains(response, 'id="on-problem"', count=1)
    assertContains(response, "Last recorded positions")
    assertNotContains(response, "<b>”")


def test_unknown_parameter_gets_a_message(client, question):
    assertContains(client.get(HOME, {"day": "2024-02-13"}), "There is no parameter “day”")


def test_stepper_goes_to_the_days_on_which_anything_changed(client, question, drevia):
    say(drevia, question, "2024-02-13")
    say(drevia, question, "2024-03-01")  # confirms
    say(drevia, TopicFactory(), "2024-03-02")  # elsewhere
    say(drevia, TopicFactory(parent=question), "2024-03-20", attribution="reported")
    say(PersonFactory(), question, "2024-03-21")  # no government
    say(drevia, question, "2024-04-13", -2)
    response = client.get(HOME, {"on": "2024-03-13"})
    assertContains(response, "/?on=2024-02-13")
    assertContains(response, "/?on=2024-03-20")
    assertContains(client.get(HOME, {"on": "2024-03-20"}), "/?on=2024-04-13")
    assertContains(client.get(HOME), "none since")
    assertContains(client.get(HOME, {"on": "2024-02-13"}), "none before")


def test_cell_tells_how_often_and_how_long_ago(client, question, drevia):
    say(drevia, question, "2026-01-13")
    assertContains(client.get(HOME, {"on": "2026-01-13"}), "once, on this day")
    assertContains(client.get(HOME, {"on": "2026-01-20"}), "once, 7 days ago")
    say(drevia, question, "2026-02")
    text = text_of(client.get(HOME, {"on": "2026-05-01"}))
    assert "held in 2 statements since 13 January 2026, last at least 2 months ago" in text


def differing(client, **query):
    found = client.get(HOME, query).context["matrix"].differences
    return [(it.actor.name, it.topic.name, it.was, it.is_) for it in found]


def test_what_differs_between_two_days_is_marked_and_counted(client, question, drevia):
    child = TopicFactory(parent=question, name="Part", candidate=drevia)
    say(drevia, question, "2024-02-13", 2)
    say(drevia, question, "2024-04-13", -2)
    say(drevia, child, "2024-04-14", 0, attribution="reported")
    say(GovernmentFactory(name="Estmere"), question, "2024-02-13")
    assert differing(client, on="2024-05-01", since="2024-03-01") == [
        ("Drevia", "Growth in general", "for", "against"),
        ("Drevia", "Part", "no position recorded", "undecided, reported"),
    ]
    response = client.get(HOME, {"on": "2024-05-01", "since": "2024-03-01"})
    text = text_of(response)
    assert "2 differ from 1 March 2024" in text
    assert "was ++ for" in text
    assertContains(response, 'class="differs"', count=3)  # two cells and the key
    assertContains(response, "/changes/?topic=growth&amp;kind=first&amp;after=2024-03-02&amp;before=2024-05-01")
    assert differing(client, on="2024-03-31", since="2024-03-01") == []
    assert "0 differ from 1 March 2024" in text_of(client.get(HOME, {"on": "2024-03-01", "since": "2024-03-01"}))


def test_what_rests_on_a_wider_topic_differs_once(client, question, drevia):
    TopicFactory(parent=question, candidate=drevia)
    say(drevia, question, "2024-02-13", 2)
    assert len(differing(client, on="2024-03-01", since="2024-02-12")) == 1


def test_stepping_keeps_the_day_compared_with_while_it_is_earlier(client, question, drevia):
    for date, position in (("2024-02-13", 2), ("2024-04-13", -2)):
        say(drevia, question, date, position)
    response = client.get(HOME, {"on": "2024-03-13", "since": "2024-03-01"})
    assertContains(response, 'href="/?on=2024-02-13" rel="prev"')
    assertContains(response, 'href="/?on=2024-04-13&amp;since=2024-03-01" rel="next"')


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"since": "2024-03-02", "on": "2024-03-01"}, "lies after the day looked at, 2024-03-01"),
        ({"since": "soon"}, "is not a date"),
        ({"since": "9999-12-31"}, "has not come yet"),
        ({"since": ["2024-01-01", "2024-01-02"]}, "more than once"),
    ],
)
def test_wrong_day_to_compare_with_gets_a_message_at_the_field(client, question, query, message):
    response = client.get(HOME, query)
    assertContains(response, message)
    assertContains(response, 'aria-describedby="since-problem"')
    assert response.context["matrix"].since is None


def test_parent_opens_to_its_children_as_columns(client, question, drevia):
    column = TopicFactory(slug="part", parent=question, short_name="Part", proposition="The part should grow.")
    TopicFactory(parent=column, short_name="Deeper")
    say(drevia, column, "2024-02-13")
    assertContains(client.get(HOME, {"on": "2024-03-01"}), "/?topic=part&amp;on=2024-03-01")
    response = client.get(HOME, {"topic": "part", "on": "2024-03-01"})
    assert [topic.short_name for topic in response.context["matrix"].columns] == ["Part", "Deeper"]
    assertContains(response, "<h1>The part should grow.</h1>")
    assertContains(response, 'href="/?topic=part&amp;on=2024-02-13" rel="prev"')


@pytest.mark.parametrize("topic", ["nothing", "-growth", "<b>"])
def test_unknown_topic_gets_a_message_and_the_question(client, question, topic):
    response = client.get(HOME, {"topic": topic})
    assert [it.parameter for it in response.context["other_problems"]] == ["topic"]
    assertContains(response, "Should the Pact grow?")


def test_many_lines_under_a_cell_are_folded(client, question, drevia):
    column = TopicFactory(parent=question)
    for number in range(8):
        say(drevia, TopicFactory(parent=column, rank=number), "2024-02-13")
    assertContains(client.get(HOME), "<summary>3 more under it</summary>", html=True)


def test_names_in_the_table_of_a_past_day_lead_to_that_day(client, question, drevia):
    say(drevia, question, "2024-02-13")
    page = client.get(HOME, {"on": "2024-03-01"}).content.decode()
    assert page.count('href="/actors/drevia/?on=2024-03-01"') == 2  # in the line and in the table
    assert "/actors/drevia/?on=" not in client.get(HOME).content.decode()


def test_news_names_what_a_statement_did(client, question, drevia):
    for date, position in (("2024-02-13", 2), ("2024-03-13", 2), ("2024-04-13", -2)):
        say(drevia, question, date, position)
    news = client.get(HOME).context["news"]
    assert [[line.kind for line in item.lines] for item in news] == [["reversal"], ["confirmed"], ["first"]]


def test_news_groups_the_stances_of_one_statement_and_government(client, question, drevia, pact):
    statement = StatementFactory(published=True, date="2024-02-13", speaker=pact, authority="act")
    other = GovernmentFactory(name="Estmere")
    child = TopicFactory(parent=question)
    for actor, topic in ((drevia, question), (drevia, child), (other, question)):
        StanceFactory(statement=statement, actor=actor, topic=topic)
    news = client.get(HOME).context["news"]
    assert [(item.actor.name, len(item.lines), item.same_statement) for item in news] == [
        ("Drevia", 2, False),
        ("Estmere", 1, True),
    ]


def test_news_leaves_out_reports_repeats_and_others_than_governments(client, question, drevia):
    first = say(drevia, question, "2024-02-13")
    say(drevia, question, "2024-02-14", attribution="reported")
    say(PublicationFactory(), question, "2024-02-14")
    say(drevia, question, "2024-02-13", statement__repeats=first.statement)
    assert [item.statement for item in client.get(HOME).context["news"]] == [first.statement]


def test_news_on_other_topics_stands_apart(client, question, drevia):
    say(drevia, question, "2024-02-13")
    elsewhere = say(drevia, TopicFactory(), "2024-02-14")
    context = client.get(HOME).context
    assert [item.statement for item in context["news_elsewhere"]] == [elsewhere.statement]
    assert len(context["news"]) == 1


@pytest.mark.parametrize("looked_at", [1, 3, 20])
def test_news_of_many_topics_are_the_newest_however_far_is_looked(monkeypatch, question, drevia, looked_at):
    """Also where the newest words of all are about other topics, and where a day goes on past what is looked at."""
    wanted, other = TopicFactory.create_batch(7), TopicFactory()
    actors = [drevia, GovernmentFactory(slug="estmere", name="Estmere")]
    days = [f"2024-02-{day:02d}" for day in (9, 9, 9, 8, 8, 7, 7, 5)]
    for number, date in enumerate(days):
        say(actors[number % 2], wanted[number % 7], date, position=number % 3)
    for actor in actors:
        say(actor, other, "2024-02-10")
    told = [
        (statement.latest, statement.key, actor.name)
        for statement, actor in (
            (stance.statement, stance.actor) for stance in Stance.objects.filter(topic__in=wanted, role__in=DECIDING)
        )
    ]
    newest = sorted(told, key=lambda it: it[2])
    newest.sort(key=lambda it: it[:2], reverse=True)
    monkeypatch.setattr(news, "LOOKED_AT", looked_at)
    for number in (1, 2, 4):
        [items] = news.latest(TopicTree.load(), [(wanted, number)], dt.date(2024, 3, 1))
        assert [(it.statement.latest, it.statement.key, it.actor.name) for it in items] == newest[:number]


def test_table_can_be_had_as_csv_and_json(client, question):
    response = client.get(HOME, {"on": "2024-03-01"})
    assertContains(response, "/positions.csv?on=2024-03-01&amp;topic=growth")
    assertContains(response, "/positions.json?on=2024-03-01&amp;topic=growth")


def test_drafts_never_show(client, question, drevia):
    say(drevia, question, "2024-02-13")
    draft = StatementFactory(
        date="2024-03-13",
        summary="Secret summary",
        speaker=PersonFactory(name="Secret speaker"),
        source__title="Secret source",
    )
    StanceFactory(statement=draft, actor=drevia, topic=question, position=-2)
    StanceFactory(statement=draft, actor=GovernmentFactory(name="Secret government"), topic=question)
    assertNotContains(client.get(HOME), "Secret")
    assert client.get(HOME).context["matrix"].tallies[0].words == "1 for"


@pytest.mark.once
def test_queries_do_not_grow(client, question, pact):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(HOME, {"on": "2025-01-01", "since": "2024-06-01"})
        return len(captured)

    column = TopicFactory(parent=question)
    elsewhere = TopicFactory()

    def grow(number: int) -> None:
        for _ in range(number):
            government = GovernmentFactory()
            AffiliationFactory(actor=government, of=pact, title="member", authority="")
            AffiliationFactory(of=government, authority="head", end="2024-05-01")
            for topic in (question, column, TopicFactory(parent=column, candidate=government), elsewhere):
                for position in (2, -2):
                    say(government, topic, f"2024-0{position + 4}-01", position)
                    say(government, topic, f"2024-0{position + 4}-01", position, attribution="reported")

    grow(1)
    few = queries()
    grow(3)
    assert queries() == few


def test_unchanged_page_is_not_sent_again(client, question, drevia):
    say(drevia, question, "2024-02-13")
    tag = client.get(HOME).headers["ETag"]
    assert client.get(HOME, headers={"if-none-match": tag}).status_code == 304
    say(drevia, question, "2024-02-14")
    assert client.get(HOME, headers={"if-none-match": tag}).status_code == 200
