"""Staged changes as rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select

from assethub.database.rows import Rows, batches
from assethub.database.tables import staged
from assethub.domain.history import timestamp
from assethub.domain.objects import Entry
from assethub.domain.staging import StagedChange


class Staging(Rows):
    def put(self, asset: UUID, branch: str, path: str, entry: Entry | None, replaces: str | None) -> None:
        """Stage a file, or its removal (None); a later change of the same path takes a later place."""
        self.drop(asset, branch, path)
        self.connection.execute(
            insert(staged).values(asset=asset, branch=branch, path=path, entry=to_json(entry), replaces=replaces)
        )

    def get(self, asset: UUID, branch: str, path: str) -> StagedChange:
        query = select(staged).where(staged.c.asset == asset, staged.c.branch == branch, staged.c.path == path)
        return change_of(self.connection.execute(query).one())

    def changes(self, asset: UUID, branch: str) -> list[StagedChange]:
        query = select(staged).where(staged.c.asset == asset, staged.c.branch == branch).order_by(staged.c.path)
        return [change_of(row) for row in self.connection.execute(query)]

    def count(self, asset: UUID, branch: str) -> int:
        query = select(func.count()).where(staged.c.asset == asset, staged.c.branch == branch)
        return self.connection.execute(query).scalar_one()

    def drop(self, asset: UUID, branch: str, path: str) -> int:
        query = delete(staged).where(staged.c.asset == asset, staged.c.branch == branch, staged.c.path == path)
        return self.connection.execute(query).rowcount

    def clear(self, asset: UUID, branch: str) -> int:
        """Forget all changes of the branch."""
        query = delete(staged).where(staged.c.asset == asset, staged.c.branch == branch)
        return self.connection.execute(query).rowcount

    def remove(self, sequences: Iterable[int]) -> None:
        """Forget just these changes. One that was staged meanwhile stays, even if its number is a lower one:
        PostgreSQL deals numbers out before it commits."""
        for batch in batches(sequences):
            self.connection.execute(delete(staged).where(staged.c.sequence.in_(batch)))


def change_of(row: Row[Any]) -> StagedChange:
    return StagedChange(row.path, from_json(row.entry), row.replaces, row.sequence)


def to_json(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {"sha256": entry.sha256, "size": entry.size, "mtime": timestamp(entry.mtime), "type": entry.content_type}


def from_json(value: dict[str, Any] | None) -> Entry | None:
    if value is None:
        return None
    return Entry(value["sha256"], value["size"], datetime.fromisoformat(value["mtime"]), value["type"])
