"""Who owns folders and who asks for work: users, groups, and runs with tokens of their own."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID


class Scope(IntEnum):
    """What an API key or a session may be used for; each includes the ones before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3


class OwnerKind(StrEnum):
    USER = "user"
    SERVICE = "service"  # an account for programs: it has API keys and no password
    GROUP = "group"


@dataclass(frozen=True)
class User:
    """Somebody who signs in, or a service account."""

    id: UUID
    name: str
    admin: bool
    created_at: datetime
    kind: OwnerKind = OwnerKind.USER
    title: str = ""
    email: str | None = None
    deactivated_at: datetime | None = None


@dataclass(frozen=True)
class Group:
    id: UUID
    name: str
    title: str
    created_at: datetime
    claim: str | None = None  # whom the sign-in provider says this of are members
    members: int = 0


@dataclass(frozen=True)
class Member:
    user: UUID
    name: str
    title: str
    admin: bool
    claimed: bool  # by the sign-in provider


@dataclass(frozen=True)
class Owner:
    """A name that a folder can belong to, or be shared with."""

    id: UUID
    name: str
    kind: OwnerKind
    title: str


@dataclass(frozen=True)
class Origin:
    """Where a request came from: the audit log tells it."""

    via: str = "the hub"
    address: str = ""


NOWHERE = Origin()


@dataclass(frozen=True)
class Caller:
    """The user a request is made for, and how far its key or session reaches."""

    user: User
    scope: Scope
    folder: UUID | None = None  # all that the key is good for
    origin: Origin = NOWHERE
    asset: UUID | None = None  # or this alone, and nothing else of its folder

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def limit(self) -> str | None:
        """What the key is for one of; None: for everything that the user may do."""
        return "asset" if self.asset is not None else "folder" if self.folder is not None else None

    @property
    def admin(self) -> bool:
        return self.user.admin and self.scope >= Scope.ADMIN and self.limit is None


@dataclass(frozen=True)
class RunCaller:
    """A run, which reads its pinned inputs and writes its one output for the user who started it."""

    user: User
    run: UUID
    reads: frozenset[tuple[UUID, str]]  # (asset, commit)
    writes: UUID | None
    origin: Origin = NOWHERE
    attempt: int = 1  # that its token is for

    @property
    def name(self) -> str:
        return self.user.name


@dataclass(frozen=True)
class Visitor:
    """Somebody who has not signed in."""

    origin: Origin = NOWHERE


@dataclass(frozen=True)
class Keeper:
    """The person who looks after the hub, at its own machine: whoever may read its files may do anything."""

    name: str
    origin: Origin = Origin("ah admin")


Asking = Caller | RunCaller | Visitor  # whom a front door serves


@dataclass(frozen=True)
class Key:
    """An API key as it is listed; its secret was shown once and is not kept."""

    id: UUID
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    folder: UUID | None = None
    folder_path: str | None = None


@dataclass(frozen=True)
class Session:
    """A browser that is signed in."""

    id: UUID
    user: UUID
    generation: int  # of its secret, which changes as it is used
    received: bool  # whether the browser has shown the newest secret
    agent: str
    address: str
    created_at: datetime
    rotated_at: datetime
    seen_at: datetime
    expires_at: datetime
