"""Where trees are kept: the new nodes of one commit in one pack, and the nodes in use decoded in memory."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

import zstandard

from assethub.storage.backend import Backend, put
from assethub.storage.nodes import LEAF, Child, Rows, decode_inner, decode_leaf
from assethub.storage.trees import NodeIndex, Tree, child_of

MOST_CACHED = 500_000  # entries of all cached leaves together
MOST_SHAPES = 256  # trees whose leaves are known without reading inner nodes


class NodeCache:
    """Decoded nodes by id, the recently used ones; shared by all threads of the process."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.leaves: OrderedDict[bytes, Rows] = OrderedDict()
        self.shapes: OrderedDict[bytes, tuple[Child, ...]] = OrderedDict()
        self.entries = 0
        self.lock = threading.Lock()

    def leaf(self, id: bytes) -> Rows | None:
        with self.lock:
            if id in self.leaves:
                self.leaves.move_to_end(id)
            return self.leaves.get(id)

    def keep_leaf(self, id: bytes, rows: Rows) -> None:
        with self.lock:
            if id not in self.leaves:
                self.leaves[id] = rows
                self.entries += len(rows.keys)
            while self.entries > MOST_CACHED and len(self.leaves) > 1:
                self.entries -= len(self.leaves.popitem(last=False)[1].keys)

    def shape(self, root: bytes) -> tuple[Child, ...] | None:
        with self.lock:
            if root in self.shapes:
                self.shapes.move_to_end(root)
            return self.shapes.get(root)

    def keep_shape(self, root: bytes, leaves: tuple[Child, ...]) -> None:
        with self.lock:
            self.shapes[root] = leaves
            while len(self.shapes) > MOST_SHAPES:
                self.shapes.popitem(last=False)


class Trees:
    """Trees by id, for one piece of work: its index of nodes tells where they lie."""

    def __init__(self, cache: NodeCache, index: NodeIndex) -> None:
        self.cache, self.index = cache, index

    @property
    def empty(self) -> Tree:
        return Tree((), self.leaf)

    def get(self, id: str) -> Tree:
        """KeyError if no such tree is kept, or a node of it is gone or damaged."""
        root = bytes.fromhex(id)
        leaves = self.cache.shape(root)
        if leaves is None:
            leaves = tuple(self.expand([root]))
            self.cache.keep_shape(root, leaves)
        return Tree(leaves, self.leaf)

    def expand(self, ids: list[bytes]) -> Iterable[Child]:
        """The leaves below these nodes of one level, a level at a time."""
        while True:
            children: list[Child] = []
            for data in self.read(ids):
                if data[:4] == LEAF:  # only a root can be: a tree of one leaf, or of none
                    rows = decode_leaf(data)
                    return [child_of(rows)] if rows.keys else []
                level, below = decode_inner(data)
                children += below
            if level == 1:
                return children
            ids = [child.id for child in children]

    def leaf(self, id: bytes) -> Rows:
        rows = self.cache.leaf(id)
        if rows is None:
            (data,) = self.read([id])
            rows = decode_leaf(data)
            self.cache.keep_leaf(id, rows)
        return rows

    def read(self, ids: list[bytes]) -> list[bytes]:
        located = self.index.locate(id.hex() for id in ids)
        return [self.read_node(id, *located[id.hex()]) for id in ids]

    def read_node(self, id: bytes, pack: str, offset: int, length: int) -> bytes:
        packed = b"".join(self.cache.backend.read(pack_key(pack), offset, offset + length))
        try:
            data = zstandard.ZstdDecompressor().decompress(packed)
        except zstandard.ZstdError:
            data = b""
        if hashlib.sha256(data).digest() != id:
            raise KeyError(f"the tree node {id.hex()} is damaged in the pack {pack}")
        return data

    def write(self, tree: Tree) -> str:
        """Keep what of the tree is new as one pack, durably, and then the rows that name its nodes."""
        root, inner = tree.nodes
        nodes = {leaf.id: tree.fresh[leaf.id].encoded for leaf in tree.leaves if leaf.id in tree.fresh} | inner
        self.keep(nodes)
        for leaf in tree.leaves:
            if leaf.id in tree.fresh:
                self.cache.keep_leaf(leaf.id, tree.fresh[leaf.id])
        self.cache.keep_shape(root, tree.leaves)
        return root.hex()

    def keep(self, nodes: Mapping[bytes, bytes]) -> None:
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


def pack_key(pack: str) -> str:
    return f"trees/{pack[:2]}/{pack}"
