"""How pages and lists are cited; statements are in test_statement_page.py."""

import datetime as dt
import json
import re
from urllib.parse import unquote

import pytest
from django.utils.html import escape

from stances.citations import Seen, page
from stances.dates import today
from stances.models import PublicVersion

SEEN = Seen(dt.date(2026, 11, 21), 12)


def test_page_is_cited_with_its_day_the_version_and_the_address():
    cited = page("Australia: positions", "https://x.org/actors/australia/?on=2024-03-01", SEEN, on=dt.date(2024, 3, 1))
    assert cited.plain == (
        "Stances (2026). Australia: positions, on 1 March 2024. "
        "Retrieved 21 November 2026, version 12 of the data. https://x.org/actors/australia/?on=2024-03-01"
    )
    assert "title  = {Australia: positions, on 1 March 2024}," in cited.bibtex
    assert "note   = {Retrieved 21 November 2026, version 12 of the data}," in cited.bibtex
    assert "month  = nov," in cited.bibtex
    item = json.loads(cited.csl_text)
    assert (item["type"], item["version"], item["accessed"]) == ("webpage", "12", {"date-parts": [[2026, 11, 21]]})


def test_two_queries_of_one_list_have_two_keys():
    one, two = (page("Changes", f"https://x.org/changes/?actor={name}", SEEN) for name in ("japan", "australia"))
    assert one.csl["id"] != two.csl["id"]
    assert one.bibtex.startswith(f"@misc{{{one.csl['id']},\n")


@pytest.mark.parametrize(
    "address",
    ["/actors/australia/?on=2024-05-01", "/topics/pact/", "/changes/?actor=australia", "/statements/interview/"],
)
def test_pages_offer_all_three_notations_without_script(client, world, address):
    response = client.get(address)
    cited = response.context["citation"]
    text = response.content.decode()
    for notation in (cited.plain, cited.bibtex, cited.csl_text):
        assert escape(notation) in text
    files = re.findall(r'download="([^"]+)"\s+href="data:[^,]+,([^"]+)"', text)
    assert [name for name, _ in files] == [f"{cited.key}.bib", f"{cited.key}.json"]
    assert [unquote(data) for _, data in files] == [cited.bibtex, f"[{cited.csl_text}]"]
    assert f"version {PublicVersion.objects.current()} of the data" in cited.plain
    assert cited.csl["accessed"] == {"date-parts": [[today().year, today().month, today().day]]}
