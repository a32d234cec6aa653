"""S3 keys as rows; their secrets are sealed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, insert, or_, select, update

from assethub.database.owners import ACTIVE, user_of
from assethub.database.people_tables import folders, owners, s3_keys
from assethub.database.rows import Rows
from assethub.database.tables import assets
from assethub.domain.errors import NotFound
from assethub.domain.owners import User
from assethub.domain.s3_keys import S3Key

OVER, TARGETS = folders.alias("over"), folders.alias("targets")  # the folder of a key's asset; where it makes others
HOLDERS, KEEPERS = owners.alias("holders"), owners.alias("keepers")


def s3_key_of(row: Row[Any]) -> S3Key:
    asset = f"{row.over_owner}/{row.over_kind}/{row.over_name}/{row.asset_name}" if row.key_asset else None
    folder = f"{row.target_owner}/{row.target_kind}/{row.target_name}" if row.key_folder else None
    return S3Key(
        row.key_access_key, row.key_user, row.key_name, row.key_write, row.key_commit_after, row.key_created_at,
        row.key_expires_at, row.key_last_used_at, row.key_asset, asset, row.asset_bucket, row.key_folder, folder,
    )  # fmt: skip


def with_s3_keys(*columns: Any) -> Select[Any]:
    told = [s3_keys.c[name].label(f"key_{name}") for name in s3_keys.c.keys()]  # noqa: SIM118
    return (
        select(
            *columns, *told, assets.c.name.label("asset_name"), assets.c.bucket.label("asset_bucket"),
            HOLDERS.c.name.label("over_owner"), OVER.c.kind.label("over_kind"), OVER.c.name.label("over_name"),
            KEEPERS.c.name.label("target_owner"), TARGETS.c.kind.label("target_kind"),
            TARGETS.c.name.label("target_name"),
        )
        .select_from(s3_keys)
        .outerjoin(assets, assets.c.id == s3_keys.c.asset)
        .outerjoin(OVER, OVER.c.id == assets.c.folder)
        .outerjoin(HOLDERS, HOLDERS.c.id == OVER.c.owner)
        .outerjoin(TARGETS, TARGETS.c.id == s3_keys.c.folder)
        .outerjoin(KEEPERS, KEEPERS.c.id == TARGETS.c.owner)
    )  # fmt: skip


class S3Keys(Rows):
    def add(self, key: S3Key, sealed: bytes) -> None:
        self.connection.execute(
            insert(s3_keys).values(
                access_key=key.access_key, user=key.user, name=key.name, write=key.write, asset=key.asset,
                folder=key.folder, commit_after=key.commit_after, sealed=sealed, created_at=key.created_at,
                expires_at=key.expires_at, last_used_at=None,
            )
        )  # fmt: skip

    def find(self, access_key: str, now: datetime) -> tuple[User, S3Key, bytes] | None:
        """The user, the key and its sealed secret, unless it has expired or its user is deactivated."""
        query = with_s3_keys(owners).join(owners, owners.c.id == s3_keys.c.user)
        row = self.connection.execute(query.where(s3_keys.c.access_key == access_key, ACTIVE)).first()
        if row is None or (row.key_expires_at and row.key_expires_at <= now):
            return None
        return user_of(row), s3_key_of(row), row.key_sealed

    def used(self, access_key: str, now: datetime) -> None:
        own = s3_keys.c.access_key == access_key
        self.connection.execute(update(s3_keys).where(own).values(last_used_at=now))

    def of(self, user: UUID) -> list[S3Key]:
        """The oldest first."""
        query = with_s3_keys().where(s3_keys.c.user == user).order_by(s3_keys.c.created_at, s3_keys.c.access_key)
        return [s3_key_of(row) for row in self.connection.execute(query)]

    def get(self, user: UUID, access_key: str) -> S3Key:
        query = with_s3_keys().where(s3_keys.c.user == user, s3_keys.c.access_key == access_key)
        row = self.connection.execute(query).first()
        if row is None:
            raise NotFound.named("S3 key", access_key)
        return s3_key_of(row)

    def delete(self, access_key: str) -> None:
        self.connection.execute(delete(s3_keys).where(s3_keys.c.access_key == access_key))

    def end_all(self, user: UUID) -> None:
        self.connection.execute(delete(s3_keys).where(s3_keys.c.user == user))

    def end_asset(self, asset: UUID) -> None:
        self.connection.execute(delete(s3_keys).where(s3_keys.c.asset == asset))

    def end_folder(self, folder: UUID) -> None:
        """Those for the folder, and for the assets in it."""
        inside = select(assets.c.id).where(assets.c.folder == folder)
        self.connection.execute(delete(s3_keys).where(or_(s3_keys.c.folder == folder, s3_keys.c.asset.in_(inside))))
