"""Where trees are kept: the new nodes of one commit in one pack, and the nodes in use decoded in memory."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

import zstandard

from assethub.storage.backend import Backend, put
from assethub.storage.changes import MOST_PAIRED, Compared, bounded
from assethub.storage.nodes import LEAF, NONE, Child, Rows, decode_inner, decode_leaf
from assethub.storage.outlines import NO_OUTLINE, Outline, outline_of, unpacked
from assethub.storage.trees import NodeIndex, Tree, child_of

K = TypeVar("K")
V = TypeVar("V")
MOST_CACHED = 1_000_000  # entries of all cached leaves together, of about 120 bytes each
MOST_CHANGES = 500_000  # of all cached comparisons
MOST_CHILDREN = 100_000  # leaves of all trees whose leaves are known without reading inner nodes
MOST_LINES = 200_000  # of all cached outlines
LARGEST_READ = 8 << 20  # of nodes that lie side by side in one pack
LARGEST_GAP = 64 << 10  # that is read for nothing rather than asking once more


class Recent(Generic[K, V]):
    """Values that were used lately, up to a weight in all; shared by all threads of the process."""

    def __init__(self, most: int, weigh: Callable[[V], int]) -> None:
        self.most, self.weigh = most, weigh
        self.values: OrderedDict[K, V] = OrderedDict()
        self.weight = 0
        self.lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
            return self.values.get(key)

    def keep(self, key: K, value: V) -> None:
        with self.lock:
            if key not in self.values:
                self.values[key] = value
                self.weight += 1 + self.weigh(value)
            while self.weight > self.most and len(self.values) > 1:
                self.weight -= 1 + self.weigh(self.values.popitem(last=False)[1])


@dataclass(frozen=True)
class Inner:
    level: int
    children: list[Child]

    def __len__(self) -> int:
        return len(self.children)


class NodeCache:
    """Decoded nodes by id, and what is known of trees; shared by all threads of the process."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.leaves: Recent[bytes, Rows] = Recent(MOST_CACHED, len)
        self.shapes: Recent[bytes, tuple[Child, ...]] = Recent(MOST_CHILDREN, len)
        self.inner: Recent[bytes, Inner] = Recent(MOST_CHILDREN, len)
        self.outlines: Recent[bytes, Outline] = Recent(MOST_LINES, lambda outline: len(outline.lines))
        self.changes: Recent[tuple[str, str], Compared] = Recent(MOST_CHANGES, len)


class Trees:
    """Trees by id, for one piece of work: its index of nodes tells where they lie."""

    def __init__(self, cache: NodeCache, index: NodeIndex) -> None:
        self.cache, self.index = cache, index

    @property
    def empty(self) -> Tree:
        return Tree((), self)

    def get(self, id: str) -> Tree:
        """KeyError if no such tree is kept, or a node of it is gone or damaged."""
        root = bytes.fromhex(id)
        leaves = self.cache.shapes.get(root)
        if leaves is None:
            leaves = tuple(self.expand([root]))
            self.cache.shapes.keep(root, leaves)
        return Tree(leaves, self)

    def expand(self, ids: list[bytes]) -> Iterable[Child]:
        """The leaves below these nodes of one level, a level at a time."""
        while True:
            missing = [id for id in ids if self.cache.inner.get(id) is None]
            found: dict[bytes, Inner] = {}
            for id, data in zip(missing, self.read(missing), strict=True):
                if data[:4] == LEAF:  # only a root can be: a tree of one leaf, or of none
                    rows = decode_leaf(data)
                    return [child_of(rows)] if rows.keys else []
                found[id] = Inner(*decode_inner(data))
                self.cache.inner.keep(id, found[id])
            nodes = [found.get(id) or self.inner(id) for id in ids]
            children = [child for node in nodes for child in node.children]
            if nodes[0].level == 1:
                return children
            ids = [child.id for child in children]

    def inner(self, id: bytes) -> Inner:
        node = self.cache.inner.get(id)
        return node if node is not None else Inner(*decode_inner(self.read([id])[0]))

    def leaf(self, id: bytes) -> Rows:
        return self.leaves([id])[0]

    def leaves(self, ids: Sequence[bytes]) -> list[Rows]:
        found = {id: rows for id in ids if (rows := self.cache.leaves.get(id)) is not None}
        missing = [id for id in ids if id not in found]
        for id, data in zip(missing, self.read(missing), strict=True):
            found[id] = decode_leaf(data)
            self.cache.leaves.keep(id, found[id])
        return [found[id] for id in ids]

    def outlines(self, ids: Sequence[bytes]) -> dict[bytes, Outline]:
        found = {id: outline for id in ids if (outline := self.cache.outlines.get(id)) is not None}
        missing = [id for id in ids if id not in found]
        kept = self.index.outlines(id.hex() for id in missing) if missing else {}
        decompressor = zstandard.ZstdDecompressor()
        for id in missing:
            found[id] = unpacked(kept[id.hex()], decompressor) if id.hex() in kept else NO_OUTLINE
            self.cache.outlines.keep(id, found[id])
        return found

    def compared(self, ids: tuple[str, str], old: Tree, new: Tree) -> Compared:
        """What changes between two trees of these ids, with renames, unless it is too much to be held."""
        found = self.cache.changes.get(ids)
        if found is None:
            found = bounded(old.compare(new), MOST_PAIRED)
            self.cache.changes.keep(ids, found)
        return found

    def read(self, ids: list[bytes]) -> list[bytes]:
        located = self.index.locate(id.hex() for id in ids)
        places = sorted({(*located[id.hex()], id) for id in ids})
        found: dict[bytes, bytes] = {}
        for run in runs(places):
            pack, start = run[0][:2]
            end = run[-1][1] + run[-1][2]
            body = b"".join(self.cache.backend.read(pack_key(pack), start, end))
            for _, offset, length, id in run:
                found[id] = unpack_node(id, pack, body[offset - start : offset - start + length])
        return [found[id] for id in ids]

    def write(self, tree: Tree) -> str:
        """Keep what of the tree is new as one pack, durably, and then the rows that name its nodes."""
        root, inner = tree.nodes
        nodes = {leaf.id: tree.fresh[leaf.id].encoded for leaf in tree.leaves if leaf.id in tree.fresh} | inner
        self.keep(nodes, tree.fresh)
        for leaf in tree.leaves:
            if leaf.id in tree.fresh:
                self.cache.leaves.keep(leaf.id, tree.fresh[leaf.id])
        self.cache.shapes.keep(root, tree.leaves)
        return root.hex()

    def keep(self, nodes: Mapping[bytes, bytes], decoded: Mapping[bytes, Rows] = MappingProxyType({})) -> None:
        """Keep what of these nodes is new as one pack, durably, and then the rows that name them."""
        known = self.index.need(id.hex() for id in nodes)
        new = {id: data for id, data in nodes.items() if id.hex() not in known}
        if new:
            compressor = zstandard.ZstdCompressor()
            packed = {id: compressor.compress(data) for id, data in new.items()}
            body = b"".join(packed.values())
            pack = secrets.token_hex(16)
            put(self.cache.backend, pack_key(pack), body)
            located, offset = [], 0
            for id, data in packed.items():
                located.append((id.hex(), pack, offset, len(data)))
                offset += len(data)
            self.index.add(located)
            leaves = {id: data for id, data in new.items() if data[:4] == LEAF and data != NONE.encoded}
            self.outline({id: decoded[id] if id in decoded else decode_leaf(data) for id, data in leaves.items()})

    def outline(self, leaves: Mapping[bytes, Rows]) -> None:
        """Keep the outlines of new leaves."""
        outlines = {id: outline_of(rows) for id, rows in leaves.items()}
        self.index.add_outlines((id.hex(), outline.packed) for id, outline in outlines.items() if outline)
        for id, outline in outlines.items():
            self.cache.outlines.keep(id, outline or NO_OUTLINE)


def runs(places: Sequence[tuple[str, int, int, bytes]]) -> Iterator[list[tuple[str, int, int, bytes]]]:
    """Nodes (pack, offset, length, id) in runs that are read in one step."""
    run: list[tuple[str, int, int, bytes]] = []
    for place in places:
        pack, offset, length, _ = place
        if run and (
            run[-1][0] != pack
            or offset - run[-1][1] - run[-1][2] > LARGEST_GAP
            or offset + length - run[0][1] > LARGEST_READ
        ):
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def unpack_node(id: bytes, pack: str, packed: bytes) -> bytes:
    try:
        data = zstandard.ZstdDecompressor().decompress(packed)
    except zstandard.ZstdError:
        data = b""
    if hashlib.sha256(data).digest() != id:
        raise KeyError(f"the tree node {id.hex()} is damaged in the pack {pack}")
    return data


def pack_key(pack: str) -> str:
    return f"trees/{pack[:2]}/{pack}"
