"""/assets/…/lineage and /evaluations/…/lineage"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from assethub.domain.lineage import Graph
from assethub.protocol.lineage import LineageInfo, NodeInfo
from assethub.server.dependencies import ASSET, CurrentReference, CurrentWork, WorkRoute
from assethub.services import lineage
from assethub.services.lineage import LEVELS, MOST_LEVELS

router = APIRouter(tags=["lineage"], route_class=WorkRoute)
Levels = Annotated[int, Query(ge=1, le=MOST_LEVELS)]


def lineage_info(graph: Graph) -> LineageInfo:
    return LineageInfo(
        focus=graph.focus, nodes=[NodeInfo.model_validate(node) for node in graph.nodes], edges=list(graph.edges),
        hidden_before=graph.hidden_before, hidden_after=graph.hidden_after, cut=graph.cut,
    )  # fmt: skip


@router.get(f"{ASSET}/lineage")
def version_lineage(work: CurrentWork, reference: CurrentReference, levels: Levels = LEVELS) -> LineageInfo:
    """What a version (default: main) was made from and what was made from it, up to so many versions away."""
    return lineage_info(lineage.version_lineage(work, reference, levels=levels))


@router.get("/runs/{id}/lineage")
def run_lineage(work: CurrentWork, id: str, levels: Levels = LEVELS) -> LineageInfo:
    """What a run used and made, what these were made from, and what came of them."""
    return lineage_info(lineage.run_lineage(work, id, levels=levels))


@router.get("/evaluations/{id}/lineage")
def evaluation_lineage(work: CurrentWork, id: UUID, levels: Levels = LEVELS) -> LineageInfo:
    """What was evaluated on what, and what these were made from."""
    return lineage_info(lineage.evaluation_lineage(work, id, levels=levels))
