"""Where bytes are kept. Every backend passes tests/conformance/test_backends.py."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

PIECE = 1 << 20


class Writer(Protocol):
    """A body on its way in; nothing is kept under a key before `keep` returns."""

    def write(self, data: bytes) -> None: ...

    def keep(self, key: str) -> None:
        """Keep what was written under the key, durably; a key that is kept already stays as it is."""

    def discard(self) -> None:
        """Forget what was written; harmless after `keep`."""


@dataclass(frozen=True)
class Kept:
    """A body in a listing, and when it was kept."""

    key: str
    size: int
    at: datetime


class Backend(Protocol):
    local: bool  # whether what is kept lies in a folder of this machine, named by its key

    def writer(self) -> Writer: ...

    def adopt(self, file: Path) -> Writer:
        """A writer whose body is this durable local file, whole; the file stays its owner's to remove."""

    def sweep(self) -> None:
        """Remove bodies that a crash cut off: none of them was acknowledged. Only while nothing is on its way in."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from start up to end in pieces of at most 1 MiB. KeyError if nothing is kept under the key."""

    def size(self, key: str) -> int:
        """KeyError if nothing is kept under the key."""

    def list(self, prefix: str) -> Iterator[Kept]:
        """Everything kept under keys that begin with the prefix (which ends in `/`), in no order."""

    def delete(self, key: str) -> None:
        """Forget the key; deleting what is not there is no error."""


def put(backend: Backend, key: str, data: bytes) -> None:
    """Keep a small body in one step."""
    writer = backend.writer()
    try:
        writer.write(data)
        writer.keep(key)
    finally:
        writer.discard()
