"""Users, groups and their members as rows."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update

from assethub.database.people_tables import identities, members, owners
from assethub.database.rows import Rows, batches
from assethub.domain.owners import Group, Member, Owner, OwnerKind, User

PEOPLE = owners.c.kind != OwnerKind.GROUP
ACTIVE = owners.c.deactivated_at.is_(None)
COUNT = select(func.count()).where(members.c.group == owners.c.id).scalar_subquery()


def user_of(row: Row[Any]) -> User:
    return User(
        row.id, row.name, row.admin, row.created_at, OwnerKind(row.kind), row.title, row.email, row.deactivated_at
    )


def group_of(row: Row[Any]) -> Group:
    return Group(row.id, row.name, row.title, row.created_at, row.claim, row.members)


def named(words: str) -> ColumnElement[bool]:
    """Whether an owner's name or title holds what somebody types."""
    word = words.strip().lower()
    return or_(
        owners.c.name_key.contains(word, autoescape=True), func.lower(owners.c.title).contains(word, autoescape=True)
    )


class Owners(Rows):
    """Users and groups alike."""

    def find(self, name: str) -> Owner | None:
        query = select(owners).where(owners.c.name_key == name.lower())
        row = self.connection.execute(query).first()
        return Owner(row.id, row.name, OwnerKind(row.kind), row.title) if row else None

    def by_id(self, id: UUID) -> Owner:
        row = self.connection.execute(select(owners).where(owners.c.id == id)).one()
        return Owner(row.id, row.name, OwnerKind(row.kind), row.title)

    def search(self, words: str, kinds: Iterable[OwnerKind], limit: int) -> list[Owner]:
        """Active users and groups by name; what begins with the words comes first."""
        query = select(owners).where(ACTIVE, owners.c.kind.in_(list(kinds)), named(words))
        begins = owners.c.name_key.startswith(words.strip().lower(), autoescape=True)
        rows = self.connection.execute(query.order_by(begins.desc(), owners.c.name_key).limit(limit))
        return [Owner(row.id, row.name, OwnerKind(row.kind), row.title) for row in rows]

    def change(self, id: UUID, values: dict[str, Any]) -> None:
        self.connection.execute(update(owners).where(owners.c.id == id).values(values))

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(owners).where(owners.c.id == id))


class Users(Rows):
    def add(self, user: User, password: str | None) -> None:
        self.connection.execute(
            insert(owners).values(
                id=user.id, kind=user.kind, name=user.name, name_key=user.name.lower(), title=user.title,
                email=user.email, password=password, admin=user.admin, created_at=user.created_at,
            )
        )  # fmt: skip

    def any(self) -> bool:
        return self.connection.execute(select(owners.c.id).where(PEOPLE).limit(1)).first() is not None

    def find(self, name: str) -> User | None:
        query = select(owners).where(owners.c.name_key == name.lower(), PEOPLE)
        row = self.connection.execute(query).first()
        return user_of(row) if row else None

    def by_id(self, id: UUID) -> User:
        return user_of(self.connection.execute(select(owners).where(owners.c.id == id)).one())

    def listed(self, words: str = "", after: str = "", limit: int = 1000) -> list[User]:
        """By name, from after a name on."""
        query = select(owners).where(PEOPLE, owners.c.name_key > after.lower(), named(words))
        return [user_of(row) for row in self.connection.execute(query.order_by(owners.c.name_key).limit(limit))]

    def active(self) -> int:
        """How many can sign in, or have programs that do."""
        return self.connection.execute(select(func.count()).where(PEOPLE, ACTIVE)).scalar_one()

    def admins(self) -> int:
        query = select(func.count()).where(PEOPLE, ACTIVE, owners.c.admin, owners.c.kind == OwnerKind.USER)
        return self.connection.execute(query).scalar_one()

    def password(self, id: UUID) -> str | None:
        hashed: str | None = self.connection.execute(select(owners.c.password).where(owners.c.id == id)).scalar_one()
        return hashed

    def change(self, id: UUID, values: dict[str, Any]) -> None:
        self.connection.execute(update(owners).where(owners.c.id == id).values(values))

    def identified(self, issuer: str, subject: str) -> User | None:
        """The user whom a sign-in provider knows by this subject."""
        query = select(owners).join(identities, identities.c.user == owners.c.id)
        row = self.connection.execute(query.where(identities.c.issuer == issuer, identities.c.subject == subject))
        found = row.first()
        return user_of(found) if found else None

    def identify(self, issuer: str, subject: str, user: UUID) -> None:
        self.connection.execute(insert(identities).values(issuer=issuer, subject=subject, user=user))


class Groups(Rows):
    GROUPS = select(owners, COUNT.label("members")).where(owners.c.kind == OwnerKind.GROUP)

    def add(self, group: Group) -> None:
        self.connection.execute(
            insert(owners).values(
                id=group.id, kind=OwnerKind.GROUP, name=group.name, name_key=group.name.lower(), title=group.title,
                claim=group.claim, admin=False, created_at=group.created_at,
            )
        )  # fmt: skip

    def find(self, name: str) -> Group | None:
        row = self.connection.execute(self.GROUPS.where(owners.c.name_key == name.lower())).first()
        return group_of(row) if row else None

    def listed(self, words: str = "", after: str = "", limit: int = 1000) -> list[Group]:
        query = self.GROUPS.where(owners.c.name_key > after.lower(), named(words))
        return [group_of(row) for row in self.connection.execute(query.order_by(owners.c.name_key).limit(limit))]

    def of(self, user: UUID) -> list[tuple[Group, bool]]:
        """The groups of a user, and whether they are an admin of each."""
        mine = members.alias("mine")  # the count has the other one
        query = self.GROUPS.add_columns(mine.c.admin.label("heads")).join(mine, mine.c.group == owners.c.id)
        rows = self.connection.execute(query.where(mine.c.user == user).order_by(owners.c.name_key))
        return [(group_of(row), row.heads) for row in rows]

    def claimed(self, claims: Iterable[str]) -> list[Group]:
        """The groups that stand for what a sign-in provider says of a user."""
        found = (self.connection.execute(self.GROUPS.where(owners.c.claim.in_(some))) for some in batches(claims))
        return [group_of(row) for rows in found for row in rows]

    def members(self, group: UUID) -> list[Member]:
        """Admins first, then by name."""
        query = select(members, owners.c.name, owners.c.title).join(owners, owners.c.id == members.c.user)
        query = query.where(members.c.group == group).order_by(members.c.admin.desc(), owners.c.name_key)
        return [Member(row.user, row.name, row.title, row.admin, row.claimed) for row in self.connection.execute(query)]

    def member(self, group: UUID, user: UUID) -> Member | None:
        query = select(members, owners.c.name, owners.c.title).join(owners, owners.c.id == members.c.user)
        row = self.connection.execute(query.where(members.c.group == group, members.c.user == user)).first()
        return Member(row.user, row.name, row.title, row.admin, row.claimed) if row else None

    def put(self, group: UUID, user: UUID, *, admin: bool, claimed: bool = False) -> None:
        """Make somebody a member, or change what kind of a member they are."""
        self.remove(group, user)
        self.connection.execute(insert(members).values(group=group, user=user, admin=admin, claimed=claimed))

    def remove(self, group: UUID, user: UUID) -> bool:
        return bool(
            self.connection.execute(delete(members).where(members.c.group == group, members.c.user == user)).rowcount
        )
