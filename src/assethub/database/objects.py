"""Where bodies lie, and which assets hold them, as rows."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.rows import Rows, batches
from assethub.database.tables import bodies, holdings
from assethub.domain.errors import NotFound


class Bodies(Rows):
    def add(self, located: Iterable[tuple[str, int, str | None, int]], now: datetime) -> None:
        """Rows of (sha256, size, pack, offset); a body that is known already stays where it lies."""
        values = [
            {"sha256": sha256, "size": size, "pack": pack, "offset": offset, "created_at": now}
            for sha256, size, pack, offset in sorted(located, key=lambda body: body[0])
        ]
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        for batch in batches(values):
            self.connection.execute(dialect.insert(bodies).on_conflict_do_nothing(), batch)

    def find(self, sha256s: Iterable[str]) -> dict[str, tuple[int, str | None, int]]:
        """(size, pack, offset) of each known body."""
        found = {}
        for batch in batches(sha256s):
            for row in self.connection.execute(select(bodies).where(bodies.c.sha256.in_(batch))):
                found[row.sha256] = (row.size, row.pack, row.offset)
        return found

    def page(self, after: str, limit: int = 1000) -> list[tuple[str, int, str | None, int]]:
        """(sha256, size, pack, offset) of the bodies behind this one, in order."""
        query = select(bodies).where(bodies.c.sha256 > after).order_by(bodies.c.sha256).limit(limit)
        return [(row.sha256, row.size, row.pack, row.offset) for row in self.connection.execute(query)]

    def get(self, sha256: str) -> tuple[int, str | None, int]:
        found = self.find([sha256])
        if not found:
            raise NotFound.named("content", sha256[:8])
        return found[sha256]


class Holdings(Rows):
    def add(self, asset: UUID, sha256s: Iterable[str]) -> None:
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        for batch in batches(sorted(set(sha256s))):
            values = [{"asset": asset, "sha256": sha256} for sha256 in batch]
            self.connection.execute(dialect.insert(holdings).on_conflict_do_nothing(), values)

    def sizes(self, asset: UUID, sha256s: Iterable[str]) -> dict[str, int]:
        """The size of each of these bodies that the asset holds."""
        sizes = {}
        query = select(holdings.c.sha256, bodies.c.size).join(bodies, bodies.c.sha256 == holdings.c.sha256)
        for batch in batches(sha256s):
            rows = self.connection.execute(query.where(holdings.c.asset == asset, holdings.c.sha256.in_(batch)))
            sizes.update({row.sha256: row.size for row in rows})
        return sizes
