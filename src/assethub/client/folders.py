"""Folders, as the SDK shows them."""

from collections.abc import Sequence
from typing import Any

from assethub.client.assets import Dataset, Model, asset_of
from assethub.client.connection import Connection
from assethub.protocol.assets import AssetInfo
from assethub.protocol.folders import FolderChange, FolderInfo


class Folder:
    """A folder of models or of datasets. `info` is what the hub said of it last."""

    def __init__(self, connection: Connection, info: FolderInfo) -> None:
        self.connection, self.info = connection, info

    def __repr__(self) -> str:
        return f"Folder({self.path!r})"

    @property
    def path(self) -> str:
        return self.info.path

    @property
    def url(self) -> str:
        return f"/folders/{self.path}"

    def list(self) -> list[Model | Dataset]:
        """The assets in it, by name."""
        return [asset_of(self.connection, info) for info in self.connection.get_list(AssetInfo, f"{self.url}/assets")]

    def update(
        self, *, name: str | None = None, description: str | None = None, labels: Sequence[str] | None = None
    ) -> "Folder":
        """Rename or describe it; labels replace all labels."""
        given: dict[str, Any] = {
            "name": name, "description": description, "labels": list(labels) if labels is not None else None,
        }  # fmt: skip
        change = FolderChange(**{key: value for key, value in given.items() if value is not None})
        self.info = self.connection.send(FolderInfo, "PATCH", self.url, change)
        return self

    def delete(self) -> None:
        """Delete it with all that is in it; `hub.restore` brings it back for 14 days. Conflict while runs use it."""
        self.connection.delete(self.url)
