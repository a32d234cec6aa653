"""Trees: the paths of one version as a content-defined sorted tree, changed and compared by the nodes that differ."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Protocol

import numpy as np

from assethub.domain.history import CARD_NAMES, is_card
from assethub.domain.objects import Entry, Listed
from assethub.storage.changes import Changes, Edits, Side, chained, compare
from assethub.storage.listings import page
from assethub.storage.nodes import NONE, Child, Rows, cuts, encode_inner, joined
from assethub.storage.outlines import Outline

AHEAD = 64  # leaves that are read at once


class Source(Protocol):
    """Where leaves come from. KeyError if one is gone or damaged."""

    def leaves(self, ids: Sequence[bytes]) -> list[Rows]: ...

    def outlines(self, ids: Sequence[bytes]) -> Mapping[bytes, Outline]:
        """Of those that have one."""


class NodeIndex(Protocol):
    """Where nodes lie: kept as rows, written in the transaction that names the tree."""

    def locate(self, ids: Iterable[str]) -> dict[str, tuple[str, int, int]]:
        """(pack, offset, length) of each known node."""

    def need(self, ids: Iterable[str]) -> set[str]:
        """Which of these nodes are known, and are to stay known."""

    def add(self, located: Iterable[tuple[str, str, int, int]]) -> None:
        """Rows of (id, pack, offset, length)."""

    def outlines(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The packed outline of each leaf that has one."""

    def add_outlines(self, outlines: Iterable[tuple[str, bytes]]) -> None:
        """Of leaves whose rows are kept already."""


@dataclass(frozen=True)
class Tree:
    """All files of one version in the order of their paths' UTF-8 bytes. Equal trees have equal ids.

    `leaves` are known without being read; `fresh` holds those that are not kept anywhere yet.
    """

    leaves: tuple[Child, ...]
    source: Source = field(compare=False, repr=False)
    fresh: Mapping[bytes, Rows] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def firsts(self) -> list[bytes]:
        return [leaf.first for leaf in self.leaves]

    @cached_property
    def starts(self) -> list[int]:
        """How many objects lie before each leaf, and how many there are."""
        return [0, *accumulate(leaf.count for leaf in self.leaves)]

    @cached_property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(leaf.size for leaf in self.leaves)

    def __len__(self) -> int:
        return self.starts[-1]

    @cached_property
    def nodes(self) -> tuple[bytes, dict[bytes, bytes]]:
        """The root's id, and the inner nodes (or the one leaf of an empty tree) by id."""
        if not self.leaves:
            empty = NONE.encoded
            return hashlib.sha256(empty).digest(), {hashlib.sha256(empty).digest(): empty}
        inner: dict[bytes, bytes] = {}
        children, level = list(self.leaves), 0
        while len(children) > 1:
            level += 1
            ends = cuts([child.first for child in children], level)
            above = []
            for start, end in zip([0, *ends], [*ends, len(children)], strict=True):
                if start < end:
                    part = children[start:end]
                    data = encode_inner(part, level)
                    above.append(parent_of(part, data))
                    inner[above[-1].id] = data
            children = above
        return children[0].id, inner

    @property
    def id(self) -> str:
        return self.nodes[0].hex()

    @cached_property
    def content(self) -> str:
        """Equal for versions whose model files are the same, whatever their cards and times say."""
        plain = self.with_changes(dict.fromkeys(self.cards()))
        return hashlib.sha256(b"".join(leaf.content for leaf in plain.leaves)).hexdigest()

    def cards(self) -> list[str]:
        """README and licence files at the root."""
        return [path for name in CARD_NAMES for path, _ in self.below(name) if is_card(path)]

    def leaf(self, number: int) -> Rows:
        return self.read([self.leaves[number]])[0]

    def read(self, leaves: Sequence[Child]) -> list[Rows]:
        kept = [leaf.id for leaf in leaves if leaf.id not in self.fresh]
        found = dict(zip(kept, self.source.leaves(kept), strict=True)) if kept else {}
        return [self.fresh[leaf.id] if leaf.id in self.fresh else found[leaf.id] for leaf in leaves]

    def outlines(self, numbers: Sequence[int]) -> dict[int, Outline]:
        """The outlines of these leaves, as far as they are known."""
        kept = {number: self.leaves[number].id for number in numbers if self.leaves[number].id not in self.fresh}
        found = self.source.outlines(list(kept.values())) if kept else {}
        return {number: found[id] for number, id in kept.items() if id in found}

    def place(self, key: bytes) -> int:
        """The leaf that holds the key if any does."""
        return max(bisect_right(self.firsts, key) - 1, 0)

    def seek(self, key: bytes) -> tuple[int, int]:
        """The leaf and the row of the first object at or behind the key."""
        number = self.place(key)
        if number >= len(self.leaves):
            return number, 0
        row = bisect_left(self.leaf(number).keys, key)
        return (number, row) if row < self.leaves[number].count else (number + 1, 0)

    def find(self, path: str) -> Entry | None:
        number, row = self.seek(path.encode())
        if number == len(self.leaves):
            return None
        leaf = self.leaf(number)
        return leaf.entry(row) if leaf.keys[row] == path.encode() else None

    def items(self) -> Iterator[tuple[str, Entry]]:
        return self.below("")

    def below(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        """Every object whose path begins with the prefix."""
        wanted = prefix.encode()
        number, row = self.seek(wanted)
        while number < len(self.leaves):
            leaf = self.leaf(number)
            end = bisect_left(leaf.keys, wanted + b"\xff", row) if wanted else len(leaf)
            for key, entry in zip(leaf.keys[row:end], leaf.entries(row, end), strict=True):
                yield key.decode(), entry
            if end < len(leaf):
                return
            number, row = number + 1, 0

    def page(self, prefix: str, delimiter: str, after: str, limit: int) -> tuple[list[Listed], str | None]:
        """Up to `limit` objects and folders below the prefix, after `after`; and where the next page begins."""
        return page(self, prefix, delimiter, after, limit)

    def with_changes(self, changes: Mapping[str, Entry | None]) -> "Tree":
        """The tree after the changes; None removes a path. Content that stays the same keeps its old time."""
        return self.edited(Edits.of(changes))

    def edited(self, edits: Edits) -> "Tree":
        """Leaves are cut anew from the first one changed until a cut falls on an old one: the result is that of
        building the whole tree at once.
        """
        keys = edits.rows.keys
        leaves: list[Child] = []
        fresh = dict(self.fresh)
        touched = self.touched(keys)
        ahead: dict[int, Rows] = {}
        copied = at = 0
        while at < len(keys):
            number = self.place(keys[at])
            leaves += self.leaves[copied:number]
            rest = NONE
            while True:
                limit = self.firsts[number + 1] if number + 1 < len(self.leaves) else None
                stop = bisect_left(keys, limit, at) if limit is not None else len(keys)
                if number < len(self.leaves) and number not in ahead:
                    begin = bisect_left(touched, number)
                    numbers = touched[begin : begin + AHEAD] if number in touched[begin : begin + 1] else [number]
                    ahead = dict(zip(numbers, self.read([self.leaves[one] for one in numbers]), strict=True))
                old = ahead[number] if number < len(self.leaves) else NONE
                merged = merge(old, edits.part(at, stop))
                at, number = stop, number + 1
                if merged.keys is old.keys and old.keys and not rest.keys:
                    ends = [len(merged)]  # the paths are those of before, and so is the cut
                else:
                    merged = joined([rest, merged])
                    ends = cuts(merged.keys, 0)
                if number >= len(self.leaves) and merged.keys and (not ends or ends[-1] < len(merged)):
                    ends.append(len(merged))
                for start, end in zip([0, *ends], ends, strict=False):
                    part = merged.part(start, end)
                    leaves.append(child_of(part))
                    fresh[leaves[-1].id] = part
                rest = merged.part(ends[-1]) if ends else merged
                if number >= len(self.leaves) or not rest.keys:
                    break
            copied = number
        leaves += self.leaves[copied:]
        return Tree(tuple(leaves), self.source, fresh)

    def touched(self, keys: Sequence[bytes]) -> list[int]:
        """The leaves that these keys, in order, fall into."""
        numbers = []
        at = 0
        while at < len(keys) and self.leaves:
            numbers.append(self.place(keys[at]))
            follower = numbers[-1] + 1
            at = bisect_left(keys, self.firsts[follower], at) if follower < len(self.leaves) else len(keys)
        return numbers

    def diff(self, other: "Tree") -> Changes:
        """What changes from this tree to the other, in path order; times alone are no change."""
        return chained(list(self.compare(other)))

    def compare(self, other: "Tree", start: bytes = b"", end: bytes | None = None) -> Iterator[Changes]:
        """The same piece by piece, for paths from `start` up to `end`; leaves are read as pieces are asked for."""
        mine, theirs = self.span(start, end), other.span(start, end)
        common = {leaf.content for leaf in mine} & {leaf.content for leaf in theirs}
        old = Side([leaf for leaf in mine if leaf.content not in common], self.read)
        new = Side([leaf for leaf in theirs if leaf.content not in common], other.read)
        return compare(old, new, start, end)

    def span(self, start: bytes, end: bytes | None) -> Sequence[Child]:
        """The leaves that may hold paths from `start` up to `end`."""
        return self.leaves[self.place(start) : bisect_left(self.firsts, end) if end is not None else None]

    def differs(self, other: "Tree", path: str) -> bool:
        """Whether the content at a path, or for a folder (`dir/`) anything below it, is another in the other tree."""
        key = path.encode()
        if path.endswith("/"):
            return any(len(changes) > 0 for changes in self.compare(other, key, key + b"\xff"))
        mine, theirs = (tree.place(key) for tree in (self, other))
        here, there = self.leaves[mine : mine + 1], other.leaves[theirs : theirs + 1]
        if here and there and here[0].content == there[0].content:
            return False
        return self.digest(key) != other.digest(key)

    def digest(self, key: bytes) -> bytes | None:
        """The sha256 at a path."""
        number = self.place(key)
        rows = self.leaf(number) if number < len(self.leaves) else NONE
        at = bisect_left(rows.keys, key)
        return rows.hashes[at].tobytes() if at < len(rows) and rows.keys[at] == key else None


def merge(old: Rows, edits: Edits) -> Rows:
    """The old rows with the edits made to them; the very same keys if only content changed."""
    new = edits.rows
    if not new.keys:
        return old
    if not old.keys and not edits.removed.any():
        return new
    places = []
    at = 0
    for key in new.keys:
        at = bisect_left(old.keys, key, at)
        places.append(at)
    at_place = np.array(places, np.int64)
    known = np.array([at < len(old) and old.keys[at] == key for at, key in zip(places, new.keys, strict=True)], bool)
    same = np.flatnonzero(known & ~edits.removed)
    same = same[(old.hashes[at_place[same]] == new.hashes[same]).all(axis=1)]
    taken = ~edits.removed
    taken[same] = False
    dropped = known.copy()
    dropped[same] = False
    kept = np.ones(len(old), bool)
    kept[at_place[dropped]] = False
    stay, come = np.flatnonzero(kept), np.flatnonzero(taken)
    order = np.argsort(np.concatenate([2 * stay + 1, 2 * at_place[come]]), kind="stable")
    both = joined([old, new])
    merged = both.take(np.concatenate([stay, len(old) + come])[order])
    if (taken == dropped).all():
        return Rows(old.keys, merged.hashes, merged.sizes, merged.times, merged.codes, merged.types)
    return merged


def child_of(rows: Rows) -> Child:
    return Child(
        rows.keys[0], hashlib.sha256(rows.encoded).digest(), rows.content, len(rows), int(rows.sizes.sum())
    )  # fmt: skip


def parent_of(children: Sequence[Child], data: bytes) -> Child:
    content = hashlib.sha256(b"".join(child.content for child in children)).digest()
    count, size = sum(child.count for child in children), sum(child.size for child in children)
    return Child(children[0].first, hashlib.sha256(data).digest(), content, count, size)
