"""Trees: the paths of one version in order, each kept as one compressed object named by its content."""

import hashlib
import json
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import zstandard

from assethub.domain.history import Change, ChangeKind, content_digest
from assethub.domain.objects import Entry, Listed
from assethub.storage.backend import Backend, put

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_CACHED = 500_000  # entries of all cached trees together


@dataclass(frozen=True)
class Tree:
    """All files of one version in the order of their paths' UTF-8 bytes. Equal trees have equal ids."""

    paths: tuple[str, ...]
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Mapping[str, Entry]) -> "Tree":
        paths = sorted(entries, key=str.encode)
        return cls(tuple(paths), tuple(entries[path] for path in paths))

    @cached_property
    def encoded(self) -> bytes:
        """One JSON line per path: [path, sha256, size, mtime in µs since 1970, content type]."""
        lines = [
            json.dumps([path, e.sha256, e.size, microseconds(e.mtime), e.content_type], separators=(",", ":"))
            for path, e in self.items()
        ]
        return ("assethub tree 1\n" + "".join(line + "\n" for line in lines)).encode()

    @cached_property
    def id(self) -> str:
        return hashlib.sha256(self.encoded).hexdigest()

    @cached_property
    def keys(self) -> list[bytes]:
        return [path.encode() for path in self.paths]

    @cached_property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.entries)

    @cached_property
    def content(self) -> str:
        return content_digest(self.items())

    def __len__(self) -> int:
        return len(self.paths)

    def items(self) -> Iterator[tuple[str, Entry]]:
        return zip(self.paths, self.entries, strict=True)

    def find(self, path: str) -> Entry | None:
        key = path.encode()
        at = bisect_left(self.keys, key)
        return self.entries[at] if at < len(self.keys) and self.keys[at] == key else None

    def below(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        """Every object whose path begins with the prefix."""
        for at in range(bisect_left(self.keys, prefix.encode()), len(self.paths)):
            if not self.paths[at].startswith(prefix):
                return
            yield self.paths[at], self.entries[at]

    def page(self, prefix: str, delimiter: str, after: str, limit: int) -> tuple[list[Listed], str | None]:
        """Up to `limit` objects and folders below the prefix, after `after`; and where the next page begins."""
        listed: list[Listed] = []
        at = bisect_left(self.keys, max(prefix.encode(), after.encode()))
        while at < len(self.paths) and self.paths[at].startswith(prefix):
            path = self.paths[at]
            cut = path.find(delimiter, len(prefix)) if delimiter else -1
            name = path[: cut + len(delimiter)] if cut >= 0 else path
            stop = bisect_left(self.keys, name.encode() + b"\xff", at) if cut >= 0 else at + 1
            if name > after or not after:
                if len(listed) == limit:
                    return listed, listed[-1].path
                if cut >= 0:
                    listed.append(Listed(name, None, stop - at, sum(e.size for e in self.entries[at:stop])))
                else:
                    listed.append(Listed(path, self.entries[at], 1, self.entries[at].size))
            at = stop
        return listed, None

    def with_changes(self, changes: Mapping[str, Entry | None]) -> "Tree":
        """The tree after the changes; None removes a path. Content that stays the same keeps its old time."""
        entries = dict(self.items())
        for path, entry in changes.items():
            if entry is None:
                entries.pop(path, None)
            elif path not in entries or entries[path].sha256 != entry.sha256:
                entries[path] = entry
        return Tree.of(entries)

    def diff(self, other: "Tree") -> list[Change]:
        """What changes from this tree to the other, in path order; times alone are no change."""
        if self is other:
            return []
        old, new = dict(self.items()), dict(other.items())
        changes = []
        for path in sorted(old.keys() | new.keys(), key=str.encode):
            before, after = old.get(path), new.get(path)
            if before is None:
                changes.append(Change(ChangeKind.ADDED, path, None, after))
            elif after is None:
                changes.append(Change(ChangeKind.REMOVED, path, before, None))
            elif before.sha256 != after.sha256:
                changes.append(Change(ChangeKind.CHANGED, path, before, after))
        return changes


EMPTY = Tree((), ())


class Trees:
    """Trees by id, the recently used ones decoded in memory."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.cache: OrderedDict[str, Tree] = OrderedDict()
        self.lock = threading.Lock()

    def write(self, tree: Tree) -> str:
        put(self.backend, tree_key(tree.id), zstandard.ZstdCompressor().compress(tree.encoded))
        self.remember(tree)
        return tree.id

    def get(self, id: str) -> Tree:
        """KeyError if no such tree is kept."""
        with self.lock:
            if id in self.cache:
                self.cache.move_to_end(id)
                return self.cache[id]
        data = zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(self.backend.read(tree_key(id))))
        if hashlib.sha256(data).hexdigest() != id:
            raise KeyError(f"tree {id} is damaged")
        tree = decode(data)
        self.remember(tree)
        return tree

    def remember(self, tree: Tree) -> None:
        with self.lock:
            self.cache[tree.id] = tree
            while len(self.cache) > 1 and sum(len(kept) for kept in self.cache.values()) > MOST_CACHED:
                self.cache.popitem(last=False)


def decode(data: bytes) -> Tree:
    rows: Iterable[tuple[str, str, int, int, str]] = map(json.loads, data.decode().splitlines()[1:])
    entries = {path: Entry(sha256, size, moment(at), type) for path, sha256, size, at, type in rows}
    return Tree(tuple(entries), tuple(entries.values()))


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def tree_key(id: str) -> str:
    return f"trees/{id[:2]}/{id}"
