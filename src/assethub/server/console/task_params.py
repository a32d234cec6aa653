"""The parameters of a task as fields of the form that starts a run; they appear once the repository was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from assethub.domain.errors import Invalid, Unavailable
from assethub.domain.parameters import Parameter, Unfit, Value, plain
from assethub.domain.runs import RunType
from assethub.domain.tasks import Task, choose_task
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, lines_of, text_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import assets, run_code

router = APIRouter()
PREFIX, SWEEP = "param.", "sweep."
NUMBERS = ("int", "float")


@dataclass(frozen=True)
class Field:
    """A parameter in the form: its value, the values of a sweep over it, and whether one of them does not fit."""

    parameter: Parameter
    value: str
    several: str
    wrong: bool

    @property
    def options(self) -> list[str]:
        """What can be chosen, if that is all that is allowed."""
        return [plain(one) for one in self.parameter.choices] or (
            ["true", "false"] if self.parameter.type == "bool" else []
        )

    @property
    def attributes(self) -> dict[str, str]:
        """Of its input."""
        if self.parameter.type not in NUMBERS:
            return {"type": "text"}
        told = {"type": "number", "step": "1" if self.parameter.type == "int" else "any"}
        bounds = {"min": self.parameter.min, "max": self.parameter.max}
        return told | {name: plain(value) for name, value in bounds.items() if value is not None}


@router.post("/{owner}/{kind}/{folder}/{name}/-/new-run/params")
def fields(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """A part of the form: a field for each parameter, or one for all of them where the task file cannot be read."""
    return page.render("asset/_params.html", part=loaded(page, path, form))


def loaded(page: Page, path: CurrentAsset, form: FormData) -> dict[str, Any]:
    """What the part is made from."""
    asked = text_of(form, "type")
    with page.reading() as work:
        training = assets.get_asset(work, path).training
    given, sweep = given_values(form), swept_texts(form)
    try:
        code, tasks = run_code.read_tasks(
            page.hub, page.caller, path, text_of(form, "git"), text_of(form, "revision"), text_of(form, "subpath") or ""
        )
        task = choose_task(tasks, RunType(asked) if asked in list(RunType) else RunType.TRAIN)
    except (Invalid, Unavailable) as refusal:
        return {"task": None, "problem": str(refusal), "lines": spoken(given), "sweep": text_of(form, "sweep") or ""}
    values = {name: plain(value) for name, value in training.params.items()} | given
    made = [field_of(one, values.get(one.name, ""), sweep.get(one.name, "")) for one in task.params.values()]
    return {"task": task, "problem": None, "code": code, "fields": made, "count": count_of(task, sweep, given)}


def field_of(parameter: Parameter, value: str, several: str) -> Field:
    told = split(several) if several else [value] if value else []
    return Field(parameter, value, several, any(not takes(parameter, one) for one in told))


def takes(parameter: Parameter, value: str) -> bool:
    try:
        parameter.read(value)
    except Unfit:
        return False
    return True


def count_of(task: Task, sweep: Mapping[str, str], given: Mapping[str, str]) -> int:
    """How many runs would start."""
    fixed = sweep.keys() | given.keys()
    return prod(
        [len(split(one)) for one in sweep.values()]
        + [len(values) for name, values in task.matrix.items() if name not in fixed]
    )  # fmt: skip


def spoken(params: Mapping[str, Value]) -> str:
    """Parameters as lines."""
    return "\n".join(f"{name}={plain(value)}" for name, value in params.items())


def given_values(form: FormData) -> dict[str, str]:
    """What was filled in by parameter: in the lines of the one field, or in fields of their own."""
    found = dict(pair_of(line, "lr=0.01") for line in lines_of(form, "params") if "=" in line)
    for name in form:
        value = text_of(form, name)
        if name.startswith(PREFIX) and value is not None:
            found[name.removeprefix(PREFIX)] = value
    return found


def asked_params(form: FormData, usual: Mapping[str, Value]) -> dict[str, Value]:
    """The values that a run is asked for; what the one field was filled with binds no task that lacks the parameter."""
    for line in lines_of(form, "params"):
        pair_of(line, "lr=0.01")
    return {name: value for name, value in given_values(form).items() if plain(usual.get(name, "")) != value}


def asked_sweep(form: FormData) -> dict[str, list[Value]]:
    pairs = [pair_of(line, "lr=0.1, 0.01") for line in lines_of(form, "sweep")]
    found: dict[str, list[Value]] = {name: list(split(values)) for name, values in pairs}
    return found | {name: list(split(values)) for name, values in swept_texts(form).items()}


def swept_texts(form: FormData) -> dict[str, str]:
    """By parameter the values of a sweep as they were filled in."""
    found = {name.removeprefix(SWEEP): text_of(form, name) for name in form if name.startswith(SWEEP)}
    return {name: value for name, value in found.items() if value is not None}


def split(values: str) -> list[str]:
    return [value.strip() for value in values.split(",")]


def pair_of(line: str, example: str) -> tuple[str, str]:
    name, found, value = line.partition("=")
    if not found or not name.strip():
        raise Invalid(f"{line!r} is not NAME=VALUE, such as {example}.")
    return name.strip(), value.strip()
