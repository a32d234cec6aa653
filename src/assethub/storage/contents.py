"""Bodies named by their sha256: whole ones as blobs, small ones many to a pack, behind one reader."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assethub.domain.errors import Invalid
from assethub.storage.backend import Backend, Writer


@dataclass(frozen=True)
class Location:
    """Where a body lies: in a pack from an offset on, or (no pack) as a blob of its own."""

    sha256: str
    size: int
    pack: str | None = None
    offset: int = 0


class Incoming:
    """A body as it arrives: written and hashed piece by piece, kept only if it is what was announced."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.digest.update(data)
        self.size += len(data)
        self.writer.write(data)

    def keep(self, expected: str | None = None) -> Location:
        """Keep the body; Invalid if it has another sha256 than expected."""
        sha256 = self.digest.hexdigest()
        if expected is not None and sha256 != expected:
            self.writer.discard()
            raise Invalid(
                f"The content that arrived has the sha256 {sha256}, not {expected} as announced; send it again."
            )
        self.writer.keep(blob_key(sha256))
        return Location(sha256, self.size)

    def discard(self) -> None:
        self.writer.discard()


class Contents:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def incoming(self) -> Incoming:
        return Incoming(self.backend.writer())

    def keep_pack(self, bodies: Iterable[tuple[str, bytes]]) -> list[Location]:
        """Keep many small bodies as one pack; Invalid if one is not what its sha256 says, and nothing is kept."""
        writer = self.backend.writer()
        try:
            pack = hashlib.sha256()
            placed: list[tuple[str, int, int]] = []
            offset = 0
            for sha256, body in bodies:
                found = hashlib.sha256(body).hexdigest()
                if found != sha256:
                    raise Invalid(f"A content that was announced with the sha256 {sha256} has {found}; send it again.")
                writer.write(body)
                pack.update(body)
                placed.append((sha256, offset, len(body)))
                offset += len(body)
            name = pack.hexdigest()
            if placed:
                writer.keep(pack_key(name))
            return [Location(sha256, size, name, at) for sha256, at, size in placed]
        finally:
            writer.discard()

    def check(self, where: Location) -> None:
        """KeyError if the body's blob or pack is gone or too short to hold it; its bytes are not read."""
        key = pack_key(where.pack) if where.pack else blob_key(where.sha256)
        if self.backend.size(key) < where.offset + where.size:
            raise KeyError(f"{key} is cut off")

    def read(self, where: Location, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The body's bytes from start up to end. KeyError if its blob or pack is gone."""
        stop = where.size if end is None else min(end, where.size)
        key = pack_key(where.pack) if where.pack else blob_key(where.sha256)
        return self.backend.read(key, where.offset + start, where.offset + stop)


def blob_key(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def pack_key(name: str) -> str:
    return f"packs/{name[:2]}/{name}"
