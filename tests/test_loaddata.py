"""Loading a fixture: once is enough, newer ones update, and an editor's work is never overwritten unasked."""

import json
from io import StringIO

import pytest
from django.conf import settings
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

pytestmark = pytest.mark.django_db

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


def changed(model, key, records=RECORDS, **fields):
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
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(load, model, key, fields, words):
    with pytest.raises(CommandError) as raised:
        load(changed(model, key, **fields))
    assert words in str(raised.value)
    assert not Actor.objects.exists()


def test_a_record_that_stands_twice_is_refused(load):
    with pytest.raises(CommandError, match="stands twice"):
        load([*RECORDS, RECORDS[0]])


def test_a_published_statement_without_a_stance_is_refused(load):
    with pytest.raises(CommandError, match="courier-3 has no stance"):
        load([r for r in RECORDS if r["fields"].get("statement") != ["courier-3"]])


def test_what_is_no_json_is_told(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CommandError, match="no JSON"):
        call_command("loaddata", str(path))


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


def refused(load, records=RECORDS):
    before = state()
    with pytest.raises(CommandError) as raised:
        load(records)
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
    from django.contrib.auth.models import Group

    assert Group.objects.get(pk=77).name == "guests"
    assert Position.objects.count() == 2


def test_a_dump_with_primary_keys_loads_and_positions_are_right(load, tmp_path):
    load()
    dump = tmp_path / "dump.json"
    call_command("dumpdata", "stances", output=str(dump), verbosity=0)
    Stance.objects.filter(statement__key="courier-3").update(position=0)
    call_command("loaddata", str(dump), verbosity=0)
    assert list(Position.objects.order_by("since").values_list("value", flat=True)) == [2, -2]
    assert positions.differences() == []
