"""Assets on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from assethub.protocol.folders import Labels
from assethub.protocol.wire import Info, Message

Params = dict[str, bool | int | float | str]


class TrainingSettings(Message):
    git: str | None = None
    revision: str | None = None
    subpath: str | None = None
    datasets: list[str] = Field(default_factory=list)
    params: Params = Field(default_factory=dict)


class NewAsset(Message):
    """`path` is owner/kind/folder/name; the owner may be left out, and a missing folder is made."""

    path: str
    description: str = Field(default="", max_length=2000)
    labels: Labels = Field(default_factory=list, max_length=50)
    training: TrainingSettings = Field(default_factory=TrainingSettings)


class AssetChange(Message):
    name: str | None = None
    description: str | None = Field(default=None, max_length=2000)
    labels: Labels | None = Field(default=None, max_length=50)
    training: TrainingSettings | None = None


class TrainingInfo(Info):
    git: str | None
    revision: str | None
    subpath: str | None
    datasets: list[str]
    params: Params


class VersionUsage(Info):
    """Bytes of a version: `listed` counts every file, `stored` equal contents once, `added` those new in its commit."""

    commit: str
    files: int
    listed: int
    stored: int
    added: int


class UsageInfo(Info):
    """Bytes in the store: `own` are held by this asset alone, `shared` by other assets too."""

    contents: int
    own: int
    shared: int
    version: VersionUsage


class AssetInfo(Info):
    """`bucket` is its name in S3, which stays when it is renamed."""

    id: UUID
    path: str
    bucket: str = ""
    description: str
    labels: Labels
    training: TrainingInfo
    created_at: datetime
    updated_at: datetime
