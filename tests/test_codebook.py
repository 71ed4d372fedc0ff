"""The codebook as a page."""

import re

from pytest_django.asserts import assertContains

from stances.codebook import DOCUMENT


def test_every_section_of_the_codebook_has_its_address(client, db):
    response = client.get("/codebook/")
    numbers = re.findall(r"^## (\d+)\.", DOCUMENT.read_text(), re.MULTILINE)
    assert "6" in numbers
    for number in numbers:
        assertContains(response, f'<h2 id="section-{number}">')


def test_pages_that_name_the_codebook_lead_to_it(client, world):
    for page in ("/about/", "/statements/interview/", "/actors/australia/on/pact-japan/"):
        assertContains(client.get(page), 'href="/codebook/')
