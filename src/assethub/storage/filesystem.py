"""Bytes on the local disk: written beside their place, synced, then renamed, so a crash leaves all or nothing."""

import errno
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from assethub.domain.errors import Full
from assethub.storage.backend import PIECE, Kept

NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

SYNCED: set[Path] = set()  # folders that this process has seen to
MAKING = threading.Lock()


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Turns the system's "no space left" into a sentence for whoever sent the bytes."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise Full(
                "The hub's disk is full, so nothing of this was stored. Free some space on it and send it again."
            ) from error
        raise


class FileWriter:
    def __init__(self, root: Path) -> None:
        self.root = root
        with full_disk_told():
            self.descriptor, name = tempfile.mkstemp(dir=root / "incoming")
        self.temporary: Path | None = Path(name)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        with full_disk_told():
            while view:
                view = view[os.write(self.descriptor, view) :]

    def keep(self, key: str) -> None:
        if self.temporary is None:
            raise ValueError("This body was kept or discarded already.")
        target = self.root / key
        with full_disk_told():
            if not target.exists():
                os.fsync(self.descriptor)
                make_folder(target.parent)
                self.temporary.chmod(0o440)
                self.temporary.rename(target)
                self.temporary = None
            sync_folder(target.parent)  # also when it is another's, who may not have come to this yet
        self.discard()

    def discard(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
        if self.temporary is not None:
            self.temporary.unlink(missing_ok=True)
            self.temporary = None


class AdoptedFile:
    """A synced file in the backend's own file system; it is kept by a second name, and no byte is copied."""

    def __init__(self, root: Path, file: Path) -> None:
        self.root, self.file = root, file

    def write(self, data: bytes) -> None:
        raise ValueError("This body is whole already.")

    def keep(self, key: str) -> None:
        target = self.root / key
        with full_disk_told():
            if not target.exists():
                make_folder(target.parent)
                self.file.chmod(0o440)
                os.utime(self.file)  # what is kept is new, however long its parts have waited
                self.give_name(target)
                sync_folder(target.parent)

    def give_name(self, target: Path) -> None:
        try:
            target.hardlink_to(self.file)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            self.file.rename(target)

    def discard(self) -> None:
        """The file is its owner's."""


class FilesystemBackend:
    local = True

    def __init__(self, root: Path) -> None:
        self.root = root
        make_folder(root / "incoming")

    def sweep(self) -> None:
        for leftover in (self.root / "incoming").iterdir():
            leftover.unlink(missing_ok=True)

    def writer(self) -> FileWriter:
        return FileWriter(self.root)

    def adopt(self, file: Path) -> AdoptedFile:
        return AdoptedFile(self.root, file)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        try:
            descriptor = os.open(self.root / key, os.O_RDONLY)
        except FileNotFoundError:
            raise KeyError(key) from None
        return pieces(descriptor, start, end)

    def size(self, key: str) -> int:
        try:
            return (self.root / key).stat().st_size
        except FileNotFoundError:
            raise KeyError(key) from None

    def list(self, prefix: str) -> Iterator[Kept]:
        for folder, _, names in os.walk(self.root / prefix):
            for name in names:
                path = Path(folder, name)
                try:
                    found = path.stat()
                except FileNotFoundError:
                    continue
                key = path.relative_to(self.root).as_posix()
                yield Kept(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, key: str) -> None:
        (self.root / key).unlink(missing_ok=True)


def pieces(descriptor: int, start: int, end: int | None) -> Iterator[bytes]:
    try:
        while end is None or start < end:
            piece = os.pread(descriptor, PIECE if end is None else min(PIECE, end - start), start)
            if not piece:
                return
            start += len(piece)
            yield piece
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """The folder with its parents, each known to the disk before anything is put into it, whoever made it."""
    if path in SYNCED:
        return
    with MAKING:
        make_synced(path)


def make_synced(path: Path) -> None:
    if path in SYNCED:
        return
    if not path.is_dir():
        make_synced(path.parent)
        path.mkdir(exist_ok=True)
    sync_folder(path.parent)
    SYNCED.add(path)


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
