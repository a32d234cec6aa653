"""Nodes of the content-defined sorted tree: their columns, their bytes, and where a level is cut into nodes.

docs/formats.md specifies the bytes. A node's id is the sha256 of its bytes; equal content gives equal nodes.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np

from assethub.domain.objects import Entry

LEAF, INNER = b"AHL1", b"AHI1"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Bounds:
    """The least, average and most entries of a node."""

    least: int
    average: int
    most: int


LEAVES, INNERS = Bounds(1000, 2000, 4000), Bounds(500, 1000, 2000)


def cuts(keys: Sequence[bytes], level: int) -> list[int]:
    """Where a run of keys that begins a node is cut: the ends of the complete nodes; what is left is open."""
    bounds = INNERS if level else LEAVES
    seed = (level * 0x9E3779B1) & 0xFFFFFFFF
    hashes = mix(np.fromiter((zlib.crc32(key, seed) for key in keys), np.uint32, len(keys)))
    candidates = np.flatnonzero(hashes < 2**32 // (bounds.average - bounds.least))
    ends: list[int] = []
    start = 0
    while len(keys) - start >= bounds.least:
        at = int(np.searchsorted(candidates, start + bounds.least - 1))
        end = min(int(candidates[at]) + 1 if at < len(candidates) else len(keys) + 1, start + bounds.most)
        if end > len(keys):
            break
        ends.append(end)
        start = end
    return ends


def mix(hashes: "np.ndarray[tuple[int], np.dtype[np.uint32]]") -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    """MurmurHash3's 32-bit finaliser (Appleby, public domain): every bit of the input reaches every bit."""
    with np.errstate(over="ignore"):
        hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


@dataclass
class Rows:
    """Entries as columns, in key order: UTF-8 paths, raw sha256s, sizes, times in µs since 1970, content types."""

    keys: list[bytes] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    def add(self, key: bytes, entry: Entry) -> None:
        self.keys.append(key)
        self.digests.append(bytes.fromhex(entry.sha256))
        self.sizes.append(entry.size)
        self.times.append((entry.mtime - EPOCH) // timedelta(microseconds=1))
        self.types.append(entry.content_type)

    def take(self, other: "Rows", start: int, end: int) -> None:
        self.keys += other.keys[start:end]
        self.digests += other.digests[start:end]
        self.sizes += other.sizes[start:end]
        self.times += other.times[start:end]
        self.types += other.types[start:end]

    def part(self, start: int, end: int | None = None) -> "Rows":
        span = slice(start, end)
        return Rows(self.keys[span], self.digests[span], self.sizes[span], self.times[span], self.types[span])

    def entry(self, at: int) -> Entry:
        mtime = EPOCH + timedelta(microseconds=self.times[at])
        return Entry(self.digests[at].hex(), self.sizes[at], mtime, self.types[at])

    @cached_property
    def encoded(self) -> bytes:
        table = sorted(set(self.types))
        codes = {name: code for code, name in enumerate(table)}
        return b"".join((
            LEAF, keys_bytes(self.keys), b"".join(self.digests), np.array(self.sizes, "<u8").tobytes(),
            np.array(self.times, "<i8").tobytes(), np.array([codes[name] for name in self.types], "<u2").tobytes(),
            struct.pack("<H", len(table)),
            *(struct.pack("<H", len(name.encode())) + name.encode() for name in table),
        ))  # fmt: skip

    @cached_property
    def content(self) -> bytes:
        """Says which bytes lie at which paths, whatever their times and types."""
        digest = hashlib.sha256(b"".join(self.digests))
        digest.update(keys_bytes(self.keys))
        return digest.digest()


@dataclass(frozen=True)
class Child:
    """A node as its parent knows it: `content` is equal for nodes with the same bytes at the same paths."""

    first: bytes
    id: bytes
    content: bytes
    count: int
    size: int


def encode_inner(children: Sequence[Child], level: int) -> bytes:
    return b"".join((
        INNER, struct.pack("<B", level), keys_bytes([child.first for child in children]),
        b"".join(child.id for child in children), b"".join(child.content for child in children),
        np.array([child.count for child in children], "<u8").tobytes(),
        np.array([child.size for child in children], "<u8").tobytes(),
    ))  # fmt: skip


def decode_inner(data: bytes) -> tuple[int, list[Child]]:
    """The node's level (its children's is one less) and its children."""
    level = data[4]
    keys, at = read_keys(data, 5)
    count = len(keys)
    ids, at = split(data, at, count)
    contents, at = split(data, at, count)
    counts = np.frombuffer(data, "<u8", count, at).tolist()
    sizes = np.frombuffer(data, "<u8", count, at + 8 * count).tolist()
    return level, [Child(*row) for row in zip(keys, ids, contents, counts, sizes, strict=True)]


def decode_leaf(data: bytes) -> Rows:
    keys, at = read_keys(data, 4)
    count = len(keys)
    digests, at = split(data, at, count)
    sizes = np.frombuffer(data, "<u8", count, at).tolist()
    times = np.frombuffer(data, "<i8", count, at + 8 * count).tolist()
    codes = np.frombuffer(data, "<u2", count, at + 16 * count).tolist()
    at += 18 * count
    (kinds,) = struct.unpack_from("<H", data, at)
    at += 2
    table = []
    for _ in range(kinds):
        (length,) = struct.unpack_from("<H", data, at)
        table.append(data[at + 2 : at + 2 + length].decode())
        at += 2 + length
    return Rows(keys, digests, sizes, times, [table[code] for code in codes])


def digests_of(data: bytes) -> bytes:
    """The sha256s of a leaf, one after another; the rest of it is not decoded."""
    (count,) = struct.unpack_from("<I", data, 4)
    at = 8 + 4 * count
    if count:
        at += int(struct.unpack_from("<I", data, at - 4)[0])
    return data[at : at + 32 * count]


def keys_bytes(keys: Sequence[bytes]) -> bytes:
    """Count, the end of each key, then the keys."""
    ends = np.cumsum(np.fromiter(map(len, keys), np.uint32, len(keys)), dtype=np.uint32)
    return struct.pack("<I", len(keys)) + ends.astype("<u4").tobytes() + b"".join(keys)


def read_keys(data: bytes, at: int) -> tuple[list[bytes], int]:
    (count,) = struct.unpack_from("<I", data, at)
    ends = np.frombuffer(data, "<u4", count, at + 4).tolist()
    base = at + 4 + 4 * count
    starts = [0, *ends[:-1]] if count else []
    return [data[base + start : base + end] for start, end in zip(starts, ends, strict=True)], base + (
        ends[-1] if count else 0
    )


def split(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """So many digests of 32 bytes."""
    return [data[at + 32 * number : at + 32 * number + 32] for number in range(count)], at + 32 * count
