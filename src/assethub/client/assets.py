"""Models and datasets, as the SDK shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assethub.client.connection import Connection, asset_url
from assethub.client.imports import Import
from assethub.client.lanes import Progress
from assethub.client.runs import Run
from assethub.client.sources import Add
from assethub.client.versions import Version, as_list
from assethub.domain.errors import Invalid
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, Kind, parse_asset_path, parse_path
from assethub.protocol.assets import AssetChange, AssetInfo, TrainingSettings
from assethub.protocol.evaluations import EvaluationInfo
from assethub.protocol.history import ChangeInfo, CommitInfo, NewBranch, NewTag, RefInfo, StagedInfo
from assethub.protocol.imports import ImportInfo, NewImport
from assethub.protocol.objects import ObjectInfo
from assethub.protocol.runs import NewRun, RunInfo


class Asset:
    """What models and datasets share. `info` is what the hub said of it last."""

    def __init__(self, connection: Connection, info: AssetInfo) -> None:
        self.connection, self.info = connection, info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def __str__(self) -> str:
        return self.path

    @property
    def path(self) -> str:
        return self.info.path

    @property
    def where(self) -> AssetPath:
        return parse_asset_path(self.info.path)

    @property
    def url(self) -> str:
        return asset_url(self.where)

    @property
    def main(self) -> Version:
        return self.version(MAIN)

    def version(self, ref: str) -> Version:
        """The asset at a branch, tag or commit."""
        return Version(self.connection, self.where, ref)

    def branch(self, name: str) -> Version:
        return self.version(name)

    def tag(self, name: str) -> Version:
        return self.version(name)

    def refresh(self) -> None:
        self.info = self.connection.get(AssetInfo, f"/assets/{self.path}")

    def update(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        labels: Sequence[str] | None = None,
        training: TrainingSettings | None = None,
    ) -> None:
        """Rename, describe, or set the training settings; labels and training settings replace the old ones whole."""
        given: dict[str, Any] = {
            "name": name, "description": description, "labels": list(labels) if labels is not None else None,
            "training": training,
        }  # fmt: skip
        change = AssetChange(**{key: value for key, value in given.items() if value is not None})
        self.info = self.connection.send(AssetInfo, "PATCH", self.url, change)

    def delete(self, *, force: bool = False) -> None:
        """Delete it with its history; `hub.restore` brings it back for 14 days.

        Conflict while runs use it, or (without `force`) while evaluations rest on it.
        """
        self.connection.delete(self.url, force=force or None)

    def branches(self) -> list[RefInfo]:
        return self.connection.get_list(RefInfo, f"{self.url}/branches")

    def tags(self) -> list[RefInfo]:
        return self.connection.get_list(RefInfo, f"{self.url}/tags")

    def create_tag(self, name: str, source: str = MAIN) -> Version:
        """A tag of the commit that `source` names now. Conflict if the name is taken."""
        self.connection.send(RefInfo, "POST", f"{self.url}/tags", NewTag(name=name, source=source))
        return self.version(name)

    def commit(
        self,
        message: str,
        add: Sequence[Add] = (),
        delete: Sequence[str] = (),
        *,
        exclude: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> CommitInfo | None:
        """Commit to `main`; see Version.commit."""
        return self.main.commit(message, add, delete, exclude=exclude, progress=progress)

    def import_from(
        self,
        source: str,
        prefix: str = "",
        *,
        branch: str = MAIN,
        to: str = "",
        link: bool = False,
        message: str = "",
    ) -> Import:
        """Start an import of what lies at or below a prefix of a source, below the folder `to` of a branch.

        The hub reads it and makes one commit; `wait` returns then. With `link` the contents stay where they are:
        reading one fails once its original has changed. NotFound if there is no such source.
        """
        new = NewImport(source=source, prefix=prefix, branch=branch, target=to, link=link, message=message)
        return Import(self.connection, self.connection.send(ImportInfo, "POST", f"{self.url}/imports", new))

    def imports(self) -> list[Import]:
        """The newest imports into this asset, newest first."""
        found = self.connection.get_list(ImportInfo, f"{self.url}/imports")
        return [Import(self.connection, info) for info in found]

    def list_object(self, prefix: str = "", ref: str = MAIN) -> list[ObjectInfo]:
        """Every file of a version below the prefix."""
        return self.version(ref).list_object(prefix)

    def list_commit(self, ref: str = MAIN, limit: int = 50) -> list[CommitInfo]:
        """The newest commits of a version, newest first."""
        return self.version(ref).list_commit(limit)

    def download(
        self,
        paths: Sequence[str] | None = None,
        to: str | Path = ".",
        *,
        ref: str = MAIN,
        progress: Progress | None = None,
    ) -> list[Path]:
        """Put a version's files below the folder `to`; see Version.download."""
        return self.version(ref).download(paths, to, progress=progress)

    def diff(self, source: str, target: str) -> list[ChangeInfo]:
        """What changes from one ref to another."""
        return self.version(source).diff(target)

    def status(self, branch: str = MAIN) -> list[StagedInfo]:
        """What is staged on a branch."""
        return self.version(branch).status()

    def reset(self, branch: str = MAIN) -> int:
        """Drop what is staged on a branch; answers how many changes went."""
        return self.version(branch).reset()


class Dataset(Asset):
    """A dataset: one line of history on `main`."""


class Model(Asset):
    """A model: branches, training runs, evaluations."""

    def create_branch(self, name: str, source: str | None = None, *, empty: bool = False) -> Version:
        """A branch at `source` (default: main), or empty. Conflict if the name is taken."""
        new = NewBranch(name=name, source=source, empty=empty)
        self.connection.send(RefInfo, "POST", f"{self.url}/branches", new)
        return self.version(name)

    def merge(self, branch: str, into: str = MAIN, *, strategy: str | None = None) -> CommitInfo | None:
        """Merge a branch into another; see Version.merge."""
        return self.version(branch).merge(into, strategy=strategy)

    def train(
        self,
        branch: str,
        dataset: str | Dataset | Version | Sequence[str] | None = None,
        *,
        checkpoint: str | Version | None = None,
        git: str | None = None,
        revision: str | None = None,
        subpath: str | None = None,
        params: Mapping[str, Any] | None = None,
        onto_existing: bool = False,
    ) -> Run:
        """Start a training whose result is committed on a new branch; with `checkpoint`, training goes on from it.

        What is left out comes from the model's training settings. Everything is pinned before this returns; Invalid,
        NotFound or Conflict say what is wrong.
        """
        start = f"{self.path}:{checkpoint}" if isinstance(checkpoint, str) and is_ref(checkpoint) else checkpoint
        new = NewRun(
            type="train" if checkpoint is None else "continue", model=self.path, branch=branch,
            checkpoint=str(start) if start is not None else None, datasets=as_list(dataset), git=git,
            revision=revision, subpath=subpath, params=dict(params or {}), onto_existing=onto_existing,
        )  # fmt: skip
        return Run(self.connection, self.connection.send(RunInfo, "POST", "/runs", new))

    def evaluate(self, dataset: str | Sequence[str] | None = None, *, ref: str = MAIN, **options: Any) -> Run:
        """Start an evaluation of a version; see Version.evaluate."""
        return self.version(ref).evaluate(dataset, **options)

    def runs(self, limit: int = 50) -> list[Run]:
        """The newest runs of this model."""
        found = self.connection.get_list(RunInfo, "/runs", model=self.path, limit=limit)
        return [Run(self.connection, info) for info in found]

    def list_evaluation(self) -> list[EvaluationInfo]:
        """All evaluations of this model, newest first."""
        return self.connection.get_list(EvaluationInfo, f"{self.url}/evaluations")

    def create_evaluation(self, metrics: Mapping[str, Any], dataset: str, ref: str = MAIN) -> EvaluationInfo:
        """Enter metrics of a version by hand; see Version.create_evaluation."""
        return self.version(ref).create_evaluation(metrics, dataset)


def is_ref(text: str) -> bool:
    """Whether a checkpoint is a ref of the model itself, rather than a path or reference."""
    if ":" in text:
        return False
    try:
        parse_path(text, me="me")
    except Invalid:
        return True
    return False


def asset_of(connection: Connection, info: AssetInfo) -> Model | Dataset:
    kind = parse_asset_path(info.path).kind
    return Model(connection, info) if kind is Kind.MODEL else Dataset(connection, info)
