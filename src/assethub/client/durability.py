"""Making what was written durable: few files one by one, many by one sync of their file system."""

import ctypes
import os
import threading
import time
from collections.abc import Iterable

from assethub.client.lanes import Count

FEW = 32  # files that are synced one by one: a file system may have others' data to write
EVERY = 5.0  # seconds of work that a crash of the machine may undo


class Durability:
    """What a download wrote, and did not sync yet; it counts as done once it is durable."""

    def __init__(self, count: Count) -> None:
        self.count = count
        self.writing = threading.Lock()  # several threads that write small files only wait for one another
        self.lock = threading.Lock()
        self.files: list[str] = []
        self.folders: set[str] = set()
        self.size = 0
        self.synced = time.monotonic()

    def wrote(self, files: Iterable[str], folders: Iterable[str], size: int) -> None:
        with self.lock:
            self.files += files
            self.folders.update(folders)
            self.size += size
            if time.monotonic() - self.synced > EVERY:
                self.sync_now()

    def sync(self) -> None:
        with self.lock:
            self.sync_now()

    def sync_now(self) -> None:
        if len(self.files) <= FEW or not sync_file_systems(self.folders):
            for path in (*self.files, *self.folders):
                sync_path(path)
        self.count.add(self.size)
        self.files, self.folders, self.size = [], set(), 0
        self.synced = time.monotonic()


def sync_path(path: str) -> None:
    if os.name == "nt" and os.path.isdir(path):  # noqa: PTH112
        return  # Windows has no such thing
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_systems(folders: Iterable[str]) -> bool:
    """Sync the file systems of these folders; False where the system cannot."""
    syncfs = getattr(ctypes.CDLL(None), "syncfs", None) if os.name == "posix" else None
    if syncfs is None:
        return False
    devices: dict[int, str] = {}
    for folder in folders:
        devices.setdefault(os.stat(folder).st_dev, folder)  # noqa: PTH116
    for folder in devices.values():
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if syncfs(descriptor) != 0:
                return False
        finally:
            os.close(descriptor)
    return True
