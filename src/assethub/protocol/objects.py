"""Objects and listings on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from assethub.protocol.wire import Info, Message


class ObjectInfo(Info):
    """A file of a version; `sha256` is 64 hex digits, `size` counts bytes, `mtime` is UTC."""

    path: str
    size: int
    sha256: str
    mtime: datetime
    content_type: str


class TreePage(Info):
    """One page of a listing; `prefixes` are folders below the delimiter, `next` continues after the page."""

    commit: str
    entries: list[ObjectInfo]
    prefixes: list[str] = Field(default_factory=list)
    next: str | None = None


class Wanted(Message):
    """Files of one version to send back as frames."""

    ref: str = "main"
    paths: list[str] = Field(max_length=1000)


class Offered(Message):
    """Contents that the caller could send, by sha256, with the `sizes` of all of them in bytes.

    `before` counts the bytes that earlier answers asked for, of an upload that asks more than once.
    """

    objects: list[str] = Field(max_length=10_000)
    sizes: list[Annotated[int, Field(ge=0, le=1 << 50)]] = Field(default_factory=list, max_length=10_000)
    before: int = Field(default=0, ge=0, le=1 << 60)


class Missing(Info):
    missing: list[str]


class Stored(Info):
    stored: int


class StoredObject(Info):
    sha256: str
    size: int
