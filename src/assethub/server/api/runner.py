"""/runs/…, for the runner with its claim secret or token"""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from assethub.domain.errors import SignInNeeded
from assethub.domain.runs import NUMBER_KINDS, MetricPoint, RunState, Sample, moment_of
from assethub.protocol.runner import (
    Acknowledged,
    Checkpoint,
    CheckpointInfo,
    Claim,
    Claimed,
    Ended,
    LogBatch,
    MetricsBatch,
    OutputFile,
    PointReport,
    Result,
    StateReport,
    SystemBatch,
)  # fmt: skip
from assethub.server.bodies import gathered
from assethub.server.dependencies import CurrentCaller, CurrentHub, CurrentWork, WorkRoute, bearer
from assethub.services import run_code, run_reports
from assethub.services.history import NewFile

router = APIRouter(tags=["runner"], route_class=WorkRoute)


def secret_of(request: Request) -> str:
    secret = bearer(request)
    if secret is None:
        raise SignInNeeded("Give the run's secret as `Authorization: Bearer SECRET`.")
    return secret


@router.post("/runs/{id}/claim")
def claim_run(request: Request, hub: CurrentHub, id: UUID, claim: Claim) -> Claimed:
    """Take the run; repeating it with the same nonce gets the same answer."""
    token, work = run_reports.claim_run(hub, id, secret_of(request), claim.nonce)
    return Claimed(token=token, work=work)


@router.get("/runs/{id}/code", response_class=StreamingResponse)
def read_code(hub: CurrentHub, caller: CurrentCaller, id: UUID) -> StreamingResponse:
    """The run's code at its pinned commit, as a Git pack without history."""
    return StreamingResponse(
        gathered(run_code.open_code(hub, caller, id)), media_type="application/x-git-packed-objects"
    )


@router.post("/runs/{id}/state")
def report_state(work: CurrentWork, id: UUID, report: StateReport) -> Acknowledged:
    return Acknowledged(cancel=run_reports.report_state(work, id, RunState(report.state)))


@router.post("/runs/{id}/log")
def report_log(hub: CurrentHub, caller: CurrentCaller, id: UUID, batch: LogBatch) -> Acknowledged:
    """Lines in batches 1, 2, 3 …; a batch that is known already is acknowledged again, batch 0 is a sign of life."""
    return Acknowledged(cancel=run_reports.report_log(hub, caller, id, batch.batch, list(batch.lines)))


@router.post("/runs/{id}/metrics")
def report_metrics(hub: CurrentHub, caller: CurrentCaller, id: UUID, batch: MetricsBatch) -> Acknowledged:
    points = [MetricPoint(one.step, moment_of(one.time), numbers_of(one)) for one in batch.points]
    return Acknowledged(cancel=run_reports.report_metrics(hub, caller, id, batch.batch, points))


@router.post("/runs/{id}/system")
def report_system(work: CurrentWork, id: UUID, batch: SystemBatch) -> Acknowledged:
    """What the run uses of its machine, in batches 1, 2, 3 … of the attempt."""
    samples = [Sample(moment_of(one.time), one.values) for one in batch.samples]
    return Acknowledged(cancel=run_reports.report_system(work, id, batch.batch, samples))


def numbers_of(point: PointReport) -> dict[str, float]:
    return {
        name: NUMBER_KINDS[point.kinds.get(name, "nan")] if value is None else value
        for name, value in point.values.items()
    }


@router.post("/runs/{id}/checkpoint")
def keep_checkpoint(hub: CurrentHub, caller: CurrentCaller, id: UUID, checkpoint: Checkpoint) -> CheckpointInfo:
    """Commit what the run's output held while it goes on."""
    commit, branch, number = run_reports.keep_checkpoint(hub, caller, id, new_files(checkpoint.output))
    return CheckpointInfo(commit=commit.id, branch=branch, number=number)


@router.post("/runs/{id}/result")
def finish_run(request: Request, hub: CurrentHub, id: UUID, result: Result) -> Ended:
    """End the run and keep what it made; repeating it gets the same answer."""
    told = run_reports.RunResult(
        RunState(result.outcome), result.reason, result.exit_code, new_files(result.output), result.metrics,
        new_files(result.reports), result.environment,
    )  # fmt: skip
    run = run_reports.finish_run(hub, id, secret_of(request), told)
    return Ended(state=run.state.value, reason=run.reason, commit=run.commit)


def new_files(files: list[OutputFile]) -> tuple[NewFile, ...]:
    return tuple(NewFile(file.path, file.sha256, file.size, file.mtime) for file in files)
