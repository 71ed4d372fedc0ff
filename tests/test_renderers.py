"""What the desk writes itself of its forms reads byte for byte as Django's own templates write it."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from stances.renderers import ERRORS, WRITERS, FormRenderer

OURS, DJANGOS = FormRenderer(), DjangoTemplates()
TEXTS = st.text(alphabet="a<>&\"' \n\t;é", max_size=6)
VALUES = st.one_of(TEXTS, TEXTS.map(mark_safe), st.integers(), st.none())
ATTRS = st.dictionaries(
    st.sampled_from(["id", "class", "title", "required", "data-x"]), st.one_of(VALUES, st.booleans(), st.just(1234.5))
)
GROUPED = [
    ("", "none"),
    ("one", [("a", "A & B"), (2, mark_safe("<b>2</b>"))]),
    (3000, 3000),
    ("", gettext_lazy("Yes")),
]


def both(template: str, context: dict[str, Any]) -> tuple[str, str]:
    return OURS.render(template, context), DJANGOS.render(template, context)


def test_forms_are_written_by_the_desks_renderer():
    assert isinstance(get_default_renderer(), FormRenderer)
    assert settings.FORM_RENDERER.endswith(FormRenderer.__name__)


@pytest.mark.parametrize("template", [name for name in WRITERS if "/widgets/" in name])
@given(value=VALUES, attrs=ATTRS)
def test_a_field_reads_as_django_writes_it(template, value, attrs):
    options = forms.Select(choices=GROUPED).optgroups("x", [str(value), "2"], attrs)
    widget = {"type": "text", "name": "a<b", "value": value, "attrs": attrs, "optgroups": options}
    ours, djangos = both(template, {"widget": widget})
    assert ours == djangos


@given(label=VALUES, attrs=st.one_of(st.none(), ATTRS), tag=st.sampled_from(["label", "legend"]), use=st.booleans())
def test_a_label_reads_as_django_writes_it(label, attrs, tag, use):
    ours, djangos = both("django/forms/label.html", {"label": label, "attrs": attrs, "tag": tag, "use_tag": use})
    assert ours == djangos


@pytest.mark.parametrize("template", sorted(ERRORS))
@pytest.mark.parametrize("told", [[], ["Not <so>."], ["Not so.", "Nor so."]])
def test_errors_read_as_django_writes_them(template, told):
    ours, djangos = both(template, forms.utils.ErrorList(told).get_context())
    assert ours == djangos
    assert bool(ours) == bool(told)
