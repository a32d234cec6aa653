"""The two kinds of files in a store, and what the collector has to know of each: bodies, and nodes of trees."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import zstandard

from assethub.database.placed import Placed, PlacedRows
from assethub.services.marking import Marks
from assethub.services.work import Hub, Work
from assethub.storage.contents import key_of
from assethub.storage.tree_store import pack_key


@dataclass(frozen=True)
class Shelf:
    what: str
    prefixes: tuple[str, ...]
    rows: Callable[[Work], PlacedRows]
    key: Callable[[str], str]  # of a file, by its name
    unmarked: Callable[[Marks, list[str]], list[str]]
    unpacked: Callable[[bytes], bytes]  # what the id is the sha256 of


CONTENTS = Shelf(
    "contents", ("packs/", "objects/"), lambda work: work.bodies, key_of,
    lambda marks, ids: marks.contents.missing(ids), lambda data: data,
)  # fmt: skip
NODES = Shelf(
    "tree nodes", ("trees/",), lambda work: work.nodes, pack_key,
    lambda marks, ids: [id for id in ids if id not in marks.nodes],
    lambda data: zstandard.ZstdDecompressor().decompress(data),
)  # fmt: skip
SHELVES = (CONTENTS, NODES)


def copy_together(hub: Hub, shelf: Shelf, rows: Iterable[Placed]) -> list[Placed]:
    """Write small bodies or nodes one after another into a new file, and say where they lie there.

    KeyError if one is damaged or gone; nothing is kept then.
    """
    name, offset, placed = secrets.token_hex(16), 0, []
    writer = hub.contents.backend.writer()
    try:
        for row in rows:
            data = b"".join(hub.contents.backend.read(shelf.key(row.pack), row.offset, row.offset + row.size))
            if not is_whole(shelf, row, data):
                raise KeyError(f"{row.id} is damaged in {shelf.key(row.pack)}")
            writer.write(data)
            placed.append(replace(row, pack=name, offset=offset))
            offset += row.size
        if placed:
            writer.keep(shelf.key(name))
        return placed
    finally:
        writer.discard()


def is_whole(shelf: Shelf, row: Placed, data: bytes) -> bool:
    try:
        return hashlib.sha256(shelf.unpacked(data)).hexdigest() == row.id
    except zstandard.ZstdError:
        return False
