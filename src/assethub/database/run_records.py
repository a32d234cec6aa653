"""What runs say: the recent end of logs and points as rows, and which objects the older parts are folded into."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from assethub.database.rows import Rows, batches
from assethub.database.run_tables import log_batches, metric_batches, run_segments, runs
from assethub.domain.errors import Conflict, Invalid
from assethub.domain.runs import NUMBER_KINDS, LogLine, MetricPoint, Segment, kind_of_number, moment_of

MOST_NAMES = 2000  # of metrics of one run
Line = Sequence[Any]  # time, stream, text, rank
SEGMENT = (run_segments.c.kind, run_segments.c.tier, run_segments.c.last, run_segments.c.count, run_segments.c.head,
           run_segments.c.size, run_segments.c.object)  # fmt: skip


class Waiting(NamedTuple):
    """What of a run's log lies in rows."""

    bytes: int
    batches: int


class Logs(Rows):
    """Lines in batches; a batch is found by the number of its last line."""

    def add(self, run: UUID, batch: int, lines: list[Line]) -> bool:
        """Append batch 1, 2, 3 … of the attempt; False if it is known already. Conflict if one is missing."""
        state = self.connection.execute(select(runs.c.logged, runs.c.log_batch).where(runs.c.id == run)).one()
        if batch <= state.log_batch:
            return False
        if batch != state.log_batch + 1:
            raise Conflict(f"Log batch {state.log_batch + 1} must come before batch {batch}.")
        self.append(run, lines, {"log_batch": batch})
        return True

    def note(self, run: UUID, at: datetime, text: str) -> None:
        """Append a line of the hub's own, outside of the runner's batches."""
        self.append(run, [(at.timestamp(), "hub", text)], {})

    def append(self, run: UUID, lines: list[Line], values: dict[str, Any]) -> None:
        size = sum(len(line[2]) for line in lines) + 40 * len(lines)
        values |= {
            "logged": runs.c.logged + len(lines), "log_bytes": runs.c.log_bytes + size,
            "log_batches": runs.c.log_batches + 1,
        }  # fmt: skip
        query = update(runs).where(runs.c.id == run).values(values).returning(runs.c.logged)
        last = self.connection.execute(query).scalar_one()
        if lines:
            self.connection.execute(insert(log_batches).values(run=run, last=last, lines=lines))

    def waiting(self, run: UUID) -> Waiting:
        query = select(runs.c.log_bytes, runs.c.log_batches).where(runs.c.id == run)
        return Waiting(*self.connection.execute(query).one())

    def batches(self, run: UUID, number: int, limit: int) -> list[list[LogLine]]:
        """The lines behind a number that lie in rows, batch by batch."""
        query = select(log_batches).where(log_batches.c.run == run, log_batches.c.last > number)
        found = []
        for row in self.connection.execute(query.order_by(log_batches.c.last).limit(limit)):
            first = row.last - len(row.lines) + 1
            lines = [line_of(at, line) for at, line in enumerate(row.lines, start=first)]
            found.append(lines[max(number - first + 1, 0) :])
        return found

    def unfolded(self, run: UUID) -> tuple[int, list[Line]]:
        """The number of the first line in rows, and all of them; 0 without any."""
        rows = self.rows(run)
        return (rows[0].last - len(rows[0].lines) + 1 if rows else 0), [line for row in rows for line in row.lines]

    def rows(self, run: UUID) -> list[Row[Any]]:
        query = select(log_batches).where(log_batches.c.run == run).order_by(log_batches.c.last)
        return list(self.connection.execute(query))

    def last(self, run: UUID) -> int:
        number: int = self.connection.execute(select(runs.c.logged).where(runs.c.id == run)).scalar_one()
        return number

    def forget(self, run: UUID, last: int) -> None:
        """Remove the batches up to a line, which are folded."""
        self.connection.execute(delete(log_batches).where(log_batches.c.run == run, log_batches.c.last <= last))
        left = [line for row in self.rows(run) for line in row.lines]
        size = sum(len(line[2]) for line in left) + 40 * len(left)
        batches = select(func.count()).where(log_batches.c.run == run).scalar_subquery()
        self.connection.execute(update(runs).where(runs.c.id == run).values(log_bytes=size, log_batches=batches))


def line_of(number: int, line: Line) -> LogLine:
    moment, stream, text, *rank = line
    return LogLine(number, moment_of(moment), stream, text, rank[0] if rank else None)


class Metrics(Rows):
    def add(self, run: UUID, batch: int, points: list[MetricPoint]) -> bool:
        """Append batch 1, 2, 3 … of the attempt; False if it is known already. Conflict if one is missing."""
        query = select(runs.c.points, runs.c.metrics_batch, runs.c.metric_names).where(runs.c.id == run)
        state = self.connection.execute(query).one()
        if batch <= state.metrics_batch:
            return False
        if batch != state.metrics_batch + 1:
            raise Conflict(f"Metrics batch {state.metrics_batch + 1} must come before batch {batch}.")
        last = state.points + len(points)
        values = {"points": last, "metrics_batch": batch}
        names = dict.fromkeys(state.metric_names) | dict.fromkeys(name for point in points for name in point.values)
        if len(names) > MOST_NAMES:
            raise Invalid(f"A run has at most {MOST_NAMES:,} metrics, and this one has {len(names):,}.")
        if len(names) > len(state.metric_names):
            values["metric_names"] = list(names)
        self.connection.execute(update(runs).where(runs.c.id == run).values(values))
        if points:
            kept = [json_of(point) for point in points]
            self.connection.execute(insert(metric_batches).values(run=run, last=last, points=kept))
        return True

    def after(self, run: UUID, number: int, limit: int) -> list[MetricPoint]:
        """Points behind the first `number` ones that lie in rows."""
        query = select(metric_batches).where(metric_batches.c.run == run, metric_batches.c.last > number)
        points: list[MetricPoint] = []
        for row in self.connection.execute(query.order_by(metric_batches.c.last).limit(limit)):
            first = row.last - len(row.points) + 1
            points += [point_of(point) for point in row.points[max(number - first + 1, 0) :]]
            if len(points) >= limit:
                break
        return points[:limit]

    def recent(self, several: Iterable[UUID]) -> dict[UUID, tuple[int, list[MetricPoint]]]:
        """Of several runs the points that lie in rows, and how many there are before them."""
        found: dict[UUID, tuple[int, list[MetricPoint]]] = {}
        query = select(metric_batches).order_by(metric_batches.c.run, metric_batches.c.last)
        for batch in batches(several):
            for row in self.connection.execute(query.where(metric_batches.c.run.in_(batch))):
                _, points = found.setdefault(row.run, (row.last - len(row.points), []))
                points += [point_of(point) for point in row.points]
        return found

    def counts(self, several: Iterable[UUID]) -> dict[UUID, tuple[int, list[str]]]:
        """Of several runs how many points there are, and the names of their metrics."""
        query = select(runs.c.id, runs.c.points, runs.c.metric_names)
        return {
            row.id: (row.points, row.metric_names)
            for batch in batches(several) for row in self.connection.execute(query.where(runs.c.id.in_(batch)))
        }  # fmt: skip

    def last(self, run: UUID) -> int:
        number: int = self.connection.execute(select(runs.c.points).where(runs.c.id == run)).scalar_one()
        return number

    def names(self, run: UUID) -> list[str]:
        """Of all metrics, in the order in which they appeared."""
        names: list[str] = self.connection.execute(select(runs.c.metric_names).where(runs.c.id == run)).scalar_one()
        return names

    def forget(self, run: UUID, last: int) -> None:
        """Remove the batches up to a point, which are folded."""
        query = delete(metric_batches).where(metric_batches.c.run == run, metric_batches.c.last <= last)
        self.connection.execute(query)


def json_of(point: MetricPoint) -> dict[str, Any]:
    kinds = {name: kind for name, value in point.values.items() if (kind := kind_of_number(value))}
    values = {name: None if name in kinds else value for name, value in point.values.items()}
    found = {"step": point.step, "time": point.at.timestamp(), "values": values}
    return found | {"kinds": kinds} if kinds else found


def point_of(found: dict[str, Any]) -> MetricPoint:
    kinds = found.get("kinds", {})
    values = {
        name: NUMBER_KINDS[kinds.get(name, "nan")] if value is None else value
        for name, value in found["values"].items()
    }
    return MetricPoint(found["step"], datetime.fromtimestamp(found["time"], UTC), values)


class Segments(Rows):
    def add(self, run: UUID, segment: Segment) -> None:
        self.connection.execute(insert(run_segments).values(
            run=run, kind=segment.kind, tier=segment.tier, last=segment.last, count=segment.count, head=segment.head,
            size=segment.size, object=segment.object,
        ))  # fmt: skip

    def after(
        self, run: UUID, kind: str, tier: int, number: int, limit: int, *, end: int | None = None
    ) -> list[Segment]:
        """Those of a tier with something behind a number, and before `end`, in order."""
        found = run_segments.c
        query = select(*SEGMENT).where(found.run == run, found.kind == kind, found.tier == tier, found.last > number)
        if end is not None:
            query = query.where(found.last - found.count < end)
        query = query.order_by(found.last).limit(limit)
        return [Segment(*row) for row in self.connection.execute(query)]

    def uncovered(self, runs: Iterable[UUID], kind: str) -> dict[UUID, list[Segment]]:
        """Of several runs those that nothing of the tier above stands for, in order: each of their parts once."""
        found, above = run_segments.c, run_segments.alias("above")
        covered = select(func.coalesce(func.max(above.c.last), 0)).where(
            above.c.run == found.run, above.c.kind == found.kind, above.c.tier == found.tier + 1
        )
        query = select(found.run, *SEGMENT).where(found.kind == kind, found.last > covered.scalar_subquery())
        parts: dict[UUID, list[Segment]] = {}
        for batch in batches(runs):
            for row in self.connection.execute(query.where(found.run.in_(batch)).order_by(found.run, found.last)):
                parts.setdefault(row.run, []).append(Segment(*row[1:]))
        return parts

    def last(self, run: UUID, kind: str, tier: int) -> int:
        """The number of the last line or point that a tier holds; 0 without any."""
        found = run_segments.c
        query = select(func.max(found.last)).where(found.run == run, found.kind == kind, found.tier == tier)
        return self.connection.execute(query).scalar() or 0
