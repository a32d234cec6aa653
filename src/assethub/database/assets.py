"""Assets as rows."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from assethub.database.rows import Rows
from assethub.database.tables import assets, folders, users
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.names import AssetPath, Kind

ALL = (
    select(
        assets, folders.c.kind, folders.c.name.label("folder_name"), folders.c.owner, users.c.name.label("owner_name")
    )
    .join(folders, assets.c.folder == folders.c.id)
    .join(users, folders.c.owner == users.c.id)
)
ASSETS = ALL.where(assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None))


def asset_of(row: Row[Any]) -> Asset:
    path = AssetPath(row.owner_name, Kind(row.kind), row.folder_name, row.name)
    training = TrainingSettings(**{**row.training, "datasets": tuple(row.training["datasets"])})
    labels = tuple(row.labels)
    return Asset(row.id, row.folder, path, row.description, labels, training, row.created_at, row.updated_at)


class Assets(Rows):
    def add(self, asset: Asset) -> None:
        self.connection.execute(
            insert(assets).values(
                id=asset.id, folder=asset.folder, name=asset.path.name, name_key=asset.path.name.lower(),
                description=asset.description, labels=asset.labels, training=asdict(asset.training),
                created_at=asset.created_at, updated_at=asset.updated_at,
            )
        )  # fmt: skip

    def find(self, path: AssetPath) -> tuple[Asset, UUID] | None:
        """The asset and its owner's id."""
        row = self.connection.execute(
            ASSETS.where(
                users.c.name_key == path.owner.lower(),
                folders.c.kind == path.kind,
                folders.c.name_key == path.folder.lower(),
                assets.c.name_key == path.name.lower(),
            )
        ).first()
        return (asset_of(row), row.owner) if row else None

    def by_id(self, id: UUID) -> tuple[Asset, UUID] | None:
        row = self.connection.execute(ASSETS.where(assets.c.id == id)).first()
        return (asset_of(row), row.owner) if row else None

    def in_folder(self, folder: UUID) -> list[Asset]:
        query = ASSETS.where(assets.c.folder == folder).order_by(assets.c.name_key)
        return [asset_of(row) for row in self.connection.execute(query)]

    def any(self, id: UUID) -> Asset:
        """An asset that is there, or was deleted and can come back."""
        return asset_of(self.connection.execute(ALL.where(assets.c.id == id)).one())

    def all(self) -> list[Asset]:
        """Every asset, the deleted ones that can come back too."""
        return [asset_of(row) for row in self.connection.execute(ALL.order_by(assets.c.id))]

    def recent(self, owner: UUID | None, limit: int) -> list[Asset]:
        """The assets of an owner (None: of all) that changed last."""
        query = ASSETS.order_by(assets.c.updated_at.desc(), assets.c.id).limit(limit)
        if owner is not None:
            query = query.where(folders.c.owner == owner)
        return [asset_of(row) for row in self.connection.execute(query)]

    def change(self, id: UUID, values: dict[str, Any]) -> None:
        self.connection.execute(update(assets).where(assets.c.id == id).values(values))

    def touch(self, id: UUID, now: datetime) -> None:
        self.change(id, {"updated_at": now})

    def delete(self, id: UUID, now: datetime) -> None:
        """Hide the asset with its history; its name is free again."""
        self.change(id, {"deleted_at": now, "name_key": str(id)})

    def deleted(self, path: AssetPath, since: datetime) -> tuple[Asset, UUID] | None:
        """The asset that was deleted last under this path."""
        row = self.connection.execute(
            ALL.where(
                users.c.name_key == path.owner.lower(), folders.c.kind == path.kind,
                folders.c.name_key == path.folder.lower(), func.lower(assets.c.name) == path.name.lower(),
                assets.c.deleted_at >= since,
            ).order_by(assets.c.deleted_at.desc())
        ).first()  # fmt: skip
        return (asset_of(row), row.owner) if row else None

    def deleted_in(self, folder: UUID, since: datetime) -> list[Asset]:
        """What was deleted in the folder, the last first."""
        query = ALL.where(assets.c.folder == folder, assets.c.deleted_at >= since).order_by(assets.c.deleted_at.desc())
        return [asset_of(row) for row in self.connection.execute(query)]

    def restore(self, id: UUID, name: str) -> None:
        self.change(id, {"deleted_at": None, "name_key": name.lower()})

    def sweep(self, before: datetime) -> None:
        """Forget for good what was deleted before."""
        self.connection.execute(delete(assets).where(assets.c.deleted_at < before))
