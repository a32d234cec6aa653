"""The queue of an engine: whose turn it is, what fits beside what is placed, and why the others wait.

Runs of a higher priority go first. Within a priority users take turns: a run's turn is the number of its user's runs
under way and waiting before it, so that nobody's tenth run goes before somebody's first; the older run breaks a tie.
A run that waits for a user's or a group's limit lets the others pass. The first run that waits for CPUs, memory or GPUs
keeps what is free of what it asks for, so that those which pass it never make it wait longer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.domain.runs import Priority
from assethub.domain.sizes import parse_size, size

SLACK = 1e-9  # of counts of CPUs, which may be fractions


class QueueState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"  # takes runs and places none
    DRAINING = "draining"  # takes no more runs and places those that it has


class Cause(StrEnum):
    """What a run waits for."""

    NEXT = "next"  # nothing: the next round places it
    PLACING = "placing"  # it is being handed to the engine
    ENGINE = "engine"  # the engine has it and has not begun it
    PAUSED = "paused"
    RUNS = "runs"
    USER = "user"
    GROUP = "group"
    CPUS = "cpus"
    MEMORY = "memory"
    GPUS = "gpus"


@dataclass(frozen=True)
class Need:
    """What a run asks for; memory in bytes."""

    cpus: float = 1
    memory: int = 0
    gpus: int = 0

    @classmethod
    def of(cls, resources: Mapping[str, Any]) -> "Need":
        return cls(resources["cpus"], memory_bytes(resources["memory"]), resources["gpus"])


def memory_bytes(written: str | None) -> int:
    """The bytes of 4Gi, 512M or 100; none is not counted."""
    return parse_size(written if written.upper().endswith("B") else f"{written}B") if written else 0


@dataclass(frozen=True)
class MachineSettings:
    """What an administrator lets runs hold of the hub's machine; None: all that it has."""

    cpus: float | None = None
    memory: int | None = None
    gpus: tuple[str, ...] | None = None


ALL_OF_IT = MachineSettings()


@dataclass(frozen=True)
class Offers:
    """What a machine has for runs; GPUs by the ids that CUDA_VISIBLE_DEVICES takes."""

    cpus: float
    memory: int
    gpus: tuple[str, ...] = ()

    def check(self, need: Need, engine: str) -> None:
        """Invalid if a run asks for more than there is, however empty the machine."""
        for more, asked, there in (
            (need.cpus > self.cpus + SLACK, f"{need.cpus:g} CPUs", f"{self.cpus:g}"),
            (need.gpus > len(self.gpus), f"{need.gpus} GPUs", f"{len(self.gpus) or 'none'}"),
            (need.memory > self.memory, f"{size(need.memory)} of memory", size(self.memory)),
        ):
            if more:
                raise Invalid(
                    f"The task asks for {asked}, and the engine {engine!r} has {there}. Ask for less under `resources` "
                    "in the task file."
                )


@dataclass(frozen=True)
class Queue:
    """What administrators decided; a limit that is None does not hold."""

    engine: str
    state: QueueState = QueueState.OPEN
    note: str = ""  # why, as they said it
    runs: int | None = None  # under way at once; None: as the hub's setting `slots` says
    per_user: int | None = None
    per_group: int | None = None
    changed_by: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Queued:
    run: UUID
    number: int
    priority: Priority
    user: UUID
    group: UUID | None  # that owns the folder of its model
    need: Need


@dataclass(frozen=True)
class Holding:
    """What a run holds of the engine, from its claim until its processes are gone."""

    run: UUID
    number: int
    user: UUID
    group: UUID | None
    need: Need
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class Waiting:
    """Why a run waits. `wanted` and `free` count what it waits for; of a limit, `free` is the limit."""

    cause: Cause
    position: int = 0  # in the queue, from 1; 0: not in it any more
    length: int = 0
    wanted: float = 0
    free: float = 0
    note: str = ""

    @property
    def sentence(self) -> str:
        limit, wanted, free = f"{self.free:g}", f"{self.wanted:g}", f"{self.free:g}"
        return {
            Cause.NEXT: "It is placed next.",
            Cause.PLACING: "It is being placed.",
            Cause.ENGINE: "The engine has it and has not begun it yet.",
            Cause.PAUSED: f"The queue is paused{f': {self.note}' if self.note else '.'}",
            Cause.RUNS: f"{limit} runs are under way, as many as this engine takes at once.",
            Cause.USER: f"Its user has {limit} runs under way, as many as one user may have.",
            Cause.GROUP: f"The group that owns its folder has {limit} runs under way, as many as a group may have.",
            Cause.CPUS: f"It asks for {wanted} CPUs, and {free} are free.",
            Cause.GPUS: f"It asks for {wanted} GPUs, and {free} are free.",
            Cause.MEMORY: f"It asks for {size(int(self.wanted))} of memory, and {size(int(self.free))} are free.",
        }[self.cause]


@dataclass
class Room:
    """What is left while runs are placed one after the other."""

    queue: Queue
    slots: int
    cpus: float
    memory: float
    gpus: float
    users: Counter[UUID] = field(default_factory=Counter)
    groups: Counter[UUID] = field(default_factory=Counter)

    def take(self, one: Queued | Holding) -> None:
        self.slots -= 1
        self.users[one.user] += 1
        if one.group is not None:
            self.groups[one.group] += 1
        self.keep(one.need)

    def keep(self, need: Need) -> None:
        """Not to be had by others any more."""
        self.cpus = max(0.0, self.cpus - need.cpus)
        self.memory = max(0, self.memory - need.memory)
        self.gpus = max(0, self.gpus - need.gpus)

    def refusal(self, one: Queued) -> tuple[Cause, float, float] | None:
        """Why the run cannot be placed now: what it waits for, how much it wants and how much there is."""
        queue, need = self.queue, one.need
        most = queue.per_group if one.group is not None else None
        if queue.state is QueueState.PAUSED:
            return Cause.PAUSED, 0, 0
        if queue.per_user is not None and self.users[one.user] >= queue.per_user:
            return Cause.USER, 1, queue.per_user
        if most is not None and one.group is not None and self.groups[one.group] >= most:
            return Cause.GROUP, 1, most
        for cause, wanted, free in (
            (Cause.GPUS, need.gpus, self.gpus), (Cause.CPUS, need.cpus, self.cpus),
            (Cause.MEMORY, need.memory, self.memory),
        ):  # fmt: skip
            if wanted > free + SLACK:
                return cause, wanted, free
        return None


def in_order(waiting: Iterable[Queued], holding: Iterable[Holding]) -> list[Queued]:
    turns = Counter(one.user for one in holding)
    placed: list[tuple[tuple[int, int, int], Queued]] = []
    for one in sorted(waiting, key=lambda one: (-one.priority, one.number)):
        placed.append(((-one.priority, turns[one.user], one.number), one))
        turns[one.user] += 1
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def plan(
    queue: Queue, slots: int, offers: Offers | None, waiting: Iterable[Queued], holding: Sequence[Holding]
) -> list[tuple[Queued, Waiting]]:
    """All that wait, in order, each with why; those with the cause NEXT can be placed now, one beside the other.

    Without offers the engine itself sees to what fits.
    """
    most = queue.runs if queue.runs is not None else slots
    machine = offers or Offers(float("inf"), 0, ())
    room = Room(
        queue, most, machine.cpus, float("inf") if offers is None else machine.memory,
        float("inf") if offers is None else len(machine.gpus),
    )  # fmt: skip
    for held in holding:
        room.take(held)
    ordered = in_order(waiting, holding)
    found, kept = [], False
    for position, one in enumerate(ordered, start=1):
        refused = room.refusal(one)
        if refused is None and room.slots <= 0:
            refused = Cause.RUNS, 1, most
        if refused is None:
            room.take(one)
        elif refused[0] in (Cause.CPUS, Cause.MEMORY, Cause.GPUS) and not kept:
            room.keep(one.need)
            kept = True
        cause, wanted, free = refused or (Cause.NEXT, 0, 0)
        found.append((one, Waiting(cause, position, len(ordered), wanted, free, queue.note)))
    return found


def free_gpus(offers: Offers | None, holding: Iterable[Holding]) -> list[str]:
    """The cards that nobody holds."""
    taken = {gpu for one in holding for gpu in one.gpus}
    return [gpu for gpu in offers.gpus if gpu not in taken] if offers else []
