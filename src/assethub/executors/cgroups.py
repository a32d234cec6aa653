"""The kernel's own limits of memory and processors, where this process may set them: cgroups of version 2 or 1."""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("assethub")
PERIOD = 100_000  # microseconds in which processor time is counted


@dataclass(frozen=True)
class Cgroups:
    """Where the groups of runs are made: one folder of version 2, or one for memory and one for processors."""

    version: int
    bases: tuple[Path, ...]

    def make(self, name: str, memory: int | None, cpus: float) -> list[Path]:
        """The groups of one run, with its limits; made before, they stay as they are."""
        groups = [base / name for base in self.bases]
        for group in groups:
            group.mkdir(exist_ok=True)
        quota = max(1000, round(cpus * PERIOD))
        if self.version == 2:
            write(groups[0] / "cpu.max", f"{quota} {PERIOD}")
            if memory is not None:
                write(groups[0] / "memory.max", memory)
                write(groups[0] / "memory.oom.group", 1)
                write_if_there(groups[0] / "memory.swap.max", 0)
            return groups
        write(groups[1] / "cpu.cfs_period_us", PERIOD)
        write(groups[1] / "cpu.cfs_quota_us", quota)
        if memory is not None:
            write(groups[0] / "memory.limit_in_bytes", memory)
            write_if_there(groups[0] / "memory.memsw.limit_in_bytes", memory)
        return groups

    def remove(self, name: str) -> None:
        """Forget the groups of a run whose processes have ended."""
        for base in self.bases:
            try:
                (base / name).rmdir()
            except FileNotFoundError:
                continue
            except OSError as error:  # a process is on its way out
                log.info("the cgroup %s stays: %s", base / name, error)


def write(path: Path, value: object) -> None:
    path.write_text(str(value))


def write_if_there(path: Path, value: object) -> None:
    if path.exists():
        write(path, value)


def find_cgroups(mounts: Path = Path("/proc/self/mountinfo"), own: Path = Path("/proc/self/cgroup")) -> Cgroups | None:
    """Where this process may make groups with both limits; None if nowhere. Found out by making some."""
    try:
        hierarchies = mounted(mounts.read_text().splitlines())
        mine = dict(line.split(":", 2)[1:] for line in own.read_text().splitlines())
    except (OSError, ValueError):
        return None
    return version_2(hierarchies, mine.get("")) or version_1(hierarchies, mine)


def mounted(lines: Iterable[str]) -> dict[str, tuple[Path, str]]:
    """Of each controller (`` is version 2) where it is mounted, and what of its tree is seen there."""
    found = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, place = before.split(" ")[3:5]
        if kind == "cgroup2":
            found[""] = (Path(place), root)
        elif kind == "cgroup":
            found |= {name: (Path(place), root) for name in options.split(",") if name in ("memory", "cpu")}
    return found


def place_of(hierarchy: tuple[Path, str], mine: str) -> Path:
    place, root = hierarchy
    below = mine.removeprefix(root.rstrip("/")) if mine.startswith(root) else ""
    return place / below.strip("/")


def version_2(hierarchies: dict[str, tuple[Path, str]], mine: str | None) -> Cgroups | None:
    """Beside this process or below it: a group that has processes of its own gives nothing on."""
    if "" not in hierarchies or mine is None:
        return None
    here = place_of(hierarchies[""], mine)
    for base in (here, here.parent):
        try:
            given = (base / "cgroup.subtree_control").read_text().split()
        except OSError:
            continue
        if {"memory", "cpu"} <= set(given) and usable(Cgroups(2, (base,))):
            return Cgroups(2, (base,))
    return None


def version_1(hierarchies: dict[str, tuple[Path, str]], mine: dict[str, str]) -> Cgroups | None:
    bases = []
    for name in ("memory", "cpu"):
        path = next((path for names, path in mine.items() if name in names.split(",")), None)
        if name not in hierarchies or path is None:
            return None
        bases.append(place_of(hierarchies[name], path))
    found = Cgroups(1, tuple(bases))
    return found if usable(found) else None


def usable(groups: Cgroups) -> bool:
    name = f"assethub-trial-{os.getpid()}"
    try:
        groups.make(name, 64 << 20, 1)
    except OSError:
        return False
    finally:
        groups.remove(name)
    return True
