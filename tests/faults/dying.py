"""Lets a server process die at the n-th write of a new run's state, just before or just after it."""

import os
import signal
import threading
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

STATE = ("state", "handle", "nonce", "lease_until")  # columns of runs; the others only say that it goes on


@dataclass
class Dying:
    """`after` is whether the write that it dies at is durable; the first is the one that queues the run."""

    at: int
    after: bool
    count: int | None = None  # of the writes since a run was queued
    lock: threading.Lock = field(default_factory=threading.Lock)
    here: Any = field(default_factory=threading.local)

    def install(self) -> None:
        event.listen(Engine, "begin", self.begin)
        event.listen(Engine, "before_cursor_execute", self.execute)
        real: Any = DefaultDialect.do_commit

        def commit(dialect: DefaultDialect, connection: Any) -> None:
            due = self.due()
            if due and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            real(dialect, connection)
            if due:
                os.kill(os.getpid(), signal.SIGKILL)

        DefaultDialect.do_commit = commit  # type: ignore[method-assign]

    def begin(self, connection: Any) -> None:
        self.here.writes = self.here.queues = False

    def execute(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split(" WHERE ")[0]
        self.here.queues |= words.startswith("INSERT INTO runs ")
        self.here.writes |= words.startswith("UPDATE runs SET ") and any(f" {column}=" in words for column in STATE)

    def due(self) -> bool:
        with self.lock:
            if getattr(self.here, "queues", False):
                self.count = 1
            elif getattr(self.here, "writes", False) and self.count is not None:
                self.count += 1
            else:
                return False
            return self.count == self.at
