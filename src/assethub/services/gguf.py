"""The header of a GGUF file: its metadata and its tensors, never their bytes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from assethub.domain.errors import Invalid
from assethub.services.objects import OpenFile

MOST_HEADER = 32 << 20  # bytes read; vocabularies of 250,000 words take about 10 MiB
MOST_TENSORS = 50_000
MOST_FIELDS = 10_000
MOST_STRINGS = 2_000_000  # in all arrays together
SHOWN_ITEMS = 8  # of an array
SHOWN_TEXT = 10_000  # characters of a value
PIECE = 1 << 20
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
TYPES = {  # code: name, elements of a block, bytes of a block
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}  # fmt: skip
Row = tuple[str, str, tuple[int, ...], int, int | None]  # name, type, shape, start and end in the file


@dataclass(frozen=True)
class Found:
    metadata: dict[str, str]
    tensors: list[Row]


class Cursor:
    """The beginning of a file, fetched as far as it is read. ValueError beyond its end or `most` bytes."""

    def __init__(self, opened: OpenFile) -> None:
        self.opened, self.held, self.at, self.order = opened, bytearray(), 0, "<"
        self.strings = MOST_STRINGS

    def need(self, count: int) -> None:
        """The next `count` bytes are held."""
        wanted = self.at + count
        if wanted <= len(self.held):
            return
        if wanted > self.opened.entry.size:
            raise ValueError("it is cut off")
        if wanted > MOST_HEADER:
            raise ValueError(f"it has more than {MOST_HEADER:,} bytes; download the file")
        end = min(max(wanted, len(self.held) + PIECE), self.opened.entry.size)
        for piece in self.opened.read(len(self.held), end):
            self.held += piece

    def number(self, code: str) -> int:
        return int(self.scalar(code))

    def scalar(self, code: str) -> float:
        size = struct.calcsize(code)
        self.need(size)
        value: float = struct.unpack_from(self.order + code, self.held, self.at)[0]
        self.at += size
        return value

    def text(self) -> str:
        length = self.number("Q")
        self.need(length)
        self.at += length
        return self.held[self.at - length : self.at].decode(errors="replace")

    def skip(self, count: int) -> None:
        self.need(count)
        self.at += count

    def skip_texts(self, count: int) -> None:
        """Pass so many texts: the one loop that is long, over words of a vocabulary."""
        held, at = self.held, self.at
        step: Literal["little", "big"] = "little" if self.order == "<" else "big"
        for _ in range(count):
            if at + 8 > len(held):
                self.at = at
                self.need(8)
            at += 8 + int.from_bytes(held[at : at + 8], step)
            if at > len(held):
                self.at = at
                self.need(0)
        self.at = at


def read(opened: OpenFile) -> Found:
    """Invalid if the header is not sound, or larger than what is looked through."""
    try:
        return parse(Cursor(opened))
    except ValueError as error:
        raise Invalid(f"The header of {opened.path!r} cannot be read: {error}.") from None


def parse(cursor: Cursor) -> Found:
    cursor.need(24)
    if cursor.held[:4] != b"GGUF":
        raise ValueError("it does not begin with GGUF")
    cursor.at = 4
    if cursor.held[4:6] == b"\0\0":
        cursor.order = ">"
    version = cursor.number("I")
    if version not in (2, 3):
        raise ValueError(f"it is of version {version}; 2 and 3 are read")
    tensors, fields = cursor.number("Q"), cursor.number("Q")
    if tensors > MOST_TENSORS or fields > MOST_FIELDS:
        raise ValueError(
            f"it lists {tensors:,} tensors and {fields:,} fields; up to {MOST_TENSORS:,} and {MOST_FIELDS:,} are read"
        )
    metadata: dict[str, str] = {}
    for _ in range(fields):
        key = cursor.text()
        if key in metadata:
            raise ValueError(f"{key[:80]!r} is there twice")
        metadata[key] = value(cursor, cursor.number("I"))
    alignment = metadata.get("general.alignment", "32")
    return Found(metadata, list(rows(cursor, tensors, int(alignment) if alignment.isdecimal() else 32)))


def value(cursor: Cursor, kind: int) -> str:
    """A field's value as a text; of arrays the first items."""
    if kind == STRING:
        return shortened(cursor.text())
    if kind in SCALARS:
        return str(cursor.scalar(SCALARS[kind]))
    if kind != ARRAY:
        raise ValueError(f"a field has the unknown type {kind}")
    kind, count = cursor.number("I"), cursor.number("Q")
    shown = min(count, SHOWN_ITEMS)
    if kind == STRING:
        cursor.strings -= count
        if cursor.strings < 0:
            raise ValueError(f"it has more than {MOST_STRINGS:,} texts; download the file")
        first = [repr(shortened(cursor.text())) for _ in range(shown)]
        cursor.skip_texts(count - shown)
    elif kind in SCALARS:
        first = [str(cursor.scalar(SCALARS[kind])) for _ in range(shown)]
        cursor.skip((count - shown) * struct.calcsize(SCALARS[kind]))
    else:
        raise ValueError(f"an array has items of type {kind}, which are not read")
    return f"[{', '.join(first)}{', …' if count > shown else ''}] ({count:,})"


def shortened(text: str) -> str:
    return text if len(text) <= SHOWN_TEXT else text[:SHOWN_TEXT] + "…"


def rows(cursor: Cursor, count: int, alignment: int) -> Iterator[Row]:
    found, names = [], set()
    for _ in range(count):
        name, dimensions = cursor.text(), cursor.number("I")
        if name in names:
            raise ValueError(f"{name[:80]!r} is there twice")
        if dimensions > 8:
            raise ValueError(f"{name[:80]!r} has {dimensions} dimensions")
        names.add(name)
        shape = tuple(cursor.number("Q") for _ in range(dimensions))
        found.append((name, cursor.number("I"), shape, cursor.number("Q")))
    first = -(-cursor.at // max(alignment, 1)) * max(alignment, 1)
    for name, code, shape, offset in found:
        dtype, elements, size = TYPES.get(code, (f"type {code}", 0, 0))
        end = first + offset + prod(shape) // elements * size if elements else None
        if (end or first + offset) > cursor.opened.entry.size:
            raise ValueError(f"{name[:80]!r} ends beyond the file")
        yield name, dtype, shape, first + offset, end
