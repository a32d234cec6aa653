"""Users, their API keys and sessions as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update

from assethub.database.rows import Rows
from assethub.database.tables import keys, sessions, users
from assethub.domain.errors import NotFound
from assethub.domain.owners import Key, Scope, User


def user_of(row: Row[Any]) -> User:
    return User(row.id, row.name, row.admin, row.created_at)


class Users(Rows):
    def add(self, user: User, password: str | None) -> None:
        self.connection.execute(
            insert(users).values(
                id=user.id, name=user.name, name_key=user.name.lower(), password=password, admin=user.admin,
                created_at=user.created_at,
            )
        )  # fmt: skip

    def any(self) -> bool:
        return self.connection.execute(select(users.c.id).limit(1)).first() is not None

    def find(self, name: str) -> User | None:
        row = self.connection.execute(select(users).where(users.c.name_key == name.lower())).first()
        return user_of(row) if row else None

    def all(self) -> list[User]:
        return [user_of(row) for row in self.connection.execute(select(users).order_by(users.c.name_key))]

    def by_id(self, id: UUID) -> User:
        return user_of(self.connection.execute(select(users).where(users.c.id == id)).one())

    def password(self, id: UUID) -> str | None:
        hashed: str | None = self.connection.execute(select(users.c.password).where(users.c.id == id)).scalar_one()
        return hashed

    def set_password(self, id: UUID, password: str) -> None:
        self.connection.execute(update(users).where(users.c.id == id).values(password=password))


class Keys(Rows):
    def add(self, key: Key, user: UUID, digest: str) -> None:
        self.connection.execute(
            insert(keys).values(
                id=key.id, user=user, name=key.name, digest=digest, scope=key.scope, created_at=key.created_at,
                expires_at=key.expires_at, last_used_at=None,
            )
        )  # fmt: skip

    def find(self, digest: str, now: datetime) -> tuple[User, Key] | None:
        """The user and key of a secret's digest, unless it has expired."""
        columns = [keys.c[name].label(f"key_{name}") for name in keys.c.keys()]  # noqa: SIM118
        row = self.connection.execute(select(users, *columns).join(keys).where(keys.c.digest == digest)).first()
        if row is None or (row.key_expires_at and row.key_expires_at <= now):
            return None
        return user_of(row), Key(
            row.key_id, row.key_name, Scope(row.key_scope), row.key_created_at, row.key_expires_at, row.key_last_used_at
        )

    def used(self, id: UUID, now: datetime) -> None:
        self.connection.execute(update(keys).where(keys.c.id == id).values(last_used_at=now))

    def of(self, user: UUID) -> list[Key]:
        rows = self.connection.execute(select(keys).where(keys.c.user == user).order_by(keys.c.created_at))
        return [
            Key(row.id, row.name, Scope(row.scope), row.created_at, row.expires_at, row.last_used_at) for row in rows
        ]

    def delete(self, user: UUID, id: UUID) -> None:
        if not self.connection.execute(delete(keys).where(keys.c.user == user, keys.c.id == id)).rowcount:
            raise NotFound.named("key", str(id))


class Sessions(Rows):
    def add(self, digest: str, user: UUID, *, link: bool, now: datetime, until: datetime) -> None:
        self.connection.execute(
            insert(sessions).values(digest=digest, user=user, link=link, created_at=now, expires_at=until)
        )

    def find(self, digest: str, now: datetime) -> User | None:
        query = select(users).join(sessions).where(sessions.c.digest == digest, ~sessions.c.link)
        row = self.connection.execute(query.where(sessions.c.expires_at > now)).first()
        return user_of(row) if row else None

    def take_link(self, digest: str, now: datetime) -> User | None:
        """The user of a sign-in link that was not used yet; it is used now."""
        query = select(users).join(sessions).where(sessions.c.digest == digest, sessions.c.link)
        row = self.connection.execute(query.where(sessions.c.expires_at > now)).first()
        gone = self.connection.execute(delete(sessions).where(sessions.c.digest == digest, sessions.c.link)).rowcount
        return user_of(row) if row and gone else None

    def delete(self, digest: str) -> None:
        self.connection.execute(delete(sessions).where(sessions.c.digest == digest))

    def end_all(self, user: UUID) -> None:
        self.connection.execute(delete(sessions).where(sessions.c.user == user))

    def sweep(self, now: datetime) -> None:
        self.connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
