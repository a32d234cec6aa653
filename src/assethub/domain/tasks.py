"""The task file: what a Git repository says about how it trains, continues and evaluates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assethub.domain.errors import Invalid
from assethub.domain.runs import RunType

TASK_FILE = "assethub.yaml"
Value = str | int | float | bool
Lines = Mapping[tuple[str, ...], int]  # where each key of the document stands, counted from 1

PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
FOLDERS = frozenset({"dataset", "model", "output", "results", "code"})
DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
MEMORY = re.compile(r"\d+(?:\.\d+)?(?:Ki|Mi|Gi|Ti|K|M|G|T)?")
TASK_KEYS = frozenset(
    ["extends", "command", "params", "environment", "resources", "timeout", "retries", "metrics", "description"]
)  # fmt: skip
ENVIRONMENT_KEYS = frozenset(["python", "requirements", "variables", "image"])
RESOURCE_KEYS = frozenset(["cpus", "memory", "gpus", "nodes", "processes_per_node"])


@dataclass(frozen=True)
class Environment:
    python: str | None = None
    requirements: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resources:
    cpus: float = 1
    memory: str | None = None
    gpus: int = 0


@dataclass(frozen=True)
class Task:
    """One task with its defaults filled in."""

    name: str
    command: str
    params: Mapping[str, Value] = field(default_factory=dict)
    environment: Environment = Environment()
    resources: Resources = Resources()
    timeout: int | None = None  # seconds
    retries: int = 0
    metrics: str | None = None


class Reader:
    """Reads one level of the document and names file, key and line in what it refuses."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def refuse(self, where: tuple[str, ...], problem: str) -> Invalid:
        line = self.lines.get(where)
        place = f"{TASK_FILE}, line {line}" if line else TASK_FILE
        return Invalid(f"{place}: {problem}")

    def mapping(self, value: Any, where: tuple[str, ...], allowed: frozenset[str] | None = None) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refuse(where, f"{'.'.join(where) or 'the file'} must be a mapping of keys to values.")
        for key in value:
            if not isinstance(key, str) or (allowed is not None and key not in allowed):
                known = f" Known keys: {', '.join(sorted(allowed))}." if allowed else ""
                raise self.refuse((*where, str(key)), f"unknown key {key!r} in {'.'.join(where) or 'the file'}.{known}")
        return value

    def text(self, value: Any, where: tuple[str, ...]) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(where, f"{'.'.join(where)} must be a text.")
        return value

    def number(self, value: Any, where: tuple[str, ...], least: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            raise self.refuse(where, f"{'.'.join(where)} must be a number of at least {least:g}, not {value!r}.")
        return value


def parse_tasks(document: Any, lines: Lines) -> dict[str, Task]:
    """All tasks of a task file's document; Invalid names the key and the line."""
    reader = Reader(lines)
    tasks = reader.mapping(reader.mapping(document, (), frozenset({"tasks"})).get("tasks"), ("tasks",))
    return {name: parse_task(reader, tasks, name, ()) for name in tasks}


def parse_task(reader: Reader, tasks: dict[str, Any], name: str, seen: tuple[str, ...]) -> Task:
    where = ("tasks", name)
    raw = reader.mapping(tasks[name], where, TASK_KEYS)
    parent = None
    if "extends" in raw:
        base = reader.text(raw["extends"], (*where, "extends"))
        if base not in tasks or base == name or base in seen:
            problem = "extends itself" if base in (*seen, name) else f"extends {base!r}, which is not a task here"
            raise reader.refuse((*where, "extends"), f"task {name!r} {problem}.")
        parent = parse_task(reader, tasks, base, (*seen, name))
    params = dict(parent.params) if parent else {}
    for key, value in reader.mapping(raw.get("params", {}), (*where, "params")).items():
        at = (*where, "params", key)
        if not key.isidentifier() or key in FOLDERS:
            raise reader.refuse(at, f"parameter name {key!r} is not allowed.")
        if not isinstance(value, str | int | float | bool):
            raise reader.refuse(at, f"the default of parameter {key!r} must be a text, a number, true or false.")
        params[key] = value
    command = reader.text(raw["command"], (*where, "command")) if "command" in raw else parent and parent.command
    if not command:
        raise reader.refuse(where, f"task {name!r} has no command.")
    for word in PLACEHOLDER.findall(command):
        if word not in params and word not in FOLDERS:
            known = ", ".join(sorted(params)) or "none"
            raise reader.refuse(
                (*where, "command"),
                f"the command of {name!r} uses {{{word}}}, which is neither a folder nor a parameter ({known}).",
            )
    timeout = parse_duration(reader, raw["timeout"], (*where, "timeout")) if "timeout" in raw else None
    metrics = reader.text(raw["metrics"], (*where, "metrics")) if "metrics" in raw else None
    retries = int(reader.number(raw["retries"], (*where, "retries"), 0)) if "retries" in raw else None
    return Task(
        name=name,
        command=command,
        params=params,
        environment=parse_environment(reader, raw, where, parent),
        resources=parse_resources(reader, raw, where, parent),
        timeout=timeout if timeout is not None or not parent else parent.timeout,
        retries=retries if retries is not None else (parent.retries if parent else 0),
        metrics=metrics or (parent.metrics if parent else None),
    )


def parse_environment(reader: Reader, raw: dict[str, Any], where: tuple[str, ...], parent: Task | None) -> Environment:
    if "environment" not in raw:
        return parent.environment if parent else Environment()
    at = (*where, "environment")
    given = reader.mapping(raw["environment"], at, ENVIRONMENT_KEYS)
    if "image" in given:
        raise reader.refuse((*at, "image"), "no engine of this hub runs container images; give requirements instead.")
    variables = reader.mapping(given.get("variables", {}), (*at, "variables"))
    python, requirements = given.get("python"), given.get("requirements")
    if isinstance(python, float):
        raise reader.refuse((*at, "python"), f'write the Python version in quotes: "{python}".')
    if requirements is not None:
        path = reader.text(requirements, (*at, "requirements"))
        if path.startswith("/") or ".." in path.split("/"):
            raise reader.refuse((*at, "requirements"), f"{path!r} must be a path inside the task file's folder.")
    return Environment(
        reader.text(python, (*at, "python")) if python is not None else None,
        requirements,
        {key: str(value) for key, value in variables.items()},
    )


def parse_resources(reader: Reader, raw: dict[str, Any], where: tuple[str, ...], parent: Task | None) -> Resources:
    if "resources" not in raw:
        return parent.resources if parent else Resources()
    at = (*where, "resources")
    given = reader.mapping(raw["resources"], at, RESOURCE_KEYS)
    for key in ("nodes", "processes_per_node"):
        if key in given and reader.number(given[key], (*at, key), 1) != 1:
            raise reader.refuse((*at, key), f"{key} must be 1: no engine of this hub runs several processes.")
    memory = str(given["memory"]) if "memory" in given else None
    if memory is not None and not MEMORY.fullmatch(memory):
        raise reader.refuse((*at, "memory"), f"memory must be a size such as 512Mi or 4Gi, not {memory!r}.")
    return Resources(
        reader.number(given.get("cpus", 1), (*at, "cpus"), 0.001),
        memory,
        int(reader.number(given.get("gpus", 0), (*at, "gpus"), 0)),
    )


def parse_duration(reader: Reader, value: Any, where: tuple[str, ...]) -> int:
    """Seconds of a duration such as 90s, 1h or 1h30m; a bare number counts seconds."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = DURATION.fullmatch(value) if isinstance(value, str) and value else None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 0)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if not total:
        raise reader.refuse(where, f"{'.'.join(where)} must be a duration such as 90s, 15m or 1h30m, not {value!r}.")
    return total


def choose_task(tasks: Mapping[str, Task], type: RunType) -> Task:
    if type.value not in tasks:
        raise Invalid(f"{TASK_FILE} has no task {type.value!r}; it has {', '.join(sorted(tasks)) or 'none'}.")
    return tasks[type.value]


def fill_params(
    task: Task, given: Mapping[str, Value], *, lenient: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """The task's parameters with the given values in place of defaults; types must be those of the defaults.

    `lenient` values (a model's training settings) are used only where the task knows the parameter.
    """
    wanted = {name: value for name, value in (lenient or {}).items() if name in task.params} | dict(given)
    filled = dict(task.params)
    for name, value in wanted.items():
        if name not in task.params:
            known = ", ".join(sorted(task.params)) or "none"
            raise Invalid(f"Task {task.name!r} has no parameter {name!r}; its parameters are: {known}.")
        filled[name] = convert(name, value, task.params[name])
    return filled


def convert(name: str, value: Value, default: Value) -> Value:
    """A value in the type of the default; texts (as a command line gives them) are read as that type."""
    kind = type(default)
    if isinstance(value, kind) and isinstance(value, bool) == isinstance(default, bool):
        return value
    try:
        if kind is bool and str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        if kind is int and isinstance(value, str):
            return int(value)
        if kind is float and not isinstance(value, bool):
            return float(value)
        if kind is str:
            return str(value)
    except ValueError:
        pass
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    raise Invalid(f"Parameter {name!r} must be {words[kind]}, as its default {default!r} is; it is {value!r}.")
