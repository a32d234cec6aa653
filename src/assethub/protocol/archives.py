"""Archives: an asset's history as one file, a tar that is written and read in one pass (docs/formats.md)."""

import hashlib
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from assethub.domain.errors import Invalid
from assethub.protocol.assets import TrainingSettings
from assethub.protocol.folders import Labels
from assethub.protocol.history import HASH, RefInfo
from assethub.protocol.wire import Info, Message

CONTENT_TYPE = "application/vnd.assethub.archive"
SIZE_HEADER = "AssetHub-Size"  # of an answer that packs contents: their bytes
FORMAT = 1
BLOCK = 512
PLAIN = tarfile.TarInfo().tobuf(tarfile.GNU_FORMAT)
LARGEST_OCTAL = 8**11  # bytes, the first number of them that needs the other form
PIECE = 1 << 20
HEAD, REFS, END, FAILED = "assethub.json", "refs.jsonl", "end.json", "failed.json"
ORDER = (  # what an archive consists of: kind, names, most bytes of one
    ("head", re.compile(r"assethub\.json"), 1 << 20),
    ("refs", re.compile(r"refs\.jsonl"), 16 << 20),
    ("commits", re.compile(r"commits/[0-9]{8}\.jsonl"), 16 << 20),
    ("nodes", re.compile(r"nodes/[0-9a-f]{64}"), 16 << 20),
    ("objects", re.compile(r"objects/[0-9a-f]{64}"), 1 << 62),
)
KINDS = [kind for kind, _, _ in ORDER]
CUT = "The archive is cut off: it ends in the middle. Copy or export it again."
DAMAGED = "The archive is damaged: {}. Copy or export it again."


class ArchiveHead(Message):
    """The first member: what asset this is the history of, and which version was asked for."""

    format: Literal[1] = 1
    kind: Literal["model", "dataset"]
    name: str = Field(max_length=96)
    description: str = Field(max_length=2000)
    labels: Labels = Field(max_length=50)
    training: TrainingSettings
    ref: str = Field(max_length=300)
    head: str = Field(pattern=HASH)
    exported_by: str = Field(max_length=200)


class ArchiveRef(Message):
    kind: Literal["branch", "tag"]
    name: str = Field(max_length=255)
    commit: str = Field(pattern=HASH)


class ImportedInfo(Info):
    """What an import brought: the asset, its numbers of commits and contents, and the refs that are new or moved."""

    path: str
    commits: int
    objects: int
    size: int
    refs: list[RefInfo]


def header(name: str, size: int) -> bytes:
    """A tar header of one block, as tarfile makes it in GNU's form; nothing in it but name and size varies."""
    length = b"%011o\0" % size if size < LARGEST_OCTAL else b"\x80" + size.to_bytes(11, "big")
    front = name.encode("ascii").ljust(100, b"\0") + PLAIN[100:124] + length + PLAIN[136:148]
    return front + b"%06o\0 " % (sum(front) + sum(b" " * 8) + sum(PLAIN[156:])) + PLAIN[156:]


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


class Tally:
    """What a writer and a reader of the same archive agree on at its end."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.counts: Counter[str] = Counter()

    def begin(self, kind: str, size: int) -> None:
        if kind in ("nodes", "objects"):
            self.counts[kind] += 1
        if kind == "objects":
            self.counts["bytes"] += size

    def add(self, data: bytes, kind: str = "") -> None:
        self.digest.update(data)
        if kind == "commits":
            self.counts["commits"] += data.count(b"\n")

    def ending(self) -> bytes:
        """The content of end.json."""
        fields = {name: self.counts[name] for name in ("bytes", "commits", "nodes", "objects")}
        return canonical({**fields, "sha256": self.digest.hexdigest()})


class Writer:
    """The bytes of an archive, one member after another."""

    def __init__(self) -> None:
        self.tally = Tally()

    def member(self, name: str, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
        kind = KINDS[rank_of(name)]
        head = header(name, size)
        self.tally.begin(kind, size)
        self.tally.add(head)
        yield head
        for data in pieces:
            self.tally.add(data, kind)
            yield data
        self.tally.add(padding(size))
        yield padding(size)

    def whole(self, name: str, data: bytes) -> bytes:
        return b"".join(self.member(name, len(data), [data]))

    def close(self) -> bytes:
        return last(END, self.tally.ending())

    def fail(self, sentence: str) -> bytes:
        """The end of an archive that cannot be finished; readers refuse it with the sentence."""
        return last(FAILED, canonical({"detail": sentence}))


def last(name: str, data: bytes) -> bytes:
    return header(name, len(data)) + data + padding(len(data)) + bytes(2 * BLOCK)


@dataclass(frozen=True)
class Member:
    kind: str
    name: str
    size: int
    pieces: Iterator[bytes]

    @property
    def id(self) -> str:
        return self.name.split("/")[-1]

    def read(self) -> bytes:
        return b"".join(self.pieces)


class Reader:
    """The members of an archive, in one pass over the pieces of a stream. What a member holds is read before the next.

    Invalid if it is not exactly what a writer wrote; only the last member proves it, so trust nothing before.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.source = iter(pieces)
        self.piece, self.at = b"", 0
        self.tally = Tally()

    def __iter__(self) -> Iterator[Member]:
        rank, number = -1, 0
        while True:
            head = self.exactly(BLOCK)
            name, size = parse_header(head, first=rank < 0)
            if name in (END, FAILED):
                self.finish(name, size, rank)
                return
            previous, rank = rank, rank_of(name)
            kind, _, most = ORDER[rank]
            if not 0 <= rank - previous <= 1 or (rank == previous and kind in ("head", "refs")):
                raise Invalid(DAMAGED.format(f"{name} is not at its place"))
            if kind == "commits":
                number += 1
                if name != commits_name(number):
                    raise Invalid(DAMAGED.format(f"{name} is not at its place"))
            if size > most:
                raise Invalid(DAMAGED.format(f"{name} has {size} bytes, and at most {most} are allowed"))
            self.tally.begin(kind, size)
            self.tally.add(head)
            member = Member(kind, name, size, self.body(kind, size))
            yield member
            for _ in member.pieces:
                pass

    def body(self, kind: str, size: int) -> Iterator[bytes]:
        left = size
        while left:
            data = self.take(min(left, PIECE))
            left -= len(data)
            self.tally.add(data, kind)
            yield data
        self.tally.add(self.zeros(-size % BLOCK))

    def finish(self, name: str, size: int, rank: int) -> None:
        if size > 64 << 10:
            raise Invalid(DAMAGED.format(f"{name} has {size} bytes"))
        body = self.exactly(size)
        self.zeros(-size % BLOCK + 2 * BLOCK)
        if name == FAILED:
            raise Invalid(f"The archive is not whole; the hub that exported it had to stop: {detail_of(body)}")
        if rank < KINDS.index("nodes"):
            raise Invalid(DAMAGED.format("it ends before it holds a version"))
        if body != self.tally.ending():
            raise Invalid(DAMAGED.format("its bytes are not those that were written"))
        if self.at < len(self.piece) or any(self.source):
            raise Invalid(DAMAGED.format("something follows its end"))

    def take(self, most: int) -> bytes:
        """The next bytes: at least one, at most so many."""
        while self.at == len(self.piece):
            piece = next(self.source, None)
            if piece is None:
                raise Invalid(CUT)
            self.piece, self.at = piece, 0
        taken = self.piece[self.at : self.at + most]
        self.at += len(taken)
        return taken

    def exactly(self, size: int) -> bytes:
        parts = []
        while size:
            parts.append(self.take(size))
            size -= len(parts[-1])
        return b"".join(parts)

    def zeros(self, size: int) -> bytes:
        data = self.exactly(size)
        if any(data):
            raise Invalid(DAMAGED.format("something stands between its members"))
        return data


def parse_header(block: bytes, *, first: bool) -> tuple[str, int]:
    """Name and size. Invalid unless the block is what `header` makes of them."""
    field = block[124:136]
    try:
        name = block[:100].rstrip(b"\0").decode("ascii")
        size = int.from_bytes(field[1:], "big") if field[0] == 0x80 else int(field[:11], 8)
        if header(name, size) == block:
            return name, size
    except ValueError:
        pass
    if first:
        raise Invalid("This file is not an archive of Asset Hub; `ah export` writes them.")
    raise Invalid(DAMAGED.format("a header of a member is not as it was written"))


def rank_of(name: str) -> int:
    for rank, (_, pattern, _) in enumerate(ORDER):
        if pattern.fullmatch(name):
            return rank
    raise Invalid(DAMAGED.format(f"no archive has a member {name[:100]!r}"))


def commits_name(number: int) -> str:
    return f"commits/{number:08d}.jsonl"


def canonical(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def detail_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])[:1000]
    except (ValueError, KeyError, TypeError):
        return "it does not say why."
