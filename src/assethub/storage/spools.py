"""Files in which large contents are gathered part by part before they are kept; they outlive the process."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from assethub.domain.errors import Conflict, Invalid
from assethub.domain.uploads import OpenUpload
from assethub.storage.backend import PIECE
from assethub.storage.filesystem import full_disk_told, make_folder, sync_folder


class Spool:
    """One content as it is gathered. A part that is done never changes again, so it may be hashed at once."""

    def __init__(self, path: Path, upload: OpenUpload, done: Iterable[int], pool: ThreadPoolExecutor) -> None:
        self.path, self.upload, self.pool = path, upload, pool
        self.done = set(done)
        self.writers: dict[int, PartWriter] = {}
        self.lock = threading.Lock()
        self.hashing = threading.Lock()
        self.digest = hashlib.sha256()
        self.hashed = 0
        self.finishing: Future[None] | None = None

    def begin(self, number: int) -> "PartWriter | None":
        """A writer of the part, which ends every earlier one's work; None if the part is done."""
        start, end = self.upload.span(number)
        with self.lock:
            if number in self.done:
                return None
            earlier = self.writers.get(number)
            if earlier is not None:
                earlier.stop()
            self.writers[number] = PartWriter(self, number, start, end)
            return self.writers[number]

    def end(self, writer: "PartWriter") -> None:
        """Note that the part is durable, and hash what can be hashed."""
        with self.lock:
            if not writer.live:
                raise taken_over(writer.number)
            writer.stop()
            del self.writers[writer.number]
            self.done.add(writer.number)
        self.pool.submit(self.follow)

    def follow(self) -> None:
        """Hash ahead, unless another thread does; what goes wrong here is told when all is finished."""
        if self.hashing.acquire(blocking=False):
            try:
                self.hash_done()
            finally:
                self.hashing.release()

    def hash_on(self) -> None:
        with self.hashing:
            self.hash_done()

    def hash_done(self) -> None:
        """Hash the done parts that follow on what is hashed."""
        with self.path.open("rb", buffering=0) as file:
            buffer = memoryview(bytearray(PIECE))
            while self.hashed < self.upload.size and self.hashed // self.upload.part_size in self.done:
                _, end = self.upload.span(self.hashed // self.upload.part_size)
                while self.hashed < end:
                    count = os.preadv(file.fileno(), [buffer[: min(PIECE, end - self.hashed)]], self.hashed)
                    if not count:
                        raise OSError(f"{self.path} is shorter than its parts")
                    self.digest.update(buffer[:count])
                    self.hashed += count

    def missing(self) -> list[int]:
        return [number for number in range(self.upload.count) if number not in self.done]

    def finish(self, work: Callable[[], None]) -> "Future[None]":
        """The work under way in the background; it is begun once, and again after it went wrong."""
        with self.lock:
            failed = self.finishing is not None and self.finishing.done() and self.finishing.exception() is not None
            if self.finishing is None or failed:
                self.finishing = self.pool.submit(work)
            return self.finishing

    def discard(self) -> None:
        with self.lock:
            for writer in self.writers.values():
                writer.stop()
            self.writers.clear()
        self.path.unlink(missing_ok=True)


class PartWriter:
    """One part on its way in."""

    def __init__(self, spool: Spool, number: int, start: int, end: int) -> None:
        self.spool, self.number, self.start, self.end = spool, number, start, end
        self.size = 0
        self.live = True
        self.lock = threading.Lock()
        self.descriptor = os.open(spool.path, os.O_WRONLY)

    def write(self, data: bytes) -> None:
        if self.start + self.size + len(data) > self.end:
            raise Invalid(f"Part {self.number} has {self.end - self.start} bytes, and more arrived.")
        with self.lock, full_disk_told():
            if not self.live:
                raise taken_over(self.number)
            view = memoryview(data)
            while view:
                written = os.pwrite(self.descriptor, view, self.start + self.size)
                self.size += written
                view = view[written:]

    def keep(self) -> None:
        """Make the part durable. Invalid if it is not whole, Conflict if another writer took over."""
        if self.size != self.end - self.start:
            raise Invalid(f"Part {self.number} has {self.end - self.start} bytes, and {self.size} arrived.")
        with full_disk_told():
            os.fdatasync(self.descriptor)
        self.spool.end(self)

    def stop(self) -> None:
        with self.lock:
            self.live = False

    def discard(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Spools:
    """The spools of a hub; one process at a time uses their folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: dict[UUID, Spool] = {}
        self.lock = threading.Lock()
        self.pool = ThreadPoolExecutor(2, "spools")

    def get(self, upload: OpenUpload, done: Iterable[int]) -> Spool:
        """The upload's spool; of the parts that are said to be done, those count that are there."""
        with self.lock:
            if upload.id not in self.open:
                path = self.folder / str(upload.id)
                if not path.exists():
                    done = ()
                    with full_disk_told():
                        make_folder(self.folder)
                        path.touch(0o600)
                        sync_folder(self.folder)
                self.open[upload.id] = Spool(path, upload, done, self.pool)
            return self.open[upload.id]

    def discard(self, id: UUID) -> None:
        """Forget an upload's bytes; one that is not there is no error."""
        with self.lock:
            spool = self.open.pop(id, None)
        if spool is not None:
            spool.discard()
        (self.folder / str(id)).unlink(missing_ok=True)

    def ids(self) -> list[UUID]:
        """Every upload that has a spool."""
        return [UUID(file.name) for file in self.folder.iterdir()] if self.folder.is_dir() else []


def taken_over(number: int) -> Conflict:
    return Conflict(f"Another request sends part {number} now, or the upload was given up.")
