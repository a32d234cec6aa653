"""Rounds of the collector that administrators ask for: one at a time, done by the hub's own thread."""

import threading
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Round:
    """What a round came to; `ended_at` is None while it is under way or waits, `problem` says why it did nothing."""

    dry: bool
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None = None
    bytes: int = 0
    files: int = 0
    contents: int = 0
    commits: int = 0
    problem: str = ""


class Rounds:
    """The last one that was asked for. Shared between requests and the collector's thread."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.last: Round | None = None
        self.waiting = False

    @property
    def busy(self) -> bool:
        return self.last is not None and self.last.ended_at is None

    def ask(self, one: Round) -> bool:
        """Whether it is done now; not while another one is."""
        with self.changed:
            if self.busy:
                return False
            self.last, self.waiting = one, True
            self.changed.notify_all()
            return True

    def next(self, seconds: float | None) -> Round | None:
        """The round to do now, once somebody asks; None after so many seconds, or when the hub stops."""
        with self.changed:
            if not self.waiting:
                self.changed.wait(seconds)
            asked, self.waiting = self.last if self.waiting else None, False
            return asked

    def finish(self, one: Round) -> None:
        with self.changed:
            self.last = one

    def stop(self) -> None:
        with self.changed:
            self.changed.notify_all()
