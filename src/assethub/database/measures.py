"""What several runs measured, in a number of queries that does not grow with them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Connection, or_, select, tuple_

from assethub.database.access import EVERYTHING, Reader
from assethub.database.people_tables import folders
from assethub.database.rows import Rows
from assethub.database.run_tables import evaluations, runs
from assethub.database.runs import RUNS, run_of
from assethub.database.tables import assets, commits
from assethub.domain.runs import Run


class Measures(Rows):
    def __init__(self, connection: Connection, reader: Reader = EVERYTHING) -> None:
        super().__init__(connection)
        self.reader = reader

    def runs(self, numbers: Iterable[int], ids: Iterable[UUID]) -> list[Run]:
        """Those of these that the reader may see."""
        query = RUNS.where(
            or_(runs.c.number.in_(list(numbers)), runs.c.id.in_(list(ids))), assets.c.deleted_at.is_(None),
            folders.c.deleted_at.is_(None), self.reader.sees(),
        )  # fmt: skip
        return [run_of(row) for row in self.connection.execute(query)]

    def results(self, made: Sequence[Run]) -> dict[UUID, dict[str, float | None]]:
        """The numbers that each run left beside its commit, or in its evaluation."""
        trained = {(run.asset, run.commit): run.id for run in made if run.commit}
        judged = {run.evaluation: run.id for run in made if run.evaluation}
        found: dict[UUID, dict[str, float | None]] = {}
        query = select(commits.c.asset, commits.c.id, commits.c.metadata)
        for row in self.connection.execute(query.where(tuple_(commits.c.asset, commits.c.id).in_(list(trained)))):
            for run in made:
                if (run.asset, run.commit) == (row.asset, row.id):
                    found[run.id] = dict(row.metadata.get("metrics") or {})
        rows = select(evaluations.c.id, evaluations.c.metrics).where(evaluations.c.id.in_(list(judged)))
        return found | {judged[row.id]: dict(row.metrics) for row in self.connection.execute(rows)}
