"""The Python of the researchers' guide, run on the real data."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "researchers.md"


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_python_of_the_researchers_guide_runs(live_server, tmp_path, monkeypatch):
    call_command("loaddata", "aukus", verbosity=0)
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL))
    found: dict = {}
    exec(code.replace("http://127.0.0.1:8000", live_server.url), found)  # noqa: S102
    held = found["held"].set_index("actor")
    assert (held.loc["australia", "position"], held.loc["australia", "terms"]) == (1, "scope")
    assert set(found["changes"]["kind"]) <= {"reversal", "shift", "terms"}
    assert len(found["changes"]) > 0
    assert (tmp_path / "pillar-2-japan.svg").read_text().startswith("<?xml")
    assert found["one_a_statement"]["statement_key"].nunique() == len(set(found["stances"]["statement_key"]))
