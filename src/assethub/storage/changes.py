"""What differs between two trees, as columns: found leaf by leaf, paired into renames, laid over a third tree."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import overload

import numpy as np

from assethub.domain.history import Change, ChangeKind, Conflicting, Strategy
from assethub.domain.objects import Entry
from assethub.storage.nodes import EPOCH, NONE, Child, Integers, Rows, joined

FIRST_WINDOW, LARGEST_WINDOW = 4, 128  # leaves that are compared at once
MOST_PAIRED = 200_000  # changes that are held at once and searched for renames
PIECE = 1000  # changes that are made into objects at once
NOTHING = Entry("0" * 64, 0, EPOCH, "")
KINDS = (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED, ChangeKind.RENAMED)
ADDED, CHANGED, REMOVED, RENAMED = range(4)


@dataclass(frozen=True)
class Edits:
    """What a tree is to hold at these paths, in their order; of a path that is `removed` the row says nothing."""

    rows: Rows
    removed: Integers

    @classmethod
    def of(cls, changes: Mapping[str, Entry | None]) -> "Edits":
        paths = sorted(changes)
        entries = [changes[path] for path in paths]
        rows = Rows.of([path.encode() for path in paths], [entry or NOTHING for entry in entries])
        return cls(rows, np.array([entry is None for entry in entries], bool))

    def part(self, start: int, end: int) -> "Edits":
        return Edits(self.rows.part(start, end), self.removed[start:end])


@dataclass(frozen=True, eq=False)
class Changes(Sequence[Change]):
    """Changes in the order of their paths: of each, its kind and its rows among the old and the new ones, or -1."""

    keys: list[bytes]
    kinds: Integers
    old: Rows
    new: Rows
    before: Integers
    after: Integers

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, at: int) -> Change: ...
    @overload
    def __getitem__(self, at: slice) -> list[Change]: ...
    def __getitem__(self, at: int | slice) -> Change | list[Change]:
        if not isinstance(at, slice):
            return self[at:][0] if at < 0 else self[at : at + 1][0]
        keys, before, after = self.keys[at], self.before[at], self.after[at]
        then, now = self.old.take(before[before >= 0]), self.new.take(after[after >= 0])
        olds, news, sources = iter(then.entries()), iter(now.entries()), iter(then.keys)
        found = []
        for key, code, past, coming in zip(
            keys, self.kinds[at].tolist(), before.tolist(), after.tolist(), strict=True
        ):  # fmt: skip
            source = next(sources).decode() if past >= 0 else None
            found.append(
                Change(
                    KINDS[code], key.decode(), next(olds) if past >= 0 else None, next(news) if coming >= 0 else None,
                    source if code == RENAMED else None,
                )
            )  # fmt: skip
        return found

    def __iter__(self) -> Iterator[Change]:
        for start in range(0, len(self), PIECE):
            yield from self[start : start + PIECE]

    def behind(self, path: str) -> int:
        """Where the changes of later paths begin."""
        return bisect_right(self.keys, path.encode())

    def number(self, kind: ChangeKind) -> int:
        return int((self.kinds == KINDS.index(kind)).sum())

    def sizes(self) -> tuple[int, int]:
        """Bytes of the new and of the old contents."""
        after, before = self.after[self.after >= 0], self.before[self.before >= 0]
        return int(self.new.sizes[after].sum()), int(self.old.sizes[before].sum())

    def matching(self, text: bytes, kinds: Collection[ChangeKind], end: int | None = None) -> list[int]:
        """Where the changes up to a place stand that have a lower-case text in their paths and are of these kinds."""
        codes = {KINDS.index(kind) for kind in kinds} or set(range(len(KINDS)))
        many = self.kinds[:end].tolist()
        return [at for at, code in enumerate(many) if code in codes and text in self.keys[at].lower()]

    def at(self, places: Sequence[int]) -> list[Change]:
        return [self[place] for place in places]

    def part(self, start: int, end: int | None) -> "Changes":
        """With the rows of all."""
        span = slice(start, end)
        return Changes(self.keys[span], self.kinds[span], self.old, self.new, self.before[span], self.after[span])

    @cached_property
    def with_renames(self) -> "Changes":
        """A removal and an addition of the same content as one rename, the first of each first; content decides,
        never similarity, and empty files are all alike."""
        gone: dict[bytes, deque[int]] = {}
        removed = np.flatnonzero(self.kinds == REMOVED)
        for place, digest in zip(removed.tolist(), self.old.take(self.before[removed]).digests, strict=True):
            if self.old.sizes[self.before[place]]:
                gone.setdefault(digest, deque()).append(place)
        if not gone:
            return self
        added = np.flatnonzero(self.kinds == ADDED)
        kinds, before = self.kinds.copy(), self.before.copy()
        keep = np.ones(len(self), bool)
        for place, digest in zip(added.tolist(), self.new.take(self.after[added]).digests, strict=True):
            if gone.get(digest):
                source = gone[digest].popleft()
                kinds[place], before[place], keep[source] = RENAMED, self.before[source], False
        places = np.flatnonzero(keep)
        keys = [self.keys[at] for at in places.tolist()]
        return Changes(keys, kinds[places], self.old, self.new, before[places], self.after[places])

    def edits(self, places: Integers) -> Edits:
        """What these of the changes make of a tree."""
        after = self.after[places]
        rows = joined([self.new, Rows.of([b""], [NOTHING])]).take(np.where(after < 0, len(self.new), after))
        keys = [self.keys[at] for at in places.tolist()]
        return Edits(Rows(keys, rows.hashes, rows.sizes, rows.times, rows.codes, rows.types), after < 0)


@dataclass(frozen=True)
class Compared:
    """All changes of a comparison, or None if they are more than are held and paired into renames."""

    changes: Changes | None

    def __len__(self) -> int:
        return len(self.changes) if self.changes is not None else 0


def bounded(windows: Iterable[Changes], most: int) -> Compared:
    held: list[Changes] = []
    count = 0
    for changes in windows:
        held.append(changes)
        count += len(changes)
        if count > most:
            return Compared(None)
    return Compared(chained(held).with_renames)


@dataclass(frozen=True)
class Side:
    """The leaves of one of two trees that the other does not have, unread."""

    leaves: Sequence[Child]
    read: Callable[[Sequence[Child]], list[Rows]]

    @cached_property
    def firsts(self) -> list[bytes]:
        return [leaf.first for leaf in self.leaves]


def compare(old: Side, new: Side, start: bytes = b"", end: bytes | None = None) -> Iterator[Changes]:
    """What differs from `start` up to `end`, in path order, in windows of leaves that are read when asked for."""
    firsts = sorted(old.firsts + new.firsts)
    left = right = NONE
    one = other = at = 0
    window = FIRST_WINDOW
    while at < len(firsts):
        at, window = at + window, min(2 * window, LARGEST_WINDOW)
        bound = firsts[at] if at < len(firsts) else None
        upto, until = (bisect_left(side.firsts, bound) if bound else len(side.firsts) for side in (old, new))
        left = joined([left, *old.read(old.leaves[one:upto])])
        right = joined([right, *new.read(new.leaves[other:until])])
        one, other = upto, until
        stop, halt = (bisect_left(rows.keys, bound) if bound else len(rows) for rows in (left, right))
        yield compare_rows(within(left.part(0, stop), start, end), within(right.part(0, halt), start, end))
        left, right = left.part(stop), right.part(halt)


def within(rows: Rows, start: bytes, end: bytes | None) -> Rows:
    first = bisect_left(rows.keys, start)
    last = bisect_left(rows.keys, end) if end is not None else len(rows)
    return rows.part(first, last) if first or last < len(rows) else rows


def compare_rows(old: Rows, new: Rows) -> Changes:
    """Times and content types alone are no change."""
    found = places_in(old.keys, new.keys)
    both = np.flatnonzero(found >= 0)
    changed = both[(old.hashes[found[both]] != new.hashes[both]).any(axis=1)]
    gone = np.ones(len(old), bool)
    gone[found[both]] = False
    removed = np.flatnonzero(gone)
    touched = np.sort(np.concatenate([changed, np.flatnonzero(found < 0)]))
    earlier = np.concatenate([found[touched], removed])
    known = earlier >= 0
    before = np.full(len(earlier), -1)
    before[known] = np.arange(known.sum())
    after = np.concatenate([np.arange(len(touched)), np.full(len(removed), -1)])
    kinds = np.where(after < 0, REMOVED, np.where(before < 0, ADDED, CHANGED)).astype(np.uint8)
    then, now = old.take(earlier[known]), new.take(touched)
    keys = now.keys + [old.keys[at] for at in removed.tolist()]
    if not len(removed) or not len(touched):
        return Changes(keys, kinds, then, now, before, after)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return Changes([keys[at] for at in order], kinds[order], then, now, before[order], after[order])


def places_in(keys: list[bytes], wanted: list[bytes]) -> Integers:
    """Where each wanted key stands among the keys, or -1."""
    if not keys or not wanted:
        return np.full(len(wanted), -1)
    at = dict(zip(keys, range(len(keys)), strict=True))
    return np.fromiter(map(at.get, wanted, repeat(-1)), np.int64, len(wanted))


def chained(windows: Sequence[Changes]) -> Changes:
    """The changes of windows that follow one another."""
    if len(windows) == 1:
        return windows[0]
    before, after = [], []
    past = coming = 0
    for one in windows:
        before.append(np.where(one.before < 0, -1, one.before + past))
        after.append(np.where(one.after < 0, -1, one.after + coming))
        past, coming = past + len(one.old), coming + len(one.new)
    return Changes(
        [key for one in windows for key in one.keys],
        np.concatenate([one.kinds for one in windows]) if windows else np.array([], np.uint8),
        joined([one.old for one in windows]), joined([one.new for one in windows]),
        np.concatenate(before) if before else np.array([], np.int64),
        np.concatenate(after) if after else np.array([], np.int64),
    )  # fmt: skip


def overlay(
    theirs: Changes, ours: Changes, strategy: Strategy, answers: Mapping[str, str]
) -> tuple[Edits, list[Conflicting]]:
    """Three-way merge on paths: `theirs` is base → source, `ours` is base → target; the edits are made to the target.

    `answers` maps a conflicting path to "source" or "target". Sides that hold the same bytes never conflict.
    """
    other = places_in(ours.keys, theirs.keys)
    shared = np.flatnonzero(other >= 0)
    there, here = theirs.after[shared], ours.after[other[shared]]
    same = (there < 0) & (here < 0)
    kept = np.flatnonzero((there >= 0) & (here >= 0))
    same[kept] = (theirs.new.hashes[there[kept]] == ours.new.hashes[here[kept]]).all(axis=1)
    chosen: list[int] = []
    conflicts: list[Conflicting] = []
    for place in shared[~same].tolist():
        path = theirs.keys[place].decode()
        answer = answers.get(path) or (strategy if strategy in (Strategy.SOURCE, Strategy.TARGET) else None)
        if answer == Strategy.SOURCE:
            chosen.append(place)
        elif answer != Strategy.TARGET:
            change = theirs[place]
            conflicts.append(Conflicting(path, change.old, change.new, ours[int(other[place])].new))
    taken = np.sort(np.concatenate([np.flatnonzero(other < 0), np.array(chosen, np.int64)]))
    return theirs.edits(taken), conflicts
