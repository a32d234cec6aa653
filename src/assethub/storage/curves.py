"""Points of curves folded into compressed objects, and what curves look like from afar.

Points are counted from 0 over the whole run. A *bucket* stands for `size` of them from a multiple of it on: of each
curve it knows how many values there are, the least, the greatest and the sum of those that are finite, and how many
are not. An object of tier 1 holds POINTS points, one of tier 2 what 16 of those look like in buckets of 16 and more,
one of tier 3 what 16 of tier 2 look like in buckets of 256 and more, and so on: whatever is asked for, few are read.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

from assethub.domain.runs import Curve, MetricPoint, moment_of
from assethub.storage.segments import Opened, assemble

POINTS = 4096  # in one object of tier 1
RATIO = 16  # objects of a tier that one of the next stands for
STEP = 4  # between the sizes of buckets that one object holds
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Buckets:
    """A curve, a bucket an item; those without a value are left out. A bucket of size 1 is a point."""

    at: Integers  # the number of the bucket's first point
    x: Floats
    count: Integers  # of finite values
    odd: Integers  # of others
    least: Floats
    most: Floats
    total: Floats
    time: Floats  # of the first value, in seconds since 1970; no number where it is not known

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        return (self.at, self.x, self.count, self.odd, self.least, self.most, self.total, self.time)

    def between(self, start: int, end: int) -> "Buckets":
        chosen = (self.at >= start) & (self.at < end)
        return self if bool(chosen.all()) else Buckets(*(one[chosen] for one in self.columns()))  # type: ignore[arg-type]

    def coarser(self, size: int) -> "Buckets":
        """The same in buckets of this size."""
        if len(self.at) == 0 or size == 1:
            return self
        groups = self.at // size
        starts = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
        with np.errstate(over="ignore"):  # a sum that is too large for a number leaves no mean
            total = np.add.reduceat(self.total, starts)
        return Buckets(
            groups[starts] * size, self.x[starts], np.add.reduceat(self.count, starts),
            np.add.reduceat(self.odd, starts), np.fmin.reduceat(self.least, starts),
            np.fmax.reduceat(self.most, starts), total, self.time[starts],
        )  # fmt: skip


def joined(parts: Sequence[Buckets]) -> Buckets:
    columns = zip(*(part.columns() for part in parts), strict=True)
    return Buckets(*(np.concatenate(column) for column in columns))


def tier_for(size: int) -> int:
    """The highest tier whose objects hold buckets of this size or smaller ones that it is made of."""
    tier, least = 1, RATIO
    while size >= least:
        tier, least = tier + 1, least * RATIO
    return tier


def span_of(tier: int) -> int:
    """How many points an object of this tier stands for."""
    return int(POINTS * RATIO ** (tier - 1))


def sizes_of(tier: int) -> list[int]:
    """Of the buckets in an object of this tier, smallest first."""
    size, sizes = RATIO ** (tier - 1), []
    while size <= span_of(tier):
        sizes.append(size)
        size *= STEP
    return sizes


def fold_points(first: int, points: Sequence[MetricPoint]) -> tuple[bytes, int]:
    """Points as an object of tier 1."""
    curves = by_name(points)
    steps = np.array([np.nan if point.step is None else point.step for point in points], "<f8")
    times = np.array([point.at.timestamp() for point in points], "<f8")
    parts = [compressed(steps), compressed(times)]
    for at, values in curves.values():
        there = np.zeros(len(points), np.uint8)
        there[at] = 1
        parts.append(compressed(np.packbits(there), np.array(values, "<f8")))
    return assemble({"kind": "points", "first": first, "count": len(points), "names": list(curves)}, parts)


def by_name(points: Iterable[MetricPoint]) -> dict[str, tuple[list[int], list[float]]]:
    """Of each curve, which of the points have a value, and the values."""
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for at, point in enumerate(points):
        for name, value in point.values.items():
            there, values = curves.setdefault(name, ([], []))
            there.append(at)
            values.append(value)
    return curves


def compressed(*columns: NDArray[np.generic]) -> bytes:
    return zstandard.ZstdCompressor().compress(b"".join(column.tobytes() for column in columns))


def unfold_points(opened: Opened) -> list[MetricPoint]:
    count, names = opened.facts["count"], opened.facts["names"]
    steps = [None if step != step else step for step in np.frombuffer(opened.part(0), "<f8").tolist()]
    times = np.frombuffer(opened.part(1), "<f8").tolist()
    values: list[dict[str, float]] = [{} for _ in range(count)]
    for number, name in enumerate(names):
        there, found = column_of(opened, number)
        for at, value in zip(there.tolist(), found.tolist(), strict=True):
            values[at][name] = value
    return [MetricPoint(step, moment_of(time), value) for step, time, value in zip(steps, times, values, strict=True)]


def column_of(opened: Opened, number: int) -> tuple[Integers, Floats]:
    """Where a curve has values among the points of an object of tier 1, and the values."""
    count: int = opened.facts["count"]
    data, bits = opened.part(number + 2), -(-count // 8)
    there = np.unpackbits(np.frombuffer(data, np.uint8, bits), count=count)
    return np.flatnonzero(there), np.frombuffer(data, "<f8", -1, bits)


def look(opened: Opened, size: int, names: Iterable[str] | None = None) -> dict[str, Buckets]:
    """The curves of an object of any tier in buckets of about this size: of the largest that make it up."""
    known: list[str] = opened.facts["names"]
    asked = None if names is None else set(names)
    wanted = [name for name in known if asked is None or name in asked]
    place = {name: number for number, name in enumerate(known)}
    if opened.facts["kind"] == "points":
        first = opened.facts["first"]
        steps, times = np.frombuffer(opened.part(0), "<f8"), np.frombuffer(opened.part(1), "<f8")
        x = np.where(np.isnan(steps), first + np.arange(len(steps)), steps)
        found = {}
        for name in wanted:
            there, values = column_of(opened, place[name])
            found[name] = buckets_of(first + there, x[there], values, times[there])
        return found
    sizes: list[int] = opened.facts["sizes"]
    level = max(at for at, one in enumerate(sizes) if one <= size or at == 0)
    columns: int = opened.facts.get("columns", 7)  # objects of older hubs lack the times
    return {name: unpacked(opened.part(level * len(known) + place[name]), columns) for name in wanted}


def buckets_of(at: Integers, x: Floats, values: Floats, times: Floats) -> Buckets:
    finite = np.isfinite(values)
    shown = np.where(finite, values, np.nan)
    count = finite.astype(np.int64)
    return Buckets(at.astype(np.int64), x, count, 1 - count, shown, shown, np.where(finite, values, 0.0), times)


def look_at_points(first: int, points: Sequence[MetricPoint], names: Iterable[str] | None = None) -> dict[str, Buckets]:
    """The same for points that are in no object yet."""
    x = np.array([first + at if point.step is None else point.step for at, point in enumerate(points)], np.float64)
    times = np.array([point.at.timestamp() for point in points], np.float64)
    wanted = set(names) if names is not None else None
    return {
        name: buckets_of(first + np.array(at), x[at], np.array(values, np.float64), times[at])
        for name, (at, values) in by_name(points).items()
        if wanted is None or name in wanted
    }


def fold_curves(tier: int, first: int, below: Sequence[Opened]) -> tuple[bytes, int]:
    """What objects of the tier below look like from afar, as an object."""
    sizes = sizes_of(tier)
    names = list(dict.fromkeys(name for one in below for name in one.facts["names"]))
    seen = [look(one, sizes[0]) for one in below]
    curves = {name: joined([one[name] for one in seen if name in one]) for name in names}
    parts = []
    for size in sizes:
        curves = {name: curve.coarser(size) for name, curve in curves.items()}
        parts += [packed(curve) for curve in curves.values()]
    facts = {"kind": "curves", "tier": tier, "first": first, "names": names, "sizes": sizes, "columns": 8}
    return assemble(facts, parts)


def packed(curve: Buckets) -> bytes:
    return compressed(
        curve.at.astype("<i8"), curve.x.astype("<f8"), curve.count.astype("<i8"), curve.odd.astype("<i8"),
        curve.least.astype("<f8"), curve.most.astype("<f8"), curve.total.astype("<f8"),
        curve.time.astype("<f8"),
    )  # fmt: skip


def unpacked(data: bytes, columns: int) -> Buckets:
    whole = np.frombuffer(data, "<i8").reshape(columns, -1)
    floats = whole.view("<f8")
    times = floats[7] if columns > 7 else np.full(whole.shape[1], np.nan)
    return Buckets(whole[0], floats[1], whole[2], whole[3], floats[4], floats[5], floats[6], times)


def drawn(parts: Mapping[str, Sequence[Buckets]], size: int, start: int, end: int) -> list[Curve]:
    """Curves of the points from `start` up to `end`, in buckets of this size."""
    found = []
    for name, several in parts.items():
        curve = joined(several).coarser(size).between(start - start % size, end)
        mean = np.divide(curve.total, curve.count, out=np.full(len(curve.at), np.nan), where=curve.count > 0)
        found.append(Curve(
            name, curve.at.tolist(), curve.x.tolist(), numbers(mean), numbers(curve.least), numbers(curve.most),
            curve.count.tolist(), curve.odd.tolist(), numbers(curve.time),
        ))  # fmt: skip
    return found


def numbers(column: Floats) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in column.tolist()]


def bucket_size(points: int, most: int) -> int:
    """The smallest power of two that makes no more buckets than that of so many points."""
    size = 1
    while points > most * size:
        size *= 2
    return size
