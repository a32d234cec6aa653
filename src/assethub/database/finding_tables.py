"""The part of the schema by which people find assets: stars, visits, and words of what is inside."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, String, Table, Uuid

from assethub.database.columns import NOTHING, id_of, moment, sha256
from assethub.database.people_tables import metadata

WORD = String(40).with_variant(String(40, collation="C"), "postgresql")  # by bytes, so that beginnings are a range

stars = Table(
    "stars", metadata,
    id_of("owners", "user"),
    id_of("assets", "asset", index=True),
    moment("created_at"),
    PrimaryKeyConstraint("user", "asset"),
)  # fmt: skip

visits = Table(  # when a user last opened, changed or ran an asset
    "visits", metadata,
    id_of("owners", "user"),
    id_of("assets", "asset", index=True),
    moment("at"),
    PrimaryKeyConstraint("user", "asset"),
    Index("ix_visits_at", "user", "at"),
)  # fmt: skip

indexed = Table(  # the commit of main whose card and files the words of an asset are of
    "indexed", metadata,
    Column("asset", Uuid, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True),
    sha256("commit", NOTHING),
    sha256("card", NOTHING, nullable=True),
    moment("at"),
)  # fmt: skip

asset_words = Table(  # words of the card, and parts of the files' names, each once
    "asset_words", metadata,
    Column("word", WORD, nullable=False),
    id_of("assets", "asset", index=True),
    Column("source", String(4), nullable=False),  # card | file
    PrimaryKeyConstraint("word", "source", "asset"),
)  # fmt: skip
