"""Who was given which role in a folder, as rows."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select

from assethub.database.people_tables import grants, owners
from assethub.database.rows import Rows
from assethub.domain.folders import Grant, Role
from assethub.domain.owners import OwnerKind


def grant_of(row: Row[Any]) -> Grant:
    return Grant(row.grantee, row.name, OwnerKind(row.kind), row.title, Role(row.role))


class Grants(Rows):
    def of(self, folder: UUID) -> list[Grant]:
        """The highest roles first, then by name."""
        query = select(grants, owners.c.name, owners.c.kind, owners.c.title)
        query = query.join(owners, owners.c.id == grants.c.grantee).where(grants.c.folder == folder)
        rows = self.connection.execute(query.order_by(grants.c.role.desc(), owners.c.name_key))
        return [grant_of(row) for row in rows]

    def put(self, folder: UUID, grantee: UUID, role: Role | None) -> Role | None:
        """Give a role in place of the one before, or (None) take it away; answers the one before."""
        gone = delete(grants).where(grants.c.folder == folder, grants.c.grantee == grantee).returning(grants.c.role)
        before = self.connection.execute(gone).scalar()
        if role is not None:
            self.connection.execute(insert(grants).values(folder=folder, grantee=grantee, role=role))
        return Role(before) if before else None
