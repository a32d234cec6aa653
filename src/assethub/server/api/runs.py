"""/runs, for people"""

from typing import Annotated

from fastapi import APIRouter, Query

from assethub.domain.errors import SignInNeeded
from assethub.domain.names import parse_asset_path
from assethub.domain.owners import Caller
from assethub.domain.runs import Run, RunState, RunType
from assethub.protocol.runs import (
    CodeInfo,
    InputInfo,
    LogLineInfo,
    LogPage,
    MetricsPage,
    NewRun,
    PointInfo,
    RunInfo,
)  # fmt: skip
from assethub.server.dependencies import CurrentCaller, CurrentHub, CurrentWork, WorkRoute
from assethub.services import runs
from assethub.services.runs import RunRequest

router = APIRouter(tags=["runs"], route_class=WorkRoute)


def run_info(run: Run) -> RunInfo:
    return RunInfo(
        id=run.id, number=run.number, type=run.type.value, state=run.state.value, reason=run.reason, path=run.path,
        branch=run.branch, code=CodeInfo.model_validate(run.code),
        inputs=[InputInfo.model_validate(one) for one in run.inputs], params=dict(run.params), engine=run.engine,
        attempt=run.attempt, exit_code=run.exit_code, commit=run.commit, evaluation=run.evaluation,
        environment=dict(run.environment), creator=run.creator, created_at=run.created_at,
        started_at=run.started_at, ended_at=run.ended_at,
    )  # fmt: skip


@router.post("/runs", status_code=201)
def start_run(hub: CurrentHub, caller: CurrentCaller, new: NewRun) -> RunInfo:
    """Pin code, datasets and checkpoint, then queue the run; what is left out comes from the training settings."""
    if not isinstance(caller, Caller):
        raise SignInNeeded("Sign in first: a run needs somebody it is made for.")
    request = RunRequest(
        type=RunType(new.type), model=parse_asset_path(new.model, me=caller.name), ref=new.ref, branch=new.branch,
        checkpoint=new.checkpoint, datasets=tuple(new.datasets), git=new.git, revision=new.revision,
        subpath=new.subpath, params=new.params, onto_existing=new.onto_existing,
    )  # fmt: skip
    return run_info(runs.start_run(hub, caller, request))


@router.get("/runs")
def list_runs(
    work: CurrentWork,
    model: str | None = None,
    state: Annotated[list[RunState] | None, Query()] = None,
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> list[RunInfo]:
    """Newest first: of one model, or of all that the caller may see; `before` a number continues."""
    path = parse_asset_path(model, me=work.person.name) if model else None
    return [run_info(run) for run in runs.list_runs(work, path=path, states=state, before=before, limit=limit)]


@router.get("/runs/{id}")
def get_run(work: CurrentWork, id: str) -> RunInfo:
    """A run by its id or its number."""
    return run_info(runs.get_run(work, id))


@router.post("/runs/{id}/cancel")
def cancel_run(work: CurrentWork, id: str) -> RunInfo:
    return run_info(runs.cancel_run(work, id))


@router.post("/runs/{id}/retry")
def retry_run(work: CurrentWork, id: str) -> RunInfo:
    """A new attempt of a run that failed, was cancelled or lost."""
    return run_info(runs.retry_run(work, id))


@router.post("/runs/{id}/again", status_code=201)
def run_again(work: CurrentWork, id: str, branch: str | None = None) -> RunInfo:
    """A new run from the same pins."""
    return run_info(runs.run_again(work, id, branch))


@router.get("/runs/{id}/log")
def read_log(
    work: CurrentWork, id: str, after: int = 0, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000
) -> LogPage:
    """Lines numbered above `after`, counted from 1."""
    lines, next_, ended = runs.read_log(work, id, after, limit)
    return LogPage(lines=[LogLineInfo.model_validate(line) for line in lines], next=next_, ended=ended)


@router.get("/runs/{id}/metrics")
def read_metrics(
    work: CurrentWork, id: str, after: int = 0, limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000
) -> MetricsPage:
    """Metric points after the first `after` ones."""
    points, next_, ended = runs.read_metrics(work, id, after, limit)
    return MetricsPage(points=[PointInfo.model_validate(point) for point in points], next=next_, ended=ended)
