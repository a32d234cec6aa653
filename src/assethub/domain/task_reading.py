"""Reading the task file: each task with what it extends, and every problem with its line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from assethub.domain.errors import Invalid
from assethub.domain.parameters import Parameter, Unfit, Value, parameter_of, plain
from assethub.domain.task_format import FOLDERS, MEMORY, SCHEMA, check, seconds_of
from assethub.domain.tasks import TASK_FILE, Environment, Resources, Task, read_matrix

Lines = Mapping[tuple[str, ...], int]  # where each key of the document stands, counted from 1

PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
SOFTWARE = ("requirements", "lock", "image")  # three ways to say it; a task has one
DEEPEST = 16


@dataclass(frozen=True)
class Problem:
    """What is wrong at a key of a task file; `line` counts from 1."""

    line: int | None
    key: str
    message: str

    def told(self, file: str) -> str:
        return f"{file}, line {self.line}: {self.message}" if self.line else f"{file}: {self.message}"


Refuse = Callable[[tuple[str, ...], str], None]  # with the place and the sentence


def parse_tasks(document: Any, lines: Lines) -> dict[str, Task]:
    """All tasks of a task file's document; Invalid names the key and the line."""
    tasks, problems = check_tasks(document, lines)
    if problems:
        first, *more = [problem.told(TASK_FILE) for problem in problems]
        raise Invalid(first, more)
    return tasks


def check_tasks(document: Any, lines: Lines) -> tuple[dict[str, Task], list[Problem]]:
    """The tasks of a task file's document that are right, and all that is wrong, in the order of the lines."""
    problems: dict[Problem, None] = {}
    wrong: set[str] = set()

    def refuse(where: tuple[str, ...], message: str) -> None:
        line = next((lines[where[:size]] for size in range(len(where), 0, -1) if where[:size] in lines), None)
        problems[Problem(line, ".".join(where), message)] = None
        wrong.update(where[1:2])

    check(SCHEMA, document, (), refuse)
    tasks: dict[str, Task] = {}
    if isinstance(document, dict) and isinstance(document.get("tasks"), dict):
        reading = Reading(document["tasks"], refuse, wrong)
        tasks = {name: read for name in document["tasks"] if (read := reading.task(name)) is not None}
    return tasks, sorted(problems, key=lambda problem: problem.line or 0)


class Reading:
    """Tasks as they are read; those in `wrong` are not, nor what extends them."""

    def __init__(self, tasks: Mapping[str, Any], refuse: Refuse, wrong: set[str]) -> None:
        self.tasks, self.refuse, self.wrong = tasks, refuse, wrong
        self.read: dict[str, Task | None] = {}

    def task(self, name: str) -> Task | None:
        if name not in self.read and name not in self.wrong:
            chain = self.extended(name)
            right = chain is not None and (len(chain) == 1 or self.task(chain[1]) is not None)
            self.read[name] = self.make(name, chain) if chain is not None and right else None
        return self.read[name] if name not in self.wrong else None

    def extended(self, name: str) -> list[str] | None:
        """The task and what it extends, one after the other; None if something is wrong with that."""
        chain = [name]
        while "extends" in self.tasks[chain[-1]]:
            last, base = chain[-1], self.tasks[chain[-1]]["extends"]
            if base in self.wrong:
                return None
            if len(chain) > DEEPEST:
                self.refuse(("tasks", name, "extends"), f"task {name!r} is too far from the first that it extends.")
                return None
            if base in chain or base not in self.tasks:
                problem = "itself" if base in chain else f"{base!r}, which is not a task here"
                self.refuse(("tasks", last, "extends"), f"task {last!r} extends {problem}.")
                return None
            chain.append(base)
        return chain

    def make(self, name: str, chain: list[str]) -> Task:
        own, where = self.tasks[name], ("tasks", name)
        raw: dict[str, Any] = reduce(merged, (self.tasks[one] for one in reversed(chain)), {})
        params: dict[str, Parameter] = {}
        for key, given in raw.get("params", {}).items():
            at = (*where, "params", key)
            if not key.isidentifier() or key in FOLDERS:
                self.refuse(at, f"parameter name {key!r} is not allowed.")
                continue
            try:
                params[key] = parameter_of(key, given)
            except Unfit as unfit:
                self.refuse(at, f"{unfit}.")
        command: str = raw.get("command", "")
        if not command:
            self.refuse(where, f"task {name!r} has no command.")
        for word in PLACEHOLDER.findall(own.get("command", "")):
            if word not in raw.get("params", {}) and word not in FOLDERS:
                known = ", ".join(sorted(params)) or "none"
                problem = f"uses {{{word}}}, which is neither a folder nor a parameter ({known})"
                self.refuse((*where, "command"), f"the command of {name!r} {problem}.")
        return Task(
            name, command, params, self.environment(own, raw, where), self.resources(raw, where),
            self.duration("timeout", raw, where), raw.get("retries", 0), raw.get("metrics"),
            self.duration("checkpoint_every", raw, where), own.get("description", ""),
            self.after(name, own, raw), self.matrix(own, params, where),
        )  # fmt: skip

    def environment(self, own: Mapping[str, Any], raw: Mapping[str, Any], where: tuple[str, ...]) -> Environment:
        given = raw.get("environment", {})
        told = [key for key in SOFTWARE if key in own.get("environment", {})]
        if len(told) > 1:
            self.refuse((*where, "environment", told[1]), f"give {' or '.join(told)}, not both: each says it all.")
        files = given.get("requirements", ())
        return Environment(
            given.get("python"), (files,) if isinstance(files, str) else tuple(files), given.get("lock"),
            given.get("image"), {key: plain(value) for key, value in given.get("variables", {}).items()},
        )  # fmt: skip

    def resources(self, raw: Mapping[str, Any], where: tuple[str, ...]) -> Resources:
        given, at = raw.get("resources", {}), (*where, "resources")
        if given.get("nodes", 1) != 1:
            self.refuse((*at, "nodes"), "nodes must be 1: no engine of this hub has several machines.")
        memory = str(given["memory"]) if "memory" in given else None
        if memory is not None and not re.fullmatch(MEMORY, memory):
            self.refuse((*at, "memory"), f"memory must be a size such as 512Mi or 4Gi, not {memory!r}.")
        return Resources(given.get("cpus", 1), memory, given.get("gpus", 0), given.get("processes_per_node", 1))

    def duration(self, key: str, raw: Mapping[str, Any], where: tuple[str, ...]) -> int | None:
        """Seconds of a duration such as 90s, 1h or 1h30m; a bare number counts seconds."""
        value = raw.get(key)
        if value is None or isinstance(value, int):
            return value
        total = seconds_of(value)
        if not total:
            self.refuse((*where, key), f"{key} must be longer than nothing, not {value!r}.")
        return total

    def after(self, name: str, own: Mapping[str, Any], raw: Mapping[str, Any]) -> str | None:
        """What follows a success; not inherited by the task that would follow itself."""
        wanted: str | None = raw.get("after")
        if wanted == name and "after" not in own:
            return None
        if wanted is not None and (wanted == name or wanted not in self.tasks):
            problem = (
                "would follow itself" if wanted == name else f"is followed by {wanted!r}, which is not a task here"
            )
            self.refuse(("tasks", name, "after"), f"task {name!r} {problem}.")
        return wanted

    def matrix(
        self, own: Mapping[str, Any], params: Mapping[str, Parameter], where: tuple[str, ...]
    ) -> dict[str, tuple[Value, ...]]:
        try:
            return read_matrix(where[-1], params, own.get("matrix", {}))
        except Invalid as problem:
            self.refuse((*where, "matrix"), str(problem))
            return {}


def merged(base: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """A task's keys over those of the task that it extends: mappings go together key by key, down to a parameter's."""
    own = dict(raw)
    own["params"] = {name: long_form(given) for name, given in raw.get("params", {}).items()}
    whole = {**base, **own}
    known = base.get("params", {})
    whole["params"] = {**known, **{name: {**known.get(name, {}), **given} for name, given in own["params"].items()}}
    for key in ("environment", "resources"):
        whole[key] = {**base.get(key, {}), **raw.get(key, {})}
    given = raw.get("environment", {})
    if any(key in given for key in SOFTWARE):
        whole["environment"] = {k: v for k, v in whole["environment"].items() if k not in SOFTWARE or k in given}
    variables = {**base.get("environment", {}).get("variables", {}), **given.get("variables", {})}
    whole["environment"]["variables"] = variables
    return whole


def long_form(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {"default": given}
