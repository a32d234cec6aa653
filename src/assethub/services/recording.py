"""Writing a commit: the one way a tree becomes history."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from assethub.domain.assets import Asset
from assethub.domain.errors import SignInNeeded
from assethub.domain.history import ChangeKind, Commit, commit_id
from assethub.services.work import Work
from assethub.storage.trees import Tree


def record_commit(
    work: Work,
    asset: Asset,
    tree: Tree,
    parents: tuple[Commit, ...],
    message: str,
    *,
    committer: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Commit:
    """Keep the tree and a commit of it by the caller; no ref is moved. The tree is durable before the row names it."""
    if work.caller is None:
        raise SignInNeeded("Sign in first: a commit needs an author.")
    tree_id = work.trees.write(tree)
    author = work.caller.name
    facts = dict(metadata or {})
    made_at, ids = work.now(), tuple(parent.id for parent in parents)
    before = work.trees.get(parents[0].tree) if parents else work.trees.empty
    commit = Commit(
        id=commit_id(tree_id, ids, author, committer or author, made_at, message, facts),
        asset=asset.id,
        tree=tree_id,
        parents=ids,
        author=author,
        committer=committer or author,
        made_at=made_at,
        message=message,
        metadata=facts,
        generation=1 + max((parent.generation for parent in parents), default=0),
        **measured(tree, before),
    )
    work.commits.add(commit)
    return commit


def measured(tree: Tree, before: Tree) -> dict[str, Any]:
    """What a commit's row says of its tree and of the change from its first parent's."""
    counts = Counter(change.kind for change in before.diff(tree)) if before.leaves else {ChangeKind.ADDED: len(tree)}
    return {
        "content": tree.content, "files": len(tree), "size": tree.size, "added": counts.get(ChangeKind.ADDED, 0),
        "changed": counts.get(ChangeKind.CHANGED, 0), "removed": counts.get(ChangeKind.REMOVED, 0),
    }  # fmt: skip
