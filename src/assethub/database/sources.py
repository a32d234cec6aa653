"""Sources, what was read of them, and the bodies that lie there, as rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.people_tables import owners
from assethub.database.rows import Rows, batches
from assethub.database.stored import Stored
from assethub.database.tables import bodies, links, originals, sources
from assethub.domain.imports import Source

SOURCES = select(sources, owners.c.name.label("creator")).outerjoin(owners, owners.c.id == sources.c.created_by)


def source_of(row: Row[Any]) -> Source:
    return Source(row.id, row.name, row.url, row.creator, row.created_at, row.removed_at)


class Sources(Rows):
    def add(self, id: UUID, name: str, url: str, by: UUID | None, now: datetime) -> None:
        values = {"id": id, "name": name, "name_key": name.lower(), "url": url, "created_by": by, "created_at": now}
        self.connection.execute(insert(sources).values(values))

    def all(self) -> list[Source]:
        query = SOURCES.where(sources.c.removed_at.is_(None)).order_by(sources.c.name_key)
        return [source_of(row) for row in self.connection.execute(query)]

    def by_id(self, id: UUID) -> Source | None:
        row = self.connection.execute(SOURCES.where(sources.c.id == id)).first()
        return source_of(row) if row else None

    def find(self, name: str) -> Source | None:
        row = self.connection.execute(SOURCES.where(sources.c.name_key == name.lower())).first()
        return source_of(row) if row else None

    def removed(self, url: str) -> Source | None:
        """The source that was removed last and had this address."""
        query = SOURCES.where(sources.c.url == url, sources.c.removed_at.is_not(None))
        row = self.connection.execute(query.order_by(sources.c.removed_at.desc()).limit(1)).first()
        return source_of(row) if row else None

    def remove(self, id: UUID, now: datetime) -> None:
        values = {"name_key": str(id), "removed_at": now}
        self.connection.execute(update(sources).where(sources.c.id == id).values(values))

    def revive(self, id: UUID, name: str) -> None:
        values = {"name": name, "name_key": name.lower(), "removed_at": None}
        self.connection.execute(update(sources).where(sources.c.id == id).values(values))


class Originals(Rows):
    def put(self, source: UUID, read: Iterable[tuple[str, str, str]]) -> None:
        """Rows of (place, stamp, sha256): what a place holds as of now."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        known = dialect.insert(originals)
        changed = {"stamp": known.excluded.stamp, "sha256": known.excluded.sha256}
        known = known.on_conflict_do_update(index_elements=["source", "place"], set_=changed)
        rows = [{"source": source, "place": one[0], "stamp": one[1], "sha256": one[2]} for one in sorted(read)]
        for batch in batches(rows):
            self.connection.execute(known, batch)

    def find(self, source: UUID, places: Iterable[str]) -> dict[str, tuple[str, str, int, bool]]:
        """(stamp, sha256, size, whether it is linked) of each place that was read before."""
        query = (
            select(originals.c.place, originals.c.stamp, originals.c.sha256, bodies.c.size, links.c.source)
            .join(bodies, bodies.c.sha256 == originals.c.sha256)
            .outerjoin(links, links.c.sha256 == originals.c.sha256)
            .where(originals.c.source == source)
        )
        found = {}
        for batch in batches(places):
            for row in self.connection.execute(query.where(originals.c.place.in_(batch))):
                found[row.place] = (row.stamp, row.sha256, row.size, row.source is not None)
        return found


class Links(Rows):
    def find(self, sha256s: Iterable[str]) -> dict[str, tuple[UUID, str, str | None, str, str]]:
        """(source, its name, its address unless it was removed, place, stamp) of the linked ones of these bodies."""
        query = select(links, sources.c.name, sources.c.url, sources.c.removed_at).join(
            sources, sources.c.id == links.c.source
        )
        found = {}
        for batch in batches(sha256s):
            for row in self.connection.execute(query.where(links.c.sha256.in_(batch))):
                url = row.url if row.removed_at is None else None
                found[row.sha256] = (row.source, row.name, url, row.place, row.stamp)
        return found

    def put(self, located: Iterable[tuple[str, UUID, str, str]]) -> None:
        """Rows of (sha256, source, place, stamp): where bodies lie that are in no file of the store."""
        new = (postgresql if self.connection.dialect.name == "postgresql" else sqlite).insert(links)
        leading = {name: new.excluded[name] for name in ("source", "place", "stamp")}
        query = new.on_conflict_do_update(index_elements=["sha256"], set_=leading)
        for batch in batches({one[0]: one for one in located}.values()):
            rows = {one[0]: {"sha256": one[0], "source": one[1], "place": one[2], "stamp": one[3]} for one in batch}
            nowhere = select(bodies.c.sha256).where(bodies.c.sha256.in_(rows), bodies.c.pack == "")
            linked = [rows[sha256] for sha256 in sorted(self.connection.scalars(nowhere))]
            if linked:
                self.connection.execute(query, linked)

    def settle(self, located: Iterable[tuple[str, str, int]]) -> None:
        """Rows of (sha256, pack, offset) that are kept in the store now: what was linked of them is no more."""
        for batch in batches(located):
            places = {sha256: (pack, offset) for sha256, pack, offset in batch}
            linked = set(self.connection.scalars(select(links.c.sha256).where(links.c.sha256.in_(places))))
            if not linked:
                continue
            moved = [one for one in sorted(linked) if self.move(one, *places[one])]
            Stored(self.connection).arrived(moved)
            self.connection.execute(delete(links).where(links.c.sha256.in_(linked)))

    def move(self, sha256: str, pack: str, offset: int) -> bool:
        """False if somebody else was faster; their copy is as good."""
        query = update(bodies).where(bodies.c.sha256 == sha256, bodies.c.pack == "")
        return bool(self.connection.execute(query.values(pack=pack, offset=offset)).rowcount)

    def count(self, source: UUID) -> int:
        return self.connection.execute(select(func.count()).where(links.c.source == source)).scalar_one()
