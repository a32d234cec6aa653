"""Git credentials as rows; their secrets are sealed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, or_, select, update

from assethub.database.owners import ACTIVE
from assethub.database.people_tables import credentials, folders, owners
from assethub.database.rows import Rows
from assethub.domain.credentials import Credential, CredentialKind
from assethub.domain.errors import NotFound

MAKERS = owners.alias("makers")
CREDENTIALS = select(credentials, MAKERS.c.name.label("maker")).outerjoin(
    MAKERS, MAKERS.c.id == credentials.c.created_by
)


def credential_of(row: Row[Any]) -> Credential:
    return Credential(
        row.id, row.user, row.folder, row.name, row.url, CredentialKind(row.kind), row.username, row.fingerprint,
        row.maker, row.created_at, row.last_used_at,
    )  # fmt: skip


class Credentials(Rows):
    def add(self, one: Credential, sealed: bytes, maker: UUID) -> None:
        self.connection.execute(
            insert(credentials).values(
                id=one.id, user=one.user, folder=one.folder, name=one.name, url=one.url, kind=one.kind,
                username=one.username, fingerprint=one.fingerprint, sealed=sealed, created_by=maker,
                created_at=one.created_at, last_used_at=None,
            )
        )  # fmt: skip

    def of(self, *, user: UUID | None = None, folder: UUID | None = None) -> list[Credential]:
        """Those of a user or of a folder, by name."""
        query = CREDENTIALS.where(credentials.c.user == user, credentials.c.folder == folder)
        return [credential_of(row) for row in self.connection.execute(query.order_by(credentials.c.name))]

    def get(self, id: UUID, *, user: UUID | None = None, folder: UUID | None = None) -> Credential:
        for one in self.of(user=user, folder=folder):
            if one.id == id:
                return one
        raise NotFound.named("credential", str(id))

    def usable(self, user: UUID, folder: UUID) -> list[tuple[Credential, bytes]]:
        """What opens repositories for a user's runs whose result goes to a folder, with the sealed secrets."""
        query = (
            CREDENTIALS.outerjoin(owners, owners.c.id == credentials.c.user)
            .outerjoin(folders, folders.c.id == credentials.c.folder)
            .where(or_((credentials.c.user == user) & ACTIVE,
                       (credentials.c.folder == folder) & folders.c.deleted_at.is_(None)))
        )  # fmt: skip
        return [(credential_of(row), row.sealed) for row in self.connection.execute(query)]

    def used(self, id: UUID, now: datetime) -> None:
        self.connection.execute(update(credentials).where(credentials.c.id == id).values(last_used_at=now))

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(credentials).where(credentials.c.id == id))

    def ids(self) -> set[UUID]:
        return set(self.connection.execute(select(credentials.c.id)).scalars())
