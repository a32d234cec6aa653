"""Parts of a log folded into compressed objects, of which any line is found by reading little.

docs/formats.md specifies the bytes, also of the objects of curves.py.
"""

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard

from assethub.domain.runs import LogLine, moment_of

MAGIC = b"AHR1"
LENGTH = struct.Struct("<I")
BLOCK = 128 << 10  # bytes of text that are compressed together
MOST_LINES = 2000  # of one block
STREAMS = ("out", "err", "hub")
Reading = Callable[[int, int], bytes]  # bytes of an object from a start up to an end


def assemble(facts: dict[str, Any], parts: Sequence[bytes]) -> tuple[bytes, int]:
    """An object of a head that tells what it holds and where its parts lie, and the parts; answers the head's size."""
    ends = np.cumsum([len(part) for part in parts]).tolist()
    told = zstandard.ZstdCompressor().compress(json.dumps({**facts, "ends": ends}).encode())
    head = MAGIC + LENGTH.pack(len(told)) + told
    return b"".join([head, *parts]), len(head)


@dataclass(frozen=True)
class Opened:
    """An object whose head was read."""

    facts: dict[str, Any]
    head: int
    reading: Reading

    def part(self, number: int) -> bytes:
        ends = self.facts["ends"]
        start = ends[number - 1] if number else 0
        return zstandard.ZstdDecompressor().decompress(self.reading(self.head + start, self.head + ends[number]))


def open_object(reading: Reading, head: int) -> Opened:
    """ValueError if it is no such object."""
    data = reading(0, head)
    if data[:4] != MAGIC:
        raise ValueError("this is no part of a log or a curve")
    return Opened(json.loads(zstandard.ZstdDecompressor().decompress(data[8:])), head, reading)


def fold_lines(first: int, lines: Sequence[Sequence[Any]]) -> tuple[bytes, int]:
    """Lines [time, stream, text, rank] as an object, the first of them with this number."""
    blocks, counts = [], []
    at = 0
    while at < len(lines):
        end, size = at, 0
        while end < len(lines) and end - at < MOST_LINES and size < BLOCK:
            size += len(lines[end][2])
            end += 1
        blocks.append(block_of(lines[at:end]))
        counts.append(end - at)
        at = end
    return assemble({"kind": "log", "first": first, "counts": counts}, blocks)


def block_of(lines: Sequence[Sequence[Any]]) -> bytes:
    texts = [line[2].encode("utf-8", "replace") for line in lines]
    channels = [STREAMS.index(line[1]) + 4 * (0 if rank_of(line) is None else rank_of(line) + 1) for line in lines]
    columns = (
        np.array([line[0] for line in lines], "<f8"), np.array(channels, "<u4"),
        np.cumsum([len(text) for text in texts]).astype("<u4"),
    )  # fmt: skip
    return zstandard.ZstdCompressor().compress(b"".join([*(one.tobytes() for one in columns), *texts]))


def rank_of(line: Sequence[Any]) -> Any:
    return line[3] if len(line) > 3 else None


@dataclass(frozen=True)
class Wanted:
    """Which lines are asked for: those with a text in them, whatever its case, and those of one process of several."""

    text: str = ""  # in lower case
    rank: int | None = None

    def chooses(self, line: LogLine) -> bool:
        return self.text in line.text.lower() and (self.rank is None or line.rank == self.rank)


EVERY = Wanted()


@dataclass(frozen=True)
class Piece:
    """Consecutive lines up to the number `last`, of which those that are wanted are here; `size`: bytes of text."""

    last: int
    size: int
    lines: list[LogLine]


def unfold_lines(opened: Opened, after: int, wanted: Wanted = EVERY) -> Iterator[Piece]:
    """The lines of an object behind a number, a block at a time; what is not asked for is not read."""
    first: int = opened.facts["first"]
    for number, count in enumerate(opened.facts["counts"]):
        last = first + count - 1
        if last > after:
            data = opened.part(number)
            text = data[16 * count :]
            hit = not wanted.text or wanted.text in text.decode("utf-8", "replace").lower()
            lines = [line for line in lines_of(data, count, first, after) if wanted.chooses(line)] if hit else []
            yield Piece(last, len(text), lines)
        first += count


def lines_of(data: bytes, count: int, first: int, after: int) -> Iterator[LogLine]:
    times, channels = np.frombuffer(data, "<f8", count).tolist(), np.frombuffer(data, "<u4", count, 8 * count).tolist()
    ends = np.frombuffer(data, "<u4", count, 12 * count).tolist()
    text = data[16 * count :]
    for at in range(max(after + 1 - first, 0), count):
        channel = channels[at]
        yield LogLine(
            first + at, moment_of(times[at]), STREAMS[channel & 3],
            text[ends[at - 1] if at else 0 : ends[at]].decode(), (channel >> 2) - 1 if channel >> 2 else None,
        )  # fmt: skip
