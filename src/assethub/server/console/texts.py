"""Text that is edited in a page: which files are such text, and how it is kept the way its writer left it."""

import difflib
import re
from collections import Counter

from assethub.domain.errors import Invalid
from assethub.services.objects import OpenFile, read_whole

LARGEST = 512 << 10  # bytes of a text that a page edits
MOST_COMPARED = 5000  # lines
MARK = "\ufeff"  # a byte order mark, which some programs want at the beginning
END = re.compile(r"\r\n|\n|\r")


def text_to_edit(opened: OpenFile) -> str:
    """The whole text, as it is. Invalid says why the file cannot be edited in a page."""
    body = read_whole(opened, LARGEST)
    if body is None:
        raise Invalid(
            f"{opened.path!r} has {opened.entry.size} bytes, and the console edits text up to {LARGEST >> 10} KiB. "
            "Download it, change it, and commit it."
        )
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Invalid(f"{opened.path!r} is not a text in UTF-8, so it cannot be edited here.")
    return text


def text_to_keep(sent: str, original: str = "") -> bytes:
    """What a form sent, with the original's mark and line ends: browsers send \\r\\n whatever the text had.

    Of a text with mixed ends, lines that stand before and behind the edit keep theirs. Invalid for what is no text.
    """
    if "\0" in sent:
        raise Invalid("A text has no NUL characters; remove them.")
    plain, had = original.removeprefix(MARK), END.findall(original)
    kinds = Counter(had)
    end = kinds.most_common(1)[0][0] if kinds else "\n"
    lines = END.split(sent)
    ends = [end] * (len(lines) - 1)
    if len(kinds) > 1:
        before = END.split(plain)
        same = shared(lines[:-1], before[:-1])
        ends[:same] = had[:same]
        behind = shared(lines[same:][::-1], before[same:][::-1]) - 1  # the last line has no end
        if behind > 0:
            ends[-behind:] = had[-behind:]
    text = "".join(line + tail for line, tail in zip(lines, [*ends, ""], strict=True))
    body = (MARK * original.startswith(MARK) + text).encode()
    if len(body) > LARGEST:
        raise Invalid(
            f"The text has {len(body)} bytes; the console keeps up to {LARGEST >> 10} KiB. Upload it instead."
        )
    return body


def shared(one: list[str], other: list[str]) -> int:
    """How many lines both begin with."""
    for number, (here, there) in enumerate(zip(one, other, strict=False)):
        if here != there:
            return number
    return min(len(one), len(other))


def differing(old: str, new: str) -> list[tuple[str, str]]:
    """A unified diff without its file names, as (sign, text) lines; empty for texts that are too long to compare."""
    before, after = END.split(old), END.split(new)
    if max(len(before), len(after)) > MOST_COMPARED:
        return []
    lines = difflib.unified_diff(before, after, n=3, lineterm="")
    return [(line[0], line if line.startswith("@@") else line[1:]) for line in list(lines)[2:]]
