"""Bodies named by their sha256: large ones as files of their own, small ones many to a pack, behind one reader.

No two arrivals ever share a file: what is kept gets a name of its own, so that a file that the collector takes away
can never be one that somebody has just been told is there.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assethub.domain.errors import Invalid
from assethub.storage.backend import PIECE, Backend, Writer
from assethub.storage.originals import Link, check_original, read_original

LINKED = ""  # the file of a body that lies where it was found, and nowhere in the store


@dataclass(frozen=True)
class Location:
    """Where a body lies: in the file of this name from an offset on, alone or with others; or where a link leads."""

    sha256: str
    size: int
    pack: str
    offset: int = 0
    link: Link | None = None


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
        name = f"{sha256}.{secrets.token_hex(4)}"
        self.writer.keep(key_of(name))
        return Location(sha256, self.size, name)

    def discard(self) -> None:
        self.writer.discard()


class Contents:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def incoming(self) -> Incoming:
        return Incoming(self.backend.writer())

    def adopt(self, file: Path, digest: "hashlib._Hash", size: int) -> Incoming:
        """A body that lies in a local file, whole, durable and hashed already."""
        incoming = Incoming(self.backend.adopt(file))
        incoming.digest, incoming.size = digest, size
        return incoming

    def keep_pack(self, bodies: Iterable[tuple[str, bytes]]) -> list[Location]:
        """Keep many small bodies as one pack; Invalid if one is not what its sha256 says, and nothing is kept."""
        writer = self.backend.writer()
        try:
            name = secrets.token_hex(16)
            placed: list[Location] = []
            offset = 0
            waiting = bytearray()  # small bodies reach the disk together
            for sha256, body in bodies:
                check_body(sha256, body)
                waiting += body
                if len(waiting) >= PIECE:
                    writer.write(bytes(waiting))
                    waiting.clear()
                placed.append(Location(sha256, len(body), name, offset))
                offset += len(body)
            if placed:
                writer.write(bytes(waiting))
                writer.keep(key_of(name))
            return placed
        finally:
            writer.discard()

    def drop(self, name: str) -> None:
        """Remove a file that was kept and that no row has named."""
        self.backend.delete(key_of(name))

    def check(self, where: Location) -> None:
        """KeyError (LinkBroken for a linked body) if it is gone or cut off; its bytes are not read."""
        if where.link is not None:
            check_original(where.link, where.size)
            return
        key = key_of(where.pack)
        if self.backend.size(key) < where.offset + where.size:
            raise KeyError(f"{key} is cut off")

    def file_of(self, where: Location) -> str | None:
        """Where below a folder of this machine the body is a file of its own; None if it is not."""
        alone = where.link is None and "." in where.pack
        return key_of(where.pack) if alone and self.backend.local else None

    def read(self, where: Location, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The body's bytes from start up to end. KeyError (LinkBroken for a linked body) if it is gone."""
        stop = where.size if end is None else min(end, where.size)
        if where.link is not None:
            return read_original(where.link, where.size, start, stop)
        return self.backend.read(key_of(where.pack), where.offset + start, where.offset + stop)


def check_body(sha256: str, body: bytes) -> None:
    """Invalid if the body is not what its sha256 says."""
    found = hashlib.sha256(body).hexdigest()
    if found != sha256:
        raise Invalid(f"A content that was announced with the sha256 {sha256} has {found}; send it again.")


def key_of(name: str) -> str:
    """A file's key: one that holds a single body begins with its sha256, so that it can be told without the rows."""
    return f"{'objects' if '.' in name else 'packs'}/{name[:2]}/{name}"
