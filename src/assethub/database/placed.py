"""Rows that say in which file, and where in it, something lies; and what the collector asks of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Select, Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.rows import Rows, batches


@dataclass(frozen=True)
class Placed:
    """Something of `size` bytes in the file `pack`; `id` is its sha256."""

    id: str
    size: int
    pack: str
    offset: int
    last_needed: datetime


class PlacedRows(Rows):
    table: ClassVar[Table]
    id: ClassVar[Column[str]]
    size: ClassVar[Column[int]]

    def insert(self, located: Iterable[tuple[str, int, str, int]], now: datetime) -> None:
        """Rows of (id, size, pack, offset); what is known already stays where it lies, and is needed now."""
        names = (self.id.name, self.size.name, "pack", "offset")
        new = (postgresql if self.connection.dialect.name == "postgresql" else sqlite).insert(self.table)
        query = new.on_conflict_do_update(index_elements=[self.id], set_={"last_needed": new.excluded.last_needed})
        for batch in batches(sorted(located)):
            values = [{**dict(zip(names, row, strict=True)), "last_needed": now} for row in batch]
            self.connection.execute(query, values)

    def rows(self, ids: Iterable[str]) -> dict[str, Placed]:
        """What is known of these ids."""
        found = {}
        for batch in batches(ids):
            for row in self.connection.execute(self.columns().where(self.id.in_(batch))):
                found[row[0]] = Placed(*row)
        return found

    def columns(self) -> Select[Any]:
        return select(self.id, self.size, self.table.c.pack, self.table.c.offset, self.table.c.last_needed)

    def touch(self, found: Iterable[Placed], now: datetime, stale: datetime) -> None:
        """Say of what was not needed since `stale` that it is needed now."""
        old = [one.id for one in found if one.last_needed < stale]
        for batch in batches(sorted(old)):
            self.connection.execute(update(self.table).where(self.id.in_(batch)).values(last_needed=now))

    def in_packs(self, packs: Iterable[str]) -> dict[str, list[Placed]]:
        """What lies in each of these files, in order; files with nothing are left out."""
        found: dict[str, list[Placed]] = {}
        for batch in batches(packs):
            query = self.columns().where(self.table.c.pack.in_(batch)).order_by(self.table.c.pack, self.table.c.offset)
            for row in self.connection.execute(query):
                found.setdefault(row.pack, []).append(Placed(*row))
        return found

    def forget(self, ids: Iterable[str], before: datetime) -> int:
        """Remove the rows of what was not needed since; answers how many went."""
        gone = 0
        for batch in batches(sorted(ids)):
            query = delete(self.table).where(self.id.in_(batch), self.table.c.last_needed < before)
            gone += self.connection.execute(query).rowcount
        return gone

    def move(self, placed: Iterable[Placed]) -> None:
        """Say where things lie now."""
        moved = [{"one": one.id, "to": one.pack, "at": one.offset} for one in placed]
        query = update(self.table).where(self.id == bindparam("one"))
        for batch in batches(moved):
            self.connection.execute(query.values(pack=bindparam("to"), offset=bindparam("at")), batch)
