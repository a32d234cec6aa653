"""API keys, sessions and sign-in links as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, insert, select, update

from assethub.database.owners import ACTIVE, user_of
from assethub.database.people_tables import folders, keys, owners, sessions, sign_in_links
from assethub.database.rows import Rows
from assethub.domain.errors import NotFound
from assethub.domain.owners import Key, Scope, Session, User

HOLDERS = owners.alias("holders")


def key_of(row: Row[Any]) -> Key:
    path = f"{row.folder_owner}/{row.folder_kind}/{row.folder_name}" if row.key_folder else None
    return Key(
        row.key_id, row.key_name, Scope(row.key_scope), row.key_created_at, row.key_expires_at, row.key_last_used_at,
        row.key_folder, path,
    )  # fmt: skip


def with_keys(*columns: Any) -> Select[Any]:
    told = [keys.c[name].label(f"key_{name}") for name in keys.c.keys()]  # noqa: SIM118
    where = [HOLDERS.c.name.label("folder_owner"), folders.c.kind.label("folder_kind")]
    return (
        select(*columns, *told, *where, folders.c.name.label("folder_name"))
        .select_from(keys)
        .outerjoin(folders, folders.c.id == keys.c.folder)
        .outerjoin(HOLDERS, HOLDERS.c.id == folders.c.owner)
    )


class Keys(Rows):
    def add(self, key: Key, user: UUID, digest: str) -> None:
        self.connection.execute(
            insert(keys).values(
                id=key.id, user=user, name=key.name, digest=digest, scope=key.scope, created_at=key.created_at,
                expires_at=key.expires_at, last_used_at=None, folder=key.folder,
            )
        )  # fmt: skip

    def find(self, digest: str, now: datetime) -> tuple[User, Key] | None:
        """The user and key of a secret's digest, unless it has expired or its user is deactivated."""
        query = with_keys(owners).join(owners, owners.c.id == keys.c.user).where(keys.c.digest == digest, ACTIVE)
        row = self.connection.execute(query).first()
        if row is None or (row.key_expires_at and row.key_expires_at <= now):
            return None
        return user_of(row), key_of(row)

    def used(self, id: UUID, now: datetime) -> None:
        self.connection.execute(update(keys).where(keys.c.id == id).values(last_used_at=now))

    def of(self, user: UUID) -> list[Key]:
        rows = self.connection.execute(with_keys().where(keys.c.user == user).order_by(keys.c.created_at))
        return [key_of(row) for row in rows]

    def get(self, user: UUID, id: UUID) -> Key:
        row = self.connection.execute(with_keys().where(keys.c.user == user, keys.c.id == id)).first()
        if row is None:
            raise NotFound.named("key", str(id))
        return key_of(row)

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(keys).where(keys.c.id == id))

    def end_all(self, user: UUID) -> None:
        self.connection.execute(delete(keys).where(keys.c.user == user))


def session_of(row: Row[Any]) -> Session:
    return Session(
        row.session_id, row.user, row.generation, row.received, row.agent, row.address, row.session_created_at,
        row.rotated_at, row.seen_at, row.expires_at,
    )  # fmt: skip


def with_sessions(*columns: Any) -> Select[Any]:
    shared = ("id", "created_at")
    told = [one.label(f"session_{one.name}") if one.name in shared else one for one in sessions.c]
    return select(*columns, *told).select_from(sessions)


class Sessions(Rows):
    def add(self, session: Session) -> None:
        values = {name: getattr(session, name) for name in sessions.c.keys()}  # noqa: SIM118
        self.connection.execute(insert(sessions).values(values))

    def find(self, id: UUID, now: datetime) -> tuple[User, Session] | None:
        query = with_sessions(owners).join(owners, owners.c.id == sessions.c.user)
        row = self.connection.execute(query.where(sessions.c.id == id, sessions.c.expires_at > now, ACTIVE)).first()
        return (user_of(row), session_of(row)) if row else None

    def of(self, user: UUID, now: datetime) -> list[Session]:
        """The last used first."""
        query = with_sessions().where(sessions.c.user == user, sessions.c.expires_at > now)
        return [session_of(row) for row in self.connection.execute(query.order_by(sessions.c.seen_at.desc()))]

    def change(self, session: Session, values: dict[str, Any]) -> bool:
        """False if its secret has changed since it was read."""
        done = self.connection.execute(
            update(sessions)
            .where(sessions.c.id == session.id, sessions.c.generation == session.generation)
            .values(values)
        )
        return bool(done.rowcount)

    def delete(self, user: UUID, id: UUID) -> None:
        if not self.connection.execute(delete(sessions).where(sessions.c.user == user, sessions.c.id == id)).rowcount:
            raise NotFound.named("session", str(id))

    def end_all(self, user: UUID, but: UUID | None = None) -> None:
        ended = delete(sessions).where(sessions.c.user == user)
        self.connection.execute(ended.where(sessions.c.id != but) if but else ended)
        self.connection.execute(delete(sign_in_links).where(sign_in_links.c.user == user))

    def sweep(self, now: datetime) -> None:
        self.connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
        self.connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at <= now))

    def add_link(self, digest: str, user: UUID, until: datetime) -> None:
        self.connection.execute(insert(sign_in_links).values(digest=digest, user=user, expires_at=until))

    def take_link(self, digest: str, now: datetime) -> User | None:
        """The user of a sign-in link that was not used yet; it is used now."""
        query = select(owners).join(sign_in_links, sign_in_links.c.user == owners.c.id)
        query = query.where(sign_in_links.c.digest == digest, sign_in_links.c.expires_at > now, ACTIVE)
        row = self.connection.execute(query).first()
        gone = self.connection.execute(delete(sign_in_links).where(sign_in_links.c.digest == digest)).rowcount
        return user_of(row) if row and gone else None
