"""The part of the schema that is about people: who there is, who is asking, who may do what, who did what."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)  # fmt: skip

from assethub.database.columns import NOTHING, id_of, json, moment, sha256

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


owners = Table(  # users, service accounts and groups: their names are of one kind
    "owners", metadata,
    Column("id", Uuid, nullable=False),
    Column("kind", String(7), nullable=False),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False),  # lower case: names differ in more than case
    Column("title", String(200), nullable=False),  # a person's full name, or what a group is for
    Column("email", String(254)),
    Column("password", String(255)),  # an argon2 hash
    Column("admin", Boolean, nullable=False),
    Column("claim", String(200)),  # of a group: members are whom the sign-in provider says this of
    Column("quota", BigInteger),  # bytes that its assets may hold; none: the hub's own setting
    moment("created_at"), moment("deactivated_at", nullable=True),
    PrimaryKeyConstraint("id", name="pk_users"),
    UniqueConstraint("name_key", name="uq_users_name_key"),
)  # fmt: skip

identities = Table(  # whom the sign-in provider knows a user as
    "identities", metadata,
    Column("issuer", String(400), nullable=False),
    Column("subject", String(255), nullable=False),
    id_of("owners", "user", index=True),
    PrimaryKeyConstraint("issuer", "subject"),
)  # fmt: skip

members = Table(
    "members", metadata,
    id_of("owners", "group"),
    id_of("owners", "user", index=True),
    Column("admin", Boolean, nullable=False),
    Column("claimed", Boolean, nullable=False),  # by the sign-in provider, which can take it back
    PrimaryKeyConstraint("group", "user"),
)  # fmt: skip

keys = Table(
    "keys", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("owners", "user", index=True),
    Column("name", String(100), nullable=False),
    sha256("digest", NOTHING, unique=True),
    Column("scope", Integer, nullable=False),
    id_of("folders", "folder", nullable=True),  # all that the key is good for; none: everything
    moment("created_at"), moment("expires_at", nullable=True), moment("last_used_at", nullable=True),
)  # fmt: skip

sessions = Table(  # their secrets are signatures over the id and the generation, so none is kept
    "sessions", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("owners", "user", index=True),
    Column("generation", Integer, nullable=False),
    Column("received", Boolean, nullable=False),  # whether the browser has shown the newest secret
    Column("agent", String(300), nullable=False),
    Column("address", String(48), nullable=False),
    moment("created_at"), moment("rotated_at"), moment("seen_at"), moment("expires_at"),
)  # fmt: skip

sign_in_links = Table(  # each opens one session and is gone
    "sign_in_links", metadata,
    sha256("digest", NOTHING, primary_key=True),
    id_of("owners", "user", index=True),
    moment("expires_at"),
)  # fmt: skip

folders = Table(
    "folders", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("owners", "owner"),
    Column("kind", String(7), nullable=False),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False),
    Column("description", Text, nullable=False),
    json("labels", NOTHING),
    Column("words", Text, nullable=False),  # what a search looks through: name, description and labels in lower case
    Column("everyone", Integer, nullable=False),  # the role of everyone who is signed in; 0: none
    Column("public", Boolean, nullable=False),
    moment("created_at"), moment("deleted_at", nullable=True),
    UniqueConstraint("owner", "kind", "name_key"),  # of a deleted one: its id, so that the name is free
    Index("ix_folders_open", "everyone", "public"),
)  # fmt: skip

grants = Table(
    "grants", metadata,
    id_of("folders", "folder"),
    id_of("owners", "grantee"),
    Column("role", Integer, nullable=False),
    PrimaryKeyConstraint("folder", "grantee"),
    Index("ix_grants_grantee", "grantee", "folder", "role"),
)  # fmt: skip

credentials = Table(  # what opens Git repositories, for a user or for the runs of a folder
    "credentials", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("owners", "user", nullable=True),
    id_of("folders", "folder", nullable=True),
    Column("name", String(100), nullable=False),
    Column("url", Text, nullable=False),  # the addresses that begin with it
    Column("kind", String(7), nullable=False),
    Column("username", String(200), nullable=False),
    Column("fingerprint", String(100)),  # of an ssh key
    Column("sealed", LargeBinary, nullable=False),
    id_of("owners", "created_by", nullable=True, gone="SET NULL"),
    moment("created_at"), moment("last_used_at", nullable=True),
    UniqueConstraint("user", "name"), UniqueConstraint("folder", "name"),
    CheckConstraint('("user" IS NULL) <> (folder IS NULL)', name="holder"),
)  # fmt: skip

s3_keys = Table(  # their secrets are sealed: to check a signature takes the secret itself
    "s3_keys", metadata,
    Column("access_key", String(20), primary_key=True),
    id_of("owners", "user", index=True),
    Column("name", String(100), nullable=False),
    Column("write", Boolean, nullable=False),
    id_of("assets", "asset", nullable=True, index=True),  # all that the key is good for; none: everything
    id_of("folders", "folder", nullable=True, index=True),  # where a new bucket's asset is made; none: nowhere
    Column("commit_after", Integer),  # seconds without a further write after which staged changes are committed
    Column("sealed", LargeBinary, nullable=False),
    moment("created_at"), moment("expires_at", nullable=True), moment("last_used_at", nullable=True),
)  # fmt: skip

audit = Table(  # names and ids as they were: what it tells of may be gone
    "audit", metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    moment("at"),
    Column("actor", Uuid),
    Column("actor_name", String(96), nullable=False),
    Column("via", String(200), nullable=False),
    Column("address", String(48), nullable=False),
    Column("action", String(60), nullable=False),
    Column("target", String(500), nullable=False),
    Column("folder", Uuid),
    Column("outcome", String(7), nullable=False),  # done | refused
    json("detail", NOTHING),
    Index("ix_audit_at", "at", "id"),
    Index("ix_audit_actor", "actor_name", "id"),
    Index("ix_audit_who", "actor", "id"),
    Index("ix_audit_action", "action", "id"),
    Index("ix_audit_folder", "folder", "id"),
)  # fmt: skip
