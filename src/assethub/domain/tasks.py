"""The task file: what a Git repository says about how it trains, continues and evaluates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assethub.domain.errors import Invalid
from assethub.domain.parameters import Parameter, Unfit, Value
from assethub.domain.runs import RunType
from assethub.domain.task_format import MOST_VALUES, shown

TASK_FILE = "assethub.yaml"


@dataclass(frozen=True)
class Environment:
    python: str | None = None
    requirements: tuple[str, ...] = ()
    lock: str | None = None
    image: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resources:
    cpus: float = 1
    memory: str | None = None
    gpus: int = 0
    processes_per_node: int = 1


@dataclass(frozen=True)
class Task:
    """One task with its defaults filled in."""

    name: str
    command: str
    params: Mapping[str, Parameter] = field(default_factory=dict)
    environment: Environment = Environment()
    resources: Resources = Resources()
    timeout: int | None = None  # seconds
    retries: int = 0
    metrics: str | None = None
    checkpoint_every: int | None = None  # seconds
    description: str = ""
    after: str | None = None  # the task that follows a success
    matrix: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)


def read_matrix(
    task: str, params: Mapping[str, Parameter], given: Mapping[str, Sequence[Value]]
) -> dict[str, tuple[Value, ...]]:
    """Values of a matrix or a sweep in their parameters' types; Invalid if they or their number do not fit."""
    found: dict[str, tuple[Value, ...]] = {}
    count = 1
    for name, values in given.items():
        if name not in params:
            raise unknown(task, params, name)
        read = tuple(read_param(task, params[name], value) for value in values)
        if not read:
            raise Invalid(f"The sweep gives no value to the parameter {name!r}.")
        if len(set(read)) < len(read):
            raise Invalid(f"The sweep gives one value twice to the parameter {name!r}.")
        found[name] = read
        count *= len(read)
    if count > MOST_VALUES:
        raise Invalid(f"The sweep has {count} combinations of values; at most {MOST_VALUES} runs are started at once.")
    return found


def choose_task(tasks: Mapping[str, Task], type: RunType) -> Task:
    if type.value not in tasks:
        raise Invalid(f"{TASK_FILE} has no task {type.value!r}; it has {', '.join(sorted(tasks)) or 'none'}.")
    return tasks[type.value]


def fill_params(
    task: Task, given: Mapping[str, Value], *, lenient: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """The task's parameters with the given values in place of defaults, each in its type and range.

    `lenient` values (a model's training settings) are used only where the task knows the parameter.
    """
    wanted = {name: value for name, value in (lenient or {}).items() if name in task.params} | dict(given)
    for name in wanted:
        if name not in task.params:
            raise unknown(task.name, task.params, name)
    filled: dict[str, Value] = {}
    for name, parameter in task.params.items():
        if name in wanted:
            filled[name] = read_param(task.name, parameter, wanted[name])
        elif parameter.default is None:
            raise Invalid(f"Task {task.name!r} needs the parameter {name!r}, {parameter.allowed}; give it a value.")
        else:
            filled[name] = parameter.default
    return filled


def read_param(task: str, parameter: Parameter, value: Value) -> Value:
    try:
        return parameter.read(value)
    except Unfit:
        told = f"The parameter {parameter.name!r} of task {task!r} must be {parameter.allowed}; it is {shown(value)}."
        raise Invalid(told) from None


def unknown(task: str, params: Mapping[str, Parameter], name: str) -> Invalid:
    known = ", ".join(sorted(params)) or "none"
    return Invalid(f"Task {task!r} has no parameter {name!r}; its parameters are: {known}.")
