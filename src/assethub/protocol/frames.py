"""Frames: many small bodies in one request or answer.

Repeated [4-byte big-endian length of the header][header: UTF-8 JSON with at least "size"][size bytes of body].
"""

import json
import struct
from collections.abc import Iterable, Iterator
from typing import Any

from assethub.domain.errors import Invalid

CONTENT_TYPE = "application/vnd.assethub.frames"
LARGE = 1 << 20  # bodies from this size on travel alone
MOST_BYTES = 32 << 20
MOST_FRAMES = 500
LONGEST_HEADER = 16 << 10


def frame(header: dict[str, Any], body: bytes) -> bytes:
    head = json.dumps({**header, "size": len(body)}, separators=(",", ":")).encode()
    return struct.pack(">I", len(head)) + head + body


def frames(pieces: Iterable[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Header and body of each frame, as the pieces of a stream arrive. Invalid if it is cut or malformed."""
    buffer = bytearray()
    source = iter(pieces)

    def take(count: int) -> bytes:
        while len(buffer) < count:
            piece = next(source, None)
            if piece is None:
                raise Invalid("The stream of frames ends in the middle of a frame.")
            buffer.extend(piece)
        taken = bytes(buffer[:count])
        del buffer[:count]
        return taken

    while True:
        while not buffer:
            piece = next(source, None)
            if piece is None:
                return
            buffer.extend(piece)
        (length,) = struct.unpack(">I", take(4))
        if length > LONGEST_HEADER:
            raise Invalid("A frame's header is longer than 16 KiB.")
        try:
            header = json.loads(take(length))
            size = header["size"]
        except (ValueError, KeyError, TypeError):
            raise Invalid("A frame's header is not a JSON object with a size.") from None
        if not isinstance(size, int) or not 0 <= size <= MOST_BYTES:
            raise Invalid(f"A frame's size must be 0 to {MOST_BYTES} bytes, not {size!r}.")
        yield header, take(size)
