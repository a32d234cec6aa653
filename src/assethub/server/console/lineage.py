"""Lineage drawn: boxes in columns from what was used to what was made, and curves between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from assethub.domain.lineage import Graph, Node, NodeKind
from assethub.domain.names import Reference
from assethub.server.console.pages import CurrentPage, Page, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import assets, evaluations, lineage, runs, summaries

router = APIRouter()
WIDTH, HEIGHT = 216, 50
APART, BELOW = 46, 14
LONGEST = 27  # letters of a line in a box
FURTHEST = (-12, 12)  # columns, each way


@dataclass(frozen=True)
class Box:
    """A node where it is drawn: two lines of text, and what it leads to."""

    node: Node
    x: int
    y: int
    title: str
    text: str
    whole: str  # for readers of the screen, and for those who point at it
    address: str


@dataclass(frozen=True)
class Drawing:
    graph: Graph
    width: int
    height: int
    boxes: tuple[Box, ...]
    curves: tuple[str, ...]

    @property
    def steps(self) -> list[tuple[Box, list[Box]]]:
        """The same as a list: each thing, and what it was made from."""
        found = {box.node.id: box for box in self.boxes}
        return [
            (box, [found[source] for source, target in self.graph.edges if target == box.node.id])
            for box in sorted(self.boxes, key=lambda box: (box.x, box.y))
        ]  # fmt: skip

    @property
    def telling(self) -> bool:
        return len(self.boxes) > 1 or bool(self.graph.hidden_before or self.graph.hidden_after)


def draw(page: Page, graph: Graph) -> Drawing:
    places, columns = columns_of(graph), dict[int, list[Node]]()
    for node in graph.nodes:
        columns.setdefault(places[node.id], []).append(node)
    tallest = max(map(len, columns.values()))
    boxes: dict[str, Box] = {}
    for column, depth in enumerate(sorted(columns)):
        start = (tallest - len(columns[depth])) * (HEIGHT + BELOW) // 2
        for row, node in enumerate(columns[depth]):
            x, y = 4 + column * (WIDTH + APART), 4 + start + row * (HEIGHT + BELOW)
            title, text = titled(page, node)
            boxes[node.id] = Box(node, x, y, short(title), short(text), f"{title} {text}", address(node))
    curves = [curve(boxes[source], boxes[target]) for source, target in graph.edges]
    width = 8 + len(columns) * (WIDTH + APART) - APART
    return Drawing(graph, width, 8 + tallest * (HEIGHT + BELOW) - BELOW, tuple(boxes.values()), tuple(curves))


def columns_of(graph: Graph) -> dict[str, int]:
    """Where each node stands: what is used left of what is made from it, as far as that goes (files can come again)."""
    places = {node.id: node.depth for node in graph.nodes}
    for _ in range(len(graph.edges)):
        moved = False
        for source, target in graph.edges:
            if places[source] < places[target]:
                continue
            if places[source] < 0 and places[target] - 1 >= FURTHEST[0]:
                places[source], moved = places[target] - 1, True
            elif places[target] > 0 and places[source] + 1 <= FURTHEST[1]:
                places[target], moved = places[source] + 1, True
        if not moved:
            break
    return places


def curve(source: Box, target: Box) -> str:
    """From the right of one box to the left of the other."""
    x1, y1, x2, y2 = source.x + WIDTH, source.y + HEIGHT // 2, target.x, target.y + HEIGHT // 2
    bend = max(24, abs(x2 - x1) // 2)
    return f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"


def titled(page: Page, node: Node) -> tuple[str, str]:
    name = node.path.rsplit("/", 1)[-1]
    if node.kind is NodeKind.RUN:
        return f"{page.gettext('Run')} {node.number}", f"{name} · {node.by}"
    if node.kind is NodeKind.EVALUATION:
        return f"{page.gettext('Evaluation')} · {name}", told(node.metrics)
    return name, ", ".join([(node.commit or "")[:8], *node.refs])


def told(metrics: Mapping[str, float | None]) -> str:
    shown = sorted(metrics.items(), key=lambda one: "." in one[0])  # what is nested comes last
    return "  ".join(f"{name} {value:.4g}" for name, value in shown if value is not None)


def short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def address(node: Node) -> str:
    if node.kind is NodeKind.RUN:
        return f"/runs/{node.number}"
    if node.kind is NodeKind.EVALUATION:
        return url_of(node.path, "evaluations", node.id.partition(":")[2])
    return url_of(node.path, "commit", node.commit or "")


class Chosen:
    """How far lineage is followed, and which kinds of things it shows."""

    def __init__(
        self, levels: Annotated[int, Query(ge=1, le=lineage.MOST_LEVELS)] = lineage.LEVELS,
        show: Annotated[list[NodeKind] | None, Query()] = None,
    ) -> None:  # fmt: skip
        self.levels, self.kinds = levels, show or list(NodeKind)
        self.furthest = lineage.MOST_LEVELS

    def query(self, *, levels: int | None = None, switched: NodeKind | None = None) -> dict[str, list[str]]:
        """Of the address of the same graph with another reach, or with a kind of things shown or hidden."""
        kinds = [one for one in NodeKind if (one in self.kinds) != (one is switched)]
        told = {"levels": [str(levels or self.levels)]}
        return told if len(kinds) in (0, len(NodeKind)) else told | {"show": [one.value for one in kinds]}


Choice = Annotated[Chosen, Depends()]


def links(chosen: Chosen, **given: object) -> dict[str, str]:
    """Where the graph is wider, narrower, or without a kind."""
    kept = {name: [str(value)] for name, value in given.items() if value is not None}
    found = {kind.value: chosen.query(switched=kind) for kind in NodeKind}
    found["more"] = chosen.query(levels=min(chosen.levels + 1, chosen.furthest))
    found["less"] = chosen.query(levels=max(chosen.levels - 1, 1))
    return {name: "?" + urlencode({**kept, **query}, doseq=True) for name, query in found.items()}


@router.get("/runs/{id}/lineage")
def of_run(page: CurrentPage, id: str, chosen: Choice) -> Response:
    with page.reading() as work:
        run = runs.get_run(work, id)
        graph = lineage.run_lineage(work, id, levels=chosen.levels)
    return page.render(
        "run-lineage.html", run=run, drawing=draw(page, graph.of_kinds(chosen.kinds)), whole=True, chosen=chosen,
        links=links(chosen),
    )  # fmt: skip


@router.get("/{owner}/{kind}/{folder}/{name}/-/lineage")
def show(
    page: CurrentPage, path: CurrentAsset, chosen: Choice, ref: str | None = None, evaluation: UUID | None = None
) -> Response:
    """Of a version, or of an evaluation of this model."""
    with page.reading() as work:
        if evaluation is not None:
            found = evaluations.get_evaluation(work, evaluation)
            ref = f"commit/{found.commit}"
            path = assets.get_asset_by_id(work, found.asset).path
            graph = lineage.evaluation_lineage(work, evaluation, levels=chosen.levels)
        else:
            graph = lineage.version_lineage(work, Reference(path, ref), levels=chosen.levels)
        asset = summaries.overview(work, path, ref)
    return page.render(
        "asset/lineage.html", asset=asset, tab="lineage", drawing=draw(page, graph.of_kinds(chosen.kinds)), whole=True,
        chosen=chosen, links=links(chosen, ref=None if evaluation else ref, evaluation=evaluation),
    )  # fmt: skip
