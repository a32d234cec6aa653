"""Points of curves out of what the run writes: lines of JSON, and TensorBoard's event files."""

from __future__ import annotations

import json
import math
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional, Protocol

from assethub.runner.events import Damaged, read_scalars
from assethub.runner.tail import Tail

Say = Callable[[str], None]
Point = dict[str, Any]
MOST_VALUES = 1000  # of one point, and of names in a run
LONGEST_NAME = 200
MOST_FILES = 200  # event files of a run
MOST_BYTES = 1 << 20
LOOK_EVERY = 3.0  # seconds between looks for event files, or more where a look takes long
KINDS = {"nan": "nan", "inf": "inf", "infinity": "inf", "-inf": "-inf", "-infinity": "-inf"}


class Source(Protocol):
    """Where points come from."""

    def read(self, say: Say) -> tuple[list[Point], bool]:
        """The points that were added since the last look, and whether it is worth to look again at once."""


class JsonLines:
    """A metrics file, and what the names of its curves begin with."""

    def __init__(self, path: Path, prefix: str = "") -> None:
        self.tail, self.prefix, self.number = Tail(path), prefix, 0

    def read(self, say: Say) -> tuple[list[Point], bool]:
        lines = self.tail.read()
        points = []
        for line in lines:
            self.number += 1
            if not line.strip():
                continue
            point = metric_point(line, self.prefix)
            if point is None:
                say(f"Line {self.number} of the metrics file holds no JSON object of numbers.")
            else:
                points.append(point)
        return points, bool(lines)


def metric_point(line: bytes, prefix: str = "") -> Optional[Point]:
    """A line of AH_METRICS_FILE as a point; None if it holds none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    numbers = {name: item for name, item in value.items() if name not in ("step", "time")}
    step, at = number_of(value.get("step")), number_of(value.get("time"))
    return point_of(
        step if step is not None and math.isfinite(step) else None,
        at if at is not None and math.isfinite(at) else time.time(),
        {prefix + name: number for name, item in numbers.items() if (number := number_of(item)) is not None},
    )


def point_of(step: Optional[float], at: float, numbers: dict[str, float]) -> Optional[Point]:
    """NaN and infinities become null, and are told apart beside it."""
    if not numbers:
        return None
    named = {plain(name): number for name, number in list(numbers.items())[:MOST_VALUES]}
    kinds = {name: kind for name, number in named.items() if (kind := KINDS.get(str(number)))}
    values = {name: None if name in kinds else number for name, number in named.items()}
    return {"step": step, "time": at, "values": values, "kinds": kinds}


def plain(name: str) -> str:
    return name.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_NAME]


def number_of(value: object) -> Optional[float]:
    """A number, or the name of one that JSON lacks."""
    if isinstance(value, str) and value.lower() in KINDS:
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


class EventFiles:
    """TensorBoard's event files in some folders of the run, whose links lead nowhere here."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.files: dict[tuple[int, int], EventFile] = {}
        self.look, self.first = 0.0, ""

    def read(self, say: Say) -> tuple[list[Point], bool]:
        began = time.monotonic()
        if began >= self.look:
            for folder in filter(Path.is_dir, self.folders):
                self.find(folder, say)
            self.look = time.monotonic() + max(LOOK_EVERY, 20 * (time.monotonic() - began))
        points: list[Point] = []
        busy = False
        for file in self.files.values():
            before = file.offset
            points += file.read(say)
            busy = busy or file.offset > before
            if len(points) > MOST_VALUES:
                break
        return points, busy

    def again(self) -> None:
        """Look for files the next time: the command has ended."""
        self.look = 0.0

    def find(self, folder: Path, say: Say) -> None:
        for place, _, names, below in os.fwalk(folder):
            for name in sorted(names):
                if "tfevents" not in name or len(self.files) >= MOST_FILES:
                    continue
                try:
                    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=below)
                except OSError:
                    continue  # a link, or gone
                seen = os.fstat(opened)
                key = (seen.st_dev, seen.st_ino)
                if key in self.files or not stat.S_ISREG(seen.st_mode):
                    os.close(opened)
                    continue
                where = Path(place).relative_to(folder).as_posix()
                self.first = self.first or where
                self.files[key] = EventFile(opened, prefix_of(where, self.first), f"{folder.name}/{where}/{name}")
                say(f"Reading curves from {self.files[key].name}")


def prefix_of(where: str, first: str) -> str:
    """What names begin with: nothing in the first folder that has events, else the way from there."""
    if where == first:
        return ""
    return (where[len(first) + 1 :] if where.startswith(f"{first}/") else where) + "/"


class EventFile:
    def __init__(self, opened: int, prefix: str, name: str) -> None:
        self.opened, self.prefix, self.name, self.offset = opened, prefix, name, 0
        self.broken = False

    def read(self, say: Say) -> list[Point]:
        if self.broken:
            return []
        points = []
        try:
            for event, end in self.events():
                point = point_of(float(event.step), event.time, {self.prefix + tag: v for tag, v in event.values})
                self.offset = end
                points += [point] if point else []
        except Damaged as problem:
            self.broken = True
            say(f"{self.name} is damaged at byte {self.offset} ({problem}), so no more curves are read from it.")
        return points

    def events(self) -> Iterator[Any]:
        return read_scalars(lambda start, size: os.pread(self.opened, size, start), self.offset, MOST_BYTES)
