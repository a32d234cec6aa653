"""Nodes of trees that come from elsewhere: nothing but what this hub would have written itself passes."""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import zstandard

from assethub.domain.errors import Invalid
from assethub.domain.names import check_path
from assethub.storage.nodes import (
    EPOCH,
    INNER,
    LEAF,
    Child,
    Rows,
    cuts,
    decode_inner,
    decode_leaf,
    encode_inner,
)
from assethub.storage.trees import child_of, parent_of

LARGEST = 8 << 20  # bytes of a node: more than the longest paths and most entries need
EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
MOST_BYTES = 1 << 62  # of a file
LONGEST_TYPE = 255


@dataclass(frozen=True)
class Checked:
    """A sound node: what its parent must say of it, where its keys end, and whether nodes may follow on its level."""

    child: Child
    level: int
    last: bytes
    entries: int
    closed: bool


def unpack(id: str, packed: bytes) -> bytes:
    """The bytes of a node that travelled as one zstd frame. Invalid if they are not those of the id."""
    try:
        if not 0 <= zstandard.frame_content_size(packed) <= LARGEST:
            raise Invalid(f"The tree node {id[:8]} is larger than {LARGEST} bytes, or does not say how large it is.")
        data = zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError:
        raise Invalid(f"The tree node {id[:8]} is damaged: it cannot be unpacked.") from None
    if hashlib.sha256(data).hexdigest() != id:
        raise Invalid(f"The tree node {id[:8]} is damaged: it has another sha256.")
    return data


def check_node(id: str, data: bytes, known: Callable[[bytes], Checked | None]) -> tuple[Checked, Rows | None]:
    """The node, and the rows of a leaf. Invalid unless it is canonical; the children of an inner node are `known`."""
    try:
        if data[:4] == LEAF:
            return check_leaf(data)
        if data[:4] == INNER:
            return check_inner(data, known), None
    except Invalid as error:
        raise Invalid(f"The tree node {id[:8]} is refused: {error}") from None
    except (ValueError, IndexError, OverflowError, struct.error):
        pass
    raise Invalid(f"The tree node {id[:8]} is refused: its bytes are not those of a node.")


def check_leaf(data: bytes) -> tuple[Checked, Rows]:
    rows = decode_leaf(data)
    if rows.encoded != data:
        raise Invalid("its bytes are not in the one form that is allowed.")
    for key in rows.keys:
        check_path(key.decode())
    check_order(rows.keys)
    for name in set(rows.types):
        if len(name) > LONGEST_TYPE or not (name.isprintable() or not name):
            raise Invalid(f"{name[:40]!r} is no content type.")
    if (rows.sizes > MOST_BYTES).any():
        raise Invalid(f"a file has more than {MOST_BYTES} bytes.")
    if ((rows.times < EARLIEST) | (rows.times > LATEST)).any():
        raise Invalid("a modified time lies outside of the years 1 to 9999.")
    if not rows.keys:
        return Checked(Child(b"", hashlib.sha256(data).digest(), rows.content, 0, 0), 0, b"", 0, False), rows
    return Checked(child_of(rows), 0, rows.keys[-1], len(rows.keys), check_cuts(rows.keys, 0)), rows


def check_inner(data: bytes, known: Callable[[bytes], Checked | None]) -> Checked:
    level, children = decode_inner(data)
    if not children or encode_inner(children, level) != data:
        raise Invalid("its bytes are not in the one form that is allowed.")
    below = []
    for child in children:
        node = known(child.id)
        if node is None:
            raise Invalid(f"its part {child.id.hex()[:8]} does not come before it.")
        if node.child != child or node.level != level - 1 or not node.entries:
            raise Invalid(f"what it says of its part {child.id.hex()[:8]} is wrong.")
        below.append(node)
    for left, right in pairwise(below):
        if left.last >= right.child.first:
            raise Invalid("its paths are not in order.")
        if not left.closed:
            raise Invalid("its parts are not cut where the format says.")
    closed = check_cuts([child.first for child in children], level) and below[-1].closed
    return Checked(parent_of(children, data), level, below[-1].last, len(children), closed)


def check_order(keys: list[bytes]) -> None:
    if any(left >= right for left, right in pairwise(keys)):
        raise Invalid("its paths are not in order.")


def check_cuts(keys: list[bytes], level: int) -> bool:
    """Whether the node ends at a cut, so that others may follow. Invalid if a cut lies inside of it."""
    ends = cuts(keys, level)
    if ends and ends != [len(keys)]:
        raise Invalid("it is not cut where the format says.")
    return bool(ends)


def check_root(id: str, node: Checked) -> None:
    """Invalid if a tree would have a level more than it needs."""
    if node.level and node.entries < 2:
        raise Invalid(f"The tree {id[:8]} is refused: it has a level more than it needs.")
