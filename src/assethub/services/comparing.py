"""Comparisons of versions, of any size: held whole and searched for renames, or read as their pages are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import overload

from assethub.domain.history import Change, Commit
from assethub.services import versions
from assethub.services.work import Work
from assethub.storage.changes import Changes
from assethub.storage.trees import Tree


@dataclass(frozen=True)
class Excerpt:
    """The first changes of a comparison, for a page that also says how many there are; needs no transaction."""

    rows: list[Change]
    total: int

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, at: slice) -> list[Change]:
        return self.rows[at]


@dataclass(frozen=True, eq=False)
class Comparison(Sequence[Change]):
    """What changes from one tree to another, in path order. Of very many changes none are held (`held` is None):
    then a rename stays a removal and an addition, and every part is read from the trees when it is asked for."""

    old: Tree
    new: Tree
    held: Changes | None

    @cached_property
    def total(self) -> int:
        return len(self.held) if self.held is not None else sum(map(len, self.old.compare(self.new)))

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[Change]:
        if self.held is not None:
            return iter(self.held)
        return (change for changes in self.old.compare(self.new) for change in changes)

    @overload
    def __getitem__(self, at: int) -> Change: ...
    @overload
    def __getitem__(self, at: slice) -> list[Change]: ...
    def __getitem__(self, at: int | slice) -> Change | list[Change]:
        if self.held is not None:
            return self.held[at]
        if isinstance(at, slice):
            plain = at.step is None and (at.start or 0) >= 0 and (at.stop is None or at.stop >= 0)
            return list(islice(self, at.start, at.stop)) if plain else list(self)[at]
        return next(islice(self, range(len(self))[at], None))

    def page(self, after: str, limit: int) -> list[Change]:
        """The first changes behind a path."""
        if self.held is not None:
            start = self.held.behind(after)
            return self.held[start : start + limit]
        later = self.old.compare(self.new, after.encode() + b"\0")
        return list(islice((change for changes in later for change in changes), limit))

    def excerpt(self, most: int) -> Excerpt:
        return Excerpt(self[:most], len(self))


def compare_commits(work: Work, before: Commit | None, after: Commit) -> Comparison:
    """From a commit, or from nothing."""
    old = versions.tree_of(work, before) if before else work.trees.empty
    new = versions.tree_of(work, after)
    return Comparison(old, new, work.trees.compared((before.tree if before else old.id, after.tree), old, new).changes)
