"""/sweeps"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from assethub.domain.names import parse_asset_path
from assethub.domain.runs import RunState
from assethub.domain.sweeps import Sweep
from assethub.protocol.runs import SweepInfo, SweptRunInfo
from assethub.server.api.runs import run_info
from assethub.server.dependencies import CurrentWork, WorkRoute
from assethub.services import sweeps

router = APIRouter(tags=["runs"], route_class=WorkRoute)


def sweep_info(sweep: Sweep, states: Mapping[RunState, int]) -> SweepInfo:
    return SweepInfo(
        id=sweep.id, number=sweep.number, type=sweep.type.value, path=sweep.path, branch=sweep.branch,
        params={name: list(values) for name, values in sweep.params.items()},
        states={state.value: count for state, count in states.items()}, creator=sweep.creator,
        created_at=sweep.created_at,
    )  # fmt: skip


@router.get("/sweeps")
def list_sweeps(
    work: CurrentWork, model: str | None = None, before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> list[SweepInfo]:  # fmt: skip
    """Newest first: of one model, or of all that the caller may see; `before` a number continues."""
    path = parse_asset_path(model, me=work.person.name) if model else None
    return [sweep_info(*found) for found in sweeps.list_sweeps(work, path=path, before=before, limit=limit)]


@router.get("/sweeps/{number}")
def get_sweep(work: CurrentWork, number: int) -> SweepInfo:
    sweep = sweeps.get_sweep(work, number)
    return sweep_info(sweep, sweeps.count_states(work, sweep))


@router.get("/sweeps/{number}/runs")
def list_swept_runs(work: CurrentWork, number: int) -> list[SweptRunInfo]:
    """Its runs with their newest metrics, in the order of their values."""
    found = sweeps.swept_runs(work, sweeps.get_sweep(work, number))
    return [SweptRunInfo(run=run_info(one.run), metrics=dict(one.metrics)) for one in found]


@router.post("/sweeps/{number}/cancel")
def cancel_sweep(work: CurrentWork, number: int) -> SweepInfo:
    """Ask for the end of all its runs that have not ended."""
    sweep = sweeps.cancel_sweep(work, number)
    return sweep_info(sweep, sweeps.count_states(work, sweep))
