"""Runs: one execution of a task, with everything pinned, and the life it may lead."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID


class RunType(StrEnum):
    TRAIN = "train"
    CONTINUE = "continue"
    EVALUATE = "evaluate"


class RunState(StrEnum):
    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    SAVING = "saving"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def final(self) -> bool:
        return self in FINAL


HERE = "here"  # the engine of runs that people run on machines of their own


class Priority(IntEnum):
    """Who goes first in the queue."""

    LOW = -1
    NORMAL = 0
    HIGH = 1

    @property
    def word(self) -> str:
        return self.name.lower()


class RunOrder(StrEnum):
    """How a list of runs is sorted; among equals the newest come first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    MODEL = "model"
    CREATOR = "creator"
    STATE = "state"
    ENDED = "ended"  # those that ended last first


@dataclass(frozen=True)
class RunFilter:
    """Which runs are meant; what is left out chooses all. `text` is in the branch's or the model's name."""

    states: tuple[RunState, ...] = ()
    type: RunType | None = None
    creator: str | None = None
    text: str | None = None


FINAL = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.LOST})
ACTIVE = frozenset(RunState) - FINAL
EDGES: Mapping[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.PREPARING}) | FINAL - {RunState.SUCCEEDED},
    RunState.PREPARING: frozenset({RunState.RUNNING, RunState.QUEUED}) | FINAL - {RunState.SUCCEEDED},
    RunState.RUNNING: frozenset({RunState.SAVING, RunState.QUEUED}) | FINAL - {RunState.SUCCEEDED},
    RunState.SAVING: frozenset({RunState.QUEUED}) | FINAL,
    **dict.fromkeys(FINAL, frozenset()),
}


@dataclass(frozen=True)
class Code:
    """A Git repository at a commit."""

    url: str
    revision: str
    sha: str
    subpath: str

    @property
    def name(self) -> str:
        return self.url.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1].rsplit(":", 1)[-1] or "code"


@dataclass(frozen=True)
class CodeRefs:
    """The branches and tags of a Git repository, and the branch that is taken where none is named."""

    url: str
    default: str | None
    branches: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Input:
    """A dataset or checkpoint at a commit, and the folder of the workspace that holds it."""

    folder: str
    asset: UUID
    path: str
    ref: str
    commit: str


@dataclass(frozen=True)
class Run:
    id: UUID
    number: int
    type: RunType
    state: RunState
    reason: str | None
    asset: UUID
    path: str
    branch: str | None
    onto_existing: bool
    base: str | None  # the commit that the output is laid over; None: starts empty
    code: Code
    inputs: tuple[Input, ...]
    params: Mapping[str, str | int | float | bool]
    task: Mapping[str, Any]
    engine: str
    attempt: int
    nonce: str | None
    handle: Mapping[str, Any] | None
    cancel_requested_at: datetime | None
    exit_code: int | None
    commit: str | None
    evaluation: UUID | None
    environment: Mapping[str, Any]
    created_by: UUID
    creator: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    seen_at: datetime | None
    sweep: UUID | None = None  # with which others it was started
    follows: UUID | None = None  # the run whose success started it
    latest: Mapping[str, float | None] = field(default_factory=dict)  # the newest value of each metric
    sweep_number: int | None = None
    leader: int | None = None  # number of the run that it follows
    follower: int | None = None  # number of the run that follows it
    priority: Priority = Priority.NORMAL
    fence: int = 0  # counts the claims of whoever placed it: what an earlier one still writes is refused
    lease_until: datetime | None = None  # somebody places it now, or began to and was stopped
    gpus: tuple[str, ...] = ()  # the cards that it holds on the engine's machine
    checkpoint: str | None = None  # the last commit of its output while it went on
    laid_over: str | None = None  # what the branch was at before its first checkpoint
    checkpoints: int = 0

    @property
    def untouched(self) -> bool:
        """Whether nothing of it can be on an engine."""
        return self.state is RunState.QUEUED and self.handle is None and self.lease_until is None

    @property
    def key(self) -> str:
        """The name of this attempt on every engine."""
        return f"hub-{self.id}-{self.attempt}"


@dataclass(frozen=True)
class LogLine:
    number: int
    at: datetime
    stream: str  # out | err | hub
    text: str
    rank: int | None = None  # of several processes, the one that said it


@dataclass(frozen=True)
class MetricPoint:
    step: float | None
    at: datetime
    values: Mapping[str, float]  # also NaN and infinities


@dataclass(frozen=True)
class Curve:
    """A metric over its points, drawn in buckets of consecutive ones; a bucket of one point has its value as `mean`.

    `at` is the number of a bucket's first point, counted from 0, `x` its step (its number where it has none), `count`
    how many finite values the bucket has, and `odd` how many that are not: `mean`, `least` and `most` are of the
    former, and None without any. `time` is that of the first point, in seconds since 1970; None where an older hub
    did not keep it.
    """

    name: str
    at: list[int]
    x: list[float]
    mean: list[float | None]
    least: list[float | None]
    most: list[float | None]
    count: list[int]
    odd: list[int]
    time: list[float | None]


@dataclass(frozen=True)
class Step:
    """A state that an attempt of a run came into, and when; the state that it ended in is the run's own."""

    attempt: int
    state: RunState
    at: datetime


@dataclass(frozen=True)
class Sample:
    """What all processes of a run used of their machine at a time, by name.

    `cpu` is in cores, averaged since the sample before; `memory`, `disk` and `gpu_memory` are bytes, `gpu` is the
    share of the time that its cards were busy, from 0 to 1. What the machine does not tell is left out.
    """

    at: datetime
    values: Mapping[str, float]


@dataclass(frozen=True)
class Segment:
    """A part of a run's log or points in an object: lines or points up to the number `last`, `count` of them."""

    kind: str  # log | points
    tier: int
    last: int
    count: int
    head: int
    size: int
    object: str = ""


def moment_of(seconds: float) -> datetime:
    """A time that a run told: outside of what there are dates for, the nearest."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), LATEST), UTC)


NUMBER_KINDS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
LATEST = 253_402_300_799.0  # the end of the year 9999


def kind_of_number(value: float) -> str | None:
    """What a number is that JSON has not; None for others."""
    if value != value:
        return "nan"
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(value)
