"""The first page's news, item by item."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from stances.markup import NOTHING, filled, joined
from stances.models import Actor
from stances.news import Item, Line
from stances.templatetags.stance_tags import badge, change, reasons, when, words

register = template.Library()

ITEM = """<li>
  {}
  <div>
    <h3><a href="{}">{}</a></h3>
    {}
  </div>
  <div>
    {}
    <p class="meta"><a href="{}">{}</a>{}</p>
  </div>
</li>
"""
LINE = """<p>on <a href="{}">{}</a></p>
<span class="shift"><a class="reason" href="{}"><span class="sr">Why </span>{}</a> {}{}</span>
"""
SAME = SafeString('<p class="summary muted">The same statement as above.</p>')
DIFFER = SafeString(' <span class="flag">colleagues differ</span>')
NONE = SafeString('<li> <p class="summary">Nothing is recorded up to this day.</p> </li>\n')


@register.simple_tag
def told(items: Sequence[Item]) -> SafeString:
    """Draw the news, or say that there are none."""
    return filled('<ol class="changes">\n{}</ol>', joined(map(item, items)) or NONE)


def item(it: Item) -> SafeString:
    return filled(
        ITEM,
        when(it.statement.date),
        it.actor.get_absolute_url(),
        it.actor.name,
        joined(line(it.actor, each) for each in it.lines),
        SAME if it.same_statement else words(it.statement),
        it.statement.get_absolute_url(),
        it.speaker,
        f", in {it.publisher}" if it.publisher else "",
    )


def line(actor: Actor, it: Line) -> SafeString:
    value, terms = it.before or (None, "")
    return filled(
        LINE,
        it.topic.get_absolute_url(),
        it.topic.name,
        reasons(actor, it.topic),
        change(value, terms, it.value, it.terms),
        badge(it.kind),
        DIFFER if it.colleagues_differ else NOTHING,
    )
