"""Metrics of model versions: entered, listed, compared."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from assethub.database.renames import NOTHING
from assethub.domain.assets import Asset
from assethub.domain.errors import Invalid, NotFound
from assethub.domain.evaluations import Evaluation, Report, check_metrics
from assethub.domain.folders import Role
from assethub.domain.history import Commit
from assethub.domain.names import AssetPath, Kind, Reference
from assethub.domain.objects import Entry, guess_type
from assethub.services import versions
from assethub.services.objects import OpenFile, locate
from assethub.services.work import Work


def create_evaluation(work: Work, model: Reference, dataset: Reference, metrics: Mapping[str, Any]) -> Evaluation:
    """Enter metrics by hand, bound to the commits that both references name now."""
    asset, commit = model_version(work, model, needs=Role.EDITOR)
    data, data_commit = dataset_version(work, dataset)
    made = keep_evaluation(work, asset, commit, data, data_commit.id, metrics, created_by=work.person.name)
    work.record(
        "evaluation.create", f"{asset.path}:{commit.id}", folder=asset.folder, evaluation=str(made.id),
        dataset=f"{data.path}:{data_commit.id}",
    )  # fmt: skip
    return made


def model_version(work: Work, reference: Reference, *, needs: Role) -> tuple[Asset, Commit]:
    if reference.asset.kind is not Kind.MODEL:
        raise Invalid(f"{reference.asset} is a dataset; evaluations are of models.")
    return versions.version(work, reference, needs=needs)


def dataset_version(work: Work, reference: Reference) -> tuple[Asset, Commit]:
    if reference.asset.kind is not Kind.DATASET:
        raise Invalid(f"{reference.asset} is a model; name a dataset here.")
    return versions.version(work, reference)


def keep_evaluation(
    work: Work,
    model: Asset,
    commit: Commit,
    dataset: Asset,
    dataset_commit: str,
    metrics: Mapping[str, Any],
    *,
    created_by: str,
    reports: tuple[Report, ...] = (),
    run: tuple[UUID, int] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Evaluation:
    evaluation = Evaluation(
        id=work.new_id(), asset=model.id, commit=commit.id, dataset=dataset.id, dataset_path=str(dataset.path),
        dataset_commit=dataset_commit, metrics=check_metrics(metrics), reports=reports, run=run[0] if run else None,
        run_number=run[1] if run else None, provenance=dict(provenance or {}), created_by=created_by,
        created_at=work.now(),
    )  # fmt: skip
    work.evaluations.add(evaluation, commit.content)
    return evaluation


def list_evaluations(work: Work, path: AssetPath, ref: str | None = None) -> list[tuple[Evaluation, list[str]]]:
    """Newest first, each with the refs that now show its model files; of one version, or of the whole model."""
    work.refuse_runs()
    asset, _ = model_version(work, Reference(path), needs=Role.VIEWER)
    contents = None if ref is None else [versions.commit_at(work, asset, ref).content]
    found = work.evaluations.of(asset.id, contents=contents)
    digests = work.evaluations.contents([evaluation.id for evaluation in found])
    shown: dict[str, list[str]] = {}
    for content, name in work.refs.showing(asset.id, digests.values()):
        shown.setdefault(content, []).append(name)
    return [(evaluation, shown.get(digests[evaluation.id], [])) for evaluation in found]


def get_evaluation(work: Work, id: UUID, *, needs: Role = Role.VIEWER) -> Evaluation:
    work.refuse_runs()
    evaluation = work.evaluations.get(id)
    try:  # looked up for one that is not there too, so that it ends like one that is not theirs
        work.asset_by_id(evaluation.asset if evaluation else NOTHING, needs=needs)
    except NotFound:
        evaluation = None
    if evaluation is None:
        raise work.hidden("evaluation", id)
    return evaluation


def delete_evaluation(work: Work, id: UUID) -> None:
    found = get_evaluation(work, id, needs=Role.EDITOR)
    asset = work.asset_by_id(found.asset, needs=Role.EDITOR)
    work.evaluations.delete(found.id)
    work.record(
        "evaluation.delete", f"{asset.path}:{found.commit}", folder=asset.folder, evaluation=str(found.id),
        dataset=f"{found.dataset_path}:{found.dataset_commit}",
    )  # fmt: skip


def open_report(work: Work, id: UUID, path: str) -> OpenFile:
    return report_of(work, get_evaluation(work, id), path)


def reports_of(work: Work, evaluation: Evaluation) -> list[OpenFile]:
    """All reports of an evaluation that the caller may see."""
    located = locate(work, {report.sha256 for report in evaluation.reports})
    return [
        OpenFile(
            work.hub, one.path, Entry(one.sha256, one.size, evaluation.created_at, guess_type(one.path)),
            located[one.sha256],
        )
        for one in evaluation.reports
    ]  # fmt: skip


def report_of(work: Work, evaluation: Evaluation, path: str) -> OpenFile:
    """A report of an evaluation that the caller may see."""
    for report in evaluation.reports:
        if report.path == path:
            entry = Entry(report.sha256, report.size, evaluation.created_at, guess_type(path))
            return OpenFile(work.hub, path, entry, locate(work, [report.sha256])[report.sha256])
    raise NotFound.named("report", path)
