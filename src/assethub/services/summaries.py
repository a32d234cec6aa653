"""What pages show of an asset at a glance."""

from dataclasses import dataclass

from assethub.domain.assets import Asset
from assethub.domain.evaluations import Evaluation
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit, Ref, RefKind
from assethub.domain.names import AssetPath, FolderPath, Kind
from assethub.services import versions
from assethub.services.work import Work


@dataclass(frozen=True)
class Card:
    """An asset among others: its head, and the newest evaluation of what is published."""

    asset: Asset
    head: Commit
    evaluation: Evaluation | None


@dataclass(frozen=True)
class Overview:
    """The frame of an asset's pages: one version of it, and how much there is of everything."""

    asset: Asset
    ref: str
    commit: Commit
    refs: tuple[Ref, ...]
    evaluations: int
    runs: int

    @property
    def branches(self) -> list[Ref]:
        return [ref for ref in self.refs if ref.kind is RefKind.BRANCH]

    @property
    def tags(self) -> list[Ref]:
        return [ref for ref in self.refs if ref.kind is RefKind.TAG]

    @property
    def on_branch(self) -> bool:
        return any(ref.name == self.ref for ref in self.branches)

    @property
    def path(self) -> AssetPath:
        return self.asset.path


def folder_cards(work: Work, path: FolderPath) -> list[Card]:
    """The assets of a folder, by name, in a number of queries that does not grow with them."""
    folder = work.folder(path, needs=Role.VIEWER)
    assets = work.assets.in_folder(folder.id)
    heads = work.commits.heads([asset.id for asset in assets], MAIN)
    newest = work.evaluations.newest([(asset.id, heads[asset.id].content) for asset in assets])
    return [Card(asset, heads[asset.id], newest.get(asset.id)) for asset in assets]


def overview(work: Work, path: AssetPath, ref: str | None = None) -> Overview:
    asset = work.asset(path, needs=Role.VIEWER)
    commit = versions.commit_at(work, asset, ref)
    model = path.kind is Kind.MODEL
    return Overview(
        asset, ref or MAIN, commit, tuple(work.refs.of(asset.id)),
        work.evaluations.count(asset.id) if model else 0, work.runs.count(asset.id) if model else 0,
    )  # fmt: skip


def ref_heads(work: Work, overview: Overview) -> dict[str, Commit]:
    """The commits that the asset's branches and tags name, by id."""
    return work.commits.many(overview.asset.id, {ref.commit for ref in overview.refs})


def origin(work: Work, asset: Asset, commit: Commit) -> Commit | None:
    """The commit whose provenance says what made this one: itself, or for a merge the side it was taken from."""
    seen = commit
    for _ in range(10):
        if "provenance" in seen.metadata:
            return seen
        parents = [work.commits.get(asset.id, parent) for parent in reversed(seen.parents)]
        same = [parent for parent in parents if parent.content == seen.content]
        if not same:
            return None
        seen = same[0]
    return None
