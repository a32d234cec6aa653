"""What the run says, kept in files first and shipped from there: a hub that is away costs no memory and no line."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any, Optional

from assethub.runner.hub import HubApi, Refused
from assethub.runner.measuring import MOST_VALUES, Point, Source
from assethub.runner.system import System
from assethub.runner.tail import Tail
from assethub.runner.workspace import disk_problem

LONGEST_LINE = 8 << 10
MOST_POINTS = 5000  # in one batch
INTERVAL = 0.3  # seconds between looks at the files
HEARTBEAT = 5.0  # seconds without a word after which the hub is told that the runner lives
CHUNK = 32 << 20  # bytes of one file of the spool
AHEAD = 1 << 30  # bytes that the log may be ahead of what the hub has: then whoever writes to it waits


class Spool:
    """The run's log as lines of JSON [time, stream, text, rank] in files, each of which goes once it is shipped.

    Written by several threads. Who writes faster than the hub takes it waits, once there is a lot.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.number = path, 0
        self.file = self.chunk(0).open("ab", buffering=0)
        self.room = threading.Condition()
        self.ahead = self.size = 0
        self.closed = False
        self.problem: Optional[str] = None  # why the log is not whole, so that the run has to end

    def chunk(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def write(self, stream: str, text: str, rank: Optional[int] = None) -> None:
        """One line; a longer one is cut into pieces."""
        now = time.time()
        pieces = [text[at : at + LONGEST_LINE] for at in range(0, len(text), LONGEST_LINE)] or [""]
        data = "".join(json.dumps([now, stream, piece, rank]) + "\n" for piece in pieces).encode()
        with self.room:
            while self.ahead > AHEAD and not self.closed:
                self.room.wait()
            if self.problem is None:
                try:
                    self.put(data)
                except OSError as error:
                    self.problem = f"The log cannot be kept: {disk_problem(error)}"

    def put(self, data: bytes) -> None:
        if self.size > CHUNK:
            self.file.close()
            self.file = self.chunk(self.number + 1).open("ab", buffering=0)
            self.number, self.size = self.number + 1, 0
        written = 0
        while written < len(data):
            written += self.file.write(data[written:]) or 0
        self.size += len(data)
        self.ahead += len(data)

    def say(self, text: str) -> None:
        """A line of the hub's own steps."""
        self.write("hub", text)

    def ship(self, count: int) -> None:
        """So many bytes more are with the hub."""
        with self.room:
            self.ahead -= count
            self.room.notify_all()

    def give_up(self) -> None:
        """Nobody waits for room any more: the hub takes nothing."""
        with self.room:
            self.closed = True
            self.room.notify_all()


class SpoolTail:
    """The same of a spool: its files one after another, each removed once it was read to its end."""

    def __init__(self, spool: Spool) -> None:
        self.spool, self.number = spool, 0
        self.tail = Tail(spool.chunk(0))

    def read(self) -> list[bytes]:
        while True:
            over = self.number < self.spool.number  # looked at before the file: nothing is added to it then
            lines = self.tail.read()
            if lines or not over:
                return lines
            self.tail.path.unlink()
            self.number += 1
            self.tail = Tail(self.spool.chunk(self.number))


class Shipper(threading.Thread):
    """Sends log lines and metric points in numbered batches until acknowledged; learns of cancels on the way."""

    def __init__(self, api: HubApi, run: str, spool: Spool, measured: list[Source], system: System) -> None:
        super().__init__(name="shipper", daemon=True)
        self.api, self.run_id, self.spool, self.measured = api, run, spool, measured
        self.log = SpoolTail(spool)
        self.system: Optional[System] = system
        self.log_batch = self.metrics_batch = self.system_batch = 0
        self.cancelled, self.ending, self.wake = threading.Event(), threading.Event(), threading.Event()
        self.names: set[str] = set()
        self.too_many = False
        self.refusal: str | None = None
        self.heard = time.monotonic()

    def run(self) -> None:
        try:
            while True:
                last = self.ending.is_set()  # looked at before the files: what was written before it is still seen
                busy = self.ship_log()
                for source in self.measured:
                    busy = self.ship_metrics(source) or busy
                self.ship_system(last and not busy)
                if busy:
                    continue
                if last:
                    return
                if time.monotonic() - self.heard > HEARTBEAT:
                    self.send("log", {"batch": 0, "lines": []})
                self.wake.wait(INTERVAL)
        except Refused as refused:
            self.refusal = str(refused)
            self.cancelled.set()
        except BaseException as error:  # whatever it is: a run whose log goes nowhere has to end
            self.refusal = f"The log cannot be sent: {error!r}."
            self.cancelled.set()
            raise
        finally:
            self.spool.give_up()

    def finish(self) -> None:
        """Return once everything written so far is acknowledged."""
        self.ending.set()
        self.wake.set()
        self.join()

    def send(self, what: str, value: dict[str, Any]) -> None:
        answer = self.api.post(f"/runs/{self.run_id}/{what}", value)
        self.heard = time.monotonic()
        if answer.get("cancel"):
            self.cancelled.set()

    def ship_log(self) -> bool:
        lines = self.log.read()
        if lines:
            self.log_batch += 1
            self.send("log", {"batch": self.log_batch, "lines": [json.loads(line) for line in lines]})
            self.spool.ship(sum(len(line) + 1 for line in lines))
        return bool(lines)

    def ship_metrics(self, source: Source) -> bool:
        points, busy = source.read(self.spool.say)
        self.keep_few_names(points)
        for at in range(0, len(points), MOST_POINTS):
            self.metrics_batch += 1
            self.send("metrics", {"batch": self.metrics_batch, "points": points[at : at + MOST_POINTS]})
        return busy

    def ship_system(self, ending: bool) -> None:
        samples = self.system.ready(ending) if self.system else []
        if not samples:
            return
        try:
            self.send("system", {"batch": self.system_batch + 1, "samples": samples})
            self.system_batch += 1
        except Refused as refused:
            if refused.status != 404:
                raise
            self.system = None  # an older hub, which keeps none

    def keep_few_names(self, points: list[Point]) -> None:
        """Leave out what the run measures under more names than a run may have."""
        for point in points:
            for name in list(point["values"]):
                if name in self.names:
                    continue
                if len(self.names) < MOST_VALUES:
                    self.names.add(name)
                    continue
                del point["values"][name]
                if not self.too_many:
                    self.too_many = True
                    self.spool.say(
                        f"A run has at most {MOST_VALUES:,} metrics: {name!r} and further ones are left out."
                    )
