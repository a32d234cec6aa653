"""Which commit touched a path last: told by the filters of changed paths, and by trees only where they say maybe."""

import heapq
from collections.abc import Iterable

import numpy as np

from assethub.database.history import Step
from assethub.domain.history import Commit
from assethub.domain.names import Reference
from assethub.services import versions
from assethub.services.ancestry import Steps, order
from assethub.services.work import Work
from assethub.storage.nodes import Integers
from assethub.storage.path_filters import Wanted


def last_commits(work: Work, reference: Reference, paths: Iterable[str]) -> dict[str, Commit]:
    """The commit that last touched each path (a folder's path ends in `/`), following the side it came from.

    All of the history is looked at if need be; a tree is read only for a commit whose filter says maybe.
    """
    asset, head = versions.version(work, reference)
    wanted = Wanted(list(dict.fromkeys(paths)))
    steps = Steps(work, asset.id, head)
    at: dict[str, Integers] = {head.id: wanted.all}
    queue = [order(steps.get(head.id))]
    found: dict[str, str] = {}
    while queue:
        step = heapq.heappop(queue)[-1]
        left = at.pop(step.id)
        for parent_id, same in passed_on(work, steps, step, wanted, left):
            if parent_id not in at:
                heapq.heappush(queue, order(steps.get(parent_id, step.generation)))
            at[parent_id] = np.union1d(at.get(parent_id, same), same)
            left = np.setdiff1d(left, same, assume_unique=True)
        found.update({wanted.paths[place]: step.id for place in left.tolist()})
    commits = work.commits.many(asset.id, found.values())
    return {path: commits[id] for path, id in found.items()}


def passed_on(work: Work, steps: Steps, step: Step, wanted: Wanted, places: Integers) -> list[tuple[str, Integers]]:
    """The paths that the commit did not touch, each with the first parent that has the same there."""
    passed = []
    for number, parent_id in enumerate(step.parents):
        same = np.zeros(len(places), bool)
        if number == 0 and step.changed_paths:
            same = ~wanted.possible(step.changed_paths, places)
        if not same.all():
            parent = steps.get(parent_id, step.generation)
            before, after = (versions.tree_at(work, one.id, one.tree) for one in (parent, step))
            unsure = places[~same].tolist()
            same[~same] = [parent.tree == step.tree or not before.differs(after, wanted.paths[at]) for at in unsure]
        if same.any():
            passed.append((parent_id, places[same]))
        places = places[~same]
    return passed
