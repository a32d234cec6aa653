"""A set of sha256s at 32 bytes each, however many there are."""

from collections.abc import Iterable, Sequence

import numpy as np

from assethub.storage.nodes import Integers

SETTLE = 1 << 18  # digests that wait before they are sorted in


class Digests:
    def __init__(self) -> None:
        self.sorted = np.empty(0, "S32")
        self.waiting: list[bytes] = []
        self.count = 0

    def add(self, digests: bytes) -> None:
        """Any number of raw sha256s, one after another."""
        self.waiting.append(digests)
        self.count += len(digests) // 32
        if self.count >= max(SETTLE, len(self.sorted) // 4):
            self.settle()

    def settle(self) -> None:
        fresh = np.frombuffer(b"".join(self.waiting), "S32")
        self.sorted = np.unique(np.concatenate([self.sorted, fresh]))
        self.waiting, self.count = [], 0

    def missing(self, sha256s: Sequence[str]) -> list[str]:
        """Those of these sha256s (hex) that are not in the set."""
        if self.waiting:
            self.settle()
        if not len(self.sorted) or not sha256s:
            return list(sha256s)
        asked = np.frombuffer(bytes.fromhex("".join(sha256s)), "S32")
        places = np.minimum(np.searchsorted(self.sorted, asked), len(self.sorted) - 1)
        absent = self.sorted[places] != asked
        return [sha256 for sha256, is_absent in zip(sha256s, absent.tolist(), strict=True) if is_absent]


def distinct_bytes(parts: Iterable[tuple[bytes, Integers]]) -> int:
    """The sizes of contents added up, each content once; parts are raw sha256s and their sizes."""
    digests, sizes = np.empty(0, "S32"), np.empty(0, np.uint64)
    waiting: list[tuple[bytes, Integers]] = []

    def settle() -> None:
        nonlocal digests, sizes
        everything = np.concatenate([digests, np.frombuffer(b"".join(one for one, _ in waiting), "S32")])
        digests, first = np.unique(everything, return_index=True)
        sizes = np.concatenate([sizes, *(more for _, more in waiting)])[first]
        waiting.clear()

    for part in parts:
        waiting.append(part)
        if len(waiting) == 500:
            settle()
    if waiting:
        settle()
    return int(sizes.sum())
