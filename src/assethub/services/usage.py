"""How many bytes an asset or a version takes, and how many of them others hold too."""

from dataclasses import dataclass

from assethub.domain.folders import Role
from assethub.domain.history import Commit
from assethub.domain.names import AssetPath, Reference
from assethub.services import versions
from assethub.services.work import Work
from assethub.storage.digests import distinct_bytes


@dataclass(frozen=True)
class AssetUsage:
    """Bytes in the store: `own` are held by this asset alone, `shared` by other assets too."""

    contents: int
    own: int
    shared: int

    @property
    def stored(self) -> int:
        return self.own + self.shared


@dataclass(frozen=True)
class VersionUsage:
    """Bytes of a version: `listed` counts every file, `stored` equal contents once, `added` those new in its commit."""

    commit: Commit
    files: int
    listed: int
    stored: int
    added: int


def asset_usage(work: Work, path: AssetPath) -> AssetUsage:
    work.refuse_runs()
    asset = work.asset(path, needs=Role.VIEWER)
    return AssetUsage(*work.holdings.usage(asset.id))


def version_usage(work: Work, reference: Reference) -> VersionUsage:
    asset, commit = versions.version(work, reference)
    tree = versions.tree_of(work, commit)
    parents = [work.commits.get(asset.id, parent) for parent in commit.parents[:1]]
    before = versions.tree_of(work, parents[0]) if parents else work.trees.empty
    changes = before.diff(tree)
    known = {change.old.sha256 for change in changes if change.old}
    new = {change.new.sha256: change.new.size for change in changes if change.new}
    added = sum(size for sha256, size in new.items() if sha256 not in known)
    leaves = (tree.leaf(number) for number in range(len(tree.leaves)))
    stored = distinct_bytes((rows.hashes.tobytes(), rows.sizes) for rows in leaves)
    return VersionUsage(commit, len(tree), tree.size, stored, added)
