"""Search: what words find, what they must not find, and the index that is kept right by the database itself."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from stances import filters, search, search_index
from stances.models import Actor, Source, Stance, Statement, Topic
from stances.views import search as views_search
from stances.vocabulary import Status
from tests.factories import (
    GovernmentFactory,
    PersonFactory,
    PublicationFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]


def statement(**fields) -> Statement:
    return StanceFactory(statement=StatementFactory(published=True, **fields)).statement


def keys(text: str) -> set[str]:
    return set(Statement.objects.search(text).values_list("key", flat=True))


def page(client, query: str):
    response = client.get(f"/search/?{query}")
    assert response.status_code == 200
    return response


def shown(response) -> list[str]:
    return [found.row.key for found in response.context["rows"]]


# ---- what words find ----


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("matures", True),
        ("MATURING", True),
        ("mature pillar", True),
        ("pillar membership", False),
        ("cafe", True),
        ("CAFÉ", True),
        ("ｍａｔｕｒｅ", True),
        ('"pillar ii matures"', True),
        ("“as pillar”", True),
        ('"matures pillar"', False),
        ("matures -kyoto", True),
        ("matures -pillar", False),
        ('matures -"as pillar"', False),
        ('matures -"pillar as"', True),
        ("pillar 2", True),
        ("Pillar II", True),
        ('"pillar 2 matures"', True),
        ("Pillar I", False),
        ("pillar two", False),
        ("Pillar Two", True),
        ("matures pillar 2", True),
        ("pillar -2", True),
        ("2 pillar", False),
        ("the pillar of the", True),
        ("F-35", True),
        ("f35", False),
        ("coalition's", True),
        ('"The coalition’s café"', True),
        ('"coalition café"', False),
        ("Canberra", True),
        ("Kishida", True),
        ("prime minister of japan", True),
        ("Mainichi", True),
        ("Evening gazette", True),
        ("Kyoto", False),
        ("matu", False),
    ],
)
def test_words_find_a_statement_by_what_it_says_who_said_it_and_where(typed, finds):
    speaker = PersonFactory(name="Fumio Kishida", aliases="PM Kishida\nPrime Minister of Japan")
    source = SourceFactory(title="Mainichi news", publisher=PublicationFactory(name="The Evening Gazette"))
    statement(
        key="it",
        quote="As Pillar II matures",
        summary="The coalition’s café F-35/F-15 partners wait.",
        occasion="Speech, Canberra",
        speaker=speaker,
        source=source,
    )
    assert keys(typed) == ({"it"} if finds else set())


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Pillar II", ["pillar ii"]),
        ("japan pillar 2 membership", ["japan", "pillar 2", "membership"]),
        ("Pillar I", ["pillar i"]),
        ("Albanese and I", ["albanese", "i"]),
        ("what do I want", ["i", "want"]),
        ("between two", ["between", "two"]),
        ("2 3", ["2", "3"]),
        ("2+2 ministers", ["2 2", "ministers"]),
        ('-pillar 2 "new zealand" 2', ["pillar", "2", "new zealand"]),
        ("pillar 2 pillar 2 pillar", ["pillar 2", "pillar"]),
    ],
)
def test_a_number_belongs_to_the_word_before_it(typed, words):
    assert [" ".join(term.words) for term in search.parse(typed).terms] == words


def test_a_pillar_is_neither_found_ranked_nor_marked_by_other_twos(client):
    statement(key="both", date="2024-03-02", quote="A 2+2 on Pillar I.", summary="On Pillar II, of the two pillars.")
    statement(key="other", date="2024-03-03", quote="2, 2 and 2", summary="The pillar of the 2+2.")
    response = page(client, "q=Pillar+II")
    assert shown(response) == ["both"]
    content = response.content.decode()
    assert "“A 2+2 on Pillar I.”" in content
    assert "On <mark>Pillar II</mark>, of the two pillars." in content


@pytest.mark.parametrize("typed", ["NZ", "NZL", "nzl", "Aotearoa", "New Zealand", "“new zealand”"])
def test_a_name_an_alias_or_a_code_alone_finds_the_statements_of_the_actor(client, typed):
    actor = GovernmentFactory(slug="nz", name="New Zealand", iso="NZL", aliases="NZ\nAotearoa")
    mine = StanceFactory(actor=actor, statement=StatementFactory(published=True)).statement
    other = statement(summary="On a new part of Zealand.")
    response = page(client, f"q={typed}")
    assert mine.key in shown(response)
    assert (other.key in shown(response)) == (typed == "New Zealand")
    assert '<a href="/stances/?actor=nz">Statements of New Zealand</a>' in response.content.decode()
    assert {row["statement_key"] for row in json.loads(client.get(f"/search.json?q={typed}").getvalue())} == set(
        shown(response)
    )
    assert shown(page(client, f"q={typed}&order=-date")) == sorted(shown(response), reverse=True)


def test_a_code_marks_the_name_and_only_the_whole_of_it(client):
    actor = GovernmentFactory(name="New Zealand", iso="NZL")
    it = StatementFactory(published=True, summary="A new word of New Zealand.")
    StanceFactory(actor=actor, statement=it)
    assert "A new word of <mark>New Zealand</mark>." in page(client, "q=NZL").content.decode()


def test_the_only_actor_found_leads_to_its_statements_where_none_holds_the_word(client):
    StanceFactory(actor=GovernmentFactory(slug="nz", name="New Zealand", iso="NZL"))
    content = page(client, "q=nz").content.decode()
    assert '<a href="/stances/?actor=nz">Statements of New Zealand</a>' in content
    assert "Statements of" not in page(client, "q=new+word").content.decode()


def test_a_statement_is_found_by_the_conditions_of_its_stances_and_by_whom_and_what_they_are_about():
    japan = GovernmentFactory(name="Japan", aliases="Nippon\nTokyo")
    topic = TopicFactory(name="Submarine programme", short_name="Subs", proposition="Others should take part.")
    it = StanceFactory(statement=StatementFactory(published=True), actor=japan, topic=topic, position=1, terms="scope")
    models.QuerySet(Stance).filter(pk=it.pk).update(condition="project by project")
    other = StanceFactory(statement=StatementFactory(published=True), topic=TopicFactory(parent=topic))
    for typed in ("tokyo", "submarines", "subs", '"project by project"', "nippon projects"):
        assert keys(typed) == {it.statement.key}
        assert list(Stance.objects.search(typed)) == [it]
    assert it.statement.key not in keys("others")
    assert keys(other.actor.name) == {other.statement.key}


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("The ﬁnancial ﬂow", "financial flow"),
        ("Financial", "ﬁnancial"),
        ("Løkke and Wałęsa", "lokke walesa"),
        ("Lokke", "Løkke"),
        ("Die Straße", "strasse"),
        ("Strasse", "Straße"),
        ("An œuvre of Æthelred", "oeuvre aethelred"),
        ("some 3½ years", '"3½ years"'),
        ("Đà Nẵng", "da nang"),
    ],
)
def test_letters_are_folded_alike_on_both_databases(stored, typed):
    it = statement(summary=f"{stored}.")
    assert keys(typed) == {it.key}
    assert search_index.differences() == []


def test_a_phrase_does_not_reach_from_one_field_into_another():
    statement(quote="It ends here", summary="There it begins.")
    assert keys('"ends here"')
    assert not keys('"here there"')
    assert not keys('"begins it"')


def test_names_are_found_by_their_beginning():
    australia = GovernmentFactory(name="Australia", iso="AUS", aliases="Canberra\nCommonwealth of Australia")
    topic = TopicFactory(name="Full membership", proposition="The pact should admit members.")
    source = SourceFactory(title="Looking north", author="A. Writer", publisher=PublicationFactory(name="Daily Paper"))
    assert set(Actor.objects.search("austr")) == set(Actor.objects.search("aus")) == {australia}
    assert set(Actor.objects.search("commonwealth of")) == set(Actor.objects.search("canberra")) == {australia}
    assert set(Topic.objects.search("memb")) == set(Topic.objects.search("admits")) == {topic}
    assert set(Source.objects.search("nor")) == set(Source.objects.search("daily writer")) == {source}
    assert not Source.objects.search("daily nobody")


HOSTILE = [
    '"', '"open quote', '""', '" "', "'", "\0", "a\0b", "*", "a*", "*a", "(", ")", "((a", ":", "a:b", "summary:a",
    "{summary}: a", "^a", "AND", "OR", "NOT", "NEAR", "a AND", "a OR b", "NOT a", "NEAR(a b)", "a NEAR/2 b", "-", "--",
    "-a", "- a", '-"a b"', "a -", "a & b", "a | b", "!a", "a <-> b", "a:*", "\\", "\\'", "%", "_", "%s", "%(a)s", ";--",
    "🚢", "a 🚢", "日本", "é\u0301\u0301", "\u202e abc", "the", "the of and", "...", "   ", "", "x" * 10_000,
    "word " * 2_000, '"' * 1_000, "1 2 3 4 5 6 7 8 9 10 11 12", '"1 2 3 4 5 6 7 8 9 10"', "²½Ⅳ", "ß æ ø", "\ud800",
    "a\x02b\x03c", "'a' & 'b'", "$$", "1e5 2.5 -3 a@b.c http://x.y/z",
]  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE)
def test_whatever_is_typed_is_only_text(typed):
    statement(summary="A ship and a word.")
    for model in (Statement, Stance, Actor, Topic, Source):
        list(model.objects.search(typed))
    query = search.parse(typed)
    found = list(Statement.objects.all())
    if query:
        search.marks(search.STATEMENTS, query, found)
        search.ranked(search.STATEMENTS, query, [it.pk for it in found])


@given(st.text(max_size=60))
def test_no_text_makes_search_raise(text):
    query = search.parse(text)
    assert bool(query) is not bool(search.unanswerable(text))
    assert len(Statement.objects.search(text)) == 0
    assert len(Actor.objects.search(text)) == 0


@pytest.mark.parametrize("typed", ["\0", "x" * 10_000, "***", "the of", "-japan", "🚢", '"'])
@pytest.mark.parametrize("address", ["/search", "/stances", "/actors", "/topics", "/sources"])
def test_what_cannot_be_looked_for_is_told_at_the_box_and_with_400_in_data(client, address, typed):
    statement(summary="Something is published.")
    response = client.get(f"{address}/", {"q": typed})
    assert response.status_code == 200
    assert 'id="q-wrong"' in response.content.decode()
    assert response.context["rows"] == []
    for format in ("csv", "json"):
        assert client.get(f"{address}.{format}", {"q": typed}).status_code == 400


def test_common_words_count_in_quotation_marks_and_when_left_out_are_named(client):
    statement(key="not", summary="It will not be what they have.")
    assert keys('"what they have"') == {"not"}
    assert keys('"what we have"') == set()
    assert page(client, "q=what+will+not").context["passed_over"] == ("what", "will")


# ---- the page ----


def test_topics_actors_and_sources_come_by_name_before_the_statements(client, world):
    response = page(client, "q=japan")
    groups = {group.nouns: [found.row.slug for found in group.rows] for group in response.context["groups"]}
    assert groups == {"topics": ["pact-japan"], "actors": ["japan"]}
    assert set(shown(response)) == {"speech", "interview", "account"}
    assert [g.nouns for g in page(client, "q=news").context["groups"]] == ["sources"]


def test_the_best_match_comes_first_and_dates_on_request(client):
    statement(key="once", date="2024-03-01", summary="A long account in which many things are told, trade among them.")
    statement(key="thrice", date="2024-01-01", quote="Trade, trade and trade", summary="On trade.")
    statement(key="occasion", date="2024-02-01", summary="Short.", occasion="Trade talks")
    assert shown(page(client, "q=trade"))[0] == "thrice"
    assert shown(page(client, "q=trade"))[-1] == "occasion"
    assert shown(page(client, "q=trade&order=-date")) == ["once", "occasion", "thrice"]
    assert shown(page(client, "q=trade&order=date")) == ["thrice", "occasion", "once"]


def test_what_was_found_is_marked_and_the_rest_is_escaped(client):
    statement(
        quote="Ships <b>&amp; submarine's</b> crews",
        summary="On submarines/ships.",
        speaker=PersonFactory(name="<script>alert(1)</script>"),
    )
    content = page(client, "q=submarine").content.decode()
    assert "“Ships &lt;b&gt;&amp;amp; <mark>submarine</mark>&#x27;s&lt;/b&gt; crews”" in content
    assert "On <mark>submarines</mark>/ships." in content
    assert "<script>alert" not in content


def test_a_text_with_the_signs_of_marks_in_it_is_shown_whole(client):
    statement(summary="On \x02submarines\x03 and \x03ships.")
    assert "and \x03ships." in page(client, "q=submarines").content.decode()


def test_pages_lose_and_repeat_nothing(client):
    topic = TopicFactory()
    for number in range(60):
        StanceFactory(topic=topic, statement__summary=f"Steel, as number {number} says.")
    for order in ("", "&order=date"):
        first = page(client, f"q=steel{order}")
        second = client.get(first.context["next_url"])
        third = client.get(second.context["next_url"])
        assert [len(shown(response)) for response in (first, second, third)] == [25, 25, 10]
        assert len({key for response in (first, second, third) for key in shown(response)}) == 60
        assert third.context["next_url"] == first.context["previous_url"] == ""
        assert shown(client.get(third.context["previous_url"])) == shown(second)
        assert shown(client.get(second.context["previous_url"])) == shown(first)
        assert first.context["groups"] == second.context["groups"] == []
        assert len(json.loads(client.get(f"/search.json?q=steel{order}").getvalue())) == 60


def test_an_address_of_a_page_that_had_fifty_hits_goes_on_where_it_did(client):
    topic = TopicFactory()
    for number in range(60):
        StanceFactory(topic=topic, statement__summary=f"Steel, as number {number} says.")
    best = shown(page(client, "q=steel")) + shown(page(client, "q=steel&cursor=25"))
    old = page(client, "q=steel&cursor=50")
    assert len(shown(old)) == 10
    assert not set(shown(old)) & set(best)
    assert shown(client.get(old.context["previous_url"])) == best[25:]


def test_the_last_page_of_ranked_hits_is_not_taken_for_the_last_of_all(client, monkeypatch):
    topic = TopicFactory()
    for number in range(40):
        StanceFactory(topic=topic, statement__summary=f"Steel, as number {number} says.")
    monkeypatch.setattr(filters, "MOST_LOOKED_AT", 30)
    monkeypatch.setattr(views_search, "MOST_LOOKED_AT", 30)
    assert page(client, "q=steel").context["span"] == "1 to 25 of 40"
    last = page(client, "q=steel&cursor=25").context
    assert (last["next_url"], last["span"]) == ("", "5 of 40")
    by_date = client.get(page(client, "q=steel&order=date").context["next_url"]).context
    assert by_date["span"] == "26 to 40 of 40"


def test_hits_are_counted_beyond_the_newest_by_going_on_from_them(client, monkeypatch):
    topic, days = TopicFactory(), ("2023-12-31", "2024-01-01", "2024-01-01", "2024-01-01", "2024-02-29", "2024-03-01")
    for day in days:
        StanceFactory(topic=topic, statement__summary="Steel.", statement__date=day)
    StanceFactory(topic=topic, statement__summary="Wool.", statement__date="2024-01-01")
    for looked_at in range(1, 8):
        monkeypatch.setattr(filters, "MOST_LOOKED_AT", looked_at)
        assert page(client, f"q=steel&after=2000-01-0{looked_at}").context["matching"] == 6
        assert page(client, f"q=steel&before=2024-01-0{looked_at}").context["matching"] == 4
    monkeypatch.setattr(filters, "MOST_COUNTED", 4)
    for looked_at in range(1, 5):
        monkeypatch.setattr(filters, "MOST_LOOKED_AT", looked_at)
        assert page(client, f"q=steel&after=2001-01-0{looked_at}").context["matching"] == 5


@pytest.mark.parametrize("cursor", ["-1", "x", "99999", "٣", "WzAsMV0"])
def test_a_cursor_that_is_none_is_told(client, world, cursor):
    response = page(client, f"q=pact&cursor={cursor}")
    assert "begin at the first page" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("q=worry", {"account"}),
        ("q=worry+tokyo&actor=japan", {"account"}),
        ("q=worry&actor=australia", set()),
        ("q=news&topic=trade", {"speech"}),
        ("q=news&topic=pact", {"interview", "account", "speech"}),
        ("q=news&topic=pact&subtopics=0", {"account"}),
        ("q=news&speaker=paper", {"account"}),
        ("q=news&after=2024-03-01&before=2024-03-31", {"account"}),
        ("q=matures", {"interview"}),
        ("q=matures&repeats=1", {"interview", "again"}),
        ("q=news&form=act", {"speech"}),
    ],
)
def test_the_statements_are_filtered_as_stances_are(client, world, query, kept):
    response = page(client, query)
    assert set(shown(response)) == kept
    assert response.context["matching"] == len(kept)
    assert {row["statement_key"] for row in json.loads(client.get(f"/search.json?{query}").getvalue())} == kept
    lines = client.get(f"/search.csv?{query}").getvalue().decode().splitlines()
    assert {row["statement_key"] for row in csv.DictReader(lines)} == kept


def test_a_facet_counts_the_statements_that_choosing_it_leaves(client, world):
    for query in ("q=news", "q=news&actor=japan", "q=news&topic=pact&repeats=1", "q=news&topic=-trade"):
        for facet in page(client, query).context["facets"]:
            for option in facet.options:
                if not facet.links and not option.chosen and f"{facet.name}=" not in query:
                    assert page(client, f"{query}&{facet.name}={option.value}").context["matching"] == option.count


def test_values_that_would_find_nothing_are_left_out_unless_chosen(client, world):
    for facet in page(client, "q=matures").context["facets"]:
        assert facet.links or all(option.count for option in facet.options)
    facets = {facet.name: facet for facet in page(client, "q=matures&authority=head").context["facets"]}
    assert [option.value for option in facets["authority"].options if option.chosen] == ["head"]


def test_each_hit_says_which_words_are_ours(client, world):
    assert '<span class="muted">In our words:</span>' in page(client, "q=matures").content.decode()


def test_nothing_found_leads_on(client, world):
    response = page(client, "q=matures+tokyo")
    assert {(words, number) for words, number, _ in response.context["fewer"]} == {("matures", "1"), ("tokyo", "1")}
    fewer = page(client, "q=matures+tokyo+zebra").context["fewer"]
    assert [words for words, *_ in fewer] == ["matures", "tokyo"]
    fewer = page(client, "q=pact+matures+tokyo").context["fewer"]
    assert [words for words, *_ in fewer][:2] == ["pact tokyo", "pact matures"]
    assert [near.name for near in page(client, "q=austrelia").context["near"]] == ["Australia"]
    assert [near.name for near in page(client, "q=japan+austrelia+zebra").context["near"]] == ["Australia"]
    assert "without filters" in page(client, "q=matures&actor=japan").content.decode()
    assert "No statement holds these words." in page(client, "q=zebra").content.decode()


def test_without_words_there_is_the_box_and_data_is_refused(client, world):
    response = page(client, "")
    assert 'name="q"' in response.content.decode()
    assert response.context["rows"] == []
    assert client.get("/search.json").status_code == 400


def test_every_page_leads_to_search(client, world):
    assert 'action="/search/" role="search"' in client.get("/stances/").content.decode()
    assert 'action="/search/" role="search"' in client.get("/").content.decode()


def test_a_page_takes_as_many_queries_with_many_rows_as_with_few(client, world):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, "q=news&topic=pact")
            page(client, "q=news")
        return len(captured)

    few = queries()
    source = Source.objects.get(slug="late")
    for _ in range(5):
        StanceFactory(topic=Topic.objects.get(slug="pact"), statement__source=source, statement__date="2024-02-01")
    assert queries() == few


# ---- only what is published ----


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.RETRACTED])
def test_what_is_not_published_is_found_in_no_way(client, world, status):
    def seen() -> list:
        found: list = []
        for query in ("q=zeppelin", "q=zeppelin&repeats=1", "q=zeppelin&order=date", "q=zeppelinn", "q=pact+zeppelin"):
            context = page(client, query).context
            found += [context["matching"], context["fewer"], context["near"]]
            found += [(g.nouns, g.number) for g in context["groups"]]
            found += [(f.name, o.value, o.count) for f in context["facets"] for o in f.options if o.count]
        for name in ("stances", "actors", "sources", "search"):
            found.append(json.loads(client.get(f"/{name}.json?q=zeppelin").getvalue()))
        return found

    before = seen()
    hidden = StatementFactory(
        status=status,
        quote="A zeppelin",
        summary="Zeppelin",
        occasion="zeppelin",
        speaker=PersonFactory(name="Zeppelin"),
        source=SourceFactory(title="Zeppelin", author="Zeppelin", publisher=PublicationFactory(name="Zeppelin")),
    )
    StanceFactory(statement=hidden, actor=GovernmentFactory(name="Zeppelin"), topic=Topic.objects.get(slug="pact"))
    assert seen() == before
    assert keys("zeppelin") == set()
    assert search_index.differences() == []


def test_retracting_takes_a_statement_out_of_the_index(groups):
    it = statement(summary="A zeppelin")
    assert keys("zeppelin") == {it.key}
    it.retract(by=UserFactory(groups=["editor"]), reason="It was wrong.")
    assert keys("zeppelin") == set()


# ---- the index is kept right ----


def test_triggers_keep_the_index_equal_to_one_made_anew(world):
    assert search_index.differences() == []
    speech = Statement.objects.get(key="speech")
    minister, paper = Actor.objects.get(slug="minister"), Actor.objects.get(slug="paper")

    def after(step) -> list[str]:
        step()
        return search_index.differences()

    raw = models.QuerySet(Statement)
    assert not after(lambda: Actor.objects.filter(pk=minister.pk).update(name="Ann Other", aliases="Anne\nAnna"))
    assert keys("anna") == {"interview", "again"}
    assert keys("jane") == set()
    assert not after(lambda: Actor.objects.filter(pk=paper.pk).update(name="The Weekly"))
    assert keys("weekly") == {"interview", "account"}
    assert [it.slug for it in Source.objects.search("weekly")] == ["early"]
    assert not after(lambda: Source.objects.filter(slug="late").update(title="Tidings", publisher=paper))
    assert keys("tidings weekly") == {"account", "speech", "again"}
    assert not after(lambda: raw.filter(pk=speech.pk).update(latest="2024-04-29", summary="Anew", speaker=minister))
    assert keys("anew anna") == {"speech"}
    assert not after(lambda: raw.filter(pk=speech.pk).update(status="draft"))
    assert keys("anew") == set()
    assert not after(lambda: raw.update(status="published", published_at="2024-06-01T00:00Z"))
    assert keys("anew") == {"speech"}
    assert not after(lambda: Topic.objects.filter(slug="trade").update(proposition="Ships should sail."))
    assert [it.slug for it in Topic.objects.search("sailing")] == ["trade"]
    stances = models.QuerySet(Stance).filter(statement__key="speech")
    assert not after(lambda: Topic.objects.filter(slug="trade").update(name="Commerce"))
    assert keys("commerce") == {"speech"}
    assert not after(lambda: Actor.objects.filter(slug="japan").update(aliases="Nippon"))
    assert keys("nippon") == {"speech", "account"}
    assert not after(lambda: stances.filter(topic__slug="trade").update(condition="if whales sing"))
    assert keys('"whales sing"') == {"speech"}
    assert not after(lambda: stances.filter(topic__slug="trade").update(topic=Topic.objects.get(slug="pact")))
    assert keys("commerce") == set()
    assert not after(lambda: stances.filter(actor__slug="japan").delete())
    assert keys("whales") == set()
    assert keys("anew") == {"speech"}
    assert not after(lambda: models.QuerySet(Stance).all().delete())
    assert keys("anew") == set()
    assert not after(lambda: models.QuerySet(Statement).filter(repeats__isnull=False)._raw_delete("default"))
    assert not after(lambda: models.QuerySet(Statement).all()._raw_delete("default"))
    assert keys("weekly") == set()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="COPY is PostgreSQL's")
def test_what_copy_brings_is_found(world):
    columns = [f.column for f in Statement._meta.concrete_fields if f.column not in ("id", "key", "summary")]
    with connection.cursor() as cursor:
        names = ", ".join(f'"{column}"' for column in columns)
        cursor.execute(f"SELECT {names} FROM stances_statement WHERE key = 'account'")
        row = cursor.fetchone()
        with cursor.copy(f"COPY stances_statement (key, summary, {names}) FROM STDIN") as copy:
            for number in range(3):
                copy.write_row([f"copied-{number}", "By zeppelin", *row])
        columns = [f.column for f in Stance._meta.concrete_fields if f.column not in ("id", "statement_id")]
        names = ", ".join(f'"{column}"' for column in columns)
        cursor.execute(
            f"SELECT {names} FROM stances_stance WHERE speaker_id = %s", [Actor.objects.get(slug="paper").pk]
        )
        row = cursor.fetchone()
        copied = list(Statement.objects.filter(key__startswith="copied").values_list("pk", flat=True))
        with cursor.copy(f"COPY stances_stance (statement_id, {names}) FROM STDIN") as copy:
            for pk in copied:
                copy.write_row([pk, *row])
    assert keys("zeppelin") == {"copied-0", "copied-1", "copied-2"}
    assert search_index.differences() == []


def test_rebuild_search_makes_the_index_anew_and_check_tells_what_is_wrong(world):
    def command(**options) -> str:
        out = io.StringIO()
        call_command("rebuild_search", stdout=out, **options)
        return out.getvalue()

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM stances_search_statement")
    with pytest.raises(CommandError, match="stances_search_statement lacks"):
        command(check=True)
    assert "entries" in command()
    assert "as it should be" in command(check=True)
    assert keys("matures") == {"interview", "again"}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite's triggers go with a table that is remade")
def test_triggers_lost_in_a_migration_come_back_with_what_was_missed(world):
    search_index.before_migration()
    Topic.objects.filter(slug="trade").update(name="Ships")
    assert not Topic.objects.search("ships")
    search_index.after_migration()
    assert [it.slug for it in Topic.objects.search("ships")] == ["trade"]
    assert search_index.differences() == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite needs no extension")
def test_a_role_that_may_not_make_the_extension_is_told_what_to_do(db):
    with connection.cursor() as cursor:
        search_index.drop()
        cursor.execute("DROP EXTENSION unaccent")
        cursor.execute("CREATE ROLE stances_test_reader")
        cursor.execute("SET LOCAL ROLE stances_test_reader")
        with pytest.raises(search_index.ExtensionMissing, match="CREATE EXTENSION unaccent"):
            search_index.create()


@pytest.mark.browser
def test_slash_leads_to_the_box_and_is_typed_within_it(live_server, groups, page, complaints):
    page.goto(f"{live_server.url}/topics/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "site-q"
    page.keyboard.type("a/b")
    assert page.input_value("#site-q") == "a/b"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=a%2Fb")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    assert complaints == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite folds letters in its own way")
@pytest.mark.parametrize(
    "text",
    ["", "Tariffs stay: they're 3.5%.", "Ｔａｒｉｆｆｓ ﬁrst", "Cafe\u0301, naïve", "stay " * 20_001, "ü " * 50_001],
    ids=["empty", "ascii", "compatible", "composed", "long", "long beyond ascii"],
)
def test_words_of_a_text_are_those_of_its_normal_form_up_to_a_length(text):
    normal = "to_tsvector('stances', stances_search_parted(left(normalize(%s, NFKC), 100000)))"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT stances_search_words(%s) = {normal}", [text, text])
        assert cursor.fetchone() == (True,)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no functions of its own")
def test_functions_that_read_texts_are_replaced_without_a_new_index():
    said = statement(quote="Tariffs stay.")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION stances_search_words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE "
            "PARALLEL SAFE AS $$ SELECT ''::tsvector $$"
        )
    search_index.replace_readers()
    assert keys("tariffs") == {said.key}
    assert search_index.differences() == []


@pytest.mark.django_db
def test_a_code_of_a_government_whose_name_has_no_letter_is_only_a_word(client):
    StanceFactory(actor__name="???", actor__iso="ZZQ", actor__kind="government")
    assert client.get("/search/?q=zzq").status_code == 200


def test_a_code_known_from_drafts_alone_finds_nothing(client):
    """Its name would be looked for, too, and so be told."""
    StanceFactory(statement__summary="They spoke of the treaty.")
    StanceFactory(actor__name="The treaty", actor__iso="ZZQ", actor__kind="government", statement__status=Status.DRAFT)
    for address in ("/search/?q=ZZQ", "/stances/?q=zzq"):
        assert not client.get(address).context["matching"], address


@pytest.mark.django_db
def test_actors_found_are_counted_past_those_that_only_drafts_name(client, monkeypatch):
    monkeypatch.setattr(views_search, "MOST_COUNTED", 3)  # which the drafts alone would fill
    for number in range(4):
        StanceFactory(actor__name=f"Quillan draft {number}", statement__status=Status.DRAFT)
    public = [StanceFactory(actor__name=f"Quillan public {number}").actor for number in range(2)]
    [group] = [it for it in client.get("/search/?q=quillan").context["groups"] if it.nouns == "actors"]
    assert (group.number, {found.row for found in group.rows}) == (2, set(public))


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite begins with what is found.")
def test_the_few_that_a_word_finds_are_asked_for_once_and_looked_up(client, monkeypatch):
    keys = {StanceFactory(statement=statement(quote="A rare word."), position=value).statement.key for value in (-2, 2)}
    StanceFactory(statement=statement(quote="Another."))
    for few in (1000, 1):
        monkeypatch.setattr(search, "FEW", few)
        for address in ("/api/v1/statements/?q=rare", "/api/v1/stances/?q=rare", "/stances/?q=rare"):
            with CaptureQueriesContext(connection) as captured:
                response = client.get(address)
            asked = [query["sql"] for query in captured if "@@" in query["sql"]]
            assert (len(asked) == 1) == (few > 1)
            if "api" in address:
                assert {row["statement_key"] for row in response.json()["results"]} == keys
