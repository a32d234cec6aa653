"""/runs/curves, /runs/…/stages and /runs/…/system"""

from typing import Annotated

from fastapi import APIRouter, Query

from assethub.protocol.progress import OverlayInfo, OverlaysInfo, SampleInfo, StageInfo
from assethub.server.dependencies import CurrentWork, WorkRoute
from assethub.services import overlays, run_progress

router = APIRouter(tags=["runs"], route_class=WorkRoute)


@router.get("/runs/curves")
def overlay_runs(
    work: CurrentWork, run: Annotated[list[str], Query()], name: Annotated[list[str] | None, Query()] = None,
    buckets: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> OverlaysInfo:  # fmt: skip
    """Up to four metrics of up to 200 runs, by number or id; without `name`, the most common one."""
    found = overlays.overlay_runs(work, run, name or (), buckets=buckets)
    return OverlaysInfo(
        runs=[one.number for one in found.runs], names=list(found.names),
        curves=[
            OverlayInfo(
                run=one.number, name=curve.name, x=curve.x, mean=curve.mean, least=curve.least, most=curve.most,
                time=curve.time,
            )
            for one, curve in found.curves
        ],
    )  # fmt: skip


@router.get("/runs/{id}/stages")
def read_stages(work: CurrentWork, id: str) -> list[StageInfo]:
    """The states that the run was in, all attempts in order."""
    return [StageInfo.model_validate(one) for one in run_progress.read_stages(work, id)]


@router.get("/runs/{id}/system")
def read_system(
    work: CurrentWork, id: str, after: float | None = None, limit: Annotated[int, Query(ge=1, le=2000)] = 400
) -> list[SampleInfo]:
    """What the run used of its machine, in order; where there is more than `limit`, several samples told as one."""
    return [SampleInfo.model_validate(one) for one in run_progress.read_system(work, id, after=after, most=limit)]
