"""The files of a version, or of a folder in it, as one tar or zip: equal bytes for equal versions."""

import tarfile
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from assethub.domain.errors import Conflict, Damaged, Invalid, NotFound
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import COMMIT_PREFIX, Reference
from assethub.domain.objects import Entry
from assethub.domain.owners import Asking
from assethub.services import versions
from assethub.services.objects import OpenFile, locate
from assethub.services.work import Hub
from assethub.storage.nodes import Child, Rows

MOST_ZIPPED = 250_000  # files of a zip: its directory is written last, and kept in memory until then
MODE = 0o644
EARLIEST, LATEST = (
    datetime(1980, 1, 1, tzinfo=UTC),
    datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC),
)  # that a zip can say


class Packing(StrEnum):
    TAR = "tar"
    ZIP = "zip"

    @property
    def content_type(self) -> str:
        return {Packing.TAR: "application/x-tar", Packing.ZIP: "application/zip"}[self]


@dataclass(frozen=True)
class Bundle:
    """Files that are about to be packed. Needs no transaction."""

    hub: Hub
    name: str
    packing: Packing
    prefix: bytes
    leaves: tuple[Child, ...]
    size: int

    def stream(self) -> Iterator[bytes]:
        return tarred(self.files()) if self.packing is Packing.TAR else zipped(self.files())

    def files(self) -> Iterator[OpenFile]:
        for leaf in self.leaves:
            rows = rows_of(self.hub, leaf)
            chosen, entries = list(below(rows, self.prefix)), rows.entries()
            with self.hub.work(None, reading=True) as work:
                located = locate(work, {entries[at].sha256 for at in chosen})
            for at in chosen:
                yield OpenFile(self.hub, rows.keys[at].decode(), entries[at], located[entries[at].sha256])


def begin_bundle(hub: Hub, caller: Asking, reference: Reference, packing: Packing, *, prefix: str = "") -> Bundle:
    """NotFound if there is nothing below the prefix; Conflict if `a` and `a/b` are both files of it."""
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    with hub.work(caller, reading=True) as work:
        asset, commit = versions.version(work, reference)
        tree = versions.tree_of(work, commit)
    base = folder.encode()
    first = max(bisect_right(tree.firsts, base) - 1, 0)
    after = bisect_right(tree.firsts, base + b"\xff")  # no UTF-8 has this byte
    leaves = tree.leaves[first:after]
    count, size = survey(hub, leaves, base)
    if folder and not count:
        raise NotFound(f"{asset.path} has no folder {folder!r} at {reference.ref or MAIN} ({commit.id[:8]}).")
    if packing is Packing.ZIP and count > MOST_ZIPPED:
        raise Invalid(f"These are {count} files, and a zip may have {MOST_ZIPPED}; take a tar.")
    return Bundle(hub, file_name(reference, commit, folder, packing), packing, base, leaves, size)


def file_name(reference: Reference, commit: Commit, folder: str, packing: Packing) -> str:
    ref = reference.ref or MAIN
    said = commit.id[:8] if COMMIT_PREFIX.fullmatch(ref.removeprefix("commit/")) else ref
    parts = [reference.asset.name, said, *folder.split("/")]
    return "-".join(part.replace("/", "-") for part in parts if part) + f".{packing}"


def survey(hub: Hub, leaves: tuple[Child, ...], prefix: bytes) -> tuple[int, int]:
    """How many files there are, and their bytes. Conflict if one of them would have to be a folder too."""
    count = size = 0
    above: list[bytes] = []  # the files whose paths begin the one at hand
    for leaf in leaves:
        rows = rows_of(hub, leaf)
        for at in below(rows, prefix):
            key = rows.keys[at]
            while above and not key.startswith(above[-1]):
                above.pop()
            for file in above:
                if key.startswith(file + b"/"):
                    raise Conflict(
                        f"{file.decode()!r} and {key.decode()!r} cannot both be files on a disk; "
                        "take a folder that holds just one of them."
                    )
            above.append(key)
            count, size = count + 1, size + int(rows.sizes[at])
    return count, size


def rows_of(hub: Hub, leaf: Child) -> Rows:
    try:
        with hub.work(None, reading=True) as work:
            return work.trees.leaf(leaf.id)
    except KeyError as error:
        raise Damaged(f"The version cannot be read: {error.args[0]}.") from error


def below(rows: Rows, prefix: bytes) -> Iterator[int]:
    """The files among the rows; `a/` stands for an empty folder in S3, and is none."""
    return (at for at, key in enumerate(rows.keys) if key.startswith(prefix) and not key.endswith(b"/"))


def tarred(files: Iterator[OpenFile]) -> Iterator[bytes]:
    for file in files:
        info = tarfile.TarInfo(file.path)
        info.size, info.mode, info.mtime = file.entry.size, MODE, int(file.entry.mtime.timestamp())
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
        yield from whole(file)
        yield bytes(-file.entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def zipped(files: Iterator[OpenFile]) -> Iterator[bytes]:
    sink = Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for file in files:
            with archive.open(zip_info(file.path, file.entry), "w") as member:
                for piece in whole(file):
                    member.write(piece)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()


def zip_info(path: str, entry: Entry) -> zipfile.ZipInfo:
    at = min(max(entry.mtime, EARLIEST), LATEST)
    info = zipfile.ZipInfo(path, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.file_size, info.external_attr, info.create_system = entry.size, (0o100000 | MODE) << 16, 3
    return info


def whole(file: OpenFile) -> Iterator[bytes]:
    """The file's bytes. Unavailable if they are not as many as it has."""
    left = file.entry.size
    for piece in file.read():
        left -= len(piece)
        yield piece
    if left:
        raise Damaged(f"The stored content of {file.path!r} (sha256 {file.entry.sha256[:8]}) is cut off.")


class Sink:
    """What a zip is written to, from where it is taken; it cannot seek, as a socket cannot."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing behind it to flush to."""

    def close(self) -> None:
        """What was written stays to be taken."""

    def taken(self) -> bytes:
        data = b"".join(self.waiting)
        self.waiting.clear()
        return data
