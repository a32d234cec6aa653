"""Runs on the wire: for people and for the runner."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from assethub.protocol.assets import Params
from assethub.protocol.history import HASH
from assethub.protocol.wire import Info, Message


class NewRun(Message):
    """What is left out comes from the model's training settings.

    train: `model` (path) and `branch`; continue: also `checkpoint` (a model reference); evaluate: `model` with `ref`.
    """

    type: str = Field(pattern="^(train|continue|evaluate)$")
    model: str
    ref: str | None = None
    branch: str | None = None
    checkpoint: str | None = None
    datasets: list[str] = Field(default_factory=list)
    git: str | None = None
    revision: str | None = None
    subpath: str | None = None
    params: Params = Field(default_factory=dict)
    onto_existing: bool = False


class CodeInfo(Info):
    url: str
    revision: str
    sha: str
    subpath: str
    name: str


class InputInfo(Info):
    folder: str
    path: str
    ref: str
    commit: str


class RunInfo(Info):
    id: UUID
    number: int
    type: str
    state: str
    reason: str | None
    path: str
    branch: str | None
    code: CodeInfo
    inputs: list[InputInfo]
    params: Params
    engine: str
    attempt: int
    exit_code: int | None
    commit: str | None
    evaluation: UUID | None
    environment: dict[str, Any]
    creator: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class LogLineInfo(Info):
    number: int
    at: datetime
    stream: str
    text: str


class LogPage(Info):
    """Lines after `after`, in order; `next` is the number to ask after for more, `ended` when none will come."""

    lines: list[LogLineInfo]
    next: int
    ended: bool


class PointInfo(Info):
    step: float | None
    at: datetime
    values: dict[str, float | None]


class MetricsPage(Info):
    points: list[PointInfo]
    next: int
    ended: bool


class Claim(Message):
    nonce: str = Field(min_length=8, max_length=200)
    host: str = ""
    pid: int = 0


class Claimed(Info):
    token: str
    work: dict[str, Any]


class StateReport(Message):
    state: str = Field(pattern="^(preparing|running|saving)$")


class LogBatch(Message):
    batch: int = Field(ge=0)
    lines: list[tuple[float, str, str]] = Field(default_factory=list, max_length=5000)


class PointReport(Message):
    step: float | None = None
    time: float
    values: dict[str, float | None]


class MetricsBatch(Message):
    batch: int = Field(ge=1)
    points: list[PointReport] = Field(max_length=5000)


class Acknowledged(Info):
    cancel: bool


class OutputFile(Message):
    path: str
    sha256: str = Field(pattern=HASH)
    size: int = Field(ge=0)
    mtime: datetime | None = None


class Result(Message):
    outcome: str = Field(pattern="^(succeeded|failed|cancelled)$")
    reason: str | None = Field(default=None, max_length=10_000)
    exit_code: int | None = None
    output: list[OutputFile] = Field(default_factory=list)
    metrics: dict[str, Any] | None = None
    reports: list[OutputFile] = Field(default_factory=list)
    environment: dict[str, Any] = Field(default_factory=dict)


class Ended(Info):
    state: str
    reason: str | None
    commit: str | None
