"""The commonest parts of forms, written in Python as Django's own templates write them.

A form of the desk has hundreds of such parts, and a template each took half of the time of its page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.formats import localize
from django.utils.safestring import SafeData

OPTION = "django/forms/widgets/select_option.html"


class FormRenderer(DjangoTemplates):
    """Django's renderer of forms, quicker at what is in every form; see FORM_RENDERER in the settings."""

    def render(self, template_name, context, request=None):
        if template_name in ERRORS and not context["errors"]:
            return ""
        if write := WRITERS.get(template_name):
            return write(context).strip()
        return super().render(template_name, context, request)


def written(value: Any) -> str:
    """Write a value into HTML, as a template's `stringformat:'s'` does."""
    return str(value) if isinstance(value, SafeData) else escape(str(value))


def attributes(attrs: Mapping[str, Any]) -> str:
    return "".join(
        f" {written(name)}" if value is True else f' {written(name)}="{written(value)}"'
        for name, value in attrs.items()
        if value is not False
    )


def input_tag(widget: Mapping[str, Any]) -> str:
    """Write an input, or the input of an option of several."""
    kind, name = written(widget["type"]), written(widget["name"])
    value = "" if widget["value"] is None else f' value="{written(widget["value"])}"'
    return f'<input type="{kind}" name="{name}"{value}{attributes(widget["attrs"])}>'


def _input(context: Mapping[str, Any]) -> str:
    return input_tag(context["widget"])


def _textarea(context: Mapping[str, Any]) -> str:
    widget = context["widget"]
    text = written(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{written(widget["name"])}"{attributes(widget["attrs"])}>\n{text}</textarea>'


def _option(option: Mapping[str, Any]) -> str:
    value, label = written(option["value"]), written(localize(option["label"]))
    return f'\n  <option value="{value}"{attributes(option["attrs"])}>{label}</option>\n'


def _select(context: Mapping[str, Any]) -> str:
    widget = context["widget"]
    parts = []
    for group, options, _ in widget["optgroups"]:
        inside = "".join(map(_option, options))
        label = f'\n  <optgroup label="{written(localize(group))}">' if group else ""
        parts.append(f"{label}{inside}\n  </optgroup>" if group else inside)
    return f'<select name="{written(widget["name"])}"{attributes(widget["attrs"])}>{"".join(parts)}\n</select>'


def _label(context: Mapping[str, Any]) -> str:
    tag, label = context["tag"], written(context["label"])
    return f"<{tag}{attributes(context['attrs'] or {})}>{label}</{tag}>" if context["use_tag"] else label


#: What is nothing where there is no error.
ERRORS = {"django/forms/errors/list/default.html", "django/forms/errors/list/ul.html"}
INPUTS = ("checkbox", "date", "email", "file", "hidden", "input", "number", "password", "text", "time", "url")
WRITERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **{f"django/forms/widgets/{name}.html": _input for name in INPUTS},
    "django/forms/widgets/select.html": _select,
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/label.html": _label,
}
