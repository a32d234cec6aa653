"""Writing a commit: the one way a tree becomes history."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from assethub.domain.assets import Asset
from assethub.domain.history import ChangeKind, Commit, commit_id
from assethub.services.stars import works_with
from assethub.services.work import Work
from assethub.storage.changes import Changes
from assethub.storage.path_filters import MOST_PATHS, filter_of
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
    tree_id = work.trees.write(tree)
    author = work.somebody.name
    facts = dict(metadata or {})
    made_at, ids = work.now(), tuple(parent.id for parent in parents)
    before = work.trees.get(parents[0].tree) if parents else work.trees.empty
    measures, changed_paths = measured(tree, before)
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
        **measures,
    )
    work.commits.add(commit, changed_paths)
    works_with(work, asset.id)
    return commit


def tell_commit(work: Work, action: str, asset: Asset, branch: str, made: Commit, **detail: Any) -> None:
    """Tell the audit log of a commit that was made on a branch."""
    work.record(
        action, f"{asset.path}:{branch}", folder=asset.folder, commit=made.id, added=made.added, changed=made.changed,
        removed=made.removed, **detail,
    )  # fmt: skip


def measured(tree: Tree, before: Tree) -> tuple[dict[str, Any], bytes | None]:
    """What a commit's row says of its tree and of the change from its first parent's, and the filter of its paths."""
    counts, changed_paths = summarised(before.compare(tree))
    return {
        "content": tree.content, "files": len(tree), "size": tree.size, "added": counts[ChangeKind.ADDED],
        "changed": counts[ChangeKind.CHANGED], "removed": counts[ChangeKind.REMOVED],
    }, changed_paths  # fmt: skip


def summarised(differences: Iterable[Changes]) -> tuple[Counter[ChangeKind], bytes | None]:
    """How many changes of each kind there are, and the filter of their paths unless they are too many."""
    counts: Counter[ChangeKind] = Counter()
    paths: list[str] = []
    for changes in differences:
        counts.update({kind: changes.number(kind) for kind in ChangeKind})
        paths += [key.decode() for key in changes.keys[: MOST_PATHS + 1 - len(paths)]]
    return counts, filter_of(paths) if len(paths) <= MOST_PATHS else None
