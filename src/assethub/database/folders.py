"""Folders as rows."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, tuple_

from assethub.database.access import EVERYTHING, Reader, access_of
from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows, change_described, has, labelled, words_of
from assethub.database.tables import assets
from assethub.domain.folders import Access, Folder, Which
from assethub.domain.names import FolderPath, Kind
from assethub.domain.search import Sort

COUNT = select(func.count()).where(assets.c.folder == folders.c.id, assets.c.deleted_at.is_(None)).scalar_subquery()
CHANGED = (
    select(func.max(assets.c.updated_at))
    .where(assets.c.folder == folders.c.id, assets.c.deleted_at.is_(None))
    .scalar_subquery()
)
ALL = select(folders, owners.c.name.label("owner_name"), COUNT.label("assets")).join(owners)
FOLDERS = ALL.where(folders.c.deleted_at.is_(None))


def folder_of(row: Row[Any]) -> Folder:
    path = FolderPath(row.owner_name, Kind(row.kind), row.name)
    labels = tuple(row.labels)
    return Folder(row.id, path, row.description, labels, row.created_at, row.assets, row.everyone, row.public)


class Folders(Rows):
    """Finding shows what the reader may see, and nothing else."""

    def __init__(self, connection: Connection, reader: Reader = EVERYTHING) -> None:
        super().__init__(connection)
        self.reader = reader

    def seen(self, query: Select[Any]) -> Select[Any]:
        return query.add_columns(*self.reader.facts()).where(self.reader.sees())

    def first(self, query: Select[Any]) -> tuple[Folder, Access] | None:
        row = self.connection.execute(self.seen(query)).first()
        return (self.with_role(row), access_of(row, row.id)) if row else None

    def with_role(self, row: Row[Any]) -> Folder:
        return replace(folder_of(row), role=self.reader.role(access_of(row, row.id)))

    def add(
        self, id: UUID, owner: UUID, path: FolderPath, description: str, labels: tuple[str, ...], now: datetime
    ) -> None:
        self.connection.execute(
            insert(folders).values(
                id=id, owner=owner, kind=path.kind, name=path.folder, name_key=path.folder.lower(),
                description=description, labels=labels, words=words_of(path.folder, description, labels),
                everyone=0, public=False, created_at=now,
            )
        )  # fmt: skip

    def find(self, path: FolderPath) -> tuple[Folder, Access] | None:
        """The folder, and what decides what the reader may do in it."""
        return self.first(
            FOLDERS.where(
                owners.c.name_key == path.owner.lower(),
                folders.c.kind == path.kind,
                folders.c.name_key == path.folder.lower(),
            )
        )

    def taken(self, path: FolderPath) -> UUID | None:
        """The id of the folder at a path, whoever may see it."""
        found = Folders(self.connection).find(path)
        return found[0].id if found else None

    def listed(
        self, *, owner: UUID | None = None, kind: Kind | None = None, which: Which = Which.ALL,
        words: tuple[str, ...] = (), label: str | None = None, after: FolderPath | None = None,
        sort: Sort = Sort.NAME, limit: int = 1000, offset: int = 0,
    ) -> list[Folder]:  # fmt: skip
        """What the reader may see: by owner, kind and name (from after a path on), by size, or the last changed first.

        A folder's size is the number of assets in it.
        """
        query = self.seen(FOLDERS).where(self.reader.those(which))
        if owner is not None:
            query = query.where(folders.c.owner == owner)
        if kind is not None:
            query = query.where(folders.c.kind == kind)
        for word in words:
            query = query.where(or_(owners.c.name_key.contains(word, autoescape=True), has(folders, word)))
        if after is not None:
            key = (after.owner.lower(), str(after.kind), after.folder.lower())
            query = query.where(tuple_(owners.c.name_key, folders.c.kind, folders.c.name_key) > tuple_(*key))
        if label is not None:
            query = query.where(labelled(folders, label))
        if sort is Sort.UPDATED:
            query = query.order_by(func.coalesce(CHANGED, folders.c.created_at).desc())
        elif sort is Sort.SIZE:
            query = query.order_by(COUNT.desc())
        query = query.order_by(owners.c.name_key, folders.c.kind, folders.c.name_key).limit(limit).offset(offset)
        return [self.with_role(row) for row in self.connection.execute(query)]

    def change(self, id: UUID, values: dict[str, Any]) -> None:
        change_described(self.connection, folders, id, values)

    def by_id(self, id: UUID) -> tuple[Folder, Access] | None:
        return self.first(FOLDERS.where(folders.c.id == id))

    def deleted_of(self, since: datetime, owner: UUID) -> list[Folder]:
        """What of an owner's was deleted, the last first."""
        query = self.seen(ALL.where(folders.c.owner == owner, folders.c.deleted_at >= since))
        rows = self.connection.execute(query.order_by(folders.c.deleted_at.desc()))
        return [self.with_role(row) for row in rows]

    def count(self, owner: UUID) -> int:
        """How many folders an owner has, deleted ones that can come back among them."""
        return self.connection.execute(select(func.count()).where(folders.c.owner == owner)).scalar_one()

    def owner(self, id: UUID) -> UUID:
        found: UUID = self.connection.execute(select(folders.c.owner).where(folders.c.id == id)).scalar_one()
        return found

    def delete(self, id: UUID, now: datetime) -> None:
        """Hide the folder with what is in it; its name is free again."""
        self.change(id, {"deleted_at": now, "name_key": str(id)})

    def deleted(self, path: FolderPath, since: datetime) -> tuple[Folder, Access] | None:
        """The folder that was deleted last under this path."""
        return self.first(
            ALL.where(
                owners.c.name_key == path.owner.lower(), folders.c.kind == path.kind,
                func.lower(folders.c.name) == path.folder.lower(), folders.c.deleted_at >= since,
            ).order_by(folders.c.deleted_at.desc())
        )  # fmt: skip

    def restore(self, id: UUID, name: str) -> None:
        self.change(id, {"deleted_at": None, "name_key": name.lower()})

    def sweep(self, before: datetime) -> int:
        """Forget for good what was deleted before."""
        return self.connection.execute(delete(folders).where(folders.c.deleted_at < before)).rowcount
