"""A sweep: its runs side by side, the best by a metric first."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.evaluations import lower_is_better
from assethub.domain.names import parse_asset_path
from assethub.server.console import parallel
from assethub.server.console.comparison import sorting
from assethub.server.console.pages import CurrentForm, CurrentPage
from assethub.server.console.parallel import Cell
from assethub.services import summaries, sweeps
from assethub.services.sweeps import SweptRun

router = APIRouter()
COLUMNS = 12
PARAM = "param."


@router.get("/sweeps/{number}")
def one_sweep(page: CurrentPage, number: int, by: str | None = None, lowest: bool | None = None) -> Response:
    """`by` is a metric, or `param.NAME`."""
    with page.reading() as work:
        sweep = sweeps.get_sweep(work, number)
        found = sweeps.swept_runs(work, sweep)
        asset = summaries.overview(work, parse_asset_path(sweep.path))
        deciding = sweeps.may_cancel(work, sweep)
    names = list(dict.fromkeys(name for one in found for name in one.metrics))
    chosen = by if by in names else next((name for name in names if name.startswith("evaluation.")), None)
    chosen = chosen or (names[0] if names else None)
    least = lower_is_better(chosen or "") if lowest is None else lowest
    columns: dict[str, list[Cell]] = {name: [one.run.params.get(name) for one in found] for name in sweep.params}
    columns |= {name: [one.metrics.get(name) for one in found] for name in names}
    rows = ordered(found, chosen, least) if by else found
    if by and by.removeprefix(PARAM) in sweep.params and by.startswith(PARAM):
        rows = by_param(found, by.removeprefix(PARAM), falling=lowest is False)
    return page.render(
        "sweep.html", sweep=sweep, asset=asset, runs=rows, by=by, falling=lowest is False,
        drawing=parallel.draw(columns, [one.run.number for one in found], chosen, least),
        best=ordered(found, chosen, least)[0] if chosen else None, chosen=chosen, lowest=least,
        metrics=names[:COLUMNS], left=names[COLUMNS:], deciding=deciding,
        going=any(not one.run.state.final for one in found),
    )  # fmt: skip


def by_param(found: list[SweptRun], name: str, *, falling: bool) -> list[SweptRun]:
    return sorted(found, key=lambda one: sorting(one.run.params.get(name)), reverse=falling)


def ordered(found: list[SweptRun], name: str | None, lowest: bool) -> list[SweptRun]:
    """The best first; those without a value last, in the order of their numbers."""

    def rank(one: SweptRun) -> tuple[bool, float]:
        value = one.metrics.get(name) if name else None
        return value is None, 0 if value is None else value if lowest else -value

    return sorted(found, key=rank)


@router.post("/sweeps/{number}/cancel")
def cancel(page: CurrentPage, form: CurrentForm, number: int) -> Response:
    with page.writing() as work:
        sweeps.cancel_sweep(work, number)
    return page.go(f"/sweeps/{number}")
