"""Runs: one execution of a task, with everything pinned, and the life it may lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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


@dataclass(frozen=True)
class MetricPoint:
    step: float | None
    at: datetime
    values: Mapping[str, float | None]
