"""The forms of the editors' desk: every rule of the models told at the field where it is mended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget, AutocompleteSelect
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms.models import InlineForeignKeyField
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from stances.dates import PartialDate, PartialDateField
from stances.renderers import attributes, input_tag
from stances.vocabulary import ANCHORS, CSS, SIGNS, WORDS, Form, Status, Terms, Value

#: The field at which a broken constraint is told; those of none are told above the form.
PLACES = {
    "actor_iso_of_government": "iso",
    "actor_iso_unique": "iso",
    "affiliation_ends_after_start": "end",
    "affiliation_of_another": "of",
    "topic_not_its_own_parent": "parent",
    "topic_featured_is_root": "featured",
    "topic_featured_has_question": "question",
    "topic_featured_once": "featured",
    "source_not_found_in_itself": "found_in",
    "source_inferred_date_has_note": "date_note",
    "statement_earliest_not_after_latest": "said",
    "statement_quote_if_direct": "quote",
    "statement_not_repeating_itself": "repeats",
    "statement_offsets_in_order": "end",
    "stance_terms_at_one": "terms",
    "stance_implied_has_rationale": "rationale",
}

LONGEST_FILE = 5_000_000  # bytes


class PlainTextField(forms.CharField):
    """Text with line feeds, as fixtures and imports have it, where a browser sends carriage returns too."""

    def to_python(self, value):
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class PartialDateInput(AdminTextInputWidget):
    """A date in the codebook's notation, with its reading beside it."""

    template_name = "admin/widgets/partial_date.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        try:
            context["widget"]["reading"] = PartialDate.parse(str(value or "")).words()
        except ValueError:
            context["widget"]["reading"] = ""
        return context


class Face(NamedTuple):
    """What a tile shows: its colours, its sign where it has one, and the words of a text that call for it."""

    css: str
    words: str
    sign: str = ""
    anchors: str = ""


@cache
def drawn(faces: tuple[Face, ...]) -> SafeString:
    """Draw what a tile shows, once for all the rows of a form."""
    return format_html_join(
        "\n",
        '<span class="face {}">{}<b>{}</b>{}</span>',
        (
            (
                face.css,
                format_html('<b class="sign" aria-hidden="true">{}</b>', face.sign) if face.sign else "",
                face.words,
                format_html("<small>{}</small>", face.anchors) if face.anchors else "",
            )
            for face in faces
        ),
    )


class Tiles(forms.RadioSelect):
    """Radio buttons as a row of tiles, in a fieldset of their own; see static/stances/desk.css."""

    template_name = "admin/widgets/tiles.html"
    css = legend = note = ""
    #: Below the tiles: the words that anchor the chosen one.
    anchors: tuple[tuple[str, str], ...] = ()

    def faces(self, value: Any) -> tuple[Face, ...]:
        raise NotImplementedError

    def title(self, value: Any) -> str:
        """Give what is told of a tile under the pointer."""
        return ""

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"css": self.css, "legend": self.legend, "note": self.note, "anchors": self.anchors}
        return context

    def create_option(self, name, value, *args, **kwargs):
        option = super().create_option(name, value, *args, **kwargs)
        faces = self.faces(value)
        css, title = faces[0].css if len(faces) == 1 else "", self.title(value)
        label = {"for": option["attrs"].get("id", False), "class": css, "title": title or False}
        shown = f"<label{attributes(label)}>{input_tag(option)}\n{drawn(faces)}</label>"
        return option | {"shown": mark_safe(shown)}  # noqa: S308  (the parts are HTML)


def anchors_of(side: int) -> str:
    """Give the words that anchor a side, those of each of its terms where it has some."""
    told = [(WORDS.get((side, terms), ""), words) for (value, terms), words in ANCHORS.items() if value == side]
    return told[0][1] if len(told) == 1 else "; ".join(f"{name}: {words}" for name, words in told)


class SideTiles(Tiles):
    """A position: sign and word of each, in its colour, and below them the words that anchor the one looked at."""

    css, legend = "sides", "Position"
    anchors = tuple((CSS[value], anchors_of(value)) for value in Value.values)

    def faces(self, value):
        return (Face(CSS[value], Value(value).label, SIGNS[value]),)

    def title(self, value):
        return anchors_of(int(value))


class TermsTiles(Tiles):
    """The terms of a position, each in the words of both sides: the page shows those of the chosen one."""

    css, legend = "terms", "Terms"
    note = "only at + and −; where several apply, the first from the left"

    def faces(self, value):
        if not value:
            return (Face("none", "no terms"),)
        return tuple(Face(CSS[side], WORDS[side, value], anchors=ANCHORS[side, value]) for side in (1, -1))

    def create_option(self, name, value, label, selected, *args, **kwargs):
        # Nothing chosen is nothing ticked, so that the tabulator comes to the first of the terms.
        return super().create_option(name, value, label, selected and bool(value), *args, **kwargs)


def ids_among(values: Iterable[object]) -> list[str]:
    """Keep those of the values sent that can be the id of a row; what a database cannot compare is none."""
    return [text for value in values if (text := str(value)).isascii() and text.isdecimal() and len(text) < 19]


class ChosenSelect(AutocompleteSelect):
    """An autocomplete field that is told its chosen row, so that a form of many rows asks once and not a row.

    A value sent that is no id stands for no row, where Django's own asks the database for it.
    """

    chosen: Mapping[str, models.Model] = {}

    def optgroups(self, name, value, attr=None):
        wanted = ids_among(value)
        if not all(pk in self.chosen for pk in wanted):
            return super().optgroups(name, wanted, attr)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        for pk in wanted:
            label = self.choices.field.label_from_instance(self.chosen[pk])
            options.append(self.create_option(name, pk, label, True, len(options)))
        return [(None, options, 0)]


class CuratedForm(forms.ModelForm):
    """A form that checks its whole row, fields that it does not show too, and tells each error where it is mended."""

    #: Fields of the model for which one of the form's stands.
    stands_for: Mapping[str, str] = {}

    def add_error(self, field, error):
        """Put an error at its field, at the one that stands for it, or at the one where a constraint is mended."""
        error = error if isinstance(error, ValidationError) else ValidationError(error)
        if hasattr(error, "error_dict"):
            for name, errors in error.error_dict.items():
                self.add_error(None if name == NON_FIELD_ERRORS else name, ValidationError(errors))
        elif len(error.error_list) > 1:
            for each in error.error_list:
                self.add_error(field, each)
        else:
            place = self.stands_for.get(field, field) or self.places.get(error.error_list[0].message)
            super().add_error(place if place in self.fields else None, error)

    @cached_property
    def places(self) -> dict[str, str]:
        """Give the place of each constraint's message."""
        constraints = self.instance._meta.constraints
        return {c.violation_error_message: PLACES[c.name] for c in constraints if c.name in PLACES}

    def _get_validation_exclusions(self):
        """Leave out what is wrong already. Django leaves out what the form does not show too, and then skips every
        constraint that has such a field."""
        return super()._get_validation_exclusions() & set(self.fields) | self.unchecked_fields()  # type: ignore[misc]

    def _post_clean(self):
        """Check the constraints on the row above, too, which Django leaves out of the rules of an inline's row."""
        super()._post_clean()  # type: ignore[misc]
        if any(isinstance(field, InlineForeignKeyField) for field in self.fields.values()):
            try:
                self.instance.validate_constraints(exclude=self.unchecked_fields())
            except ValidationError as error:
                self.add_error(None, error)

    def unchecked_fields(self) -> set[str]:
        """Name the fields of the model whose values are known to be wrong, or missing."""
        wrong = set(self.errors) - {NON_FIELD_ERRORS}
        return wrong | {name for name, standing in self.stands_for.items() if standing in wrong}


class OpenedField(forms.CharField):
    """The state that a form was opened on, sent along unseen; see admin/conflicts.py."""

    widget = forms.HiddenInput

    def has_changed(self, initial, data):
        return False


class ReasonedForm(CuratedForm):
    """A form of one row, whose history takes a reason for the change; it is refused where others were quicker."""

    #: Why nothing is saved, whatever was typed.
    refused = ""
    opened = OpenedField(required=False, max_length=400)
    change_reason = forms.CharField(
        label="Reason for the change",
        max_length=100,
        required=False,
        widget=AdminTextInputWidget,
        help_text="Kept in the history, beside what changed, who changed it and when.",
    )

    def clean_change_reason(self) -> str:
        from stances.changes import is_named  # the models are not there yet when the desk's site is made

        reason = self.cleaned_data["change_reason"]
        if is_named(reason):
            raise ValidationError("So the history names merges and recodes, by which they are undone: use other words.")
        return reason

    def clean(self):
        super().clean()
        if self.refused:
            self.add_error(None, self.refused)


class SourceForm(ReasonedForm):
    """A source, whose text is pasted or comes from a file."""

    text_file = forms.FileField(
        label="or a file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".txt,text/plain"}),
        help_text="A plain text in UTF-8, of which the same holds. It takes the place of what stands above.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(text := self.fields.get("text"), forms.CharField):
            text.strip = False  # its SHA-256 counts white space at its ends, too
            text.help_text = (
                "The article's body, a line for each paragraph, without headings, bylines and captions: no paragraph's "
                "number counts these. For editors only: it is copyright and never shown."
            )

    def clean_text_file(self) -> str:
        """Read the file's text."""
        file = self.cleaned_data.get("text_file")
        if not file:
            return ""
        if file.size > LONGEST_FILE:
            raise ValidationError(f"Files up to {LONGEST_FILE // 1_000_000} MB are taken: this is no article's text.")
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError("This is no text in UTF-8: save it as plain text in UTF-8, or paste it.") from None
        if "\x00" in text:
            raise ValidationError("This is no plain text: it holds a character that no text has.")
        return text

    def clean(self):
        super().clean()
        if text := self.cleaned_data.get("text_file"):
            self.cleaned_data["text"] = text


class BriefForm(CuratedForm):
    """A form whose fields stand close together: what a field is for is told in a word, the rest in its title."""

    #: In place of the model's own words.
    told: Mapping[str, str] = {}

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name in self.told.keys() & self.fields.keys():
            field = self.fields[name]
            if not isinstance(field.widget, Tiles):
                field.widget.attrs.setdefault("title", field.help_text)
            field.help_text = self.told[name]


class StatementForm(BriefForm, ReasonedForm):
    """A statement, with its date as the codebook writes it in place of the two days that are stored."""

    told = {
        **dict.fromkeys(("source", "quote", "locator", "form", "speaker", "authority", "occasion"), ""),
        **dict.fromkeys(("language", "translated", "primary_url", "start"), ""),
        "said": "Also 2024-02, 2024-04-01/2024-04-07, or ../2024-03-25 for that day or before.",
        "summary": "One or two neutral sentences in your own words, readable alone.",
        "repeats": "The statement whose words are printed here again.",
        "change_reason": "Kept in the history.",
    }

    said = PartialDateField(label="Said", widget=PartialDateInput)
    answer = forms.CharField(
        label="Comment for the reviewer",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text="Sent as you submit, and kept in the conversation.",
    )
    stands_for = {"earliest": "said", "latest": "said"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.latest:
            self.initial.setdefault("said", self.instance.date)

    def clean(self):
        super().clean()
        if said := self.cleaned_data.get("said"):
            self.instance.date = said
        form, quote = self.cleaned_data.get("form"), self.cleaned_data.get("quote")
        if form == Form.DIRECT and quote == "":
            self.add_error("quote", "A direct quotation needs its words: give them, or choose another form.")
        elif form and form != Form.DIRECT and quote:
            self.add_error(
                "quote", "You gave a quote: choose “direct quotation” as its form, or leave the quote empty."
            )

    @cached_property
    def changed_data(self):
        """Leave out the comment, which is no part of the row."""
        return [name for name in super().changed_data if name != "answer"]

    def unchecked_fields(self) -> set[str]:
        # One that is left empty is given as the row is written.
        keyless = {"key"} if "key" in self.fields and not self.cleaned_data.get("key") else set()
        return super().unchecked_fields() | keyless


class StanceForm(BriefForm):
    told = {
        **dict.fromkeys(("actor", "topic", "terms", "condition", "attribution"), ""),
        "rationale": format_html(
            '<span class="if-explicit">{}</span><span class="if-implied">{}</span>',
            "Not needed: the basis is explicit.",
            "Needed: the basis is implied.",
        ),
    }

    class Meta:
        widgets = {"position": SideTiles, "terms": TermsTiles}
        labels = {"condition": "Terms in words"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(position := self.fields.get("position"), forms.ChoiceField):
            position.choices = [(value, f"{SIGNS[value]} {Value(value).label}") for value in reversed(Value.values)]
        if isinstance(terms := self.fields.get("terms"), forms.ChoiceField):
            terms.choices = [*Terms.choices, ("", "no terms")]


class ReasonedStanceForm(StanceForm, ReasonedForm):
    pass


#: More rows than any joint statement has; a form that claims more would be made and shown with them.
MOST_ROWS = 500


class RowsFormSet(forms.BaseInlineFormSet):
    """Rows of an inline that find what their autocomplete fields chose in one query a field, not one a row."""

    autocompleted: tuple[str, ...] = ()
    forms: list[Any]
    instance: Any
    model: Any

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.absolute_max = min(self.absolute_max, MOST_ROWS)

    @cached_property
    def _claimed(self) -> int:
        return super().total_form_count()

    @cached_property
    def _sent(self) -> set[int]:
        """Give the numbers of the claimed rows of which anything was sent."""
        row = re.compile(rf"{re.escape(str(self.prefix))}-([0-9]{{1,4}})-\w+", re.ASCII)
        found = (int(match[1]) for name in self.data if (match := row.fullmatch(name)))
        return {number for number in found if number < self._claimed}

    def total_form_count(self) -> int:
        """Make no more forms than rows were sent, whatever is claimed: each is checked and drawn."""
        return len(self._sent) if self.is_bound else super().total_form_count()

    def clean(self):
        super().clean()
        if self.is_bound and len(self._sent) != self._claimed:
            raise ValidationError("Rows are missing in what was sent: open the form again.")

    @cached_property
    def chosen(self) -> dict[str, dict[str, models.Model]]:
        if not self.is_bound:
            rows = list(self.get_queryset())
            return {
                name: {str(getattr(row, f"{name}_id")): getattr(row, name) for row in rows}
                for name in self.autocompleted
            }
        return {name: self._chosen_in_data(name) for name in self.autocompleted}

    def _chosen_in_data(self, name: str) -> dict[str, models.Model]:
        posted = {self.data.get(f"{self.add_prefix(index)}-{name}", "") for index in range(self.total_form_count())}
        keys = {int(pk) for pk in ids_among(posted)}
        related = self.model._meta.get_field(name).related_model
        return {str(pk): row for pk, row in related._base_manager.in_bulk(keys).items()}

    def add_fields(self, form, index):
        super().add_fields(form, index)
        setattr(form.instance, self.fk.name, self.instance)  # rules look at the row above as it is now
        for name in self.autocompleted:
            if name in form.fields:
                widget = form.fields[name].widget
                getattr(widget, "widget", widget).chosen = self.chosen[name]

    def kept(self) -> list[Any]:
        """List the forms whose rows there will be after the formset is saved."""
        return [form for form in self.forms if form not in self.deleted_forms and _has_row(form)]


def _has_row(form) -> bool:
    return bool(form.instance.pk) or form.has_changed()


class StanceFormSet(RowsFormSet):
    autocompleted = ("actor", "topic")

    def add_fields(self, form, index):
        super().add_fields(form, index)
        if "actor" in form.fields:
            form.instance.in_row = form.prefix  # what is shown beside it names it

    def get_unique_error_message(self, unique_check):
        return "Two stances here are of one actor on one topic; a statement has one."

    def clean(self):
        super().clean()
        if self.instance.pk and self.instance.status != Status.DRAFT and not self.kept():
            raise ValidationError("Only a draft may be without a stance.")


class AffiliationFormSet(RowsFormSet):
    autocompleted = ("of",)

    def get_unique_error_message(self, unique_check):
        return "Two affiliations here have one actor, title and first day."

    def clean(self):
        super().clean()
        seen = set()
        for form in self.kept():
            data = getattr(form, "cleaned_data", {})
            row = data.get("of"), data.get("title"), data.get("start")
            if row in seen and data.get("start") is None:  # Django lets empty days pass as different
                raise ValidationError(self.get_unique_error_message(()))
            seen.add(row)


class WordsForm(forms.Form):
    """What a step in a statement's life wants told: a comment or a reason."""

    words = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}))

    def __init__(self, *args, required: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["words"].required = required


class DismissalForm(forms.Form):
    """Which warning is dismissed, or taken back, and the word for it."""

    code = forms.CharField(max_length=20)
    about = forms.CharField(max_length=400, required=False, strip=False)
    word = forms.CharField(
        max_length=200,
        required=False,
        error_messages={"max_length": "Say why in 200 characters or fewer."},
    )
