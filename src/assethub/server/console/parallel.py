"""Parallel coordinates: an axis for each parameter and metric, a line for each run, coloured by how good it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1120, 300
TOP, BOTTOM, SIDE = 44, 26, 60
MOST_AXES = 9
MOST_TICKS = 12
QUANTILES = 5
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Axis:
    name: str
    x: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Line:
    """`rank` is 0 for the best fifth, 4 for the worst; None without a value."""

    number: int
    path: str
    rank: int | None
    text: str


@dataclass(frozen=True)
class Parallel:
    width: int
    height: int
    axes: tuple[Axis, ...]
    lines: tuple[Line, ...]


def draw(
    columns: Mapping[str, Sequence[Cell]], numbers: Sequence[int], by: str | None, lowest: bool
) -> Parallel | None:
    """Runs by number over columns of their values; None where there is nothing to compare."""
    told = {name: row for name, row in columns.items() if len({one for one in row if one is not None}) > 1}
    if by in told:  # what they are ranked by stands at the right
        told = {**{name: row for name, row in told.items() if name != by}, by: told[by]}
    names = [*list(told)[: MOST_AXES - 1], *([list(told)[-1]] if len(told) >= MOST_AXES else [])]
    if len(names) < 2 or len(numbers) < 2:
        return None
    apart = (WIDTH - 2 * SIDE) / (len(names) - 1)
    places = {name: SIDE + at * apart for at, name in enumerate(names)}
    scales = {name: heights(told[name]) for name in names}
    axes = tuple(Axis(name, places[name], ticks(told[name], scales[name])) for name in names)
    ranks = ranked(told[by], lowest) if by is not None and by in told else {}
    lines = []
    for at, number in enumerate(numbers):
        points = [(places[name], scales[name][told[name][at]]) for name in names if told[name][at] is not None]
        text = ", ".join(f"{name} {shown(told[name][at])}" for name in names if told[name][at] is not None)
        if len(points) > 1:
            lines.append(Line(number, curve(points), ranks.get(at), text))
    lines.sort(key=lambda line: -QUANTILES if line.rank is None else -line.rank)
    return Parallel(WIDTH, HEIGHT, axes, tuple(lines))


def heights(row: Sequence[Cell]) -> dict[Cell, float]:
    """How high each value lies: numbers by their size, others in their order."""
    values = [one for one in dict.fromkeys(row) if one is not None]
    bottom, span = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    numbers = {one: float(one) for one in values if isinstance(one, int | float) and not isinstance(one, bool)}
    if len(numbers) == len(values):
        least, most = min(numbers.values()), max(numbers.values())
        return {one: bottom - span * (number - least) / (most - least) for one, number in numbers.items()}
    return {one: bottom - span * at / max(len(values) - 1, 1) for at, one in enumerate(sorted(values, key=str))}


def ticks(row: Sequence[Cell], scale: Mapping[Cell, float]) -> tuple[tuple[float, str], ...]:
    """Each value if they are few, else the bounds."""
    found = sorted(scale.items(), key=lambda one: one[1])
    if len(found) > MOST_TICKS:
        found = [found[0], found[-1]]
    kept: list[tuple[float, str]] = []
    for value, y in found:
        if not kept or y - kept[-1][0] >= 14:
            kept.append((y, shown(value)))
    return tuple(kept)


def shown(value: Cell) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 14 else text[:13] + "…"


def ranked(row: Sequence[Cell], lowest: bool) -> dict[int, int]:
    """In which fifth each place of a row of numbers is, the best first."""
    there = [at for at, one in enumerate(row) if isinstance(one, int | float)]
    there.sort(key=lambda at: float(row[at] or 0), reverse=not lowest)
    return {at: min(QUANTILES * place // max(len(there), 1), QUANTILES - 1) for place, at in enumerate(there)}


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Through the points, level at each."""
    (x, y), *rest = points
    path = f"M{x:.0f} {y:.1f}"
    for next_x, next_y in rest:
        middle = (x + next_x) / 2
        path += f" C{middle:.0f} {y:.1f} {middle:.0f} {next_y:.1f} {next_x:.0f} {next_y:.1f}"
        x, y = next_x, next_y
    return path
