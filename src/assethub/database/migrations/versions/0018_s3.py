"""The S3 door: metadata of objects, uploads in parts, branches that are due for a commit."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "object_metadata",
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_object_metadata_asset"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset", "path", "sha256", name=op.f("pk_object_metadata")),
    )
    op.create_table(
        "multiparts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.Column("content_type", sa.String(length=255), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("checksum", sa.String(length=20), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_multiparts_asset"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_multiparts_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_multiparts")),
    )
    op.create_index(op.f("ix_multiparts_asset"), "multiparts", ["asset"])
    op.create_table(
        "multipart_parts",
        sa.Column("upload", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.String(length=100), nullable=False),
        sa.Column("checksums", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["upload"], ["multiparts.id"], name=op.f("fk_multipart_parts_upload"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload", "number", name=op.f("pk_multipart_parts")),
    )
    op.create_table(
        "due_commits",
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_due_commits_asset"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_due_commits_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset", "branch", name=op.f("pk_due_commits")),
    )
