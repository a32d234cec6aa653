"""The part of the schema about runs: what they are, where they wait, what they said and measured."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    Uuid,
    text,
)  # fmt: skip

from assethub.database.columns import (
    COMMIT,
    DATASET_COMMIT,
    INPUTS,
    NOTHING,
    OBJECT,
    REPORTS,
    id_of,
    json,
    moment,
    sha256,
)  # fmt: skip
from assethub.database.people_tables import metadata

sweeps = Table(  # runs that were started together
    "sweeps", metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("type", String(8), nullable=False),
    id_of("assets", "asset", index=True),
    Column("branch", String(255)),
    json("params", NOTHING),
    id_of("owners", "created_by"),
    moment("created_at"),
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
    id_of("owners", "created_by"),
    moment("created_at"), moment("started_at", nullable=True), moment("ended_at", nullable=True),
    moment("seen_at", nullable=True),
    Column("logged", Integer, nullable=False),  # number of the last line, over all attempts
    Column("log_batch", Integer, nullable=False),  # last batch of this attempt
    Column("metrics_batch", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("log_bytes", BigInteger, nullable=False),  # about, in the batches that are not folded yet
    Column("log_batches", Integer, nullable=False),
    json("metric_names", NOTHING),
    sha256("checkpoint", COMMIT, nullable=True),  # the last commit of its output while it went on
    sha256("laid_over", COMMIT, nullable=True),  # what the branch was at before the first of them
    Column("checkpoints", Integer, nullable=False),
    Column("sweep", Uuid, index=True),
    Column("follows", Uuid),  # the run whose success started this one
    json("latest", NOTHING),  # the newest value of each metric
    Column("priority", Integer, nullable=False),
    Column("fence", Integer, nullable=False),  # of the last claim for placing it
    Column("placer", String(200)),  # whose claim that is
    moment("lease_until", nullable=True),
    json("gpus", NOTHING),
    Index("uq_runs_follows", "follows", unique=True),
    *(
        Index(name, "number", sqlite_where=text(held), postgresql_where=text(held))
        for name, held in (("ix_runs_placed", "handle IS NOT NULL"), ("ix_runs_leased", "lease_until IS NOT NULL"))
    ),
)  # fmt: skip

patches = Table(
    "patches", metadata,
    Column("run", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("patch", Text, nullable=False),
)  # fmt: skip

queues = Table(  # of engines: one without a row is open and without limits of its own
    "queues", metadata,
    Column("engine", String(96), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("note", Text, nullable=False),
    *(Column(limit, Integer) for limit in ("runs", "per_user", "per_group")),
    Column("changed_by", String(96), nullable=False),
    moment("changed_at", nullable=True),
)  # fmt: skip

run_segments = Table(
    "run_segments", metadata,
    Column("run", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(6), nullable=False),  # log | points
    Column("tier", Integer, nullable=False),  # 1: lines or points themselves; above: what curves look like from afar
    Column("last", Integer, nullable=False),  # number of the last line or point in it
    Column("count", Integer, nullable=False),
    Column("head", Integer, nullable=False),  # bytes at the beginning that tell where what lies
    Column("size", Integer, nullable=False),
    sha256("object", OBJECT),
    PrimaryKeyConstraint("run", "kind", "tier", "last"),
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

run_steps = Table(  # the states that each attempt came into, but for the one that it ended in
    "run_steps", metadata,
    Column("run", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(9), nullable=False),
    moment("at"),
    PrimaryKeyConstraint("run", "attempt", "state"),
)  # fmt: skip

system_batches = Table(  # what a run used of its machine
    "system_batches", metadata,
    Column("run", Uuid, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    json("samples", NOTHING),
    PrimaryKeyConstraint("run", "attempt", "batch"),
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
