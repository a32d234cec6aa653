"""Receiving files: a version's tree, many files side by side, each verified by its sha256; what is there is kept."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from assethub.client.connection import Connection, asset_url
from assethub.client.errors import Unreachable
from assethub.client.uploading import BATCH, PIECE, Count, Progress
from assethub.domain.errors import Invalid, Unavailable
from assethub.domain.names import AssetPath
from assethub.protocol.frames import LARGE, MOST_FRAMES, frames
from assethub.protocol.objects import ObjectInfo, TreePage, Wanted

PAGE = 5000
LARGE_LANES = 3  # small files have one: several threads that write small files only wait for one another
ATTEMPTS = 6


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
    """Put the files below `target`; those that are there already with the right content are kept.

    Invalid if a path would lie outside of it, or if `a` and `a/b` are both files. Repeating it continues.
    """
    files = [entry for entry in entries if not entry.path.endswith("/")]
    places = {entry.path: safe_place(target, entry.path) for entry in files}
    check_pairs(places)
    target.mkdir(parents=True, exist_ok=True)
    ref = f"commit/{commit}"
    count = Count(sum(entry.size for entry in files), progress)
    with ThreadPoolExecutor(LARGE_LANES) as large, ThreadPoolExecutor(1) as small:
        likely = [entry for entry in files if may_be_there(places[entry.path], entry)]
        same = large.map(lambda entry: is_there(places[entry.path], entry), likely)
        kept = {entry.path for entry, there in zip(likely, same, strict=True) if there}
        count.add(sum(entry.size for entry in likely if entry.path in kept))
        wanted = [entry for entry in files if entry.path not in kept]
        jobs = [
            (large if batch[0].size >= LARGE else small).submit(fetch, connection, asset, ref, batch, places, count)
            for batch in batched(wanted)
        ]
        for job in jobs:
            job.result()
    return list(places.values())


def fetch(
    connection: Connection, asset: AssetPath, ref: str, batch: list[ObjectInfo], places: dict[str, Path], count: Count
) -> None:
    """One batch, begun again when the connection breaks in its middle."""
    for attempt in range(ATTEMPTS):
        try:
            if batch[0].size >= LARGE:
                fetch_large(connection, asset, ref, batch[0], places[batch[0].path])
            else:
                fetch_small(connection, asset, ref, batch, places)
            break
        except Unreachable:
            if attempt + 1 == ATTEMPTS:
                raise
            time.sleep(0.1 * 2**attempt)
    count.add(sum(entry.size for entry in batch))


def fetch_small(
    connection: Connection, asset: AssetPath, ref: str, batch: list[ObjectInfo], places: dict[str, Path]
) -> None:
    wanted = Wanted(ref=ref, paths=[entry.path for entry in batch]).model_dump(mode="json")
    made: set[str] = set()
    with connection.stream("POST", f"{asset_url(asset)}/files/fetch", json=wanted) as response:
        for header, body in frames(response.iter_raw()):
            if "error" in header:
                raise Unavailable(header["error"])
            place = str(places[header["path"]])
            verify(header["path"], hashlib.sha256(body).hexdigest(), header["sha256"])
            folder, name = os.path.split(place)
            if folder not in made:
                Path(folder).mkdir(parents=True, exist_ok=True)
                made.add(folder)
            part = f"{folder}/.{name[:200]}.new.part"
            with open(part, "wb", buffering=0) as file:  # noqa: PTH123 - pathlib costs more than the write itself
                file.write(body)
            os.replace(part, place)  # noqa: PTH105


def fetch_large(connection: Connection, asset: AssetPath, ref: str, entry: ObjectInfo, place: Path) -> None:
    """A large file goes on where an earlier download of it ended."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = partial(place, entry.sha256[:12])
    have = part.stat().st_size if part.exists() else 0
    digest = hashlib.sha256()
    with part.open("ab") as file:
        if have:
            with part.open("rb") as earlier:
                while piece := earlier.read(PIECE):
                    digest.update(piece)
        if have < entry.size:
            url = f"{asset_url(asset)}/files/{quote(entry.path)}"
            with connection.stream("GET", url, params={"ref": ref}, headers={"Range": f"bytes={have}-"}) as response:
                for piece in response.iter_raw():
                    digest.update(piece)
                    file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != entry.sha256:
        part.unlink()
    verify(entry.path, digest.hexdigest(), entry.sha256)
    part.replace(place)


def verify(path: str, found: str, expected: str) -> None:
    if found != expected:
        raise Unreachable(f"{path!r} arrived damaged: its sha256 is {found[:8]}…, not {expected[:8]}….")


def partial(place: Path, tag: str) -> Path:
    return place.with_name(f".{place.name[:200]}.{tag}.part")


def may_be_there(place: Path, entry: ObjectInfo) -> bool:
    """Whether a regular file of the right size is at the place."""
    try:
        found = os.stat(place)  # noqa: PTH116
    except OSError:
        return False
    return found.st_size == entry.size and stat.S_ISREG(found.st_mode)


def is_there(place: Path, entry: ObjectInfo) -> bool:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256


def safe_place(target: Path, path: str) -> Path:
    """Where a path lies below the target; never outside of it, nor through a link."""
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise Invalid(f"The path {path!r} would lie outside of {target}; it is not downloaded.")
    place = target
    for part in parts[:-1]:
        place = place / part
        if place.is_symlink():
            raise Invalid(f"{place} is a symbolic link; the download of {path!r} would leave {target}.")
    return place / parts[-1]


def check_pairs(places: dict[str, Path]) -> None:
    for path in places:
        parts = path.split("/")
        for size in range(1, len(parts)):
            above = "/".join(parts[:size])
            if above in places:
                raise Invalid(
                    f"{above!r} and {path!r} cannot both be files on a disk; download one of them by its path."
                )


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
