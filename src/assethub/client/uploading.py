"""Sending files: what goes where in an asset, hashed and uploaded side by side; only what the hub lacks travels."""

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assethub.client.connection import Connection, asset_url
from assethub.domain.errors import Invalid
from assethub.domain.names import AssetPath, check_path
from assethub.protocol.frames import CONTENT_TYPE, LARGE, MOST_FRAMES, frame
from assethub.protocol.history import NewEntry
from assethub.protocol.objects import Missing, Offered

PIECE = 1 << 20
SIDE_BY_SIDE = 6
ASKED = 5000  # hashes in one question
BATCH = 8 << 20  # bytes of small bodies in one request
LEFT_OUT = frozenset({".git", "__pycache__", ".DS_Store", ".ipynb_checkpoints"})
Progress = Callable[[int, int], None]  # (bytes that the hub has, bytes in all)
Add = str | os.PathLike[str] | Mapping[str, str]


@dataclass(frozen=True)
class Source:
    """A local file and its path in the asset."""

    file: Path
    path: str


@dataclass(frozen=True)
class Hashed:
    source: Source
    sha256: str
    size: int
    mtime: datetime


def sources(add: Iterable[Add]) -> list[Source]:
    """What `add` means: `model.pt`, `./dir` (with the folder), `./dir/*` (without), `{local: remote}`.

    A remote path that ends in `/` is a folder to put the file, or the folder's content, into.
    Invalid if something is missing, is no regular file, or two files would share a path.
    """
    found: dict[str, Source] = {}
    for given in add:
        pairs = given.items() if isinstance(given, Mapping) else [(os.fspath(given), None)]
        for local, remote in pairs:
            for source in expand(local, remote):
                check_path(source.path)
                if source.path in found:
                    raise Invalid(f"{found[source.path].file} and {source.file} would both become {source.path!r}.")
                found[source.path] = source
    return [found[path] for path in sorted(found)]


def expand(local: str, remote: str | None) -> Iterator[Source]:
    inside = local.endswith(("/*", "/"))
    place = Path(local.removesuffix("*")).expanduser()
    if not place.exists():
        raise Invalid(f"There is no file or folder {local!r} here.")
    if not place.is_dir():
        regular(place)
        name = place.resolve().name
        yield Source(place, name if remote is None else f"{remote}{name}" if remote.endswith("/") else remote)
        return
    own = "" if inside else place.resolve().name
    prefix = own if remote is None else remote.strip("/")
    for file in walk(place):
        below = file.relative_to(place).as_posix()
        yield Source(file, f"{prefix}/{below}" if prefix and prefix != "." else below)


def walk(folder: Path) -> Iterator[Path]:
    """Regular files in order; links and special files are refused with their path."""
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.name in LEFT_OUT:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))
        else:
            yield regular(Path(entry.path))


def regular(path: Path) -> Path:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise Invalid(f"{path} is a symbolic link; give the file that it points to.")
    if not stat.S_ISREG(mode):
        raise Invalid(f"{path} is not a regular file.")
    return path


def upload(
    connection: Connection, asset: AssetPath, files: Sequence[Source], progress: Progress | None = None
) -> list[NewEntry]:
    """Send what the asset does not hold yet; answers the entries for a commit. Repeating it continues."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        hashed = hash_files(pool, files)
        by_content = {one.sha256: one for one in hashed}
        missing = ask_missing(connection, asset, list(by_content))
        count = Count(sum(one.size for one in by_content.values()), progress)
        count.add(count.total - sum(by_content[sha256].size for sha256 in missing))
        jobs: list[Future[None]] = []
        for batch in batches([by_content[sha256] for sha256 in missing]):
            jobs.append(pool.submit(send_batch, connection, asset, batch, count))
        for job in jobs:
            job.result()
    return [NewEntry(path=one.source.path, sha256=one.sha256, size=one.size, mtime=one.mtime) for one in hashed]


class Count:
    """Bytes that the hub has acknowledged."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.done, self.progress = total, 0, progress
        self.lock = threading.Lock()

    def add(self, size: int) -> None:
        with self.lock:
            self.done += size
            if self.progress is not None:
                self.progress(self.done, self.total)


def hash_files(pool: ThreadPoolExecutor, files: Sequence[Source]) -> list[Hashed]:
    """Large files in several threads, small ones in this: for them a thread costs more than the hash."""
    jobs = {source.path: pool.submit(hash_file, source) for source in files if source.file.stat().st_size >= LARGE}
    return [jobs[source.path].result() if source.path in jobs else hash_file(source) for source in files]


def hash_file(source: Source) -> Hashed:
    digest = hashlib.sha256()
    size = 0
    with source.file.open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
        modified = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    return Hashed(source, digest.hexdigest(), size, modified)


def ask_missing(connection: Connection, asset: AssetPath, sha256s: list[str]) -> list[str]:
    missing: list[str] = []
    for at in range(0, len(sha256s), ASKED):
        offered = Offered(objects=sha256s[at : at + ASKED])
        missing += connection.send(Missing, "POST", f"{asset_url(asset)}/objects/missing", offered).missing
    return missing


def batches(files: list[Hashed]) -> Iterator[list[Hashed]]:
    """Small files together, large ones alone; large ones first, so that none is left to the end."""
    small: list[Hashed] = []
    for one in files:
        if one.size >= LARGE:
            yield [one]
        else:
            small.append(one)
    batch: list[Hashed] = []
    size = 0
    for one in small:
        if batch and (len(batch) == MOST_FRAMES or size + one.size > BATCH):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch


def send_batch(connection: Connection, asset: AssetPath, batch: list[Hashed], count: Count) -> None:
    if batch[0].size >= LARGE:
        send_large(connection, asset, batch[0])
    else:
        body = b"".join(frame({"sha256": one.sha256}, one.source.file.read_bytes()) for one in batch)
        url = f"{asset_url(asset)}/objects"
        connection.request("POST", url, content=body, headers={"Content-Type": CONTENT_TYPE}, again=True)
    count.add(sum(one.size for one in batch))


def send_large(connection: Connection, asset: AssetPath, one: Hashed) -> None:
    url = f"{asset_url(asset)}/objects/{one.sha256}"
    headers = {"Content-Length": str(one.size), "Content-Type": "application/octet-stream"}
    connection.request("PUT", url, content=Pieces(one.source.file), headers=headers)


class Pieces:
    """A file's bytes, from the beginning each time a request is sent again."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        with self.file.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
