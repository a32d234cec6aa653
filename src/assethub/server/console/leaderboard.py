"""The leaderboard of a dataset: what was evaluated on it, across models."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.evaluations import Leaderboard, best_of
from assethub.server.console.pages import CurrentPage
from assethub.server.dependencies import CurrentAsset
from assethub.services import leaderboards, summaries

router = APIRouter()
COLUMNS = 8
PAGE = 100


@router.get("/{owner}/{kind}/{folder}/{name}/-/leaderboard")
def show(
    page: CurrentPage, path: CurrentAsset, ref: str | None = None, metric: str | None = None,
    lowest: bool | None = None, all: bool = False, at: int = 0,
) -> Response:  # fmt: skip
    """The best of each model, or (`all`) every evaluation."""
    with page.reading() as work:
        asset = summaries.overview(work, path)
        found = leaderboards.read_leaderboard(
            work, asset.path, ref=ref or None, metric=metric or None, lowest=lowest, best=not all
        )  # fmt: skip
    names = sorted(found.metrics, key=lambda name: name != found.metric)[:COLUMNS]
    rows = found.standings[max(at, 0) * PAGE :][:PAGE]
    return page.render(
        "asset/leaderboard.html", asset=asset, tab="leaderboard", found=found, names=names, rows=rows, ref=ref,
        metric=metric, all=all, at=at, more=len(found.standings) > (at + 1) * PAGE, bounds=bounds(found),
        best={name: best_of(name, [one.evaluation.metrics.get(name) for one in found.standings]) for name in names},
    )  # fmt: skip


def bounds(found: Leaderboard) -> tuple[float, float] | None:
    """Between which values the metric lies, if there are two."""
    values = [one.evaluation.metrics.get(found.metric or "") for one in found.standings]
    told = [value for value in values if value is not None]
    return (min(told), max(told)) if len(set(told)) > 1 else None
