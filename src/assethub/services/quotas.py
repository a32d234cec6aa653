"""How many bytes of the store the assets of each owner may hold: refused before bytes travel, and where they are kept.

A content that two assets hold counts for both, and what was deleted counts until it cannot come back any more.
"""

from dataclasses import dataclass
from uuid import UUID

from assethub.database.stored import Holder
from assethub.domain.errors import Forbidden, Invalid, QuotaExceeded
from assethub.domain.names import FolderPath
from assethub.domain.owners import Caller, Keeper, Owner, Scope
from assethub.domain.sizes import size
from assethub.services.accounts import find_owner
from assethub.services.work import Work

LARGEST = 1 << 62


@dataclass(frozen=True)
class OwnerUsage:
    """Bytes that an owner's assets hold. `quota` is the owner's own, `limit` what holds: the hub's own without one."""

    owner: str
    stored: int
    assets: int
    quota: int | None
    limit: int | None


@dataclass(frozen=True)
class Room:
    """What an owner may still store."""

    owner: str
    stored: int
    limit: int

    @property
    def left(self) -> int:
        return max(self.limit - self.stored, 0)

    def check(self, need: int) -> None:
        if need > self.left and need > 0:
            raise QuotaExceeded(
                f"{self.owner} holds {size(self.stored)} of the {size(self.limit)} that this hub allows them, and this "
                f"needs {size(need)} more. Delete what is not needed, or ask the hub's administrator for more."
            )


def limit_of(work: Work, holder: Holder) -> int | None:
    return work.hub.quota if holder.quota is None else holder.quota


def room_of(work: Work, asset: UUID) -> Room | None:
    """What the asset's owner may still store; None: as much as there is room for on the hub."""
    return room(work, work.stored.holder_of(asset))


def room_for(work: Work, path: FolderPath) -> Room | None:
    """The same for an asset that is to be made in a folder, which may not be there yet."""
    owner = find_owner(work, path.owner)
    return room(work, work.stored.holder(owner.id))


def room(work: Work, holder: Holder) -> Room | None:
    limit = limit_of(work, holder)
    return None if limit is None else Room(holder.name, work.stored.of(holder.id)[0], limit)


def check_room(work: Work, asset: UUID, need: int) -> None:
    """QuotaExceeded if the asset's owner may not store so many bytes more."""
    left = room_of(work, asset) if need > 0 else None
    if left is not None:
        left.check(need)


def check_gained(work: Work, asset: UUID, gained: int) -> None:
    """The same once the asset has them, in the transaction that gave them: others cannot pass meanwhile."""
    if gained <= 0:
        return
    holder = work.stored.holder_of(asset)
    limit = limit_of(work, holder)
    if limit is not None:
        Room(holder.name, work.stored.of(holder.id, held=True)[0] - gained, limit).check(gained)


def owner_usage(work: Work, name: str) -> OwnerUsage:
    """For the owner, the members of a group, and administrators."""
    caller = work.caller
    if not isinstance(caller, Keeper):
        work.account("owner.usage", needs=Scope.READ)
    owner = find_owner(work, name)
    if isinstance(caller, Caller) and not may_see_usage(work, caller, owner):
        told = f"How much {owner.name!r} holds is for them and for administrators to see."
        raise work.refused(Forbidden(told), "owner.usage", owner.name)
    return usage_of(work, owner.id)


def may_see_usage(work: Work, caller: Caller, owner: Owner) -> bool:
    own = owner.id == caller.user.id or work.groups.member(owner.id, caller.user.id) is not None
    return own or caller.admin


def usage_of(work: Work, owner: UUID) -> OwnerUsage:
    holder = work.stored.holder(owner)
    stored, assets = work.stored.of(owner)
    return OwnerUsage(holder.name, stored, assets, holder.quota, limit_of(work, holder))


def set_quota(work: Work, name: str, quota: int | None) -> OwnerUsage:
    """Let an owner's assets hold so many bytes, or (None) as many as the hub's own setting says.

    What they hold already stays, however much it is.
    """
    work.administrator("owner.quota")
    if quota is not None and not 0 <= quota <= LARGEST:
        raise Invalid(f"A quota counts bytes from 0 to {LARGEST}, not {quota}.")
    owner = find_owner(work, name)
    before = work.stored.holder(owner.id).quota
    work.owners.change(owner.id, {"quota": quota})
    work.record("owner.quota", owner.name, quota=quota, before=before)
    return usage_of(work, owner.id)
