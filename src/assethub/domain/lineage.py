"""Provenance: what a commit or an evaluation was made from; and lineage, which follows it both ways."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from assethub.domain.history import timestamp
from assethub.domain.runs import Run


def provenance(run: Run, ended_at: datetime, environment: Mapping[str, Any], patch: str) -> dict[str, Any]:
    """The facts of a run that repeat its result, as kept in the commit's or evaluation's metadata.

    `patch` is what was changed in the code since its commit, as `git diff` writes it.
    """
    code = {"git": run.code.url, "revision": run.code.revision, "sha": run.code.sha, "subpath": run.code.subpath}
    return {
        "run": str(run.id),
        "number": run.number,
        "type": run.type.value,
        "code": code | ({"patch": patch} if patch else {}),
        "inputs": [
            {"folder": source.folder, "asset": str(source.asset), "path": source.path, "ref": source.ref,
             "commit": source.commit} for source in run.inputs
        ],
        "params": dict(run.params),
        "command": run.task["command"],
        "environment": dict(environment),
        "engine": run.engine,
        "started_at": timestamp(run.started_at or run.created_at),
        "ended_at": timestamp(ended_at),
    }  # fmt: skip


class NodeKind(StrEnum):
    VERSION = "version"  # of an asset: all commits with these files are one
    RUN = "run"
    EVALUATION = "evaluation"


@dataclass(frozen=True)
class Node:
    """`depth` is below 0 for what the focus was made from, above 0 for what came of it."""

    id: str
    kind: NodeKind
    depth: int
    path: str  # of the asset; of a run or an evaluation: of its model
    commit: str | None = None
    refs: tuple[str, ...] = ()  # branches and tags that show these files now
    number: int | None = None  # of the run
    type: str | None = None
    state: str | None = None
    dataset: str | None = None  # what was evaluated on; None: nothing that the reader may know of
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Graph:
    """What made something and what was made from it, as far as the reader may see.

    Edges lead from what was used to what was made. `cut`: there is more than is told here.
    """

    focus: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    hidden_before: int
    hidden_after: int
    cut: bool

    def of_kinds(self, kinds: Collection[NodeKind]) -> "Graph":
        """The graph without nodes of other kinds; what these joined is joined directly. The focus stays."""
        edges = set(self.edges)
        for node in self.nodes:
            if node.kind in kinds or node.id == self.focus:
                continue
            before = {source for source, target in edges if target == node.id}
            after = {target for source, target in edges if source == node.id}
            edges = {edge for edge in edges if node.id not in edge}
            edges |= {(source, target) for source in before for target in after if source != target}
        kept = tuple(node for node in self.nodes if node.kind in kinds or node.id == self.focus)
        return replace(self, nodes=kept, edges=tuple(sorted(edges)))
