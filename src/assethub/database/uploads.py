"""Uploads in parts as rows: a part's row is its acknowledgement."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.rows import Rows
from assethub.database.tables import upload_parts, uploads
from assethub.domain.errors import NotFound
from assethub.domain.uploads import OpenUpload


def upload_of(row: Row[Any]) -> OpenUpload:
    return OpenUpload(row.id, row.asset, row.user, row.sha256, row.size, row.part_size, row.seen_at)


class Uploads(Rows):
    @property
    def dialect(self) -> Any:
        return postgresql if self.connection.dialect.name == "postgresql" else sqlite

    def add(self, new: OpenUpload) -> OpenUpload:
        """The new upload, or the one that its user has begun already for the same content."""
        values = {
            "id": new.id, "asset": new.asset, "user": new.user, "sha256": new.sha256, "size": new.size,
            "part_size": new.part_size, "seen_at": new.seen_at,
        }  # fmt: skip
        self.connection.execute(self.dialect.insert(uploads).values(values).on_conflict_do_nothing())
        query = select(uploads).where(
            uploads.c.asset == new.asset, uploads.c.user == new.user, uploads.c.sha256 == new.sha256,
            uploads.c.size == new.size,
        )  # fmt: skip
        return upload_of(self.connection.execute(query).one())

    def get(self, id: UUID) -> OpenUpload:
        row = self.connection.execute(select(uploads).where(uploads.c.id == id)).first()
        if row is None:
            raise NotFound.named("upload", str(id))
        return upload_of(row)

    def parts(self, id: UUID) -> list[int]:
        query = select(upload_parts.c.number).where(upload_parts.c.upload == id).order_by(upload_parts.c.number)
        return list(self.connection.execute(query).scalars())

    def add_part(self, id: UUID, number: int, now: datetime) -> None:
        values = {"upload": id, "number": number}
        self.connection.execute(self.dialect.insert(upload_parts).values(values).on_conflict_do_nothing())
        self.connection.execute(update(uploads).where(uploads.c.id == id).values(seen_at=now))

    def forget_parts(self, id: UUID) -> None:
        self.connection.execute(delete(upload_parts).where(upload_parts.c.upload == id))

    def delete(self, id: UUID) -> None:
        self.connection.execute(delete(uploads).where(uploads.c.id == id))

    def known(self, ids: Iterable[UUID]) -> set[UUID]:
        wanted = set(ids)
        return {id for id in self.connection.execute(select(uploads.c.id)).scalars() if id in wanted}

    def abandoned(self, before: datetime) -> list[UUID]:
        """Uploads whose last part arrived before."""
        return list(self.connection.execute(select(uploads.c.id).where(uploads.c.seen_at < before)).scalars())
