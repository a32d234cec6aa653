"""What is inside of zip and tar files: names and sizes, from a bounded part of their bytes."""

import bz2
import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import BinaryIO, cast

from assethub.domain.errors import Invalid
from assethub.services.objects import OpenFile
from assethub.services.ranged_files import RangedFile

MOST_ENTRIES = 1_000
DIRECTORY = 1 << 20  # bytes of a zip's directory that are read
MOST_READ = 8 << 20  # bytes of a tar, packed
MOST_UNPACKED = 64 << 20  # bytes of a packed tar, unpacked
LARGEST_HEADER = 1 << 20  # of one member of a tar
LONGEST = 0.4  # seconds for a tar: each of its headers is a read of its own
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
MEMBER = struct.Struct("<4s6H3L5H2L")
STREAMS = ((".tar.gz", "tar.gz"), (".tgz", "tar.gz"), (".tar.bz2", "tar.bz2"), (".tar", "tar"))


@dataclass(frozen=True)
class Member:
    """`size` is that of the content, `packed` what it takes in the archive, where that is known; both in bytes."""

    name: str
    size: int
    packed: int | None = None
    modified: datetime | None = None


@dataclass(frozen=True)
class Listing:
    """The first members; `count` is None where only reading the whole file would tell how many there are."""

    format: str
    members: tuple[Member, ...]
    count: int | None
    directory: int = 0  # bytes of a zip's own list of its members

    @property
    def more(self) -> bool:
        return self.count is None or self.count > len(self.members)


def format_of(path: str) -> str | None:
    name = path.lower()
    if name.endswith((".zip", ".npz", ".whl", ".jar")):
        return "zip"
    return next((format for ending, format in STREAMS if name.endswith(ending)), None)


def list_members(opened: OpenFile, format: str | None = None) -> Listing:
    """Up to 1,000 members of an archive, of the format that its name says or that is given. Invalid if it is none."""
    format = format or format_of(opened.path)
    if format == "zip":
        return list_zip(opened)
    if format is None:
        raise Invalid(f"{opened.path!r} is no archive that is looked into; zip, tar, tar.gz and tar.bz2 are.")
    return list_tar(opened, format)


def list_zip(opened: OpenFile) -> Listing:
    """From the directory at the end, as far as it is shown."""
    size = opened.entry.size
    tail_at = max(size - END.size - 0xFFFF, 0)
    tail = piece(opened, tail_at, size)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < END.size:
        raise unsound(opened, "it has no directory at its end")
    _, _, _, _, count, length, start, _ = END.unpack_from(tail, at)
    directory_end = tail_at + at
    if count == 0xFFFF or 0xFFFFFFFF in (length, start):
        locator = piece(opened, max(directory_end - 20, 0), directory_end)
        if len(locator) == 20 and locator[:4] == b"PK\6\7":
            directory_end = int.from_bytes(locator[8:16], "little")
            end = piece(opened, directory_end, min(directory_end + END64.size, size))
            if len(end) < END64.size or end[:4] != b"PK\6\6":
                raise unsound(opened, "its directory is not where it says")
            count, length, start = END64.unpack(end)[7:10]
    if length > size:
        raise unsound(opened, "its directory is not where it says")
    first = max(directory_end - length, 0)  # with bytes before the archive, `start` counts from where it begins
    body = piece(opened, first, min(first + DIRECTORY, first + length))
    members: list[Member] = []
    at = 0
    while len(members) < MOST_ENTRIES and at + MEMBER.size <= len(body):
        fields = MEMBER.unpack_from(body, at)
        if fields[0] != b"PK\1\2":
            raise unsound(opened, "its directory is damaged")
        flags, date, packed, full = fields[3], (fields[6], fields[5]), fields[8], fields[9]
        name_end = at + MEMBER.size + fields[10]
        name = body[at + MEMBER.size : name_end].decode("utf-8" if flags & 0x800 else "cp437", "replace")
        extra = body[name_end : name_end + fields[11]]
        full, packed = wide(extra, full, packed)
        at = name_end + fields[11] + fields[12]
        if at > len(body):
            break
        members.append(Member(name, full, packed, dos_time(*date)))
    if not members and count:
        raise unsound(opened, "its directory is damaged")
    return Listing("zip", tuple(members), count, length)


def wide(extra: bytes, full: int, packed: int) -> tuple[int, int]:
    """The sizes of a member, which are in its extra fields if they are beyond 4 GiB."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            values = [int.from_bytes(extra[n : n + 8], "little") for n in range(at + 4, at + 4 + length - 7, 8)]
            if full == 0xFFFFFFFF and values:
                full = values.pop(0)
            if packed == 0xFFFFFFFF and values:
                packed = values.pop(0)
        at += 4 + length
    return full, packed


def dos_time(date: int, time: int) -> datetime | None:
    try:
        return datetime(
            1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, min((time & 31) * 2, 59)
        )
    except ValueError:
        return None


class Stopped(Exception):
    """As much was read as is read of any archive."""


class Stream(io.RawIOBase):
    """A file that is read up to a limit, in steps that are small enough to be held."""

    def __init__(self, file: BinaryIO | io.RawIOBase, most: int) -> None:
        self.file, self.left = file, most

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self.file.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LARGEST_HEADER or size > self.left:
            raise Stopped
        self.left -= size
        return self.file.read(size) or b""


def list_tar(opened: OpenFile, format: str) -> Listing:
    """From the first headers: a tar has no directory, so what follows a limit is not known."""
    packed = RangedFile(opened, MOST_READ)
    buffered = io.BufferedReader(packed, 64 << 10)
    open_stream: dict[str, Callable[[], tuple[BinaryIO, str]]] = {
        "tar": lambda: (cast(BinaryIO, packed), "r:"),
        "tar.gz": lambda: (cast(BinaryIO, gzip.GzipFile(fileobj=buffered)), "r|"),
        "tar.bz2": lambda: (cast(BinaryIO, bz2.BZ2File(buffered)), "r|"),
    }
    file, mode = open_stream[format]()
    members: list[Member] = []
    deadline = monotonic() + LONGEST
    try:
        with tarfile.open(fileobj=Stream(file, MOST_UNPACKED), mode=mode) as archive:  # type: ignore[call-overload]
            for info in archive:
                if info.isfile():
                    members.append(Member(info.name, info.size, None, modified(info.mtime)))
                if len(members) == MOST_ENTRIES or monotonic() > deadline:
                    return Listing(format, tuple(members), None)
                archive.members = []  # tarfile would keep them all
    except (Stopped, Invalid):
        return Listing(format, tuple(members), None)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError, RecursionError) as error:
        if not members:
            raise unsound(opened, str(error)) from None
        return Listing(format, tuple(members), None)
    return Listing(format, tuple(members), len(members))


def modified(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def piece(opened: OpenFile, start: int, end: int) -> bytes:
    return b"".join(opened.read(start, end)) if 0 <= start < end <= opened.entry.size else b""


def unsound(opened: OpenFile, why: str) -> Invalid:
    return Invalid(f"{opened.path!r} cannot be looked into: {why[:300].rstrip('.')}.")
