"""Filters of the paths that each commit changed; outlines of leaves for listings of folders."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("commits", sa.Column("changed_paths", sa.LargeBinary(), nullable=True))
    op.create_index("ix_commits_generation", "commits", ["asset", "generation", "id"], unique=False)
    op.create_table(
        "outlines",
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("outline", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["node"], ["nodes.id"], name=op.f("fk_outlines_node"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_outlines")),
    )
