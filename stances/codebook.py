"""The codebook as a page: the repository's own document, its sections with addresses, its tables in reach of keys."""

from __future__ import annotations

import re
from functools import cache
from itertools import count, pairwise

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

DOCUMENT = settings.BASE_DIR / "docs" / "codebook.md"
_NUMBER = re.compile(r"\d+")


@cache
def codebook() -> SafeString:
    """Write the document as HTML: "## 6. ..." is found by `#section-6`, and a wide table scrolls by itself."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    numbers = count(1)

    def table_open(*_: object) -> str:
        label = f"Table {next(numbers)}"
        return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table class="plain">'

    markdown.add_render_rule("table_open", lambda self, *given: table_open(*given))
    markdown.add_render_rule("table_close", lambda self, *given: "</table></div>")
    tokens = markdown.parse(DOCUMENT.read_text())
    for opening, heading in pairwise(tokens):
        if opening.type == "heading_open" and (found := _NUMBER.match(heading.content)):
            opening.attrSet("id", f"section-{found[0]}")
    return mark_safe(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S308  (the repository's own text)
