"""Models and datasets, as the SDK shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assethub.client.connection import Connection, asset_url
from assethub.client.imports import Import
from assethub.client.lanes import Progress
from assethub.client.runs import Run
from assethub.client.sources import Add
from assethub.client.training import Trained
from assethub.client.versions import Version
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, Kind, parse_asset_path
from assethub.protocol.assets import AssetChange, AssetInfo, TrainingSettings
from assethub.protocol.evaluations import EvaluationInfo, LeaderboardInfo
from assethub.protocol.history import ChangeInfo, CommitInfo, NewBranch, NewTag, RefInfo, RefPage, StagedInfo
from assethub.protocol.imports import ImportInfo, NewImport
from assethub.protocol.objects import ObjectInfo
from assethub.protocol.search import FoundFilesInfo, StarsInfo


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

        Conflict while runs use it, or (without `force`) while models or gates rest on it.
        """
        self.connection.delete(self.url, force=force or None)

    def star(self) -> StarsInfo:
        """Give it your star; `hub.stars()` lists what has one."""
        return self.connection.send(StarsInfo, "PUT", f"{self.url}/star")

    def unstar(self) -> StarsInfo:
        """Take your star back."""
        return self.connection.send(StarsInfo, "DELETE", f"{self.url}/star")

    def stars(self) -> StarsInfo:
        """How many stars it has, and whether one is yours."""
        return self.connection.get(StarsInfo, f"{self.url}/star")

    def find(self, words: str, ref: str = MAIN, limit: int = 100) -> FoundFilesInfo:
        """Files of a version whose paths have every word; `complete` is False if there may be more."""
        return self.connection.get(FoundFilesInfo, f"{self.url}/find", q=words, ref=ref, limit=limit)

    def branches(self) -> list[RefInfo]:
        return self.connection.get_list(RefInfo, f"{self.url}/branches")

    def tags(self) -> list[RefInfo]:
        return self.connection.get_list(RefInfo, f"{self.url}/tags")

    def find_refs(
        self, search: str = "", *, kind: str | None = None, recent: bool = False, limit: int = 100
    ) -> list[RefInfo]:
        """Branches and tags with a text in their names, by name or (`recent`) those that moved last first.

        `kind` is "branch" or "tag"; nothing said: both.
        """
        found: list[RefInfo] = []
        after: str | None = ""
        while after is not None and len(found) < limit:
            page = self.connection.get(
                RefPage, f"{self.url}/refs", kind=kind, search=search or None, after=after or None,
                order="recent" if recent else None, limit=min(limit - len(found), 1000),
            )  # fmt: skip
            found += page.refs
            after = page.next
        return found

    def create_tag(self, name: str, source: str = MAIN, *, message: str = "") -> Version:
        """A tag of the commit that `source` names now. Conflict if the name is taken."""
        new = NewTag(name=name, source=source, message=message)
        self.connection.send(RefInfo, "POST", f"{self.url}/tags", new)
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

    def leaderboard(
        self, metric: str | None = None, *, ref: str | None = None, lowest: bool | None = None, best: bool = False
    ) -> LeaderboardInfo:
        """What was evaluated on it, or on its version `ref`, across the models that you may see, best first.

        Without `metric` by the most common one; `lowest` says whether less is better, where the name does not tell;
        `best` keeps the best of each model alone. Invalid for a metric that nothing has.
        """
        asked = {"metric": metric, "ref": ref, "lowest": lowest, "best": best or None}
        return self.connection.get(LeaderboardInfo, f"{self.url}/leaderboard", **asked)


class Model(Asset, Trained):
    """A model: branches, training runs, evaluations."""

    def create_branch(self, name: str, source: str | None = None, *, empty: bool = False) -> Version:
        """A branch at `source` (default: main), or empty. Conflict if the name is taken."""
        new = NewBranch(name=name, source=source, empty=empty)
        self.connection.send(RefInfo, "POST", f"{self.url}/branches", new)
        return self.version(name)

    def merge(self, branch: str, into: str = MAIN, *, strategy: str | None = None) -> CommitInfo | None:
        """Merge a branch into another; see Version.merge."""
        return self.version(branch).merge(into, strategy=strategy)

    def evaluate(self, dataset: str | Sequence[str] | None = None, *, ref: str = MAIN, **options: Any) -> Run:
        """Start an evaluation of a version; see Version.evaluate."""
        return self.version(ref).evaluate(dataset, **options)

    def list_evaluation(self) -> list[EvaluationInfo]:
        """All evaluations of this model, newest first."""
        return self.connection.get_list(EvaluationInfo, f"{self.url}/evaluations")

    def create_evaluation(self, metrics: Mapping[str, Any], dataset: str, ref: str = MAIN) -> EvaluationInfo:
        """Enter metrics of a version by hand; see Version.create_evaluation."""
        return self.version(ref).create_evaluation(metrics, dataset)


def asset_of(connection: Connection, info: AssetInfo) -> Model | Dataset:
    kind = parse_asset_path(info.path).kind
    return Model(connection, info) if kind is Kind.MODEL else Dataset(connection, info)
