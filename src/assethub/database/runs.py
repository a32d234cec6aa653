"""Runs, their logs and their metric points as rows."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, or_, select, update

from assethub.database.rows import Rows
from assethub.database.tables import assets, folders, log_batches, metric_batches, runs, users
from assethub.domain.errors import Conflict
from assethub.domain.runs import ACTIVE, Code, Input, LogLine, MetricPoint, Run, RunState, RunType

owners = users.alias("owners")
RUNS = (
    select(
        runs, owners.c.name.label("owner_name"), folders.c.kind, folders.c.name.label("folder_name"),
        assets.c.name.label("asset_name"), users.c.name.label("creator"),
    )
    .join(assets, assets.c.id == runs.c.asset)
    .join(folders, folders.c.id == assets.c.folder)
    .join(owners, owners.c.id == folders.c.owner)
    .join(users, users.c.id == runs.c.created_by)
)  # fmt: skip


def run_of(row: Row[Any]) -> Run:
    inputs = tuple(Input(**{**one, "asset": UUID(one["asset"])}) for one in row.inputs)
    return Run(
        id=row.id, number=row.number, type=RunType(row.type), state=RunState(row.state), reason=row.reason,
        asset=row.asset, path=f"{row.owner_name}/{row.kind}/{row.folder_name}/{row.asset_name}", branch=row.branch,
        onto_existing=row.onto_existing, base=row.base, code=Code(**row.code), inputs=inputs, params=row.params,
        task=row.task, engine=row.engine, attempt=row.attempt, nonce=row.nonce, handle=row.handle,
        cancel_requested_at=row.cancel_requested_at, exit_code=row.exit_code, commit=row.commit,
        evaluation=row.evaluation, environment=row.environment, created_by=row.created_by, creator=row.creator,
        created_at=row.created_at, started_at=row.started_at, ended_at=row.ended_at, seen_at=row.seen_at,
    )  # fmt: skip


class Runs(Rows):
    def add(self, run: Run) -> int:
        """Keep a new run; its number is given here and answered."""
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(select(func.pg_advisory_xact_lock(7701)))
        number: int = self.connection.execute(select(func.coalesce(func.max(runs.c.number), 0) + 1)).scalar_one()
        values = asdict(run) | {"number": number, "logged": 0, "log_batch": 0, "metrics_batch": 0, "points": 0}
        values["inputs"] = [{**asdict(one), "asset": str(one.asset)} for one in run.inputs]
        for derived in ("path", "creator"):
            del values[derived]
        self.connection.execute(insert(runs).values(values))
        return number

    def find(self, id: UUID | None = None, *, number: int | None = None) -> Run | None:
        matching = runs.c.id == id if id is not None else runs.c.number == number
        row = self.connection.execute(RUNS.where(matching)).first()
        return run_of(row) if row else None

    def locked(self, id: UUID) -> Run | None:
        """The run, held against other writers until the transaction ends."""
        self.connection.execute(select(runs.c.id).where(runs.c.id == id).with_for_update())
        return self.find(id)

    def listed(
        self,
        *,
        asset: UUID | None,
        owner: UUID | None,
        states: Iterable[RunState] | None,
        before: int | None,
        limit: int,
    ) -> list[Run]:
        """Newest first; of one asset, of one owner's assets or started by them (None: of all)."""
        query = RUNS.where(assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None))
        query = query.order_by(runs.c.number.desc()).limit(limit)
        if asset is not None:
            query = query.where(runs.c.asset == asset)
        if owner is not None:
            query = query.where(or_(folders.c.owner == owner, runs.c.created_by == owner))
        if states is not None:
            query = query.where(runs.c.state.in_(list(states)))
        if before is not None:
            query = query.where(runs.c.number < before)
        return [run_of(row) for row in self.connection.execute(query)]

    def queued(self) -> list[Run]:
        """Runs that no engine has yet, oldest first."""
        query = RUNS.where(runs.c.state == RunState.QUEUED, runs.c.handle.is_(None)).order_by(runs.c.number)
        return [run_of(row) for row in self.connection.execute(query)]

    def placed(self) -> list[Run]:
        """Runs that an engine holds something of: under way, or ended and not cleaned up."""
        query = RUNS.where(runs.c.handle.is_not(None)).order_by(runs.c.number)
        return [run_of(row) for row in self.connection.execute(query)]

    def active(self) -> list[Run]:
        """All runs that have not ended, oldest first."""
        query = RUNS.where(runs.c.state.in_(list(ACTIVE))).order_by(runs.c.number)
        return [run_of(row) for row in self.connection.execute(query)]

    def writing(self, asset: UUID, branch: str) -> Run | None:
        """The run under way whose result lands on this branch."""
        query = RUNS.where(runs.c.asset == asset, runs.c.branch == branch, runs.c.state.in_(list(ACTIVE)))
        row = self.connection.execute(query.limit(1)).first()
        return run_of(row) if row else None

    def count(self, asset: UUID) -> int:
        return self.connection.execute(select(func.count()).where(runs.c.asset == asset)).scalar_one()

    def change(self, run: Run, values: dict[str, Any]) -> None:
        """Change the run unless its state or attempt moved since it was read: both are the fence."""
        changed = self.connection.execute(
            update(runs)
            .where(runs.c.id == run.id, runs.c.attempt == run.attempt, runs.c.state == run.state)
            .values(values)
        )
        if changed.rowcount == 0:
            raise Conflict(f"Run {run.number} moved on meanwhile.")


class Logs(Rows):
    """Lines in batches; a batch is found by the number of its last line."""

    def add(self, run: UUID, batch: int, lines: list[tuple[float, str, str]]) -> bool:
        """Append batch 1, 2, 3 … of the attempt; False if it is known already. Conflict if one is missing."""
        state = self.connection.execute(select(runs.c.logged, runs.c.log_batch).where(runs.c.id == run)).one()
        if batch <= state.log_batch:
            return False
        if batch != state.log_batch + 1:
            raise Conflict(f"Log batch {state.log_batch + 1} must come before batch {batch}.")
        last = state.logged + len(lines)
        self.connection.execute(update(runs).where(runs.c.id == run).values(logged=last, log_batch=batch))
        if lines:
            self.connection.execute(insert(log_batches).values(run=run, last=last, lines=lines))
        return True

    def note(self, run: UUID, at: datetime, text: str) -> None:
        """Append a line of the hub's own, outside of the runner's batches."""
        last = self.connection.execute(select(runs.c.logged).where(runs.c.id == run)).scalar_one() + 1
        self.connection.execute(update(runs).where(runs.c.id == run).values(logged=last))
        lines = [(at.timestamp(), "hub", text)]
        self.connection.execute(insert(log_batches).values(run=run, last=last, lines=lines))

    def after(self, run: UUID, number: int, limit: int) -> list[LogLine]:
        query = select(log_batches).where(log_batches.c.run == run, log_batches.c.last > number)
        lines: list[LogLine] = []
        for row in self.connection.execute(query.order_by(log_batches.c.last).limit(limit)):
            first = row.last - len(row.lines) + 1
            for at, (moment, stream, text) in enumerate(row.lines, start=first):
                if at > number and len(lines) < limit:
                    lines.append(LogLine(at, datetime.fromtimestamp(moment, UTC), stream, text))
            if len(lines) >= limit:
                break
        return lines

    def last(self, run: UUID) -> int:
        number: int = self.connection.execute(select(runs.c.logged).where(runs.c.id == run)).scalar_one()
        return number


class Metrics(Rows):
    def add(self, run: UUID, batch: int, points: list[dict[str, Any]]) -> bool:
        """Append batch 1, 2, 3 … of the attempt; False if it is known already. Conflict if one is missing."""
        state = self.connection.execute(select(runs.c.points, runs.c.metrics_batch).where(runs.c.id == run)).one()
        if batch <= state.metrics_batch:
            return False
        if batch != state.metrics_batch + 1:
            raise Conflict(f"Metrics batch {state.metrics_batch + 1} must come before batch {batch}.")
        last = state.points + len(points)
        self.connection.execute(update(runs).where(runs.c.id == run).values(points=last, metrics_batch=batch))
        if points:
            self.connection.execute(insert(metric_batches).values(run=run, last=last, points=points))
        return True

    def after(self, run: UUID, number: int, limit: int) -> list[MetricPoint]:
        query = select(metric_batches).where(metric_batches.c.run == run, metric_batches.c.last > number)
        points: list[MetricPoint] = []
        for row in self.connection.execute(query.order_by(metric_batches.c.last).limit(limit)):
            first = row.last - len(row.points) + 1
            points += [
                MetricPoint(point["step"], datetime.fromtimestamp(point["time"], UTC), point["values"])
                for at, point in enumerate(row.points, start=first)
                if at > number
            ]
            if len(points) >= limit:
                break
        return points[:limit]
