"""Evaluations on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from assethub.protocol.wire import Info, Message


class NewEvaluation(Message):
    """Metrics of the model at `ref` on the dataset that `dataset` (a reference) names."""

    ref: str = "main"
    dataset: str
    metrics: dict[str, Any]


class ReportInfo(Info):
    path: str
    sha256: str
    size: int


class StandingInfo(Info):
    """An evaluation among those on a dataset; `place` counts from 1, null without the metric. `refs`: of the model."""

    place: int | None
    model: str
    refs: list[str]
    evaluation: "EvaluationInfo"


class LeaderboardInfo(Info):
    """Best first by `metric`. `metrics`: all there are, the most common first; `cut`: older ones were left out."""

    dataset: str
    metric: str | None
    lowest: bool
    metrics: list[str]
    standings: list[StandingInfo]
    cut: bool


class EvaluationInfo(Info):
    id: UUID
    commit: str
    refs: list[str] = Field(default_factory=list)
    dataset: str
    dataset_commit: str
    metrics: dict[str, float | None]
    reports: list[ReportInfo]
    run: UUID | None
    run_number: int | None
    provenance: dict[str, Any]
    created_by: str
    created_at: datetime
