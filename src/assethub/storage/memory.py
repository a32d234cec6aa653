"""Bytes in memory, for as long as the process lives."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from assethub.storage.backend import PIECE, Kept


class MemoryWriter:
    def __init__(self, bodies: dict[str, tuple[bytes, datetime]]) -> None:
        self.bodies = bodies
        self.written: bytearray | None = bytearray()

    def write(self, data: bytes) -> None:
        if self.written is not None:
            self.written += data

    def keep(self, key: str) -> None:
        if self.written is None:
            raise ValueError("This body was kept or discarded already.")
        self.bodies.setdefault(key, (bytes(self.written), datetime.now(UTC)))
        self.discard()

    def discard(self) -> None:
        self.written = None


class MemoryBackend:
    local = False

    def __init__(self) -> None:
        self.bodies: dict[str, tuple[bytes, datetime]] = {}

    def sweep(self) -> None:
        """What was not kept is gone with its writer."""

    def writer(self) -> MemoryWriter:
        return MemoryWriter(self.bodies)

    def adopt(self, file: Path) -> MemoryWriter:
        writer = MemoryWriter(self.bodies)
        writer.write(file.read_bytes())
        return writer

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        body = memoryview(self.bodies[key][0])[start:end]
        return (bytes(body[at : at + PIECE]) for at in range(0, len(body), PIECE))

    def size(self, key: str) -> int:
        return len(self.bodies[key][0])

    def list(self, prefix: str) -> Iterator[Kept]:
        for key, (body, at) in list(self.bodies.items()):
            if key.startswith(prefix):
                yield Kept(key, len(body), at)

    def delete(self, key: str) -> None:
        self.bodies.pop(key, None)
