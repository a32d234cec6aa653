"""/runs, for people"""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from assethub.domain.errors import SignInNeeded
from assethub.domain.names import parse_asset_path
from assethub.domain.owners import Asking, Caller
from assethub.domain.queue import Waiting
from assethub.domain.runs import (
    Code,
    MetricPoint,
    Priority,
    Run,
    RunFilter,
    RunOrder,
    RunState,
    RunType,
    kind_of_number,
)
from assethub.protocol.runs import (
    CodeInfo,
    CurvesInfo,
    InputInfo,
    LocalRunInfo,
    LogLineInfo,
    LogPage,
    MetricsPage,
    NewLocalRun,
    NewRepeat,
    NewRun,
    PointInfo,
    RunChange,
    RunInfo,
    WaitingInfo,
)  # fmt: skip
from assethub.server.dependencies import CurrentCaller, CurrentHub, CurrentWork, WorkRoute
from assethub.services import local_runs, queue, run_records, runs
from assethub.services.repeating import repeat_run
from assethub.services.runs import RunRequest

router = APIRouter(tags=["runs"], route_class=WorkRoute)


def waiting_info(why: Waiting | None) -> WaitingInfo | None:
    return WaitingInfo.model_validate(why) if why else None


def run_info(run: Run, why: Waiting | None = None) -> RunInfo:
    return RunInfo(
        id=run.id, number=run.number, type=run.type.value, state=run.state.value, reason=run.reason, path=run.path,
        branch=run.branch, code=CodeInfo.model_validate(run.code),
        inputs=[InputInfo.model_validate(one) for one in run.inputs], params=dict(run.params), engine=run.engine,
        attempt=run.attempt, exit_code=run.exit_code, commit=run.commit, checkpoint=run.checkpoint,
        evaluation=run.evaluation,
        environment=dict(run.environment), creator=run.creator, created_at=run.created_at,
        started_at=run.started_at, ended_at=run.ended_at, sweep=run.sweep_number, follows=run.leader,
        follower=run.follower, metrics=dict(run.latest), priority=run.priority.word, gpus=list(run.gpus),
        waiting=waiting_info(why),
    )  # fmt: skip


@router.post("/runs", status_code=201)
def start_run(hub: CurrentHub, caller: CurrentCaller, new: NewRun) -> RunInfo:
    """Pin code, datasets and checkpoint, then queue the run; what is left out comes from the training settings.

    With a sweep, or a task that has a matrix, one run for each combination is queued, all or none.
    """
    return run_info(runs.start_run(hub, caller, request_of(caller, new)))


@router.post("/runs/here", status_code=201)
def start_local_run(hub: CurrentHub, caller: CurrentCaller, new: NewLocalRun) -> LocalRunInfo:
    """Pin datasets and checkpoint for a run that the caller's own machine executes, with the code that lies there."""
    told = new.code
    code = Code(told.url, told.revision, told.sha, told.subpath)
    local = local_runs.LocalCode(code, told.patch, told.task_file)
    run, secret = local_runs.start_local_run(hub, caller, request_of(caller, new), local)
    return LocalRunInfo(run=run_info(run), claim=secret)


def request_of(caller: Asking, new: NewRun) -> RunRequest:
    if not isinstance(caller, Caller):
        raise SignInNeeded("Sign in first: a run needs somebody it is made for.")
    return RunRequest(
        type=RunType(new.type), model=parse_asset_path(new.model, me=caller.name), ref=new.ref, branch=new.branch,
        checkpoint=new.checkpoint, datasets=tuple(new.datasets), git=new.git, revision=new.revision,
        subpath=new.subpath, params=new.params, sweep=new.sweep, onto_existing=new.onto_existing,
        priority=Priority[new.priority.upper()],
    )  # fmt: skip


@router.get("/runs")
def list_runs(
    work: CurrentWork,
    model: str | None = None,
    state: Annotated[list[RunState] | None, Query()] = None,
    sweep: int | None = None,
    type: RunType | None = None,
    creator: str | None = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
    order: RunOrder = RunOrder.NEWEST,
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[RunInfo]:
    """Of one sweep or model, or of all that the caller may see; `text` is in the branch's or the model's name.

    Newest first, and `before` a number continues; in another `order`, `offset` does.
    """
    path = parse_asset_path(model, me=work.person.name) if model else None
    chosen = RunFilter(type=type, creator=creator, text=text)
    found = runs.list_runs(
        work, path=path, states=state, sweep=sweep, before=before, limit=limit, chosen=chosen, order=order,
        offset=offset,
    )  # fmt: skip
    why = queue.explain(work, found)
    return [run_info(run, why.get(run.id)) for run in found]


@router.get("/runs/{id}")
def get_run(work: CurrentWork, id: str) -> RunInfo:
    """A run by its id or its number."""
    run = runs.get_run(work, id)
    return run_info(run, queue.explain(work, [run]).get(run.id))


@router.patch("/runs/{id}")
def change_run(work: CurrentWork, id: str, change: RunChange) -> RunInfo:
    """Let a run that waits go earlier or later; above normal is for hub administrators."""
    run = queue.set_priority(work, id, Priority[change.priority.upper()])
    return run_info(run, queue.explain(work, [run]).get(run.id))


@router.get("/runs/{id}/patch", response_class=PlainTextResponse)
def read_patch(work: CurrentWork, id: str) -> PlainTextResponse:
    """What was changed in the run's code since its commit, as `git diff` writes it; empty if nothing was."""
    return PlainTextResponse(runs.read_patch(work, id), headers={"X-Content-Type-Options": "nosniff"})


@router.post("/runs/{id}/cancel")
def cancel_run(work: CurrentWork, id: str) -> RunInfo:
    return run_info(runs.cancel_run(work, id))


@router.post("/runs/{id}/retry")
def retry_run(work: CurrentWork, id: str) -> RunInfo:
    """A new attempt of a run that failed, was cancelled or lost."""
    return run_info(runs.retry_run(work, id))


@router.post("/runs/{id}/again", status_code=201)
def run_again(
    hub: CurrentHub, caller: CurrentCaller, id: str, branch: str | None = None, change: NewRepeat | None = None
) -> RunInfo:
    """A new run from the same pins, but for the parameters and datasets that are given."""
    wanted = change or NewRepeat()
    made = repeat_run(hub, caller, id, wanted.branch or branch, params=wanted.params, datasets=wanted.datasets)
    return run_info(made)


@router.get("/runs/{id}/log")
def read_log(
    work: CurrentWork, id: str, after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000, search: str | None = None,
    rank: Annotated[int | None, Query(ge=0)] = None,
) -> LogPage:  # fmt: skip
    """Lines numbered above `after`, counted from 1: all, those with a text in them (whatever its case), or of a rank.

    A search looks through some 32 MiB a time: ask again with `after` = `next` until that is `last`.
    """
    page = run_records.read_log(work, id, after, limit, search=search, rank=rank)
    lines = [LogLineInfo.model_validate(line) for line in page.lines]
    return LogPage(lines=lines, next=page.next, last=page.last, ended=page.ended)


@router.get("/runs/{id}/metrics")
def read_metrics(
    work: CurrentWork, id: str, after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
) -> MetricsPage:  # fmt: skip
    """Metric points after the first `after` ones."""
    points, next_, ended = run_records.read_metrics(work, id, after, limit)
    return MetricsPage(points=[point_info(point) for point in points], next=next_, ended=ended)


def point_info(point: MetricPoint) -> PointInfo:
    kinds = {name: kind for name, value in point.values.items() if (kind := kind_of_number(value))}
    values = {name: None if name in kinds else value for name, value in point.values.items()}
    return PointInfo(step=point.step, at=point.at, values=values, kinds=kinds)


@router.get("/runs/{id}/curves")
def read_curves(
    work: CurrentWork, id: str, name: Annotated[list[str] | None, Query()] = None,
    start: Annotated[int, Query(ge=0)] = 0, end: Annotated[int | None, Query(ge=0)] = None,
    buckets: Annotated[int, Query(ge=1, le=2000)] = 400,
) -> CurvesInfo:  # fmt: skip
    """What the metrics look like over some of the points, or all, whatever their number: in buckets.

    At most 200 curves come at once; `names` has those of all, `name` (repeated) chooses.
    """
    drawn = run_records.read_curves(work, id, names=name, start=start, end=end, buckets=buckets)
    return CurvesInfo.model_validate(drawn)
