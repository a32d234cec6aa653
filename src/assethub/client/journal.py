"""What is known of files by their size, times and inode, so that a command that is repeated hashes nothing twice.

One file of lines per folder, in the user's cache: each line is `checksum size mtime ctime inode sha256 path`, appended
and never changed. A line that was cut off is none, so whatever a crash leaves is an earlier state.
"""

import hashlib
import logging
import os
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger("assethub.client")
RACY = 2_000_000_000  # ns: a file modified so shortly before it was read may change again with the same times
AT_ONCE = 512  # lines in one write
SPARE = 1000  # lines that were overtaken, before the file is written anew
FORGOTTEN = 90 * 24 * 3600.0  # seconds without use


class Known(NamedTuple):
    size: int
    mtime: int
    ctime: int
    inode: int
    sha256: str


def identity(found: os.stat_result) -> tuple[int, int, int, int]:
    """Equal for a file that did not change."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def unchanged(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether nothing was written between the two; names and rights may be other ones."""
    return (one.st_size, one.st_mtime_ns, one.st_ino) == (other.st_size, other.st_mtime_ns, other.st_ino)


def line(path: bytes, known: Known) -> bytes:
    text = b"%d %d %d %d %s %s" % (*known[:4], known.sha256.encode(), path)
    return b"%08x %s\n" % (zlib.crc32(text), text)


def parse(data: bytes) -> tuple[dict[bytes, Known], int]:
    """What whole lines say, later ones over earlier ones; and how many lines there are."""
    known: dict[bytes, Known] = {}
    lines = data.split(b"\n")[:-1]
    for one in lines:
        if len(one) > 9 and one[:8] == b"%08x" % zlib.crc32(one[9:]):
            size, mtime, ctime, inode, sha256, path = one[9:].split(b" ", 5)
            known[path] = Known(int(size), int(mtime), int(ctime), int(inode), sha256.decode())
    return known, len(lines)


class Journal:
    """The hashes of the files below a folder. A cache: when it cannot be kept, that is logged and nothing is lost."""

    def __init__(self, base: str, folder: Path | None = None) -> None:
        name = hashlib.sha256(os.fsencode(Path(base).resolve())).hexdigest()[:32]
        self.file = (folder or cache_folder() / "hashes") / name
        self.pending: list[bytes] = []
        self.known: dict[bytes, Known] = {}
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            log.warning("hashes of earlier uploads cannot be read: %s", error)
            data = b""
        self.known, lines = parse(data)
        self.torn = bool(data) and not data.endswith(b"\n")
        self.overtaken = lines - len(self.known)

    def find(self, path: str, found: os.stat_result) -> str | None:
        """The sha256 of a file that did not change since it was hashed."""
        known = self.known.get(os.fsencode(path))
        return known.sha256 if known is not None and known[:4] == identity(found) else None

    def add(self, path: str, found: os.stat_result, sha256: str, began: int) -> None:
        """Remember a hash whose reading began at `began` (ns), unless the file is too fresh to be trusted."""
        name = os.fsencode(path)
        if b"\n" in name or began - max(found.st_mtime_ns, found.st_ctime_ns) < RACY:
            return
        known = Known(*identity(found), sha256)
        self.overtaken += name in self.known
        self.known[name] = known
        self.pending.append(line(name, known))
        if len(self.pending) >= AT_ONCE:
            self.save()

    def save(self) -> None:
        """Append what is new; when most lines were overtaken, write the file anew."""
        if not self.pending:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if self.overtaken > len(self.known) + SPARE:
                self.rewrite(self.known)
            else:
                fresh = not self.file.exists()
                with self.file.open("ab", buffering=0) as file:
                    file.write((b"\n" if self.torn else b"") + b"".join(self.pending))
                if fresh:
                    self.forget_old()
            self.torn = False
        except OSError as error:
            log.warning("hashes of this upload are not remembered: %s", error)
        self.pending.clear()

    def rewrite(self, known: Mapping[bytes, Known]) -> None:
        fresh = self.file.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(b"".join(line(path, one) for path, one in known.items()))
        fresh.replace(self.file)
        self.overtaken = 0

    def forget_old(self) -> None:
        """Remove the journals of folders that were not used for long."""
        before = time.time() - FORGOTTEN
        for other in self.file.parent.iterdir():
            with suppress(FileNotFoundError):
                if other.stat().st_mtime < before:
                    other.unlink()


def cache_folder() -> Path:
    own, shared = os.environ.get("ASSETHUB_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(own) if own else (Path(shared) if shared else Path.home() / ".cache") / "assethub"
