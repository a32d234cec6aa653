"""Folders on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

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
