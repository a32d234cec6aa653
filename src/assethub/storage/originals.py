"""Linked bodies: content that stays where it is, read only while it is what it was when it was hashed."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.storage.sources import Changed, open_source


class LinkBroken(Exception):
    """The original of a linked body is not there any more as it was; the text is a clause that names it."""


@dataclass(frozen=True)
class Link:
    """Where a linked body lies: a place of a source (`url` None: it was removed), under the stamp it had then."""

    source: UUID
    name: str
    url: str | None
    place: str
    stamp: str

    def __str__(self) -> str:
        return f"{self.place!r} in the source {self.name!r}"


def read_original(link: Link, size: int, start: int, end: int) -> Iterator[bytes]:
    """The bytes from start up to end. LinkBroken before the first or the last of them if the original changed."""
    if start >= end:
        check_original(link, size)
        return
    left = end - start
    try:
        for piece in open_source(address(link)).open(link.place, start, end, stamp=link.stamp).pieces:
            left -= len(piece)
            yield piece
    except (KeyError, Changed, Invalid) as error:
        raise broken(link, error) from None
    if left:
        raise broken(link, Changed(link.place))


def check_original(link: Link, size: int) -> None:
    """LinkBroken if the original changed; its bytes are not read."""
    try:
        found = open_source(address(link)).stat(link.place)
    except (KeyError, Invalid) as error:
        raise broken(link, error) from None
    if found.stamp != link.stamp or found.size != size:
        raise broken(link, Changed(link.place))


def address(link: Link) -> str:
    if link.url is None:
        raise LinkBroken(f"its original {link} was linked, and an administrator removed the source")
    return link.url


def broken(link: Link, error: Exception) -> LinkBroken:
    if isinstance(error, Changed):
        return LinkBroken(f"the original {link} changed since it was linked")
    if isinstance(error, Invalid):
        return LinkBroken(f"the original {link} is not what was linked: {str(error).rstrip('.')}")
    return LinkBroken(f"the original {link} is gone")
