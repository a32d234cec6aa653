"""One run as it goes, and what can be done to it."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.names import parse_asset_path
from assethub.domain.runs import Priority, Run, RunState
from assethub.server.console.pages import CurrentForm, CurrentPage, text_of
from assethub.server.console.run_records import BUCKETS, LAST_LINES, LAST_POINTS, charts, latest, ranks_of
from assethub.services import queue, reproducing, run_progress, run_records, runs, summaries
from assethub.services.repeating import run_again

router = APIRouter()
LIFE = [RunState.QUEUED, RunState.PREPARING, RunState.RUNNING, RunState.SAVING]


@router.get("/runs/{id}")
def one_run(page: CurrentPage, id: str) -> Response:
    with page.reading() as work:
        run = runs.get_run(work, id)
        last = run_records.log_length(work, id)
        log = run_records.read_log(work, id, max(0, last - LAST_LINES), LAST_LINES)
        drawn = run_records.read_curves(work, id, buckets=BUCKETS)
        recent, _, _ = run_records.read_metrics(work, id, max(0, drawn.points - LAST_POINTS))
        asset = summaries.overview(work, parse_asset_path(run.path))
        deciding, repeating = runs.rights(work, run)
        patch = runs.read_patch(work, id)
        why = queue.explain(work, [run]).get(run.id)
        stages = run_progress.stages(work, run)
        reproduction = reproducing.find_reproduction(work, run)
    return page.render(
        "run.html", run=run, asset=asset, lines=log.lines, last=log.next, skipped=max(0, last - LAST_LINES),
        charts=charts(drawn, run), points=drawn.points, latest=latest(drawn, recent), ranks=ranks_of(run),
        deciding=deciding, repeating=repeating, undrawn=len(drawn.names) - len(drawn.curves),
        patch=patch, why=why, stages=stages, to_come=to_come(run), priorities=list(Priority), reproduction=reproduction,
    )  # fmt: skip


def to_come(run: Run) -> list[RunState]:
    """The states that lie ahead of a run, if all goes well."""
    if run.state.final:
        return []
    return [*LIFE[LIFE.index(run.state) + 1 :], RunState.SUCCEEDED]


@router.post("/runs/{id}/cancel")
def cancel(page: CurrentPage, form: CurrentForm, id: str) -> Response:
    with page.writing() as work:
        run = runs.cancel_run(work, id)
    return page.go(f"/runs/{run.number}")


@router.post("/runs/{id}/retry")
def retry(page: CurrentPage, form: CurrentForm, id: str) -> Response:
    with page.writing() as work:
        run = runs.retry_run(work, id)
    return page.go(f"/runs/{run.number}")


@router.post("/runs/{id}/again")
def again(page: CurrentPage, form: CurrentForm, id: str) -> Response:
    with page.writing() as work:
        run = run_again(work, id, text_of(form, "branch"))
    return page.go(f"/runs/{run.number}")
