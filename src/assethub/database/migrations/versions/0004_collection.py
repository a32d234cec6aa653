"""What the collector of garbage needs: when a body or node was last needed; what was purged.

Bodies and nodes lie in files with other names than before, so a data folder of the older format is not opened at all;
only empty tables are made anew here.
"""

import sqlalchemy as sa
from alembic import op

from assethub.domain.errors import Invalid

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT count(*) FROM bodies")).scalar():
        raise Invalid("This database belongs to a hub of an older format; name an empty one, or start that version.")
    for table in ("holdings", "bodies", "nodes"):
        op.drop_table(table)
    op.create_table(
        "bodies",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("pack", sa.String(length=80), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("last_needed", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_bodies")),
    )
    op.create_index(op.f("ix_bodies_pack"), "bodies", ["pack"], unique=False)
    op.create_table(
        "holdings",
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_holdings_asset"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sha256"], ["bodies.sha256"], name=op.f("fk_holdings_sha256")),
        sa.PrimaryKeyConstraint("asset", "sha256", name=op.f("pk_holdings")),
    )
    op.create_index(op.f("ix_holdings_sha256"), "holdings", ["sha256"], unique=False)
    op.create_table(
        "nodes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pack", sa.String(length=80), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("last_needed", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
    )
    op.create_index(op.f("ix_nodes_pack"), "nodes", ["pack"], unique=False)
    op.create_table(
        "purges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("purged_by", sa.String(length=96), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purges")),
        sa.UniqueConstraint("sha256", name=op.f("uq_purges_sha256")),
    )
