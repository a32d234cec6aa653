"""The text of a task file: YAML, read with the line of each of its keys."""

from typing import Any

import yaml

from assethub.domain.errors import Invalid
from assethub.domain.task_reading import Problem, check_tasks, parse_tasks
from assethub.domain.tasks import TASK_FILE, Task

MOST_NODES = 10_000


class Unread(Exception):
    """What of a text is no document that a task file can have."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def tasks_of(text: str) -> dict[str, Task]:
    """The tasks in the text of a task file; Invalid names the line of what is wrong."""
    try:
        return parse_tasks(*document_of(text))
    except Unread as error:
        raise Invalid(error.problem.told(TASK_FILE)) from None


def problems_of(text: str) -> list[Problem]:
    """All that is wrong with the text of a task file."""
    try:
        return check_tasks(*document_of(text))[1]
    except Unread as error:
        return [error.problem]


def document_of(text: str) -> tuple[Any, dict[tuple[str, ...], int]]:
    """The document as plain values, and the lines of its keys."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unread(Problem(line, "", f"this is not valid YAML: {error.problem}.")) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Unread(Problem(None, "", f"this is not valid YAML: {error}.")) from None
    reading = Reading()
    return (reading.plain(node, ()) if node is not None else None), reading.lines


class Reading:
    def __init__(self) -> None:
        self.lines: dict[tuple[str, ...], int] = {}
        self.nodes = 0

    def plain(self, node: yaml.Node, where: tuple[str, ...]) -> Any:
        line = node.start_mark.line + 1
        self.nodes += 1
        if self.nodes > MOST_NODES or len(where) > 20:
            raise Unread(Problem(line, ".".join(where), "the file is too large, too deep, or refers to itself."))
        if isinstance(node, yaml.MappingNode):
            return dict(self.pair(key, value, where) for key, value in node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.item(item, (*where, str(at))) for at, item in enumerate(node.value)]
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise Unread(Problem(line, ".".join(where), f"this value is not understood: {error}.")) from None

    def pair(self, key: yaml.Node, value: yaml.Node, where: tuple[str, ...]) -> tuple[str, Any]:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Unread(Problem(line, ".".join(where), "a key must be a plain text."))
        at = (*where, key.value)
        if at in self.lines:
            raise Unread(Problem(line, ".".join(at), f"the key {key.value!r} is given twice."))
        self.lines[at] = line
        return key.value, self.plain(value, at)

    def item(self, node: yaml.Node, where: tuple[str, ...]) -> Any:
        self.lines[where] = node.start_mark.line + 1
        return self.plain(node, where)
