"""Nodes of the content-defined sorted tree: their columns, their bytes, and where a level is cut into nodes.

docs/formats.md specifies the bytes. A node's id is the sha256 of its bytes; equal content gives equal nodes.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assethub.domain.objects import Entry

Integers = NDArray[Any]
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
    hashes = mix(np.fromiter(map(zlib.crc32, keys, repeat(seed)), np.uint32, len(keys)))
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


def mix(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MurmurHash3's 32-bit finaliser (Appleby, public domain): every bit of the input reaches every bit."""
    with np.errstate(over="ignore"):
        hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


@dataclass(frozen=True, eq=False)
class Rows:
    """Entries as columns, in key order: UTF-8 paths, sha256s as four integers each, sizes, times in µs since 1970,
    and codes of content types, which are places in `types`."""

    keys: list[bytes]
    hashes: Integers
    sizes: Integers
    times: Integers
    codes: Integers
    types: tuple[str, ...]

    @classmethod
    def of(cls, keys: list[bytes], entries: Sequence[Entry]) -> "Rows":
        names = [entry.content_type for entry in entries]
        types = {name: code for code, name in enumerate(dict.fromkeys(names))}
        return cls(
            keys,
            np.frombuffer(bytes.fromhex("".join([entry.sha256 for entry in entries])), "<u8").reshape(len(keys), 4),
            np.array([entry.size for entry in entries], "<u8"),
            np.array([microseconds(entry.mtime) for entry in entries], "<i8"),
            np.fromiter(map(types.__getitem__, names), "<u4", len(keys)),
            tuple(types),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self.encoded == other.encoded

    def part(self, start: int, end: int | None = None) -> "Rows":
        """Copies, so that a small part does not keep all of it in memory."""
        span = slice(start, end)
        codes, types = self.codes[span], self.types
        if len(types) > max(len(codes), 1):
            used, codes = np.unique(codes, return_inverse=True)
            types = tuple(types[code] for code in used.tolist())
        hashes, sizes, times = (column[span].copy() for column in (self.hashes, self.sizes, self.times))
        return Rows(self.keys[span], hashes, sizes, times, codes.astype("<u4"), types)

    def take(self, places: Integers) -> "Rows":
        keys = [self.keys[at] for at in places.tolist()]
        return Rows(
            keys, self.hashes[places], self.sizes[places], self.times[places], self.codes[places], self.types
        )  # fmt: skip

    def entry(self, at: int) -> Entry:
        return self.entries(at, at + 1)[0]

    def entries(self, start: int = 0, end: int | None = None) -> list[Entry]:
        span = slice(start, end)
        digests = self.hashes[span].tobytes().hex()
        columns = (self.sizes[span].tolist(), self.times[span].tolist(), self.codes[span].tolist())
        return [
            Entry(digests[64 * at : 64 * at + 64], size, EPOCH + timedelta(microseconds=time), self.types[code])
            for at, (size, time, code) in enumerate(zip(*columns, strict=True))
        ]

    @property
    def digests(self) -> list[bytes]:
        """The raw sha256s."""
        return split(self.hashes.tobytes(), 0, len(self.keys))[0]

    @property
    def encoded(self) -> bytes:
        used, places = np.unique(self.codes, return_inverse=True)
        names = [self.types[code] for code in used.tolist()]
        table = {name: code for code, name in enumerate(sorted(names))}
        codes = np.array([table[name] for name in names], "<u2")[places]
        return b"".join((
            LEAF, keys_bytes(self.keys), self.hashes.tobytes(), self.sizes.tobytes(), self.times.tobytes(),
            codes.tobytes(),
            struct.pack("<H", len(table)),
            *(struct.pack("<H", len(name.encode())) + name.encode() for name in table),
        ))  # fmt: skip

    @property
    def content(self) -> bytes:
        """Says which bytes lie at which paths, whatever their times and types."""
        digest = hashlib.sha256(self.hashes.tobytes())
        digest.update(keys_bytes(self.keys))
        return digest.digest()


def joined(parts: Sequence[Rows]) -> Rows:
    """All rows of the parts, one after another."""
    filled = [part for part in parts if part.keys]
    if len(filled) < 2:
        return filled[0] if filled else NONE
    types: dict[str, int] = {}
    codes = []
    for part in filled:
        own = np.array([types.setdefault(name, len(types)) for name in part.types], "<u4")
        codes.append(own[part.codes])
    return Rows(
        [key for part in filled for key in part.keys],
        np.concatenate([part.hashes for part in filled]), np.concatenate([part.sizes for part in filled]),
        np.concatenate([part.times for part in filled]), np.concatenate(codes), tuple(types),
    )  # fmt: skip


def microseconds(at: datetime) -> int:
    since = at - EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


class Child(NamedTuple):
    """A node as its parent knows it: `content` is equal for nodes with the same bytes at the same paths."""

    first: bytes
    id: bytes
    content: bytes
    count: int  # type: ignore[assignment]  # in place of a tuple's method
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
    return level, list(map(Child, keys, ids, contents, counts, sizes))


def decode_leaf(data: bytes) -> Rows:
    keys, at = read_keys(data, 4)
    count = len(keys)
    columns = []
    for kind, width in (("<u8", 4), ("<u8", 1), ("<i8", 1), ("<u2", 1)):
        columns.append(np.frombuffer(data, kind, count * width, at).copy())
        at += columns[-1].nbytes
    (kinds,) = struct.unpack_from("<H", data, at)
    at += 2
    table = []
    for _ in range(kinds):
        (length,) = struct.unpack_from("<H", data, at)
        table.append(data[at + 2 : at + 2 + length].decode())
        at += 2 + length
    hashes, sizes, times, codes = columns
    return Rows(keys, hashes.reshape(count, 4), sizes, times, codes, tuple(table))


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


NONE = Rows.of([], [])
