"""Sweeps, as the SDK shows them."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from assethub.client.connection import Connection
from assethub.client.errors import RunFailed
from assethub.client.runs import POLL, Run, patiently
from assethub.domain.errors import Invalid
from assethub.domain.runs import RunState
from assethub.domain.task_format import MOST_VALUES
from assethub.protocol.runs import PriorityWord, RunInfo, SweepInfo, SweptRunInfo


class CodePlace(TypedDict, total=False):
    """Where the task file is: in a folder of the repository, or of this machine."""

    subpath: str | None
    here: str | Path | None


class TrainOptions(CodePlace, total=False):
    """What Model.train takes beside the branch, the datasets and a sweep."""

    checkpoint: Any  # a reference, a ref of the model itself, or a Version
    git: str | None
    revision: str | None
    params: Mapping[str, Any] | None
    onto_existing: bool
    priority: PriorityWord


class Sweep:
    """Runs that were started together. `info` is what the hub said of it last; `refresh` asks again."""

    def __init__(self, connection: Connection, info: SweepInfo) -> None:
        self.connection, self.info = connection, info

    def __repr__(self) -> str:
        return f"Sweep({self.info.number}, {self.info.states})"

    @property
    def number(self) -> int:
        return self.info.number

    @property
    def url(self) -> str:
        return f"/sweeps/{self.info.number}"

    @property
    def ended(self) -> bool:
        return all(RunState(state).final for state in self.info.states)

    @property
    def runs(self) -> list[Run]:
        """Its runs as they are now, in the order of their values."""
        found = self.connection.get_list(RunInfo, "/runs", sweep=self.number, limit=MOST_VALUES)
        return [Run(self.connection, info) for info in reversed(found)]

    def results(self) -> list[SweptRunInfo]:
        """Its runs with their newest metrics; `evaluation.NAME` are those of the evaluation that followed a run."""
        return self.connection.get_list(SweptRunInfo, f"{self.url}/runs")

    def best(self, metric: str, *, lowest: bool = False) -> Run:
        """The run with the highest (or lowest) newest value of a metric. Invalid if no run has it."""
        found = [(one.metrics[metric], one.run) for one in self.results() if one.metrics.get(metric) is not None]
        if not found:
            raise Invalid(f"No run of sweep {self.number} has the metric {metric!r}.")
        chosen = (min if lowest else max)(found, key=lambda pair: pair[0] or 0.0)
        return Run(self.connection, chosen[1])

    def refresh(self) -> "Sweep":
        self.info = self.connection.get(SweepInfo, self.url)
        return self

    def wait(self, timeout: float | None = None, *, check: bool = True) -> "Sweep":
        """Return once all of its runs have ended; RunFailed if one did not succeed and `check` holds.

        `timeout` is in seconds; TimeoutError when they are over. The runs go on then.
        """
        deadline = time.monotonic() + timeout if timeout is not None else None
        while not patiently(self.refresh).ended:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"Sweep {self.number} still has runs under way after {timeout:g} s.")
            time.sleep(POLL)
        if check and set(self.info.states) - {RunState.SUCCEEDED}:
            run = next(run for run in self.runs if run.state != RunState.SUCCEEDED)
            told = f"run {run.number} {run.state}: {run.info.reason or 'no reason is known'}"
            raise RunFailed(f"Not all runs of sweep {self.number} succeeded; {told}", run)
        return self

    def cancel(self) -> "Sweep":
        """Ask for the end of all its runs; `wait(check=False)` returns once all their processes have stopped."""
        self.info = self.connection.send(SweepInfo, "POST", f"{self.url}/cancel")
        return self
