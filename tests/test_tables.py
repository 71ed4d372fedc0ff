"""Tables of stances: what rows mean, what differs, what is wrong; files read and written, round trips."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from stances import rules, sheets
from stances.exports import LISTED_STANCES, STANCES, cells_of, csv_lines
from stances.models import Actor, FormerSlug, Stance, Statement, Topic
from stances.tables import compare
from tests.factories import ActorFactory, AffiliationFactory, EditorFactory, StanceFactory, StatementFactory

pytestmark = pytest.mark.django_db


def as_csv(rows=None) -> bytes:
    return "".join(csv_lines(rows if rows is not None else Stance.objects.all(), LISTED_STANCES)).encode()


def as_xlsx(rows=None) -> bytes:
    rows = rows if rows is not None else Stance.objects.all()
    file = io.BytesIO()
    columns = [(column.name, column.is_text) for column in STANCES]
    sheets.write_xlsx(file, columns, cells_of(rows, STANCES, defused=True))
    return file.getvalue()


WRITERS = {"csv": as_csv, "xlsx": as_xlsx}


@pytest.mark.parametrize("format", WRITERS)
@pytest.mark.parametrize("update", [True, False])
def test_the_real_data_goes_round_without_a_change(format, update):
    call_command("loaddata", "aukus", verbosity=0)
    comparison = compare(sheets.read(WRITERS[format](), f"all.{format}"), update=update)
    assert comparison.problems.first(10) == []
    assert not comparison.has_differences
    assert comparison.same == Stance.objects.count()


# ---- what a row means ----

HEADER = "statement_key,date,actor,topic,position"


def table(text: str, *, update: bool = False, name: str = "test.csv"):
    return compare(sheets.read(text.encode(), name), update=update)


def brought(text: str, **more):
    """Write a table that is right."""
    comparison = table(text, **more)
    assert comparison.problems.first(10) == []
    comparison.write(by=EditorFactory())
    return comparison


def wrong(text: str, **more) -> list[str]:
    comparison = table(text, **more)
    with pytest.raises(ValueError, match="not written"):
        comparison.write()
    return [str(problem) for problem in comparison.problems.first(100)]


def test_the_least_that_a_row_says_is_completed_by_the_defaults():
    brought(f"{HEADER}\nk-1,../2024-03-25,new-zealand,sea-power,1\n", name="My news, 2024.csv")
    stance = Stance.objects.get()
    statement = stance.statement
    assert (statement.key, str(statement.date), statement.form, statement.status) == (
        "k-1",
        "../2024-03-25",
        "indirect",
        "draft",
    )
    assert (stance.terms, stance.basis, stance.attribution, statement.authority) == (
        "leaning",
        "explicit",
        "own",
        "official",
    )
    assert (stance.actor.name, stance.actor.kind, statement.speaker) == ("New Zealand", "government", stance.actor)
    assert (stance.topic.name, stance.topic.short_name, stance.topic.proposition) == ("Sea power",) * 3
    assert (statement.source.slug, statement.source.title, statement.source.kind) == (
        "my-news-2024",
        "My news 2024",
        "article",
    )
    assert statement.summary == "New Zealand on Sea power: leans for."


def test_rows_of_one_key_are_one_statement_with_their_stances():
    brought(f"{HEADER},speaker,summary\nk-1,2024,a,t,1,minister,Both.\nk-1,,b,t,-2,,\nk-2,2024-02,a,t,0,,Other.\n")
    first = Statement.objects.get(key="k-1")
    assert (first.speaker.slug, first.speaker.kind, first.summary, first.authority) == (
        "minister",
        "person",
        "Both.",
        "independent",
    )
    assert [(stance.actor.slug, stance.position) for stance in first.stances.order_by("pk")] == [("a", 1), ("b", -2)]
    assert {stance.attribution for stance in first.stances.all()} == {"reported"}


def test_authority_and_attribution_follow_the_speakers_office_on_that_day():
    office = AffiliationFactory(actor__slug="minister", of__slug="australia", end=dt.date(2024, 3, 1))
    header = f"{HEADER},speaker"
    brought(f"{header}\nk-1,2024-02-13,australia,t,2,minister\nk-2,2024-03-01,australia,t,2,minister\n")
    told = [(s.statement.authority, s.attribution) for s in Stance.objects.order_by("statement__key")]
    assert told == [(office.authority, "own"), ("former", "reported")]


def test_topics_come_with_their_parents_and_a_later_row_completes_them():
    header = f"{HEADER},topic_parent,topic_name,proposition"
    brought(f"{header}\nk-1,2024,a,child,2,parent,,\nk-2,2024,a,parent,2,,The parent,It should be.\n")
    child = Topic.objects.get(slug="child")
    assert (child.parent.name, child.parent.proposition, child.name) == ("The parent", "It should be.", "Child")


def test_a_repeat_may_stand_before_what_it_repeats():
    brought(f"{HEADER},repeats\nk-2,2024,a,t,2,k-1\nk-1,2024,a,t,2,\n")
    assert Statement.objects.get(key="k-2").repeats.key == "k-1"


def test_former_addresses_find_what_bears_another_now():
    actor = ActorFactory(slug="burma", kind="government")
    actor.slug = "myanmar"
    actor.save()
    brought(f"{HEADER},actor_kind\nk-1,2024,burma,t,2,government\nk-2,2024,myanmar,t,2,\n")
    assert {stance.actor for stance in Stance.objects.all()} == {actor}


def test_kinds_are_of_what_the_rows_say_they_are():
    header = f"{HEADER},speaker,source,publisher,actor_kind"
    brought(f"{header}\nk-1,2024,a,t,2,paper,news,paper,\nk-2,2024,b,t,2,c,news,,group\nk-3,2024,c,t,0,,,,\n")
    assert dict(Actor.objects.values_list("slug", "kind")) == {
        "a": "government",
        "paper": "publication",
        "b": "group",
        "c": "government",
    }


# ---- what stands ----


def test_rows_that_stand_are_skipped_and_leave_no_history():
    brought(f"{HEADER}\nk-1,2024,a,t,1\n")
    comparison = brought(f"{HEADER}\nk-1,2024,a,t,1\nk-2,2024,a,t,2\n")
    assert comparison.same == 1
    assert Statement.history.count() == 2
    assert Actor.history.count() == 1


def test_rows_that_differ_are_errors_unless_they_may_update():
    brought(f"{HEADER}\nk-1,2024,a,t,2\n")
    assert wrong(f"{HEADER},actor_name\nk-1,2024-02,a,t,-2,Ay\n") == [
        "Row 2, actor_name “Ay”: “A” stands here. Tick “Update what differs” to change it.",
        "Row 2, date “2024-02”: “2024” stands here. Tick “Update what differs” to change it.",
        "Row 2, position “-2”: “2” stands here. Tick “Update what differs” to change it.",
    ]
    brought(f"{HEADER},actor_name\nk-1,2024-02,a,t,-2,Ay\n", update=True)
    stance = Stance.objects.get()
    assert (str(stance.statement.date), stance.position, stance.actor.name) == ("2024-02", -2, "Ay")
    assert str(stance.stated_on) == "2024-02-29"
    assert [model.history.filter(history_type="~").count() for model in (Statement, Stance, Actor)] == [1, 1, 1]


def test_a_blank_leaves_a_value_and_a_sign_clears_it():
    brought(f"{HEADER},occasion,condition\nk-1,2024,a,t,2,Interview,If so\n")
    brought(f"{HEADER},occasion,condition\nk-1,,a,t,,,\\N\n", update=True)
    stance = Stance.objects.get()
    assert (stance.statement.occasion, stance.condition, stance.position) == ("Interview", "", 2)


def test_what_is_never_empty_is_not_cleared():
    for column in ("speaker", "summary", "form", "actor_name", "position", "proposition"):
        header = HEADER if column in HEADER else f"{HEADER},{column}"
        row = "k-1,2024,a,t,\\N" if column in HEADER else "k-1,2024,a,t,2,\\N"
        assert "It is never empty" in wrong(f"{header}\n{row}\n")[0]


def test_terms_go_and_come_with_a_position():
    brought(f"{HEADER},terms\nk-1,2024,a,t,1,time\n")
    brought(f"{HEADER}\nk-1,2024,a,t,2\n", update=True)
    assert Stance.objects.get().terms == ""
    brought(f"{HEADER},terms\nk-1,2024,a,t,-1,\n", update=True)
    assert Stance.objects.get().terms == "leaning"


def test_what_is_no_draft_is_to_be_changed_in_its_form():
    statement = StanceFactory(statement__key="k-1", statement__status="published", actor__slug="a", topic__slug="t")
    position = -2 if statement.position == 2 else 2
    told = wrong(f"statement_key,date,actor,topic,position,terms\nk-1,,a,t,{position},\nk-1,,b,t,2,\n")
    assert any(line.endswith("It is published: change it in its form.") for line in told)
    assert any(line.endswith("It is published: add it in its form.") for line in told)
    assert not any("Tick" in line for line in told)


@pytest.mark.parametrize("status", ["submitted", "published", "retracted"])
def test_only_drafts_are_changed(status):
    stance = StanceFactory(statement__published=False, statement__status=status, statement__key="k")
    row = f"k,,{stance.actor.slug},{stance.topic.slug},-2"
    [told] = wrong(f"{HEADER}\n{row}\n", update=True)
    assert "an import changes drafts alone" in told
    row = f"k,,another,{stance.topic.slug},-2"
    assert "an import changes drafts alone" in " ".join(wrong(f"{HEADER}\n{row}\n", update=True))


def test_a_stance_is_added_to_a_draft_that_stands_where_it_may_update():
    brought(f"{HEADER}\nk-1,2024,a,t,2\n")
    assert "The statement stands here without this stance." in wrong(f"{HEADER}\nk-1,2024,b,t,2\n")[0]
    brought(f"{HEADER}\nk-1,2024,b,t,2\n", update=True)
    assert Stance.objects.filter(statement__key="k-1").count() == 2


# ---- what is wrong ----

RULES = [
    ("k-1,2024,a,t,3", "position “3”: A position is -2, -1, 0, 1 or 2."),
    ("k 1,2024,a,t,2", "statement_key “k 1”: ASCII letters, digits, hyphens"),
    ("k-1,2999,a,t,2", "date “2999”: 2999-12-31 is still to come."),
    ("k-1,2024-02-30,a,t,2", "date “2024-02-30”: “2024-02-30” is no day of the calendar."),
    ("k-1,,a,t,2", "Row 2, date: A new statement needs its date."),
    ("k-1,2024,a,t,", "Row 2, position: A new stance needs its position."),
    (",2024,a,t,2", "Row 2, statement_key: It is needed in each row."),
    ("k-1,2024,A b,t,2", "actor “A b”: Use small letters"),
    ("k-1,2024,a,t,2\nk-1,2024,a,t,2", "Row 3, topic “t”: Row 2 has a stance of this actor on this topic"),
    ("k-1,2024,a,t,2\nk-1,2023,b,t,2", "Row 3, date “2023”: Row 2 says “2024” of the same statement."),
]
MORE_RULES = [
    ("form=direct", "quote: A direct quotation needs its words"),
    ("form=spoken", "form “spoken”: One of: direct, indirect, act."),
    ("quote=So.", "quote “So.”: A direct quotation needs its words; indirect speech and a deed have no quote."),
    ("terms=time", "terms “time”: Positions +1 and -1 have terms"),
    ("basis=implied", "rationale: An implied position needs its rationale."),
    ("basis=implied&form=act&rationale=So.", "basis “implied”: A deed is explicit."),
    ("locator=page 4", "locator “page 4”: Numbers of paragraphs"),
    ("start=5&end=4", "end “4”: The offsets are both empty"),
    ("start=-5", "start “-5”: A whole number of characters"),
    ("url=nowhere", "Name the source of which this is said."),
    ("source=s&url=nowhere", "url “nowhere”: Enter a valid URL."),
    ("source=s&published_on=2023-05-05", "but its source was published on 2023-05-05"),
    ("source=s&published_on=yesterday", "published_on “yesterday”: A day, as in 2024-02-13."),
    ("repeats=k-1", "A statement does not repeat itself."),
    ("repeats=nothing", "repeats “nothing”: There is no such statement"),
    ("topic_parent=t", "“t” would stand under itself."),
    ("actor_kind=state", "actor_kind “state”: One of: government, body, group, person, publication."),
    ("occasion=" + "x" * 201, "at most 200 characters"),
    ("source=" + "s" * 101, "At most 100 characters."),
]


@pytest.mark.parametrize(("row", "words"), RULES)
def test_a_rule_that_a_row_breaks_is_told_with_row_column_and_value(row, words):
    told = wrong(f"{HEADER}\n{row}\n")
    assert any(words in line for line in told), told
    assert len(told) == 1


@pytest.mark.parametrize(("cells", "words"), MORE_RULES)
def test_a_rule_of_the_codebook_is_told(cells, words):
    more = dict(cell.split("=") for cell in cells.split("&"))
    told = wrong(f"{HEADER},{','.join(more)}\nk-1,2024,a,t,2,{','.join(more.values())}\n")
    assert any(words in line for line in told), told


def test_a_key_that_was_used_before_is_refused():
    StatementFactory(key="k-1").delete()
    assert wrong(f"{HEADER}\nk-1,2024,a,t,2\n") == [
        "Row 2, statement_key “k-1”: This key was used before, and is never used again."
    ]


def test_a_former_address_that_leads_nowhere_is_refused():
    FormerSlug.objects.create(kind="topic", slug="t")
    assert wrong(f"{HEADER}\nk-1,2024,a,t,2\n") == ["Row 2, topic “t”: A former address, which is never used again."]


def test_a_repeat_of_a_repeat_is_refused():
    told = wrong(f"{HEADER},repeats\nk-1,2024,a,t,2,\nk-2,2024,a,t,2,k-1\nk-3,2024,a,t,2,k-2\n")
    assert told == ["Row 4, repeats “k-2”: k-2 is a repeat itself: name the one that it repeats."]


def test_what_others_repeat_does_not_become_a_repeat():
    first = StanceFactory(statement__key="k-1", statement__published=False)
    StatementFactory(key="k-2", repeats=first.statement)
    StatementFactory(key="k-3")
    row = f"k-1,,{first.actor.slug},{first.topic.slug},,k-3"
    assert "Others repeat this statement" in wrong(f"{HEADER},repeats\n{row}\n", update=True)[0]


def test_a_source_is_not_dated_before_what_was_said_in_it():
    said = StatementFactory(date="2024-02-13")
    header = f"{HEADER},source,published_on"
    told = wrong(f"{header}\nk-1,2024-01-01,a,t,2,{said.source.slug},2024-02-01\n", update=True)
    assert told == [f"Row 2, published_on “2024-02-01”: Its statement {said.key} was made later, on 2024-02-13."]


def test_topics_in_a_ring_are_refused():
    told = wrong(f"{HEADER},topic_parent\nk-1,2024,a,t,2,u\nk-2,2024,a,u,2,v\nk-3,2024,a,v,2,t\n")
    assert len(told) == 3
    assert all("would stand under itself" in line for line in told)


# ---- all inputs ----


def test_a_text_of_any_length_that_an_export_wrote_is_read_again(db):
    StanceFactory(statement__published=False, statement__summary="x" * 200_000)
    assert compare(sheets.read(as_csv(), "t.csv"), update=False).same == 1


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
HOSTILE = st.one_of(
    TEXT, st.sampled_from(["=1+1", "'=x", "\\N", "'\\N", "''", " \r\n ", "_x000D_", "a\r\nb", "-1", "２"])
)


@given(texts=st.lists(HOSTILE, min_size=5, max_size=5), format=st.sampled_from(list(WRITERS)), update=st.booleans())
@settings(max_examples=60)
def test_any_text_goes_round_without_a_change(db, texts, format, update):
    first, occasion, condition, rationale, name = texts
    with transaction.atomic():
        stance = StanceFactory(
            statement__published=False,
            statement__summary=first or "x",
            statement__quote=first,
            statement__occasion=occasion,
            condition=condition,
            rationale=rationale,
            topic__name=name or "x",
            topic__proposition=name or "x",
            actor__name=name or "x",
            statement__source__title=name or "x",
        )
        content = WRITERS[format](Stance.objects.filter(pk=stance.pk))
        comparison = compare(sheets.read(content, f"t.{format}"), update=update)
        told = comparison.problems.first(3), comparison.same
        transaction.set_rollback(True)
    assert told == ([], 1)


DAYS = st.none() | st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 3))


@given(
    statement=st.builds(
        Statement,
        form=st.sampled_from(["direct", "act", "x"]),
        authority=st.sampled_from(["head", ""]),
        quote=st.sampled_from(["", "q"]),
        summary=st.sampled_from(["", "s"]),
        key=st.sampled_from(["", "k"]),
        earliest=DAYS,
        latest=DAYS,
        start=st.none() | st.integers(0, 2),
        end=st.none() | st.integers(0, 2),
        status=st.sampled_from(["draft", "published", "retracted"]),
        retraction_reason=st.sampled_from(["", "r"]),
    ),
    stance=st.builds(
        Stance,
        position=st.none() | st.integers(-3, 3),
        terms=st.sampled_from(["", "time", "x"]),
        basis=st.sampled_from(["explicit", "implied"]),
        attribution=st.sampled_from(["own", "x"]),
        rationale=st.sampled_from(["", "r"]),
    ),
    actor=st.builds(Actor, kind=st.sampled_from(["government", "body"]), iso=st.sampled_from(["", "AUS"]), name=TEXT),
)
@settings(max_examples=60)
def test_a_rule_asked_in_memory_answers_as_the_database_does(db, statement, stance, actor):
    for row in (statement, stance, actor):
        broken = set()
        for constraint in row._meta.constraints:
            if isinstance(constraint, models.CheckConstraint):
                try:
                    constraint.validate(type(row), row)
                except ValidationError:
                    broken.add(constraint.name)
        assert {constraint.name for constraint in rules.broken(row)} == broken


@given(content=st.binary(max_size=300) | st.builds(lambda text: f"{HEADER}\n{text}".encode(), TEXT))
@settings(max_examples=80)
def test_any_file_is_read_or_refused_in_words(db, content):
    try:
        comparison = compare(sheets.read(content, "x.csv"))
    except sheets.SheetError:
        return
    assert comparison.problems.count or comparison.has_differences


def test_the_queries_of_an_import_grow_with_no_rows():
    def rows(count: int, start: int) -> str:
        lines = (f"k-{n},2024,a-{n},t-{n},2,s-{n},p-{n}" for n in range(start, start + count))
        return "\n".join([f"{HEADER},source,publisher", *lines])

    def queries(text: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            brought(text)
        return len(caught)

    brought(rows(1, 0))
    few, many = queries(rows(2, 100)), queries(rows(25, 200))
    assert many == few
    with CaptureQueriesContext(connection) as standing_few:
        table(rows(2, 100))
    with CaptureQueriesContext(connection) as standing_many:
        table(rows(25, 200))
    assert len(standing_many) == len(standing_few)
