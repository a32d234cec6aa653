"""Runs, their logs and their metric points as rows."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from assethub.database.access import EVERYTHING, Reader
from assethub.database.lineage_tables import run_inputs
from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows
from assethub.database.run_tables import patches, runs, sweeps
from assethub.database.tables import assets
from assethub.domain.errors import Conflict
from assethub.domain.runs import ACTIVE, Code, Input, Priority, Run, RunFilter, RunOrder, RunState, RunType

creators = owners.alias("creators")
leaders, followers = runs.alias("leaders"), runs.alias("followers")
RUNS = (
    select(
        runs, owners.c.name.label("owner_name"), folders.c.kind, folders.c.name.label("folder_name"),
        assets.c.name.label("asset_name"), creators.c.name.label("creator"), sweeps.c.number.label("sweep_number"),
        leaders.c.number.label("leader"), followers.c.number.label("follower"),
    )
    .join(assets, assets.c.id == runs.c.asset)
    .join(folders, folders.c.id == assets.c.folder)
    .join(owners, owners.c.id == folders.c.owner)
    .join(creators, creators.c.id == runs.c.created_by)
    .outerjoin(sweeps, sweeps.c.id == runs.c.sweep)
    .outerjoin(leaders, leaders.c.id == runs.c.follows)
    .outerjoin(followers, followers.c.follows == runs.c.id)
)  # fmt: skip

EVERY = RunFilter()
NEWEST = runs.c.number.desc()
ORDERS: dict[RunOrder, tuple[ColumnElement[Any], ...]] = {
    RunOrder.NEWEST: (NEWEST,),
    RunOrder.OLDEST: (runs.c.number.asc(),),
    RunOrder.MODEL: (func.lower(assets.c.name), NEWEST),
    RunOrder.CREATOR: (func.lower(creators.c.name), NEWEST),
    RunOrder.STATE: (runs.c.state, NEWEST),
    RunOrder.ENDED: (runs.c.ended_at.desc().nulls_last(), NEWEST),
}


def matching(chosen: RunFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.states:
        found.append(runs.c.state.in_(chosen.states))
    if chosen.type is not None:
        found.append(runs.c.type == chosen.type)
    if chosen.creator:
        found.append(func.lower(creators.c.name) == chosen.creator.lower())
    if chosen.text:
        found.append(or_(
            *(column.icontains(chosen.text, autoescape=True) for column in (runs.c.branch, assets.c.name))
        ))  # fmt: skip
    return found


COUNTERS = ("logged", "log_batch", "log_batches", "log_bytes", "metrics_batch", "points")


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
        sweep=row.sweep, follows=row.follows, latest=row.latest, sweep_number=row.sweep_number, leader=row.leader,
        follower=row.follower,
        priority=Priority(row.priority), fence=row.fence, lease_until=row.lease_until, gpus=tuple(row.gpus),
        checkpoint=row.checkpoint, laid_over=row.laid_over, checkpoints=row.checkpoints,
    )  # fmt: skip


def values_of(run: Run, number: int) -> dict[str, Any]:
    values = asdict(run) | {"number": number} | dict.fromkeys(COUNTERS, 0) | {"metric_names": []}
    values["inputs"] = [{**asdict(one), "asset": str(one.asset)} for one in run.inputs]
    for derived in ("path", "creator", "sweep_number", "leader", "follower"):
        del values[derived]
    return values


class Runs(Rows):
    def __init__(self, connection: Connection, reader: Reader = EVERYTHING) -> None:
        super().__init__(connection)
        self.reader = reader

    def add(self, run: Run) -> int:
        """Keep a new run; its number is given here and answered."""
        return self.add_all([run])

    def add_all(self, new: Sequence[Run]) -> int:
        """Keep new runs under numbers that follow one another; the first of them is answered."""
        self.take_turn()
        first: int = self.connection.execute(select(func.coalesce(func.max(runs.c.number), 0) + 1)).scalar_one()
        self.connection.execute(insert(runs), [values_of(run, number) for number, run in enumerate(new, start=first)])
        used = {(run.id, one.asset, one.commit) for run in new for one in run.inputs}
        if used:
            rows = [{"run": run, "asset": asset, "commit": commit} for run, asset, commit in used]
            self.connection.execute(insert(run_inputs), rows)
        return first

    def take_turn(self) -> None:
        """One run is added after the other: numbers, and branches that results go to, are given once."""
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(select(func.pg_advisory_xact_lock(7701)))

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
        states: Iterable[RunState] | None,
        before: int | None,
        limit: int,
        sweep: UUID | None = None,
        chosen: RunFilter = EVERY,
        order: RunOrder = RunOrder.NEWEST,
        offset: int = 0,
    ) -> list[Run]:
        """Of one asset or one sweep, or of all that the reader may see."""
        query = RUNS.where(assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None), self.reader.sees_assets())
        query = query.order_by(*ORDERS[order]).limit(limit).offset(offset).where(*matching(chosen))
        if asset is not None:
            query = query.where(runs.c.asset == asset)
        if sweep is not None:
            query = query.where(runs.c.sweep == sweep)
        if states is not None:
            query = query.where(runs.c.state.in_(list(states)))
        if before is not None:
            query = query.where(runs.c.number < before)
        return [run_of(row) for row in self.connection.execute(query)]

    def repositories(self, recent: int) -> list[str]:
        """The addresses that so many of the newest runs that the reader may see have their code from."""
        query = (
            select(runs.c.code).join(assets, assets.c.id == runs.c.asset)
            .join(folders, folders.c.id == assets.c.folder)
            .where(assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None), self.reader.sees_assets())
            .order_by(runs.c.number.desc()).limit(recent)
        )  # fmt: skip
        return list(dict.fromkeys(code["url"] for code in self.connection.scalars(query)))

    def placed(self) -> list[Run]:
        """Runs that an engine holds something of: under way, or ended and not cleaned up."""
        query = RUNS.where(runs.c.handle.is_not(None)).order_by(runs.c.number)
        return [run_of(row) for row in self.connection.execute(query)]

    def unplaced(self, engine: str) -> list[Run]:
        """Runs under way that nothing of the hub watches over."""
        query = RUNS.where(runs.c.engine == engine, runs.c.state.in_(list(ACTIVE))).order_by(runs.c.number)
        return [run_of(row) for row in self.connection.execute(query)]

    def keep_patch(self, id: UUID, patch: str) -> None:
        self.connection.execute(insert(patches).values(run=id, patch=patch))

    def patch(self, id: UUID) -> str:
        """What was changed in the run's code since its commit; empty if nothing was."""
        return self.connection.execute(select(patches.c.patch).where(patches.c.run == id)).scalar() or ""

    def active(self) -> list[Run]:
        """All runs that have not ended, oldest first."""
        query = RUNS.where(runs.c.state.in_(list(ACTIVE))).order_by(runs.c.number)
        return [run_of(row) for row in self.connection.execute(query)]

    def following(self, sweep: UUID) -> dict[UUID, Run]:
        """The runs that follow those of a sweep, by the run that each follows."""
        found = map(run_of, self.connection.execute(RUNS.where(leaders.c.sweep == sweep)))
        return {run.follows: run for run in found if run.follows is not None}

    def writing(self, asset: UUID, *branches: str) -> Run | None:
        """A run under way whose result lands on one of these branches."""
        query = RUNS.where(runs.c.asset == asset, runs.c.branch.in_(branches), runs.c.state.in_(list(ACTIVE)))
        row = self.connection.execute(query.limit(1)).first()
        return run_of(row) if row else None

    def count(self, asset: UUID) -> int:
        return self.connection.execute(select(func.count()).where(runs.c.asset == asset)).scalar_one()

    def change(self, run: Run, values: dict[str, Any]) -> None:
        """Change the run unless somebody else moved it since it was read: another attempt, state or claim."""
        same = (runs.c.attempt == run.attempt, runs.c.state == run.state, runs.c.fence == run.fence)
        changed = self.connection.execute(update(runs).where(runs.c.id == run.id, *same).values(values))
        if changed.rowcount == 0:
            raise Conflict(f"Run {run.number} moved on meanwhile.")
