"""Text with line numbers, piece by piece where it is long, and Markdown."""

import re

from assethub.server.console.cards import card
from assethub.server.console.markup import highlighted
from assethub.server.console.previews.looking import Looking, Shown
from assethub.services.objects import OpenFile, read_whole
from assethub.services.tables import table_of

LARGEST_SHOWN = 512 << 10  # bytes shown at once
MOST_LINES = 5_000
NUL = re.compile(rb"\x00")
CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a]")  # that texts do not have


def show(looking: Looking) -> Shown | None:
    markdown = looking.entry.content_type == "text/markdown"
    if markdown and not looking.source:
        text = whole_text(looking.opened)
        if text is not None:
            return Shown("previews/markdown.html", {"content": card(text, looking.place)}, True)
    renders = markdown or (looking.source and table_of(looking.opened) is not None)
    piece = piece_of(looking.opened, looking.number("at"))
    if piece is None:
        return None
    text, start, end = piece
    lines = highlighted(text, looking.opened.path)
    first = max(looking.number("line"), 1) if start else 1
    size = looking.entry.size
    return Shown(
        "previews/text.html",
        {"content": lines, "first": first, "start": start, "end": end, "more": end < size},
        looking.source or (renders and size <= LARGEST_SHOWN),
    )


def piece_of(opened: OpenFile, start: int) -> tuple[str, int, int] | None:
    """Some whole lines from `start` on, and where in the file they are, in bytes; None if the file is no text."""
    size = opened.entry.size
    if start >= size:
        start = 0
    if size <= LARGEST_SHOWN:
        body = opened.read_all()[start:]
    else:
        body = b"".join(opened.read(start, min(start + LARGEST_SHOWN, size)))
    if start + len(body) < size:
        body = body[: body.rfind(b"\n") + 1] or body[: len(body) - unfinished(body)]
    parts = body.split(b"\n", MOST_LINES)
    if len(parts) > MOST_LINES:
        body = body[: len(body) - len(parts[-1])]
    while start and body[:1] and 0x80 <= body[0] < 0xC0:  # an address made by hand points into a character
        start, body = start + 1, body[1:]
    text = decoded(body)
    return None if text is None else (text.replace("\r\n", "\n"), start, start + len(body))


def unfinished(body: bytes) -> int:
    """How many bytes at the end begin a character that is cut off."""
    for back in range(1, 4):
        byte = body[-back : len(body) - back + 1]
        if byte and byte[0] >= 0xC0:
            return back if back < (2 if byte[0] < 0xE0 else 3 if byte[0] < 0xF0 else 4) else 0
    return 0


def whole_text(opened: OpenFile) -> str | None:
    """The file as text, if it is one and not too large to show."""
    body = read_whole(opened, LARGEST_SHOWN)
    return None if body is None else decoded(body)


def decoded(body: bytes) -> str | None:
    """UTF-8, or the Chinese standard that older texts have; None for what is no text."""
    for encoding, others in (("utf-8-sig", NUL), ("gb18030", CONTROLS)):
        try:
            return None if others.search(body) else body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
