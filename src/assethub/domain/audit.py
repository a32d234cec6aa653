"""What happened: every change and every refusal, as the audit log keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Event:
    id: int
    at: datetime
    actor: UUID | None
    actor_name: str  # empty: somebody who had not signed in
    via: str  # how they came in: a session, the name of a key, a run
    address: str
    action: str  # such as folder.share
    target: str
    folder: UUID | None
    outcome: Outcome
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Filter:
    """Which events somebody looks for; what is None does not matter."""

    user: str | None = None
    action: str | None = None  # or its first part, such as folder
    folder: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcome: Outcome | None = None
    words: str = ""
    by: UUID | None = None  # whoever this is now called
