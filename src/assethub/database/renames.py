"""Paths that folders and assets had before, as rows."""

from uuid import UUID

from sqlalchemy import delete, insert, select

from assethub.database.rows import Rows
from assethub.database.tables import renames


class Renames(Rows):
    """A path leads to what was there last, until somebody takes it."""

    def add(self, path: str, *, folder: UUID | None = None, asset: UUID | None = None) -> None:
        self.take(path)
        self.connection.execute(insert(renames).values(path=path.lower(), folder=folder, asset=asset))

    def take(self, path: str) -> None:
        """The path names something new from now on."""
        self.connection.execute(delete(renames).where(renames.c.path == path.lower()))

    def find(self, path: str) -> tuple[UUID | None, UUID | None] | None:
        """The folder or the asset that was at the path."""
        row = self.connection.execute(select(renames).where(renames.c.path == path.lower())).first()
        return (row.folder, row.asset) if row else None
