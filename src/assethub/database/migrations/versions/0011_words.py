"""What a search looks through, in lower case, beside each folder and asset."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
BATCH = 1000


def upgrade() -> None:
    connection = op.get_bind()
    for name in ("folders", "assets"):
        op.add_column(name, sa.Column("words", sa.Text(), nullable=False, server_default=""))
        table = sa.table(
            name, sa.column("id", sa.Uuid()), sa.column("name", sa.String()), sa.column("description", sa.Text()),
            sa.column("labels", sa.JSON()), sa.column("words", sa.Text()),
        )  # fmt: skip
        change = sa.update(table).where(table.c.id == sa.bindparam("row")).values(words=sa.bindparam("found"))
        rows = connection.execute(sa.select(table.c.id, table.c.name, table.c.description, table.c.labels)).all()
        found = [{"row": row.id, "found": "\n".join((row.name, row.description, *row.labels)).lower()} for row in rows]
        for start in range(0, len(found), BATCH):
            connection.execute(change, found[start : start + BATCH])
