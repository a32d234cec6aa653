"""S3 keys, and the name of each asset's bucket."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
MOMENT = sa.DateTime(timezone=True)
BATCH = 1000


def upgrade() -> None:
    op.add_column("assets", sa.Column("bucket", sa.String(length=63), nullable=False, server_default=""))
    name_buckets()
    op.create_index(op.f("ix_assets_bucket"), "assets", ["bucket"], unique=True)
    op.create_table(
        "s3_keys",
        sa.Column("access_key", sa.String(length=20), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("write", sa.Boolean(), nullable=False),
        sa.Column("asset", sa.Uuid(), nullable=True),
        sa.Column("folder", sa.Uuid(), nullable=True),
        sa.Column("commit_after", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_s3_keys_user"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_s3_keys_asset"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["folder"], ["folders.id"], name=op.f("fk_s3_keys_folder"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("access_key", name=op.f("pk_s3_keys")),
    )
    for column in ("user", "asset", "folder"):
        op.create_index(op.f(f"ix_s3_keys_{column}"), "s3_keys", [column])


def name_buckets() -> None:
    """The older asset gets the plain name; names are made as domain/names.py made them then."""
    connection = op.get_bind()
    assets, folders, owners = (
        sa.table(name, sa.column("id", sa.Uuid()), sa.column("name", sa.String()), *more)
        for name, more in (
            ("assets", (sa.column("folder", sa.Uuid()), sa.column("bucket", sa.String()))),
            ("folders", (sa.column("owner", sa.Uuid()),)),
            ("owners", ()),
        )
    )
    query = (
        sa.select(assets.c.id, owners.c.name, folders.c.name, assets.c.name)
        .select_from(assets)
        .join(folders, folders.c.id == assets.c.folder)
        .join(owners, owners.c.id == folders.c.owner)
        .order_by(assets.c.id)
    )
    taken: set[str] = set()
    named = []
    for id, *names in connection.execute(query).all():
        slug = re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")
        if len(slug) > 63 or slug in taken or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", slug):
            tails = [id.hex[-digits:] for digits in (8, 16, 32)]
            cut = [f"{slug[: 62 - len(tail)].rstrip('-')}-{tail}" for tail in tails]
            slug = next(name for name in cut if name not in taken)
        taken.add(slug)
        named.append({"row": id, "found": slug})
    change = sa.update(assets).where(assets.c.id == sa.bindparam("row")).values(bucket=sa.bindparam("found"))
    for start in range(0, len(named), BATCH):
        connection.execute(change, named[start : start + BATCH])
