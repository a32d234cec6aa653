"""Where bodies lie, and which assets hold them, as rows."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, case, delete, exists, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.placed import Placed, PlacedRows
from assethub.database.rows import Rows, batches
from assethub.database.stored import HERE, Stored
from assethub.database.tables import bodies, holdings
from assethub.domain.errors import Conflict


class Bodies(PlacedRows):
    table, id, size = bodies, bodies.c.sha256, bodies.c.size

    def page(self, after: str, limit: int = 1000) -> list[Placed]:
        """The bodies behind this one, in order."""
        query = self.columns().where(bodies.c.sha256 > after).order_by(bodies.c.sha256).limit(limit)
        return [Placed(*row) for row in self.connection.execute(query)]

    def linked(self, after: str, limit: int) -> list[Placed]:
        """The bodies behind this one that lie where they were found, in order."""
        query = self.columns().where(bodies.c.pack == "", bodies.c.sha256 > after)
        return [Placed(*row) for row in self.connection.execute(query.order_by(bodies.c.sha256).limit(limit))]

    def forget(self, ids: Iterable[str], before: datetime) -> int:
        cold = [one.id for one in self.rows(ids).values() if one.last_needed < before]
        for batch in batches(sorted(cold)):
            Stored(self.connection).losing(batch)
            self.connection.execute(delete(holdings).where(holdings.c.sha256.in_(batch)))
        return super().forget(cold, before)

    def forget_now(self, sha256: str) -> None:
        """Remove a body's row and every holding of it, however lately it was needed."""
        Stored(self.connection).losing([sha256])
        self.connection.execute(delete(holdings).where(holdings.c.sha256 == sha256))
        self.connection.execute(delete(bodies).where(bodies.c.sha256 == sha256))


class Holdings(Rows):
    def add(self, asset: UUID, sha256s: Iterable[str]) -> int:
        """Give the asset bodies that the hub has; answers how many bytes of the store it holds more now.

        Conflict if the hub does not have one of them any more.
        """
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        new: list[str] = []
        for batch in batches(sorted(set(sha256s))):
            known = select(literal(asset, Uuid), bodies.c.sha256).where(bodies.c.sha256.in_(batch))
            query = dialect.insert(holdings).from_select(["asset", "sha256"], known).on_conflict_do_nothing()
            added = self.connection.execute(query.returning(holdings.c.sha256)).scalars().all()
            if len(added) < len(batch) and self.count(asset, batch) < len(batch):
                raise Conflict("Some of these contents were collected meanwhile; send them again.")
            new += added
        return Stored(self.connection).gained(asset, new)

    def count(self, asset: UUID, batch: list[str]) -> int:
        query = select(func.count()).where(holdings.c.asset == asset, holdings.c.sha256.in_(batch))
        return self.connection.execute(query).scalar_one()

    def of(self, asset: UUID, sha256s: Iterable[str]) -> dict[str, Placed]:
        """Those of these bodies that the asset holds."""
        found = {}
        query = Bodies(self.connection).columns().join(holdings, bodies.c.sha256 == holdings.c.sha256)
        for batch in batches(sha256s):
            rows = self.connection.execute(query.where(holdings.c.asset == asset, holdings.c.sha256.in_(batch)))
            found.update({row.sha256: Placed(*row) for row in rows})
        return found

    def holders(self, sha256: str) -> list[UUID]:
        """The assets that hold a body."""
        query = select(holdings.c.asset).where(holdings.c.sha256 == sha256).order_by(holdings.c.asset)
        return list(self.connection.execute(query).scalars())

    def usage(self, asset: UUID) -> tuple[int, int, int]:
        """How many bodies the asset holds; the bytes in the store of those it holds alone, and that others hold too."""
        other = holdings.alias("other")
        elsewhere = exists().where(other.c.sha256 == bodies.c.sha256, other.c.asset != asset)
        query = (
            select(elsewhere.label("elsewhere"), func.count(), func.sum(case((HERE, bodies.c.size), else_=0)))
            .join(holdings, holdings.c.sha256 == bodies.c.sha256)
            .where(holdings.c.asset == asset)
            .group_by("elsewhere")
        )
        found = {bool(row[0]): (row[1], int(row[2])) for row in self.connection.execute(query)}
        own, shared = found.get(False, (0, 0)), found.get(True, (0, 0))
        return own[0] + shared[0], own[1], shared[1]
