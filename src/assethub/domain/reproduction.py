"""A version made once more from what made it, and whether the same came out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isnan

from assethub.domain.runs import MetricPoint, Run

Curves = Mapping[str, tuple[tuple[float | None, float | None], ...]]


@dataclass(frozen=True)
class Reproduction:
    """`equal` is None until the run has ended. Paths, metrics and packages are those that differ."""

    run: Run
    path: str
    commit: str
    equal: bool | None
    files: tuple[str, ...]
    more_files: int
    metrics: tuple[str, ...]
    packages: tuple[str, ...]


def curves_of(points: Iterable[MetricPoint]) -> Curves:
    """Every metric as (step, value), whenever it was logged."""
    found: dict[str, list[tuple[float | None, float | None]]] = {}
    for point in points:
        for name, value in point.values.items():
            found.setdefault(name, []).append((point.step, None if isnan(value) else value))  # one NaN is like another
    return {name: tuple(values) for name, values in found.items()}


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[str, ...]:
    """The names that have another value on the other side, or none."""
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))
