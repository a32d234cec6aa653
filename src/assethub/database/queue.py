"""The queue of runs as rows: who waits, who holds what, and claims with a lease and a fence."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update

from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows, batches
from assethub.database.run_tables import queues, runs
from assethub.database.runs import RUNS, run_of
from assethub.database.tables import assets
from assethub.domain.owners import OwnerKind
from assethub.domain.queue import Holding, Need, Queue, Queued, QueueState
from assethub.domain.runs import Priority, Run, RunState

ENTRIES = (
    select(
        runs.c.id, runs.c.number, runs.c.priority, runs.c.created_by, runs.c.task, runs.c.gpus,
        owners.c.id.label("owner"), owners.c.kind.label("owner_kind"),
    )
    .join(assets, assets.c.id == runs.c.asset)
    .join(folders, folders.c.id == assets.c.folder)
    .join(owners, owners.c.id == folders.c.owner)
    .order_by(runs.c.number)
)  # fmt: skip
WAITS = (runs.c.state == RunState.QUEUED, runs.c.handle.is_(None), runs.c.lease_until.is_(None))
BEING_PLACED = (runs.c.handle.is_(None), runs.c.lease_until.is_not(None))


def group_of(row: Any) -> UUID | None:
    return row.owner if row.owner_kind == OwnerKind.GROUP else None


class Queues(Rows):
    def now(self) -> datetime:
        """The database's clock: all who place runs measure leases with this one."""
        if self.connection.dialect.name == "postgresql":
            moment: datetime = self.connection.execute(select(func.clock_timestamp())).scalar_one()
            return moment.astimezone(UTC)
        text: str = self.connection.execute(select(func.strftime("%Y-%m-%dT%H:%M:%f", "now"))).scalar_one()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    def get(self, engine: str) -> Queue:
        return self.queue_of(engine, self.connection.execute(select(queues).where(queues.c.engine == engine)).first())

    def locked(self, engine: str) -> Queue:
        """The queue, held against others who place runs or change it until the transaction ends."""
        query = select(queues).where(queues.c.engine == engine).with_for_update()
        row = self.connection.execute(query).first()
        if row is None:
            if self.connection.dialect.name == "postgresql":
                self.connection.execute(select(func.pg_advisory_xact_lock(7703)))
                row = self.connection.execute(query).first()
            if row is None:
                new = {"engine": engine, "state": QueueState.OPEN, "note": "", "changed_by": ""}
                self.connection.execute(insert(queues).values(new))
        return self.queue_of(engine, row)

    def queue_of(self, engine: str, row: Row[Any] | None) -> Queue:
        if row is None:
            return Queue(engine)
        return Queue(
            engine, QueueState(row.state), row.note, row.runs, row.per_user, row.per_group, row.changed_by,
            row.changed_at,
        )  # fmt: skip

    def change(self, engine: str, values: dict[str, Any]) -> None:
        self.connection.execute(update(queues).where(queues.c.engine == engine).values(values))

    def waiting(self, engine: str) -> list[Queued]:
        """Runs that wait for a claim, oldest first."""
        query = ENTRIES.where(*WAITS, runs.c.engine == engine)
        return [
            Queued(row.id, row.number, Priority(row.priority), row.created_by, group_of(row), need_of(row))
            for row in self.connection.execute(query)
        ]

    def holding(self, engine: str) -> list[Holding]:
        """Runs that somebody places, or that the engine holds something of, oldest first."""
        query = ENTRIES.where(HELD, runs.c.engine == engine)
        return [
            Holding(row.id, row.number, row.created_by, group_of(row), need_of(row), tuple(row.gpus))
            for row in self.connection.execute(query)
        ]

    def details(self, ids: Iterable[UUID]) -> dict[UUID, Run]:
        found = {}
        for batch in batches(ids):
            for row in self.connection.execute(RUNS.where(runs.c.id.in_(batch))):
                found[row.id] = run_of(row)
        return found

    def claim(self, id: UUID, placer: str, until: datetime, gpus: Sequence[str]) -> Run | None:
        """The run, claimed for placing it under the next fence; None if somebody else is at it."""
        free = select(runs.c.id).where(runs.c.id == id, *WAITS)
        return self.claimed(free, {"placer": placer, "lease_until": until, "gpus": list(gpus)})

    def reclaim(self, engine: str, placer: str, now: datetime, lease: timedelta) -> Run | None:
        """A run whose placing came to nothing, claimed anew under the next fence; None if there is none.

        Besides expired leases these are the claimant's own, which it places nothing under by now, and those that end
        later than any lease can: the clock was put back. The run itself may have gone on, and even ended.
        """
        over = or_(runs.c.lease_until < now, runs.c.lease_until > now + lease, runs.c.placer == placer)
        free = select(runs.c.id).where(*BEING_PLACED, over, runs.c.engine == engine)
        return self.claimed(free.order_by(runs.c.number).limit(1), {"placer": placer, "lease_until": now + lease})

    def claimed(self, free: Any, values: dict[str, Any]) -> Run | None:
        id = self.connection.execute(free.with_for_update(skip_locked=True)).scalar()
        if id is None:
            return None
        self.connection.execute(update(runs).where(runs.c.id == id).values(fence=runs.c.fence + 1, **values))
        return run_of(self.connection.execute(RUNS.where(runs.c.id == id)).one())

    def claims(self, engine: str) -> bool:
        """Whether any run is claimed and not placed yet."""
        query = select(runs.c.id).where(*BEING_PLACED, runs.c.engine == engine).limit(1)
        return self.connection.execute(query).first() is not None

    def keys(self, engine: str) -> set[str]:
        """The keys of all attempts that may be on the engine."""
        found = self.connection.execute(select(runs.c.id, runs.c.attempt).where(HELD, runs.c.engine == engine))
        return {f"hub-{row.id}-{row.attempt}" for row in found}


HELD: ColumnElement[bool] = or_(runs.c.handle.is_not(None), runs.c.lease_until.is_not(None))


def need_of(row: Any) -> Need:
    return Need.of(row.task["resources"])
