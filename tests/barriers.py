"""What stands in a reader's way on an open page: what axe finds, and what is wider than the screen."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT

#: Colours do not depend on the width: each width and each scheme is looked at once.
SCREENS = ((1400, "light"), (360, "dark"))
#: Links change their colour by degrees; they begin to when a frame is drawn, or when a script hears of the new scheme.
_SETTLED = """async () => {
  const drawn = () => new Promise(requestAnimationFrame);
  await drawn();
  await drawn();
  await Promise.allSettled(document.getAnimations().map(it => it.finished));
}"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_RUN = "([context, options]) => axe.run(context || document, options).then(found => found.violations)"
#: What a narrower screen or another scheme may change; the rest of the rules look at the document alone.
_SEEN = {"runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]}


def _show(page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.evaluate(_SETTLED)


def _too_wide(page, width: int) -> list[str]:
    wider = page.evaluate(_WIDER)
    return [f"{wider} px wider than {width}"] if wider else []


def too_wide(page) -> list[str]:
    """List the screens that the page is wider than."""
    found = []
    for width, scheme in SCREENS:
        _show(page, width, scheme)
        found += _too_wide(page, width)
    _show(page, *SCREENS[0])
    return found


def barriers(page, context: str | dict | None = None) -> list[str]:
    """List what axe finds in `context`, its own argument, or in all of the page; and the screens too narrow for it.

    Axe sets styles of its own, of which a page's policy of content complains at the console.
    """
    page.evaluate(AXE_SCRIPT)
    found = []
    for number, (width, scheme) in enumerate(SCREENS):
        _show(page, width, scheme)
        found += _too_wide(page, width)
        options = {"resultTypes": ["violations"], **(_SEEN if number else {})}
        for fault in page.evaluate(_RUN, [context, options]):
            found += [f"{width} {scheme}: {fault['id']}: {node['html'][:200]}" for node in fault["nodes"]]
    _show(page, *SCREENS[0])
    return found
