"""How many bytes each asset holds; what somebody did, found by who they are."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("assets", sa.Column("stored", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        """
        UPDATE assets SET stored = COALESCE((
            SELECT SUM(bodies.size) FROM holdings JOIN bodies ON bodies.sha256 = holdings.sha256
            WHERE holdings.asset = assets.id AND bodies.pack <> ''
        ), 0)
        """
    )
    op.create_index("ix_audit_who", "audit", ["actor", "id"])
