"""Folders, assets and branches that were deleted and can be restored; paths that were renamed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("folders", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assets", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "deleted_refs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_deleted_refs_asset"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deleted_refs")),
    )
    op.create_index(op.f("ix_deleted_refs_asset"), "deleted_refs", ["asset"], unique=False)
    op.create_table(
        "renames",
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("folder", sa.Uuid(), nullable=True),
        sa.Column("asset", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["folder"], ["folders.id"], name=op.f("fk_renames_folder"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_renames_asset"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_renames")),
    )
