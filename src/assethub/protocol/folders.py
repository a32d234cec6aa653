"""Folders on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from assethub.protocol.owners import ROLE
from assethub.protocol.wire import Info, Message

Labels = list[str]


class NewFolder(Message):
    """`path` is owner/kind/folder; the owner may be left out."""

    path: str
    description: str = Field(default="", max_length=2000)
    labels: Labels = Field(default_factory=list, max_length=50)


class FolderChange(Message):
    name: str | None = None
    description: str | None = Field(default=None, max_length=2000)
    labels: Labels | None = Field(default=None, max_length=50)


class FolderInfo(Info):
    id: UUID
    path: str
    description: str
    labels: Labels
    created_at: datetime
    assets: int
    role: str | None = None  # of the caller: viewer | runner | editor | owner
    visibility: str = "private"  # private | shared (with everyone who is signed in) | public


class GrantInfo(Info):
    """A role in the folder, given to a user or a group."""

    name: str
    kind: str  # user | service | group
    title: str
    role: str


class SharingInfo(Info):
    """Who may do what in a folder beside its owner. `everyone` is whoever is signed in, `public` whoever is not."""

    owner: str
    owner_kind: str
    grants: list[GrantInfo]
    everyone: str | None
    public: bool


class GrantRole(Message):
    role: str = Field(pattern=ROLE)


class OpenFolder(Message):
    """Left out: stays as it is. `everyone` is viewer, runner, editor or none."""

    everyone: str | None = Field(default=None, pattern="^(none|viewer|runner|editor)$")
    public: bool | None = None
