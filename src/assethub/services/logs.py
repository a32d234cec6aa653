"""Histories as pages: of a version, of one path in it, by an author, or with some words."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from assethub.database.rows import batches
from assethub.domain.assets import Asset
from assethub.domain.folders import Role
from assethub.domain.history import Commit
from assethub.domain.names import AssetPath, Reference
from assethub.services import versions
from assethub.services.ancestry import Steps, order
from assethub.services.last_commits import passed_on
from assethub.services.work import Work
from assethub.storage.path_filters import Wanted

MOST_AUTHORS = 100


@dataclass(frozen=True)
class Log:
    """Commits, newest first. The page of older ones is behind `older`, that of newer ones behind `newer` (empty: it is
    the first); None: there is none."""

    commits: list[Commit]
    older: str | None = None
    newer: str | None = None


def log_page(
    work: Work,
    reference: Reference,
    *,
    after: str | None = None,
    limit: int = 50,
    path: str = "",
    author: str = "",
    text: str = "",
) -> Log:
    """The history of a ref by generation, then time; `after` continues behind that commit.

    `path` is a file, or a folder with a `/` at its end: only commits that touched it. `author` made or recorded them;
    `text` is in their message, or begins their id.
    """
    asset, head = versions.version(work, reference)
    walk = touching(work, asset, head, path) if path else ancestors(work, asset, head)
    if author or text:
        walk = matching(work, asset.id, walk, author, text)
    found: list[str] = []
    before: deque[str] = deque(maxlen=limit + 1)
    passed = not after
    for id in walk:
        if passed:
            found.append(id)
            if len(found) > limit:
                break
        else:
            before.append(id)
            passed = id == after
    commits = work.commits.many(asset.id, found)
    newer = None
    if after and passed:
        newer = before[0] if len(before) > limit else ""
    return Log([commits[id] for id in found[:limit]], found[limit - 1] if len(found) > limit else None, newer)


def ancestors(work: Work, asset: Asset, head: Commit) -> Iterator[str]:
    steps = Steps(work, asset.id, head)
    seen = {head.id}
    queue = [order(steps.get(head.id))]
    while queue:
        step = heapq.heappop(queue)[-1]
        yield step.id
        for parent in step.parents:
            if parent not in seen:
                seen.add(parent)
                heapq.heappush(queue, order(steps.get(parent, step.generation)))


def touching(work: Work, asset: Asset, head: Commit, path: str) -> Iterator[str]:
    """The commits that changed a path, following of each merge the side it came from, as `git log` does."""
    wanted = Wanted([path])
    steps = Steps(work, asset.id, head)
    seen = {head.id}
    queue = [order(steps.get(head.id))]
    while queue:
        step = heapq.heappop(queue)[-1]
        parents: Iterable[str] = [parent for parent, _ in passed_on(work, steps, step, wanted, wanted.all)]
        if not parents:
            parents = step.parents
            if parents or work.trees.empty.differs(versions.tree_at(work, step.id, step.tree), path):
                yield step.id
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                heapq.heappush(queue, order(steps.get(parent, step.generation)))


def matching(work: Work, asset: UUID, ids: Iterable[str], author: str, text: str) -> Iterator[str]:
    for batch in batches(ids):
        hits = work.commits.matching(asset, batch, author, text)
        yield from (id for id in batch if id in hits)


def list_authors(work: Work, path: AssetPath) -> list[str]:
    """Who made commits of the asset, the most busy first."""
    return work.commits.authors(work.asset(path, needs=Role.VIEWER).id, MOST_AUTHORS)
