"""What a run may use of its machine: kept by the kernel where it can, watched where it cannot."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Optional

LOOK_EVERY = 0.5  # seconds between looks at the memory
MEASURE_EVERY = 2.0  # seconds between measurements of the disk, or more where one takes long
JOIN = 'for one in $1; do echo $$ > "$one/cgroup.procs" || exit 125; done; shift; exec "$@"'


class Limits:
    """`memory` and `disk` are bytes, `places` what counts for the latter; `groups` the kernel's own of this run."""

    def __init__(
        self, memory: Optional[int], disk: Optional[int], places: Iterable[Path],
        variables: Mapping[str, str] = os.environ,
    ) -> None:  # fmt: skip
        self.memory, self.disk, self.places = memory, disk, list(places)
        self.groups: list[str] = json.loads(variables.get("AH_CGROUPS") or "[]")
        self.look = self.measure = 0.0

    def joining(self) -> list[str]:
        """What has to stand before a command for the kernel to limit it."""
        return ["/bin/sh", "-c", JOIN, "join", " ".join(self.groups)] if self.groups else []

    def exceeded(self, pid: int) -> Optional[str]:
        """Why the command of this process has to end, as a sentence."""
        now = time.monotonic()
        if self.memory is not None and now >= self.look:
            self.look = now + LOOK_EVERY
            if self.killed_for_memory() or (not self.groups and memory_below(pid) > self.memory):
                return (
                    f"The command used more memory than the {size(self.memory)} that its task asks for, so it was "
                    "ended; raise resources.memory, or make it use less."
                )
        if self.disk is not None and now >= self.measure:
            used = sum(map(bytes_below, self.places))
            self.measure = now + max(MEASURE_EVERY, 10 * (time.monotonic() - now))
            if used > self.disk:
                return (
                    f"The workspace of the run holds {size(used)}, and this hub allows {size(self.disk)}, so the "
                    "command was ended; write less, or ask the hub's administrator for more."
                )
        return None

    def at_end(self, pid: int) -> Optional[str]:
        """The same once the command has ended, at once."""
        self.look = self.measure = 0.0
        return self.exceeded(pid)

    def killed_for_memory(self) -> bool:
        for group in self.groups:
            for name in ("memory.events", "memory.oom_control"):  # of version 2 and of version 1
                path = Path(group, name)
                if path.exists() and any(
                    line.startswith("oom_kill ") and line.split()[1] != "0" for line in path.read_text().splitlines()
                ):
                    return True
        return False


def memory_below(pid: int) -> int:
    """The bytes of memory that a process and all below it have for themselves."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            parent = field_of(int(name), "PPid:")
            if parent is not None:
                children.setdefault(parent, []).append(int(name))
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, [])
        total += ((field_of(one, "RssAnon:") or 0) + (field_of(one, "RssShmem:") or 0)) << 10
    return total


def field_of(pid: int, name: str) -> Optional[int]:
    """A number in /proc/PID/status; None if the process is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None


def bytes_below(folder: Path) -> int:
    """What the files below a folder take of the disk; no link leads out of it."""
    return sum(one.st_blocks * 512 for one in files_below(folder))


def files_below(folder: Path) -> Iterator[os.stat_result]:
    if not folder.is_dir():
        return
    for _, _, names, below in os.fwalk(folder):
        for name in names:
            try:
                yield os.stat(name, dir_fd=below, follow_symlinks=False)
            except FileNotFoundError:
                continue  # it went while we looked


def size(count: float) -> str:
    """Such as 4.0 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
