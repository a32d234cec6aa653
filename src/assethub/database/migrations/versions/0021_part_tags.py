"""What tells one arrival of a part from another is not always a sha256."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.alter_column("multipart_parts", "sha256", new_column_name="tag")
