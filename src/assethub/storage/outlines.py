"""Outlines of leaves: the folders that lie in a leaf and how much is below each, so that listings need not read it."""

import struct
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import zstandard

from assethub.storage.nodes import NONE, Integers, Rows, decode_leaf

MOST_LINES = 64  # of an outline; a leaf with more folders is read: a page is full after a few of those
MOST_DEEPER = 8  # levels below the folder that all objects of a leaf share


@dataclass(frozen=True)
class Outline:
    """A leaf with every path cut behind its `depth`th slash: a line stands for a folder and for all of the leaf that
    lies below it, with `counts` objects, or (0) for an object that is not so deep."""

    depth: int
    lines: Rows
    counts: Integers

    @property
    def packed(self) -> bytes:
        head = struct.pack("<HH", self.depth, len(self.lines)) + self.counts.astype("<u4").tobytes()
        return zstandard.compress(head + self.lines.encoded)


NO_OUTLINE = Outline(0, NONE, np.array([], np.int64))  # of a leaf that has to be read


def outline_of(rows: Rows) -> Outline | None:
    """The deepest outline that is short enough; None if there is none."""
    shared = shared_depth(rows.keys)
    best = None
    for depth in range(max(shared, 1), shared + MOST_DEEPER):
        places = lines_at(rows.keys, depth)
        if places is None:
            break
        best = depth, places
        if not any(folder_of(rows.keys[at], depth) for at in places):
            break
    if best is None:
        return None
    depth, starts = best
    names = [folder_of(rows.keys[at], depth) for at in starts]
    counts = np.diff(np.array([*starts, len(rows)]))
    counts[[at for at, name in enumerate(names) if not name]] = 0
    lines = rows.take(np.array(starts))
    keys = [name or key for name, key in zip(names, lines.keys, strict=True)]
    folders, sizes = counts > 0, np.add.reduceat(rows.sizes, starts)
    hashes, times, codes = lines.hashes, lines.times, lines.codes
    hashes[folders], times[folders], codes[folders] = 0, 0, 0
    return Outline(depth, Rows(keys, hashes, sizes, times, codes, lines.types), counts)


def shared_depth(keys: list[bytes]) -> int:
    """How many folders deep all of these paths, in order, are the same."""
    depth = 0
    for one, other in zip(keys[0].split(b"/")[:-1], keys[-1].split(b"/")[:-1], strict=False):
        if one != other:
            break
        depth += 1
    return depth


def lines_at(keys: list[bytes], depth: int) -> list[int] | None:
    """Where the lines of an outline begin; None if they are too many."""
    starts: list[int] = []
    at = 0
    while at < len(keys):
        if len(starts) == MOST_LINES:
            return None
        starts.append(at)
        name = folder_of(keys[at], depth)
        at = bisect_left(keys, name + b"\xff", at) if name else at + 1
    return starts


def folder_of(key: bytes, depth: int) -> bytes:
    """The path up to its `depth`th slash; empty if it has fewer."""
    parts = key.split(b"/", depth)
    return key[: len(key) - len(parts[-1])] if len(parts) > depth else b""


def unpacked(data: bytes, decompressor: zstandard.ZstdDecompressor) -> Outline:
    body = decompressor.decompress(data)
    depth, count = struct.unpack_from("<HH", body)
    return Outline(depth, decode_leaf(body[4 + 4 * count :]), np.frombuffer(body, "<u4", count, 4).astype(np.int64))
