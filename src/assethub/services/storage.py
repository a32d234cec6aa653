"""What the hub's store holds, of whom, and rounds of the collector when an administrator wants one."""

from collections.abc import Sequence
from dataclasses import dataclass

from assethub.database.storage import OwnerBytes
from assethub.domain.errors import Conflict
from assethub.services.rounds import Round
from assethub.services.work import Work

OWNERS, ASSETS = 100, 50
MOST_CONTENTS = 200_000  # that are looked at to tell what assets share


@dataclass(frozen=True)
class AssetShare:
    """Bytes that an asset holds: `shared` others hold too; None where that takes too long to tell."""

    path: str
    stored: int
    shared: int | None
    deleted: bool


@dataclass(frozen=True)
class StorageReport:
    """`contents`, `bytes` and `packs` are of the whole store; what two assets hold counts for each of their owners."""

    contents: int
    bytes: int
    packs: int
    owners: Sequence[OwnerBytes]
    assets: Sequence[AssetShare]
    more: bool
    limit: int | None  # of an owner without a quota of their own
    round: Round | None


def report_storage(work: Work, owner: str | None = None, page: int = 0) -> StorageReport:
    """Who holds most, and which assets (of one owner) do, some at a time."""
    work.administrator("storage.show")
    found = work.storage.assets(owner, ASSETS + 1, page * ASSETS)
    shown = found[:ASSETS]
    shared = work.storage.shared([one.id for one in shown], MOST_CONTENTS)
    assets = [
        AssetShare(one.path, one.stored, None if shared is None else shared.get(one.id, 0), one.deleted)
        for one in shown
    ]
    contents, size, packs = work.storage.packs()
    owners = work.storage.owners(OWNERS)
    return StorageReport(
        contents, size, packs, owners, assets, len(found) > ASSETS, work.hub.quota, work.hub.rounds.last
    )


def ask_collection(work: Work, *, dry: bool) -> Round:
    """Let the hub's collector begin a round now; with `dry` it only counts. Conflict if one is under way."""
    person = work.administrator("hub.collect")
    one = Round(dry, person.name, work.now())
    work.record("hub.collect", "a count of what would go" if dry else "what nothing needs, asked for")
    if not work.hub.rounds.ask(one):
        raise Conflict("A collection that was asked for is under way; wait until it has ended.")
    return one
