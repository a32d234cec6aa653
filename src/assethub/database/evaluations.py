"""Evaluations as rows."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select

from assethub.database.access import Reader
from assethub.database.people_tables import folders, owners
from assethub.database.rows import MOST_VALUES, Rows, batches
from assethub.database.run_tables import evaluations
from assethub.database.tables import assets, commits, refs
from assethub.domain.evaluations import Evaluation, Report

EVALUATIONS = (
    select(
        evaluations, owners.c.name.label("owner_name"), folders.c.kind, folders.c.name.label("folder_name"),
        assets.c.name.label("dataset_name"),
    )
    .join(assets, assets.c.id == evaluations.c.dataset)
    .join(folders, folders.c.id == assets.c.folder)
    .join(owners, owners.c.id == folders.c.owner)
    .order_by(evaluations.c.created_at.desc(), evaluations.c.id.desc())
)  # fmt: skip


def evaluation_of(row: Row[Any]) -> Evaluation:
    return evaluation_at(row, f"{row.owner_name}/{row.kind}/{row.folder_name}/{row.dataset_name}")


def evaluation_at(row: Row[Any], dataset_path: str) -> Evaluation:
    return Evaluation(
        id=row.id, asset=row.asset, commit=row.commit, dataset=row.dataset,
        dataset_path=dataset_path,
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

    def on(
        self, dataset: UUID, path: str, reader: Reader, *, content: str | None = None, limit: int = 5000
    ) -> list[tuple[Evaluation, str, str]]:
        """Those on a dataset of the models that the reader may see, newest first, each with its model and its files.

        `path` is the dataset's; `content`: only those on versions of it with these files.
        """
        query = (
            select(
                evaluations,
                owners.c.name.label("owner_name"),
                folders.c.kind,
                folders.c.name.label("folder_name"),
                assets.c.name.label("asset_name"),
            )
            .join(assets, assets.c.id == evaluations.c.asset)
            .join(folders, folders.c.id == assets.c.folder)
            .join(owners, owners.c.id == folders.c.owner)
            .where(evaluations.c.dataset == dataset, assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None))
            .where(reader.sees_assets())
            .order_by(evaluations.c.created_at.desc(), evaluations.c.id.desc())
            .limit(limit)
        )
        if content is not None:
            of = (commits.c.asset == evaluations.c.dataset) & (commits.c.id == evaluations.c.dataset_commit)
            query = query.join(commits, of).where(commits.c.content == content)
        return [
            (evaluation_at(row, path), f"{row.owner_name}/{row.kind}/{row.folder_name}/{row.asset_name}", row.content)
            for row in self.connection.execute(query)
        ]

    def shown(self, models: Iterable[UUID]) -> dict[tuple[UUID, str], list[str]]:
        """The names of the refs that show files of these models now, by model and files."""
        found: dict[tuple[UUID, str], list[str]] = {}
        of = (commits.c.asset == refs.c.asset) & (commits.c.id == refs.c.commit)
        query = select(refs.c.asset, refs.c.name, commits.c.content).join(commits, of).order_by(refs.c.name)
        for batch in batches(models):
            for row in self.connection.execute(query.where(refs.c.asset.in_(batch))):
                found.setdefault((row.asset, row.content), []).append(row.name)
        return found

    def newest(self, versions: Iterable[tuple[UUID, str]]) -> dict[UUID, Evaluation]:
        """For pairs of asset and model files: the evaluation of these files that was made last."""
        found: dict[UUID, Evaluation] = {}
        for batch in batches(versions, MOST_VALUES // 2):
            wanted = dict(batch)  # not asked for in pairs: SQLite would look through everything
            query = EVALUATIONS.where(
                evaluations.c.asset.in_(list(wanted)), evaluations.c.content.in_(sorted(set(wanted.values())))
            )
            for row in self.connection.execute(query):  # newest first
                if wanted[row.asset] == row.content:
                    found.setdefault(row.asset, evaluation_of(row))
        return found

    def contents(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """The digest of the model files that each evaluation is about."""
        query = select(evaluations.c.id, evaluations.c.content).where(evaluations.c.id.in_(list(ids)))
        return {row.id: row.content for row in self.connection.execute(query)}

    def count(self, asset: UUID) -> int:
        return self.connection.execute(select(func.count()).where(evaluations.c.asset == asset)).scalar_one()

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(evaluations).where(evaluations.c.id == id))
