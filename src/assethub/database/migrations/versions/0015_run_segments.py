"""Logs and curves folded into objects, and checkpoints of runs under way."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("runs", sa.Column("log_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("log_batches", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("metric_names", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("runs", sa.Column("checkpoint", sa.String(length=64), nullable=True))
    op.add_column("runs", sa.Column("laid_over", sa.String(length=64), nullable=True))
    op.add_column("runs", sa.Column("checkpoints", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "run_segments",
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_run_segments_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "kind", "tier", "last", name=op.f("pk_run_segments")),
    )
