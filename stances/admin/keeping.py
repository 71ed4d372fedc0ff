"""The copy of what is typed that a browser keeps (static/admin/stances/keeping.js): told when it is saved."""

from __future__ import annotations

import re

from django.http import HttpResponseRedirect

#: The name of the hidden field that carries the id of a form's copy, and of the session's list of those saved.
FIELD, SAVED = "kept-copy", "saved_copies"
REMEMBERED = 30


def note_saved(request, answer) -> None:
    """Remember which copy was saved, so that the next page of the desk has the browser forget it.

    It is said by the session rather than by the answer, which may be lost on its way.
    """
    copy = request.POST.get(FIELD, "")
    closes = "admin/popup_response.html" in (getattr(answer, "template_name", None) or ())
    done = isinstance(answer, HttpResponseRedirect) or closes
    if done and re.fullmatch(r"[0-9a-f]{16}", copy) and not getattr(request, "nothing_saved", False):
        request.session[SAVED] = [*request.session.get(SAVED, []), copy][-REMEMBERED:]
