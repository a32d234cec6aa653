"""/assets/…/reproduce and /runs/…/reproduction"""

from fastapi import APIRouter

from assethub.domain.names import Reference
from assethub.protocol.reproduction import NewReproduction, ReproductionInfo
from assethub.protocol.runs import RunInfo
from assethub.server.api.runs import run_info
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentWork, WorkRoute
from assethub.services import reproducing

router = APIRouter(tags=["runs"], route_class=WorkRoute)


@router.post(f"{ASSET}/reproduce", status_code=201)
def reproduce(work: CurrentWork, path: CurrentAsset, new: NewReproduction) -> RunInfo:
    """Run what made a version once more: the same code, inputs, parameters and packages."""
    return run_info(reproducing.reproduce(work, Reference(path, new.ref), new.branch))


@router.get("/runs/{id}/reproduction")
def reproduction(work: CurrentWork, id: str) -> ReproductionInfo:
    """Whether a run that reproduces a version left the same files and metrics."""
    found = reproducing.judge_reproduction(work, id)
    return ReproductionInfo(
        run=run_info(found.run), path=found.path, commit=found.commit, equal=found.equal, files=list(found.files),
        more_files=found.more_files, metrics=list(found.metrics), packages=list(found.packages),
    )  # fmt: skip
