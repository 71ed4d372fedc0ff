"""Loading a fixture: once is enough, newer ones update, and an editor's work is never overwritten unasked."""

import gzip
import json
from io import StringIO

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stances import positions
from stances.fixtures import LOADED
from stances.models import (
    CURATED,
    Actor,
    Affiliation,
    FormerSlug,
    Position,
    PublicVersion,
    Source,
    Stance,
    Statement,
    Topic,
)
from stances.records import record_of
from stances.seeds import read_seeds
from tests.factories import StanceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]

RECORDS = [
    {"model": "stances.actor", "fields": {"slug": "aldoria", "kind": "government", "name": "Aldoria"}},
    {"model": "stances.actor", "fields": {"slug": "brenmark", "kind": "government", "name": "Brenmark"}},
    {"model": "stances.actor", "fields": {"slug": "minister", "kind": "person", "name": "A Minister"}},
    {
        "model": "stances.affiliation",
        "fields": {
            "actor": ["minister"],
            "of": ["aldoria"],
            "title": "Minister",
            "authority": "minister",
            "start": None,
            "end": None,
        },
    },
    {
        "model": "stances.topic",
        "fields": {
            "slug": "growth-drevia",
            "parent": ["growth"],
            "name": "Drevia",
            "short_name": "Drevia",
            "proposition": "Drevia should join.",
        },
    },
    {
        "model": "stances.topic",
        "fields": {
            "slug": "growth",
            "parent": None,
            "name": "Growth",
            "short_name": "Growth",
            "proposition": "It should grow.",
        },
    },
    {
        "model": "stances.source",
        "fields": {"slug": "courier", "title": "A headline", "published_on": "2024-03-01"},
    },
    *(
        {
            "model": "stances.statement",
            "fields": {
                "key": f"courier-{number}",
                "source": ["courier"],
                "speaker": ["minister"],
                "earliest": day,
                "latest": day,
                "form": "indirect",
                "authority": "minister",
                "summary": f"Summary {number}.",
                "repeats": repeats,
                "status": "published",
            },
        }
        for number, day, repeats in [
            (1, "2024-02-01", None),
            (2, "2024-02-01", ["courier-1"]),
            (3, "2024-02-10", None),
        ]
    ),
    *(
        {
            "model": "stances.stance",
            "fields": {
                "statement": [f"courier-{number}"],
                "actor": ["aldoria"],
                "topic": ["growth"],
                "position": position,
                "terms": "",
                "attribution": "own",
            },
        }
        for number, position in [(1, 2), (2, 2), (3, -2)]
    ),
]


@pytest.fixture
def load(tmp_path):
    """Load records, the example's unless others are given, and return what the command said."""

    def run(records=RECORDS, **options):
        path = tmp_path / "example.json"
        path.write_text(json.dumps(records), encoding="utf-8")
        out = StringIO()
        call_command("loaddata", str(path), stdout=out, **options)
        return out.getvalue()

    return run


def changed(model, key, records=RECORDS, /, **fields):
    """Give the records with one record's fields changed; `key` is its slug, key, or (for stances) its statement."""
    copy = json.loads(json.dumps(records))
    found = [
        record
        for record in copy
        if record["model"] == f"stances.{model}"
        and key
        in (
            record["fields"].get("slug"),
            record["fields"].get("key"),
            (record["fields"].get("statement") or [0])[0],
        )
    ]
    assert len(found) == 1
    found[0]["fields"].update(fields)
    return copy


def state():
    """Give everything that a load could change, version and histories too."""
    rows = {model: list(model.objects.order_by("pk").values()) for model in (*CURATED, Position, FormerSlug)}
    histories = {model: model.history.count() for model in CURATED}
    return rows, histories, PublicVersion.objects.current()


# ---- the desk's own fixture ----


def desk_fixture():
    return read_seeds(settings.SEEDS_DIR).desk.data["fixture"]


def test_the_desks_fixture_loads_and_positions_are_right():
    call_command("loaddata", desk_fixture(), verbosity=0)
    assert Statement.objects.published().count() == Statement.objects.count() > 30
    assert Position.objects.exists()
    assert positions.differences() == []
    call_command("check_positions", verbosity=0)


def test_loading_the_desks_fixture_twice_is_loading_it_once():
    call_command("loaddata", desk_fixture(), verbosity=0)
    before = state()
    call_command("loaddata", desk_fixture(), verbosity=0)
    assert state() == before


# ---- one load ----


def test_rows_are_made_with_a_history_and_their_positions(load):
    told = load()
    assert "13 new, 0 changed, 0 as they stood" in told
    for model in CURATED:
        assert {entry.history_change_reason for entry in model.history.all()} == {LOADED}
        assert model.history.count() == model.objects.count()
    held = Position.objects.order_by("since").values_list("value", "confirmations")
    assert list(held) == [(2, 0), (-2, 0)]
    assert Statement.objects.get(key="courier-2").repeats.key == "courier-1"
    assert Statement.history.get(key="courier-2").repeats_id == Statement.objects.get(key="courier-1").pk
    assert Topic.objects.get(slug="growth-drevia").parent.slug == "growth"
    assert Statement.objects.filter(published_at=None).count() == 0


def test_a_loaded_statements_record_begins_with_its_stances(load):
    load()
    record = record_of(Statement.objects.get(key="courier-3"))
    assert [(change.what, change.who) for change in record] == [("Published", "loaded with the data")]


def test_twice_is_once(load):
    load()
    before = state()
    assert "0 new, 0 changed, 13 as they stood" in load()
    assert state() == before


def test_the_number_of_queries_does_not_grow_with_rows(load):
    def more(number):
        statement = next(r for r in RECORDS if r["fields"].get("key") == "courier-1")
        stance = next(r for r in RECORDS if r["model"] == "stances.stance")
        extra = []
        for place in range(number):
            key = f"courier-{place + 10}"
            extra.append({**statement, "fields": {**statement["fields"], "key": key}})
            extra.append({**stance, "fields": {**stance["fields"], "statement": [key]}})
        return [*RECORDS, *extra]

    load()
    with CaptureQueriesContext(
        connection,
    ) as few:
        load(more(3))
    with CaptureQueriesContext(connection) as many:
        load(more(40))
    assert len(many) <= len(few) + 2


def test_all_is_written_or_nothing(load):
    broken = changed("stance", "courier-3", position=1, terms="")
    with pytest.raises(CommandError, match="Positions \\+1 and -1 have terms"):
        load(broken)
    assert not Actor.objects.exists()
    assert not Position.objects.exists()


@pytest.mark.parametrize(
    ("model", "key", "fields", "words"),
    [
        (
            "stance",
            "courier-3",
            {"topic": ["nowhere"]},
            "stance courier-3, aldoria, nowhere: there is no topic “nowhere”",
        ),
        ("statement", "courier-3", {"latest": "yesterday"}, "statement courier-3: latest: "),
        ("statement", "courier-3", {"mood": "good"}, "“mood” is no field that a fixture may name"),
        ("stance", "courier-3", {"public": True}, "“public” is no field that a fixture may name"),
        ("statement", "courier-3", {"latest": "2024-03-02"}, "its source was published on 2024-03-01"),
        ("statement", "courier-3", {"repeats": ["courier-2"]}, "repeats courier-2, which is a repeat itself"),
        ("statement", "courier-3", {"repeats": ["nowhere"]}, "there is no repeats “nowhere”"),
        ("statement", "courier-3", {"earliest": "2024-02-11"}, "The earliest day is not after the latest"),
        ("actor", "aldoria", {"kind": "planet"}, "actor aldoria: kind: "),
        ("topic", "growth", {"parent": ["growth-drevia"]}, "loop"),
        ("statement", "courier-3", {"authority": "emperor"}, "statement courier-3: authority"),
        ("source", "courier", {"published_on": ["2024-03-01"]}, "source courier: published_on: it must be a day"),
        ("source", "courier", {"published_on": True}, "source courier: published_on: it must be a day"),
        ("statement", "courier-3", {"latest": 5}, "statement courier-3: latest: it must be a day"),
        ("statement", "courier-3", {"latest": None}, "statement courier-3: latest: null is no value"),
        ("statement", "courier-3", {"status": None}, "statement courier-3: status: null is no value"),
        ("statement", "courier-3", {"status": "gone"}, "statement courier-3: The status is one of: draft"),
        ("statement", "courier-3", {"repeats": [None]}, "statement courier-3: repeats: a reference is a list"),
        ("statement", "courier-3", {"speaker": False}, "statement courier-3: speaker: a reference is a list"),
        ("statement", "courier-3", {"speaker": ["a\ud800b"]}, "statement courier-3: speaker: it holds characters"),
        ("statement", "courier-3", {"repeats": ["courier-3"]}, "courier-3: A statement does not repeat itself"),
        ("statement", "courier-3", {"key": None}, "statement (record 10 of example.json): its key is missing"),
        ("statement", "courier-3", {"key": ["a"]}, "statement a: key: it must be a text"),
        ("statement", "courier-3", {"key": "a\ud800b"}, "statement a\\ud800b: key: it holds characters"),
        ("stance", "courier-3", {"statement": None}, "stance aldoria, growth: its statement is missing"),
        ("stance", "courier-3", {"statement": [[]]}, "statement: a reference is a list of one text"),
        ("stance", "courier-3", {"position": True}, "position: it must be a whole number"),
        ("stance", "courier-3", {"position": 1.5}, "position: it must be a whole number"),
        ("stance", "courier-3", {"position": 2**70}, "position: "),
        ("stance", "courier-3", {"position": 10**30}, "position: "),
        ("topic", "growth", {"featured": "yes"}, "topic growth: featured: it must be true or false"),
        ("topic", "growth", {"rank": 10**30}, "topic growth: rank: "),
        ("topic", "growth", {"parent": ["nowhere"]}, "topic growth: there is no parent “nowhere”"),
        ("actor", "aldoria", {"name": True}, "actor aldoria: name: it must be a text"),
        ("actor", "aldoria", {"name": "  "}, "actor aldoria: name: This field cannot be blank"),
        ("actor", "aldoria", {"name": "a\x00b"}, "actor aldoria: name: it holds characters"),
        ("actor", "aldoria", {"slug": 5}, "actor 5: slug: it must be a text"),
        ("actor", "aldoria", {"iso": "aus"}, "actor aldoria: iso: Three capital letters"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(load, model, key, fields, words):
    with pytest.raises(CommandError) as raised:
        load(changed(model, key, **fields))
    assert words in str(raised.value)
    assert not Actor.objects.exists()


@pytest.mark.parametrize(
    ("model", "changes", "words"),
    [
        (
            "actor",
            {"aldoria": {"iso": "ALD"}, "brenmark": {"iso": "ALD"}},
            "actor brenmark: Another government has this ISO code.",
        ),
        (
            "topic",
            {
                "growth": {"featured": True, "question": "Grow?"},
                "growth-drevia": {"featured": True, "question": "Drevia?", "parent": None},
            },
            "topic growth: Another topic is featured already.",
        ),
    ],
)
@pytest.mark.parametrize("standing", [False, True])
def test_rows_that_clash_are_named_with_the_constraints_words(load, model, changes, words, standing):
    if standing:
        load()
    records = RECORDS
    for key, fields in changes.items():
        records = changed(model, key, records, **fields)
    told = refused(load, records)
    assert words in told
    assert told.count("already") + told.count("has this") == 1


def test_what_only_one_row_may_have_passes_to_another(load):
    question = {"featured": True, "question": "Grow?", "parent": None}
    load(changed("topic", "growth", **question))
    nothing = {"featured": False, "question": "", "parent": None}
    load(changed("topic", "growth-drevia", changed("topic", "growth", **nothing), **question))
    assert Topic.objects.get(featured=True).slug == "growth-drevia"


def test_white_space_at_the_ends_of_texts_is_dropped(load):
    load(changed("actor", "aldoria", name=" Aldoria\n"))
    assert Actor.objects.get(slug="aldoria").name == "Aldoria"
    assert "13 as they stood" in load()


@pytest.mark.parametrize(
    ("model", "key", "fields", "words"),
    [
        ("statement", "courier-2", {"repeats": ["nowhere"]}, "courier-2: there is no repeats “nowhere”"),
        ("topic", "growth-drevia", {"parent": ["nowhere"]}, "growth-drevia: there is no parent “nowhere”"),
        ("source", "courier", {"found_in": ["nowhere"]}, "courier: there is no found_in “nowhere”"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_a_reference_to_nothing_is_refused_on_rows_that_stand(load, model, key, fields, words, force):
    load()
    assert words in refused(load, changed(model, key, **fields), force=force)


def test_a_row_that_stands_may_refer_to_one_that_the_fixture_brings(load):
    load()
    root = next(record for record in RECORDS if record["fields"].get("slug") == "growth")
    wider = {**root, "fields": {**root["fields"], "slug": "wider"}}
    told = load([*changed("topic", "growth", parent=["wider"]), wider])
    assert "1 new, 1 changed" in told
    assert Topic.objects.get(slug="growth").parent.slug == "wider"


@pytest.mark.parametrize("status", ["draft", "submitted"])
@pytest.mark.parametrize("force", [False, True])
def test_what_was_published_is_not_made_a_draft(load, status, force):
    load()
    told = refused(load, changed("statement", "courier-3", status=status), force=force)
    assert "statement courier-3: status: it was published; what was published is retracted, with a reason." in told


def test_fields_that_a_model_does_not_have_are_passed_over_where_asked(load):
    records = changed("actor", "aldoria", name="Great Aldoria", mood="good")
    assert "“mood” is no field" in refused(load, records)
    load(records, ignore=True)
    assert Actor.objects.get(slug="aldoria").name == "Great Aldoria"
    assert "“id” is no field" in refused(load, changed("actor", "aldoria", id=7), ignore=True)


def test_models_that_are_left_out_are(load):
    load(exclude=["stances.stance", "stances.statement"])
    assert (Source.objects.count(), Statement.objects.count()) == (1, 0)


def test_a_record_that_stands_twice_is_refused(load):
    with pytest.raises(CommandError, match="stands twice"):
        load([*RECORDS, RECORDS[0]])


def test_a_published_statement_without_a_stance_is_refused(load):
    with pytest.raises(CommandError, match="courier-3 has no stance"):
        load([r for r in RECORDS if r["fields"].get("statement") != ["courier-3"]])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", b"{", "it is no JSON"),
        ("x.json", b"", "it is no JSON"),
        ("x.json", b"\xe9", "it is no JSON"),
        ("x.json", b"null", "a fixture is a list of records"),
        ("x.json", b"{}", "a fixture is a list of records"),
        ("x.json", b"[5]", "record 1: a fixture is a list of records"),
        ("x.json", b"[{}]", "record 1: its model is a text"),
        ("x.json", b'[{"model": null, "fields": {}}]', "record 1: its model is a text"),
        ("x.json", b'[{"model": ["a"], "fields": {}}]', "record 1: its model is a text"),
        ("x.json", b'[{"model": "nothing", "fields": {}}]', "record 1: there is no model “nothing”"),
        ("x.json", b'[{"model": "stances.\\ud800", "fields": {}}]', "record 1: there is no model “stances.\\ud800”"),
        ("x.json", b'[{"model": "stances.actor"}]', "record 1: its fields are a table"),
        ("x.json", b'[{"model": "auth.user", "pk": 1, "fields": []}]', "record 1: its fields are a table"),
        ("x.json", b'[{"model": "auth.group", "fields": {"mood": 1}}]', "record 1: Group has no field named 'mood'"),
        ("x.json", b'[{"model": "auth.group", "pk": "x", "fields": {"name": "a"}}]', "record 1: "),
        ("x.json", b'[{"model": "auth.group", "pk": 1e999, "fields": {"name": "a"}}]', "record 1: "),
        (
            "x.json",
            b'[{"model": "auth.group", "pk": 99999999999999999999, "fields": {"name": "a"}}]',
            "record 1: ",
        ),
        ("x.json", b'[{"model": "stances.stance", "fields": {"position": Infinity}}]', "it is no JSON: Infinity"),
        ("x.json", b'[{"model": "stances.statement", "fields": {"latest": NaN}}]', "it is no JSON: NaN"),
        ("x.json", b"[" * 100_000, "stand too deep in one another"),
        ("x.json.gz", b"no zip", "Not a gzipped file"),
        ("x.json.gz", gzip.compress(b"[]" * 1000)[:15], "ended before"),
        ("x.json.bz2", b"BZh9", "ended before"),
        ("x.json.zip", b"PK", "not a zip file"),
        ("x.xml", b"<a", "unclosed token"),
        ("x.yaml", b"- {slug: x", "expected ',' or '}'"),
        ("x.yaml", b"- {}", "Error deserializing object: 'model'"),
        ("x.jsonl", b"{}", "Error deserializing object: 'model'"),
    ],
)
def test_what_is_no_fixture_is_told_with_the_file(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommandError) as raised:
        call_command("loaddata", str(path))
    assert str(raised.value).startswith(f"Problem installing fixture '{path}'")
    assert words in str(raised.value)


@pytest.mark.parametrize("form", ["jsonl", "xml", "yaml"])
def test_curated_rows_load_from_json_alone(load, tmp_path, form):
    load()
    path = tmp_path / f"other.{form}"
    path.write_text(serializers.serialize(form, Actor.objects.all(), use_natural_primary_keys=True), encoding="utf-8")
    with pytest.raises(CommandError, match=rf"other\.{form}': actors load from JSON alone"):
        call_command("loaddata", str(path))


@pytest.mark.parametrize("form", ["jsonl", "xml", "yaml"])
def test_other_rows_load_from_any_form(tmp_path, form):
    path = tmp_path / f"other.{form}"
    path.write_text(serializers.serialize(form, [Group(pk=77, name="guests")]), encoding="utf-8")
    call_command("loaddata", str(path), verbosity=0)
    assert Group.objects.get(pk=77).name == "guests"


def test_several_files_are_one_load(load, tmp_path):
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    right.write_text(json.dumps([{"model": "auth.group", "pk": 77, "fields": {"name": "guests"}}, *RECORDS]))
    wrong.write_text("[{}]")
    with pytest.raises(CommandError, match=r"wrong\.json', record 1"):
        call_command("loaddata", str(right), str(wrong))
    assert not Actor.objects.exists()
    assert not Group.objects.filter(pk=77).exists()


# ---- a newer fixture ----


def test_a_newer_fixture_updates_what_nobody_touched(load):
    load()
    told = load(changed("stance", "courier-3", position=0))
    assert "0 new, 1 changed, 12 as they stood" in told
    assert list(Position.objects.order_by("since").values_list("value", flat=True)) == [2, 0]
    assert Stance.objects.get(statement__key="courier-3").history.first().history_change_reason == LOADED


def test_a_newer_date_moves_the_position(load):
    load()
    load(changed("statement", "courier-3", earliest="2024-02-20", latest="2024-02-20"))
    assert [str(day) for day in Position.objects.order_by("since").values_list("since", flat=True)] == [
        "2024-02-01",
        "2024-02-20",
    ]


def test_only_the_named_fields_are_written(load):
    load()
    source = Source.objects.get()
    source.text = "The pasted text."
    source.save()
    load(changed("source", "courier", title="Another headline"))
    source.refresh_from_db()
    assert (source.text, source.title) == ("The pasted text.", "Another headline")


def test_a_recoded_stance_does_not_stand_twice(load):
    load()
    record = {**RECORDS[-1], "fields": {**RECORDS[-1]["fields"], "topic": ["growth-drevia"]}}
    told = load([*RECORDS[:-1], record])
    assert "1 new, 0 changed, 12 as they stood, 1 dropped" in told
    assert [s.topic.slug for s in Stance.objects.filter(statement__key="courier-3")] == ["growth-drevia"]
    assert positions.differences() == []


def test_rows_that_the_fixture_does_not_name_stay(load):
    load()
    other = StanceFactory()
    added = StanceFactory(statement=Statement.objects.get(key="courier-3"))
    load(changed("actor", "aldoria", name="Aldoria the Great"))
    assert Stance.objects.filter(pk__in=[other.pk, added.pk]).count() == 2


# ---- conflicts ----


def refused(load, records=RECORDS, **options):
    before = state()
    with pytest.raises(CommandError) as raised:
        load(records, **options)
    assert state() == before
    return str(raised.value)


def edit(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


def test_an_edited_row_is_a_conflict_even_with_the_same_fixture(load):
    load()
    edit(Actor.objects.get(slug="aldoria"), name="Old Aldoria")
    told = refused(load)
    assert "actor aldoria: edited since (name: “Old Aldoria” here, “Aldoria” in the fixture)" in told


def test_all_conflicts_are_listed(load):
    load()
    edit(Actor.objects.get(slug="aldoria"), name="Old Aldoria")
    edit(Actor.objects.get(slug="brenmark"), name="Old Brenmark")
    told = refused(load)
    assert "actor aldoria" in told
    assert "actor brenmark" in told


def test_an_edit_that_the_fixture_has_too_is_none(load):
    load()
    edit(Actor.objects.get(slug="aldoria"), name="New Aldoria")
    newer = changed("actor", "aldoria", name="New Aldoria")
    load(newer)
    newest = changed("actor", "aldoria", name="Newest Aldoria")
    load(newest)
    assert Actor.objects.get(slug="aldoria").name == "Newest Aldoria"


def test_a_row_of_an_editors_own_making_is_a_conflict(load):
    Actor.objects.create(slug="aldoria", kind="government", name="My Aldoria")
    assert "actor aldoria: edited since" in refused(load)


def test_a_retracted_statement_is_a_conflict(load):
    load()
    edit(Statement.objects.get(key="courier-3"), status="retracted", retraction_reason="Wrong.")
    assert "statement courier-3: edited since (status: “retracted” here" in refused(load)


def test_an_edited_stance_is_a_conflict(load):
    load()
    edit(Stance.objects.get(statement__key="courier-3"), position=0)
    assert "stance courier-3, aldoria, growth: edited since (position: 0 here, -2 in the fixture)" in refused(load)


def test_a_stance_that_was_moved_to_another_topic_is_a_conflict(load):
    load()
    edit(Stance.objects.get(statement__key="courier-3"), topic=Topic.objects.get(slug="growth-drevia"))
    assert "stance courier-3, aldoria, growth: edited since (topic_id" in refused(load)


def test_an_edited_stance_that_the_fixture_drops_is_a_conflict(load):
    load()
    edit(Stance.objects.get(statement__key="courier-3"), rationale="By an editor.")
    record = {**RECORDS[-1], "fields": {**RECORDS[-1]["fields"], "topic": ["growth-drevia"]}}
    newer = [*RECORDS[:-1], record]
    assert "stance courier-3, aldoria, growth: edited since, here no longer named." in refused(load, newer)
    load(newer, force=True)
    assert [s.topic.slug for s in Stance.objects.filter(statement__key="courier-3")] == ["growth-drevia"]
    assert positions.differences() == []


def test_a_deleted_row_is_a_conflict(load):
    load()
    Affiliation.objects.get().delete()
    Actor.objects.get(slug="brenmark").delete()
    told = refused(load)
    assert "actor brenmark: deleted since." in told


def test_a_deleted_affiliation_is_a_conflict(load):
    load()
    Affiliation.objects.get().delete()
    assert "affiliation minister, aldoria, Minister: deleted since." in refused(load)


def recoded():
    """Give the records with the last stance on another topic, so that the one before is dropped."""
    return [*RECORDS[:-1], {**RECORDS[-1], "fields": {**RECORDS[-1]["fields"], "topic": ["growth-drevia"]}}]


def test_a_row_that_a_fixture_dropped_loads_again(load):
    load()
    load(recoded())
    assert "1 new, 0 changed, 12 as they stood, 1 dropped" in load()
    assert [s.topic.slug for s in Stance.objects.filter(statement__key="courier-3")] == ["growth"]
    assert positions.differences() == []


def test_a_row_that_an_editor_deleted_after_a_drop_is_a_conflict(load):
    load()
    load(recoded())
    load()
    StanceFactory(statement=Statement.objects.get(key="courier-3"))
    Stance.objects.get(statement__key="courier-3", topic__slug="growth").delete()
    assert "stance courier-3, aldoria, growth: deleted since." in refused(load)


def test_a_deleted_stance_whose_sibling_would_be_dropped_is_a_conflict(load):
    load()
    load(recoded())
    load([*recoded()[:-1], RECORDS[-1], recoded()[-1]])
    Stance.objects.get(statement__key="courier-3", topic__slug="growth").delete()
    assert "stance courier-3, aldoria, growth: deleted since." in refused(load)


def test_a_merged_row_is_a_conflict(load):
    load()
    Actor.objects.get(slug="brenmark").merge_into(Actor.objects.get(slug="aldoria"))
    assert "actor brenmark: merged into aldoria since." in refused(load)


def test_a_renamed_row_is_found_and_keeps_its_new_address(load):
    load()
    edit(Actor.objects.get(slug="aldoria"), slug="republic-of-aldoria")
    load(changed("stance", "courier-3", position=0))
    assert not Actor.objects.filter(slug="aldoria").exists()
    assert Stance.objects.get(statement__key="courier-3").position == 0


# ---- --force ----


def test_force_takes_the_fixtures_values(load):
    load()
    edit(Actor.objects.get(slug="aldoria"), name="Old Aldoria")
    edit(Stance.objects.get(statement__key="courier-3"), position=0)
    edit(Statement.objects.get(key="courier-1"), status="retracted", retraction_reason="Wrong.")
    Affiliation.objects.get().delete()
    load(force=True)
    assert Actor.objects.get(slug="aldoria").name == "Aldoria"
    assert Affiliation.objects.count() == 1
    assert list(Position.objects.order_by("since").values_list("value", flat=True)) == [2, -2]
    assert positions.differences() == []
    before = state()
    load()
    assert state() == before


def test_force_leaves_a_merged_row_merged(load):
    load()
    Actor.objects.get(slug="brenmark").merge_into(Actor.objects.get(slug="aldoria"))
    assert "actor brenmark stays merged into aldoria." in load(force=True)
    assert not Actor.objects.filter(slug="brenmark").exists()


# ---- it stays loaddata ----


def test_other_rows_load_as_ever(load):
    load([{"model": "auth.group", "pk": 77, "fields": {"name": "guests", "permissions": []}}, *RECORDS])
    assert Group.objects.get(pk=77).name == "guests"
    assert Position.objects.count() == 2


# ---- records with primary keys ----


def empty():
    for model in (Position, *reversed(CURATED)):
        model._base_manager.all()._raw_delete("default")
    for model in CURATED:
        model.history.all().delete()


@pytest.fixture
def dump(load, tmp_path):
    """Load the example, dump models, and empty the database; give the path of the dump."""

    def run(*models):
        load()
        edit(Actor.objects.get(slug="brenmark"), name="New Brenmark")
        path = tmp_path / "dump.json"
        call_command("dumpdata", *models, output=str(path), verbosity=0)
        empty()
        return str(path)

    return run


def test_a_dump_with_primary_keys_loads_and_positions_are_right(dump):
    call_command("loaddata", dump("stances"), verbosity=0)
    assert list(Position.objects.order_by("since").values_list("value", flat=True)) == [2, -2]
    assert positions.differences() == []
    call_command("check_positions", verbosity=0)


def test_a_dump_brings_its_own_history(dump, load):
    call_command("loaddata", dump("stances"), verbosity=0)
    assert Actor.history.filter(slug="aldoria").count() == 1
    assert "actor brenmark: edited since" in refused(load)


def test_rows_that_come_without_a_history_begin_one(dump):
    call_command("loaddata", dump(*(model._meta.label for model in CURATED)), verbosity=0)
    for model in CURATED:
        assert model.history.count() == model.objects.count()
        assert set(model.history.values_list("history_change_reason", flat=True)) == {LOADED}


def test_a_row_that_stands_is_not_overwritten_by_primary_key(load):
    load()
    actor = Actor.objects.get(slug="aldoria")
    record = {
        "model": "stances.actor",
        "pk": actor.pk,
        "fields": {"slug": "aldoria", "kind": "government", "name": "X"},
    }
    assert f"record 1: there is actor {actor.pk} already." in refused(load, [record])


@pytest.mark.parametrize(
    ("pk", "fields", "words"),
    [
        (999, {"slug": "UPPER CASE/"}, "record 1: slug: "),
        (999, {"kind": "planet"}, "record 1: kind: "),
        (999, {"name": True}, "record 1: name: it must be a text"),
        (999, {"name": None}, "record 1: name: null is no value"),
        (999, {"name": "a\ud800b"}, "record 1: name: it holds characters"),
        (999, {"iso": "ALD", "kind": "person"}, "record 1: Only a government has an ISO code."),
        (999, {"slug": "minister"}, "record 1: Another one already has this address."),
        (999, {"mood": "good"}, "record 1: Actor has no field named 'mood'"),
        (2**70, {}, "record 1: its primary key is no whole number from 1"),
        (0, {}, "record 1: its primary key is no whole number from 1"),
        ("", {}, "record 1: its primary key is no whole number from 1"),
        (True, {}, "record 1: its primary key is no whole number from 1"),
    ],
)
def test_what_is_wrong_with_primary_keys_is_named_and_nothing_is_written(load, pk, fields, words):
    load()
    actor = {"slug": "x", "kind": "government", "name": "X", **fields}
    assert words in refused(load, [{"model": "stances.actor", "pk": pk, "fields": actor}])


def test_a_primary_key_that_leads_nowhere_is_refused(load):
    record = {"model": "stances.affiliation", "pk": 9, "fields": {"actor": 998, "of": 999, "title": "Minister"}}
    assert "Problem installing fixtures: " in refused(load, [record])
