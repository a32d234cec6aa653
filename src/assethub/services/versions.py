"""References made exact: which commit a ref names, and the tree it holds."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Damaged, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit, RefKind
from assethub.domain.names import COMMIT_ID, COMMIT_PREFIX, Reference
from assethub.domain.owners import RunCaller
from assethub.services.work import Work
from assethub.storage.nodes import Rows
from assethub.storage.outlines import Outline
from assethub.storage.tree_store import Trees
from assethub.storage.trees import Tree

MOST_CANDIDATES = 5


def commit_at(work: Work, asset: Asset, ref: str | None) -> Commit:
    """The commit that a ref names: branch, then tag, then commit prefix; `kind/…` says which is meant.

    A run sees just the commits it was pinned to.
    """
    commit = resolve(work, asset, ref or MAIN)
    if isinstance(work.caller, RunCaller) and (asset.id, commit.id) not in work.caller.reads:
        raise work.hidden("reference", f"{asset.path}:{ref or MAIN}")
    return commit


def resolve(work: Work, asset: Asset, ref: str) -> Commit:
    meant, _, rest = ref.partition("/")
    if meant in list(RefKind) and rest:
        kind, name = RefKind(meant), rest
    else:
        kind, name = None, ref
    if kind is not RefKind.COMMIT:
        found = work.refs.find(asset.id, name)
        if found is not None and kind in (None, found.kind):
            return work.commits.get(asset.id, found.commit)
    if kind in (None, RefKind.COMMIT) and COMMIT_ID.fullmatch(name):
        whole = work.commits.find(asset.id, name)
        if whole is not None:
            return whole
    elif kind in (None, RefKind.COMMIT) and COMMIT_PREFIX.fullmatch(name):
        candidates = work.commits.with_prefix(asset.id, name, MOST_CANDIDATES + 1)
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = [f"{commit.id[:12]} {commit.title}" for commit in candidates[:MOST_CANDIDATES]]
            raise Conflict(f"{name!r} names several commits of {asset.path}; give more digits.", listed)
    raise NotFound(
        f"{asset.path} has no {kind or 'branch, tag or commit'} {name!r}. "
        f"`ah ls {asset.path} --branch` and `--tag` list what there is."
    )


def version(work: Work, reference: Reference, *, needs: Role = Role.VIEWER) -> tuple[Asset, Commit]:
    asset = work.asset(reference.asset, needs=needs)
    return asset, commit_at(work, asset, reference.ref)


def tree_of(work: Work, commit: Commit) -> Tree:
    """NotFound never: a commit's tree is kept. Unavailable, now or when it is read, if a node is gone or damaged."""
    return tree_at(work, commit.id, commit.tree)


def tree_at(work: Work, commit: str, tree: str) -> Tree:
    with readable(commit):
        return replace(work.trees.get(tree), source=Readable(work.trees, commit))


@dataclass(frozen=True)
class Readable:
    """Where the leaves of a commit's tree come from; Unavailable names the commit if one is gone or damaged."""

    trees: Trees
    commit: str

    def leaves(self, ids: Sequence[bytes]) -> list[Rows]:
        with readable(self.commit):
            return self.trees.leaves(ids)

    def outlines(self, ids: Sequence[bytes]) -> Mapping[bytes, Outline]:
        return self.trees.outlines(ids)


@contextmanager
def readable(commit: str) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise Damaged(f"The version {commit[:8]} cannot be read: {error.args[0]}.") from error
