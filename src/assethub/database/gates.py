"""Gates as rows."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, select

from assethub.database.access import EVERYTHING, Reader
from assethub.database.lineage_tables import gates
from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows
from assethub.database.run_tables import evaluations
from assethub.database.tables import assets, commits
from assethub.domain.gates import Gate, Rule, Sign


class Measured(NamedTuple):
    """What a gate needs of an evaluation; `content` is of the model files, `samples` of the dataset's."""

    id: UUID
    content: str
    dataset: UUID
    samples: str
    metrics: dict[str, float | None]
    run: UUID | None
    run_number: int | None
    created_by: str


class Gates(Rows):
    def __init__(self, connection: Connection, reader: Reader = EVERYTHING) -> None:
        super().__init__(connection)
        self.reader = reader

    def add(self, gate: Gate) -> None:
        rule = gate.rule
        self.connection.execute(
            insert(gates).values(
                id=gate.id, folder=gate.folder, dataset=gate.dataset, metric=rule.metric, sign=rule.sign,
                bound=rule.bound, tolerance=rule.tolerance, by_run=gate.by_run, created_by=gate.created_by,
                created_at=gate.created_at,
            )
        )  # fmt: skip

    def of(self, folder: UUID) -> list[Gate]:
        """In the order they were set; without the paths of datasets that the reader may not see."""
        gone = assets.c.id.is_(None) | assets.c.deleted_at.is_not(None) | folders.c.deleted_at.is_not(None)
        query = (
            select(gates, owners.c.name.label("owner_name"), folders.c.kind, folders.c.name.label("folder_name"),
                   assets.c.name.label("dataset_name"), self.reader.sees().label("seen"), gone.label("gone"))
            .outerjoin(assets, assets.c.id == gates.c.dataset)
            .outerjoin(folders, folders.c.id == assets.c.folder)
            .outerjoin(owners, owners.c.id == folders.c.owner)
            .where(gates.c.folder == folder)
            .order_by(gates.c.created_at, gates.c.id)
        )  # fmt: skip
        return [gate_of(row) for row in self.connection.execute(query)]

    def any(self, folder: UUID) -> bool:
        return self.connection.execute(select(gates.c.id).where(gates.c.folder == folder).limit(1)).first() is not None

    def resting_on(self, datasets: Iterable[UUID]) -> tuple[list[str], int]:
        """The folders whose gates name one of these datasets: those the reader may know, and how many."""
        query = (
            select(folders.c.id, owners.c.name.label("owner_name"), folders.c.kind, folders.c.name,
                   self.reader.sees().label("seen"))
            .join(gates, gates.c.folder == folders.c.id)
            .join(owners, owners.c.id == folders.c.owner)
            .where(gates.c.dataset.in_(list(datasets)), folders.c.deleted_at.is_(None))
            .distinct()
        )  # fmt: skip
        rows = self.connection.execute(query).all()
        return sorted(f"the gates of {row.owner_name}/{row.kind}/{row.name}" for row in rows if row.seen), len(rows)

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(gates).where(gates.c.id == id))

    def measured(self, model: UUID, contents: Iterable[str], samples: Iterable[tuple[UUID, str]]) -> list[Measured]:
        """Evaluations of these model files on datasets with this content, newest first."""
        wanted = list(samples)
        named = (commits.c.asset == evaluations.c.dataset) & (commits.c.id == evaluations.c.dataset_commit)
        query = (
            select(evaluations.c.id, evaluations.c.content, evaluations.c.dataset, commits.c.content.label("samples"),
                   evaluations.c.metrics, evaluations.c.run, evaluations.c.run_number, evaluations.c.created_by)
            .join(commits, named)
            .where(
                evaluations.c.asset == model, evaluations.c.content.in_(list(contents)),
                evaluations.c.dataset.in_([dataset for dataset, _ in wanted]),
                commits.c.content.in_([content for _, content in wanted]),
            )
            .order_by(evaluations.c.created_at.desc(), evaluations.c.id.desc())
        )  # fmt: skip
        return [Measured(*row) for row in self.connection.execute(query)]


def gate_of(row: Row[Any]) -> Gate:
    path = None
    if row.seen and not row.gone:
        path = f"{row.owner_name}/{row.kind}/{row.folder_name}/{row.dataset_name}"
    rule = Rule(row.metric, Sign(row.sign), row.bound, row.tolerance)
    return Gate(row.id, row.folder, row.dataset, path, bool(row.gone), rule, row.by_run, row.created_by, row.created_at)
