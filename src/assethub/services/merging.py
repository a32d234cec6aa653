"""Merging branches, and so publishing model versions into `main`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid
from assethub.domain.folders import Role
from assethub.domain.gates import GateState
from assethub.domain.history import MAIN, Commit, Conflicting, Strategy
from assethub.domain.names import AssetPath
from assethub.domain.objects import Entry
from assethub.services import versions
from assethub.services.ancestry import alone, merge_base
from assethub.services.comparing import Comparison, compare_trees
from assethub.services.gates import is_gated, judge
from assethub.services.history import commit_tree
from assethub.services.recording import tell_commit
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
    Conflict lists every path that both sides changed, or every gate that is not passed, and changes nothing.
    """
    asset = work.asset(path, needs=Role.EDITOR)
    target = work.commits.get(asset.id, work.refs.take(asset.id, into).commit)
    origin = versions.commit_at(work, asset, source)
    plan = plan_merge(work, asset, origin, target, strategy or default_strategy(into), answers or {})
    if plan.conflicts:
        raise refused(plan.conflicts)
    if plan.tree is None:
        return None
    text = message or f"Merge {source} into {into}"
    made = commit_tree(
        work, asset, into, target, plan.tree, text, others=(origin,), allow_same=True, publishing=origin
    )  # fmt: skip
    if made is not None:
        tell_commit(work, "commit.merge", asset, into, made, source=source, strategy=plan.strategy)
    return made


def default_strategy(into: str) -> Strategy:
    return Strategy.REPLACE if into == MAIN else Strategy.MERGE


@dataclass(frozen=True)
class Plan:
    """What a merge would do; `tree` is what the branch would hold, None where there is nothing to merge."""

    source: Commit
    target: Commit
    base: str | None  # where their histories meet
    strategy: Strategy
    tree: Tree | None
    conflicts: list[Conflicting]  # that have no answer yet; then `tree` leaves the target's there
    ours: Tree

    @property
    def nothing(self) -> bool:
        return self.tree is None

    @cached_property
    def changes(self) -> Comparison:
        """Of the branch; to be asked for while the work goes on."""
        return compare_trees(self.ours, self.tree or self.ours)


def preview_merge(
    work: Work,
    path: AssetPath,
    source: str,
    into: str = MAIN,
    *,
    strategy: Strategy | None = None,
    answers: Mapping[str, str] | None = None,
) -> Plan:
    """What `merge_branch` would do now, with every conflict, and nothing changed."""
    asset = work.asset(path, needs=Role.VIEWER)
    target = versions.commit_at(work, asset, f"branch/{into}")
    origin = versions.commit_at(work, asset, source)
    return plan_merge(work, asset, origin, target, strategy or default_strategy(into), answers or {})


def apart(work: Work, plan: Plan) -> tuple[int | None, int | None]:
    """How many commits the source has alone, and the target; None: too many to count."""
    ahead, behind, _ = alone(work, plan.source.asset, plan.source, plan.target, 0)
    return ahead, behind


def gates_before(work: Work, path: AssetPath, plan: Plan, into: str) -> list[GateState]:
    """How what the merge would leave stands at the gates that it has to pass."""
    asset = work.asset(path, needs=Role.VIEWER)
    if plan.tree is None or plan.tree.content == plan.target.content or not is_gated(work, asset, into):
        return []
    return judge(work, asset, plan.source, plan.tree.content, plan.target)


def plan_merge(
    work: Work, asset: Asset, origin: Commit, target: Commit, strategy: Strategy, answers: Mapping[str, str]
) -> Plan:
    check_answers(answers)
    ours, theirs = versions.tree_of(work, target), versions.tree_of(work, origin)
    base = merge_base(work, asset.id, origin, target)
    tree: Tree | None = None
    conflicts: list[Conflicting] = []
    if base == origin.id and (strategy is not Strategy.REPLACE or origin.id == target.id):
        pass  # the target holds the source
    elif strategy is Strategy.REPLACE:
        tree = replaced(ours, theirs)
        if base == origin.id and tree.id == ours.id:
            tree = None
    else:
        start = versions.tree_of(work, work.commits.get(asset.id, base)) if base else work.trees.empty
        tree, conflicts = merged(start, ours, theirs, strategy, answers)
    return Plan(origin, target, base, strategy, tree, conflicts, ours)


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
    made = lay_over(work, asset, branch, head, after, before, answers or {}, message)
    if made is not None:
        tell_commit(work, "commit.revert", asset, branch, made, reverted=undone.id)
    return made


def cherry_pick(
    work: Work, path: AssetPath, commit: str, branch: str = MAIN, *, answers: Mapping[str, str] | None = None
) -> Commit | None:
    """Make the change of one commit on another branch. None if it is there already.

    Conflict lists the paths that differ; `answers` maps each to "source" (as in the commit) or "target".
    """
    asset, picked, head = commit_and_head(work, path, commit, branch)
    message = f"{picked.message}\n\nPicked from commit {picked.id}."
    before, after = parent_tree(work, picked), versions.tree_of(work, picked)
    made = lay_over(work, asset, branch, head, before, after, answers or {}, message)
    if made is not None:
        tell_commit(work, "commit.pick", asset, branch, made, picked=picked.id)
    return made


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
    tree, conflicts = merged(base, versions.tree_of(work, head), theirs, Strategy.MERGE, answers)
    if conflicts:
        raise refused(conflicts)
    return commit_tree(work, asset, branch, head, tree, message)


def merged(
    base: Tree, ours: Tree, theirs: Tree, strategy: Strategy, answers: Mapping[str, str]
) -> tuple[Tree, list[Conflicting]]:
    """Ours with what theirs changed since the base, and the paths that both changed differently."""
    edits, conflicts = overlay(base.diff(theirs), base.diff(ours), strategy, answers)
    return ours.edited(edits), conflicts


def refused(conflicts: list[Conflicting]) -> Conflict:
    return Conflict(
        f"{len(conflicts)} paths were changed on both sides; answer each with source or target, or choose a strategy.",
        [explain(conflict) for conflict in conflicts],
    )


def check_answers(answers: Mapping[str, str]) -> None:
    wrong = sorted(set(answers.values()) - {"source", "target"})
    if wrong:
        raise Invalid(f"A conflict is answered with 'source' or 'target', not {wrong[0]!r}.")


def explain(conflict: Conflicting) -> str:
    def side(entry: Entry | None) -> str:
        return f"{entry.sha256[:8]} ({entry.size} bytes)" if entry else "deleted"

    return f"{conflict.path}: source {side(conflict.source)}, target {side(conflict.target)}"
