"""Staged changes as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from assethub.database.rows import Rows
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

    def changes(self, asset: UUID, branch: str) -> list[StagedChange]:
        query = select(staged).where(staged.c.asset == asset, staged.c.branch == branch).order_by(staged.c.path)
        return [
            StagedChange(row.path, from_json(row.entry), row.replaces, row.sequence)
            for row in self.connection.execute(query)
        ]

    def count(self, asset: UUID, branch: str) -> int:
        query = select(func.count()).where(staged.c.asset == asset, staged.c.branch == branch)
        return self.connection.execute(query).scalar_one()

    def drop(self, asset: UUID, branch: str, path: str) -> int:
        query = delete(staged).where(staged.c.asset == asset, staged.c.branch == branch, staged.c.path == path)
        return self.connection.execute(query).rowcount

    def clear(self, asset: UUID, branch: str, *, up_to: int | None = None) -> int:
        """Forget the branch's changes, up to a sequence number: what was staged later stays."""
        query = delete(staged).where(staged.c.asset == asset, staged.c.branch == branch)
        if up_to is not None:
            query = query.where(staged.c.sequence <= up_to)
        return self.connection.execute(query).rowcount


def to_json(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {"sha256": entry.sha256, "size": entry.size, "mtime": timestamp(entry.mtime), "type": entry.content_type}


def from_json(value: dict[str, Any] | None) -> Entry | None:
    if value is None:
        return None
    return Entry(value["sha256"], value["size"], datetime.fromisoformat(value["mtime"]), value["type"])
