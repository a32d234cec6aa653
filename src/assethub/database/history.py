"""Commits as rows."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.rows import Rows, batches
from assethub.database.tables import commits, refs
from assethub.domain.errors import NotFound
from assethub.domain.history import Commit

MOST_KNOWN = 1000  # commits that are kept for one piece of work
COMMIT = [column for column in commits.c if column is not commits.c.changed_paths]


class Step(NamedTuple):
    """What a walk through the history needs of a commit."""

    id: str
    generation: int
    made_at: datetime
    tree: str
    parents: tuple[str, ...]
    changed_paths: bytes | None


def commit_of(row: Row[Any]) -> Commit:
    facts = {column.name: row._mapping[column.name] for column in COMMIT}
    return Commit(**{**facts, "parents": tuple(row.parents)})


class Commits(Rows):
    """Commits never change once written, so that those that were read are kept for the rest of the work."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.known: dict[tuple[UUID, str], Commit] = {}

    def knows(self, row: Row[Any]) -> Commit:
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        return self.known.setdefault((row.asset, row.id), commit_of(row))

    def add(self, commit: Commit, changed_paths: bytes | None = None) -> None:
        """`changed_paths` is the filter of what the commit changes from its first parent."""
        if self.find(commit.asset, commit.id) is None:  # the same change at the same instant is the same commit
            self.connection.execute(insert(commits).values(asdict(commit) | {"changed_paths": changed_paths}))

    def add_all(self, made: Iterable[tuple[Commit, bytes | None]]) -> None:
        """Many at once, each with its filter; those that the asset has already stay as they are."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        for batch in batches(made):
            values = [asdict(commit) | {"changed_paths": changed_paths} for commit, changed_paths in batch]
            self.connection.execute(dialect.insert(commits).on_conflict_do_nothing(), values)

    def newest_first(self, asset: UUID) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """(id, tree, parents) of every commit of the asset, children before their parents."""
        query = select(commits.c.id, commits.c.tree, commits.c.parents).where(commits.c.asset == asset)
        rows = self.connection.execute(
            query.order_by(commits.c.generation.desc(), commits.c.id), execution_options={"yield_per": 1000}
        )
        for row in rows:
            yield row.id, row.tree, tuple(row.parents)

    def find(self, asset: UUID, id: str) -> Commit | None:
        if (asset, id) in self.known:
            return self.known[asset, id]
        row = self.connection.execute(select(*COMMIT).where(commits.c.asset == asset, commits.c.id == id)).first()
        return self.knows(row) if row else None

    def get(self, asset: UUID, id: str) -> Commit:
        commit = self.find(asset, id)
        if commit is None:
            raise NotFound.named("commit", id[:8])
        return commit

    def all(self, asset: UUID) -> list[Commit]:
        """Every commit of the asset, oldest first."""
        query = select(*COMMIT).where(commits.c.asset == asset).order_by(commits.c.generation, commits.c.id)
        return [commit_of(row) for row in self.connection.execute(query)]

    def since(self, moment: datetime) -> list[tuple[UUID, str]]:
        """(asset, id) of the commits made since."""
        query = select(commits.c.asset, commits.c.id).where(commits.c.made_at >= moment)
        return [(row.asset, row.id) for row in self.connection.execute(query)]

    def before(self, moment: datetime) -> list[tuple[UUID, str]]:
        """(asset, id) of the commits made before."""
        query = select(commits.c.asset, commits.c.id).where(commits.c.made_at < moment)
        return [(row.asset, row.id) for row in self.connection.execute(query)]

    def forget(self, asset: UUID, ids: Iterable[str]) -> None:
        """Remove commits that nothing leads to any more."""
        self.known.clear()
        for batch in batches(sorted(ids)):
            self.connection.execute(delete(commits).where(commits.c.asset == asset, commits.c.id.in_(batch)))

    def many(self, asset: UUID, ids: Iterable[str]) -> dict[str, Commit]:
        wanted = set(ids)
        found = {id: self.known[asset, id] for id in wanted if (asset, id) in self.known}
        for batch in batches(wanted - found.keys()):
            query = select(*COMMIT).where(commits.c.asset == asset, commits.c.id.in_(batch))
            found.update({row.id: self.knows(row) for row in self.connection.execute(query)})
        return found

    def steps(self, asset: UUID, behind: tuple[int, str], limit: int) -> list[Step]:
        """Up to `limit` commits with their filters, the highest generations first, behind (generation, id)."""
        place = (commits.c.generation, commits.c.id)
        query = select(*(commits.c[name] for name in Step._fields)).where(
            commits.c.asset == asset, tuple_(*place) < tuple_(*behind)
        )
        rows = self.connection.execute(query.order_by(*(column.desc() for column in place)).limit(limit))
        return [
            Step(row.id, row.generation, row.made_at, row.tree, tuple(row.parents), row.changed_paths) for row in rows
        ]

    def matching(self, asset: UUID, ids: Iterable[str], author: str, text: str) -> set[str]:
        """Which of these commits are by that author (who made or recorded it), with the text in their message or id."""
        query = select(commits.c.id).where(commits.c.asset == asset)
        if author:
            query = query.where((commits.c.author == author) | (commits.c.committer == author))
        if text:
            said = func.lower(commits.c.message).contains(text.lower(), autoescape=True)
            query = query.where(said | commits.c.id.startswith(text.lower(), autoescape=True))
        found: set[str] = set()
        for batch in batches(ids):
            found |= set(self.connection.execute(query.where(commits.c.id.in_(batch))).scalars())
        return found

    def authors(self, asset: UUID, limit: int) -> list[str]:
        """Who made commits, the most busy first."""
        query = select(commits.c.author).where(commits.c.asset == asset).group_by(commits.c.author)
        return list(
            self.connection.execute(query.order_by(func.count().desc(), commits.c.author).limit(limit)).scalars()
        )

    def with_prefix(self, asset: UUID, prefix: str, limit: int) -> list[Commit]:
        """Commits whose id begins with the prefix, at most `limit`."""
        after = prefix.ljust(64, "f")
        query = select(*COMMIT).where(commits.c.asset == asset, commits.c.id >= prefix, commits.c.id <= after)
        return [commit_of(row) for row in self.connection.execute(query.order_by(commits.c.id).limit(limit))]

    def heads(self, assets: Iterable[UUID], branch: str) -> dict[UUID, Commit]:
        """The head of each asset's branch of this name."""
        joined = (refs.c.asset == commits.c.asset) & (refs.c.commit == commits.c.id)
        found = {}
        for batch in batches(assets):
            query = select(*COMMIT).join(refs, joined).where(refs.c.name == branch, refs.c.asset.in_(batch))
            found.update({row.asset: commit_of(row) for row in self.connection.execute(query)})
        return found

    def first(self, asset: UUID) -> str:
        """The asset's first, empty commit."""
        query = select(commits.c.id).where(commits.c.asset == asset, commits.c.generation == 1)
        id: str = self.connection.execute(query.order_by(commits.c.made_at).limit(1)).scalar_one()
        return id

    def count(self, asset: UUID) -> int:
        return self.connection.execute(select(func.count()).where(commits.c.asset == asset)).scalar_one()
