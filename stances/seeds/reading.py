"""Reading seed files: YAML whose scalars all stay text, with the line of every value kept for messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from stances.seeds import schema

Location = tuple[str | int, ...]
TOO_DEEP = "Its lists and tables stand too deep in one another."


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a seed file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


class SeedError(Exception):
    """Seeds that cannot be compiled, with every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass
class Document:
    """One seed file: its data, and the line on which each value stands."""

    name: str
    data: Any
    lines: dict[Location, int]

    def problem(self, where: Location, message: str) -> Problem:
        while where not in self.lines and where:
            where = where[:-1]
        return Problem(self.name, self.lines.get(where, 1), message)


@dataclass
class Seeds:
    """A folder of seeds, read and of the right shape."""

    desk: Document
    actors: Document
    topics: Document
    articles: list[Document] = field(default_factory=list)


def read_seeds(folder: Path) -> Seeds:
    """Read a folder of seeds; raise SeedError with every place whose shape is wrong."""
    problems: list[Problem] = []

    def read(path: Path, shape: dict) -> Document:
        try:
            document = read_document(path, path.relative_to(folder.parent).as_posix())
        except SeedError as error:
            problems.extend(error.problems)
            return Document(path.name, {}, {})
        problems.extend(shape_problems(document, shape))
        return document

    seeds = Seeds(
        read(folder / "desk.yaml", schema.DESK),
        read(folder / "actors.yaml", schema.ACTORS),
        read(folder / "topics.yaml", schema.TOPICS),
        [read(path, schema.ARTICLE) for path in sorted((folder / "articles").glob("*.yaml"))],
    )
    if problems:
        raise SeedError(problems)
    return seeds


def read_document(path: Path, name: str) -> Document:
    """Read one file of YAML; raise SeedError where it is none, or where a field stands twice."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise SeedError([Problem(name, 1, "There is no such file.")]) from None
    except OSError as error:
        raise SeedError([Problem(name, 1, f"It cannot be read: {error.strerror}.")]) from None
    except RecursionError:
        raise SeedError([Problem(name, 1, TOO_DEEP)]) from None
    except UnicodeDecodeError:
        raise SeedError([Problem(name, 1, "The file is not UTF-8.")]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SeedError([Problem(name, mark.line + 1 if mark else 1, f"No YAML: {error.problem}.")]) from None
    except yaml.YAMLError as error:
        raise SeedError([Problem(name, 1, f"No YAML: {error}.")]) from None
    lines: dict[Location, int] = {}
    problems: list[Problem] = []
    within: list[yaml.Node] = []

    def build(node: yaml.Node | None, where: Location) -> Any:
        if node is None:
            return {}
        lines.setdefault(where, node.start_mark.line + 1)
        if node in within:
            problems.append(Problem(name, node.start_mark.line + 1, "An anchor stands within what it names."))
            return {}
        within.append(node)
        data: Any = node.value
        if isinstance(node, yaml.MappingNode):
            data = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    problems.append(Problem(name, line, "A field's name is a text, no list and no table."))
                    continue
                if key.value in data:
                    problems.append(Problem(name, line, f"“{key.value}” stands twice."))
                lines[*where, key.value] = line
                data[key.value] = build(value, (*where, key.value))
        elif isinstance(node, yaml.SequenceNode):
            data = [build(item, (*where, number)) for number, item in enumerate(node.value)]
        within.pop()
        return data

    try:
        data = build(node, ())
    except RecursionError:
        raise SeedError([Problem(name, 1, TOO_DEEP)]) from None
    if problems:
        raise SeedError(problems)
    return Document(name, data, lines)


def shape_problems(document: Document, shape: dict) -> list[Problem]:
    """Hold a document against a schema, in words that say what is allowed."""
    errors = Draft202012Validator(shape).iter_errors(document.data)
    found = [
        document.problem((*error.absolute_path, *extra), message)
        for error in errors
        for extra, message in _messages(error)
    ]
    return sorted(found, key=lambda problem: problem.line)


def _messages(error: ValidationError) -> list[tuple[Location, str]]:
    last = error.absolute_path[-1] if error.absolute_path else "this file"
    rule: Any = error.validator_value
    schema: Any = error.schema
    found: Any = error.instance
    match error.validator:
        case "additionalProperties":
            allowed = ", ".join(schema["properties"])
            unknown = [name for name in found if name not in schema["properties"]]
            return [((name,), f"“{name}” is no field here; allowed are: {allowed}.") for name in unknown]
        case "required":
            missing = [name for name in rule if name not in found]
            named = next((name for name in missing if error.message.startswith(repr(name))), missing[0])
            return [((), f"“{named}” is missing.")]
        case "enum":
            allowed = ", ".join(map(str, rule))
            return [((), f"“{found}” is not allowed as {last}; allowed are: {allowed}.")]
        case "pattern" | "anyOf":
            wanted = schema.get("description", f"text like {rule}")
            return [((), f"“{found}” is not allowed as {last}; write {wanted}.")]
        case "minLength" | "minItems":
            return [((), f"{last} is empty.")]
        case "type":
            kinds = {"string": "text", "array": "a list", "object": "a table of fields"}
            return [((), f"{last} must be {kinds.get(str(rule), rule)}.")]
    return [((), error.message)]
