"""Evaluations: metrics of one model commit on one dataset commit."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from assethub.domain.errors import Invalid


@dataclass(frozen=True)
class Report:
    """A file that an evaluation left beside its metrics."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Evaluation:
    id: UUID
    asset: UUID
    commit: str
    dataset: UUID
    dataset_path: str
    dataset_commit: str
    metrics: Mapping[str, float | None]
    reports: tuple[Report, ...]
    run: UUID | None
    run_number: int | None
    provenance: Mapping[str, Any]
    created_by: str
    created_at: datetime


LOWER_IS_BETTER = ("loss", "error", "latency", "perplexity", "wer", "cer", "mae", "mse", "rmse")


def lower_is_better(name: str) -> bool:
    """Whether less of a metric is more, as far as its name tells."""
    return any(word in name.lower() for word in LOWER_IS_BETTER)


def best_of(name: str, values: Iterable[float | None]) -> float | None:
    """The best of several values of a metric; None unless there are at least two."""
    told = [value for value in values if value is not None]
    if len(told) < 2:
        return None
    return min(told) if lower_is_better(name) else max(told)


@dataclass(frozen=True)
class Standing:
    """An evaluation among those on one dataset: its model, the refs that show the evaluated files now, its place.

    `place` counts from 1 by the metric that the leaderboard is sorted by, equal values share one; None without a value.
    """

    evaluation: Evaluation
    path: str
    refs: tuple[str, ...]
    place: int | None


@dataclass(frozen=True)
class Leaderboard:
    """Best first. `metrics` are those of all its evaluations, the most common first; `cut`: there are older ones."""

    dataset: str
    metric: str | None
    lowest: bool
    metrics: tuple[str, ...]
    standings: tuple[Standing, ...]
    cut: bool


def flat_metrics(values: Mapping[str, Any], prefix: str = "") -> dict[str, float | None]:
    """Every number of a metrics document by its dotted name; NaN and infinities become None, texts are left out."""
    flat: dict[str, float | None] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat.update(flat_metrics(value, f"{key}."))
        elif isinstance(value, list):
            flat.update(flat_metrics({str(at): item for at, item in enumerate(value)}, f"{key}."))
        elif isinstance(value, bool):
            flat[key] = float(value)
        elif isinstance(value, int | float):
            flat[key] = float(value) if math.isfinite(value) else None
    return flat


def check_metrics(values: Mapping[str, Any]) -> dict[str, float | None]:
    flat = flat_metrics(values)
    if not flat:
        raise Invalid("The metrics hold no number; an evaluation needs at least one, such as accuracy=0.97.")
    if len(flat) > 1000:
        raise Invalid(f"The metrics hold {len(flat)} numbers; at most 1,000 are kept. Put the rest into a report file.")
    return flat
