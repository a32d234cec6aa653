"""Groups beside users, grants on folders, limited keys, rotating sessions, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    owners()
    op.add_column("folders", sa.Column("everyone", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("folders", sa.Column("public", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_assets_updated_at", "assets", ["updated_at", "id"])
    op.create_index("ix_folders_open", "folders", ["everyone", "public"])
    with op.batch_alter_table("keys") as keys:
        keys.add_column(sa.Column("folder", sa.Uuid(), nullable=True))
        keys.create_foreign_key(op.f("fk_keys_folder"), "folders", ["folder"], ["id"], ondelete="CASCADE")
    sessions()
    op.create_table(
        "grants",
        sa.Column("folder", sa.Uuid(), nullable=False),
        sa.Column("grantee", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["folder"], ["folders.id"], name=op.f("fk_grants_folder"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["grantee"], ["owners.id"], name=op.f("fk_grants_grantee"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("folder", "grantee", name=op.f("pk_grants")),
    )
    op.create_index("ix_grants_grantee", "grants", ["grantee", "folder", "role"])
    audit()


def owners() -> None:
    op.rename_table("users", "owners")  # what refers to it follows
    for column in (
        sa.Column("kind", sa.String(length=7), nullable=False, server_default="user"),
        sa.Column("title", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("claim", sa.String(length=200), nullable=True),
        sa.Column("quota", sa.BigInteger(), nullable=True),
        sa.Column("deactivated_at", MOMENT, nullable=True),
    ):
        op.add_column("owners", column)
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_identities_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_user"), "identities", ["user"])
    op.create_table(
        "members",
        sa.Column("group", sa.Uuid(), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("claimed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["group"], ["owners.id"], name=op.f("fk_members_group"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_members_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group", "user", name=op.f("pk_members")),
    )
    op.create_index(op.f("ix_members_user"), "members", ["user"])


def sessions() -> None:
    """The old ones end: everybody signs in again."""
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("received", sa.Boolean(), nullable=False),
        sa.Column("agent", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=48), nullable=False),
        *(sa.Column(f"{what}_at", MOMENT, nullable=False) for what in ("created", "rotated", "seen", "expires")),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_sessions_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"])
    op.create_table(
        "sign_in_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["owners.id"], name=op.f("fk_sign_in_links_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_links")),
    )
    op.create_index(op.f("ix_sign_in_links_user"), "sign_in_links", ["user"])


def audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=96), nullable=False),
        sa.Column("via", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=48), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=500), nullable=False),
        sa.Column("folder", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=7), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    for name, columns in (("at", "at"), ("actor", "actor_name"), ("action", "action"), ("folder", "folder")):
        op.create_index(f"ix_audit_{name}", "audit", [columns, "id"])
