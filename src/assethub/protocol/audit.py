"""The audit log on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from assethub.protocol.wire import Info


class EventInfo(Info):
    """What somebody did, or was refused. `actor_name` is empty for who had not signed in, and for the hub itself."""

    id: int
    at: datetime
    actor: UUID | None
    actor_name: str
    via: str
    address: str
    action: str
    target: str
    outcome: str  # done | refused
    detail: dict[str, Any] = Field(default_factory=dict)


class AuditPage(Info):
    """Newest first; `next` is what to ask for `before` to get the page behind, if there is one."""

    events: list[EventInfo]
    next: int | None = None
