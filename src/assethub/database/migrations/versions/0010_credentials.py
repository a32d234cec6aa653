"""Git credentials, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=True),
        sa.Column("folder", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("username", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=100), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.CheckConstraint('("user" IS NULL) <> (folder IS NULL)', name=op.f("ck_credentials_holder")),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_credentials_user"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["folder"], ["folders.id"], name=op.f("fk_credentials_folder"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["created_by"], ["owners.id"], name=op.f("fk_credentials_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("user", "name", name=op.f("uq_credentials_user_name")),
        sa.UniqueConstraint("folder", "name", name=op.f("uq_credentials_folder_name")),
    )
