"""Folders, as the SDK shows them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from assethub.client.assets import Dataset, Model, asset_of
from assethub.client.connection import Connection
from assethub.client.credentials import GitCredentials
from assethub.protocol.assets import AssetInfo
from assethub.protocol.folders import FolderChange, FolderInfo, GrantRole, OpenFolder, SharingInfo
from assethub.protocol.gates import GateInfo, NewGate

Gates = list[GateInfo]


class Folder(GitCredentials):
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

    @property
    def credentials_url(self) -> str:
        return f"{self.url}/credentials"

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

    def sharing(self) -> SharingInfo:
        """Who may do what in it; for its editors."""
        return self.connection.get(SharingInfo, f"{self.url}/sharing")

    def share(self, name: str, role: str | None) -> SharingInfo:
        """Give a user or a group a role: viewer, runner, editor or owner, in place of the one before; None: none."""
        url = f"{self.url}/grants/{quote(name)}"
        if role is None:
            return self.connection.send(SharingInfo, "DELETE", url)
        return self.connection.send(SharingInfo, "PUT", url, GrantRole(role=role))

    def open(self, *, everyone: str | None = None, public: bool | None = None) -> SharingInfo:
        """Give everyone who is signed in a role (viewer, runner, editor, none), or open it to readers who are not.

        Forbidden where the hub's administrator does not allow public folders.
        """
        return self.connection.send(
            SharingInfo, "PATCH", f"{self.url}/sharing", OpenFolder(everyone=everyone, public=public)
        )

    def gates(self) -> Gates:
        """What is required of a version before it is published into the `main` of a model in it."""
        return self.connection.get_list(GateInfo, f"{self.url}/gates")

    def add_gate(self, rule: str, dataset: str, *, by_run: bool = False) -> GateInfo:
        """Require `rule` of what is published: `accuracy >= 0.9`, `loss <= 0.2`, `accuracy >= main - 0.01`.

        It is measured on the dataset as its main is at the publish; with `by_run`, by runs alone. For owners.
        """
        return self.connection.send(
            GateInfo, "POST", f"{self.url}/gates", NewGate(rule=rule, dataset=str(dataset), by_run=by_run)
        )

    def remove_gate(self, id: str | UUID) -> None:
        """Require it no more."""
        self.connection.delete(f"{self.url}/gates/{id}")

    def delete(self, *, force: bool = False) -> None:
        """Delete it with all that is in it; `hub.restore` brings it back for 14 days.

        Conflict while runs use it, or (without `force`) while models or gates outside rest on it.
        """
        self.connection.delete(self.url, force=force or None)
