"""The schema. Migrations lead to it; nothing else declares columns.

Every column that can name content (a sha256, or JSON that may hold one) says what the collector must keep for it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
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

from assethub.database.columns import (
    COMMIT,
    DATASET_COMMIT,
    INPUTS,
    NOTHING,
    PACK,
    REPORTS,
    STAGED,
    id_of,
    json,
    moment,
    sha256,
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
    sha256("digest", NOTHING, unique=True),
    Column("scope", Integer, nullable=False),
    moment("created_at"), moment("expires_at", nullable=True), moment("last_used_at", nullable=True),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    sha256("digest", NOTHING, primary_key=True),
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
    json("labels", NOTHING),
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
    json("labels", NOTHING),
    json("training", NOTHING),
    moment("created_at"), moment("updated_at"), moment("deleted_at", nullable=True),
    UniqueConstraint("folder", "name_key"),  # of a deleted one: its id, so that the name is free
)  # fmt: skip

commits = Table(
    "commits", metadata,
    id_of("assets", "asset"),
    sha256("id", NOTHING),
    sha256("tree", NOTHING),
    json("parents", NOTHING),
    Column("author", String(96), nullable=False),
    Column("committer", String(96), nullable=False),
    moment("made_at"),
    Column("message", Text, nullable=False),
    json("metadata", NOTHING),
    Column("generation", Integer, nullable=False),
    sha256("content", NOTHING),
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
    sha256("id", NOTHING, primary_key=True),
    Column("pack", PACK, nullable=False, index=True),
    Column("offset", BigInteger, nullable=False),
    Column("length", Integer, nullable=False),
    moment("last_needed"),
)  # fmt: skip

outlines = Table(  # which folders a leaf holds: derived from it, gone with it
    "outlines", metadata,
    sha256("node", NOTHING, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True),
    Column("outline", LargeBinary, nullable=False),
)  # fmt: skip

refs = Table(
    "refs", metadata,
    id_of("assets", "asset"),
    Column("name", String(255), nullable=False),
    Column("kind", String(6), nullable=False),
    sha256("commit", COMMIT),
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
    sha256("commit", COMMIT),
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
    sha256("sha256", NOTHING, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("pack", PACK, nullable=False, index=True),
    Column("offset", BigInteger, nullable=False),
    moment("last_needed"),  # when somebody was last told that it is there, or used it in a commit
)  # fmt: skip

holdings = Table(  # which bodies an asset has been given: what "already there" and every reading consult
    "holdings", metadata,
    id_of("assets", "asset"),
    sha256("sha256", NOTHING, ForeignKey("bodies.sha256"), index=True),
    PrimaryKeyConstraint("asset", "sha256"),
)  # fmt: skip

purges = Table(  # contents that were removed for good: they are never taken in again
    "purges", metadata,
    Column("id", Uuid, primary_key=True),
    sha256("sha256", NOTHING, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("purged_by", String(96), nullable=False),
    moment("purged_at"),
    json("places", NOTHING),
)  # fmt: skip

sources = Table(  # what imports may read; a removed one stays as long as anything was taken from it
    "sources", metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False, unique=True),  # of a removed one: its id, so that the name is free
    Column("url", Text, nullable=False),
    id_of("users", "created_by", nullable=True, gone="SET NULL"),
    moment("created_at"), moment("removed_at", nullable=True),
)  # fmt: skip

originals = Table(  # what was read of a source already: content by place, as long as the stamp is the same
    "originals", metadata,
    id_of("sources", "source"),
    Column("place", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    sha256("sha256", NOTHING, ForeignKey("bodies.sha256", ondelete="CASCADE"), index=True),
    PrimaryKeyConstraint("source", "place"),
)  # fmt: skip

links = Table(  # bodies that lie where they were found, and nowhere in the hub's store
    "links", metadata,
    sha256("sha256", NOTHING, ForeignKey("bodies.sha256", ondelete="CASCADE"), primary_key=True),
    id_of("sources", "source", index=True),
    Column("place", Text, nullable=False),
    Column("stamp", Text, nullable=False),
)  # fmt: skip

imports = Table(
    "imports", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("assets", "asset", index=True),
    Column("branch", String(255), nullable=False),
    id_of("sources", "source"),
    Column("prefix", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("link", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Column("state", String(9), nullable=False, index=True),
    Column("error", Text),
    sha256("commit", NOTHING, nullable=True),
    *(Column(f"{what}_{unit}", BigInteger, nullable=False)
      for what in ("total", "done") for unit in ("files", "bytes")),
    Column("read_bytes", BigInteger, nullable=False),
    id_of("users", "created_by"),
    moment("created_at"), moment("started_at", nullable=True), moment("ended_at", nullable=True),
)  # fmt: skip

uploads = Table(  # large contents on their way in
    "uploads", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("assets", "asset"),
    id_of("users", "user"),
    sha256("sha256", NOTHING),
    Column("size", BigInteger, nullable=False),
    Column("part_size", BigInteger, nullable=False),
    moment("seen_at"),
    UniqueConstraint("asset", "user", "sha256", "size"),
)  # fmt: skip

upload_parts = Table(  # which of their parts are durable
    "upload_parts", metadata,
    id_of("uploads", "upload"),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("upload", "number"),
)  # fmt: skip

staged = Table(
    "staged", metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    id_of("assets", "asset"),
    Column("branch", String(255), nullable=False),
    Column("path", Text, nullable=False),
    json("entry", STAGED, nullable=True),
    sha256("replaces", NOTHING, nullable=True),
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
    sha256("base", COMMIT, nullable=True),
    json("code", NOTHING),
    json("inputs", INPUTS),
    json("params", NOTHING),
    json("task", NOTHING),
    Column("engine", String(96), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("nonce", String(200)),
    json("handle", NOTHING, nullable=True),
    moment("cancel_requested_at", nullable=True),
    Column("exit_code", Integer),
    sha256("commit", COMMIT, nullable=True),
    Column("evaluation", Uuid),
    json("environment", NOTHING),
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
    json("lines", NOTHING),
    PrimaryKeyConstraint("run", "last"),
)  # fmt: skip

metric_batches = Table(
    "metric_batches", metadata,
    Column("run", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("last", Integer, nullable=False),
    json("points", NOTHING),
    PrimaryKeyConstraint("run", "last"),
)  # fmt: skip

evaluations = Table(
    "evaluations", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("assets", "asset", index=True),
    sha256("commit", COMMIT),
    sha256("content", NOTHING),  # of the commit: shown wherever the model files are the same
    id_of("assets", "dataset", index=True),
    sha256("dataset_commit", DATASET_COMMIT),
    json("metrics", NOTHING),
    json("reports", REPORTS),
    Column("run", Uuid),
    Column("run_number", Integer),
    json("provenance", NOTHING),
    Column("created_by", String(96), nullable=False),
    moment("created_at"),
)  # fmt: skip
