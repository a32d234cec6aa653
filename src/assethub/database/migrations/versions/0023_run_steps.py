"""When runs came into their states, and what they used of their machine."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "run_steps",
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_run_steps_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "attempt", "state", name=op.f("pk_run_steps")),
    )
    op.create_table(
        "system_batches",
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("samples", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_system_batches_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "attempt", "batch", name=op.f("pk_system_batches")),
    )
