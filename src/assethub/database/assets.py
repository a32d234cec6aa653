"""Assets as rows."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, case, delete, func, insert, or_, select

from assethub.database.access import EVERYTHING, Reader, access_of
from assethub.database.asset_words import inside
from assethub.database.finding_tables import stars, visits
from assethub.database.people_tables import folders, owners
from assethub.database.rows import Rows, batches, change_described, has, labelled, words_of
from assethub.database.tables import assets, commits, refs
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.folders import Access, Which
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, Kind, is_id
from assethub.domain.search import Search, Sort, Source

ALL = (
    select(
        assets, folders.c.kind, folders.c.name.label("folder_name"), folders.c.owner, owners.c.name.label("owner_name")
    )
    .join(folders, assets.c.folder == folders.c.id)
    .join(owners, folders.c.owner == owners.c.id)
)
ASSETS = ALL.where(assets.c.deleted_at.is_(None), folders.c.deleted_at.is_(None))


def asset_of(row: Row[Any]) -> Asset:
    path = AssetPath(row.owner_name, Kind(row.kind), row.folder_name, row.name)
    training = TrainingSettings(**{**row.training, "datasets": tuple(row.training["datasets"])})
    labels = tuple(row.labels)
    return Asset(
        row.id, row.folder, path, row.description, labels, training, row.created_at, row.updated_at, row.bucket
    )


class Assets(Rows):
    """Finding shows what the reader may see, and nothing else."""

    def __init__(self, connection: Connection, reader: Reader = EVERYTHING) -> None:
        super().__init__(connection)
        self.reader = reader

    def first(self, query: Select[Any]) -> tuple[Asset, Access] | None:
        seen = query.add_columns(*self.reader.facts()).where(self.reader.sees_assets())
        row = self.connection.execute(seen).first()
        if row is None:
            return None
        access = access_of(row, row.folder)
        return replace(asset_of(row), role=self.reader.role(access, row.id)), access

    def add(self, asset: Asset) -> None:
        self.connection.execute(
            insert(assets).values(
                id=asset.id, folder=asset.folder, name=asset.path.name, name_key=asset.path.name.lower(),
                description=asset.description, labels=asset.labels,
                words=words_of(asset.path.name, asset.description, asset.labels), training=asdict(asset.training),
                stored=0, bucket=asset.bucket, created_at=asset.created_at, updated_at=asset.updated_at,
            )
        )  # fmt: skip

    def find(self, path: AssetPath) -> tuple[Asset, Access] | None:
        """The asset, and what decides what the reader may do with it."""
        return self.first(
            ASSETS.where(
                owners.c.name_key == path.owner.lower(),
                folders.c.kind == path.kind,
                folders.c.name_key == path.folder.lower(),
                assets.c.name_key == path.name.lower(),
            )
        )

    def by_id(self, id: UUID) -> tuple[Asset, Access] | None:
        return self.first(ASSETS.where(assets.c.id == id))

    def by_bucket(self, name: str) -> tuple[Asset, Access] | None:
        """By its name in S3, or by its id written out, which is a bucket's name too."""
        return self.first(ASSETS.where(assets.c.id == UUID(name) if is_id(name) else assets.c.bucket == name))

    def free_bucket(self, names: Sequence[str]) -> str | None:
        """The first of these that no asset has, deleted ones that can come back included."""
        taken = set(self.connection.scalars(select(assets.c.bucket).where(assets.c.bucket.in_(names))))
        return next((name for name in names if name not in taken), None)

    def in_folder(self, folder: UUID) -> list[Asset]:
        query = ASSETS.where(assets.c.folder == folder).order_by(assets.c.name_key)
        return [asset_of(row) for row in self.connection.execute(query)]

    def any(self, id: UUID) -> Asset:
        """An asset that is there, or was deleted and can come back."""
        return asset_of(self.connection.execute(ALL.where(assets.c.id == id)).one())

    def all(self) -> list[Asset]:
        """Every asset, the deleted ones that can come back too."""
        return [asset_of(row) for row in self.connection.execute(ALL.order_by(assets.c.id))]

    def recent(self, which: Which, limit: int) -> list[Asset]:
        """What the reader may see, the last changed first."""
        query = ASSETS.where(self.reader.sees_assets(), self.reader.those(which))
        query = query.order_by(assets.c.updated_at.desc(), assets.c.id).limit(limit)
        return [asset_of(row) for row in self.connection.execute(query)]

    def browsed(self, search: Search, limit: int, offset: int = 0) -> list[Asset]:
        """What the reader may see of what a search asks for, in its order."""
        found = select(assets.c.id).where(*self.asked(search))
        if not self.anywhere(search):
            found = found.join(folders, assets.c.folder == folders.c.id).where(folders.c.deleted_at.is_(None))
        if search.owner is not None or search.sort is Sort.NAME:
            found = found.join(owners, owners.c.id == folders.c.owner)
        if search.owner is not None:
            found = found.where(owners.c.name_key == search.owner.lower())
        if search.sort is Sort.SIZE:
            found = found.join(refs, (refs.c.asset == assets.c.id) & (refs.c.name == MAIN))
            found = found.join(commits, (commits.c.asset == assets.c.id) & (commits.c.id == refs.c.commit))
        elif search.sort is Sort.STARS:
            counted = select(stars.c.asset, func.count().label("count")).group_by(stars.c.asset).subquery()
            found = found.outerjoin(counted, counted.c.asset == assets.c.id)
            found = found.order_by(func.coalesce(counted.c.count, 0).desc())
        chosen = list(self.connection.scalars(found.order_by(*order(search)).limit(limit).offset(offset)))
        return self.many(chosen)  # whole rows are read of these alone

    def anywhere(self, search: Search) -> bool:
        """Whether it is all the same in which folder an asset is: the join takes most of the time."""
        folded = search.kind or search.owner or search.which is not Which.ALL or search.sort is Sort.NAME
        return self.reader.everything and self.reader.folder is None and self.reader.asset is None and not folded

    def asked(self, search: Search) -> list[ColumnElement[bool]]:
        asked = [assets.c.deleted_at.is_(None), self.reader.sees_assets(), self.reader.those(search.which)]
        asked += [having(word) for word in search.words]
        if self.anywhere(search):
            asked.append(assets.c.folder.not_in(select(folders.c.id).where(folders.c.deleted_at.is_not(None))))
        if search.kind is not None:
            asked.append(folders.c.kind == search.kind)
        if search.folder is not None:
            asked.append(assets.c.folder == search.folder)
        if search.label is not None:
            asked.append(labelled(assets, search.label))
        if search.starred is not None:
            asked.append(assets.c.id.in_(select(stars.c.asset).where(stars.c.user == search.starred)))
        return asked

    def many(self, ids: Sequence[UUID]) -> list[Asset]:
        """These assets in this order; whether the reader may see them is known already."""
        rows = {row.id: row for batch in batches(ids)
                for row in self.connection.execute(ALL.where(assets.c.id.in_(batch)))}  # fmt: skip
        return [asset_of(rows[id]) for id in ids]

    def with_files(self, search: Search, limit: int) -> list[Asset]:
        """Assets whose files' names may have what of a search their paths have not, the last changed first."""
        found = select(assets.c.id).join(folders, assets.c.folder == folders.c.id).where(folders.c.deleted_at.is_(None))
        somewhere = []
        for word in search.words:
            named = inside(Source.FILE, word)
            somewhere += [named] if named is not None else []
            found = found.where(or_(in_path(word), *([named] if named is not None else [])))
        if not somewhere:
            return []
        found = found.where(or_(*somewhere), *self.asked(replace(search, words=())))
        if search.owner is not None:
            found = found.join(owners, owners.c.id == folders.c.owner).where(owners.c.name_key == search.owner.lower())
        newest = (assets.c.updated_at.desc(), assets.c.id)
        return self.many(list(self.connection.scalars(found.order_by(*newest).limit(limit))))

    def worked_with(self, user: UUID, limit: int) -> list[tuple[Asset, datetime]]:
        """What the user opened, changed or ran last, with the time, as far as the reader may see it."""
        query = ASSETS.add_columns(visits.c.at).join(visits, visits.c.asset == assets.c.id)
        query = query.where(visits.c.user == user, self.reader.sees_assets()).order_by(visits.c.at.desc()).limit(limit)
        return [(asset_of(row), row.at) for row in self.connection.execute(query)]

    def labels(self, folder: UUID, most: int) -> list[tuple[str, ...]]:
        """The labels of the assets of a folder, of so many at most."""
        query = select(assets.c.labels).where(assets.c.folder == folder, assets.c.deleted_at.is_(None)).limit(most)
        return [tuple(labels) for labels in self.connection.scalars(query)]

    def change(self, id: UUID, values: dict[str, Any]) -> None:
        change_described(self.connection, assets, id, values)

    def touch(self, id: UUID, now: datetime) -> None:
        self.change(id, {"updated_at": now})

    def delete(self, id: UUID, now: datetime) -> None:
        """Hide the asset with its history; its name is free again."""
        self.change(id, {"deleted_at": now, "name_key": str(id)})

    def deleted(self, path: AssetPath, since: datetime) -> tuple[Asset, Access] | None:
        """The asset that was deleted last under this path."""
        return self.first(
            ALL.where(
                owners.c.name_key == path.owner.lower(), folders.c.kind == path.kind,
                folders.c.name_key == path.folder.lower(), func.lower(assets.c.name) == path.name.lower(),
                assets.c.deleted_at >= since,
            ).order_by(assets.c.deleted_at.desc())
        )  # fmt: skip

    def deleted_in(self, folder: UUID, since: datetime) -> list[Asset]:
        """What was deleted in the folder, the last first."""
        query = ALL.where(assets.c.folder == folder, assets.c.deleted_at >= since).order_by(assets.c.deleted_at.desc())
        return [asset_of(row) for row in self.connection.execute(query)]

    def restore(self, id: UUID, name: str) -> None:
        self.change(id, {"deleted_at": None, "name_key": name.lower()})

    def sweep(self, before: datetime) -> int:
        """Forget for good what was deleted before."""
        return self.connection.execute(delete(assets).where(assets.c.deleted_at < before)).rowcount


def having(word: str) -> ColumnElement[bool]:
    """Whether an asset has a lower-case word in its path, description, labels or card."""
    inner = inside(Source.CARD, word)
    return in_path(word) if inner is None else or_(in_path(word), inner)


def in_path(word: str) -> ColumnElement[bool]:
    """Whether an asset has a lower-case word in its path, description or labels."""
    above = select(folders.c.id).join(owners, owners.c.id == folders.c.owner)
    named = [place.contains(word, autoescape=True) for place in (owners.c.name_key, folders.c.name_key)]
    return or_(has(assets, word), assets.c.folder.in_(above.where(or_(*named))))


def order(search: Search) -> list[ColumnElement[Any]]:
    newest = [assets.c.updated_at.desc(), assets.c.id]
    if search.sort is Sort.NAME:
        return [assets.c.name_key, owners.c.name_key, assets.c.id]
    if search.sort is Sort.SIZE:
        return [commits.c.size.desc(), assets.c.id]
    if search.sort is Sort.BEST and search.words:
        first = search.words[0]
        at = case(
            (assets.c.name_key == " ".join(search.words), 0), (assets.c.name_key.startswith(first, autoescape=True), 1),
            (assets.c.name_key.contains(first, autoescape=True), 2), else_=3,
        )  # fmt: skip
        return [at, *newest]
    return newest
