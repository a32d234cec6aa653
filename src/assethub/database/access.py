"""What decides who sees and does what, as SQL: the facts beside a folder, and the condition that it may be seen."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Uuid, case, false, func, literal, or_, select, true

from assethub.database.people_tables import folders, grants, members
from assethub.database.tables import assets
from assethub.domain.folders import Access, Role, Standing, Which


@dataclass(frozen=True)
class Reader:
    """For whom rows are read."""

    user: UUID | None = None  # None: somebody who has not signed in
    everything: bool = False  # for hub administrators and the hub itself
    public: bool = False  # whether this hub has public folders
    folder: UUID | None = None  # all that the caller's key is good for
    asset: UUID | None = None  # or this alone, and nothing else of its folder

    def role(self, access: Access, asset: UUID | None = None) -> Role | None:
        """What the caller may do with an asset, or (None) with a folder itself."""
        if self.folder not in (None, access.folder) or self.asset not in (None, asset):
            return None
        if self.everything:
            return Role.OWNER
        return access.role(signed_in=self.user is not None, public_allowed=self.public)

    def facts(self) -> list[ColumnElement[Any]]:
        """Columns for a query on folders, from which `access_of` makes the caller's access."""
        group = select(case((members.c.admin, int(Standing.HEAD)), else_=int(Standing.MEMBER))).where(
            members.c.group == folders.c.owner, members.c.user == self.user
        )
        granted = select(func.max(grants.c.role)).where(
            grants.c.folder == folders.c.id, grants.c.grantee.in_(self.grantees())
        )
        head = case((folders.c.owner == self.user, int(Standing.HEAD)), else_=group.scalar_subquery())
        return [
            head.label("standing"), granted.scalar_subquery().label("granted"),
            folders.c.everyone.label("folder_everyone"), folders.c.public.label("folder_public"),
        ]  # fmt: skip

    def grantees(self) -> Any:
        """The caller and their groups."""
        mine = select(members.c.group).where(members.c.user == self.user)
        return select(literal(self.user, Uuid)).union_all(mine)

    def sees(self) -> ColumnElement[bool]:
        """Whether the caller may know that a folder exists: whether `role` gives one."""
        return false() if self.asset is not None else self.reaches()

    def sees_assets(self) -> ColumnElement[bool]:
        """The same of an asset, for queries that join assets to their folders."""
        return self.reaches() if self.asset is None else self.reaches() & (assets.c.id == self.asset)

    def reaches(self) -> ColumnElement[bool]:
        seen = true() if self.everything else or_(*self.ways())
        return seen if self.folder is None else seen & (folders.c.id == self.folder)

    def ways(self) -> list[ColumnElement[bool]]:
        ways = [*self.mine(), *self.shared()] if self.user else []
        return [*ways, *([folders.c.public] if self.public else [])] or [false()]

    def mine(self) -> list[ColumnElement[bool]]:
        return [folders.c.owner == self.user]

    def shared(self) -> list[ColumnElement[bool]]:
        mine = select(members.c.group).where(members.c.user == self.user)
        given = select(grants.c.folder).where(grants.c.grantee.in_(self.grantees()))
        return [folders.c.owner.in_(mine), folders.c.id.in_(given), folders.c.everyone > 0]

    def those(self, which: Which) -> ColumnElement[bool]:
        """Of all that the caller may see: all, their own, what was shared with them, what is public."""
        if which is Which.MINE:
            return or_(*self.mine())
        if which is Which.SHARED:
            return or_(*self.shared()) & ~or_(*self.mine())
        return folders.c.public if which is Which.PUBLIC else true()


EVERYTHING = Reader(everything=True)


def access_of(row: Row[Any], folder: UUID) -> Access:
    return Access(folder, Standing(row.standing or 0), row.granted or 0, row.folder_everyone, row.folder_public)
