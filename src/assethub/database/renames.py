"""Paths that folders and assets had before, as rows."""

from uuid import UUID

from sqlalchemy import delete, insert, select

from assethub.database.rows import Rows
from assethub.database.tables import renames

NOTHING = UUID(int=0)  # looked up like any other id, so that a path that never was costs what a hidden one does


class Renames(Rows):
    """A path leads to what was there last, until somebody takes it."""

    def add(self, path: str, *, folder: UUID | None = None, asset: UUID | None = None) -> None:
        self.take(path)
        self.connection.execute(insert(renames).values(path=path.lower(), folder=folder, asset=asset))

    def take(self, path: str) -> None:
        """The path names something new from now on."""
        self.connection.execute(delete(renames).where(renames.c.path == path.lower()))

    def find(self, path: str) -> tuple[UUID, UUID]:
        """The folder and the asset that were at the path; NOTHING for what was not."""
        row = self.connection.execute(select(renames).where(renames.c.path == path.lower())).first()
        return (row.folder or NOTHING, row.asset or NOTHING) if row else (NOTHING, NOTHING)
