"""What a tag says of the version that it marks."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for table in ("refs", "deleted_refs"):
        op.add_column(table, sa.Column("message", sa.Text(), nullable=True))
