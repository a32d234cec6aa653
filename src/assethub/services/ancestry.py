"""Walks through the history of an asset, from newer commits to older ones, in few queries."""

from uuid import UUID

from assethub.database.history import Step
from assethub.domain.errors import NotFound
from assethub.domain.history import Commit
from assethub.services.work import Work

FIRST_BATCH, LARGEST_BATCH = 64, 2048  # commits that are read at once


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
