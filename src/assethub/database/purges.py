"""Contents that were removed for good, as rows."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select

from assethub.database.rows import Rows, batches
from assethub.database.tables import purges, staged
from assethub.domain.objects import Purge


def purge_of(row: Row[Any]) -> Purge:
    return Purge(**{**row._mapping, "places": tuple(row.places)})


class Purges(Rows):
    def add(self, purge: Purge) -> None:
        self.connection.execute(insert(purges).values(asdict(purge)))

    def of(self, sha256s: Iterable[str]) -> dict[str, Purge]:
        """Those of these contents that were removed for good."""
        found = {}
        for batch in batches(sha256s):
            for row in self.connection.execute(select(purges).where(purges.c.sha256.in_(batch))):
                found[row.sha256] = purge_of(row)
        return found

    def all(self) -> list[Purge]:
        """Every purge, the newest first."""
        query = select(purges).order_by(purges.c.purged_at.desc(), purges.c.id)
        return [purge_of(row) for row in self.connection.execute(query)]

    def unstage(self, sha256: str) -> int:
        """Drop what is staged with this content; answers how many changes went."""
        entries = self.connection.execute(select(staged.c.sequence, staged.c.entry).where(staged.c.entry.is_not(None)))
        gone = [row.sequence for row in entries if row.entry["sha256"] == sha256]
        for batch in batches(gone):
            self.connection.execute(delete(staged).where(staged.c.sequence.in_(batch)))
        return len(gone)
