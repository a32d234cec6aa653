"""Versions as one file: packed as tar or zip, and whole histories to carry to another hub."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2

from assethub.client.connection import Connection, asset_url
from assethub.client.errors import Unreachable
from assethub.client.lanes import Count, Progress
from assethub.client.ranges import PIECE
from assethub.domain.errors import Invalid
from assethub.domain.names import AssetPath
from assethub.protocol.archives import CONTENT_TYPE, SIZE_HEADER, ImportedInfo, Reader

PATIENCE = httpx2.Timeout(3600, connect=10)  # the hub looks at all files before the first byte, and after the last
FORMATS = ("tar", "zip")


@dataclass(frozen=True)
class Exported:
    """What an exported file holds."""

    file: Path
    commits: int
    objects: int
    size: int


def save_packed(
    connection: Connection, asset: AssetPath, ref: str, file: Path, prefix: str, format: str | None,
    progress: Progress | None,
) -> Path:  # fmt: skip
    packing = format or file.suffix.removeprefix(".")
    if packing not in FORMATS:
        raise Invalid(f"{file} is neither a .tar nor a .zip; say which with format.")
    url = f"{asset_url(asset)}/archive/{packing}"
    with written_whole(file) as target, incoming(connection, url, target, progress, ref=ref, prefix=prefix) as pieces:
        for _ in pieces:
            pass
    return file


def export_archive(
    connection: Connection, asset: AssetPath, ref: str, file: Path, all: bool, progress: Progress | None
) -> Exported:
    url = f"{asset_url(asset)}/export"
    with written_whole(file) as target, incoming(connection, url, target, progress, ref=ref, all=all) as pieces:
        reader = Reader(pieces)
        try:
            for _ in reader:
                pass
        except Invalid as error:
            raise Unreachable(str(error)) from error
    counts = reader.tally.counts
    return Exported(file, counts["commits"], counts["objects"], counts["bytes"])


def import_archive(connection: Connection, asset: AssetPath, file: Path, progress: Progress | None) -> ImportedInfo:
    size = file.stat().st_size
    headers = {"Content-Length": str(size), "Content-Type": CONTENT_TYPE}
    with file.open("rb") as source:
        answer = connection.request(
            "POST", f"{asset_url(asset)}/import", content=outgoing(source, Count(size, progress)), headers=headers,
            timeout=PATIENCE,
        )  # fmt: skip
    return ImportedInfo.model_validate(answer.json())


def outgoing(source: IO[bytes], count: Count) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece
        count.add(len(piece))


@contextmanager
def incoming(
    connection: Connection, url: str, target: IO[bytes], progress: Progress | None, **params: str | bool
) -> Iterator[Iterator[bytes]]:
    """The answer's bytes, written to the target as they pass."""
    with connection.stream("GET", url, params=params, timeout=PATIENCE) as response:
        total = int(response.headers.get(SIZE_HEADER, 0))

        def passing() -> Iterator[bytes]:
            done = 0
            for piece in response.iter_raw():
                target.write(piece)
                done += len(piece)
                if progress is not None:
                    progress(
                        min(done, max(total - 1, 0)), total
                    )  # headers are more than the contents; the end is told once
                yield piece
            if progress is not None:
                progress(total, total)

        yield passing()


@contextmanager
def written_whole(file: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name when all of it is on the disk; a failure leaves nothing."""
    if not file.parent.is_dir():
        raise Invalid(f"There is no folder {file.parent} to write {file.name} into.")
    part = file.with_name(f".{file.name[:200]}.{os.getpid()}.part")
    try:
        with part.open("wb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
