"""What people do with versions: commit, log, diff, and see which commit touched a path last."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid
from assethub.domain.folders import Role
from assethub.domain.history import Commit, digest_of
from assethub.domain.names import AssetPath, Reference, check_path
from assethub.domain.objects import Entry, guess_type
from assethub.domain.staging import StagedChange
from assethub.services import versions
from assethub.services.ancestry import Steps, order
from assethub.services.comparing import Comparison, compare_commits
from assethub.services.recording import record_commit
from assethub.services.work import Work
from assethub.storage.trees import Tree


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
    staged: bool = False,
    force: bool = False,
    expected_parent: str | None = None,
) -> Commit | None:
    """One atomic commit: deletions first (`dir/` is all below it), then files, over what is staged if asked.

    None if nothing changes. Conflict if the branch is not at `expected_parent`, or if a staged path changed on the
    branch since it was staged, unless forced.
    """
    asset = work.asset(path, needs=Role.EDITOR)
    if not message.strip():
        raise Invalid("A commit needs a message that says why it was made.")
    seen = work.refs.take(asset.id, branch).commit
    if expected_parent is not None and not (len(expected_parent) >= 4 and seen.startswith(expected_parent)):
        raise Conflict(
            f"Branch {branch!r} is at {seen[:8]}, not at {expected_parent[:8]} as expected; look at what changed."
        )
    parent = work.commits.get(asset.id, seen)
    tree = versions.tree_of(work, parent)
    waiting = staged_changes(work, asset, branch, tree, force=force) if staged else []
    changes = {change.path: change.entry for change in waiting}
    for gone in delete:
        changes |= deletions(tree, gone)
    changes |= check_files(work, asset, add, work.now())
    made = commit_tree(work, asset, branch, parent, tree.with_changes(changes), message)
    work.staging.remove(change.sequence for change in waiting)
    return made


def staged_changes(work: Work, asset: Asset, branch: str, tree: Tree, *, force: bool) -> list[StagedChange]:
    changes = work.staging.changes(asset.id, branch)
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
) -> Commit | None:
    """Commit the tree onto the branch whose head is `parent`; None if it is the head's already."""
    if tree.id == parent.tree and not allow_same:
        return None
    made = record_commit(work, asset, tree, (parent, *others), message, committer=committer, metadata=metadata)
    now = work.now()
    work.refs.move(asset.id, branch, seen=parent.id, to=made.id, now=now)
    work.assets.touch(asset.id, now)
    return made


def deletions(tree: Tree, path: str) -> dict[str, Entry | None]:
    """What the deletion of `a/b` (a file) or `a/b/` (all below it) removes; what is not there is no error."""
    if path.endswith("/"):
        return {below: None for below, _ in tree.below(path)}
    return {path: None} if tree.find(path) else {}


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
    """The history of a ref, newest first: by generation, then time; `after` continues behind that commit."""
    asset, head = versions.version(work, reference)
    steps = Steps(work, asset.id, head)
    found: list[str] = []
    seen, passed = {head.id}, after is None
    queue = [order(steps.get(head.id))]
    while queue and len(found) < limit:
        step = heapq.heappop(queue)[-1]
        if passed:
            found.append(step.id)
        passed = passed or step.id == after
        for parent in step.parents:
            if parent not in seen:
                seen.add(parent)
                heapq.heappush(queue, order(steps.get(parent, step.generation)))
    commits = work.commits.many(asset.id, found)
    return [commits[id] for id in found]


def get_commit(work: Work, path: AssetPath, id: str) -> Commit:
    return versions.commit_at(work, work.asset(path, needs=Role.VIEWER), f"commit/{id}")


def diff_versions(work: Work, path: AssetPath, source: str, target: str) -> tuple[Commit, Commit, Comparison]:
    """What changes from one ref to another of the same asset, with renames found by content."""
    asset = work.asset(path, needs=Role.VIEWER)
    before, after = versions.commit_at(work, asset, source), versions.commit_at(work, asset, target)
    return before, after, compare_commits(work, before, after)


def commit_diff(work: Work, path: AssetPath, id: str) -> tuple[Commit, Commit | None, Comparison]:
    """A commit, its first parent, and what it changed from there."""
    commit = get_commit(work, path, id)
    parent = work.commits.get(commit.asset, commit.parents[0]) if commit.parents else None
    return commit, parent, compare_commits(work, parent, commit)
