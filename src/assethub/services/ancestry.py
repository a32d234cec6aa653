"""Walks through the history of an asset, from newer commits to older ones, in few queries."""

import heapq
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from assethub.database.history import Step
from assethub.domain.errors import NotFound
from assethub.domain.history import Commit
from assethub.services.work import Work

FIRST_BATCH, LARGEST_BATCH = 64, 2048  # commits that are read at once
MOST_STEPS = 20_000  # of a walk that counts how far versions are from one another


class Steps:
    """The commits of an asset below some heads, read in batches; what lies behind the walk is forgotten."""

    def __init__(self, work: Work, asset: UUID, *heads: Commit) -> None:
        self.work, self.asset = work, asset
        self.known: dict[str, Step] = {}
        self.top = 1 + max(head.generation for head in heads)
        self.behind = (self.top, "")
        self.size = FIRST_BATCH

    def get(self, id: str, below: int | None = None) -> Step:
        """A commit of a generation lower than `below`: that of the child which the walk has come to."""
        while id not in self.known:
            batch = self.work.commits.steps(self.asset, self.behind, self.size)
            if not batch:
                raise NotFound.named("commit", id[:8])
            self.known = {old.id: old for old in self.known.values() if old.generation < (below or self.top)}
            self.known |= {step.id: step for step in batch}
            self.behind = (batch[-1].generation, batch[-1].id)
            self.size = min(2 * self.size, LARGEST_BATCH)
        return self.known[id]


def order(step: Step) -> tuple[int, float, str, Step]:
    """Newest first: a child always comes before its parents."""
    return (-step.generation, -step.made_at.timestamp(), step.id, step)


def merge_base(work: Work, asset: UUID, one: Commit, other: Commit) -> str | None:
    """The best common ancestor: of the commits both histories share, one with the highest generation."""
    steps = Steps(work, asset, one, other)
    sides = {one.id: {1}, other.id: {2}} if one.id != other.id else {one.id: {1, 2}}
    levels: dict[int, dict[str, Step]] = {}
    for head in (one, other):
        step = Step(head.id, head.generation, head.made_at, head.tree, head.parents, None)
        levels.setdefault(step.generation, {})[step.id] = step
    while levels:
        generation = max(levels)
        level = levels.pop(generation)
        common = sorted(id for id in level if sides[id] == {1, 2})
        if common:
            return common[0]
        for id, step in level.items():
            for parent in (steps.get(parent, generation) for parent in step.parents):
                sides.setdefault(parent.id, set()).update(sides[id])
                levels.setdefault(parent.generation, {})[parent.id] = parent
    return None


def distances(work: Work, asset: UUID, base: Commit, heads: Sequence[Commit]) -> dict[str, tuple[int, int]]:
    """Of each head, how many commits it has that `base` has not, and `base` that it has not, in one walk for all.

    Nothing is told where the histories meet only behind MOST_STEPS commits.
    """
    steps = Steps(work, asset, base, *heads)
    tips = list(dict.fromkeys([base.id, *(head.id for head in heads)]))
    marks = {id: 1 << place for place, id in enumerate(tips)}
    all_of_them = (1 << len(tips)) - 1
    queue = [(-one.generation, one.id) for one in {one.id: one for one in (base, *heads)}.values()]
    heapq.heapify(queue)
    apart = len(queue) if len(tips) > 1 else 0  # commits in the queue that not every head leads to
    counted: Counter[int] = Counter()
    for _ in range(MOST_STEPS):
        if not apart:
            break
        generation, id = heapq.heappop(queue)
        mine = marks.pop(id)
        apart -= mine != all_of_them
        counted[mine] += 1
        for parent in steps.get(id, 1 - generation).parents:
            known = marks.get(parent)
            if known is None:
                heapq.heappush(queue, (-steps.get(parent, -generation).generation, parent))
            marks[parent] = (known or 0) | mine
            apart += (marks[parent] != all_of_them) - (known is not None and known != all_of_them)
    if apart:
        return {}
    found = {}
    for place, id in enumerate(tips):
        here = 1 << place
        found[id] = (
            sum(count for mark, count in counted.items() if mark & here and not mark & 1),
            sum(count for mark, count in counted.items() if mark & 1 and not mark & here),
        )
    return found


def alone(
    work: Work, asset: UUID, one: Commit, other: Commit, most: int
) -> tuple[int | None, int | None, list[str]]:  # fmt: skip
    """How many commits each of two versions has that the other has not (None: the histories meet only behind
    MOST_STEPS), and the newest `most` of those that only `one` has."""
    steps = Steps(work, asset, one, other)
    marks = {one.id: 1, other.id: 2} if one.id != other.id else {}
    queue = [order(steps.get(id)) for id in marks]
    heapq.heapify(queue)
    apart, counts = len(marks), [0, 0, 0, 0]
    newest: list[str] = []
    for _ in range(MOST_STEPS):
        if not apart:
            return counts[1], counts[2], newest
        step = heapq.heappop(queue)[-1]
        mine = marks.pop(step.id)
        apart -= mine != 3
        counts[mine] += 1
        if mine == 1 and len(newest) < most:
            newest.append(step.id)
        for parent in step.parents:
            known = marks.get(parent, 0)
            if not known:
                heapq.heappush(queue, order(steps.get(parent, step.generation)))
            marks[parent] = known | mine
            apart += (marks[parent] != 3) - (known in (1, 2))
    return None, None, newest
