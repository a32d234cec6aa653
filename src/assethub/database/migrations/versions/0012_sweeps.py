"""Sweeps, runs that follow others, and the newest metrics beside each run."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_sweeps_asset"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["owners.id"], name=op.f("fk_sweeps_created_by"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
        sa.UniqueConstraint("number", name=op.f("uq_sweeps_number")),
    )
    op.create_index(op.f("ix_sweeps_asset"), "sweeps", ["asset"])
    op.add_column("runs", sa.Column("sweep", sa.Uuid(), nullable=True))
    op.add_column("runs", sa.Column("follows", sa.Uuid(), nullable=True))
    op.add_column("runs", sa.Column("latest", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.create_index(op.f("ix_runs_sweep"), "runs", ["sweep"])
    op.create_index("uq_runs_follows", "runs", ["follows"], unique=True)
