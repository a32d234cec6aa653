"""What is needed: everything that refs, runs, evaluations, staged changes and reports reach."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from uuid import UUID

from assethub.database.rows import batches
from assethub.domain.errors import Unavailable
from assethub.services.work import Hub, Work
from assethub.storage.digests import Digests
from assethub.storage.nodes import LEAF, decode_inner, digests_of

TOGETHER = 100  # nodes read in one piece of work


class Marks:
    """Commits by asset, tree nodes and contents that must stay. Marking again adds what has come since."""

    def __init__(self) -> None:
        self.commits: dict[UUID, set[str]] = {}
        self.nodes: set[str] = set()
        self.contents = Digests()

    def mark(self, hub: Hub, *, since: datetime) -> None:
        """Everything that is reached now, and commits made since a time; in many short transactions."""
        with hub.work(None, reading=True) as work:
            for sha256 in work.roots.objects():
                self.contents.add(bytes.fromhex(sha256))
            trees = self.mark_commits(work, work.commits.since(since))
        for batch in batches(trees, TOGETHER):
            ids = batch
            while ids:
                with hub.work(None, reading=True) as work:
                    ids = self.mark_nodes(work, ids)

    def mark_news(self, work: Work) -> None:
        """The commits that have come since the last marking: few, if that was just now."""
        for batch in batches(self.mark_commits(work), TOGETHER):
            ids = batch
            while ids:
                ids = self.mark_nodes(work, ids)

    def is_marked(self, asset: UUID, commit: str) -> bool:
        return commit in self.commits.get(asset, ())

    def mark_commits(self, work: Work, more: Iterable[tuple[UUID, str]] = ()) -> list[str]:
        """Follow the parents of what is named; answers the trees of commits that were not marked before."""
        named: dict[UUID, set[str]] = {}
        for asset, id in chain(work.roots.commits(), more):
            if id not in self.commits.setdefault(asset, set()):
                named.setdefault(asset, set()).add(id)
        trees: dict[str, None] = {}
        for asset, ids in named.items():
            marked = self.commits[asset]
            while ids:
                marked |= ids
                found = work.commits.many(asset, ids).values()
                trees.update(dict.fromkeys(commit.tree for commit in found))
                ids = {parent for commit in found for parent in commit.parents} - marked
        return [tree for tree in trees if tree not in self.nodes]

    def mark_nodes(self, work: Work, ids: list[str]) -> list[str]:
        """Mark some nodes; answers those below them that are to be marked next."""
        new = [id for id in dict.fromkeys(ids) if id not in self.nodes]
        now, later = new[:TOGETHER], new[TOGETHER:]
        try:
            read = work.trees.read([bytes.fromhex(id) for id in now])
        except KeyError as error:
            raise Unavailable(
                f"Nothing was collected, since what it needs cannot be told: {error.args[0]}. "
                "`ah admin verify` says which versions that hurts."
            ) from error
        for data in read:
            if data[:4] == LEAF:
                self.contents.add(digests_of(data))
            else:
                later += [child.id.hex() for child in decode_inner(data)[1]]
        self.nodes.update(now)
        return later
