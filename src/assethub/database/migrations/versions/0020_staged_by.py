"""Who staged a change, and when; of changes that waited already nobody knows. SQLite never deals a number out twice."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    recreate: Literal["always", "never"] = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("staged", recreate=recreate, table_kwargs={"sqlite_autoincrement": True}) as staged:
        staged.add_column(sa.Column("staged_by", sa.String(length=96), nullable=True))
        staged.add_column(sa.Column("staged_at", sa.DateTime(timezone=True), nullable=True))
