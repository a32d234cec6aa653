"""Reproductions on the wire."""

from assethub.protocol.runs import RunInfo
from assethub.protocol.wire import Info, Message


class NewReproduction(Message):
    """The version at `ref`, made once more onto a new branch (default: `reproduce-` and its commit)."""

    ref: str = "main"
    branch: str | None = None


class ReproductionInfo(Info):
    """`equal` is left out until the run has ended; `files`, `metrics` and `packages` are what differs.

    Other packages alone do not make a version unequal.
    """

    run: RunInfo
    path: str
    commit: str
    equal: bool | None
    files: list[str]
    more_files: int
    metrics: list[str]
    packages: list[str]
