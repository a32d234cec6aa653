"""Folders as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from assethub.database.rows import Rows
from assethub.database.tables import assets, folders, users
from assethub.domain.folders import Folder
from assethub.domain.names import FolderPath, Kind

COUNT = select(func.count()).where(assets.c.folder == folders.c.id, assets.c.deleted_at.is_(None)).scalar_subquery()
ALL = select(folders, users.c.name.label("owner_name"), COUNT.label("assets")).join(users)
FOLDERS = ALL.where(folders.c.deleted_at.is_(None))


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

    def by_id(self, id: UUID) -> tuple[Folder, UUID] | None:
        row = self.connection.execute(FOLDERS.where(folders.c.id == id)).first()
        return (folder_of(row), row.owner) if row else None

    def delete(self, id: UUID, now: datetime) -> None:
        """Hide the folder with what is in it; its name is free again."""
        self.change(id, {"deleted_at": now, "name_key": str(id)})

    def deleted(self, path: FolderPath, since: datetime) -> tuple[Folder, UUID] | None:
        """The folder that was deleted last under this path."""
        row = self.connection.execute(
            ALL.where(
                users.c.name_key == path.owner.lower(), folders.c.kind == path.kind,
                func.lower(folders.c.name) == path.folder.lower(), folders.c.deleted_at >= since,
            ).order_by(folders.c.deleted_at.desc())
        ).first()  # fmt: skip
        return (folder_of(row), row.owner) if row else None

    def restore(self, id: UUID, name: str) -> None:
        self.change(id, {"deleted_at": None, "name_key": name.lower()})

    def sweep(self, before: datetime) -> None:
        """Forget for good what was deleted before."""
        self.connection.execute(delete(folders).where(folders.c.deleted_at < before))
