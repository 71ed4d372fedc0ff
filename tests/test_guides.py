"""What the guides say is so: the researchers' Python runs, and the operators' commands and settings are there."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands, load_command_class

from stances import exports

NAME = re.compile("`([a-z_]+)`")
ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "researchers.md"
OPERATORS = (ROOT / "docs" / "operators.md").read_text()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_python_of_the_researchers_guide_runs(live_server, client, tmp_path, monkeypatch):
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
    assert len(found["behind"]) == len(found["held"])
    assert found["behind"]["summary"].notna().any()
    for address in re.findall(r"`(/[^`]*)`", GUIDE.read_text()):
        assert client.get(address).status_code == 200, address


def test_the_columns_that_the_guide_names_are_columns():
    section = GUIDE.read_text().partition("## Columns")[2].partition("##")[0]
    named = {
        name for line in section.splitlines() if line.startswith("| `") for name in NAME.findall(line.split("|")[1])
    }
    listed = (exports.STANCES, exports.LISTED_STANCES, exports.POSITIONS, exports.CHANGES)
    assert named <= {column.name for columns in listed for column in columns}
    assert len(exports.STANCES) == 34


def test_the_operators_guide_tells_every_setting_that_is_read_and_no_other():
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()))
    section = OPERATORS.partition("## Settings")[2].partition("##")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall("`([A-Z_]+)`", row)}
    assert told == read


def test_the_commands_of_the_operators_guide_take_what_it_gives_them():
    commands = re.findall(r"python manage\.py ([^`\n]+)", OPERATORS)
    for command in commands:
        name, *arguments = shlex.split(command)
        load_command_class(get_commands()[name], name).create_parser("manage.py", name).parse_args(arguments)
    assert len(commands) > 15
