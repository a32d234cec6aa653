"""Receiving files: a version's tree, many files side by side, each verified by its sha256; what is there is kept."""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from assethub.client.connection import Connection, asset_url, pause
from assethub.client.durability import Durability
from assethub.client.errors import Unreachable
from assethub.client.lanes import Count, Lanes, Progress
from assethub.client.places import check_names, file_system, places_of
from assethub.client.ranges import Gathering, partial, write_all
from assethub.client.uploading import BATCH
from assethub.domain.errors import Damaged, Full, HubError, Invalid
from assethub.domain.names import AssetPath
from assethub.protocol.frames import LARGE, MOST_FRAMES, frames
from assethub.protocol.objects import ObjectInfo, TreePage, Wanted

PAGE = 5000
SIDE_BY_SIDE = 4
FULL = {errno.ENOSPC, errno.EDQUOT}
PLAIN_NAME = 200  # bytes of a name that a suffix can be put to


def list_tree(connection: Connection, asset: AssetPath, ref: str, prefix: str = "") -> Iterator[ObjectInfo]:
    """Every file of a version below the prefix, in path order. The first page fixes the commit for the others."""
    after: str | None = ""
    while after is not None:
        page = connection.get(TreePage, f"{asset_url(asset)}/tree", ref=ref, prefix=prefix, after=after, limit=PAGE)
        ref = f"commit/{page.commit}"
        yield from page.entries
        after = page.next


def download(
    connection: Connection,
    asset: AssetPath,
    commit: str,
    entries: list[ObjectInfo],
    target: Path,
    progress: Progress | None = None,
) -> list[Path]:
    """Put the files below `target`, verified and durable; those that are there already as they should be are kept.

    Invalid if a path would lie outside of it, or if the file system cannot hold all names. Repeating it continues.
    """
    files = list({entry.path: entry for entry in entries if not entry.path.endswith("/")}.values())
    places = places_of(target, (entry.path for entry in files))
    if files:
        check_names(places, file_system(target))
    target.mkdir(parents=True, exist_ok=True)
    ref = f"commit/{commit}"
    count = Count(sum(entry.size for entry in files), progress)
    wanted = not_kept(files, places, count)
    durability = Durability(count)
    large: list[Fetched] = []
    try:
        with Lanes(SIDE_BY_SIDE) as lanes:
            for batch in batched(wanted):
                if batch[0].size < LARGE:
                    lanes.submit(fetch_small, connection, asset, ref, batch, places, durability)
                    continue
                large.append(Fetched(connection, asset, ref, batch[0], places[batch[0].path], count, durability))
                large[-1].begin(lanes)
        durability.sync()
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise Invalid(f"{error.filename2 or error.filename} is in the way of the download; move it.") from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise Full(f"There is no space left for {target}; free some, and the same command goes on.") from error
    finally:
        for one in large:
            one.file.close()
    return list(places.values())


def not_kept(files: list[ObjectInfo], places: dict[str, Path], count: Count) -> list[ObjectInfo]:
    """Files that are not there yet as they should be."""
    likely = [entry for entry in files if may_be_there(places[entry.path], entry)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        large = [entry for entry in likely if entry.size >= LARGE]
        same = pool.map(lambda entry: is_there(places[entry.path], entry), large)
        kept = {entry.path for entry in likely if entry.size < LARGE and is_there(places[entry.path], entry)}
        kept |= {entry.path for entry, there in zip(large, same, strict=True) if there}
    count.add(sum(entry.size for entry in likely if entry.path in kept))
    return [entry for entry in files if entry.path not in kept]


def fetch_small(
    connection: Connection,
    asset: AssetPath,
    ref: str,
    batch: list[ObjectInfo],
    places: dict[str, Path],
    durability: Durability,
) -> None:
    """One batch, begun again when the connection breaks in its middle."""
    for attempt in range(1, connection.attempts + 1):
        try:
            receive_small(connection, asset, ref, batch, places, durability)
            return
        except Unreachable:
            if attempt == connection.attempts:
                raise
            time.sleep(pause(attempt))


def receive_small(
    connection: Connection,
    asset: AssetPath,
    ref: str,
    batch: list[ObjectInfo],
    places: dict[str, Path],
    durability: Durability,
) -> None:
    wanted = Wanted(ref=ref, paths=[entry.path for entry in batch]).model_dump(mode="json")
    folders: set[str] = set()
    files: list[str] = []
    with (
        connection.stream("POST", f"{asset_url(asset)}/files/fetch", again=True, json=wanted) as response,
        durability.writing,
    ):
        for (header, body), entry in zip(frames(response.iter_raw()), batch, strict=False):  # to the stream's end
            if "error" in header:
                raise Damaged(header["error"])
            if header["path"] != entry.path or hashlib.sha256(body).hexdigest() != entry.sha256:
                raise Unreachable(f"{entry.path!r} arrived damaged: its sha256 is not {entry.sha256[:8]}….")
            place = str(places[entry.path])
            folder, name = os.path.split(place)
            if folder not in folders:
                Path(folder).mkdir(parents=True, exist_ok=True)
                folders.add(folder)
            part = f"{folder}/.{name}.new.part"
            if len(name) > PLAIN_NAME or not name.isascii():
                part = str(partial(places[entry.path], "new"))
            with open(part, "wb", buffering=0) as file:  # noqa: PTH123 - pathlib costs more than the write itself
                write_all(file, body)
            os.replace(part, place)  # noqa: PTH105
            files.append(place)
    if len(files) < len(batch):
        raise Unreachable("The hub sent fewer files than it was asked for.")
    durability.wrote(files, folders, sum(entry.size for entry in batch))


class Fetched:
    """A large file: its ranges come side by side, and whoever brings the last one puts it into its place."""

    def __init__(
        self,
        connection: Connection,
        asset: AssetPath,
        ref: str,
        entry: ObjectInfo,
        place: Path,
        count: Count,
        durability: Durability,
    ) -> None:
        self.connection, self.entry, self.count, self.durability = connection, entry, count, durability
        self.url, self.ref = f"{asset_url(asset)}/files/{quote(entry.path)}", ref
        self.file = Gathering(place, entry.sha256, entry.size)

    def begin(self, lanes: Lanes) -> None:
        missing = self.file.missing()
        self.count.add(self.entry.size - sum(end - start for start, end in map(self.file.span, missing)))
        if not missing:
            lanes.submit(self.finish)
        for number in missing:
            lanes.submit(self.fetch, number, lanes)

    def fetch(self, number: int, lanes: Lanes) -> None:
        """One range, gone on with where the connection broke off."""
        start, end = self.file.span(number)
        at, attempt = start, 0
        with self.file.open(start) as file:
            while at < end:
                attempt += 1
                try:
                    for piece in self.pieces(at, end):
                        lanes.check()
                        write_all(file, piece[: end - at])
                        at, attempt = at + len(piece), 0
                except Unreachable:
                    if attempt >= self.connection.attempts:
                        raise
                    time.sleep(pause(max(attempt, 1)))
            whole = self.file.keep(number, file)
        self.count.add(end - start)
        if whole:
            self.finish()

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        headers = {"Range": f"bytes={start}-{end - 1}"}
        with self.connection.stream("GET", self.url, params={"ref": self.ref}, headers=headers) as response:
            if response.headers.get("content-range") != f"bytes {start}-{end - 1}/{self.entry.size}":
                raise HubError(f"What answers for {self.entry.path!r} does not send ranges of it; is a proxy between?")
            yield from response.iter_raw()

    def finish(self) -> None:
        self.file.finish(self.entry.path)
        self.durability.wrote([], [str(self.file.place.parent)], 0)


def may_be_there(place: Path, entry: ObjectInfo) -> bool:
    """Whether a regular file of the right size is at the place."""
    try:
        found = os.lstat(place)
    except OSError:
        return False
    return found.st_size == entry.size and stat.S_ISREG(found.st_mode)


def is_there(place: Path, entry: ObjectInfo) -> bool:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256


def batched(entries: list[ObjectInfo]) -> Iterator[list[ObjectInfo]]:
    """Large files alone and first, small ones together."""
    for entry in entries:
        if entry.size >= LARGE:
            yield [entry]
    batch: list[ObjectInfo] = []
    size = 0
    for entry in entries:
        if entry.size >= LARGE:
            continue
        if batch and (len(batch) == MOST_FRAMES or size + entry.size > BATCH):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch
