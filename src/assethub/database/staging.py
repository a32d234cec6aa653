"""Staged changes as rows."""

from collections.abc import Iterable, Mapping
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
    def put(
        self, asset: UUID, branch: str, changes: Mapping[str, tuple[Entry | None, str | None]], by: str, at: datetime
    ) -> None:
        """Stage files, or their removal (None), each with the sha256 that it replaces; a later change of the same
        path takes a later place."""
        self.drop(asset, branch, changes)
        rows = [
            {"asset": asset, "branch": branch, "path": path, "entry": to_json(entry), "replaces": replaces,
             "staged_by": by[:96], "staged_at": at}
            for path, (entry, replaces) in changes.items()
        ]  # fmt: skip
        for batch in batches(rows):
            self.connection.execute(insert(staged), batch)

    def get(self, asset: UUID, branch: str, path: str) -> StagedChange:
        query = select(staged).where(staged.c.asset == asset, staged.c.branch == branch, staged.c.path == path)
        return change_of(self.connection.execute(query).one())

    def find(self, asset: UUID, branch: str, path: str) -> StagedChange | None:
        query = select(staged).where(staged.c.asset == asset, staged.c.branch == branch, staged.c.path == path)
        row = self.connection.execute(query).first()
        return change_of(row) if row else None

    def extent(self, asset: UUID, branch: str) -> tuple[int, int, int]:
        """How many changes wait on the branch, the sum of their numbers, and the highest."""
        numbers = (func.coalesce(found(staged.c.sequence), 0) for found in (func.sum, func.max))
        counted = select(func.count(), *numbers)
        count, total, last = self.connection.execute(
            counted.where(staged.c.asset == asset, staged.c.branch == branch)
        ).one()
        return count, int(total), last

    def changes(self, asset: UUID, branch: str, *, after: int = 0) -> list[StagedChange]:
        """In path order; those alone whose number is above `after`."""
        query = select(staged).where(staged.c.asset == asset, staged.c.branch == branch, staged.c.sequence > after)
        query = query.order_by(staged.c.path)
        return [change_of(row) for row in self.connection.execute(query)]

    def page(self, asset: UUID, branch: str, after: str, limit: int) -> list[StagedChange]:
        """Those of later paths than `after`, in the database's order of paths."""
        query = select(staged).where(staged.c.asset == asset, staged.c.branch == branch, staged.c.path > after)
        return [change_of(row) for row in self.connection.execute(query.order_by(staged.c.path).limit(limit))]

    def of(self, asset: UUID, branch: str, paths: Iterable[str]) -> list[StagedChange]:
        """Those of these paths."""
        found: list[StagedChange] = []
        for batch in batches(paths):
            query = select(staged).where(
                staged.c.asset == asset, staged.c.branch == branch, staged.c.path.in_(batch)
            )  # fmt: skip
            found += [change_of(row) for row in self.connection.execute(query)]
        return found

    def count(self, asset: UUID, branch: str, most: int | None = None) -> int:
        """How many wait; at most `most` are counted."""
        query = select(staged.c.sequence).where(staged.c.asset == asset, staged.c.branch == branch).limit(most)
        return self.connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()

    def drop(self, asset: UUID, branch: str, paths: Iterable[str]) -> int:
        gone = 0
        for batch in batches(paths):
            query = delete(staged).where(
                staged.c.asset == asset, staged.c.branch == branch, staged.c.path.in_(batch)
            )  # fmt: skip
            gone += self.connection.execute(query).rowcount
        return gone

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
    return StagedChange(
        row.path, from_json(row.entry), row.replaces, row.sequence, row.staged_by, row.staged_at
    )  # fmt: skip


def to_json(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {"sha256": entry.sha256, "size": entry.size, "mtime": timestamp(entry.mtime), "type": entry.content_type}


def from_json(value: dict[str, Any] | None) -> Entry | None:
    if value is None:
        return None
    return Entry(value["sha256"], value["size"], datetime.fromisoformat(value["mtime"]), value["type"])
