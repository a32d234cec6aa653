"""Evaluations as rows."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, tuple_

from assethub.database.rows import Rows, batches
from assethub.database.tables import assets, evaluations, folders, users
from assethub.domain.evaluations import Evaluation, Report

EVALUATIONS = (
    select(
        evaluations, users.c.name.label("owner_name"), folders.c.kind, folders.c.name.label("folder_name"),
        assets.c.name.label("dataset_name"),
    )
    .join(assets, assets.c.id == evaluations.c.dataset)
    .join(folders, folders.c.id == assets.c.folder)
    .join(users, users.c.id == folders.c.owner)
    .order_by(evaluations.c.created_at.desc(), evaluations.c.id.desc())
)  # fmt: skip


def evaluation_of(row: Row[Any]) -> Evaluation:
    return Evaluation(
        id=row.id, asset=row.asset, commit=row.commit, dataset=row.dataset,
        dataset_path=f"{row.owner_name}/{row.kind}/{row.folder_name}/{row.dataset_name}",
        dataset_commit=row.dataset_commit, metrics=row.metrics,
        reports=tuple(Report(**report) for report in row.reports), run=row.run, run_number=row.run_number,
        provenance=row.provenance, created_by=row.created_by, created_at=row.created_at,
    )  # fmt: skip


class Evaluations(Rows):
    def add(self, evaluation: Evaluation, content: str) -> None:
        values = asdict(evaluation) | {"content": content, "reports": [asdict(one) for one in evaluation.reports]}
        del values["dataset_path"]
        self.connection.execute(insert(evaluations).values(values))

    def get(self, id: UUID) -> Evaluation | None:
        row = self.connection.execute(EVALUATIONS.where(evaluations.c.id == id)).first()
        return evaluation_of(row) if row else None

    def of(self, asset: UUID, *, contents: Iterable[str] | None = None, limit: int = 1000) -> list[Evaluation]:
        """Newest first; with `contents`, those of commits with these model files."""
        query = EVALUATIONS.where(evaluations.c.asset == asset).limit(limit)
        if contents is not None:
            query = query.where(evaluations.c.content.in_(list(contents)))
        return [evaluation_of(row) for row in self.connection.execute(query)]

    def newest(self, versions: Iterable[tuple[UUID, str]]) -> dict[UUID, Evaluation]:
        """For pairs of asset and model files: the evaluation of these files that was made last."""
        found: dict[UUID, Evaluation] = {}
        for batch in batches(versions):
            query = EVALUATIONS.where(tuple_(evaluations.c.asset, evaluations.c.content).in_(batch))
            for row in self.connection.execute(query):  # newest first
                found.setdefault(row.asset, evaluation_of(row))
        return found

    def contents(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """The digest of the model files that each evaluation is about."""
        query = select(evaluations.c.id, evaluations.c.content).where(evaluations.c.id.in_(list(ids)))
        return {row.id: row.content for row in self.connection.execute(query)}

    def count(self, asset: UUID) -> int:
        return self.connection.execute(select(func.count()).where(evaluations.c.asset == asset)).scalar_one()

    def resting_on(self, datasets: Iterable[UUID]) -> list[str]:
        """The names of models outside of these assets that were evaluated on them."""
        given = list(datasets)
        query = select(assets.c.name).join(evaluations, evaluations.c.asset == assets.c.id).distinct()
        query = query.where(evaluations.c.dataset.in_(given), assets.c.id.not_in(given), assets.c.deleted_at.is_(None))
        return list(self.connection.execute(query).scalars())

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(evaluations).where(evaluations.c.id == id))
