"""What a search finds, on the wire."""

from assethub.protocol.assets import AssetInfo
from assethub.protocol.folders import FolderInfo
from assethub.protocol.wire import Info


class FoundInfo(Info):
    folders: list[FolderInfo]
    assets: list[AssetInfo]


class FoundFileInfo(Info):
    asset: str
    path: str
    size: int


class FoundFilesInfo(Info):
    """`complete` is false if there are more, or if not all could be looked at."""

    files: list[FoundFileInfo]
    complete: bool


class StarsInfo(Info):
    """How many stars an asset has, and whether one is the caller's."""

    stars: int
    starred: bool
