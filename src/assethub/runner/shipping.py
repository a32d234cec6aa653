"""What the run says, kept in files first and shipped from there: a hub that is away costs no memory and no line."""

from __future__ import annotations

import json
import math
import threading
import time
from pathlib import Path
from typing import Any

from assethub.runner.hub import HubApi, Refused

MOST_LINES = 500
MOST_BYTES = 256 << 10
LONGEST_LINE = 8 << 10
INTERVAL = 0.3  # seconds between looks at the files
HEARTBEAT = 5.0  # seconds without a word after which the hub is told that the runner lives


class Spool:
    """The run's log as lines of JSON [time, stream, text] in a file; written by several threads."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a", encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, stream: str, text: str) -> None:
        """One line; a longer one is cut into pieces."""
        now = time.time()
        pieces = [text[at : at + LONGEST_LINE] for at in range(0, len(text), LONGEST_LINE)] or [""]
        with self.lock:
            for piece in pieces:
                self.file.write(json.dumps([now, stream, piece]) + "\n")
            self.file.flush()

    def say(self, text: str) -> None:
        """A line of the hub's own steps."""
        self.write("hub", text)


class Tail:
    """Whole lines that were added to a file since the last look, at most so many at a time."""

    def __init__(self, path: Path) -> None:
        self.path, self.offset = path, 0

    def read(self) -> list[bytes]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(MOST_BYTES)
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) == MOST_BYTES:
            end = len(data)  # no newline in sight: take it as a line, or it would never move on
        lines = data[:end].splitlines(keepends=True)[:MOST_LINES]
        self.offset += sum(len(line) for line in lines)
        return [line.rstrip(b"\r\n") for line in lines]


class Shipper(threading.Thread):
    """Sends log lines and metric points in numbered batches until acknowledged; learns of cancels on the way."""

    def __init__(self, api: HubApi, run: str, spool: Spool, log: Path, metrics: Path) -> None:
        super().__init__(name="shipper", daemon=True)
        self.api, self.run_id, self.spool = api, run, spool
        self.log, self.metrics = Tail(log), Tail(metrics)
        self.log_batch = self.metrics_batch = self.metrics_line = 0
        self.cancelled, self.ending, self.wake = threading.Event(), threading.Event(), threading.Event()
        self.refusal: str | None = None
        self.heard = time.monotonic()

    def run(self) -> None:
        try:
            while True:
                last = self.ending.is_set()  # looked at before the files: what was written before it is still seen
                busy = self.ship_log()
                busy = self.ship_metrics() or busy
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
        lines = [json.loads(line) for line in self.log.read()]
        if lines:
            self.log_batch += 1
            self.send("log", {"batch": self.log_batch, "lines": lines})
        return bool(lines)

    def ship_metrics(self) -> bool:
        lines = self.metrics.read()
        points = []
        for line in lines:
            self.metrics_line += 1
            if not line.strip():
                continue
            point = metric_point(line)
            if point is None:
                self.spool.say(f"Line {self.metrics_line} of the metrics file holds no JSON object of numbers.")
            else:
                points.append(point)
        if points:
            self.metrics_batch += 1
            self.send("metrics", {"batch": self.metrics_batch, "points": points})
        return bool(lines)


def metric_point(line: bytes) -> dict[str, Any] | None:
    """A line of AH_METRICS_FILE as a point; None if it holds none. NaN and infinities become null."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    numbers = {
        str(name): float(number) if math.isfinite(number) else None
        for name, number in value.items()
        if isinstance(number, (int, float)) and not isinstance(number, bool) and name not in ("step", "time")
    }
    step, at = value.get("step"), value.get("time")
    if not numbers:
        return None
    return {"step": finite(step), "time": finite(at) or time.time(), "values": numbers}


def finite(value: object) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None
