"""Stars on assets, and what each user worked with last, as rows."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.finding_tables import stars, visits
from assethub.database.rows import Rows, batches

KEPT_VISITS = 100  # of each user


class Stars(Rows):
    def add(self, user: UUID, asset: UUID, now: datetime) -> bool:
        """Whether it is new."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        query = dialect.insert(stars).values(user=user, asset=asset, created_at=now).on_conflict_do_nothing()
        return self.connection.execute(query.returning(stars.c.asset)).first() is not None

    def remove(self, user: UUID, asset: UUID) -> bool:
        """Whether there was one."""
        gone = delete(stars).where(stars.c.user == user, stars.c.asset == asset)
        return self.connection.execute(gone).rowcount > 0

    def counts(self, assets: Iterable[UUID]) -> dict[UUID, int]:
        """How many stars these assets have; those without any are left out."""
        found: dict[UUID, int] = {}
        for batch in batches(assets):
            query = select(stars.c.asset, func.count()).where(stars.c.asset.in_(batch)).group_by(stars.c.asset)
            found.update({row[0]: row[1] for row in self.connection.execute(query)})
        return found

    def starred(self, user: UUID, assets: Iterable[UUID]) -> set[UUID]:
        """Which of these assets the user starred."""
        found: set[UUID] = set()
        for batch in batches(assets):
            found |= set(
                self.connection.scalars(select(stars.c.asset).where(stars.c.user == user, stars.c.asset.in_(batch)))
            )
        return found

    def of(self, asset: UUID, user: UUID | None) -> tuple[int, bool, datetime | None]:
        """How many stars an asset has, whether one is the user's, and when they last worked with it."""
        mine = and_(stars.c.asset == asset, stars.c.user == user)
        seen = select(visits.c.at).where(visits.c.asset == asset, visits.c.user == user)
        row = self.connection.execute(
            select(
                select(func.count()).where(stars.c.asset == asset).scalar_subquery(),
                select(func.count()).where(mine).scalar_subquery(), seen.scalar_subquery(),
            )
        ).one()  # fmt: skip
        return int(row[0]), bool(row[1]), row[2]


class Visits(Rows):
    def put(self, user: UUID, asset: UUID, now: datetime) -> None:
        """The user works with the asset now."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        query = dialect.insert(visits).values(user=user, asset=asset, at=now)
        self.connection.execute(query.on_conflict_do_update(index_elements=["user", "asset"], set_={"at": now}))

    def thin(self, user: UUID) -> None:
        """Forget all but the user's latest."""
        own = select(visits.c.at).where(visits.c.user == user).order_by(visits.c.at.desc())
        oldest = own.limit(1).offset(KEPT_VISITS).scalar_subquery()
        self.connection.execute(delete(visits).where(visits.c.user == user, visits.c.at <= oldest))
