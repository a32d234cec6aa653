"""The queue: priorities, leases with fences, cards that runs hold, and what administrators decide of it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("runs", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("fence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("placer", sa.String(length=200), nullable=True))
    op.add_column("runs", sa.Column("lease_until", MOMENT, nullable=True))
    op.add_column("runs", sa.Column("gpus", sa.JSON(), nullable=False, server_default="[]"))
    held = sa.text("handle IS NOT NULL")
    leased = sa.text("lease_until IS NOT NULL")
    op.create_index("ix_runs_placed", "runs", ["number"], sqlite_where=held, postgresql_where=held)
    op.create_index("ix_runs_leased", "runs", ["number"], sqlite_where=leased, postgresql_where=leased)
    op.create_table(
        "queues",
        sa.Column("engine", sa.String(length=96), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=True),
        sa.Column("per_user", sa.Integer(), nullable=True),
        sa.Column("per_group", sa.Integer(), nullable=True),
        sa.Column("changed_by", sa.String(length=96), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("engine", name=op.f("pk_queues")),
    )
