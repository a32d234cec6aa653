"""Stars that people give to assets, and what each of them worked with last."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Unavailable
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath
from assethub.domain.owners import Caller
from assethub.domain.search import Search, Sort
from assethub.services.work import Hub, Work

log = logging.getLogger("assethub")
AGAIN = timedelta(minutes=10)  # how long a visit stands before it is written down anew


def star(work: Work, path: AssetPath) -> int:
    """Give the asset the caller's star; answers how many it has. To star twice is to star once."""
    person = work.account("asset.star")
    asset = work.asset(path, needs=Role.VIEWER)
    if work.stars.add(person.user.id, asset.id, work.now()):
        work.record("asset.star", asset.path, folder=asset.folder)
    return work.stars.of(asset.id, person.user.id)[0]


def unstar(work: Work, path: AssetPath) -> int:
    """Take the caller's star back; answers how many are left."""
    person = work.account("asset.unstar")
    asset = work.asset(path, needs=Role.VIEWER)
    if work.stars.remove(person.user.id, asset.id):
        work.record("asset.unstar", asset.path, folder=asset.folder)
    return work.stars.of(asset.id, person.user.id)[0]


def my_stars(work: Work, sort: Sort = Sort.UPDATED, limit: int = 100, offset: int = 0) -> list[Asset]:
    """What the caller starred and still may see."""
    work.refuse_runs()
    return work.assets.browsed(Search(starred=work.person.user.id, sort=sort), max(1, min(limit, 1000)), offset)


def standing(work: Work, asset: Asset) -> tuple[int, bool, datetime | None]:
    """How many stars an asset has, whether one is the caller's, and when they last worked with it."""
    return work.stars.of(asset.id, work.caller.user.id if isinstance(work.caller, Caller) else None)


def worked_with(work: Work, limit: int = 8) -> list[tuple[Asset, datetime]]:
    """What the caller opened, changed or ran last."""
    return work.assets.worked_with(work.person.user.id, limit)


def works_with(work: Work, asset: UUID) -> None:
    """The caller works with an asset just now; a run works for the person who started it, and is not counted."""
    if isinstance(work.caller, Caller):
        work.visits.put(work.caller.user.id, asset, work.now())


def due(seen_at: datetime | None) -> bool:
    """Whether a visit is worth writing down, after the last one."""
    return seen_at is None or datetime.now(UTC) - seen_at >= AGAIN


def opened(hub: Hub, caller: Caller, asset: UUID) -> None:
    """Remember that the caller opened an asset; not while the hub is busy or the asset is just going away."""
    try:
        with hub.work(caller) as work:
            works_with(work, asset)
            work.visits.thin(caller.user.id)
    except (Unavailable, Conflict) as error:
        log.info("that %s opened asset %s was not written down: %s", caller.name, asset, error)
