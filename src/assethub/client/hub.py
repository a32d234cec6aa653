"""A hub: the entry to everything in it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote
from uuid import UUID

from assethub.client.assets import Dataset, Model, asset_of
from assethub.client.connection import Connection, folder_url
from assethub.client.folders import Folder
from assethub.client.lanes import Progress
from assethub.client.runs import Run
from assethub.client.versions import Version
from assethub.domain.errors import Invalid, SignInNeeded
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, FolderPath, Reference, parse_path
from assethub.protocol.assets import AssetInfo, NewAsset, TrainingSettings
from assethub.protocol.folders import FolderInfo, NewFolder
from assethub.protocol.imports import NewSource, SourceInfo
from assethub.protocol.owners import CreatedKey, HubInfo, KeyInfo, NewKey, UserInfo
from assethub.protocol.runs import RunInfo

if TYPE_CHECKING:
    from assethub.protocol.archives import ImportedInfo

Value = str | int | float | bool


class Hub:
    """A connected hub. Paths may leave out the owner: `model/llm/gpt2` is the signed-in user's."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __repr__(self) -> str:
        return f"Hub({self.connection.endpoint!r})"

    def close(self) -> None:
        """Give the connections back; `with assethub.connect() as hub:` does it at the end."""
        self.connection.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def info(self) -> HubInfo:
        """The hub's version, and who asks (None without a key)."""
        return self.connection.get(HubInfo, "/me")

    def whoami(self) -> UserInfo:
        """The signed-in user. SignInNeeded without a valid key."""
        user = self.info().user
        if user is None:
            raise SignInNeeded("Nobody is signed in: run `ah login`, or set ASSETHUB_API_KEY.")
        return user

    @cached_property
    def me(self) -> str:
        """The signed-in user's name, asked once."""
        return self.whoami().name

    def path(self, text: str) -> FolderPath | AssetPath:
        """A folder's or asset's path, with the owner filled in. Invalid if it is neither."""
        own = text.strip("/").split("/")[0] in ("model", "dataset")
        return parse_path(text, me=self.me if own else None)

    def reference(self, text: str) -> Reference:
        """An asset's path with its ref. Invalid if it is a folder's."""
        path, _, ref = text.partition(":")
        parsed = self.path(path)
        if isinstance(parsed, FolderPath):
            raise Invalid(f"{text!r} is a folder; an asset's path is {parsed}/NAME.")
        return Reference(parsed, ref or None)

    def create(
        self,
        path: str,
        *,
        description: str = "",
        labels: Sequence[str] = (),
        git: str | None = None,
        revision: str | None = None,
        subpath: str | None = None,
        datasets: Sequence[str] = (),
        params: Mapping[str, Value] | None = None,
    ) -> Folder | Model | Dataset:
        """A new folder (`model/llm`) or asset (`model/llm/gpt2`, its folder is made if missing).

        `git`, `revision`, `subpath`, `datasets` and `params` are a model's training settings. Conflict if it exists.
        """
        where = self.path(path)
        if isinstance(where, FolderPath):
            new = NewFolder(path=str(where), description=description, labels=list(labels))
            return Folder(self.connection, self.connection.send(FolderInfo, "POST", "/folders", new))
        training = TrainingSettings(
            git=git, revision=revision, subpath=subpath, datasets=list(datasets), params=dict(params or {})
        )
        info = self.connection.send(
            AssetInfo, "POST", "/assets",
            NewAsset(path=str(where), description=description, labels=list(labels), training=training),
        )  # fmt: skip
        return asset_of(self.connection, info)

    def get(self, path: str) -> Folder | Model | Dataset | Version:
        """What a path names: a folder, an asset, or with `:ref` one of its versions. NotFound if it is not there."""
        if ":" in path:
            reference = self.reference(path)
            asset = asset_of(self.connection, self.connection.get(AssetInfo, f"/assets/{reference.asset}"))
            assert reference.ref is not None  # the text has a colon and something behind it, or it is main
            return asset.version(reference.ref)
        where = self.path(path)
        if isinstance(where, FolderPath):
            return Folder(self.connection, self.connection.get(FolderInfo, folder_url(where)))
        return asset_of(self.connection, self.connection.get(AssetInfo, f"/assets/{where}"))

    def import_archive(
        self, file: str | PathLike[str], path: str, *, progress: Progress | None = None
    ) -> "ImportedInfo":
        """Make an asset from a file that `version.export` wrote, or continue the branches of one; commit ids are kept.

        The hub verifies all of it before anything shows. Conflict if the asset there has gone another way.
        """
        where = self.path(path)
        if isinstance(where, FolderPath):
            raise Invalid(f"{path!r} is a folder; an asset's path is {where}/NAME.")
        from assethub.client.archives import import_archive  # what few commands need is imported when it is needed

        return import_archive(self.connection, where, Path(file), progress)

    def restore(self, path: str) -> Folder | Model | Dataset | Version:
        """Bring back what was deleted in the last 14 days: a folder, an asset, or with `:name` a branch or tag.

        NotFound if nothing was deleted there, Conflict if something else has the place now.
        """
        if ":" in path:
            reference = self.reference(path)
            self.connection.request("POST", f"/assets/{reference.asset}/refs/{quote(reference.ref or MAIN)}/restore")
            return Version(self.connection, reference.asset, reference.ref or MAIN)
        where = self.path(path)
        if isinstance(where, FolderPath):
            return Folder(self.connection, self.connection.send(FolderInfo, "POST", f"{folder_url(where)}/restore"))
        return asset_of(self.connection, self.connection.send(AssetInfo, "POST", f"/assets/{where}/restore"))

    def model(self, path: str) -> Model:
        """The model at a path. Invalid if it is something else."""
        found = self.get(path)
        if not isinstance(found, Model):
            raise Invalid(f"{path!r} is not a model.")
        return found

    def dataset(self, path: str) -> Dataset:
        """The dataset at a path. Invalid if it is something else."""
        found = self.get(path)
        if not isinstance(found, Dataset):
            raise Invalid(f"{path!r} is not a dataset.")
        return found

    def folders(self, *, owner: str | None = None, kind: str | None = None) -> list[Folder]:
        """The folders that you may see; of one owner, of one kind (`model` or `dataset`)."""
        found = self.connection.get_list(FolderInfo, "/folders", owner=owner, kind=kind)
        return [Folder(self.connection, info) for info in found]

    def run(self, id: str | int | UUID) -> Run:
        """A run by its number or id."""
        return Run(self.connection, self.connection.get(RunInfo, f"/runs/{id}"))

    def runs(self, *, state: str | None = None, limit: int = 50) -> list[Run]:
        """The newest runs that you may see."""
        found = self.connection.get_list(RunInfo, "/runs", state=state, limit=limit)
        return [Run(self.connection, info) for info in found]

    def sources(self) -> list[SourceInfo]:
        """What imports may read; where it lies is told to administrators."""
        return self.connection.get_list(SourceInfo, "/sources")

    def add_source(self, name: str, url: str) -> SourceInfo:
        """Let every editor import from a folder of the server or a bucket's prefix; for administrators.

        `url` is an absolute folder, or s3://bucket/prefix, gs://bucket/prefix, az://container/prefix: the server's
        environment gives the keys. Conflict if the name is taken.
        """
        return self.connection.send(SourceInfo, "POST", "/sources", NewSource(name=name, url=url))

    def remove_source(self, name: str, *, force: bool = False) -> None:
        """Take a source away; for administrators. Conflict while contents are linked to it, unless forced."""
        self.connection.delete(f"/sources/{quote(name)}", force=force or None)

    def keys(self) -> list[KeyInfo]:
        """Your API keys."""
        return self.connection.get_list(KeyInfo, "/keys")

    def create_key(self, name: str, *, scope: str = "write", expires_in_days: int | None = None) -> CreatedKey:
        """A new API key of yours (scope read, write or admin); its secret is in this answer only."""
        new = NewKey(name=name, scope=scope, expires_in_days=expires_in_days)
        return self.connection.send(CreatedKey, "POST", "/keys", new)

    def revoke_key(self, id: str | UUID) -> None:
        self.connection.delete(f"/keys/{id}")
