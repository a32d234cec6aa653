"""What was made from what, as rows: the runs and evaluations that rest on versions."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, insert, not_, or_, select, tuple_, union

from assethub.database.access import EVERYTHING, Reader
from assethub.database.evaluations import EVALUATIONS, evaluation_of
from assethub.database.lineage_tables import reproductions, run_inputs
from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows, batches
from assethub.database.run_tables import evaluations, runs
from assethub.database.runs import RUNS, run_of
from assethub.database.tables import assets, commits, refs
from assethub.domain.evaluations import Evaluation
from assethub.domain.runs import ACTIVE, Run, RunType

Pair = tuple[UUID, str]  # an asset and a commit of it
MOST_COUNTED = 10_000  # of what the reader may not see
PATH = owners.c.name + "/" + folders.c.kind + "/" + folders.c.name + "/" + assets.c.name


class Same(NamedTuple):
    """A commit, and one with the same files."""

    asset: UUID
    commit: str
    content: str
    other: str
    made_at: datetime


class Lineage(Rows):
    def __init__(self, connection: Connection, reader: Reader = EVERYTHING) -> None:
        super().__init__(connection)
        self.reader = reader

    def resting_on(self, given: Iterable[UUID]) -> tuple[list[str], int]:
        """The models outside of these assets that were made from or evaluated on them: paths the reader may know,
        and how many."""
        ids = list(given)
        used = union(
            select(evaluations.c.asset).where(evaluations.c.dataset.in_(ids)),
            select(runs.c.asset)
            .join(run_inputs, run_inputs.c.run == runs.c.id)
            .where(run_inputs.c.asset.in_(ids), runs.c.commit.is_not(None)),
        ).subquery()
        query = (
            select(PATH.label("path"), self.reader.sees().label("seen"))
            .join(folders, folders.c.id == assets.c.folder)
            .join(owners, owners.c.id == folders.c.owner)
            .where(
                assets.c.id.in_(select(used.c.asset)), assets.c.id.not_in(ids), assets.c.deleted_at.is_(None),
                folders.c.deleted_at.is_(None),
            )
        )  # fmt: skip
        rows = self.connection.execute(query).all()
        return sorted(row.path for row in rows if row.seen), len(rows)

    def used(self, asset: UUID) -> set[str]:
        """The commits of an asset that runs took in, or that were evaluated, or evaluated on."""
        query = union(
            select(run_inputs.c.commit).where(run_inputs.c.asset == asset),
            select(evaluations.c.commit).where(evaluations.c.asset == asset),
            select(evaluations.c.dataset_commit).where(evaluations.c.dataset == asset),
        )
        return {row[0] for row in self.connection.execute(query)}

    def dependants(self, asset: UUID, commits: Iterable[str]) -> tuple[list[str], int]:
        """Runs made from these commits and evaluations of or on them: those the reader may know, and how many."""
        found: dict[UUID, str | None] = {}
        for batch in batches(commits):
            made = (
                select(runs.c.id, runs.c.number, PATH.label("path"), self.reader.sees().label("seen"))
                .join(run_inputs, run_inputs.c.run == runs.c.id)
                .join(assets, assets.c.id == runs.c.asset)
                .join(folders, folders.c.id == assets.c.folder)
                .join(owners, owners.c.id == folders.c.owner)
                .where(
                    run_inputs.c.asset == asset, run_inputs.c.commit.in_(batch), assets.c.deleted_at.is_(None),
                    or_(runs.c.state.in_(list(ACTIVE)), runs.c.commit.is_not(None) & (runs.c.type != RunType.EVALUATE)),
                )
            )  # fmt: skip
            for row in self.connection.execute(made):
                found[row.id] = f"run {row.number} of {row.path}" if row.seen else None
            judged = (
                select(evaluations.c.id, evaluations.c.run_number, evaluations.c.created_by, PATH.label("path"),
                       self.reader.sees().label("seen"))
                .join(assets, assets.c.id == evaluations.c.asset)
                .join(folders, folders.c.id == assets.c.folder)
                .join(owners, owners.c.id == folders.c.owner)
                .where(
                    or_(and_(evaluations.c.asset == asset, evaluations.c.commit.in_(batch)),
                        and_(evaluations.c.dataset == asset, evaluations.c.dataset_commit.in_(batch))),
                    assets.c.deleted_at.is_(None),
                )
            )  # fmt: skip
            for row in self.connection.execute(judged):
                by = f"run {row.run_number}" if row.run_number else row.created_by
                found[row.id] = f"evaluation of {row.path} by {by}" if row.seen else None
        return sorted(told for told in found.values() if told), len(found)

    def same(self, versions: Iterable[Pair], limit: int) -> list[Same]:
        """The commits of their assets with the same files as each of these; empty versions have none."""
        other = commits.alias("other")
        query = (
            select(commits.c.asset, commits.c.id, commits.c.content, other.c.id.label("other"), commits.c.made_at)
            .join(other, (other.c.asset == commits.c.asset) & (other.c.content == commits.c.content))
            .where(tuple_(commits.c.asset, commits.c.id).in_(list(versions)), commits.c.files > 0)
            .order_by(other.c.generation, other.c.id)
            .limit(limit)
        )
        return [Same(*row) for row in self.connection.execute(query)]

    def makers(self, versions: Iterable[Pair]) -> list[Run]:
        """The runs that made these (asset, commit), oldest first."""
        query = RUNS.where(tuple_(runs.c.asset, runs.c.commit).in_(list(versions))).order_by(runs.c.number)
        return [run_of(row) for row in self.connection.execute(query)]

    def users(self, versions: Iterable[Pair], limit: int) -> tuple[list[tuple[UUID, str, Run]], set[UUID]]:
        """Runs that made or are making something from these (asset, commit), with what they used, newest first: those
        the reader may know, and the others' ids."""
        using = and_(
            tuple_(run_inputs.c.asset, run_inputs.c.commit).in_(list(versions)), runs.c.type != RunType.EVALUATE,
            or_(runs.c.commit.is_not(None), runs.c.state.in_(list(ACTIVE))), assets.c.deleted_at.is_(None),
            folders.c.deleted_at.is_(None),
        )  # fmt: skip
        joined = RUNS.join(run_inputs, run_inputs.c.run == runs.c.id).where(using)
        query = joined.add_columns(run_inputs.c.asset.label("used"), run_inputs.c.commit.label("used_commit"))
        seen = query.where(self.reader.sees()).order_by(runs.c.number.desc()).limit(limit)
        hidden = joined.with_only_columns(runs.c.id).where(not_(self.reader.sees())).limit(MOST_COUNTED)
        rows = self.connection.execute(seen)
        return [(row.used, row.used_commit, run_of(row)) for row in rows], set(self.connection.scalars(hidden))

    def judgements(self, versions: Iterable[Pair], limit: int) -> tuple[list[Evaluation], set[UUID]]:
        """Evaluations of or on these (asset, commit), newest first: those the reader may know, and the others' ids."""
        wanted = list(versions)
        model = assets.alias("model")
        alive = select(folders.c.id).where(folders.c.deleted_at.is_(None)).correlate(None)
        seeing = model.c.folder.in_(alive.where(self.reader.sees()))
        query = EVALUATIONS.join(model, model.c.id == evaluations.c.asset).where(
            or_(tuple_(evaluations.c.asset, evaluations.c.commit).in_(wanted),
                tuple_(evaluations.c.dataset, evaluations.c.dataset_commit).in_(wanted)),
            model.c.deleted_at.is_(None), model.c.folder.in_(alive),
        )  # fmt: skip
        hidden = query.with_only_columns(evaluations.c.id).where(not_(seeing)).limit(MOST_COUNTED)
        rows = self.connection.execute(query.where(seeing).limit(limit))
        return [evaluation_of(row) for row in rows], set(self.connection.scalars(hidden))

    def visible(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """The paths of those of these assets that the reader may see."""
        query = (
            select(assets.c.id, PATH.label("path"))
            .join(folders, folders.c.id == assets.c.folder)
            .join(owners, owners.c.id == folders.c.owner)
            .where(assets.c.id.in_(list(ids)), assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None),
                   self.reader.sees())
        )  # fmt: skip
        return {row.id: row.path for row in self.connection.execute(query)}

    def names(self, versions: Iterable[Pair]) -> list[tuple[UUID, str, str]]:
        """(asset, commit, name) of the branches and tags that are at these."""
        query = select(refs.c.asset, refs.c.commit, refs.c.name).order_by(refs.c.kind, refs.c.name)
        rows = self.connection.execute(query.where(tuple_(refs.c.asset, refs.c.commit).in_(list(versions))))
        return [(row.asset, row.commit, row.name) for row in rows]

    def reproduces(self, run: UUID) -> tuple[UUID, str] | None:
        """The commit, as (asset, id), that a run is to make once more."""
        row = self.connection.execute(select(reproductions).where(reproductions.c.run == run)).first()
        return (row.asset, row.commit) if row else None

    def set_reproduces(self, run: UUID, asset: UUID, commit: str) -> None:
        self.connection.execute(insert(reproductions).values(run=run, asset=asset, commit=commit))
