"""The schema. Migrations lead to it; nothing else declares columns."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
)  # fmt: skip

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A time in UTC on both databases; SQLite keeps no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        at: datetime | None = value
        if at is None:
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=nullable)


def id_of(table: str, name: str, *, nullable: bool = False, index: bool = False, gone: str = "CASCADE") -> Column[Any]:
    return Column(name, Uuid, ForeignKey(f"{table}.id", ondelete=gone), nullable=nullable, index=index)


SHA256 = String(64)

users = Table(
    "users", metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False, unique=True),  # lower case: names differ in more than case
    Column("password", String(255)),  # an argon2 hash
    Column("admin", Boolean, nullable=False),
    moment("created_at"),
)  # fmt: skip

keys = Table(
    "keys", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("users", "user", index=True),
    Column("name", String(100), nullable=False),
    Column("digest", SHA256, nullable=False, unique=True),
    Column("scope", Integer, nullable=False),
    moment("created_at"), moment("expires_at", nullable=True), moment("last_used_at", nullable=True),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    Column("digest", SHA256, primary_key=True),
    id_of("users", "user", index=True),
    Column("link", Boolean, nullable=False),  # a sign-in link: opens one session and is gone
    moment("created_at"), moment("expires_at"),
)  # fmt: skip

folders = Table(
    "folders", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("users", "owner"),
    Column("kind", String(7), nullable=False),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False),
    Column("description", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    moment("created_at"), moment("deleted_at", nullable=True),
    UniqueConstraint("owner", "kind", "name_key"),  # of a deleted one: its id, so that the name is free
)  # fmt: skip

assets = Table(
    "assets", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("folders", "folder"),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False),
    Column("description", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("training", JSON, nullable=False),
    moment("created_at"), moment("updated_at"), moment("deleted_at", nullable=True),
    UniqueConstraint("folder", "name_key"),  # of a deleted one: its id, so that the name is free
)  # fmt: skip

commits = Table(
    "commits", metadata,
    id_of("assets", "asset"),
    Column("id", SHA256, nullable=False),
    Column("tree", SHA256, nullable=False),
    Column("parents", JSON, nullable=False),
    Column("author", String(96), nullable=False),
    Column("committer", String(96), nullable=False),
    moment("made_at"),
    Column("message", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("content", SHA256, nullable=False),
    Column("files", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("changed_paths", LargeBinary),  # a filter, see docs/formats.md; none for very many, or in older commits
    PrimaryKeyConstraint("asset", "id"),
    Index("ix_commits_content", "asset", "content"),
    Index("ix_commits_generation", "asset", "generation", "id"),
)  # fmt: skip

nodes = Table(
    "nodes", metadata,
    Column("id", SHA256, primary_key=True),
    Column("pack", SHA256, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", Integer, nullable=False),
)  # fmt: skip

outlines = Table(  # which folders a leaf holds: derived from it, gone with it
    "outlines", metadata,
    Column("node", SHA256, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True),
    Column("outline", LargeBinary, nullable=False),
)  # fmt: skip

refs = Table(
    "refs", metadata,
    id_of("assets", "asset"),
    Column("name", String(255), nullable=False),
    Column("kind", String(6), nullable=False),
    Column("commit", SHA256, nullable=False),
    moment("created_at"), moment("updated_at"),
    PrimaryKeyConstraint("asset", "name"),  # a tag and a branch never share a name
    CheckConstraint("kind in ('branch', 'tag')", name="kind"),
)  # fmt: skip

deleted_refs = Table(
    "deleted_refs", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("assets", "asset", index=True),
    Column("name", String(255), nullable=False),
    Column("kind", String(6), nullable=False),
    Column("commit", SHA256, nullable=False),
    moment("deleted_at"),
)  # fmt: skip

renames = Table(  # where a folder or an asset was before; until somebody takes the path
    "renames", metadata,
    Column("path", String(400), primary_key=True),  # in lower case
    id_of("folders", "folder", nullable=True),
    id_of("assets", "asset", nullable=True),
)  # fmt: skip

bodies = Table(
    "bodies", metadata,
    Column("sha256", SHA256, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("pack", SHA256),
    Column("offset", BigInteger, nullable=False),
    moment("created_at"),
)  # fmt: skip

holdings = Table(  # which bodies an asset has been given: what "already there" and every reading consult
    "holdings", metadata,
    id_of("assets", "asset"),
    Column("sha256", SHA256, ForeignKey("bodies.sha256"), nullable=False),
    PrimaryKeyConstraint("asset", "sha256"),
)  # fmt: skip

staged = Table(
    "staged", metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    id_of("assets", "asset"),
    Column("branch", String(255), nullable=False),
    Column("path", Text, nullable=False),
    Column("entry", JSON(none_as_null=True)),
    Column("replaces", SHA256),
    UniqueConstraint("asset", "branch", "path"),
)  # fmt: skip

runs = Table(
    "runs", metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("type", String(8), nullable=False),
    Column("state", String(9), nullable=False, index=True),
    Column("reason", Text),
    id_of("assets", "asset", index=True),
    Column("branch", String(255)),
    Column("onto_existing", Boolean, nullable=False),
    Column("base", SHA256),
    Column("code", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("params", JSON, nullable=False),
    Column("task", JSON, nullable=False),
    Column("engine", String(96), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("nonce", String(200)),
    Column("handle", JSON(none_as_null=True)),
    moment("cancel_requested_at", nullable=True),
    Column("exit_code", Integer),
    Column("commit", SHA256),
    Column("evaluation", Uuid),
    Column("environment", JSON, nullable=False),
    id_of("users", "created_by"),
    moment("created_at"), moment("started_at", nullable=True), moment("ended_at", nullable=True),
    moment("seen_at", nullable=True),
    Column("logged", Integer, nullable=False),  # number of the last line, over all attempts
    Column("log_batch", Integer, nullable=False),  # last batch of this attempt
    Column("metrics_batch", Integer, nullable=False),
    Column("points", Integer, nullable=False),
)  # fmt: skip

log_batches = Table(
    "log_batches", metadata,
    Column("run", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("last", Integer, nullable=False),  # number of the last line in the batch
    Column("lines", JSON, nullable=False),
    PrimaryKeyConstraint("run", "last"),
)  # fmt: skip

metric_batches = Table(
    "metric_batches", metadata,
    Column("run", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("last", Integer, nullable=False),
    Column("points", JSON, nullable=False),
    PrimaryKeyConstraint("run", "last"),
)  # fmt: skip

evaluations = Table(
    "evaluations", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("assets", "asset", index=True),
    Column("commit", SHA256, nullable=False),
    Column("content", SHA256, nullable=False),  # of the commit: shown wherever the model files are the same
    id_of("assets", "dataset", index=True),
    Column("dataset_commit", SHA256, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("reports", JSON, nullable=False),
    Column("run", Uuid),
    Column("run_number", Integer),
    Column("provenance", JSON, nullable=False),
    Column("created_by", String(96), nullable=False),
    moment("created_at"),
)  # fmt: skip
