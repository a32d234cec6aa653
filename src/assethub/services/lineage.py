"""What made a version or an evaluation, and what was made from it: followed both ways, level by level."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from assethub.domain.evaluations import Evaluation
from assethub.domain.folders import Role
from assethub.domain.lineage import Graph, Node, NodeKind
from assethub.domain.names import Reference
from assethub.domain.runs import Run
from assethub.services import versions
from assethub.services.evaluations import get_evaluation
from assethub.services.runs import get_run
from assethub.services.work import Work

LEVELS, MOST_LEVELS = 3, 5  # of versions, each way
MOST = 300  # versions, runs and evaluations of one graph
MOST_SAME = 3000  # commits with the same files as those of one level
Version = tuple[UUID, str]


def version_lineage(work: Work, reference: Reference, *, levels: int = LEVELS) -> Graph:
    work.refuse_runs()
    asset, commit = versions.version(work, reference)
    tracing = Tracing(work)
    focus = tracing.arrive({(asset.id, commit.id)}, 0, before=True)
    tracing.back(set(focus), levels)
    tracing.forth(set(focus), levels)
    return tracing.graph(focus[(asset.id, commit.id)])


def evaluation_lineage(work: Work, id: UUID, *, levels: int = LEVELS) -> Graph:
    evaluation = get_evaluation(work, id, needs=Role.VIEWER)
    tracing = Tracing(work)
    paths = work.lineage.visible([evaluation.asset, evaluation.dataset])
    focus = tracing.judged(evaluation, paths, 0)
    used = {(evaluation.asset, evaluation.commit), (evaluation.dataset, evaluation.dataset_commit)}
    above = tracing.arrive(used, -1, before=True)
    tracing.edges |= {(node, focus) for node in above.values()}
    tracing.back(set(above), levels - 1, depth=-1)
    return tracing.graph(focus)


def run_lineage(work: Work, id: str, *, levels: int = LEVELS) -> Graph:
    """What a run used, what it made, and what these were made from and came to."""
    run = get_run(work, id)
    tracing = Tracing(work)
    tracing.ran(run, 0)
    focus = f"run:{run.id}"
    above = tracing.arrive({(one.asset, one.commit) for one in run.inputs}, -1, before=True)
    tracing.edges |= {(node, focus) for node in above.values()}
    tracing.back(set(above), levels - 1, depth=-1)
    below = tracing.arrive({(run.asset, run.commit)}, 1, before=False) if run.commit else {}
    tracing.edges |= {(focus, node) for node in below.values()}
    tracing.forth(set(below), levels - 1, depth=1)
    made = work.evaluations.get(run.evaluation) if run.evaluation else None
    if made is not None:
        paths = work.lineage.visible([made.asset, made.dataset])
        tracing.edges.add((focus, tracing.judged(made, paths, 1)))
    return tracing.graph(focus)


class Tracing:
    """A graph that grows; each level takes a fixed number of queries, however many versions it has."""

    def __init__(self, work: Work) -> None:
        self.work, self.rows = work, work.lineage
        self.nodes: dict[str, Node] = {}
        self.edges: set[tuple[str, str]] = set()
        self.versions: dict[Version, str] = {}  # the nodes of those that were reached
        self.same: dict[Version, set[Version]] = {}  # commits with the same files, by each commit that was reached
        self.hidden_before: set[object] = set()
        self.hidden_after: set[object] = set()
        self.cut = False

    def graph(self, focus: str) -> Graph:
        holders = {other: node for version, node in self.versions.items() for other in self.same[version]}
        names: dict[str, list[str]] = {}
        for asset, commit, name in self.rows.names(holders) if holders else []:
            names.setdefault(holders[(asset, commit)], []).append(name)
        nodes = [replace(node, refs=tuple(names.get(id, ()))) for id, node in self.nodes.items()]
        edges = sorted(edge for edge in self.edges if set(edge) <= self.nodes.keys())
        nodes.sort(key=lambda node: (node.depth, node.path, node.number or 0, node.id))
        return Graph(focus, tuple(nodes), tuple(edges), len(self.hidden_before), len(self.hidden_after), self.cut)

    def arrive(self, reached: set[Version], depth: int, *, before: bool) -> dict[Version, str]:
        """Nodes for these versions, as far as the caller may see them; answers the new and the old by version."""
        paths = self.rows.visible({asset for asset, _ in reached})
        seen = {version for version in reached if version[0] in paths}
        (self.hidden_before if before else self.hidden_after).update(reached - seen)
        found: dict[Version, str] = {}
        contents: dict[Version, str] = {}
        for row in self.rows.same(seen, MOST_SAME) if seen else []:
            self.same.setdefault((row.asset, row.commit), set()).add((row.asset, row.other))
            contents[(row.asset, row.commit)] = row.content
        for version in sorted(seen):
            asset, commit = version
            self.same.setdefault(version, {version})
            id = f"version:{asset}:{contents.get(version, commit)[:16]}"
            if self.add(Node(id, NodeKind.VERSION, depth, paths[asset], commit)):
                found[version] = self.versions[version] = id
        return found

    def add(self, node: Node) -> bool:
        if node.id not in self.nodes and len(self.nodes) >= MOST:
            self.cut = True
            return False
        self.nodes.setdefault(node.id, node)
        return True

    def back(self, frontier: set[Version], levels: int, depth: int = 0) -> None:
        """What these were made from."""
        passed: set[Version] = set()
        for level in range(levels):
            holders = self.holders(frontier - passed)
            passed |= frontier
            made = self.rows.makers(holders) if holders else []
            inputs = {(one.asset, one.commit) for run in made for one in run.inputs}
            for run in made:
                if run.commit and self.ran(run, depth - 2 * level - 1):
                    self.edges.add((f"run:{run.id}", holders[(run.asset, run.commit)]))
            above = self.arrive(inputs, depth - 2 * level - 2, before=True) if inputs else {}
            self.edges |= {
                (above[(one.asset, one.commit)], f"run:{run.id}")
                for run in made for one in run.inputs if (one.asset, one.commit) in above
            }  # fmt: skip
            frontier = set(above)
        further = self.holders(frontier - passed)
        self.cut = self.cut or bool(further and self.rows.makers(further))

    def forth(self, frontier: set[Version], levels: int, depth: int = 0) -> None:
        """What was made from these, and how they were evaluated."""
        passed: set[Version] = set()
        for level in range(levels):
            holders = self.holders(frontier - passed)
            passed |= frontier
            if not holders:
                return
            self.evaluated(holders, depth + 2 * level + 1)
            used, hidden = self.rows.users(holders, MOST + 1)
            self.hidden_after |= hidden
            for asset, commit, run in used:
                if self.ran(run, depth + 2 * level + 1):
                    self.edges.add((holders[(asset, commit)], f"run:{run.id}"))
            results = {(run.asset, run.commit) for _, _, run in used if run.commit}
            below = self.arrive(results, depth + 2 * level + 2, before=False) if results else {}
            self.edges |= {
                (f"run:{run.id}", below[(run.asset, run.commit)])
                for _, _, run in used if run.commit and (run.asset, run.commit) in below
            }  # fmt: skip
            frontier = set(below)
        further = self.holders(frontier - passed)
        self.cut = self.cut or bool(further and self.rows.users(further, 1)[0])

    def holders(self, frontier: Iterable[Version]) -> dict[Version, str]:
        """Every commit that holds the files of these versions, and the node it belongs to."""
        return {other: self.versions[version] for version in frontier for other in self.same[version]}

    def ran(self, run: Run, depth: int) -> bool:
        return self.add(
            Node(f"run:{run.id}", NodeKind.RUN, depth, run.path, run.commit, number=run.number, type=run.type.value,
                 state=run.state.value, by=run.creator, at=run.created_at)
        )  # fmt: skip

    def evaluated(self, holders: dict[Version, str], depth: int) -> None:
        found, hidden = self.rows.judgements(holders, MOST + 1)
        self.hidden_after |= hidden
        paths = self.rows.visible({one for row in found for one in (row.asset, row.dataset)}) if found else {}
        for one in found:
            node = self.judged(one, paths, depth)
            for version in ((one.asset, one.commit), (one.dataset, one.dataset_commit)):
                if version in holders:
                    self.edges.add((holders[version], node))

    def judged(self, one: Evaluation, paths: dict[UUID, str], depth: int) -> str:
        id = f"evaluation:{one.id}"
        self.add(
            Node(id, NodeKind.EVALUATION, depth, paths.get(one.asset, ""), one.commit, number=one.run_number,
                 dataset=paths.get(one.dataset), metrics=one.metrics, by=one.created_by, at=one.created_at)
        )  # fmt: skip
        return id
