"""What the benchmark asks for is there to be asked for."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from bench.filling import to_ask


@pytest.mark.once
def test_what_is_measured_is_found_in_a_corpus(client, db):
    call_command("generate_corpus", statements=200, seed=1, verbosity=0)
    told = json.loads(json.dumps(to_ask()))
    for address in (
        f"/stances/?actor={told['actor']}&topic={told['topic']}",
        f"/stances/?cursor={told['deep']}",
        f"/search/?q={told['word']}",
    ):
        response = client.get(address)
        assert (response.status_code, len(response.context["rows"]) > 0) == (200, True), address
