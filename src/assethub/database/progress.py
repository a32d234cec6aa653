"""How runs go on: when they came into their states, and what they use of their machine."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from assethub.database.rows import Rows
from assethub.database.run_tables import run_steps, system_batches
from assethub.domain.errors import Conflict
from assethub.domain.runs import RunState, Sample, Step, moment_of

MOST_BATCHES = 20_000  # of a run: what comes later is left out


class Steps(Rows):
    def add(self, run: UUID, attempt: int, state: RunState, at: datetime) -> None:
        """An attempt came into this state; one that it was in before counts from now."""
        one = (run_steps.c.run == run, run_steps.c.attempt == attempt, run_steps.c.state == state)
        self.connection.execute(delete(run_steps).where(*one))
        self.connection.execute(insert(run_steps).values(run=run, attempt=attempt, state=state, at=at))

    def of(self, run: UUID) -> list[Step]:
        query = select(run_steps).where(run_steps.c.run == run).order_by(run_steps.c.attempt, run_steps.c.at)
        return [Step(row.attempt, RunState(row.state), row.at) for row in self.connection.execute(query)]


class Samples(Rows):
    def add(self, run: UUID, attempt: int, batch: int, samples: Sequence[Sample]) -> None:
        """Keep batch 1, 2, 3 … of an attempt, once. Conflict if one is missing."""
        held = system_batches.c
        of = (held.run == run, held.attempt == attempt)
        last: int = self.connection.execute(select(func.coalesce(func.max(held.batch), 0)).where(*of)).scalar_one()
        if batch <= last or last >= MOST_BATCHES:
            return
        if batch != last + 1:
            raise Conflict(f"System batch {last + 1} must come before batch {batch}.")
        kept = [[one.at.timestamp(), dict(one.values)] for one in samples]
        self.connection.execute(insert(system_batches).values(run=run, attempt=attempt, batch=batch, samples=kept))

    def of(self, run: UUID, after: datetime | None = None) -> list[Sample]:
        """All samples of a run, or those behind a time."""
        held = system_batches.c
        query = select(held.samples).where(held.run == run).order_by(held.attempt, held.batch)
        found = [
            Sample(moment_of(at), values) for row in self.connection.execute(query) for at, values in row.samples
        ]  # fmt: skip
        return found if after is None else [one for one in found if one.at > after]
