"""What a process remembers of branches with staged changes."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from assethub.storage.trees import Tree

MOST_VIEWS = 64


@dataclass(frozen=True)
class View:
    """What was laid over a commit: the sequence number of the change of each staged path."""

    commit: str
    tree: Tree
    staged: dict[str, int]

    def is_of(self, commit: str, extent: tuple[int, int, int]) -> bool:
        numbers = self.staged.values()
        return (self.commit, (len(numbers), sum(numbers), max(numbers, default=0))) == (commit, extent)


class Views:
    """The views of a process, the last used ones."""

    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[UUID, str], View] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, asset: UUID, branch: str) -> View | None:
        with self.lock:
            if (asset, branch) in self.kept:
                self.kept.move_to_end((asset, branch))
            return self.kept.get((asset, branch))

    def put(self, asset: UUID, branch: str, view: View) -> None:
        with self.lock:
            self.kept[asset, branch] = view
            while len(self.kept) > MOST_VIEWS:
                self.kept.popitem(last=False)
