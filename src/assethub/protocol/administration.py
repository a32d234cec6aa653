"""The hub as its administrators see it, on the wire: settings and storage."""

from datetime import datetime

from pydantic import Field

from assethub.protocol.wire import Info, Message


class SettingInfo(Info):
    """`source` is an option, a variable or a file; empty: the default. Secrets are masked."""

    name: str
    value: str
    default: str
    source: str
    help: str


class OwnerStorageInfo(Info):
    """Bytes; `deleted` of them are of deleted assets that can still come back."""

    name: str
    stored: int
    deleted: int
    assets: int
    quota: int | None


class AssetStorageInfo(Info):
    """Bytes; `shared` of them other assets hold too, null where that takes too long to tell."""

    path: str
    stored: int
    shared: int | None
    deleted: bool


class CollectionInfo(Info):
    """A round of the collector that somebody asked for; `ended_at` is null while it is under way."""

    dry: bool
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    bytes: int
    files: int
    contents: int
    commits: int
    problem: str


class StorageInfo(Info):
    """The whole store in contents, bytes and files (`packs`); owners and assets, those that hold most first."""

    contents: int
    bytes: int
    packs: int
    owners: list[OwnerStorageInfo]
    assets: list[AssetStorageInfo]
    more: bool
    limit: int | None
    round: CollectionInfo | None


class NewCollection(Message):
    """`dry`: only count what would go."""

    dry: bool = Field(default=False)
