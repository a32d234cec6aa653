"""What owners hold, counted, and short ways to make them hold more."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import func, select

from assethub.database.tables import assets as asset_rows
from assethub.database.tables import bodies, holdings
from assethub.domain.names import AssetPath
from assethub.domain.owners import Caller, Keeper
from assethub.services import quotas, receiving
from assethub.services.receiving import Upload
from assethub.services.work import Hub


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def used(hub: Hub, owner: str = "ada") -> int:
    with hub.work(Keeper("root"), reading=True) as work:
        return quotas.owner_usage(work, owner).stored


def send(hub: Hub, caller: Caller, path: AssetPath, bodies: Iterable[bytes]) -> None:
    receiving.receive_small(hub, caller, path, [(digest(body), body) for body in bodies])


def send_alone(hub: Hub, caller: Caller, path: AssetPath, body: bytes, size: int | None = None) -> None:
    coming = Upload.begin(hub, caller, path, None, size)
    try:
        coming.write(body)
        coming.finish()
    finally:
        coming.discard()


def check_counters(hub: Hub) -> None:
    """Each asset's row says what the sum over its holdings is."""
    counted = (
        select(holdings.c.asset, func.sum(bodies.c.size))
        .join(bodies, bodies.c.sha256 == holdings.c.sha256)
        .where(bodies.c.pack != "")
        .group_by(holdings.c.asset)
    )
    with hub.work(None, reading=True) as work:
        sums = {row[0]: int(row[1]) for row in work.connection.execute(counted)}
        for row in work.connection.execute(select(asset_rows.c.id, asset_rows.c.stored)):
            assert row.stored == sums.get(row.id, 0)
