"""Where nodes of trees lie, as rows."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.rows import Rows, batches
from assethub.database.tables import nodes, outlines


class Nodes(Rows):
    def locate(self, ids: Iterable[str]) -> dict[str, tuple[str, int, int]]:
        """(pack, offset, length) of each known node."""
        found = {}
        for batch in batches(ids):
            for row in self.connection.execute(select(nodes).where(nodes.c.id.in_(batch))):
                found[row.id] = (row.pack, row.offset, row.length)
        return found

    def add(self, located: Iterable[tuple[str, str, int, int]]) -> None:
        """Rows of (id, pack, offset, length); a node that another commit kept meanwhile stays where it lies."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        for batch in batches(sorted(located)):
            values = [dict(zip(("id", "pack", "offset", "length"), row, strict=True)) for row in batch]
            self.connection.execute(dialect.insert(nodes).on_conflict_do_nothing(), values)

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
