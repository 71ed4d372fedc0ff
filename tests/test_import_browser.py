"""An import in a real browser, by keyboard alone, under the strict policy of content."""

from __future__ import annotations

import pytest
from django.conf import settings

from stances import sheets
from stances.models import Stance, Statement
from stances.tables import compare
from tests.barriers import barriers
from tests.desk import address, signed_in
from tests.factories import EditorFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("groups")]
ONE = "statement_key,date,actor,topic,position\nk-1,2024-02-13,australia,growth,2\n"


def test_a_table_is_imported_in_a_browser_and_its_pages_have_no_fault_of_access(page, live_server):
    compare(sheets.read(ONE.encode(), "t.csv")).write()
    cookie = signed_in(EditorFactory()).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    def look() -> None:
        assert complaints == []
        assert barriers(page, "#content-main") == []
        complaints.clear()  # of styles that the tool itself sets

    def send(text: str) -> None:
        page.set_input_files("#id_import_file", {"name": "t.csv", "mimeType": "text/csv", "buffer": text.encode()})
        page.get_by_role("button", name="Show what it would do").press("Enter")

    page.goto(live_server.url + address(Statement, "changelist"))
    page.get_by_role("link", name="Import a table").press("Enter")
    look()
    send(ONE.replace("growth,2", "growth,7"))
    page.get_by_text("1 thing stands in the way.").wait_for()
    look()
    page.get_by_label("Update what differs").press("Space")
    send(ONE.replace("growth,2", "growth,-2") + "k-2,2024,japan,growth,1\n")
    page.get_by_text("Nothing is written yet.").wait_for()
    look()
    page.get_by_role("button", name="Import as shown").press("Enter")
    page.get_by_text("Imported, as drafts: 1 new statement, 1 new stance, 1 changed stance, 1 new actor").wait_for()
    page.wait_for_load_state()
    assert sorted(Stance.objects.values_list("position", flat=True)) == [-2, 1]
