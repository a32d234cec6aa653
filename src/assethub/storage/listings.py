"""Pages of a tree: objects, and folders that stand for all below them; leaves inside of a folder are not read."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from assethub.domain.objects import Entry, Listed
from assethub.storage.nodes import Rows
from assethub.storage.outlines import Outline

if TYPE_CHECKING:
    from assethub.storage.trees import Tree

FIRST_LOOK, LARGEST_LOOK = 8, 512  # leaves whose outlines are asked for at once
MOST_AHEAD = 256  # objects that are decoded at once where many follow one another


class Piece(NamedTuple):
    """An object, or what one leaf holds of a folder."""

    name: bytes
    entry: Entry | None
    objects: int
    size: int


def page(tree: "Tree", prefix: str, delimiter: str, after: str, limit: int) -> tuple[list[Listed], str | None]:
    """Up to `limit` objects and folders below the prefix, after `after`; and where the next page begins."""
    base, cut, last = prefix.encode(), delimiter.encode(), after.encode()
    begun = len(last) > len(base) and folder_in(last, base, cut) == last
    start = max(base, last + b"\xff" if begun else last)
    listed: list[Listed] = []
    folder, count, size = b"", 0, 0
    for piece in pieces(tree, base, cut, start):
        if piece.name <= last:
            continue
        if piece.name != folder:
            if folder:
                listed.append(Listed(folder.decode(), None, count, size))
            if len(listed) == limit:
                return listed, listed[-1].path
            folder, count, size = b"", 0, 0
        if piece.entry is not None:
            listed.append(Listed(piece.name.decode(), piece.entry, 1, piece.size))
        else:
            folder, count, size = piece.name, count + piece.objects, size + piece.size
    if folder:
        listed.append(Listed(folder.decode(), None, count, size))
    return listed, None


def folder_in(key: bytes, base: bytes, cut: bytes) -> bytes:
    """The folder that stands for the key in a listing of the base; empty if the key stands for itself."""
    if not cut or not key.startswith(base):
        return b""
    at = key.find(cut, len(base))
    return key[: at + len(cut)] if at >= 0 else b""


def pieces(tree: "Tree", base: bytes, cut: bytes, start: bytes) -> Iterator[Piece]:
    """What lies at and behind `start`, as far as it begins with the base."""
    depth = base.count(b"/") + 1 if cut == b"/" else 0
    number = max(bisect_right(tree.firsts, start) - 1, 0)
    end = bisect_left(tree.firsts, base + b"\xff") if base else len(tree.leaves)
    known: dict[int, Outline] = {}
    asked, look = number, FIRST_LOOK
    for at in range(number, end):
        leaf = tree.leaves[at]
        name = folder_around(tree, at, base, cut)
        if name and leaf.first >= start:
            yield Piece(name, None, leaf.count, leaf.size)
            continue
        if depth and at >= asked:
            wanted: list[int] = []
            while asked < end and len(wanted) < look:
                if not folder_around(tree, asked, base, cut):
                    wanted.append(asked)
                asked += 1
            known = tree.outlines(wanted)
            look = min(2 * look, LARGEST_LOOK)
        outline = known.get(at)
        if outline is not None and outline.depth == depth:
            yield from lines_from(outline, base, start)
        elif outline is not None and outline.depth > depth:
            yield from lines_of(outline.lines, outline.counts.tolist(), base, cut, start)
        else:
            yield from lines_of(tree.leaf(at), None, base, cut, start)


def folder_around(tree: "Tree", number: int, base: bytes, cut: bytes) -> bytes:
    """The folder that all of a leaf belongs to, if the first keys show that."""
    name = folder_in(tree.firsts[number], base, cut)
    return name if name and number + 1 < len(tree.leaves) and tree.firsts[number + 1].startswith(name) else b""


def lines_from(outline: Outline, base: bytes, start: bytes) -> Iterator[Piece]:
    """The pieces of an outline that is cut just where the listing is."""
    lines, counts, sizes = outline.lines, outline.counts.tolist(), outline.lines.sizes.tolist()
    for at in range(bisect_left(lines.keys, start), len(lines)):
        if not lines.keys[at].startswith(base):
            return
        yield Piece(lines.keys[at], None if counts[at] else lines.entry(at), counts[at] or 1, sizes[at])


def lines_of(rows: Rows, counts: list[int] | None, base: bytes, cut: bytes, start: bytes) -> Iterator[Piece]:
    """The pieces of a leaf, or of its outline."""
    keys = rows.keys
    at = bisect_left(keys, start)
    entries: list[Entry] = []
    first, ahead = at, 1
    while at < len(keys):
        key = keys[at]
        if not key.startswith(base):
            return
        name = folder_in(key, base, cut)
        if not name:
            if at >= first + len(entries):
                ahead = min(2 * ahead, MOST_AHEAD) if entries and at == first + len(entries) else 1
                entries, first = rows.entries(at, at + ahead), at
            entry = entries[at - first]
            yield Piece(key, entry, 1, entry.size)
            at += 1
            continue
        end = bisect_left(keys, name + b"\xff", at)
        count = end - at if counts is None else sum(max(one, 1) for one in counts[at:end])
        yield Piece(name, None, count, int(rows.sizes[at:end].sum()))
        at = end
