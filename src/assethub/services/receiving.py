"""Bodies on their way in: received and checked, then acknowledged, so that the asset holds them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Self
from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.errors import Gone, Invalid, QuotaExceeded
from assethub.domain.folders import Role
from assethub.domain.names import COMMIT_ID, AssetPath
from assethub.domain.owners import Asking, RunCaller
from assethub.services.objects import gone, locate, locations
from assethub.services.quotas import Room, check_gained, check_room, room_of
from assethub.services.work import Hub, Work
from assethub.storage.contents import LINKED, Incoming, Location, check_body

Received = Location  # what a door is told about a body that was kept


def receiving(work: Work, path: AssetPath) -> Asset:
    """The asset, if the caller may send content to it: editors, and a run to its output."""
    return work.asset(path, needs=Role.RUNNER if isinstance(work.caller, RunCaller) else Role.EDITOR)


class Upload:
    """One body on its way into an asset; no transaction is held while it streams."""

    def __init__(self, hub: Hub, caller: Asking, asset: Asset, incoming: Incoming, room: Room | None) -> None:
        self.hub, self.caller, self.asset, self.incoming, self.room = hub, caller, asset, incoming, room

    @classmethod
    def begin(
        cls, hub: Hub, caller: Asking, path: AssetPath, expected: str | None = None, size: int | None = None
    ) -> Self:
        """`size` is what the sender announces. QuotaExceeded if the owner may not store so much more."""
        if expected is not None and not COMMIT_ID.fullmatch(expected):
            raise Invalid(f"{expected!r} is not a sha256; it has 64 lower-case hex digits.")
        with hub.work(caller, reading=True) as work:
            asset = receiving(work, path)
            held = expected is not None and expected in copies(work, asset.id, [expected])
            room = None if held else room_of(work, asset.id)
        return cls.into(hub, caller, asset, room, size)

    @classmethod
    def into(cls, hub: Hub, caller: Asking, asset: Asset, room: Room | None, size: int | None) -> Self:
        """Into an asset of which is known already that the caller may send to it, and what room its owner has."""
        if room is not None:
            room.check(size or 0)
        return cls(hub, caller, asset, hub.contents.incoming(), room)

    def write(self, data: bytes) -> None:
        if self.room is not None:
            self.room.check(self.incoming.size + len(data))
        self.incoming.write(data)

    def finish(self, expected: str | None = None) -> Location:
        """Keep the body durably, then the rows that acknowledge it."""
        location = self.incoming.keep(expected)
        with unless_gone(self.hub, [location]), self.hub.work(self.caller) as work:
            known = acknowledge_one(work, self.asset.id, location)
        if known.pack != location.pack:  # the hub had it already; the first copy stays
            self.hub.contents.drop(location.pack)
        return known

    def discard(self) -> None:
        self.incoming.discard()


def receive_small(hub: Hub, caller: Asking, path: AssetPath, bodies: Iterable[tuple[str, bytes]]) -> list[Location]:
    """Keep many small bodies, those that are new to the hub as one pack, and acknowledge them all."""
    arrived = dict(bodies)
    with hub.work(caller, reading=True) as work:
        asset = receiving(work, path)
        room = room_of(work, asset.id)
        if room is not None:
            held = copies(work, asset.id, arrived)
            room.check(sum(len(body) for sha256, body in arrived.items() if sha256 not in held))
        known = {sha256 for sha256, one in work.bodies.rows(arrived).items() if one.pack != LINKED}
    for sha256 in known:
        check_body(sha256, arrived[sha256])
    located = hub.contents.keep_pack((sha256, body) for sha256, body in arrived.items() if sha256 not in known)
    with unless_gone(hub, list(located)), hub.work(caller) as work:
        still = work.bodies.rows(known)
        located += hub.contents.keep_pack((sha256, arrived[sha256]) for sha256 in known - still.keys())
        located += locations(work, still).values()
        acknowledge(work, asset.id, located)
    return located


def copies(work: Work, asset: UUID, sha256s: Iterable[str]) -> set[str]:
    """Which of these contents the asset holds, as more than a link."""
    return {sha256 for sha256, one in work.holdings.of(asset, sha256s).items() if one.pack != LINKED}


@contextmanager
def unless_gone(hub: Hub, kept: list[Location]) -> Iterator[None]:
    """Files that were just kept go again if they are refused: one was removed for good before, or there is no room."""
    try:
        yield
    except (Gone, QuotaExceeded):
        for name in {one.pack for one in kept} - {LINKED}:
            hub.contents.drop(name)
        raise


def acknowledge(work: Work, asset: UUID, located: list[Location]) -> None:
    """The hub knows these bodies from now on, and the asset holds them. Gone if one was removed for good before."""
    admit(work, located)
    check_gained(work, asset, work.holdings.add(asset, [one.sha256 for one in located]))


def acknowledge_one(work: Work, asset: UUID, location: Location) -> Location:
    """The same for one body; answers where it lies, which is elsewhere if the hub knew it already."""
    acknowledge(work, asset, [location])
    return locate(work, [location.sha256])[location.sha256]


def admit(work: Work, located: list[Location]) -> None:
    """The rows of bodies that are kept or linked; a copy takes over from a link, never the other way round.

    Gone if one was removed for good before.
    """
    for purge in work.purges.of({one.sha256 for one in located}).values():
        raise gone(purge, f"sha256 {purge.sha256[:8]}")
    work.bodies.insert([(one.sha256, one.size, one.pack, one.offset) for one in located], work.now())
    work.links.settle([(one.sha256, one.pack, one.offset) for one in located if one.link is None])
    linked = [(one.sha256, one.link) for one in located if one.link is not None]
    work.links.put([(sha256, link.source, link.place, link.stamp) for sha256, link in linked])


def hold(work: Work, asset: UUID, sha256s: Iterable[str]) -> None:
    """Give the asset bodies that the hub has; NotFound names one that it has not."""
    found = {one.sha256 for one in locate(work, sha256s).values()}
    work.bodies.touch(work.bodies.rows(found).values(), work.now(), work.stale)
    check_gained(work, asset, work.holdings.add(asset, found))


def missing_bodies(
    work: Work, path: AssetPath, sha256s: Sequence[str], sizes: Sequence[int] = (), before: int = 0
) -> list[str]:
    """Which of these contents the asset does not hold yet, or only as links, in the order asked.

    The others stay for the grace period. QuotaExceeded if their `sizes`, with `before` that earlier answers asked for,
    are more than the owner may store.
    """
    asset, announced = receiving(work, path), dict(zip(sha256s, sizes or repeat(0), strict=False))
    if sizes and len(sizes) != len(sha256s):
        raise Invalid(f"There are {len(sizes)} sizes for {len(sha256s)} contents; give one for each, or none.")
    asked = list(announced)
    held = work.holdings.of(asset.id, asked)
    work.bodies.touch(held.values(), work.now(), work.stale)
    missing = [sha256 for sha256 in asked if sha256 not in held or held[sha256].pack == LINKED]
    check_room(work, asset.id, before + sum(announced[sha256] for sha256 in missing))
    return missing
