"""Runs, as the SDK shows them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from assethub.client.connection import Connection
from assethub.client.errors import RunFailed, Unreachable
from assethub.domain.errors import Invalid
from assethub.domain.names import parse_asset_path
from assethub.domain.runs import RunState
from assethub.protocol.lineage import LineageInfo
from assethub.protocol.progress import SampleInfo, StageInfo
from assethub.protocol.reproduction import ReproductionInfo
from assethub.protocol.runs import (
    CurvesInfo,
    LogLineInfo,
    LogPage,
    MetricsPage,
    NewRepeat,
    NewRun,
    PointInfo,
    PriorityWord,
    RunChange,
    RunInfo,
    SweepInfo,
)  # fmt: skip

if TYPE_CHECKING:
    from assethub.client.sweeps import Sweep
    from assethub.client.versions import Version

T = TypeVar("T")
POLL = 0.5  # seconds between looks at a run under way
AWAY = 300.0  # seconds that a hub may be away while a run is followed


class Run:
    """A run. `info` is what the hub said of it last; `refresh` asks again."""

    def __init__(self, connection: Connection, info: RunInfo) -> None:
        self.connection, self.info = connection, info

    def __repr__(self) -> str:
        return f"Run({self.info.number}, {self.info.state!r})"

    @property
    def number(self) -> int:
        return self.info.number

    @property
    def state(self) -> str:
        return self.info.state

    @property
    def url(self) -> str:
        return f"/runs/{self.info.id}"

    @property
    def ended(self) -> bool:
        return RunState(self.info.state).final

    @property
    def branch(self) -> "Version":
        """The branch that received the result. Invalid for an evaluation."""
        from assethub.client.versions import Version

        if self.info.branch is None:
            raise Invalid(f"Run {self.number} is an evaluation; it writes no branch.")
        return Version(self.connection, parse_asset_path(self.info.path), self.info.branch)

    def sweep(self) -> "Sweep":
        """The sweep that it was started with. Invalid if it was started alone."""
        from assethub.client.sweeps import Sweep

        if self.info.sweep is None:
            raise Invalid(f"Run {self.number} belongs to no sweep.")
        return Sweep(self.connection, self.connection.get(SweepInfo, f"/sweeps/{self.info.sweep}"))

    def follower(self) -> "Run":
        """The evaluation that its success started, as its task says (`after`). Invalid if there is none."""
        if self.info.follower is None:
            raise Invalid(f"No run has followed run {self.number}.")
        return Run(self.connection, self.connection.get(RunInfo, f"/runs/{self.info.follower}"))

    def refresh(self) -> "Run":
        self.info = self.connection.get(RunInfo, self.url)
        return self

    def wait(self, timeout: float | None = None, *, check: bool = True) -> "Run":
        """Return once the run has ended; RunFailed if it did not succeed and `check` holds.

        `timeout` is in seconds; TimeoutError when they are over. The run goes on then.
        """
        deadline = time.monotonic() + timeout if timeout is not None else None
        while not patiently(self.refresh).ended:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"Run {self.number} is still {self.state} after {timeout:g} s.")
            time.sleep(POLL)
        if check and self.state != RunState.SUCCEEDED:
            raise RunFailed(f"Run {self.number} {self.state}: {self.info.reason or 'no reason is known'}", self)
        return self

    def cancel(self) -> "Run":
        """Ask for its end; `wait(check=False)` returns once all its processes have stopped."""
        self.info = self.connection.send(RunInfo, "POST", f"{self.url}/cancel")
        return self

    def set_priority(self, priority: PriorityWord) -> "Run":
        """Let it go earlier or later in the queue. Conflict once it left it; above normal is for administrators."""
        self.info = self.connection.send(RunInfo, "PATCH", self.url, RunChange(priority=priority))
        return self

    def retry(self) -> "Run":
        """A new attempt, after it failed, was cancelled or lost. Conflict otherwise."""
        self.info = self.connection.send(RunInfo, "POST", f"{self.url}/retry")
        return self

    def again(
        self, branch: str | None = None, *, params: Mapping[str, Any] | None = None, datasets: Sequence[str] = ()
    ) -> "Run":
        """A new run from the same pins, but for the parameters and the datasets given.

        A train or continue writes to `branch`, by default the old one's name with `-again`.
        """
        change = NewRepeat(branch=branch, params=dict(params or {}), datasets=[str(one) for one in datasets])
        return Run(self.connection, self.connection.send(RunInfo, "POST", f"{self.url}/again", change))

    def reproduction(self) -> ReproductionInfo:
        """Whether what a reproducing run left equals the version that it makes again. NotFound if it is none."""
        return self.connection.get(ReproductionInfo, f"{self.url}/reproduction")

    def stages(self) -> list[StageInfo]:
        """The states that it was in, from its being queued, all attempts in order."""
        return self.connection.get_list(StageInfo, f"{self.url}/stages")

    def system(self, *, after: float | None = None, limit: int = 400) -> list[SampleInfo]:
        """What its processes used: `cpu` in cores, `memory`, `disk`, `gpu_memory` in bytes, `gpu` from 0 to 1.

        In order, or those behind a time in seconds since 1970; where there are more than `limit`, which is at most
        2000, several samples are told as one.
        """
        return self.connection.get_list(SampleInfo, f"{self.url}/system", after=after, limit=limit)

    def lineage(self, *, levels: int = 3) -> LineageInfo:
        """What it used and made, what these were made from, and what came of them, up to so many versions away."""
        return self.connection.get(LineageInfo, f"{self.url}/lineage", levels=levels)

    def patch(self) -> str:
        """What was changed in its code since the commit, as `git diff` writes it; empty if nothing was."""
        return self.connection.request("GET", f"{self.url}/patch").text

    def logs(
        self, *, follow: bool = False, after: int = 0, search: str | None = None, rank: int | None = None
    ) -> Iterator[LogLineInfo]:
        """Log lines in order, numbered from 1; with `follow` until the run has ended.

        Only those with the text `search` in them, whatever its case, and of a run of several processes only those that
        the one of this rank said.
        """
        asked = {"limit": 5000, "search": search, "rank": rank}
        while True:
            page = patiently(partial(self.connection.get, LogPage, f"{self.url}/log", after=after, **asked))
            yield from page.lines
            behind, after = page.next > after, page.next
            if page.ended or not (follow or after < page.last):
                return
            if not behind:
                time.sleep(POLL)

    def metrics(self) -> list[PointInfo]:
        """Every metric point so far, in the order logged."""
        points: list[PointInfo] = []
        while True:
            page = self.connection.get(MetricsPage, f"{self.url}/metrics", after=len(points))
            points += page.points
            if not page.points:
                return points

    def curves(self, *names: str, start: int = 0, end: int | None = None, buckets: int = 400) -> CurvesInfo:
        """What these metrics (or all) look like over the points from `start` up to `end`, in buckets of several points.

        Each curve tells of every bucket its first step, and the mean, the least and the greatest of its values: as much
        of millions of points as a chart can show. `buckets` is how many there may be, from 1 to 2000.
        """
        asked = {"name": names or None, "start": start, "end": end, "buckets": buckets}
        return self.connection.get(CurvesInfo, f"{self.url}/curves", **asked)


def start_run(connection: Connection, new: NewRun, here: str | Path | None = None) -> Run:
    """A run on an engine of the hub, or on this machine with the code in the folder `here`."""
    if here is None:
        return Run(connection, connection.send(RunInfo, "POST", "/runs", new))
    from assethub.client.here import start_here

    if new.git or new.revision or new.subpath:
        raise Invalid("A run here takes the code of a folder on this machine; leave the repository and revision out.")
    return start_here(connection, new, Path(here))


def as_list(given: object) -> list[str]:
    """One reference or several, as text."""
    if given is None:
        return []
    if isinstance(given, list | tuple):
        return [str(one) for one in given]
    return [str(given)]


def patiently(ask: Callable[[], T]) -> T:
    """The answer, asked for again while the hub is being restarted."""
    began = time.monotonic()
    while True:
        try:
            return ask()
        except Unreachable:
            if time.monotonic() - began > AWAY:
                raise
            time.sleep(POLL)
