"""Where nodes of trees lie, as rows."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.placed import PlacedRows
from assethub.database.rows import batches
from assethub.database.tables import nodes, outlines


class Nodes(PlacedRows):
    table, id, size = nodes, nodes.c.id, nodes.c.length

    def __init__(self, connection: Connection, now: datetime, stale: datetime) -> None:
        super().__init__(connection)
        self.now, self.stale = now, stale

    def locate(self, ids: Iterable[str]) -> dict[str, tuple[str, int, int]]:
        """(pack, offset, length) of each known node."""
        return {id: (node.pack, node.offset, node.size) for id, node in self.rows(ids).items()}

    def need(self, ids: Iterable[str]) -> set[str]:
        """Which of these nodes are known; the collector leaves them alone from now on."""
        found = self.rows(ids)
        self.touch(found.values(), self.now, self.stale)
        return set(found)

    def add(self, located: Iterable[tuple[str, str, int, int]]) -> None:
        """Rows of (id, pack, offset, length); a node that another commit kept meanwhile stays where it lies."""
        self.insert([(id, length, pack, offset) for id, pack, offset, length in located], self.now)

    def outlines(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The packed outline of each leaf that has one."""
        found: dict[str, bytes] = {}
        for batch in batches(ids):
            query = select(outlines).where(outlines.c.node.in_(batch))
            found.update({row.node: row.outline for row in self.connection.execute(query)})
        return found

    def add_outlines(self, new: Iterable[tuple[str, bytes]]) -> None:
        """Of leaves whose rows are kept already."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        for batch in batches(sorted(new)):
            values = [{"node": node, "outline": outline} for node, outline in batch]
            self.connection.execute(dialect.insert(outlines).on_conflict_do_nothing(), values)
