"""What happened, as rows that only grow, until they are old."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select

from assethub.database.people_tables import audit
from assethub.database.rows import Rows
from assethub.domain.audit import Event, Filter, Outcome


def event_of(row: Row[Any]) -> Event:
    return Event(
        row.id, row.at, row.actor, row.actor_name, row.via, row.address, row.action, row.target, row.folder,
        Outcome(row.outcome), row.detail,
    )  # fmt: skip


class Audit(Rows):
    def add(self, events: Sequence[dict[str, Any]]) -> None:
        self.connection.execute(insert(audit), events)

    def listed(self, wanted: Filter, *, before: int | None = None, limit: int = 100) -> list[Event]:
        """Newest first, from before an id on."""
        query = select(audit).where(*conditions(wanted)).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.id < before)
        return [event_of(row) for row in self.connection.execute(query)]

    def following(self, wanted: Filter, *, after: int, limit: int) -> list[Event]:
        """Oldest first, from after an id on."""
        query = select(audit).where(audit.c.id > after, *conditions(wanted)).order_by(audit.c.id).limit(limit)
        return [event_of(row) for row in self.connection.execute(query)]

    def last(self) -> int:
        return self.connection.execute(select(func.max(audit.c.id))).scalar() or 0

    def sweep(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` events that are older; answers how many those were."""
        old = select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at, audit.c.id).limit(limit)
        return self.connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    exact = {
        audit.c.actor_name: wanted.user, audit.c.actor: wanted.by, audit.c.folder: wanted.folder,
        audit.c.outcome: wanted.outcome,
    }  # fmt: skip
    yield from (column == value for column, value in exact.items() if value is not None)
    if wanted.action is not None:
        begins = audit.c.action.startswith(f"{wanted.action}.", autoescape=True)
        yield or_(audit.c.action == wanted.action, begins)
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until
    for word in wanted.words.lower().split():
        places = (audit.c.target, audit.c.actor_name, audit.c.action, audit.c.via, audit.c.address)
        yield or_(*(func.lower(one).contains(word, autoescape=True) for one in places))
