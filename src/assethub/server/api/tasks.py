"""/tasks: what a repository's task file says"""

from fastapi import APIRouter

from assethub.domain.errors import SignInNeeded
from assethub.domain.names import parse_asset_path
from assethub.domain.owners import Caller
from assethub.domain.tasks import Task
from assethub.protocol.runs import CodeRefsInfo, ParameterInfo, TaskInfo
from assethub.server.dependencies import CurrentCaller, CurrentHub, WorkRoute
from assethub.services import run_code

router = APIRouter(tags=["runs"], route_class=WorkRoute)


def task_info(task: Task) -> TaskInfo:
    return TaskInfo(
        name=task.name, command=task.command, description=task.description, after=task.after,
        params=[ParameterInfo.model_validate(one) for one in task.params.values()],
        matrix={name: list(values) for name, values in task.matrix.items()},
    )  # fmt: skip


@router.get("/tasks/refs")
def list_refs(hub: CurrentHub, caller: CurrentCaller, model: str, git: str | None = None) -> CodeRefsInfo:
    """The branches and tags of a repository that a run for the model could take its code from; up to a minute old."""
    if not isinstance(caller, Caller):
        raise SignInNeeded("Sign in first: the repository is opened by what you or the model's folder keep for it.")
    found = run_code.list_refs(hub, caller, parse_asset_path(model, me=caller.name), git)
    return CodeRefsInfo.model_validate(found)


@router.get("/tasks")
def list_tasks(
    hub: CurrentHub, caller: CurrentCaller, model: str, git: str | None = None, revision: str | None = None,
    subpath: str | None = None,
) -> list[TaskInfo]:  # fmt: skip
    """The tasks that a run for a model could be of; what is left out comes from its training settings.

    The repository is read for it; whoever may start a run for the model may ask.
    """
    if not isinstance(caller, Caller):
        raise SignInNeeded("Sign in first: the repository is opened by what you or the model's folder keep for it.")
    path = parse_asset_path(model, me=caller.name)
    _, tasks = run_code.read_tasks(hub, caller, path, git, revision, subpath)
    return [task_info(task) for task in tasks.values()]
