"""A hub: the entry to everything in it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote
from uuid import UUID

from assethub.client.administration import Administration
from assethub.client.assets import Dataset, Model, asset_of
from assethub.client.audit import Auditing
from assethub.client.connection import Connection, folder_url
from assethub.client.credentials import GitCredentials
from assethub.client.folders import Folder
from assethub.client.lanes import Progress
from assethub.client.people import People
from assethub.client.queue import Queueing
from assethub.client.runs import Run
from assethub.client.s3_keys import S3KeyRing
from assethub.client.sweeps import Sweep
from assethub.client.versions import Version
from assethub.domain.errors import Invalid, SignInNeeded
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, FolderPath, Reference, parse_path
from assethub.protocol.assets import AssetInfo, NewAsset, TrainingSettings
from assethub.protocol.comparison import RunComparisonInfo
from assethub.protocol.folders import FolderInfo, NewFolder
from assethub.protocol.imports import NewSource, SourceInfo
from assethub.protocol.lineage import LineageInfo
from assethub.protocol.owners import HubInfo, UserInfo
from assethub.protocol.progress import OverlaysInfo
from assethub.protocol.runs import RunInfo, SweepInfo
from assethub.protocol.search import FoundFilesInfo, FoundInfo

if TYPE_CHECKING:
    from assethub.protocol.archives import ImportedInfo

PAGE = 1000
Value = str | int | float | bool


class Hub(People, Auditing, GitCredentials, S3KeyRing, Queueing, Administration):
    """A connected hub. Paths may leave out the owner: `model/llm/gpt2` is the signed-in user's."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __repr__(self) -> str:
        return f"Hub({self.connection.endpoint!r})"

    @property
    def credentials_url(self) -> str:
        return "/credentials"

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

    def folders(self, *, owner: str | None = None, kind: str | None = None, which: str = "all") -> list[Folder]:
        """The folders that you may see; of one owner, of one kind (`model` or `dataset`).

        `which` is all, mine, shared (with you, by name, through a group or with everyone) or public.
        """
        found: list[FolderInfo] = []
        after: str | None = None
        asked = {"owner": owner, "kind": kind, "which": which}
        while page := self.connection.get_list(FolderInfo, "/folders", **asked, after=after):
            found += page
            after = page[-1].path
            if len(page) < PAGE:
                break
        return [Folder(self.connection, info) for info in found]

    def search(
        self, words: str = "", *, kind: str | None = None, which: str = "all", owner: str | None = None,
        label: str | None = None, sort: str = "best", limit: int = 50,
    ) -> list[Folder | Model | Dataset]:  # fmt: skip
        """Folders, then assets, that have every word in their path, description, labels or card, as far as you may see.

        `which` is all, mine, shared or public; `sort` is best (names that have the words first), updated, name, size
        or stars. At most `limit` folders, and as many assets.
        """
        asked = {"q": words, "kind": kind, "which": which, "owner": owner, "label": label, "sort": sort, "limit": limit}
        found = self.connection.get(FoundInfo, "/search", **asked)
        folders = [Folder(self.connection, info) for info in found.folders]
        return [*folders, *(asset_of(self.connection, info) for info in found.assets)]

    def search_files(
        self, words: str, *, kind: str | None = None, which: str = "all", owner: str | None = None, limit: int = 50
    ) -> FoundFilesInfo:
        """Files on main, of all assets that you may see, whose paths have every word that their asset's path has not.

        `complete` is False if there may be more; `asset.find` looks at all files of one asset.
        """
        asked = {"q": words, "kind": kind, "which": which, "owner": owner, "limit": limit}
        return self.connection.get(FoundFilesInfo, "/search/files", **asked)

    def stars(self, limit: int = 1000) -> list[Model | Dataset]:
        """The models and datasets that you starred, the last changed first."""
        found = self.connection.get_list(AssetInfo, "/me/stars", limit=limit)
        return [asset_of(self.connection, info) for info in found]

    def version(self, reference: str | Reference) -> Version:
        """A version by its reference (`model/llm/gpt2:v1`, no ref: main); nothing is asked before it is used."""
        where = self.reference(reference) if isinstance(reference, str) else reference
        return Version(self.connection, where.asset, where.ref or MAIN)

    def evaluation_lineage(self, id: str | UUID, *, levels: int = 3) -> LineageInfo:
        """What an evaluation is of and on, and what these versions were made from, up to so many versions away."""
        return self.connection.get(LineageInfo, f"/evaluations/{id}/lineage", levels=levels)

    def run(self, id: str | int | UUID) -> Run:
        """A run by its number or id."""
        return Run(self.connection, self.connection.get(RunInfo, f"/runs/{id}"))

    def sweep(self, number: int) -> Sweep:
        """A sweep by its number."""
        return Sweep(self.connection, self.connection.get(SweepInfo, f"/sweeps/{number}"))

    def compare_runs(self, *runs: str | int | UUID | Run) -> RunComparisonInfo:
        """From two to 200 runs side by side: parameters, metrics, packages, and code against the first one's."""
        ids = [str(one.number if isinstance(one, Run) else one) for one in runs]
        return self.connection.get(RunComparisonInfo, "/runs/compare", run=ids)

    def overlay_runs(
        self, *runs: str | int | UUID | Run, metrics: Sequence[str] = (), buckets: int = 200
    ) -> OverlaysInfo:  # fmt: skip
        """Up to four metrics of up to 200 runs, each curve in at most so many buckets of consecutive points.

        Without `metrics` the one that most of the runs have; `names` of the answer are those of all.
        """
        ids = [str(one.number if isinstance(one, Run) else one) for one in runs]
        return self.connection.get(OverlaysInfo, "/runs/curves", run=ids, name=list(metrics) or None, buckets=buckets)

    def runs(
        self, *, state: str | None = None, type: str | None = None, creator: str | None = None, text: str | None = None,
        limit: int = 50,
    ) -> list[Run]:  # fmt: skip
        """The newest runs that you may see: of a state, a task, a user, or with a text in their branch or model."""
        asked = {"state": state, "type": type, "creator": creator, "text": text, "limit": limit}
        found = self.connection.get_list(RunInfo, "/runs", **asked)
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
