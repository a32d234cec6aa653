"""Sources and imports on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from assethub.protocol.wire import Info, Message


class NewSource(Message):
    """`url`: an absolute folder of the server, or s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."""

    name: str
    url: str = Field(max_length=2000)


class SourceInfo(Info):
    """`url` and `created_by` are told to administrators only."""

    name: str
    url: str | None
    created_by: str | None
    created_at: datetime


class NewImport(Message):
    """What lies at or below `prefix` of a source goes below the folder `target` of a branch.

    With `link` the contents stay where they are; they are read for their sha256 now, and checked at every reading.
    """

    source: str
    prefix: str = ""
    branch: str = "main"
    target: str = ""
    link: bool = False
    message: str = Field(default="", max_length=10_000)


class ImportInfo(Info):
    """`state` is queued, running, succeeded, failed or cancelled; `commit` is null if nothing had changed.

    `read_bytes` counts what was read of the source; what is known already is done without being read.
    """

    id: UUID
    path: str
    branch: str
    source: str
    prefix: str
    target: str
    link: bool
    message: str
    state: str
    error: str | None
    commit: str | None
    total_files: int
    total_bytes: int
    done_files: int
    done_bytes: int
    read_bytes: int
    creator: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
