"""Evaluations of a model: table, chart, and metrics entered by hand."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.evaluations import Evaluation, best_of
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath, Reference
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, lines_of, text_of, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import evaluations, summaries

router = APIRouter()
COLUMNS = 6
CURVES = 4


@router.get("/{owner}/{kind}/{folder}/{name}/-/evaluations")
def list_evaluations(
    page: CurrentPage, path: CurrentAsset, ref: str | None = None, dataset: str | None = None
) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        found = evaluations.list_evaluations(work, path, ref)
    datasets = sorted({one.dataset_path for one, _ in found})
    rows = [(one, refs) for one, refs in found if dataset in (None, one.dataset_path)]
    names = list(dict.fromkeys(name for one, _ in rows for name in one.metrics))
    shown = sorted(names, key=lambda name: ("." in name, names.index(name)))[:COLUMNS]
    leading = {name: best_of(name, [one.metrics.get(name) for one, _ in rows]) for name in shown}
    return page.render(
        "asset/evaluations.html", asset=asset, tab="evaluations", rows=rows, datasets=datasets, dataset=dataset,
        columns=shown, ref=ref, best=leading,
        chart=chart(list(reversed(rows)), [name for name in shown if "." not in name][:CURVES]),
    )  # fmt: skip


def chart(rows: list[tuple[Evaluation, list[str]]], names: list[str]) -> dict[str, object] | None:
    """Scores by version, oldest first, as curves.js draws them."""
    if len(rows) < 2 or not names:
        return None
    return {
        "x": list(range(len(rows))),
        "ticks": [refs[0] if refs else row.commit[:8] for row, refs in rows],
        "series": [{"label": name, "values": [row.metrics.get(name) for row, _ in rows]} for name in names],
    }


@router.get("/{owner}/{kind}/{folder}/{name}/-/new-evaluation")
def new_form(page: CurrentPage, path: CurrentAsset, ref: str | None = None) -> Response:
    return show_form(page, path, ref or "main", None, "", "")


@router.post("/{owner}/{kind}/{folder}/{name}/-/new-evaluation")
def new(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    ref, dataset = text_of(form, "ref") or "main", text_of(form, "dataset") or ""
    try:
        metrics = dict(number_of(line) for line in lines_of(form, "metrics"))
        with page.writing() as work:
            given = Reference.parse(dataset, me=page.person.name)
            evaluations.create_evaluation(work, Reference(path, ref), given, metrics)
    except HubError as refusal:
        return show_form(page, path, ref, str(refusal), dataset, text_of(form, "metrics") or "")
    return page.go(url_of(path, "evaluations"))


def number_of(line: str) -> tuple[str, float]:
    name, _, value = line.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise Invalid(f"{line!r} is not NAME=NUMBER, such as accuracy=0.97.") from None


def show_form(page: Page, path: AssetPath, ref: str, problem: str | None, dataset: str, metrics: str) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, needs=Role.EDITOR)
    given = dataset or next(iter(asset.asset.training.datasets), "")
    return page.render(
        "asset/new-evaluation.html", 422 if problem else 200, asset=asset, tab="evaluations", problem=problem, ref=ref,
        dataset=given, metrics=metrics,
    )  # fmt: skip
