"""Texts, unified or side by side."""

from itertools import islice

from assethub.server.console.diffs.lines import Row, blocks, lines_of, rows
from assethub.server.console.diffs.looking import LATER, Differing
from assethub.server.console.previews.looking import Shown
from assethub.services.objects import OpenFile, read_whole

LARGEST, LARGEST_ALONE = 256 << 10, 4 << 20  # bytes of a side
MOST_CELLS, MOST_CELLS_ALONE = 4_000_000, 400_000_000  # of the table that finds common lines
MOST_ROWS, MOST_ROWS_ALONE = 400, 5000  # that are shown
SNIFFED = 8192  # bytes that tell whether it is text
TEXTS = ("json", "yaml", "toml", "x-python", "javascript", "xml", "x-sh", "x-tex", "x-ndjson", "jsonl")


def show(looking: Differing) -> Shown | None:
    if not all(is_text(one) for one in looking.files):
        return None
    largest = LARGEST_ALONE if looking.alone else LARGEST
    if any(one.entry.size > largest for one in looking.files):
        return LATER if not looking.alone and all(one.entry.size <= LARGEST_ALONE for one in looking.files) else None
    old, new = text_of(looking.sides.old), text_of(looking.sides.new)
    if old is None or new is None:
        return None
    before, after = lines_of(old), lines_of(new)
    found = blocks(before, after, MOST_CELLS_ALONE if looking.alone else MOST_CELLS)
    most = MOST_ROWS_ALONE if looking.alone else MOST_ROWS
    shown = list(islice(rows(before, after, found), most + 1))
    plus, minus = sum(one[3] - one[2] for one in found), sum(one[1] - one[0] for one in found)
    values = {
        "rows": shown[:most] if looking.split else unified(shown[:most]), "more": len(shown) > most, "plus": plus,
        "minus": minus,
    }  # fmt: skip
    return Shown("diffs/split.html" if looking.split else "diffs/unified.html", values)


def unified(found: list[Row]) -> list[Row]:
    """Of each run of changed lines first the old ones, then the new ones."""
    ordered: list[Row] = []
    waiting: list[Row] = []
    for row in found:
        if row.kind == "change":
            if row.old is not None:
                ordered.append(Row(old=row.old))
            if row.new is not None:
                waiting.append(Row(new=row.new))
        else:
            ordered += [*waiting, row]
            waiting = []
    return ordered + waiting


def is_text(opened: OpenFile) -> bool:
    """By its type; where that tells nothing, by its first bytes."""
    kind = opened.entry.content_type
    if kind.startswith("text/") or kind.endswith(TEXTS):
        return True
    if kind.startswith(("image/", "audio/", "video/")) or opened.entry.size > LARGEST_ALONE:
        return False
    head = b"".join(opened.read(0, min(opened.entry.size, SNIFFED)))
    return b"\0" not in head


def text_of(opened: OpenFile | None) -> str | None:
    """The whole text, empty where there is no file; None if it is no UTF-8."""
    if opened is None:
        return ""
    body = read_whole(opened, LARGEST_ALONE)
    if body is None or b"\0" in body:
        return None
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
