"""What a search asks for, and how texts become the words that it finds."""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from assethub.domain.folders import Which
from assethub.domain.names import Kind

MOST_WORDS = 10  # of a search
LONGEST_WORD = 40  # characters; longer ones are found by their beginning
PIECES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts that put no spaces between words


class Sort(StrEnum):
    """The order of what is found."""

    BEST = "best"  # those with the words in their names first, then the last changed
    UPDATED = "updated"
    NAME = "name"
    SIZE = "size"  # of main, the largest first
    STARS = "stars"


class Source(StrEnum):
    """Where a word of an asset comes from."""

    CARD = "card"
    FILE = "file"


@dataclass(frozen=True)
class Search:
    """All of it has to be true of what is found; nothing asked for means everything that the caller may see."""

    words: tuple[str, ...] = ()
    kind: Kind | None = None
    which: Which = Which.ALL
    owner: str | None = None
    label: str | None = None
    folder: UUID | None = None
    starred: UUID | None = None  # by this user
    sort: Sort = Sort.BEST


def split_words(text: str) -> tuple[str, ...]:
    """The words of a search as people type them, in lower case."""
    return tuple(dict.fromkeys(text.lower().split()))[:MOST_WORDS]


def terms_of(text: str) -> list[str]:
    """The pieces of a text that are kept, each once: letters and digits, pairs of signs where no spaces are written."""
    found: dict[str, None] = {}
    for piece in PIECES.findall(text.lower()):
        if SPACELESS.match(piece):
            found |= dict.fromkeys(piece[at : at + 2] for at in range(max(1, len(piece) - 1)))
        else:
            found[piece[:LONGEST_WORD]] = None
    return list(found)
