"""Sweeps as rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, update

from assethub.database.access import EVERYTHING, Reader
from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows
from assethub.database.run_tables import runs, sweeps
from assethub.database.tables import assets
from assethub.domain.runs import ACTIVE, RunState, RunType
from assethub.domain.sweeps import Sweep

creators = owners.alias("creators")
SWEEPS = (
    select(
        sweeps, owners.c.name.label("owner_name"), folders.c.kind, folders.c.name.label("folder_name"),
        assets.c.name.label("asset_name"), creators.c.name.label("creator"),
    )
    .join(assets, assets.c.id == sweeps.c.asset)
    .join(folders, folders.c.id == assets.c.folder)
    .join(owners, owners.c.id == folders.c.owner)
    .join(creators, creators.c.id == sweeps.c.created_by)
)  # fmt: skip


def sweep_of(row: Row[Any]) -> Sweep:
    return Sweep(
        id=row.id, number=row.number, type=RunType(row.type), asset=row.asset,
        path=f"{row.owner_name}/{row.kind}/{row.folder_name}/{row.asset_name}", branch=row.branch,
        params={name: tuple(values) for name, values in row.params}, created_by=row.created_by, creator=row.creator,
        created_at=row.created_at,
    )  # fmt: skip


class Sweeps(Rows):
    def __init__(self, connection: Connection, reader: Reader = EVERYTHING) -> None:
        super().__init__(connection)
        self.reader = reader

    def add(self, sweep: Sweep) -> int:
        """Keep a new sweep; its number is given here and answered."""
        if self.connection.dialect.name == "postgresql":  # the lock of Runs.take_turn: one alone cannot deadlock
            self.connection.execute(select(func.pg_advisory_xact_lock(7701)))
        number: int = self.connection.execute(select(func.coalesce(func.max(sweeps.c.number), 0) + 1)).scalar_one()
        self.connection.execute(insert(sweeps).values(
            id=sweep.id, number=number, type=sweep.type, asset=sweep.asset, branch=sweep.branch,
            params=[[name, list(values)] for name, values in sweep.params.items()], created_by=sweep.created_by,
            created_at=sweep.created_at,
        ))  # fmt: skip
        return number

    def find(self, number: int) -> Sweep | None:
        row = self.connection.execute(SWEEPS.where(sweeps.c.number == number)).first()
        return sweep_of(row) if row else None

    def listed(self, *, asset: UUID | None, before: int | None, limit: int) -> list[Sweep]:
        """Newest first; of one asset, or of all that the reader may see."""
        query = SWEEPS.where(assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None), self.reader.sees())
        if asset is not None:
            query = query.where(sweeps.c.asset == asset)
        if before is not None:
            query = query.where(sweeps.c.number < before)
        query = query.order_by(sweeps.c.number.desc()).limit(limit)
        return [sweep_of(row) for row in self.connection.execute(query)]

    def states(self, ids: Iterable[UUID]) -> dict[UUID, dict[RunState, int]]:
        """How many runs of each sweep are in each state."""
        query = select(runs.c.sweep, runs.c.state, func.count().label("found")).where(runs.c.sweep.in_(list(ids)))
        counts: dict[UUID, dict[RunState, int]] = {}
        for row in self.connection.execute(query.group_by(runs.c.sweep, runs.c.state)):
            counts.setdefault(row.sweep, {})[RunState(row.state)] = row.found
        return counts

    def cancel(self, id: UUID, now: datetime, reason: str) -> None:
        """Ask for the end of all its runs; those that no engine has yet end here."""
        mine = runs.c.sweep == id
        waiting = (runs.c.state == RunState.QUEUED, runs.c.handle.is_(None), runs.c.lease_until.is_(None))
        ended = {"state": RunState.CANCELLED, "ended_at": now, "reason": reason, "cancel_requested_at": now}
        self.connection.execute(update(runs).where(mine, *waiting, runs.c.cancel_requested_at.is_(None)).values(ended))
        going = (runs.c.state.in_(list(ACTIVE)), runs.c.cancel_requested_at.is_(None))
        self.connection.execute(update(runs).where(mine, *going).values(cancel_requested_at=now))
