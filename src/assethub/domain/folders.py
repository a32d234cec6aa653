"""Folders hold assets of one kind and are what people share."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from assethub.domain.names import FolderPath


class Role(IntEnum):
    """What somebody may do in a folder; each role includes the ones before it."""

    VIEWER = 1  # see, list, read
    RUNNER = 2  # start runs whose results land in new branches
    EDITOR = 3  # create, change and delete assets, branches, tags, commits, evaluations
    OWNER = 4  # rename, delete and share the folder


@dataclass(frozen=True)
class Folder:
    id: UUID
    path: FolderPath
    description: str
    labels: tuple[str, ...]
    created_at: datetime
    assets: int = 0
