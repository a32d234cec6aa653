"""Contents that arrive in parts whose sizes nobody announced: most of them find their place in one file at once.

Clients cut an object into parts of one size, but for the last. The first large part that comes says what size that is;
every part of it goes to its place in a file that only has to be hashed, and is kept as it is when all have come. Parts
of other sizes, or sent again, get files of their own.
"""

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.domain.multiparts import SMALLEST_PART, Part
from assethub.storage.backend import PIECE
from assethub.storage.filesystem import full_disk_told, make_folder, sync_folder

WHOLE = "whole"


@dataclass(frozen=True)
class Assembled:
    """A durable file that holds a content and nothing else."""

    file: Path
    digest: "hashlib._Hash"
    size: int


class PartFile:
    """One part on its way in: to its place in the whole, or to a file of its own."""

    def __init__(self, gathering: "Gathering", number: int, name: str, start: int) -> None:
        self.gathering, self.number, self.name, self.start = gathering, number, name, start
        self.size = 0
        self.kept = False
        self.descriptor = os.open(gathering.folder / name, os.O_WRONLY | os.O_CREAT, 0o600)

    def write(self, data: bytes) -> None:
        if self.name == WHOLE and self.size + len(data) > (self.gathering.stride or 0):
            raise Invalid("The part is longer than its sender said.")
        view = memoryview(data)
        with full_disk_told():
            while view:
                written = os.pwrite(self.descriptor, view, self.start + self.size)
                self.size += written
                view = view[written:]

    def sync(self) -> None:
        """Make what was written durable. Invalid if a part in the whole does not fill its place."""
        if self.name == WHOLE and self.size != self.gathering.stride:
            raise Invalid("The part is shorter than its sender said.")
        with full_disk_told():
            os.fdatasync(self.descriptor)
            sync_folder(self.gathering.folder)

    def close(self) -> None:
        """End the writing; what was not kept is forgotten."""
        if self.descriptor < 0:
            return
        os.close(self.descriptor)
        self.descriptor = -1
        if self.name == WHOLE:
            self.gathering.leave(self.number, done=self.kept)
        elif not self.kept:
            (self.gathering.folder / self.name).unlink(missing_ok=True)


class Gathering:
    """The parts of one upload."""

    def __init__(self, folder: Path, parts: Iterable[Part], pool: ThreadPoolExecutor) -> None:
        self.folder, self.whole, self.pool = folder, folder / WHOLE, pool
        in_place = {part.number: part.size for part in parts if part.file == WHOLE}
        self.stride = next(iter(in_place.values()), None)
        self.done = set(in_place)
        self.writing: set[int] = set()
        # What somebody keeps by another name is written to no more.
        self.sealed = self.whole.exists() and self.whole.stat().st_nlink > 1
        self.sealed_as: tuple[str, ...] | None = None
        self.lock, self.hashing = threading.Lock(), threading.Lock()
        self.digest = hashlib.sha256()
        self.hashed = 0

    def begin(self, number: int, size: int) -> PartFile:
        """A part of so many bytes, as its sender says. FileNotFoundError if the upload was given up."""
        with self.lock:
            if self.stride is None and size >= SMALLEST_PART:
                self.stride = size
            free = not self.sealed and number not in self.done and number not in self.writing
            with full_disk_told():
                if free and size == self.stride:
                    part = PartFile(self, number, WHOLE, (number - 1) * size)
                    self.writing.add(number)
                    return part
                return PartFile(self, number, f"{number}.{secrets.token_hex(6)}", 0)

    def leave(self, number: int, *, done: bool) -> None:
        with self.lock:
            self.writing.discard(number)
            if done:
                self.done.add(number)
        if done:
            self.pool.submit(self.follow)

    def follow(self) -> None:
        """Hash ahead, unless another thread does."""
        if self.hashing.acquire(blocking=False):
            try:
                while self.stride and self.hashed // self.stride + 1 in self.done and not self.sealed:
                    self.hash_to((self.hashed // self.stride + 1) * self.stride)
            finally:
                self.hashing.release()

    def hash_to(self, end: int) -> None:
        with self.whole.open("rb", buffering=0) as file:
            buffer = memoryview(bytearray(PIECE))
            while self.hashed < end:
                count = os.preadv(file.fileno(), [buffer[: min(PIECE, end - self.hashed)]], self.hashed)
                if not count:
                    raise OSError(f"{self.whole} is shorter than its parts")
                self.digest.update(buffer[:count])
                self.hashed += count

    def assemble(self, parts: Sequence[Part]) -> Assembled | None:
        """The whole, if these parts are all that was sent to it and lie in their places; None if not.

        From then on nothing is written to it.
        """
        size = sum(part.size for part in parts)
        with self.hashing:
            with self.lock:
                if not self.is_whole(parts):
                    return None
                self.sealed = True
            if self.sealed_as is None:
                with full_disk_told():
                    self.close_up(parts[-1], size)
                self.sealed_as = tuple(part.file for part in parts)
            self.hash_to(size)
            return Assembled(self.whole, self.digest, size)

    def is_whole(self, parts: Sequence[Part]) -> bool:
        if self.sealed and self.sealed_as != tuple(part.file for part in parts):
            return False
        in_place = [part.number for part in parts if part.file == WHOLE]
        in_order = [part.number for part in parts] == list(range(1, len(parts) + 1))
        return (
            in_order and bool(in_place) and not self.writing and self.done == set(in_place)
            and len(in_place) >= len(parts) - 1 and parts[0].file == WHOLE and parts[-1].size <= (self.stride or 0)
            and all(part.file == WHOLE for part in parts[:-1])
        )  # fmt: skip

    def close_up(self, last: Part, size: int) -> None:
        """Lay the last part behind the others, and cut off what a broken-off one left after it."""
        descriptor = os.open(self.whole, os.O_RDWR)
        try:
            if last.file != WHOLE:
                with (self.folder / last.file).open("rb", buffering=0) as file:
                    at, buffer = size - last.size, memoryview(bytearray(PIECE))
                    while count := file.readinto(buffer):
                        view = buffer[:count]
                        while view:
                            written = os.pwrite(descriptor, view, at)
                            at, view = at + written, view[written:]
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def place_of(self, part: Part) -> tuple[Path, int]:
        """The file in which a part lies, and from where."""
        return self.folder / part.file, (part.number - 1) * part.size if part.file == WHOLE else 0


class Gatherings:
    """All uploads in parts of a hub; one process at a time uses their folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: dict[UUID, Gathering] = {}
        self.lock = threading.Lock()
        self.pool = ThreadPoolExecutor(2, "gatherings")

    def get(self, id: UUID, parts: Callable[[], Iterable[Part]]) -> Gathering:
        """The upload's gathering; `parts` are asked for where this process does not know them yet."""
        with self.lock:
            if id not in self.open:
                folder = self.folder / id.hex
                with full_disk_told():
                    make_folder(folder)
                self.open[id] = Gathering(folder, parts(), self.pool)
            return self.open[id]

    def discard(self, id: UUID) -> None:
        """Forget an upload's bytes; one that is not there is no error."""
        with self.lock:
            self.open.pop(id, None)
        shutil.rmtree(self.folder / id.hex, ignore_errors=True)

    def ids(self) -> list[UUID]:
        """Every upload of which there are bytes."""
        return [UUID(one.name) for one in self.folder.iterdir()] if self.folder.is_dir() else []
