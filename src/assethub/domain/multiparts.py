"""Uploads in parts as S3 knows them, and branches that are due for a commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

MOST_PARTS = 10_000
SMALLEST_PART = 5 << 20  # of all parts but the last
LARGEST_OBJECT = 5 << 40
ABANDONED = timedelta(days=7)  # after the last part


@dataclass(frozen=True)
class Multipart:
    """An upload that was begun. `data` is what the client wants to be told again of the object."""

    id: UUID
    asset: UUID
    branch: str
    path: str
    user: UUID
    content_type: str | None
    data: Mapping[str, Any]
    checksum: str | None  # such as CRC32C and COMPOSITE, with a slash between
    created_at: datetime


@dataclass(frozen=True)
class Part:
    number: int
    tag: str  # 64 digits, others for each arrival or content; an ETag is made of it
    size: int
    file: str
    checksums: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True)
class DueCommit:
    """What is staged on a branch is committed for this user, if nothing more is staged before."""

    asset: UUID
    branch: str
    user: UUID
    key: str
    due_at: datetime
