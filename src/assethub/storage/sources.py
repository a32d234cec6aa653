"""Where imports read from and links lead to: originals that are others' and are only ever read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol


class Changed(Exception):
    """An original is not what it was; its argument is the place."""


@dataclass(frozen=True, slots=True)
class Found:
    """An original: its place below the source's address, and a stamp that every change of the content changes."""

    place: str
    size: int
    stamp: str
    mtime: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """`pieces` raises Changed before its last piece if the original changes while it is read."""

    found: Found
    pieces: Iterator[bytes]


class Source(Protocol):
    def list(self, place: str) -> Iterator[Found]:
        """What lies at the place, or below it. Invalid names what cannot be imported."""

    def stat(self, place: str) -> Found:
        """KeyError if nothing is there."""

    def open(self, place: str, start: int = 0, end: int | None = None, *, stamp: str | None = None) -> Opened:
        """The bytes from start up to end in pieces of at most 1 MiB.

        KeyError if nothing is there, Changed if a stamp is given and it has another.
        """


@lru_cache(maxsize=64)
def open_source(url: str) -> Source:
    """The folder or the bucket at an address. Invalid if there is no way to reach such an address."""
    if url.startswith("/"):
        from assethub.storage.folder_source import FolderSource

        return FolderSource(url)
    from assethub.storage.bucket_source import BucketSource

    return BucketSource(url)
