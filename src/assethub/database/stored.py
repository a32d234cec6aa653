"""How many bytes of the hub's store each asset holds, kept beside its holdings as they come and go.

Linked bodies lie elsewhere and count nothing, until a copy takes over. The sum of an asset's holdings is always what
its row says: each change is made in the transaction, and of the rows, that it counts.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update

from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows, batches
from assethub.database.tables import assets, bodies, holdings

HERE = bodies.c.pack != ""


class Holder(NamedTuple):
    """An owner, and how many bytes their assets may hold; None: as many as the hub says."""

    id: UUID
    name: str
    quota: int | None


class Stored(Rows):
    def gained(self, asset: UUID, sha256s: Iterable[str]) -> int:
        """The asset holds these bodies since just now; answers how many bytes that are."""
        size = sum(self.size_of(batch) for batch in batches(sha256s))
        if size:
            self.connection.execute(update(assets).where(assets.c.id == asset).values(stored=assets.c.stored + size))
        return size

    def size_of(self, batch: list[str]) -> int:
        query = select(func.coalesce(func.sum(bodies.c.size), 0), func.count()).where(bodies.c.sha256.in_(batch), HERE)
        size, count = self.connection.execute(query).one()
        return int(size) if count == len(batch) else self.size_with_links(batch)

    def size_with_links(self, batch: list[str]) -> int:
        """What becomes a copy meanwhile is counted here or by `arrived`, which wait for one another."""
        query = select(bodies.c.size, bodies.c.pack).where(bodies.c.sha256.in_(batch)).order_by(bodies.c.sha256)
        rows = self.connection.execute(query.with_for_update(read=True))
        return sum(row.size for row in rows if row.pack)

    def arrived(self, batch: list[str]) -> None:
        """What was linked lies in the store since just now: it counts for all who hold it."""
        self.change(batch, 1)

    def losing(self, batch: list[str]) -> None:
        """Whoever holds these bodies is about to lose them."""
        self.change(batch, -1)

    def change(self, batch: list[str], sign: int) -> None:
        query = (
            select(holdings.c.asset, func.sum(bodies.c.size).label("size"))
            .join(bodies, bodies.c.sha256 == holdings.c.sha256)
            .where(holdings.c.sha256.in_(batch), HERE)
            .group_by(holdings.c.asset)
            .order_by(holdings.c.asset)
        )
        for row in self.connection.execute(query).all():
            size = sign * int(row.size)
            self.connection.execute(
                update(assets).where(assets.c.id == row.asset).values(stored=assets.c.stored + size)
            )

    def holder_of(self, asset: UUID) -> Holder:
        query = select(owners.c.id, owners.c.name, owners.c.quota).join(folders, folders.c.owner == owners.c.id)
        query = query.join(assets, assets.c.folder == folders.c.id)
        return Holder(*self.connection.execute(query.where(assets.c.id == asset)).one())

    def holder(self, owner: UUID) -> Holder:
        query = select(owners.c.id, owners.c.name, owners.c.quota).where(owners.c.id == owner)
        return Holder(*self.connection.execute(query).one())

    def of(self, owner: UUID, *, held: bool = False) -> tuple[int, int]:
        """The bytes and the number of the owner's assets, of the deleted ones too that can come back.

        `held`: nobody else who asks like this goes on before this transaction ends.
        """
        if held:
            self.connection.execute(select(owners.c.id).where(owners.c.id == owner).with_for_update(key_share=True))
        query = select(func.coalesce(func.sum(assets.c.stored), 0), func.count(assets.c.id))
        row = self.connection.execute(
            query.join(folders, folders.c.id == assets.c.folder).where(folders.c.owner == owner)
        ).one()
        return int(row[0]), int(row[1])
