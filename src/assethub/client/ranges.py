"""One large file on its way to this machine, in ranges side by side; a journal beside it says which are durable."""

import hashlib
import os
import threading
from pathlib import Path
from typing import IO

from assethub.client.errors import Unreachable
from assethub.domain.errors import Invalid

RANGE = 32 << 20  # bytes
PIECE = 1 << 20


def partial(place: Path, tag: str) -> Path:
    """A name for what is not whole yet: different for every file of a folder, and never too long."""
    start = place.name.encode()[:60].decode(errors="ignore")
    return place.with_name(f".{start}.{hashlib.sha256(f'{tag}/{place.name}'.encode()).hexdigest()[:16]}.part")


def durable(journal: bytes, header: str) -> set[int]:
    """The ranges that whole lines of a journal name; what was cut off, or is another file's, says nothing."""
    lines = journal.split(b"\n")[:-1]
    if not lines or lines[0] != header.encode():
        return set()
    return {int(line) for line in lines[1:] if line.isdigit()}


class Gathering:
    """A file in the making. Ranges may be written from several threads; each knows where its own lies."""

    def __init__(self, place: Path, sha256: str, size: int) -> None:
        self.place, self.sha256, self.size = place, sha256, size
        place.parent.mkdir(parents=True, exist_ok=True)
        self.part = partial(place, sha256)
        self.part.open("ab").close()
        self.journal = self.open_journal()
        self.lock, self.hashing = threading.Lock(), threading.Lock()
        self.digest = hashlib.sha256()
        self.hashed = 0

    def open_journal(self) -> IO[bytes]:
        """The journal with its whole lines; Invalid while another process writes the same file."""
        journal = self.part.with_suffix(".ranges").open("a+b", buffering=0)
        if not lock(journal):
            journal.close()
            raise Invalid(f"Another download writes {self.place}; wait for its end.")
        header = f"{self.size} {RANGE}"
        journal.seek(0)
        known = durable(journal.read(), header)
        there = self.part.stat().st_size
        self.done = {number for number in known if number < self.count and self.span(number)[1] <= there}
        journal.truncate(0)
        journal.write("".join(f"{line}\n" for line in (header, *sorted(self.done))).encode())
        return journal

    @property
    def count(self) -> int:
        return -(-self.size // RANGE)

    def span(self, number: int) -> tuple[int, int]:
        return number * RANGE, min((number + 1) * RANGE, self.size)

    def missing(self) -> list[int]:
        return [number for number in range(self.count) if number not in self.done]

    def open(self, at: int) -> IO[bytes]:
        """The file for one writer, from this byte on."""
        file = self.part.open("r+b", buffering=0)
        file.seek(at)
        return file

    def keep(self, number: int, file: IO[bytes]) -> bool:
        """Make a range durable, then note it; whether all are."""
        os.fsync(file.fileno())
        with self.lock:
            self.journal.write(b"%d\n" % number)
            self.done.add(number)
            whole = len(self.done) == self.count
        if not whole and self.hashing.acquire(blocking=False):
            try:
                self.hash_done()
            finally:
                self.hashing.release()
        return whole

    def hash_done(self) -> None:
        """Hash the ranges that follow on what is hashed."""
        buffer = memoryview(bytearray(PIECE))
        with self.part.open("rb", buffering=0) as file:
            file.seek(self.hashed)
            while self.hashed < self.size and self.hashed // RANGE in self.done:
                count = file.readinto(buffer[: self.span(self.hashed // RANGE)[1] - self.hashed])
                if not count:
                    break  # somebody cut the file; the hash will tell
                self.digest.update(buffer[:count])
                self.hashed += count

    def finish(self, path: str) -> None:
        """Put the file into its place, once it is sure that it is what it should be."""
        with self.hashing:
            self.hash_done()
        found = self.digest.hexdigest()
        self.close()
        if found == self.sha256:
            self.part.replace(self.place)
        else:
            self.part.unlink(missing_ok=True)
        self.part.with_suffix(".ranges").unlink(missing_ok=True)
        if found != self.sha256:
            raise Unreachable(f"{path!r} arrived damaged: its sha256 is {found[:8]}…, not {self.sha256[:8]}….")

    def close(self) -> None:
        self.journal.close()


def write_all(file: IO[bytes], data: bytes) -> None:
    """Write to an unbuffered file, which may take only some of it at a time; a full disk raises."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def lock(file: IO[bytes]) -> bool:
    """Take a file for this process, where the system knows how."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
