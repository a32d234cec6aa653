"""Uploads by S3 in parts, what S3 clients say of objects, and branches that are due for a commit, as rows."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.rows import Rows, batches
from assethub.database.s3_tables import due_commits, multipart_parts, multiparts, object_metadata
from assethub.domain.multiparts import DueCommit, Multipart, Part


def multipart_of(row: Row[Any]) -> Multipart:
    return Multipart(
        row.id, row.asset, row.branch, row.path, row.user, row.content_type, row.data, row.checksum, row.created_at
    )


def part_of(row: Row[Any]) -> Part:
    return Part(row.number, row.tag, row.size, row.file, row.checksums, row.created_at)


class Upserts(Rows):
    def put_row(self, table: Any, values: Mapping[str, Any]) -> None:
        """Insert the row, or make the one with the same key like it."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        keys = [column.name for column in table.primary_key]
        rest = {name: value for name, value in values.items() if name not in keys}
        new = dialect.insert(table).values(values)
        self.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=rest))


class ObjectMetadata(Upserts):
    """Kept by asset, path and content: it comes along to every version that has this content at this path."""

    def get(self, asset: UUID, path: str, sha256: str) -> dict[str, Any]:
        query = select(object_metadata.c.data).where(
            object_metadata.c.asset == asset, object_metadata.c.path == path, object_metadata.c.sha256 == sha256
        )
        found: dict[str, Any] | None = self.connection.execute(query).scalar()
        return found or {}

    def put(self, asset: UUID, path: str, sha256: str, data: Mapping[str, Any]) -> None:
        self.put_row(object_metadata, {"asset": asset, "path": path, "sha256": sha256, "data": dict(data)})


class Multiparts(Upserts):
    def add(self, new: Multipart) -> None:
        self.put_row(multiparts, {**asdict(new), "seen_at": new.created_at})

    def get(self, id: UUID) -> Multipart | None:
        row = self.connection.execute(select(multiparts).where(multiparts.c.id == id)).first()
        return multipart_of(row) if row else None

    def of(self, asset: UUID, branch: str | None, after: tuple[str, UUID], limit: int) -> list[Multipart]:
        """Those of an asset, or of one branch, by path; from after a path and an id on."""
        query = select(multiparts).where(multiparts.c.asset == asset)
        if branch is not None:
            query = query.where(multiparts.c.branch == branch)
        query = query.where(tuple_(multiparts.c.path, multiparts.c.id) > tuple_(*after))
        query = query.order_by(multiparts.c.path, multiparts.c.id).limit(limit)
        return [multipart_of(row) for row in self.connection.execute(query)]

    def delete(self, id: UUID) -> bool:
        return bool(self.connection.execute(delete(multiparts).where(multiparts.c.id == id)).rowcount)

    def put_part(self, upload: UUID, part: Part) -> str | None:
        """Keep the part; answers the file of the one that it takes the place of."""
        where = (multipart_parts.c.upload == upload, multipart_parts.c.number == part.number)
        before: str | None = self.connection.execute(select(multipart_parts.c.file).where(*where)).scalar()
        self.put_row(multipart_parts, {"upload": upload, **asdict(part)})
        self.connection.execute(update(multiparts).where(multiparts.c.id == upload).values(seen_at=part.created_at))
        return before

    def parts(self, upload: UUID, after: int = 0, limit: int = 10_000) -> list[Part]:
        query = select(multipart_parts).where(multipart_parts.c.upload == upload, multipart_parts.c.number > after)
        query = query.order_by(multipart_parts.c.number).limit(limit)
        return [part_of(row) for row in self.connection.execute(query)]

    def size(self, upload: UUID) -> int:
        """Bytes of all its parts."""
        query = select(func.coalesce(func.sum(multipart_parts.c.size), 0)).where(multipart_parts.c.upload == upload)
        return int(self.connection.execute(query).scalar_one())

    def abandoned(self, before: datetime) -> list[UUID]:
        return list(self.connection.execute(select(multiparts.c.id).where(multiparts.c.seen_at < before)).scalars())

    def known(self, ids: Iterable[UUID]) -> set[UUID]:
        found: set[UUID] = set()
        for some in batches(ids):
            query = select(multiparts.c.id).where(multiparts.c.id.in_(some))
            found |= set(self.connection.execute(query).scalars())
        return found


class DueCommits(Upserts):
    def put(self, due: DueCommit) -> None:
        self.put_row(due_commits, asdict(due))

    def due(self, now: datetime) -> list[DueCommit]:
        rows = self.connection.execute(select(due_commits).where(due_commits.c.due_at <= now))
        return [DueCommit(row.asset, row.branch, row.user, row.key, row.due_at) for row in rows]

    def take(self, due: DueCommit) -> bool:
        """Whether it was due still; it is not any more. Not if something was staged meanwhile, and it is due later."""
        same = (due_commits.c.asset == due.asset, due_commits.c.branch == due.branch)
        gone = self.connection.execute(delete(due_commits).where(*same, due_commits.c.due_at == due.due_at))
        return bool(gone.rowcount)
