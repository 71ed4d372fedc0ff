"""Seeds: what is wrong is told with its place; what is right compiles to the same bytes; the desk's own data holds."""

import csv
import hashlib
import re
from collections import defaultdict
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from stances.agreement import krippendorff_alpha
from stances.seeds import SeedError, check_texts, compile_fixture, read_seeds
from stances.seeds.texts import numbers

TEXT = "A headline\nThe minister spoke of a “natural step” and of “two things”.\n\nA second paragraph, “quite other”.\n"
FILES = {
    "desk.yaml": "fixture: example\n",
    "actors.yaml": """actors:
  - slug: aldoria
    kind: government
    name: Aldoria
  - slug: pact
    kind: group
    name: Pact
  - slug: minister
    kind: person
    name: A Minister
    affiliations:
      - {of: aldoria, title: Minister, authority: minister, start: 2023-01-01}
  - slug: courier
    kind: publication
    name: Courier
""",
    "topics.yaml": """topics:
  - slug: growth
    name: Growth
    short_name: Growth
    proposition: The Pact should grow
    group: pact
    featured: yes
    question: Should the Pact grow?
  - slug: growth-drevia
    under: growth
    name: "Growth: Drevia"
    short_name: Drevia
    proposition: Drevia should join the Pact
""",
    "articles/courier.yaml": f"""sources:
  - slug: courier-2024-03-01
    kind: article
    publisher: courier
    title: A headline
    published_on: 2024-03-01
    date_basis: printed
    coverage: whole
    text:
      file: courier.txt
      sha256: {hashlib.sha256(TEXT.encode()).hexdigest()}
      body: 2, 4
    statements:
      - number: 1
        speaker: minister
        date: 2024-02
        form: direct
        authority: minister
        paragraphs: 1-2
        quote: natural step … quite other
        summary: The minister favours growth.
        stances:
          - actor: aldoria
            topic: growth
            position: +1
            terms: leaning
            attribution: own
""",
}


@pytest.fixture
def folder(tmp_path):
    seeds = tmp_path / "seeds"
    for name, text in FILES.items():
        path = seeds / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "courier.txt").write_text(TEXT, encoding="utf-8")
    return seeds


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = FILES[name]
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def errors(folder: Path) -> str:
    with pytest.raises(SeedError) as raised:
        compile_fixture(read_seeds(folder))
    return str(raised.value)


def test_right_seeds_compile_to_the_same_bytes_each_time(folder):
    assert compile_fixture(read_seeds(folder)) == compile_fixture(read_seeds(folder))


ARTICLE = "articles/courier.yaml"


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "words"),
    [
        (ARTICLE, "form: direct", "form: dirct", 17, ["“dirct”", "direct, indirect, act"]),
        (
            ARTICLE,
            "speaker: minister",
            "speeker: minister",
            15,
            ["“speeker” is no field here", "speaker", "date"],
        ),
        (ARTICLE, "        summary: The minister favours growth.\n", "", 14, ["“summary” is missing"]),
        (ARTICLE, "position: +1", "position: 3", 25, ["“3” is not allowed as position", "+2, +1, 0, -1, -2"]),
        (ARTICLE, "paragraphs: 1-2", "paragraphs: second", 19, ["“second”", "2-3, 6"]),
        (
            ARTICLE,
            "speaker: minister",
            "speaker: ministr",
            15,
            ["no actor “ministr”", "near to it: minister"],
        ),
        (ARTICLE, "topic: growth", "topic: growht", 24, ["no topic “growht”", "growth"]),
        (ARTICLE, "date: 2024-02", "date: 2024-02-31", 16, ["no day of the calendar"]),
        (ARTICLE, "date: 2024-02", "date: 2024-04", 16, ["Later than its source"]),
        (ARTICLE, "            terms: leaning\n", "", 25, ["+1 and -1 have terms"]),
        (ARTICLE, "position: +1", "position: +2", 25, ["the other positions none"]),
        (ARTICLE, "form: direct", "form: indirect", 17, ["the other forms have none"]),
        (
            ARTICLE,
            "attribution: own",
            "attribution: own\n            basis: implied",
            28,
            ["needs a rationale"],
        ),
        (ARTICLE, "summary:", "repeats: nowhere-1\n        summary:", 21, ["no statement “nowhere-1”"]),
        (ARTICLE, "number: 1", "number: 1\n        number: 2", 15, ["“number” stands twice"]),
        (ARTICLE, "title: A headline", "title: A: headline: x", 5, ["No YAML"]),
        (ARTICLE, "publisher: courier", "publisher: [courier]", 4, ["must be text"]),
        (
            "actors.yaml",
            "kind: government",
            "kind: goverment",
            3,
            ["government, body, group, person, publication"],
        ),
        ("actors.yaml", "slug: aldoria", "slug: Aldoria", 2, ["small letters"]),
        (
            "actors.yaml",
            "start: 2023-01-01",
            "start: 2023-01-01, end: 2022-01-01",
            12,
            ["ends after it begins"],
        ),
        ("actors.yaml", "of: aldoria", "of: aldorai", 12, ["no actor “aldorai”"]),
        ("topics.yaml", "under: growth", "under: growth-drevia", 10, ["must stand before"]),
        ("topics.yaml", "group: pact", "group: pcat", 6, ["no actor “pcat”"]),
        ("desk.yaml", "fixture: example", "fixtur: example", 1, ["“fixtur” is no field here"]),
        ("desk.yaml", "fixture: example", "fixture: &self [*self]", 1, ["An anchor stands within what it names"]),
        (
            "actors.yaml",
            "name: Aldoria",
            "name: Aldoria\n    aliases: &self\n      - *self",
            5,
            ["An anchor stands within what it names"],
        ),
        ("desk.yaml", "fixture: example", "? [fixture]\n: example", 1, ["A field's name is a text"]),
        ("topics.yaml", "group: pact", "{group: pact}: pact", 6, ["A field's name is a text"]),
        ("desk.yaml", "fixture: example", "[" * 5000, 1, ["stand too deep in one another"]),
    ],
)
def test_a_mistake_is_told_with_file_line_and_what_is_allowed(folder, name, old, new, line, words):
    change(folder, name, old, new)
    told = errors(folder)
    assert re.search(rf"{re.escape(name)}, line {line}: ", told), told
    for word in words:
        assert word in told


def test_a_repeat_of_a_repeat_is_refused(folder):
    statement = FILES[ARTICLE].partition("    statements:\n")[2]
    second = statement.replace("number: 1", "number: 2").replace(
        "summary:", "repeats: courier-2024-03-01-1\n        summary:"
    )
    third = statement.replace("number: 1", "number: 3").replace(
        "summary:", "repeats: courier-2024-03-01-2\n        summary:"
    )
    (folder / ARTICLE).write_text(FILES[ARTICLE] + second + third, encoding="utf-8")
    assert "courier-2024-03-01-2 is a repeat itself: name courier-2024-03-01-1" in errors(folder)


def test_a_missing_file_is_told(folder):
    (folder / "topics.yaml").unlink()
    assert "topics.yaml, line 1: There is no such file" in errors(folder)


@pytest.mark.parametrize("name", ["topics.yaml", ARTICLE])
def test_a_folder_in_place_of_a_file_is_told(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    assert f"{name}, line 1: It cannot be read" in errors(folder)


def test_an_anchor_that_is_named_elsewhere_is_read(folder):
    change(folder, "actors.yaml", "name: Aldoria", "name: &name Aldoria\n    short_name: *name")
    assert read_seeds(folder).actors.data["actors"][0]["short_name"] == "Aldoria"


def test_texts_that_agree_are_counted(folder):
    assert check_texts(read_seeds(folder), folder.parent / "texts") == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("quote: natural step", "quote: natural steps", 20, "“natural steps” does not stand so"),
        ("quote: natural step", "quote: The minister", 20, "within quotation marks"),
        ("natural step … quite other", "quite other … natural step", 20, "in this order"),
        ("paragraphs: 1-2", "paragraphs: 2", 20, "it stands in paragraph 1"),
        ("paragraphs: 1-2", "paragraphs: 1-3", 19, "There is no paragraph 3"),
        ("body: 2, 4", "body: 2, 3", 12, "Line 3 is no paragraph"),
        ("file: courier.txt", "file: gazette.txt", 10, "no text gazette.txt"),
    ],
)
def test_a_text_that_differs_is_told_with_its_place(folder, old, new, line, words):
    change(folder, ARTICLE, old, new)
    with pytest.raises(SeedError) as raised:
        check_texts(read_seeds(folder), folder.parent / "texts")
    assert f"{ARTICLE}, line {line}: " in str(raised.value)
    assert words in str(raised.value)


def test_a_text_with_another_sum_is_told(folder):
    text = folder.parent / "texts" / "courier.txt"
    text.write_text(TEXT + "more", encoding="utf-8")
    with pytest.raises(SeedError, match="its SHA-256 is"):
        check_texts(read_seeds(folder), folder.parent / "texts")


def test_line_feeds_and_normal_forms_do_not_change_the_sum(folder):
    text = folder.parent / "texts" / "courier.txt"
    text.write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert check_texts(read_seeds(folder), folder.parent / "texts") == 1


def test_numbers_of_paragraphs_are_read():
    assert numbers("2-3, 6") == [2, 3, 6]


def test_command_writes_then_checks(folder, tmp_path):
    options = {"seeds": folder, "fixtures": tmp_path / "fixtures", "stdout": StringIO()}
    call_command("compile_seeds", **options)
    call_command("compile_seeds", check=True, texts=tmp_path / "texts", **options)
    change(folder, ARTICLE, "favours growth", "is for growth")
    with pytest.raises(CommandError, match=r"example\.json is not what the seeds compile to"):
        call_command("compile_seeds", check=True, **options)


def test_command_tells_what_is_wrong(folder, tmp_path):
    change(folder, ARTICLE, "form: direct", "form: dirct")
    with pytest.raises(CommandError, match="line 17"):
        call_command("compile_seeds", seeds=folder, fixtures=tmp_path)
    change(folder, ARTICLE, "form: direct", "form: direct")
    with pytest.raises(CommandError, match="no folder"):
        call_command("compile_seeds", seeds=folder, fixtures=tmp_path, texts=tmp_path / "nowhere")


# ---- the desk's own seeds ----


def test_the_fixture_is_what_the_seeds_compile_to():
    call_command("compile_seeds", check=True, verbosity=0)


def test_the_figures_of_double_coding_are_those_of_the_table():
    with (settings.SEEDS_DIR / "double_coding.csv").open(encoding="utf-8") as file:
        units = list(csv.DictReader(file))
    above = {topic["slug"]: topic.get("under") for topic in read_seeds(settings.SEEDS_DIR).topics.data["topics"]}

    def family(topic):
        return family(above[topic]) if above[topic] else topic

    families = defaultdict(list)
    for unit in units:
        pair = [int(unit[f"{coder}_position"]) if unit[f"{coder}_position"] else None for coder in ("first", "second")]
        families[family(unit["topic"])].append(pair)
        families["all"].append(pair)
    readme = (settings.SEEDS_DIR / "README.md").read_text(encoding="utf-8")
    for name, pairs in families.items():
        counts = [sum(pair[coder] is not None for pair in pairs) for coder in (0, 1)]
        both = [pair for pair in pairs if None not in pair]
        alpha = krippendorff_alpha(both)
        shown = "-" if alpha is None else f"{alpha:.2f}"
        assert f"| {name} | {counts[0]} | {counts[1]} | {len(both)} | {shown} |" in readme
