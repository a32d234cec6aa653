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
