"""Runs side by side: their curves over one another, and a table that sorts by whatever differs."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from assethub.domain.comparison import Measure, RunComparison
from assethub.domain.evaluations import best_of, lower_is_better
from assethub.domain.runs import Run
from assethub.server.console.pages import CurrentPage
from assethub.server.console.parallel import Cell, draw
from assethub.services.run_comparison import compare_runs

router = APIRouter()
SIDE_BY_SIDE = 20  # runs that a table has a column for each
CHARTS = 2  # metrics that are drawn at first
PARAM, METRIC = "param.", "metric."
Runs = Annotated[list[str] | None, Query()]


@dataclass(frozen=True)
class Column:
    """A parameter or a metric of all runs: `key` is what it is sorted by, `differs` whether it tells them apart."""

    key: str
    name: str
    values: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1

    @property
    def best(self) -> float | None:
        if not self.key.startswith(METRIC):
            return None
        return best_of(self.name, [one for one in self.values if isinstance(one, float)])


@router.get("/runs/compare")
def compare(page: CurrentPage, run: Runs = None, by: str | None = None, falling: bool | None = None) -> Response:
    """The runs that were chosen in a list."""
    found = compare_runs(page.hub, page.caller, run or [])
    params, metrics = columns_of(found)
    folders = dict.fromkeys(one.folder for each in found.runs for one in each.inputs)
    inputs = {
        folder: [next((one for one in each.inputs if one.folder == folder), None) for each in found.runs]
        for folder in folders
    }
    chosen = next((one for one in [*params, *metrics] if one.key == by), None)
    if falling is None:
        falling = chosen is not None and chosen.key.startswith(METRIC) and not lower_is_better(chosen.name)
    moving = {name for name, row in found.metrics.items() if any(one and one.lowest != one.highest for one in row)}
    drawn = sorted(metrics, key=lambda one: (one.name not in moving, "/" in one.name, one.name))
    told = {one.name: one.values for one in [*params, *metrics]}
    ranked = chosen if chosen and chosen.key.startswith(METRIC) else next(iter(drawn), None)
    parallel = draw(
        told, [one.number for one in found.runs], ranked.name if ranked else None,
        lower_is_better(ranked.name if ranked else ""),
    )  # fmt: skip
    return page.render(
        "compare-runs.html", found=found, runs=found.runs, inputs=inputs, params=params, metrics=metrics,
        drawing=parallel,
        order=ordered(found.runs, chosen, falling), by=by, falling=falling, side=len(found.runs) <= SIDE_BY_SIDE,
        best={one.name: one.best for one in metrics}, drawn=[one.name for one in drawn[:CHARTS]],
        asked=urlencode([("run", one.number) for one in found.runs]),
        told=[{"number": one.number, "label": label(one)} for one in found.runs],
    )  # fmt: skip


@router.get("/runs/compare.csv")
def compare_csv(page: CurrentPage, run: Runs = None) -> Response:
    """The table as comma-separated values, a run a line."""
    found = compare_runs(page.hub, page.caller, run or [])
    columns = [one for several in columns_of(found) for one in several]
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["run", "state", "task", "model", "branch", "commit", "code", *(one.key for one in columns)])
    for at, one in enumerate(found.runs):
        told: list[Cell] = [one.number, one.state, one.type, one.path, one.branch, one.commit, one.code.sha]
        rows.writerow([plain(value) for value in [*told, *(column.values[at] for column in columns)]])
    headers = {"Content-Disposition": 'attachment; filename="runs.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def plain(value: Cell) -> Cell:
    """What a spreadsheet would take for a formula stays a text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def label(run: Run) -> str:
    return f"{run.number} · {run.branch}" if run.branch else f"{run.number}"


def columns_of(found: RunComparison) -> tuple[list[Column], list[Column]]:
    """Parameters and metrics, those that differ first."""
    params = [Column(f"{PARAM}{name}", name, row) for name, row in found.params.items()]
    metrics = [Column(f"{METRIC}{name}", name, tuple(map(final, row))) for name, row in found.metrics.items()]
    return sorted(params, key=lambda one: not one.differs), metrics


def final(one: Measure | None) -> float | None:
    return one.final if one else None


def ordered(runs: Sequence[Run], by: Column | None, falling: bool) -> list[int]:
    """The places of the runs in the order of a column; those without a value last."""
    if by is None:
        return list(range(len(runs)))
    values = by.values
    there = [at for at, value in enumerate(values) if value is not None]
    there.sort(key=lambda at: sorting(values[at]), reverse=falling)
    return there + [at for at, value in enumerate(values) if value is None]


def sorting(value: Cell) -> tuple[bool, float, str]:
    """Numbers as numbers and before texts."""
    number = isinstance(value, int | float)
    return not number, float(value) if isinstance(value, int | float) else 0.0, "" if number else str(value)
