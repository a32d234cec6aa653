"""/runs/compare"""

from typing import Annotated

from fastapi import APIRouter, Query

from assethub.domain.comparison import RunComparison
from assethub.protocol.comparison import CodeChangeInfo, MeasureInfo, RunComparisonInfo
from assethub.server.api.runs import run_info
from assethub.server.dependencies import CurrentCaller, CurrentHub
from assethub.services.run_comparison import compare_runs

router = APIRouter(tags=["runs"])


def comparison_info(found: RunComparison) -> RunComparisonInfo:
    return RunComparisonInfo(
        runs=[run_info(run) for run in found.runs],
        params={name: list(row) for name, row in found.params.items()},
        metrics={
            name: [MeasureInfo.model_validate(one) if one else None for one in row]
            for name, row in found.metrics.items()
        },
        packages={name: list(row) for name, row in found.packages.items()},
        same_packages=found.same_packages,
        code=[CodeChangeInfo.model_validate(one) for one in found.code],
    )


@router.get("/runs/compare")
def compare(hub: CurrentHub, caller: CurrentCaller, run: Annotated[list[str], Query()]) -> RunComparisonInfo:
    """From two to 200 runs, by number or id, side by side; of more than 20, metrics have final values alone."""
    return comparison_info(compare_runs(hub, caller, run))
