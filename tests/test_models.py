"""The rules that one row can break: what an editor is told, and what the database refuses by itself."""

import datetime as dt

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, NotSupportedError, connection, models, transaction
from django.utils import timezone

from stances.models import Actor, FormerSlug, Position, PublicVersion, Source, Stance, Statement
from stances.models.sources import normalise_text, sha256_of
from tests.factories import (
    ActorFactory,
    AffiliationFactory,
    DismissalFactory,
    FeaturedTopicFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.every_case]

NOT_A_CHOICE = "Value 'x' is not a valid choice."
IN_ORDER = "The offsets are both empty, or the end comes after the start."
TERMS = "Positions +1 and -1 have terms (proviso, time, scope or leaning), the others none."
QUOTE = "A direct quotation needs its words; indirect speech and a deed have no quote."
TARGET = "A former address leads to one row of its kind."


def position(**given):
    """Make a position with a stance that opens it."""
    StanceFactory(**given)
    return Position.objects.get()


def later_position():
    """Make a position that replaced another one."""
    first = StanceFactory(statement__date="2024-01-01")
    StanceFactory(actor=first.actor, topic=first.topic, position=-2, statement__date="2024-01-02")
    return Position.objects.latest("since")


def former_slug():
    return FormerSlug.objects.create(kind="actor", slug="old", actor=ActorFactory())


def affiliation():
    return AffiliationFactory(start=dt.date(2024, 1, 1))


def itself(row):
    return row.pk


#: A constraint, a row, how to break it, and what full_clean() says.
BROKEN = [
    ("dismissal_has_word", DismissalFactory, {"word": ""}, "This field cannot be blank."),
    ("actor_kind_valid", ActorFactory, {"kind": "x"}, NOT_A_CHOICE),
    ("actor_iso_of_government", ActorFactory, {"iso": "AUS"}, "Only a government has an ISO code."),
    ("actor_name_given", ActorFactory, {"name": ""}, "This field cannot be blank."),
    ("affiliation_authority_valid", affiliation, {"authority": "x"}, NOT_A_CHOICE),
    (
        "affiliation_ends_after_start",
        affiliation,
        {"end": dt.date(2024, 1, 1)},
        "An affiliation ends after it begins.",
    ),
    (
        "affiliation_of_another",
        affiliation,
        {"of_id": lambda row: row.actor_id},
        "An actor is not affiliated to itself.",
    ),
    ("former_slug_target_of_its_kind", former_slug, {"kind": "topic"}, TARGET),
    ("former_slug_target_of_its_kind", former_slug, {"kind": "x"}, NOT_A_CHOICE),
    ("topic_not_its_own_parent", TopicFactory, {"parent_id": itself}, "would stand under itself."),
    (
        "topic_featured_is_root",
        FeaturedTopicFactory,
        {"parent_id": lambda _: TopicFactory().pk},
        "Only a root topic can be featured.",
    ),
    (
        "topic_featured_has_question",
        FeaturedTopicFactory,
        {"question": ""},
        "A featured topic needs the question for the first page.",
    ),
    ("topic_proposition_given", TopicFactory, {"proposition": ""}, "This field cannot be blank."),
    ("source_kind_valid", SourceFactory, {"kind": "x"}, NOT_A_CHOICE),
    ("source_date_basis_valid", SourceFactory, {"date_basis": "x"}, NOT_A_CHOICE),
    ("source_coverage_valid", SourceFactory, {"coverage": "x"}, NOT_A_CHOICE),
    ("source_title_given", SourceFactory, {"title": ""}, "This field cannot be blank."),
    ("source_not_found_in_itself", SourceFactory, {"found_in_id": itself}, "A source is not found in itself"),
    (
        "source_inferred_date_has_note",
        SourceFactory,
        {"date_basis": "inferred"},
        "Note how the day of publication was inferred.",
    ),
    ("statement_form_valid", StatementFactory, {"form": "x"}, NOT_A_CHOICE),
    ("statement_authority_valid", StatementFactory, {"authority": "x"}, NOT_A_CHOICE),
    ("statement_status_valid", StatementFactory, {"status": "x"}, "The status is one of: draft, submitted"),
    (
        "statement_earliest_not_after_latest",
        StatementFactory,
        {"earliest": dt.date(2024, 2, 14)},
        "The earliest day is not after the latest.",
    ),
    ("statement_quote_if_direct", StatementFactory, {"form": "direct"}, QUOTE),
    ("statement_quote_if_direct", StatementFactory, {"quote": "We agree."}, QUOTE),
    ("statement_quote_if_direct", StatementFactory, {"form": "act", "quote": "We agree."}, QUOTE),
    (
        "statement_not_repeating_itself",
        StatementFactory,
        {"repeats_id": itself},
        "A statement does not repeat itself.",
    ),
    ("statement_offsets_in_order", StatementFactory, {"start": 5}, IN_ORDER),
    ("statement_offsets_in_order", StatementFactory, {"end": 5}, IN_ORDER),
    ("statement_offsets_in_order", StatementFactory, {"start": 5, "end": 5}, IN_ORDER),
    ("statement_key_given", StatementFactory, {"key": ""}, "never changes."),
    ("statement_summary_given", StatementFactory, {"summary": ""}, "This field cannot be blank."),
    (
        "statement_retracted_with_reason",
        lambda: StatementFactory(published=True),
        {"status": "retracted"},
        "A retraction needs its reason.",
    ),
    (
        "statement_published_at_given",
        StatementFactory,
        {"status": "published"},
        "What is or was published tells since when.",
    ),
    (
        "statement_published_at_given",
        StatementFactory,
        {"status": "retracted", "retraction_reason": "It was wrong."},
        "What is or was published tells since when.",
    ),
    ("stance_position_in_range", StanceFactory, {"position": 3}, "Value 3 is not a valid choice."),
    ("stance_position_in_range", StanceFactory, {"position": -3}, "Value -3 is not a valid choice."),
    *(("stance_terms_at_one", StanceFactory, {"position": one}, TERMS) for one in (1, -1)),
    *(("stance_terms_at_one", StanceFactory, {"position": other, "terms": "time"}, TERMS) for other in (2, 0, -2)),
    ("stance_terms_at_one", StanceFactory, {"position": 1, "terms": "x"}, NOT_A_CHOICE),
    ("stance_basis_valid", StanceFactory, {"basis": "x", "rationale": "So it is."}, NOT_A_CHOICE),
    ("stance_attribution_valid", StanceFactory, {"attribution": "x"}, NOT_A_CHOICE),
    (
        "stance_implied_has_rationale",
        StanceFactory,
        {"basis": "implied"},
        "An implied position needs its rationale.",
    ),
    ("position_voice_valid", position, {"voice": "x"}, NOT_A_CHOICE),
    ("position_kind_valid", later_position, {"kind": "x"}, NOT_A_CHOICE),
    ("position_until_after_since", position, {"until": dt.date(2024, 2, 13)}, "position_until_after_since"),
    ("position_terms_valid", position, {"value": 1}, "position_terms_valid"),
    ("position_terms_valid", position, {"terms": "time"}, "position_terms_valid"),
    ("position_terms_valid", position, {"value": 3}, "Value 3 is not a valid choice."),
    (
        "position_first_has_none_before",
        position,
        {"previous_value": 2},
        "position_first_has_none_before",
    ),
    ("position_first_has_none_before", later_position, {"kind": "first"}, "position_first_has_none_before"),
    ("position_stated_since", position, {"last_stated_on": dt.date(2024, 2, 12)}, "position_stated_since"),
    (
        "public_version_one_row",
        lambda: PublicVersion(pk=2),
        {"id": 2},
        "public_version_one_row",
    ),
]


def of_the_same(make, **differing):
    """Make two rows, and give the second with the first's values."""

    def pair():
        first, second = make(), make(**differing)
        return second, first

    return pair


def new_and_stored_statement():
    stored = StatementFactory()
    return StatementFactory.build(source=stored.source, speaker=stored.speaker), stored


def two_positions():
    third = StanceFactory(statement__date="2024-01-03")
    for day, value in (("2024-01-01", 2), ("2024-01-02", -2)):
        StanceFactory(actor=third.actor, topic=third.topic, position=value, statement__date=day)
    first, second, _ = Position.objects.order_by("since")
    return second, first


#: A constraint, two rows of which one may not be as the other in these fields, and what full_clean() says.
TWICE = [
    (
        "dismissal_unique",
        lambda: (DismissalFactory(), DismissalFactory(about="another")),
        ["statement_id", "about"],
        "This warning is dismissed already.",
    ),
    (
        "actor_iso_unique",
        lambda: (GovernmentFactory(), GovernmentFactory(iso="AUS")),
        ["iso"],
        "Another government has this ISO code.",
    ),
    (
        "affiliation_unique",
        of_the_same(affiliation),
        ["actor_id", "of_id"],
        "This affiliation, with this title and first day, is recorded already.",
    ),
    (
        "affiliation_unique_open_start",
        of_the_same(AffiliationFactory),
        ["actor_id", "of_id"],
        "This affiliation, with this title and no first day, is recorded already.",
    ),
    (
        "former_slug_unique",
        lambda: (FormerSlug.objects.create(kind="actor", slug="older", actor=ActorFactory()), former_slug()),
        ["slug"],
        "This former address is recorded already.",
    ),
    (
        "topic_featured_once",
        lambda: (TopicFactory(question="What?"), FeaturedTopicFactory()),
        ["featured"],
        "Another topic is featured already.",
    ),
    (
        "stance_unique",
        of_the_same(StanceFactory),
        ["statement_id", "actor_id", "topic_id"],
        "This statement has a stance of this actor on this topic already.",
    ),
    ("position_unique", two_positions, ["since"], "already exists."),
    ("slug of an actor", of_the_same(ActorFactory), ["slug"], "Another one already has this address."),
    ("slug of a topic", of_the_same(TopicFactory), ["slug"], "Another one already has this address."),
    ("slug of a source", of_the_same(SourceFactory), ["slug"], "Another one already has this address."),
    ("key of a statement", new_and_stored_statement, ["key"], "was used before"),
]


def write_past_the_rules(row):
    """Write a row as it is, by the database's rules alone."""
    rows = models.QuerySet(type(row)).filter(pk=row.pk)
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    with transaction.atomic():
        if not rows.update(**values):
            models.QuerySet(type(row)).bulk_create([row])


def told(row) -> str:
    with pytest.raises(ValidationError) as refusal:
        row.full_clean()
    return " ".join(refusal.value.messages)


@pytest.mark.parametrize(("constraint", "make", "values", "message"), BROKEN)
def test_a_broken_rule_is_told_and_refused_by_the_database(constraint, make, values, message):
    row = make()
    for field, value in values.items():
        setattr(row, field, value(row) if callable(value) else value)
    assert message in told(row)
    with pytest.raises(IntegrityError) as refusal:
        write_past_the_rules(row)
    assert constraint in str(refusal.value)


@pytest.mark.parametrize(("constraint", "pair", "fields", "message"), TWICE)
def test_a_second_of_its_kind_is_told_and_refused_by_the_database(constraint, pair, fields, message):
    row, first = pair()
    row.full_clean()
    for field in fields:
        setattr(row, field, getattr(first, field))
    assert message in told(row)
    with pytest.raises(IntegrityError, match=r"(?i)unique") as refusal:
        write_past_the_rules(row)
    if connection.vendor == "postgresql" and "_" in constraint:
        assert constraint in str(refusal.value)


def test_every_constraint_is_tried():
    named = {
        constraint.name
        for model in apps.get_app_config("stances").get_models()
        for constraint in model._meta.constraints
    }
    assert named - {case[0] for case in [*BROKEN, *TWICE]} == set()


# ---- what the rules allow ----


@pytest.mark.parametrize("position", [2, 1, 0, -1, -2])
def test_every_position_can_be_coded(position):
    stance = StanceFactory(position=position)
    stance.full_clean()
    assert Stance.objects.get().position == position


@pytest.mark.parametrize("terms", ["proviso", "time", "scope", "leaning"])
@pytest.mark.parametrize("position", [1, -1])
def test_every_term_can_be_coded(position, terms):
    StanceFactory(position=position, terms=terms).full_clean()


def test_one_title_may_be_held_again_from_another_day():
    first = AffiliationFactory(start=dt.date(2020, 1, 1), end=dt.date(2021, 1, 1))
    again = AffiliationFactory(actor=first.actor, of=first.of, start=dt.date(2022, 1, 1))
    once = AffiliationFactory(actor=first.actor, of=first.of)
    for row in (first, again, once):
        row.full_clean()


def test_many_actors_have_no_iso_code():
    GovernmentFactory()
    GovernmentFactory().full_clean()


# ---- slugs ----


@pytest.mark.parametrize("slug", ["", "Australia", "new zealand", "a--b", "-a", "a-", "a_b", "é", "a/b", "a\n"])
def test_an_address_is_small_letters_digits_and_single_hyphens(slug):
    actor = ActorFactory()
    actor.slug = slug
    with pytest.raises(ValidationError) as refusal:
        actor.full_clean()
    assert refusal.value.message_dict.keys() == {"slug"}


@pytest.fixture(params=[ActorFactory, TopicFactory, SourceFactory], ids=["actor", "topic", "source"])
def make(request):
    return request.param


def test_a_new_slug_leaves_the_old_one_behind(make):
    row = make(slug="old")
    row.slug = "new"
    row.save()
    former = FormerSlug.objects.get()
    assert (former.kind, former.slug, former.target) == (row._meta.model_name, "old", row)


def test_a_former_slug_is_never_used_again(make):
    row = make(slug="old")
    row.slug = "new"
    row.save()
    other = make()
    other.slug = "old"
    message = "“old” is a former address, which is never used again."
    assert message in told(other)
    with pytest.raises(ValidationError, match="is a former address"):
        other.save()
    with pytest.raises(ValidationError, match="is a former address"):
        make(slug="old")


def test_a_row_may_take_its_own_former_slug_back(make):
    row = make(slug="old")
    for slug in ("new", "old"):
        row.slug = slug
        row.full_clean()
        row.save()
    assert list(FormerSlug.objects.values_list("slug", flat=True)) == ["new"]


def test_a_former_slug_outlives_its_row(make):
    row = make(slug="old")
    row.slug = "new"
    row.save()
    row.delete()
    assert FormerSlug.objects.get().target is None
    with pytest.raises(ValidationError, match="is a former address"):
        make(slug="old")


def test_kinds_have_former_slugs_of_their_own():
    actor = ActorFactory(slug="old")
    actor.slug = "new"
    actor.save()
    TopicFactory(slug="old").full_clean()


# ---- keys ----


def test_a_key_is_the_sources_slug_and_a_number():
    source = SourceFactory(slug="daily-1")
    keys = [StatementFactory(source=source).key for _ in range(3)]
    assert keys == ["daily-1-1", "daily-1-2", "daily-1-3"]


def test_numbers_of_sources_with_like_slugs_are_their_own():
    for slug in ("a", "a-1", "a-1-b", "b"):
        assert StatementFactory(source=SourceFactory(slug=slug)).key == f"{slug}-1"


def test_a_key_may_be_given():
    assert StatementFactory(key="Kyodo_2024-02").key == "Kyodo_2024-02"


def test_a_new_statement_may_leave_its_key_to_the_program():
    StatementFactory.build(source=SourceFactory(), speaker=ActorFactory()).full_clean()


@pytest.mark.parametrize("key", ["a b", "a/b", "é", "-a", "a-", "a--b", "a.b", "a\n"])
def test_a_key_is_ascii(key):
    statement = StatementFactory()
    statement.key = key
    with pytest.raises(ValidationError, match="ASCII letters"):
        statement.full_clean()


def test_a_key_never_changes():
    statement = StatementFactory(key="first")
    statement.key = "second"
    assert "The key “first” never changes." in told(statement)
    with pytest.raises(ValidationError, match="never changes"):
        statement.save()
    assert Statement.objects.get().key == "first"


def test_a_key_is_never_used_again():
    StatementFactory(key="first").delete()
    again = StatementFactory.build(key="first", source=SourceFactory(), speaker=ActorFactory())
    assert "The key “first” was used before, and is never used again." in told(again)
    with pytest.raises(ValidationError, match="never used again"):
        again.save()


def test_a_number_is_never_used_again():
    source = SourceFactory(slug="daily")
    StatementFactory(source=source)
    StatementFactory(source=source).delete()
    assert StatementFactory(source=source).key == "daily-3"


def test_a_number_follows_those_made_in_bulk():
    source, speaker = SourceFactory(slug="daily"), ActorFactory()
    Statement.objects.bulk_create([StatementFactory.build(source=source, speaker=speaker, key="daily-7")])
    assert StatementFactory(source=source).key == "daily-8"


# ---- statements and sources together ----


def test_nothing_is_said_after_its_source_was_published():
    statement = StatementFactory(date="2024-02", source__published_on=dt.date(2024, 2, 13))
    assert "Said on 2024-02-29 at the latest, but its source was published on 2024-02-13" in told(statement)
    statement.latest = dt.date(2024, 2, 13)
    statement.full_clean()


def test_a_source_without_a_day_takes_statements_of_any_day():
    StatementFactory(source__published_on=None).full_clean()


def test_a_source_is_not_published_before_its_statements():
    statement = StatementFactory(date="2024-02-13", key="late")
    statement.source.published_on = dt.date(2024, 2, 12)
    assert "Its statement late was made later, on 2024-02-13." in told(statement.source)


def test_a_text_is_tied_to_its_hash():
    source = SourceFactory(text="Cafe\u0301\r\nnoir\rfin")
    source.full_clean()
    assert source.text == "Caf\u00e9\nnoir\nfin"
    assert source.text_sha256 == sha256_of("Café\nnoir\nfin") == sha256_of("Cafe\u0301\r\nnoir\r\nfin")
    source.text = "Another"
    assert "This is not the text that the source was coded from" in told(source)
    source.text_sha256 = ""
    source.full_clean()
    assert normalise_text(source.text) == "Another"


def test_a_source_is_not_found_in_what_it_holds():
    outer = SourceFactory()
    inner = SourceFactory(found_in=outer)
    outer.found_in = inner
    assert "A source is not found in itself, nor in what it holds." in told(outer)


def test_a_deed_is_explicit():
    stance = StanceFactory(statement__form="act")
    stance.basis, stance.rationale = "implied", "So it is."
    assert "A deed is explicit." in told(stance)


# ---- loops ----


def test_a_topic_does_not_stand_under_itself():
    top = TopicFactory()
    low = TopicFactory(parent=TopicFactory(parent=top))
    top.parent = low
    assert "would stand under itself" in told(top)
    with pytest.raises(ValidationError, match="would stand under itself"):
        top.save()


def test_affiliations_form_no_loop():
    first = AffiliationFactory()
    second = AffiliationFactory(actor=first.of)
    loop = AffiliationFactory.build(actor=second.of, of=first.actor)
    assert "These affiliations would form a loop" in told(loop)
    with pytest.raises(ValidationError, match="would form a loop"):
        loop.save()


# ---- repeats ----


def test_a_repeat_points_to_no_repeat():
    first = StatementFactory(key="first")
    second = StatementFactory(key="second", repeats=first)
    third = StatementFactory.build(source=second.source, speaker=second.speaker, repeats=second)
    assert "second is a repeat itself" in told(third)


def test_what_is_repeated_is_no_repeat():
    first = StatementFactory()
    StatementFactory(repeats=first)
    first.repeats = StatementFactory()
    assert "Others repeat this statement, so it cannot be a repeat itself." in told(first)


@pytest.mark.parametrize("status", ["draft", "submitted", "retracted"])
def test_a_published_repeat_points_to_what_is_published(status):
    repeat = StatementFactory(published=True, repeats=StatementFactory(key="first", status=status))
    assert "first is not published." in told(repeat)


def test_a_draft_may_repeat_a_draft():
    StatementFactory(repeats=StatementFactory()).full_clean()


# ---- deletion ----


def test_what_was_never_published_can_be_deleted_with_its_stances():
    stance = StanceFactory(statement__published=False)
    stance.statement.delete()
    assert not Statement.objects.exists()
    assert not Stance.objects.exists()


@pytest.mark.parametrize("status", ["published", "retracted"])
def test_what_was_published_is_never_deleted(status):
    StanceFactory(statement__status=status)
    StanceFactory(statement__published=False)
    for delete in (Statement.objects.get(status=status).delete, Statement.objects.all().delete):
        with pytest.raises(models.ProtectedError, match="retracted, with a reason, and never deleted"):
            delete()
    assert Statement.objects.count() == 2


def test_what_was_published_and_returned_to_a_draft_is_never_deleted():
    statement = StatementFactory(published_at=timezone.now())
    with pytest.raises(models.ProtectedError):
        statement.delete()


@pytest.mark.parametrize("status", ["submitted", "published", "retracted"])
def test_a_statement_beyond_a_draft_keeps_a_stance(status):
    one = StanceFactory(statement__status=status)
    other = StanceFactory(statement=one.statement)
    with pytest.raises(models.ProtectedError, match="keeps at least one stance"):
        one.statement.stances.all().delete()
    other.delete()
    with pytest.raises(models.ProtectedError, match="keeps at least one stance"):
        one.delete()
    assert list(Stance.objects.all()) == [one]


def test_a_draft_may_lose_its_stances():
    StanceFactory(statement__published=False).delete()
    assert not Stance.objects.exists()


PROTECTED = {
    "speaker": lambda stance: stance.statement.speaker,
    "actor": lambda stance: stance.actor,
    "topic": lambda stance: stance.topic,
    "source": lambda stance: stance.statement.source,
    "publisher": lambda stance: stance.statement.source.publisher,
    "coder": lambda stance: stance.statement.coder,
    "reviewer": lambda stance: stance.statement.reviewer,
    "parent": lambda stance: stance.topic.parent,
    "group": lambda stance: stance.topic.group,
    "candidate": lambda stance: stance.topic.candidate,
    "found in": lambda stance: stance.statement.source.found_in,
    "repeated": lambda stance: stance.statement.repeats,
}


@pytest.mark.parametrize("of", PROTECTED.values(), ids=PROTECTED.keys())
def test_what_a_draft_rests_on_is_protected(of, django_user_model):
    stance = StanceFactory(
        topic__parent=TopicFactory(),
        topic__group=ActorFactory(),
        topic__candidate=ActorFactory(),
        statement__published=False,
        statement__coder=django_user_model.objects.create(username="c"),
        statement__reviewer=django_user_model.objects.create(username="r"),
        statement__source__found_in=SourceFactory(),
        statement__repeats=StatementFactory(),
    )
    row = of(stance)
    with pytest.raises(models.ProtectedError):
        row.delete()
    with pytest.raises(models.ProtectedError):
        type(row)._default_manager.filter(pk=row.pk).delete()


@pytest.mark.parametrize("end", ["actor", "of"])
def test_both_ends_of_an_affiliation_are_protected(end):
    row = AffiliationFactory()
    with pytest.raises(models.ProtectedError):
        getattr(row, end).delete()
    row.delete()
    getattr(row, end).delete()


def test_what_nothing_rests_on_can_be_deleted(make):
    make().delete()
    assert not Actor.objects.exclude(kind="publication").exists()
    assert not Source.objects.exists()


# ---- history ----


def test_every_curated_row_has_a_history_that_outlives_it():
    stance = StanceFactory(statement__published=False)
    stance.condition = "once the rules stand"
    stance.save()
    stance.statement.delete()
    assert list(Stance.history.values_list("history_type", flat=True)) == ["-", "~", "+"]
    assert Statement.history.filter(history_type="-").count() == 1


# ---- in words ----


def test_rows_have_names():
    stance = StanceFactory(actor__name="Australia", topic__name="Japan", position=-1, terms="time", statement__key="k")
    assert str(stance) == "Australia on Japan: not now"
    assert str(stance.statement).startswith("k: Summary")
    assert str(StatementFactory(key="l", summary=f"{'Words ' * 9}overlong, and more.")) == f"l: {'Words ' * 8}Words…"
    assert str(StatementFactory(key="m", summary="S" * 60)) == f"m: {'S' * 60}"
    assert str(AffiliationFactory(actor__name="A", of=stance.actor)) == "A, Minister, Australia"
    assert stance.natural_key() == ("k", stance.actor.slug, stance.topic.slug)


def test_a_change_has_a_size():
    change = later_position()
    assert change.size == -4
    assert Position.objects.earliest("since").size is None


def test_a_key_is_not_changed_by_an_update_of_many():
    statement = StatementFactory()
    with pytest.raises(NotSupportedError, match="never changes"):
        Statement.objects.filter(pk=statement.pk).update(key="another")


@pytest.mark.parametrize("factory", [ActorFactory, TopicFactory, SourceFactory])
def test_an_address_is_not_changed_by_an_update_of_many(factory):
    row = factory()
    with pytest.raises(NotSupportedError, match="one by one"):
        type(row).objects.filter(pk=row.pk).update(slug="another")


def test_a_stance_stays_with_its_statement():
    stance, other = StanceFactory(), StatementFactory()
    with pytest.raises(NotSupportedError, match="stays with its statement"):
        Stance.objects.filter(pk=stance.pk).update(statement=other)
    stance.statement = other
    with pytest.raises(ValidationError, match="stays with its statement"):
        stance.save()


def test_a_source_that_readers_find_is_not_deleted():
    source = SourceFactory(coverage="nothing")
    newsletter = source.found_in = SourceFactory()
    source.save()
    with pytest.raises(models.ProtectedError, match="on a public page"):
        source.delete()
    with pytest.raises(models.ProtectedError, match="on a public page"):
        Source.objects.filter(pk=newsletter.pk).delete()


def test_a_source_is_found_at_most_two_levels_deep():
    article, letter, collection, shelf = (SourceFactory() for _ in range(4))
    for inner, outer in ((article, letter), (letter, collection)):
        inner.found_in = outer
        inner.full_clean()
        inner.save()
    collection.found_in = shelf
    with pytest.raises(ValidationError, match="deeper than that"):
        collection.full_clean()
    article.found_in = None
    article.save()
    collection.full_clean()
