"""What the runner of a run and the hub tell each other."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from assethub.protocol.history import HASH
from assethub.protocol.wire import Info, Message

Moment = Annotated[float, Field(allow_inf_nan=False)]
Stream = Literal["out", "err", "hub"]
Text = Annotated[str, Field(max_length=64 << 10)]
Line = tuple[Moment, Stream, Text] | tuple[Moment, Stream, Text, Annotated[int, Field(ge=0, lt=1 << 16)] | None]
MetricName = Annotated[str, Field(max_length=500)]


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
    lines: list[Line] = Field(default_factory=list, max_length=5000)


class PointReport(Message):
    step: float | None = Field(default=None, allow_inf_nan=False)
    time: float = Field(allow_inf_nan=False)
    values: dict[MetricName, Annotated[float, Field(allow_inf_nan=False)] | None] = Field(max_length=1000)
    kinds: dict[str, Literal["nan", "inf", "-inf"]] = Field(default_factory=dict, max_length=1000)


class MetricsBatch(Message):
    batch: int = Field(ge=1)
    points: list[PointReport] = Field(max_length=5000)


class SampleReport(Message):
    time: Moment
    values: dict[Annotated[str, Field(max_length=40)], Moment] = Field(max_length=20)


class SystemBatch(Message):
    batch: int = Field(ge=1)
    samples: list[SampleReport] = Field(max_length=100)


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


class Checkpoint(Message):
    output: list[OutputFile]


class CheckpointInfo(Info):
    """The commit of what the run's output held while it went on; `number` counts those of the run."""

    commit: str
    branch: str
    number: int


class Ended(Info):
    state: str
    reason: str | None
    commit: str | None
