"""The part of the schema that the S3 door alone needs."""

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Table, Text, Uuid

from assethub.database.columns import NOTHING, id_of, json, moment, sha256
from assethub.database.people_tables import metadata

object_metadata = Table(  # what S3 clients want to be told again of a content at a path
    "object_metadata", metadata,
    id_of("assets", "asset"),
    Column("path", Text, nullable=False),
    sha256("sha256", NOTHING),
    json("data", NOTHING),
    PrimaryKeyConstraint("asset", "path", "sha256"),
)  # fmt: skip

multiparts = Table(  # uploads by S3 whose parts come in any order and size
    "multiparts", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("assets", "asset", index=True),
    Column("branch", String(255), nullable=False),
    Column("path", Text, nullable=False),
    id_of("owners", "user"),
    Column("content_type", String(255)),
    json("data", NOTHING),
    Column("checksum", String(20)),  # the algorithm and whether it is of the whole or of the parts
    moment("created_at"), moment("seen_at"),
)  # fmt: skip

multipart_parts = Table(
    "multipart_parts", metadata,
    id_of("multiparts", "upload"),
    Column("number", Integer, nullable=False),
    sha256("tag", NOTHING),  # or other digits
    Column("size", BigInteger, nullable=False),
    Column("file", String(100), nullable=False),  # in the folder of the upload
    json("checksums", NOTHING),
    moment("created_at"),
    PrimaryKeyConstraint("upload", "number"),
)  # fmt: skip

due_commits = Table(  # branches that a key commits once nothing was staged on them for a while
    "due_commits", metadata,
    id_of("assets", "asset"),
    Column("branch", String(255), nullable=False),
    id_of("owners", "user"),
    Column("key", String(20), nullable=False),
    moment("due_at"),
    PrimaryKeyConstraint("asset", "branch"),
)  # fmt: skip
