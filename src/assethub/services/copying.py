"""Copying files between assets, or between versions of one, without moving a byte."""

from collections.abc import Iterator, Sequence

from assethub.domain.errors import Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import AssetPath, Reference, check_path
from assethub.domain.objects import Entry
from assethub.services import versions
from assethub.services.history import commit_tree
from assethub.services.receiving import hold
from assethub.services.recording import tell_commit
from assethub.services.work import Work
from assethub.storage.trees import Tree


def copy_files(
    work: Work,
    source: Reference,
    target: AssetPath,
    branch: str = MAIN,
    *,
    paths: Sequence[str] = (),
    to: str = "",
    message: str = "",
) -> Commit | None:
    """One commit that lays files of the source over the target's branch, below the folder `to`.

    `paths` are files, or folders with a `/` at their end, which keep their paths; none means all. None if nothing
    changes. NotFound names the first path that the source lacks.
    """
    _, commit = versions.version(work, source)
    asset = work.asset(target, needs=Role.EDITOR)
    tree = versions.tree_of(work, commit)
    prefix = to.strip("/")
    changes: dict[str, Entry | None] = {}
    for path, entry in chosen(tree, source, paths):
        changes[check_path(f"{prefix}/{path}" if prefix else path)] = entry
    if not changes:
        raise Invalid(f"{source} holds no files to copy.")
    parent = work.commits.get(asset.id, work.refs.take(asset.id, branch).commit)  # the branch before the asset's row
    digests = {entry.sha256 for entry in changes.values() if entry}
    hold(work, asset.id, digests)  # Gone for what was removed for good
    text = message.strip() or f"Copy from {source.asset}\n\nCopies {len(changes)} files of commit {commit.id}."
    made_from = {"copied": {"asset": str(source.asset), "commit": commit.id}}
    laid = versions.tree_of(work, parent).with_changes(changes)
    made = commit_tree(work, asset, branch, parent, laid, text, metadata=made_from)
    if made is not None:
        tell_commit(work, "commit.copy", asset, branch, made, source=f"{source.asset}:{commit.id}")
    return made


def chosen(tree: Tree, source: Reference, paths: Sequence[str]) -> Iterator[tuple[str, Entry]]:
    if not paths:
        yield from tree.items()
    for path in paths:
        found = False
        if path.endswith("/"):
            for below in tree.below(path):
                found = True
                yield below
        else:
            entry = tree.find(path)
            if entry is not None:
                found = True
                yield path, entry
        if not found:
            raise NotFound(f"{source} has no {'folder' if path.endswith('/') else 'file'} {path!r}.")
