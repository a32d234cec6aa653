"""The schema, with what people_tables.py and the other *_tables.py hold of it.

Migrations lead to it; nothing else declares columns. Every column that can name content (a sha256, or JSON that may
hold one) says what the collector must keep for it.
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
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)  # fmt: skip

from assethub.database import finding_tables, lineage_tables, people_tables, run_tables, s3_tables
from assethub.database.columns import COMMIT, NOTHING, PACK, STAGED, id_of, json, moment, sha256

metadata = people_tables.metadata
PARTS = (finding_tables, lineage_tables, run_tables, s3_tables)  # which join the schema when they are imported

assets = Table(
    "assets", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("folders", "folder"),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False),
    Column("description", Text, nullable=False),
    json("labels", NOTHING),
    Column("words", Text, nullable=False),  # what a search looks through: name, description and labels in lower case
    json("training", NOTHING),
    Column("bucket", String(63), nullable=False, unique=True, index=True),  # its name in S3, stays when it is renamed
    Column("stored", BigInteger, nullable=False),  # bytes in the store of all bodies that it holds
    moment("created_at"), moment("updated_at"), moment("deleted_at", nullable=True),
    UniqueConstraint("folder", "name_key"),  # of a deleted one: its id, so that the name is free
    Index("ix_assets_updated_at", "updated_at", "id"),
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
    Column("message", Text),  # of a tag: what it says of the version
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
    Column("message", Text),
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
    id_of("owners", "created_by", nullable=True, gone="SET NULL"),
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
    id_of("owners", "created_by"),
    moment("created_at"), moment("started_at", nullable=True), moment("ended_at", nullable=True),
)  # fmt: skip

uploads = Table(  # large contents on their way in
    "uploads", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("assets", "asset"),
    id_of("owners", "user"),
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
    Column("staged_by", String(96)),
    moment("staged_at", nullable=True),
    UniqueConstraint("asset", "branch", "path"),
    sqlite_autoincrement=True,  # a number is never dealt out twice: views of a branch are told apart by them
)  # fmt: skip
