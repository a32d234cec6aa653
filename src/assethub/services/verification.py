"""Reading everything that a hub keeps, and telling what is damaged and whom it hurts."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from assethub.domain.assets import Asset
from assethub.domain.errors import Unavailable
from assethub.services.collection import moving_files
from assethub.services.objects import locations
from assethub.services.work import Hub, Work
from assethub.storage.contents import Location
from assethub.storage.nodes import Rows
from assethub.storage.originals import LinkBroken


@dataclass(frozen=True)
class Damage:
    """What is wrong with a path of a version, or (no path) with all that a node of its tree held."""

    asset: str
    commit: str
    path: str | None
    problem: str


@dataclass(frozen=True)
class Verified:
    bodies: int
    bytes: int
    commits: int
    damages: tuple[Damage, ...]


def verify(hub: Hub, *, deep: bool = False) -> Verified:
    """Look for every body and node that a version needs; `deep` reads and hashes all bodies too. Changes nothing.

    It waits for a collection under way, and none begins meanwhile.
    """
    with moving_files(hub, wait=True):
        return look_at_all(hub, deep)


def look_at_all(hub: Hub, deep: bool) -> Verified:
    problems: dict[str, str] = {}
    count = size = 0
    for location in bodies(hub):
        count, size = count + 1, size + location.size
        problem = body_problem(hub, location, deep=deep)
        if problem:
            problems[location.sha256] = problem
    with hub.work(None, reading=True) as work:
        assets = work.assets.all()
    damages: list[Damage] = []
    commits = 0
    for asset in assets:
        with hub.work(None, reading=True) as work:
            found = work.commits.all(asset.id)
            commits += len(found)
            damages += damages_of(work, asset, [(commit.id, commit.tree) for commit in found], problems)
    return Verified(count, size, commits, tuple(damages))


def bodies(hub: Hub) -> Iterator[Location]:
    """Every body that the hub knows, by sha256; no transaction is held between pages."""
    after = ""
    while True:
        with hub.work(None, reading=True) as work:
            page = work.bodies.page(after)
            found = locations(work, {one.id: one for one in page})
        if not page:
            return
        yield from found.values()
        after = page[-1].id


def body_problem(hub: Hub, location: Location, *, deep: bool) -> str | None:
    try:
        if not deep:
            hub.contents.check(location)
            return None
        digest = hashlib.sha256()
        for piece in hub.contents.read(location):
            digest.update(piece)
    except (LinkBroken, Unavailable) as error:
        return str(error)
    except KeyError as error:
        return f"its content is gone ({error.args[0]})"
    return None if digest.hexdigest() == location.sha256 else "its content is damaged: it has another sha256"


def damages_of(work: Work, asset: Asset, commits: list[tuple[str, str]], problems: dict[str, str]) -> Iterator[Damage]:
    """What of the asset's versions is hurt; a node that several versions share is looked at once."""
    seen: set[bytes] = set()
    path = str(asset.path)
    for commit, tree_id in commits:
        try:
            tree = work.trees.get(tree_id)
        except KeyError as error:
            yield Damage(path, commit, None, str(error.args[0]))
            continue
        for number, leaf in enumerate(tree.leaves):
            if leaf.id in seen:
                continue
            seen.add(leaf.id)
            try:
                rows = tree.leaf(number)
            except KeyError as error:
                yield Damage(path, commit, None, f"{leaf.count} paths from {leaf.first.decode()!r} on: {error.args[0]}")
                continue
            yield from hurt_paths(work, path, commit, rows, problems)


def hurt_paths(work: Work, asset: str, commit: str, rows: Rows, problems: dict[str, str]) -> Iterator[Damage]:
    digests = {digest.hex() for digest in rows.digests}
    known = set(work.bodies.rows(digests))
    known |= set(work.purges.of(digests - known))  # what was removed on purpose is no damage
    for key, digest in zip(rows.keys, rows.digests, strict=True):
        problem = problems.get(digest.hex()) or (None if digest.hex() in known else "the hub knows no such content")
        if problem:
            yield Damage(asset, commit, key.decode(), f"sha256 {digest.hex()[:12]}…: {problem}")
