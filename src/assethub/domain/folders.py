"""Folders hold assets of one kind and are what people share."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from assethub.domain.names import FolderPath
from assethub.domain.owners import OwnerKind


class Role(IntEnum):
    """What somebody may do in a folder; each role includes the ones before it."""

    VIEWER = 1  # see, list, read
    RUNNER = 2  # start runs whose results land in new branches
    EDITOR = 3  # create, change and delete assets, branches, tags, commits, evaluations
    OWNER = 4  # rename, delete and share the folder


class Standing(IntEnum):
    """What somebody is to the owner of a folder."""

    NOBODY = 0
    MEMBER = 1  # of the group that owns it
    HEAD = 2  # the owner, or an admin of the group that owns it


STANDING_ROLES = {Standing.MEMBER: Role.EDITOR, Standing.HEAD: Role.OWNER}


class Which(StrEnum):
    """Which of the folders that the caller may see."""

    ALL = "all"
    MINE = "mine"  # the caller's own
    SHARED = "shared"  # with the caller, by name, through a group or with everyone
    PUBLIC = "public"  # open to anonymous readers


@dataclass(frozen=True)
class Access:
    """All that decides what somebody may do in a folder."""

    folder: UUID
    standing: Standing
    granted: int  # the highest role granted to them or to a group of theirs; 0: none
    everyone: int  # the role of everyone who is signed in; 0: none
    public: bool

    def role(self, *, signed_in: bool, public_allowed: bool) -> Role | None:
        """The highest of all roles that somebody has in the folder."""
        roles = [int(STANDING_ROLES.get(self.standing, 0)), self.granted]
        if signed_in:
            roles.append(self.everyone)
        if self.public and public_allowed:
            roles.append(Role.VIEWER)
        return Role(max(roles)) if any(roles) else None


@dataclass(frozen=True)
class Folder:
    id: UUID
    path: FolderPath
    description: str
    labels: tuple[str, ...]
    created_at: datetime
    assets: int = 0
    everyone: int = 0
    public: bool = False
    role: Role | None = None  # of the caller


@dataclass(frozen=True)
class Grant:
    """A role in a folder, given to a user or a group."""

    grantee: UUID
    name: str
    kind: OwnerKind
    title: str
    role: Role


@dataclass(frozen=True)
class Sharing:
    """Who may do what in a folder, beside its owner."""

    folder: Folder
    owner_kind: OwnerKind
    grants: tuple[Grant, ...]
    everyone: Role | None
    public: bool
