"""Imports as rows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows
from assethub.database.tables import assets, imports, sources
from assethub.domain.imports import Import, ImportState

creators = owners.alias("creators")
IMPORTS = (
    select(
        imports, owners.c.name.label("owner_name"), folders.c.kind, folders.c.name.label("folder_name"),
        assets.c.name.label("asset_name"), creators.c.name.label("creator"), sources.c.name.label("source_name"),
    )
    .join(assets, assets.c.id == imports.c.asset)
    .join(folders, folders.c.id == assets.c.folder)
    .join(owners, owners.c.id == folders.c.owner)
    .join(creators, creators.c.id == imports.c.created_by)
    .join(sources, sources.c.id == imports.c.source)
)  # fmt: skip


def import_of(row: Row[Any]) -> Import:
    return Import(
        id=row.id, asset=row.asset, path=f"{row.owner_name}/{row.kind}/{row.folder_name}/{row.asset_name}",
        branch=row.branch, source=row.source, source_name=row.source_name, prefix=row.prefix, target=row.target,
        link=row.link, message=row.message, state=ImportState(row.state), error=row.error, commit=row.commit,
        total_files=row.total_files, total_bytes=row.total_bytes, done_files=row.done_files,
        done_bytes=row.done_bytes, read_bytes=row.read_bytes, created_by=row.created_by, creator=row.creator,
        created_at=row.created_at, started_at=row.started_at, ended_at=row.ended_at,
    )  # fmt: skip


class Imports(Rows):
    def add(self, one: Import) -> None:
        values = asdict(one)
        for derived in ("path", "source_name", "creator"):
            del values[derived]
        self.connection.execute(insert(imports).values(values))

    def find(self, id: UUID) -> Import | None:
        row = self.connection.execute(IMPORTS.where(imports.c.id == id)).first()
        return import_of(row) if row else None

    def locked(self, id: UUID) -> Import | None:
        """The import, held against other writers until the transaction ends."""
        self.connection.execute(select(imports.c.id).where(imports.c.id == id).with_for_update())
        return self.find(id)

    def of(self, asset: UUID, limit: int) -> list[Import]:
        """Newest first."""
        query = IMPORTS.where(imports.c.asset == asset).order_by(imports.c.id.desc()).limit(limit)
        return [import_of(row) for row in self.connection.execute(query)]

    def pending(self) -> list[UUID]:
        """What has not ended, oldest first."""
        states = [state for state in ImportState if not state.final]
        query = select(imports.c.id).where(imports.c.state.in_(states)).order_by(imports.c.id)
        return list(self.connection.scalars(query))

    def change(self, id: UUID, values: Mapping[str, Any]) -> None:
        self.connection.execute(update(imports).where(imports.c.id == id).values(**values))
