"""Branches as they will be: the head with what is staged laid over it, remembered so that a listing costs its page."""

from dataclasses import replace

from assethub.domain.assets import Asset
from assethub.domain.history import Commit
from assethub.services import versions
from assethub.services.views import View
from assethub.services.work import Work
from assethub.storage.trees import Tree


def staged_tree(work: Work, asset: Asset, branch: str, head: Commit) -> Tree:
    """The branch's files as a commit would have them now.

    A staged path gets a higher number whenever it changes, so their count, sum and highest tell whether anything did.
    """
    extent = work.staging.extent(asset.id, branch)
    if not extent[0]:
        return versions.tree_of(work, head)
    view = work.hub.views.get(asset.id, branch)
    if view is None or not view.is_of(head.id, extent):
        view = later(work, asset, branch, head, view)
        if view is None or not view.is_of(head.id, extent):
            empty = View(head.id, versions.tree_of(work, head), {})
            view = later(work, asset, branch, head, empty)
        assert view is not None  # one of the head itself has a later one
        work.hub.views.put(asset.id, branch, view)
    return replace(view.tree, source=versions.Readable(work.trees, head.id))


def later(work: Work, asset: Asset, branch: str, head: Commit, view: View | None) -> View | None:
    """The view with what was staged after it; None for one of another commit."""
    if view is None or view.commit != head.id:
        return None
    changes = work.staging.changes(asset.id, branch, after=max(view.staged.values(), default=0))
    known = replace(view.tree, source=versions.Readable(work.trees, head.id))
    tree = known.with_changes({change.path: change.entry for change in changes})
    used = {leaf.id for leaf in tree.leaves}
    fresh = {id: rows for id, rows in tree.fresh.items() if id in used}
    staged = view.staged | {change.path: change.sequence for change in changes}
    return View(head.id, replace(tree, fresh=fresh, source=work.trees), staged)
