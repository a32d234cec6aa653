"""What every engine does: place runners, and say how they fare. tests/conformance/test_executors.py holds for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from assethub.domain.errors import Unavailable
from assethub.domain.queue import Offers

Handle = Mapping[str, Any]  # JSON that finds a submitted run again


class EngineUnavailable(Unavailable):
    """The engine does not answer; nothing about its runs may be concluded from that."""


class State(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # the engine answers, and knows nothing of the run and of no exit
    UNKNOWN = "unknown"  # the engine cannot say now; never to be taken for an end


@dataclass(frozen=True)
class Status:
    state: State
    code: int | None = None
    reason: str | None = None

    @property
    def ended(self) -> bool:
        return self.state in (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.LOST)


@dataclass(frozen=True)
class Capabilities:
    multi_node: bool
    gpus: bool
    live_logs: bool
    images: bool = False  # whether runs may name a container image


@dataclass(frozen=True)
class Isolation:
    """Whether runs reach nothing but what is theirs.

    `problem` is why they are not kept from the rest, if so, and `remedy` what an administrator can do, each a part of
    a sentence; `required`: no run may start then.
    """

    problem: str | None = None
    remedy: str | None = None
    required: bool = False


@dataclass(frozen=True)
class RunSpec:
    """What a runner needs to begin; `claim` is a secret, `memory` a size such as 4Gi, `grace` seconds."""

    run: str
    attempt: int
    endpoint: str
    claim: str
    cpus: float
    memory: str | None
    gpus: int
    grace: float
    gpu_ids: tuple[str, ...] = ()  # the cards that are the run's own, where the hub leases them


class Executor(Protocol):
    @property
    def name(self) -> str: ...

    def capabilities(self) -> Capabilities: ...

    def offers(self) -> Offers | None:
        """What runs may hold of it at once; None: the engine itself sees to what fits."""

    def isolation(self) -> Isolation:
        """What holds for the runs that are submitted from now on."""

    def submit(self, spec: RunSpec, key: str) -> Handle:
        """Start a runner. A key that was submitted before is answered with its handle and not started again."""

    def poll(self, handles: Sequence[Handle]) -> list[Status]:
        """How each fares, in the order asked. EngineUnavailable if the engine is away."""

    def logs(self, handle: Handle, offset: int) -> tuple[bytes, int]:
        """What the runner itself printed from a byte offset on, and the offset to go on from."""

    def cancel(self, handle: Handle, grace: float) -> None:
        """Ask all its processes to stop, and kill them after `grace` seconds; the end still comes from `poll`."""

    def find(self, key: str) -> Handle | None:
        """The handle of a submission whose answer was lost."""

    def held_keys(self) -> list[str]:
        """Every key of which the engine holds something."""

    def cleanup(self, handle: Handle) -> None:
        """Forget an ended run and what it left; does nothing while it goes on."""

    def forget(self, sha256: str) -> None:
        """Remove a content from what runs share on the hub's machine."""
