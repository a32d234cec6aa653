"""/runs/…, for the runner with its claim secret or token"""

from uuid import UUID

from fastapi import APIRouter, Request

from assethub.domain.errors import SignInNeeded
from assethub.domain.runs import RunState
from assethub.protocol.runs import (
    Acknowledged,
    Claim,
    Claimed,
    Ended,
    LogBatch,
    MetricsBatch,
    OutputFile,
    Result,
    StateReport,
)
from assethub.server.dependencies import CurrentHub, CurrentWork, WorkRoute, bearer
from assethub.services import run_reports
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


@router.post("/runs/{id}/state")
def report_state(work: CurrentWork, id: UUID, report: StateReport) -> Acknowledged:
    return Acknowledged(cancel=run_reports.report_state(work, id, RunState(report.state)))


@router.post("/runs/{id}/log")
def report_log(work: CurrentWork, id: UUID, batch: LogBatch) -> Acknowledged:
    """Lines in batches 1, 2, 3 …; a batch that is known already is acknowledged again, batch 0 is a sign of life."""
    return Acknowledged(cancel=run_reports.report_log(work, id, batch.batch, batch.lines))


@router.post("/runs/{id}/metrics")
def report_metrics(work: CurrentWork, id: UUID, batch: MetricsBatch) -> Acknowledged:
    points = [point.model_dump() for point in batch.points]
    return Acknowledged(cancel=run_reports.report_metrics(work, id, batch.batch, points))


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
