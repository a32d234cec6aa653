"""A prefix of an S3, Google Cloud or Azure store as a source; keys and endpoints come from the cloud's variables."""

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, InvalidPathError, PreconditionError
from obstore.store import from_url

from assethub.domain.errors import Invalid, Unavailable
from assethub.storage.backend import PIECE
from assethub.storage.object_store import Telling, first_line
from assethub.storage.sources import Changed, Found, Opened

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ObjectStore

PAGE = 1000
WINDOW = 64 << 20  # bytes of one request: the store's client gives up on what takes very long
ETAG = "etag"


class BucketSource:
    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self.store: ObjectStore = from_url(url)
        except (BaseError, ValueError) as error:
            raise Invalid(f"The source {url!r} cannot be used: {first_line(error)}") from error

    def list(self, place: str) -> Iterator[Found]:
        if place and not place.endswith("/"):
            try:
                yield self.stat(place)
            except KeyError:
                pass
            else:
                return
        pages = obstore.list(self.store, place.strip("/") or None, chunk_size=PAGE)
        while True:
            try:
                with Telling(self.url, place):
                    page = next(pages, None)
            except Unavailable as error:
                if isinstance(error.__cause__, InvalidPathError):
                    raise Invalid(
                        f"The source has a key that cannot be a path: {first_line(error.__cause__)}"
                    ) from None
                raise
            if page is None:
                return
            for meta in page:
                yield found_of(meta["path"], meta)

    def stat(self, place: str) -> Found:
        with Telling(self.url, place):
            return found_of(place, obstore.head(self.store, place))

    def open(self, place: str, start: int = 0, end: int | None = None, *, stamp: str | None = None) -> Opened:
        answer = self.get(place, start, None if end is None else min(end, start + WINDOW), stamp)
        found = found_of(place, answer.meta)
        stop = found.size if end is None else end
        if answer.range[1] - answer.range[0] > WINDOW:
            answer = self.get(place, start, start + WINDOW, found.stamp)
        return Opened(found, self.pieces(found, answer, stop))

    def get(self, place: str, start: int, end: int | None, stamp: str | None) -> "obstore.GetResult":
        options: GetOptions = {}
        _, kind, tag = (stamp or "  ").split(" ", 2)
        if kind == ETAG:
            options["if_match"] = f'"{tag}"'
        if start or end is not None:
            options["range"] = (start, end) if end is not None else {"offset": start}
        try:
            with Telling(self.url, place):
                answer = obstore.get(self.store, place, options=options)
        except Unavailable as error:
            if isinstance(error.__cause__, PreconditionError):
                raise Changed(place) from None
            raise
        if stamp is not None and stamp != found_of(place, answer.meta).stamp:
            raise Changed(place)
        return answer

    def pieces(self, found: Found, answer: "obstore.GetResult", end: int) -> Iterator[bytes]:
        """What the answer holds, and what follows up to the end, a window with each request."""
        while True:
            with Telling(self.url, found.place):
                for chunk in answer.stream(min_chunk_size=PIECE):
                    view = memoryview(chunk)
                    for at in range(0, len(view), PIECE):
                        yield bytes(view[at : at + PIECE])
            start = answer.range[1]
            if start >= end:
                return
            answer = self.get(found.place, start, min(end, start + WINDOW), found.stamp)


def found_of(place: str, meta: "ObjectMeta") -> Found:
    """The store's tag says which content it is; where it gives none, the modified time has to."""
    tag = (meta["e_tag"] or "").removeprefix("W/").strip('"')
    modified = meta["last_modified"].astimezone(UTC)
    stamp = f"{ETAG} {tag}" if tag else f"time {modified:%Y-%m-%dT%H:%M:%S}"
    return Found(place, meta["size"], f"{meta['size']} {stamp}", modified)
