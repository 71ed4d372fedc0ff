"""What is wrong with a table: its rows held against the codebook, against each other, and against what stands."""

from __future__ import annotations

import re
from typing import Any

from stances import rules
from stances.cells import MEANINGS
from stances.dates import today
from stances.imports import Problems, Record, batches, shortened
from stances.models import Actor, FormerSlug, Source, Stance, Statement, Topic
from stances.models.curated import CuratedModel, validate_slug
from stances.models.statements import validate_key
from stances.vocabulary import Basis, Form, Status

#: What a new row cannot be without.
NEEDED_OF = {Statement: "date", Stance: "position"}
Records = dict[type[CuratedModel], list[Record]]
#: The column at which a broken rule is mended.
PLACES = {
    "statement_quote_if_direct": "quote",
    "statement_not_repeating_itself": "repeats",
    "statement_offsets_in_order": "end",
    "statement_summary_given": "summary",
    "stance_terms_at_one": "terms",
    "stance_implied_has_rationale": "rationale",
    "actor_iso_of_government": "actor_kind",
    "topic_featured_is_root": "topic_parent",
    "topic_not_its_own_parent": "topic_parent",
    "topic_proposition_given": "proposition",
}


def find(every: Records, problems: Problems, *, update: bool) -> None:
    """Add to the problems all that stands in the way of writing these records."""
    unread = set(problems.rows)  # their rules are not asked: what is missing there was told already
    for records in every.values():
        for record in records:
            if record.differs:
                _check(record, problems, update, unread)
    for record in every[Statement]:
        if record.differs or any(stance.differs for stance in record.stances.values()):
            _check_statement(record, problems, update)
    _check_names_used(every, problems)
    _check_repeats(every, problems)
    _check_days_of_sources(every, problems)
    _check_tree(every[Topic], problems)


def _check(record: Record, problems: Problems, update: bool, unread: set[int]) -> None:
    if record.is_new:
        _check_name(record, problems)
        needed = NEEDED_OF.get(record.model)
        if needed and needed not in record.given and record.row not in unread:
            problems.add(record.row, needed, "", f"A new {record.noun} needs its {needed}.")
    elif not update:
        advice = _advice(record, "change")
        for change in record.changes:
            standing = f"“{shortened(change.before)}” stands" if change.before else "Nothing stands"
            rule = f"{standing} here. {advice}"
            problems.add(change.given.row, change.given.column, change.given.cell, rule)
    told = record.given.values() if record.is_new else [change.given for change in record.changes]
    sound = True
    for given in told:
        if meaning := MEANINGS.get(given.column):
            try:
                meaning.check(given.value)
            except ValueError as error:
                sound = False
                problems.add(given.row, given.column, given.cell, str(error))
    if sound and record.row not in unread and not _lacks(record):
        for constraint in rules.broken(record.instance):
            column = PLACES.get(constraint.name, "")
            value = next((given.cell for given in record.given.values() if given.column == column), "")
            problems.add(record.row, column, value, str(constraint.violation_error_message))


def _is_closed(statement: Record) -> bool:
    """Tell whether an import leaves a statement as it is, for it is no draft any more."""
    return not statement.is_new and statement.instance.status != Status.DRAFT


def _advice(record: Record, verb: str) -> str:
    """Say how what differs from what stands can be written: by the import, or in the form of what is no draft."""
    statement = record.refers_to("statement") or record
    if statement.model is Statement and _is_closed(statement):
        return f"It is {statement.instance.get_status_display()}: {verb} it in its form."
    return f"Tick “Update what differs” to {verb} it."


def _lacks(record: Record) -> bool:
    """Tell whether a new row is without what it needs, so that what follows from that is missing too."""
    statement = record.given["statement"].value if record.model is Stance else record
    return any(
        each.is_new and needed not in each.given
        for each, needed in ((record, NEEDED_OF.get(record.model)), (statement, NEEDED_OF.get(statement.model)))
        if needed
    )


def _check_name(record: Record, problems: Problems) -> None:
    if record.model is Stance:
        return
    if rule := rule_of_name(record.model, record.name):
        problems.add(record.row, record.column, record.name, rule)


def rule_of_name(model: type[CuratedModel], name: str) -> str:
    """Give the rule that a new row's slug or key breaks, or nothing."""
    pattern, message, limit = _NAMES[model is Statement]
    if not pattern.search(name):
        return message
    return f"At most {limit} characters." if len(name) > limit else ""


#: Of slugs and of keys: what they look like, in words too, and how long they may be.
_RULES: Any = ((validate_slug, 100), (validate_key, 120))
_NAMES = [(re.compile(check.regex.pattern), str(check.message), limit) for check, limit in _RULES]


def _check_statement(record: Record, problems: Problems, update: bool) -> None:
    statement = record.instance
    if not record.is_new and not update:
        for stance in record.stances.values():
            if stance.is_new:
                rule = f"The statement stands here without this stance. {_advice(stance, 'add')}"
                problems.add(stance.row, "topic", stance.given["topic"].cell, rule)
    if update and _is_closed(record):
        rule = f"It is {statement.get_status_display()}: an import changes drafts alone. Change it in its form."
        problems.add(record.row, "statement_key", record.name, rule)
    if statement.latest is not None:
        given = record.given.get("date")
        row, cell = (given.row, given.cell) if given else (record.row, str(statement.date))
        published_on = statement.source.published_on
        if statement.latest > today():
            problems.add(row, "date", cell, f"{statement.latest} is still to come.")
        elif published_on and statement.latest > published_on:
            rule = (
                f"Said on {statement.latest} at the latest, but its source was published on {published_on}: "
                "write the range that ends with that day."
            )
            problems.add(row, "date", cell, rule)
    for stance in record.stances.values():
        if statement.form == Form.ACT and stance.instance.basis == Basis.IMPLIED:
            problems.add(stance.row, "basis", stance.instance.basis, "A deed is explicit.")
    first = record.refers_to("repeats")
    if first is record:
        problems.add(record.row, "repeats", first.name, "A statement does not repeat itself.")
    elif first and first.instance.repeats is not None:
        rule = f"{first.name} is a repeat itself: name the one that it repeats."
        problems.add(record.given["repeats"].row, "repeats", first.name, rule)


def _check_names_used(every: Records, problems: Problems) -> None:
    new = {record.name: record for record in every[Statement] if record.is_new}
    for some in batches(sorted(new)):
        for key in set(Statement.history.filter(key__in=some).values_list("key", flat=True)):
            rule = "This key was used before, and is never used again."
            problems.add(new[key].row, "statement_key", key, rule)
    for model in (Actor, Topic, Source):
        slugs = {record.name: record for record in every[model] if record.is_new}
        for some in batches(sorted(slugs)):
            for slug in FormerSlug.objects.for_model(model).filter(slug__in=some).values_list("slug", flat=True):
                rule = "A former address, which is never used again."
                problems.add(slugs[slug].row, slugs[slug].column, slug, rule)


def _check_repeats(every: Records, problems: Problems) -> None:
    """Refuse that a statement becomes a repeat while others, here or in the table, repeat it."""
    repeating = {r.standing.pk: r for r in every[Statement] if r.standing and r.refers_to("repeats") and r.changes}
    for some in batches(sorted(repeating)):
        for pk in Statement.objects.filter(repeats__in=some).values_list("repeats", flat=True).distinct():
            rule = "Others repeat this statement, so it cannot be a repeat itself."
            problems.add(repeating[pk].row, "repeats", repeating[pk].name, rule)


def _check_days_of_sources(every: Records, problems: Problems) -> None:
    moved = {
        record.standing.pk: record
        for record in every[Source]
        if any(change.name == "published_on" for change in record.changes)
    }
    checked = {
        record.standing.pk
        for record in every[Statement]
        if record.standing and record.differs and "source" in record.given
    }
    for some in batches(sorted(moved)):
        said = Statement.objects.filter(source__in=some).order_by("key")
        for pk, source, key, latest in said.values_list("pk", "source_id", "key", "latest"):
            day = moved[source].instance.published_on
            if day and latest > day and pk not in checked:
                given = moved[source].given["published_on"]
                rule = f"Its statement {key} was made later, on {latest}."
                problems.add(given.row, "published_on", given.cell, rule)


def _check_tree(topics: list[Record], problems: Problems) -> None:
    placed = [record for record in topics if record.differs and "parent" in record.given]
    if not placed:
        return
    stored = Topic.objects.without_tree_fields()
    above: dict[str, str | None] = dict(stored.values_list("slug", "parent__slug"))
    above.update((record.name, parent.name if (parent := record.refers_to("parent")) else None) for record in placed)
    for record in placed:
        seen, at = {record.name}, above[record.name]
        while at is not None and at not in seen:
            seen.add(at)
            at = above.get(at)
        if at is not None:
            given = record.given["parent"]
            rule = f"“{record.name}” would stand under itself."
            problems.add(given.row, "topic_parent", given.cell, rule)
