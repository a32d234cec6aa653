"""Comparisons of versions, of any size: held whole and searched for renames, or read as their pages are asked for."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import overload

from assethub.domain.history import Change, ChangeKind, Commit
from assethub.domain.objects import Entry
from assethub.services import versions
from assethub.services.objects import OpenFile, locations
from assethub.services.read_links import links_of
from assethub.services.work import Work
from assethub.storage.changes import MOST_PAIRED, Changes, bounded
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

    def parts(self, start: bytes = b"") -> Iterator[Changes]:
        """All changes from a path on, in columns, as many at once as are held or read."""
        if self.held is not None:
            yield self.held.part(bisect_left(self.held.keys, start), None)
        else:
            yield from self.old.compare(self.new, start)

    def choose(self, text: str, kinds: Collection[ChangeKind] = ()) -> "Chosen":
        return Chosen(self, text.lower().encode(), frozenset(kinds))

    def find(self, path: str) -> Change | None:
        """The change at this path, as it is or as it was."""
        found = next(iter(self.page_from(path.encode(), 1)), None)
        if found is not None and found.path == path:
            return found
        return None

    def page_from(self, start: bytes, limit: int) -> list[Change]:
        return list(islice((change for part in self.parts(start) for change in part), limit))

    @cached_property
    def tally(self) -> "Tally":
        """Of all changes; of more than are held this reads both trees."""
        total = Tally()
        for part in self.parts():
            total = total + Tally.of(part)
        return total


@dataclass(frozen=True)
class Tally:
    """How many changes of each kind there are, and bytes that came and went."""

    kinds: Mapping[ChangeKind, int] = field(default_factory=dict)
    gained: int = 0
    lost: int = 0

    @classmethod
    def of(cls, changes: Changes) -> "Tally":
        return cls({kind: changes.number(kind) for kind in ChangeKind}, *changes.sizes())

    def __add__(self, other: "Tally") -> "Tally":
        kinds = {kind: self.kinds.get(kind, 0) + other.kinds.get(kind, 0) for kind in ChangeKind}
        return Tally(kinds, self.gained + other.gained, self.lost + other.lost)


@dataclass(frozen=True)
class Chosen:
    """Those changes of a comparison that have a text in their paths, whatever its case, and are of some kinds."""

    comparison: Comparison
    text: bytes
    kinds: frozenset[ChangeKind]

    @property
    def all(self) -> bool:
        return not self.text and not self.kinds

    def page(self, after: str, limit: int) -> list[Change]:
        """The first of them behind a path."""
        if self.all:
            return self.comparison.page(after, limit)
        found: list[Change] = []
        for part in self.comparison.parts(after.encode() + b"\0" if after else b""):
            places = part.matching(self.text, self.kinds)[: limit - len(found)]
            found += part.at(places)
            if len(found) >= limit:
                break
        return found

    def before(self, path: str, limit: int) -> str | None:
        """The path behind which the page before this one begins (empty: the first page); None if that is the first."""
        recent: deque[bytes] = deque(maxlen=limit + 1)
        for part in self.comparison.parts():
            end = bisect_right(part.keys, path.encode())
            places = range(end) if self.all else part.matching(self.text, self.kinds, end)
            recent.extend(part.keys[at] for at in places[-limit - 1 :])
            if end < len(part):
                break
        return recent[0].decode() if len(recent) > limit else ""

    def __len__(self) -> int:
        if self.all:
            return len(self.comparison)
        return sum(len(part.matching(self.text, self.kinds)) for part in self.comparison.parts())


def compare_commits(work: Work, before: Commit | None, after: Commit) -> Comparison:
    """From a commit, or from nothing."""
    old = versions.tree_of(work, before) if before else work.trees.empty
    new = versions.tree_of(work, after)
    return Comparison(old, new, work.trees.compared((before.tree if before else old.id, after.tree), old, new).changes)


def compare_trees(old: Tree, new: Tree) -> Comparison:
    """Between trees that need not be kept."""
    return Comparison(old, new, bounded(old.compare(new), MOST_PAIRED).changes)


@dataclass(frozen=True)
class Sides:
    """A change with its files as they were and are, and tokens that read them; None where there is none, or where the
    content was removed for good."""

    change: Change
    old: OpenFile | None
    new: OpenFile | None
    old_link: str | None = None
    new_link: str | None = None

    @property
    def lost(self) -> bool:
        """Whether a content that belongs here is gone."""
        return (self.change.old is not None) != (self.old is not None) or (
            (self.change.new is not None) != (self.new is not None)
        )


def open_sides(work: Work, before: Commit | None, after: Commit, changes: Sequence[Change]) -> list[Sides]:
    """Both sides of changes from one commit to another, in a number of queries that does not grow with them."""
    wanted = {entry.sha256 for change in changes for entry in (change.old, change.new) if entry}
    located = locations(work, work.bodies.rows(wanted))

    def opened(commit: Commit | None, path: str, entry: Entry | None) -> tuple[OpenFile | None, str | None]:
        if commit is None or entry is None or entry.sha256 not in located:
            return None, None
        return (
            OpenFile(work.hub, path, entry, located[entry.sha256]), links_of(work, commit.asset, commit.id).to(path)
        )  # fmt: skip

    found = []
    for change in changes:
        old, old_link = opened(before, change.old_path or change.path, change.old)
        new, new_link = opened(after, change.path, change.new)
        found.append(Sides(change, old, new, old_link, new_link))
    return found
