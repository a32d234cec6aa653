"""A folder of the server as a source: nothing outside it is ever opened, whatever links say."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from assethub.domain.errors import Invalid, Unavailable
from assethub.storage.backend import PIECE
from assethub.storage.sources import Changed, Found, Opened

TICK = 0.02  # seconds: longer than a file system's clock stands still
LATEST = 253_402_300_799  # seconds: the end of the year 9999, behind which Python knows no time
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not hold us


class FolderSource:
    def __init__(self, root: str) -> None:
        self.root = root

    def list(self, place: str) -> Iterator[Found]:
        place = place.strip("/")
        real = self.inside(place)
        try:
            status = os.lstat(real)
        except (FileNotFoundError, NotADirectoryError):
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self.walk(place, real, (real,))
        else:
            yield found_of(place, status)

    def walk(self, place: str, folder: str, above: tuple[str, ...]) -> Iterator[Found]:
        """All below a real folder, in the order of names; `above` are the folders that a link may not lead back to."""
        with telling(place or self.root), os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            here, full = f"{place}/{name}" if place else name, f"{folder}/{name}"
            try:
                status = os.lstat(full)
            except FileNotFoundError:
                continue  # it went away since the folder was read
            if stat.S_ISLNK(status.st_mode):
                full = self.inside(here)
                try:
                    status = os.lstat(full)
                except FileNotFoundError:
                    raise Invalid(f"{here!r} is a symbolic link that leads nowhere.") from None
            if not stat.S_ISDIR(status.st_mode):
                yield found_of(here, status)
            elif full in above:
                raise Invalid(f"{here!r} is a symbolic link that leads back to a folder above it.")
            else:
                yield from self.walk(here, full, (*above, full))

    def inside(self, place: str) -> str:
        """The real path of a place. Invalid if links lead out of the source."""
        real = os.path.realpath(f"{self.root}/{place}")
        if real != self.root and not real.startswith(self.root.rstrip("/") + "/"):
            raise Invalid(f"{place!r} is a symbolic link, or lies below one, that leads out of the source.")
        return real

    def stat(self, place: str) -> Found:
        descriptor = self.descriptor(place)
        try:
            return found_of(place, os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def open(self, place: str, start: int = 0, end: int | None = None, *, stamp: str | None = None) -> Opened:
        descriptor = self.descriptor(place)
        try:
            status = os.fstat(descriptor)
            found = found_of(place, status)
            if stamp is not None and stamp != found.stamp:
                raise Changed(place)
            if stamp is None and time.time() - status.st_ctime < TICK:
                time.sleep(TICK)  # a change in the same tick would have the same stamp: let it be over before reading
        except BaseException:
            os.close(descriptor)
            raise
        return Opened(found, pieces(descriptor, found, start, found.size if end is None else min(end, found.size)))

    def descriptor(self, place: str) -> int:
        """The opened file, reached from the root folder by folder, so that no link put there meanwhile is followed."""
        parts = self.inside(place)[len(self.root) :].strip("/").split("/")
        with telling(place):
            at = os.open(self.root, FOLDER)
            try:
                for part in parts[:-1]:
                    above, at = at, os.open(part, FOLDER, dir_fd=at)
                    os.close(above)
                return os.open(parts[-1], FILE, dir_fd=at)
            finally:
                os.close(at)


def pieces(descriptor: int, found: Found, start: int, end: int) -> Iterator[bytes]:
    try:
        while True:
            with telling(found.place):
                piece = os.pread(descriptor, min(PIECE, max(end - start, 0)), start)
                start += len(piece)
                over = start >= end or not piece
                if over and (start < end or stamp_of(os.fstat(descriptor)) != found.stamp):
                    raise Changed(found.place)
            if piece:
                yield piece
            if over:
                return
    finally:
        os.close(descriptor)


def stamp_of(status: os.stat_result) -> str:
    """The time of the last change of the inode moves even where the modified time is set back."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def found_of(place: str, status: os.stat_result) -> Found:
    if not stat.S_ISREG(status.st_mode):
        raise Invalid(f"{place!r} is not a file but a pipe, a socket or a device; it cannot be imported.")
    modified = min(max(status.st_mtime, 0), LATEST)
    return Found(place, status.st_size, stamp_of(status), datetime.fromtimestamp(modified, UTC))


@contextmanager
def telling(place: str) -> Iterator[None]:
    """Turns what the system says into KeyError for what is not there, and into a sentence for the rest."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise KeyError(place) from None
    except OSError as error:
        raise Unavailable(f"{place!r} cannot be read: {error.strerror}.") from error
