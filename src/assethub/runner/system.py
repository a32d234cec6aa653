"""What the command of a run uses of its machine, looked at from time to time."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, Optional

from assethub.runner.limits import bytes_below

INTERVAL = 2.0  # seconds between samples at first
MANY = 600  # samples after which the interval doubles: a month of them is still few
SHIP_AFTER = 5.0  # seconds that a sample waits for others
DISK_EVERY = 30.0  # seconds between measurements of the disk, or more where one takes long
CARDS_WITHIN = 5.0  # seconds
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
Sample = dict[str, Any]


class System:
    """Samples of a process and all below it; nothing is looked at before `watch`.

    `cpu` is in cores, `memory`, `disk` and `gpu_memory` are bytes, `gpu` is the share of time that the cards were busy.
    """

    def __init__(
        self, places: Sequence[Path], variables: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.places, self.clock = list(places), clock
        self.cards = variables.get("CUDA_VISIBLE_DEVICES", "")
        self.program = shutil.which("nvidia-smi", path=variables.get("PATH"))
        self.pid: Optional[int] = None
        self.interval, self.count = INTERVAL, 0
        self.due = self.measure = self.first = 0.0
        self.spent = self.looked = 0.0
        self.disk = 0
        self.waiting: list[Sample] = []

    def watch(self, pid: int) -> None:
        self.spent, _ = used_below(pid)
        self.looked = self.clock()
        self.due = self.looked + self.interval
        self.pid = pid

    def stop(self) -> None:
        self.pid = None

    def ready(self, ending: bool) -> list[Sample]:
        """The samples to send by now, of which one may be taken just now."""
        pid, now = self.pid, self.clock()
        if pid is not None and now >= self.due:
            self.take(pid, now)
        if not self.waiting or not (ending or now - self.first >= SHIP_AFTER):
            return []
        found, self.waiting = self.waiting, []
        return found

    def take(self, pid: int, now: float) -> None:
        spent, memory = used_below(pid)
        values: dict[str, float] = {"cpu": max(0.0, spent - self.spent) / max(now - self.looked, 0.01)}
        self.spent, self.looked = spent, now
        if memory:
            values["memory"] = memory
        if now >= self.measure:
            self.disk = sum(map(bytes_below, self.places))
            self.measure = now + max(DISK_EVERY, 20 * (self.clock() - now))
        values["disk"] = self.disk
        values.update(self.busy_cards())
        if not self.waiting:
            self.first = now
        self.waiting.append({"time": time.time(), "values": {name: round(one, 4) for name, one in values.items()}})
        self.count += 1
        if self.count % MANY == 0:
            self.interval *= 2
        self.due = now + self.interval

    def busy_cards(self) -> dict[str, float]:
        """Of the NVIDIA cards that the run may use: how busy they are, and their memory in use."""
        if self.program is None:
            return {}
        asked = [self.program, "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits"]
        try:
            told = subprocess.run(
                asked + (["-i", self.cards] if self.cards else []), capture_output=True, text=True,
                timeout=CARDS_WITHIN, check=True,
            ).stdout  # fmt: skip
            rows = [[float(part) for part in line.split(",")] for line in told.splitlines() if line.strip()]
            busy, held = sum(row[0] for row in rows), sum(row[1] for row in rows)
            return {"gpu": busy / len(rows) / 100, "gpu_memory": held * 2**20}
        except (OSError, subprocess.SubprocessError, ValueError, ZeroDivisionError):
            self.program = None  # a machine without cards that tell
            return {}


def used_below(pid: int) -> tuple[float, int]:
    """The seconds of CPU that a process and all below it have used, and the bytes of memory that they hold now."""
    found: dict[int, tuple[int, float, int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            one = stat_of(int(name))
            if one is not None:
                found[int(name)] = one
    below: dict[int, list[int]] = {}
    for child, (parent, _, _) in found.items():
        below.setdefault(parent, []).append(child)
    seconds, memory, waiting = 0.0, 0, [pid]
    while waiting:
        process = waiting.pop()
        waiting += below.get(process, [])
        if process in found:
            seconds, memory = seconds + found[process][1], memory + found[process][2]
    return seconds, memory


def stat_of(pid: int) -> Optional[tuple[int, float, int]]:
    """Parent, seconds of CPU (with those of children that have ended), bytes in memory; None if it is gone."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(parts[1]), sum(map(int, parts[11:15])) / TICKS, int(parts[21]) * PAGE
