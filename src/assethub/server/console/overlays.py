"""Curves of several runs laid over one another."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from assethub.domain.runs import Curve
from assethub.server.console.pages import CurrentPage
from assethub.services.overlays import overlay_runs

router = APIRouter()
BUCKETS, FEW = 300, 20  # of each curve; fewer where there are more runs than these
LEAST_BUCKETS = 120


@router.get("/runs/overlay.json")
def overlay(
    page: CurrentPage, run: Annotated[list[str] | None, Query()] = None,
    name: Annotated[list[str] | None, Query()] = None,
) -> Response:  # fmt: skip
    """Of each metric the curves by run, as curves.js draws them."""
    asked = run or []
    with page.reading() as work:
        found = overlay_runs(work, asked, name or (), buckets=BUCKETS if len(asked) <= FEW else LEAST_BUCKETS)
    charts: dict[str, dict[int, Any]] = {}
    for one, curve in found.curves:
        charts.setdefault(curve.name, {})[one.number] = columns_of(curve)
    return JSONResponse({"names": list(found.names), "charts": charts})


def columns_of(curve: Curve) -> dict[str, Any]:
    """`t` is in seconds after the curve's first point."""
    first = next((at for at in curve.time if at is not None), 0.0)
    return {
        "x": short(curve.x), "mean": short(curve.mean),
        "t": [None if at is None else round(at - first, 1) for at in curve.time],
    }  # fmt: skip


def short(column: Sequence[float | None]) -> list[float | None]:
    """Five digits are more than a chart shows; steps are whole mostly, and stay so."""
    return [one if one is None or one == int(one) else float(f"{one:.5g}") for one in column]
