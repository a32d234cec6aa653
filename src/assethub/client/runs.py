"""Runs, as the SDK shows them."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from assethub.client.connection import Connection
from assethub.client.errors import RunFailed, Unreachable
from assethub.domain.errors import Invalid
from assethub.domain.names import parse_asset_path
from assethub.domain.runs import RunState
from assethub.protocol.runs import LogLineInfo, LogPage, MetricsPage, PointInfo, RunInfo

if TYPE_CHECKING:
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

    def retry(self) -> "Run":
        """A new attempt, after it failed, was cancelled or lost. Conflict otherwise."""
        self.info = self.connection.send(RunInfo, "POST", f"{self.url}/retry")
        return self

    def again(self, branch: str | None = None) -> "Run":
        """A new run from the same pins; a train or continue writes to `branch`."""
        return Run(self.connection, self.connection.send(RunInfo, "POST", f"{self.url}/again", branch=branch))

    def logs(self, *, follow: bool = False, after: int = 0) -> Iterator[LogLineInfo]:
        """Log lines in order, numbered from 1; with `follow` until the run has ended."""
        while True:
            page = patiently(partial(self.connection.get, LogPage, f"{self.url}/log", after=after, limit=5000))
            yield from page.lines
            after = page.next
            if page.ended or not (follow or page.lines):
                return
            if not page.lines:
                time.sleep(POLL)

    def metrics(self) -> list[PointInfo]:
        """Every metric point so far, in the order logged."""
        points: list[PointInfo] = []
        while True:
            page = self.connection.get(MetricsPage, f"{self.url}/metrics", after=len(points))
            points += page.points
            if not page.points:
                return points


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
