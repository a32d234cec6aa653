"""The part of the schema that leads from versions to what they are made from, and to what they must fulfil."""

from sqlalchemy import Boolean, Column, Float, Index, PrimaryKeyConstraint, String, Table, Uuid

from assethub.database.columns import COMMIT, NOTHING, id_of, moment, sha256
from assethub.database.people_tables import metadata

gates = Table(  # what a model folder requires of a publish into main
    "gates", metadata,
    Column("id", Uuid, primary_key=True),
    id_of("folders", "folder", index=True),
    id_of("assets", "dataset", nullable=True, gone="SET NULL"),  # a gate whose dataset is gone lets nothing pass
    Column("metric", String(200), nullable=False),
    Column("sign", String(2), nullable=False),
    Column("bound", Float),  # none: what main has
    Column("tolerance", Float, nullable=False),
    Column("by_run", Boolean, nullable=False),
    Column("created_by", String(96), nullable=False),
    moment("created_at"),
)  # fmt: skip

run_inputs = Table(  # runs.inputs the other way round: which runs used a commit; it is runs.inputs that keeps it
    "run_inputs", metadata,
    id_of("runs", "run"),
    Column("asset", Uuid, nullable=False),
    sha256("commit", NOTHING),
    PrimaryKeyConstraint("run", "asset", "commit"),
    Index("ix_run_inputs_asset", "asset", "commit"),
)  # fmt: skip

reproductions = Table(  # runs that are to make a commit of their model once more
    "reproductions", metadata,
    id_of("runs", "run"),
    id_of("assets", "asset"),
    sha256("commit", COMMIT),
    PrimaryKeyConstraint("run"),
)  # fmt: skip
