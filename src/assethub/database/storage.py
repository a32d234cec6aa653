"""What the store holds, by owner and by asset, in a number of queries that does not grow with them."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, select

from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows
from assethub.database.stored import HERE
from assethub.database.tables import assets, bodies, holdings

GONE = assets.c.deleted_at.is_not(None) | folders.c.deleted_at.is_not(None)


class OwnerBytes(NamedTuple):
    """What an owner's assets hold; of these bytes `deleted` are of assets that are deleted and can still come back."""

    name: str
    stored: int
    deleted: int
    assets: int
    quota: int | None


class AssetBytes(NamedTuple):
    id: UUID
    path: str
    stored: int
    deleted: bool


def total(condition: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    counted = assets.c.stored if condition is None else case((condition, assets.c.stored), else_=0)
    return func.coalesce(func.sum(counted), 0)


class Storage(Rows):
    def owners(self, limit: int) -> list[OwnerBytes]:
        """Those that hold most come first."""
        stored = total().label("stored")
        query = (
            select(owners.c.name, stored, total(GONE), func.count(assets.c.id), owners.c.quota)
            .join(folders, folders.c.owner == owners.c.id)
            .join(assets, assets.c.folder == folders.c.id)
            .group_by(owners.c.id, owners.c.name, owners.c.quota)
            .order_by(stored.desc(), owners.c.name)
            .limit(limit)
        )
        return [OwnerBytes(row[0], int(row[1]), int(row[2]), row[3], row[4]) for row in self.connection.execute(query)]

    def assets(self, owner: str | None, limit: int, offset: int) -> list[AssetBytes]:
        """Those that hold most come first."""
        query = (
            select(assets.c.id, owners.c.name, folders.c.kind, folders.c.name, assets.c.name, assets.c.stored,
                   GONE.label("gone"))
            .join(folders, folders.c.id == assets.c.folder)
            .join(owners, owners.c.id == folders.c.owner)
            .order_by(assets.c.stored.desc(), assets.c.id)
            .limit(limit).offset(offset)
        )  # fmt: skip
        if owner:
            query = query.where(owners.c.name_key == owner.lower())
        return [asset_bytes(row) for row in self.connection.execute(query)]

    def shared(self, ids: Sequence[UUID], most: int) -> dict[UUID, int] | None:
        """How many bytes of each asset other assets hold too; None if they hold more than `most` contents."""
        some = select(holdings.c.sha256).where(holdings.c.asset.in_(ids)).limit(most + 1).subquery()
        if (self.connection.scalar(select(func.count()).select_from(some)) or 0) > most:
            return None
        other = holdings.alias("other")
        elsewhere = exists().where(and_(other.c.sha256 == holdings.c.sha256, other.c.asset != holdings.c.asset))
        query = (
            select(holdings.c.asset, func.sum(bodies.c.size))
            .join(bodies, bodies.c.sha256 == holdings.c.sha256)
            .where(holdings.c.asset.in_(ids), HERE, elsewhere)
            .group_by(holdings.c.asset)
        )
        return {row[0]: int(row[1]) for row in self.connection.execute(query)}

    def packs(self) -> tuple[int, int, int]:
        """How many contents the store has, their bytes, and in how many files they lie."""
        query = select(func.count(), func.coalesce(func.sum(bodies.c.size), 0), func.count(bodies.c.pack.distinct()))
        count, size, packs = self.connection.execute(query.where(HERE)).one()
        return int(count), int(size), int(packs)


def asset_bytes(row: Any) -> AssetBytes:
    id, owner, kind, folder, name, *_ = row
    return AssetBytes(id, f"{owner}/{kind}/{folder}/{name}", row.stored, bool(row.gone))
