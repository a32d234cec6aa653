"""Processes that decode tables for the hub: what a file does to one of them does nothing to the hub."""

import json
import os
import subprocess
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from typing import Any, BinaryIO, TypeVar, cast

from pydantic import BaseModel

from assethub.domain.errors import Invalid, Unavailable

WORKER = "assethub.services.table_worker"
MOST_ANSWER = 64 << 20  # bytes of one answer
SECONDS = 10.0  # that one answer may take
FRESH = 240.0  # seconds without a question after which it is not asked any more; it goes after 300
MOST_WAITING = 8  # requests that wait for one
WAIT = 20.0  # seconds for a process that is free
DIED = "This file cannot be shown as a table: decoding it takes more memory than is allowed, or it is damaged."
TOO_LONG = "This table takes too long to be looked through; ask for fewer columns, or download it."
ALL_BUSY = "The hub is looking through other tables; try again in a moment."

LARGEST_KEPT = 256 << 10  # characters of an answer that is kept
KEPT_ANSWERS = 256
T = TypeVar("T", bound=BaseModel)


class Reader:
    """One process, which answers one question after the other."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        command = [sys.executable, "-P", "-m", WORKER, str(theirs.fileno())]
        environment = {"PYTHONPATH": os.pathsep.join(sys.path)}  # and none of the hub's secrets
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()], env=environment,
        )  # fmt: skip
        theirs.close()
        self.going, self.since = False, time.monotonic()

    def ask(self, asked: Mapping[str, Any], streams: Sequence[BinaryIO]) -> bytes:
        """What it says, while it is given the ranges that it asks for; EOFError or OSError if it died."""
        until = time.monotonic() + SECONDS
        self.connection.send_bytes(json.dumps(asked).encode())
        while self.connection.poll(max(until - time.monotonic(), 0)):
            said = self.connection.recv_bytes(MOST_ANSWER)
            if not said.startswith(b"R"):
                self.going, self.since = said[:1].islower(), time.monotonic()
                return said
            number, start, end = json.loads(said[1:])
            self.connection.send_bytes(piece_of(streams[number], start, end))
        raise Invalid(TOO_LONG)

    @property
    def stale(self) -> bool:
        """Whether it ended, or will soon since nobody asked it for long."""
        return self.process.poll() is not None or time.monotonic() - self.since > FRESH

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.wait()


def piece_of(stream: BinaryIO, start: int, end: int) -> bytes:
    """The bytes; none if no more may be fetched."""
    try:
        stream.seek(start)
        return stream.read(end - start)
    except Invalid:
        return b""


class Readers:
    """The processes of a hub: begun when they are needed, a few at once."""

    def __init__(self, most: int = 2) -> None:
        self.free: list[Reader] = []
        self.answers: OrderedDict[Hashable, object] = OrderedDict()
        self.turns, self.lock = threading.BoundedSemaphore(most), threading.Lock()
        self.queue = threading.BoundedSemaphore(MOST_WAITING)
        self.closing = weakref.finalize(self, stop_all, self.free)

    def ask(self, asked: Mapping[str, Any], streams: Sequence[BinaryIO]) -> Any:
        """An answer about the tables in these streams. Invalid says in a sentence why there is none."""
        with self.reader() as reader:
            said = reader.ask(asked, streams)
        if said[:1] in b"Aa":
            return json.loads(said[1:])
        raise Invalid(said[1:].decode("utf-8", "replace"))

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for the key before, or is made now; of what depends on contents alone."""
        with self.lock:
            if key in self.answers:
                self.answers.move_to_end(key)
                return cast(T, self.answers[key])
        made = make()
        if len(made.model_dump_json()) > LARGEST_KEPT:
            return made
        with self.lock:
            self.answers[key] = made
            while len(self.answers) > KEPT_ANSWERS:
                self.answers.popitem(last=False)
        return made

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """One that is free; it is stopped instead of kept if anything goes wrong with it."""
        if not self.queue.acquire(blocking=False):
            raise Unavailable(ALL_BUSY)
        try:
            if not self.turns.acquire(timeout=WAIT):
                raise Unavailable(ALL_BUSY)
        finally:
            self.queue.release()
        try:
            with self.lock:
                one = self.free.pop() if self.free else None
            if one is not None and one.stale:
                one.stop()
                one = None
            one = one or Reader()
            try:
                yield one
            except (EOFError, OSError, ValueError, KeyError, IndexError, TypeError) as error:
                one.stop()
                raise Invalid(DIED) from error
            except BaseException:
                one.stop()
                raise
            if one.going:
                one.stop()
            else:
                with self.lock:
                    self.free.append(one)
        finally:
            self.turns.release()

    def close(self) -> None:
        self.closing()


def stop_all(readers: list[Reader]) -> None:
    while readers:
        readers.pop().stop()
