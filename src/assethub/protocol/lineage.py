"""Lineage on the wire."""

from datetime import datetime

from assethub.protocol.wire import Info


class NodeInfo(Info):
    """A version, run or evaluation.

    `depth` is below 0 for what the focus was made from, above 0 for what came of it. `path` is the asset's, of a run or
    an evaluation its model's; `refs` are the branches and tags that show the version's files now.
    """

    id: str
    kind: str  # version | run | evaluation
    depth: int
    path: str
    commit: str | None
    refs: list[str]
    number: int | None
    type: str | None
    state: str | None
    dataset: str | None
    metrics: dict[str, float | None]
    by: str | None
    at: datetime | None


class LineageInfo(Info):
    """Edges are pairs of ids, from what was used to what was made.

    `hidden_before` and `hidden_after` count what you may not see; `cut`: there is more than is told here.
    """

    focus: str
    nodes: list[NodeInfo]
    edges: list[tuple[str, str]]
    hidden_before: int
    hidden_after: int
    cut: bool
