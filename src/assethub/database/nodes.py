"""Where nodes of trees lie, as rows."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from assethub.database.placed import PlacedRows
from assethub.database.tables import nodes


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
