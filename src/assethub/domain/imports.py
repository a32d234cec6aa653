"""Imports: what an administrator registered as a source, and bringing files from it into an asset."""

import posixpath
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.domain.names import check_path

SCHEMES = ("s3", "gs", "az")


class ImportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self not in (ImportState.QUEUED, ImportState.RUNNING)


@dataclass(frozen=True)
class Source:
    """A place that imports may read. `url` is None for those whom it does not concern."""

    id: UUID
    name: str
    url: str | None
    created_by: str | None
    created_at: datetime
    removed_at: datetime | None = None


@dataclass(frozen=True)
class Import:
    """What is brought from a source into a branch. `total_…` grow while the source is listed.

    `read_bytes` counts what was read of the source, over all restarts; `error` is a sentence.
    """

    id: UUID
    asset: UUID
    path: str
    branch: str
    source: UUID
    source_name: str
    prefix: str
    target: str
    link: bool
    message: str
    state: ImportState
    error: str | None
    commit: str | None
    total_files: int
    total_bytes: int
    done_files: int
    done_bytes: int
    read_bytes: int
    created_by: UUID
    creator: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def origin(self) -> str:
        """Such as lake:models/2024"""
        return f"{self.source_name}:{self.prefix}" if self.prefix else self.source_name

    def target_of(self, place: str) -> str:
        """The path in the asset of what lies at a place of the source."""
        base = self.prefix.rstrip("/")
        below = place.rsplit("/", 1)[-1] if place == base else place[len(base) + 1 :] if base else place
        return f"{self.target}/{below}" if self.target else below


def check_address(url: str) -> str:
    """The address in its plain form: an absolute folder, or a bucket's prefix without credentials."""
    if url.startswith("/"):
        return posixpath.normpath("/" + url.lstrip("/"))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Invalid("This is not the address of a source.") from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise Invalid(
            "The address of a source carries no credentials and no query; the server reads keys from the cloud's "
            "own environment variables."
        )
    if parts.scheme not in SCHEMES or not parts.netloc or ":" in parts.netloc:
        raise Invalid(
            f"{url!r} is not the address of a source; give an absolute folder of the server, or s3://bucket/prefix, "
            "gs://bucket/prefix or az://container/prefix."
        )
    prefix = parts.path.strip("/")
    return f"{parts.scheme}://{parts.netloc}" + (f"/{check_path(prefix)}" if prefix else "")
