"""What one request starts: a run, or one for each combination of values of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import product
from typing import Any
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.domain.parameters import Value
from assethub.domain.runs import RunType
from assethub.domain.tasks import Task, choose_task, fill_params, read_matrix


@dataclass(frozen=True)
class Sweep:
    """Runs that were started together, one for each combination of these values."""

    id: UUID
    number: int
    type: RunType
    asset: UUID
    path: str
    branch: str | None  # theirs are this name with -1, -2 …
    params: Mapping[str, tuple[Value, ...]]
    created_by: UUID
    creator: str
    created_at: datetime


@dataclass(frozen=True)
class Start:
    """A run to be started: its parameters, and the task as the run keeps it."""

    params: Mapping[str, Value]
    task: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be started; `swept` is empty for a single run. `tasks` are those that will run."""

    swept: Mapping[str, tuple[Value, ...]]
    starts: tuple[Start, ...]
    tasks: tuple[Task, ...]


def plan_runs(
    tasks: Mapping[str, Task],
    type: RunType,
    given: Mapping[str, Value],
    sweep: Mapping[str, Sequence[Value]],
    settings: Mapping[str, Value],
) -> Plan:
    """What a request starts. Given values fix a parameter of the task's matrix, a sweep's take its place.

    A task that follows takes over what was given or swept and it knows as well. Invalid for what does not fit.
    """
    task = choose_task(tasks, type)
    twice = sorted(given.keys() & sweep.keys())
    if twice:
        raise Invalid(f"The parameter {twice[0]!r} is given one value and swept over others; leave one of the two out.")
    matrix = {name: values for name, values in task.matrix.items() if name not in given}
    swept = read_matrix(task.name, task.params, {**matrix, **sweep})
    following = tasks[task.after] if task.after else None
    starts = []
    for values in product(*swept.values()):
        wanted = {**given, **dict(zip(swept, values, strict=True))}
        kept = kept_task(task)
        if following is not None:
            params = fill_params(following, {}, lenient={**settings, **wanted})
            kept["after"] = {"task": kept_task(following), "params": params}
        starts.append(Start(fill_params(task, wanted, lenient=settings), kept))
    return Plan(swept, tuple(starts), (task, *([following] if following else [])))


def kept_task(task: Task) -> dict[str, Any]:
    return {
        "name": task.name, "command": task.command, "environment": asdict(task.environment),
        "resources": asdict(task.resources), "timeout": task.timeout, "retries": task.retries, "metrics": task.metrics,
        "checkpoint_every": task.checkpoint_every,
    }  # fmt: skip
