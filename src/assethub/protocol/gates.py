"""Gates on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from assethub.protocol.wire import Info, Message


class NewGate(Message):
    """`rule` is METRIC >= or <= NUMBER, or `main` give or take a tolerance: `accuracy >= main - 0.01`.

    `dataset` is a path. With `by_run`, numbers that were entered by hand do not count.
    """

    dataset: str
    rule: str = Field(max_length=400)
    by_run: bool = False


class GateInfo(Info):
    """`dataset` is left out when it was deleted, or when you may not see it."""

    id: UUID
    dataset: str | None
    rule: str
    metric: str
    by_run: bool
    created_by: str
    created_at: datetime


class GateStateInfo(Info):
    """How a version stands at a gate.

    `standing`: passed, failed, unevaluated, main-unevaluated, unmeasured, mixed or dataset-gone; `said` is a sentence.
    `missing` is the commit whose evaluation on the gate's dataset is missing.
    """

    gate: GateInfo
    passed: bool
    standing: str
    said: str
    value: float | None
    limit: float | None
    evaluation: UUID | None
    missing: str | None
