"""The sha256 of files to be sent: from the journal where a file did not change, else read in full."""

import hashlib
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from assethub.client.journal import Journal, unchanged
from assethub.client.sources import Source
from assethub.domain.errors import Invalid
from assethub.protocol.frames import LARGE

PIECE = 1 << 20
SIDE_BY_SIDE = 4


@dataclass(frozen=True, slots=True)
class Hashed:
    """A source with the sha256 that it had when it was as `found`."""

    source: Source
    sha256: str
    found: os.stat_result

    @property
    def size(self) -> int:
        return self.found.st_size

    @property
    def mtime(self) -> datetime:
        return datetime.fromtimestamp(self.found.st_mtime, UTC)


def hash_files(files: Sequence[Source]) -> list[Hashed]:
    """Large files in several threads, small ones in this: for them a thread costs more than the hash."""
    journals = {base: Journal(base) for base in {source.base for source in files}}
    try:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            try:
                large = {
                    source.path: pool.submit(known_or_hashed, journals[source.base], source)
                    for source in files
                    if source.found.st_size >= LARGE
                }
                return [
                    large[source.path].result()
                    if source.path in large
                    else known_or_hashed(journals[source.base], source)
                    for source in files
                ]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        for journal in journals.values():
            journal.save()


def known_or_hashed(journal: Journal, source: Source) -> Hashed:
    name = source.file[len(source.base) + 1 :]
    sha256 = journal.find(name, source.found)
    if sha256 is not None:
        return Hashed(source, sha256, source.found)
    began = time.time_ns()
    hashed = hash_file(source)
    journal.add(name, hashed.found, hashed.sha256, began)
    if hashed.size >= SAVED_AT_ONCE:
        journal.save()
    return hashed


SAVED_AT_ONCE = 64 << 20  # bytes of a file whose hash is remembered before the next is read


def hash_file(source: Source) -> Hashed:
    """Invalid if the file changes while it is read."""
    with open(source.file, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib costs more than reading a small file
        found = os.fstat(file.fileno())
        digest = hashlib.sha256()
        if found.st_size < LARGE:
            digest.update(file.read(found.st_size))
        else:
            buffer = memoryview(bytearray(PIECE))
            while count := file.readinto(buffer):
                digest.update(buffer[:count])
        if not unchanged(os.fstat(file.fileno()), found):
            raise changed(source)
    return Hashed(source, digest.hexdigest(), found)


def changed(source: Source) -> Invalid:
    return Invalid(f"{source.file} changed while it was read; run the command again when nothing writes to it.")
