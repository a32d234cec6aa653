"""Trees: the paths of one version as a content-defined sorted tree, changed and compared by the nodes that differ."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Protocol

from assethub.domain.history import CARD_NAMES, Change, ChangeKind, is_card
from assethub.domain.objects import Entry, Listed
from assethub.storage.nodes import Child, Rows, cuts, encode_inner

Fetch = Callable[[bytes], Rows]


class NodeIndex(Protocol):
    """Where nodes lie: kept as rows, written in the transaction that names the tree."""

    def locate(self, ids: Iterable[str]) -> dict[str, tuple[str, int, int]]:
        """(pack, offset, length) of each known node."""

    def need(self, ids: Iterable[str]) -> set[str]:
        """Which of these nodes are known, and are to stay known."""

    def add(self, located: Iterable[tuple[str, str, int, int]]) -> None:
        """Rows of (id, pack, offset, length)."""


@dataclass(frozen=True)
class Tree:
    """All files of one version in the order of their paths' UTF-8 bytes. Equal trees have equal ids.

    `leaves` are known without being read; `fresh` holds those that are not kept anywhere yet.
    """

    leaves: tuple[Child, ...]
    fetch: Fetch = field(compare=False, repr=False)
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
            empty = Rows().encoded
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
        id = self.leaves[number].id
        return self.fresh[id] if id in self.fresh else self.fetch(id)

    def seek(self, key: bytes) -> tuple[int, int]:
        """The leaf and the row of the first object at or behind the key."""
        number = max(bisect_right(self.firsts, key) - 1, 0)
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
            for at in range(row, len(leaf.keys)):
                if not leaf.keys[at].startswith(wanted):
                    return
                yield leaf.keys[at].decode(), leaf.entry(at)
            number, row = number + 1, 0

    def measure(self, start: tuple[int, int], end: tuple[int, int]) -> tuple[int, int]:
        """How many objects lie between two places, and their bytes; leaves in between are not read."""
        count = self.starts[end[0]] + end[1] - self.starts[start[0]] - start[1]
        if start[0] == end[0]:
            return count, sum(self.leaf(start[0]).sizes[start[1] : end[1]]) if count else 0
        size = sum(self.leaf(start[0]).sizes[start[1] :])
        size += sum(leaf.size for leaf in self.leaves[start[0] + 1 : end[0]])
        return count, size + (sum(self.leaf(end[0]).sizes[: end[1]]) if end[1] else 0)

    def page(self, prefix: str, delimiter: str, after: str, limit: int) -> tuple[list[Listed], str | None]:
        """Up to `limit` objects and folders below the prefix, after `after`; and where the next page begins."""
        listed: list[Listed] = []
        base, cut = prefix.encode(), delimiter.encode()
        place = self.seek(max(base, after.encode()))
        while place[0] < len(self.leaves):
            leaf = self.leaf(place[0])
            key = leaf.keys[place[1]]
            if not key.startswith(base):
                break
            at = key.find(cut, len(base)) if cut else -1
            name = key[: at + len(cut)] if at >= 0 else key
            following = place[0], place[1] + 1
            if at >= 0:
                following = self.seek(name + b"\xff")  # no UTF-8 has this byte: behind all that begin with the name
            elif following[1] == len(leaf.keys):
                following = place[0] + 1, 0
            if name > after.encode() or not after:
                if len(listed) == limit:
                    return listed, listed[-1].path
                entry = leaf.entry(place[1]) if at < 0 else None
                count, size = (1, entry.size) if entry else self.measure(place, following)
                listed.append(Listed(name.decode(), entry, count, size))
            place = following
        return listed, None

    def with_changes(self, changes: Mapping[str, Entry | None]) -> "Tree":
        """The tree after the changes; None removes a path. Content that stays the same keeps its old time.

        Leaves are cut anew from the first one changed until a cut falls on an old one: the result is that of
        building the whole tree at once.
        """
        edits = sorted((path.encode(), entry) for path, entry in changes.items())
        leaves: list[Child] = []
        fresh = dict(self.fresh)
        copied = at = 0
        while at < len(edits):
            number = max(bisect_right(self.firsts, edits[at][0]) - 1, 0)
            leaves += self.leaves[copied:number]
            rows = Rows()
            while True:
                limit = self.firsts[number + 1] if number + 1 < len(self.leaves) else None
                stop = bisect_left(edits, (limit,), at) if limit is not None else len(edits)
                merge(rows, self.leaf(number) if number < len(self.leaves) else Rows(), edits[at:stop])
                at, number = stop, number + 1
                ends = cuts(rows.keys, 0)
                if number >= len(self.leaves) and rows.keys and (not ends or ends[-1] < len(rows.keys)):
                    ends.append(len(rows.keys))
                for start, end in zip([0, *ends], ends, strict=False):
                    part = rows.part(start, end)
                    leaves.append(child_of(part))
                    fresh[leaves[-1].id] = part
                rows = rows.part(ends[-1]) if ends else rows
                if number >= len(self.leaves) or not rows.keys:
                    break
            copied = number
        leaves += self.leaves[copied:]
        return Tree(tuple(leaves), self.fetch, fresh)

    def diff(self, other: "Tree") -> list[Change]:
        """What changes from this tree to the other, in path order; times alone are no change."""
        mine, theirs = {leaf.content for leaf in self.leaves}, {leaf.content for leaf in other.leaves}
        old, new = self.spread(theirs), other.spread(mine)
        changes = []
        for key in sorted(old.keys() | new.keys()):
            before, after = old.get(key), new.get(key)
            if before and after and before[0].digests[before[1]] == after[0].digests[after[1]]:
                continue
            kind = ChangeKind.ADDED if before is None else ChangeKind.CHANGED if after else ChangeKind.REMOVED
            old_entry = before[0].entry(before[1]) if before else None
            new_entry = after[0].entry(after[1]) if after else None
            changes.append(Change(kind, key.decode(), old_entry, new_entry))
        return changes

    def spread(self, known: set[bytes]) -> dict[bytes, tuple[Rows, int]]:
        """Where each object of the leaves lies whose content is not known to the other side."""
        found = {}
        for number, child in enumerate(self.leaves):
            if child.content not in known:
                rows = self.leaf(number)
                found.update({key: (rows, at) for at, key in enumerate(rows.keys)})
        return found


def merge(rows: Rows, old: Rows, edits: Sequence[tuple[bytes, Entry | None]]) -> None:
    """Append the old rows with the edits made to them."""
    copied = 0
    for key, entry in edits:
        at = bisect_left(old.keys, key, copied)
        rows.take(old, copied, at)
        same = at < len(old.keys) and old.keys[at] == key
        if entry is not None and same and old.digests[at].hex() == entry.sha256:
            rows.take(old, at, at + 1)
        elif entry is not None:
            rows.add(key, entry)
        copied = at + 1 if same else at
    rows.take(old, copied, len(old.keys))


def child_of(rows: Rows) -> Child:
    return Child(rows.keys[0], hashlib.sha256(rows.encoded).digest(), rows.content, len(rows.keys), sum(rows.sizes))


def parent_of(children: Sequence[Child], data: bytes) -> Child:
    content = hashlib.sha256(b"".join(child.content for child in children)).digest()
    count, size = sum(child.count for child in children), sum(child.size for child in children)
    return Child(children[0].first, hashlib.sha256(data).digest(), content, count, size)
