"""Bytes in an S3, Google Cloud or Azure store, by way of a spool on the local disk."""

import logging
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import from_url

from assethub.domain.errors import Invalid, Unavailable
from assethub.storage.backend import PIECE, Kept
from assethub.storage.filesystem import full_disk_told

if TYPE_CHECKING:
    from obstore.store import ObjectStore

log = logging.getLogger("assethub")
WINDOW = 64 << 20  # bytes asked for at once: the store's client gives a request half a minute
PART = 16 << 20  # bytes of a part of a large upload


class SpoolWriter:
    """A body is whole on the local disk before the store sees any of it: nothing half-sent is ever kept."""

    def __init__(self, backend: "ObjectStoreBackend") -> None:
        self.backend = backend
        with full_disk_told():
            self.file = tempfile.NamedTemporaryFile(dir=backend.spool, delete=False)  # noqa: SIM115

    def write(self, data: bytes) -> None:
        with full_disk_told():
            self.file.write(data)

    def keep(self, key: str) -> None:
        if self.file.closed:
            raise ValueError("This body was kept or discarded already.")
        if not self.backend.has(key):
            with full_disk_told():
                self.file.flush()
            self.backend.send(key, Path(self.file.name))
        self.discard()

    def discard(self) -> None:
        self.file.close()
        Path(self.file.name).unlink(missing_ok=True)


class AdoptedFile:
    """A local file that goes to the store as it is."""

    def __init__(self, backend: "ObjectStoreBackend", file: Path) -> None:
        self.backend, self.file = backend, file

    def write(self, data: bytes) -> None:
        raise ValueError("This body is whole already.")

    def keep(self, key: str) -> None:
        if not self.backend.has(key):
            self.backend.send(key, self.file)

    def discard(self) -> None:
        """The file is its owner's."""


class ObjectStoreBackend:
    """`url` is s3://bucket/prefix, gs://… or az://…; keys and endpoints come from the cloud's own variables."""

    local = False

    def __init__(self, url: str, spool: Path) -> None:
        self.url, self.spool = url, spool
        try:
            self.store: ObjectStore = from_url(url)
        except (BaseError, ValueError) as error:
            raise Invalid(f"The store {url!r} cannot be used: {first_line(error)}") from error
        spool.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        for leftover in self.spool.iterdir():
            leftover.unlink(missing_ok=True)

    def writer(self) -> SpoolWriter:
        return SpoolWriter(self)

    def adopt(self, file: Path) -> AdoptedFile:
        return AdoptedFile(self, file)

    def send(self, key: str, file: Path) -> None:
        with self.telling(key):
            obstore.put(self.store, key, file, chunk_size=PART)

    def has(self, key: str) -> bool:
        try:
            self.size(key)
        except KeyError:
            return False
        return True

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        stop = self.size(key) if end is None or end <= start else end
        if stop <= start or end == start:
            return iter(())
        found = self.window(key, start, stop)
        return self.pieces(key, found, min(stop, found.meta["size"]))

    def window(self, key: str, start: int, stop: int) -> "obstore.GetResult":
        with self.telling(key):
            return obstore.get(self.store, key, options={"range": (start, min(start + WINDOW, stop))})

    def pieces(self, key: str, found: "obstore.GetResult", stop: int) -> Iterator[bytes]:
        while True:
            with self.telling(key):
                for piece in found.stream(min_chunk_size=PIECE):
                    view = memoryview(piece)
                    for at in range(0, len(view), PIECE):
                        yield bytes(view[at : at + PIECE])
            if found.range[1] >= stop:
                return
            found = self.window(key, found.range[1], stop)

    def size(self, key: str) -> int:
        with self.telling(key):
            return obstore.head(self.store, key)["size"]

    def list(self, prefix: str) -> Iterator[Kept]:
        with self.telling(prefix):
            for page in obstore.list(self.store, prefix, chunk_size=1000):
                for one in page:
                    yield Kept(one["path"], one["size"], one["last_modified"])

    def delete(self, key: str) -> None:
        with self.telling(key):
            obstore.delete(self.store, key)

    def refuses_overwriting(self) -> bool:
        """Whether the store keeps a body from being written over, as a conditional PUT asks for."""
        key = f"probe-{secrets.token_hex(8)}"
        with self.telling(key):
            obstore.put(self.store, key, b"first")
            try:
                obstore.put(self.store, key, b"second", mode="create", use_multipart=False)
            except AlreadyExistsError:
                return True
            except BaseError as error:
                log.info("a conditional PUT was refused: %s", first_line(error))
            finally:
                obstore.delete(self.store, key)
        return False

    def telling(self, key: str) -> "Telling":
        return Telling(self.url, key)


class Telling:
    """Turns what a store says into KeyError for what is not there, and into a sentence for the rest."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FileNotFoundError):
            raise KeyError(self.key) from None
        if isinstance(error, BaseError):
            raise Unavailable(f"The object store {self.url} does not do its work: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
