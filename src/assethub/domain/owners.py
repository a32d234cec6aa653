"""Who owns folders and who asks for work: users, groups, and runs with tokens of their own."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


class Scope(IntEnum):
    """What an API key or a session may be used for; each includes the ones before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3


@dataclass(frozen=True)
class User:
    id: UUID
    name: str
    admin: bool
    created_at: datetime


@dataclass(frozen=True)
class Caller:
    """The user a request is made for, and how far its key or session reaches."""

    user: User
    scope: Scope

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def admin(self) -> bool:
        return self.user.admin and self.scope >= Scope.ADMIN


@dataclass(frozen=True)
class RunCaller:
    """A run, which reads its pinned inputs and writes its one output for the user who started it."""

    user: User
    run: UUID
    reads: frozenset[tuple[UUID, str]]  # (asset, commit)
    writes: UUID | None

    @property
    def name(self) -> str:
        return self.user.name


@dataclass(frozen=True)
class Key:
    """An API key as it is listed; its secret was shown once and is not kept."""

    id: UUID
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
