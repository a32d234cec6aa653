"""How a run went on, stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from assethub.domain.runs import Run, RunState, Step


@dataclass(frozen=True)
class Stage:
    """A state that an attempt was in from a time on; `end` is None while it is, and for the state that it ended in."""

    attempt: int
    state: RunState
    start: datetime
    end: datetime | None = None

    @property
    def seconds(self) -> float | None:
        return None if self.end is None else (self.end - self.start).total_seconds()


def stages_of(run: Run, steps: Sequence[Step]) -> list[Stage]:
    """From its being queued to its end, all attempts in order."""
    found = [Stage(1, RunState.QUEUED, run.created_at)]
    found += [Stage(one.attempt, one.state, one.at) for one in steps]
    if run.state.final and run.ended_at is not None:
        found.append(Stage(run.attempt, run.state, run.ended_at))
    ends: list[datetime | None] = [*(one.start for one in found[1:]), None]
    return [
        one if one.state.final else replace(one, end=max(end, one.start) if end else None)
        for one, end in zip(found, ends, strict=True)
    ]
