"""/assets/…/evaluations and /evaluations"""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from assethub.domain.evaluations import Evaluation
from assethub.domain.names import Reference
from assethub.protocol.evaluations import EvaluationInfo, LeaderboardInfo, NewEvaluation, ReportInfo, StandingInfo
from assethub.server.bodies import send_file
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentCaller, CurrentHub, CurrentWork, WorkRoute
from assethub.services import evaluations, leaderboards

router = APIRouter(tags=["evaluations"], route_class=WorkRoute)


def evaluation_info(evaluation: Evaluation, refs: list[str]) -> EvaluationInfo:
    return EvaluationInfo(
        id=evaluation.id, commit=evaluation.commit, refs=refs, dataset=evaluation.dataset_path,
        dataset_commit=evaluation.dataset_commit, metrics=dict(evaluation.metrics),
        reports=[ReportInfo.model_validate(report) for report in evaluation.reports], run=evaluation.run,
        run_number=evaluation.run_number, provenance=dict(evaluation.provenance), created_by=evaluation.created_by,
        created_at=evaluation.created_at,
    )  # fmt: skip


@router.get(f"{ASSET}/evaluations")
def list_evaluations(work: CurrentWork, path: CurrentAsset, ref: str | None = None) -> list[EvaluationInfo]:
    """Newest first: of the version at `ref` (and versions with the same model files), or of the whole model."""
    return [evaluation_info(one, refs) for one, refs in evaluations.list_evaluations(work, path, ref)]


@router.post(f"{ASSET}/evaluations", status_code=201)
def create_evaluation(work: CurrentWork, path: CurrentAsset, new: NewEvaluation) -> EvaluationInfo:
    """Enter metrics by hand; nested numbers are kept under dotted names."""
    dataset = Reference.parse(new.dataset, me=work.person.name)
    return evaluation_info(evaluations.create_evaluation(work, Reference(path, new.ref), dataset, new.metrics), [])


@router.get(f"{ASSET}/leaderboard")
def read_leaderboard(
    work: CurrentWork, path: CurrentAsset, ref: str | None = None, metric: str | None = None,
    lowest: bool | None = None, best: bool = False,
) -> LeaderboardInfo:  # fmt: skip
    """What was evaluated on a dataset (or on its version `ref`), across the models that you may see, best first.

    Without `metric` by the most common one; `lowest` says whether less is better, where the metric's name does not
    tell; `best` keeps the best of each model alone.
    """
    found = leaderboards.read_leaderboard(work, path, ref=ref, metric=metric, lowest=lowest, best=best)
    standings = [
        StandingInfo(
            place=one.place, model=one.path, refs=list(one.refs),
            evaluation=evaluation_info(one.evaluation, list(one.refs)),
        )
        for one in found.standings
    ]  # fmt: skip
    return LeaderboardInfo(
        dataset=found.dataset, metric=found.metric, lowest=found.lowest, metrics=list(found.metrics),
        standings=standings, cut=found.cut,
    )  # fmt: skip


@router.get("/evaluations/{id}")
def get_evaluation(work: CurrentWork, id: UUID) -> EvaluationInfo:
    return evaluation_info(evaluations.get_evaluation(work, id), [])


@router.delete("/evaluations/{id}", status_code=204)
def delete_evaluation(work: CurrentWork, id: UUID) -> None:
    evaluations.delete_evaluation(work, id)


@router.get("/evaluations/{id}/reports/{file:path}", response_class=Response)
def read_report(request: Request, hub: CurrentHub, caller: CurrentCaller, id: UUID, file: str) -> Response:
    """The bytes of a report that the evaluation left."""
    with hub.work(caller, reading=True) as work:
        opened = evaluations.open_report(work, id, file)
    return send_file(request, opened)
