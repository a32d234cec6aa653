"""The audit log, as the SDK shows it."""

from collections.abc import Iterator
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from assethub.client.connection import Connection, given
from assethub.protocol.audit import AuditPage, EventInfo

PAGE = 1000


class Auditing:
    """Who did what; `Hub` is one."""

    connection: Connection

    def audit(
        self, *, user: str | None = None, action: str | None = None, folder: str | None = None,
        since: datetime | None = None, until: datetime | None = None, outcome: str | None = None, search: str = "",
        limit: int | None = None,
    ) -> Iterator[EventInfo]:  # fmt: skip
        """Who did what, newest first: all for administrators, with `folder` what happened there for its owners, else
        your own acts.

        `action` is one such as folder.share, or its first part; `outcome` done or refused; `search` words of any field.
        Pages are asked for as they are needed.
        """
        wanted = filters(user, action, folder, since, until, outcome, search)
        before: int | None = None
        while limit is None or limit > 0:
            asked = PAGE if limit is None else min(limit, PAGE)
            page = self.connection.get(AuditPage, "/audit", **wanted, before=before, limit=asked)
            yield from page.events
            before, limit = page.next, None if limit is None else limit - asked
            if before is None:
                return

    def export_audit(
        self, file: str | PathLike[str], *, user: str | None = None, action: str | None = None,
        folder: str | None = None, since: datetime | None = None, until: datetime | None = None,
        outcome: str | None = None, search: str = "",
    ) -> Path:  # fmt: skip
        """Write the events as lines of JSON, oldest first, to a file; for administrators."""
        from assethub.client.archives import written_whole  # what few commands need is imported when it is needed

        wanted = filters(user, action, folder, since, until, outcome, search)
        path = Path(file)
        with self.connection.stream("GET", "/audit.jsonl", params=given(wanted)) as answer, written_whole(path) as out:
            for piece in answer.iter_bytes():
                out.write(piece)
        return path


def filters(
    user: str | None, action: str | None, folder: str | None, since: datetime | None, until: datetime | None,
    outcome: str | None, search: str,
) -> dict[str, Any]:  # fmt: skip
    return {
        "user": user, "action": action, "folder": folder, "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None, "outcome": outcome, "search": search or None,
    }  # fmt: skip
