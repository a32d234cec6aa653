"""Reading the originals of an import, in threads: hashed, and copied into the store or linked where they are."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event, Lock

from assethub.domain.errors import Conflict, Unavailable
from assethub.domain.imports import Source
from assethub.services.work import Hub
from assethub.storage.contents import LINKED, Location
from assethub.storage.originals import Link
from assethub.storage.sources import Changed, Found, Opened, open_source

SMALL = 1 << 20  # bytes: smaller objects travel in packs


class Stopped(Exception):
    """The import was cancelled, or the hub stops; what was read stays known."""


@dataclass(frozen=True)
class Read:
    """An original and the body that it is; None for a marker of a folder, which is no object."""

    found: Found
    body: Location | None


class Originals:
    """A source while it is read. `read` counts its bytes, `flowing` those of bodies that are under way."""

    def __init__(self, hub: Hub, source: Source, *, link: bool, read: int) -> None:
        if source.url is None or source.removed_at is not None:
            raise Unavailable(f"The source {source.name!r} was removed by an administrator.")
        self.hub, self.source, self.linking = hub, source, link
        self.url = source.url
        self.reader = open_source(source.url)
        self.stop = Event()  # ends the threads
        self.lock = Lock()
        self.flowing, self.read = 0, read

    def fetch(self, unit: list[Found]) -> list[Read]:
        """Read a unit, in a thread; when the import stops, what is read so far is whole."""
        reads: list[Read] = []
        packed: dict[str, bytes] = {}
        small: list[tuple[Found, str]] = []
        for listed in unit:
            if self.stop.is_set():
                break
            try:
                opened = self.reader.open(listed.place)
            except KeyError:
                if listed.size:
                    raise self.moving(listed.place) from None
                reads.append(Read(listed, None))
                continue
            if self.linking or opened.found.size >= SMALL:
                reads.append(self.link(opened) if self.linking else self.copy(opened))
                continue
            body = b"".join(self.flow(opened))
            sha256 = hashlib.sha256(body).hexdigest()
            packed[sha256] = body
            small.append((opened.found, sha256))
        located = {one.sha256: one for one in self.hub.contents.keep_pack(packed.items())}
        return reads + [Read(found, located[sha256]) for found, sha256 in small]

    def link(self, opened: Opened) -> Read:
        digest = hashlib.sha256()
        for piece in self.flow(opened):
            digest.update(piece)
        found = opened.found
        where = Link(self.source.id, self.source.name, self.url, found.place, found.stamp)
        return Read(found, Location(digest.hexdigest(), found.size, LINKED, link=where))

    def copy(self, opened: Opened) -> Read:
        incoming = self.hub.contents.incoming()
        try:
            for piece in self.flow(opened):
                incoming.write(piece)
            return Read(opened.found, incoming.keep())
        finally:
            incoming.discard()

    def flow(self, opened: Opened) -> Iterator[bytes]:
        """The pieces of an original, counted; Stopped in the middle when the import stops."""
        found, size = opened.found, 0
        try:
            for piece in opened.pieces:
                with self.lock:
                    self.read += len(piece)
                    self.flowing += len(piece)
                size += len(piece)
                yield piece
                if self.stop.is_set() and size < found.size:
                    raise Stopped
        except Changed:
            raise self.moving(found.place) from None
        finally:
            with self.lock:
                self.flowing -= size
        if size != found.size:
            raise Unavailable(f"{found.place!r} in the source {self.source.name!r} broke off before its end.")

    def moving(self, place: str) -> Conflict:
        return Conflict(f"{place!r} changed in the source {self.source.name!r} while it was imported; import again.")
