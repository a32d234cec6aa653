"""Filters of changed paths: which commits can have touched a path, without reading their trees.

docs/formats.md specifies the bytes. A filter never denies a path that is in it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from assethub.storage.nodes import Integers

MOST_PATHS = 512  # that one commit changes; above, no filter is kept and every path may be touched
ROUNDS = 7
LEAST_BITS, BITS_EACH = 512, 16  # more than Git's 10: a page asks for a thousand paths, and each may be a false alarm


def filter_of(paths: Iterable[str]) -> bytes:
    """The filter of these paths and of the folders above them."""
    entries = {entry for path in paths for entry in with_folders(path)}
    bits = LEAST_BITS
    while bits < BITS_EACH * len(entries):
        bits *= 2
    field = np.zeros(bits, np.uint8)
    field[places(hashes_of(sorted(entries)), bits)] = 1
    return np.packbits(field, bitorder="little").tobytes()


def with_folders(path: str) -> list[str]:
    """`a/b/c`, `a/b/`, `a/`"""
    cuts = [at + 1 for at, character in enumerate(path) if character == "/" and at + 1 < len(path)]
    return [path, *(path[:cut] for cut in cuts)]


def hashes_of(paths: Sequence[str]) -> Integers:
    """Two numbers for each path, the second one odd."""
    digests = b"".join(hashlib.blake2b(path.encode(), digest_size=16).digest() for path in paths)
    return np.frombuffer(digests, "<u8").reshape(-1, 2) | np.array([0, 1], np.uint64)


def places(hashes: Integers, bits: int) -> Integers:
    steps = np.arange(ROUNDS, dtype=np.uint64)
    return (hashes[:, :1] + hashes[:, 1:] * steps) & np.uint64(bits - 1)


@dataclass
class Wanted:
    """Paths that are looked for in many filters, hashed once."""

    paths: Sequence[str]
    known: dict[int, Integers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hashes = hashes_of(self.paths)
        self.all: Integers = np.arange(len(self.paths))

    def possible(self, filter: bytes, among: Integers) -> Integers:
        """For each of these places in `paths`: whether the filter says maybe."""
        bits = 8 * len(filter)
        if bits not in self.known:
            self.known[bits] = places(self.hashes, bits)
        taken = np.unpackbits(np.frombuffer(filter, np.uint8), bitorder="little")
        found: Integers = np.all(taken[self.known[bits][among]], axis=1)
        return found
