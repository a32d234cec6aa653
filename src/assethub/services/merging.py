"""Merging branches, and so publishing model versions into `main`."""

from collections.abc import Mapping

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit, Conflicting, Strategy
from assethub.domain.names import AssetPath
from assethub.domain.objects import Entry
from assethub.services import versions
from assethub.services.ancestry import merge_base
from assethub.services.history import commit_tree
from assethub.services.work import Work
from assethub.storage.changes import overlay
from assethub.storage.trees import Tree


def merge_branch(
    work: Work,
    path: AssetPath,
    source: str,
    into: str = MAIN,
    *,
    strategy: Strategy | None = None,
    answers: Mapping[str, str] | None = None,
    message: str | None = None,
) -> Commit | None:
    """Merge a ref into a branch as one commit with two parents; None if the branch holds it already.

    Into `main` the default strategy is `replace` (a version is published whole), elsewhere three-way `merge`.
    Conflict lists every path that both sides changed, and changes nothing.
    """
    asset = work.asset(path, needs=Role.EDITOR)
    target = work.commits.get(asset.id, work.refs.take(asset.id, into).commit)
    origin = versions.commit_at(work, asset, source)
    chosen = strategy or (Strategy.REPLACE if into == MAIN else Strategy.MERGE)
    check_answers(answers or {})
    if origin.id == target.id:
        return None
    base = merge_base(work, asset.id, origin, target)
    if base == origin.id and chosen is not Strategy.REPLACE:
        return None
    ours, theirs = versions.tree_of(work, target), versions.tree_of(work, origin)
    if chosen is Strategy.REPLACE:
        if base == origin.id and replaced(ours, theirs).id == ours.id:
            return None
        tree = replaced(ours, theirs)
    else:
        tree = three_way(work, asset, base, ours, theirs, chosen, answers or {})
    text = message or f"Merge {source} into {into}"
    return commit_tree(work, asset, into, target, tree, text, others=(origin,), allow_same=True)


def replaced(target: Tree, source: Tree) -> Tree:
    """The source's content, with the target's README and licence where the source has none of that name."""
    has = {card.split(".", 1)[0].upper() for card in source.cards()}
    cards = {card: target.find(card) for card in target.cards() if card.split(".", 1)[0].upper() not in has}
    return source.with_changes(cards)


def revert_commit(
    work: Work, path: AssetPath, commit: str, branch: str = MAIN, *, answers: Mapping[str, str] | None = None
) -> Commit | None:
    """Take back on a branch what a commit changed from its first parent. None if nothing of it is there any more.

    Conflict lists the paths that changed again since; `answers` maps each to "source" (as before the commit) or
    "target" (as it is now).
    """
    asset, undone, head = commit_and_head(work, path, commit, branch)
    message = f"Revert {undone.title!r}\n\nTakes back commit {undone.id}."
    before, after = parent_tree(work, undone), versions.tree_of(work, undone)
    return lay_over(work, asset, branch, head, after, before, answers or {}, message)


def cherry_pick(
    work: Work, path: AssetPath, commit: str, branch: str = MAIN, *, answers: Mapping[str, str] | None = None
) -> Commit | None:
    """Make the change of one commit on another branch. None if it is there already.

    Conflict lists the paths that differ; `answers` maps each to "source" (as in the commit) or "target".
    """
    asset, picked, head = commit_and_head(work, path, commit, branch)
    message = f"{picked.message}\n\nPicked from commit {picked.id}."
    before, after = parent_tree(work, picked), versions.tree_of(work, picked)
    return lay_over(work, asset, branch, head, before, after, answers or {}, message)


def commit_and_head(work: Work, path: AssetPath, commit: str, branch: str) -> tuple[Asset, Commit, Commit]:
    asset = work.asset(path, needs=Role.EDITOR)
    found = versions.commit_at(work, asset, commit)
    return asset, found, work.commits.get(asset.id, work.refs.take(asset.id, branch).commit)


def parent_tree(work: Work, commit: Commit) -> Tree:
    if not commit.parents:
        return work.trees.empty
    return versions.tree_of(work, work.commits.get(commit.asset, commit.parents[0]))


def lay_over(
    work: Work,
    asset: Asset,
    branch: str,
    head: Commit,
    base: Tree,
    theirs: Tree,
    answers: Mapping[str, str],
    message: str,
) -> Commit | None:
    """Commit the change from `base` to `theirs` on top of the branch."""
    check_answers(answers)
    ours = versions.tree_of(work, head)
    return commit_tree(work, asset, branch, head, merged(base, ours, theirs, Strategy.MERGE, answers), message)


def three_way(
    work: Work, asset: Asset, base: str | None, ours: Tree, theirs: Tree, strategy: Strategy, answers: Mapping[str, str]
) -> Tree:
    start = versions.tree_of(work, work.commits.get(asset.id, base)) if base else work.trees.empty
    return merged(start, ours, theirs, strategy, answers)


def merged(base: Tree, ours: Tree, theirs: Tree, strategy: Strategy, answers: Mapping[str, str]) -> Tree:
    """Ours with what theirs changed since the base. Conflict lists every path that both changed differently."""
    edits, conflicts = overlay(base.diff(theirs), base.diff(ours), strategy, answers)
    if conflicts:
        raise Conflict(
            f"{len(conflicts)} paths were changed on both sides; answer each with source or target, "
            "or choose a strategy.",
            [explain(conflict) for conflict in conflicts],
        )
    return ours.edited(edits)


def check_answers(answers: Mapping[str, str]) -> None:
    wrong = sorted(set(answers.values()) - {"source", "target"})
    if wrong:
        raise Invalid(f"A conflict is answered with 'source' or 'target', not {wrong[0]!r}.")


def explain(conflict: Conflicting) -> str:
    def side(entry: Entry | None) -> str:
        return f"{entry.sha256[:8]} ({entry.size} bytes)" if entry else "deleted"

    return f"{conflict.path}: source {side(conflict.source)}, target {side(conflict.target)}"
