"""Stars, what people worked with last, and words of cards and file names."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
MOMENT = sa.DateTime(timezone=True)
WORD = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    for name, at in (("stars", "created_at"), ("visits", "at")):
        op.create_table(
            name,
            sa.Column("user", sa.Uuid(), nullable=False),
            sa.Column("asset", sa.Uuid(), nullable=False),
            sa.Column(at, MOMENT, nullable=False),
            sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f(f"fk_{name}_user"), ondelete="CASCADE"),
            sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f(f"fk_{name}_asset"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("user", "asset", name=op.f(f"pk_{name}")),
        )
        op.create_index(op.f(f"ix_{name}_asset"), name, ["asset"])
    op.create_index("ix_visits_at", "visits", ["user", "at"])
    op.create_table(
        "indexed",
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.Column("card", sa.String(length=64), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_indexed_asset"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset", name=op.f("pk_indexed")),
    )
    op.create_table(
        "asset_words",
        sa.Column("word", WORD, nullable=False),
        sa.Column("asset", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=4), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=op.f("fk_asset_words_asset"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "source", "asset", name=op.f("pk_asset_words")),
    )
    op.create_index(op.f("ix_asset_words_asset"), "asset_words", ["asset"])
