"""Gates, the runs that used a commit, and runs that reproduce one."""

import json
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
MOMENT = sa.DateTime(timezone=True)
TOGETHER = 1000


def upgrade() -> None:
    op.create_table(
        "gates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("folder", sa.Uuid(), nullable=False),
        sa.Column("dataset", sa.Uuid(), nullable=True),
        sa.Column("metric", sa.String(length=200), nullable=False),
        sa.Column("sign", sa.String(length=2), nullable=False),
        sa.Column("bound", sa.Float(), nullable=True),
        sa.Column("tolerance", sa.Float(), nullable=False),
        sa.Column("by_run", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=96), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["folder"], ["folders.id"], name=op.f("fk_gates_folder"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["dataset"], ["assets.id"], name=op.f("fk_gates_dataset"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gates")),
    )
    op.create_index(op.f("ix_gates_folder"), "gates", ["folder"])
    used = op.create_table(
        "run_inputs",
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_run_inputs_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "asset", "commit", name=op.f("pk_run_inputs")),
    )
    op.create_index("ix_run_inputs_asset", "run_inputs", ["asset", "commit"])
    op.create_table(
        "reproductions",
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_reproductions_run"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_reproductions_asset"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_reproductions")),
    )
    runs = sa.table("runs", sa.column("id", sa.Uuid()), sa.column("inputs", sa.JSON()))
    found = {
        (row.id, UUID(one["asset"]), one["commit"])
        for row in op.get_bind().execute(sa.select(runs.c.id, runs.c.inputs))
        for one in (json.loads(row.inputs) if isinstance(row.inputs, str) else row.inputs)
    }
    rows = [{"run": run, "asset": asset, "commit": commit} for run, asset, commit in sorted(found)]
    for start in range(0, len(rows), TOGETHER):
        op.bulk_insert(used, rows[start : start + TOGETHER])
