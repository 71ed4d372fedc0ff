"""What stands in a reader's way on an open page: what axe finds, and what is wider than the screen."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

#: Colours do not depend on the width: each width and each scheme is looked at once.
SCREENS = ((1400, "light"), (360, "dark"))
#: Links change their colour by degrees.
_SETTLED = "Promise.allSettled(document.getAnimations().map(it => it.finished)).then(() => true)"
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_AXE = Axe()
#: What a narrower screen or another scheme may change; the rest of the rules look at the document alone.
_SEEN = {"runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]}


def _show(page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.evaluate(_SETTLED)


def too_wide(page) -> list[str]:
    """List the screens that the page is wider than."""
    found = []
    for width, scheme in SCREENS:
        _show(page, width, scheme)
        if wider := page.evaluate(_WIDER):
            found.append(f"{wider} px wider than {width}")
    _show(page, *SCREENS[0])
    return found


def barriers(page, context: str | dict | None = None) -> list[str]:
    """List what axe finds in `context`, its own argument, or in all of the page; and the screens too narrow for it.

    Axe sets styles of its own, of which a page's policy of content complains at the console.
    """
    found = too_wide(page)
    for number, (width, scheme) in enumerate(SCREENS):
        _show(page, width, scheme)
        options = {"resultTypes": ["violations"], **(_SEEN if number else {})}
        for fault in _AXE.run(page, context=context, options=options).response["violations"]:
            found += [f"{width} {scheme}: {fault['id']}: {node['html'][:200]}" for node in fault["nodes"]]
    _show(page, *SCREENS[0])
    return found
