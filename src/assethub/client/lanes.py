"""Jobs side by side: few at a time, few waiting, and all given up when one goes wrong."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self


class Stopped(Exception):
    """Another job went wrong, or the user interrupted; this one need not go on."""


Progress = Callable[[int, int], None]  # (durable bytes, bytes in all)


class Count:
    """Bytes that are durable where they were sent to."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.done, self.progress = total, 0, progress
        self.lock = threading.Lock()

    def add(self, size: int) -> None:
        with self.lock:
            self.done += size
            if self.progress is not None:
                self.progress(self.done, self.total)


class Lanes:
    """A context: its end waits for every job, and raises what went wrong first."""

    def __init__(self, count: int) -> None:
        self.pool = ThreadPoolExecutor(count)
        self.room = threading.BoundedSemaphore(2 * count)
        self.stopping = threading.Event()
        self.error: BaseException | None = None
        self.lock = threading.Lock()

    def submit(self, job: Callable[..., None], *arguments: Any) -> None:
        """Queue a job, once there is room."""
        while not self.room.acquire(timeout=0.5):  # so that an interrupt gets through
            self.check()
        self.check()
        self.pool.submit(self.run, job, *arguments)

    def run(self, job: Callable[..., None], *arguments: Any) -> None:
        try:
            self.check()
            job(*arguments)
        except Stopped:
            pass
        except BaseException as error:
            with self.lock:
                self.error = self.error or error
            self.stopping.set()
        finally:
            self.room.release()

    def check(self) -> None:
        """For jobs: whether to go on."""
        if self.stopping.is_set():
            raise Stopped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.stopping.set()
        try:
            self.pool.shutdown(wait=True, cancel_futures=error is not None)
        except BaseException:
            self.stopping.set()
            raise
        if self.error is not None and (error is None or isinstance(error, Stopped)):
            raise self.error
