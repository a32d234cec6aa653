"""Files of a version listed and read, and where the hub keeps their bodies."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from assethub.database.placed import Placed
from assethub.domain.assets import Asset
from assethub.domain.errors import Damaged, Gone, Invalid, NotFound
from assethub.domain.history import Commit
from assethub.domain.names import Reference
from assethub.domain.objects import Entry, Listed, Purge
from assethub.services import versions
from assethub.services.work import Hub, Work
from assethub.storage.contents import LINKED, Location
from assethub.storage.originals import Link, LinkBroken

MOST_LISTED = 10_000


def list_objects(
    work: Work, reference: Reference, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int = 1000
) -> tuple[Commit, list[Listed], str | None]:
    """One page of a version's files in path order; with a delimiter, folders stand for what is below them."""
    if not 1 <= limit <= MOST_LISTED:
        raise Invalid(f"A page has 1 to {MOST_LISTED} entries, not {limit}.")
    _, commit = versions.version(work, reference)
    listed, more = versions.tree_of(work, commit).page(prefix, delimiter, after, limit)
    return commit, listed, more


def stat_object(work: Work, reference: Reference, path: str) -> tuple[Asset, Commit, Entry]:
    asset, commit = versions.version(work, reference)
    entry = versions.tree_of(work, commit).find(path)
    if entry is None:
        raise NotFound(f"{reference.asset} has no file {path!r} at {reference.ref or 'main'} ({commit.id[:8]}).")
    return asset, commit, entry


@dataclass(frozen=True)
class OpenFile:
    """A committed file: what it is, and its bytes as they are asked for; needs no transaction."""

    hub: Hub
    path: str
    entry: Entry
    location: Location

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return read_body(self.hub, self.location, self.path, start, end)

    @property
    def handed_over(self) -> str | None:
        """Where the web server before the hub finds this body as a file, if the hub was told that there is one."""
        file = self.hub.contents.file_of(self.location) if self.hub.accel else None
        return f"{self.hub.accel.rstrip('/')}/{file}" if file else None

    def read_all(self) -> bytes:
        """All bytes of a small file, compared with its sha256. Unavailable if they are damaged."""
        body = b"".join(self.read())
        if hashlib.sha256(body).hexdigest() != self.entry.sha256:
            raise damaged(self.path, self.location, "damaged")
        return body


def open_file(work: Work, reference: Reference, path: str) -> OpenFile:
    _, _, entry = stat_object(work, reference, path)
    return OpenFile(work.hub, path, entry, locate(work, [entry.sha256], {entry.sha256: path})[entry.sha256])


def open_files(work: Work, reference: Reference, paths: list[str]) -> list[OpenFile]:
    """Several files of one version, in the order asked; NotFound names the first that is missing."""
    _, commit = versions.version(work, reference)
    tree = versions.tree_of(work, commit)
    entries = {}
    for path in paths:
        entry = tree.find(path)
        if entry is None:
            raise NotFound(f"{reference.asset} has no file {path!r} at {reference.ref or 'main'} ({commit.id[:8]}).")
        entries[path] = entry
    located = locate(work, {one.sha256 for one in entries.values()}, {one.sha256: at for at, one in entries.items()})
    return [OpenFile(work.hub, path, entries[path], located[entries[path].sha256]) for path in paths]


def locate(work: Work, sha256s: Iterable[str], paths: Mapping[str, str] = MappingProxyType({})) -> dict[str, Location]:
    """Where these bodies lie. Gone for one that was removed for good, named by its path if that is given."""
    wanted = set(sha256s)
    found = work.bodies.rows(wanted)
    for sha256 in wanted - found.keys():
        purge = work.purges.of([sha256]).get(sha256)
        what = repr(paths[sha256]) if sha256 in paths else f"sha256 {sha256[:8]}"
        raise gone(purge, what) if purge else NotFound.named("content", sha256[:8])
    return locations(work, found)


def locations(work: Work, found: Mapping[str, Placed]) -> dict[str, Location]:
    links = work.links.find(sha256 for sha256, one in found.items() if one.pack == LINKED)
    return {
        sha256: Location(sha256, one.size, one.pack, one.offset, Link(*links[sha256]) if sha256 in links else None)
        for sha256, one in found.items()
    }


def read_body(hub: Hub, location: Location, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """A body's bytes, also if it has been moved since it was located.

    Unavailable if it is gone or too short; whether its bytes are right is not known before they are hashed.
    """
    for attempt in range(2):
        try:
            pieces = hub.contents.read(location, start, end)
        except KeyError:
            with hub.work(None, reading=True) as work:
                now = locations(work, work.bodies.rows([location.sha256])).get(location.sha256, location)
            if attempt or now == location:
                raise damaged(path, location, "gone from the hub's store") from None
            location = now
        else:
            break
    left = (location.size if end is None else min(end, location.size)) - start
    try:
        for piece in pieces:
            left -= len(piece)
            yield piece
    except LinkBroken as error:
        raise Damaged(f"The content of {path!r} cannot be read: {error}.") from None
    if left > 0:
        raise damaged(path, location, "cut off")


def gone(purge: Purge, what: str) -> Gone:
    return Gone(
        f"The content of {what} was removed from this hub for good on {purge.purged_at:%Y-%m-%d} "
        f"by {purge.purged_by}: {purge.reason}"
    )


def damaged(path: str, location: Location, how: str) -> Damaged:
    return Damaged(
        f"The stored content of {path!r} (sha256 {location.sha256[:8]}) is {how}; `ah admin verify --deep` on the "
        "hub's machine lists all that is damaged."
    )


def check_links(files: Iterable[OpenFile]) -> None:
    """Unavailable names the first linked file whose original changed or is gone; for what is answered in one piece."""
    for file in files:
        if file.location.link is not None:
            try:
                file.hub.contents.check(file.location)
            except LinkBroken as error:
                raise Damaged(f"The content of {file.path!r} cannot be read: {error}.") from None


def read_whole(opened: OpenFile, most: int) -> bytes | None:
    """The file's bytes if there are at most `most` of them."""
    return None if opened.entry.size > most else opened.read_all()
