"""Runs side by side: what they were given, what they measured, and where their code and environments differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

from assethub.domain.runs import MetricPoint, Run

V = TypeVar("V")


@dataclass(frozen=True)
class Measure:
    """A metric of one run: the last value of its curve (or of its result), and the bounds that it kept within."""

    final: float | None
    lowest: float | None
    highest: float | None


@dataclass(frozen=True)
class FileChange:
    """Lines added and removed in a file; None for what is no text."""

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True)
class CodeChange:
    """From the first run's code to another's. `files` is None where the hub cannot tell them to the caller."""

    number: int
    same: bool
    files: tuple[FileChange, ...] | None
    more: int = 0  # changed files that are not listed


@dataclass(frozen=True)
class RunComparison:
    """Rows have one place for each run, None where it has nothing. `packages` are just those that differ."""

    runs: tuple[Run, ...]
    params: Mapping[str, tuple[str | int | float | bool | None, ...]]
    metrics: Mapping[str, tuple[Measure | None, ...]]
    packages: Mapping[str, tuple[str | None, ...]]
    same_packages: int
    code: tuple[CodeChange, ...]


def measured(points: Iterable[MetricPoint], results: Mapping[str, float | None]) -> dict[str, Measure]:
    """What a run measured; a number of its result is final whatever its curve says."""
    found: dict[str, list[float]] = {}
    last: dict[str, float | None] = {}
    for point in points:
        for name, told in point.values.items():
            found.setdefault(name, [])
            last[name] = told if isfinite(told) else None
            if isfinite(told):
                found[name] = [min([*found[name], told]), max([*found[name], told])]
    for name, value in results.items():
        last[name] = value
        if not found.get(name) and value is not None:
            found[name] = [value, value]
    return {name: Measure(last[name], *(found.get(name) or (None, None))) for name in last}


def packages_of(environment: Mapping[str, object]) -> dict[str, str]:
    """Names and versions in a run's lock, and its Python."""
    found = {"Python": str(environment["python"])} if environment.get("python") else {}
    lock = environment.get("lock")
    for line in lock.splitlines() if isinstance(lock, str) else ():
        name, is_pinned, rest = line.partition("==")
        if is_pinned and not line.startswith((" ", "#", "-")):
            found[name.split("[")[0].strip().lower()] = rest.split(";")[0].split("\\")[0].strip()
    return found


def side_by_side(rows: Sequence[Mapping[str, V]]) -> dict[str, tuple[V | None, ...]]:
    """Each name with its value in each row, in the order in which the names come up."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: tuple(row.get(name) for row in rows) for name in names}
