"""What people do with versions: commit, log, diff, and see which commit touched a path last."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import Commit, digest_of
from assethub.domain.names import AssetPath, Reference, check_path
from assethub.domain.objects import Entry, guess_type
from assethub.domain.staging import StagedChange
from assethub.services import versions
from assethub.services.ancestry import alone, merge_base
from assethub.services.comparing import Comparison, compare_commits
from assethub.services.edits import MOST_TOLD, edits_of
from assethub.services.gates import pass_gates
from assethub.services.logs import log_page
from assethub.services.recording import record_commit, tell_commit
from assethub.services.work import Work
from assethub.storage.trees import Tree

LONGEST_MESSAGE = 10_000  # characters


@dataclass(frozen=True)
class NewFile:
    """A file of a commit to be; its content has been uploaded to the asset."""

    path: str
    sha256: str
    size: int
    mtime: datetime | None = None
    content_type: str | None = None


def commit_changes(
    work: Work,
    path: AssetPath,
    branch: str,
    message: str,
    *,
    add: Iterable[NewFile] = (),
    delete: Iterable[str] = (),
    move: Mapping[str, str] = MappingProxyType({}),
    staged: bool = False,
    only: Collection[str] | None = None,
    force: bool = False,
    expected_parent: str | None = None,
    expected: Mapping[str, str | None] = MappingProxyType({}),
) -> Commit | None:
    """One atomic commit: deletions first (`dir/` is all below it), then moves, then files, over what is staged if
    asked, or over just the staged paths `only`.

    None if nothing changes. Conflict if the branch is not at `expected_parent` or holds something else than
    `expected`, or if a staged path changed on the branch since it was staged, unless forced. See `edits_of`.
    """
    asset = work.asset(path, needs=Role.EDITOR)
    if not message.strip():
        raise Invalid("A commit needs a message that says why it was made.")
    if len(message) > LONGEST_MESSAGE:
        raise Invalid(f"The message has {len(message)} characters; at most {LONGEST_MESSAGE} are kept.")
    seen = work.refs.take(asset.id, branch).commit
    if expected_parent is not None and not (len(expected_parent) >= 4 and seen.startswith(expected_parent)):
        raise Conflict(
            f"Branch {branch!r} is at {seen[:8]}, not at {expected_parent[:8]} as expected; look at what changed."
        )
    parent = work.commits.get(asset.id, seen)
    tree = versions.tree_of(work, parent)
    waiting = staged_changes(work, asset, branch, tree, force=force, only=only) if staged else []
    changes = {change.path: change.entry for change in waiting}
    below = tree.with_changes(changes) if waiting else tree
    changes |= edits_of(below, check_files(work, asset, add, work.now()), delete, move, expected)
    made = commit_tree(work, asset, branch, parent, tree.with_changes(changes), message)
    work.staging.remove(change.sequence for change in waiting)
    if made is not None:
        tell_commit(work, "commit.create", asset, branch, made)
    elif waiting:
        work.record("stage.reset", f"{asset.path}:{branch}", folder=asset.folder, changes=len(waiting))
    return made


def staged_changes(
    work: Work, asset: Asset, branch: str, tree: Tree, *, force: bool, only: Collection[str] | None = None
) -> list[StagedChange]:
    if only is None:
        changes = work.staging.changes(asset.id, branch)
    else:
        changes = work.staging.of(asset.id, branch, set(only))
        if missing := sorted(set(only) - {change.path for change in changes}):
            raise NotFound(f"{len(missing)} paths are not staged on {branch!r} any more.", missing[:MOST_TOLD])
    moved = [change.path for change in changes if digest_of(tree.find(change.path)) != change.replaces]
    if moved and not force:
        raise Conflict(f"{len(moved)} staged paths changed on {branch!r} since they were staged.", moved)
    return changes


def commit_tree(
    work: Work,
    asset: Asset,
    branch: str,
    parent: Commit,
    tree: Tree,
    message: str,
    *,
    others: tuple[Commit, ...] = (),
    committer: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_same: bool = False,
    publishing: Commit | None = None,
) -> Commit | None:
    """Commit the tree onto the branch whose head is `parent`; None if it is the head's already.

    Conflict where gates stand before it; `publishing` is the version that a merge into `main` brings.
    """
    if tree.id == parent.tree and not allow_same:
        return None
    pass_gates(work, asset, branch, parent, tree.content, publishing=publishing)
    made = record_commit(work, asset, tree, (parent, *others), message, committer=committer, metadata=metadata)
    now = work.now()
    work.refs.move(asset.id, branch, seen=parent.id, to=made.id, now=now)
    work.assets.touch(asset.id, now)
    return made


def check_files(work: Work, asset: Asset, files: Iterable[NewFile], now: datetime) -> dict[str, Entry]:
    """The entries of new files; Invalid if a path breaks the rules or its content was not uploaded."""
    given = list(files)
    held = work.holdings.of(asset.id, {file.sha256 for file in given})
    work.bodies.touch(held.values(), work.now(), work.stale)
    entries: dict[str, Entry] = {}
    for file in given:
        path = check_path(file.path)
        if path in entries:
            raise Invalid(f"The path {path!r} is given twice in one commit.")
        if file.sha256 not in held:
            raise Invalid(f"The content of {path!r} (sha256 {file.sha256[:8]}) was not uploaded; upload it first.")
        if held[file.sha256].size != file.size:
            raise Invalid(f"{path!r} has {held[file.sha256].size} bytes, not {file.size} as announced.")
        entries[path] = Entry(file.sha256, file.size, file.mtime or now, file.content_type or guess_type(path))
    return entries


def log_commits(work: Work, reference: Reference, *, after: str | None = None, limit: int = 50) -> list[Commit]:
    """The history of a ref, newest first; `after` continues behind that commit."""
    return log_page(work, reference, after=after, limit=limit).commits


def get_commit(work: Work, path: AssetPath, id: str) -> Commit:
    return versions.commit_at(work, work.asset(path, needs=Role.VIEWER), f"commit/{id}")


def diff_versions(work: Work, path: AssetPath, source: str, target: str) -> tuple[Commit, Commit, Comparison]:
    """What changes from one ref to another of the same asset, with renames found by content."""
    asset = work.asset(path, needs=Role.VIEWER)
    before, after = versions.commit_at(work, asset, source), versions.commit_at(work, asset, target)
    return before, after, compare_commits(work, before, after)


def diff_from(
    work: Work, path: AssetPath, source: str | None, target: str
) -> tuple[Commit | None, Commit, Comparison]:  # fmt: skip
    """What changes from one ref of an asset, or from nothing, to another."""
    asset = work.asset(path, needs=Role.VIEWER)
    before = versions.commit_at(work, asset, source) if source else None
    after = versions.commit_at(work, asset, target)
    return before, after, compare_commits(work, before, after)


@dataclass(frozen=True)
class Between:
    """How two versions stand to one another: `base` is where their histories meet; of the commits that only the
    target has, and of those that only the source has, how many there are (None: too many to count); the first ones
    that the target has."""

    source: Commit
    target: Commit
    base: Commit | None
    ahead: int | None
    behind: int | None
    commits: list[Commit]


def between(work: Work, path: AssetPath, source: str, target: str, *, most: int = 50) -> Between:
    asset = work.asset(path, needs=Role.VIEWER)
    one, other = versions.commit_at(work, asset, source), versions.commit_at(work, asset, target)
    base = merge_base(work, asset.id, one, other)
    ahead, behind, newest = alone(work, asset.id, other, one, most)
    commits = work.commits.many(asset.id, newest)
    return Between(
        one, other, work.commits.get(asset.id, base) if base else None, ahead, behind, [commits[id] for id in newest]
    )


def commit_diff(work: Work, path: AssetPath, id: str) -> tuple[Commit, Commit | None, Comparison]:
    """A commit, its first parent, and what it changed from there."""
    commit = get_commit(work, path, id)
    parent = work.commits.get(commit.asset, commit.parents[0]) if commit.parents else None
    return commit, parent, compare_commits(work, parent, commit)
