"""Folders as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from assethub.database.rows import Rows
from assethub.database.tables import assets, folders, users
from assethub.domain.folders import Folder
from assethub.domain.names import FolderPath, Kind

COUNT = select(func.count()).where(assets.c.folder == folders.c.id).scalar_subquery()
FOLDERS = select(folders, users.c.name.label("owner_name"), COUNT.label("assets")).join(users)


def folder_of(row: Row[Any]) -> Folder:
    path = FolderPath(row.owner_name, Kind(row.kind), row.name)
    return Folder(row.id, path, row.description, tuple(row.labels), row.created_at, row.assets)


class Folders(Rows):
    def add(
        self, id: UUID, owner: UUID, path: FolderPath, description: str, labels: tuple[str, ...], now: datetime
    ) -> None:
        self.connection.execute(
            insert(folders).values(
                id=id, owner=owner, kind=path.kind, name=path.folder, name_key=path.folder.lower(),
                description=description, labels=labels, created_at=now,
            )
        )  # fmt: skip

    def find(self, path: FolderPath) -> tuple[Folder, UUID] | None:
        """The folder and its owner's id."""
        row = self.connection.execute(
            FOLDERS.where(
                users.c.name_key == path.owner.lower(),
                folders.c.kind == path.kind,
                folders.c.name_key == path.folder.lower(),
            )
        ).first()
        return (folder_of(row), row.owner) if row else None

    def owned(self, owner: UUID | None, kind: Kind | None) -> list[Folder]:
        """Folders of one owner (None: of all), by owner, kind and name."""
        query = FOLDERS.order_by(users.c.name_key, folders.c.kind, folders.c.name_key)
        if owner is not None:
            query = query.where(folders.c.owner == owner)
        if kind is not None:
            query = query.where(folders.c.kind == kind)
        return [folder_of(row) for row in self.connection.execute(query)]

    def change(self, id: UUID, values: dict[str, Any]) -> None:
        self.connection.execute(update(folders).where(folders.c.id == id).values(values))

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(folders).where(folders.c.id == id))
